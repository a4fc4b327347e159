/* sandbox.h - the system calls that the service may make (seccomp), from then on and for all it starts; whatever else is
 * asked of the kernel is answered ENOSYS, as by one that does not have it.
 */
#pragma once
#include "base/err.h"

/* For this thread and those it makes: call it before there are others. Programs built with sanitizers, which ask for more,
 * stay as they are. ERR_INTERNAL where the kernel knows no filters.
 */
must_use bool sandbox_enter(struct err *err);

/* problem.h - errors as RFC 9457 problems. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* Which HTTP status an err kind is. */
unsigned problem_status(enum err_kind kind);
/* The problem document of an err. */
char *problem_document(struct arena *a, const struct err *err);

/* health.h - /healthz: the loop answers; /readyz: the store can be read, and what comes is still taken. Open to anybody. */
#pragma once
#include "api/request.h"

route_fn health_live, health_ready;

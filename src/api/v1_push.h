/* v1_push.h - handlers of /api/v1/pushes. */
#pragma once
#include "api/request.h"

extern const struct field push_fields[];

route_fn v1_push_create, v1_push_list, v1_push_show;

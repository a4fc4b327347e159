/* v1_user.h - handlers of /api/v1/users. */
#pragma once
#include "api/trail.h"

extern const struct field user_create_fields[], user_update_fields[];

route_fn v1_user_create, v1_user_list, v1_user_update, v1_user_delete;

trail_view_fn v1_user_view;

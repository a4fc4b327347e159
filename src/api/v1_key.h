/* v1_key.h - handlers of /api/v1/groups, /api/v1/api-keys and /api/v1/tokens. */
#pragma once
#include "api/trail.h"

extern const struct field group_add_fields[], group_update_fields[], key_create_fields[];

route_fn v1_group_add, v1_group_list, v1_group_update, v1_group_delete;
route_fn v1_api_key_create, v1_api_key_list, v1_api_key_delete;
route_fn v1_token_create, v1_token_list, v1_token_delete;

trail_view_fn v1_group_view, v1_api_key_view;

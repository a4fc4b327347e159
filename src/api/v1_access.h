/* v1_access.h - handlers of /api/v1/accesses. */
#pragma once
#include "api/trail.h"

extern const struct field access_add_fields[], access_update_fields[], access_policy_fields[],
    access_check_fields[], access_clean_fields[];

route_fn v1_access_add, v1_access_list, v1_access_show, v1_access_update, v1_access_check, v1_access_delete,
    v1_access_policy, v1_access_clean;

trail_view_fn v1_access_view;

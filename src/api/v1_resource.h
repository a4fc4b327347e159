/* v1_resource.h - handlers of /api/v1/resources and /api/v1/verify. */
#pragma once
#include "api/request.h"

extern const struct field resource_sync_fields[], verify_fields[];

route_fn v1_resource_list, v1_resource_show, v1_resource_sync, v1_sync_list, v1_verify;

/* v1_status.h - /api/v1/status: what runs here. */
#pragma once
#include "api/request.h"

route_fn v1_status;

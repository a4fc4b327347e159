/* v1_audit.h - handlers of /api/v1/audit. */
#pragma once
#include "api/request.h"

route_fn v1_audit_list, v1_audit_verify;

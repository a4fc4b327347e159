/* v1_certificate.h - handlers of /api/v1/certificates. */
#pragma once
#include "api/request.h"

extern const struct field certificate_import_fields[], certificate_export_fields[];

route_fn v1_certificate_import, v1_certificate_list, v1_certificate_show, v1_certificate_export,
    v1_certificate_delete;

/* v1_certificate.h - handlers of /api/v1/certificates. */
#pragma once
#include "api/trail.h"
#include "store/certificate.h"

extern const struct field certificate_import_fields[], certificate_export_fields[], certificate_sync_fields[];

route_fn v1_certificate_import, v1_certificate_list, v1_certificate_show, v1_certificate_export,
    v1_certificate_delete, v1_certificate_sync;

/* The certificate in the request's members cert, key and chain as the row it would get, but for its id. */
must_use bool v1_certificate_given(struct request *rq, struct certificate_row *ret, struct err *err);

trail_view_fn v1_certificate_view;

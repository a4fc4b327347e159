/* v1_session.h - handlers of /api/v1/setup and /api/v1/session: how people come in, what they are, and how they leave. */
#pragma once
#include "api/request.h"

extern const struct field setup_fields[], session_begin_fields[], session_password_fields[],
    session_totp_fields[], session_totp_confirm_fields[], session_totp_remove_fields[];

route_fn v1_setup, v1_session_begin, v1_session_show, v1_session_end, v1_session_password, v1_session_totp,
    v1_session_totp_confirm, v1_session_totp_remove;

/* The session's cookie of a request, or NULL; over TLS only the one that was set there. */
const char *session_cookie(struct arena *a, const struct http_exchange *x);

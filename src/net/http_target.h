/* http_target.h - what of a request's head is judged by ourselves: its framing, and its target as it was sent. Pure. */
#pragma once
#include "net/http_server.h"

/* What makes the end of the request doubtful, as a sentence; NULL: nothing. version is "HTTP/1.1". */
const char *http_framing_fault(const struct http_exchange *x, const char *version);

/* Fills in path and query of x->target, and the host where the target names one; or returns what is wrong, as a sentence. */
const char *http_target_parse(struct http_exchange *x);

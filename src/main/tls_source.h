/* tls_source.h - where the service's own certificate comes from: two files, or the store; and whether it has changed. */
#pragma once
#include "net/http_tls.h"
#include "store/store.h"

struct tls_source {
    const char *cert_file, *key_file;
    const char *certificate; /* of the store: an id, or a name that it must cover; NULL: the files */
    struct store *store;
    const struct clock *clock;
    char mark[160]; /* what was loaded last, "" before */
};

/* *ret NULL: what is there is what was loaded last (looked at anew all the same when `always`). *ret_what, for the log,
 * tells whose it is and until when. Not on the loop thread.
 */
must_use bool tls_source_load(struct tls_source *s, struct arena *a, bool always, struct http_tls **ret,
                              const char **ret_what, struct err *err);

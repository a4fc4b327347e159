/* attempt.h - guessing passwords is slow: each attempt counts as failed for its user and for where it came from before
 * anything is checked, and only success takes that back. It is kept in the store, so that neither a dropped cookie nor a
 * restart forgives it, and for names that do not exist as well.
 */
#pragma once
#include "store/user.h"

enum {
    ATTEMPTS_OF_USER = 5,    /* then the user waits: a minute, and twice as long each time */
    ATTEMPTS_OF_SOURCE = 20, /* the same for an address, or an IPv6 /64 */
    ATTEMPT_WAIT_MS = 60000,
    ATTEMPT_WAIT_MAX_MS = 900000,
    ATTEMPT_MEMORY_MS = 86400000 /* failures are forgotten after a day without one */
};

/* Within a write. *ret_wait_ms above 0: it may not be tried now, and was not counted. */
must_use bool attempt_begin(struct db *db, struct arena *a, const char *user, const char *source,
                            int64_t now_ms, int64_t *ret_wait_ms, struct err *err);

/* It succeeded: the user's failures are forgotten, and this one of the source's. */
must_use bool attempt_end(struct db *db, struct arena *a, const char *user, const char *source,
                          struct err *err);

/* An admin forgives. */
must_use bool attempt_forgive(struct db *db, struct arena *a, const char *user, struct err *err);

/* "user/<SHA-256>" and "source/<address>", as they are kept. */
const char *attempt_user_subject(struct arena *a, const char *user);
const char *attempt_source_subject(struct arena *a, const char *source);

/* session.h - people who logged in: a session is a random value in a cookie, of which the store keeps the hash.
 *
 * A session ends an hour after it was last used, and twelve hours after it began. What changes something has to send,
 * in a header, a value that no other site can know (session_csrf).
 */
#pragma once
#include "identity/caller.h"
#include "store/user.h"

enum {
    SESSION_IDLE_MS = 3600000,
    SESSION_LONGEST_MS = 12 * 3600000,
    SESSION_SEEN_MS = 60000, /* how often its use is noted */
    SESSION_TEXT_BYTES = 128
};

/* A new session of the user, within a write. *ret_cookie is what the cookie holds. */
must_use bool session_begin(struct db *db, struct arena *a, const struct user_row *user, int64_t id,
                            const char *source, int64_t now_ms, struct secret **ret_cookie, struct err *err);

/* Whom a cookie speaks for: ERR_NOT_FOUND where it is unknown or over, or the user is gone or disabled. */
must_use bool session_find(struct db *db, struct arena *a, const char *cookie, int64_t now_ms,
                           struct session_row *ret_session, struct caller *ret_caller, struct err *err);

/* The value that goes with the session and is known to its own pages alone. */
const char *session_csrf(struct arena *a, const char *cookie);
bool session_csrf_fits(struct arena *a, const char *cookie, const char *given); /* given NULL: no */

#include "identity/session.h"

#include "crypto/digest.h"
#include "crypto/password.h"
#include <string.h>

enum { RANDOM_BYTES = 32 };

static const char *hash_of(struct arena *a, const char *cookie)
{
    return sha256_hex(a, cookie, strlen(cookie));
}

bool session_begin(struct db *db, struct arena *a, const struct user_row *user, int64_t id,
                   const char *source, int64_t now_ms, struct secret **ret_cookie, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(1 << 14);
    const char *text = random_hex(hidden, RANDOM_BYTES);
    struct session_row row = {.id = id,
                              .owner = "",
                              .user_id = user->id,
                              .hash = hash_of(a, text),
                              .source = source,
                              .seen_ms = now_ms,
                              .expires_ms = now_ms + SESSION_LONGEST_MS};
    if (!store_sessions_expire(db, now_ms, SESSION_IDLE_MS, err) || !store_session_add(db, &row, err))
        return false;
    *ret_cookie = secret_in(a, secret_new(text, strlen(text)));
    return true;
}

static bool is_over(const struct session_row *row, int64_t now_ms)
{
    return now_ms >= row->expires_ms || now_ms >= row->seen_ms + SESSION_IDLE_MS ||
           now_ms < row->created_ms - SESSION_LONGEST_MS;
}

bool session_find(struct db *db, struct arena *a, const char *cookie, int64_t now_ms,
                  struct session_row *ret_session, struct caller *ret_caller, struct err *err)
{
    struct session_row row;
    struct user_row user;
    if (strlen(cookie) > SESSION_TEXT_BYTES)
        return err_set(err, ERR_NOT_FOUND, "this is no session of ours");
    if (!store_session_by_hash(db, a, hash_of(a, cookie), &row, err) ||
        !store_user_load(db, a, row.user_id, &user, err))
        return false;
    if (is_over(&row, now_ms) || user.disabled)
        return err_set(err, ERR_NOT_FOUND, "the session is over");
    *ret_session = row;
    *ret_caller = (struct caller){.kind = CALLER_SESSION,
                                  .subject_id = user.id,
                                  .name = user.name,
                                  .owner = user.owner,
                                  .any_owner = user.any_owner,
                                  .may_export = user.may_export,
                                  .must_change = user.must_change};
    return caller_load_roles(db, a, ret_caller, err);
}

const char *session_csrf(struct arena *a, const char *cookie)
{
    return hmac_sha256_hex(a, cookie, strlen(cookie), "certferry: this page is ours");
}

bool session_csrf_fits(struct arena *a, const char *cookie, const char *given)
{
    const char *wanted = session_csrf(a, cookie);
    return given && strlen(given) == strlen(wanted) && bytes_equal(given, wanted, strlen(wanted));
}

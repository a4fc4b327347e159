/* store/user.h - users, their sessions, and failed logins. What a user may is told by its roles (store/role.h). */
#pragma once
#include "base/secret.h"
#include "store/store.h"

enum { USERS_MAX = 1000, SESSIONS_OF_USER = 20 };

struct user_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner; /* whose what it makes is; with any_owner not whose it may see */
    const char *name;
    const char *password; /* the hash (crypto/password.h) */
    bool must_change;     /* the password, before anything else */
    bool disabled, any_owner, may_export;
    bool has_totp;         /* a second factor is asked for */
    int64_t totp_used;     /* the last time step whose code was taken */
    const char *recovery;  /* JSON array of the SHA-256 of each code that is left */
    int64_t last_login_ms; /* 0: never */
};

must_use bool store_user_add(struct db *db, const struct user_row *row,
                             struct err *err); /* ERR_CONFLICT: the name exists; ERR_INPUT: USERS_MAX */
must_use bool store_user_load(struct db *db, struct arena *a, int64_t id, struct user_row *ret,
                              struct err *err);
must_use bool store_user_find(struct db *db, struct arena *a, const char *id_or_name, struct user_row *ret,
                              struct err *err);
/* By the name alone, as somebody logs in. */
must_use bool store_user_named(struct db *db, struct arena *a, const char *name, struct user_row *ret,
                               struct err *err);
must_use bool store_user_all(struct db *db, struct arena *a, struct user_row **ret, size_t *ret_count,
                             struct err *err);
must_use bool store_user_count(struct db *db, int64_t *ret, struct err *err);
must_use bool store_user_update(struct db *db, const struct user_row *row,
                                struct err *err); /* version checked; ERR_CONFLICT */
/* With its roles and sessions. */
must_use bool store_user_delete(struct db *db, int64_t id, struct err *err);

/* The secret of the second factor; NULL: none. */
must_use bool store_user_totp(struct db *db, struct arena *a, int64_t id, struct secret **ret,
                              struct err *err);
must_use bool store_user_set_totp(struct db *db, int64_t id, const struct secret *secret, struct err *err);

struct session_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner; /* "" */
    int64_t user_id;
    const char *hash; /* SHA-256 of what the cookie holds, in hex */
    const char *source;
    int64_t seen_ms, expires_ms;
};

/* The oldest goes where there are SESSIONS_OF_USER. */
must_use bool store_session_add(struct db *db, const struct session_row *row, struct err *err);
must_use bool store_session_by_hash(struct db *db, struct arena *a, const char *hash, struct session_row *ret,
                                    struct err *err);
must_use bool store_session_seen(struct db *db, int64_t id, int64_t now_ms, struct err *err);
must_use bool store_session_delete(struct db *db, int64_t id, struct err *err);
/* Those of a user but for one (0: all). */
must_use bool store_sessions_end(struct db *db, int64_t user_id, int64_t but_id, struct err *err);
must_use bool store_sessions_expire(struct db *db, int64_t now_ms, int64_t idle_ms, struct err *err);

struct login_failure_row {
    const char *subject; /* whose failures, or from where */
    int64_t failures, last_ms, until_ms;
};

/* All zero where the subject never failed. */
must_use bool store_login_failure(struct db *db, struct arena *a, const char *subject,
                                  struct login_failure_row *ret, struct err *err);
must_use bool store_login_failure_put(struct db *db, const struct login_failure_row *row, struct err *err);
must_use bool store_login_failure_drop(struct db *db, const char *subject, struct err *err);
must_use bool store_login_failures_forget(struct db *db, int64_t before_ms, struct err *err);

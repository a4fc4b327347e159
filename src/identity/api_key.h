/* identity/api_key.h - programs that drive certferry: API keys, which sign requests, and bearer tokens.
 *
 * Both are made with a role in one access group or everywhere, an owner, and an end. Their secrets leave once, when they
 * are made.
 */
#pragma once
#include "identity/caller.h"
#include "store/api_key.h"

enum { API_KEY_ID_CHARACTERS = 24, API_KEY_SECRET_CHARACTERS = 48, TOKEN_BYTES = 128 };
#define TOKEN_PREFIX "cft_"

struct api_key_wanted {
    int64_t id; /* of the row: store_new_id */
    const char *name;
    const char *owner; /* an owner's key; NULL: the default owner, and objects of all are seen */
    const char *group; /* id or name; NULL: everywhere */
    enum role role;
    bool may_export;
    int64_t expires_ms; /* 0: never */
};

/* A new key, or token, within a write. *ret_secret is what has to be shown now or never. */
must_use bool api_key_create(struct db *db, struct arena *a, const struct api_key_wanted *wanted,
                             struct api_key_row *ret, struct secret **ret_secret, struct err *err);
must_use bool token_create(struct db *db, struct arena *a, const struct api_key_wanted *wanted,
                           struct api_key_row *ret, struct secret **ret_secret, struct err *err);

/* A key that is in force: its row, its secret to check a signature with, and whom it speaks for. ERR_NOT_FOUND: there is
 * none of this id, or it ended.
 */
struct api_key {
    struct api_key_row row;
    struct secret *secret; /* the arena's */
    struct caller caller;
};
must_use bool api_key_find(struct db *db, struct arena *a, const char *key_id, int64_t now_ms,
                           struct api_key *ret, struct err *err);

/* Whom a bearer token speaks for; ERR_NOT_FOUND as above. */
must_use bool token_find(struct db *db, struct arena *a, const char *token, int64_t now_ms,
                         struct api_key_row *ret_row, struct caller *ret_caller, struct err *err);

/* Whether the use has to be noted, with store_api_key_used in a write: once a minute is enough. */
bool api_key_use_due(const struct api_key_row *row, int64_t now_ms);

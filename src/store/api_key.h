/* store/api_key.h - API keys (a public id and a secret that signs) and bearer tokens (a secret that is sent).
 *
 * A key's secret is sealed, as a signature is checked with it; of a token only the hash is kept. What a key may is told
 * by its roles (store/role.h), with the key's row as the subject.
 */
#pragma once
#include "base/secret.h"
#include "store/store.h"

enum { API_KEYS_MAX = 1000 };

struct api_key_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner; /* whose what it makes is; with any_owner not whose it may see */
    const char *kind;  /* "key" or "token" */
    const char *name;
    const char *key_id; /* of a key; "" of a token */
    const char *hash;   /* of a token, in hex; "" of a key */
    bool any_owner, may_export;
    int64_t expires_ms;   /* 0: never */
    int64_t last_used_ms; /* 0: never */
};

/* secret: of a key; NULL for a token. ERR_CONFLICT: the name exists; ERR_INPUT: there are API_KEYS_MAX. */
must_use bool store_api_key_add(struct db *db, const struct api_key_row *row, const struct secret *secret,
                                struct err *err);
must_use bool store_api_key_find(struct db *db, struct arena *a, const char *id_or_name,
                                 struct api_key_row *ret, struct err *err);
/* By the public half, with the secret; ERR_NOT_FOUND. */
must_use bool store_api_key_by_key_id(struct db *db, struct arena *a, const char *key_id,
                                      struct api_key_row *ret, struct secret **ret_secret, struct err *err);
must_use bool store_api_key_by_hash(struct db *db, struct arena *a, const char *hash, struct api_key_row *ret,
                                    struct err *err);
must_use bool store_api_key_list(struct db *db, struct arena *a, const char *kind, const struct page *page,
                                 struct api_key_row **ret, size_t *ret_count, struct err *err);
/* Touches last_used_ms alone, and not the version. */
must_use bool store_api_key_used(struct db *db, int64_t id, int64_t now_ms, struct err *err);
/* With its roles. */
must_use bool store_api_key_delete(struct db *db, int64_t id, struct err *err);

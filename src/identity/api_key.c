#include "identity/api_key.h"

#include "crypto/digest.h"

#include <string.h>

enum { USE_NOTED_MS = 60000, TOKEN_RANDOM_BYTES = 32 };

/* 32 letters and digits that are not mistaken for others: five bits each. */
static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

static void random_letters(char *out, size_t count)
{
    random_fill(out, count);
    for (size_t i = 0; i < count; i++)
        out[i] = letters[(unsigned char)out[i] % (sizeof letters - 1)];
}

static const char *token_hash(struct arena *a, const char *token)
{
    return sha256_hex(a, token, strlen(token));
}

/* The row, and its one role. */
static bool add(struct db *db, struct arena *a, const struct api_key_wanted *wanted, struct api_key_row *row,
                const struct secret *secret, struct err *err)
{
    struct group_row group = {.id = EVERYWHERE};
    if (wanted->group && !store_group_find(db, a, wanted->group, &group, err))
        return false;
    struct role_row role = {.group_id = group.id, .role = wanted->role};
    row->id = wanted->id;
    row->name = wanted->name;
    row->owner = wanted->owner ? wanted->owner : "";
    row->any_owner = !wanted->owner;
    row->may_export = wanted->may_export;
    row->expires_ms = wanted->expires_ms;
    return store_api_key_add(db, row, secret, err) && store_roles_set(db, row->id, &role, 1, err);
}

bool api_key_create(struct db *db, struct arena *a, const struct api_key_wanted *wanted,
                    struct api_key_row *ret, struct secret **ret_secret, struct err *err)
{
    char id[API_KEY_ID_CHARACTERS + 1] = "CF", text[API_KEY_SECRET_CHARACTERS];
    random_letters(id + 2, API_KEY_ID_CHARACTERS - 2);
    random_letters(text, sizeof text);
    struct secret *secret = secret_in(a, secret_new(text, sizeof text));
    explicit_bzero(text, sizeof text);
    struct api_key_row row = {.kind = "key", .key_id = arena_strdup(a, id), .hash = ""};
    if (!add(db, a, wanted, &row, secret, err))
        return false;
    *ret = row;
    *ret_secret = secret;
    return true;
}

bool token_create(struct db *db, struct arena *a, const struct api_key_wanted *wanted,
                  struct api_key_row *ret, struct secret **ret_secret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(1 << 14);
    const char *text = arena_printf(hidden, "%s%s", TOKEN_PREFIX, random_hex(hidden, TOKEN_RANDOM_BYTES));
    struct api_key_row row = {.kind = "token", .key_id = "", .hash = token_hash(a, text)};
    if (!add(db, a, wanted, &row, NULL, err))
        return false;
    *ret = row;
    *ret_secret = secret_in(a, secret_new(text, strlen(text)));
    return true;
}

/* What ended is as absent as what never was. */
static bool take_caller(struct db *db, struct arena *a, const struct api_key_row *row, enum caller_kind kind,
                        int64_t now_ms, struct caller *ret, struct err *err)
{
    if (row->expires_ms && row->expires_ms <= now_ms)
        return err_set(err, ERR_NOT_FOUND, "the API key ended");
    *ret = (struct caller){.kind = kind,
                           .subject_id = row->id,
                           .name = row->name,
                           .owner = row->owner,
                           .any_owner = row->any_owner,
                           .may_export = row->may_export};
    return caller_load_roles(db, a, ret, err);
}

bool api_key_find(struct db *db, struct arena *a, const char *key_id, int64_t now_ms, struct api_key *ret,
                  struct err *err)
{
    struct api_key key;
    if (!store_api_key_by_key_id(db, a, key_id, &key.row, &key.secret, err) ||
        !take_caller(db, a, &key.row, CALLER_KEY, now_ms, &key.caller, err))
        return false;
    *ret = key;
    return true;
}

bool token_find(struct db *db, struct arena *a, const char *token, int64_t now_ms,
                struct api_key_row *ret_row, struct caller *ret_caller, struct err *err)
{
    struct api_key_row row;
    if (strlen(token) > TOKEN_BYTES || strncmp(token, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0)
        return err_set(err, ERR_NOT_FOUND, "this is no token of ours");
    if (!store_api_key_by_hash(db, a, token_hash(a, token), &row, err) ||
        !take_caller(db, a, &row, CALLER_TOKEN, now_ms, ret_caller, err))
        return false;
    *ret_row = row;
    return true;
}

bool api_key_use_due(const struct api_key_row *row, int64_t now_ms)
{
    return now_ms - row->last_used_ms >= USE_NOTED_MS || now_ms < row->last_used_ms;
}

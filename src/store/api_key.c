#include "store/api_key.h"

#include "store/role.h"
#include "store/rows.h"

#include <assert.h>

#define KEY_FIELD(type, name) FIELD(type, struct api_key_row, name),
static const struct field fields[] = {KEY_FIELD(INT, id) API_KEY_FIELDS(KEY_FIELD)};
static const struct table table = TABLE("API key", struct api_key_row, fields);

enum { SEALED_BYTES = 1 << 20 };

bool store_api_key_add(struct db *db, const struct api_key_row *row, const struct secret *secret,
                       struct err *err)
{
    assert(row->id > 0);
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    int64_t count;
    struct api_key_row new = *row;
    struct value values[countof(fields) + 1];
    if (!db_int(db, SQL_API_KEY_COUNT, NULL, 0, 0, &count, err))
        return false;
    if (count >= API_KEYS_MAX)
        return err_set(err, ERR_INPUT, "there are %d API keys and tokens already, which is the most",
                       API_KEYS_MAX);
    new.version = 1;
    new.created_ms = new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    values[countof(fields)] = row_seal_secret(db, a, "api_key", row->id, "secret", secret);
    return db_run(db, SQL_API_KEY_ADD, values, countof(values), NULL, err) ||
           err_add(err, "add API key \"%s\"", row->name);
}

bool store_api_key_find(struct db *db, struct arena *a, const char *id_or_name, struct api_key_row *ret,
                        struct err *err)
{
    return row_find(db, SQL_API_KEY_BY_ID, SQL_API_KEY_BY_NAME, a, &table, id_or_name, ret, err);
}

static bool key_secret(struct db *db, struct arena *a, int64_t id, struct secret **ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, SQL_API_KEY_SECRET, VALUES(value_int(id)), &q, err) || !query_next(&q, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "API key %lld does not exist", (long long)id);
    return row_open(&q, a, 0, "api_key", id, "secret", ret, err);
}

bool store_api_key_by_key_id(struct db *db, struct arena *a, const char *key_id, struct api_key_row *ret,
                             struct secret **ret_secret, struct err *err)
{
    struct api_key_row row;
    struct secret *secret = NULL;
    if (!row_one(db, SQL_API_KEY_BY_KEY_ID, VALUES(value_text(key_id)), a, &table, "of this id", &row, err) ||
        !key_secret(db, a, row.id, &secret, err))
        return false;
    if (!secret)
        return err_set(err, ERR_STORE, "API key %lld has no secret", (long long)row.id);
    *ret = row;
    *ret_secret = secret;
    return true;
}

bool store_api_key_by_hash(struct db *db, struct arena *a, const char *hash, struct api_key_row *ret,
                           struct err *err)
{
    return row_one(db, SQL_API_KEY_BY_HASH, VALUES(value_text(hash)), a, &table, "of this token", ret, err);
}

bool store_api_key_list(struct db *db, struct arena *a, const char *kind, const struct page *page,
                        struct api_key_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_API_KEY_LIST, VALUES(page_cursor(page), page_limit(page), value_text(kind)), a,
                   &table, (void **)ret, ret_count, err);
}

bool store_api_key_used(struct db *db, int64_t id, int64_t now_ms, struct err *err)
{
    return row_change(db, SQL_API_KEY_USED, VALUES(value_int(id), value_int(now_ms)), &table, id, err);
}

bool store_api_key_delete(struct db *db, int64_t id, struct err *err)
{
    return store_roles_drop(db, id, err) &&
           row_change(db, SQL_API_KEY_DELETE, VALUES(value_int(id)), &table, id, err);
}

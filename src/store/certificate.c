#include "store/certificate.h"

#include "store/rows.h"

#include <assert.h>

#define CERTIFICATE_FIELD(type, name) FIELD(type, struct certificate_row, name),
static const struct field fields[] = {CERTIFICATE_FIELD(INT, id) CERTIFICATE_FIELDS(CERTIFICATE_FIELD)};
static const struct table table = TABLE("certificate", struct certificate_row, fields);

enum { SEALED_BYTES = 4 << 20 };

bool store_certificate_add(struct db *db, const struct certificate_row *row, const struct secret *key,
                           const struct secret *sm2_encryption_key, struct err *err)
{
    assert(row->id > 0);
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    struct certificate_row new = *row;
    new.version = 1;
    new.updated_ms = db_now_ms(db);
    new.created_ms = row->created_ms ? row->created_ms : new.updated_ms;
    new.has_key = key != NULL;
    struct value values[countof(fields) + 2];
    row_values(fields, countof(fields), &new, values);
    values[countof(fields)] = row_seal_secret(db, a, "certificate", row->id, "key", key);
    values[countof(fields) + 1] =
        row_seal_secret(db, a, "certificate", row->id, "sm2_encryption_key", sm2_encryption_key);
    return db_run(db, SQL_CERTIFICATE_ADD, values, countof(values), NULL, err) ||
           err_add(err, "add certificate \"%s\"", row->name);
}

bool store_certificate_load(struct db *db, struct arena *a, int64_t id, struct certificate_row *ret,
                            struct err *err)
{
    return row_one(db, SQL_CERTIFICATE_BY_ID, VALUES(value_int(id)), a, &table,
                   arena_printf(a, "%lld", (long long)id), ret, err);
}

bool store_certificate_by_fingerprint(struct db *db, struct arena *a, const char *fingerprint,
                                      const char *owner, struct certificate_row *ret, struct err *err)
{
    return row_one(db, SQL_CERTIFICATE_BY_FINGERPRINT,
                   VALUES(value_text(fingerprint), value_int(owner != NULL), value_text(owner)), a, &table,
                   fingerprint, ret, err);
}

bool store_certificate_find(struct db *db, struct arena *a, const char *id_or_name,
                            struct certificate_row *ret, struct err *err)
{
    return row_find(db, SQL_CERTIFICATE_BY_ID, SQL_CERTIFICATE_BY_NAME, a, &table, id_or_name, ret, err);
}

bool store_certificate_list(struct db *db, struct arena *a, const struct page *page,
                            struct certificate_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_CERTIFICATE_LIST, VALUES(page_cursor(page), page_limit(page)), a, &table,
                   (void **)ret, ret_count, err);
}

bool store_certificate_mark(struct db *db, int64_t *ret, struct err *err)
{
    return db_int(db, SQL_CERTIFICATE_MARK, NULL, 0, 0, ret, err);
}

bool store_certificate_key(struct db *db, struct arena *a, int64_t id, struct secret **ret,
                           struct secret **ret_sm2_encryption, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    struct secret *key, *encryption_key;
    if (!query_open(db, SQL_CERTIFICATE_KEY, VALUES(value_int(id)), &q, err) || !query_next(&q, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "certificate %lld does not exist", (long long)id);
    if (!row_open(&q, a, 0, "certificate", id, "key", &key, err) ||
        !row_open(&q, a, 1, "certificate", id, "sm2_encryption_key", &encryption_key, err))
        return false;
    *ret = key;
    if (ret_sm2_encryption)
        *ret_sm2_encryption = encryption_key;
    return true;
}

bool store_certificate_complete(struct db *db, const struct certificate_row *row, const struct secret *key,
                                struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    return row_change(db, SQL_CERTIFICATE_COMPLETE,
                      VALUES(value_int(row->id), value_text(row->leaf_pem), value_text(row->chain_pem),
                             value_text(row->roots_pem), value_text(row->warnings),
                             value_int(row->chain_complete), value_int(row->key_bits),
                             value_int(row->not_before_ms), value_int(key != NULL),
                             row_seal_secret(db, a, "certificate", row->id, "key", key),
                             value_int(db_now_ms(db))),
                      &table, row->id, err);
}

bool store_certificate_held(struct db *db, struct arena *a, int64_t id, int64_t **ret, size_t *ret_count,
                            struct err *err)
{
    cleanup(query_close) struct query q = {0};
    size_t count = 0, capacity = 0;
    void *ids = NULL;
    bool row = false;
    if (!query_open(db, SQL_CERTIFICATE_HELD, VALUES(value_int(id)), &q, err))
        return false;
    while (query_next(&q, &row, err)) {
        if (!row) {
            *ret = ids;
            *ret_count = count;
            return true;
        }
        *(int64_t *)arena_push(a, &ids, &count, &capacity, sizeof(int64_t)) = query_int(&q, 0);
    }
    return false;
}

bool store_certificate_set_chain(struct db *db, const struct certificate_row *row, struct err *err)
{
    return row_change(db, SQL_CERTIFICATE_SET_CHAIN,
                      VALUES(value_int(row->id), value_text(row->chain_pem), value_text(row->roots_pem),
                             value_text(row->warnings), value_int(row->chain_complete),
                             value_int(db_now_ms(db))),
                      &table, row->id, err);
}

static const struct need needs[] = {
    {SQL_CERTIFICATE_IN_TASK, "task", "is", "and deploys it"},
    {SQL_CERTIFICATE_IN_OLD, "task", "may have to put it back on",
     "in a rollback; delete the task first if that is no longer wanted"},
    {SQL_CERTIFICATE_IN_ROLLBACK, "task", "brought it to",
     "and can be rolled back; delete the task first if that is no longer wanted"},
    {SQL_CERTIFICATE_SERVED, "resource", "of", "serves it"},
};

bool store_certificate_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                              struct err *err)
{
    return row_needed(db, a, needs, countof(needs), id, ret_reason, err);
}

bool store_certificate_delete(struct db *db, int64_t id, struct err *err)
{
    return row_change(db, SQL_CERTIFICATE_DELETE, VALUES(value_int(id)), &table, id, err);
}

#include "store/audit.h"

#include "store/rows.h"

#include <stdio.h>
#include <string.h>

#define AUDIT_FIELD(type, name) FIELD(type, struct audit_row, name),
static const struct field fields[] = {AUDIT_FIELD(INT, id) AUDIT_FIELDS(AUDIT_FIELD)};
static const struct table table = TABLE("audit row", struct audit_row, fields);

enum { HEAD_ID = 1, SEALED_BYTES = 1 << 16, HASH_CHARACTERS = 64 };

bool store_audit_add(struct db *db, const struct audit_row *row, struct err *err)
{
    struct value values[countof(fields)];
    row_values(fields, countof(fields), row, values);
    return db_run(db, SQL_AUDIT_ADD, values, countof(values), NULL, err) || err_add(err, "audit");
}

bool store_audit_list(struct db *db, struct arena *a, const struct page *page, struct audit_row **ret,
                      size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_AUDIT_LIST, VALUES(page_cursor(page), page_limit(page)), a, &table, (void **)ret,
                   ret_count, err);
}

bool store_audit_after(struct db *db, struct arena *a, int64_t after_id, size_t limit, struct audit_row **ret,
                       size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_AUDIT_AFTER, VALUES(value_int(after_id), value_int((int64_t)limit)), a, &table,
                   (void **)ret, ret_count, err);
}

/* "PLACE HASH" */
static bool read_head(struct arena *a, const char *text, int64_t *ret_place, const char **ret_hash,
                      struct err *err)
{
    long long place;
    char hash[HASH_CHARACTERS + 1] = "";
    if (sscanf(text, "%lld %64s", &place, hash) != 2 || place < 1 || strlen(hash) != HASH_CHARACTERS)
        return err_set(err, ERR_STORE, "the head of the audit is damaged");
    *ret_place = place;
    *ret_hash = arena_strdup(a, hash);
    return true;
}

bool store_audit_head(struct db *db, struct arena *a, int64_t *ret_place, const char **ret_hash,
                      struct err *err)
{
    cleanup(query_close) struct query q = {0};
    struct secret *head;
    bool row = false;
    if (!query_open(db, SQL_AUDIT_HEAD, VALUES(value_int(HEAD_ID)), &q, err) || !query_next(&q, &row, err))
        return false;
    if (!row) {
        *ret_place = 0;
        *ret_hash = "";
        return true;
    }
    return row_open(&q, a, 0, "audit", HEAD_ID, "head", &head, err) &&
           read_head(a, secret_bytes(head), ret_place, ret_hash, err);
}

bool store_audit_set_head(struct db *db, int64_t place, const char *hash, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    const char *text = arena_printf(a, "%lld %s", (long long)place, hash);
    return db_run(db, SQL_AUDIT_SET_HEAD,
                  VALUES(value_int(HEAD_ID), value_int(db_now_ms(db)),
                         row_seal(db, a, "audit", HEAD_ID, "head", text, strlen(text))),
                  NULL, err);
}

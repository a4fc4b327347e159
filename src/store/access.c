#include "store/access.h"

#include "store/room.h"
#include "store/rows.h"

#include <assert.h>
#include <string.h>

#define ACCESS_FIELD(type, name) FIELD(type, struct access_row, name),
static const struct field fields[] = {ACCESS_FIELD(INT, id) ACCESS_FIELDS(ACCESS_FIELD)};
static const struct table table = TABLE("access", struct access_row, fields);

#define COPY_FIELD(type, name) FIELD(type, struct copy_row, name),
static const struct field copy_fields[] = {COPY_FIELD(INT, id) COPY_FIELDS(COPY_FIELD)};
static const struct table copy_table = TABLE("copy", struct copy_row, copy_fields);

#define CONTACT_FIELD(type, name) FIELD(type, struct first_contact_row, name),
static const struct field contact_fields[] = {FIRST_CONTACT_FIELDS(CONTACT_FIELD)};
static const struct table contact_table = TABLE("first contact", struct first_contact_row, contact_fields);

enum { SEALED_BYTES = 4 << 20 };

bool store_access_add(struct db *db, const struct access_row *row, const struct secret *secret,
                      const struct secret *session_token, struct err *err)
{
    assert(row->id > 0);
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    struct access_row new = *row;
    new.version = 1;
    new.updated_ms = db_now_ms(db);
    new.created_ms = row->created_ms ? row->created_ms : new.updated_ms;
    struct value values[countof(fields) + 2];
    row_values(fields, countof(fields), &new, values);
    values[countof(fields)] = row_seal_secret(db, a, "access", row->id, "secret", secret);
    values[countof(fields) + 1] = row_seal_secret(db, a, "access", row->id, "session_token", session_token);
    return db_run(db, SQL_ACCESS_ADD, values, countof(values), NULL, err) ||
           err_add(err, "add access \"%s\"", row->name);
}

bool store_access_load(struct db *db, struct arena *a, int64_t id, struct access_row *ret, struct err *err)
{
    return row_one(db, SQL_ACCESS_BY_ID, VALUES(value_int(id)), a, &table,
                   arena_printf(a, "%lld", (long long)id), ret, err);
}

bool store_access_find(struct db *db, struct arena *a, const char *id_or_name, struct access_row *ret,
                       struct err *err)
{
    return row_find(db, SQL_ACCESS_BY_ID, SQL_ACCESS_BY_NAME, a, &table, id_or_name, ret, err);
}

bool store_access_list(struct db *db, struct arena *a, const struct page *page, struct access_row **ret,
                       size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_ACCESS_LIST, VALUES(page_cursor(page), page_limit(page)), a, &table, (void **)ret,
                   ret_count, err);
}

bool store_access_secret(struct db *db, struct arena *a, int64_t id, struct secret **ret_secret,
                         struct secret **ret_session_token, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    struct secret *secret, *token;
    if (!query_open(db, SQL_ACCESS_SECRET, VALUES(value_int(id)), &q, err) || !query_next(&q, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "access %lld does not exist", (long long)id);
    if (!row_open(&q, a, 0, "access", id, "secret", &secret, err) ||
        !row_open(&q, a, 1, "access", id, "session_token", &token, err))
        return false;
    *ret_secret = secret;
    *ret_session_token = token;
    return true;
}

static bool set_secrets(struct db *db, int64_t id, const struct secret *secret, const struct secret *token,
                        struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    struct value sealed_token = row_seal_secret(db, a, "access", id, "session_token", token);
    if (secret)
        return db_run(db, SQL_ACCESS_SET_SECRET,
                      VALUES(value_int(id), row_seal_secret(db, a, "access", id, "secret", secret),
                             sealed_token),
                      NULL, err);
    return !token || db_run(db, SQL_ACCESS_SET_TOKEN, VALUES(value_int(id), sealed_token), NULL, err);
}

bool store_access_update(struct db *db, const struct access_row *row, const struct secret *secret,
                         const struct secret *session_token, struct err *err)
{
    struct access_row new = *row;
    new.version = row->version + 1;
    new.updated_ms = db_now_ms(db);
    struct value values[countof(fields)];
    row_values(fields, countof(fields), &new, values);
    return (row_change_version(db, SQL_ACCESS_UPDATE, values, countof(values), SQL_ACCESS_VERSION, &table,
                               row->id, err) &&
            set_secrets(db, row->id, secret, session_token, err)) ||
           err_add(err, "update access \"%s\"", row->name);
}

bool store_access_set_state(struct db *db, int64_t id, const char *state, const char *state_text,
                            const char *account_id, struct err *err)
{
    return row_change(db, SQL_ACCESS_SET_STATE,
                      VALUES(value_int(id), value_text(state), value_text(state_text), value_text(account_id),
                             value_int(db_now_ms(db))),
                      &table, id, err);
}

bool store_access_set_skew(struct db *db, int64_t id, int64_t clock_skew_ms, struct err *err)
{
    return row_change(db, SQL_ACCESS_SET_SKEW, VALUES(value_int(id), value_int(clock_skew_ms)), &table, id,
                      err);
}

static const struct need needs[] = {
    {SQL_ACCESS_IN_TASK, "task", "is", "and deploys with it"},
    {SQL_ACCESS_IN_ROLLBACK, "task", "changed",
     "with it and can be rolled back; delete the task first if that is no longer wanted"},
};

bool store_access_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason, struct err *err)
{
    return row_needed(db, a, needs, countof(needs), id, ret_reason, err);
}

bool store_access_delete(struct db *db, int64_t id, struct err *err)
{
    return row_change(db, SQL_ACCESS_DELETE, VALUES(value_int(id)), &table, id, err);
}

bool store_copy_find(struct db *db, struct arena *a, int64_t access_id, int64_t certificate_id,
                     const char *vendor_store, struct copy_row *ret, struct err *err)
{
    return row_one(db, SQL_COPY_FIND,
                   VALUES(value_int(access_id), value_int(certificate_id), value_text(vendor_store)), a,
                   &copy_table,
                   arena_printf(a, "of certificate %lld in %s", (long long)certificate_id, vendor_store), ret,
                   err);
}

bool store_copy_by_ref(struct db *db, struct arena *a, int64_t access_id, const char *vendor_store,
                       const char *ref, struct copy_row *ret, struct err *err)
{
    return row_one(db, SQL_COPY_BY_REF,
                   VALUES(value_int(access_id), value_text(vendor_store), value_text(ref)), a, &copy_table,
                   arena_printf(a, "%s in %s", ref, vendor_store), ret, err);
}

static bool put_copy(struct db *db, enum statement statement, const struct copy_row *row, struct err *err)
{
    struct copy_row new = *row;
    int64_t now = db_now_ms(db);
    new.id = row->id ? row->id : store_new_id(db_store(db));
    new.created_ms = row->created_ms ? row->created_ms : now;
    struct value values[countof(copy_fields) + 3];
    row_values(copy_fields, countof(copy_fields), &new, values);
    values[countof(copy_fields)] = value_text("");
    values[countof(copy_fields) + 1] = value_int(1);
    values[countof(copy_fields) + 2] = value_int(now);
    return db_run(db, statement, values, countof(values), NULL, err) ||
           err_add(err, "keep copy %s in %s", row->ref, row->vendor_store);
}

bool store_copy_put(struct db *db, const struct copy_row *row, struct err *err)
{
    return put_copy(db, SQL_COPY_PUT, row, err) &&
           (!row->brought || store_room_brought(db, row->access_id, row->vendor_store, err));
}

bool store_copy_note(struct db *db, const struct copy_row *row, struct err *err)
{
    struct copy_row found = *row;
    found.brought = false;
    return put_copy(db, SQL_COPY_NOTE, &found, err);
}

bool store_copy_of(struct db *db, struct arena *a, int64_t certificate_id, struct copy_row **ret,
                   size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_COPY_OF, VALUES(value_int(certificate_id)), a, &copy_table, (void **)ret,
                   ret_count, err);
}

bool store_copy_brought(struct db *db, struct arena *a, int64_t access_id, struct copy_row **ret,
                        size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_COPY_BROUGHT, VALUES(value_int(access_id)), a, &copy_table, (void **)ret,
                   ret_count, err);
}

static const struct need copy_needs[] = {
    {SQL_COPY_IN_TASK, "task", "is", "and deploys it"},
    {SQL_COPY_IN_OLD, "task", "may have to put it back on",
     "in a rollback; delete the task first if that is no longer wanted"},
    {SQL_COPY_IN_ROLLBACK, "task", "brought it to",
     "and can be rolled back; delete the task first if that is no longer wanted"},
    {SQL_COPY_SERVED, "resource", "of", "serves it"},
};

bool store_copy_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason, struct err *err)
{
    return row_needed(db, a, copy_needs, countof(copy_needs), id, ret_reason, err);
}

bool store_copy_doubt(struct db *db, int64_t id, struct err *err)
{
    return row_change(db, SQL_COPY_DOUBT, VALUES(value_int(id), value_int(db_now_ms(db))), &copy_table, id,
                      err);
}

bool store_copy_delete(struct db *db, int64_t id, struct err *err)
{
    return row_change(db, SQL_COPY_DELETE, VALUES(value_int(id)), &copy_table, id, err);
}

bool store_first_contact_put(struct db *db, int64_t access_id, const char *product, struct err *err)
{
    return db_run(db, SQL_FIRST_CONTACT_PUT,
                  VALUES(value_int(store_new_id(db_store(db))), value_int(db_now_ms(db)),
                         value_int(access_id), value_text(product)),
                  NULL, err) ||
           err_add(err, "keep first contact with %s", product);
}

bool store_first_contact_list(struct db *db, struct arena *a, int64_t access_id,
                              struct first_contact_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_FIRST_CONTACT_LIST, VALUES(value_int(access_id)), a, &contact_table, (void **)ret,
                   ret_count, err);
}

bool first_contact_made(const struct first_contact_row *rows, size_t count, int64_t access_id,
                        const char *product)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].access_id == access_id && strcmp(rows[i].product, product) == 0)
            return true;
    return false;
}

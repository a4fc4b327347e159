#include "store/contact.h"

#include "store/rows.h"

#include <assert.h>

#define CONTACT_FIELD(type, name) FIELD(type, struct contact_row, name),
static const struct field fields[] = {CONTACT_FIELD(INT, id) CONTACT_FIELDS(CONTACT_FIELD)};
static const struct table table = TABLE("contact", struct contact_row, fields);

enum { SEALED_BYTES = 1 << 20 };

bool store_contact_add(struct db *db, const struct contact_row *row, const struct secret *webhooks,
                       struct err *err)
{
    assert(row->id > 0);
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    struct contact_row new = *row;
    new.version = 1;
    new.updated_ms = db_now_ms(db);
    new.created_ms = row->created_ms ? row->created_ms : new.updated_ms;
    struct value values[countof(fields) + 1];
    row_values(fields, countof(fields), &new, values);
    values[countof(fields)] = row_seal_secret(db, a, "contact", row->id, "webhooks", webhooks);
    return db_run(db, SQL_CONTACT_ADD, values, countof(values), NULL, err) ||
           err_add(err, "add contact \"%s\"", row->name);
}

bool store_contact_load(struct db *db, struct arena *a, int64_t id, struct contact_row *ret, struct err *err)
{
    return row_one(db, SQL_CONTACT_BY_ID, VALUES(value_int(id)), a, &table,
                   arena_printf(a, "%lld", (long long)id), ret, err);
}

bool store_contact_find(struct db *db, struct arena *a, const char *id_or_name, struct contact_row *ret,
                        struct err *err)
{
    return row_find(db, SQL_CONTACT_BY_ID, SQL_CONTACT_BY_NAME, a, &table, id_or_name, ret, err);
}

bool store_contact_list(struct db *db, struct arena *a, const struct page *page, struct contact_row **ret,
                        size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_CONTACT_LIST, VALUES(page_cursor(page), page_limit(page)), a, &table, (void **)ret,
                   ret_count, err);
}

bool store_contact_webhooks(struct db *db, struct arena *a, int64_t id, struct secret **ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, SQL_CONTACT_WEBHOOKS, VALUES(value_int(id)), &q, err) || !query_next(&q, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "contact %lld does not exist", (long long)id);
    return row_open(&q, a, 0, "contact", id, "webhooks", ret, err);
}

bool store_contact_update(struct db *db, const struct contact_row *row, bool replace_webhooks,
                          const struct secret *webhooks, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(SEALED_BYTES);
    struct contact_row new = *row;
    new.version = row->version + 1;
    new.updated_ms = db_now_ms(db);
    struct value values[countof(fields)];
    row_values(fields, countof(fields), &new, values);
    if (!row_change_version(db, SQL_CONTACT_UPDATE, values, countof(values), SQL_CONTACT_VERSION, &table,
                            row->id, err))
        return err_add(err, "update contact \"%s\"", row->name);
    if (!replace_webhooks)
        return true;
    return db_run(db, SQL_CONTACT_SET_WEBHOOKS,
                  VALUES(value_int(row->id),
                         row_seal_secret(db, a, "contact", row->id, "webhooks", webhooks)),
                  NULL, err);
}

static const struct need needs[] = {
    {SQL_CONTACT_IN_TASK, "task", "is", "and names it"},
};

bool store_contact_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                          struct err *err)
{
    return row_needed(db, a, needs, countof(needs), id, ret_reason, err);
}

bool store_contact_delete(struct db *db, int64_t id, struct err *err)
{
    return row_change(db, SQL_CONTACT_DELETE, VALUES(value_int(id)), &table, id, err);
}

bool store_task_contacts_set(struct db *db, int64_t task_id, const int64_t *ids, size_t count,
                             struct err *err)
{
    if (!db_run(db, SQL_TASK_CONTACT_CLEAR, VALUES(value_int(task_id)), NULL, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!db_run(db, SQL_TASK_CONTACT_ADD,
                    VALUES(value_int(task_id), value_int(ids[i]), value_int((int64_t)i)), NULL, err))
            return err_add(err, "contact %lld", (long long)ids[i]);
    return true;
}

bool store_task_contacts(struct db *db, struct arena *a, int64_t task_id, struct contact_row **ret,
                         size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_TASK_CONTACT_LIST, VALUES(value_int(task_id)), a, &table, (void **)ret, ret_count,
                   err);
}

#include "store/push.h"

#include "store/rows.h"

#include <assert.h>
#include <string.h>

#define PUSH_FIELD(type, name) FIELD(type, struct push_row, name),
static const struct field fields[] = {PUSH_FIELD(INT, id) PUSH_FIELDS(PUSH_FIELD)};
static const struct table table = TABLE("push", struct push_row, fields);

bool store_push_add(struct db *db, const struct push_row *row, struct err *err)
{
    assert(row->id > 0);
    struct push_row new = *row;
    new.version = 1;
    new.updated_ms = db_now_ms(db);
    new.created_ms = row->created_ms ? row->created_ms : new.updated_ms;
    struct value values[countof(fields)];
    row_values(fields, countof(fields), &new, values);
    return db_run(db, SQL_PUSH_ADD, values, countof(values), NULL, err) ||
           err_add(err, "push %s to %s %s", row->certificate, row->product, row->region);
}

bool store_push_load(struct db *db, struct arena *a, int64_t id, struct push_row *ret, struct err *err)
{
    return row_one(db, SQL_PUSH_BY_ID, VALUES(value_int(id)), a, &table,
                   arena_printf(a, "%lld", (long long)id), ret, err);
}

bool store_push_list(struct db *db, struct arena *a, const struct page *page, int64_t certificate_id,
                     struct push_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_PUSH_LIST, VALUES(page_cursor(page), page_limit(page), value_int(certificate_id)),
                   a, &table, (void **)ret, ret_count, err);
}

bool store_push_find(struct db *db, struct arena *a, const struct push_row *like, struct push_row *ret,
                     struct err *err)
{
    return row_one(db, SQL_PUSH_FIND,
                   VALUES(value_text(like->account_id), value_int(like->certificate_id),
                          value_text(like->product), value_text(like->region)),
                   a, &table, like->region, ret, err);
}

bool store_push_end(struct db *db, int64_t id, const char *state, const char *copy_ref, const char *text,
                    struct err *err)
{
    bool open = strcmp(state, PUSH_UNKNOWN) == 0;
    return row_change(db, SQL_PUSH_END,
                      VALUES(value_int(id), value_text(state), value_text(copy_ref), value_text(text),
                             value_int(db_now_ms(db)), value_int(open ? 0 : db_now_ms(db))),
                      &table, id, err);
}

bool store_push_interrupted(struct db *db, struct err *err)
{
    return db_run(db, SQL_PUSH_INTERRUPTED, VALUES(value_int(db_now_ms(db))), NULL, err);
}

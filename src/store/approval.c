#include "store/approval.h"

#include "store/rows.h"

#define APPROVAL_FIELD(type, name) FIELD(type, struct approval_row, name),
static const struct field fields[] = {APPROVAL_FIELD(INT, id) APPROVAL_FIELDS(APPROVAL_FIELD)};
static const struct table table = TABLE("approval", struct approval_row, fields);

bool store_approval_needed(struct db *db, int64_t task_id, bool *ret, struct err *err)
{
    int64_t needed;
    if (!db_int(db, SQL_APPROVAL_NEEDED, VALUES(value_int(task_id)), 0, &needed, err))
        return false;
    *ret = needed != 0;
    return true;
}

bool store_approval_put(struct db *db, const struct approval_row *row, struct err *err)
{
    struct approval_row new = *row;
    struct value values[countof(fields)];
    new.version = 1;
    new.created_ms = new.updated_ms = db_now_ms(db);
    row_values(fields, countof(fields), &new, values);
    return store_approval_drop(db, row->task_id, err) &&
           db_run(db, SQL_APPROVAL_ADD, values, countof(values), NULL, err);
}

bool store_approval_of(struct db *db, struct arena *a, int64_t task_id, struct approval_row *ret,
                       struct err *err)
{
    return row_one(db, SQL_APPROVAL_OF, VALUES(value_int(task_id)), a, &table, "of this task", ret, err);
}

bool store_approval_drop(struct db *db, int64_t task_id, struct err *err)
{
    return db_run(db, SQL_APPROVAL_DROP, VALUES(value_int(task_id)), NULL, err);
}

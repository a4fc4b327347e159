#include "store/task.h"

#include "store/deployment.h"

#include <assert.h>
#include <string.h>

#define TASK_FIELD(type, name) FIELD(type, struct task_row, name),
static const struct field fields[] = {TASK_FIELD(INT, id) TASK_FIELDS(TASK_FIELD)};
static const struct table table = TABLE("task", struct task_row, fields);

static bool add_deployment(struct db *db, const struct deployment_row *row, struct err *err)
{
    assert(row->id > 0);
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct deployment_row new = *row;
    new.version = 1;
    new.updated_ms = db_now_ms(db);
    new.created_ms = row->created_ms ? row->created_ms : new.updated_ms;
    struct value values[DEPLOYMENT_FIELDS];
    row_values(deployment_fields, DEPLOYMENT_FIELDS, &new, values);
    return (db_run(db, SQL_DEPLOYMENT_ADD, values, countof(values), NULL, err) &&
            deployment_index_old(db, a, row->id, row->slot, row->old && *row->old ? row->old : "[]", err)) ||
           err_add(err, "plan deployment to %s", row->title);
}

static bool add_deployments(struct db *db, const struct task_row *task,
                            const struct deployment_row *deployments, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        assert(deployments[i].task_id == task->id);
        if (!add_deployment(db, &deployments[i], err))
            return err_add(err, "task \"%s\"", task->name);
    }
    return true;
}

bool store_task_add(struct db *db, const struct task_row *task, const struct deployment_row *deployments,
                    size_t count, struct err *err)
{
    assert(task->id > 0);
    struct task_row new = *task;
    new.version = 1;
    new.updated_ms = db_now_ms(db);
    new.created_ms = task->created_ms ? task->created_ms : new.updated_ms;
    new.windows = task->windows ? task->windows : "[]";
    new.waves = task->waves ? task->waves : "[]";
    struct value values[countof(fields)];
    row_values(fields, countof(fields), &new, values);
    if (!db_run(db, SQL_TASK_ADD, values, countof(values), NULL, err))
        return err_add(err, "add task \"%s\"", task->name);
    return add_deployments(db, task, deployments, count, err);
}

bool store_task_load(struct db *db, struct arena *a, int64_t id, struct task_row *ret, struct err *err)
{
    return row_one(db, SQL_TASK_BY_ID, VALUES(value_int(id)), a, &table,
                   arena_printf(a, "%lld", (long long)id), ret, err);
}

bool store_task_verify(struct db *db, int64_t id, bool *ret, struct err *err)
{
    int64_t verify = 0;
    if (!db_int(db, SQL_TASK_VERIFY, VALUES(value_int(id)), 1, &verify, err))
        return false;
    *ret = verify != 0;
    return true;
}

bool store_task_find(struct db *db, struct arena *a, const char *id_or_name, struct task_row *ret,
                     struct err *err)
{
    return row_find(db, SQL_TASK_BY_ID, SQL_TASK_BY_NAME, a, &table, id_or_name, ret, err);
}

bool store_task_list(struct db *db, struct arena *a, const struct page *page,
                     const struct task_filter *filter, struct task_row **ret, size_t *ret_count,
                     struct err *err)
{
    return row_all(db, SQL_TASK_LIST,
                   VALUES(page_cursor(page), page_limit(page), value_text(filter->state),
                          value_text(filter->type)),
                   a, &table, (void **)ret, ret_count, err);
}

bool store_task_update(struct db *db, const struct task_row *row, struct err *err)
{
    struct task_row new = *row;
    new.version = row->version + 1;
    new.updated_ms = db_now_ms(db);
    struct value values[countof(fields)];
    row_values(fields, countof(fields), &new, values);
    return row_change_version(db, SQL_TASK_UPDATE, values, countof(values), SQL_TASK_VERSION, &table, row->id,
                              err);
}

bool store_task_delete(struct db *db, int64_t id, struct err *err)
{
    return deployment_release(db, id, true, err) &&
           row_change(db, SQL_TASK_DELETE, VALUES(value_int(id)), &table, id, err);
}

bool store_task_replan(struct db *db, const struct task_row *task, const struct deployment_row *deployments,
                       size_t count, struct err *err)
{
    return store_task_update(db, task, err) &&
           db_run(db, SQL_TASK_UNPLAN, VALUES(value_int(task->id)), NULL, err) &&
           add_deployments(db, task, deployments, count, err);
}

bool store_deployment_load(struct db *db, struct arena *a, int64_t id, struct deployment_row *ret,
                           struct err *err)
{
    return row_one(db, SQL_DEPLOYMENT_BY_ID, VALUES(value_int(id)), a, &deployment_table,
                   arena_printf(a, "%lld", (long long)id), ret, err);
}

bool store_deployment_list(struct db *db, struct arena *a, int64_t task_id, const struct page *page,
                           struct deployment_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_DEPLOYMENT_LIST,
                   VALUES(value_int(page->before_id), page_limit(page), value_int(task_id)), a,
                   &deployment_table, (void **)ret, ret_count, err);
}

static bool add_count(const struct query *q, struct arena *a, struct task_counts *counts, struct err *err)
{
    enum deployment_state state;
    if (!deployment_state_parse(query_text(q, a, 0), &state))
        return err_set(err, ERR_STORE, "the database holds a deployment in an unknown state");
    counts->by_state[state] = query_int(q, 1);
    counts->total += query_int(q, 1);
    counts->already_bound += query_int(q, 2);
    counts->verified += query_int(q, 3);
    counts->not_verified += query_int(q, 4);
    counts->contradicted += query_int(q, 5);
    counts->elsewhere += query_int(q, 6);
    return true;
}

bool store_task_accesses(struct db *db, struct arena *a, int64_t task_id, int64_t **ret, size_t *ret_count,
                         struct err *err)
{
    return row_ids(db, SQL_TASK_ACCESSES, VALUES(value_int(task_id)), a, ret, ret_count, err);
}

bool store_task_count(struct db *db, int64_t task_id, struct task_counts *ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 10);
    cleanup(query_close) struct query q = {0};
    struct task_counts counts = {0};
    if (!query_open(db, SQL_TASK_COUNT, VALUES(value_int(task_id)), &q, err))
        return false;
    for (bool row;;) {
        if (!query_next(&q, &row, err))
            return false;
        if (!row)
            break;
        if (!add_count(&q, a, &counts, err))
            return false;
    }
    *ret = counts;
    return true;
}

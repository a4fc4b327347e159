#include "store/task.h"

#include "store/deployment.h"

#define TASK_FIELD(type, name) FIELD(type, struct task_row, name),
static const struct field fields[] = {TASK_FIELD(INT, id) TASK_FIELDS(TASK_FIELD)};
static const struct table table = TABLE("task", struct task_row, fields);

bool store_task_unfinished(struct db *db, struct arena *a, int64_t after_id, size_t limit,
                           struct task_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_TASK_UNFINISHED, VALUES(value_int(after_id), value_int((int64_t)limit)), a, &table,
                   (void **)ret, ret_count, err);
}

bool store_task_finished(struct db *db, struct arena *a, int64_t since_ms, int64_t after_id, size_t limit,
                         struct task_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_TASK_FINISHED,
                   VALUES(value_int(since_ms), value_int(after_id), value_int((int64_t)limit)), a, &table,
                   (void **)ret, ret_count, err);
}

bool store_wave_next(struct db *db, int64_t task_id, int64_t *ret, struct err *err)
{
    return db_int(db, SQL_WAVE_NEXT, VALUES(value_int(task_id)), -1, ret, err);
}

static bool there_is(struct db *db, enum statement statement, const struct value *values, size_t count,
                     bool *ret, struct err *err)
{
    int64_t one = 0;
    if (!db_int(db, statement, values, count, 0, &one, err))
        return false;
    *ret = one != 0;
    return true;
}

bool store_wave_open(struct db *db, int64_t task_id, int64_t wave, bool *ret, struct err *err)
{
    return there_is(db, SQL_WAVE_OPEN, VALUES(value_int(task_id), value_int(wave)), ret, err);
}

bool store_task_withdrawable(struct db *db, int64_t task_id, bool *ret, struct err *err)
{
    return there_is(db, SQL_TASK_WITHDRAWABLE, VALUES(value_int(task_id)), ret, err);
}

bool store_wave_judge(struct db *db, int64_t task_id, int64_t after, int64_t before, int64_t *ret_total,
                      int64_t *ret_bad, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, SQL_WAVE_JUDGE, VALUES(value_int(task_id), value_int(after), value_int(before)), &q,
                    err) ||
        !query_next(&q, &row, err))
        return false;
    *ret_total = row ? query_int(&q, 0) : 0;
    *ret_bad = row ? query_int(&q, 1) : 0;
    return true;
}

bool store_wave_certificates(struct db *db, struct arena *a, int64_t task_id, int64_t wave, int64_t **ret,
                             size_t *ret_count, struct err *err)
{
    return row_ids(db, SQL_WAVE_CERTIFICATES, VALUES(value_int(task_id), value_int(wave)), a, ret, ret_count,
                   err);
}

bool store_wave_fail(struct db *db, int64_t task_id, int64_t wave, int64_t certificate_id,
                     const struct err *cause, const char *advice, struct err *err)
{
    return db_run(db, SQL_WAVE_FAIL,
                  VALUES(value_int(task_id), value_int(wave), value_int(certificate_id),
                         value_text(err_kind_name(cause->kind)), value_text(cause->text), value_text(advice),
                         value_int(db_now_ms(db))),
                  NULL, err);
}

bool store_wave_release(struct db *db, int64_t task_id, int64_t wave, size_t limit, int64_t *ret_changed,
                        struct err *err)
{
    return db_run(db, SQL_WAVE_RELEASE,
                  VALUES(value_int(task_id), value_int(wave), value_int(db_now_ms(db)),
                         value_int((int64_t)limit)),
                  ret_changed, err);
}

bool store_task_withdraw(struct db *db, int64_t task_id, size_t limit, int64_t *ret_changed, struct err *err)
{
    return db_run(db, SQL_TASK_WITHDRAW,
                  VALUES(value_int(task_id), value_int(db_now_ms(db)), value_int((int64_t)limit)),
                  ret_changed, err) &&
           deployment_release(db, task_id, false, err);
}

bool store_task_contradicted(struct db *db, struct arena *a, int64_t task_id, size_t limit, int64_t **ret,
                             size_t *ret_count, struct err *err)
{
    return row_ids(db, SQL_TASK_CONTRADICTED, VALUES(value_int(task_id), value_int((int64_t)limit)), a, ret,
                   ret_count, err);
}

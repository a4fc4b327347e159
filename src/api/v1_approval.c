#include "api/v1_approval.h"

#include "api/trail.h"
#include "api/v1_task.h"
#include "store/approval.h"
#include "store/task.h"
#include <string.h>

struct work {
    struct request *rq;
    int64_t task_id;
    struct task_row task;
    struct approval_row approval;
    bool needed, waits;
};

static bool load_approval(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    struct err missing = {0};
    work->waits = store_approval_of(db, work->rq->arena, work->task_id, &work->approval, &missing);
    return work->waits || missing.kind == ERR_NOT_FOUND || err_set(err, missing.kind, "%s", missing.text);
}

static bool load(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    if (!store_task_find(db, work->rq->arena, work->rq->args[0], &work->task, err))
        return false;
    work->task_id = work->task.id;
    return store_approval_needed(db, work->task_id, &work->needed, err) && load_approval(db, work, err);
}

static void put_approval(struct json_writer *w, struct arena *a, const struct work *work)
{
    const struct approval_row *row = &work->approval;
    if (!work->waits) {
        json_put_null(w);
        return;
    }
    json_open_object(w);
    json_member_string(w, "by_kind", row->who_kind);
    json_member_string(w, "by", *row->who ? row->who : NULL);
    json_member_string(w, "since", time_iso(a, row->created_ms));
    json_close_object(w);
}

bool v1_approval_put(struct request *rq, struct json_writer *w, int64_t task_id, struct err *err)
{
    struct work work = {.rq = rq, .task_id = task_id};
    if (!store_read(rq->api->parts.store, load_approval, &work, err))
        return false;
    json_key(w, "approval");
    put_approval(w, rq->arena, &work);
    return true;
}

static bool keep(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    struct request *rq = work->rq;
    struct approval_row row = {.id = store_new_id(rq->api->parts.store),
                               .owner = "",
                               .task_id = work->task.id,
                               .task_version = work->task.version,
                               .who_kind = caller_kind_name(rq->caller.kind),
                               .who_id = rq->caller.subject_id,
                               .who = rq->caller.name,
                               .request = json_dump(rq->arena, rq->body)};
    return store_approval_put(db, &row, err) && load(db, work, err);
}

bool v1_task_submit(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    int64_t seen = json_int(json_at(rq->body, "/version"), 0);
    if (!store_read(rq->api->parts.store, load, &work, err))
        return false;
    if (!work.needed || strcmp(work.task.state, "editing") != 0)
        return v1_task_start(rq, reply, seen, err);
    if (seen && seen != work.task.version)
        return err_set(err, ERR_CONFLICT, "task %s was changed meanwhile: look at the preview again",
                       work.task.name);
    if (!request_write(rq, keep, &work, err))
        return false;
    reply->status = 202;
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    json_member_int(&w, "id", work.task.id);
    json_member_string(&w, "state", work.task.state);
    json_key(&w, "approval");
    put_approval(&w, rq->arena, &work);
    json_close_object(&w);
    return true;
}

static bool is_same(const struct request *rq, const struct approval_row *row)
{
    return rq->caller.subject_id == row->who_id &&
           strcmp(caller_kind_name(rq->caller.kind), row->who_kind) == 0;
}

static bool drop(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_approval_drop(db, work->task_id, err);
}

/* What was approved is what was submitted: the same plan, with the same times. */
bool v1_task_approve(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, load, &work, err))
        return false;
    if (!work.waits)
        return err_set(err, ERR_CONFLICT, "task %s waits for nobody's approval", work.task.name);
    if (is_same(rq, &work.approval))
        return err_set(err, ERR_PERMISSION, "task %s was submitted by you: somebody else has to approve it",
                       work.task.name);
    if (work.task.version != work.approval.task_version)
        return err_set(err, ERR_CONFLICT,
                       "task %s was changed since it was submitted: it is submitted anew first",
                       work.task.name);
    return json_parse(rq->arena, work.approval.request, strlen(work.approval.request), &rq->body, err) &&
           v1_task_start(rq, reply, work.approval.task_version, err) &&
           store_write(rq->api->parts.store, drop, &work, err);
}

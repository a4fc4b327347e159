/* A submitted task of which nothing was released yet: taken back to editing, or started before its time. */
#include "task/schedule.h"
#include "task/verbs.h"
#include <string.h>

struct waiting {
    struct arena *a;
    int64_t task_id;
};

/* Within a write, so that no release comes between the look and the change. */
static bool load_waiting(struct db *db, const struct waiting *w, struct task_row *ret, struct err *err)
{
    struct task_counts n;
    if (!store_task_load(db, w->a, w->task_id, ret, err) || !store_task_count(db, w->task_id, &n, err))
        return false;
    if (strcmp(ret->state, "editing") == 0)
        return verbs_conflict(ret, "it was not submitted", "submit it", err);
    bool untouched = n.by_state[DEPLOYMENT_PLANNED] + n.by_state[DEPLOYMENT_HELD] == n.total;
    return (strcmp(ret->state, "pending") == 0 && untouched) ||
           verbs_conflict(ret, "it has begun", "cancel what is left of it, or wait", err);
}

static bool unsubmit(struct db *db, void *context, struct err *err)
{
    const struct waiting *w = context;
    struct task_row task;
    if (!load_waiting(db, w, &task, err))
        return false;
    task.state = "editing";
    task.submitted_ms = 0;
    task.finished_ms = 0;
    task.judged_wave = 0;
    task.paused = "";
    return store_task_update(db, &task, err);
}

bool task_unsubmit(const struct task_context *c, int64_t task_id, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct waiting w = {a, task_id};
    return store_write(c->store, unsubmit, &w, err);
}

static bool forget_time(struct db *db, void *context, struct err *err)
{
    const struct waiting *w = context;
    struct task_row task;
    if (!load_waiting(db, w, &task, err))
        return false;
    task.start_at_ms = 0;
    return store_task_update(db, &task, err);
}

bool task_start(const struct task_context *c, int64_t task_id, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct waiting w = {a, task_id};
    bool more = false;
    return store_write(c->store, forget_time, &w, err) &&
           schedule_advance(c->store, task_id, clock_wall_ms(c->clock), &more, err);
}

#include "task/schedule.h"
#include "task/verbs.h"
#include <string.h>

struct standing { /* a task that is told to stand still, or to go on */
    struct arena *a;
    int64_t task_id;
    const char *paused;
};

static bool set_paused(struct db *db, void *context, struct err *err)
{
    struct standing *s = context;
    struct task_row task;
    if (!store_task_load(db, s->a, s->task_id, &task, err))
        return false;
    if (strcmp(task.state, "editing") == 0)
        return verbs_conflict(&task, "nothing of it has run", "submit it", err);
    if (s->paused[0] && task_state_is_final(task.state))
        return verbs_conflict(&task, "nothing of it is waiting", "roll it back instead", err);
    bool same = s->paused[0] ? task.paused[0] != 0 : !task.paused[0];
    task.paused = s->paused;
    return same || store_task_update(db, &task, err);
}

static bool stand(const struct task_context *c, int64_t task_id, const char *paused, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct standing s = {.a = a, .task_id = task_id, .paused = paused};
    bool more = false;
    return store_write(c->store, set_paused, &s, err) &&
           schedule_advance(c->store, task_id, clock_wall_ms(c->clock), &more, err);
}

bool task_pause(const struct task_context *c, int64_t task_id, struct err *err)
{
    return stand(c, task_id, PAUSED_BY_USER, err);
}

static bool hurry(void *context, struct deployment_row *row)
{
    bool open = row->state == DEPLOYMENT_PENDING || row->state == DEPLOYMENT_PROCESSING ||
                row->state == DEPLOYMENT_ROLLBACK;
    if (!open || row->again_at_ms <= *(const int64_t *)context)
        return false;
    row->again_at_ms = 0;
    return true;
}

bool task_resume(const struct task_context *c, int64_t task_id, struct err *err)
{
    size_t hurried = 0;
    int64_t now_ms = clock_wall_ms(c->clock);
    return stand(c, task_id, "", err) && verbs_each(c, task_id, hurry, &now_ms, &hurried, err) &&
           verbs_roll_up(c, task_id, err);
}

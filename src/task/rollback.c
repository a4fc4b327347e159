#include "task/verbs.h"

#include <string.h>

struct rolling_back {
    const struct task_context *c;
    struct arena *a;
    const int64_t *ids;
    size_t count;
    bool accept_expired;
    int64_t now_ms;
    struct task_refusal *refused;
    size_t refused_count, capacity;
};

/* The first old certificate that has expired; NULL if none. */
static const struct bound *expired(struct arena *a, const struct deployment_row *row, int64_t now_ms)
{
    struct bound *old = NULL;
    size_t count = 0;
    if (!bound_from_json(a, row->old, &old, &count, NULL))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (old[i].not_after_ms && old[i].not_after_ms < now_ms)
            return &old[i];
    return NULL;
}

const char *rollback_objection(struct arena *a, const struct deployment_row *row, bool accept_expired,
                               int64_t now_ms)
{
    switch (row->state) {
    case DEPLOYMENT_PLANNED:
    case DEPLOYMENT_HELD:
    case DEPLOYMENT_CANCELLED:
        return "it never began: nothing was changed";
    case DEPLOYMENT_PENDING:
    case DEPLOYMENT_PROCESSING:
        return "it is still under way: cancel or wait first";
    case DEPLOYMENT_ROLLBACK:
        return "it is being rolled back already";
    case DEPLOYMENT_ROLLBACK_SUCCESS:
        return "it was rolled back already";
    case DEPLOYMENT_ERROR:
        if (row->writes == 0 || !row->has_before)
            return "it failed before anything was changed";
        break;
    case DEPLOYMENT_SUCCESS:
        if (row->already_bound)
            return "the certificate was bound already: nothing was changed";
        break;
    case DEPLOYMENT_ROLLBACK_ERROR:
        break;
    }
    if (row->undo[0])
        return arena_printf(a, "it cannot be undone: %s", row->undo);
    const struct bound *old = accept_expired ? NULL : expired(a, row, now_ms);
    if (old)
        return arena_printf(a, "the old certificate %s expired on %s: accept that with --accept expired",
                            old->name[0] ? old->name : old->ref,
                            time_format(a, old->not_after_ms, "%Y-%m-%d"));
    return NULL;
}

void rollback_begin(struct deployment_row *row)
{
    verbs_clear_outcome(row);
    row->state = DEPLOYMENT_ROLLBACK;
    row->step = STEP_SNAPSHOT;
    row->writes = 0;
}

/* Of a whole task, what changed nothing needs no word. */
static bool worth_telling(const struct rolling_back *rb, const struct deployment_row *row)
{
    bool changed = row->state == DEPLOYMENT_ROLLBACK_ERROR || row->state == DEPLOYMENT_PROCESSING ||
                   row->state == DEPLOYMENT_PENDING ||
                   (row->state == DEPLOYMENT_SUCCESS && !row->already_bound) ||
                   (row->state == DEPLOYMENT_ERROR && row->writes > 0);
    return rb->count > 0 || changed;
}

static bool go_back(void *context, struct deployment_row *row)
{
    struct rolling_back *rb = context;
    if (!verbs_among(rb->ids, rb->count, row->id))
        return false;
    const char *text = rollback_objection(rb->a, row, rb->accept_expired, rb->now_ms);
    if (text && worth_telling(rb, row)) {
        void *items = rb->refused;
        struct task_refusal *refusal =
            arena_push(rb->a, &items, &rb->refused_count, &rb->capacity, sizeof(struct task_refusal));
        rb->refused = items;
        *refusal = (struct task_refusal){row->id, arena_strdup(rb->a, row->title), text};
    }
    if (text)
        return false;
    rollback_begin(row);
    return true;
}

bool task_rollback(const struct task_context *c, struct arena *a, int64_t task_id, const int64_t *deployments,
                   size_t count, bool accept_expired, struct task_refusal **ret_refused,
                   size_t *ret_refused_count, struct err *err)
{
    struct task_row task;
    size_t begun = 0;
    struct rolling_back rb = {.c = c,
                              .a = a,
                              .ids = deployments,
                              .count = count,
                              .accept_expired = accept_expired,
                              .now_ms = clock_wall_ms(c->clock)};
    if (!verbs_load(c, a, task_id, &task, err) || !verbs_each(c, task_id, go_back, &rb, &begun, err))
        return false;
    *ret_refused = rb.refused;
    *ret_refused_count = rb.refused_count;
    if (begun > 0)
        return true;
    return err_set(err, ERR_CONFLICT, "nothing of task \"%s\" can be rolled back: %s", task.name,
                   rb.refused_count ? rb.refused[0].text : "nothing it changed is still in place");
}

#include "task/verbs.h"

#include <string.h>

enum { VIEW_PAGE = 1000, CHANGE_PAGE = 250 };

bool task_state_is_final(const char *state)
{
    return strcmp(state, "success") == 0 || strcmp(state, "error") == 0 || strcmp(state, "cancelled") == 0;
}

static int64_t going_forward(const struct task_counts *n)
{
    return n->by_state[DEPLOYMENT_PENDING] + n->by_state[DEPLOYMENT_PROCESSING];
}

/* Not released yet, in a task that was submitted. */
static int64_t waiting(const struct task_counts *n)
{
    return n->by_state[DEPLOYMENT_PLANNED];
}

bool task_is_final(const struct task_row *task, const struct task_counts *counts)
{
    return task_state_is_final(task->state) && going_forward(counts) + waiting(counts) == 0 &&
           counts->by_state[DEPLOYMENT_ROLLBACK] == 0;
}

/* What is done and what is not, per direction. */
int task_exit_code(const struct task_counts *n, bool rollback)
{
    int64_t good = n->by_state[DEPLOYMENT_SUCCESS], bad = n->by_state[DEPLOYMENT_ERROR];
    int64_t open = n->by_state[DEPLOYMENT_HELD] + n->by_state[DEPLOYMENT_CANCELLED];
    if (rollback) {
        good = n->by_state[DEPLOYMENT_ROLLBACK_SUCCESS];
        bad = n->by_state[DEPLOYMENT_ROLLBACK_ERROR];
        open = 0;
    } else {
        good += n->by_state[DEPLOYMENT_ROLLBACK_SUCCESS] + n->by_state[DEPLOYMENT_ROLLBACK_ERROR];
    }
    if (good + bad + open == 0)
        return n->total == 0 ? 3 : 1;
    if (bad == 0 && open == 0)
        return 0;
    return good == 0 && open == 0 ? 1 : 2;
}

/* R91, R101: roll-backs are counted apart and change no final state. */
static const char *state_of(const struct task_row *task, const struct task_counts *n)
{
    bool went_back = task->rollback_on[0] && n->by_state[DEPLOYMENT_ROLLBACK] +
                                                     n->by_state[DEPLOYMENT_ROLLBACK_SUCCESS] +
                                                     n->by_state[DEPLOYMENT_ROLLBACK_ERROR] >
                                                 0;
    int64_t done = n->by_state[DEPLOYMENT_SUCCESS] + n->by_state[DEPLOYMENT_ROLLBACK] +
                   n->by_state[DEPLOYMENT_ROLLBACK_SUCCESS] + n->by_state[DEPLOYMENT_ROLLBACK_ERROR];
    if (going_forward(n) > 0)
        return "processing";
    if (waiting(n) > 0)
        return done + n->by_state[DEPLOYMENT_ERROR] > 0 ? "processing" : "pending";
    if (n->by_state[DEPLOYMENT_ERROR] > 0 || went_back)
        return "error";
    if (n->by_state[DEPLOYMENT_CANCELLED] > 0)
        return "cancelled";
    return done > 0 ? "success" : "error";
}

bool task_roll_up(struct db *db, struct arena *a, int64_t task_id, int64_t now_ms, struct err *err)
{
    struct task_row task;
    struct task_counts counts;
    if (!store_task_load(db, a, task_id, &task, err) || !store_task_count(db, task_id, &counts, err))
        return false;
    if (task.submitted_ms == 0)
        return true;
    const char *state = state_of(&task, &counts);
    bool stays =
        task_state_is_final(state) && task_state_is_final(task.state); /* R92: roll-backs change none */
    if (stays || strcmp(state, task.state) == 0)
        return true;
    task.state = state;
    task.finished_ms = task_state_is_final(state) ? now_ms : 0;
    return store_task_update(db, &task, err);
}

struct rolling {
    struct arena *a;
    int64_t task_id, now_ms;
};

static bool roll_up(struct db *db, void *context, struct err *err)
{
    const struct rolling *r = context;
    return task_roll_up(db, r->a, r->task_id, r->now_ms, err);
}

bool verbs_roll_up(const struct task_context *c, int64_t task_id, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct rolling r = {a, task_id, clock_wall_ms(c->clock)};
    return store_write(c->store, roll_up, &r, err);
}

struct loading {
    struct arena *a;
    int64_t id;
    struct task_row *ret;
};

static bool load(struct db *db, void *context, struct err *err)
{
    const struct loading *l = context;
    return store_task_load(db, l->a, l->id, l->ret, err);
}

bool verbs_conflict(const struct task_row *task, const char *what, const char *instead, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "task \"%s\" is %s: %s; %s", task->name, task->state, what, instead);
}

bool verbs_load(const struct task_context *c, struct arena *a, int64_t task_id, struct task_row *ret,
                struct err *err)
{
    struct loading l = {a, task_id, ret};
    return store_read(c->store, load, &l, err);
}

struct viewing {
    struct arena *a;
    int64_t id;
    struct task_view view;
    size_t capacity;
};

static void keep(struct viewing *v, const struct deployment_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *items = v->view.deployments;
        *(struct deployment_row *)arena_push(v->a, &items, &v->view.count, &v->capacity, sizeof *rows) =
            rows[i];
        v->view.deployments = items;
    }
}

static bool view(struct db *db, void *context, struct err *err)
{
    struct viewing *v = context;
    struct page page = {.limit = VIEW_PAGE};
    if (!store_task_load(db, v->a, v->id, &v->view.task, err) ||
        !store_task_count(db, v->id, &v->view.counts, err))
        return false;
    for (;;) {
        struct deployment_row *rows = NULL;
        size_t count = 0;
        if (!store_deployment_list(db, v->a, v->id, &page, &rows, &count, err))
            return false;
        keep(v, rows, count);
        if (count < VIEW_PAGE)
            return true;
        page.before_id = rows[count - 1].id;
    }
}

/* C4: no state of its own, but what people are told. */
const char *verbs_label(const struct task_row *task, const struct task_counts *counts)
{
    if (counts->by_state[DEPLOYMENT_ROLLBACK] > 0)
        return "rolling back";
    if (task->paused[0] && !task_state_is_final(task->state))
        return "paused";
    return counts->by_state[DEPLOYMENT_ROLLBACK_SUCCESS] > 0 ? "rolled back" : task->state;
}

bool verbs_view(const struct task_context *c, struct arena *a, int64_t task_id, struct task_view *ret,
                struct err *err)
{
    struct viewing v = {.a = a, .id = task_id};
    if (!store_read(c->store, view, &v, err) ||
        !plan_notes_from_json(a, v.view.task.notes, &v.view.notes, &v.view.note_count, err))
        return err_add(err, "task %lld", (long long)task_id);
    v.view.label = verbs_label(&v.view.task, &v.view.counts);
    *ret = v.view;
    return true;
}

bool verbs_among(const int64_t *ids, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return count == 0;
}

void verbs_clear_outcome(struct deployment_row *row)
{
    row->again_at_ms = row->attempts = row->finished_ms =
        0; /* a write that may still show is not forgotten */
    row->verdict = row->verdict_text = "";
    row->cause_kind = row->cause_code = row->cause_request_id = row->cause_text = row->advice = "";
}

struct changing {
    int64_t task_id, after_id;
    deployment_fn *fn;
    void *context;
    size_t seen, changed;
};

static bool change_page(struct db *db, void *context, struct err *err)
{
    struct changing *ch = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct page page = {.before_id = ch->after_id, .limit = CHANGE_PAGE};
    struct deployment_row *rows = NULL;
    size_t changed = 0, count = 0;
    if (!store_deployment_list(db, a, ch->task_id, &page, &rows, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!ch->fn(ch->context, &rows[i]))
            continue;
        if (!store_deployment_save(db, &rows[i], NULL, err))
            return false;
        changed++;
    }
    ch->seen = count;
    ch->changed = changed;
    ch->after_id = count ? rows[count - 1].id : ch->after_id;
    return true;
}

bool verbs_each(const struct task_context *c, int64_t task_id, deployment_fn *fn, void *context,
                size_t *ret_changed, struct err *err)
{
    struct changing ch = {.task_id = task_id, .fn = fn, .context = context, .seen = CHANGE_PAGE};
    size_t changed = 0;
    while (ch.seen == CHANGE_PAGE) {
        if (!store_write(c->store, change_page, &ch, err))
            return err_add(err, "task %lld", (long long)task_id);
        changed += ch.changed;
    }
    *ret_changed = changed;
    return true;
}

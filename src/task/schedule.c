#include "task/schedule.h"

#include "codec/json.h"
#include "task/advice.h"
#include "task/plan.h"
#include "task/verbs.h"
#include "task/window.h"
#include <string.h>

enum { CHUNK = 500, BACK_CHUNK = 100, TASKS_PAGE = 100 };

static bool windows_of(struct arena *a, const struct task_row *task, struct window *ret, size_t *ret_count,
                       struct err *err)
{
    const struct json *list = NULL;
    if (!json_parse(a, task->windows, strlen(task->windows), &list, err))
        return err_add(err, "the windows of task \"%s\"", task->name);
    *ret_count = size_min(json_count(list), WINDOWS_MAX);
    for (size_t i = 0; i < *ret_count; i++)
        if (!window_parse(json_str(json_item(list, i), ""), &ret[i], err))
            return false;
    return true;
}

bool schedule_gate(struct arena *a, const struct task_row *task, int64_t now_ms, struct schedule_gate *ret,
                   struct err *err)
{
    const struct zone *zone = NULL;
    struct window windows[WINDOWS_MAX];
    struct window_state state;
    size_t count = 0;
    int64_t from_ms = int64_max(now_ms, task->start_at_ms);
    *ret = (struct schedule_gate){0};
    if (task->paused[0]) {
        ret->waits_for = "resume";
        return true;
    }
    if (from_ms == now_ms && strcmp(task->windows, "[]") == 0)
        return true;
    if (!zone_load(a, task->time_zone, &zone, err) || !windows_of(a, task, windows, &count, err))
        return false;
    windows_at(zone, windows, count, from_ms, &state);
    if (from_ms == now_ms && state.open)
        return true;
    ret->waits_for = from_ms > now_ms ? "time" : "window";
    ret->next_ms = state.open ? from_ms : state.next_ms;
    return true;
}

/* One short commit of the many that a task may need. */
struct advance {
    struct arena *a;
    int64_t task_id, now_ms, checked_wave;
    bool again, more;
};

/* Contradicted: what was served before goes back, and the deployment's journal tells the rest. */
static bool go_back(struct db *db, struct advance *ad, struct err *err)
{
    int64_t *ids = NULL;
    size_t count = 0;
    if (!store_task_contradicted(db, ad->a, ad->task_id, BACK_CHUNK, &ids, &count, err))
        return false;
    size_t begun = 0;
    for (size_t i = 0; i < count; i++) {
        struct deployment_row row;
        if (!store_deployment_load(db, ad->a, ids[i], &row, err))
            return false;
        if (rollback_objection(ad->a, &row, false, ad->now_ms)) /* an expired one, say: that wants a yes */
            continue;
        rollback_begin(&row);
        if (!store_deployment_save(db, &row, NULL, err))
            return false;
        begun++;
    }
    ad->more |= begun > 0;
    ad->again |= begun > 0 && count == BACK_CHUNK;
    return true;
}

static bool withdraw(struct db *db, struct advance *ad, struct err *err)
{
    int64_t changed = 0;
    if (!store_task_withdraw(db, ad->task_id, CHUNK, &changed, err))
        return false;
    ad->again |= changed == CHUNK;
    return changed == 0 || task_roll_up(db, ad->a, ad->task_id, ad->now_ms, err);
}

/* R27: what was fit when the task was submitted may not be any more; the other certificates go on. */
static bool fail_unfit(struct db *db, struct advance *ad, const struct task_row *task, int64_t wave,
                       struct err *err)
{
    int64_t *ids = NULL;
    size_t count = 0;
    struct selection selection;
    if (ad->checked_wave == wave)
        return true;
    ad->checked_wave = wave;
    if (!selection_from_json(ad->a, task->selection, strlen(task->selection), &selection, err) ||
        !store_wave_certificates(db, ad->a, ad->task_id, wave, &ids, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct certificate_row row;
        struct err cause = {0};
        bool there = store_certificate_load(db, ad->a, ids[i], &row, &cause);
        if (!there && cause.kind != ERR_NOT_FOUND) {
            *err = cause;
            return false;
        }
        if (there && plan_certificate_check(&row, selection.allow_expiring, ad->now_ms, &cause))
            continue;
        if (!store_wave_fail(db, ad->task_id, wave, ids[i], &cause, advice_for("", cause.kind, ""), err))
            return false;
    }
    return true;
}

/* Whether the waves before allow this one; where they failed, the task stands still from now on. */
static bool judge(struct db *db, struct advance *ad, struct task_row *task, int64_t wave, bool *ret_go,
                  struct err *err)
{
    bool open = false;
    int64_t total = 0, bad = 0;
    *ret_go = false;
    if (!store_wave_open(db, ad->task_id, wave, &open, err))
        return false;
    if (open)
        return true;
    if (!store_wave_judge(db, ad->task_id, task->judged_wave, wave, &total, &bad, err))
        return false;
    *ret_go = bad == 0;
    if (bad == 0)
        return true;
    task->judged_wave = wave - 1;
    task->paused = arena_printf(ad->a, "wave %lld: %lld of %lld deployments failed or were contradicted",
                                (long long)task->judged_wave, (long long)bad, (long long)total);
    return store_task_update(db, task, err);
}

static bool release(struct db *db, struct advance *ad, struct task_row *task, int64_t wave, struct err *err)
{
    int64_t released = 0;
    struct task_counts counts;
    if (!fail_unfit(db, ad, task, wave, err) ||
        !store_wave_release(db, ad->task_id, wave, CHUNK, &released, err))
        return false;
    ad->more |= released > 0;
    ad->again |= released == CHUNK;
    if (released > 0 && strcmp(task->state, "pending") != 0)
        return true;
    if (released > 0) {
        task->state = "scheduling";
        return store_task_update(db, task, err);
    }
    if (!store_task_count(db, ad->task_id, &counts, err))
        return false;
    ad->again = counts.by_state[DEPLOYMENT_PLANNED] > 0; /* all of this wave failed: what about the next? */
    return task_roll_up(db, ad->a, ad->task_id, ad->now_ms, err);
}

static bool step(struct db *db, void *context, struct err *err)
{
    struct advance *ad = context;
    struct task_row task;
    struct schedule_gate gate;
    int64_t wave = -1;
    bool go = true;
    ad->again = false;
    if (!store_task_load(db, ad->a, ad->task_id, &task, err))
        return false;
    if (!task.submitted_ms)
        return true;
    if (task.rollback_on[0] && !go_back(db, ad, err))
        return false;
    if (!schedule_gate(ad->a, &task, ad->now_ms, &gate, err))
        return false;
    if (gate.waits_for) /* a time that is ahead again, as the clock was set back, takes nothing away */
        return strcmp(gate.waits_for, "time") == 0 || withdraw(db, ad, err);
    if (!store_wave_next(db, ad->task_id, &wave, err))
        return false;
    if (wave > 0 && !judge(db, ad, &task, wave, &go, err))
        return false;
    return wave < 0 || !go || release(db, ad, &task, wave, err);
}

/* Most tasks at most times need nothing: seen by reading, so that a tick costs no commits. */
struct asking {
    struct arena *a;
    int64_t task_id, now_ms;
    bool needed;
};

static bool ask(struct db *db, void *context, struct err *err)
{
    struct asking *as = context;
    struct task_row task;
    struct schedule_gate gate;
    int64_t wave = -1, *ids = NULL;
    size_t count = 0;
    bool held_open = false;
    if (!store_task_load(db, as->a, as->task_id, &task, err))
        return false;
    if (!task.submitted_ms)
        return true;
    if (task.rollback_on[0] && !store_task_contradicted(db, as->a, as->task_id, 1, &ids, &count, err))
        return false;
    if (!schedule_gate(as->a, &task, as->now_ms, &gate, err))
        return false;
    bool shut = gate.waits_for && strcmp(gate.waits_for, "time") != 0;
    if (shut && !store_task_withdrawable(db, as->task_id, &held_open, err))
        return false;
    if (!gate.waits_for && !store_wave_next(db, as->task_id, &wave, err))
        return false;
    as->needed = count > 0 || held_open || wave >= 0;
    return true;
}

bool schedule_advance(struct store *s, int64_t task_id, int64_t now_ms, bool *ret_more, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct asking as = {.a = a, .task_id = task_id, .now_ms = now_ms};
    struct advance ad = {.a = a, .task_id = task_id, .now_ms = now_ms, .checked_wave = -1, .again = true};
    *ret_more = false;
    if (!store_read(s, ask, &as, err))
        return false;
    while (as.needed && ad.again)
        if (!store_write(s, step, &ad, err))
            return err_add(err, "task %lld", (long long)task_id);
    *ret_more = ad.more;
    return true;
}

struct listing {
    struct arena *a;
    int64_t after_id;
    struct task_row *rows;
    size_t count;
};

static bool list(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    return store_task_unfinished(db, l->a, l->after_id, TASKS_PAGE, &l->rows, &l->count, err);
}

bool schedule_tick(struct store *s, int64_t now_ms, bool *ret_more, struct err *err)
{
    struct listing l = {.count = TASKS_PAGE};
    bool ok = true;
    *ret_more = false;
    while (l.count == TASKS_PAGE) {
        cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
        l.a = a;
        if (!store_read(s, list, &l, err))
            return err_add(err, "look for tasks that are due");
        for (size_t i = 0; i < l.count; i++) {
            bool more = false;
            struct err one = {0};
            if (!schedule_advance(s, l.rows[i].id, now_ms, &more, &one) && one.kind != ERR_NOT_FOUND) {
                *err = one; /* one task's trouble holds no other up */
                ok = false;
            }
            *ret_more |= more;
            l.after_id = l.rows[i].id;
        }
    }
    return ok;
}

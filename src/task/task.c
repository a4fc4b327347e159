#include "task/task.h"

#include "base/utf8.h"
#include "codec/json.h"
#include "task/charge.h"
#include "task/contacts.h"
#include "task/plan_load.h"
#include "task/schedule.h"
#include "task/update.h"
#include "task/verbs.h"
#include "task/when.h"
#include <stdlib.h>
#include <string.h>

enum { NAME_OF_CERTIFICATE_BYTES = 40 };

static bool name_check(const char *name, struct err *err)
{
    size_t count = 0, size = strlen(name), step = 1;
    for (size_t at = 0; at < size && step; at += step, count++) {
        step = utf8_size(name + at, size - at);
        if (!step || (unsigned char)name[at] < 0x20 || name[at] == 0x7f)
            return err_set(err, ERR_INPUT, "the task's name holds control characters or is not UTF-8");
    }
    return count <= TASK_NAME_CHARACTERS ||
           err_set(err, ERR_INPUT, "the task's name is longer than %d characters", TASK_NAME_CHARACTERS);
}

static const char *suggest_name(const struct task_context *c, struct arena *a, const char *certificate)
{
    size_t size = size_min(strlen(certificate), NAME_OF_CERTIFICATE_BYTES);
    while (size > 0 && ((unsigned char)certificate[size] & 0xc0) == 0x80)
        size--;
    return arena_printf(a, "%.*s %s", (int)size, certificate,
                        time_format(a, clock_wall_ms(c->clock), "%Y%m%d-%H%M%S"));
}

/* What stays in a plan keeps its id, so that whoever looked at it can go on with it: where nothing new came in between. */
static bool keep_ids(const struct task_view *old, const struct plan *plan, int64_t *ids)
{
    size_t at = 0;
    for (size_t i = 0; i < plan->count; i++, at++) {
        const struct deployment_row *row = &plan->rows[i];
        while (at < old->count && (old->deployments[at].resource_id != row->resource_id ||
                                   old->deployments[at].certificate_id != row->certificate_id ||
                                   strcmp(old->deployments[at].slot, row->slot) != 0))
            at++;
        if (at == old->count)
            return false;
        ids[i] = old->deployments[at].id;
    }
    return true;
}

/* Ids in the order of the plan, so that lists by id keep it. old may be NULL. */
static void own_rows(const struct task_context *c, struct arena *a, const struct task_row *task,
                     const struct task_view *old, struct plan *plan)
{
    int64_t *ids = arena_array(a, int64_t, plan->count);
    bool kept = old && keep_ids(old, plan, ids);
    for (size_t i = 0; !kept && i < plan->count; i++)
        ids[i] = store_new_id(c->store);
    if (plan->count)
        qsort(ids, plan->count, sizeof *ids, int64_compare);
    for (size_t i = 0; i < plan->count; i++) {
        plan->rows[i].id = ids[i];
        plan->rows[i].task_id = task->id;
        plan->rows[i].owner = task->owner;
    }
}

static void count_rows(struct task_view *view)
{
    view->counts = (struct task_counts){.total = (int64_t)view->count};
    for (size_t i = 0; i < view->count; i++) {
        view->counts.by_state[view->deployments[i].state]++;
        view->counts.already_bound += view->deployments[i].already_bound;
    }
    view->label = verbs_label(&view->task, &view->counts);
}

static struct task_view view_of(const struct task_row *task, const struct plan *plan)
{
    struct task_view view = {.task = *task,
                             .deployments = plan->rows,
                             .count = plan->count,
                             .notes = plan->notes,
                             .note_count = plan->note_count};
    count_rows(&view);
    return view;
}

static struct task_row new_task(struct arena *a, const struct task_form *form, const char *name,
                                const struct selection *selection, const struct plan *plan)
{
    return (struct task_row){.owner = form->owner,
                             .name = name,
                             .type = form->type,
                             .start_at_ms = form->start_at_ms,
                             .state = "editing",
                             .selection = selection_to_json(a, selection),
                             .notes = plan_notes_json(a, plan->notes, plan->note_count),
                             .verify = selection->verify,
                             .time_zone = "",
                             .windows = "[]",
                             .waves = "[]",
                             .paused = "",
                             .rollback_on = ""};
}

bool task_plan(const struct task_context *c, struct arena *a, const struct selection *selection,
               const struct certificate_row *given, struct task_view *ret, struct err *err)
{
    struct plan plan;
    struct selection resolved;
    const char *first = NULL;
    if (!contacts_resolve(c, a, selection, &resolved, err) ||
        !plan_of(c, a, &resolved, given, true, &plan, &first, err))
        return false;
    struct task_form form = {.owner = "", .type = ""};
    struct task_row task = new_task(a, &form, suggest_name(c, a, first), &resolved, &plan);
    *ret = view_of(&task, &plan);
    return true;
}

struct storing {
    const struct task_row *task;
    const struct plan *plan;
    struct arena *a;
    const struct selection *selection; /* of a new or changed task; NULL: as it was */
};

static bool add(struct db *db, void *context, struct err *err)
{
    const struct storing *s = context;
    return store_task_add(db, s->task, s->plan->rows, s->plan->count, err) &&
           contacts_keep(db, s->a, s->task->id, s->selection, err);
}

static bool replan(struct db *db, void *context, struct err *err)
{
    const struct storing *s = context;
    return store_task_replan(db, s->task, s->plan->rows, s->plan->count, err) &&
           (!s->selection || contacts_keep(db, s->a, s->task->id, s->selection, err));
}

struct asked_access {
    struct arena *a;
    int64_t id;
    struct access_row row;
};

static bool load_access(struct db *db, void *context, struct err *err)
{
    struct asked_access *asked = context;
    return store_access_load(db, asked->a, asked->id, &asked->row, err);
}

static bool check_access(const struct task_context *c, struct arena *a, int64_t id, struct err *err)
{
    struct asked_access asked = {.a = a, .id = id};
    struct session *session;
    struct identity identity;
    if (!store_read(c->store, load_access, &asked, err))
        return false;
    if (strcmp(asked.row.state, "unchecked") != 0)
        return true;
    if (c->cloud)
        return (cloud_session(c->cloud, id, &session, err) && cloud_check(session, a, &identity, err)) ||
               err_add(err, "access %s has to be checked before a task", asked.row.name);
    return err_set(err, ERR_INPUT, "access %s was never checked: `certferry access check %s`", asked.row.name,
                   asked.row.name);
}

/* R21: no task without a checked access. Who did not check it before has it checked now. */
static bool check_accesses(const struct task_context *c, struct arena *a, const struct plan *plan,
                           struct err *err)
{
    int64_t *seen = arena_array(a, int64_t, plan->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        bool known = false;
        for (size_t j = 0; j < count && !known; j++)
            known = seen[j] == plan->rows[i].access_id;
        if (known)
            continue;
        if (!check_access(c, a, plan->rows[i].access_id, err))
            return false;
        seen[count++] = plan->rows[i].access_id;
    }
    return true;
}

bool task_create_as(const struct task_context *c, struct arena *a, const struct task_form *form,
                    const struct selection *selection, struct task_view *ret, struct err *err)
{
    struct plan plan;
    const char *name = form->name;
    struct selection resolved;
    const char *first = NULL;
    if (!name_check(name, err) || !contacts_resolve(c, a, selection, &resolved, err) ||
        !plan_of(c, a, &resolved, NULL, true, &plan, &first, err) || !check_accesses(c, a, &plan, err))
        return false;
    struct task_row task = new_task(a, form, name[0] ? name : suggest_name(c, a, first), &resolved, &plan);
    task.id = store_new_id(c->store);
    own_rows(c, a, &task, NULL, &plan);
    struct storing s = {&task, &plan, a, &resolved};
    return store_write(c->store, add, &s, err) && verbs_view(c, a, task.id, ret, err);
}

bool task_create(const struct task_context *c, struct arena *a, const char *owner, const char *name,
                 const struct selection *selection, struct task_view *ret, struct err *err)
{
    struct task_form form = {.owner = owner, .name = name, .type = ""};
    return task_create_as(c, a, &form, selection, ret, err);
}

struct finding {
    struct arena *a;
    const char *id_or_name;
    struct task_row row;
};

static bool find(struct db *db, void *context, struct err *err)
{
    struct finding *f = context;
    return store_task_find(db, f->a, f->id_or_name, &f->row, err);
}

bool task_show(const struct task_context *c, struct arena *a, const char *id_or_name, struct task_view *ret,
               struct err *err)
{
    struct finding f = {.a = a, .id_or_name = id_or_name};
    return store_read(c->store, find, &f, err) && verbs_view(c, a, f.row.id, ret, err);
}

static bool same_row(const struct deployment_row *x, const struct deployment_row *y)
{
    return x->certificate_id == y->certificate_id && x->resource_id == y->resource_id &&
           x->state == y->state && x->already_bound == y->already_bound && x->charged == y->charged &&
           strcmp(x->slot, y->slot) == 0 && strcmp(x->names, y->names) == 0 && strcmp(x->old, y->old) == 0 &&
           strcmp(x->holds, y->holds) == 0 && strcmp(x->undo, y->undo) == 0;
}

static bool same_plan(const struct task_view *view, const struct plan *plan, const char *notes)
{
    if (view->count != plan->count || strcmp(view->task.notes, notes) != 0)
        return false;
    for (size_t i = 0; i < view->count; i++)
        if (!same_row(&view->deployments[i], &plan->rows[i]))
            return false;
    return true;
}

bool task_preview(const struct task_context *c, struct arena *a, const char *id_or_name,
                  struct task_view *ret, struct err *err)
{
    struct task_view view;
    struct selection selection;
    struct plan plan;
    const char *first = NULL;
    if (!task_show(c, a, id_or_name, &view, err))
        return false;
    if (strcmp(view.task.state, "editing") != 0) {
        *ret = view;
        return true;
    }
    if (!selection_from_json(a, view.task.selection, strlen(view.task.selection), &selection, err) ||
        !plan_of(c, a, &selection, NULL, false, &plan, &first, err))
        return err_add(err, "task %s", view.task.name);
    const char *notes = plan_notes_json(a, plan.notes, plan.note_count);
    if (same_plan(&view, &plan, notes)) {
        *ret = view;
        return true;
    }
    view.task.notes = notes;
    own_rows(c, a, &view.task, &view, &plan);
    struct storing s = {&view.task, &plan, a, NULL};
    return store_write(c->store, replan, &s, err) && verbs_view(c, a, view.task.id, ret, err);
}

bool task_update(const struct task_context *c, struct arena *a, const char *id_or_name,
                 const struct task_change *change, struct task_view *ret, struct err *err)
{
    struct task_view view;
    struct selection changed, resolved;
    struct plan plan;
    const char *first = NULL;
    if (!task_show(c, a, id_or_name, &view, err))
        return false;
    if (strcmp(view.task.state, "editing") != 0)
        return verbs_conflict(&view.task, "only a task that was not submitted can be changed",
                              "make a new task", err);
    if ((change->name && !name_check(change->name, err)) ||
        !update_selection(a, view.task.selection, change, &changed, err) ||
        !contacts_resolve(c, a, &changed, &resolved, err) ||
        !plan_of(c, a, &resolved, NULL, true, &plan, &first, err) || !check_accesses(c, a, &plan, err))
        return false;
    if (change->name)
        view.task.name = change->name[0] ? change->name : suggest_name(c, a, first);
    view.task.selection = selection_to_json(a, &resolved);
    view.task.notes = plan_notes_json(a, plan.notes, plan.note_count);
    view.task.verify = resolved.verify;
    if (change->start_at_ms)
        view.task.start_at_ms = *change->start_at_ms;
    own_rows(c, a, &view.task, &view, &plan);
    struct storing s = {&view.task, &plan, a, &resolved};
    return store_write(c->store, replan, &s, err) && verbs_view(c, a, view.task.id, ret, err);
}

struct checking {
    struct arena *a;
    const struct task_view *view;
    const struct selection *selection;
    int64_t now_ms;
};

/* What will have expired by the task's time need not wait for it. */
static bool fit_then(const struct checking *ch, const struct certificate_row *row, struct err *err)
{
    int64_t start_ms = ch->view->task.start_at_ms;
    return start_ms <= ch->now_ms || plan_certificate_check(row, true, start_ms, err) ||
           err_add(err, "at the time of the task");
}

/* R27: what was fit when the task was made may not be any more. */
static bool check_fit(struct db *db, void *context, struct err *err)
{
    const struct checking *ch = context;
    int64_t certificate = 0, access = 0; /* the last ones checked: rows come in runs */
    for (size_t i = 0; i < ch->view->count; i++) {
        const struct deployment_row *d = &ch->view->deployments[i];
        struct certificate_row row;
        struct access_row access_row;
        if (d->certificate_id != certificate &&
            (!store_certificate_load(db, ch->a, d->certificate_id, &row, err) ||
             !plan_certificate_check(&row, ch->selection->allow_expiring, ch->now_ms, err) ||
             !fit_then(ch, &row, err)))
            return false;
        if (d->access_id != access && !store_access_load(db, ch->a, d->access_id, &access_row, err))
            return err_add(err, "the access of %s", d->title);
        certificate = d->certificate_id;
        access = d->access_id;
    }
    return charge_check(db, ch->a, ch->view->task.owner, ch->view->deployments, ch->view->count, err);
}

struct assigning {
    const struct deployment_row *rows;
    const int64_t *waves;
    size_t at;
};

static bool assign_wave(void *context, struct deployment_row *row)
{
    struct assigning *as = context;
    while (as->rows[as->at].id <
           row->id) /* both in the order of their ids, and the plan is the one that was seen */
        as->at++;
    if (as->rows[as->at].id != row->id || row->wave == as->waves[as->at])
        return false;
    row->wave = as->waves[as->at];
    return true;
}

static bool assign_waves(const struct task_context *c, struct arena *a, const struct task_view *view,
                         struct err *err)
{
    struct wave_size sizes[WAVES_MAX];
    size_t count = 0, changed = 0;
    if (!when_waves(a, &view->task, sizes, &count, err) || count == 0 || view->count == 0)
        return count == 0 || view->count == 0;
    int64_t *waves = arena_array(a, int64_t, view->count);
    waves_assign(a, view->deployments, view->count, sizes, count, waves);
    struct assigning as = {.rows = view->deployments, .waves = waves};
    return verbs_each(c, view->task.id, assign_wave, &as, &changed, err);
}

struct submitting {
    struct arena *a;
    struct task_row task;
    int64_t now_ms;
};

/* From this commit on the task waits for its release. */
static bool submit(struct db *db, void *context, struct err *err)
{
    struct submitting *s = context;
    struct task_counts counts;
    s->task.state = "pending";
    s->task.submitted_ms = s->now_ms;
    if (!store_task_update(db, &s->task, err) || !store_task_count(db, s->task.id, &counts, err))
        return false;
    return counts.by_state[DEPLOYMENT_PLANNED] > 0 || task_roll_up(db, s->a, s->task.id, s->now_ms, err);
}

static bool load_to_submit(const struct task_context *c, struct arena *a, int64_t task_id,
                           int64_t expected_version, struct task_view *ret, struct err *err)
{
    if (!verbs_view(c, a, task_id, ret, err))
        return false;
    if (strcmp(ret->task.state, "editing") != 0)
        return verbs_conflict(&ret->task, "it was submitted already", "make a new task", err);
    return !expected_version || expected_version == ret->task.version ||
           verbs_conflict(&ret->task, "its plan is another one than was seen", "look at the preview again",
                          err);
}

bool task_submit_when(const struct task_context *c, struct arena *a, int64_t task_id,
                      int64_t expected_version, const struct task_when *when, struct texts *ret_said,
                      struct err *err)
{
    cleanup(arena_free_p) struct arena *plan = arena_new((size_t)512 << 20);
    struct task_view view;
    struct selection selection;
    struct texts said = {0};
    bool more = false;
    int64_t now_ms = clock_wall_ms(c->clock);
    if (!load_to_submit(c, plan, task_id, expected_version, &view, err) ||
        !when_apply(a, when, now_ms, &view.task, &said, err) ||
        !selection_from_json(plan, view.task.selection, strlen(view.task.selection), &selection, err))
        return false;
    struct checking ch = {plan, &view, &selection, now_ms};
    struct submitting s = {plan, view.task, now_ms};
    if (!store_read(c->store, check_fit, &ch, err) ||
        !update_check_current(c, plan, &view, &selection, err) || !assign_waves(c, plan, &view, err) ||
        !store_write(c->store, submit, &s, err) || !schedule_advance(c->store, task_id, now_ms, &more, err))
        return false;
    *ret_said = said;
    return true;
}

bool task_submit(const struct task_context *c, int64_t task_id, int64_t expected_version, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct task_when now = {.at = "", .time_zone = "UTC", .canary = "", .rollback_on = ""};
    struct texts said;
    return task_submit_when(c, a, task_id, expected_version, &now, &said, err);
}

/* What has written goes on to its end, from where it can be rolled back. */
static bool cancel(void *context, struct deployment_row *row)
{
    bool open = row->state == DEPLOYMENT_PLANNED || row->state == DEPLOYMENT_PENDING ||
                row->state == DEPLOYMENT_PROCESSING;
    if (!open || row->writes > 0 || row->write_started_ms)
        return false;
    row->step = STEP_NONE;
    row->state = DEPLOYMENT_CANCELLED;
    row->finished_ms = *(const int64_t *)context;
    return true;
}

bool task_cancel(const struct task_context *c, int64_t task_id, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct task_row task;
    size_t cancelled = 0;
    int64_t now_ms = clock_wall_ms(c->clock);
    if (!verbs_load(c, a, task_id, &task, err))
        return false;
    if (strcmp(task.state, "editing") == 0)
        return verbs_conflict(&task, "it was never submitted", "delete it instead", err);
    if (task_state_is_final(task.state))
        return verbs_conflict(&task, "nothing of it is waiting", "roll it back instead", err);
    return verbs_each(c, task_id, cancel, &now_ms, &cancelled, err) && verbs_roll_up(c, task_id, err);
}

struct chosen {
    const int64_t *ids;
    size_t count;
    int64_t first_wave; /* of those that are retried */
};

/* One that wrote goes on towards the same goal; one that did not begins anew, when the schedule lets it. */
static bool retry(void *context, struct deployment_row *row)
{
    struct chosen *chosen = context;
    bool cancelled = row->state == DEPLOYMENT_CANCELLED && chosen->count > 0;
    if (!verbs_among(chosen->ids, chosen->count, row->id) || (row->state != DEPLOYMENT_ERROR && !cancelled))
        return false;
    verbs_clear_outcome(row);
    row->state = row->writes > 0 ? DEPLOYMENT_PENDING : DEPLOYMENT_PLANNED;
    row->step = row->writes > 0 ? STEP_BIND : STEP_NONE;
    row->writes = row->writes > 0; /* that something was written is kept, how often begins anew */
    row->already_bound = false;
    chosen->first_wave = int64_min(chosen->first_wave, row->wave);
    return true;
}

struct reopening {
    struct arena *a;
    int64_t task_id, first_wave;
};

/* Unfinished before a row says so, so that a crash between the two leaves nothing that nobody looks at. */
static bool reopen(struct db *db, void *context, struct err *err)
{
    const struct reopening *r = context;
    struct task_row task;
    if (!store_task_load(db, r->a, r->task_id, &task, err))
        return false;
    task.state = "processing";
    task.finished_ms = 0;
    return store_task_update(db, &task, err);
}

/* A wave that is tried again is judged again, and no longer the reason to stand still. */
static bool judge_again(struct db *db, void *context, struct err *err)
{
    const struct reopening *r = context;
    struct task_row task;
    if (!store_task_load(db, r->a, r->task_id, &task, err))
        return false;
    task.judged_wave = int64_max(0, int64_min(task.judged_wave, r->first_wave - 1));
    if (strcmp(task.paused, PAUSED_BY_USER) != 0)
        task.paused = "";
    return store_task_update(db, &task, err);
}

bool task_retry(const struct task_context *c, int64_t task_id, const int64_t *deployments, size_t count,
                struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct task_row task;
    struct chosen chosen = {deployments, count, INT64_MAX};
    struct reopening again = {.a = a, .task_id = task_id};
    size_t retried = 0;
    bool more = false;
    if (!verbs_load(c, a, task_id, &task, err))
        return false;
    if (strcmp(task.state, "editing") == 0)
        return verbs_conflict(&task, "nothing of it has run", "submit it", err);
    bool done =
        store_write(c->store, reopen, &again, err) && verbs_each(c, task_id, retry, &chosen, &retried, err);
    again.first_wave = chosen.first_wave;
    if (!done || (retried > 0 && !store_write(c->store, judge_again, &again, err)) ||
        !verbs_roll_up(c, task_id, err))
        return false;
    if (retried == 0)
        return verbs_conflict(&task, "none of these deployments failed", "there is nothing to retry", err);
    return schedule_advance(c->store, task_id, clock_wall_ms(c->clock), &more, err);
}

static bool delete (struct db *db, void *context, struct err *err)
{
    return store_task_delete(db, *(const int64_t *)context, err);
}

bool task_delete(const struct task_context *c, int64_t task_id, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new((size_t)512 << 20);
    struct task_view view;
    if (!verbs_view(c, a, task_id, &view, err))
        return false;
    if (strcmp(view.task.state, "editing") != 0 && !task_is_final(&view.task, &view.counts))
        return verbs_conflict(&view.task, "deployments are waiting or running",
                              "cancel it and wait for them first", err);
    return store_write(c->store, delete, &task_id, err);
}

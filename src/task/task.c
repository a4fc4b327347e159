#include "task/task.h"

#include "base/utf8.h"
#include "codec/json.h"
#include "task/contacts.h"
#include "task/plan_load.h"
#include "task/verbs.h"
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

static int compare_ids(const void *left, const void *right)
{
    int64_t l = *(const int64_t *)left, r = *(const int64_t *)right;
    return (l > r) - (l < r);
}

/* Ids in the order of the plan, so that lists by id keep it. */
static void own_rows(const struct task_context *c, struct arena *a, const struct task_row *task,
                     struct plan *plan)
{
    int64_t *ids = arena_array(a, int64_t, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        ids[i] = store_new_id(c->store);
    if (plan->count)
        qsort(ids, plan->count, sizeof *ids, compare_ids);
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

bool task_plan(const struct task_context *c, struct arena *a, const struct selection *selection,
               const struct certificate_row *given, struct task_view *ret, struct err *err)
{
    struct plan plan;
    struct selection resolved;
    const char *first = NULL;
    if (!contacts_resolve(c, a, selection, &resolved, err) ||
        !plan_of(c, a, &resolved, given, true, &plan, &first, err))
        return false;
    struct task_row task = {.owner = "",
                            .name = suggest_name(c, a, first),
                            .state = "editing",
                            .selection = selection_to_json(a, &resolved),
                            .notes = plan_notes_json(a, plan.notes, plan.note_count),
                            .verify = selection->verify};
    *ret = view_of(&task, &plan);
    return true;
}

struct storing {
    const struct task_row *task;
    const struct plan *plan;
    struct arena *a;
    const struct selection *selection; /* of a new task */
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
    return store_task_replan(db, s->task, s->plan->rows, s->plan->count, err);
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

bool task_create(const struct task_context *c, struct arena *a, const char *owner, const char *name,
                 const struct selection *selection, struct task_view *ret, struct err *err)
{
    struct plan plan;
    struct selection resolved;
    const char *first = NULL;
    if (!name_check(name, err) || !contacts_resolve(c, a, selection, &resolved, err) ||
        !plan_of(c, a, &resolved, NULL, true, &plan, &first, err) || !check_accesses(c, a, &plan, err))
        return false;
    struct task_row task = {.id = store_new_id(c->store),
                            .owner = owner,
                            .name = name[0] ? name : suggest_name(c, a, first),
                            .state = "editing",
                            .selection = selection_to_json(a, &resolved),
                            .notes = plan_notes_json(a, plan.notes, plan.note_count),
                            .verify = selection->verify};
    own_rows(c, a, &task, &plan);
    struct storing s = {&task, &plan, a, &resolved};
    return store_write(c->store, add, &s, err) && verbs_view(c, a, task.id, ret, err);
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
           x->state == y->state && x->already_bound == y->already_bound && strcmp(x->slot, y->slot) == 0 &&
           strcmp(x->names, y->names) == 0 && strcmp(x->old, y->old) == 0 &&
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
    own_rows(c, a, &view.task, &plan);
    struct storing s = {&view.task, &plan, a, NULL};
    return store_write(c->store, replan, &s, err) && verbs_view(c, a, view.task.id, ret, err);
}

static bool conflict(const struct task_row *task, const char *what, const char *instead, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "task \"%s\" is %s: %s; %s", task->name, task->state, what, instead);
}

struct checking {
    struct arena *a;
    const struct task_view *view;
    const struct selection *selection;
    int64_t now_ms;
};

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
             !plan_certificate_check(&row, ch->selection->allow_expiring, ch->now_ms, err)))
            return false;
        if (d->access_id != access && !store_access_load(db, ch->a, d->access_id, &access_row, err))
            return err_add(err, "the access of %s", d->title);
        certificate = d->certificate_id;
        access = d->access_id;
    }
    return true;
}

static bool release(void *context, struct deployment_row *row)
{
    (void)context;
    if (row->state != DEPLOYMENT_PLANNED)
        return false;
    row->state = DEPLOYMENT_PENDING;
    return true;
}

struct submitting {
    struct arena *a;
    struct task_row task;
    int64_t now_ms;
};

/* From this commit on the engine sees the task. */
static bool submit(struct db *db, void *context, struct err *err)
{
    struct submitting *s = context;
    struct task_counts counts;
    s->task.state = "pending";
    s->task.submitted_ms = s->now_ms;
    if (!store_task_update(db, &s->task, err) || !store_task_count(db, s->task.id, &counts, err))
        return false;
    return counts.by_state[DEPLOYMENT_PENDING] > 0 || task_roll_up(db, s->a, s->task.id, s->now_ms, err);
}

bool task_submit(const struct task_context *c, int64_t task_id, int64_t expected_version, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new((size_t)512 << 20);
    struct task_view view;
    struct selection selection;
    size_t released = 0;
    if (!verbs_view(c, a, task_id, &view, err))
        return false;
    if (strcmp(view.task.state, "editing") != 0)
        return conflict(&view.task, "it was submitted already", "make a new task", err);
    if (expected_version && expected_version != view.task.version)
        return conflict(&view.task, "its plan is another one than was seen", "look at the preview again",
                        err);
    if (!selection_from_json(a, view.task.selection, strlen(view.task.selection), &selection, err))
        return false;
    struct checking ch = {a, &view, &selection, clock_wall_ms(c->clock)};
    struct submitting s = {a, view.task, ch.now_ms};
    return store_read(c->store, check_fit, &ch, err) &&
           verbs_each(c, task_id, release, NULL, &released, err) && store_write(c->store, submit, &s, err);
}

/* What has written goes on to its end, from where it can be rolled back. */
static bool cancel(void *context, struct deployment_row *row)
{
    if (row->state != DEPLOYMENT_PENDING || row->writes > 0)
        return false;
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
        return conflict(&task, "it was never submitted", "delete it instead", err);
    if (task_state_is_final(task.state))
        return conflict(&task, "nothing of it is waiting", "roll it back instead", err);
    return verbs_each(c, task_id, cancel, &now_ms, &cancelled, err) && verbs_roll_up(c, task_id, err);
}

struct chosen {
    const int64_t *ids;
    size_t count;
};

/* One that wrote goes on towards the same goal; one that did not begins anew. */
static bool retry(void *context, struct deployment_row *row)
{
    const struct chosen *chosen = context;
    bool cancelled = row->state == DEPLOYMENT_CANCELLED && chosen->count > 0;
    if (!verbs_among(chosen->ids, chosen->count, row->id) || (row->state != DEPLOYMENT_ERROR && !cancelled))
        return false;
    verbs_clear_outcome(row);
    row->state = DEPLOYMENT_PENDING;
    row->step = row->writes > 0 ? STEP_BIND : STEP_NONE;
    row->writes = row->writes > 0; /* that something was written is kept, how often begins anew */
    row->already_bound = false;
    return true;
}

bool task_retry(const struct task_context *c, int64_t task_id, const int64_t *deployments, size_t count,
                struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct task_row task;
    struct chosen chosen = {deployments, count};
    size_t retried = 0;
    if (!verbs_load(c, a, task_id, &task, err))
        return false;
    if (strcmp(task.state, "editing") == 0)
        return conflict(&task, "nothing of it has run", "submit it", err);
    if (!verbs_each(c, task_id, retry, &chosen, &retried, err))
        return false;
    if (retried == 0)
        return conflict(&task, "none of these deployments failed", "there is nothing to retry", err);
    return verbs_roll_up(c, task_id, err);
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
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct task_row task;
    size_t hurried = 0;
    int64_t now_ms = clock_wall_ms(c->clock);
    if (!verbs_load(c, a, task_id, &task, err))
        return false;
    if (strcmp(task.state, "editing") == 0)
        return conflict(&task, "nothing of it has run", "submit it", err);
    return verbs_each(c, task_id, hurry, &now_ms, &hurried, err) && verbs_roll_up(c, task_id, err);
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
        return conflict(&view.task, "deployments are waiting or running", "cancel it and wait for them first",
                        err);
    return store_write(c->store, delete, &task_id, err);
}

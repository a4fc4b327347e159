#include "model/model.h"

#include "store/task.h"

#include <string.h>

#define UNUSED __attribute__((unused))
#define RULE(name) static bool name(UNUSED const struct model *m, struct model_state *s, UNUSED unsigned i)

const char *const model_mistakes[] =
    {"write again at once", "forget at an error",   "no saved binding",  "no lock", "charge at the start",
     "keep the hold",       "upload again at once", "roll back blindly", NULL};

static bool mistaken(const struct model *m, const char *name)
{
    return m->mistake && strcmp(m->mistake, name) == 0;
}

bool model_walking(const struct model_deployment *d)
{
    return d->state == DEPLOYMENT_PROCESSING || d->state == DEPLOYMENT_ROLLBACK;
}

static bool backward(const struct model_deployment *d)
{
    return d->state == DEPLOYMENT_ROLLBACK || d->state == DEPLOYMENT_ROLLBACK_SUCCESS ||
           d->state == DEPLOYMENT_ROLLBACK_ERROR;
}

static uint8_t goal_of(const struct model_deployment *d)
{
    return backward(d) ? VALUE_OLD : VALUE_OURS;
}

static bool may_still_show(const struct model *m, const struct model_deployment *d)
{
    return d->unknown && !d->waited && !mistaken(m, "write again at once");
}

/* Its turn: nothing of its own under way, and under the lock where its step needs that. */
static bool turn(const struct model *m, struct model_state *s, unsigned i, enum deployment_step step)
{
    struct model_deployment *d = &s->d[i];
    if (!model_walking(d) || d->step != step || d->doing)
        return false;
    if (step == STEP_VERIFY || mistaken(m, "no lock"))
        return true;
    if (s->lock && s->lock != i + 1)
        return false;
    s->lock = (uint8_t)(i + 1);
    return true;
}

static void drop(struct model_state *s, unsigned i)
{
    s->lock = s->lock == i + 1 ? 0 : s->lock;
    s->sender = s->sender == i + 1 ? 0 : s->sender;
}

static void release_hold(const struct model *m, struct model_state *s, unsigned i)
{
    if (s->d[i].hold == HOLD_HELD && !mistaken(m, "keep the hold")) {
        s->d[i].hold = HOLD_NONE;
        s->free++;
    }
}

static void end(const struct model *m, struct model_state *s, unsigned i, bool good)
{
    struct model_deployment *d = &s->d[i];
    bool back = d->state == DEPLOYMENT_ROLLBACK;
    bool charged = !back && good && !d->already;
    s->stray |= d->step == STEP_UPLOAD && d->unknown;
    if (charged && d->hold == HOLD_HELD)
        d->hold = HOLD_USED;
    release_hold(m, s, i);
    d->state = back ? (good ? DEPLOYMENT_ROLLBACK_SUCCESS : DEPLOYMENT_ROLLBACK_ERROR)
                    : (good ? DEPLOYMENT_SUCCESS : DEPLOYMENT_ERROR);
    d->step = STEP_NONE;
    if (good || mistaken(m, "forget at an error"))
        d->unknown = d->waited = 0;
    drop(s, i);
}

/* ---- the user ---- */

static bool hold(struct model_state *s, unsigned i)
{
    if (s->d[i].hold == HOLD_USED)
        return true; /* what was charged once is not charged again */
    if (!s->free)
        return false;
    s->free--;
    s->d[i].hold = HOLD_HELD;
    return true;
}

RULE(submit)
{
    if (i || s->task != TASK_EDITING)
        return false;
    s->task = TASK_PENDING;
    for (unsigned k = 0; k < m->deployments; k++) {
        if (!hold(s, k))
            return false; /* too little quota: nothing begins */
        if (mistaken(m, "charge at the start"))
            s->d[k].hold = HOLD_USED;
    }
    return true;
}

/* What has neither written nor is bringing anything. */
static bool untouched(const struct model_deployment *d)
{
    bool open = d->state == DEPLOYMENT_PENDING || d->state == DEPLOYMENT_PROCESSING;
    return (open || d->state == DEPLOYMENT_PLANNED) && !d->writes && !d->unknown && !d->doing;
}

RULE(cancel)
{
    struct model_deployment *d = &s->d[i];
    if (s->task == TASK_EDITING || !untouched(d) || !s->verbs)
        return false;
    s->verbs--;
    d->state = DEPLOYMENT_CANCELLED;
    d->step = STEP_NONE;
    release_hold(m, s, i);
    drop(s, i);
    return true;
}

RULE(retry)
{
    struct model_deployment *d = &s->d[i];
    if (d->state != DEPLOYMENT_ERROR || !s->verbs || !hold(s, i))
        return false;
    s->verbs--;
    d->state = DEPLOYMENT_PENDING;
    d->step = d->writes ? STEP_BIND : STEP_NONE;
    d->writes = d->writes > 0;
    d->already = 0;
    return true;
}

RULE(begin_again)
{
    if (s->d[i].state != DEPLOYMENT_CANCELLED || !s->verbs || !hold(s, i))
        return false;
    s->verbs--;
    s->d[i].state = DEPLOYMENT_PENDING;
    return true;
}

RULE(roll_back)
{
    struct model_deployment *d = &s->d[i];
    bool can = (d->state == DEPLOYMENT_SUCCESS && !d->already) || d->state == DEPLOYMENT_ROLLBACK_ERROR ||
               (d->state == DEPLOYMENT_ERROR && d->writes && d->before);
    if (!can || !s->verbs)
        return false;
    s->verbs--;
    d->state = DEPLOYMENT_ROLLBACK;
    d->step = STEP_SNAPSHOT;
    d->writes = 0;
    return true;
}

RULE(somebody_else_changes)
{
    if (!s->foreign || i >= m->deployments)
        return false;
    s->foreign--;
    s->r[i] = (struct model_resource){VALUE_FOREIGN, s->r[i].shown, 0, s->r[i].extra};
    return true;
}

/* ---- time, windows and waves: what has not written may go and come ---- */

RULE(release)
{
    if (s->task == TASK_EDITING || s->d[i].state != DEPLOYMENT_PLANNED || i >= m->deployments)
        return false;
    s->d[i].state = DEPLOYMENT_PENDING;
    return true;
}

RULE(withdraw)
{
    if (s->d[i].state == DEPLOYMENT_PLANNED || !untouched(&s->d[i]))
        return false;
    s->d[i].state = DEPLOYMENT_PLANNED;
    s->d[i].step = STEP_NONE;
    drop(s, i);
    return true;
}

/* ---- the engine: what it commits after a look, by what was shown ---- */

RULE(begin)
{
    struct model_deployment *d = &s->d[i];
    if (d->state != DEPLOYMENT_PENDING || (s->lock && s->lock != i + 1))
        return false;
    s->lock = (uint8_t)(i + 1);
    d->state = DEPLOYMENT_PROCESSING;
    d->step = d->step == STEP_NONE ? STEP_SNAPSHOT : d->step;
    return true;
}

RULE(snapshot)
{
    struct model_deployment *d = &s->d[i];
    if (d->state != DEPLOYMENT_PROCESSING || !turn(m, s, i, STEP_SNAPSHOT))
        return false;
    if (s->r[i].shown == VALUE_OURS) {
        d->already = 1;
        end(m, s, i, true);
    } else if (s->r[i].shown == VALUE_FOREIGN) {
        end(m, s, i, false);
    } else {
        d->before = mistaken(m, "no saved binding") ? 0 : (uint8_t)(1 + s->r[i].shown);
        d->step = STEP_UPLOAD;
    }
    return true;
}

RULE(snapshot_of_the_way_back)
{
    struct model_deployment *d = &s->d[i];
    if (d->state != DEPLOYMENT_ROLLBACK || !turn(m, s, i, STEP_SNAPSHOT))
        return false;
    if (d->unknown && !d->waited && !mistaken(m, "roll back blindly"))
        return false;
    d->unknown = d->waited = 0;
    if (s->r[i].shown == VALUE_FOREIGN)
        end(m, s, i, false);
    else
        d->step = STEP_BIND;
    return true;
}

static void to_bind(struct model_state *s, unsigned i)
{
    s->d[i].step = STEP_BIND;
    s->d[i].unknown = s->d[i].waited = 0;
    s->sender = s->sender == i + 1 ? 0 : s->sender;
}

RULE(copy_is_known)
{
    if (!s->known || !turn(m, s, i, STEP_UPLOAD))
        return false;
    to_bind(s, i);
    return true;
}

RULE(announce_upload)
{
    struct model_deployment *d = &s->d[i];
    bool waits = d->unknown && !d->waited && !mistaken(m, "upload again at once");
    if (s->known || waits || (s->sender && s->sender != i + 1) || !turn(m, s, i, STEP_UPLOAD))
        return false;
    s->sender = (uint8_t)(i + 1);
    d->unknown = 1;
    d->waited = 0;
    d->doing = DOING_UPLOAD;
    return true;
}

RULE(commit_upload)
{
    struct model_deployment *d = &s->d[i];
    if (d->doing != DOING_UPLOADED)
        return false;
    d->doing = DOING_NOTHING;
    s->known = 1;
    to_bind(s, i);
    return true;
}

RULE(look_before_the_write)
{
    struct model_deployment *d = &s->d[i];
    uint8_t shown = s->r[i].shown;
    if (!turn(m, s, i, STEP_BIND))
        return false;
    if (shown == goal_of(d) && !d->writes && d->state == DEPLOYMENT_PROCESSING) {
        d->already = 1;
        end(m, s, i, true);
    } else if (shown == goal_of(d)) {
        d->step = STEP_VERIFY;
        d->unknown = d->waited = 0;
        drop(s, i);
    } else if (may_still_show(m, d)) {
        return false;
    } else if (shown == VALUE_FOREIGN) {
        end(m, s, i, false);
    } else {
        d->writes = d->writes < MODEL_WRITES ? d->writes + 1 : MODEL_WRITES;
        d->unknown = 1;
        d->waited = 0;
        d->doing = DOING_WRITE;
    }
    return true;
}

RULE(commit_write)
{
    struct model_deployment *d = &s->d[i];
    if (d->doing != DOING_WRITTEN)
        return false;
    d->doing = DOING_NOTHING;
    d->step = STEP_SETTLE;
    return true;
}

RULE(settle)
{
    struct model_deployment *d = &s->d[i];
    uint8_t shown = s->r[i].shown;
    if (!turn(m, s, i, STEP_SETTLE))
        return false;
    if (shown == goal_of(d)) {
        d->step = STEP_VERIFY;
        d->unknown = d->waited = 0;
        drop(s, i);
    } else if (may_still_show(m, d)) {
        return false;
    } else if (shown == VALUE_FOREIGN) {
        end(m, s, i, false);
    } else {
        d->step = STEP_BIND;
    }
    return true;
}

RULE(verified)
{
    if (!turn(m, s, i, STEP_VERIFY))
        return false;
    end(m, s, i, true);
    return true;
}

RULE(contradicted)
{
    if (!turn(m, s, i, STEP_VERIFY))
        return false;
    end(m, s, i, false);
    return true;
}

/* A look that is refused for good: no permission, a resource that is gone. */
RULE(look_refused)
{
    struct model_deployment *d = &s->d[i];
    if (!model_walking(d) || d->doing || d->step == STEP_VERIFY || !turn(m, s, i, d->step))
        return false;
    end(m, s, i, false);
    return true;
}

RULE(roll_up)
{
    unsigned open = 0, failed = 0, cancelled = 0;
    if (i || s->task == TASK_EDITING)
        return false;
    for (unsigned k = 0; k < m->deployments; k++) {
        open += s->d[k].state == DEPLOYMENT_PENDING || s->d[k].state == DEPLOYMENT_PROCESSING ||
                s->d[k].state == DEPLOYMENT_PLANNED;
        failed += s->d[k].state == DEPLOYMENT_ERROR;
        cancelled += s->d[k].state == DEPLOYMENT_CANCELLED;
    }
    uint8_t task = open ? TASK_PROCESSING : failed ? TASK_ERROR : cancelled ? TASK_CANCELLED : TASK_SUCCESS;
    if (task == s->task)
        return false;
    s->task = task;
    return true;
}

/* ---- the cloud ---- */

static void change(struct model_state *s, unsigned i)
{
    struct model_resource *r = &s->r[i];
    uint8_t goal = goal_of(&s->d[i]);
    if (r->now == goal)
        r->extra = 1;
    r->now = goal;
}

RULE(write_done)
{
    if (s->d[i].doing != DOING_WRITE)
        return false;
    change(s, i);
    s->d[i].doing = DOING_WRITTEN;
    return true;
}

/* A vendor that compares with what was bound before. */
RULE(write_misses)
{
    if (s->d[i].doing != DOING_WRITE || s->r[i].now != VALUE_FOREIGN)
        return false;
    s->d[i].doing = DOING_WRITTEN;
    return true;
}

RULE(write_done_and_the_answer_lost)
{
    if (s->d[i].doing != DOING_WRITE)
        return false;
    change(s, i);
    s->d[i].doing = DOING_NOTHING;
    return true;
}

RULE(write_lost)
{
    if (s->d[i].doing != DOING_WRITE)
        return false;
    s->d[i].doing = DOING_NOTHING;
    return true;
}

RULE(write_throttled)
{
    if (s->d[i].doing != DOING_WRITE)
        return false;
    s->d[i].doing = DOING_REFUSED;
    return true;
}

/* It surely changed nothing: the journal says so, and it is tried again. */
RULE(commit_refusal)
{
    if (s->d[i].doing != DOING_REFUSED)
        return false;
    s->d[i].doing = DOING_NOTHING;
    s->d[i].unknown = s->d[i].waited = 0;
    return true;
}

RULE(commit_refusal_for_good)
{
    if (s->d[i].doing != DOING_REFUSED)
        return false;
    s->d[i].doing = DOING_NOTHING;
    s->d[i].unknown = s->d[i].waited = 0;
    end(m, s, i, false);
    return true;
}

static void bring(struct model_state *s)
{
    s->uploads = (uint8_t)(s->uploads + (s->copy != COPY_SHOWN &&
                                         s->uploads < 2)); /* what is not shown is not found again */
    s->copy = s->copy == COPY_SHOWN ? COPY_SHOWN : COPY_THERE;
}

RULE(upload_done)
{
    if (s->d[i].doing != DOING_UPLOAD)
        return false;
    bring(s);
    s->d[i].doing = DOING_UPLOADED;
    return true;
}

RULE(upload_done_and_the_answer_lost)
{
    if (s->d[i].doing != DOING_UPLOAD)
        return false;
    bring(s);
    s->d[i].doing = DOING_NOTHING;
    return true;
}

RULE(upload_lost)
{
    if (s->d[i].doing != DOING_UPLOAD)
        return false;
    s->d[i].doing = DOING_NOTHING;
    return true;
}

RULE(upload_refused)
{
    if (s->d[i].doing != DOING_UPLOAD)
        return false;
    s->d[i].doing = DOING_REFUSED;
    return true;
}

RULE(change_shows)
{
    if (s->r[i].shown == s->r[i].now)
        return false;
    s->r[i].shown = s->r[i].now;
    return true;
}

RULE(copy_shows)
{
    if (i || s->copy != COPY_THERE)
        return false;
    s->copy = COPY_SHOWN;
    return true;
}

/* Within consistency_ms every change of ours shows, the vendors' promise on which all rests; who else changed it, and when,
 * nobody knows.
 */
RULE(time_goes_by)
{
    bool shows = s->r[i].shown == s->r[i].now || s->r[i].now == VALUE_FOREIGN;
    if (!s->d[i].unknown || s->d[i].waited || s->d[i].doing || !shows || s->copy == COPY_THERE)
        return false;
    s->d[i].waited = 1;
    return true;
}

RULE(crash)
{
    if (i)
        return false;
    s->lock = s->sender = 0;
    for (unsigned k = 0; k < m->deployments; k++) {
        const struct model_deployment *d = &s->d[k];
        s->d[k].doing = DOING_NOTHING;
        if (model_walking(d) && d->step >= STEP_UPLOAD && d->step <= STEP_SETTLE && !s->lock)
            s->lock = (uint8_t)(k + 1);
        if (model_walking(d) && d->step == STEP_UPLOAD && d->unknown && !s->sender)
            s->sender = (uint8_t)(k + 1);
    }
    return true;
}

/* For a deployment that is looked at alone: what its neighbours do to it. */
RULE(another_brings_the_certificate)
{
    if (!m->alone || s->known || s->sender)
        return false;
    s->copy = COPY_SHOWN;
    s->known = 1;
    return true;
}

#define R(rule)                                                                                              \
    {                                                                                                        \
#rule, false, rule                                                                                   \
    }
#define USER(rule)                                                                                           \
    {                                                                                                        \
#rule, true, rule                                                                                    \
    }
const struct model_rule model_rules[] = {
    USER(submit),
    USER(cancel),
    USER(retry),
    USER(begin_again),
    USER(roll_back),
    USER(somebody_else_changes),
    R(release),
    R(withdraw),
    R(begin),
    R(snapshot),
    R(snapshot_of_the_way_back),
    R(copy_is_known),
    R(announce_upload),
    R(commit_upload),
    R(look_before_the_write),
    R(commit_write),
    R(settle),
    R(verified),
    R(contradicted),
    R(look_refused),
    R(roll_up),
    R(write_done),
    R(write_misses),
    R(write_done_and_the_answer_lost),
    R(write_lost),
    R(write_throttled),
    R(commit_refusal),
    R(commit_refusal_for_good),
    R(upload_done),
    R(upload_done_and_the_answer_lost),
    R(upload_lost),
    R(upload_refused),
    R(change_shows),
    R(copy_shows),
    R(time_goes_by),
    R(crash),
    R(another_brings_the_certificate),
};
const size_t model_rule_count = sizeof model_rules / sizeof *model_rules;

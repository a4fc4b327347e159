/* Where the model begins, and what must hold in every state. */
#include "model/model.h"

#include "store/task.h"

#include <string.h>

struct model_state model_begin(const struct model *m)
{
    struct model_state s;
    memset(&s, 0, sizeof s);
    s.free = (uint8_t)m->quota;
    s.foreign = (uint8_t)m->foreign;
    s.verbs = (uint8_t)m->verbs;
    return s;
}

static const char *broken_quota(const struct model *m, const struct model_state *s)
{
    unsigned sum = s->free;
    for (unsigned i = 0; i < m->deployments; i++) {
        const struct model_deployment *d = &s->d[i];
        bool open = d->state == DEPLOYMENT_PENDING || d->state == DEPLOYMENT_PROCESSING ||
                    (d->state == DEPLOYMENT_PLANNED && s->task != TASK_EDITING);
        sum += d->hold != HOLD_NONE;
        if (d->hold == HOLD_HELD && !open)
            return "quota is held by what is not under way";
        if (d->hold == HOLD_NONE && (open || (d->state == DEPLOYMENT_SUCCESS && !d->already)))
            return "something goes on without quota";
        if (d->hold == HOLD_USED && !d->before)
            return "quota is charged before anything could be changed";
    }
    return sum == m->quota ? NULL : "quota was lost or made";
}

static const char *broken_writes(const struct model *m, const struct model_state *s)
{
    unsigned writing = 0;
    for (unsigned i = 0; i < m->deployments; i++) {
        const struct model_deployment *d = &s->d[i];
        bool sent = d->doing == DOING_WRITE || d->doing == DOING_WRITTEN;
        writing += sent || (model_walking(d) && d->writes && d->step >= STEP_BIND && d->step <= STEP_SETTLE);
        if (s->r[i].extra)
            return "a slot was changed twice";
        if (sent && !d->before)
            return "a write without a saved binding";
        if (d->before && d->before != 1 + VALUE_OLD)
            return "the saved binding is not what was there";
    }
    if (writing > 1)
        return "two writes under one lock";
    return s->uploads > 1 && !s->stray ? "the certificate was brought twice" : NULL;
}

/* Where nobody else changed anything, what the store calls done is what the cloud holds. */
static const char *broken_ends(const struct model *m, const struct model_state *s)
{
    for (unsigned i = 0; i < m->deployments; i++) {
        const struct model_deployment *d = &s->d[i];
        if (s->foreign < m->foreign)
            continue;
        if (d->state == DEPLOYMENT_SUCCESS && s->r[i].now != VALUE_OURS)
            return "success, and the edge serves another one";
        if (d->state == DEPLOYMENT_ROLLBACK_SUCCESS && s->r[i].now != VALUE_OLD)
            return "rolled back, and the edge serves another one";
        if ((d->state == DEPLOYMENT_PLANNED || d->state == DEPLOYMENT_CANCELLED) && s->r[i].now != VALUE_OLD)
            return "never begun, and the edge serves another one";
    }
    return NULL;
}

const char *model_broken(const struct model *m, const struct model_state *s)
{
    const char *text = broken_quota(m, s);
    text = text ? text : broken_writes(m, s);
    return text ? text : broken_ends(m, s);
}

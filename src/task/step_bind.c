/* Changes the slot, one write at a time, and waits until the cloud shows it.
 *
 * Each write is in the journal (writes, write_started_ms) before it is sent. Nothing is written while an earlier write may
 * still show: until what is left has shrunk, or consistency_ms have passed since it was sent.
 */
#include "task/engine_private.h"
#include <string.h>

/* How many refs have yet to come or go. */
static size_t remaining(const struct binding *now, const struct change *change)
{
    size_t left = 0;
    for (size_t i = 0; i < change->add_count; i++)
        left += !binding_holds(now, change->slot, change->add[i]);
    for (size_t i = 0; i < change->remove_count; i++)
        left += binding_holds(now, change->slot, change->remove[i]);
    return left;
}

static bool overdue(const struct turn *t)
{
    return turn_waited_ms(t) >= t->product->settle_ms + t->product->consistency_ms;
}

static enum outcome fail_overdue(struct turn *t)
{
    (void)err_set(&t->err, ERR_TIMEOUT, "%s did not become ready within %lld s", t->row.title,
                  (long long)t->product->settle_ms / 1000);
    return turn_fail(t, &t->err);
}

static enum outcome fail_foreign(struct turn *t, const struct binding *now)
{
    const struct bound *found = binding_slot(now, t->row.slot);
    const char *planned = t->change.remove_count ? t->change.remove[0] : "nothing";
    (void)err_set(&t->err, ERR_CONFLICT,
                  "planned to replace %s, found %s: somebody else changed it, nothing more was written",
                  planned,
                  !found          ? "nothing"
                  : found->ref[0] ? found->ref
                                  : found->name);
    t->err.transient = false;
    return turn_fail(t, &t->err);
}

static enum outcome settled(struct turn *t, const struct binding *now)
{
    if (!t->back && t->row.writes == 0) {
        t->row.already_bound = true; /* known by its id only after the upload had found it */
        return turn_succeed(t, "", "");
    }
    t->row.write_started_ms = 0;
    return turn_settled(t, now, &t->err) ? turn_next(t, STEP_VERIFY) : OUTCOME_FAILED;
}

static bool restore(struct turn *t, const struct binding *now, struct err *err)
{
    struct binding before;
    struct change ours = change_reverse(t->a, &t->change);
    return turn_before(t, &before, err) && product_restore(&t->job, &t->resource, now, &before, &ours, err);
}

static enum outcome write_once(struct turn *t, const struct binding *now)
{
    struct material m;
    enum outcome outcome = OUTCOME_ON;
    if (!t->back && !turn_material(t, &m, &t->err))
        return OUTCOME_FAILED;
    if (t->item->writes >= WRITES_MAX) { /* not row.writes: some may have died before they were sent */
        (void)err_set(&t->err, ERR_VENDOR, "%d writes did not bring %s to its goal", WRITES_MAX,
                      t->row.title);
        return turn_fail(t, &t->err);
    }
    t->row.writes++;
    t->row.write_started_ms = turn_now(t);
    if (!turn_commit(t, &outcome))
        return outcome;
    t->item->writes++;
    t->item->remaining = remaining(now, &t->change);
    t->job.pause_ms = 0;
    bool done = t->back ? restore(t, now, &t->err)
                        : product_bind(&t->job, &t->resource, now, &t->change, &m, &t->err);
    if (!done && turn_surely_nothing(&t->err))
        t->row.write_started_ms = 0;
    if (!done) {
        (void)err_add(&t->err, "%s %s", t->back ? "restore" : "bind", t->row.title);
        return OUTCOME_FAILED;
    }
    outcome = turn_next(t, STEP_SETTLE);
    if (outcome != OUTCOME_ON || t->job.pause_ms <= 0)
        return outcome;
    t->again_at_ms = turn_now(t) + t->job.pause_ms;
    return OUTCOME_LATER;
}

/* Under the lock since the snapshot, what it saw a moment ago needs no second look before the first write. */
static bool read_or_recall(struct turn *t, struct binding *ret)
{
    int64_t age_ms = turn_now(t) - t->seen_ms;
    bool recall = t->seen_ms && t->row.writes == 0 && age_ms >= 0 && age_ms <= SEEN_MOST_MS;
    if (recall)
        *ret = t->seen;
    t->seen_ms = 0;
    return recall || turn_read(t, ret);
}

enum outcome step_bind(struct turn *t)
{
    struct binding now;
    if (!read_or_recall(t, &now))
        return OUTCOME_FAILED;
    if (!now.ready)
        return overdue(t) ? fail_overdue(t) : turn_poll(t, t->product->poll_ms);
    switch (change_progress(&now, &t->change)) {
    case CHANGE_DONE:
        return settled(t, &now);
    case CHANGE_FOREIGN:
        return turn_may_still_show(t) ? turn_poll(t, t->product->poll_ms) : fail_foreign(t, &now);
    case CHANGE_OPEN:
        if (turn_may_still_show(t) &&
            !(t->item->remaining && remaining(&now, &t->change) < t->item->remaining))
            return turn_poll(t, t->product->poll_ms);
        return write_once(t, &now);
    }
    return OUTCOME_FAILED;
}

enum outcome step_settle(struct turn *t)
{
    struct binding now;
    if (!turn_read(t, &now))
        return OUTCOME_FAILED;
    enum change_progress progress = change_progress(&now, &t->change);
    if (now.failed && !turn_may_still_show(t) && progress != CHANGE_DONE) {
        (void)err_set(&t->err, ERR_VENDOR, "the cloud gave the change up: %s", now.failed);
        return turn_fail(t, &t->err);
    }
    if (!now.ready)
        return overdue(t) ? fail_overdue(t) : turn_poll(t, t->product->poll_ms);
    if (progress == CHANGE_DONE)
        return settled(t, &now);
    bool shows = t->item->remaining && remaining(&now, &t->change) < t->item->remaining;
    if (turn_may_still_show(t) && !shows)
        return turn_poll(t, t->product->poll_ms);
    if (progress == CHANGE_FOREIGN)
        return fail_foreign(t, &now);
    return turn_next(t, STEP_BIND);
}

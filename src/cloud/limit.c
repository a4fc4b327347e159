#include "cloud/limit.h"

/* Refusals that have nothing to do with our rate must not bring it to a standstill: it stays at one a second, or at a
 * tenth of what is allowed where that is less.
 */
static const double unpublished = 10.0, slowest = 1.0, slowest_share = 0.1;
static const double forget = 0.01, unrelated_share = 0.1, step = 0.95;
static const double untried = 400, untried_calls = 30;
static const double at_once =
    10; /* what a new bucket may be asked for at once, and the least that is measured */

struct limit limit_new(double published, double replaced, int64_t now_ms)
{
    double figure = published > 0 ? published : unpublished;
    double most = replaced > 0 ? replaced : published > 0 ? figure * 0.8 : unpublished;
    double rate = replaced > 0 ? replaced : figure * 0.5;
    double burst = rate > 1 ? rate : 1;
    return (struct limit){.rate = rate,
                          .most = most,
                          .tokens = burst < at_once ? burst : at_once,
                          .filled_ms = now_ms,
                          .stretch.from_ms = now_ms,
                          .accepted_ms = now_ms,
                          .quiet_until_ms = INT64_MIN / 2,
                          .lowered_ms = INT64_MIN / 2,
                          .void_ms = INT64_MIN / 2};
}

/* A figure may be far above what the cloud takes, and what is under way when it first refuses is refused, too: so the first
 * calls do not go faster than untried.
 */
static double pace(const struct limit *l)
{
    bool tried = l->knowledge != LIMIT_UNKNOWN || l->stretch.accepted >= untried_calls;
    return tried || l->rate < untried ? l->rate : untried;
}

static void fill(struct limit *l, int64_t now_ms)
{
    if (now_ms <= l->filled_ms)
        return;
    double burst = l->rate > 1 ? l->rate : 1;
    l->tokens += pace(l) * (double)(now_ms - l->filled_ms) / 1000.0;
    if (l->tokens > burst)
        l->tokens = burst;
    l->filled_ms = now_ms;
}

int64_t limit_take(struct limit *l, int64_t now_ms, int64_t patience_ms, int64_t *ret_retry_ms)
{
    fill(l, now_ms);
    double missing = 1.0 - l->tokens;
    int64_t wait_ms = missing > 0 ? (int64_t)(missing * 1000.0 / pace(l)) + 1 : 0;
    wait_ms = int64_max(wait_ms, l->quiet_until_ms - now_ms);
    if (wait_ms > patience_ms) {
        *ret_retry_ms = wait_ms;
        return -1;
    }
    l->tokens -= 1.0;
    return wait_ms;
}

/* Counts what the cloud accepted. After a second without a call its own bucket may be full again: a new stretch begins. */
static void count_accepted(struct limit *l, int64_t now_ms)
{
    if (now_ms - l->accepted_ms >= 1000)
        l->stretch = (struct stretch){.from_ms = now_ms};
    l->accepted_ms = now_ms;
    l->stretch.accepted += 1;
}

static double gain_of(const struct limit *l, double known)
{
    if (l->knowledge == LIMIT_MEASURED)
        return 0.003;
    return l->rate >= known ? 0.0005 : l->knowledge == LIMIT_UNKNOWN ? 0.1 : 0.05;
}

void limit_accepted(struct limit *l, int64_t now_ms)
{
    fill(l, now_ms);
    count_accepted(l, now_ms);
    l->refused -= l->refused * forget;
    double known = l->ceiling > 0 ? l->ceiling * 0.98 : l->most;
    double rate = l->rate * (1.0 + gain_of(l, known) / (l->rate > 1 ? l->rate : 1));
    if (l->rate < known && rate > known)
        rate = known;
    l->rate = rate < l->most ? rate : l->most;
}

/* What the cloud gives, now that its bucket is empty: what it accepted in this stretch, of which a second's worth may have
 * been in the bucket before. 0: too little is known. Few calls say nothing of rates below at_once.
 */
static double given_rate(const struct limit *l, int64_t now_ms)
{
    double seconds = (double)(now_ms - l->stretch.from_ms) / 1000.0 + (l->stretch.from_empty ? 0 : 1);
    double given = seconds < 1 ? 0 : l->stretch.accepted / seconds;
    return given > 0 && given < at_once ? at_once : given;
}

/* Else little was accepted because little was asked for. Who begins may not come near a rate that is far too high. */
static bool all_was_asked_for(const struct limit *l, int64_t now_ms)
{
    bool young = now_ms - l->stretch.from_ms < 2000 && l->stretch.accepted >= at_once;
    return l->tokens < 1 || young;
}

/* Lowers the rate after a refusal: to what the cloud was seen to give, where all of the rate was asked for and that is less
 * than the step; else by the step. Says whether the rate was far too high.
 */
static bool fall(struct limit *l, double given, bool again, bool unrelated)
{
    double before = l->rate;
    bool far = given > 0 && given < before * (given > at_once ? step : 0.5);
    bool halve = again && l->knowledge == LIMIT_REFUSED && !unrelated;
    l->rate = far ? given : halve ? before * 0.5 : before * step;
    l->ceiling = unrelated || far ? 0 : before; /* what is given is a rate to fall to, not one refused */
    l->knowledge = !far || given <= at_once ? LIMIT_REFUSED
                   : l->stretch.from_empty  ? LIMIT_MEASURED
                                            : LIMIT_GUESSED;
    double least = l->most * slowest_share < slowest ? l->most * slowest_share : slowest;
    if (l->rate < least)
        l->rate = least;
    return far;
}

void limit_refused(struct limit *l, int64_t taken_ms, int64_t now_ms, int64_t retry_after_ms)
{
    fill(l, now_ms);
    bool paused = now_ms <= l->quiet_until_ms, asked = all_was_asked_for(l, now_ms);
    if (l->tokens > 0)
        l->tokens = 0;
    if (retry_after_ms > 0)
        l->quiet_until_ms = int64_max(l->quiet_until_ms, now_ms + retry_after_ms);
    if (taken_ms <= l->lowered_ms)
        return;
    l->refused += (1.0 - l->refused) * forget;
    bool again = now_ms - l->lowered_ms <= 1000, unrelated = l->refused > unrelated_share;
    if (unrelated && again)
        return;
    double given = asked && !paused && !unrelated ? given_rate(l, now_ms) : 0;
    bool far = fall(l, given, again, unrelated);
    l->lowered_ms = now_ms;
    if (given > 0 || !l->stretch.from_empty)
        l->stretch = (struct stretch){.from_ms = now_ms, .from_empty = true};
    if (!far)
        return;
    l->void_ms = now_ms; /* who has not sent yet takes its turn anew */
    l->tokens = 0;
}

bool limit_is_void(const struct limit *l, int64_t taken_ms)
{
    return taken_ms < l->void_ms;
}

#include "cloud/limit.h"

/* Refusals that have nothing to do with our rate must not bring it to a standstill: it stays at one a second, or at a
 * tenth of what is allowed where that is less.
 */
static const double unpublished = 10.0, slowest = 1.0, slowest_share = 0.1;
static const double forget = 0.01, unrelated_share = 0.1;
static const double at_once =
    10; /* what a new bucket may be asked for at once, and the least that is measured */
static const double far_above = 0.6;

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
                          .second_ms = now_ms,
                          .quiet_until_ms = INT64_MIN / 2,
                          .lowered_ms = INT64_MIN / 2,
                          .void_ms = INT64_MIN / 2};
}

static void fill(struct limit *l, int64_t now_ms)
{
    if (now_ms <= l->filled_ms)
        return;
    double burst = l->rate > 1 ? l->rate : 1;
    l->tokens += l->rate * (double)(now_ms - l->filled_ms) / 1000.0;
    if (l->tokens > burst)
        l->tokens = burst;
    l->filled_ms = now_ms;
}

int64_t limit_take(struct limit *l, int64_t now_ms, int64_t patience_ms, int64_t *ret_retry_ms)
{
    fill(l, now_ms);
    double missing = 1.0 - l->tokens;
    int64_t wait_ms = missing > 0 ? (int64_t)(missing * 1000.0 / l->rate) + 1 : 0;
    wait_ms = int64_max(wait_ms, l->quiet_until_ms - now_ms);
    if (wait_ms > patience_ms) {
        *ret_retry_ms = wait_ms;
        return -1;
    }
    l->tokens -= 1.0;
    return wait_ms;
}

static void count_seconds(struct limit *l, int64_t now_ms)
{
    int64_t past_ms = now_ms - l->second_ms;
    if (past_ms < 1000)
        return;
    l->accepted_before = past_ms < 2000 ? l->accepted : 0;
    l->accepted = 0;
    l->second_ms += past_ms / 1000 * 1000;
}

/* What was accepted in the second that ends now: of the second before the current one, its share. */
static double accepted_lately(const struct limit *l, int64_t now_ms)
{
    double share = 1.0 - (double)(now_ms - l->second_ms) / 1000.0;
    return l->accepted + l->accepted_before * share;
}

/* Below 98 % of the ceiling a second's worth of accepted calls gains 5 %; beyond it, 0.05 %. */
void limit_accepted(struct limit *l, int64_t now_ms)
{
    fill(l, now_ms);
    count_seconds(l, now_ms);
    l->accepted += 1;
    l->refused -= l->refused * forget;
    double known = l->ceiling > 0 ? l->ceiling * 0.98 : l->most;
    double gain = l->rate < known ? 0.05 : 0.0005;
    double rate = l->rate * (1.0 + gain / (l->rate > 1 ? l->rate : 1));
    if (l->rate < known && rate > known)
        rate = known;
    l->rate = rate < l->most ? rate : l->most;
}

/* The rate to fall from. Far above what the cloud takes, that is what came through, if all of the rate was asked for:
 * not where tokens were left, nor just after a pause.
 */
static double reached_rate(const struct limit *l, bool dry, int64_t now_ms)
{
    double measured = accepted_lately(l, now_ms);
    if (measured < at_once)
        measured = at_once;
    bool paused = now_ms - int64_max(l->lowered_ms, l->quiet_until_ms) <= 1000;
    return dry && !paused && measured < l->rate * far_above ? measured : l->rate;
}

void limit_refused(struct limit *l, int64_t taken_ms, int64_t now_ms, int64_t retry_after_ms)
{
    fill(l, now_ms);
    count_seconds(l, now_ms);
    bool dry = l->tokens < 1;
    if (l->tokens > 0)
        l->tokens = 0;
    double rate = reached_rate(l, dry, now_ms);
    if (retry_after_ms > 0)
        l->quiet_until_ms = int64_max(l->quiet_until_ms, now_ms + retry_after_ms);
    if (taken_ms <= l->lowered_ms)
        return;
    l->refused += (1.0 - l->refused) * forget;
    bool again = now_ms - l->lowered_ms <= 1000, unrelated = l->refused > unrelated_share;
    if (unrelated && again)
        return;
    bool far = !unrelated && rate < l->rate;
    l->ceiling = unrelated || far ? 0 : l->rate; /* what came through is a rate to fall to, not one refused */
    l->rate = again ? l->rate * 0.5 : unrelated ? l->rate * 0.95 : rate * 0.95;
    double least = l->most * slowest_share < slowest ? l->most * slowest_share : slowest;
    if (l->rate < least)
        l->rate = least;
    l->lowered_ms = now_ms;
    if (!far)
        return;
    l->void_ms = now_ms; /* who has not sent yet takes its turn anew */
    l->tokens = 0;
}

bool limit_is_void(const struct limit *l, int64_t taken_ms)
{
    return taken_ms < l->void_ms;
}

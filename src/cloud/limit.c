#include "cloud/limit.h"

/* Refusals that have nothing to do with our rate must not bring it to a standstill: it stays at one a second, or at a
 * tenth of what is allowed where that is less.
 */
static const double unpublished = 10.0, slowest = 1.0, slowest_share = 0.1;
static const double forget = 0.01, unrelated_share = 0.1;

struct limit limit_new(double published, double replaced, int64_t now_ms)
{
    double figure = published > 0 ? published : unpublished;
    double most = replaced > 0 ? replaced : published > 0 ? figure * 0.8 : unpublished;
    double rate = replaced > 0 ? replaced : figure * 0.5;
    double burst = rate > 1 ? rate : 1;
    return (struct limit){.rate = rate,
                          .most = most,
                          .tokens = burst,
                          .filled_ms = now_ms,
                          .lowered_ms = INT64_MIN / 2};
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

/* Below 98 % of the ceiling a second's worth of accepted calls gains 5 %; beyond it, 0.05 %. */
void limit_accepted(struct limit *l, int64_t now_ms)
{
    fill(l, now_ms);
    l->refused -= l->refused * forget;
    double known = l->ceiling > 0 ? l->ceiling * 0.98 : l->most;
    double gain = l->rate < known ? 0.05 : 0.0005;
    double rate = l->rate * (1.0 + gain / (l->rate > 1 ? l->rate : 1));
    if (l->rate < known && rate > known)
        rate = known;
    l->rate = rate < l->most ? rate : l->most;
}

void limit_refused(struct limit *l, int64_t taken_ms, int64_t now_ms, int64_t retry_after_ms)
{
    fill(l, now_ms);
    l->quiet_until_ms = int64_max(l->quiet_until_ms, now_ms + retry_after_ms);
    if (l->tokens > 0)
        l->tokens = 0;
    if (taken_ms <= l->lowered_ms)
        return;
    l->refused += (1.0 - l->refused) * forget;
    bool again = now_ms - l->lowered_ms <= 1000, unrelated = l->refused > unrelated_share;
    if (unrelated && again)
        return;
    l->ceiling = unrelated ? 0 : l->rate;
    l->rate *= again ? 0.5 : 0.95;
    double least = l->most * slowest_share < slowest ? l->most * slowest_share : slowest;
    if (l->rate < least)
        l->rate = least;
    l->lowered_ms = now_ms;
}

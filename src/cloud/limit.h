/* limit.h - how fast one action of one access may be called: a bucket that learns the cloud's real limit.
 *
 * Pure: the time is a parameter, and nobody waits here. The rate starts below what the vendor publishes and climbs
 * while calls are accepted; a new bucket gives ten calls at once at most. A refusal lowers it to 95 % of the refused
 * rate, which is remembered as a ceiling. Where all of the rate was asked for and little of it came through, it falls to
 * 95 % of what was accepted in the last second instead, and the ceiling stays to be found. It climbs back to 98 % of the ceiling quickly and beyond it slowly; a second refusal within a second halves it. Refusals that
 * go on however slow we are have another reason: while a tenth of the calls is refused they set no ceiling and cost
 * 5 % a second at most. Tokens are reserved: who is told to wait has its turn at that time, unless the rate turns
 * out to be far too high before. Not safe from several threads by itself.
 */
#pragma once
#include "base/base.h"

struct limit {
    double rate;    /* calls per second now */
    double most;    /* never faster: 80 % of the published figure, or what the user gave */
    double ceiling; /* the rate at which we were last refused; 0: never */
    double tokens;  /* may be negative: reserved */
    double
        refused; /* the share of the last hundred calls or so that was refused at the rate they were taken at */
    double accepted, accepted_before; /* in the second since second_ms, and in the one before */
    int64_t filled_ms, lowered_ms, quiet_until_ms, second_ms;
    int64_t void_ms; /* turns given before this and not used yet are void */
};

/* published: the vendor's calls per second, 0 if unknown; replaced: the user's figure, 0 if none. */
struct limit limit_new(double published, double replaced, int64_t now_ms);

/* Takes a call and returns how many ms to wait before sending it; takes none and returns -1, with the time until it
 * is worth asking again, when that would be more than patience_ms.
 */
int64_t limit_take(struct limit *l, int64_t now_ms, int64_t patience_ms, int64_t *ret_retry_ms);

void limit_accepted(struct limit *l, int64_t now_ms);
/* taken_ms: when limit_take gave the call; what was taken before the rate fell proves nothing about the new one. */
void limit_refused(struct limit *l, int64_t taken_ms, int64_t now_ms, int64_t retry_after_ms);
/* Whether the rate was found far too high since limit_take gave the call: who has not sent it yet takes anew. */
bool limit_is_void(const struct limit *l, int64_t taken_ms);

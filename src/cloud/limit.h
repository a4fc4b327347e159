/* limit.h - how fast one action of one access may be called: a bucket that learns the cloud's real limit.
 *
 * Pure: the time is a parameter, and nobody waits here. The rate starts below what the vendor publishes and climbs
 * while calls are accepted: by 10 % a second until the first refusal; a new bucket gives ten calls at once and
 * 400 a second at most until thirty were accepted.
 *
 * A refusal says that the cloud's own bucket is empty. What it accepted since it was empty before, or since it may have held a
 * second's worth at most, is then what it gives in that time. Where all of the rate was asked for and less was given, the
 * rate falls to that at once and climbs by 0.3 % a second from what was measured between two refusals, by 5 % from what is a
 * guess. Else it falls to 95 % of the refused rate, which is remembered as a ceiling: it climbs to 98 % of that by 5 % a
 * second, and by 0.05 % beyond; a second refusal within a second halves it.
 *
 * Refusals that go on however slow we are have another reason: while a tenth of the calls is refused they set no ceiling and
 * cost 5 % a second at most. Tokens are reserved: who is told to wait has its turn at that time, unless the rate turns
 * out to be too high before. Not safe from several threads by itself.
 */
#pragma once
#include "base/base.h"

enum limit_knowledge {
    LIMIT_UNKNOWN, /* never refused */
    LIMIT_REFUSED,
    LIMIT_GUESSED,
    LIMIT_MEASURED,
};

struct limit {
    double rate;    /* calls per second now */
    double most;    /* never faster: 80 % of the published figure, or what the user gave */
    double ceiling; /* the rate at which we were last refused; 0: none */
    double tokens;  /* may be negative: reserved */
    double
        refused; /* the share of the last hundred calls or so that was refused at the rate they were taken at */
    enum limit_knowledge knowledge;
    struct stretch { /* of calls without a pause of a second, or since a refusal */
        int64_t from_ms;
        double accepted;
        bool from_empty; /* since a refusal */
    } stretch;
    int64_t filled_ms, lowered_ms, quiet_until_ms, accepted_ms;
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
/* Whether the rate was found too high since limit_take gave the call: who has not sent it yet takes anew. */
bool limit_is_void(const struct limit *l, int64_t taken_ms);

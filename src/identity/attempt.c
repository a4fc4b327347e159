#include "identity/attempt.h"

#include "codec/text.h"
#include "crypto/digest.h"
#include <arpa/inet.h>
#include <string.h>

enum { DOUBLINGS = 10 };

const char *attempt_user_subject(struct arena *a, const char *user)
{
    return arena_printf(a, "user/%s", sha256_hex(a, user, strlen(user)));
}

/* Whoever has one IPv6 address has a whole /64 of them. */
const char *attempt_source_subject(struct arena *a, const char *source)
{
    unsigned char address[16];
    if (inet_pton(AF_INET6, source, address) != 1)
        return arena_printf(a, "source/%s", source);
    return arena_printf(a, "source/%s::/64", hex_encode(a, address, 8));
}

/* How long nothing is tried after so many failures. */
static int64_t wait_after(int64_t failures, int64_t limit)
{
    int64_t times = int64_min(failures - limit, DOUBLINGS);
    return failures < limit ? 0 : int64_min((int64_t)ATTEMPT_WAIT_MS << times, ATTEMPT_WAIT_MAX_MS);
}

/* A clock that was set back does not lock anybody out for longer than the longest wait. */
static int64_t waits(const struct login_failure_row *row, int64_t now_ms)
{
    return int64_min(int64_max(row->until_ms - now_ms, 0), ATTEMPT_WAIT_MAX_MS);
}

static bool count(struct db *db, struct login_failure_row *row, int64_t limit, int64_t now_ms,
                  struct err *err)
{
    if (now_ms - row->last_ms >= ATTEMPT_MEMORY_MS)
        row->failures = 0;
    row->failures++;
    row->last_ms = now_ms;
    row->until_ms = now_ms + wait_after(row->failures, limit);
    return store_login_failure_put(db, row, err);
}

bool attempt_begin(struct db *db, struct arena *a, const char *user, const char *source, int64_t now_ms,
                   int64_t *ret_wait_ms, struct err *err)
{
    struct login_failure_row of_user, of_source;
    if (!store_login_failures_forget(db, now_ms - ATTEMPT_MEMORY_MS, err) ||
        !store_login_failure(db, a, attempt_user_subject(a, user), &of_user, err) ||
        !store_login_failure(db, a, attempt_source_subject(a, source), &of_source, err))
        return false;
    *ret_wait_ms = int64_max(waits(&of_user, now_ms), waits(&of_source, now_ms));
    return *ret_wait_ms > 0 || (count(db, &of_user, ATTEMPTS_OF_USER, now_ms, err) &&
                                count(db, &of_source, ATTEMPTS_OF_SOURCE, now_ms, err));
}

bool attempt_end(struct db *db, struct arena *a, const char *user, const char *source, struct err *err)
{
    struct login_failure_row of_source;
    if (!attempt_forgive(db, a, user, err) ||
        !store_login_failure(db, a, attempt_source_subject(a, source), &of_source, err))
        return false;
    of_source.failures = int64_max(of_source.failures - 1, 0);
    of_source.until_ms = 0;
    return store_login_failure_put(db, &of_source, err);
}

bool attempt_forgive(struct db *db, struct arena *a, const char *user, struct err *err)
{
    return store_login_failure_drop(db, attempt_user_subject(a, user), err);
}

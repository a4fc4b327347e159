/* cloud.h - the clouds as one thing: sessions of accesses, the limiter, the gate.
 *
 * A session is the live state of one access: credentials, regions, learnt clock skew, caches of certificates seen,
 * whether it is suspended. Sessions are shared by all threads and live until cloud_close. What changes in an access's
 * row reaches its session by cloud_session_refresh.
 */
#pragma once
#include "base/histogram.h"
#include "base/secret.h"
#include "net/gate.h"
#include "store/access.h"
#include "store/store.h"
#include <stdatomic.h>

struct cloud;
struct session;

must_use bool cloud_open(struct store *store, struct gate *gate, const struct clock *clock,
                         struct cloud **ret, struct err *err);
struct cloud *cloud_close(struct cloud *c); /* no call may be in flight */

/* The session of an access, made at first use. ERR_NOT_FOUND. The session belongs to the cloud. */
must_use bool cloud_session(struct cloud *c, int64_t access_id, struct session **ret, struct err *err);
/* The row or secret changed, or the access is gone: later calls use the new one; a suspension ends. */
void cloud_session_refresh(struct cloud *c, int64_t access_id);

/* The access's row as the session knows it; valid while the caller's arena holds the copy. */
must_use bool session_row(struct session *s, struct arena *a, struct access_row *ret, struct err *err);

/* Asks the cloud who we are (architecture: accesses, check). On success state "normal", account id and checked_ms are
 * stored and a suspension ends; on a credential answer the access is suspended. A key pair of another account than
 * the one stored is ERR_CONFLICT.
 */
struct identity {
    const char *account_id, *principal; /* arn or name of the caller */
};
must_use bool cloud_check(struct session *s, struct arena *a, struct identity *ret, struct err *err);
/* The same; once *stop is true it asks no more: ERR_TIMEOUT. */
must_use bool cloud_check_until(struct session *s, struct arena *a, const atomic_bool *stop,
                                struct identity *ret, struct err *err);
/* The same for a key pair that is not stored yet, against the row's account: nothing is written. */
must_use bool cloud_check_row(struct cloud *c, struct arena *a, const struct access_row *row,
                              const struct secret *secret, const struct secret *session_token,
                              struct identity *ret, struct err *err);

/* Whether the row's gateway may be used. It sees signed requests and private keys: plain http only where they do not leave
 * the machine, no path, and no proxy beside it. ERR_INPUT.
 */
must_use bool cloud_gateway_check(struct arena *a, const struct access_row *row, struct err *err);

/* True, with the reason, when the access is suspended: the engine parks its deployments without asking the cloud. */
bool session_suspended(struct session *s, struct arena *a, const char **ret_reason);

/* Statistics since start, for the summary and metrics. */
struct cloud_counts {
    int64_t calls, failed, throttled;
};
struct cloud_counts cloud_counts_now(struct cloud *c);

/* The same for each cloud and action, and how long its calls took. */
struct cloud_tally {
    const char *cloud, *action;
    int64_t outcomes[ERR_KIND_COUNT]; /* of each kind; ERR_NONE: accepted */
    struct histogram took;
};
void cloud_tallies(struct cloud *c, struct arena *a, struct cloud_tally **ret, size_t *ret_count);

/* The limiter's rates: of each access and action that was called, at most `max` of them. */
struct cloud_rate {
    int64_t access_id;
    const char *key;
    double per_second, ceiling; /* ceiling 0: none known */
};
void cloud_rates(struct cloud *c, struct arena *a, size_t max, struct cloud_rate **ret, size_t *ret_count);

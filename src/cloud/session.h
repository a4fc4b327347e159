/* session.h - inside of the floor: what cloud.c, call.c and facts.c share. Adapters see cloud.h and vendor.h. */
#pragma once
#include "cloud/limit.h"
#include "cloud/vendor.h"
#include <pthread.h>

struct keys {      /* what an access is at one time; calls in flight keep the one they began with */
    unsigned refs; /* guarded by the session's lock */
    struct arena *arena;
    struct access_row row;
    const char *key_id;
    struct secret *secret, *session_token;
    struct address_rule addresses;
};

enum { GRANT_RENEW_MS = 5 * 60 * 1000 }; /* so long before keys end they are renewed */

struct bucket {
    struct bucket *next;
    char *key;
    struct limit limit;
};

struct note { /* session_put, session_put_secret */
    struct note *next;
    char *key, *value;
    struct secret *secret;
    int64_t forget_ms; /* monotonic; of a secret */
};

struct fact { /* what a vendor's certificate is */
    struct fact *next;
    struct arena *arena;
    struct bound bound; /* ref is the key; names NULL and fingerprint "" where the vendor could not say */
    int64_t forget_ms;  /* monotonic; what was not found is asked again later */
};

enum { FACT_SLOTS = 1024, FACTS_MAX = 20000, NOTES_MAX = 1000, PEM_SLOTS = 64 };

struct session {
    struct cloud *cloud;
    struct session *next;
    int64_t access_id;      /* 0: a key pair that is not stored */
    pthread_mutex_t lock;   /* guards everything below */
    pthread_cond_t changed; /* proven, probing or suspended changed */
    const struct vendor *vendor;
    struct keys *keys; /* what calls are made with */
    struct keys
        *own_keys;      /* the key pair that a role's keys are asked for with; NULL where it is used itself */
    int64_t expires_ms; /* monotonic: when `keys` end; INT64_MAX: never, 0: there are none yet */
    int64_t renew_ms;   /* monotonic: when they are to be renewed */
    int64_t fetched_ms; /* monotonic: when they came */
    bool renewing;      /* somebody is fetching */
    unsigned version;   /* of the access's row: what was fetched for another is not used */
    bool proven;        /* a call was accepted since start, key change or suspension */
    bool probing;       /* unproven, and the one call is in flight */
    bool suspended;
    char reason[512];
    int64_t skew_ms; /* the cloud's clock minus ours */
    struct bucket *buckets;
    struct note *notes;
    size_t note_count;
    struct fact *facts[FACT_SLOTS];
    size_t fact_count;
    struct fact *pems[PEM_SLOTS]; /* of texts seen lately; ref is the text's digest */
};

enum { TALLY_SLOTS = 2048 }; /* declared actions are a few hundred */

struct cloud {
    struct store *store;
    struct gate *gate;
    const struct clock *clock;
    pthread_mutex_t lock; /* guards sessions, counts, tallies and parsing */
    pthread_cond_t parsed;
    struct session *sessions;
    struct cloud_counts counts;
    struct cloud_tally *tallies[TALLY_SLOTS]; /* open addressing; made when first needed */
    unsigned parsing;                         /* large bodies being parsed */
};

/* tally.c */
void tally_call(struct cloud *c, const char *cloud, const char *action, enum err_kind outcome,
                int64_t took_ms);
void tallies_free(struct cloud *c);

/* Sees that the session has keys that last: fetches those of a role, a machine or a command when there are none or they
 * end soon. One thread fetches, the others wait for it; while the old ones last a failure to renew them is logged and
 * tried again a little later. For accesses with a stored key pair and no role there is nothing to do.
 */
must_use bool session_credentials(struct job *job, struct err *err);
/* The cloud refused these keys. True: they were fetched a while ago and may have been taken back early, or others
 * came meanwhile; the next call fetches or takes those. False: it is the key pair itself, or what came just now.
 */
bool session_discard(struct session *s, const struct keys *keys);
/* Keys of the row with that secret; the key id is the row's. */
must_use bool keys_make(const struct access_row *row, const struct secret *secret,
                        const struct secret *session_token, struct keys **ret, struct err *err);
/* What a program prints on its standard output, at most 8 KiB, within 10 s: split at blanks, run without a shell. */
must_use bool command_secret(const char *command, struct secret **ret, struct err *err);

/* The right to make one call, with the keys to make it with. Refuses a suspended access (unless `check`) and a write
 * on a read-only one; lets one call at a time through until one was accepted.
 */
must_use bool session_enter(struct session *s, const struct job *job, bool write, int64_t patience_ms,
                            struct keys **ret, bool *ret_probe, struct err *err);
/* accepted: the cloud took our key for good. */
void session_leave(struct session *s, struct keys *keys, bool probe, bool accepted);
struct keys *keys_unref(struct keys *keys); /* the session's lock is held */

/* A credential answer: nothing is sent for this access until a check succeeds. */
void session_suspend(struct session *s, const struct keys *keys, const struct err *why);
must_use bool session_store_state(struct session *s, const char *state, const char *text, const char *account,
                                  struct err *err);
int64_t session_skew_ms(struct session *s);
void session_learn_skew(struct session *s, int64_t skew_ms);

/* The limiter's bucket of that key: see limit.h. */
int64_t session_take(struct session *s, const char *key, double published, int64_t patience_ms,
                     int64_t *ret_retry_ms);
bool session_turn_is_void(struct session *s, const char *key, int64_t taken_ms);
void session_accepted(struct session *s, const char *key);
void session_refused(struct session *s, const char *key, int64_t taken_ms, int64_t retry_after_ms);

void bound_complete(struct bound *bound, size_t count); /* texts that are NULL become "" */

/* One call with its arguments as text, all its attempts; for call.c and pages.c. */
must_use bool call_make(struct job *job, const struct call *call, const char *region, const char *arguments,
                        const char *document, const char *etag, struct answer *ret, struct err *err);

void session_forget(struct session *s); /* buckets, notes and facts; the lock is held */
void sleep_ms(int64_t ms);
struct timespec after_ms(int64_t ms); /* by the monotonic clock, for pthread_cond_timedwait */

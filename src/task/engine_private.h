/* engine_private.h - what the engine's files share: items, turns and the outcomes of a step.
 *
 * An item is an open deployment in memory; all else about it is in its row. The engine's mutex guards every field of
 * engine and items; an item that is `running` belongs to the worker that runs its turn, but for `running` and the keys.
 * A turn is one visit of a worker to one item: it loads the row, runs steps until one must wait, and parks.
 */
#pragma once
#include "store/certificate.h"
#include "store/resource.h"
#include "task/engine.h"
#include "task/keys.h"
#include <pthread.h>

enum {
    BACKOFF_FIRST_MS = 200,
    BACKOFF_MOST_MS = 5000,
    ATTEMPTS_MAX = 20,           /* failures in a row before a transient error becomes the cause */
    THROTTLED_MOST_MS = 1800000, /* a queue at the vendor may be long, but not for ever */
    WRITES_MAX = 24,             /* of one deployment, by one process */
    POLL_FIRST_MS = 100,
    VERIFY_POLL_MOST_MS = 5000,
    PROBE_TIMEOUT_MS = 5000,
    UNREACHABLE_TRIES = 3,
    STORE_PAUSE_MS = 2000, /* how long an item rests when the store refuses, at first and at most */
    STORE_PAUSE_MOST_MS = 60000,
    STORE_TRIES_MAX =
        20, /* in a row, about a quarter of an hour: then the store is the cause, if it takes that */
    CALL_PATIENCE_MS = 1000,
    SEEN_MOST_MS = 1000, /* how old a snapshot a write may go by */
    ITEM_BUCKETS = 1024,
    TURN_BYTES = 1 << 30, /* a turn may read many times, and each answer may be one of 8 MiB */
};

struct share { /* how many workers an access has */
    int64_t access_id;
    size_t open, running;
    struct share *next;
};

struct item {
    int64_t id, task_id, access_id;
    struct share *share; /* of its access */
    struct key *lock;    /* held from snapshot to settled */
    struct key *upload;  /* held while it uploads; NULL: none is wanted */
    struct key *
        contact; /* held from the first write to the end while first contact is being made; NULL: none is wanted */
    bool with_lock; /* its next step needs the lock */
    bool running;
    bool asked_again; /* found open while it ran: once final, it may have been begun anew */
    int64_t since_ms; /* when this process began to look after it */
    int64_t again_at_ms;
    unsigned writes;         /* sent by this process */
    unsigned store_failures; /* in a row */
    unsigned polls;          /* looks in a row that saw nothing new */
    size_t remaining;        /* what was left to change before the last write; 0 unknown */
    struct item *next;       /* in its task */
    struct item *next_in_bucket;
};

struct line { /* the items of one task */
    int64_t task_id;
    struct item *head, **tail;
    size_t open;
    bool begun; /* the task's state says so */
    struct line *next;
};

struct engine {
    struct store *store;
    struct cloud *cloud;
    const struct clock *clock;
    struct engine_options options;
    pthread_mutex_t mutex; /* guards all below, and the items */
    pthread_cond_t wake, quiet;
    struct line *lines; /* in turn: the head is asked first, then goes to the end */
    struct item *buckets[ITEM_BUCKETS];
    struct keys keys;
    struct share *shares;
    size_t open, running;
    atomic_bool stop;                        /* as stopping, for who waits for a cloud or an entry point */
    bool stopping, reload, reloading, timer; /* timer: one idle worker watches the time for all */
    pthread_t *threads;
    unsigned thread_count;
};

enum outcome {
    OUTCOME_ON,     /* the row says which step is next: go on */
    OUTCOME_LATER,  /* at turn.again_at_ms */
    OUTCOME_KEY,    /* when item.upload and item.contact are free */
    OUTCOME_FINAL,  /* the row is final, or somebody else's now */
    OUTCOME_FAILED, /* turn.err says why */
};

/* What goes into the store together with the row. */
struct commit {
    const char *before;          /* NULL: unchanged */
    const struct copy_row *copy; /* NULL: none */
    bool settled;                /* refresh the inventory from turn.resource; see turn_settled */
    bool contact;                /* first contact is made */
};

struct turn {
    struct engine *e;
    struct item *item;
    struct arena *a, *secrets;
    struct deployment_row row;
    struct resource resource;
    struct access_row access;
    const struct product *product;
    struct job job;
    struct log_ctx log[3];              /* task, deployment; the access above both */
    struct commit owed;                 /* what the next commit takes along */
    bool owes;                          /* the row here is ahead of the store's */
    bool lost;                          /* a commit failed: the row here means nothing any more */
    bool back;                          /* rolling back */
    bool verify;                        /* the task wants entry points asked */
    struct certificate_row certificate; /* turn_certificate; id 0: not read yet */
    struct material material;           /* turn_material; name NULL: not made yet */
    const char *goal;                   /* the text that `change` was made of */
    struct change change;               /* the goal in this direction; set from STEP_BIND on */
    struct binding seen;                /* what the snapshot saw, for a first write that follows at once */
    int64_t seen_ms; /* 0: nothing. The saved binding is no substitute: adapters see more */
    int64_t again_at_ms;
    const char *advice; /* more exact than the table's (advice.h); NULL: none */
    struct err err;
};

/* engine.c: one upload per name at a time. False: another does it, and the item is asked again when it is done. Any
 * thread.
 */
bool engine_upload_take(struct engine *e, struct item *item, const char *name);
void engine_upload_drop(struct engine *e, struct item *item);
/* The same for first contact: one deployment per name at a time until one succeeded. */
bool engine_contact_take(struct engine *e, struct item *item, const char *name);
void engine_contact_drop(struct engine *e, struct item *item);
bool engine_is_stopping(struct engine *e);

/* turn.c */
int64_t turn_now(const struct turn *t);
/* How long this process has been waiting for the cloud, since the step or its last write began: what deadlines go by. Time
 * in which nobody looked is nobody's failure.
 */
int64_t turn_waited_ms(const struct turn *t);
/* Journal write, with all that is owed. On failure the outcome to return is in *ret: the row is somebody else's, or the
 * store is ill.
 */
must_use bool turn_commit(struct turn *t, enum outcome *ret);
/* Goes on at the next step. Nothing is written yet: the journal owes it until the next write to the cloud, or until the
 * turn ends, whichever comes first. In between the cloud is only read, and a restart reads it again.
 */
enum outcome turn_next(struct turn *t, enum deployment_step step);
/* Looks again after a while that grows from POLL_FIRST_MS to most_ms; nothing is written. */
enum outcome turn_poll(struct turn *t, int64_t most_ms);
/* Ends the deployment, or its way back: success, or an error with the cause. */
enum outcome turn_succeed(struct turn *t, const char *verdict, const char *text);
enum outcome turn_fail(struct turn *t, const struct err *cause);
/* What the slots hold now: for the inventory, with the next commit, and for who verifies. */
must_use bool turn_settled(struct turn *t, const struct binding *now, struct err *err);
/* The certificate, read once a turn. */
must_use bool turn_certificate(struct turn *t, struct err *err);
/* The same with its key; both live as long as the turn. */
must_use bool turn_material(struct turn *t, struct material *ret, struct err *err);
void turn_run(struct engine *e, struct item *item, enum outcome *ret, int64_t *ret_again_at_ms);

/* The binding now, with "" where an adapter left a text out. The err names the resource. */
must_use bool turn_read(struct turn *t, struct binding *ret);
/* The binding saved before the first write. */
must_use bool turn_before(struct turn *t, struct binding *ret, struct err *err);
/* Whether a failed write surely changed nothing: refused, or never sent. Otherwise it may still show. */
bool turn_surely_nothing(const struct err *err);
/* Whether a write with unknown outcome may show later than now. */
bool turn_may_still_show(const struct turn *t);

/* first_contact.c: whether the deployment may write. False: the outcome is in *ret; another one tries first. */
must_use bool first_contact_pass(struct turn *t, enum outcome *ret);
/* Whether this success is what the others wait for. */
bool first_contact_is_made(const struct turn *t);
char *first_contact_key(struct arena *a, const struct deployment_row *row);

enum outcome step_snapshot(struct turn *t);
enum outcome step_upload(struct turn *t);
enum outcome step_bind(struct turn *t);
enum outcome step_settle(struct turn *t);
enum outcome step_verify(struct turn *t);
char *upload_key(struct arena *a, const struct deployment_row *row);

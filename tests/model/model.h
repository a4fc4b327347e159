/* model.h - task, deployment and quota as a table of rules, small enough that every order of events can be tried.
 *
 * A world has one task of one or two deployments, each onto a resource of its own under one lock, one certificate with one
 * place in the vendor's certificate store, and a quota. What the store holds survives a crash; `doing`, `lock` and `sender`
 * are a process's memory. Each rule is one thing that can happen: a journal write, an answer of the cloud, a verb of the
 * user, a change by somebody else, a crash. Writes may show late: `now` is what the cloud holds, `shown` what it tells.
 *
 * enumerate.c follows every rule from every state; walk.c lets the engine walk, and asks whether the model could have
 * done the same.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_DEPLOYMENTS = 2, MODEL_WRITES = 2, MODEL_STATES = 1 << 20 };

enum model_task { TASK_EDITING, TASK_PENDING, TASK_PROCESSING, TASK_SUCCESS, TASK_ERROR, TASK_CANCELLED };
enum model_value { VALUE_OLD, VALUE_OURS, VALUE_FOREIGN };
enum model_copy { COPY_NONE, COPY_THERE, COPY_SHOWN };
enum model_hold { HOLD_NONE, HOLD_HELD, HOLD_USED };
enum model_doing { DOING_NOTHING, DOING_UPLOAD, DOING_UPLOADED, DOING_WRITE, DOING_WRITTEN, DOING_REFUSED };

/* States and steps have the numbers of store/task.h. */
struct model_deployment {
    uint8_t state, step;
    uint8_t writes;  /* begun in this direction, counted up to MODEL_WRITES */
    uint8_t unknown; /* a write is announced and its outcome not known */
    uint8_t waited;  /* consistency_ms went by since */
    uint8_t before;  /* the saved binding: 0 none, else 1 + a model_value */
    uint8_t already; /* was bound already */
    uint8_t hold;    /* of the quota */
    uint8_t doing;
};

struct model_resource {
    uint8_t now, shown;
    uint8_t ours;  /* changes of ours since the last change by somebody else, by the deployment's direction */
    uint8_t extra; /* a write of ours that changed nothing, or one too many */
};

struct model_state {
    uint8_t task;
    uint8_t copy;           /* the certificate lies in the vendor's store, and is shown there */
    uint8_t known;          /* and ours knows */
    uint8_t uploads;        /* how often it was brought */
    uint8_t stray;          /* one that was bringing it ended without knowing whether it did */
    uint8_t lock;           /* 0 free, else 1 + who holds it */
    uint8_t sender;         /* the same for the one upload at a time */
    uint8_t free;           /* quota left */
    uint8_t foreign, verbs; /* changes by others and verbs of the user that may still come */
    struct model_deployment d[MODEL_DEPLOYMENTS];
    struct model_resource r[MODEL_DEPLOYMENTS];
};

struct model {
    unsigned deployments; /* 1 or 2 */
    unsigned quota, foreign, verbs;
    bool alone;          /* one of several: the others hold locks and bring the certificate */
    const char *mistake; /* the name of one of model_mistakes; NULL: none */
};

extern const char *const model_mistakes[]; /* ends with NULL: each breaks an invariant */

struct model_rule {
    const char *name;
    bool user; /* a verb, or somebody else's change: it happens when somebody wants it */
    /* Does it to the state, where it can happen to this deployment. */
    bool (*apply)(const struct model *m, struct model_state *s, unsigned i);
};
extern const struct model_rule model_rules[];
extern const size_t model_rule_count;

/* Processing or rolling back. */
bool model_walking(const struct model_deployment *d);
struct model_state model_begin(const struct model *m);
/* NULL, or which invariant the state breaks. */
const char *model_broken(const struct model *m, const struct model_state *s);

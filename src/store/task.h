/* store/task.h - tasks and deployments: the plan, the journal of the engine, the results.
 *
 * The deployment row is the journal (architecture: steps, crash safety). Its story is told in store/journal.c.
 */
#pragma once
#include "base/secret.h"
#include "store/store.h"

/* Task states are R91's: editing, pending, scheduling, processing, success, error; and cancelled. */
struct task_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;
    const char *name;
    const char *state;
    const char
        *selection; /* JSON: what was asked for: certificates, filters, accepted words, allow_expiring */
    const char *
        notes; /* JSON: what the plan found besides deployments: certificates without match, resources left out and why */
    int64_t submitted_ms, finished_ms; /* 0: not yet */
    bool verify;
    int64_t start_at_ms;   /* not before; 0: at once */
    const char *time_zone; /* in which the windows are meant: "Europe/Berlin"; "" UTC */
    const char *windows;   /* JSON array: when deployments may begin; "[]" always */
    const char *waves; /* JSON array: how many resources come first, and then: "5%", "20"; "[]" all at once */
    int64_t judged_wave;     /* up to here errors were looked at and do not stop the task again */
    const char *paused;      /* why it stands still; "" it does not */
    const char *rollback_on; /* "contradicted": such a deployment goes back by itself; "" none does */
    const char *type; /* "user" or "cloud" where that was said (R103); "": what its deployments make it */
};

/* How a deployment stands for people: */
enum deployment_state {
    DEPLOYMENT_PLANNED, /* in an unsubmitted task, or not yet released: waits for its time, window or wave */
    DEPLOYMENT_HELD,    /* needs a word in --accept; never started */
    DEPLOYMENT_PENDING, /* released, not begun */
    DEPLOYMENT_PROCESSING,
    DEPLOYMENT_SUCCESS,
    DEPLOYMENT_ERROR,
    DEPLOYMENT_CANCELLED,
    DEPLOYMENT_ROLLBACK, /* rolling back */
    DEPLOYMENT_ROLLBACK_SUCCESS,
    DEPLOYMENT_ROLLBACK_ERROR,
};
const char *deployment_state_name(enum deployment_state state); /* "planned", ..., "rollback_error" */
must_use bool deployment_state_parse(const char *name, enum deployment_state *ret);

/* Where the engine stands inside PROCESSING and ROLLBACK. */
enum deployment_step { STEP_NONE, STEP_SNAPSHOT, STEP_UPLOAD, STEP_BIND, STEP_SETTLE, STEP_VERIFY };
const char *deployment_step_name(enum deployment_step step);

struct deployment_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;
    int64_t task_id, certificate_id, resource_id, access_id;
    const char *product, *region, *vendor_id, *title, *lock; /* of the resource, as planned */
    const char *slot;
    const char *names;  /* JSON array: names this deployment serves, for people and for the probe */
    const char *reason; /* why it matches: "www.example.com covered by *.example.com (rule)" */
    const char *old;    /* JSON array of struct bound: what the slot held when planned; "[]" none */
    const char *holds;  /* JSON array of words: "lose-names", ...; "[]" none */
    const char *undo;   /* "" can be undone, else why not */
    bool charged;       /* its resource costs a unit of quota (store/quota.h) */
    const char *calls;  /* JSON {"reads":4,"writes":1,"uploads":1}: how many calls it takes, at least */
    const char *
        copied_to; /* the certificate store that gets the key, as product.store_for names it; "-" the resource
                              itself, "" none or not known */
    const char *warnings; /* JSON array of {"kind":..,"text":..}: what to look out for; "[]" nothing */
    enum deployment_state state;
    enum deployment_step step;
    const char *vendor_store, *new_ref; /* after upload */
    const char *goal; /* JSON of struct change (cloud/product.h), fixed before the first write; "" before */
    bool has_before;  /* a saved binding exists (sealed; store_deployment_before) */
    bool already_bound;
    int64_t writes;                     /* calls that change something, begun so far in this direction */
    int64_t write_started_ms;           /* wall; 0: no write whose outcome is unknown */
    int64_t step_started_ms;            /* wall: when this step began, for its bound */
    int64_t again_at_ms;                /* wall: not before */
    int64_t attempts;                   /* failed tries of this step in a row */
    const char *verdict, *verdict_text; /* "verified", "not verified", "contradicted"; "" none yet */
    const char *cause_kind, *cause_code, *cause_request_id, *cause_text, *advice; /* "" none */
    int64_t started_ms, finished_ms;
    const char *claimed_by;
    int64_t claimed_until_ms, fence;
    int64_t wave; /* from 1 on; 0: the task has no waves */
};

must_use bool store_task_add(struct db *db, const struct task_row *task,
                             const struct deployment_row *deployments, size_t count, struct err *err);
must_use bool store_task_load(struct db *db, struct arena *a, int64_t id, struct task_row *ret,
                              struct err *err);
/* Whether the task wants entry points asked, which every turn of the engine wants to know. */
must_use bool store_task_verify(struct db *db, int64_t id, bool *ret, struct err *err);
must_use bool store_task_find(struct db *db, struct arena *a, const char *id_or_name, struct task_row *ret,
                              struct err *err);
struct task_filter {
    const char *state, *type; /* "user": in Alibaba Cloud alone; "cloud": beyond; NULL: any */
};
must_use bool store_task_list(struct db *db, struct arena *a, const struct page *page,
                              const struct task_filter *filter, struct task_row **ret, size_t *ret_count,
                              struct err *err);
must_use bool store_task_update(struct db *db, const struct task_row *row,
                                struct err *err); /* version checked; ERR_CONFLICT */
must_use bool store_task_delete(struct db *db, int64_t id,
                                struct err *err); /* with its deployments; what they used stays used */
/* Replaces the plan of an editing task. */
must_use bool store_task_replan(struct db *db, const struct task_row *task,
                                const struct deployment_row *deployments, size_t count, struct err *err);

must_use bool store_deployment_load(struct db *db, struct arena *a, int64_t id, struct deployment_row *ret,
                                    struct err *err);
must_use bool store_deployment_list(struct db *db, struct arena *a, int64_t task_id, const struct page *page,
                                    struct deployment_row **ret, size_t *ret_count,
                                    struct err *err); /* ascending ids: page->before_id is "after" here */
/* Every deployment the engine has to work on: PENDING, PROCESSING, ROLLBACK, of submitted tasks. */
must_use bool store_deployment_open(struct db *db, struct arena *a, int64_t task_id /* 0: all */,
                                    struct deployment_row **ret, size_t *ret_count, struct err *err);
/* The same a page at a time: at most DEPLOYMENT_PAGE after an id, ascending; or those rolling back alone before an id,
 * descending.
 */
enum { DEPLOYMENT_PAGE = 256 };
must_use bool store_deployment_open_after(struct db *db, struct arena *a, int64_t id,
                                          struct deployment_row **ret, size_t *ret_count, struct err *err);
must_use bool store_deployment_back_before(struct db *db, struct arena *a, int64_t id,
                                           struct deployment_row **ret, size_t *ret_count, struct err *err);
/* Deployments that took entries of the resource's SNI set away and added none, because the same certificate was its
 * default: they rely on the default staying.
 */
must_use bool store_deployment_relying(struct db *db, struct arena *a, int64_t resource_id,
                                       int64_t certificate_id, struct deployment_row **ret, size_t *ret_count,
                                       struct err *err);
/* The journal write: all mutable fields of the row, where version and fence fit (ERR_CONFLICT otherwise); on success
 * the caller's row->version is raised. before (may be NULL) is the whole saved binding as JSON; it is sealed. The quota that
 * the step holds, uses or returns is written along with it: ERR_QUOTA with QUOTA_ERR_CODE where none is left to hold.
 */
must_use bool store_deployment_save(struct db *db, struct deployment_row *row, const char *before,
                                    struct err *err);
must_use bool store_deployment_before(struct db *db, struct arena *a, int64_t id, const char **ret_json,
                                      struct err *err);

struct task_counts {
    int64_t total, by_state[DEPLOYMENT_ROLLBACK_ERROR + 1], already_bound, verified, not_verified,
        contradicted;
    int64_t
        elsewhere; /* outside of Alibaba Cloud: what makes a task's type (R103) "cloud", else it is "user" */
};
/* The accesses that its deployments are of, each once, ascending. */
must_use bool store_task_accesses(struct db *db, struct arena *a, int64_t task_id, int64_t **ret,
                                  size_t *ret_count, struct err *err);
must_use bool store_task_count(struct db *db, int64_t task_id, struct task_counts *ret, struct err *err);

/* wave.c: what decides and changes by the set, never row by row. Each change is one statement over at most `limit` rows,
 * and says how many it changed: when that is the limit, there may be more.
 */
must_use bool store_task_unfinished(struct db *db, struct arena *a, int64_t after_id, size_t limit,
                                    struct task_row **ret, size_t *ret_count, struct err *err);
/* Tasks that became final since then, in the order of their ids. */
must_use bool store_task_finished(struct db *db, struct arena *a, int64_t since_ms, int64_t after_id,
                                  size_t limit, struct task_row **ret, size_t *ret_count, struct err *err);
/* The lowest wave that waits for its release; -1: nothing does. */
must_use bool store_wave_next(struct db *db, int64_t task_id, int64_t *ret, struct err *err);
/* Whether a deployment of an earlier wave is pending or processing. */
must_use bool store_wave_open(struct db *db, int64_t task_id, int64_t wave, bool *ret, struct err *err);
/* Of the waves between the two: how many deployments ran, and how many failed or went back. */
must_use bool store_wave_judge(struct db *db, int64_t task_id, int64_t after, int64_t before,
                               int64_t *ret_total, int64_t *ret_bad, struct err *err);
must_use bool store_wave_certificates(struct db *db, struct arena *a, int64_t task_id, int64_t wave,
                                      int64_t **ret, size_t *ret_count, struct err *err);
/* What waits in the wave with this certificate ends as error with that cause. */
must_use bool store_wave_fail(struct db *db, int64_t task_id, int64_t wave, int64_t certificate_id,
                              const struct err *cause, const char *advice, struct err *err);
/* PLANNED -> PENDING. */
must_use bool store_wave_release(struct db *db, int64_t task_id, int64_t wave, size_t limit,
                                 int64_t *ret_changed, struct err *err);
must_use bool store_task_withdrawable(struct db *db, int64_t task_id, bool *ret, struct err *err);
/* What is released and has not written -> PLANNED. */
must_use bool store_task_withdraw(struct db *db, int64_t task_id, size_t limit, int64_t *ret_changed,
                                  struct err *err);
/* Failed deployments whose entry point contradicted, and that can go back. */
must_use bool store_task_contradicted(struct db *db, struct arena *a, int64_t task_id, size_t limit,
                                      int64_t **ret, size_t *ret_count, struct err *err);

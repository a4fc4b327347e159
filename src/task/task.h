/* task.h - what people do with tasks: plan, create, preview, submit, cancel, retry, resume, roll back, delete.
 *
 * Every function is short but for the plan's question whether old certificates can be put back, which may ask the
 * clouds. None runs a deployment: that is the engine's (engine.h); after submit, retry, resume and rollback call
 * engine_wake. Any thread. Results live in the arena given.
 * err kinds: ERR_NOT_FOUND no such task, certificate or access; ERR_INPUT the request is wrong; ERR_CONFLICT the
 * task's state does not allow it, saying which would; ERR_INVALID_CERTIFICATE R24-R27.
 */
#pragma once
#include "cloud/cloud.h"
#include "codec/json.h"
#include "store/task.h"
#include "task/plan.h"

struct task_context {
    struct store *store;
    struct cloud *cloud; /* NULL: nothing asks the clouds; undo is judged by what is known */
    const struct clock *clock;
    const struct product *(*find_product)(const char *code); /* NULL: product_find */
};

enum { TASK_NAME_CHARACTERS = 63 };

struct task_view {
    struct task_row task;
    struct deployment_row *deployments; /* in the order of their ids */
    size_t count;
    struct plan_note *notes;
    size_t note_count;
    struct task_counts counts;
    const char *
        label; /* derived (C4): "rolled back" when a deployment was rolled back, "rolling back" meanwhile; else the state */
};

/* What the selection would do; nothing is written (--dry-run). given is one more certificate that is not stored (its id
 * may be 0); NULL: none.
 */
must_use bool task_plan(const struct task_context *c, struct arena *a, const struct selection *selection,
                        const struct certificate_row *given, struct task_view *ret, struct err *err);

/* A new task in `editing` with its plan. name "": made from the first certificate. */
must_use bool task_create(const struct task_context *c, struct arena *a, const char *owner, const char *name,
                          const struct selection *selection, struct task_view *ret, struct err *err);

/* What else may be said of a new task. */
struct task_form {
    const char *owner, *name; /* name "": made from the first certificate */
    const char *type;         /* "user" or "cloud" (R103); "": what its deployments make it */
    int64_t start_at_ms;      /* kept until it is submitted, unless another time is said then; 0: at once */
};
must_use bool task_create_as(const struct task_context *c, struct arena *a, const struct task_form *form,
                             const struct selection *selection, struct task_view *ret, struct err *err);

struct task_change {
    const char *name;           /* NULL: as it is; "": made from the first certificate */
    const struct json *members; /* of a selection: each takes the place of what it was; NULL none */
    struct texts add, remove;   /* resources; to be removed also names and "ID/SLOT" */
    const int64_t *start_at_ms; /* NULL: as it is */
};

/* R78, R104: an editing task and its plan, changed. ERR_CONFLICT in any other state. */
must_use bool task_update(const struct task_context *c, struct arena *a, const char *id_or_name,
                          const struct task_change *change, struct task_view *ret, struct err *err);

/* The task as it stands; an editing task's plan is computed afresh and stored (its version rises only if it changed). */
must_use bool task_preview(const struct task_context *c, struct arena *a, const char *id_or_name,
                           struct task_view *ret, struct err *err);

/* The same without computing anything. */
must_use bool task_show(const struct task_context *c, struct arena *a, const char *id_or_name,
                        struct task_view *ret, struct err *err);

/* editing -> pending, and scheduling once it is released. expected_version 0: any, else ERR_CONFLICT when the plan is another one than was seen. The
 * certificates must be deployable now and every access must exist. A plan without a row that can start ends as error
 * at once (R88), or stays for the user as success when all is held back: see task_exit_code.
 */
must_use bool task_submit(const struct task_context *c, int64_t task_id, int64_t expected_version,
                          struct err *err);

/* When and how far a task runs. Texts are never NULL; "" where nothing was said. */
struct task_when {
    const char *at; /* RFC 3339, or local in time_zone; "": at once; the past: at once, and said (R68) */
    const char *time_zone;   /* "Europe/Berlin"; "": this system's */
    struct texts windows;    /* "Sat,Sun 02:00-05:00": deployments begin only within */
    const char *canary;      /* the first wave: "5%", or a number of resources; "": none */
    struct texts waves;      /* further waves; what remains is the last one */
    const char *rollback_on; /* "contradicted": such a deployment goes back by itself; "": none does */
};

/* The same, when and as far as is said. *ret_said: what has to be told about the time. */
must_use bool task_submit_when(const struct task_context *c, struct arena *a, int64_t task_id,
                               int64_t expected_version, const struct task_when *when, struct texts *ret_said,
                               struct err *err);

/* Back to `editing`, while nothing of it was released. */
must_use bool task_unsubmit(const struct task_context *c, int64_t task_id, struct err *err);
/* What waits for its time begins now, whatever time was said; its windows still hold. */
must_use bool task_start(const struct task_context *c, int64_t task_id, struct err *err);

/* Nothing begins any more; what has written is finished, the rest waits for task_resume. */
must_use bool task_pause(const struct task_context *c, int64_t task_id, struct err *err);

/* What has not written becomes cancelled; what has is finished. */
must_use bool task_cancel(const struct task_context *c, int64_t task_id, struct err *err);

/* Failed deployments (of these ids; count 0: all) start again, when the task's windows and waves let them; the others
 * stay. A wave that is tried again is judged again, and its failure holds the task no longer up.
 */
must_use bool task_retry(const struct task_context *c, int64_t task_id, const int64_t *deployments,
                         size_t count, struct err *err);

/* A paused task goes on, and what waits before it tries again is due now; windows and waves stay what they are. A task
 * with nothing left to do is no error.
 */
must_use bool task_resume(const struct task_context *c, int64_t task_id, struct err *err);

/* One deployment that was asked to go back and will not. */
struct task_refusal {
    int64_t deployment_id;
    const char *title, *text; /* "the old certificate expired on 2026-11-01: accept with --accept expired" */
};

/* Rolls back these deployments (count 0: all that changed something). Refused ones are listed; ERR_CONFLICT when none
 * can go back.
 */
must_use bool task_rollback(const struct task_context *c, struct arena *a, int64_t task_id,
                            const int64_t *deployments, size_t count, bool accept_expired,
                            struct task_refusal **ret_refused, size_t *ret_refused_count, struct err *err);

/* C6: editing and final states; what it deployed stays (R113). */
must_use bool task_delete(const struct task_context *c, int64_t task_id, struct err *err);

/* True when no deployment of the task is waiting, running or rolling back, and the task is not in editing. */
bool task_is_final(const struct task_row *task, const struct task_counts *counts);

/* The exit code of architecture section 7 for a final task: 0 done (already bound counts), 1 failed, 2 partly or rows
 * held back, 3 nothing matched. For a rollback, judge by the deployments' rollback states.
 */
int task_exit_code(const struct task_counts *counts, bool rollback);

/* Brings the task's state in line with its deployments, inside a write. Called by the engine and the verbs above. */
must_use bool task_roll_up(struct db *db, struct arena *a, int64_t task_id, int64_t now_ms, struct err *err);

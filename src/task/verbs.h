/* verbs.h - what the files of the task verbs share. */
#pragma once
#include "task/task.h"

/* Changes deployments of a task page by page, each page one commit. fn returns true where it changed the row. */
typedef bool deployment_fn(void *context, struct deployment_row *row);
must_use bool verbs_each(const struct task_context *c, int64_t task_id, deployment_fn *fn, void *context,
                         size_t *ret_changed, struct err *err);

must_use bool verbs_load(const struct task_context *c, struct arena *a, int64_t task_id, struct task_row *ret,
                         struct err *err);

/* Brings the task's state in line, in a commit of its own. */
must_use bool verbs_roll_up(const struct task_context *c, int64_t task_id, struct err *err);

/* Refuses a verb: what stands against it in the task's state, and what to do instead. Always false. */
bool verbs_conflict(const struct task_row *task, const char *what, const char *instead, struct err *err);

/* Whether the id is among these; count 0: every id is. */
bool verbs_among(const int64_t *ids, size_t count, int64_t id);
must_use bool verbs_view(const struct task_context *c, struct arena *a, int64_t task_id,
                         struct task_view *ret, struct err *err);
const char *verbs_label(const struct task_row *task, const struct task_counts *counts);
void verbs_clear_outcome(struct deployment_row *row);
/* Why the deployment cannot go back; NULL if it can. Then rollback_begin makes the row ready for the engine. */
const char *rollback_objection(struct arena *a, const struct deployment_row *row, bool accept_expired,
                               int64_t now_ms);
void rollback_begin(struct deployment_row *row);
/* task.paused when a user paused it; else it says which wave failed. */
#define PAUSED_BY_USER "paused by the user"

bool task_state_is_final(const char *state);

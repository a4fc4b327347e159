/* deployment.h - the deployment's row, shared by task.c and journal.c. Internal to store/. */
#pragma once
#include "store/rows.h"
#include "store/task.h"

enum { DEPLOYMENT_FIELDS = 49, DEPLOYMENT_JOURNAL_FIRST = 25 };

/* The columns of PLAN_FIELDS, then from DEPLOYMENT_JOURNAL_FIRST on those of JOURNAL_FIELDS. */
extern const struct field deployment_fields[DEPLOYMENT_FIELDS];
extern const struct table deployment_table;

/* Keeps which certificates the deployment's slot holds according to a JSON array of bound entries, so that
 * store_certificate_needed finds them.
 */
must_use bool deployment_index_old(struct db *db, struct arena *a, int64_t id, const char *slot,
                                   const char *bound_json, struct err *err);

/* NULL when the journal may go from `old` to `new` (with `before` when a saved binding comes along), else the rule
 * it would break.
 */
const char *deployment_illegal(const struct deployment_row *old, const struct deployment_row *new,
                               const char *before);

/* What the step from `old` to `new` means for the ledger of quota (quota.h), written along with it: ERR_QUOTA with
 * QUOTA_ERR_CODE where a unit is needed and none is left.
 */
must_use bool deployment_charge(struct db *db, const struct deployment_row *old,
                                const struct deployment_row *new, struct err *err);
/* Returns what the task holds for resources that none of its deployments is at work on, or with `all` for every one: after
 * changes by the set, and before the task goes.
 */
must_use bool deployment_release(struct db *db, int64_t task_id, bool all, struct err *err);

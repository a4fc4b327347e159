/* deployment.h - the deployment's row, shared by task.c and journal.c. Internal to store/. */
#pragma once
#include "store/rows.h"
#include "store/task.h"

enum { DEPLOYMENT_FIELDS = 45, DEPLOYMENT_JOURNAL_FIRST = 21 };

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

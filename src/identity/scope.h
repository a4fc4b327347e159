/* scope.h - which objects exist for a caller, and which role it has on each.
 *
 * An access belongs to groups and to an owner; a resource, a push and a listing to their access; a task to every access
 * that it deploys with or may come to deploy with. ROLE_NONE means that the object must look as if it were not there.
 */
#pragma once
#include "identity/caller.h"
#include "store/access.h"
#include "store/task.h"

/* Whether nothing is out of its sight: callers of which this holds need no other question. */
bool scope_is_all(const struct caller *caller);

must_use bool scope_access(struct db *db, const struct caller *caller, const struct access_row *row,
                           enum role *ret, struct err *err);
/* The same by id; ROLE_NONE where that access is gone, unless the caller sees all. */
must_use bool scope_access_id(struct db *db, struct arena *a, const struct caller *caller, int64_t access_id,
                              enum role *ret, struct err *err);

/* The lowest of its roles on the accesses that the task names or deploys with. A task that names none may come to deploy
 * with any: it exists for those alone who have a role everywhere.
 */
must_use bool scope_task(struct db *db, struct arena *a, const struct caller *caller,
                         const struct task_row *row, enum role *ret, struct err *err);

/* The role on what belongs to an owner but to no access, as certificates do. */
enum role scope_owned(const struct caller *caller, const char *owner);

/* The accesses it may look at as ",12,17,", for struct resource_filter; "" where that is all of them. */
must_use bool scope_accesses(struct db *db, struct arena *a, const struct caller *caller, const char **ret,
                             struct err *err);

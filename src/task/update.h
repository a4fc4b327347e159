/* update.h - changes of a task in `editing`, and the comparison at its submission. */
#pragma once
#include "task/task.h"

/* The stored selection, changed. ERR_INPUT. */
must_use bool update_selection(struct arena *a, const char *stored, const struct task_change *change,
                               struct selection *ret, struct err *err);

/* Whether inventory and certificates still are what the plan that was seen was made of: the store is asked, never a cloud.
 * ERR_CONFLICT names the first difference.
 */
must_use bool update_check_current(const struct task_context *c, struct arena *a,
                                   const struct task_view *seen, const struct selection *selection,
                                   struct err *err);

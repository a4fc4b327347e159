/* plan_load.h - gathers from the store, and asks the clouds, what plan_compute works on. */
#pragma once
#include "task/task.h"

/* The plan of a selection. Certificates and accesses that do not exist are an error; certificates that may not be
 * deployed are too when `strict`, else a note. given (may be NULL) is one more certificate, not stored. *ret_first is the name of the first certificate.
 */
must_use bool plan_of(const struct task_context *c, struct arena *a, const struct selection *selection,
                      const struct certificate_row *given, bool strict, struct plan *ret,
                      const char **ret_first, struct err *err);

/* The same once more, from what is stored alone: no cloud is asked, and what clouds said is taken from the rows that were
 * seen. Certificates that may not be deployed (R27) are an error.
 */
must_use bool plan_again(const struct task_context *c, struct arena *a, const struct selection *selection,
                         const struct deployment_row *seen, size_t count, struct plan *ret, struct err *err);

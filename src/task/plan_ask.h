/* plan_ask.h - what the plan asks the clouds, or, when it is compared at the submission, the plan that was seen. */
#pragma once
#include "task/index.h"
#include "task/plan.h"
#include "task/task.h"
#include <stdatomic.h>

struct plan_asking {
    const struct task_context *c;
    struct arena *a;
    struct log_ctx log;
    const struct deployment_row *seen; /* NULL: the clouds are asked */
    struct index seen_resources;       /* our id to the position in seen */
    atomic_bool stop;                  /* true: what would call a cloud ends at once */
    int64_t silent_access;             /* it did not answer once: it is not asked again */
    const char *silent_reason;
};

void plan_asking_of_seen(struct plan_asking *asking, const struct deployment_row *seen, size_t count);

plan_place_fn plan_ask_place; /* context: struct plan_asking */
plan_undo_fn plan_ask_undo;

/* when.h - what a user says at submit about when and how far the task runs, checked and put into the task's row. */
#pragma once
#include "task/task.h"
#include "task/waves.h"

/* ERR_INPUT names what is wrong. *ret_said: sentences for the user, such as that the time has passed (R68). */
must_use bool when_apply(struct arena *a, const struct task_when *when, int64_t now_ms, struct task_row *task,
                         struct texts *ret_said, struct err *err);

/* The sizes of the task's waves; none: all goes at once. */
must_use bool when_waves(struct arena *a, const struct task_row *task, struct wave_size *ret,
                         size_t *ret_count, struct err *err);

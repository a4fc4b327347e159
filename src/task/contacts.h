/* contacts.h - who hears of a task. Our own tasks may name none; the API that is compatible with the vendor's wants one. */
#pragma once
#include "task/task.h"

/* The selection with the ids of its contacts in place of what was typed, each once. ERR_NOT_FOUND, ERR_INPUT. */
must_use bool contacts_resolve(const struct task_context *c, struct arena *a,
                               const struct selection *selection, struct selection *ret, struct err *err);

/* Within a write: the task names those of a resolved selection from now on. ERR_NOT_FOUND where one is gone. */
must_use bool contacts_keep(struct db *db, struct arena *a, int64_t task_id,
                            const struct selection *selection, struct err *err);

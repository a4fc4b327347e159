/* v1_task.h - handlers of /api/v1/tasks. */
#pragma once
#include "api/trail.h"

extern const struct field task_create_fields[], task_submit_fields[], task_rollback_fields[],
    task_retry_fields[], task_run_due_fields[], task_update_fields[];

route_fn v1_task_create, v1_task_update, v1_task_list, v1_task_show, v1_task_deployments, v1_task_preview,
    v1_task_cancel, v1_task_pause, v1_task_run_due, v1_task_retry, v1_task_resume, v1_task_rollback,
    v1_task_delete, v1_task_events;

trail_view_fn v1_task_view;

/* Starts the task as the body says, and answers with it and with what has to be said about its time. version 0: any. */
must_use bool v1_task_start(struct request *rq, struct reply *reply, int64_t version, struct err *err);

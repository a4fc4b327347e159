/* v1_approval.h - submitting a task, and the second person that some accesses want before it starts. */
#pragma once
#include "api/request.h"

route_fn v1_task_submit, v1_task_approve;

/* "approval": who submitted it and waits, or null. */
must_use bool v1_approval_put(struct request *rq, struct json_writer *w, int64_t task_id, struct err *err);

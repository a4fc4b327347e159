/* v1_quota.h - handlers of /api/v1/quota, and what a preview says of it. */
#pragma once
#include "api/request.h"
#include "task/task.h"

extern const struct field quota_grant_fields[], quota_revoke_fields[];

route_fn v1_quota_show, v1_quota_grant, v1_quota_revoke, v1_quota_entries, v1_quota_statement;

/* The member "quota" of a preview: what the task is going to take, what there is, and what to do where it is too little. */
must_use bool v1_quota_put_need(struct request *rq, struct json_writer *w, const struct task_view *view,
                                struct err *err);

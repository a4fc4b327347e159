/* view.h - rows as JSON, the same everywhere. Each writes one object. */
#pragma once
#include "api/request.h"
#include "store/certificate.h"
#include "store/quota.h"
#include "store/role.h"
#include "store/task.h"

/* A time in ISO 8601; 0: null. */
void view_time_member(struct json_writer *w, struct arena *a, const char *name, int64_t ms);
/* "roles": what a caller may, and in which access group; group null: everywhere. */
void view_roles_member(struct json_writer *w, const struct role_row *roles, size_t count);
void view_certificate(struct json_writer *w, struct arena *a, const struct certificate_row *row,
                      int64_t now_ms);
void view_access(struct json_writer *w, struct arena *a, const struct access_row *row);
void view_resource(struct json_writer *w, struct arena *a, const struct resource *r);
void view_task(struct json_writer *w, struct arena *a, const struct task_row *row,
               const struct task_counts *counts, int64_t now_ms);
/* The same without its end, for a caller with members to add. */
void view_task_open(struct json_writer *w, struct arena *a, const struct task_row *row,
                    const struct task_counts *counts, int64_t now_ms);
/* "quota": what the task holds, used and was given back. */
void view_quota_member(struct json_writer *w, const struct quota_sums *quota);
void view_deployment(struct json_writer *w, struct arena *a, const struct deployment_row *row);

/* A list: {"items":[...],"next":id or null}; the caller writes the items between. */
void view_list_open(struct json_writer *w);
void view_list_close(struct json_writer *w, int64_t next); /* 0: no further page */

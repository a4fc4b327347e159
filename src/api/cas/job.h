/* job.h - the operations on deployment tasks, which are "jobs" in the vendor's words alone.
 *
 * A task made here names its certificates and resources by id. A chosen resource that no certificate covers has no deployment;
 * it is shown as a worker of its own all the same, whose id is the resource's, and which fails when the task is submitted.
 */
#pragma once
#include "api/cas/call.h"

cas_handler_fn cas_create_job, cas_update_job, cas_update_job_status, cas_delete_job; /* job.c */
cas_handler_fn cas_describe_job, cas_describe_job_status, cas_list_jobs, cas_list_job_certificates,
    cas_list_job_resources; /* job_view.c */
extern const struct cas_parameter cas_create_job_parameters[], cas_update_job_parameters[],
    cas_update_job_status_parameters[], cas_job_parameters[], cas_job_or_none_parameters[],
    cas_list_jobs_parameters[];

struct cas_job {
    struct task_row row;
    struct selection selection;
    struct task_counts counts;
    int64_t *resources; /* chosen and not taken out again, in the order given */
    size_t resource_count;
    int64_t *unmatched; /* of those, the ones without a deployment */
    size_t unmatched_count;
};

/* The caller's own task. In a read or write. */
must_use bool cas_job_load(struct db *db, struct cas_call *call, int64_t id, struct cas_job *ret,
                           struct err *err);
bool cas_job_submitted(const struct cas_job *job);

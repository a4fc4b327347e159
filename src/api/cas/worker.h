/* worker.h - the operations on the deployments of a task, which are "workers" in the vendor's words alone. */
#pragma once
#include "api/cas/call.h"

cas_handler_fn cas_list_workers, cas_delete_worker, cas_update_worker_status;
extern const struct cas_parameter cas_list_workers_parameters[], cas_delete_worker_parameters[],
    cas_update_worker_status_parameters[];

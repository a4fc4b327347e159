/* resource.h - the operations on discovered cloud resources. */
#pragma once
#include "api/cas/call.h"

cas_handler_fn cas_list_resources, cas_resource_status, cas_matched_resources;
extern const struct cas_parameter cas_list_resources_parameters[], cas_resource_status_parameters[],
    cas_matched_resources_parameters[];

/* How a resource is shown, which differs between operations in one thing: the access is a key id or a number. */
enum cas_access_shown { CAS_ACCESS_KEY_ID, CAS_ACCESS_NUMBER };

/* One entry of a list. In a read. */
must_use bool cas_put_resource(struct db *db, struct cas_call *call, const struct resource *r,
                               const struct access_row *access, enum cas_access_shown shown, struct err *err);

/* "lb-1" and "lsn-1@443" of a listener; "" of others. */
const char *cas_instance_of(const struct resource *r);
const char *cas_listener_of(struct arena *a, const struct resource *r);
/* The domain that stands for the resource. */
const char *cas_domain_of(const struct resource *r);

/* access.h - the operations on AccessKey pairs of other accounts. */
#pragma once
#include "api/cas/call.h"

cas_handler_fn cas_add_access, cas_delete_access, cas_list_accesses;
extern const struct cas_parameter cas_add_access_parameters[], cas_delete_access_parameters[],
    cas_list_accesses_parameters[];

/* The accesses of the caller's owner that a list asks for, in the order of their ids: of a cloud, of a key id, or all.
 * With neither, and `own`: its own account alone.
 */
must_use bool cas_accesses(struct db *db, struct cas_call *call, const char *cloud, const char *key_id,
                           bool own, struct access_row **ret, size_t *ret_count, struct err *err);

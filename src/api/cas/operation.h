/* operation.h - the operations that are served, as data: what each takes, and what its caller has to be. */
#pragma once
#include "api/cas/parameter.h"
#include "identity/caller.h"

struct cas_call;
typedef bool cas_handler_fn(struct cas_call *call, struct err *err);

struct cas_operation {
    const char *name;
    enum role role;      /* what the caller's key needs, everywhere */
    unsigned per_second; /* of each key */
    const char *object;  /* what it changes, for the audit; of what only looks: what it may let go */
    cas_handler_fn *handler;
    const struct cas_parameter *parameters; /* ends with a NULL name */
};

/* The one table, in the order of the vendor's reference. */
extern const struct cas_operation cas_operations[];
extern const size_t cas_operation_count;

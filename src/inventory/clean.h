/* clean.h - copies of our certificates that an upload of ours brought into a vendor's certificate store and that nothing needs
 * any more: found, and deleted there on a word. Whatever leaves a doubt stays, and is told with the reason.
 */
#pragma once
#include "cloud/cloud.h"
#include "store/access.h"
#include <stdatomic.h>

struct clean_options {
    int64_t access_id;
    bool remove;         /* deletes; else it only looks */
    const int64_t *only; /* only these copies, of all that nothing needs; NULL: all */
    size_t only_count;
    const atomic_bool *stop; /* NULL: none */
};

enum clean_state {
    CLEAN_KEPT,    /* reason says why */
    CLEAN_UNUSED,  /* nothing needs it, and nobody said to delete it */
    CLEAN_DELETED, /* or it was gone there already, which reason says */
    CLEAN_FAILED,  /* it should have been deleted: reason says why it was not */
    CLEAN_STATE_COUNT,
};
const char *clean_state_name(enum clean_state state); /* "kept" ... */

/* Called for each copy; its strings need not outlive the call. */
typedef void clean_progress_fn(void *context, const struct copy_row *copy, const char *certificate,
                               enum clean_state state, const char *reason);

/* Runs to the end; ret counts by state. Blocks in cloud calls. Fails where the access cannot be used at all. */
must_use bool inventory_clean(struct cloud *cloud, struct store *store, const struct clean_options *options,
                              clean_progress_fn *progress, void *context, size_t ret[CLEAN_STATE_COUNT],
                              struct err *err);

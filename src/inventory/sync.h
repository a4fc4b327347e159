/* sync.h - bringing the inventory up to date: every resource of every connected access.
 *
 * Each (access, product, region) is one listing. Listings run side by side, at most `at_once` in all and four per
 * access, each on a thread of its own that blocks in the adapter. What a listing finds is stored in chunks under a new
 * generation; only a listing that reached its last page retires what it no longer saw, and only as missing. A failing
 * region or product is recorded in its sync_row and in the summary, and stops nothing else.
 */
#pragma once
#include "cloud/product.h"
#include "store/resource.h"

struct sync_options {
    int64_t access_id;   /* 0: every access */
    const char *product; /* NULL: every product of the access's cloud */
    unsigned at_once;    /* 0: 8 */
    int64_t patience_ms; /* how long one call may wait and repeat; 0: 60 s */
    const atomic_bool
        *stop; /* NULL: none. Once true, listings end as failed before their next call, others do not begin */
    const struct product *const *products; /* NULL-terminated; NULL: the products of products.def */
};

/* One finished listing, for people who watch. Called from one thread at a time; must not block. */
typedef void sync_progress_fn(void *context, const struct sync_row *row, size_t done, size_t known);

struct sync_summary {
    size_t accesses, listings,
        failed; /* a product whose regions could not be asked counts as one failed listing */
    int64_t resources;
    struct sync_row *rows; /* each listing's outcome, in the order they finished */
};

/* Runs to the end. Fails only when nothing could be begun (no such access or product, the store broke); a listing's
 * failure is in the summary. The summary lives in the arena.
 */
must_use bool inventory_sync(struct cloud *cloud, struct store *store, const struct clock *clock,
                             const struct sync_options *options, struct arena *a, sync_progress_fn *progress,
                             void *context, struct sync_summary *ret, struct err *err);

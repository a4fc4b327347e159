/* held.h - certificates that a vendor's certificate service holds, brought into the house: what was bought there can be
 * deployed by its id, inside its account, without its key.
 *
 * A certificate that we have already (by its digest) only learns where it lies. One that comes with a key is checked as an
 * import is. Without PEM it is known by what the vendor tells: its digest where that is SHA-256, else the identity
 * "<store>/<id>", and then it is delivered without being verified.
 */
#pragma once
#include "cert/certificate.h"
#include "cloud/cloud.h"
#include "store/certificate.h"
#include <stdatomic.h>

struct held_options {
    int64_t access_id;
    bool with_key;           /* fetches private keys, where the service gives them */
    const atomic_bool *stop; /* NULL: none */
};

struct held_outcome { /* what became of one certificate */
    const char *vendor_store, *ref, *name;
    bool added;        /* new here */
    bool has_key;      /* its key is here now */
    const char *error; /* why it was left out; NULL if it was not */
};

/* Called for each as it is kept; its strings need not outlive the call. */
typedef void held_progress_fn(void *context, const struct held_outcome *o);

struct held_summary {
    size_t found, added, keys, failed; /* keys: that came with this run */
};

/* Runs to the end; what one certificate fails with is told to progress and stops no other. Fails where the access cannot
 * be asked, or the listing breaks off: what was found is kept.
 */
must_use bool inventory_held(struct cloud *cloud, struct store *store, const struct clock *clock,
                             const struct held_options *options, held_progress_fn *progress, void *context,
                             struct held_summary *ret, struct err *err);

/* The row of an imported certificate: all but id, name and kind. */
struct certificate_row certificate_row_of(struct arena *a, const struct certificate *cert);
/* A name that no certificate has yet: the base, or with a number behind it. */
must_use bool certificate_free_name(struct db *db, struct arena *a, const char *base, const char **ret,
                                    struct err *err);

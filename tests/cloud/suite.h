/* suite.h - the conformance suite: what every product of the list must do in the simulated clouds, naming none.
 *
 * A case is a function that is run for each product. It answers NULL where the case held, why it cannot arise where a
 * declared fact of the product says so, and "" where it found nothing to try it with and proved why: then the table of
 * exemptions (suite_exempt.h) must say so, or the test fails. An exemption whose case holds after all fails, too. With
 * CERTFERRY_SUITE_REPORT=DIR the results are appended to DIR/<program>.tsv, from which docs/products.md is made.
 */
#pragma once
#include "cloud/call.h"
#include "cloud/product.h"
#include "cloud/suite_exempt.h"
#include "codec/json.h"
#include "store/test_support.h"

struct sky { /* a running simulator with an access per cloud */
    struct yard *y;
    pid_t sim;
    char *log;
    struct gate *gate;
    struct cloud *cloud;
    const struct json *ready;
    const char *failing; /* regions that fail, each with a space before and after it; NULL: none */
    struct {
        const char *cloud;
        int64_t id;
    } accesses[8];
    size_t access_count;
};

struct found { /* resources, copied */
    struct arena *arena;
    struct resource *items;
    size_t count, capacity;
};

enum { SUITE_EACH = 20, SUITE_TURNS = 3000, SUITE_WAIT_MS = 5, SUITE_PATIENCE_MS = 20000 };

void suite_wait(long ms);

/* A simulator with so many generated resources per product (options may say otherwise: the last of a kind counts), and
 * accesses that may make so many calls a second.
 */
struct sky *sky_open(struct yard *y, size_t each, double calls_per_second, const char *const *options);
void sky_close(struct sky *k);
size_t sky_mark(struct sky *k);                                   /* where the call log ends now */
size_t sky_count(struct sky *k, size_t from, const char *needle); /* in the log since then */
/* Calls that were refused, but for those whose refusal is the answer. */
size_t sky_wrong(struct sky *k);
char *sky_log(struct sky *k, struct arena *a, size_t from);
/* What calls changed since then, as sorted text: the names of all fields, each once. */
char *sky_changed(struct sky *k, struct arena *a, size_t from);
const char *sky_secret(struct sky *k, const char *cloud);

/* A job on the access of the product's cloud; false where the simulator has no such cloud. */
bool sky_job(struct sky *k, struct arena *a, const struct product *p, struct job *ret);

typedef const char *case_fn(struct sky *k, struct job *job);
/* Runs the case for every product and reports it under its name. */
void suite_case(struct sky *k, const char *name, case_fn *run);

void suite_regions(struct job *job, const char ***ret, size_t *ret_count);
/* One region, repeated where calls may fail by chance. */
void suite_discover_region(struct job *job, const char *region, struct found *to);
struct found suite_discover(struct job *job);
/* The same without repeats. */
bool suite_try_region(struct job *job, const char *region, struct found *to, struct err *err);

/* Whether a deployment may begin there: HTTPS on, fit, with names, its own. */
bool suite_fit(const struct resource *r);

/* A certificate for these names; and one for all names of the resource. */
struct material suite_material(struct sky *k, const char *const *names, size_t count);
struct material suite_material_for(struct sky *k, const struct resource *r);
void suite_keep(struct sky *k, const struct material *m); /* in our own store, so that it can be put back */

/* Brings it where the product wants it; for products that take the PEM itself it is known by its fingerprint. */
const char *suite_upload(struct job *job, const struct resource *r, const struct material *m);

/* Whether the failure passes by itself. */
bool suite_passes(const struct err *err);
struct way {
    const struct material *m;     /* NULL: back, by references alone, as restore does */
    const struct binding *before; /* what restore is told; NULL: nothing was there */
    void (*watch)(void *context,
                  const struct binding *now); /* called with each binding read on the way; may be NULL */
    void *context;
};
/* Reads and acts until the change shows and the cloud is done. */
void suite_carry(struct job *job, const struct resource *r, const struct change *change,
                 const struct way *way);
struct binding suite_read(struct job *job, const struct resource *r);
bool suite_can_put_back(struct job *job, const struct resource *r, const struct bound *old,
                        const char **ret_why);

/* The change of one slot from what it holds to this reference. */
struct change suite_change(struct arena *a, const char *slot, const char *old, const char *ref);

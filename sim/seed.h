/* seed.h - where the first state comes from: a seed file, or --domains N.
 *
 * Seed JSON: {"accesses": [{"cloud","account","name","key_id","secret","token"?,"inactive"?}],
 *             "objects": [{"cloud","account","kind","scope","id","fields":{...}}]}
 * Certificates are objects with the fields "Cert" (PEM, leaf first) and "Key". An object whose field "@refuse" is "1"
 * has an edge that refuses connections; on one whose field "@deny" is "1" every write is denied.
 */
#pragma once
#include "sim/sim.h"

struct sim_seeding { /* what generate() is given */
    struct arena *arena;
    struct sim_state *state;
    int64_t now_ms;
    uint64_t random;             /* --random-seed */
    const char *cloud, *account; /* whose resource it makes */
    struct sim_ca *ca;           /* issuer of the generated certificates */
    size_t count;                /* how many resources this product gets in all */
};

/* The names of the n-th resource of a product, by the scheme of docs/simulator.md, as a list ("a b"). The first is
 * its own; wildcard resources begin with "*.". `n` counts over all products, so that names are unique.
 */
char *sim_seed_names(struct sim_seeding *s, const char *product, size_t n);

/* A certificate for these names that ends in 5 to 20 days, EC P-256, issued by the generator's CA, chain complete. */
void sim_seed_cert(struct sim_seeding *s, const char *names, const char **ret_chain_pem,
                   const char **ret_key_pem);

struct sim_object *sim_seed_object(struct sim_seeding *s, const char *kind, const char *scope, const char *id,
                                   const struct sim_field *fields, size_t count);
#define SIM_SEED(s, kind, scope, id, ...)                                                                    \
    sim_seed_object((s), (kind), (scope), (id), (const struct sim_field[]){__VA_ARGS__},                     \
                    countof(((const struct sim_field[]){__VA_ARGS__})))

/* What the simulator is given to begin with. Both leave an existing state as it is. */
must_use bool sim_seed_load(struct sim *sim, const char *path, struct err *err);
must_use bool sim_seed_generate(struct sim *sim, size_t resources, struct err *err);
/* The seed file's text. */
char *sim_seed_print(struct sim *sim, struct arena *a);

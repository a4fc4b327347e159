/* seed.h - where the first state comes from: a seed file, or --domains N.
 *
 * Seed JSON: {"objects": [{"cloud","account","kind","scope","id","fields":{...}}]}
 * An access is an object of the kind "@access": its id is the key id, its fields are "name", "secret", and where wanted
 * "token" (a session token that every call must carry) and "inactive". Certificates are objects with the fields "Cert"
 * (PEM, leaf first) and "Key". A resource whose field "@refuse" is "1" has an edge that refuses connections; on one
 * whose field "@deny" is "1" every write is denied.
 */
#pragma once
#include "sim/sim.h"

struct sim_seeding {     /* what generate() is given */
    struct arena *arena; /* of this resource */
    struct sim_state *state;
    int64_t now_ms;
    const char *cloud, *account; /* whose resource it makes */
    const char *names;       /* what --names says, as a list ("a b"); NULL: the scheme of docs/simulator.md */
    uint64_t number;         /* of the resource over all products, for names */
    size_t count;            /* how many resources this product gets in all */
    int64_t days;            /* in which the certificates end; 0: 5 to 20, each its own */
    const struct minted *ca; /* issuer of the generated certificates */
};

/* The names of the n-th resource of this product, by --names or the scheme of docs/simulator.md, as a list ("a b"). The
 * first is its own; wildcards are written "*.shop.example".
 */
char *sim_seed_names(struct sim_seeding *s, size_t n);
bool sim_seed_has_https(size_t n); /* false: a product with a switch has it off */
bool sim_seed_is_owned(size_t n);  /* true: tags say that something else manages it */

/* A certificate for these names that ends in 5 to 20 days, EC P-256, issued by the generator's CA, chain complete. */
void sim_seed_cert(struct sim_seeding *s, const char *names, const char **ret_chain_pem,
                   const char **ret_key_pem);

/* The object; where it exists already (what several resources hang on), that one. */
struct sim_object *sim_seed_object(struct sim_seeding *s, const char *kind, const char *scope, const char *id,
                                   const struct sim_field *fields, size_t count);
#define SIM_SEED(s, kind, scope, id, ...)                                                                    \
    sim_seed_object((s), (kind), (scope), (id), (const struct sim_field[]){__VA_ARGS__},                     \
                    countof(((const struct sim_field[]){__VA_ARGS__})))

/* Both want an empty state. */
must_use bool sim_seed_load(struct sim_state *state, const char *path, struct err *err);
/* One access per cloud and this many resources, spread over all products. Key ids, secrets and names follow from
 * `random`, keys of certificates do not. `names` is a list of names to use, or NULL; `services` a list of those that
 * get resources ("aliyun/cdn aws/elbv2"), NULL: all. `days`: see struct sim_seeding.
 */
must_use bool sim_seed_generate(struct sim_state *state, size_t resources, uint64_t random, const char *names,
                                const char *services, int64_t days, struct err *err);
/* How many services of a list, or of all, have resources that can be generated. */
size_t sim_seed_services(struct arena *a, const char *services);
/* "a,*.b" as a list ("a *.b"); what is not a DNS name is refused. */
must_use bool sim_seed_read_names(struct arena *a, const char *text, const char **ret, struct err *err);
/* "aliyun/cdn,aws/elbv2" as a list; one that has no resources is refused. */
must_use bool sim_seed_read_services(struct arena *a, const char *text, const char **ret, struct err *err);
/* The seed file's text. */
char *sim_seed_print(struct sim_state *state, struct arena *a);

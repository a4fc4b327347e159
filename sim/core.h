/* core.h - the running simulator: what main puts together and the gateway asks. Product code never sees it. */
#pragma once
#include "sim/sim.h"

struct sim_faults;  /* fault.h */
struct sim_limiter; /* limit.h */
struct sim_log;     /* log.h */
struct sim_nonces;

struct sim {
    const struct clock *clock;
    struct sim_state *state;
    struct sim_trust *trust;     /* NULL: none */
    struct sim_faults *faults;   /* NULL: none */
    struct sim_limiter *limiter; /* NULL: no limits */
    struct sim_log *log;         /* NULL: none */
    struct sim_nonces *nonces;
    struct arena *arena; /* of what lives as long as the simulator; filled before it serves */
    struct sim_access *accesses;
    size_t access_count;
    int64_t latency_ms, slow_ms, clock_shift_ms;
    int64_t session_seconds; /* how long the keys of roles last; 0: what the caller asks for */
    uint64_t random;
    const char *const *denied; /* regions in which every call is denied */
    size_t denied_count;
};

/* Reads the accesses ("@access" objects) of the state. Once, before the first call. */
void sim_load_accesses(struct sim *sim);

enum sim_delivery {
    DELIVER_WHOLE,
    DELIVER_CUT,     /* half of the body, then close */
    DELIVER_NOTHING, /* close without a word */
    DELIVER_RESET,   /* the same with a TCP reset */
};

/* One call, from any thread: the answer lives in the arena. Sleeps for the latency. */
enum sim_delivery sim_handle(struct sim *sim, struct arena *a, const struct sim_request *request,
                             struct sim_answer *ret, int64_t *ret_now_ms);

/* The metadata services of instances; true when the request was for one of them, and is answered. */
bool sim_machine(struct sim_call *c);

/* The service that answers at this host and port, and what {region} in the host stands for; NULL if there is none. */
const struct sim_service *sim_service_at(struct arena *a, const char *host, unsigned port,
                                         const char **ret_region);

/* The check of c->params against the operation's table: false after the vendor's refusal. */
bool sim_params_check(struct sim_call *c);

struct sim_nonces *sim_nonces_new(void);
struct sim_nonces *sim_nonces_free(struct sim_nonces *n);

uint64_t sim_hash(uint64_t seed, const char *text);
double sim_fraction(uint64_t hash); /* 0 <= x < 1 */

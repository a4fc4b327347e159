/* engine.h - walks each deployment through its steps: snapshot, upload, bind, settle, verify; and back.
 *
 * The deployment row is the journal: what a step is about to do is committed before the cloud is called, the outcome
 * after. Nothing else is needed to go on after a crash: whatever was in flight is read from the cloud again, and a write
 * whose outcome is unknown is repeated only when it has not shown within the product's consistency_ms.
 *
 * Workers pick the next step that is due: round-robin over tasks, no access holding more than a quarter of the workers
 * while another has work, one deployment per (access, lock) from its snapshot until it settled, one upload per
 * (certificate, access, certificate store) at a time. A step that must wait gives its worker back with "again at T".
 */
#pragma once
#include "cloud/cloud.h"
#include "cloud/product.h"
#include "net/probe.h"
#include "store/task.h"

struct engine;

enum { ENGINE_WORKERS = 64 };

typedef bool engine_probe_fn(struct arena *a, const struct clock *clock, const struct probe_target *target,
                             struct probe_result *ret, struct err *err);

struct engine_options {
    unsigned workers; /* threads; 0: none, engine_run_due does the work (tests) */
    int64_t
        verify_for_ms; /* how long an entry point may take to serve the new leaf; 0: the product's propagation bound */
    int64_t probe_timeout_ms;                                /* 0: 5 s */
    struct address_rule addresses;                           /* where probes may go */
    const struct product *(*find_product)(const char *code); /* NULL: product_find */
    engine_probe_fn *probe;                                  /* NULL: net/probe.h */
    void (*changed)(void *context,
                    int64_t task_id); /* after each journal write, on a worker; must be quick; may be NULL */
    void *context;
};

/* Adopts everything open in the store and starts the workers. Store, cloud and clock are borrowed until engine_close. */
must_use bool engine_open(struct store *store, struct cloud *cloud, const struct clock *clock,
                          const struct engine_options *options, struct engine **ret, struct err *err);

/* Looks into the store for new work soon. Any thread. */
void engine_wake(struct engine *e);

/* No step begins any more; those running end at the next journal write. Waits at most wait_ms (0: not at all) and says
 * whether all is quiet. What is parked stays open in the store and goes on at the next start. Any thread.
 */
bool engine_stop(struct engine *e, int64_t wait_ms);

/* Stops and waits for the last step. Accepts NULL; returns NULL. */
struct engine *engine_close(struct engine *e);

/* Deployments known and not final. Any thread. */
size_t engine_open_count(struct engine *e);

/* For workers 0: runs every step that is due by the clock, on this thread, until none is; then *ret_next_ms is the wall
 * time at which the next is due, or 0 when nothing waits. Returns the number of steps run.
 */
size_t engine_run_due(struct engine *e, int64_t *ret_next_ms);

/* log.h - one JSON line per call. Never a secret, a key or a parameter but the resource's name. */
#pragma once
#include "sim/sim.h"

struct sim_log;

must_use bool sim_log_open(const char *path, struct sim_log **ret, struct err *err);
struct sim_log *sim_log_close(struct sim_log *l);

/* {"time_ms","access","cloud","service","action","region","resource","outcome","status","code"?,"fields","fault"?}
 * outcome: "refused", "read", "changed" or "same". One write(), so lines of many threads do not mix. l may be NULL.
 */
void sim_log_call(struct sim_log *l, const struct sim_call *c, const char *fault);

/* limit.h - token buckets by name: R calls a second, B at once. Any thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct sim_limiter;

struct sim_limiter *sim_limiter_new(double calls_per_second, double burst);
struct sim_limiter *sim_limiter_free(struct sim_limiter *l);

/* Takes one call out of the bucket of that name; false when it is empty. l may be NULL: no limits. */
bool sim_limiter_take(struct sim_limiter *l, const char *bucket, int64_t now_ms);

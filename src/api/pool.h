/* pool.h - a few threads that run queued work in order. */
#pragma once
#include "base/err.h"

struct pool;

typedef void pool_fn(void *context);

must_use bool pool_open(size_t threads, size_t queue_max, struct pool **ret, struct err *err);
#define POOL_ENDED "ended"

/* ERR_THROTTLED when queue_max pieces of work wait already, ERR_NETWORK with the code POOL_ENDED after pool_end. */
must_use bool pool_add(struct pool *pool, pool_fn *fn, void *context, struct err *err);
size_t pool_waiting(struct pool *pool);
void pool_end(struct pool *pool); /* finishes what is queued; takes nothing more */
struct pool *pool_close(struct pool *pool);

#include "api/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct work {
    pool_fn *fn;
    void *context;
};

struct pool {
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t changed;
    struct work *ring;
    size_t first, count, max, thread_count;
    bool closing;
    pthread_t *threads;
};

static void *run(void *context)
{
    struct pool *pool = context;
    pthread_mutex_lock(&pool->lock);
    while (pool->count || !pool->closing) {
        if (!pool->count) {
            pthread_cond_wait(&pool->changed, &pool->lock);
            continue;
        }
        struct work work = pool->ring[pool->first];
        pool->first = (pool->first + 1) % pool->max;
        pool->count--;
        pthread_mutex_unlock(&pool->lock);
        work.fn(work.context);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

void pool_end(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pool->thread_count = 0;
}

struct pool *pool_close(struct pool *pool)
{
    if (!pool)
        return NULL;
    pool_end(pool);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
    free(pool->ring);
    free(pool);
    return NULL;
}

bool pool_open(size_t threads, size_t queue_max, struct pool **ret, struct err *err)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool || !(pool->ring = calloc(queue_max, sizeof *pool->ring)) ||
        !(pool->threads = calloc(threads, sizeof *pool->threads)))
        return err_set(err, ERR_INTERNAL, "out of memory");
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->max = queue_max;
    for (; pool->thread_count < threads; pool->thread_count++)
        if (pthread_create(&pool->threads[pool->thread_count], NULL, run, pool) != 0) {
            pool_close(pool);
            return err_set(err, ERR_INTERNAL, "cannot start a thread");
        }
    *ret = pool;
    return true;
}

bool pool_add(struct pool *pool, pool_fn *fn, void *context, struct err *err)
{
    pthread_mutex_lock(&pool->lock);
    bool closing = pool->closing, room = pool->count < pool->max && !closing;
    if (room) {
        pool->ring[(pool->first + pool->count++) % pool->max] = (struct work){fn, context};
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!closing)
        return room || err_set(err, ERR_THROTTLED, "too much work is waiting: try again");
    err_set(err, ERR_NETWORK, "this certferry is about to end: try again");
    (void)snprintf(err->code, sizeof err->code, "%s", POOL_ENDED);
    return false;
}

size_t pool_waiting(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    size_t count = pool->count;
    pthread_mutex_unlock(&pool->lock);
    return count;
}

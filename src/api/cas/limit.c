#include "api/cas/limit.h"

#include <pthread.h>
#include <stdlib.h>

/* Buckets that were idle for a second are full and need not be kept: the table is a cache of those that are not. */
enum { BUCKETS = 4096, PROBES = 16, SECOND_MS = 1000 };

struct bucket {
    int64_t subject;
    size_t operation;
    int64_t used_ms;
    double tokens;
};

struct cas_limit {
    pthread_mutex_t mutex; /* guards buckets */
    struct bucket buckets[BUCKETS];
};

struct cas_limit *cas_limit_new(void)
{
    struct cas_limit *limit = calloc(1, sizeof *limit);
    if (!limit)
        abort();
    pthread_mutex_init(&limit->mutex, NULL);
    return limit;
}

struct cas_limit *cas_limit_free(struct cas_limit *limit)
{
    if (!limit)
        return NULL;
    pthread_mutex_destroy(&limit->mutex);
    free(limit);
    return NULL;
}

/* Its own, else the one of those nearby that was idle longest. */
static struct bucket *bucket_of(struct cas_limit *limit, int64_t subject, size_t operation,
                                unsigned per_second, int64_t now_ms)
{
    size_t at = ((uint64_t)subject * 0x9e3779b97f4a7c15ULL + operation * 0x85ebca6bULL) >> 7;
    struct bucket *oldest = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct bucket *b = &limit->buckets[(at + i) % BUCKETS];
        if (b->subject == subject && b->operation == operation && b->used_ms)
            return b;
        if (!oldest || b->used_ms < oldest->used_ms)
            oldest = b;
    }
    *oldest = (struct bucket){subject, operation, now_ms, per_second};
    return oldest;
}

bool cas_limit_take(struct cas_limit *limit, int64_t subject, size_t operation, unsigned per_second,
                    int64_t now_ms, int64_t *ret_wait_ms)
{
    pthread_mutex_lock(&limit->mutex);
    struct bucket *b = bucket_of(limit, subject, operation, per_second, now_ms);
    double gone_ms = (double)int64_max(0, now_ms - b->used_ms);
    b->tokens += gone_ms * per_second / SECOND_MS;
    b->tokens = b->tokens < per_second ? b->tokens : per_second;
    b->used_ms = now_ms;
    bool taken = b->tokens >= 1;
    if (taken)
        b->tokens -= 1;
    else
        *ret_wait_ms = 1 + (int64_t)((1 - b->tokens) * SECOND_MS / per_second);
    pthread_mutex_unlock(&limit->mutex);
    return taken;
}

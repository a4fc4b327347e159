#include "sim/limit.h"

#include "base/base.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct bucket {
    struct bucket *next;
    double tokens;
    int64_t at_ms;
    char name[];
};

enum { CHAINS = 1024 };

struct sim_limiter {
    double rate, burst;
    pthread_mutex_t mutex; /* guards the chains */
    struct bucket *chains[CHAINS];
};

struct sim_limiter *sim_limiter_new(double calls_per_second, double burst)
{
    struct sim_limiter *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    pthread_mutex_init(&l->mutex, NULL);
    l->rate = calls_per_second;
    l->burst = burst < 1 ? 1 : burst;
    return l;
}

struct sim_limiter *sim_limiter_free(struct sim_limiter *l)
{
    for (size_t i = 0; l && i < CHAINS; i++)
        while (l->chains[i]) {
            struct bucket *first = l->chains[i];
            l->chains[i] = first->next;
            free(first);
        }
    free(l);
    return NULL;
}

static struct bucket *bucket_of(struct sim_limiter *l, const char *name, int64_t now_ms)
{
    unsigned h = 5381;
    for (const char *p = name; *p; p++)
        h = h * 33 + (unsigned char)*p;
    struct bucket **chain = &l->chains[h % CHAINS];
    for (struct bucket *b = *chain; b; b = b->next)
        if (!strcmp(b->name, name))
            return b;
    size_t size = strlen(name) + 1;
    struct bucket *b = malloc(sizeof *b + size);
    if (!b)
        abort();
    *b = (struct bucket){.next = *chain, .tokens = l->burst, .at_ms = now_ms};
    memcpy(b->name, name, size);
    *chain = b;
    return b;
}

bool sim_limiter_take(struct sim_limiter *l, const char *name, int64_t now_ms)
{
    if (!l)
        return true;
    pthread_mutex_lock(&l->mutex);
    struct bucket *b = bucket_of(l, name, now_ms);
    if (now_ms > b->at_ms) {
        b->tokens += (double)(now_ms - b->at_ms) * l->rate / 1000;
        b->at_ms = now_ms;
    }
    if (b->tokens > l->burst)
        b->tokens = l->burst;
    bool taken = b->tokens >= 1;
    b->tokens -= taken ? 1 : 0;
    pthread_mutex_unlock(&l->mutex);
    return taken;
}

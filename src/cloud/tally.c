/* tally.c - what came of the calls, by cloud and action; and how fast the limiter lets them go. */
#include "cloud/session.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const char *cloud, const char *action)
{
    size_t hash = 5381;
    for (const char *c = cloud; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    for (const char *c = action; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    return hash % TALLY_SLOTS;
}

/* With the lock held; NULL when all slots are taken. Names are those of declared calls and outlive everything. */
static struct cloud_tally *tally_of(struct cloud *c, const char *cloud, const char *action)
{
    size_t first = slot_of(cloud, action);
    for (size_t i = 0; i < TALLY_SLOTS; i++) {
        struct cloud_tally **at = &c->tallies[(first + i) % TALLY_SLOTS];
        if (!*at) {
            *at = calloc(1, sizeof **at);
            if (!*at)
                abort();
            (*at)->cloud = cloud;
            (*at)->action = action;
        }
        if (strcmp((*at)->cloud, cloud) == 0 && strcmp((*at)->action, action) == 0)
            return *at;
    }
    return NULL;
}

void tally_call(struct cloud *c, const char *cloud, const char *action, enum err_kind outcome,
                int64_t took_ms)
{
    pthread_mutex_lock(&c->lock);
    c->counts.calls++;
    c->counts.failed += outcome != ERR_NONE;
    c->counts.throttled += outcome == ERR_THROTTLED;
    struct cloud_tally *tally = tally_of(c, cloud, action);
    if (tally) {
        tally->outcomes[outcome]++;
        histogram_add(&tally->took, took_ms);
    }
    pthread_mutex_unlock(&c->lock);
}

void tallies_free(struct cloud *c)
{
    for (size_t i = 0; i < TALLY_SLOTS; i++)
        free(c->tallies[i]);
}

struct cloud_counts cloud_counts_now(struct cloud *c)
{
    pthread_mutex_lock(&c->lock);
    struct cloud_counts counts = c->counts;
    pthread_mutex_unlock(&c->lock);
    return counts;
}

void cloud_tallies(struct cloud *c, struct arena *a, struct cloud_tally **ret, size_t *ret_count)
{
    size_t capacity = 0;
    *ret = NULL;
    *ret_count = 0;
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < TALLY_SLOTS; i++)
        if (c->tallies[i])
            *(struct cloud_tally *)arena_push(a, (void **)ret, ret_count, &capacity, sizeof **ret) =
                *c->tallies[i];
    pthread_mutex_unlock(&c->lock);
}

void cloud_rates(struct cloud *c, struct arena *a, size_t max, struct cloud_rate **ret, size_t *ret_count)
{
    size_t capacity = 0;
    *ret = NULL;
    *ret_count = 0;
    pthread_mutex_lock(&c->lock);
    struct session *first = c->sessions; /* they stay until the end, and new ones come in front */
    pthread_mutex_unlock(&c->lock);
    for (struct session *s = first; s; s = s->next) {
        pthread_mutex_lock(&s->lock);
        for (struct bucket *b = s->buckets; b && *ret_count < max; b = b->next) {
            struct cloud_rate *rate = arena_push(a, (void **)ret, ret_count, &capacity, sizeof *rate);
            *rate =
                (struct cloud_rate){s->access_id, arena_strdup(a, b->key), b->limit.rate, b->limit.ceiling};
        }
        pthread_mutex_unlock(&s->lock);
    }
}

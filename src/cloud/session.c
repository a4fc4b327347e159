#include "cloud/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void sleep_ms(int64_t ms)
{
    struct timespec left = {ms / 1000, (ms % 1000) * 1000000};
    while (ms > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

struct timespec after_ms(int64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int64_t ns = t.tv_nsec + (ms % 1000) * 1000000;
    return (struct timespec){t.tv_sec + ms / 1000 + ns / 1000000000, ns % 1000000000};
}

static bool unsent(struct err *err, int64_t retry_after_ms)
{
    if (err) {
        err->unsent = true;
        err->transient = retry_after_ms > 0;
        err->retry_after_ms = retry_after_ms;
    }
    return false;
}

static bool enter_locked(struct session *s, bool check, bool write, int64_t patience_ms, struct err *err)
{
    struct timespec until = after_ms(patience_ms);
    for (;;) {
        if (s->suspended && !check) {
            err_set(err, ERR_CREDENTIAL, "the access is suspended until a check succeeds (%s)", s->reason);
            return unsent(err, 0);
        }
        if (write && s->keys->row.read_only) {
            err_set(err, ERR_PERMISSION, "the access is read-only here: nothing was changed");
            return unsent(err, 0);
        }
        if (s->proven || !s->probing)
            return true;
        if (pthread_cond_timedwait(&s->changed, &s->lock, &until) == ETIMEDOUT && !s->proven && s->probing) {
            err_set(err, ERR_THROTTLED, "the access's first call is still under way");
            return unsent(err, 200);
        }
    }
}

bool session_enter(struct session *s, const struct job *job, bool write, int64_t patience_ms,
                   struct keys **ret, bool *ret_probe, struct err *err)
{
    pthread_mutex_lock(&s->lock);
    bool ok = enter_locked(s, job->check, write, patience_ms, err);
    if (ok) {
        *ret_probe = !s->proven;
        s->probing = !s->proven;
        *ret = job->own_keys && s->own_keys ? s->own_keys : s->keys;
        (*ret)->refs++;
    }
    pthread_mutex_unlock(&s->lock);
    return ok;
}

struct keys *keys_unref(struct keys *keys)
{
    if (--keys->refs > 0)
        return NULL;
    secret_free(keys->secret);
    secret_free(keys->session_token);
    arena_free(keys->arena);
    free(keys);
    return NULL;
}

void session_leave(struct session *s, struct keys *keys, bool probe, bool accepted)
{
    pthread_mutex_lock(&s->lock);
    if (keys == s->keys || keys == s->own_keys) { /* a call with an older key says nothing about this one */
        if (probe)
            s->probing = false;
        if (accepted && !s->suspended)
            s->proven = true;
        if (probe)
            pthread_cond_broadcast(&s->changed);
    }
    keys_unref(keys);
    pthread_mutex_unlock(&s->lock);
}

struct state_change {
    int64_t access_id;
    const char *state, *text, *account;
};

static bool write_state(struct db *db, void *context, struct err *err)
{
    const struct state_change *change = context;
    return store_access_set_state(db, change->access_id, change->state, change->text, change->account, err);
}

bool session_store_state(struct session *s, const char *state, const char *text, const char *account,
                         struct err *err)
{
    struct state_change change = {s->access_id, state, text, account};
    if (!s->access_id)
        return true;
    return store_write(s->cloud->store, write_state, &change, err) ||
           err_add(err, "keep the state of an access");
}

void session_suspend(struct session *s, const struct keys *keys, const struct err *why)
{
    pthread_mutex_lock(&s->lock);
    bool now = s->access_id && (keys == s->keys || keys == s->own_keys) && !s->suspended;
    if (now) {
        s->suspended = true;
        s->proven = false;
        memcpy(s->reason, why->text, sizeof s->reason);
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    struct err err;
    if (now && !session_store_state(s, "suspended", why->text, "", &err))
        log_err(LOG_WARNING, NULL, "access.suspend", &err); /* the next start will find out again */
}

int64_t session_skew_ms(struct session *s)
{
    pthread_mutex_lock(&s->lock);
    int64_t skew_ms = s->skew_ms;
    pthread_mutex_unlock(&s->lock);
    return skew_ms;
}

struct skew_change {
    int64_t access_id, skew_ms;
};

static bool write_skew(struct db *db, void *context, struct err *err)
{
    const struct skew_change *change = context;
    return store_access_set_skew(db, change->access_id, change->skew_ms, err);
}

void session_learn_skew(struct session *s, int64_t skew_ms)
{
    struct skew_change change = {s->access_id, skew_ms};
    struct err err;
    pthread_mutex_lock(&s->lock);
    s->skew_ms = skew_ms;
    pthread_mutex_unlock(&s->lock);
    if (s->access_id && !store_write(s->cloud->store, write_skew, &change, &err))
        log_err(LOG_WARNING, NULL, "access.clock", &err); /* it is learnt again after the next start */
}

/* The bucket of a key, made at its first use. The lock is held. */
static struct limit *bucket_of(struct session *s, const char *key, double published)
{
    for (struct bucket *b = s->buckets; b; b = b->next)
        if (strcmp(b->key, key) == 0)
            return &b->limit;
    struct bucket *b = calloc(1, sizeof *b);
    char *copy = strdup(key);
    if (!b || !copy)
        abort();
    *b = (struct bucket){.next = s->buckets, .key = copy};
    b->limit = limit_new(published, s->keys->row.calls_per_second, clock_monotonic_ms(s->cloud->clock));
    s->buckets = b;
    return &b->limit;
}

int64_t session_take(struct session *s, const char *key, double published, int64_t patience_ms,
                     int64_t *ret_retry_ms)
{
    pthread_mutex_lock(&s->lock);
    struct limit *l = bucket_of(s, key, published);
    int64_t wait_ms = limit_take(l, clock_monotonic_ms(s->cloud->clock), patience_ms, ret_retry_ms);
    pthread_mutex_unlock(&s->lock);
    return wait_ms;
}

bool session_turn_is_void(struct session *s, const char *key, int64_t taken_ms)
{
    pthread_mutex_lock(&s->lock);
    bool is_void = limit_is_void(bucket_of(s, key, 0), taken_ms);
    pthread_mutex_unlock(&s->lock);
    return is_void;
}

void session_accepted(struct session *s, const char *key)
{
    pthread_mutex_lock(&s->lock);
    limit_accepted(bucket_of(s, key, 0), clock_monotonic_ms(s->cloud->clock));
    pthread_mutex_unlock(&s->lock);
}

void session_refused(struct session *s, const char *key, int64_t taken_ms, int64_t retry_after_ms)
{
    pthread_mutex_lock(&s->lock);
    limit_refused(bucket_of(s, key, 0), taken_ms, clock_monotonic_ms(s->cloud->clock), retry_after_ms);
    pthread_mutex_unlock(&s->lock);
}

/* Everything learnt with a key goes with it; the lock is held. */
void session_forget(struct session *s)
{
    while (s->buckets) {
        struct bucket *b = s->buckets;
        s->buckets = b->next;
        free(b->key);
        free(b);
    }
    while (s->notes) {
        struct note *n = s->notes;
        s->notes = n->next;
        free(n->key);
        free(n->value);
        secret_free(n->secret);
        free(n);
    }
    s->note_count = 0;
    for (size_t i = 0; i < FACT_SLOTS; i++) {
        while (s->facts[i]) {
            struct fact *f = s->facts[i];
            s->facts[i] = f->next;
            arena_free(f->arena);
        }
    }
    s->fact_count = 0;
    for (size_t i = 0; i < PEM_SLOTS; i++) {
        if (s->pems[i])
            arena_free(s->pems[i]->arena);
        s->pems[i] = NULL;
    }
}

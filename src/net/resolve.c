#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Shared by the asking and the resolving thread; whoever leaves last frees it. */
struct lookup {
    char *host;
    char port[8];
    int flags;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t ready;
    bool done, abandoned;
    int code;
    struct resolved result;
};

static void lookup_free(struct lookup *l)
{
    pthread_cond_destroy(&l->ready);
    pthread_mutex_destroy(&l->lock);
    free(l->host);
    free(l);
}

static int look_up(const struct lookup *l, struct resolved *ret)
{
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | l->flags};
    int code = getaddrinfo(l->host, l->port, &hints, &list);
    if (code)
        return code;
    for (struct addrinfo *i = list; i && ret->count < RESOLVE_ADDRESSES; i = i->ai_next) {
        memcpy(&ret->addresses[ret->count], i->ai_addr, i->ai_addrlen);
        ret->sizes[ret->count++] = i->ai_addrlen;
    }
    freeaddrinfo(list);
    return 0;
}

static void *run(void *context)
{
    struct lookup *l = context;
    struct resolved result = {.count = 0};
    int code = look_up(l, &result);
    pthread_mutex_lock(&l->lock);
    l->code = code;
    l->result = result;
    l->done = true;
    bool abandoned = l->abandoned;
    pthread_cond_signal(&l->ready);
    pthread_mutex_unlock(&l->lock);
    if (abandoned)
        lookup_free(l);
    return NULL;
}

static struct lookup *lookup_new(const char *host, unsigned port)
{
    struct lookup *l = calloc(1, sizeof *l);
    char *copy = strdup(host);
    if (!l || !copy)
        abort();
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->ready, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&l->lock, NULL);
    l->host = copy;
    snprintf(l->port, sizeof l->port, "%u", port);
    return l;
}

static bool start_thread(struct lookup *l)
{
    pthread_t thread;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool started = pthread_create(&thread, &detached, run, l) == 0;
    pthread_attr_destroy(&detached);
    return started;
}

/* False: not in time, and the thread owns the lookup from here on. */
static bool wait_for(struct lookup *l, int64_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&l->lock);
    while (!l->done)
        if (pthread_cond_timedwait(&l->ready, &l->lock, &until) == ETIMEDOUT)
            break;
    bool done = l->done;
    l->abandoned = !done;
    pthread_mutex_unlock(&l->lock);
    return done;
}

static bool take_result(struct lookup *l, struct resolved *ret, struct err *err)
{
    int code = l->code;
    if (code == 0)
        *ret = l->result;
    lookup_free(l);
    return code == 0 || err_set(err, ERR_NETWORK, "no address: %s", gai_strerror(code));
}

bool resolve(const char *host, unsigned port, int64_t timeout_ms, struct resolved *ret, struct err *err)
{
    struct lookup *l = lookup_new(host, port);
    struct resolved numeric = {.count = 0};
    l->flags = AI_NUMERICHOST;
    if (look_up(l, &numeric) == 0) {
        *ret = numeric;
        lookup_free(l);
        return true;
    }
    l->flags = 0;
    if (!start_thread(l)) {
        lookup_free(l);
        return err_set(err, ERR_INTERNAL, "cannot start a thread to resolve %s", host);
    }
    if (!wait_for(l, timeout_ms))
        return err_set(err, ERR_TIMEOUT, "no address in time");
    return take_result(l, ret, err);
}

#include "api/watchers.h"

#include "api/event_stream.h"
#include "api/view.h"
#include "task/task.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { STREAMS_MAX = 256, PAUSE_MS = 100 };

struct watcher {
    struct watcher *next;
    struct event_stream *stream;
    int64_t task_id;
    uint64_t seen; /* hash of the last event */
};

struct watchers {
    struct api *api;
    pthread_mutex_t list; /* guards first and count; held while the store is read */
    struct watcher *first;
    size_t count;
    pthread_mutex_t
        lock; /* guards the three below; held briefly: the store's writer waits for it at each commit */
    pthread_cond_t wake;
    bool changed, ending, closing;
    pthread_t thread;
};

static void changed(void *context)
{
    struct watchers *w = context;
    pthread_mutex_lock(&w->lock);
    w->changed = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

struct look {
    struct arena *arena;
    int64_t id;
    struct task_row row;
    struct task_counts counts;
};

static bool load(struct db *db, void *context, struct err *err)
{
    struct look *look = context;
    return store_task_load(db, look->arena, look->id, &look->row, err) &&
           store_task_count(db, look->id, &look->counts, err);
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 1469598103934665603u; /* FNV-1a: only to tell a repeated event */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* Writes the event if it says something new; false when no more shall come. */
static bool tell(struct watchers *w, struct watcher *watcher)
{
    cleanup(arena_free_p) struct arena *a = arena_new(16 << 20);
    struct look look = {.arena = a, .id = watcher->task_id};
    struct err err = {0};
    if (!store_read(w->api->parts.store, load, &look, &err)) {
        (void)event_stream_put(watcher->stream, "problem", problem_document(a, &err));
        return false;
    }
    struct buf json = buf_new(a, 4 << 20);
    struct json_writer writer = json_writer_to(&json);
    view_task(&writer, a, &look.row, &look.counts, clock_wall_ms(w->api->parts.clock));
    if (json.full) {
        err_set(&err, ERR_INTERNAL, "the task is too large to be watched");
        (void)event_stream_put(watcher->stream, "problem", problem_document(a, &err));
        return false;
    }
    uint64_t hash = hash_of(json.data);
    bool final = task_is_final(&look.row, &look.counts), news = hash != watcher->seen;
    watcher->seen = hash;
    return (!news || event_stream_put(watcher->stream, "task", json.data)) && !final;
}

static void watcher_end(struct watchers *w, struct watcher **at)
{
    struct watcher *watcher = *at;
    *at = watcher->next;
    w->count--;
    event_stream_close(watcher->stream);
    free(watcher);
}

static void tell_all(struct watchers *w, bool ending)
{
    pthread_mutex_lock(&w->list);
    for (struct watcher **at = &w->first; *at;)
        if (!ending && event_stream_alive((*at)->stream) && tell(w, *at))
            at = &(*at)->next;
        else
            watcher_end(w, at);
    pthread_mutex_unlock(&w->list);
}

static void *run(void *context)
{
    struct watchers *w = context;
    pthread_mutex_lock(&w->lock);
    while (!w->closing) {
        if (!w->changed) {
            pthread_cond_wait(&w->wake, &w->lock);
            continue;
        }
        w->changed = false;
        bool ending = w->ending;
        pthread_mutex_unlock(&w->lock);
        tell_all(w, ending);
        pthread_mutex_lock(&w->lock);
        struct timespec until; /* not more than ten events a second */
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += PAUSE_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        while (!w->closing && pthread_cond_timedwait(&w->wake, &w->lock, &until) != ETIMEDOUT)
            continue;
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

void watchers_end(struct watchers *w)
{
    pthread_mutex_lock(&w->lock);
    w->ending = w->changed = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

bool watchers_open(struct api *api, struct watchers **ret, struct err *err)
{
    struct watchers *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(err, ERR_INTERNAL, "out of memory");
    w->api = api;
    pthread_mutex_init(&w->list, NULL);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    if (pthread_create(&w->thread, NULL, run, w) != 0) {
        free(w);
        return err_set(err, ERR_INTERNAL, "cannot start a thread");
    }
    store_on_commit(api->parts.store, changed, w);
    *ret = w;
    return true;
}

struct watchers *watchers_close(struct watchers *w)
{
    if (!w)
        return NULL;
    store_on_commit(w->api->parts.store, NULL, NULL);
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    while (w->first)
        watcher_end(w, &w->first);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    pthread_mutex_destroy(&w->list);
    free(w);
    return NULL;
}

/* Those whose client left make room: nothing else ends a watcher whose task stands still. */
static void drop_gone(struct watchers *w)
{
    for (struct watcher **at = &w->first; *at;)
        if (event_stream_alive((*at)->stream))
            at = &(*at)->next;
        else
            watcher_end(w, at);
}

bool watchers_add(struct watchers *w, struct http_exchange *x, int64_t task_id, struct err *err)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    pthread_mutex_lock(&w->list);
    drop_gone(w);
    bool room = watcher && w->count < STREAMS_MAX;
    if (room) {
        *watcher = (struct watcher){.next = w->first, .stream = event_stream_open(x), .task_id = task_id};
        w->first = watcher;
        w->count++;
    }
    pthread_mutex_unlock(&w->list);
    if (!room) {
        free(watcher);
        return err_set(err, ERR_THROTTLED, "too many are watching: try again later");
    }
    changed(w);
    return true;
}

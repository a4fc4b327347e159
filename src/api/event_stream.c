#include "api/event_stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Two own it: whoever writes, and the server until it says that the stream ended. */
struct event_stream {
    pthread_mutex_t lock;       /* guards the two below */
    struct http_stream *stream; /* NULL once ended */
    unsigned owners;
};

static void drop(struct event_stream *s)
{
    bool last = --s->owners == 0;
    pthread_mutex_unlock(&s->lock);
    if (last) {
        pthread_mutex_destroy(&s->lock);
        free(s);
    }
}

static void ended(void *context)
{
    struct event_stream *s = context;
    pthread_mutex_lock(&s->lock);
    s->stream = NULL;
    drop(s);
}

struct event_stream *event_stream_open(struct http_exchange *x)
{
    struct event_stream *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    pthread_mutex_init(&s->lock, NULL);
    s->owners = 2;
    pthread_mutex_lock(&s->lock); /* ended() may come at once */
    s->stream = http_stream(x, ended, s);
    pthread_mutex_unlock(&s->lock);
    return s;
}

bool event_stream_alive(struct event_stream *s)
{
    pthread_mutex_lock(&s->lock);
    bool alive = s->stream != NULL;
    pthread_mutex_unlock(&s->lock);
    return alive;
}

bool event_stream_put(struct event_stream *s, const char *event, const char *json)
{
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    const char *text = arena_printf(a, "event: %s\ndata: %s\n\n", event, json);
    pthread_mutex_lock(&s->lock);
    bool alive = s->stream && http_stream_write(s->stream, text, strlen(text));
    pthread_mutex_unlock(&s->lock);
    return alive;
}

struct event_stream *event_stream_close(struct event_stream *s)
{
    if (!s)
        return NULL;
    pthread_mutex_lock(&s->lock);
    if (s->stream)
        http_stream_end(s->stream);
    drop(s);
    return NULL;
}

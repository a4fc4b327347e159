#include "net/http_server.h"

#include "net/http_private.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { STREAM_BLOCK = 4096 };

/* libmicrohttpd asks for data with a callback, again and again unless the connection is suspended; so it is suspended
 * while there is none, and a write posts the loop thread to resume it. A suspended connection is not watched by
 * libmicrohttpd: that the client left is seen by a watch of our own.
 */
struct http_stream {
    struct http_exchange_private *exchange; /* the loop thread's, as all up to the lock */
    struct loop *loop;
    void (*ended)(void *context);
    void *context;
    bool suspended, watched, completed;
    pthread_mutex_t lock; /* guards what follows */
    char *data;
    size_t size, capacity;
    bool end, gone, wake_posted;
};

static void stream_free(struct http_stream *s)
{
    pthread_mutex_destroy(&s->lock);
    free(s->data);
    free(s);
}

static ssize_t read_stream(void *context, uint64_t position, char *room, size_t size)
{
    (void)position;
    struct http_stream *s = context;
    pthread_mutex_lock(&s->lock);
    ssize_t result = 0;
    if (s->gone)
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    else if (s->size) {
        size_t count = size_min(size, s->size);
        memcpy(room, s->data, count);
        memmove(s->data, s->data + count, s->size - count);
        s->size -= count;
        result = (ssize_t)count;
    } else if (s->end)
        result = MHD_CONTENT_READER_END_OF_STREAM;
    pthread_mutex_unlock(&s->lock);
    if (result == 0) {
        s->suspended = true;
        MHD_suspend_connection(s->exchange->connection->mhd);
    }
    return result;
}

static void resume(struct http_stream *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    MHD_resume_connection(s->exchange->connection->mhd);
    server_run_soon(s->exchange->connection->server);
}

static void wake_stream(void *context)
{
    struct http_stream *s = context;
    pthread_mutex_lock(&s->lock);
    s->wake_posted = false;
    pthread_mutex_unlock(&s->lock);
    if (s->completed)
        stream_free(s);
    else
        resume(s);
}

/* With the lock held. */
static void post_wake(struct http_stream *s)
{
    if (!s->wake_posted)
        loop_post(s->loop, wake_stream, s);
    s->wake_posted = true;
}

static void unwatch(struct http_stream *s)
{
    if (s->watched)
        loop_unwatch(s->loop, s->exchange->connection->fd);
    s->watched = false;
}

static void client_readable(void *context)
{
    struct http_stream *s = context;
    char byte;
    ssize_t got = recv(s->exchange->connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    unwatch(s);
    if (got > 0)
        return; /* a pipelined request, which waits; a write will tell when the client goes */
    pthread_mutex_lock(&s->lock);
    s->gone = true;
    pthread_mutex_unlock(&s->lock);
    resume(s);
}

void stream_started(struct http_stream *s)
{
    s->watched = loop_watch(s->loop, s->exchange->connection->fd, false, client_readable, s,
                            NULL); /* else: on write */
}

void stream_completed(struct http_stream *s)
{
    unwatch(s);
    pthread_mutex_lock(&s->lock);
    s->gone = true;
    pthread_mutex_unlock(&s->lock);
    s->ended(s->context);
    pthread_mutex_lock(&s->lock); /* from here on nobody writes, but a wake-up may be under way */
    s->completed = true;
    bool posted = s->wake_posted;
    pthread_mutex_unlock(&s->lock);
    if (!posted)
        stream_free(s);
}

struct http_stream *http_stream(struct http_exchange *x, void (*ended)(void *context), void *context)
{
    struct http_exchange_private *p = x->private;
    struct http_stream *s = calloc(1, sizeof *s);
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, s, NULL);
    if (!s || !response)
        abort();
    *s = (struct http_stream){.exchange = p, .loop = p->loop, .ended = ended, .context = context};
    pthread_mutex_init(&s->lock, NULL);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    p->stream = s;
    exchange_answer(p, 200, response);
    return s;
}

static bool append(struct http_stream *s, const void *data, size_t size)
{
    if (size > HTTP_STREAM_BYTES - s->size)
        return false;
    if (s->size + size > s->capacity) {
        size_t capacity = s->capacity ? s->capacity : STREAM_BLOCK;
        while (capacity < s->size + size)
            capacity *= 2;
        char *grown = realloc(s->data, capacity);
        if (!grown)
            return false;
        s->data = grown;
        s->capacity = capacity;
    }
    memcpy(s->data + s->size, data, size);
    s->size += size;
    return true;
}

bool http_stream_write(struct http_stream *s, const void *data, size_t size)
{
    pthread_mutex_lock(&s->lock);
    assert(!s->end);
    if (!s->gone && !append(s, data, size))
        s->gone = true;
    post_wake(s);
    bool taken = !s->gone;
    pthread_mutex_unlock(&s->lock);
    return taken;
}

void http_stream_end(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->end = true;
    post_wake(s);
    pthread_mutex_unlock(&s->lock);
}

#include "net/http_server.h"

#include "base/log.h"
#include "codec/json_format.h"
#include "net/http_private.h"
#include "net/http_target.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum {
    REQUEST_ID_BYTES = 64,
    EXCHANGE_BYTES = ARENA_JOB_BYTES + 3 * HTTP_BODY_BYTES,
    DROPPED_BYTES = 1 << 20 /* of a refused body that are still read, so that the client sees the answer */
};

struct http_exchange_private *exchange_new(struct connection *c, const char *target)
{
    struct arena *a = arena_new_secret(EXCHANGE_BYTES);
    struct http_exchange_private *p = arena_make(a, struct http_exchange_private);
    p->x = (struct http_exchange){.arena = a,
                                  .private = p,
                                  .peer_uid = c->peer_uid,
                                  .secure = c->tls != NULL,
                                  .target = ""};
    p->x.peer = arena_strdup(a, c->peer); /* a deferred exchange may outlive its connection */
    p->loop = c->server->loop;
    p->connection = c;
    p->target_too_long = strlen(target) > HTTP_TARGET_BYTES;
    if (!p->target_too_long)
        p->x.target = arena_strdup(a, target);
    return p;
}

static void exchange_free(struct http_exchange_private *p)
{
    if (p->response)
        MHD_destroy_response(p->response);
    arena_free(p->x.arena);
}

/* Answers */

/* On the loop thread: hands a deferred exchange's answer to libmicrohttpd, whose next call will queue it. */
static void resume_deferred(void *context)
{
    struct http_exchange_private *p = context;
    if (!p->connection) {
        if (p->stream)
            stream_completed(p->stream);
        exchange_free(p);
        return;
    }
    p->resumed = true;
    MHD_resume_connection(p->connection->mhd);
    server_run_soon(p->connection->server);
}

void exchange_answer(struct http_exchange_private *p, unsigned status, struct MHD_Response *response)
{
    assert(!p->response); /* one answer per exchange */
    p->status = status;
    p->response = response;
    MHD_add_response_header(response, "X-Request-Id", p->x.request_id);
    if (p->deferred)
        loop_post(p->loop, resume_deferred, p);
}

char *problem_json(struct arena *a, unsigned status, const char *title, const char *detail)
{
    return json_format(a, "{'type':'about:blank','title':%s,'status':%u,'detail':%s}", title, status, detail);
}

struct answer_body {
    size_t size;
    char data[];
};

static void answer_wipe(void *context)
{
    struct answer_body *answer = context;
    explicit_bzero(answer->data, answer->size);
    free(answer);
}

/* The copy is wiped when it was sent: an export holds a private key. */
static struct MHD_Response *new_response(const char *content_type, const void *body, size_t size)
{
    struct answer_body *answer = malloc(sizeof *answer + size + 1);
    if (!answer)
        abort();
    answer->size = size;
    memcpy(answer->data, body, size);
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(size, answer->data, answer_wipe, answer);
    if (!response)
        abort();
    if (content_type)
        MHD_add_response_header(response, "Content-Type", content_type);
    return response;
}

void http_reply(struct http_exchange *x, unsigned status, const char *content_type, const void *body,
                size_t size, const struct http_header *headers, size_t header_count)
{
    struct MHD_Response *response =
        new_response(content_type, content_type ? body : "", content_type ? size : 0);
    for (size_t i = 0; i < header_count; i++)
        if (MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES) {
            MHD_destroy_response(response);
            http_problem(x, 500, "Internal Server Error", "An answer header holds a forbidden character.");
            return;
        }
    exchange_answer(x->private, status, response);
}

void http_problem(struct http_exchange *x, unsigned status, const char *title, const char *detail)
{
    char *body = problem_json(x->arena, status, title, detail);
    exchange_answer(x->private, status, new_response("application/problem+json", body, strlen(body)));
}

void http_defer(struct http_exchange *x)
{
    x->private->deferred = true;
}

/* http.request request=... peer=... "POST /api/v1/tasks 200 after 12 ms" */
static void log_answer(const struct http_exchange_private *p)
{
    const struct http_exchange *x = &p->x;
    struct log_ctx peer = {NULL, "peer", x->peer}, request = {&peer, "request", x->request_id};
    bool reads = strcmp(x->method, "GET") == 0 || strcmp(x->method, "HEAD") == 0;
    enum log_level level = reads && p->status < 400 ? LOG_DEBUG : LOG_INFO;
    if (!log_wants(level))
        return;
    int64_t took_ms = clock_monotonic_ms(p->connection->server->clock) - p->begun_ms;
    log_write(level, &request, "http.request", "%.16s %.200s %u after %lld ms", x->method,
              x->path ? x->path : "?", p->status, (long long)took_ms);
}

static enum MHD_Result queue_answer(struct http_exchange_private *p)
{
    struct MHD_Response *response = take(p->response);
    log_answer(p);
    connection_enter(p->connection, p->stream ? PHASE_STREAM : PHASE_ANSWER);
    enum MHD_Result result = MHD_queue_response(p->connection->mhd, p->status, response);
    MHD_destroy_response(response);
    if (result == MHD_YES && p->stream)
        stream_started(p->stream);
    return result;
}

/* For a request whose framing cannot be trusted, or whose body is not read: the connection ends with the answer. */
static enum MHD_Result refuse(struct http_exchange_private *p, unsigned status, const char *title,
                              const char *detail)
{
    http_problem(&p->x, status, title, detail);
    MHD_add_response_header(p->response, "Connection", "close");
    return queue_answer(p);
}

/* The request's head */

struct header_list {
    struct http_exchange_private *exchange;
    size_t capacity;
};

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                  const char *value, size_t value_size)
{
    (void)kind;
    struct header_list *list = context;
    struct http_exchange *x = &list->exchange->x;
    char *lower = arena_copy(x->arena, name, name_size);
    for (char *c = lower; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    struct http_header *h =
        arena_push(x->arena, (void **)&x->headers, &x->header_count, &list->capacity, sizeof *h);
    *h = (struct http_header){lower, arena_copy(x->arena, value ? value : "", value ? value_size : 0)};
    return MHD_YES;
}

static const char *new_request_id(struct arena *a)
{
    unsigned long long random = 0;
    (void)!getrandom(&random, sizeof random, 0);
    return arena_printf(a, "%016llx", random);
}

static bool is_request_id(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return size && size <= REQUEST_ID_BYTES && !text[size];
}

static enum MHD_Result begin(struct http_exchange_private *p, const char *method, const char *version)
{
    struct http_exchange *x = &p->x;
    struct header_list list = {.exchange = p};
    p->begun = true;
    p->begun_ms = clock_monotonic_ms(p->connection->server->clock);
    x->method = arena_strdup(x->arena, method);
    x->body = "";
    x->request_id = new_request_id(x->arena);
    if (p->target_too_long)
        return refuse(p, 414, "URI Too Long", "The target holds more than 64 KiB.");
    MHD_get_connection_values_n(p->connection->mhd, MHD_HEADER_KIND, add_header, &list);
    const char *given = http_header_get(x, "x-request-id");
    if (given && is_request_id(given))
        x->request_id = given;
    const char *fault = http_framing_fault(x, version);
    if (!fault)
        fault = http_target_parse(x);
    if (fault)
        return refuse(p, 400, "Bad Request", fault);
    const char *length = http_header_get(x, "content-length");
    if (length && strtoull(length, NULL, 10) > HTTP_BODY_BYTES)
        return refuse(p, 413, "Content Too Large", "The body holds more than 16 MiB.");
    p->body = buf_new(x->arena, HTTP_BODY_BYTES);
    connection_enter(p->connection, PHASE_BODY);
    return MHD_YES;
}

/* The request's body, and the handler */

/* libmicrohttpd takes no answer in the middle of a body, so the rest of a refused one is read and dropped. */
static enum MHD_Result take_body(struct http_exchange_private *p, const char *data, size_t *data_size)
{
    size_t size = *data_size;
    struct http_server *s = p->connection->server;
    *data_size = 0;
    if (!p->body_status && size > HTTP_BODY_BYTES - p->body.size)
        p->body_status = 413;
    else if (!p->body_status && size > HTTP_BODIES_BYTES - s->body_bytes)
        p->body_status = 503;
    if (p->body_status) {
        p->body_dropped += size;
        return p->body_dropped > DROPPED_BYTES ? MHD_NO : MHD_YES;
    }
    buf_add(&p->body, data, size);
    p->body_counted += size;
    s->body_bytes += size;
    return MHD_YES;
}

static enum MHD_Result handle(struct http_exchange_private *p)
{
    struct http_server *s = p->connection->server;
    p->handled = true;
    p->x.body = p->body.data;
    p->x.body_size = p->body.size;
    connection_enter(p->connection, PHASE_HANDLING);
    s->handler(s->context, &p->x);
    if (p->deferred) {
        MHD_suspend_connection(p->connection->mhd);
        return MHD_YES;
    }
    if (!p->response)
        http_problem(&p->x, 500, "Internal Server Error", "The request was not answered.");
    return queue_answer(p);
}

enum MHD_Result exchange_step(struct http_exchange_private *p, const char *method, const char *version,
                              const char *data, size_t *data_size)
{
    if (!p->begun)
        return begin(p, method, version);
    if (*data_size)
        return take_body(p, data, data_size);
    if (p->body_status == 413)
        return refuse(p, 413, "Content Too Large", "The body holds more than 16 MiB.");
    if (p->body_status == 503)
        return refuse(p, 503, "Service Unavailable", "Too many large requests at once: send it again later.");
    if (!p->handled)
        return handle(p);
    if (p->resumed && p->response)
        return queue_answer(p);
    return MHD_YES;
}

void exchange_completed(struct http_exchange_private *p)
{
    p->connection->server->body_bytes -= p->body_counted;
    if (p->deferred && !p->resumed) {
        p->connection = NULL; /* the server closes while the exchange is elsewhere: its answer frees it */
        return;
    }
    if (p->stream)
        stream_completed(p->stream);
    exchange_free(p);
}

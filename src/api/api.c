#include "api/api.h"

#include "api/authority.h"
#include "api/cas/cas.h"
#include "api/pool.h"
#include "api/trail.h"
#include "api/watchers.h"
#include "base/log.h"
#include "identity/password.h"
#include "store/push.h"
#include <stdlib.h>
#include <string.h>

enum { READERS = 2, JOBS = 4, QUEUE = 1024 };

struct call { /* a request on its way to another thread; lives in the exchange's arena */
    struct request request;
    const struct route *route;
};

/* What an owner of the store left that died is nobody's any more. */
static bool settle_left(struct db *db, void *context, struct err *err)
{
    (void)context;
    return store_push_interrupted(db, err);
}

bool api_open(const struct api_parts *parts, struct api **ret, struct err *err)
{
    struct api *api = calloc(1, sizeof *api);
    if (!api)
        return err_set(err, ERR_INTERNAL, "out of memory");
    api->parts = *parts;
    if (!store_write(parts->store, settle_left, NULL, err) ||
        !pool_open(READERS, QUEUE, &api->readers, err) || !pool_open(JOBS, QUEUE, &api->jobs, err) ||
        !password_desk_open(&api->passwords, err) || !watchers_open(api, &api->watchers, err) ||
        !cas_open(api, &api->cas, err)) {
        api_close(api);
        return false;
    }
    *ret = api;
    return true;
}

struct api *api_close(struct api *api)
{
    if (!api)
        return NULL;
    api->readers = pool_close(api->readers); /* they may add watchers */
    api->jobs = pool_close(api->jobs);
    api->passwords = password_desk_close(api->passwords);
    api->cas = cas_close(api->cas);
    api->watchers = watchers_close(api->watchers);
    free(api);
    return NULL;
}

void api_stop(struct api *api)
{
    atomic_store(&api->stopping, true);
    watchers_end(api->watchers);
}

void api_drain(struct api *api)
{
    watchers_end(api->watchers);
    pool_end(api->readers);
    pool_end(api->jobs);
    cas_drain(api->cas);
}

bool api_idle(struct api *api)
{
    return atomic_load(&api->active) == 0;
}

static void reply_problem(struct http_exchange *x, const struct err *err, const struct reply *reply)
{
    const char *json = problem_document(x->arena, err);
    http_reply(x, problem_status(err->kind), "application/problem+json", json, strlen(json),
               reply ? reply->headers : NULL, reply ? reply->header_count : 0);
}

/* A refusal that is no problem of its kind: 401 asks for what is missing, 403 says that it is of no use. */
static void refuse(struct http_exchange *x, unsigned status, const struct err *err, const struct reply *reply)
{
    struct http_header headers[4];
    size_t count = reply ? reply->header_count : 0;
    const char *title = status == 401   ? "Who are you?"
                        : status == 421 ? "Not our name"
                        : status == 429 ? "Too many attempts"
                                        : "Not permitted";
    const char *json =
        json_format(x->arena, "{'type':'about:blank','title':%s,'status':%u,'detail':%s,'kind':%s,'code':%s}",
                    title, status, err->text, err_kind_name(err->kind), *err->code ? err->code : NULL);
    if (count)
        memcpy(headers, reply->headers, count * sizeof *headers);
    if (status == 401)
        headers[count++] = (struct http_header){"WWW-Authenticate", "Bearer realm=\"certferry\""};
    http_reply(x, status, "application/problem+json", json, strlen(json), headers, count);
}

static void run_handler(const struct route *route, struct request *rq)
{
    struct reply reply = {.status = 200,
                          .body = buf_new(rq->arena, JSON_MAX_BYTES), /* what a client of ours can read */
                          .content_type = "application/json"};
    struct err err = {0};
    bool done = authorise(rq, route, &err) && trail_run(rq, &reply, &err);
    if (done && reply.taken)
        return;
    if (done && reply.body.full)
        done = err_set(&err, ERR_INTERNAL, "the answer is too large: ask for fewer rows");
    if (!done && reply.refusal)
        refuse(rq->exchange, reply.refusal, &err, &reply);
    else if (!done)
        reply_problem(rq->exchange, &err, &reply);
    else
        http_reply(rq->exchange, reply.status, reply.content_type, reply.body.data, reply.body.size,
                   reply.headers, reply.header_count);
}

static void run_call(void *context)
{
    struct call *call = context;
    struct api *api = call->request.api;
    authenticated_note(&call->request);
    run_handler(call->route, &call->request); /* the call goes with its exchange */
    atomic_fetch_sub(&api->active, 1);
}

static bool read_body(struct request *rq, const struct route *route, struct err *err)
{
    struct http_exchange *x = rq->exchange;
    if (!route->fields)
        return !x->body_size || err_set(err, ERR_INPUT, "this request takes no body");
    const char *text = x->body_size ? x->body : "{}";
    size_t size = x->body_size ? x->body_size : 2;
    if (!json_parse(rq->arena, text, size, &rq->body, err))
        return err_add(err, "the request's body");
    return request_check_body(rq->body, route->fields, err);
}

/* 405, and what is served there instead. */
static void refuse_method(struct http_exchange *x)
{
    const char *allow = route_methods(x->arena, x->path);
    struct http_header header = {"Allow", allow};
    const char *json =
        json_format(x->arena, "{'type':'about:blank','title':%s,'status':%d,'detail':%s,'kind':%s}",
                    "Not this method", 405,
                    arena_printf(x->arena, "%s is not served at %.100s, but %s", x->method, x->path, allow),
                    err_kind_name(ERR_INPUT));
    http_reply(x, 405, "application/problem+json", json, strlen(json), &header, 1);
}

static bool run_elsewhere(struct api *api, struct call *call, struct err *err)
{
    http_defer(call->request.exchange);
    struct pool *pool = call->route->thread == ON_JOB ? api->jobs : api->readers;
    atomic_fetch_add(&api->active, 1);
    if (pool_add(pool, run_call, call, err))
        return true;
    atomic_fetch_sub(&api->active, 1);
    return false;
}

static bool dispatch(struct api *api, struct http_exchange *x, struct err *err)
{
    struct call *call = arena_make(x->arena, struct call);
    unsigned status;
    bool path_known;
    call->request = (struct request){.api = api, .arena = x->arena, .exchange = x};
    call->request.id = x->request_id;
    call->route = route_find(x->arena, x->method, x->path, call->request.args, &path_known);
    call->request.route = call->route;
    bool anybody = call->route && call->route->right == RIGHT_ANYBODY;
    if (!request_is_ours(&call->request, &status, err) ||
        (!anybody && !authenticate(&call->request, &status, err))) {
        refuse(x, status, err, NULL);
        return true;
    }
    if (!call->route && !path_known)
        return err_set(err, ERR_NOT_FOUND, "%s %.100s: no such address", x->method, x->path);
    if (!call->route) {
        refuse_method(x);
        return true;
    }
    if (!read_body(&call->request, call->route, err))
        return false;
    if (call->route->thread == ON_LOOP && !call->request.use_due) {
        run_handler(call->route, &call->request);
        return true;
    }
    return run_elsewhere(api, call, err);
}

void api_handle(void *context, struct http_exchange *x)
{
    struct api *api = context;
    struct err err = {0};
    if (cas_takes(x))
        cas_handle(api->cas, x);
    else if (!dispatch(api, x, &err))
        reply_problem(x, &err, NULL);
}

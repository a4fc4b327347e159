#include "api/cas/cas.h"

#include "api/cas/call.h"
#include "api/cas/discovery.h"
#include "api/cas/limit.h"
#include "api/cas/record.h"
#include "api/cas/signature.h"
#include "api/pool.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "identity/api_key.h"
#include "store/nonce.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    THREADS = 4,
    QUEUE = 256,
    CALLS_PER_SECOND = 500 /* of all keys together: it bounds the table of nonces */
};

#define VERSION "2020-04-07"

struct cas {
    struct api *api;
    struct pool *pool;
    struct discovery *discovery;
    struct cas_limit *limit;
};

struct work { /* a call on its way to a thread; lives in the exchange's arena */
    struct cas *cas;
    struct cas_call call;
};

bool cas_open(struct api *api, struct cas **ret, struct err *err)
{
    struct cas *cas = calloc(1, sizeof *cas);
    if (!cas)
        return err_set(err, ERR_INTERNAL, "out of memory");
    cas->api = api;
    cas->limit = cas_limit_new();
    if (!pool_open(THREADS, QUEUE, &cas->pool, err) || !discovery_open(api, &cas->discovery, err)) {
        cas_close(cas);
        return false;
    }
    *ret = cas;
    return true;
}

struct cas *cas_close(struct cas *cas)
{
    if (!cas)
        return NULL;
    cas->pool = pool_close(cas->pool);
    cas->discovery = discovery_close(cas->discovery);
    cas->limit = cas_limit_free(cas->limit);
    free(cas);
    return NULL;
}

void cas_drain(struct cas *cas)
{
    pool_end(cas->pool);
    discovery_drain(cas->discovery);
}

void cas_discover(struct cas *cas, const int64_t *access_ids, size_t count, bool now)
{
    for (size_t i = 0; i < count; i++)
        discovery_wish(cas->discovery, access_ids[i], now);
}

/* ---- answers ---- */

/* A UUID of version 4, in upper case as the vendor's are. */
static const char *new_request_id(struct arena *a)
{
    unsigned char bytes[16];
    random_fill(bytes, sizeof bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    const char *hex = cas_upper(a, hex_encode(a, bytes, sizeof bytes));
    return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void reply(const struct cas_call *call, unsigned status, const char *body, size_t size,
                  const struct err *err)
{
    struct http_header retry = {"x-acs-retry-after", ""};
    if (err && err->retry_after_ms)
        retry.value = arena_printf(call->arena, "%lld", (long long)err->retry_after_ms);
    http_reply(call->exchange, status, "application/json;charset=utf-8", body, size, &retry,
               *retry.value ? 1 : 0);
}

static void reply_refusal(const struct cas_call *call, const struct err *err)
{
    struct cas_problem problem = cas_problem_of(err);
    const char *host = http_header_get(call->exchange, "host");
    const char *body = json_format(call->arena, "{'RequestId':%s,'HostId':%s,'Code':%s,'Message':%s}",
                                   call->request_id, host ? host : "", problem.code, problem.message);
    struct log_ctx request = {NULL, "request", call->exchange->request_id},
                   action = {&request, "action", call->action};
    log_debug(&action, "cas.refused", "%u %s, RequestId %s", problem.status, problem.code,
              call->request_id); /* never the target: keys are in it */
    reply(call, problem.status, body, strlen(body), err);
}

/* ---- who asks ---- */

static bool is_form(const struct http_exchange *x)
{
    const char *type = http_header_get(x, "content-type");
    return type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
}

static struct cas_raw raw_of(const struct http_exchange *x, const struct pairs *query,
                             const struct pairs *all)
{
    return (struct cas_raw){.method = x->method,
                            .path = "/",
                            .headers = x->headers,
                            .header_count = x->header_count,
                            .query = query,
                            .all = all,
                            .body = x->body ? x->body : "",
                            .body_size = x->body_size};
}

static bool find_operation(struct cas_call *call, const struct cas_claim *claim, struct err *err)
{
    call->action = claim->action;
    for (size_t i = 0; i < cas_operation_count; i++)
        if (strcmp(cas_operations[i].name, claim->action) == 0 && strcmp(claim->version, VERSION) == 0)
            call->operation = &cas_operations[i];
    return call->operation || cas_refuse(err, "InvalidAction.NotFound");
}

struct asking {
    const struct cas_call *call;
    const struct cas_claim *claim;
    struct api_key key;
    bool new;
};

static bool find_key(struct db *db, void *context, struct err *err)
{
    struct asking *asking = context;
    return api_key_find(db, asking->call->arena, asking->claim->key_id, asking->call->now_ms, &asking->key,
                        err);
}

/* A nonce is worth nothing once its request is too old; the caller's clock may be ahead of ours. */
static bool use_nonce(struct db *db, void *context, struct err *err)
{
    struct asking *asking = context;
    const struct cas_call *call = asking->call;
    return store_nonce_use(db, asking->claim->key_id, asking->claim->nonce,
                           asking->claim->date_ms + CAS_WINDOW_MS, &asking->new, err) &&
           (!api_key_use_due(&asking->key.row, call->now_ms) ||
            store_api_key_used(db, asking->key.row.id, call->now_ms, err));
}

static bool throttle(struct cas *cas, const struct cas_call *call, int64_t subject, struct err *err)
{
    int64_t wait_ms = 0, now_ms = clock_monotonic_ms(cas->api->parts.clock);
    size_t index = (size_t)(call->operation - cas_operations);
    if (cas_limit_take(cas->limit, subject, index + 1, call->operation->per_second, now_ms, &wait_ms) &&
        cas_limit_take(cas->limit, 0, 0, CALLS_PER_SECOND, now_ms, &wait_ms))
        return true;
    cas_refuse(err, "Throttling.User");
    err->retry_after_ms = wait_ms;
    return false;
}

/* Only whose signature is right gets as far as the table of nonces. */
static bool check_caller(struct cas *cas, struct cas_call *call, const struct cas_claim *claim,
                         struct err *err)
{
    struct asking asking = {.call = call, .claim = claim};
    if (!cas_claim_check_date(claim, call->now_ms, err))
        return false;
    if (!cas_read(call, find_key, &asking, err))
        return err->kind == ERR_NOT_FOUND ? cas_refuse(err, "InvalidAccessKeyId.NotFound") : false;
    if (!cas_claim_check_signature(call->arena, claim, asking.key.secret, err) ||
        !throttle(cas, call, asking.key.row.id, err) ||
        !store_write(cas->api->parts.store, use_nonce, &asking, err))
        return false;
    if (!asking.new)
        return cas_refuse(err, "SignatureNonceUsed");
    call->caller = asking.key.caller;
    call->owner = asking.key.caller.owner;
    return call->caller.everywhere >= call->operation->role || cas_refuse(err, "Forbidden.RAM");
}

static bool answer(struct cas *cas, struct cas_call *call, struct buf *body, struct err *err)
{
    struct http_exchange *x = call->exchange;
    const char *query = strchr(x->target, '?');
    struct pairs asked;
    struct cas_claim claim;
    query = query ? query + 1 : "";
    if (strcmp(x->method, "POST") != 0 && strcmp(x->method, "GET") != 0)
        return cas_refuse(err, "UnsupportedHTTPMethod");
    if (!cas_parameters_read(call->arena, query, strlen(query), is_form(x) ? x->body : NULL, x->body_size,
                             &asked, &call->given, err))
        return false;
    struct cas_raw raw = raw_of(x, &asked, &call->given);
    if (!cas_claim_read(call->arena, &raw, &claim, err) || !find_operation(call, &claim, err) ||
        !check_caller(cas, call, &claim, err) ||
        !cas_parameters_check(call->arena, &call->given, call->operation->parameters, err) ||
        !cas_record_before(call, err))
        return false;
    call->w = json_writer_to(body);
    json_open_object(&call->w);
    json_member_string(&call->w, "RequestId", call->request_id);
    if (!call->operation->handler(call, err) || !cas_record_after(call, err))
        return false;
    json_close_object(&call->w);
    return !body->full || err_set(err, ERR_INPUT, "The answer is too large: ask for fewer rows.");
}

static void run(void *context)
{
    struct work *work = context;
    struct cas *cas = work->cas;
    struct cas_call *call = &work->call;
    struct buf body = buf_new(call->arena, JSON_MAX_BYTES);
    struct err err = {0};
    if (answer(cas, call, &body, &err))
        reply(call, 200, body.data, body.size, NULL);
    else
        reply_refusal(call, &err);
    atomic_fetch_sub(&cas->api->active, 1); /* the call went with its exchange */
}

bool cas_takes(const struct http_exchange *x)
{
    if (strcmp(x->path, "/") != 0)
        return false;
    struct cas_raw raw = raw_of(x, &x->query, &x->query);
    return strcmp(x->method, "POST") == 0 || cas_names_action(&raw);
}

void cas_handle(struct cas *cas, struct http_exchange *x)
{
    struct work *work = arena_make(x->arena, struct work);
    struct err err = {0};
    work->cas = cas;
    work->call = (struct cas_call){.api = cas->api,
                                   .arena = x->arena,
                                   .exchange = x,
                                   .action = "",
                                   .request_id = new_request_id(x->arena),
                                   .now_ms = clock_wall_ms(cas->api->parts.clock)};
    http_defer(x);
    atomic_fetch_add(&cas->api->active, 1);
    if (pool_add(cas->pool, run, work, &err))
        return;
    atomic_fetch_sub(&cas->api->active, 1);
    err.code[0] = '\0';
    reply_refusal(&work->call, &err);
}

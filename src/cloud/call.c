#include "cloud/call.h"

#include "cloud/policy.h"
#include "cloud/record.h"
#include "cloud/session.h"
#include "cloud/wire.h"
#include "crypto/digest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REQUEST_BYTES = 64 << 20,
    LARGE_BODY = 64 << 10,
    LARGE_AT_ONCE = 4,
    SECRET_ARGUMENTS_BYTES = 16 << 20,
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 5000,
    STOP_NOTICED_MS = 100,
    CLOCK_NOTICED_MS = 30000, /* a smaller difference is not what a clock error means */
};

struct exchange { /* one call, over all its attempts */
    struct job *job;
    const struct call *call;
    const char *region;
    const char *arguments, *document, *etag;
    const char *bucket; /* of the limiter */
    const char *site;
    struct pairs path;
    struct wire base; /* headers that do not change between attempts */
    struct keys *keys;
    int64_t taken_ms; /* when the limiter gave this attempt its turn */
};

static const char *bucket_key(struct arena *a, const struct vendor *v, const struct call *call,
                              const char *region, const struct endpoint *endpoint)
{
    const char *what = call->limit_group ? call->limit_group : call->operation;
    if (endpoint)
        return arena_printf(a, "%s/%s@%s", call->service, what, endpoint->address);
    return arena_printf(a, "%s/%s@%s", call->service, what, v->limits_by_region ? region : "");
}

static void sign(struct arena *a, const struct exchange *x, struct wire *w, struct pairs *parameters)
{
    struct session *s = x->job->session;
    const struct vendor *v = s->vendor;
    const struct call *call = x->call;
    struct credentials who = {x->keys->key_id, x->keys->secret, x->keys->session_token};
    const char *region = v->sign_region ? v->sign_region(x->site, call, x->region) : x->region;
    struct sign_scope scope = {
        .service = call->sign_service ? call->sign_service : call->service,
        .region = call->style == CALL_TC3 && !call->regional_header ? "" : region,
        .action = call->operation,
        .version = call->version,
        .now_ms = clock_wall_ms(s->cloud->clock) + session_skew_ms(s),
        .nonce = random_hex(a, 16),
    };
    if (call->style == CALL_OSS && strncmp(call->host, "{bucket}.", 9) == 0)
        scope.bucket = arena_copy(a, w->host, strcspn(w->host, "."));
    if (call->style != CALL_RPC_V1) {
        (call->style == CALL_OSS ? oss4_sign : v->sign)(a, w, &who, &scope);
        return;
    }
    rpc_v1_sign(a, call->method, parameters, &who, &scope);
    w->body = query_format(a, parameters);
    w->body_size = strlen(w->body);
    wire_header(w, "Content-Type", "application/x-www-form-urlencoded");
}

/* What another address than the cloud's demands. Through a gateway it is reached by CONNECT, as entry points are. */
static void aim(const struct exchange *x, struct http_request *request)
{
    const struct endpoint *e = x->job->endpoint;
    const struct access_row *row = &x->keys->row;
    request->ca_file = NULL;
    request->ca_pem = e->ca_pem;
    request->client_pem = e->client_pem;
    request->client_key = e->client_key;
    request->addresses.allow_private = true; /* the cloud said so: it lies in the account's own network */
    if (*row->gateway)
        request->proxy = row->gateway;
}

/* Sends w; a gateway gets the request under its own address, with the cloud's Host. */
static bool transmit(struct arena *a, const struct exchange *x, const struct wire *w, struct http_answer *ret,
                     struct err *err)
{
    const struct access_row *row = &x->keys->row;
    size_t length = strlen(row->gateway);
    while (length && row->gateway[length - 1] == '/')
        length--;
    const char *base = length && !x->job->endpoint ? arena_printf(a, "%.*s", (int)length, row->gateway)
                                                   : arena_printf(a, "https://%s", w->host);
    struct http_header headers[WIRE_HEADERS_MAX + 2];
    size_t count = 0;
    headers[count++] = (struct http_header){"Host", w->host};
    for (size_t i = 0; i < w->header_count; i++)
        headers[count++] = w->headers[i];
    headers[count++] = (struct http_header){"User-Agent", "certferry"};
    struct http_request request = {
        .method = w->method,
        .url = arena_printf(a, "%s%s%s%s", base, w->path, *w->query ? "?" : "", w->query),
        .headers = headers,
        .header_count = count,
        .body = w->body,
        .body_size = w->body_size,
        .proxy = *row->proxy ? row->proxy : NULL,
        .ca_file = *row->ca_file ? row->ca_file : NULL,
        .addresses = x->keys->addresses,
        .write = x->call->write,
    };
    if (x->job->endpoint)
        aim(x, &request);
    return gate_send(x->job->session->cloud->gate, x->job->arena, &request, ret, err) ||
           err_add(err, "%s %s", x->call->operation, w->host);
}

static void parse_begin(struct cloud *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->parsing >= LARGE_AT_ONCE)
        pthread_cond_wait(&c->parsed, &c->lock);
    c->parsing++;
    pthread_mutex_unlock(&c->lock);
}

static void parse_end(struct cloud *c)
{
    pthread_mutex_lock(&c->lock);
    c->parsing--;
    pthread_cond_signal(&c->parsed);
    pthread_mutex_unlock(&c->lock);
}

static bool judge(const struct exchange *x, const struct http_answer *http, struct answer *ret,
                  bool *ret_clock, struct err *err)
{
    struct session *s = x->job->session;
    const struct endpoint *endpoint = x->job->endpoint;
    const struct secret *secrets[3];
    size_t secret_count = 0;
    secrets[secret_count++] = x->keys->secret;
    if (x->keys->session_token)
        secrets[secret_count++] = x->keys->session_token;
    if (endpoint)
        secrets[secret_count++] = endpoint->client_key;
    if (x->job->record && !x->call->write)
        record_add(x->job->record, x->call, x->region, http, secrets, secret_count);
    bool large = http->body_size > LARGE_BODY;
    if (large)
        parse_begin(s->cloud);
    bool ok = wire_judge(x->job->arena, s->vendor, x->call, http, secrets, secret_count, ret, ret_clock, err);
    if (large)
        parse_end(s->cloud);
    return ok;
}

/* A refusal of rights says which action to grant; clouds often do not. */
static void name_action(const struct exchange *x, struct err *err)
{
    const char *actions = policy_actions(x->job->arena, x->job->session->vendor->cloud, x->call);
    size_t size = strlen(err->text), room = sizeof err->text - size;
    if (actions && !strstr(err->text, actions))
        snprintf(err->text + size, room, "; it needs the right %s", actions);
}

/* The cloud's clock minus ours, from its Date; false when that cannot be why it refused us. */
static bool clock_is_off(const struct session *s, const struct http_answer *http, int64_t used_skew_ms,
                         int64_t *ret_skew_ms)
{
    const char *date = http_answer_header(http, "date");
    int64_t theirs_ms;
    if (!date || !time_parse_http(date, &theirs_ms))
        return false;
    *ret_skew_ms = theirs_ms - clock_wall_ms(s->cloud->clock);
    return llabs(*ret_skew_ms - used_skew_ms) > CLOCK_NOTICED_MS;
}

/* One signed request and its answer. *ret_again: refused for the clock, which is set right now. */
static bool send_once(struct exchange *x, struct answer *ret, bool *ret_again, struct err *err)
{
    struct session *s = x->job->session;
    cleanup(arena_free_p) struct arena *a = arena_new_secret(REQUEST_BYTES);
    struct wire w = x->base;
    struct pairs parameters = {0};
    struct wire_input in = {s->vendor,    x->call,     x->site, x->region,
                            x->arguments, x->document, x->etag, &x->path};
    if (!wire_render(a, &in, &w, &parameters, err)) {
        err->unsent = true;
        return false;
    }
    int64_t skew_ms = session_skew_ms(s), new_skew_ms;
    if (x->job->endpoint)
        w.host = x->job->endpoint->address;
    else
        sign(a, x, &w, &parameters);
    struct http_answer http;
    int64_t sent_ms = clock_monotonic_ms(s->cloud->clock);
    bool clock = false, sent = transmit(a, x, &w, &http, err);
    bool ok = sent && judge(x, &http, ret, &clock, err);
    if (sent && !ok && err->kind == ERR_PERMISSION)
        name_action(x, err);
    tally_call(s->cloud, s->vendor->cloud, x->call->operation, ok ? ERR_NONE : err->kind,
               clock_monotonic_ms(s->cloud->clock) - sent_ms);
    log_debug(x->job->log, "cloud.call", "%s %s: %s", w.host, x->call->operation,
              ok ? "ok" : err_kind_name(err->kind));
    if (ok)
        session_accepted(s, x->bucket);
    else if (err->kind == ERR_THROTTLED)
        session_refused(s, x->bucket, x->taken_ms, err->retry_after_ms);
    *ret_again = sent && !ok && clock && clock_is_off(s, &http, skew_ms, &new_skew_ms);
    if (*ret_again)
        session_learn_skew(s, new_skew_ms);
    return ok;
}

/* Whether an answer shows that the cloud took our key. */
static bool is_accepted(bool ok, const struct err *err)
{
    if (ok)
        return true;
    switch (err->kind) {
    case ERR_PERMISSION:
    case ERR_CONFLICT:
    case ERR_NOT_FOUND:
    case ERR_QUOTA:
    case ERR_INVALID_CERTIFICATE:
    case ERR_INPUT:
        return !err->unsent;
    case ERR_NONE:
    case ERR_CREDENTIAL:
    case ERR_THROTTLED:
    case ERR_TIMEOUT:
    case ERR_NETWORK:
    case ERR_VENDOR:
    case ERR_STORE:
    case ERR_INTERNAL:
        return false;
    }
    return false;
}

static bool told_to_stop(const struct job *job)
{
    return job->stop && atomic_load(job->stop);
}

static void wait_unless_stopped(const struct job *job, int64_t ms)
{
    for (int64_t left_ms = ms; left_ms > 0 && !told_to_stop(job); left_ms -= STOP_NOTICED_MS)
        sleep_ms(int64_min(left_ms, STOP_NOTICED_MS));
}

static bool refuse_stopped(const struct exchange *x, struct err *err)
{
    err_set(err, ERR_TIMEOUT, "%s: certferry was told to stop", x->call->operation);
    if (err)
        err->unsent = err->transient = true;
    return false;
}

/* Waits for the turn the limiter gives; false with what is left to wait when that would be more than left_ms. Who
 * waited while the rate fell waits anew: else all who stood in line would go at the rate that was just refused.
 */
static bool take_turn(struct exchange *x, int64_t left_ms, int64_t *ret_retry_ms)
{
    struct session *s = x->job->session;
    int64_t until_ms = clock_monotonic_ms(s->cloud->clock) + left_ms, wait_ms;
    do {
        x->taken_ms = clock_monotonic_ms(s->cloud->clock);
        left_ms = int64_max(0, until_ms - x->taken_ms);
        wait_ms = session_take(s, x->bucket, x->call->per_second, left_ms, ret_retry_ms);
        if (wait_ms < 0)
            return false;
        wait_unless_stopped(x->job, wait_ms);
    } while (wait_ms > 0 && session_turn_is_void(s, x->bucket, x->taken_ms));
    return true;
}

/* One attempt: its turn, the wait for it, the exchange; a clock set right is tried once more at once. */
static bool attempt(struct exchange *x, int64_t left_ms, struct answer *ret, struct err *err)
{
    struct session *s = x->job->session;
    bool probe, again = false;
    int64_t retry_ms = 0;
    if (!session_credentials(x->job, err) ||
        !session_enter(s, x->job, x->call->write, left_ms, &x->keys, &probe, err))
        return false;
    if (!take_turn(x, left_ms, &retry_ms)) {
        session_leave(s, x->keys, probe, false);
        err_set(err, ERR_THROTTLED, "%s: its turn comes in %lld ms", x->call->operation, (long long)retry_ms);
        err->transient = err->unsent = true;
        err->retry_after_ms = retry_ms;
        return false;
    }
    bool ok = send_once(x, ret, &again, err);
    if (again) {
        bool once_more;
        ok = send_once(x, ret, &once_more, err);
    }
    if (!ok && err->kind == ERR_CREDENTIAL && session_discard(s, x->keys))
        err->transient = err->unsent = true;
    else if (!ok && err->kind == ERR_CREDENTIAL)
        session_suspend(s, x->keys, err);
    session_leave(s, x->keys, probe, is_accepted(ok, err));
    return ok;
}

/* Whether the same call may be made again without reading first. */
static bool may_repeat(const struct call *call, const struct err *err)
{
    if (!err->transient && err->kind != ERR_NETWORK && err->kind != ERR_TIMEOUT)
        return false;
    bool surely_nothing = err->unsent || err->kind == ERR_THROTTLED || err->kind == ERR_CONFLICT;
    return surely_nothing || !call->write || call->repeatable;
}

static bool run(struct exchange *x, struct answer *ret, struct err *err)
{
    struct session *s = x->job->session;
    int64_t until_ms = clock_monotonic_ms(s->cloud->clock) + x->job->patience_ms, pause_ms = FIRST_PAUSE_MS;
    for (;;) {
        int64_t left_ms = int64_max(until_ms - clock_monotonic_ms(s->cloud->clock), 0);
        struct err failure = {0};
        if (told_to_stop(x->job))
            return refuse_stopped(x, err);
        if (attempt(x, left_ms, ret, &failure)) {
            if (x->call->write && x->job->wrote)
                *x->job->wrote = true;
            return true;
        }
        left_ms = until_ms - clock_monotonic_ms(s->cloud->clock);
        int64_t wait_ms = failure.retry_after_ms
                              ? failure.retry_after_ms
                              : (int64_t)((0.5 + random_fraction() / 2) * (double)pause_ms);
        if (!may_repeat(x->call, &failure) || wait_ms >= left_ms) {
            if (err)
                *err = failure;
            return false;
        }
        wait_unless_stopped(x->job, wait_ms);
        pause_ms = int64_min(pause_ms * 2, LONGEST_PAUSE_MS);
    }
}

bool call_make(struct job *job, const struct call *call, const char *region, const char *arguments,
               const char *document, const char *etag, struct answer *ret, struct err *err)
{
    struct answer unwanted;
    const struct vendor *v = job->session->vendor;
    struct exchange x = {.job = job,
                         .call = call,
                         .region = region,
                         .arguments = arguments,
                         .document = document,
                         .etag = etag,
                         .bucket = bucket_key(job->arena, v, call, region, job->endpoint),
                         .site = session_site(job)};
    if (v->prepare && !v->prepare(job, call, region, &x.path, &x.base, err))
        return err_add(err, "%s", call->operation);
    return run(&x, ret ? ret : &unwanted, err);
}

bool cloud_call(struct job *job, const struct call *call, const char *region, struct answer *ret,
                struct err *err, const char *arguments, ...)
{
    va_list args;
    va_start(args, arguments);
    char *text = json_vformat(job->arena, arguments, args);
    va_end(args);
    return call_make(job, call, region, text, NULL, NULL, ret, err);
}

bool cloud_put_document(struct job *job, const struct call *call, const char *region, const char *document,
                        const char *etag, struct answer *ret, struct err *err, const char *arguments, ...)
{
    va_list args;
    va_start(args, arguments);
    char *text = json_vformat(job->arena, arguments, args);
    va_end(args);
    return call_make(job, call, region, text, document, etag, ret, err);
}

bool cloud_call_secret(struct job *job, const struct call *call, const char *region, struct answer *ret,
                       struct err *err, const char *arguments, ...)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(SECRET_ARGUMENTS_BYTES);
    va_list args;
    va_start(args, arguments);
    char *text = json_vformat(hidden, arguments, args);
    va_end(args);
    return call_make(job, call, region, text, NULL, NULL, ret, err);
}

struct job job_hidden(const struct job *job)
{
    struct job hidden = *job;
    hidden.arena = arena_new_secret(ARENA_JOB_BYTES);
    return hidden;
}

void job_close(struct job *hidden)
{
    hidden->arena = arena_free(hidden->arena);
}

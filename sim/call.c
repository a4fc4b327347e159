/* The way of one call through the simulator; see sim.h. */
#include "crypto/digest.h"
#include "sim/core.h"
#include "sim/fault.h"
#include "sim/limit.h"
#include "sim/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BODY_BYTES = 24 << 20, ECHO_BYTES = 20 << 20 };

#define VENDOR(symbol) extern const struct sim_vendor symbol;
#define SERVICE(symbol) extern const struct sim_service symbol;
#include "sim/products.def"
#undef VENDOR
#undef SERVICE

#define VENDOR(symbol) &symbol,
#define SERVICE(symbol)
const struct sim_vendor *const sim_vendors[] = {
#include "sim/products.def"
    NULL};
#undef VENDOR
#undef SERVICE
#define VENDOR(symbol)
#define SERVICE(symbol) &symbol,
const struct sim_service *const sim_services[] = {
#include "sim/products.def"
    NULL};

/* ---- hosts ---- */

/* Whether the host fits "alb.{region}.aliyuncs.com" or "{account}.{region}.fc.aliyuncs.com"; each word is one label. */
static bool host_fits(const char *pattern, const char *host, const char **ret_region, size_t *ret_size)
{
    *ret_size = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *host++)
                return false;
            continue;
        }
        size_t size = strcspn(host, ".");
        if (!strncmp(pattern, "{region}", 8)) {
            *ret_region = host;
            *ret_size = size;
        }
        if (!size)
            return false;
        pattern = strchr(pattern, '}') + 1;
        host += size;
    }
    return !*host;
}

static const struct sim_service *service_of(const char *host, const char **ret_region, size_t *ret_size)
{
    for (size_t i = 0; sim_services[i]; i++)
        for (const char *const *pattern = sim_services[i]->hosts; *pattern; pattern++)
            if (host_fits(*pattern, host, ret_region, ret_size))
                return sim_services[i];
    return NULL;
}

const struct sim_service *sim_service_at(struct arena *a, const char *host, unsigned port,
                                         const char **ret_region)
{
    const char *region = "";
    size_t size;
    const struct sim_service *service = service_of(host, &region, &size);
    if (!service || port != (service->port ? service->port : 443))
        return NULL;
    *ret_region = arena_copy(a, region, size);
    return service;
}

static const struct sim_vendor *vendor_of(const char *cloud)
{
    for (size_t i = 0; sim_vendors[i]; i++)
        if (!strcmp(sim_vendors[i]->cloud, cloud))
            return sim_vendors[i];
    return NULL;
}

static bool find_service(struct sim_call *c)
{
    const char *host;
    unsigned port;
    c->region = "";
    if (!host_port_parse(c->arena, c->request->host, 443, &host, &port, NULL))
        return false;
    c->service = sim_service_at(c->arena, host, port == 80 ? 443 : port, &c->region);
    c->vendor = c->service ? vendor_of(c->service->cloud) : NULL;
    return c->vendor != NULL;
}

/* ---- what product code calls ---- */

struct sim_object *sim_find(struct sim_call *c, const char *kind, const char *scope, const char *id)
{
    return state_find(c->state, c->vendor->cloud, c->access->account, kind, scope, id);
}

struct sim_object *sim_next(struct sim_call *c, const char *kind, const char *scope, size_t *cursor)
{
    return state_next(c->state, c->vendor->cloud, c->access->account, kind, scope, cursor);
}

const char *sim_get(struct sim_call *c, const struct sim_object *o, const char *name)
{
    (void)c;
    return sim_field(o->now, name);
}

const char *sim_show(struct sim_call *c, const struct sim_object *o, const char *name)
{
    return sim_field(state_shown(c->state, o), name);
}

bool sim_settling(struct sim_call *c, const struct sim_object *o)
{
    return state_is_settling(c->state, o);
}

void sim_changed(struct sim_call *c, const char *field)
{
    c->wrote = true;
    if (c->changed_count < countof(c->changed))
        c->changed[c->changed_count++] = arena_strdup(c->arena, field);
}

struct sim_object *sim_create(struct sim_call *c, const char *kind, const char *scope, const char *id,
                              const struct sim_field *fields, size_t count)
{
    if (*kind != '@')
        sim_changed(c, "created");
    return state_create(c->state, c->vendor->cloud, c->access->account, kind, scope, id, fields, count);
}

void sim_change(struct sim_call *c, struct sim_object *o, enum sim_settle settle,
                const struct sim_field *fields, size_t count)
{
    const char **names = arena_array(c->arena, const char *, count + 1);
    size_t n = state_change(c->state, o, settle, fields, count, names);
    for (size_t i = 0; i < n; i++)
        if (*names[i] != '@' && *o->kind != '@')
            sim_changed(c, names[i]);
}

void sim_delete(struct sim_call *c, struct sim_object *o)
{
    if (*o->kind != '@')
        sim_changed(c, "deleted");
    state_delete(c->state, o);
}

int64_t sim_serial(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, "@serial", "", "serial");
    if (!o)
        o = SIM_CREATE(c, "@serial", "", "serial", {"n", "10000"});
    int64_t n = strtoll(sim_get(c, o, "n"), NULL, 10) + 1;
    SIM_CHANGE(c, o, SETTLE_AT_ONCE, {"n", arena_printf(c->arena, "%lld", (long long)n)});
    return n;
}

char *sim_hex_id(struct arena *a, const char *name, size_t digits)
{
    return arena_copy(a, sha256_hex(a, name, strlen(name)), size_min(digits, 64));
}

void sim_reply(struct sim_call *c, unsigned status, const char *content_type, const char *body)
{
    if (c->answer.status)
        return;
    c->answer.status = status;
    c->answer.content_type = content_type;
    buf_puts(&c->answer.body, body);
}

void sim_reply_header(struct sim_call *c, const char *name, const char *value)
{
    if (c->answer.header_count < countof(c->answer.headers))
        c->answer.headers[c->answer.header_count++] = (struct sim_header){name, value};
}

void sim_fail(struct sim_call *c, unsigned status, const char *code, const char *fmt, ...)
{
    if (c->answer.status)
        return;
    va_list args;
    va_start(args, fmt);
    const char *message = arena_vprintf(c->arena, fmt, args);
    va_end(args);
    c->code = arena_strdup(c->arena, code);
    c->vendor->fail(c, status, code, message);
}

enum sim_cert_fault sim_check_cert(struct sim_call *c, const char *chain_pem, const char *key_pem,
                                   unsigned checks, struct sim_cert **ret)
{
    return sim_cert_check(chain_pem, key_pem, checks, c->sim->trust, state_now_ms(c->state), ret);
}

bool sim_page_token_read(const char *token, size_t *ret_from)
{
    unsigned long long from;
    char end;
    if (sscanf(token, "FFh3Xqm+JgZ/%16llx%c", &from, &end) != 1)
        return false;
    *ret_from = (size_t)from;
    return true;
}

char *sim_page_token(struct arena *a, size_t next)
{
    return arena_printf(a, "FFh3Xqm+JgZ/%016zx", next);
}

/* ---- accesses and nonces ---- */

void sim_load_accesses(struct sim *sim)
{
    size_t capacity = 0;
    for (size_t i = 0; sim_vendors[i]; i++) {
        size_t cursor = 0;
        struct sim_object *o;
        while ((o = state_next(sim->state, sim_vendors[i]->cloud, NULL, "@access", NULL, &cursor))) {
            struct sim_access *access = arena_push(sim->arena, (void **)&sim->accesses, &sim->access_count,
                                                   &capacity, sizeof *access);
            const char *token = sim_field(o->now, "token");
            *access = (struct sim_access){.cloud = o->cloud,
                                          .account = o->account,
                                          .key_id = o->id,
                                          .name = arena_strdup(sim->arena, sim_field(o->now, "name")),
                                          .secret = arena_strdup(sim->arena, sim_field(o->now, "secret")),
                                          .token = *token ? arena_strdup(sim->arena, token) : NULL,
                                          .inactive = !strcmp(sim_field(o->now, "inactive"), "true")};
        }
    }
}

const struct sim_access *sim_access_find(struct sim_call *c, const char *key_id)
{
    c->key_id = arena_strdup(c->arena, key_id);
    for (size_t i = 0; i < c->sim->access_count; i++)
        if (!strcmp(c->sim->accesses[i].key_id, key_id) &&
            !strcmp(c->sim->accesses[i].cloud, c->vendor->cloud))
            return &c->sim->accesses[i];
    struct sim_access *access = NULL;
    sim_state_lock(c->state);
    const struct sim_object *o = state_find(c->state, c->vendor->cloud, NULL, "@session", NULL, key_id);
    if (o) {
        access = arena_make(c->arena, struct sim_access);
        *access =
            (struct sim_access){.cloud = o->cloud,
                                .account = o->account,
                                .key_id = o->id,
                                .name = "certferry",
                                .secret = arena_strdup(c->arena, sim_field(o->now, "secret")),
                                .token = arena_strdup(c->arena, sim_field(o->now, "token")),
                                .role = arena_strdup(c->arena, sim_field(o->now, "role")),
                                .expired = c->now_ms >= strtoll(sim_field(o->now, "expires_ms"), NULL, 10)};
    }
    sim_state_unlock(c->state);
    return access;
}

enum { NONCE_KEPT_MS = 15 * 60 * 1000 };

struct nonce_set {
    uint64_t *slots;
    size_t used, size;
};

struct sim_nonces {
    pthread_mutex_t mutex;      /* guards all below */
    struct nonce_set now, past; /* swapped every NONCE_KEPT_MS */
    int64_t since_ms;
};

struct sim_nonces *sim_nonces_new(void)
{
    struct sim_nonces *n = calloc(1, sizeof *n);
    if (!n)
        abort();
    pthread_mutex_init(&n->mutex, NULL);
    return n;
}

struct sim_nonces *sim_nonces_free(struct sim_nonces *n)
{
    if (n) {
        free(n->now.slots);
        free(n->past.slots);
    }
    free(n);
    return NULL;
}

static bool set_has(const struct nonce_set *set, uint64_t value)
{
    for (size_t at = value & (set->size - 1); set->size && set->slots[at]; at = (at + 1) & (set->size - 1))
        if (set->slots[at] == value)
            return true;
    return false;
}

static void set_put(struct nonce_set *set, uint64_t value)
{
    size_t at = value & (set->size - 1);
    while (set->slots[at])
        at = (at + 1) & (set->size - 1);
    set->slots[at] = value;
    set->used++;
}

static void set_add(struct nonce_set *set, uint64_t value)
{
    if (set->used * 2 >= set->size) {
        struct nonce_set grown = {.size = set->size ? set->size * 2 : 1024};
        grown.slots = calloc(grown.size, sizeof *grown.slots);
        if (!grown.slots)
            abort();
        for (size_t i = 0; i < set->size; i++)
            if (set->slots[i])
                set_put(&grown, set->slots[i]);
        free(set->slots);
        *set = grown;
    }
    set_put(set, value);
}

bool sim_nonce_is_new(struct sim_call *c, const char *key_id, const char *nonce)
{
    struct sim_nonces *n = c->sim->nonces;
    uint64_t value = sim_hash(sim_hash(1, key_id), nonce) | 1;
    pthread_mutex_lock(&n->mutex);
    if (c->now_ms - n->since_ms > NONCE_KEPT_MS) {
        free(n->past.slots);
        n->past = n->now;
        n->now = (struct nonce_set){0};
        n->since_ms = c->now_ms;
    }
    bool seen = set_has(&n->now, value) || set_has(&n->past, value);
    if (!seen)
        set_add(&n->now, value);
    pthread_mutex_unlock(&n->mutex);
    return !seen;
}

/* ---- the way ---- */

static void sleep_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (ms > 0 && nanosleep(&t, &t) && t.tv_sec >= 0)
        ;
}

static char *whole_request(const struct sim_call *c)
{
    struct buf b = buf_new(c->arena, ECHO_BYTES);
    buf_printf(&b, "%s %s\n", c->request->method, c->request->target);
    for (size_t i = 0; i < c->request->header_count; i++)
        buf_printf(&b, "%s: %s\n", c->request->headers[i].name, c->request->headers[i].value);
    buf_puts(&b, "\n");
    buf_puts(&b, c->request->body);
    return b.data;
}

/* Faults that refuse instead of acting. False when the call is answered. */
static bool pass_faults(struct sim_call *c, enum sim_fault fault)
{
    if (fault == FAULT_THROTTLE)
        c->vendor->refuse(c, REFUSE_THROTTLED, NULL);
    else if (fault == FAULT_500)
        c->vendor->refuse(c, REFUSE_INTERNAL, NULL);
    else if (fault == FAULT_ECHO)
        c->vendor->refuse(c, REFUSE_INTERNAL, whole_request(c));
    else if (fault == FAULT_ECHO_CREDENTIAL)
        c->vendor->refuse(c, REFUSE_CREDENTIAL, whole_request(c));
    return !c->answer.status;
}

static bool pass_limits(struct sim_call *c)
{
    const char *bucket = c->key_id;
    if (c->vendor->limit == LIMIT_ACTION)
        bucket = arena_printf(c->arena, "%s|%s|%s", c->key_id, c->service->code, c->operation->name);
    else if (c->vendor->limit == LIMIT_REGION)
        bucket = arena_printf(c->arena, "%s|%s|%d", c->key_id, c->region, c->operation->writes);
    if (sim_limiter_take(c->sim->limiter, bucket, clock_monotonic_ms(c->sim->clock)))
        return true;
    c->vendor->refuse(c, REFUSE_THROTTLED, NULL);
    return false;
}

/* Whether a policy forbids the region: told by the host, or by the parameter of services that have one host for all of them. */
static bool is_region_denied(const struct sim_call *c)
{
    const char *region = *c->region ? c->region : sim_arg_or(c, "RegionId", "");
    for (size_t i = 0; i < c->sim->denied_count; i++)
        if (!strcmp(c->sim->denied[i], region))
            return true;
    return false;
}

/* The resource that a write is about; NULL for all else. With the lock held. */
static struct sim_object *written(struct sim_call *c)
{
    return c->operation->writes && c->service->resource_kind
               ? sim_find(c, c->service->resource_kind, NULL, c->resource)
               : NULL;
}

static const char *named_resource(struct sim_call *c)
{
    const char *name, *id = "";
    for (size_t i = 0; (name = sim_list_item(c->arena, c->operation->resource, i)); i++) {
        const char *part = sim_arg_or(c, name, "");
        id = *id && *part ? arena_printf(c->arena, "%s/%s", id, part) : *part ? part : id;
    }
    return id;
}

/* Where a write names only what its resource is part of ("gw-1" of "gw-1/www.example.com"). With the lock held. */
static bool is_below_denied(struct sim_call *c)
{
    const char *kind = c->operation->writes ? c->service->resource_kind : NULL;
    size_t size = strlen(c->resource), cursor = 0;
    const struct sim_object *o;
    while (kind && size && (o = sim_next(c, kind, NULL, &cursor)))
        if (!strncmp(o->id, c->resource, size) && o->id[size] == '/' && !strcmp(sim_get(c, o, "@deny"), "1"))
            return true;
    return false;
}

static bool is_denied(struct sim_call *c, const char *key)
{
    if (sim_fault_denies(c->sim->faults, key))
        return true;
    sim_state_lock(c->state);
    const struct sim_object *o = written(c);
    bool denied = o ? !strcmp(sim_get(c, o, "@deny"), "1") : is_below_denied(c);
    sim_state_unlock(c->state);
    return denied;
}

static void act(struct sim_call *c)
{
    struct err err;
    sim_state_lock(c->state);
    struct sim_object *o = written(c);
    if (o && !strcmp(sim_get(c, o, "@vanish"), "1"))
        state_delete(c->state, o); /* somebody else was quicker */
    c->operation->run(c);
    if (!sim_state_flush(c->state, &err)) { /* what is not kept must not be promised */
        fprintf(stderr, "certferry-sim: %s\n", err.text);
        abort();
    }
    sim_state_unlock(c->state);
}

/* Everything between routing and the answer; says which fault was at work. */
static enum sim_fault process(struct sim_call *c)
{
    if (!c->vendor->authenticate(c))
        return FAULT_NONE;
    const char *key = arena_printf(c->arena, "%s|%s|%s|%s|%s", c->key_id, c->service->code, c->region,
                                   c->operation->name, c->resource);
    enum sim_fault fault = sim_fault_of(c->sim->faults, c->key_id, key);
    if (is_region_denied(c)) {
        c->vendor->refuse(c, REFUSE_DENIED, c->operation->name);
        return FAULT_DENIED;
    }
    if (fault == FAULT_RESET || !pass_faults(c, fault) || !pass_limits(c) || !sim_params_check(c))
        return fault;
    if (is_denied(c, key)) {
        c->vendor->refuse(c, REFUSE_DENIED, c->operation->name);
        return FAULT_DENIED;
    }
    act(c);
    return fault;
}

static char *new_request_id(struct arena *a)
{
    const char *hex = random_hex(a, 16);
    return arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static enum sim_delivery delivery_of(enum sim_fault fault)
{
    if (fault == FAULT_RESET)
        return DELIVER_RESET;
    if (fault == FAULT_LOST)
        return DELIVER_NOTHING;
    return fault == FAULT_MALFORMED ? DELIVER_CUT : DELIVER_WHOLE;
}

enum sim_delivery sim_handle(struct sim *sim, struct arena *a, const struct sim_request *request,
                             struct sim_answer *ret, int64_t *ret_now_ms)
{
    struct sim_call c = {.sim = sim,
                         .state = sim->state,
                         .arena = a,
                         .request = request,
                         .action = "",
                         .resource = "",
                         .key_id = "",
                         .region = ""};
    c.now_ms = *ret_now_ms = clock_wall_ms(sim->clock) + sim->clock_shift_ms;
    c.answer.body = buf_new(a, BODY_BYTES);
    c.request_id = new_request_id(a);
    if (sim_machine(&c)) {
        *ret = c.answer;
        return DELIVER_WHOLE;
    }
    if (!find_service(&c)) {
        sim_reply(&c, 404, "text/plain", "certferry-sim: no simulated cloud has this host\n");
        *ret = c.answer;
        return DELIVER_WHOLE;
    }
    sleep_ms(sim->latency_ms / 2);
    enum sim_fault fault = FAULT_NONE;
    if (c.vendor->route(&c)) {
        c.action = c.operation->name;
        if (c.operation->resource && !*c.resource)
            c.resource = named_resource(&c);
        fault = process(&c);
    }
    const char *name = sim_fault_name(fault);
    if (!name && sim->clock_shift_ms)
        name = sim_fault_name(FAULT_CLOCK);
    sim_log_call(sim->log, &c, name);
    sleep_ms(sim->latency_ms - sim->latency_ms / 2);
    if (fault == FAULT_SLOW)
        sleep_ms(2 * sim->latency_ms + sim->slow_ms);
    *ret = c.answer;
    return delivery_of(fault);
}

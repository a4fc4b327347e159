#include "cloud/aliyun/listener.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HTTPS_PORT = 443, REFS_AT_ONCE = 10 };

static const char *text(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return false;
}

/* ---- load balancers ---- */

const char *aliyun_owner_of(struct arena *a, const struct json *tagged)
{
    static const struct {
        const char *tag, *owner;
    } marks[] = {{"ack.aliyun.com", "ack"},
                 {"ingress.k8s.alibaba/albconfig", "albconfig"},
                 {"ingress.k8s.alibaba/resource", "ingress"},
                 {"kubernetes.do.not.delete", "kubernetes"}};
    const struct json *tags = json_at(tagged, "/Tags");
    const struct json *nested = json_at(tags, "/Tag"); /* CLB */
    tags = nested ? nested : tags;
    for (size_t m = 0; m < countof(marks); m++)
        for (size_t i = 0; i < json_count(tags); i++) {
            const struct json *tag = json_item(tags, i);
            if (strcmp(json_str(json_at(tag, "/Key"), text(tag, "/TagKey")), marks[m].tag) == 0)
                return arena_printf(a, "%s:%s", marks[m].owner,
                                    json_str(json_at(tag, "/Value"), text(tag, "/TagValue")));
        }
    return "";
}

bool aliyun_keep_balancer(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    struct aliyun_listing *l = context;
    const char *type = text(item, "/AddressType");
    (void)job;
    (void)node;
    (void)err;
    struct aliyun_balancer *b =
        arena_push(l->keep, (void **)&l->balancers, &l->balancer_count, &l->balancer_capacity, sizeof *b);
    *b = (struct aliyun_balancer){
        .id = arena_strdup(l->keep, text(item, "/LoadBalancerId")),
        .name = arena_strdup(l->keep, text(item, "/LoadBalancerName")),
        .host = arena_strdup(l->keep, json_str(json_at(item, "/DNSName"), text(item, "/Address"))),
        .reach = strcasecmp(type, "Internet") == 0 ? "public"
                 : *type                           ? "private"
                                                   : "unknown",
        .managed_by = aliyun_owner_of(l->keep, item),
    };
    return true;
}

const struct aliyun_balancer *aliyun_balancer_of(const struct aliyun_listing *l, const char *id)
{
    static const struct aliyun_balancer unknown = {"", "", "", "unknown", ""};
    for (size_t i = 0; i < l->balancer_count; i++)
        if (strcmp(l->balancers[i].id, id) == 0)
            return &l->balancers[i];
    return &unknown;
}

/* ---- the certificates of one listener ---- */

struct held {
    struct arena *keep;
    struct bound *items;
    size_t count, capacity;
    bool settling;
};

static bool keep_certificate(struct job *job, void *context, const struct json *item, const struct xml *node,
                             struct err *err)
{
    struct held *held = context;
    (void)job;
    (void)node;
    (void)err;
    if (strcmp(json_str(json_at(item, "/CertificateType"), "Server"), "Server") != 0)
        return true;
    struct bound *b = arena_push(held->keep, (void **)&held->items, &held->count, &held->capacity, sizeof *b);
    *b = (struct bound){
        .slot = json_bool(json_at(item, "/IsDefault"), false) ? "default" : "sni",
        .ref = arena_strdup(held->keep, text(item, "/CertificateId")),
    };
    b->name = b->fingerprint = b->serial = b->key_type = b->issuer = "";
    held->settling |= strcmp(json_str(json_at(item, "/Status"), "Associated"), "Associated") != 0;
    return true;
}

static bool read_held(struct job *job, const struct aliyun_listeners *kind, const char *region,
                      const char *listener, struct held *ret, struct err *err)
{
    *ret = (struct held){.keep = job->arena};
    if (!cloud_each(job, kind->certificates, region, keep_certificate, ret, err, "%p",
                    kind->arguments(job->arena, region, listener)))
        return false;
    for (size_t i = 0; i < ret->count; i++)
        if (!session_facts(job, region, &ret->items[i], err))
            return false;
    return true;
}

/* ---- listeners ---- */

/* A listener for a range of ports says 0 and where the range begins, as text. */
static unsigned port_of(const struct json *listener)
{
    long long port = json_int(json_at(listener, "/ListenerPort"), HTTPS_PORT);
    return (unsigned)(port > 0 ? port : strtoll(text(listener, "/StartPort"), NULL, 10));
}

static void add_names(struct arena *a, const struct aliyun_listing *l, const struct held *held,
                      struct resource *r)
{
    for (size_t i = 0; i < l->rule_count; i++)
        if (strcmp(l->rules[i].listener, r->vendor_id) == 0)
            resource_add_name(a, r, l->rules[i].host, EVIDENCE_RULE);
    for (size_t i = 0; i < held->count; i++)
        for (size_t j = 0; j < held->items[i].name_count; j++)
            resource_add_name(a, r, held->items[i].names[j], EVIDENCE_CERTIFICATE);
}

bool aliyun_emit_listener(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct aliyun_listing *l = context;
    struct arena *a = job->arena;
    const char *id = text(item, "/ListenerId"), *parent = text(item, "/LoadBalancerId");
    const char *protocol = json_str(json_at(item, "/ListenerProtocol"), "HTTPS");
    const struct aliyun_balancer *lb = aliyun_balancer_of(l, parent);
    unsigned port = port_of(item);
    struct held held;
    (void)node;
    if (!read_held(job, l->kind, l->region, id, &held, err))
        return err_add(err, "listener %s", id);
    struct resource r = {
        .product = l->kind->product,
        .region = l->region,
        .vendor_id = id,
        .title = arena_printf(a, "%s %s:%u", *lb->name ? lb->name : parent, protocol, port),
        .https = true,
        .bound = held.items,
        .bound_count = held.count,
        .host = lb->host,
        .port = port,
        .quic = strcmp(protocol, "QUIC") == 0,
        .reach = lb->reach,
        .lock = arena_printf(a, "%s:%s", l->kind->word, parent),
        .alias_of = "",
        .managed_by = *lb->managed_by ? lb->managed_by : aliyun_owner_of(a, item),
        .unfit = strcmp(text(item, "/ListenerStatus"), "Stopped") == 0 ? "the listener is stopped" : "",
        .extra = "{}",
    };
    add_names(a, l, &held, &r);
    return l->each(l->context, &r, err);
}

bool aliyun_listener_binding(struct job *job, const struct aliyun_listeners *kind, const struct resource *r,
                             const struct json *attributes, const char *settings, struct binding *ret,
                             struct err *err)
{
    static const char *const passing[] = {"Provisioning", "Configuring", "Starting", "Stopping", "Deleting"};
    struct held held;
    if (!read_held(job, kind, r->region, r->vendor_id, &held, err))
        return false;
    bool busy = is_one_of(text(attributes, "/ListenerStatus"), passing, countof(passing));
    *ret = (struct binding){.https = true,
                            .ready = !busy && !held.settling,
                            .etag = "",
                            .bound = held.items,
                            .bound_count = held.count,
                            .settings = settings};
    return true;
}

/* Those of the refs that the set holds, or lacks. */
static const char **refs_where(struct arena *a, const struct binding *now, const char **refs, size_t count,
                               bool held, size_t *ret_count)
{
    const char **found = arena_array(a, const char *, REFS_AT_ONCE);
    *ret_count = 0;
    for (size_t i = 0; i < count && *ret_count < REFS_AT_ONCE; i++)
        if (binding_holds(now, "sni", refs[i]) == held)
            found[(*ret_count)++] = refs[i];
    return found;
}

bool aliyun_listener_write(struct arena *a, const struct binding *now, const struct change *change,
                           struct aliyun_write *ret, struct err *err)
{
    bool by_default = strcmp(change->slot, "default") == 0;
    if (by_default && !change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a default certificate: it can be replaced, not removed");
    if (by_default) {
        *ret = (struct aliyun_write){ALIYUN_SET_DEFAULT, change->add, 1};
        return true;
    }
    ret->step = ALIYUN_ASSOCIATE;
    ret->refs = refs_where(a, now, change->add, change->add_count, false, &ret->count);
    if (ret->count)
        return true;
    ret->refs = refs_where(a, now, change->remove, change->remove_count, true, &ret->count);
    ret->step = ret->count ? ALIYUN_DISSOCIATE : ALIYUN_NOTHING;
    return true;
}

/* Alibaba Cloud Global Accelerator (2019-11-20). One API host for the world; certificates are always those of the store's
 * mainland site, wherever traffic comes from.
 *
 * An HTTPS listener has a default certificate and additional ones, each bound for one domain: these are slots of their
 * own, named like the domain. A change leaves the listener "updating"; the whole accelerator refuses others meanwhile,
 * hence the lock. Whether UpdateListener keeps what it is not told is not promised, so that settings go with the
 * certificate as read.
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/json_slice.h"
#include "codec/name.h"
#include <string.h>

#define SITE "cn-hangzhou"
#define GA(name)                                                                                             \
    ALIYUN_RPC("ga", "2019-11-20", name), .host = "ga." SITE ".aliyuncs.com", .style = CALL_RPC_QUERY
#define GA_PAGES(list)                                                                                       \
    .page = {.items = (list),                                                                                \
             .total = "/TotalCount",                                                                         \
             .position = "PageNumber",                                                                       \
             .size = "PageSize",                                                                             \
             .size_value = 50,                                                                               \
             .style = PAGE_NUMBER}

static const struct call list_accelerators = {GA("ListAccelerators"),
                                              .parameters = "RegionId PageNumber PageSize",
                                              GA_PAGES("/Accelerators")};
static const struct call get_accelerator = {GA("DescribeAccelerator"),
                                            .parameters = "RegionId AcceleratorId"};
static const struct call list_listeners = {GA("ListListeners"),
                                           .parameters =
                                               "RegionId AcceleratorId Protocol PageNumber PageSize",
                                           GA_PAGES("/Listeners")};
static const struct call get_listener = {GA("DescribeListener"), .parameters = "RegionId ListenerId"};
static const struct call list_certificates = {GA("ListListenerCertificates"),
                                              .parameters =
                                                  "RegionId AcceleratorId ListenerId MaxResults NextToken",
                                              .page = {.items = "/Certificates",
                                                       .next = "/NextToken",
                                                       .position = "NextToken",
                                                       .size = "MaxResults",
                                                       .size_value = 50,
                                                       .style = PAGE_MARKER}};
static const struct call set_default =
    {GA("UpdateListener"),
     .parameters = "RegionId ListenerId Certificates[].Id Name Description ClientAffinity HttpVersion "
                   "IdleTimeout RequestTimeout SecurityPolicyId XForwardedForConfig.*",
     .write = true};
static const struct call replace = {GA("UpdateAdditionalCertificateWithListener"),
                                    .parameters = "RegionId AcceleratorId ListenerId Domain CertificateId",
                                    .write = true};
static const struct call associate =
    {GA("AssociateAdditionalCertificatesWithListener"),
     .parameters = "RegionId AcceleratorId ListenerId Certificates[].Domain Certificates[].Id",
     .write = true};
static const struct call dissociate = {GA("DissociateAdditionalCertificatesFromListener"),
                                       .parameters = "RegionId AcceleratorId ListenerId Domains[]",
                                       .write = true};

struct held { /* the certificates of one listener, while they are read */
    struct arena *keep;
    struct bound *items;
    size_t count, capacity;
    bool settling;
};

static bool keep_certificate(struct job *job, void *context, const struct json *item, const struct xml *node,
                             struct err *err)
{
    struct held *held = context;
    const char *domain = json_str(json_at(item, "/Domain"), "");
    bool is_default = json_bool(json_at(item, "/IsDefault"), false);
    (void)job;
    (void)node;
    (void)err;
    if (!is_default && !*domain)
        return true;
    struct bound *b = arena_push(held->keep, (void **)&held->items, &held->count, &held->capacity, sizeof *b);
    *b = (struct bound){
        .slot = is_default ? "default" : arena_strdup(held->keep, domain),
        .ref = arena_strdup(held->keep, json_str(json_at(item, "/CertificateId"), "")),
    };
    b->name = b->fingerprint = b->serial = b->key_type = b->issuer = "";
    held->settling |= strcmp(json_str(json_at(item, "/State"), "active"), "active") != 0;
    return true;
}

static bool read_held(struct job *job, const char *accelerator, const char *listener, struct held *ret,
                      struct err *err)
{
    *ret = (struct held){.keep = job->arena};
    if (!cloud_each(job, &list_certificates, "", keep_certificate, ret, err,
                    "{'RegionId':'" SITE "','AcceleratorId':%s,'ListenerId':%s}", accelerator, listener))
        return false;
    for (size_t i = 0; i < ret->count; i++)
        if (!session_facts(job, "", &ret->items[i], err))
            return false;
    return true;
}

struct accelerator {
    const char *id, *name, *host, *unfit, *managed_by;
};

struct listing {
    struct arena *keep;
    struct accelerator *items;
    size_t count, capacity;
    const struct accelerator *at; /* whose listeners are being listed */
    resource_fn *each;
    void *context;
};

static const char *owner_of(struct arena *a, const struct json *v)
{
    if (!json_bool(json_at(v, "/ServiceManaged"), false))
        return "";
    return arena_printf(a, "service:%s", json_text(a, json_at(v, "/ServiceId"), ""));
}

static bool keep_accelerator(struct job *job, void *context, const struct json *item, const struct xml *node,
                             struct err *err)
{
    struct listing *l = context;
    const char *state = json_str(json_at(item, "/State"), "");
    (void)job;
    (void)node;
    (void)err;
    struct accelerator *a = arena_push(l->keep, (void **)&l->items, &l->count, &l->capacity, sizeof *a);
    *a = (struct accelerator){
        .id = arena_strdup(l->keep, json_str(json_at(item, "/AcceleratorId"), "")),
        .name = arena_strdup(l->keep, json_str(json_at(item, "/Name"), "")),
        .host = arena_strdup(l->keep, json_str(json_at(item, "/DnsName"), "")),
        .unfit = strcmp(state, "finacialLocked") == 0 ? "the accelerator is locked for an overdue payment"
                 : strcmp(state, "deleting") == 0     ? "the accelerator is being deleted"
                                                      : "",
        .managed_by = owner_of(l->keep, item),
    };
    return true;
}

static bool emit_listener(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct listing *l = context;
    struct arena *a = job->arena;
    const char *id = json_str(json_at(item, "/ListenerId"), ""), *owner = owner_of(a, item), *name;
    int64_t port = json_int(json_at(item, "/PortRanges/0/FromPort"), 443);
    struct held held;
    (void)node;
    if (!read_held(job, l->at->id, id, &held, err))
        return aliyun_is_gone(err) || err_add(err, "listener %s", id);
    struct resource r = {
        .product = "aliyun/ga",
        .region = "",
        .vendor_id = id,
        .title = arena_printf(a, "%s HTTPS:%lld", *l->at->name ? l->at->name : l->at->id, (long long)port),
        .https = true,
        .bound = held.items,
        .bound_count = held.count,
        .host = l->at->host,
        .port = port > 0 && port < 65536 ? (unsigned)port : 443,
        .reach = "public",
        .lock = arena_printf(a, "ga:%s", l->at->id),
        .alias_of = "",
        .managed_by = *owner ? owner : l->at->managed_by,
        .unfit = l->at->unfit,
        .extra = "{}",
    };
    for (size_t i = 0; i < held.count;
         i++) /* what is bound for a domain serves that domain, whatever else it covers */
        if (strcmp(held.items[i].slot, "default") != 0 &&
            name_normalise(a, held.items[i].slot, true, &name, NULL))
            resource_add_name(a, &r, name, EVIDENCE_RULE);
    for (size_t i = 0; i < held.count; i++)
        for (size_t j = 0; j < held.items[i].name_count && strcmp(held.items[i].slot, "default") == 0; j++)
            resource_add_name(a, &r, held.items[i].names[j], EVIDENCE_CERTIFICATE);
    return l->each(l->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {.keep = job->arena, .each = each, .context = context};
    if (!cloud_each(job, &list_accelerators, region, keep_accelerator, &l, err, "{'RegionId':'" SITE "'}"))
        return false;
    for (size_t i = 0; i < l.count; i++) {
        l.at = &l.items[i];
        if (!cloud_each(job, &list_listeners, region, emit_listener, &l, err,
                        "{'RegionId':'" SITE "','AcceleratorId':%s,'Protocol':'https'}", l.at->id) &&
            !aliyun_is_gone(err))
            return err_add(err, "accelerator %s", l.at->id);
    }
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    static const char *const volatile_members[] = {"/RequestId", "/State", "/Certificates"};
    struct answer listener, accelerator;
    struct held held;
    if (!cloud_call(job, &get_listener, "", &listener, err, "{'RegionId':'" SITE "','ListenerId':%s}",
                    r->vendor_id))
        return false;
    const char *parent = json_str(json_at(listener.json, "/AcceleratorId"), "");
    if (!cloud_call(job, &get_accelerator, "", &accelerator, err,
                    "{'RegionId':'" SITE "','AcceleratorId':%s}", parent) ||
        !read_held(job, parent, r->vendor_id, &held, err))
        return false;
    char *settings = json_dump(job->arena, listener.json);
    for (size_t i = 0; i < countof(volatile_members); i++)
        if (!json_cut(job->arena, settings, strlen(settings), volatile_members[i], &settings, err))
            return err_set(err, ERR_VENDOR, "Global Accelerator's answer about %s is no listener",
                           r->vendor_id);
    *ret = (struct binding){
        .https = true,
        .ready = strcmp(json_str(json_at(listener.json, "/State"), ""), "active") == 0 &&
                 strcmp(json_str(json_at(accelerator.json, "/State"), ""), "active") == 0 && !held.settling,
        .etag = "",
        .bound = held.items,
        .bound_count = held.count,
        .settings = settings,
        .document = settings,
    };
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)job;
    (void)r;
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "Global Accelerator takes no SM2 certificates");
    *ret = "cas:" SITE;
    return true;
}

/* The setting as read; NULL, which is not sent, where it has no value. */
static const char *as_read(struct arena *a, const struct json *listener, const char *pointer)
{
    const struct json *v = json_at(listener, pointer);
    return json_is_null(v) || (json_is_string(v) && !*json_str(v, "")) ? NULL : json_dump(a, v);
}

static bool write_default(struct job *job, const struct resource *r, const struct json *now, const char *ref,
                          struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    return cloud_call(
        job, &set_default, "", &answer, err,
        "{'RegionId':'" SITE "','ListenerId':%s,'Certificates':[{'Id':%s}],'Name':%p,'Description':%p,"
        "'ClientAffinity':%p,'HttpVersion':%p,'IdleTimeout':%p,'RequestTimeout':%p,'SecurityPolicyId':%p,"
        "'XForwardedForConfig':%p}",
        r->vendor_id, ref, as_read(a, now, "/Name"), as_read(a, now, "/Description"),
        as_read(a, now, "/ClientAffinity"), as_read(a, now, "/HttpVersion"), as_read(a, now, "/IdleTimeout"),
        as_read(a, now, "/RequestTimeout"), as_read(a, now, "/SecurityPolicyId"),
        as_read(a, now, "/XForwardedForConfig"));
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    const struct json *listener;
    const char *text = now->document ? now->document : "{}", *domain = change->slot;
    (void)m;
    if (!json_parse(job->arena, text, strlen(text), &listener, err))
        return false;
    bool is_default = strcmp(domain, "default") == 0;
    if (is_default && !change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a default certificate: it can be replaced, not removed");
    if (is_default)
        return write_default(job, r, listener, change->add[0], err);
    const char *parent = json_str(json_at(listener, "/AcceleratorId"), "");
    if (!change->add_count)
        return cloud_call(job, &dissociate, "", &answer, err,
                          "{'RegionId':'" SITE "','AcceleratorId':%s,'ListenerId':%s,'Domains':[%s]}", parent,
                          r->vendor_id, domain);
    if (binding_slot(now, domain))
        return cloud_call(job, &replace, "", &answer, err,
                          "{'RegionId':'" SITE
                          "','AcceleratorId':%s,'ListenerId':%s,'Domain':%s,'CertificateId':%s}",
                          parent, r->vendor_id, domain, change->add[0]);
    return cloud_call(job, &associate, "", &answer, err,
                      "{'RegionId':'" SITE
                      "','AcceleratorId':%s,'ListenerId':%s,'Certificates':[{'Domain':%s,"
                      "'Id':%s}]}",
                      parent, r->vendor_id, domain, change->add[0]);
}

static const struct call *const calls[] = {&list_accelerators, &get_accelerator,
                                           &list_listeners,    &get_listener,
                                           &list_certificates, &set_default,
                                           &replace,           &associate,
                                           &dissociate,        NULL};

const struct product aliyun_ga = {
    .cloud = "aliyun",
    .name = "ga",
    .code = "aliyun/ga",
    .title = "Alibaba Cloud Global Accelerator",
    .global = true,
    .read_calls = 3,
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = calls,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_upload,
    .bind = write_change,
};

/* Alibaba Cloud Global Accelerator (2019-11-20). One API host for the world; certificates are always those of the store's
 * mainland site, wherever traffic comes from.
 *
 * An HTTPS listener has a default certificate and additional ones, each bound for one domain: these are slots of their
 * own, named like the domain. A change leaves the listener "updating"; the whole accelerator refuses others meanwhile,
 * hence the lock. Whether UpdateListener keeps what it is not told is not promised, so that settings go with the
 * certificate as read.
 */
#include "cloud/aliyun/listener.h"

#include <string.h>

#define SITE "cn-hangzhou"
#define GA(name, takes, ...)                                                                                 \
    ALIYUN_CALL("ga", "2019-11-20", "ga." SITE ".aliyuncs.com", CALL_RPC_QUERY, name, "RegionId " takes,     \
                __VA_ARGS__)

static const struct call list_accelerators = GA("ListAccelerators", "", ALIYUN_PAGES("/Accelerators", 50));
static const struct call get_accelerator = GA("DescribeAccelerator", "AcceleratorId");
static const struct call list_listeners =
    GA("ListListeners", "AcceleratorId Protocol", ALIYUN_PAGES("/Listeners", 50));
static const struct call get_listener = GA("DescribeListener", "ListenerId");
static const struct call list_certificates =
    GA("ListListenerCertificates", "AcceleratorId ListenerId", ALIYUN_TOKENS("/Certificates", 50));
static const struct call set_default =
    GA("UpdateListener",
       "ListenerId Certificates[].Id Name Description ClientAffinity HttpVersion IdleTimeout RequestTimeout "
       "SecurityPolicyId XForwardedForConfig.*",
       .write = true);
static const struct call replace = GA("UpdateAdditionalCertificateWithListener",
                                      "AcceleratorId ListenerId Domain CertificateId", .write = true);
static const struct call associate =
    GA("AssociateAdditionalCertificatesWithListener",
       "AcceleratorId ListenerId Certificates[].Domain Certificates[].Id", .write = true);
static const struct call dissociate =
    GA("DissociateAdditionalCertificatesFromListener", "AcceleratorId ListenerId Domains[]", .write = true);

static bool read_held(struct job *job, const char *accelerator, const char *listener, struct binding *b,
                      struct err *err)
{
    struct arena *a = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_certificates, "", "{'RegionId':'" SITE "','AcceleratorId':%s,'ListenerId':%s}",
                    accelerator, listener);
    for (const struct json *item; (item = pages_next(&p));) {
        bool by_default = json_bool(json_at(item, "/IsDefault"), false);
        const char *slot = by_default ? "default" : json_get(item, "/Domain");
        if (!*slot)
            continue;
        binding_add(a, b, slot, json_get(item, "/CertificateId"));
        b->ready &= strcmp(json_str(json_at(item, "/State"), "active"), "active") == 0;
    }
    b->https = true;
    return pages_end(&p, err) && binding_look_up(job, "", b, err);
}

static const char *owner_of(struct arena *a, const struct json *v)
{
    if (!json_bool(json_at(v, "/ServiceManaged"), false))
        return "";
    return arena_printf(a, "service:%s", json_text(a, json_at(v, "/ServiceId"), ""));
}

static const char *unfit(const struct json *accelerator)
{
    return json_is(accelerator, "/State", "finacialLocked")
               ? "the accelerator is locked for an overdue payment"
           : json_is(accelerator, "/State", "deleting") ? "the accelerator is being deleted"
                                                        : "";
}

/* What is bound for a domain serves that domain, whatever else it covers. */
static bool emit_listener(struct job *job, const struct survey *to, const struct json *accelerator,
                          const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *id = json_get(item, "/ListenerId"), *owner = owner_of(a, item);
    const struct balancer of = {.id = json_get(accelerator, "/AcceleratorId"),
                                .name = json_get(accelerator, "/Name"),
                                .host = json_get(accelerator, "/DnsName"),
                                .reach = "public",
                                .managed_by = *owner ? owner : owner_of(a, accelerator),
                                .unfit = unfit(accelerator)};
    struct binding b = {0};
    if (!read_held(job, of.id, id, &b, err))
        return aliyun_is_gone(err) || err_add(err, "listener %s", id);
    struct resource r =
        resource_of_listener(job, &of, id, "HTTPS", json_int(json_at(item, "/PortRanges/0/FromPort"), 443));
    resource_add_slots(a, &r, &b);
    resource_add_held(a, &r, &b, "default");
    return resource_emit(job, to, &r, &b, err);
}

static bool emit_listeners(struct job *job, const struct survey *to, const struct json *accelerator,
                           struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_listeners, "", "{'RegionId':'" SITE "','AcceleratorId':%s,'Protocol':'https'}",
                    json_get(accelerator, "/AcceleratorId"));
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_listener(job, to, accelerator, item, err))
            return false;
    return pages_end(&p, err) || aliyun_is_gone(err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_accelerators, "", "{'RegionId':'" SITE "'}");
    for (const struct json *accelerator; (accelerator = pages_next(&p));)
        if (!emit_listeners(job, to, accelerator, err))
            return err_add(err, "accelerator %s", json_get(accelerator, "/AcceleratorId"));
    return pages_end(&p, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer listener, accelerator;
    if (!cloud_call(job, &get_listener, "", &listener, err, "{'RegionId':'" SITE "','ListenerId':%s}",
                    r->vendor_id))
        return false;
    const char *parent = json_get(listener.json, "/AcceleratorId");
    if (!cloud_call(job, &get_accelerator, "", &accelerator, err,
                    "{'RegionId':'" SITE "','AcceleratorId':%s}", parent))
        return false;
    now->ready = json_is(listener.json, "/State", "active") && json_is(accelerator.json, "/State", "active");
    now->settings = now->document = json_without(job->arena, listener.json, "RequestId State Certificates");
    return read_held(job, parent, r->vendor_id, now, err);
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
    return cloud_call(
        job, &set_default, "", NULL, err,
        "{'RegionId':'" SITE "','ListenerId':%s,'Certificates':[{'Id':%s}],'Name':%p,'Description':%p,"
        "'ClientAffinity':%p,'HttpVersion':%p,'IdleTimeout':%p,'RequestTimeout':%p,'SecurityPolicyId':%p,"
        "'XForwardedForConfig':%p}",
        r->vendor_id, ref, as_read(a, now, "/Name"), as_read(a, now, "/Description"),
        as_read(a, now, "/ClientAffinity"), as_read(a, now, "/HttpVersion"), as_read(a, now, "/IdleTimeout"),
        as_read(a, now, "/RequestTimeout"), as_read(a, now, "/SecurityPolicyId"),
        as_read(a, now, "/XForwardedForConfig"));
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct change *change = w->change;
    const struct json *listener;
    const char *text = w->now->document ? w->now->document : "{}", *domain = change->slot;
    const char *id = w->resource->vendor_id;
    if (!json_parse(job->arena, text, strlen(text), &listener, err))
        return false;
    if (strcmp(domain, "default") == 0)
        return write_default(job, w->resource, listener, change->add[0], err);
    const char *parent = json_get(listener, "/AcceleratorId");
    if (!change->add_count)
        return cloud_call(job, &dissociate, "", NULL, err,
                          "{'RegionId':'" SITE "','AcceleratorId':%s,'ListenerId':%s,'Domains':[%s]}", parent,
                          id, domain);
    if (binding_slot(w->now, domain))
        return cloud_call(job, &replace, "", NULL, err,
                          "{'RegionId':'" SITE
                          "','AcceleratorId':%s,'ListenerId':%s,'Domain':%s,'CertificateId':%s}",
                          parent, id, domain, change->add[0]);
    return cloud_call(job, &associate, "", NULL, err,
                      "{'RegionId':'" SITE
                      "','AcceleratorId':%s,'ListenerId':%s,'Certificates':[{'Domain':%s,'Id':%s}]}",
                      parent, id, domain, change->add[0]);
}

const struct product aliyun_ga = {
    PRODUCT_CODE("aliyun", "ga"),
    .title = "Alibaba Cloud Global Accelerator",
    .global = true,
    .read_calls = 3,
    .vendor_store = "cas:" SITE,
    .no_removal = ALIYUN_DEFAULT_STAYS,
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_accelerators, &get_accelerator, &list_listeners, &get_listener, &list_certificates,
                   &set_default, &replace, &associate, &dissociate),
    .discover = discover,
    .read = read_binding,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

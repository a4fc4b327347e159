/* Alibaba Cloud CLB, formerly SLB (2014-05-15).
 *
 * A listener is a load balancer and a port; here its id is "lb-.../443". It has a default certificate and, on
 * guaranteed-performance instances, domain extensions: each names one domain and the certificate for it, and is a slot
 * of that name. Certificates come from a store of CLB's own, one per region (clb.h). Changes are synchronous and leave
 * what they do not mention; a listener that is still busy with one refuses the next. An extension that was deleted is
 * made anew, under a new id, when its certificate is put back.
 */
#include "cloud/aliyun/clb.h"

#include "cloud/aliyun/listener.h"
#include "codec/name.h"
#include <stdlib.h>
#include <string.h>

enum { PORT_MAX = 65535, BALANCERS_AT_ONCE = 10 };

#define CLB(name, takes, ...)                                                                                \
    {                                                                                                        \
        ALIYUN_SLB(name), .style = CALL_RPC_QUERY, .parameters = (takes), __VA_ARGS__                        \
    }

static const struct call list_regions = CLB("DescribeRegions", NULL, .page = {.items = "/Regions/Region"});
static const struct call list_balancers =
    CLB("DescribeLoadBalancers", "RegionId", ALIYUN_PAGES("/LoadBalancers/LoadBalancer", 100));
static const struct call list_listeners =
    CLB("DescribeLoadBalancerListeners", "RegionId ListenerProtocol LoadBalancerId[]",
        ALIYUN_TOKENS("/Listeners", 100));
static const struct call get_listener =
    CLB("DescribeLoadBalancerHTTPSListenerAttribute", "RegionId LoadBalancerId ListenerPort");
static const struct call set_default =
    CLB("SetLoadBalancerHTTPSListenerAttribute", "RegionId LoadBalancerId ListenerPort ServerCertificateId",
        .write = true);
static const struct call set_extension =
    CLB("SetDomainExtensionAttribute", "RegionId DomainExtensionId ServerCertificateId", .write = true);
static const struct call create_extension =
    CLB("CreateDomainExtension", "RegionId LoadBalancerId ListenerPort Domain ServerCertificateId",
        .write = true);
static const struct call delete_extension =
    CLB("DeleteDomainExtension", "RegionId DomainExtensionId", .write = true);

static const char *slot_of(struct arena *a, const struct json *extension)
{
    const char *domain = json_get(extension, "/Domain"), *name;
    return name_normalise(a, domain, true, &name, NULL) ? name : domain;
}

/* The default first, then the extensions in their order. */
static bool binding_of(struct job *job, const char *region, const struct json *listener, struct binding *b,
                       struct err *err)
{
    struct arena *a = job->arena;
    b->https = true;
    binding_add(a, b, "default", json_get(listener, "/ServerCertificateId"));
    json_each (x, json_at(listener, "/DomainExtensions/DomainExtension"))
        if (*json_get(x, "/Domain"))
            binding_add(a, b, slot_of(a, x), json_get(x, "/ServerCertificateId"));
    return binding_look_up(job, region, b, err);
}

/* A port without a listener has no code of its own. Returns ok. */
static bool gone_or(bool ok, struct err *err)
{
    if (!ok && err && strcmp(err->code, "InvalidParameter") == 0 && strstr(err->text, "does not exist"))
        err->kind = ERR_NOT_FOUND;
    return ok;
}

static bool attributes_of(struct job *job, const char *region, const char *balancer, long long port,
                          struct answer *ret, struct err *err)
{
    return gone_or(cloud_call(job, &get_listener, region, ret, err,
                              "{'RegionId':%s,'LoadBalancerId':%s,'ListenerPort':%lld}", region, balancer,
                              port),
                   err);
}

static bool emit_listener(struct job *job, const struct survey *to, const struct balancers *l,
                          const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const struct balancer of = balancers_find(l, json_get(item, "/LoadBalancerId"));
    long long port = json_int(json_at(item, "/ListenerPort"), 0);
    struct answer answer;
    struct binding b = {0};
    struct resource r =
        resource_of_listener(job, &of, arena_printf(a, "%s/%lld", of.id, port), "HTTPS", port);
    if (!*r.managed_by)
        r.managed_by = aliyun_owner_of(a, item);
    if (json_is(item, "/Status", "stopped"))
        r.unfit = "the listener is stopped";
    if (!attributes_of(job, to->region, of.id, port, &answer, err) ||
        !binding_of(job, to->region, answer.json, &b, err))
        return err_add(err, "listener %s", r.vendor_id);
    resource_add_slots(a, &r, &b);
    json_each (rule, json_at(answer.json, "/Rules/Rule"))
        resource_add_name(a, &r, json_get(rule, "/Domain"), EVIDENCE_RULE);
    resource_add_held(a, &r, &b, NULL);
    return resource_emit(job, to, &r, &b, err);
}

/* Whether listeners can be listed without naming their load balancers is not known for sure: they are named. */
static bool emit_listeners(struct job *job, const struct survey *to, const struct balancers *l,
                           const char **ids, size_t count, struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_listeners, to->region,
                    "{'RegionId':%s,'ListenerProtocol':'https','LoadBalancerId':%p}", to->region,
                    json_strings(job->arena, ids, count));
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_listener(job, to, l, item, err))
            return false;
    return pages_end(&p, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct balancers l = {0};
    const char *ids[BALANCERS_AT_ONCE];
    if (!aliyun_keep_balancers(job, &list_balancers, to->region,
                               json_format(job->arena, "{'RegionId':%s}", to->region), &l, err))
        return false;
    for (size_t i = 0; i < l.count;) {
        size_t count = 0;
        while (count < BALANCERS_AT_ONCE && i < l.count)
            ids[count++] = l.items[i++].id;
        if (!emit_listeners(job, to, &l, ids, count, err))
            return false;
    }
    return true;
}

/* "lb-abc/443" */
static bool place_of(struct job *job, const struct resource *r, const char **ret_balancer,
                     long long *ret_port, struct err *err)
{
    const char *slash = strrchr(r->vendor_id, '/');
    long long port = slash ? strtoll(slash + 1, NULL, 10) : 0;
    if (port < 1 || port > PORT_MAX)
        return err_set(err, ERR_NOT_FOUND, "%s is no listener of CLB", r->vendor_id);
    *ret_balancer = arena_copy(job->arena, r->vendor_id, (size_t)(slash - r->vendor_id));
    *ret_port = port;
    return true;
}

static bool is_passing(const char *status)
{
    static const char *const passing[] = {"starting", "configuring", "stopping"};
    for (size_t i = 0; i < countof(passing); i++)
        if (strcmp(status, passing[i]) == 0)
            return true;
    return false;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    const char *balancer;
    long long port;
    if (!place_of(job, r, &balancer, &port, err) ||
        !attributes_of(job, r->region, balancer, port, &answer, err))
        return false;
    const struct json *v = answer.json, *extensions = json_at(v, "/DomainExtensions/DomainExtension");
    now->ready = !is_passing(json_get(v, "/Status"));
    now->settings = json_only(a, v, "TLSCipherPolicy EnableHttp2 CACertificateId Gzip");
    now->document = json_is_array(extensions) ? json_dump(a, extensions) : "[]";
    return binding_of(job, r->region, v, now, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    return aliyun_clb_store(job, r->region, m, ret, err);
}

/* The id of the slot's extension as just read; NULL if there is none. */
static bool extension_of(struct arena *a, const struct binding *now, const char *slot, const char **ret,
                         struct err *err)
{
    const struct json *list;
    *ret = NULL;
    if (!now->document || !json_parse(a, now->document, strlen(now->document), &list, err))
        return err_set(err, ERR_INTERNAL, "the listener's domain extensions were not read");
    for (size_t i = 0; i < json_count(list) && !*ret; i++)
        if (strcmp(slot_of(a, json_item(list, i)), slot) == 0)
            *ret = json_get(json_item(list, i), "/DomainExtensionId");
    return true;
}

static bool bind_extension(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct change *change = w->change;
    const char *balancer, *id;
    long long port;
    if (!place_of(job, r, &balancer, &port, err) || !extension_of(job->arena, w->now, change->slot, &id, err))
        return false;
    if (!change->add_count)
        return !id || cloud_call(job, &delete_extension, r->region, NULL, err,
                                 "{'RegionId':%s,'DomainExtensionId':%s}", r->region, id);
    if (!id)
        return gone_or(cloud_call(job, &create_extension, r->region, NULL, err,
                                  "{'RegionId':%s,'LoadBalancerId':%s,'ListenerPort':%lld,'Domain':%s,"
                                  "'ServerCertificateId':%s}",
                                  r->region, balancer, port, change->slot, change->add[0]),
                       err);
    return cloud_call(job, &set_extension, r->region, NULL, err,
                      "{'RegionId':%s,'DomainExtensionId':%s,'ServerCertificateId':%s}", r->region, id,
                      change->add[0]);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const char *balancer, *region = w->resource->region;
    long long port;
    if (strcmp(w->change->slot, "default") != 0)
        return bind_extension(job, w, err);
    return place_of(job, w->resource, &balancer, &port, err) &&
           gone_or(
               cloud_call(job, &set_default, region, NULL, err,
                          "{'RegionId':%s,'LoadBalancerId':%s,'ListenerPort':%lld,'ServerCertificateId':%s}",
                          region, balancer, port, w->change->add[0]),
               err);
}

const struct product aliyun_clb = {
    PRODUCT_CODE("aliyun", "clb"),
    .title = "Alibaba Cloud CLB",
    .read_calls = 2,
    .no_removal = ALIYUN_DEFAULT_STAYS,
    .consistency_ms = 10000,
    .settle_ms = 120000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = CALLS(&list_regions, &list_balancers, &list_listeners, &get_listener, &set_default,
                   &set_extension, &create_extension, &delete_extension, &aliyun_clb_list_certificates,
                   &aliyun_clb_upload_certificate),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_clb_upload,
    .bind = bind_certificate,
};

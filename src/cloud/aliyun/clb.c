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

#define CLB(name) ALIYUN_SLB(name), .style = CALL_RPC_QUERY

static const struct call list_regions = {CLB("DescribeRegions")};
static const struct call list_balancers = {CLB("DescribeLoadBalancers"),
                                           .parameters = "RegionId PageNumber PageSize",
                                           .page = {.items = "/LoadBalancers/LoadBalancer",
                                                    .total = "/TotalCount",
                                                    .position = "PageNumber",
                                                    .size = "PageSize",
                                                    .size_value = 100,
                                                    .style = PAGE_NUMBER}};
static const struct call list_listeners =
    {CLB("DescribeLoadBalancerListeners"),
     .parameters = "RegionId ListenerProtocol LoadBalancerId[] MaxResults NextToken",
     .page = {.items = "/Listeners",
              .next = "/NextToken",
              .position = "NextToken",
              .size = "MaxResults",
              .size_value = 100,
              .style = PAGE_MARKER}};
static const struct call get_listener = {CLB("DescribeLoadBalancerHTTPSListenerAttribute"),
                                         .parameters = "RegionId LoadBalancerId ListenerPort"};
static const struct call set_default = {CLB("SetLoadBalancerHTTPSListenerAttribute"),
                                        .parameters = "RegionId LoadBalancerId ListenerPort "
                                                      "ServerCertificateId",
                                        .write = true};
static const struct call set_extension = {CLB("SetDomainExtensionAttribute"),
                                          .parameters = "RegionId DomainExtensionId ServerCertificateId",
                                          .write = true};
static const struct call create_extension = {CLB("CreateDomainExtension"),
                                             .parameters = "RegionId LoadBalancerId ListenerPort Domain "
                                                           "ServerCertificateId",
                                             .write = true};
static const struct call delete_extension = {CLB("DeleteDomainExtension"),
                                             .parameters = "RegionId DomainExtensionId", .write = true};

static const char *text(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

static const char *slot_of(struct arena *a, const struct json *extension)
{
    const char *domain = text(extension, "/Domain"), *name;
    return name_normalise(a, domain, true, &name, NULL) ? name : domain;
}

/* The default first, then the extensions in their order. */
static bool held(struct job *job, const char *region, const struct json *listener, struct bound **ret,
                 size_t *ret_count, struct err *err)
{
    const struct json *extensions = json_at(listener, "/DomainExtensions/DomainExtension");
    struct bound *list = arena_array(job->arena, struct bound, json_count(extensions) + 1);
    size_t count = 0;
    list[count++] = (struct bound){.slot = "default", .ref = text(listener, "/ServerCertificateId")};
    for (size_t i = 0; i < json_count(extensions); i++) {
        const struct json *x = json_item(extensions, i);
        if (*text(x, "/Domain"))
            list[count++] =
                (struct bound){.slot = slot_of(job->arena, x), .ref = text(x, "/ServerCertificateId")};
    }
    for (size_t i = 0; i < count; i++) {
        list[i].name = list[i].fingerprint = list[i].serial = list[i].key_type = list[i].issuer = "";
        if (!session_facts(job, region, &list[i], err))
            return false;
    }
    *ret = list;
    *ret_count = count;
    return true;
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

static void add_names(struct arena *a, const struct json *listener, struct resource *r)
{
    const struct json *rules = json_at(listener, "/Rules/Rule");
    const char *name;
    for (size_t i = 1; i < r->bound_count; i++)
        if (name_normalise(a, r->bound[i].slot, true, &name, NULL))
            resource_add_name(a, r, name, EVIDENCE_RULE);
    for (size_t i = 0; i < json_count(rules); i++)
        if (name_normalise(a, text(json_item(rules, i), "/Domain"), true, &name, NULL))
            resource_add_name(a, r, name, EVIDENCE_RULE);
    for (size_t i = 0; i < r->bound_count; i++)
        for (size_t j = 0; j < r->bound[i].name_count; j++)
            resource_add_name(a, r, r->bound[i].names[j], EVIDENCE_CERTIFICATE);
}

static bool emit_listener(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct aliyun_listing *l = context;
    struct arena *a = job->arena;
    const char *parent = text(item, "/LoadBalancerId");
    const struct aliyun_balancer *lb = aliyun_balancer_of(l, parent);
    long long port = json_int(json_at(item, "/ListenerPort"), 0);
    struct answer answer;
    struct resource r = {
        .product = "aliyun/clb",
        .region = l->region,
        .vendor_id = arena_printf(a, "%s/%lld", parent, port),
        .title = arena_printf(a, "%s HTTPS:%lld", *lb->name ? lb->name : parent, port),
        .https = true,
        .host = lb->host,
        .port = (unsigned)port,
        .reach = lb->reach,
        .lock = arena_printf(a, "clb:%s", parent),
        .alias_of = "",
        .managed_by = *lb->managed_by ? lb->managed_by : aliyun_owner_of(a, item),
        .unfit = strcmp(text(item, "/Status"), "stopped") == 0 ? "the listener is stopped" : "",
        .extra = "{}",
    };
    (void)node;
    if (!attributes_of(job, l->region, parent, port, &answer, err) ||
        !held(job, l->region, answer.json, &r.bound, &r.bound_count, err))
        return err_add(err, "listener %s", r.vendor_id);
    add_names(a, answer.json, &r);
    return l->each(l->context, &r, err);
}

/* Whether listeners can be listed without naming their load balancers is not known for sure: they are named. */
static bool discover_listeners(struct job *job, struct aliyun_listing *l, struct err *err)
{
    const char *ids[BALANCERS_AT_ONCE];
    for (size_t i = 0; i < l->balancer_count;) {
        size_t count = 0;
        while (count < BALANCERS_AT_ONCE && i < l->balancer_count)
            ids[count++] = l->balancers[i++].id;
        if (!cloud_each(job, &list_listeners, l->region, emit_listener, l, err,
                        "{'RegionId':%s,'ListenerProtocol':'https','LoadBalancerId':%p}", l->region,
                        json_strings(job->arena, ids, count)))
            return false;
    }
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct aliyun_listing l = {.keep = job->arena, .region = region, .each = each, .context = context};
    return cloud_each(job, &list_balancers, region, aliyun_keep_balancer, &l, err, "{'RegionId':%s}",
                      region) &&
           discover_listeners(job, &l, err);
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    return aliyun_regions(job, &list_regions, "/Regions/Region", ret, ret_count, err);
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

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    const char *balancer;
    long long port;
    struct binding b = {.https = true, .etag = ""};
    if (!place_of(job, r, &balancer, &port, err) ||
        !attributes_of(job, r->region, balancer, port, &answer, err) ||
        !held(job, r->region, answer.json, &b.bound, &b.bound_count, err))
        return false;
    const struct json *v = answer.json, *extensions = json_at(v, "/DomainExtensions/DomainExtension");
    b.ready = !is_passing(text(v, "/Status"));
    b.settings = json_format(a, "{'security_policy':%s,'http2':%s,'client_ca':%s,'gzip':%s}",
                             text(v, "/TLSCipherPolicy"), text(v, "/EnableHttp2"),
                             text(v, "/CACertificateId"), text(v, "/Gzip"));
    b.document = json_is_array(extensions) ? json_dump(a, extensions) : "[]";
    *ret = b;
    return true;
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
            *ret = text(json_item(list, i), "/DomainExtensionId");
    return true;
}

static bool write_extension(struct job *job, const struct resource *r, const struct binding *now,
                            const struct change *change, struct err *err)
{
    struct answer answer;
    const char *balancer, *id;
    long long port;
    if (!place_of(job, r, &balancer, &port, err) || !extension_of(job->arena, now, change->slot, &id, err))
        return false;
    if (!change->add_count)
        return !id || cloud_call(job, &delete_extension, r->region, &answer, err,
                                 "{'RegionId':%s,'DomainExtensionId':%s}", r->region, id);
    if (!id)
        return gone_or(cloud_call(job, &create_extension, r->region, &answer, err,
                                  "{'RegionId':%s,'LoadBalancerId':%s,'ListenerPort':%lld,'Domain':%s,"
                                  "'ServerCertificateId':%s}",
                                  r->region, balancer, port, change->slot, change->add[0]),
                       err);
    return cloud_call(job, &set_extension, r->region, &answer, err,
                      "{'RegionId':%s,'DomainExtensionId':%s,'ServerCertificateId':%s}", r->region, id,
                      change->add[0]);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    const char *balancer;
    long long port;
    (void)m;
    if (strcmp(change->slot, "default") != 0)
        return write_extension(job, r, now, change, err);
    if (!change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a default certificate: it can be replaced, not removed");
    return place_of(job, r, &balancer, &port, err) &&
           gone_or(
               cloud_call(job, &set_default, r->region, &answer, err,
                          "{'RegionId':%s,'LoadBalancerId':%s,'ListenerPort':%lld,'ServerCertificateId':%s}",
                          r->region, balancer, port, change->add[0]),
               err);
}

static const struct call *const calls[] = {&list_regions,
                                           &list_balancers,
                                           &list_listeners,
                                           &get_listener,
                                           &set_default,
                                           &set_extension,
                                           &create_extension,
                                           &delete_extension,
                                           &aliyun_clb_list_certificates,
                                           &aliyun_clb_upload_certificate,
                                           NULL};

const struct product aliyun_clb = {
    .cloud = "aliyun",
    .name = "clb",
    .code = "aliyun/clb",
    .title = "Alibaba Cloud CLB",
    .read_calls = 2,
    .consistency_ms = 10000,
    .settle_ms = 120000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = calls,
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_clb_upload,
    .bind = write_change,
};

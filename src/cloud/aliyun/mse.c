/* Alibaba Cloud MSE: the cloud-native gateway (2019-05-31).
 *
 * A domain of a gateway holds its certificate by reference. UpdateSSLCert replaces that alone and leaves TLS versions,
 * cipher suites and mutual TLS as they are; the domain is then being published (status 2) for a while. Refusals come as an
 * HTTP 200 with Success=false and a number as code. Domains that a cluster's Ingress made are its controller's.
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/name.h"
#include <string.h>

#define MSE(name)                                                                                            \
    ALIYUN_RPC("mse", "2019-05-31", name), .host = "mse.{region}.aliyuncs.com", .style = CALL_RPC_QUERY

static const struct call list_regions = {MSE("QueryGatewayRegion")};
static const struct call list_gateways = {MSE("ListGateway"), .parameters = "PageNumber PageSize",
                                          .page = {.items = "/Data/Result",
                                                   .total = "/Data/TotalSize",
                                                   .position = "PageNumber",
                                                   .size = "PageSize",
                                                   .size_value = 50,
                                                   .style = PAGE_NUMBER}};
static const struct call list_domains = {MSE("ListGatewayDomain"), .parameters = "GatewayUniqueId Type"};
static const struct call get_domain = {MSE("GetGatewayDomainDetail"), .parameters = "GatewayUniqueId Id"};
static const struct call set_certificate = {MSE("UpdateSSLCert"),
                                            .parameters = "GatewayUniqueId DomainId CertIdentifier",
                                            .write = true};

enum { PUBLISHING = 2, UNPUBLISHING = 5, UNAVAILABLE = 6, GATEWAY_RUNS = 2 };

static bool is_https(const struct json *domain)
{
    return strcmp(json_str(json_at(domain, "/Protocol"), ""), "HTTPS") == 0;
}

static bool bound_of(struct job *job, const char *region, const struct json *domain, struct bound *b,
                     size_t *ret_count, struct err *err)
{
    const char *ref = json_str(json_at(domain, "/CertIdentifier"), "");
    *ret_count = *ref && is_https(domain);
    return !*ret_count || aliyun_ref_bound(job, region, ref, b, err);
}

struct listing {
    const char *region;
    resource_fn *each;
    void *context;
};

static bool emit_domain(struct job *job, const struct listing *l, const struct json *gateway,
                        const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *id = json_str(json_at(gateway, "/GatewayUniqueId"), "");
    const struct json *internet = json_at(gateway, "/InternetSlb/0"), *slb = json_at(gateway, "/Slb/0");
    bool managed = json_bool(json_at(item, "/IsManaged"), false) ||
                   strcmp(json_str(json_at(item, "/Type"), ""), "Ingress") == 0;
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    if (!name_normalise(a, json_str(json_at(item, "/Name"), ""), false, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = "aliyun/mse",
        .region = l->region,
        .vendor_id = json_text(a, json_at(item, "/Id"), ""),
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = is_https(item),
        .bound = &bound,
        .host = json_str(json_at(internet ? internet : slb, "/SlbIp"), ""),
        .port = 443,
        .reach = internet ? "public"
                 : slb    ? "private"
                          : "unknown",
        .lock = arena_printf(a, "mse:%s", id),
        .alias_of = "",
        .managed_by = managed ? arena_printf(a, "ingress:%s", id) : "",
        .unfit = json_int(json_at(gateway, "/Status"), GATEWAY_RUNS) != GATEWAY_RUNS
                     ? "the gateway is not running"
                 : json_int(json_at(item, "/Status"), 0) == UNAVAILABLE ? "the domain is unavailable"
                                                                        : "",
        .extra = json_format(a, "{'gateway':%s}", id),
    };
    if (!bound_of(job, l->region, item, &bound, &r.bound_count, err))
        return err_add(err, "%s", name.name);
    return l->each(l->context, &r, err);
}

static bool emit_gateway(struct job *job, void *context, const struct json *item, const struct xml *node,
                         struct err *err)
{
    const struct listing *l = context;
    const char *id = json_str(json_at(item, "/GatewayUniqueId"), "");
    struct answer answer;
    (void)node;
    if (!cloud_call(job, &list_domains, l->region, &answer, err, "{'GatewayUniqueId':%s,'Type':'All'}", id))
        return err_add(err, "gateway %s", id);
    const struct json *domains = json_at(answer.json, "/Data");
    for (size_t i = 0; i < json_count(domains); i++)
        if (!emit_domain(job, l, item, json_item(domains, i), err))
            return false;
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {region, each, context};
    return cloud_each(job, &list_gateways, region, emit_gateway, &l, err, "{}");
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    struct answer answer;
    bool china = strcmp(session_site(job), "china") == 0;
    session_regions(job, ret, ret_count);
    if (*ret_count)
        return true;
    if (!cloud_call(job, &list_regions, china ? "cn-hangzhou" : "ap-southeast-1", &answer, err, "{}"))
        return false;
    const struct json *list = json_at(answer.json, "/Data");
    *ret = arena_array(job->arena, const char *, json_count(list) + 1);
    for (size_t i = 0; i < json_count(list); i++)
        (*ret)[(*ret_count)++] = json_str(json_item(list, i), "");
    return true;
}

/* The list alone tells the state, the detail alone mutual TLS. */
static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    static const char *const members[] = {"Protocol",
                                          "MustHttps",
                                          "Http2",
                                          "TlsMin",
                                          "TlsMax",
                                          "MtlsEnabled",
                                          "CaCertIdentifier",
                                          "TlsCipherSuitesConfig"};
    struct arena *a = job->arena;
    const char *gateway = aliyun_extra(a, r, "/gateway");
    struct answer listed, detail;
    struct binding b = {.etag = "", .bound = arena_make(a, struct bound)};
    const struct json *item = NULL;
    if (!cloud_call(job, &list_domains, r->region, &listed, err, "{'GatewayUniqueId':%s,'Type':'All'}",
                    gateway))
        return false;
    const struct json *domains = json_at(listed.json, "/Data");
    for (size_t i = 0; i < json_count(domains) && !item; i++)
        if (strcmp(json_text(a, json_at(json_item(domains, i), "/Id"), ""), r->vendor_id) == 0)
            item = json_item(domains, i);
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "the gateway has no domain %s", r->title);
    if (!cloud_call(job, &get_domain, r->region, &detail, err, "{'GatewayUniqueId':%s,'Id':%s}", gateway,
                    r->vendor_id) ||
        !aliyun_members(a, &detail, "/Data", members, countof(members), &b.settings, err) ||
        !bound_of(job, r->region, json_at(detail.json, "/Data"), b.bound, &b.bound_count, err))
        return false;
    int64_t status = json_int(json_at(item, "/Status"), 0);
    b.https = is_https(json_at(detail.json, "/Data"));
    b.ready = status != PUBLISHING && status != UNPUBLISHING;
    *ret = b;
    return true;
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    (void)now;
    (void)m;
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "%s: its certificate is replaced, never taken away", r->title);
    return cloud_call(job, &set_certificate, r->region, &answer, err,
                      "{'GatewayUniqueId':%s,'DomainId':%s,'CertIdentifier':%s}",
                      aliyun_extra(job->arena, r, "/gateway"), r->vendor_id, change->add[0]);
}

static const struct call *const calls[] = {&list_regions, &list_gateways,   &list_domains,
                                           &get_domain,   &set_certificate, NULL};

const struct product aliyun_mse = {
    .cloud = "aliyun",
    .name = "mse",
    .code = "aliyun/mse",
    .title = "Alibaba Cloud MSE cloud-native gateway",
    .read_calls = 2,
    .consistency_ms = 10000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = calls,
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = write_change,
};

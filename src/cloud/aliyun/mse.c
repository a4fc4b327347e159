/* Alibaba Cloud MSE: the cloud-native gateway (2019-05-31).
 *
 * A domain of a gateway holds its certificate by reference. UpdateSSLCert replaces that alone and leaves TLS versions,
 * cipher suites and mutual TLS as they are; the domain is then being published (status 2) for a while. Refusals come as an
 * HTTP 200 with Success=false and a number as code. Domains that a cluster's Ingress made are its controller's.
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

#define MSE(...) ALIYUN_CALL("mse", "2019-05-31", "mse.{region}.aliyuncs.com", CALL_RPC_QUERY, __VA_ARGS__)

static const struct call list_regions = MSE("QueryGatewayRegion", NULL, .page = {.items = "/Data"});
static const struct call list_gateways =
    MSE("ListGateway", NULL,
        PAGES_BY_NUMBER("/Data/Result", "/Data/TotalSize", "PageNumber", "PageSize", 50));
static const struct call list_domains = MSE("ListGatewayDomain", "GatewayUniqueId Type");
static const struct call get_domain = MSE("GetGatewayDomainDetail", "GatewayUniqueId Id");
static const struct call set_certificate =
    MSE("UpdateSSLCert", "GatewayUniqueId DomainId CertIdentifier", .write = true);

enum { PUBLISHING = 2, UNPUBLISHING = 5, UNAVAILABLE = 6, GATEWAY_RUNS = 2 };

static bool binding_of(struct job *job, const char *region, const struct json *domain, struct binding *b,
                       struct err *err)
{
    b->https = json_is(domain, "/Protocol", "HTTPS");
    if (b->https)
        binding_add(job->arena, b, "default", json_get(domain, "/CertIdentifier"));
    return binding_look_up(job, region, b, err);
}

static bool emit_domain(struct job *job, const struct survey *to, const struct json *gateway,
                        const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *id = json_get(gateway, "/GatewayUniqueId");
    const struct json *internet = json_at(gateway, "/InternetSlb/0"), *slb = json_at(gateway, "/Slb/0");
    bool managed = json_bool(json_at(item, "/IsManaged"), false) || json_is(item, "/Type", "Ingress");
    struct binding b = {0};
    struct resource r = {
        .vendor_id = json_text(a, json_at(item, "/Id"), ""),
        .host = json_get(internet ? internet : slb, "/SlbIp"),
        .reach = internet ? "public"
                 : slb    ? "private"
                          : "unknown",
        .managed_by = managed ? arena_printf(a, "ingress:%s", id) : "",
        .lock = arena_printf(a, "mse:%s", id),
        .unfit = json_int(json_at(gateway, "/Status"), GATEWAY_RUNS) != GATEWAY_RUNS
                     ? "the gateway is not running"
                 : json_int(json_at(item, "/Status"), 0) == UNAVAILABLE ? "the domain is unavailable"
                                                                        : "",
        .extra = json_format(a, "{'gateway':%s}", id),
    };
    if (!resource_of_domain(a, &r, json_get(item, "/Name")))
        return true;
    return (binding_of(job, to->region, item, &b, err) || err_add(err, "%s", r.title)) &&
           resource_emit(job, to, &r, &b, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_gateways, to->region, "{}");
    for (const struct json *gateway; (gateway = pages_next(&p));) {
        const char *id = json_get(gateway, "/GatewayUniqueId");
        struct answer answer;
        if (!cloud_call(job, &list_domains, to->region, &answer, err, "{'GatewayUniqueId':%s,'Type':'All'}",
                        id))
            return err_add(err, "gateway %s", id);
        json_each (item, json_at(answer.json, "/Data"))
            if (!emit_domain(job, to, gateway, item, err))
                return false;
    }
    return pages_end(&p, err);
}

/* The list alone tells the state, the detail alone mutual TLS. */
static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    const char *gateway = resource_extra(job->arena, r, "/gateway", "");
    struct answer listed, detail;
    if (!cloud_call(job, &list_domains, r->region, &listed, err, "{'GatewayUniqueId':%s,'Type':'All'}",
                    gateway))
        return false;
    const struct json *item = json_find(json_at(listed.json, "/Data"), "/Id", r->vendor_id);
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "the gateway has no domain %s", r->title);
    int64_t status = json_int(json_at(item, "/Status"), 0);
    now->ready = status != PUBLISHING && status != UNPUBLISHING;
    if (!cloud_call(job, &get_domain, r->region, &detail, err, "{'GatewayUniqueId':%s,'Id':%s}", gateway,
                    r->vendor_id))
        return false;
    now->settings = json_only(
        job->arena, json_at(detail.json, "/Data"),
        "Protocol MustHttps Http2 TlsMin TlsMax MtlsEnabled CaCertIdentifier TlsCipherSuitesConfig");
    return binding_of(job, r->region, json_at(detail.json, "/Data"), now, err);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    return cloud_call(job, &set_certificate, r->region, NULL, err,
                      "{'GatewayUniqueId':%s,'DomainId':%s,'CertIdentifier':%s}",
                      resource_extra(job->arena, r, "/gateway", ""), r->vendor_id, w->change->add[0]);
}

const struct product aliyun_mse = {
    PRODUCT_CODE("aliyun", "mse"),
    .title = "Alibaba Cloud MSE cloud-native gateway",
    .read_calls = 2,
    .no_removal = ALIYUN_REPLACED,
    .consistency_ms = 10000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_regions, &list_gateways, &list_domains, &get_domain, &set_certificate),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

/* Alibaba Cloud PAI-EAS: own domains of dedicated gateways (2021-07-01).
 *
 * A domain holds the bare number of a certificate in CAS, so that the site has to be known: it is the one of the gateway's
 * region, where ours are brought. AttachGatewayDomain on a domain that is attached already sets its certificate in place;
 * should a gateway refuse that, the refusal is reported, for detaching first would interrupt the service. On one that is not
 * attached it would attach it, so that it is looked for before.
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

#define EAS(name, verb, where, ...)                                                                          \
    {                                                                                                        \
        .service = "eas", .operation = (name), .method = (verb), .version = "2021-07-01", .path = (where),   \
        .host = "pai-eas.{region}.aliyuncs.com", .style = CALL_REST_JSON, __VA_ARGS__                        \
    }
#define ONE_GATEWAY "/api/v2/gateways/{ClusterId}/{GatewayId}"

static const struct call list_regions =
    EAS("DescribeRegions", "GET", "/api/v2/regions", .page = {.items = "/Regions"});
static const struct call list_gateways =
    EAS("ListGateway", "GET", "/api/v2/gateways", ALIYUN_PAGES("/Gateways", 100));
static const struct call get_gateway = EAS("DescribeGateway", "GET", ONE_GATEWAY);
static const struct call list_domains = EAS("ListGatewayDomains", "GET", ONE_GATEWAY "/domains");
static const struct call attach = EAS("AttachGatewayDomain", "PUT", ONE_GATEWAY "/domain/attach",
                                      .parameters = "CustomDomain", .write = true);

/* The site is not told. */
static bool binding_of(struct job *job, const char *region, const struct json *domain, struct binding *b,
                       struct err *err)
{
    struct arena *a = job->arena;
    const char *id = json_text(a, json_at(domain, "/CertificateId"), ""), *site = aliyun_store(job, region);
    b->https = *id;
    if (*id)
        binding_add(a, b, "default", arena_printf(a, "%s-%s", id, strchr(site, ':') + 1));
    return binding_look_up(job, region, b, err);
}

static bool emit_domain(struct job *job, const struct survey *to, const struct json *gateway,
                        const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *id = json_get(gateway, "/GatewayId"), *type = json_get(item, "/Type"),
               *domain = json_get(item, "/Domain"), *status = json_get(gateway, "/Status");
    bool internet = strcmp(type, "internet") == 0;
    struct binding b = {0};
    struct resource r = {
        .vendor_id = arena_printf(a, "%s/%s/%s", id, type, domain),
        .host = json_get(gateway, internet ? "/InternetDomain" : "/IntranetDomain"),
        .reach = internet ? "public" : "private",
        .lock = arena_printf(a, "eas:%s", id),
        .unfit = strcmp(status, "Running") == 0 ? "" : arena_printf(a, "the gateway is %s", status),
        .extra = json_format(a, "{'gateway':%s,'type':%s,'domain':%s}", id, type, domain),
    };
    if (!resource_of_domain(a, &r, domain))
        return true;
    return (binding_of(job, to->region, item, &b, err) || err_add(err, "%s", r.title)) &&
           resource_emit(job, to, &r, &b, err);
}

static bool domains_of(struct job *job, const char *region, const char *gateway, const struct json **ret,
                       struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_domains, region, &answer, err, "{'ClusterId':%s,'GatewayId':%s}", region,
                    gateway))
        return false;
    *ret = json_at(answer.json, "/CustomDomains");
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_gateways, to->region, "{}");
    for (const struct json *gateway, *domains; (gateway = pages_next(&p));) {
        const char *id = json_get(gateway, "/GatewayId");
        if (!domains_of(job, to->region, id, &domains, err)) {
            if (err->kind == ERR_NOT_FOUND) /* deleted meanwhile */
                continue;
            return err_add(err, "gateway %s", id);
        }
        json_each (item, domains)
            if (!emit_domain(job, to, gateway, item, err))
                return false;
    }
    return pages_end(&p, err);
}

static bool find_domain(struct job *job, const struct resource *r, const struct json **ret, struct err *err)
{
    struct arena *a = job->arena;
    const char *type = resource_extra(a, r, "/type", ""), *domain = resource_extra(a, r, "/domain", "");
    const struct json *domains;
    if (!domains_of(job, r->region, resource_extra(a, r, "/gateway", ""), &domains, err))
        return false;
    json_each (item, domains)
        if (json_is(item, "/Domain", domain) && json_is(item, "/Type", type)) {
            *ret = item;
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, "the gateway has no domain %s", r->title);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer gateway;
    const struct json *item;
    if (!cloud_call(job, &get_gateway, r->region, &gateway, err, "{'ClusterId':%s,'GatewayId':%s}", r->region,
                    resource_extra(job->arena, r, "/gateway", "")) ||
        !find_domain(job, r, &item, err))
        return false;
    const char *status = json_get(item, "/CertificateStatus");
    now->failed = strstr(status, "ail") ? "the domain's certificate could not be set" : NULL;
    now->ready = !*status || strcmp(status, "Succeeded") == 0 || now->failed;
    now->settings =
        json_format(job->arena, "{'type':%s,'ssl_redirection':%p}", json_get(item, "/Type"),
                    json_boolean(json_bool(json_at(gateway.json, "/SSLRedirectionEnabled"), false)));
    return binding_of(job, r->region, item, now, err);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    struct arena *a = job->arena;
    const struct resource *r = w->resource;
    const struct json *item;
    const char *id, *site, *ref = w->change->add[0];
    if (!aliyun_ref_parse(a, ref, &id, &site))
        return err_set(err, ERR_INPUT, "%s is no certificate of the certificate service", ref);
    return find_domain(job, r, &item, err) &&
           cloud_call(job, &attach, r->region, NULL, err, "{'ClusterId':%s,'GatewayId':%s,'CustomDomain':%s}",
                      r->region, resource_extra(a, r, "/gateway", ""),
                      json_format(a, "{'Domain':%s,'Type':%s,'CertificateId':%s}", json_get(item, "/Domain"),
                                  json_get(item, "/Type"), id));
}

const struct product aliyun_eas = {
    PRODUCT_CODE("aliyun", "eas"),
    .title = "Alibaba Cloud PAI-EAS gateway",
    .read_calls = 2,
    .no_removal = "a domain's certificate can be replaced, not taken away",
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 2000,
    .propagation_ms = 120000,
    .calls = CALLS(&list_regions, &list_gateways, &get_gateway, &list_domains, &attach),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

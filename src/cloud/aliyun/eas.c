/* Alibaba Cloud PAI-EAS: own domains of dedicated gateways (2021-07-01).
 *
 * A domain holds the bare number of a certificate in CAS, so that the site has to be known: it is the one of the gateway's
 * region, where ours are brought. AttachGatewayDomain on a domain that is attached already sets its certificate in place;
 * should a gateway refuse that, the refusal is reported, for detaching first would interrupt the service. On one that is not
 * attached it would attach it, so that it is looked for before.
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/name.h"
#include <string.h>

#define EAS(name, verb, where)                                                                               \
    .service = "eas", .operation = (name), .method = (verb), .version = "2021-07-01", .path = (where),       \
    .host = "pai-eas.{region}.aliyuncs.com", .style = CALL_REST_JSON
#define ONE_GATEWAY "/api/v2/gateways/{ClusterId}/{GatewayId}"

static const struct call list_regions = {EAS("DescribeRegions", "GET", "/api/v2/regions")};
static const struct call list_gateways = {EAS("ListGateway", "GET", "/api/v2/gateways"),
                                          .parameters = "PageNumber PageSize",
                                          .page = {.items = "/Gateways",
                                                   .total = "/TotalCount",
                                                   .position = "PageNumber",
                                                   .size = "PageSize",
                                                   .size_value = 100,
                                                   .style = PAGE_NUMBER}};
static const struct call get_gateway = {EAS("DescribeGateway", "GET", ONE_GATEWAY)};
static const struct call list_domains = {EAS("ListGatewayDomains", "GET", ONE_GATEWAY "/domains")};
static const struct call attach = {EAS("AttachGatewayDomain", "PUT", ONE_GATEWAY "/domain/attach"),
                                   .parameters = "CustomDomain", .write = true};

static const char *text(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

/* The site is not told. */
static bool bound_of(struct job *job, const char *region, const struct json *domain, struct bound *b,
                     size_t *ret_count, struct err *err)
{
    struct arena *a = job->arena;
    const char *id = json_text(a, json_at(domain, "/CertificateId"), ""), *site = aliyun_store(job, region);
    *ret_count = *id != 0;
    return !*id || aliyun_ref_bound(job, region, arena_printf(a, "%s-%s", id, strchr(site, ':') + 1), b, err);
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
    const char *id = text(gateway, "/GatewayId"), *type = text(item, "/Type"),
               *domain = text(item, "/Domain");
    bool internet = strcmp(type, "internet") == 0;
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    if (!name_normalise(a, domain, true, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = "aliyun/eas",
        .region = l->region,
        .vendor_id = arena_printf(a, "%s/%s/%s", id, type, domain),
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .bound = &bound,
        .host = text(gateway, internet ? "/InternetDomain" : "/IntranetDomain"),
        .port = 443,
        .reach = internet ? "public" : "private",
        .lock = arena_printf(a, "eas:%s", id),
        .alias_of = "",
        .managed_by = "",
        .unfit = strcmp(text(gateway, "/Status"), "Running") == 0
                     ? ""
                     : arena_printf(a, "the gateway is %s", text(gateway, "/Status")),
        .extra = json_format(a, "{'gateway':%s,'type':%s,'domain':%s}", id, type, domain),
    };
    if (!bound_of(job, l->region, item, &bound, &r.bound_count, err))
        return err_add(err, "%s", r.title);
    r.https = r.bound_count > 0;
    return l->each(l->context, &r, err);
}

static bool emit_gateway(struct job *job, void *context, const struct json *item, const struct xml *node,
                         struct err *err)
{
    const struct listing *l = context;
    struct answer answer;
    struct err why = {0};
    (void)node;
    if (!cloud_call(job, &list_domains, l->region, &answer, &why, "{'ClusterId':%s,'GatewayId':%s}",
                    l->region, text(item, "/GatewayId"))) {
        if (err)
            *err = why;
        return why.kind == ERR_NOT_FOUND || err_add(err, "gateway %s", text(item, "/GatewayId"));
    }
    const struct json *domains = json_at(answer.json, "/CustomDomains");
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
    return aliyun_regions(job, &list_regions, "/Regions", ret, ret_count, err);
}

static const struct json *find_domain(struct arena *a, const struct json *list, const struct resource *r)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(text(json_item(list, i), "/Domain"), aliyun_extra(a, r, "/domain")) == 0 &&
            strcmp(text(json_item(list, i), "/Type"), aliyun_extra(a, r, "/type")) == 0)
            return json_item(list, i);
    return NULL;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct arena *a = job->arena;
    struct answer gateway, domains;
    const char *id = aliyun_extra(a, r, "/gateway");
    if (!cloud_call(job, &get_gateway, r->region, &gateway, err, "{'ClusterId':%s,'GatewayId':%s}", r->region,
                    id) ||
        !cloud_call(job, &list_domains, r->region, &domains, err, "{'ClusterId':%s,'GatewayId':%s}",
                    r->region, id))
        return false;
    const struct json *item = find_domain(a, json_at(domains.json, "/CustomDomains"), r);
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "the gateway has no domain %s", r->title);
    const char *status = text(item, "/CertificateStatus");
    struct binding b = {
        .ready = !*status || strcmp(status, "Succeeded") == 0 || strstr(status, "ail"),
        .failed = strstr(status, "ail") ? "the domain's certificate could not be set" : NULL,
        .etag = "",
        .bound = arena_make(a, struct bound),
        .settings =
            json_format(a, "{'type':%s,'ssl_redirection':%p}", text(item, "/Type"),
                        json_boolean(json_bool(json_at(gateway.json, "/SSLRedirectionEnabled"), false))),
    };
    if (!bound_of(job, r->region, item, b.bound, &b.bound_count, err))
        return false;
    b.https = b.bound_count > 0;
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
    struct arena *a = job->arena;
    struct answer answer;
    const char *id, *site, *gateway = aliyun_extra(a, r, "/gateway");
    (void)now;
    (void)m;
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "a domain's certificate can be replaced, not taken away");
    if (!aliyun_ref_parse(a, change->add[0], &id, &site))
        return err_set(err, ERR_INPUT, "%s is no certificate of the certificate service", change->add[0]);
    if (!cloud_call(job, &list_domains, r->region, &answer, err, "{'ClusterId':%s,'GatewayId':%s}", r->region,
                    gateway))
        return false;
    if (!find_domain(a, json_at(answer.json, "/CustomDomains"), r))
        return err_set(err, ERR_NOT_FOUND, "the gateway has no domain %s any more", r->title);
    return cloud_call(job, &attach, r->region, &answer, err,
                      "{'ClusterId':%s,'GatewayId':%s,'CustomDomain':%s}", r->region, gateway,
                      json_format(a, "{'Domain':%s,'Type':%s,'CertificateId':%s}",
                                  aliyun_extra(a, r, "/domain"), aliyun_extra(a, r, "/type"), id));
}

static const struct call *const calls[] = {&list_regions, &list_gateways, &get_gateway,
                                           &list_domains, &attach,        NULL};

const struct product aliyun_eas = {
    .cloud = "aliyun",
    .name = "eas",
    .code = "aliyun/eas",
    .title = "Alibaba Cloud PAI-EAS gateway",
    .read_calls = 2,
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 2000,
    .propagation_ms = 120000,
    .calls = calls,
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = write_change,
};

/* Alibaba Cloud's cloud-native API gateway (2024-03-27).
 *
 * A domain holds its certificate by reference; it may stand on several gateways at once, and one update is one of all
 * of them. An update replaces the whole domain, so that everything read goes back with it: HTTP/2, TLS versions, cipher
 * suites, mutual TLS and its CA. Refusals come with HTTP 200 and a code that is not "Ok". A serverless domain takes no protocol.
 * There is no call that lists regions.
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/json_slice.h"
#include <string.h>
#include <strings.h>

#define APIG(name, verb, where, takes, ...)                                                                  \
    {                                                                                                        \
        ALIYUN_ROA("apig", "2024-03-27", name, verb, where), .parameters = (takes), __VA_ARGS__              \
    }
#define APIG_PAGES PAGES_BY_NUMBER("/data/items", "/data/totalSize", "pageNumber", "pageSize", 50)

static const struct call list_gateways = APIG("ListGateways", "GET", "/v1/gateways", NULL, APIG_PAGES);
static const struct call list_domains = APIG("ListDomains", "GET", "/v1/domains", "gatewayId", APIG_PAGES);
static const struct call get_domain = APIG("GetDomain", "GET", "/v1/domains/{domainId}", NULL);
static const struct call set_domain =
    APIG("UpdateDomain", "PUT", "/v1/domains/{domainId}",
         "body.certIdentifier body.protocol body.forceHttps body.http2Option body.tlsMin body.tlsMax "
         "body.tlsCipherSuitesConfig.* body.mTLSEnabled body.caCertIdentifier body.clientCACert "
         "body.domainScope",
         .write = true);

/* What an update holds beside the certificate. */
static const char *const members[] = {"protocol",    "forceHttps",       "http2Option",
                                      "tlsMin",      "tlsMax",           "tlsCipherSuitesConfig",
                                      "mTLSEnabled", "caCertIdentifier", "clientCACert",
                                      "domainScope"};

/* Where the gateways are, as the vendor's own tools know it. */
static const char *const everywhere[] = {"cn-hangzhou",    "cn-shanghai",    "cn-beijing",
                                         "cn-shenzhen",    "cn-zhangjiakou", "cn-chengdu",
                                         "cn-guangzhou",   "cn-heyuan",      "cn-qingdao",
                                         "cn-wulanchabu",  "cn-hongkong",    "ap-southeast-1",
                                         "ap-southeast-3", "ap-southeast-5", "ap-southeast-6",
                                         "ap-southeast-7", "ap-northeast-1", "ap-northeast-2",
                                         "eu-central-1",   "eu-west-1",      "me-central-1",
                                         "me-east-1",      "us-east-1",      "us-west-1"};

struct listing { /* one region, while it is listed */
    struct arena *keep;
    struct balancers gateways;
    struct links seen; /* domains: one may be on another gateway too */
};

static bool keep_gateways(struct job *job, const char *region, struct listing *l, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_gateways, region, "{}");
    for (const struct json *item; (item = pages_next(&p));) {
        const struct json *balancer = json_at(item, "/loadBalancers/0");
        bool public = strcasecmp(json_get(balancer, "/addressType"), "Internet") == 0;
        balancers_add(l->keep, &l->gateways,
                      &(struct balancer){.id = json_get(item, "/gatewayId"),
                                         .host = json_get(balancer, "/address"),
                                         .reach = !balancer ? "unknown"
                                                  : public  ? "public"
                                                            : "private"});
    }
    return pages_end(&p, err);
}

static bool binding_of(struct job *job, const char *region, const struct json *domain, struct binding *b,
                       struct err *err)
{
    if (!json_is(domain, "/protocol", "HTTP"))
        binding_add(job->arena, b, "default", json_get(domain, "/certIdentifier"));
    b->https = b->bound_count > 0;
    return binding_look_up(job, region, b, err);
}

/* The domains of a gateway; NULL: all. */
static bool emit_domains(struct job *job, const struct survey *to, struct listing *l,
                         const struct balancer *at, struct err *err)
{
    cleanup(pages_close) struct pages p =
        at ? cloud_pages(job, &list_domains, to->region, "{'gatewayId':%s}", at->id)
           : cloud_pages(job, &list_domains, to->region, "{}");
    for (const struct json *item; (item = pages_next(&p));) {
        bool managed = strcasecmp(json_get(item, "/createFrom"), "Ingress") == 0;
        struct binding b = {0};
        struct resource r = {.vendor_id = json_get(item, "/domainId"),
                             .host = at ? at->host : "",
                             .reach = at ? at->reach : "unknown",
                             .managed_by = managed ? "ingress" : ""};
        if (!links_add_first(l->keep, &l->seen, r.vendor_id, "") ||
            !resource_of_domain(job->arena, &r, json_get(item, "/name")))
            continue;
        if (!binding_of(job, to->region, item, &b, err))
            return err_add(err, "%s", r.title);
        if (!resource_emit(job, to, &r, &b, err))
            return false;
    }
    return pages_end(&p, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct listing l = {.keep = job->arena};
    if (!keep_gateways(job, to->region, &l, err))
        return false;
    for (size_t i = 0; i < l.gateways.count; i++)
        if (!emit_domains(job, to, &l, &l.gateways.items[i], err))
            return err_add(err, "gateway %s", l.gateways.items[i].id);
    return !l.gateways.count || emit_domains(job, to, &l, NULL, err);
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    (void)err;
    session_regions(job, ret, ret_count);
    if (*ret_count)
        return true;
    *ret = arena_array(job->arena, const char *, countof(everywhere));
    memcpy(*ret, everywhere, sizeof everywhere);
    *ret_count = countof(everywhere);
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_domain, r->region, &answer, err, "{'domainId':%s}", r->vendor_id))
        return false;
    const struct json *domain = json_at(answer.json, "/data");
    if (!json_count(domain))
        return err_set(err, ERR_NOT_FOUND, "the gateways have no domain %s", r->title);
    if (!aliyun_members(job->arena, &answer, "/data", members, countof(members), &now->document, err))
        return false;
    now->settings = now->document;
    return binding_of(job, r->region, domain, now, err);
}

static bool splice(struct arena *a, char **body, const char *member, const char *value, struct err *err)
{
    return json_splice(a, *body, strlen(*body), arena_printf(a, "/%s", member), value, body, err);
}

/* The whole domain goes back, another certificate in the place of the old one. */
static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    struct arena *a = job->arena;
    const struct json *domain;
    char *body = arena_strdup(a, w->now->document ? w->now->document : "{}");
    if (!json_parse(a, body, strlen(body), &domain, err) ||
        !splice(a, &body, "certIdentifier", json_format(a, "%s", w->change->add[0]), err))
        return false;
    bool serverless = json_is(domain, "/domainScope", "Serverless");
    if (serverless && !json_cut(a, body, strlen(body), "/protocol", &body, err))
        return false;
    if (!json_at(domain, "/forceHttps") && !splice(a, &body, "forceHttps", "false", err))
        return false;
    return cloud_call(job, &set_domain, r->region, NULL, err, "{'domainId':%s,'body':%p}", r->vendor_id,
                      body);
}

const struct product aliyun_apig = {
    PRODUCT_CODE("aliyun", "apig"),
    .title = "Alibaba Cloud cloud-native API gateway",
    .no_removal = ALIYUN_REPLACED,
    .consistency_ms = 10000,
    .settle_ms = 60000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_gateways, &list_domains, &get_domain, &set_domain),
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

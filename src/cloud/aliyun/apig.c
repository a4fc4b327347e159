/* Alibaba Cloud's cloud-native API gateway (2024-03-27).
 *
 * A domain holds its certificate by reference; it may stand on several gateways at once, and one update is one of all
 * of them. An update replaces the whole domain, so that everything read goes back with it: HTTP/2, TLS versions, cipher
 * suites, mutual TLS and its CA. Refusals come with HTTP 200 and a code that is not "Ok". A serverless domain takes no protocol.
 * There is no call that lists regions.
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/json_slice.h"
#include "codec/name.h"
#include <string.h>
#include <strings.h>

#define APIG(name, verb, where) ALIYUN_ROA("apig", "2024-03-27", name, verb, where)
#define APIG_PAGES                                                                                           \
    .page = {.items = "/data/items",                                                                         \
             .total = "/data/totalSize",                                                                     \
             .position = "pageNumber",                                                                       \
             .size = "pageSize",                                                                             \
             .size_value = 50,                                                                               \
             .style = PAGE_NUMBER}

static const struct call list_gateways = {APIG("ListGateways", "GET", "/v1/gateways"),
                                          .parameters = "pageNumber pageSize", APIG_PAGES};
static const struct call list_domains = {APIG("ListDomains", "GET", "/v1/domains"),
                                         .parameters = "gatewayId pageNumber pageSize", APIG_PAGES};
static const struct call get_domain = {APIG("GetDomain", "GET", "/v1/domains/{domainId}")};
static const struct call set_domain =
    {APIG("UpdateDomain", "PUT", "/v1/domains/{domainId}"),
     .parameters =
         "body.certIdentifier body.protocol body.forceHttps body.http2Option body.tlsMin body.tlsMax "
         "body.tlsCipherSuitesConfig.* body.mTLSEnabled body.caCertIdentifier body.clientCACert "
         "body.domainScope",
     .write = true};

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

struct gateway {
    const char *id, *host, *reach;
};

struct listing { /* one region, while it is listed */
    struct arena *keep;
    const char *region;
    struct gateway *gateways;
    size_t gateway_count, gateway_capacity;
    const struct gateway *at; /* whose domains are listed; NULL: those of none */
    const char **seen;
    size_t seen_count, seen_capacity;
    resource_fn *each;
    void *context;
};

static bool keep_gateway(struct job *job, void *context, const struct json *item, const struct xml *node,
                         struct err *err)
{
    struct listing *l = context;
    const struct json *balancer = json_at(item, "/loadBalancers/0");
    bool public = strcasecmp(json_str(json_at(balancer, "/addressType"), ""), "Internet") == 0;
    (void)job;
    (void)node;
    (void)err;
    *(struct gateway *)arena_push(l->keep, (void **)&l->gateways, &l->gateway_count, &l->gateway_capacity,
                                  sizeof(struct gateway)) =
        (struct gateway){arena_strdup(l->keep, json_str(json_at(item, "/gatewayId"), "")),
                         arena_strdup(l->keep, json_str(json_at(balancer, "/address"), "")),
                         balancer ? public ? "public" : "private" : "unknown"};
    return true;
}

static bool is_seen(struct listing *l, const char *id)
{
    for (size_t i = 0; i < l->seen_count; i++)
        if (strcmp(l->seen[i], id) == 0)
            return true;
    *(const char **)arena_push(l->keep, (void **)&l->seen, &l->seen_count, &l->seen_capacity,
                               sizeof *l->seen) = arena_strdup(l->keep, id);
    return false;
}

static bool bound_of(struct job *job, const char *region, const struct json *domain, struct bound *b,
                     size_t *ret_count, struct err *err)
{
    const char *ref = json_str(json_at(domain, "/certIdentifier"), "");
    *ret_count = *ref && strcmp(json_str(json_at(domain, "/protocol"), "HTTPS"), "HTTP") != 0;
    return !*ret_count || aliyun_ref_bound(job, region, ref, b, err);
}

static bool emit_domain(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    struct listing *l = context;
    struct arena *a = job->arena;
    const char *id = json_str(json_at(item, "/domainId"), ""),
               *from = json_str(json_at(item, "/createFrom"), "");
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    (void)node;
    if (is_seen(l, id) || !name_normalise(a, json_str(json_at(item, "/name"), ""), false, &name.name, NULL))
        return true; /* on another gateway too, or nothing that a certificate could cover */
    struct resource r = {
        .product = "aliyun/apig",
        .region = l->region,
        .vendor_id = id,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .bound = &bound,
        .host = l->at ? l->at->host : "",
        .port = 443,
        .reach = l->at ? l->at->reach : "unknown",
        .lock = arena_printf(a, "apig:%s", id),
        .alias_of = "",
        .managed_by = strcasecmp(from, "Ingress") == 0 ? "ingress" : "",
        .unfit = "",
        .extra = "{}",
    };
    if (!bound_of(job, l->region, item, &bound, &r.bound_count, err))
        return err_add(err, "%s", name.name);
    r.https = r.bound_count > 0;
    return l->each(l->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {.keep = job->arena, .region = region, .each = each, .context = context};
    if (!cloud_each(job, &list_gateways, region, keep_gateway, &l, err, "{}"))
        return false;
    for (size_t i = 0; i < l.gateway_count; i++) {
        l.at = &l.gateways[i];
        if (!cloud_each(job, &list_domains, region, emit_domain, &l, err, "{'gatewayId':%s}", l.at->id))
            return err_add(err, "gateway %s", l.at->id);
    }
    l.at = NULL;
    return !l.gateway_count || cloud_each(job, &list_domains, region, emit_domain, &l, err, "{}");
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

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    struct binding b = {.ready = true, .etag = "", .bound = arena_make(a, struct bound)};
    if (!cloud_call(job, &get_domain, r->region, &answer, err, "{'domainId':%s}", r->vendor_id))
        return false;
    const struct json *domain = json_at(answer.json, "/data");
    if (!json_count(domain))
        return err_set(err, ERR_NOT_FOUND, "the gateways have no domain %s", r->title);
    if (!aliyun_members(a, &answer, "/data", members, countof(members), &b.document, err) ||
        !bound_of(job, r->region, domain, b.bound, &b.bound_count, err))
        return false;
    b.https = b.bound_count > 0;
    b.settings = b.document;
    *ret = b;
    return true;
}

static bool splice(struct arena *a, char **body, const char *member, const char *value, struct err *err)
{
    return json_splice(a, *body, strlen(*body), arena_printf(a, "/%s", member), value, body, err);
}

/* The whole domain goes back, another certificate in the place of the old one. */
static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct arena *a = job->arena;
    struct answer answer;
    const struct json *domain;
    char *body = arena_strdup(a, now->document ? now->document : "{}");
    (void)m;
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "%s: its certificate is replaced, never taken away", r->title);
    if (!json_parse(a, body, strlen(body), &domain, err) ||
        !splice(a, &body, "certIdentifier", json_format(a, "%s", change->add[0]), err))
        return false;
    bool serverless = strcmp(json_str(json_at(domain, "/domainScope"), ""), "Serverless") == 0;
    if (serverless && !json_cut(a, body, strlen(body), "/protocol", &body, err))
        return false;
    if (!json_at(domain, "/forceHttps") && !splice(a, &body, "forceHttps", "false", err))
        return false;
    return cloud_call(job, &set_domain, r->region, &answer, err, "{'domainId':%s,'body':%p}", r->vendor_id,
                      body);
}

static const struct call *const calls[] = {&list_gateways, &list_domains, &get_domain, &set_domain, NULL};

const struct product aliyun_apig = {
    .cloud = "aliyun",
    .name = "apig",
    .code = "aliyun/apig",
    .title = "Alibaba Cloud cloud-native API gateway",
    .consistency_ms = 10000,
    .settle_ms = 60000,
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

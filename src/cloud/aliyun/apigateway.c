/* Alibaba Cloud API Gateway, the classic one (2016-07-14).
 *
 * Domains belong to groups and take the certificate as PEM, with its private key, which does not come back: what stood
 * there before can be put back only from our own store. The key travels in the body of a V1 call. A client CA (mutual TLS)
 * would have to be sent along with every change and cannot be read, so that domains with one are left alone. All domains
 * of a group are served under the group's own name.
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/name.h"
#include <string.h>

#define API(name) ALIYUN_RPC("cloudapi", "2016-07-14", name), .host = "apigateway.{region}.aliyuncs.com"

static const struct call list_regions = {API("DescribeRegions"), .style = CALL_RPC_QUERY};
static const struct call list_groups = {API("DescribeApiGroups"), .style = CALL_RPC_QUERY,
                                        .parameters = "PageNumber PageSize",
                                        .page = {.items = "/ApiGroupAttributes/ApiGroupAttribute",
                                                 .total = "/TotalCount",
                                                 .position = "PageNumber",
                                                 .size = "PageSize",
                                                 .size_value = 50,
                                                 .style = PAGE_NUMBER}};
static const struct call get_group = {API("DescribeApiGroup"), .style = CALL_RPC_QUERY,
                                      .parameters = "GroupId"};
static const struct call get_domain = {API("DescribeDomain"), .style = CALL_RPC_QUERY,
                                       .parameters = "GroupId DomainName"};
static const struct call set_certificate =
    {API("SetDomainCertificate"), .style = CALL_RPC_V1,
     .parameters = "GroupId DomainName CertificateName CertificateBody CertificatePrivateKey", .write = true};

/* What the domain holds, asked for where the answer may show the key: read into memory that is wiped. */
static bool read_bound(struct job *job, const char *region, const char *group, const char *domain,
                       struct bound *b, size_t *ret_count, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct arena *a = job->arena;
    struct job inner = *job;
    struct answer answer;
    inner.arena = hidden;
    if (!cloud_call(&inner, &get_domain, region, &answer, err, "{'GroupId':%s,'DomainName':%s}", group,
                    domain))
        return false;
    const char *pem = json_str(json_at(answer.json, "/CertificateBody"), "");
    const char *name = arena_strdup(a, json_str(json_at(answer.json, "/CertificateName"), ""));
    *ret_count = *json_str(json_at(answer.json, "/CertificateId"), "") && aliyun_pem_bound(job, pem, name, b);
    return true;
}

/* Whether clients show certificates of their own here; the CA itself is in no answer. */
static bool is_mutual(const struct json *item)
{
    return json_int(json_at(item, "/SslVerifyDepth"), 0) > 0 ||
           json_bool(json_at(item, "/SslOcspEnable"), false) ||
           json_bool(json_at(item, "/ClientCertSDnPassThrough"), false);
}

struct listing {
    const char *region;
    resource_fn *each;
    void *context;
};

static const char mutual_tls[] = "it asks clients for certificates, and their CA would be lost";

static bool emit_domain(struct job *job, const struct listing *l, const struct json *group,
                        const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *domain = json_str(json_at(item, "/DomainName"), ""),
               *id = json_str(json_at(group, "/GroupId"), "");
    const char *status = json_str(json_at(item, "/DomainBindingStatus"), "BINDING");
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    if (!name_normalise(a, domain, false, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = "aliyun/apigateway",
        .region = l->region,
        .vendor_id = domain,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = *json_str(json_at(item, "/CertificateId"), ""),
        .bound = &bound,
        .host = json_str(json_at(group, "/SubDomain"), ""),
        .port = 443,
        .reach = "public",
        .lock = arena_printf(a, "apigateway:%s", id),
        .alias_of = "",
        .managed_by = "",
        .unfit = is_mutual(item)                  ? mutual_tls
                 : strcmp(status, "BINDING") != 0 ? "the domain is not bound to its group"
                                                  : "",
        .extra = json_format(a, "{'group':%s}", id),
    };
    if (r.https && !read_bound(job, l->region, id, domain, &bound, &r.bound_count, err))
        return err_add(err, "%s", name.name);
    return l->each(l->context, &r, err);
}

static bool emit_group(struct job *job, void *context, const struct json *item, const struct xml *node,
                       struct err *err)
{
    const struct listing *l = context;
    const char *id = json_str(json_at(item, "/GroupId"), "");
    struct answer answer;
    (void)node;
    if (!cloud_call(job, &get_group, l->region, &answer, err, "{'GroupId':%s}", id))
        return err_add(err, "group %s", id);
    const struct json *domains = json_at(answer.json, "/CustomDomains/DomainItem");
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
    return cloud_each(job, &list_groups, region, emit_group, &l, err, "{}");
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    return aliyun_regions(job, &list_regions, "/Regions/Region", ret, ret_count, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct arena *a = job->arena;
    const char *group = aliyun_extra(a, r, "/group");
    const struct json *item = NULL;
    struct answer answer;
    struct binding b = {.ready = true, .etag = "", .bound = arena_make(a, struct bound)};
    if (!cloud_call(job, &get_group, r->region, &answer, err, "{'GroupId':%s}", group))
        return false;
    const struct json *domains = json_at(answer.json, "/CustomDomains/DomainItem");
    for (size_t i = 0; i < json_count(domains) && !item; i++)
        if (strcmp(json_str(json_at(json_item(domains, i), "/DomainName"), ""), r->vendor_id) == 0)
            item = json_item(domains, i);
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "API Gateway has no domain %s", r->title);
    if (!read_bound(job, r->region, group, r->vendor_id, b.bound, &b.bound_count, err))
        return false;
    b.https = b.bound_count > 0;
    b.settings =
        json_format(a,
                    "{'redirect':%p,'mutual_tls':%p,'verify_depth':%p,'ocsp':%p,'ocsp_cache':%p,'pass_dn':%p,"
                    "'https_policy':%s}",
                    json_boolean(json_bool(json_at(item, "/IsHttpRedirectToHttps"), false)),
                    json_boolean(is_mutual(item)),
                    arena_printf(a, "%lld", (long long)json_int(json_at(item, "/SslVerifyDepth"), 0)),
                    json_boolean(json_bool(json_at(item, "/SslOcspEnable"), false)),
                    json_boolean(json_bool(json_at(item, "/SslOcspCacheEnable"), false)),
                    json_boolean(json_bool(json_at(item, "/ClientCertSDnPassThrough"), false)),
                    json_str(json_at(answer.json, "/HttpsPolicy"), ""));
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
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    struct arena *a = job->arena;
    struct answer answer;
    struct material own;
    const char *group = aliyun_extra(a, r, "/group");
    if (strstr(now->settings, "\"mutual_tls\":true"))
        return err_set(err, ERR_CONFLICT, "%s: %s", r->title, mutual_tls);
    if (!aliyun_pem_material(job, r, change, &m, &own, err))
        return false;
    return cloud_call_secret(
        job, &set_certificate, r->region, &answer, err, "%p",
        json_format(hidden,
                    "{'GroupId':%s,'DomainName':%s,'CertificateName':%s,'CertificateBody':%s,"
                    "'CertificatePrivateKey':%s}",
                    group, r->vendor_id, arena_printf(a, "certferry_%.16s", m->fingerprint), m->fullchain_pem,
                    secret_bytes(m->key)));
}

static const struct call *const calls[] = {&list_regions, &list_groups,     &get_group,
                                           &get_domain,   &set_certificate, NULL};

const struct product aliyun_apigateway = {
    .cloud = "aliyun",
    .name = "apigateway",
    .code = "aliyun/apigateway",
    .title = "Alibaba Cloud API Gateway",
    .read_calls = 2,
    .consistency_ms = 10000,
    .settle_ms = 60000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = calls,
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_pem_store,
    .upload = aliyun_pem_upload,
    .bind = write_change,
    .old_key = aliyun_pem_old_key,
};

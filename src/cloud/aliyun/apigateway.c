/* Alibaba Cloud API Gateway, the classic one (2016-07-14).
 *
 * Domains belong to groups and take the certificate as PEM, with its private key, which does not come back: what stood
 * there before can be put back only from our own store. The key travels in the body of a V1 call. A client CA (mutual TLS)
 * would have to be sent along with every change and cannot be read, so that domains with one are left alone. All domains
 * of a group are served under the group's own name.
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

#define API(...) ALIYUN_CALL("cloudapi", "2016-07-14", "apigateway.{region}.aliyuncs.com", __VA_ARGS__)

static const struct call list_regions =
    API(CALL_RPC_QUERY, "DescribeRegions", NULL, .page = {.items = "/Regions/Region"});
static const struct call list_groups =
    API(CALL_RPC_QUERY, "DescribeApiGroups", NULL, ALIYUN_PAGES("/ApiGroupAttributes/ApiGroupAttribute", 50));
static const struct call get_group = API(CALL_RPC_QUERY, "DescribeApiGroup", "GroupId");
static const struct call get_domain = API(CALL_RPC_QUERY, "DescribeDomain", "GroupId DomainName");
static const struct call set_certificate =
    API(CALL_RPC_V1, "SetDomainCertificate",
        "GroupId DomainName CertificateName CertificateBody CertificatePrivateKey", .write = true);

/* What the domain holds, asked for where the answer may show the key: read into memory that is wiped. */
static bool read_held(struct job *job, const char *region, const char *group, const char *domain,
                      struct binding *b, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    struct answer answer;
    if (!cloud_call(&hidden, &get_domain, region, &answer, err, "{'GroupId':%s,'DomainName':%s}", group,
                    domain))
        return false;
    const char *pem = json_get(answer.json, "/CertificateBody"),
               *name = json_get(answer.json, "/CertificateName");
    b->https = *json_get(answer.json, "/CertificateId") && (*pem || *name);
    if (b->https)
        binding_add_pem(job, b, "default", "", pem, name);
    return true;
}

/* Whether clients show certificates of their own here; the CA itself is in no answer. */
static bool is_mutual(const struct json *item)
{
    return json_int(json_at(item, "/SslVerifyDepth"), 0) > 0 ||
           json_bool(json_at(item, "/SslOcspEnable"), false) ||
           json_bool(json_at(item, "/ClientCertSDnPassThrough"), false);
}

static const char mutual_tls[] = "it asks clients for certificates, and their CA would be lost";

static bool emit_domain(struct job *job, const struct survey *to, const struct json *group,
                        const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *domain = json_get(item, "/DomainName"), *id = json_get(group, "/GroupId");
    const char *status = json_str(json_at(item, "/DomainBindingStatus"), "BINDING");
    bool https = *json_get(item, "/CertificateId");
    struct binding b = {0};
    struct resource r = {
        .vendor_id = domain,
        .host = json_get(group, "/SubDomain"),
        .reach = "public",
        .lock = arena_printf(a, "apigateway:%s", id),
        .unfit = is_mutual(item)                  ? mutual_tls
                 : strcmp(status, "BINDING") != 0 ? "the domain is not bound to its group"
                                                  : "",
        .extra = json_format(a, "{'group':%s}", id),
    };
    if (!resource_of_domain(a, &r, domain))
        return true;
    if (https && !read_held(job, to->region, id, domain, &b, err))
        return err_add(err, "%s", r.title);
    b.https = https;
    return resource_emit(job, to, &r, &b, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_groups, to->region, "{}");
    for (const struct json *group; (group = pages_next(&p));) {
        const char *id = json_get(group, "/GroupId");
        struct answer answer;
        if (!cloud_call(job, &get_group, to->region, &answer, err, "{'GroupId':%s}", id))
            return err_add(err, "group %s", id);
        json_each (item, json_at(answer.json, "/CustomDomains/DomainItem"))
            if (!emit_domain(job, to, group, item, err))
                return false;
    }
    return pages_end(&p, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct arena *a = job->arena;
    const char *group = resource_extra(a, r, "/group", "");
    struct answer answer;
    if (!cloud_call(job, &get_group, r->region, &answer, err, "{'GroupId':%s}", group))
        return false;
    const struct json *item =
        json_find(json_at(answer.json, "/CustomDomains/DomainItem"), "/DomainName", r->vendor_id);
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "API Gateway has no domain %s", r->title);
    now->settings =
        json_format(a,
                    "{'redirect':%p,'mutual_tls':%p,'verify_depth':%p,'ocsp':%p,'ocsp_cache':%p,'pass_dn':%p,"
                    "'https_policy':%s}",
                    json_boolean(json_bool(json_at(item, "/IsHttpRedirectToHttps"), false)),
                    json_boolean(is_mutual(item)),
                    arena_printf(a, "%lld", (long long)json_int(json_at(item, "/SslVerifyDepth"), 0)),
                    json_boolean(json_bool(json_at(item, "/SslOcspEnable"), false)),
                    json_boolean(json_bool(json_at(item, "/SslOcspCacheEnable"), false)),
                    json_boolean(json_bool(json_at(item, "/ClientCertSDnPassThrough"), false)),
                    json_get(answer.json, "/HttpsPolicy"));
    return read_held(job, r->region, group, r->vendor_id, now, err);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    struct material m;
    if (strstr(w->now->settings, "\"mutual_tls\":true"))
        return err_set(err, ERR_CONFLICT, "%s: %s", r->title, mutual_tls);
    return bind_material(job, w, w->change->add[0], &m, err) &&
           cloud_call_secret(job, &set_certificate, r->region, NULL, err,
                             "{'GroupId':%s,'DomainName':%s,'CertificateName':%s,'CertificateBody':%s,"
                             "'CertificatePrivateKey':%s}",
                             resource_extra(job->arena, r, "/group", ""), r->vendor_id,
                             arena_printf(job->arena, "certferry_%.16s", m.fingerprint), m.fullchain_pem,
                             secret_bytes(m.key));
}

const struct product aliyun_apigateway = {
    PRODUCT_CODE("aliyun", "apigateway"),
    .title = "Alibaba Cloud API Gateway",
    .read_calls = 2,
    .no_removal = ALIYUN_REPLACED,
    .lost_key = ALIYUN_KEY_STAYS,
    .consistency_ms = 10000,
    .settle_ms = 60000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_regions, &list_groups, &get_group, &get_domain, &set_certificate),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_pem_store,
    .upload = aliyun_pem_upload,
    .bind = bind_certificate,
};

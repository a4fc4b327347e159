/* Alibaba Cloud Function Compute: custom domains (3.0: 2023-03-30, 2.0: 2021-04-06).
 *
 * A domain takes the certificate as PEM, with its private key, which is never given out again: what stood there before
 * comes back only from our own store. An update may replace the whole domain, so that everything read goes back with it, byte
 * for byte. A domain may be known to both versions; 3.0 knows no services, so that a domain whose routes name one
 * is read and written by 2.0. The old version is reached under the account's own host, which is also where all domains of
 * a region are served.
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/json_slice.h"
#include <string.h>

#define FC3(name, verb, where)                                                                               \
    .service = "fc3", .operation = (name), .method = (verb), .version = "2023-03-30",                        \
    .path = "/2023-03-30/" where, .host = "fcv3.{region}.aliyuncs.com", .style = CALL_REST_JSON
#define FC2(name, verb, where)                                                                               \
    .service = "fc2", .operation = (name), .method = (verb), .version = "2021-04-06",                        \
    .path = "/2021-04-06/" where, .host = "{account}.{region}.fc.aliyuncs.com", .style = CALL_REST_JSON
#define FC_PAGES                                                                                             \
    .parameters = "limit nextToken", .page = {.items = "/customDomains",                                     \
                                              .next = "/nextToken",                                          \
                                              .position = "nextToken",                                       \
                                              .size = "limit",                                               \
                                              .size_value = 100,                                             \
                                              .style = PAGE_MARKER}
#define FC_CERTIFICATE "body.certConfig.certName body.certConfig.certificate body.certConfig.privateKey "
#define FC_NEIGHBOURS "body.protocol body.tlsConfig.* body.routeConfig.* body.wafConfig.*"

static const struct call list_regions = {FC3("DescribeRegions", "GET", "regions"),
                                         .page = {.items = "/Regions/Region"}};
static const struct call list_3 = {FC3("ListCustomDomains", "GET", "custom-domains"), FC_PAGES};
static const struct call list_2 = {FC2("ListCustomDomains", "GET", "custom-domains"), FC_PAGES};
static const struct call get_3 = {FC3("GetCustomDomain", "GET", "custom-domains/{domainName}")};
static const struct call get_2 = {FC2("GetCustomDomain", "GET", "custom-domains/{domainName}")};
static const struct call set_3 = {FC3("UpdateCustomDomain", "PUT", "custom-domains/{domainName}"),
                                  .parameters =
                                      FC_CERTIFICATE FC_NEIGHBOURS " body.authConfig.* body.corsConfig.*",
                                  .write = true};
static const struct call set_2 = {FC2("UpdateCustomDomain", "PUT", "custom-domains/{domainName}"),
                                  .parameters = FC_CERTIFICATE FC_NEIGHBOURS, .write = true};

/* What an update may hold beside the certificate; the last two are not of 2.0. */
static const char *const members[] = {"protocol",  "tlsConfig",  "routeConfig",
                                      "wafConfig", "authConfig", "corsConfig"};
enum { MEMBERS_OF_2 = 4 };

static bool is_https(const struct json *domain)
{
    return strstr(json_get(domain, "/protocol"), "HTTPS") != NULL;
}

static void binding_of(struct job *job, const struct json *domain, struct binding *b)
{
    const char *pem = json_get(domain, "/certConfig/certificate"),
               *name = json_get(domain, "/certConfig/certName");
    b->https = is_https(domain);
    if (b->https && (*pem || *name))
        binding_add_pem(job, b, "default", "", pem, name);
}

enum pass { OF_2, OF_3, OF_2_ALONE };

struct listing { /* one region, while both versions list it */
    struct arena *keep;
    const char *host;
    enum pass pass;
    bool undecided; /* 2.0 listed domains without services: theirs, unless 3.0 knows them */
    struct links seen;
};

static bool names_service(const struct json *domain)
{
    const struct json *routes = json_at(domain, "/routeConfig/routes");
    for (size_t i = 0; i < json_count(routes); i++)
        if (*json_str(json_at(json_item(routes, i), "/serviceName"), ""))
            return true;
    return false;
}

/* Whether this pass is the one that emits the domain. */
static bool is_ours(struct listing *l, const struct json *item, const char *domain)
{
    if (l->pass == OF_2 && !names_service(item)) {
        l->undecided = true;
        return false;
    }
    return links_add_first(l->keep, &l->seen, domain, "");
}

static bool emit_domains(struct job *job, const struct survey *to, struct listing *l, const struct call *call,
                         struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, call, to->region, "{}");
    for (const struct json *item; (item = pages_next(&p));) {
        const char *domain = json_get(item, "/domainName");
        struct binding b = {0};
        struct resource r = {.vendor_id = domain,
                             .host = l->host,
                             .reach = "public",
                             .extra = l->pass == OF_3 ? "{\"api\":3}" : "{\"api\":2}"};
        if (!is_ours(l, item, domain) || !resource_of_domain(job->arena, &r, domain))
            continue;
        binding_of(job, item, &b);
        if (!resource_emit(job, to, &r, &b, err))
            return false;
    }
    return pages_end(&p, err);
}

/* A region may have no 2.0 any more. */
static bool emit_old(struct job *job, const struct survey *to, struct listing *l, struct err *err)
{
    return emit_domains(job, to, l, &list_2, err) || strcmp(err->code, "InvalidVersion") == 0 ||
           strcmp(err->code, "InvalidAction.NotFound") == 0 || strcmp(err->code, "InvalidApi.NotFound") == 0;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *account;
    struct listing l = {.keep = job->arena};
    if (!aliyun_account(job, &account, err))
        return false;
    l.host = arena_printf(job->arena, "%s.%s.fc.aliyuncs.com", account, to->region);
    if (!emit_old(job, to, &l, err))
        return false;
    l.pass = OF_3;
    if (!emit_domains(job, to, &l, &list_3, err))
        return false;
    l.pass = OF_2_ALONE;
    return !l.undecided || emit_old(job, to, &l, err);
}

static bool is_old(struct arena *a, const struct resource *r)
{
    return strcmp(resource_extra(a, r, "/api", ""), "2") == 0;
}

/* What must not change: all of it but the names that a sign-in checks, which may be secret. */
static const char *settings_of(struct arena *a, const char *document)
{
    char *out;
    return json_cut(a, document, strlen(document), "/authConfig/authInfo", &out, NULL) ? out : "{}";
}

/* The answer is read where it is wiped, should it show the key. */
static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    struct answer answer;
    bool old = is_old(job->arena, r);
    if (!cloud_call(&hidden, old ? &get_2 : &get_3, r->region, &answer, err, "{'domainName':%s}",
                    r->vendor_id) ||
        !aliyun_members(job->arena, &answer, "", members, old ? MEMBERS_OF_2 : countof(members),
                        &now->document, err))
        return false;
    now->settings = settings_of(job->arena, now->document);
    binding_of(job, answer.json, now);
    return true;
}

/* The whole domain goes back, the certificate in the place of the old one. */
static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    const struct resource *r = w->resource;
    struct material m;
    char *body = arena_strdup(hidden.arena, w->now->document ? w->now->document : "{}");
    if (!bind_material(job, w, w->change->add[0], &m, err))
        return false;
    const char *certificate = json_format(hidden.arena, "{'certName':%s,'certificate':%s,'privateKey':%s}",
                                          m.name, m.fullchain_pem, secret_bytes(m.key));
    return json_splice(hidden.arena, body, strlen(body), "/certConfig", certificate, &body, err) &&
           cloud_call_secret(&hidden, is_old(job->arena, r) ? &set_2 : &set_3, r->region, NULL, err,
                             "{'domainName':%s,'body':%p}", r->vendor_id, body);
}

const struct product aliyun_fc = {
    PRODUCT_CODE("aliyun", "fc"),
    .title = "Alibaba Cloud Function Compute",
    .no_removal = ALIYUN_REPLACED,
    .lost_key = ALIYUN_KEY_STAYS,
    .consistency_ms = 10000,
    .settle_ms = 60000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_regions, &list_3, &list_2, &get_3, &get_2, &set_3, &set_2),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_pem_store,
    .upload = aliyun_pem_upload,
    .bind = bind_certificate,
};

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
#include "codec/name.h"
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

static const struct call list_regions = {FC3("DescribeRegions", "GET", "regions")};
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
    return strstr(json_str(json_at(domain, "/protocol"), ""), "HTTPS") != NULL;
}

static size_t bound_of(struct job *job, const struct json *domain, struct bound *b)
{
    const char *pem = json_str(json_at(domain, "/certConfig/certificate"), "");
    const char *name = json_str(json_at(domain, "/certConfig/certName"), "");
    return is_https(domain) && aliyun_pem_bound(job, pem, arena_strdup(job->arena, name), b);
}

enum pass { OF_2, OF_3, OF_2_ALONE };

struct listing { /* one region, while both versions list it */
    struct arena *keep;
    const char *region, *host;
    enum pass pass;
    bool undecided; /* 2.0 listed domains without services: theirs, unless 3.0 knows them */
    const char **seen;
    size_t seen_count, seen_capacity;
    resource_fn *each;
    void *context;
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
    for (size_t i = 0; i < l->seen_count; i++)
        if (strcmp(l->seen[i], domain) == 0)
            return false;
    *(const char **)arena_push(l->keep, (void **)&l->seen, &l->seen_count, &l->seen_capacity,
                               sizeof *l->seen) = arena_strdup(l->keep, domain);
    return true;
}

static bool emit_domain(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    struct listing *l = context;
    struct arena *a = job->arena;
    const char *domain = json_str(json_at(item, "/domainName"), "");
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    (void)node;
    if (!is_ours(l, item, domain) || !name_normalise(a, domain, false, &name.name, NULL))
        return true; /* the other version's, or nothing that a certificate could cover */
    struct resource r = {
        .product = "aliyun/fc",
        .region = l->region,
        .vendor_id = domain,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = is_https(item),
        .bound = &bound,
        .host = l->host,
        .port = 443,
        .reach = "public",
        .lock = arena_printf(a, "fc:%s:%s", l->region, domain),
        .alias_of = "",
        .managed_by = "",
        .unfit = "",
        .extra = l->pass == OF_3 ? "{\"api\":3}" : "{\"api\":2}",
    };
    r.bound_count = bound_of(job, item, &bound);
    return l->each(l->context, &r, err);
}

/* A region may have no 2.0 any more. */
static bool list_old(struct job *job, struct listing *l, struct err *err)
{
    struct err why = {0};
    if (cloud_each(job, &list_2, l->region, emit_domain, l, &why, "{}"))
        return true;
    if (strcmp(why.code, "InvalidVersion") == 0 || strcmp(why.code, "InvalidAction.NotFound") == 0 ||
        strcmp(why.code, "InvalidApi.NotFound") == 0)
        return true;
    if (err)
        *err = why;
    return false;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    const char *account;
    struct listing l = {.keep = job->arena, .region = region, .each = each, .context = context};
    if (!aliyun_account(job, &account, err))
        return false;
    l.host = arena_printf(job->arena, "%s.%s.fc.aliyuncs.com", account, region);
    if (!list_old(job, &l, err))
        return false;
    l.pass = OF_3;
    if (!cloud_each(job, &list_3, region, emit_domain, &l, err, "{}"))
        return false;
    l.pass = OF_2_ALONE;
    return !l.undecided || list_old(job, &l, err);
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    return aliyun_regions(job, &list_regions, "/Regions/Region", ret, ret_count, err);
}

static bool is_old(struct arena *a, const struct resource *r)
{
    return strcmp(aliyun_extra(a, r, "/api"), "2") == 0;
}

/* What must not change: all of it but the names that a sign-in checks, which may be secret. */
static const char *settings_of(struct arena *a, const char *document)
{
    char *out;
    return json_cut(a, document, strlen(document), "/authConfig/authInfo", &out, NULL) ? out : "{}";
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden =
        arena_new_secret(ARENA_JOB_BYTES); /* should it show the key */
    struct arena *a = job->arena;
    struct job inner = *job;
    struct answer answer;
    struct binding b = {.ready = true, .etag = "", .bound = arena_make(a, struct bound)};
    bool old = is_old(a, r);
    inner.arena = hidden;
    if (!cloud_call(&inner, old ? &get_2 : &get_3, r->region, &answer, err, "{'domainName':%s}",
                    r->vendor_id) ||
        !aliyun_members(a, &answer, "", members, old ? MEMBERS_OF_2 : countof(members), &b.document, err))
        return false;
    b.https = is_https(answer.json);
    b.bound_count = bound_of(job, answer.json, b.bound);
    b.settings = settings_of(a, b.document);
    *ret = b;
    return true;
}

/* The whole domain goes back, the certificate in the place of the old one. */
static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct job inner = *job;
    struct answer answer;
    struct material own;
    char *body = arena_strdup(hidden, now->document ? now->document : "{}");
    if (!aliyun_pem_material(job, r, change, &m, &own, err))
        return false;
    inner.arena = hidden;
    const char *certificate = json_format(hidden, "{'certName':%s,'certificate':%s,'privateKey':%s}", m->name,
                                          m->fullchain_pem, secret_bytes(m->key));
    return json_splice(hidden, body, strlen(body), "/certConfig", certificate, &body, err) &&
           cloud_call_secret(&inner, is_old(hidden, r) ? &set_2 : &set_3, r->region, &answer, err, "%p",
                             json_format(hidden, "{'domainName':%s,'body':%p}", r->vendor_id, body));
}

static const struct call *const calls[] = {&list_regions, &list_3, &list_2, &get_3,
                                           &get_2,        &set_3,  &set_2,  NULL};

const struct product aliyun_fc = {
    .cloud = "aliyun",
    .name = "fc",
    .code = "aliyun/fc",
    .title = "Alibaba Cloud Function Compute",
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

/* Alibaba Cloud ESA (2024-09-10).
 *
 * Certificates belong to a site and are chosen for each host by their names: a resource is a site, its entries are the slot
 * "sni". An entry is replaced in place by its Id, which costs no quota; a new one counts towards the plan's, and is refused
 * when that is used up. Free certificates of ESA's own renew themselves and cannot be replaced: hosts that they serve are
 * left alone. Some operations are asked with GET, and the method is signed.
 */
#include "cloud/aliyun/aliyun.h"

#include "cert/coverage.h"
#include "codec/name.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ESA(name)                                                                                            \
    ALIYUN_RPC("esa", "2024-09-10", name), .host = "esa.{site}.aliyuncs.com", .style = CALL_RPC_QUERY
#define ESA_PAGES(list)                                                                                      \
    .page = {.items = (list),                                                                                \
             .total = "/TotalCount",                                                                         \
             .position = "PageNumber",                                                                       \
             .size = "PageSize",                                                                             \
             .size_value = 100,                                                                              \
             .style = PAGE_NUMBER}
#define ESA_GET(name)                                                                                        \
    .service = "esa", .version = "2024-09-10", .operation = (name), .method = "GET", .path = "/",            \
    .host = "esa.{site}.aliyuncs.com", .style = CALL_RPC_QUERY

static const struct call list_sites = {ESA_GET("ListSites"), .parameters = "PageNumber PageSize",
                                       ESA_PAGES("/Sites")};
static const struct call list_records = {ESA_GET("ListRecords"),
                                         .parameters = "SiteId Proxied PageNumber PageSize",
                                         ESA_PAGES("/Records")};
static const struct call list_certificates = {ESA("ListCertificates"),
                                              .parameters = "SiteId PageNumber PageSize",
                                              ESA_PAGES("/Result")};
static const struct call get_quota = {ESA_GET("ListInstanceQuotasWithUsage"),
                                      .parameters = "SiteId QuotaNames"};

static const struct call set_certificate = {
    ALIYUN_RPC("esa", "2024-09-10", "SetCertificate"),
    .host = "esa.{site}.aliyuncs.com",
    .style = CALL_RPC_FORM,
    .parameters = "SiteId Type CasId Region Id Name Certificate PrivateKey",
    .write = true,
};

static const struct call delete_certificate = {ESA_GET("DeleteCertificate"), .parameters = "SiteId Id",
                                               .write = true};

/* ---- what a site holds ---- */

struct site {
    struct arena *arena;
    struct bound *bound; /* entries that can be replaced */
    const char **ids;    /* the Id of each */
    size_t count, capacity, id_count, id_capacity;
    const char **free_names; /* hosts of free certificates, and of those whose key ESA does not hold */
    size_t free_count;
    bool applying;
};

static const char *key_type_of(const char *algorithm)
{
    return strcasestr(algorithm, "rsa") ? "rsa" : strcasestr(algorithm, "ec") ? "ecdsa" : "";
}

static const char *text_of(struct arena *a, const struct json *item, const char *pointer)
{
    return arena_strdup(a, json_text(a, json_at(item, pointer), ""));
}

static struct bound entry_of(struct arena *a, const struct json *item)
{
    const char *cas = text_of(a, item, "/CasId"), *region = json_str(json_at(item, "/Region"), "cn-hangzhou");
    const char *serial = aliyun_hex(a, json_get(item, "/SerialNumber"));
    const char *digest = aliyun_hex(a, json_get(item, "/FingerprintSha256"));
    struct bound b = {.slot = "sni",
                      .name = text_of(a, item, "/Name"),
                      .fingerprint = strlen(digest) == 64 ? digest : "",
                      .serial = serial + strspn(serial, "0"),
                      .key_type = key_type_of(json_get(item, "/PubAlg")),
                      .issuer = text_of(a, item, "/Issuer")};
    b.ref = json_is(item, "/Type", "cas") && *cas
                ? arena_printf(a, "%s-%s", cas, region)
                : arena_printf(a, "pem:%s", *b.fingerprint ? b.fingerprint : text_of(a, item, "/Id"));
    aliyun_names(a, json_get(item, "/SAN"), &b.names, &b.name_count);
    if (!b.name_count)
        aliyun_names(a, json_get(item, "/CommonName"), &b.names, &b.name_count);
    if (!time_parse(json_get(item, "/NotAfter"), &b.not_after_ms, NULL))
        b.not_after_ms = 0;
    return b;
}

static bool take_entry(struct job *job, void *context, const struct json *item, const struct xml *node,
                       struct err *err)
{
    struct site *s = context;
    const char *type = json_get(item, "/Type");
    (void)job;
    (void)node;
    (void)err;
    if (strcmp(type, "cas") != 0 && strcmp(type, "upload") != 0) {
        aliyun_names(s->arena, json_get(item, "/SAN"), &s->free_names, &s->free_count);
        return true;
    }
    *(struct bound *)arena_push(s->arena, (void **)&s->bound, &s->count, &s->capacity, sizeof *s->bound) =
        entry_of(s->arena, item);
    *(const char **)arena_push(s->arena, (void **)&s->ids, &s->id_count, &s->id_capacity, sizeof *s->ids) =
        text_of(s->arena, item, "/Id");
    s->applying |= strcasecmp(json_get(item, "/Status"), "applying") == 0;
    return true;
}

static bool read_site(struct job *job, const char *id, struct arena *a, struct site *ret, struct err *err)
{
    *ret = (struct site){.arena = a};
    return cloud_each(job, &list_certificates, "", take_entry, ret, err, "{'SiteId':%s}", id);
}

/* How many certificates the plan has room for; -1 where it does not say. */
static bool read_room(struct job *job, const char *id, int64_t *ret_room, int64_t *ret_limit, struct err *err)
{
    struct answer answer;
    *ret_room = *ret_limit = -1;
    if (!cloud_call(job, &get_quota, "", &answer, err, "{'SiteId':%s,'QuotaNames':'customHttpCert'}", id))
        return false;
    const struct json *quota = json_at(answer.json, "/Quotas/0");
    int64_t limit = json_int(json_at(quota, "/QuotaValue"), -1),
            usage = json_int(json_at(quota, "/Usage"), -1);
    if (limit >= 0 && usage >= 0) {
        *ret_limit = limit;
        *ret_room = int64_max(limit - usage, 0);
    }
    return true;
}

/* ---- discover ---- */

struct hosts {
    struct arena *arena;
    struct resource *r;
    size_t capacity;
    const struct site *site;
};

static bool take_record(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    struct hosts *h = context;
    const char *name, *record = json_get(item, "/RecordName");
    (void)job;
    (void)node;
    (void)err;
    if (!json_bool(json_at(item, "/Proxied"), false) || !name_normalise(h->arena, record, true, &name, NULL))
        return true;
    bool served = coverage_any(h->site->free_names, h->site->free_count, name, NULL);
    for (size_t i = 0; i < h->site->count; i++)
        served = served && !coverage_any(h->site->bound[i].names, h->site->bound[i].name_count, name, NULL);
    if (served)
        return true;
    resource_add_name(h->arena, h->r, name, EVIDENCE_RULE);
    if (!*h->r->host)
        h->r->host = text_of(h->arena, item, "/RecordCname");
    if (!*h->r->host && *name != '*')
        h->r->host = name;
    return true;
}

struct emit {
    resource_fn *each;
    void *context;
};

static bool fill_site(struct job *job, struct resource *r, struct site *site, struct err *err)
{
    struct arena *a = job->arena;
    struct hosts hosts = {.arena = a, .r = r, .site = site};
    int64_t room, limit;
    if (!read_site(job, r->vendor_id, a, site, err) || !read_room(job, r->vendor_id, &room, &limit, err) ||
        !cloud_each(job, &list_records, "", take_record, &hosts, err, "{'SiteId':%s,'Proxied':true}",
                    r->vendor_id))
        return err_add(err, "%s", r->title);
    for (size_t i = 0; i < site->count; i++)
        for (size_t k = 0; k < site->bound[i].name_count; k++)
            resource_add_name(a, r, site->bound[i].names[k], EVIDENCE_CERTIFICATE);
    r->bound = site->bound;
    r->bound_count = site->count;
    if (room >= 0)
        r->extra = arena_printf(a, "{\"sni_room\":%lld,\"sni_max\":%lld}", (long long)room, (long long)limit);
    return true;
}

static bool emit_site(struct job *job, void *context, const struct json *item, const struct xml *node,
                      struct err *err)
{
    const struct emit *emit = context;
    struct arena *a = job->arena;
    const char *id = json_text(a, json_at(item, "/SiteId"), ""), *status = json_get(item, "/Status");
    bool active = strcmp(status, "active") == 0;
    struct site site = {.arena = a};
    (void)node;
    struct resource r = {
        .product = "aliyun/esa",
        .region = "",
        .vendor_id = id,
        .title = json_str(json_at(item, "/SiteName"), id),
        .https = true,
        .host = "",
        .port = 443,
        .reach = "public",
        .lock = arena_printf(a, "esa:%s", id),
        .alias_of = "",
        .managed_by = "",
        .unfit = active ? "" : arena_printf(a, "the site is %s", status),
        .extra = "{}",
    };
    if (active && !fill_site(job, &r, &site, err))
        return false;
    return emit->each(emit->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct emit emit = {each, context};
    return cloud_each(job, &list_sites, region, emit_site, &emit, err, "{}");
}

/* ---- read, bind ---- */

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct site site;
    if (!read_site(job, r->vendor_id, job->arena, &site, err))
        return err_add(err, "site %s", r->title);
    *ret = (struct binding){.https = true,
                            .ready = !site.applying,
                            .etag = "",
                            .bound = site.bound,
                            .bound_count = site.count,
                            .settings = "{}"};
    return true;
}

static bool check_room(struct job *job, const struct resource *r, struct err *err)
{
    int64_t room, limit;
    if (!read_room(job, r->vendor_id, &room, &limit, err))
        return err_add(err, "the quota of site %s", r->title);
    return room != 0 ||
           err_set(
               err, ERR_QUOTA,
               "the plan of site %s holds %lld certificates and all are used: delete one that has expired, "
               "replace one by a certificate that covers its names, or take a larger plan",
               r->title, (long long)limit);
}

/* A certificate that replaces nothing needs room: told before it is brought anywhere. */
static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "ESA takes no SM2 certificates");
    bool replaces = r->bound_count == 0;
    for (size_t i = 0; i < r->bound_count && !replaces; i++)
        replaces = strcmp(r->bound[i].fingerprint, m->fingerprint) == 0 ||
                   coverage_count(m->domains, m->domain_count, r->bound[i].names, r->bound[i].name_count) > 0;
    if (!replaces && !check_room(job, r, err))
        return false;
    *ret = aliyun_store(job, "");
    return true;
}

static bool put_own_key(struct job *job, const struct resource *r, const char *fingerprint, const char *id,
                        struct err *err)
{
    struct material m;
    struct answer answer;
    if (!session_material(job, fingerprint, &m, err))
        return err_add(err, "the previous certificate of %s", r->title);
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    const char *arguments =
        json_format(hidden,
                    "{'SiteId':%s,'Type':'upload','Id':%s,'Name':%s,'Certificate':%s,'PrivateKey':%s}",
                    r->vendor_id, id, m.name, m.fullchain_pem, secret_bytes(m.key));
    return cloud_call_secret(job, &set_certificate, "", &answer, err, "%p", arguments);
}

/* Puts a certificate into the entry, or into a new one where id is NULL. */
static bool put_entry(struct job *job, const struct resource *r, const char *ref, const char *id,
                      struct err *err)
{
    struct answer answer;
    struct err why = {0};
    const char *cas, *region;
    if (!id && !check_room(job, r, err))
        return false;
    if (strncmp(ref, "pem:", 4) == 0)
        return put_own_key(job, r, ref + 4, id, err);
    if (!aliyun_ref_parse(job->arena, ref, &cas, &region))
        return err_set(err, ERR_INPUT,
                       "%s cannot be put on ESA: it is no certificate of the certificate service", ref);
    if (cloud_call(job, &set_certificate, "", &answer, &why,
                   "{'SiteId':%s,'Type':'cas','CasId':%s,'Region':%s,'Id':%s}", r->vendor_id, cas, region,
                   id) ||
        strcmp(why.code, "Certificate.Duplicated") == 0) /* it came with an answer that was lost */
        return true;
    if (err)
        *err = why;
    return false;
}

static bool is_among(const char *const *refs, size_t count, const char *ref)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(refs[i], ref) == 0)
            return true;
    return false;
}

/* What is to come takes the place of what is to go; what is left over is added or deleted. */
static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct site site;
    struct answer answer;
    const char *missing = NULL, *victim = NULL;
    (void)m;
    for (size_t i = 0; i < change->add_count && !missing; i++)
        if (!binding_holds(now, "sni", change->add[i]))
            missing = change->add[i];
    if (!read_site(job, r->vendor_id, job->arena, &site, err))
        return false;
    for (size_t i = 0; i < site.count && !victim; i++)
        if (is_among(change->remove, change->remove_count, site.bound[i].ref))
            victim = site.ids[i];
    if (missing)
        return put_entry(job, r, missing, victim, err);
    return !victim || cloud_call(job, &delete_certificate, "", &answer, err, "{'SiteId':%s,'Id':%s}",
                                 r->vendor_id, victim);
}

const struct product aliyun_esa = {
    PRODUCT_CODE("aliyun", "esa"),
    .title = "Alibaba Cloud ESA",
    .global = true,
    .sni = true,
    .read_calls = 2,
    .own_prefix = "pem:",
    .lost_key = "it was uploaded to ESA directly, and its private key is not in certferry",
    .consistency_ms = 10000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 600000,
    .calls = CALLS(&list_sites, &list_records, &list_certificates, &get_quota, &set_certificate,
                   &delete_certificate),
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_upload,
    .bind = write_change,
};

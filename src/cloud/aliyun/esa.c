/* Alibaba Cloud ESA (2024-09-10).
 *
 * Certificates belong to a site and are chosen for each host by their names: a resource is a site, its entries are the slot
 * "sni". An entry is replaced in place by its Id, which costs no quota; a new one counts towards the plan's, and is refused
 * when that is used up. Free certificates of ESA's own renew themselves and cannot be replaced: hosts that they serve are
 * left alone. Some operations are asked with GET, and the method is signed. Custom hostnames are resources of their own, with
 * a single certificate each (esa_host.c).
 */
#include "cloud/aliyun/esa.h"

#include "cert/coverage.h"
#include "codec/name.h"
#include <string.h>
#include <strings.h>

static const struct call list_sites =
    ESA("GET", CALL_RPC_QUERY, "ListSites", NULL, ALIYUN_PAGES("/Sites", 100));
static const struct call list_records =
    ESA("GET", CALL_RPC_QUERY, "ListRecords", "SiteId Proxied", ALIYUN_PAGES("/Records", 100));
static const struct call list_certificates =
    ESA("POST", CALL_RPC_QUERY, "ListCertificates", "SiteId", ALIYUN_PAGES("/Result", 100));
static const struct call get_quota =
    ESA("GET", CALL_RPC_QUERY, "ListInstanceQuotasWithUsage", "SiteId QuotaNames");
static const struct call set_certificate =
    ESA("POST", CALL_RPC_FORM, "SetCertificate", "SiteId Type CasId Region Id Name Certificate PrivateKey",
        .write = true);
static const struct call delete_certificate =
    ESA("GET", CALL_RPC_QUERY, "DeleteCertificate", "SiteId Id", .write = true);

/* ---- what a site holds ---- */

struct site {
    struct binding binding;  /* entries that can be replaced */
    const char **free_names; /* hosts of free certificates, and of those whose key ESA does not hold */
    size_t free_count;
};

static bool is_replaceable(const struct json *item)
{
    return json_is(item, "/Type", "cas") || json_is(item, "/Type", "upload");
}

static const char *digest_of(struct arena *a, const struct json *item)
{
    const char *digest = aliyun_hex(a, json_get(item, "/FingerprintSha256"));
    return strlen(digest) == 64 ? digest : "";
}

static const char *ref_of(struct arena *a, const struct json *item)
{
    const char *cas = json_text(a, json_at(item, "/CasId"), ""), *digest = digest_of(a, item);
    if (json_is(item, "/Type", "cas") && *cas)
        return arena_printf(a, "%s-%s", cas, json_str(json_at(item, "/Region"), "cn-hangzhou"));
    return arena_printf(a, "pem:%s", *digest ? digest : json_text(a, json_at(item, "/Id"), ""));
}

static void add_entry(struct arena *a, struct binding *b, const struct json *item)
{
    const char *algorithm = json_get(item, "/PubAlg"),
               *serial = aliyun_hex(a, json_get(item, "/SerialNumber"));
    struct bound *held = binding_add(a, b, "sni", ref_of(a, item));
    held->name = arena_strdup(a, json_get(item, "/Name"));
    held->fingerprint = digest_of(a, item);
    held->serial = serial + strspn(serial, "0");
    held->key_type = strcasestr(algorithm, "rsa") ? "rsa" : strcasestr(algorithm, "ec") ? "ecdsa" : "";
    held->issuer = arena_strdup(a, json_get(item, "/Issuer"));
    aliyun_names(a, json_get(item, "/SAN"), &held->names, &held->name_count);
    if (!held->name_count)
        aliyun_names(a, json_get(item, "/CommonName"), &held->names, &held->name_count);
    if (!time_parse(json_get(item, "/NotAfter"), &held->not_after_ms, NULL))
        held->not_after_ms = 0;
    b->ready &= strcasecmp(json_get(item, "/Status"), "applying") != 0;
}

static bool read_site(struct job *job, const char *id, struct site *ret, struct err *err)
{
    struct arena *a = job->arena;
    *ret = (struct site){.binding = {.https = true, .ready = true, .etag = "", .settings = "{}"}};
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_certificates, "", "{'SiteId':%s}", id);
    for (const struct json *item; (item = pages_next(&p));)
        if (is_replaceable(item))
            add_entry(a, &ret->binding, item);
        else
            aliyun_names(a, json_get(item, "/SAN"), &ret->free_names, &ret->free_count);
    return pages_end(&p, err);
}

/* How many certificates the plan has room for; -1 where it does not say. */
static bool read_room(struct job *job, const char *id, long long *ret_room, long long *ret_limit,
                      struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_quota, "", &answer, err, "{'SiteId':%s,'QuotaNames':'customHttpCert'}", id))
        return err_add(err, "the quota of site %s", id);
    const struct json *quota = json_at(answer.json, "/Quotas/0");
    int64_t usage = json_int(json_at(quota, "/Usage"), -1);
    *ret_limit = json_int(json_at(quota, "/QuotaValue"), -1);
    *ret_room = *ret_limit < 0 || usage < 0 ? -1 : int64_max(*ret_limit - usage, 0);
    return true;
}

/* ---- discover ---- */

/* Whether ESA itself sees to the certificate of that name. */
static bool is_free(const struct site *s, const char *name)
{
    bool free = coverage_any(s->free_names, s->free_count, name, NULL);
    for (size_t i = 0; i < s->binding.bound_count; i++)
        free = free && !coverage_any(s->binding.bound[i].names, s->binding.bound[i].name_count, name, NULL);
    return free;
}

static bool add_hosts(struct job *job, struct resource *r, const struct site *s, struct err *err)
{
    struct arena *a = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_records, "", "{'SiteId':%s,'Proxied':true}", r->vendor_id);
    for (const struct json *item; (item = pages_next(&p));) {
        const char *name, *entry = json_get(item, "/RecordCname");
        if (!json_bool(json_at(item, "/Proxied"), false) ||
            !name_normalise(a, json_get(item, "/RecordName"), true, &name, NULL) || is_free(s, name))
            continue;
        resource_add_name(a, r, name, EVIDENCE_RULE);
        if (!r->host && (*entry || *name != '*'))
            r->host = arena_strdup(a, *entry ? entry : name);
    }
    return pages_end(&p, err);
}

static bool fill_site(struct job *job, struct resource *r, struct site *s, struct err *err)
{
    long long room, limit;
    if (!read_site(job, r->vendor_id, s, err) || !read_room(job, r->vendor_id, &room, &limit, err) ||
        !add_hosts(job, r, s, err))
        return err_add(err, "%s", r->title);
    resource_add_held(job->arena, r, &s->binding, NULL);
    if (room >= 0)
        r->extra = json_format(job->arena, "{'sni_room':%lld,'sni_max':%lld}", room, limit);
    return true;
}

static bool emit_site(struct job *job, const struct survey *to, const struct json *item, struct err *err)
{
    const char *id = json_text(job->arena, json_at(item, "/SiteId"), ""), *status = json_get(item, "/Status");
    bool active = strcmp(status, "active") == 0;
    struct site s = {.binding.https = true};
    struct resource r = {.vendor_id = id,
                         .title = json_str(json_at(item, "/SiteName"), id),
                         .reach = "public",
                         .unfit = active ? "" : arena_printf(job->arena, "the site is %s", status)};
    return (!active || fill_site(job, &r, &s, err)) && resource_emit(job, to, &r, &s.binding, err) &&
           (!active || esa_discover_hosts(job, to, id, err));
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_sites, "", "{}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_site(job, to, item, err))
            return false;
    return pages_end(&p, err);
}

/* ---- read, bind ---- */

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct site s;
    if (esa_is_host(r))
        return esa_read_host(job, r, now, err);
    if (!read_site(job, r->vendor_id, &s, err))
        return err_add(err, "site %s", r->title);
    *now = s.binding;
    return true;
}

static bool check_room(struct job *job, const struct resource *r, struct err *err)
{
    long long room, limit;
    if (!read_room(job, r->vendor_id, &room, &limit, err))
        return false;
    return room != 0 ||
           err_set(
               err, ERR_QUOTA,
               "the plan of site %s holds %lld certificates and all are used: delete one that has expired, "
               "replace one by a certificate that covers its names, or take a larger plan",
               r->title, limit);
}

/* A certificate that replaces nothing needs room: told before it is brought anywhere. */
static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    bool replaces = esa_is_host(r) || r->bound_count == 0;
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
    if (!session_material(job, fingerprint, &m, err))
        return err_add(err, "the previous certificate of %s", r->title);
    return cloud_call_secret(
        job, &set_certificate, "", NULL, err,
        "{'SiteId':%s,'Type':'upload','Id':%s,'Name':%s,'Certificate':%s,'PrivateKey':%s}", r->vendor_id, id,
        m.name, m.fullchain_pem, secret_bytes(m.key));
}

/* Puts a certificate into the entry, or into a new one where id is NULL. */
static bool put_entry(struct job *job, const struct resource *r, const char *ref, const char *id,
                      struct err *err)
{
    const char *cas, *region;
    if (!id && !check_room(job, r, err))
        return false;
    if (strncmp(ref, "pem:", 4) == 0)
        return put_own_key(job, r, ref + 4, id, err);
    if (!aliyun_ref_parse(job->arena, ref, &cas, &region))
        return err_set(err, ERR_INPUT,
                       "%s cannot be put on ESA: it is no certificate of the certificate service", ref);
    return cloud_call(job, &set_certificate, "", NULL, err,
                      "{'SiteId':%s,'Type':'cas','CasId':%s,'Region':%s,'Id':%s}", r->vendor_id, cas, region,
                      id) ||
           strcmp(err->code, "Certificate.Duplicated") == 0; /* it came with an answer that was lost */
}

/* The Id of an entry that is to go; NULL where none is there any more. */
static bool find_victim(struct job *job, const char *site, const struct change *change, const char **ret,
                        struct err *err)
{
    struct arena *a = job->arena;
    *ret = NULL;
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_certificates, "", "{'SiteId':%s}", site);
    for (const struct json *item; (item = pages_next(&p)) && !*ret;)
        for (size_t i = 0; i < change->remove_count && is_replaceable(item); i++)
            if (strcmp(change->remove[i], ref_of(job->arena, item)) == 0)
                *ret = arena_strdup(a, json_text(job->arena, json_at(item, "/Id"), ""));
    return pages_end(&p, err);
}

/* What is to come takes the place of what is to go; what is left over is added or deleted. */
static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct change *change = w->change;
    const char *missing = NULL, *victim;
    if (esa_is_host(r))
        return esa_bind_host(job, w, err);
    for (size_t i = 0; i < change->add_count && !missing; i++)
        if (!binding_holds(w->now, "sni", change->add[i]))
            missing = change->add[i];
    if (!find_victim(job, r->vendor_id, change, &victim, err))
        return false;
    if (missing)
        return put_entry(job, r, missing, victim, err);
    return !victim ||
           cloud_call(job, &delete_certificate, "", NULL, err, "{'SiteId':%s,'Id':%s}", r->vendor_id, victim);
}

const struct product aliyun_esa = {
    PRODUCT_CODE("aliyun", "esa"),
    .title = "Alibaba Cloud ESA",
    .global = true,
    .sni = true,
    .read_calls = 2,
    .no_removal = "ESA can replace the certificate of a custom hostname, not remove it",
    .own_prefix = "pem:",
    .lost_key = "it was uploaded to ESA directly, and its private key is not in certferry",
    .consistency_ms = 10000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 600000,
    .calls = CALLS(&list_sites, &list_records, &list_certificates, &get_quota, &set_certificate,
                   &delete_certificate, &esa_list_hosts, &esa_get_host, &esa_set_host, &esa_set_host_key),
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

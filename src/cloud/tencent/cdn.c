/* Tencent Cloud CDN and ECDN (2018-06-06), which share one API and one list.
 *
 * One path of the domain's configuration is replaced, so that HTTP/2, HSTS, OCSP and mutual TLS beside it stay. What
 * was uploaded to CDN as text has no id: it is named by its digest, and put back from our own store by sending the
 * whole Https object as it was read, because that call resets what is left out. A domain with a certificate of its own
 * for one area is left alone: the path for areas is not documented.
 */
#include "cloud/tencent/tencent.h"

#include "codec/text.h"
#include <string.h>

#define CDN(name, takes, ...)                                                                                \
    {                                                                                                        \
        TENCENT("cdn", "2018-06-06", name), .parameters = (takes), .per_second = 20, __VA_ARGS__             \
    }

static const struct call list_domains =
    CDN("DescribeDomainsConfig", "Filters[].Name Filters[].Value[]",
        PAGES_BY_OFFSET("/Domains", "/TotalNumber", "Offset", "Limit", 100));
static const struct call set_one = CDN("ModifyDomainConfig", "Domain Route Value", .write = true);
static const struct call set_https = CDN("UpdateDomainConfig", "Domain Https.*", .write = true);

/* The certificate's text as PEM, which it is or stands for in base64. */
static const char *pem_of(struct arena *a, const char *text)
{
    unsigned char *pem;
    size_t size;
    bool encoded = !strstr(text, "-----BEGIN") && base64_decode(a, text, strlen(text), &pem, &size, NULL);
    return encoded ? arena_copy(a, pem, size) : text;
}

static bool binding_of(struct job *job, const struct json *domain, struct binding *b, struct err *err)
{
    struct arena *a = job->arena;
    const struct json *info = json_at(domain, "/Https/CertInfo");
    const char *id = json_get(info, "/CertId"), *name = json_get(info, "/CertName");
    b->https = json_is(domain, "/Https/Switch", "on");
    if (!b->https || !json_is_object(info))
        return true;
    if (!*id) {
        binding_add_pem(job, b, "default", "pem:", pem_of(a, json_get(info, "/Certificate")), name);
        return true;
    }
    binding_add(a, b, "default", id)->name = name;
    return binding_look_up(job, "", b, err);
}

/* Why nothing can be deployed here; "" if it can. */
static const char *unfit(struct arena *a, const struct json *domain)
{
    static const char *const areas[] = {"Mainland", "Overseas"};
    const char *status = json_get(domain, "/Status");
    const char *disable = json_str(json_at(domain, "/Disable"), "normal");
    const char *locked = json_str(json_at(domain, "/Readonly"), "normal");
    if (strcmp(status, "online") != 0 && strcmp(status, "processing") != 0)
        return arena_printf(a, "the domain is %s", status);
    if (*disable && strcmp(disable, "normal") != 0)
        return arena_printf(a, "the domain is disabled: %s", disable);
    if (*locked && strcmp(locked, "normal") != 0)
        return arena_printf(a, "the domain is locked: %s", locked);
    for (size_t i = 0; i < countof(areas); i++)
        if (json_is(domain, arena_printf(a, "/SpecificConfig/%s/Https/Switch", areas[i]), "on"))
            return arena_printf(a, "the domain has a certificate of its own for the area %s", areas[i]);
    return "";
}

static bool emit_domain(struct job *job, const struct survey *to, const struct json *item, struct err *err)
{
    struct binding b = {0};
    struct resource r = {.vendor_id = json_get(item, "/Domain"),
                         .host = json_get(item, "/Cname"),
                         .reach = "public",
                         .unfit = unfit(job->arena, item)};
    if (!resource_of_domain(job->arena, &r, r.vendor_id))
        return true;
    return (binding_of(job, item, &b, err) || err_add(err, "%s", r.title)) &&
           resource_emit(job, to, &r, &b, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_domains, to->region, "{}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_domain(job, to, item, err))
            return false;
    return pages_end(&p, err) ||
           strcmp(err->code, "ResourceNotFound.CdnUserNotExists") == 0; /* it never opened CDN: no domains */
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_domains, "", &answer, err, "{'Filters':[{'Name':'domain','Value':[%s]}]}",
                    r->vendor_id))
        return false;
    const struct json *item = json_find(json_at(answer.json, "/Domains"), "/Domain", r->vendor_id);
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "CDN has no domain %s", r->title);
    now->ready = !json_is(item, "/Status", "processing") && !json_is(item, "/Https/SslStatus", "deploying");
    if (json_is(item, "/Https/SslStatus", "failed"))
        now->failed = "the certificate could not be rolled out";
    now->settings = json_without(job->arena, json_at(item, "/Https"), "CertInfo SslStatus");
    return binding_of(job, item, now, err);
}

/* Puts back what CDN alone held: certificate and key come from our own store, all else is sent as it was read. */
static bool bind_own_key(struct job *job, const struct bind *w, const char *fingerprint, struct err *err)
{
    const struct resource *r = w->resource;
    const char *settings = w->now->settings;
    size_t size = strlen(settings);
    struct material m;
    if (!bind_material(job, w, fingerprint, &m, err))
        return false;
    const char *open = arena_printf(job->arena, "%.*s%s", (int)size - 1, settings, size > 2 ? "," : "");
    return cloud_call_secret(
        job, &set_https, "", NULL, err,
        "{'Domain':%s,'Https':%p'CertInfo':{'Certificate':%s,'PrivateKey':%s,'Message':%s}}}", r->vendor_id,
        open, m.fullchain_pem, secret_bytes(m.key), m.name);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const char *ref = w->change->add[0];
    if (strncmp(ref, "pem:", 4) == 0)
        return bind_own_key(job, w, ref + 4, err);
    return cloud_call(job, &set_one, "", NULL, err,
                      "{'Domain':%s,'Route':'Https.CertInfo.CertId','Value':%s}", w->resource->vendor_id,
                      json_format(job->arena, "{'update':%s}", ref));
}

const struct product tencent_cdn = {
    PRODUCT_CODE("tencent", "cdn"),
    .title = "Tencent Cloud CDN",
    .global = true,
    .vendor_store = "ssl",
    .no_removal = "certferry does not switch HTTPS off on Tencent Cloud's CDN",
    .own_prefix = "pem:",
    .lost_key = "it was uploaded to CDN directly, and its private key is not in certferry",
    .consistency_ms = 30000,
    .settle_ms = 1200000,
    .poll_ms = 5000,
    .propagation_ms = 600000,
    .calls = CALLS(&list_domains, &set_one, &set_https),
    .discover = discover,
    .read = read_binding,
    .upload = tencent_upload,
    .bind = bind_certificate,
};

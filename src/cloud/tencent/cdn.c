/* Tencent Cloud CDN and ECDN (2018-06-06), which share one API and one list.
 *
 * One path of the domain's configuration is replaced, so that HTTP/2, HSTS, OCSP and mutual TLS beside it stay. What
 * was uploaded to CDN as text has no id: it is named by its digest, and put back from our own store by sending the
 * whole Https object as it was read, because that call resets what is left out. A domain with a certificate of its own
 * for one area is left alone: the path for areas is not documented.
 */
#include "cloud/tencent/tencent.h"

#include "codec/name.h"
#include "codec/text.h"
#include <string.h>

static const struct call list_domains = {TENCENT("cdn", "2018-06-06", "DescribeDomainsConfig"),
                                         .parameters = "Offset Limit Filters[].Name Filters[].Value[]",
                                         .per_second = 20,
                                         .page = {.items = "/Domains",
                                                  .total = "/TotalNumber",
                                                  .position = "Offset",
                                                  .size = "Limit",
                                                  .size_value = 100,
                                                  .style = PAGE_OFFSET}};

static const struct call set_one = {TENCENT("cdn", "2018-06-06", "ModifyDomainConfig"),
                                    .parameters = "Domain Route Value", .write = true, .per_second = 20};

static const struct call set_https = {TENCENT("cdn", "2018-06-06", "UpdateDomainConfig"),
                                      .parameters = "Domain Https.*", .write = true, .per_second = 20};

static bool is(const struct json *v, const char *pointer, const char *text)
{
    return strcmp(json_str(json_at(v, pointer), ""), text) == 0;
}

/* The certificate's text: PEM, or base64 of it. */
static bool bound_of_text(struct job *job, const char *text, struct bound *b)
{
    struct arena *a = job->arena;
    unsigned char *pem;
    size_t size;
    return session_bound_of_pem(job, text, b) || (base64_decode(a, text, strlen(text), &pem, &size, NULL) &&
                                                  session_bound_of_pem(job, arena_copy(a, pem, size), b));
}

static bool bound_of(struct job *job, const struct json *domain, struct bound *b, size_t *ret_count,
                     struct err *err)
{
    struct arena *a = job->arena;
    const struct json *info = json_at(domain, "/Https/CertInfo");
    const char *id = json_str(json_at(info, "/CertId"), "");
    *ret_count = 0;
    if (!is(domain, "/Https/Switch", "on") || !json_is_object(info))
        return true;
    *ret_count = 1;
    *b = (struct bound){.slot = "default", .ref = id, .name = json_str(json_at(info, "/CertName"), "")};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    if (*id)
        return session_facts(job, "", b, err);
    bool known = bound_of_text(job, json_str(json_at(info, "/Certificate"), ""), b);
    b->ref = arena_printf(a, "pem:%s", known ? b->fingerprint : b->name);
    return true;
}

/* Why nothing can be deployed here; "" if it can. */
static const char *unfit(struct arena *a, const struct json *domain)
{
    static const char *const areas[] = {"Mainland", "Overseas"};
    const char *status = json_str(json_at(domain, "/Status"), "");
    const char *disable = json_str(json_at(domain, "/Disable"), "normal");
    const char *locked = json_str(json_at(domain, "/Readonly"), "normal");
    if (strcmp(status, "online") != 0 && strcmp(status, "processing") != 0)
        return arena_printf(a, "the domain is %s", status);
    if (*disable && strcmp(disable, "normal") != 0)
        return arena_printf(a, "the domain is disabled: %s", disable);
    if (*locked && strcmp(locked, "normal") != 0)
        return arena_printf(a, "the domain is locked: %s", locked);
    for (size_t i = 0; i < countof(areas); i++)
        if (is(domain, arena_printf(a, "/SpecificConfig/%s/Https/Switch", areas[i]), "on"))
            return arena_printf(a, "the domain has a certificate of its own for the area %s", areas[i]);
    return "";
}

struct emit {
    resource_fn *each;
    void *context;
};

static bool emit_domain(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    const struct emit *emit = context;
    struct arena *a = job->arena;
    const char *domain = json_str(json_at(item, "/Domain"), "");
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    (void)node;
    if (!name_normalise(a, domain, false, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = "tencent/cdn",
        .region = "",
        .vendor_id = domain,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = is(item, "/Https/Switch", "on"),
        .bound = &bound,
        .host = json_str(json_at(item, "/Cname"), ""),
        .port = 443,
        .reach = "public",
        .lock = arena_printf(a, "cdn:%s", domain),
        .alias_of = "",
        .managed_by = "",
        .unfit = unfit(a, item),
        .extra = "{}",
    };
    if (!bound_of(job, item, &bound, &r.bound_count, err))
        return err_add(err, "%s", name.name);
    return emit->each(emit->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct emit emit = {each, context};
    struct err why;
    if (cloud_each(job, &list_domains, region, emit_domain, &emit, &why, "{}"))
        return true;
    if (strcmp(why.code, "ResourceNotFound.CdnUserNotExists") == 0)
        return true; /* the account never opened CDN: it has no domains */
    if (err)
        *err = why;
    return false;
}

/* The Https object without its certificate: what a change must leave as it is. */
static const char *settings_of(struct arena *a, const struct json *https)
{
    struct buf out = buf_new(a, 256 << 10);
    struct json_writer w = json_writer_to(&out);
    const struct json *value;
    const char *name;
    json_open_object(&w);
    for (size_t i = 0; json_member(https, i, &name, &value); i++)
        if (strcmp(name, "CertInfo") != 0 && strcmp(name, "SslStatus") != 0 && !json_is_null(value))
            json_member_raw(&w, name, json_dump(a, value));
    json_close_object(&w);
    return out.full ? "{}" : out.data;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_domains, "", &answer, err, "{'Filters':[{'Name':'domain','Value':[%s]}]}",
                    r->vendor_id))
        return false;
    const struct json *list = json_at(answer.json, "/Domains"), *item = NULL;
    for (size_t i = 0; i < json_count(list) && !item; i++)
        if (is(json_item(list, i), "/Domain", r->vendor_id))
            item = json_item(list, i);
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "CDN has no domain %s", r->title);
    struct binding b = {
        .https = is(item, "/Https/Switch", "on"),
        .ready = !is(item, "/Status", "processing") && !is(item, "/Https/SslStatus", "deploying"),
        .failed = is(item, "/Https/SslStatus", "failed") ? "the certificate could not be rolled out" : NULL,
        .etag = "",
        .bound = arena_make(job->arena, struct bound),
        .settings = settings_of(job->arena, json_at(item, "/Https")),
    };
    if (!bound_of(job, item, b.bound, &b.bound_count, err))
        return false;
    *ret = b;
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)job;
    (void)r;
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "Tencent Cloud's CDN takes no SM2 certificates");
    *ret = "ssl";
    return true;
}

/* Puts back what CDN alone held: certificate and key come from our own store, all else is sent as it was read. */
static bool bind_own_key(struct job *job, const struct resource *r, const struct binding *now,
                         const char *fingerprint, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    const char *settings = now->settings;
    size_t size = strlen(settings);
    struct material m;
    struct answer answer;
    if (!session_material(job, fingerprint, &m, err))
        return err_add(err, "the previous certificate of %s", r->title);
    const char *info = json_format(hidden, "{'Certificate':%s,'PrivateKey':%s,'Message':%s}", m.fullchain_pem,
                                   secret_bytes(m.key), m.name);
    const char *arguments = json_format(hidden, "{'Domain':%s,'Https':%p}", r->vendor_id,
                                        arena_printf(hidden, "%.*s%s\"CertInfo\":%s}", (int)size - 1,
                                                     settings, size > 2 ? "," : "", info));
    return cloud_call_secret(job, &set_https, "", &answer, err, "%p", arguments);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    (void)m;
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "certferry does not switch HTTPS off on Tencent Cloud's CDN");
    if (strncmp(change->add[0], "pem:", 4) == 0)
        return bind_own_key(job, r, now, change->add[0] + 4, err);
    return cloud_call(job, &set_one, "", &answer, err,
                      "{'Domain':%s,'Route':'Https.CertInfo.CertId','Value':%s}", r->vendor_id,
                      json_format(job->arena, "{'update':%s}", change->add[0]));
}

static bool old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                    struct err *err)
{
    struct material m;
    struct err why;
    (void)r;
    *ret = NULL;
    if (strncmp(old->ref, "pem:", 4) != 0 || session_material(job, old->ref + 4, &m, &why))
        return true;
    if (why.kind != ERR_NOT_FOUND) {
        if (err)
            *err = why;
        return false;
    }
    *ret = "it was uploaded to CDN directly, and its private key is not in certferry";
    return true;
}

static const struct call *const calls[] = {&list_domains, &set_one, &set_https, NULL};

const struct product tencent_cdn = {
    .cloud = "tencent",
    .name = "cdn",
    .code = "tencent/cdn",
    .title = "Tencent Cloud CDN",
    .global = true,
    .consistency_ms = 30000,
    .settle_ms = 1200000,
    .poll_ms = 5000,
    .propagation_ms = 600000,
    .calls = calls,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = tencent_upload,
    .bind = write_change,
    .old_key = old_key,
};

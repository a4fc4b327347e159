/* Huawei Cloud CDN.
 *
 * A domain's configuration is made of blocks; of the block "https" we send back every member as it was read, because
 * nobody promises that one left out survives. The call that changes many domains at once resets HTTP/2 and redirects and
 * is not used. A certificate is bound by its SCM id; where CDN has not been allowed to read SCM (CDN.00010198), or SCM
 * does not take it, it is sent as text under the name "certferry-<SCM id>", by which it is told again. What was uploaded to
 * CDN directly is named by its digest, and comes back from our own store or not at all. An SM2 pair stands beside the
 * international certificate, in the slot "sm"; every change sends both. A change rolls out while the
 * domain is "configuring". Sub-users have to name the enterprise project in every call.
 */
#include "cloud/huawei/huawei.h"
#include "cloud/huawei/scm.h"

#include "base/buf.h"
#include "codec/json_slice.h"
#include "codec/name.h"
#include "crypto/digest.h"
#include "crypto/pem.h"
#include <string.h>

#define CDN(name, verb, where)                                                                               \
    .service = "cdn", .version = "", .operation = (name), .method = (verb), .host = "cdn.myhuaweicloud.com", \
    .path = (where), .style = CALL_REST_JSON

static const struct call list_domains = {CDN("ListDomains", "GET", "/v1.0/cdn/domains"),
                                         .parameters = "page_size page_number enterprise_project_id",
                                         .per_second = 5,
                                         .page = {.items = "/domains",
                                                  .total = "/total",
                                                  .position = "page_number",
                                                  .size = "page_size",
                                                  .size_value = 200,
                                                  .style = PAGE_NUMBER}};
static const struct call show_domain = {CDN("ShowDomainDetailByName", "GET",
                                            "/v1.0/cdn/configuration/domains/{domain_name}"),
                                        .parameters = "enterprise_project_id", .per_second = 5};
static const struct call get_config = {CDN("ShowDomainFullConfig", "GET",
                                           "/v1.1/cdn/configuration/domains/{domain_name}/configs"),
                                       .parameters = "enterprise_project_id", .per_second = 5};
static const struct call set_config = {CDN("UpdateDomainFullConfig", "PUT",
                                           "/v1.1/cdn/configuration/domains/{domain_name}/configs"),
                                       .parameters = "enterprise_project_id body.configs.https.*",
                                       .write = true, .per_second = 3};

static const char as_text[] = "certferry-"; /* before an SCM id: the same certificate, sent as text */

/* ---- what a domain holds ---- */

/* An SM2 pair is told by both its certificates together, as everywhere in certferry. */
static const char *pair_digest(struct arena *a, const char *signing_pem, const char *encryption_pem)
{
    const char *texts[] = {signing_pem, encryption_pem};
    struct buf both = buf_new(a, 128 << 10);
    for (size_t i = 0; i < countof(texts); i++) {
        struct pem_block block;
        unsigned char *der;
        size_t offset = 0, size;
        if (!pem_next(texts[i], strlen(texts[i]), &offset, &block, NULL) || !pem_is_certificate(&block) ||
            !pem_decode(a, &block, &der, &size, NULL))
            return NULL;
        buf_add(&both, (const char *)der, size);
    }
    return sha256_hex(a, both.data, both.size);
}

/* A domain may hold one certificate of each type, the SM one beside the international one or alone. */
static const struct {
    const char *slot, *type;
} kinds[] = {{"default", "server"}, {"sm", "server_sm"}};

/* The certificate of that type: an entry of the block's list, else the block's own members; NULL if there is none. */
static const struct json *entry_of(const struct json *https, const char *type)
{
    const struct json *list = json_at(https, "/certificates");
    for (size_t i = 0; i < json_count(list); i++)
        if (json_is(json_item(list, i), "/certificate_type", type))
            return json_item(list, i);
    bool own = strcmp(json_str(json_at(https, "/certificate_type"), "server"), type) == 0;
    return own && !json_count(list) && json_is(https, "/https_status", "on") ? https : NULL;
}

static void bound_of_entry(struct job *job, const struct json *v, const char *slot, struct bound *b)
{
    struct arena *a = job->arena;
    const char *name = json_get(v, "/certificate_name"), *enc = json_get(v, "/enc_certificate_value");
    *b = (struct bound){.slot = slot, .ref = json_get(v, "/scm_certificate_id"), .name = name};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    const char *pem = json_get(v, "/certificate_value");
    bool known = session_bound_of_pem(job, pem, b);
    const char *pair = known && *enc ? pair_digest(a, pem, enc) : NULL;
    b->fingerprint = pair ? pair : b->fingerprint;
    if (json_int(json_at(v, "/certificate_source"), 0) == 2 && *b->ref)
        return;
    bool ours = strncmp(name, as_text, strlen(as_text)) == 0 && huawei_is_scm_id(name + strlen(as_text));
    b->ref = ours ? name + strlen(as_text) : known ? b->fingerprint : arena_printf(a, "name:%s", name);
}

/* How many of the two it holds now. */
static size_t bound_of(struct job *job, const struct json *https, struct bound ret[static countof(kinds)])
{
    size_t count = 0;
    for (size_t i = 0; i < countof(kinds); i++) {
        const struct json *entry = entry_of(https, kinds[i].type);
        if (entry && json_is(https, "/https_status", "on"))
            bound_of_entry(job, entry, kinds[i].slot, &ret[count++]);
    }
    return count;
}

/* The block without its certificates: what a change must leave as it is, byte for byte. */
static bool neighbours_of(struct arena *a, const char *document, char **ret, struct err *err)
{
    static const char *const of_certificates[] = {"/certificate_type",      "/certificate_source",
                                                  "/scm_certificate_id",    "/certificate_name",
                                                  "/certificate_value",     "/private_key",
                                                  "/enc_certificate_value", "/enc_private_key",
                                                  "/certificates",          "/expire_time"};
    char *out = arena_strdup(a, document);
    for (size_t i = 0; i < countof(of_certificates); i++)
        if (!json_cut(a, out, strlen(out), of_certificates[i], &out, err))
            return err_add(err, "the HTTPS settings");
    *ret = out;
    return true;
}

static const char *project_of(struct job *job, const struct resource *r)
{
    const struct json *extra;
    if (!json_parse(job->arena, r->extra, strlen(r->extra), &extra, NULL))
        return "0";
    return json_str(json_at(extra, "/project"), "0");
}

static bool read_config(struct job *job, const char *domain, const char *project, struct answer *ret,
                        struct err *err)
{
    return cloud_call(job, &get_config, "", ret, err, "{'domain_name':%s,'enterprise_project_id':%s}", domain,
                      project);
}

/* ---- discovery ---- */

static const char *unfit(struct arena *a, const struct json *domain)
{
    const char *status = json_get(domain, "/domain_status");
    if (strcmp(status, "online") != 0 && strcmp(status, "configuring") != 0)
        return arena_printf(a, "the domain is %s", status);
    if (json_int(json_at(domain, "/disabled"), 0))
        return arena_printf(a, "the domain is disabled: %s", json_get(domain, "/banned_reason"));
    if (json_int(json_at(domain, "/locked"), 0))
        return arena_printf(a, "the domain is locked: %s", json_get(domain, "/locked_reason"));
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
    const char *domain = json_get(item, "/domain_name"),
               *project = json_str(json_at(item, "/enterprise_project_id"), "0");
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound[countof(kinds)];
    struct answer config = {0};
    (void)node;
    if (!name_normalise(a, *domain == '.' ? arena_printf(a, "*%s", domain) : domain, false, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = "huawei/cdn",
        .region = "",
        .vendor_id = domain,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = json_int(json_at(item, "/https_status"), 0) != 0,
        .bound = bound,
        .host = json_get(item, "/cname"),
        .port = 443,
        .reach = "public",
        .lock = arena_printf(a, "cdn:%s", domain),
        .alias_of = "",
        .managed_by = "",
        .unfit = unfit(a, item),
        .sm_told = true,
        .extra = json_format(a, "{'project':%s}", project),
    };
    if (r.https && !read_config(job, domain, project, &config, err))
        return err_add(err, "%s", name.name);
    r.bound_count = bound_of(job, json_at(config.json, "/configs/https"), bound);
    return emit->each(emit->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct emit emit = {each, context};
    return cloud_each(job, &list_domains, region, emit_domain, &emit, err, "{'enterprise_project_id':'all'}");
}

/* ---- reading ---- */

static const char *settings_of(struct arena *a, const struct json *configs, const char *neighbours)
{
    static const char *const blocks[] = {"business_type", "service_area",      "force_redirect",
                                         "hsts",          "client_cert",       "quic",
                                         "sni",           "https_tls_version", "origin_protocol"};
    struct buf out = buf_new(a, 1 << 20);
    struct json_writer w = json_writer_to(&out);
    json_open_object(&w);
    json_member_raw(&w, "https", neighbours);
    for (size_t i = 0; i < countof(blocks); i++) {
        const struct json *block = json_at(configs, arena_printf(a, "/%s", blocks[i]));
        if (!json_is_null(block))
            json_member_raw(&w, blocks[i], json_dump(a, block));
    }
    json_close_object(&w);
    return out.full ? "{}" : out.data;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct arena *a = job->arena;
    struct answer domain, config;
    const char *project = project_of(job, r);
    char *document, *neighbours;
    if (!cloud_call(job, &show_domain, "", &domain, err, "{'domain_name':%s,'enterprise_project_id':%s}",
                    r->vendor_id, project) ||
        !read_config(job, r->vendor_id, project, &config, err))
        return false;
    const struct json *configs = json_at(config.json, "/configs"), *https = json_at(configs, "/https");
    const char *status = json_get(domain.json, "/domain/domain_status");
    if (!json_excerpt(a, config.text, config.size, "/configs/https", &document, err) ||
        !neighbours_of(a, document, &neighbours, err))
        return err_add(err, "%s", r->title);
    struct binding b = {
        .https = json_is(https, "/https_status", "on"),
        .ready = strcmp(status, "configuring") != 0,
        .failed = strcmp(status, "configure_failed") == 0 ? "the domain's configuration failed" : NULL,
        .etag = "",
        .bound = arena_array(a, struct bound, countof(kinds)),
        .settings = settings_of(a, configs, neighbours),
        .document = document,
    };
    b.bound_count = bound_of(job, https, b.bound);
    *ret = b;
    return true;
}

/* ---- writing ---- */

/* The certificate of the other type is sent along with every change: by its id, or with a key of ours. */
static bool other_can_stay(struct job *job, const struct resource *r, const char *slot, struct err *err)
{
    struct material own;
    for (size_t i = 0; i < r->bound_count; i++) {
        const struct bound *b = &r->bound[i];
        if (strcmp(b->slot, slot) != 0 && !huawei_is_scm_id(b->ref) &&
            !session_material(job, b->fingerprint, &own, NULL))
            return err_set(err, ERR_INVALID_CERTIFICATE,
                           "%s also holds %s, uploaded to CDN with a key that is not in certferry: a change "
                           "would lose it",
                           r->title, b->name);
    }
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2 && m->key && (!m->sm2_encryption_key || !m->sm2_encryption_pem || !*m->sm2_encryption_pem))
        return err_set(err, ERR_INVALID_CERTIFICATE,
                       "CDN takes SM2 certificates as pairs: import %s with its encryption certificate",
                       m->name);
    if (!other_can_stay(job, r, m->sm2 ? "sm" : "default", err))
        return false;
    *ret = huawei_scm_takes(m) && (!m->key || !session_get(job, as_text)) ? "scm" : NULL;
    return true;
}

/* An SM2 pair, or a certificate with its chain, as CDN takes them with their keys. */
static const char *text_entry(struct arena *hidden, const char *name, const struct material *m)
{
    const char *pair = !m->sm2 ? ""
                               : json_format(hidden, ",'enc_certificate_value':%s,'enc_private_key':%s",
                                             m->sm2_encryption_pem, secret_bytes(m->sm2_encryption_key));
    return json_format(hidden,
                       "{'certificate_type':%s,'certificate_source':0,'certificate_name':%s,"
                       "'certificate_value':%s,'private_key':%s%p}",
                       m->sm2 ? "server_sm" : "server", name, m->fullchain_pem, secret_bytes(m->key), pair);
}

/* The certificate that stays, as it has to be sent again; NULL if there is none. */
static bool kept_entry(struct job *job, struct arena *hidden, const struct json *entry, const char **ret,
                       struct err *err)
{
    struct bound b;
    struct material own;
    const char *name = json_get(entry, "/certificate_name");
    *ret = NULL;
    if (!entry)
        return true;
    bound_of_entry(job, entry, "", &b);
    if (json_int(json_at(entry, "/certificate_source"), 0) == 2) {
        *ret = json_format(hidden,
                           "{'certificate_type':%s,'certificate_source':2,'scm_certificate_id':%s,"
                           "'certificate_name':%s}",
                           json_str(json_at(entry, "/certificate_type"), "server"), b.ref, name);
        return true;
    }
    if (!session_material(job, b.fingerprint, &own, NULL))
        return err_set(
            err, ERR_CONFLICT,
            "the domain also holds %s, uploaded to CDN with a key that is not in certferry: it would "
            "be lost, so nothing was changed",
            name);
    *ret = text_entry(hidden, name, &own);
    return true;
}

/* In a list text and key are required, also where an id stands for them. */
static const char *listed(struct arena *hidden, const char *entry)
{
    bool by_id = !strstr(entry, "\"private_key\"");
    return by_id ? arena_printf(hidden, "%.*s,\"certificate_value\":\"\",\"private_key\":\"\"}",
                                (int)strlen(entry) - 1, entry)
                 : entry;
}

/* What the block says of its certificates: both in a list, one in members of its own. */
static const char *members_of(struct arena *hidden, const char *entry, const char *kept)
{
    const char *one = entry ? entry : kept;
    if (entry && kept)
        return arena_printf(hidden, ",\"certificates\":[%s,%s]", listed(hidden, entry), listed(hidden, kept));
    return one ? arena_printf(hidden, ",%.*s", (int)strlen(one) - 2, one + 1) : "";
}

/* Sends the block as it was read with this certificate at the slot, NULL: none; with none left HTTPS goes off. */
static bool put_block(struct job *job, const struct resource *r, const struct binding *now,
                      struct arena *hidden, const char *slot, const char *entry, struct err *err)
{
    const struct json *https;
    const char *kept = NULL, *other = strcmp(slot, "sm") == 0 ? "server" : "server_sm";
    char *block;
    struct answer answer;
    if (!json_parse(job->arena, now->document, strlen(now->document), &https, err) ||
        !kept_entry(job, hidden, entry_of(https, other), &kept, err) ||
        !neighbours_of(hidden, now->document, &block, err) ||
        !json_splice(hidden, block, strlen(block), "/https_status", entry || kept ? "\"on\"" : "\"off\"",
                     &block, err))
        return err_add(err, "the configuration of %s", r->title);
    const char *arguments =
        json_format(hidden, "{'domain_name':%s,'enterprise_project_id':%s,'body':{'configs':{'https':%p}}}",
                    r->vendor_id, project_of(job, r),
                    arena_printf(hidden, "%.*s%s}", (int)strlen(block) - 1, block,
                                 members_of(hidden, entry, kept)));
    return cloud_call_secret(job, &set_config, "", &answer, err, "%p", arguments);
}

static bool bind_text(struct job *job, const struct resource *r, const struct binding *now, const char *name,
                      const struct material *m, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(8 << 20);
    return put_block(job, r, now, hidden, m->sm2 ? "sm" : "default", text_entry(hidden, name, m), err);
}

/* By its id; CDN that may not read SCM gets the text, where we have the key. */
static bool bind_id(struct job *job, const struct resource *r, const struct binding *now,
                    const struct change *change, const struct bound *old, const struct material *m,
                    struct err *err)
{
    const char *slot = change->slot, *id = change->add[0];
    struct bound b = {.slot = slot, .ref = id, .name = "", .fingerprint = ""};
    const char *fingerprint = old && old->fingerprint ? old->fingerprint : "";
    struct material own;
    struct err why = {0};
    if (old && old->name && strlen(old->name) >= 3)
        b.name = old->name; /* as it was called on the domain */
    else if (!session_facts(job, "", &b, err))
        return false;
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(8 << 20);
    const char *entry =
        json_format(hidden,
                    "{'certificate_type':%s,'certificate_source':2,"
                    "'scm_certificate_id':%s,'certificate_name':%s}",
                    strcmp(slot, "sm") == 0 ? "server_sm" : "server", id, strlen(b.name) >= 3 ? b.name : id);
    if (put_block(job, r, now, hidden, slot, entry, &why))
        return true;
    bool may_not = strcmp(why.code, "CDN.00010198") == 0;
    if (may_not)
        session_put(job, as_text, "1");
    if (may_not && !m && *fingerprint && session_material(job, fingerprint, &own, NULL))
        m = &own;
    if (may_not && m && m->key)
        return bind_text(job, r, now, arena_printf(job->arena, "%s%s", as_text, id), m, err);
    if (err)
        *err = why;
    return may_not ? err_add(err, "allow CDN to read certificates of SCM, once, in the console of CDN")
                   : false;
}

static bool write_slot(struct job *job, const struct resource *r, const struct binding *now,
                       const struct change *change, const struct bound *old, const struct material *m,
                       struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(8 << 20);
    struct material own;
    if (!change->add_count)
        return put_block(job, r, now, hidden, change->slot, NULL, err);
    const char *ref = change->add[0];
    if (huawei_is_scm_id(ref))
        return bind_id(job, r, now, change, old, m, err);
    if (m && strcmp(m->fingerprint, ref) == 0)
        return bind_text(job, r, now, m->name, m, err);
    if (!session_material(job, ref, &own, err))
        return err_add(err, "the private key of %s, which CDN does not give back", ref);
    bool named = old && old->name && strlen(old->name) >= 3;
    return bind_text(job, r, now, named ? old->name : own.name, &own, err);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    return write_slot(job, r, now, change, w->before ? binding_slot(w->before, change->slot) : NULL, m, err);
}

const struct product huawei_cdn = {
    PRODUCT_CODE("huawei", "cdn"),
    .title = "Huawei Cloud CDN",
    .global = true,
    .takes_sm2 = true,
    .sm_slot = true,
    .sm_told = true,
    .first_deployment = true,
    .read_calls = 2,
    .lost_key = "it was uploaded to CDN directly, and its private key is not in certferry",
    .consistency_ms = 30000,
    .settle_ms = 1200000,
    .poll_ms = 5000,
    .propagation_ms = 600000,
    .calls = CALLS(&list_domains, &show_domain, &get_config, &set_config),
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = huawei_scm_upload,
    .bind = write_change,
};

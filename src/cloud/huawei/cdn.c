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

#include "codec/json_slice.h"
#include <string.h>

#define CDN(name, verb, where, takes, ...)                                                                   \
    {                                                                                                        \
        .service = "cdn", .version = "", .operation = (name), .method = (verb),                              \
        .host = "cdn.myhuaweicloud.com", .path = (where), .style = CALL_REST_JSON,                           \
        .parameters = "enterprise_project_id" takes, __VA_ARGS__                                             \
    }
#define CONFIGS "/v1.1/cdn/configuration/domains/{domain_name}/configs"

static const struct call list_domains =
    CDN("ListDomains", "GET", "/v1.0/cdn/domains", "", .per_second = 5,
        PAGES_BY_NUMBER("/domains", "/total", "page_number", "page_size", 200));
static const struct call show_domain =
    CDN("ShowDomainDetailByName", "GET", "/v1.0/cdn/configuration/domains/{domain_name}", "",
        .per_second = 5);
static const struct call get_config = CDN("ShowDomainFullConfig", "GET", CONFIGS, "", .per_second = 5);
static const struct call set_config =
    CDN("UpdateDomainFullConfig", "PUT", CONFIGS, " body.configs.https.*", .write = true, .per_second = 3);

enum { NAME_LEAST = 3 };                    /* characters of a certificate's name */
static const char as_text[] = "certferry-"; /* before an SCM id: the same certificate, sent as text */

/* ---- what a domain holds ---- */

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

static bool is_of_scm(const struct json *entry)
{
    return json_int(json_at(entry, "/certificate_source"), 0) == 2;
}

static const struct bound *add_entry(struct job *job, const struct json *v, const char *slot,
                                     struct binding *b)
{
    const char *name = json_get(v, "/certificate_name"), *id = json_get(v, "/scm_certificate_id");
    const char *pem = json_get(v, "/certificate_value"), *enc = json_get(v, "/enc_certificate_value");
    const char *told = strncmp(name, as_text, strlen(as_text)) == 0 ? name + strlen(as_text) : "";
    struct bound *held = binding_add_pem(job, b, slot, "", pem, name);
    const char *pair = *held->fingerprint && *enc ? pair_fingerprint(job->arena, pem, enc) : NULL;
    if (pair)
        held->ref = held->fingerprint = pair;
    if (is_of_scm(v) && *id)
        held->ref = id;
    else if (huawei_is_scm_id(told))
        held->ref = told;
    return held;
}

/* What it holds now: up to one of each type. */
static void binding_of(struct job *job, const struct json *https, struct binding *b)
{
    b->https = json_is(https, "/https_status", "on");
    for (size_t i = 0; i < countof(kinds) && b->https; i++) {
        const struct json *entry = entry_of(https, kinds[i].type);
        if (entry)
            add_entry(job, entry, kinds[i].slot, b);
    }
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
    return resource_extra(job->arena, r, "/project", "0");
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

static bool emit_domain(struct job *job, const struct survey *to, const struct json *item, struct err *err)
{
    const char *project = json_str(json_at(item, "/enterprise_project_id"), "0");
    bool on = json_int(json_at(item, "/https_status"), 0) != 0;
    struct answer config = {0};
    struct binding b = {0};
    struct resource r = {.vendor_id = json_get(item, "/domain_name"),
                         .host = json_get(item, "/cname"),
                         .reach = "public",
                         .unfit = unfit(job->arena, item),
                         .sm_told = true,
                         .extra = json_format(job->arena, "{'project':%s}", project)};
    if (!resource_of_domain(job->arena, &r, r.vendor_id))
        return true;
    if (on && !read_config(job, r.vendor_id, project, &config, err))
        return err_add(err, "%s", r.title);
    binding_of(job, json_at(config.json, "/configs/https"), &b);
    b.https = on;
    return resource_emit(job, to, &r, &b, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_domains, to->region, "{'enterprise_project_id':'all'}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_domain(job, to, item, err))
            return false;
    return pages_end(&p, err);
}

/* ---- reading ---- */

/* Of the block what is beside its certificates, and of the others those that a change could harm. */
static const char *settings_of(struct arena *a, const struct json *configs, const char *neighbours)
{
    char *all = json_only(a, configs,
                          "business_type service_area force_redirect hsts client_cert quic sni "
                          "https_tls_version origin_protocol");
    return json_splice(a, all, strlen(all), "/https", neighbours, &all, NULL) ? all : "{}";
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct arena *a = job->arena;
    struct answer domain, config;
    const char *project = project_of(job, r);
    char *document, *neighbours;
    if (!cloud_call(job, &show_domain, "", &domain, err, "{'domain_name':%s,'enterprise_project_id':%s}",
                    r->vendor_id, project) ||
        !read_config(job, r->vendor_id, project, &config, err))
        return false;
    if (!json_excerpt(a, config.text, config.size, "/configs/https", &document, err) ||
        !neighbours_of(a, document, &neighbours, err))
        return err_add(err, "%s", r->title);
    now->ready = !json_is(domain.json, "/domain/domain_status", "configuring");
    if (json_is(domain.json, "/domain/domain_status", "configure_failed"))
        now->failed = "the domain's configuration failed";
    now->settings = settings_of(a, json_at(config.json, "/configs"), neighbours);
    now->document = document;
    binding_of(job, json_at(config.json, "/configs/https"), now);
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

struct entry { /* a certificate of the block as it is sent: by its id in SCM, or as text with its key */
    const char *type, *name, *id;
    const struct material *text; /* NULL: by its id */
};

/* In a list text and key are required, also where an id stands for them. */
static const char *entry_json(struct arena *hidden, const struct entry *e, bool listed)
{
    const struct material *m = e->text;
    if (!m)
        return json_format(hidden,
                           "'certificate_type':%s,'certificate_source':2,'scm_certificate_id':%s,"
                           "'certificate_name':%s%p",
                           e->type, e->id, e->name,
                           listed ? ",\"certificate_value\":\"\",\"private_key\":\"\"" : "");
    const char *pair = !m->sm2 ? ""
                               : json_format(hidden, ",'enc_certificate_value':%s,'enc_private_key':%s",
                                             m->sm2_encryption_pem, secret_bytes(m->sm2_encryption_key));
    return json_format(hidden,
                       "'certificate_type':%s,'certificate_source':0,'certificate_name':%s,"
                       "'certificate_value':%s,'private_key':%s%p",
                       e->type, e->name, m->fullchain_pem, secret_bytes(m->key), pair);
}

/* What the block says of its certificates: both in a list, one in members of its own. */
static const char *entries_json(struct arena *hidden, const struct entry *ours, const struct entry *kept)
{
    if (ours && kept)
        return json_format(hidden, ",'certificates':[{%p},{%p}]", entry_json(hidden, ours, true),
                           entry_json(hidden, kept, true));
    const struct entry *one = ours ? ours : kept;
    return one ? json_format(hidden, ",%p", entry_json(hidden, one, false)) : "";
}

/* The certificate of that type, which stays, as it has to be sent again; *ret NULL if there is none. */
static bool kept_entry(struct job *job, const struct json *https, const char *type, const struct entry **ret,
                       struct err *err)
{
    const struct json *v = entry_of(https, type);
    struct material *own = arena_make(job->arena, struct material);
    struct entry *kept = arena_make(job->arena, struct entry);
    struct binding b = {0};
    *ret = NULL;
    if (!v)
        return true;
    const struct bound *held = add_entry(job, v, "", &b);
    *kept = (struct entry){.type = type, .name = json_get(v, "/certificate_name"), .id = held->ref};
    if (!is_of_scm(v) && !session_material(job, held->fingerprint, own, NULL))
        return err_set(
            err, ERR_CONFLICT,
            "the domain also holds %s, uploaded to CDN with a key that is not in certferry: it would "
            "be lost, so nothing was changed",
            kept->name);
    kept->text = is_of_scm(v) ? NULL : own;
    *ret = kept;
    return true;
}

static const char *type_of(const struct change *change)
{
    return strcmp(change->slot, "sm") == 0 ? "server_sm" : "server";
}

/* Sends the block as it was read with this certificate at the slot, NULL: none; with none left HTTPS goes off. */
static bool put_block(struct job *job, const struct bind *w, const struct entry *ours, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(8 << 20);
    const char *other = strcmp(w->change->slot, "sm") == 0 ? "server" : "server_sm";
    const struct resource *r = w->resource;
    const struct json *https;
    const struct entry *kept;
    char *block;
    if (!json_parse(job->arena, w->now->document, strlen(w->now->document), &https, err) ||
        !kept_entry(job, https, other, &kept, err) || !neighbours_of(hidden, w->now->document, &block, err) ||
        !json_splice(hidden, block, strlen(block), "/https_status", ours || kept ? "\"on\"" : "\"off\"",
                     &block, err))
        return err_add(err, "the configuration of %s", r->title);
    return cloud_call_secret(
        job, &set_config, "", NULL, err,
        "{'domain_name':%s,'enterprise_project_id':%s,'body':{'configs':{'https':%p%p}}}}", r->vendor_id,
        project_of(job, r), arena_copy(hidden, block, strlen(block) - 1), entries_json(hidden, ours, kept));
}

/* As it was called on the domain; "" where that is not known, or too short to be sent. */
static const char *name_of(const struct bound *old)
{
    return old && old->name && strlen(old->name) >= NAME_LEAST ? old->name : "";
}

/* By its id; CDN that may not read SCM gets the text, where we have the key. */
static bool bind_id(struct job *job, const struct bind *w, const struct bound *old, struct err *err)
{
    const char *id = w->change->add[0];
    const struct material *m = w->material;
    struct bound b = {.slot = "", .ref = id, .name = name_of(old), .fingerprint = ""};
    struct material own;
    if (!*b.name && !session_facts(job, "", &b, err))
        return false;
    struct entry entry = {type_of(w->change), *name_of(&b) ? b.name : id, id, NULL};
    if (put_block(job, w, &entry, err))
        return true;
    if (strcmp(err->code, "CDN.00010198") != 0)
        return false;
    session_put(job, as_text, "1");
    if (!m && old && session_material(job, old->fingerprint, &own, NULL))
        m = &own;
    if (!m || !m->key)
        return err_add(err, "allow CDN to read certificates of SCM, once, in the console of CDN");
    entry.name = arena_printf(job->arena, "%s%s", as_text, id);
    entry.text = m;
    return put_block(job, w, &entry, err);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct bound *old = w->before ? binding_slot(w->before, w->change->slot) : NULL;
    const char *ref = w->change->add_count ? w->change->add[0] : NULL;
    struct material m;
    if (!ref)
        return put_block(job, w, NULL, err);
    if (huawei_is_scm_id(ref))
        return bind_id(job, w, old, err);
    if (!bind_material(job, w, ref, &m, err))
        return err_add(err, "its private key, which CDN does not give back");
    struct entry entry = {type_of(w->change), *name_of(old) ? name_of(old) : m.name, NULL, &m};
    return put_block(job, w, &entry, err);
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
    .bind = bind_certificate,
};

#include "cloud/aliyun/acceleration.h"

#include <string.h>

/* The product's part; the job says which product it works for. */
static const struct acceleration *of(const struct job *job)
{
    return strcmp(job->product->name, "dcdn") == 0 ? &aliyun_dcdn_acceleration : &aliyun_cdn_acceleration;
}

/* What an entry of CertInfos holds. */
static bool add_entry(struct job *job, const struct json *info, struct binding *b, struct err *err)
{
    struct arena *a = job->arena;
    const char *id = json_text(a, json_at(info, "/CertId"), ""), *region = json_get(info, "/CertRegion");
    bool free = json_is(info, "/CertType", "free"), in_store = !free && !json_is(info, "/CertType", "upload");
    struct bound *held =
        binding_add_pem(job, b, "default", free ? "free:" : "pem:", json_get(info, of(job)->info_pem), id);
    bool known = *held->fingerprint;
    held->name = json_get(info, "/CertName");
    if (in_store && *id)
        held->ref = arena_printf(a, "%s-%s", id, *region ? region : "cn-hangzhou");
    else if (!known && !*id)
        held->ref = "";
    return known || !in_store || session_facts(job, "", held, err);
}

/* HTTPS is on where the certificate's own answer says so, which is the one that follows a change. */
static bool read_entry(struct job *job, const char *domain, struct binding *b, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, of(job)->get_certificate, "", &answer, err, "{'DomainName':%s}", domain))
        return false;
    const struct json *info = json_at(answer.json, "/CertInfos/CertInfo/0");
    b->https = json_is(info, of(job)->info_https, "on");
    return !b->https || add_entry(job, info, b, err);
}

static const char *sm_key(struct job *job, const struct resource *r)
{
    return arena_printf(job->arena, "%s-sm:%s", job->product->name, r->vendor_id);
}

/* The SM certificate as far as it is remembered, looked up again. */
static bool read_sm(struct job *job, const struct resource *r, struct binding *b, struct err *err)
{
    const char *ref = session_get(job, sm_key(job, r));
    struct answer answer;
    for (size_t i = 0; !ref && i < r->bound_count; i++)
        if (strcmp(r->bound[i].slot, "sm") == 0)
            ref = r->bound[i].ref;
    if (!ref || !*ref)
        return true;
    if (!cloud_call(job, of(job)->get_sm, "", &answer, err, "{'CertIdentifier':%s}", ref))
        return err->kind == ERR_INVALID_CERTIFICATE || err->kind == ERR_NOT_FOUND;
    struct bound *sm = binding_add(job->arena, b, "sm", ref);
    sm->key_type = "sm2";
    (void)session_bound_of_pem(job, json_get(answer.json, "/SignCertificate"), sm);
    sm->name = json_get(answer.json, "/CertName");
    sm->fingerprint = ""; /* a pair's is that of both halves: the serial number tells it */
    return true;
}

static bool emit_domain(struct job *job, const struct survey *to, const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *domain = json_get(item, "/DomainName"), *status = json_get(item, "/DomainStatus");
    bool works = strcmp(status, "online") == 0 || strcmp(status, "configuring") == 0;
    struct binding b = {0};
    struct resource r = {.vendor_id = domain,
                         .host = json_get(item, "/Cname"),
                         .reach = "public",
                         .unfit = works ? "" : arena_printf(a, "the domain is %s", status)};
    if (!resource_of_domain(a, &r, domain))
        return true;
    bool on = json_is(item, of(job)->list_https, "on");
    if (on && !read_entry(job, domain, &b, err))
        return err_add(err, "%s", r.title);
    b.https = on;
    return resource_emit(job, to, &r, &b, err);
}

bool acceleration_discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, of(job)->list_domains, to->region, "{}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_domain(job, to, item, err))
            return false;
    return pages_end(&p, err);
}

bool acceleration_read(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, of(job)->list_domains, "", &answer, err,
                    "{'DomainName':%s,'DomainSearchType':'full_match'}", r->vendor_id))
        return false;
    const struct json *item = json_at(answer.json, "/Domains/PageData/0");
    if (!json_is(item, "/DomainName", r->vendor_id))
        return err_set(err, ERR_NOT_FOUND, "%s has no domain %s", of(job)->word, r->title);
    now->ready = !json_is(item, "/DomainStatus", "configuring");
    if (json_is(item, "/DomainStatus", "configure_failed"))
        now->failed = "the domain's configuration failed";
    return read_entry(job, r->vendor_id, now, err) && read_sm(job, r, now, err);
}

bool acceleration_store_for(struct job *job, const struct resource *r, const struct material *m,
                            const char **ret, struct err *err)
{
    (void)r;
    if (m->sm2)
        return aliyun_sm_store(m, ret, err);
    *ret = aliyun_store(job, "");
    return true;
}

/* Puts back what CDN alone held: certificate and key come from our own store. */
static bool bind_own_key(struct job *job, const struct bind *w, const char *fingerprint, struct err *err)
{
    struct material m;
    if (!bind_material(job, w, fingerprint, &m, err))
        return false;
    return cloud_call_secret(
        job, of(job)->set_own_key, "", NULL, err,
        "{'DomainName':%s,'SSLProtocol':'on','CertType':'upload','CertName':%s,'SSLPub':%s,'SSLPri':%s}",
        w->resource->vendor_id, m.name, m.fullchain_pem, secret_bytes(m.key));
}

/* Sets the SM certificate, or switches SM off, and remembers it. */
static bool bind_sm(struct job *job, const struct resource *r, const struct change *change, struct err *err)
{
    bool on = change->add_count > 0;
    const char *ref = on ? change->add[0] : change->remove_count ? change->remove[0] : "";
    if (!cloud_call(job, of(job)->set_sm, "", NULL, err,
                    "{'DomainName':%s,'CertIdentifier':%s,'SSLProtocol':%s}", r->vendor_id, ref,
                    on ? "on" : "off"))
        return false;
    session_put(job, sm_key(job, r), on ? ref : "");
    return true;
}

bool acceleration_bind(struct job *job, const struct bind *w, struct err *err)
{
    const struct call *call = of(job)->set_certificate;
    const char *id, *region, *domain = w->resource->vendor_id;
    const char *ref = w->change->add_count ? w->change->add[0] : NULL;
    struct binding b = {0};
    if (strcmp(w->change->slot, "sm") == 0)
        return bind_sm(job, w->resource, w->change, err);
    if (!ref)
        return cloud_call(job, call, "", NULL, err, "{'DomainName':%s,'SSLProtocol':'off'}", domain);
    if (strncmp(ref, "pem:", 4) == 0)
        return bind_own_key(job, w, ref + 4, err);
    if (!aliyun_ref_parse(job->arena, ref, &id, &region))
        return err_set(err, ERR_INPUT,
                       "%s cannot be bound to %s: it is no certificate of the certificate service", ref,
                       of(job)->word);
    const struct bound *known = binding_add(job->arena, &b, "default", ref);
    if (!binding_look_up(job, "", &b, err))
        return false;
    return cloud_call(
        job, call, "", NULL, err,
        "{'DomainName':%s,'SSLProtocol':'on','CertType':'cas','CertName':%s,'CertId':%p,'CertRegion':%s}",
        domain, *known->name ? known->name : ref, id, region);
}

bool acceleration_old_key(struct job *job, const struct resource *r, const struct bound *old,
                          const char **ret, struct err *err)
{
    struct arena *a = job->arena;
    const char *word = of(job)->word;
    (void)r;
    *ret = NULL;
    if (strncmp(old->ref, "pem:", 4) == 0)
        return session_can_bring(
            job, old->ref + 4,
            arena_printf(a, "it was uploaded to %s directly, and its private key is not in certferry", word),
            ret, err);
    if (strncmp(old->ref, "free:", 5) == 0)
        *ret = arena_printf(a, "%s's free certificates cannot be bound again", word);
    return true;
}

#include "cloud/aliyun/acceleration.h"

#include "codec/name.h"
#include <string.h>

/* The product's part; the job says which product it works for. */
static const struct acceleration *of(const struct job *job)
{
    return strcmp(job->product->name, "dcdn") == 0 ? &aliyun_dcdn_acceleration : &aliyun_cdn_acceleration;
}

/* What the domain holds, of an entry of CertInfos; false where HTTPS is off. */
static bool bound_of(struct job *job, const struct json *info, struct bound *b, struct err *err)
{
    struct arena *a = job->arena;
    const char *type = json_str(json_at(info, "/CertType"), ""),
               *id = json_text(a, json_at(info, "/CertId"), "");
    const char *region = json_str(json_at(info, "/CertRegion"), "");
    *b = (struct bound){.slot = "default", .ref = "", .name = json_str(json_at(info, "/CertName"), "")};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    bool known = session_bound_of_pem(job, json_str(json_at(info, of(job)->info_pem), ""), b);
    bool in_store = strcmp(type, "upload") != 0 && strcmp(type, "free") != 0;
    if (in_store && *id)
        b->ref = arena_printf(a, "%s-%s", id, *region ? region : "cn-hangzhou");
    else if (known || *id)
        b->ref =
            arena_printf(a, "%s:%s", strcmp(type, "free") == 0 ? "free" : "pem", known ? b->fingerprint : id);
    return known || !in_store || session_facts(job, "", b, err);
}

static bool read_bound(struct job *job, const char *domain, struct bound *b, size_t *ret_count,
                       struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, of(job)->get_certificate, "", &answer, err, "{'DomainName':%s}", domain))
        return false;
    const struct json *info = json_at(answer.json, "/CertInfos/CertInfo/0");
    *ret_count = 0;
    if (!info || strcmp(json_str(json_at(info, of(job)->info_https), "off"), "on") != 0)
        return true;
    *ret_count = 1;
    return bound_of(job, info, b, err);
}

static const char *sm_key(struct job *job, const struct resource *r)
{
    return arena_printf(job->arena, "%s-sm:%s", job->product->name, r->vendor_id);
}

/* The SM certificate as far as it is remembered, looked up again. */
static bool read_sm(struct job *job, const struct resource *r, struct binding *b, struct err *err)
{
    const char *ref = session_get(job, sm_key(job, r));
    struct bound *sm = &b->bound[b->bound_count];
    struct answer answer;
    struct err why = {0};
    for (size_t i = 0; !ref && i < r->bound_count; i++)
        if (strcmp(r->bound[i].slot, "sm") == 0)
            ref = r->bound[i].ref;
    if (!ref || !*ref)
        return true;
    if (!cloud_call(job, of(job)->get_sm, "", &answer, &why, "{'CertIdentifier':%s}", ref)) {
        if (err && why.kind != ERR_INVALID_CERTIFICATE && why.kind != ERR_NOT_FOUND)
            *err = why;
        return why.kind == ERR_INVALID_CERTIFICATE || why.kind == ERR_NOT_FOUND;
    }
    *sm = (struct bound){.slot = "sm", .ref = ref, .serial = "", .key_type = "sm2", .issuer = ""};
    (void)session_bound_of_pem(job, json_str(json_at(answer.json, "/SignCertificate"), ""), sm);
    sm->name = json_str(json_at(answer.json, "/CertName"), "");
    sm->fingerprint = ""; /* a pair's is that of both halves: the serial number tells it */
    b->bound_count++;
    return true;
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
    const char *domain = json_str(json_at(item, "/DomainName"), "");
    const char *status = json_str(json_at(item, "/DomainStatus"), "");
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    (void)node;
    if (!name_normalise(a, *domain == '.' ? arena_printf(a, "*%s", domain) : domain, true, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = job->product->code,
        .region = "",
        .vendor_id = domain,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = strcmp(json_str(json_at(item, of(job)->list_https), "off"), "on") == 0,
        .bound = &bound,
        .host = json_str(json_at(item, "/Cname"), ""),
        .port = 443,
        .reach = "public",
        .lock = arena_printf(a, "%s:%s", job->product->name, domain),
        .alias_of = "",
        .managed_by = "",
        .unfit = strcmp(status, "online") == 0 || strcmp(status, "configuring") == 0
                     ? ""
                     : arena_printf(a, "the domain is %s", status),
        .extra = "{}",
    };
    if (r.https && !read_bound(job, domain, &bound, &r.bound_count, err))
        return err_add(err, "%s", name.name);
    return emit->each(emit->context, &r, err);
}

bool acceleration_discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct emit emit = {each, context};
    return cloud_each(job, of(job)->list_domains, region, emit_domain, &emit, err, "{}");
}

bool acceleration_read(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, of(job)->list_domains, "", &answer, err,
                    "{'DomainName':%s,'DomainSearchType':'full_match'}", r->vendor_id))
        return false;
    const struct json *item = json_at(answer.json, "/Domains/PageData/0");
    if (strcmp(json_str(json_at(item, "/DomainName"), ""), r->vendor_id) != 0)
        return err_set(err, ERR_NOT_FOUND, "%s has no domain %s", of(job)->word, r->title);
    const char *status = json_str(json_at(item, "/DomainStatus"), "");
    struct binding b = {
        .https = strcmp(json_str(json_at(item, of(job)->list_https), "off"), "on") == 0,
        .ready = strcmp(status, "configuring") != 0,
        .failed = strcmp(status, "configure_failed") == 0 ? "the domain's configuration failed" : NULL,
        .etag = "",
        .bound = arena_array(job->arena, struct bound, 2),
        .settings = "{}",
    };
    if (!read_bound(job, r->vendor_id, b.bound, &b.bound_count, err) || !read_sm(job, r, &b, err))
        return false;
    b.https = b.bound_count > 0; /* the certificate's own answer is the one that follows a change */
    *ret = b;
    return true;
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
static bool bind_own_key(struct job *job, const struct resource *r, const char *fingerprint, struct err *err)
{
    struct material m;
    struct answer answer;
    if (!session_material(job, fingerprint, &m, err))
        return err_add(err, "the previous certificate of %s", r->title);
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    const char *arguments = json_format(
        hidden,
        "{'DomainName':%s,'SSLProtocol':'on','CertType':'upload','CertName':%s,'SSLPub':%s,'SSLPri':%s}",
        r->vendor_id, m.name, m.fullchain_pem, secret_bytes(m.key));
    return cloud_call_secret(job, of(job)->set_own_key, "", &answer, err, "%p", arguments);
}

/* Sets the SM certificate, or switches SM off, and remembers it. */
static bool write_sm(struct job *job, const struct resource *r, const struct change *change, struct err *err)
{
    struct answer answer;
    bool on = change->add_count > 0;
    const char *ref = on ? change->add[0] : change->remove_count ? change->remove[0] : "";
    if (!cloud_call(job, of(job)->set_sm, "", &answer, err,
                    "{'DomainName':%s,'CertIdentifier':%s,'SSLProtocol':%s}", r->vendor_id, ref,
                    on ? "on" : "off"))
        return false;
    session_put(job, sm_key(job, r), on ? ref : "");
    return true;
}

bool acceleration_bind(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct arena *a = job->arena;
    struct answer answer;
    const char *id, *region;
    (void)now;
    (void)m;
    if (strcmp(change->slot, "sm") == 0)
        return write_sm(job, r, change, err);
    if (!change->add_count)
        return cloud_call(job, of(job)->set_certificate, "", &answer, err,
                          "{'DomainName':%s,'SSLProtocol':'off'}", r->vendor_id);
    if (strncmp(change->add[0], "pem:", 4) == 0)
        return bind_own_key(job, r, change->add[0] + 4, err);
    if (!aliyun_ref_parse(a, change->add[0], &id, &region))
        return err_set(err, ERR_INPUT,
                       "%s cannot be bound to %s: it is no certificate of the certificate service",
                       change->add[0], of(job)->word);
    struct bound b = {.slot = "default", .ref = change->add[0], .name = "", .fingerprint = ""};
    if (!session_facts(job, "", &b, err))
        return false;
    return cloud_call(
        job, of(job)->set_certificate, "", &answer, err,
        "{'DomainName':%s,'SSLProtocol':'on','CertType':'cas','CertName':%s,'CertId':%p,'CertRegion':%s}",
        r->vendor_id, *b.name ? b.name : change->add[0], id, region);
}

bool acceleration_old_key(struct job *job, const struct resource *r, const struct bound *old,
                          const char **ret, struct err *err)
{
    struct material m;
    struct err why;
    (void)r;
    *ret = NULL;
    if (strncmp(old->ref, "pem:", 4) == 0) {
        if (session_material(job, old->ref + 4, &m, &why))
            return true;
        if (why.kind != ERR_NOT_FOUND) {
            *err = why;
            return false;
        }
        *ret = arena_printf(job->arena,
                            "it was uploaded to %s directly, and its private key is not in certferry",
                            of(job)->word);
    } else if (strncmp(old->ref, "free:", 5) == 0)
        *ret = arena_printf(job->arena, "%s's free certificates cannot be bound again", of(job)->word);
    return true;
}

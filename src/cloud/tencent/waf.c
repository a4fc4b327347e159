/* Tencent Cloud WAF (2018-01-25): domains of SaaS WAF; those of CLB WAF serve what their CLB listener holds.
 *
 * The one write is documented with the whole configuration, and whether it keeps what is left out is not: so that all that can be
 * read is sent along, in the types that the write wants (which are not those of the read). Reads show private keys where a
 * certificate was uploaded to WAF itself; they are kept for putting it back, and nowhere else. SM2 pairs stand beside the other
 * certificate, uploaded as text.
 */
#include "cloud/tencent/tencent.h"

#include "codec/name.h"
#include "crypto/digest.h"
#include "crypto/pem.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE = 20, PAGES_MAX = 500 };

#define WAF(name) TENCENT("waf", "2018-01-25", name), .regional_header = true
/* Copied as read; the last row's only where the site knows them. */
#define PLAIN                                                                                                \
    "HttpsRewrite HttpsUpstreamPort UpstreamScheme UpstreamType UpstreamDomain SrcList IsCdn IsHttp2 "       \
    "IsWebsocket LoadBalance IsGray ActiveCheck TLSVersion Ciphers CipherTemplate ProxyReadTimeout "         \
    "ProxySendTimeout SniType SniHost IpHeaders XFFReset Note UpstreamHost ProxyBuffer ProbeStatus Edition"
#define MAINLAND "ProxyConnectTimeout UpstreamPolicy UpstreamRules UseCase Gzip"

static const struct call list_domains =
    {WAF("DescribeDomains"),
     .parameters = "Offset Limit Filters[].Name Filters[].Values[] Filters[].ExactMatch", .per_second = 20};
static const struct call get_domain = {WAF("DescribeDomainDetailsSaas"),
                                       .parameters = "Domain DomainId InstanceId", .per_second = 20,
                                       .private_answer = true};
static const struct call set_domain = {
    WAF("ModifySpartaProtection"),
    .parameters =
        "Domain DomainId InstanceID CertType SSLId Cert PrivateKey GmType GmCertType GmSSLId GmCert "
        "GmPrivateKey "
        "GmEncCert GmEncPrivateKey IsKeepAlive Weights[] Ports[].NginxServerId Ports[].Port Ports[].Protocol "
        "Ports[].UpstreamPort Ports[].UpstreamProtocol HttpsRewrite HttpsUpstreamPort UpstreamScheme "
        "UpstreamType "
        "UpstreamDomain SrcList[] IsCdn IsHttp2 IsWebsocket LoadBalance IsGray ActiveCheck TLSVersion "
        "Ciphers[] "
        "CipherTemplate ProxyReadTimeout ProxySendTimeout SniType SniHost IpHeaders[] XFFReset Note "
        "UpstreamHost "
        "ProxyBuffer ProbeStatus Edition ProxyConnectTimeout UpstreamPolicy UpstreamRules[].KeyName "
        "UpstreamRules[].Symbol UpstreamRules[].ContentList[] UpstreamRules[].AddressList[] "
        "UpstreamRules[].BalanceType UseCase Gzip",
    .write = true, .per_second = 2};

/* WAF answers for its instances of the mainland in one region, and for all others in another. */
static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    static const char *const both[] = {"ap-guangzhou", "ap-seoul"};
    const char **own;
    size_t own_count;
    (void)err;
    session_regions(job, &own, &own_count);
    *ret = arena_array(job->arena, const char *, countof(both));
    *ret_count = 0;
    for (size_t i = 0; i < countof(both); i++) {
        bool wanted = !own_count;
        for (size_t k = 0; k < own_count; k++)
            wanted |= strcmp(own[k], both[i]) == 0;
        if (wanted)
            (*ret)[(*ret_count)++] = both[i];
    }
    return true;
}

/* ---- what a domain holds ---- */

/* A pair is known by the digest of both halves, as our own store knows it. */
static const char *pair_of(struct arena *a, const char *signing, const char *encryption)
{
    const char *pems[] = {signing, encryption};
    struct buf both = buf_new(a, 128 << 10);
    for (size_t i = 0; i < countof(pems); i++) {
        struct pem_block block;
        unsigned char *der;
        size_t offset = 0, size;
        if (!pem_next(pems[i], strlen(pems[i]), &offset, &block, NULL) ||
            !pem_decode(a, &block, &der, &size, NULL))
            return "";
        buf_add(&both, der, size);
    }
    return both.full ? "" : sha256_hex(a, both.data, both.size);
}

static struct bound *add_bound(struct binding *b, const char *slot, const char *ref)
{
    struct bound *made = &b->bound[b->bound_count++];
    *made = (struct bound){.slot = slot, .ref = ref, .name = ""};
    made->fingerprint = made->serial = made->key_type = made->issuer = "";
    return made;
}

static bool read_main(struct job *job, const struct json *v, struct binding *b, struct err *err)
{
    int64_t type = json_int(json_at(v, "/CertType"), 0);
    if (type == 2)
        return session_facts(job, "",
                             add_bound(b, "default", arena_strdup(job->arena, json_get(v, "/SSLId"))), err);
    if (type != 1)
        return true;
    struct bound *own = add_bound(b, "default", "");
    bool known = session_bound_of_pem(job, json_get(v, "/Cert"), own);
    own->ref = arena_printf(job->arena, "pem:%s", known ? own->fingerprint : "unreadable");
    return true;
}

static bool read_sm(struct job *job, const struct json *v, struct binding *b, struct err *err)
{
    int64_t type = json_int(json_at(v, "/GmCertType"), 0);
    if (json_int(json_at(v, "/GmType"), 0) == 0 || (type != 1 && type != 2))
        return true;
    if (type == 2)
        return session_facts(job, "", add_bound(b, "sm", arena_strdup(job->arena, json_get(v, "/GmSSLId"))),
                             err);
    struct bound *sm = add_bound(b, "sm", "");
    (void)session_bound_of_pem(job, json_get(v, "/GmCert"), sm);
    sm->fingerprint = sm->ref =
        arena_strdup(job->arena, pair_of(job->arena, json_get(v, "/GmCert"), json_get(v, "/GmEncCert")));
    return true;
}

static const char *const keys_shown[] = {"Cert",         "PrivateKey", "GmCert",
                                         "GmPrivateKey", "GmEncCert",  "GmEncPrivateKey"};

/* Certificates and keys that stand in WAF itself, for putting them back. */
static const struct secret *vault_of(struct job *job, struct arena *hidden, const struct json *v)
{
    struct buf out = buf_new(hidden, 512 << 10);
    struct json_writer w = json_writer_to(&out);
    bool any = false;
    json_open_object(&w);
    for (size_t i = 0; i < countof(keys_shown); i++) {
        const char *text = json_get(v, arena_printf(hidden, "/%s", keys_shown[i]));
        any |= *text != '\0';
        json_member_string(&w, keys_shown[i], text);
    }
    json_close_object(&w);
    return any && !out.full ? secret_in(job->arena, secret_new(out.data, out.size)) : NULL;
}

/* Everything else, without what moves by itself. */
static const char *settings_of(struct arena *a, const struct json *v)
{
    static const char *const left_out[] = {"CertType", "SSLId", "GmType",    "GmCertType",
                                           "GmSSLId",  "State", "ModifyTime"};
    struct buf out = buf_new(a, 256 << 10);
    struct json_writer w = json_writer_to(&out);
    const struct json *value;
    const char *name;
    json_open_object(&w);
    for (size_t i = 0; json_member(v, i, &name, &value); i++) {
        bool out_of_it = json_is_null(value);
        for (size_t k = 0; k < countof(left_out); k++)
            out_of_it |= strcmp(name, left_out[k]) == 0;
        for (size_t k = 0; k < countof(keys_shown); k++)
            out_of_it |= strcmp(name, keys_shown[k]) == 0;
        if (!out_of_it)
            json_member_raw(&w, name, json_dump(a, value));
    }
    json_close_object(&w);
    return out.full ? "{}" : out.data;
}

/* The details into memory that is wiped; *ret lives there. */
static bool details(struct job *job, const struct resource *r, struct arena *hidden, const struct json **ret,
                    struct err *err)
{
    const struct json *extra;
    struct job inner = *job;
    struct answer answer;
    inner.arena = hidden;
    if (!json_parse(job->arena, r->extra, strlen(r->extra), &extra, err))
        return err_add(err, "what is known of %s", r->title);
    if (!cloud_call(&inner, &get_domain, r->region, &answer, err,
                    "{'Domain':%s,'DomainId':%s,'InstanceId':%s}", json_get(extra, "/domain"), r->vendor_id,
                    json_get(extra, "/instance")))
        return false;
    *ret = json_at(answer.json, "/DomainsPartInfo");
    return strcmp(json_get(*ret, "/DomainId"), r->vendor_id) == 0 ||
           err_set(err, ERR_NOT_FOUND, "WAF has no domain %s", r->title);
}

/* ---- discover ---- */

struct listing { /* one region, while it is listed */
    const char *region;
    resource_fn *each;
    void *context;
    const char **seen; /* ids */
    size_t seen_count, seen_capacity;
};

static const struct json *https_port(const struct json *domain)
{
    const struct json *ports = json_at(domain, "/Ports"), *found = NULL;
    for (size_t i = 0; i < json_count(ports); i++) {
        const struct json *p = json_item(ports, i);
        if (json_is(p, "/Protocol", "https") && (!found || json_is(p, "/Port", "443")))
            found = p;
    }
    return found;
}

static bool emit_domain(struct job *job, const struct listing *l, const struct json *v, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct arena *a = job->arena;
    const char *domain = json_get(v, "/Domain"), *id = json_get(v, "/DomainId");
    const struct json *port = https_port(v), *info;
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct binding b = {.bound = arena_array(a, struct bound, 2)};
    bool saas = json_is(v, "/Edition", "sparta-waf");
    if (!name_normalise(a, domain, false, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = "tencent/waf",
        .region = l->region,
        .vendor_id = id,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = port != NULL,
        .bound = b.bound,
        .host = json_get(v, "/Cname"),
        .port = port ? (unsigned)strtoul(json_get(port, "/Port"), NULL, 10) : 443,
        .reach = "public",
        .lock = arena_printf(a, "waf:%s", l->region),
        .alias_of = "",
        .managed_by = "",
        .unfit = "",
        .extra = json_format(a, "{'domain':%s,'instance':%s}", domain, json_get(v, "/InstanceId")),
    };
    if (!saas) {
        const char *lb = json_get(v, "/LoadBalancerSet/0/LoadBalancerId");
        const char *listener = json_get(v, "/LoadBalancerSet/0/ListenerId");
        r.https = true;
        r.alias_of = *lb ? arena_printf(a, "%s/%s", lb, listener) : "";
        r.unfit = arena_printf(a, "its certificate is that of the CLB listener %s: deploy to tencent/clb",
                               *lb ? r.alias_of : "in front of it");
    } else if (r.https) {
        if (!details(job, &r, hidden, &info, err) || !read_main(job, info, &b, err) ||
            !read_sm(job, info, &b, err))
            return err && err->kind == ERR_NOT_FOUND ? true : err_add(err, "%s", r.title);
    }
    r.bound_count = b.bound_count;
    return l->each(l->context, &r, err);
}

static bool is_seen(struct job *job, struct listing *l, const char *id)
{
    for (size_t i = 0; i < l->seen_count; i++)
        if (strcmp(l->seen[i], id) == 0)
            return true;
    *(const char **)arena_push(job->arena, (void **)&l->seen, &l->seen_count, &l->seen_capacity,
                               sizeof *l->seen) = arena_strdup(job->arena, id);
    return false;
}

/* Both regions may tell the same domain: it belongs to the one that told it first. */
static bool is_of_region(struct job *job, const struct listing *l, const char *id)
{
    const char *key = arena_printf(job->arena, "waf:%s", id), *first = session_get(job, key);
    if (!first)
        session_put(job, key, l->region);
    return !first || strcmp(first, l->region) == 0;
}

/* Offsets counted by `step`; ends with a page that is not full. *ret_total as the answers tell. */
static bool walk(struct job *job, struct listing *l, size_t step, size_t *ret_total, struct err *err)
{
    struct arena *outer = job->arena;
    for (size_t page = 0; page < PAGES_MAX; page++) {
        struct answer answer;
        if (!cloud_call(job, &list_domains, l->region, &answer, err, "{'Offset':%zu,'Limit':%d}", page * step,
                        PAGE))
            return false;
        const struct json *list = json_at(answer.json, "/Domains");
        *ret_total = (size_t)int64_max(json_int(json_at(answer.json, "/Total"), 0), 0);
        for (size_t i = 0; i < json_count(list); i++) {
            cleanup(arena_free_p) struct arena *one = arena_new(ARENA_JOB_BYTES);
            const struct json *v = json_item(list, i);
            const char *id = json_get(v, "/DomainId");
            if (is_seen(job, l, id) || !is_of_region(job, l, id))
                continue;
            job->arena = one;
            bool ok = emit_domain(job, l, v, err);
            job->arena = outer;
            if (!ok)
                return false;
        }
        if (json_count(list) < PAGE)
            return true;
    }
    return err_set(err, ERR_VENDOR, "WAF lists more than %d pages", PAGES_MAX);
}

/* Whether offsets count domains or pages is not said: where the first leaves some out, the second is tried. */
static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {.region = region, .each = each, .context = context};
    size_t total = 0;
    struct err why = {0};
    bool ok = walk(job, &l, PAGE, &total, &why) && (l.seen_count >= total || walk(job, &l, 1, &total, &why));
    if (!ok && (strncmp(why.code, "OperationDenied.Account", 23) == 0 || why.kind == ERR_NOT_FOUND))
        return true; /* the account has no WAF */
    if (ok && l.seen_count < total)
        ok = err_set(&why, ERR_VENDOR, "WAF tells of %zu domains and lists %zu", total, l.seen_count);
    if (!ok && err)
        *err = why;
    return ok;
}

static bool read_state(struct job *job, const struct resource *r, const char *domain, struct binding *b,
                       struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_domains, r->region, &answer, err,
                    "{'Offset':0,'Limit':%d,'Filters':[{'Name':'Domain','Values':[%s],'ExactMatch':true}]}",
                    PAGE, domain))
        return false;
    const struct json *list = json_at(answer.json, "/Domains");
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(json_get(json_item(list, i), "/DomainId"), r->vendor_id) == 0) {
            int64_t state = json_int(json_at(json_item(list, i), "/State"), 0);
            b->https = https_port(json_item(list, i)) != NULL;
            b->ready = state != -1;
            b->failed = state == -2 ? "the configuration could not be rolled out" : NULL;
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, "WAF has no domain %s", r->title);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct binding b = {.etag = "", .bound = arena_array(job->arena, struct bound, 2)};
    const struct json *info;
    if (!details(job, r, hidden, &info, err) || !read_state(job, r, json_get(info, "/Domain"), &b, err))
        return false;
    if (b.https && (!read_main(job, info, &b, err) || !read_sm(job, info, &b, err)))
        return false;
    b.settings = settings_of(job->arena, info);
    b.vault = vault_of(job, hidden, info);
    *ret = b;
    return true;
}

/* ---- write ---- */

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)job;
    (void)r;
    if (m->sm2 && !m->sm2_encryption_key)
        return err_set(
            err, ERR_INVALID_CERTIFICATE,
            "Tencent Cloud's WAF takes SM2 certificates as pairs: import this one with its other half");
    *ret = m->sm2 ? NULL : "ssl";
    return true;
}

/* The names of a list that the document has, each as it was read. */
static void put_plain(struct arena *a, struct json_writer *w, const struct json *v, const char *names)
{
    for (size_t size; *names; names += size + strspn(names + size, " ")) {
        size = strcspn(names, " ");
        const char *name = arena_copy(a, names, size);
        const struct json *value = json_at(v, arena_printf(a, "/%s", name));
        if (!json_is_null(value))
            json_member_raw(w, name, json_dump(a, value));
    }
}

static void put_ports(struct arena *a, struct json_writer *w, const struct json *v)
{
    const struct json *ports = json_at(v, "/Ports"), *weights = json_at(v, "/Weights");
    json_key(w, "Ports");
    json_open_array(w);
    for (size_t i = 0; i < json_count(ports); i++) {
        json_open_object(w);
        put_plain(a, w, json_item(ports, i), "NginxServerId Port Protocol UpstreamPort UpstreamProtocol");
        json_close_object(w);
    }
    json_close_array(w);
    if (json_is_null(weights))
        return;
    json_key(w, "Weights");
    json_open_array(w);
    for (size_t i = 0; i < json_count(weights); i++)
        json_put_int(w, strtoll(json_text(a, json_item(weights, i), "0"), NULL, 10));
    json_close_array(w);
}

/* What one of the two places is to hold. */
struct place {
    int type; /* 0 none, 1 certificate and key, 2 an id; -1: as it was read */
    const char *id, *cert, *key, *enc_cert, *enc_key;
};

static void put_place(struct json_writer *w, const struct place *p, bool sm)
{
    json_member_int(w, sm ? "GmCertType" : "CertType", p->type);
    if (p->type == 2)
        json_member_string(w, sm ? "GmSSLId" : "SSLId", p->id);
    if (p->type != 1)
        return;
    json_member_string(w, sm ? "GmCert" : "Cert", p->cert);
    json_member_string(w, sm ? "GmPrivateKey" : "PrivateKey", p->key);
    if (sm) {
        json_member_string(w, "GmEncCert", p->enc_cert);
        json_member_string(w, "GmEncPrivateKey", p->enc_key);
    }
}

static struct place place_as_read(const struct json *v, bool sm)
{
    if (!sm)
        return (struct place){.type = (int)json_int(json_at(v, "/CertType"), 0),
                              .id = json_get(v, "/SSLId"),
                              .cert = json_get(v, "/Cert"),
                              .key = json_get(v, "/PrivateKey")};
    return (struct place){.type = (int)json_int(json_at(v, "/GmCertType"), 0),
                          .id = json_get(v, "/GmSSLId"),
                          .cert = json_get(v, "/GmCert"),
                          .key = json_get(v, "/GmPrivateKey"),
                          .enc_cert = json_get(v, "/GmEncCert"),
                          .enc_key = json_get(v, "/GmEncPrivateKey")};
}

/* What was uploaded to WAF itself has to be sent along with its key, as it is shown: without, it would be lost. */
static bool can_stay(const struct place *p, bool sm)
{
    return p->type != 1 || (*p->cert && *p->key && (!sm || (*p->enc_cert && *p->enc_key)));
}

static bool send_all(struct job *job, const struct resource *r, const struct place *place, bool sm,
                     struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    const struct json *v;
    struct answer answer;
    if (!details(job, r, hidden, &v, err))
        return false;
    struct buf out = buf_new(hidden, 2 << 20);
    struct json_writer w = json_writer_to(&out);
    struct place other = place_as_read(v, !sm);
    if (!can_stay(&other, !sm))
        return err_set(
            err, ERR_INVALID_CERTIFICATE,
            "%s also holds a certificate that was uploaded to WAF, which does not show its key: it "
            "would be lost, so nothing was changed",
            r->title);
    int64_t mode = json_int(json_at(v, "/GmType"), 0);
    bool kept = sm ? place->type != 0 : mode != 0;
    json_open_object(&w);
    json_member_string(&w, "Domain", json_get(v, "/Domain"));
    json_member_string(&w, "DomainId", r->vendor_id);
    json_member_string(&w, "InstanceID", json_get(v, "/InstanceId"));
    put_plain(hidden, &w, v, PLAIN);
    if (strcmp(session_site(job), "china") == 0)
        put_plain(hidden, &w, v, MAINLAND);
    put_ports(hidden, &w, v);
    if (!json_is_null(json_at(v, "/IsKeepAlive")))
        json_member_string(&w, "IsKeepAlive", json_text(hidden, json_at(v, "/IsKeepAlive"), "0"));
    json_member_int(&w, "GmType", !kept ? 0 : mode ? mode : 1);
    put_place(&w, place, sm);
    put_place(&w, &other, !sm);
    json_close_object(&w);
    return out.full ? err_set(err, ERR_VENDOR, "the configuration of %s is too large", r->title)
                    : cloud_call_secret(job, &set_domain, r->region, &answer, err, "%p", out.data);
}

/* What a reference stands for: an id, or text that material, the saved binding, or our own store holds. */
static bool resolve(struct job *job, const char *ref, bool sm, const struct material *m,
                    const struct binding *before, struct arena *hidden, struct place *ret, struct err *err)
{
    bool pem = strncmp(ref, "pem:", 4) == 0;
    const char *fingerprint = pem ? ref + 4 : ref;
    bool digest = strlen(fingerprint) == 64;
    struct material own;
    const struct json *v;
    *ret = (struct place){.type = 2, .id = ref};
    if (!pem && !(sm && digest))
        return true;
    const char *text = before && before->vault ? secret_bytes(before->vault) : "";
    if (*text && json_parse(hidden, text, strlen(text), &v, NULL)) {
        *ret = place_as_read(v, sm);
        ret->type = 1;
        if (*ret->cert && *ret->key)
            return true;
    }
    if (!m || strcmp(m->fingerprint, fingerprint) != 0) {
        if (!session_material(job, fingerprint, &own, err))
            return err_add(err, "the previous certificate");
        m = &own;
    }
    *ret = (struct place){.type = 1, .cert = m->fullchain_pem, .key = secret_bytes(m->key)};
    if (sm && m->sm2_encryption_key) {
        ret->enc_cert = m->sm2_encryption_pem;
        ret->enc_key = secret_bytes(m->sm2_encryption_key);
    }
    return !sm || ret->enc_key ||
           err_set(err, ERR_INPUT, "the SM2 pair %s lacks its other half", fingerprint);
}

static bool write_to(struct job *job, const struct resource *r, const struct change *change,
                     const struct material *m, const struct binding *before, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    bool sm = strcmp(change->slot, "sm") == 0;
    struct place place = {.type = 0};
    if (!change->add_count && !sm)
        return err_set(
            err, ERR_INPUT,
            "WAF has no call that takes the certificate of a domain away: its ports would have to change");
    if (change->add_count && !resolve(job, change->add[0], sm, m, before, hidden, &place, err))
        return false;
    return send_all(job, r, &place, sm, err);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    (void)now;
    return write_to(job, r, change, m, w->before, err);
}

/* What was uploaded to WAF itself comes back with its key, as far as WAF shows that. */
static bool old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                    struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    const struct json *v;
    struct material m;
    struct err why = {0};
    *ret = NULL;
    if (!*old->ref) {
        *ret = "WAF has no call that takes the certificate of a domain away";
        return true;
    }
    if (strncmp(old->ref, "pem:", 4) != 0)
        return true;
    if (!details(job, r, hidden, &v, err))
        return false;
    if (*json_get(v, "/PrivateKey") || session_material(job, old->ref + 4, &m, &why))
        return true;
    if (why.kind != ERR_NOT_FOUND) {
        if (err)
            *err = why;
        return false;
    }
    *ret = "it was uploaded to WAF directly, WAF does not show its private key, and it is not in certferry";
    return true;
}

const struct product tencent_waf = {
    PRODUCT_CODE("tencent", "waf"),
    .title = "Tencent Cloud WAF",
    .takes_sm2 = true,
    .sm_slot = true,
    .read_calls = 2,
    .consistency_ms = 30000,
    .settle_ms = 600000,
    .poll_ms = 3000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_domains, &get_domain, &set_domain),
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = tencent_upload,
    .bind = write_change,
    .old_key = old_key,
};

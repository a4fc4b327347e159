/* Tencent Cloud WAF (2018-01-25): domains of SaaS WAF; those of CLB WAF serve what their CLB listener holds.
 *
 * The one write is documented with the whole configuration, and whether it keeps what is left out is not: so that all that can be
 * read is sent along, in the types that the write wants (which are not those of the read). Reads show private keys where a
 * certificate was uploaded to WAF itself; they are kept for putting it back, and nowhere else. SM2 pairs stand beside the other
 * certificate, uploaded as text.
 */
#include "cloud/tencent/tencent.h"

#include <string.h>

enum { PAGE = 20, PAGES_MAX = 500 };
enum { TYPE_NONE, TYPE_TEXT, TYPE_ID }; /* CertType, GmCertType */

#define WAF(name, takes, ...)                                                                                \
    {                                                                                                        \
        TENCENT("waf", "2018-01-25", name), .parameters = (takes), .regional_header = true, __VA_ARGS__      \
    }
/* What is sent as it was read; the second only where the site knows it. */
#define PLAIN                                                                                                \
    "HttpsRewrite HttpsUpstreamPort UpstreamScheme UpstreamType UpstreamDomain SrcList[] IsCdn IsHttp2 "     \
    "IsWebsocket LoadBalance IsGray ActiveCheck TLSVersion Ciphers[] CipherTemplate ProxyReadTimeout "       \
    "ProxySendTimeout SniType SniHost IpHeaders[] XFFReset Note UpstreamHost ProxyBuffer ProbeStatus "       \
    "Edition"
#define MAINLAND                                                                                             \
    " ProxyConnectTimeout UpstreamPolicy UpstreamRules[].KeyName UpstreamRules[].Symbol "                    \
    "UpstreamRules[].ContentList[] UpstreamRules[].AddressList[] UpstreamRules[].BalanceType UseCase Gzip"
/* Certificates and keys that stand in WAF itself. */
#define KEYS "Cert PrivateKey GmCert GmPrivateKey GmEncCert GmEncPrivateKey"

static const struct call list_domains =
    WAF("DescribeDomains", "Offset Limit Filters[].Name Filters[].Values[] Filters[].ExactMatch",
        .per_second = 20);
static const struct call get_domain =
    WAF("DescribeDomainDetailsSaas", "Domain DomainId InstanceId", .per_second = 20, .private_answer = true);
static const struct call set_domain =
    WAF("ModifySpartaProtection",
        "Domain DomainId InstanceID CertType SSLId GmType GmCertType GmSSLId IsKeepAlive Weights[] "
        "Ports[].NginxServerId Ports[].Port Ports[].Protocol Ports[].UpstreamPort "
        "Ports[].UpstreamProtocol " KEYS " " PLAIN MAINLAND,
        .write = true, .per_second = 2);

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

static bool add_by_id(struct job *job, struct binding *b, const char *slot, const char *id, struct err *err)
{
    struct bound *made = binding_add(job->arena, b, slot, id);
    return !made || session_facts(job, "", made, err);
}

/* What a domain with HTTPS holds, by its details. */
static bool binding_of(struct job *job, const struct json *v, struct binding *b, struct err *err)
{
    int64_t type = json_int(json_at(v, "/CertType"), TYPE_NONE);
    int64_t sm_type =
        json_int(json_at(v, "/GmType"), 0) ? json_int(json_at(v, "/GmCertType"), TYPE_NONE) : TYPE_NONE;
    if (type == TYPE_TEXT)
        binding_add_pem(job, b, "default", "pem:", json_get(v, "/Cert"), "unreadable")->name = "";
    if (type == TYPE_ID && !add_by_id(job, b, "default", json_get(v, "/SSLId"), err))
        return false;
    if (sm_type == TYPE_TEXT) {
        struct bound *sm = binding_add_pem(job, b, "sm", "", json_get(v, "/GmCert"), "");
        const char *pair = pair_fingerprint(job->arena, json_get(v, "/GmCert"), json_get(v, "/GmEncCert"));
        sm->fingerprint = sm->ref = pair ? pair : "";
    }
    return sm_type != TYPE_ID || add_by_id(job, b, "sm", json_get(v, "/GmSSLId"), err);
}

/* The answer may show private keys: *ret lives in memory that is wiped. */
static bool details(struct job *hidden, const struct resource *r, const struct json **ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(hidden, &get_domain, r->region, &answer, err,
                    "{'Domain':%s,'DomainId':%s,'InstanceId':%s}",
                    resource_extra(hidden->arena, r, "/domain", ""), r->vendor_id,
                    resource_extra(hidden->arena, r, "/instance", "")))
        return false;
    *ret = json_at(answer.json, "/DomainsPartInfo");
    return json_is(*ret, "/DomainId", r->vendor_id) ||
           err_set(err, ERR_NOT_FOUND, "WAF has no domain %s", r->title);
}

static const struct json *https_port(const struct json *domain)
{
    const struct json *found = NULL;
    json_each (port, json_at(domain, "/Ports"))
        if (json_is(port, "/Protocol", "https") && (!found || json_is(port, "/Port", "443")))
            found = port;
    return found;
}

/* What a domain of CLB WAF serves is its listener's. */
static void follow_listener(struct arena *a, struct resource *r, const struct json *domain)
{
    const char *lb = json_get(domain, "/LoadBalancerSet/0/LoadBalancerId");
    const char *listener = json_get(domain, "/LoadBalancerSet/0/ListenerId");
    r->alias_of = *lb ? arena_printf(a, "%s/%s", lb, listener) : "";
    r->unfit = arena_printf(a, "its certificate is that of the CLB listener %s: deploy to tencent/clb",
                            *lb ? r->alias_of : "in front of it");
}

static bool emit_domain(struct job *job, const struct survey *to, const struct json *v, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    struct arena *a = job->arena;
    const char *domain = json_get(v, "/Domain");
    const struct json *port = https_port(v), *info;
    bool saas = json_is(v, "/Edition", "sparta-waf");
    struct binding b = {.https = !saas || port};
    struct resource r = {
        .region = to->region,
        .vendor_id = json_get(v, "/DomainId"),
        .host = json_get(v, "/Cname"),
        .port = (unsigned)json_int(json_at(port, "/Port"), 443),
        .reach = "public",
        .lock = arena_printf(a, "waf:%s", to->region),
        .extra = json_format(a, "{'domain':%s,'instance':%s}", domain, json_get(v, "/InstanceId")),
    };
    if (!resource_of_domain(a, &r, domain))
        return true;
    if (!saas)
        follow_listener(a, &r, v);
    else if (port && (!details(&hidden, &r, &info, err) || !binding_of(job, info, &b, err)))
        return err->kind == ERR_NOT_FOUND || err_add(err, "%s", r.title);
    return resource_emit(job, to, &r, &b, err);
}

struct listing { /* one region, while it is listed */
    struct arena *keep;
    struct links seen; /* ids */
    size_t total;      /* as the last answer tells */
    bool full;         /* that had as many as it may */
};

/* Not told before. Both regions may tell the same domain: it belongs to the one that told it first. */
static bool is_new(struct job *job, struct listing *l, const char *region, const char *id)
{
    if (!links_add_first(l->keep, &l->seen, id, ""))
        return false;
    const char *key = arena_printf(job->arena, "waf:%s", id), *first = session_get(job, key);
    if (!first)
        session_put(job, key, region);
    return !first || strcmp(first, region) == 0;
}

static bool emit_page(struct job *job, const struct survey *to, struct listing *l, size_t offset,
                      struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_domains, to->region, &answer, err, "{'Offset':%zu,'Limit':%d}", offset, PAGE))
        return false;
    const struct json *list = json_at(answer.json, "/Domains");
    l->total = (size_t)int64_max(json_int(json_at(answer.json, "/Total"), 0), 0);
    l->full = json_count(list) >= PAGE;
    json_each (v, list)
        if (is_new(job, l, to->region, json_get(v, "/DomainId")) && !emit_domain(job, to, v, err))
            return false;
    return true;
}

/* Offsets counted by `step`; ends with a page that is not full. */
static bool walk(struct job *job, const struct survey *to, struct listing *l, size_t step, struct err *err)
{
    for (size_t page = 0; page < PAGES_MAX; page++) {
        cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
        struct job of_page = *job;
        of_page.arena = a;
        if (!emit_page(&of_page, to, l, page * step, err))
            return false;
        if (!l->full)
            return true;
    }
    return err_set(err, ERR_VENDOR, "WAF lists more than %d pages", PAGES_MAX);
}

/* Whether offsets count domains or pages is not said: where the first leaves some out, the second is tried. */
static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct listing l = {.keep = job->arena};
    if (!walk(job, to, &l, PAGE, err) || (l.seen.count < l.total && !walk(job, to, &l, 1, err)))
        return strncmp(err->code, "OperationDenied.Account", 23) == 0 ||
               err->kind == ERR_NOT_FOUND; /* the account has no WAF */
    return l.seen.count >= l.total ||
           err_set(err, ERR_VENDOR, "WAF tells of %zu domains and lists %zu", l.total, l.seen.count);
}

static bool read_state(struct job *job, const struct resource *r, const char *domain, struct binding *b,
                       struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_domains, r->region, &answer, err,
                    "{'Offset':0,'Limit':%d,'Filters':[{'Name':'Domain','Values':[%s],'ExactMatch':true}]}",
                    PAGE, domain))
        return false;
    const struct json *v = json_find(json_at(answer.json, "/Domains"), "/DomainId", r->vendor_id);
    int64_t state = json_int(json_at(v, "/State"), 0);
    b->https = https_port(v) != NULL;
    b->ready = state != -1;
    b->failed = state == -2 ? "the configuration could not be rolled out" : NULL;
    return v || err_set(err, ERR_NOT_FOUND, "WAF has no domain %s", r->title);
}

/* The settings are everything else, without what moves by itself; texts and keys that WAF shows are kept for the way back. */
static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    const struct json *v;
    if (!details(&hidden, r, &v, err) || !read_state(job, r, json_get(v, "/Domain"), now, err))
        return false;
    now->settings =
        json_without(job->arena, v, "CertType SSLId GmType GmCertType GmSSLId State ModifyTime " KEYS);
    const char *shown = json_only(hidden.arena, v, KEYS);
    if ((*json_get(v, "/Cert") || *json_get(v, "/GmCert")) && strlen(shown) <= SECRET_MAX_BYTES)
        now->vault = secret_in(job->arena, secret_new(shown, strlen(shown)));
    return !now->https || binding_of(job, v, now, err);
}

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

/* ---- the members that fill one of the two places, as text ---- */

static const char *fill_by_id(struct arena *a, bool sm, const char *id)
{
    return json_format(a, sm ? "'GmCertType':2,'GmSSLId':%s" : "'CertType':2,'SSLId':%s", id);
}

/* NULL where a part is missing. */
static const char *fill_by_text(struct arena *a, bool sm, const char *cert, const char *key,
                                const char *enc_cert, const char *enc_key)
{
    if (!*cert || !*key || (sm && (!*enc_cert || !*enc_key)))
        return NULL;
    return sm ? json_format(
                    a, "'GmCertType':1,'GmCert':%s,'GmPrivateKey':%s,'GmEncCert':%s,'GmEncPrivateKey':%s",
                    cert, key, enc_cert, enc_key)
              : json_format(a, "'CertType':1,'Cert':%s,'PrivateKey':%s", cert, key);
}

static const char *fill_by_shown(struct arena *a, bool sm, const struct json *v)
{
    return fill_by_text(a, sm, json_get(v, sm ? "/GmCert" : "/Cert"),
                        json_get(v, sm ? "/GmPrivateKey" : "/PrivateKey"), json_get(v, "/GmEncCert"),
                        json_get(v, "/GmEncPrivateKey"));
}

/* As it was read; NULL where that is a text whose key WAF does not show: sent without, it would be lost. */
static const char *fill_as_read(struct arena *a, bool sm, const struct json *v)
{
    int64_t type = json_int(json_at(v, sm ? "/GmCertType" : "/CertType"), TYPE_NONE);
    if (type == TYPE_ID)
        return fill_by_id(a, sm, json_get(v, sm ? "/GmSSLId" : "/SSLId"));
    return type == TYPE_TEXT ? fill_by_shown(a, sm, v)
                             : json_format(a, sm ? "'GmCertType':%lld" : "'CertType':%lld", (long long)type);
}

/* What a reference stands for: an id, or text that the saved binding, the material, or our own store holds. */
static bool fill_wanted(struct job *hidden, const struct bind *w, bool sm, const char **ret, struct err *err)
{
    struct arena *a = hidden->arena;
    const char *ref = w->change->add[0], *vault = w->before ? secret_bytes(w->before->vault) : "";
    bool pem = strncmp(ref, "pem:", 4) == 0;
    const char *fingerprint = pem ? ref + 4 : ref;
    const struct json *shown = NULL;
    struct material m;
    if (!pem && !(sm && strlen(ref) == 64)) {
        *ret = fill_by_id(a, sm, ref);
        return true;
    }
    if (*vault && json_parse(a, vault, strlen(vault), &shown, NULL) &&
        (*ret = fill_by_shown(a, sm, shown)) != NULL)
        return true;
    if (!bind_material(hidden, w, fingerprint, &m, err))
        return false;
    *ret = fill_by_text(a, sm, m.fullchain_pem, secret_bytes(m.key),
                        m.sm2_encryption_pem ? m.sm2_encryption_pem : "", secret_bytes(m.sm2_encryption_key));
    return *ret || err_set(err, ERR_INPUT, "the SM2 pair %s lacks its other half", fingerprint);
}

/* The rest of the configuration, in the types that the write wants; NULL where it is too large. */
static const char *rest_of(struct arena *a, const struct json *v, bool mainland)
{
    const char *plain = json_only(a, v, mainland ? PLAIN MAINLAND : PLAIN);
    const struct json *alive = json_at(v, "/IsKeepAlive"), *weights = json_at(v, "/Weights");
    struct buf out = buf_new(a, 2 << 20);
    struct json_writer w = json_writer_to(&out);
    json_open_object(&w);
    json_key(&w, "Ports");
    json_open_array(&w);
    json_each (port, json_at(v, "/Ports"))
        json_put_raw(&w, json_only(a, port, "NginxServerId Port Protocol UpstreamPort UpstreamProtocol"));
    json_close_array(&w);
    if (!json_is_null(weights)) {
        json_key(&w, "Weights");
        json_open_array(&w);
        json_each (weight, weights)
            json_put_int(&w, json_int(weight, 0));
        json_close_array(&w);
    }
    if (!json_is_null(alive))
        json_member_string(&w, "IsKeepAlive", json_text(a, alive, "0"));
    if (strcmp(plain, "{}") != 0)
        buf_printf(&out, ",%.*s", (int)strlen(plain) - 2, plain + 1);
    return out.full ? NULL : out.data + 1; /* without the brace, which stays open */
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    struct arena *a = hidden.arena;
    const struct resource *r = w->resource;
    bool sm = strcmp(w->change->slot, "sm") == 0;
    const char *wanted = sm ? "\"GmCertType\":0" : "";
    const struct json *v;
    if (w->change->add_count && !fill_wanted(&hidden, w, sm, &wanted, err))
        return false;
    if (!details(&hidden, r, &v, err))
        return false;
    const char *other = fill_as_read(a, !sm, v);
    if (!other)
        return err_set(
            err, ERR_INVALID_CERTIFICATE,
            "%s also holds a certificate that was uploaded to WAF, which does not show its key: it "
            "would be lost, so nothing was changed",
            r->title);
    const char *rest = rest_of(a, v, strcmp(session_site(job), "china") == 0);
    if (!rest)
        return err_set(err, ERR_VENDOR, "the configuration of %s is too large", r->title);
    int64_t mode = json_int(json_at(v, "/GmType"), 0);
    bool keeps_sm = sm ? w->change->add_count != 0 : mode != 0;
    return cloud_call_secret(&hidden, &set_domain, r->region, NULL, err,
                             "{'Domain':%s,'DomainId':%s,'InstanceID':%s,%p,'GmType':%lld,%p,%p}",
                             json_get(v, "/Domain"), r->vendor_id, json_get(v, "/InstanceId"), rest,
                             !keeps_sm ? 0LL
                             : mode    ? (long long)mode
                                       : 1LL,
                             wanted, other);
}

/* What was uploaded to WAF itself comes back with its key, as far as WAF shows that. */
static bool old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                    struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    const struct json *v;
    *ret = *old->ref ? NULL : job->product->no_removal;
    if (strncmp(old->ref, "pem:", 4) != 0)
        return true;
    return details(&hidden, r, &v, err) &&
           (*json_get(v, "/PrivateKey") ||
            session_can_bring(job, old->ref + 4, job->product->lost_key, ret, err));
}

const struct product tencent_waf = {
    PRODUCT_CODE("tencent", "waf"),
    .title = "Tencent Cloud WAF",
    .takes_sm2 = true,
    .sm_slot = true,
    .no_removal =
        "WAF has no call that takes the certificate of a domain away: its ports would have to change",
    .own_prefix = "pem:",
    .lost_key =
        "it was uploaded to WAF directly, WAF does not show its private key, and it is not in certferry",
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
    .bind = bind_certificate,
    .old_key = old_key,
};

/* What CDN and DCDN have in common. A wildcard domain is written ".example.com". A change is accepted at once, then the domain is
 * "configuring" while it spreads, and refuses another one (ServiceBusy); the certificate's description may still show the old one.
 * An uploaded certificate (CertType "upload") gets a number of its own, which CAS does not know. An SM certificate stands beside
 * the other one; no answer says which it is.
 */
#include "sim/aliyun/cdn.h"

#include <string.h>

enum { PAGE_SIZE = 20 };

static const struct aliyun_cdn dialects[] = {
    {.code = "cdn",
     .kind = "cdn.domain",
     .own_cert = "@cdn.certificate",
     .list_https = "SslProtocol",
     .info_https = "ServerCertificateStatus",
     .info_pem = "ServerCertificate",
     .info_times = true,
     .detail = "GetDomainDetailModel",
     .sources = "SourceModels",
     .source = "SourceModel",
     .detail_https = "ServerCertificateStatus",
     .type_name = "CdnType",
     .cname = "kunlunsl"},
    {.code = "dcdn",
     .kind = "dcdn.domain",
     .own_cert = "@dcdn.certificate",
     .list_https = "SSLProtocol",
     .info_https = "SSLProtocol",
     .info_pem = "SSLPub",
     .detail = "DomainDetail",
     .sources = "Sources",
     .source = "Source",
     .detail_https = "SSLProtocol",
     .sm_list_plain = true,
     .cname = "kunlunar"},
};

static const struct aliyun_cdn *dialect(const char *code)
{
    return &dialects[strncmp(code, "dcdn", 4) == 0];
}

static const struct aliyun_cdn *of(const struct sim_call *c)
{
    return dialect(c->service->code);
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, of(c)->kind, "", sim_arg(c, "DomainName"));
    if (!o)
        sim_fail(c, 404, "InvalidDomain.NotFound", "The domain provided does not belong to you.");
    return o;
}

static const char *status_of(struct sim_call *c, const struct sim_object *o)
{
    return sim_settling(c, o) ? "configuring" : sim_get(c, o, "DomainStatus");
}

/* "*.example.com" for ".example.com" */
static const char *name_of(struct arena *a, const struct sim_object *o)
{
    return arena_printf(a, "%s%s", *o->id == '.' ? "*" : "", o->id);
}

/* The certificate that these fields bind; NULL with HTTPS off. */
static const struct sim_object *bound(struct sim_state *s, const struct sim_object *o,
                                      const struct sim_fields *fields)
{
    const char *type = sim_field(fields, "CertType"), *id = sim_field(fields, "CertId");
    if (strcmp(sim_field(fields, "SslProtocol"), "on"))
        return NULL;
    if (!strcmp(type, "upload"))
        return state_find_ever(s, "aliyun", o->account, dialect(o->kind)->own_cert, "", id);
    return state_find_ever(s, "aliyun", o->account, "cas.certificate", sim_field(fields, "CertRegion"), id);
}

/* ---- the list ---- */

static bool name_fits(struct sim_call *c, const char *domain)
{
    const char *text = sim_arg_or(c, "DomainName", ""),
               *how = sim_arg_or(c, "DomainSearchType", "fuzzy_match");
    size_t size = strlen(text), whole = strlen(domain);
    if (!strcmp(how, "full_match"))
        return !size || !strcmp(domain, text);
    if (!strcmp(how, "pre_match"))
        return !strncmp(domain, text, size);
    if (!strcmp(how, "suf_match"))
        return size <= whole && !strcmp(domain + whole - size, text);
    return strstr(domain, text) != NULL;
}

static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    return name_fits(c, o->id) && aliyun_arg_fits(c, "DomainStatus", status_of(c, o)) &&
           aliyun_arg_fits(c, "CdnType", sim_get(c, o, "CdnType")) &&
           aliyun_arg_fits(c, "Coverage", sim_get(c, o, "Coverage")) &&
           aliyun_arg_fits(c, "ResourceGroupId", sim_get(c, o, "ResourceGroupId")) &&
           !sim_arg(c, "Tag.1.Key");
}

static void put_sources(struct json_writer *w, const char *list, const char *item)
{
    json_key(w, list);
    json_open_object(w);
    json_key(w, item);
    json_open_array(w);
    json_put_raw(
        w,
        "{\"Type\":\"ipaddr\",\"Content\":\"192.0.2.10\",\"Port\":80,\"Priority\":\"20\",\"Weight\":\"10\"}");
    json_close_array(w);
    json_close_object(w);
}

static void put_domain(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_open_object(w);
    json_member_string(w, "DomainName", o->id);
    json_member_string(w, "DomainStatus", status_of(c, o));
    json_member_string(w, of(c)->list_https, sim_show(c, o, "SslProtocol"));
    json_member_string(w, "Cname", sim_get(c, o, "Cname"));
    if (of(c)->type_name) {
        json_member_string(w, "Coverage", sim_get(c, o, "Coverage"));
        json_member_string(w, of(c)->type_name, sim_get(c, o, "CdnType"));
    }
    json_member_string(w, "ResourceGroupId", sim_get(c, o, "ResourceGroupId"));
    json_member_string(w, "GmtCreated", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "GmtModified", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "Description", "");
    json_member_string(w, "Sandbox", "normal");
    put_sources(w, "Sources", "Source");
    json_close_object(w);
}

void aliyun_cdn_user_domains(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "PageNumber", 1), size = sim_arg_int(c, "PageSize", PAGE_SIZE), total = 0;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Domains");
    json_open_object(&answer->w);
    json_key(&answer->w, "PageData");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, of(c)->kind, "", &cursor));) {
        if (!is_listed(c, o))
            continue;
        if (total >= (page - 1) * size && total < page * size)
            put_domain(c, &answer->w, o);
        total++;
    }
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    json_member_int(&answer->w, "TotalCount", total);
    json_member_int(&answer->w, "PageNumber", page);
    json_member_int(&answer->w, "PageSize", size);
    aliyun_end(c, answer);
}

static void put_certificate(struct sim_call *c, struct json_writer *w, const struct sim_object *cert)
{
    const struct x509 *leaf = sim_leaf(cert->cert);
    const char *org = strstr(leaf->issuer, "CN=");
    json_member_string(w, "CertDomainName", leaf->name_count ? leaf->names[0] : leaf->common_name);
    if (of(c)->info_times)
        json_member_string(w, "CertStartTime", aliyun_time(c, leaf->not_before_ms));
    json_member_string(w, "CertExpireTime", aliyun_time(c, leaf->not_after_ms));
    json_member_string(w, "CertLife", "months");
    json_member_string(w, "CertOrg", org ? arena_copy(c->arena, org + 3, strcspn(org + 3, ",")) : "");
    json_member_string(w, of(c)->info_pem, cert->cert->chain_pem);
}

void aliyun_cdn_certificate_info(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    const struct sim_fields *shown = state_shown(c->state, o);
    const struct sim_object *cert = bound(c->state, o, shown);
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_key(w, "CertInfos");
    json_open_object(w);
    json_key(w, "CertInfo");
    json_open_array(w);
    json_open_object(w);
    json_member_string(w, "DomainName", o->id);
    json_member_string(w, of(c)->info_https, cert ? "on" : "off");
    if (cert && cert->cert) {
        json_member_string(w, "CertId", sim_field(shown, "CertId"));
        json_member_string(w, "CertName", sim_field(shown, "CertName"));
        json_member_string(w, "CertRegion", sim_field(shown, "CertRegion"));
        json_member_string(w, "CertType", sim_field(shown, "CertType"));
        if (of(c)->info_times)
            json_member_string(w, "CertUpdateTime", sim_field(shown, "@CertUpdateTime"));
        json_member_string(w, "Status", "success");
        put_certificate(c, w, cert);
    }
    json_close_object(w);
    json_close_array(w);
    json_close_object(w);
    aliyun_end(c, answer);
}

/* ---- details and settings ---- */

void aliyun_cdn_domain_detail(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_key(w, of(c)->detail);
    json_open_object(w);
    json_member_string(w, "DomainName", o->id);
    json_member_string(w, "DomainStatus", status_of(c, o));
    json_member_string(w, of(c)->detail_https, sim_show(c, o, "SslProtocol"));
    json_member_string(w, "Cname", sim_get(c, o, "Cname"));
    json_member_string(w, "Scope", sim_get(c, o, "Coverage"));
    if (of(c)->type_name) {
        json_member_string(w, "HttpsCname", "");
        json_member_string(w, of(c)->type_name, sim_get(c, o, "CdnType"));
    }
    json_member_string(w, "ResourceGroupId", sim_get(c, o, "ResourceGroupId"));
    json_member_string(w, "GmtCreated", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "GmtModified", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "Description", "");
    put_sources(w, of(c)->sources, of(c)->source);
    json_close_object(w);
    aliyun_end(c, answer);
}

static const struct { /* settings beside the certificate, as fields "config.<function>.<argument>" */
    const char *function, *argument;
} configs[] = {
    {"https_option", "http2"},
    {"HSTS", "https_hsts_max_age"},
    {"https_force", "enable"},
    {"set_ocsp_stapling", "enabled"},
};

void aliyun_cdn_domain_configs(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_key(w, "DomainConfigs");
    json_open_object(w);
    json_key(w, "DomainConfig");
    json_open_array(w);
    for (size_t i = 0; i < countof(configs); i++) {
        const char *field = arena_printf(c->arena, "config.%s.%s", configs[i].function, configs[i].argument);
        const char *functions = sim_arg_or(c, "FunctionNames", configs[i].function);
        if (!*sim_get(c, o, field) || !strstr(functions, configs[i].function))
            continue;
        json_put_raw(w, json_format(c->arena,
                                    "{'FunctionName':%s,'ConfigId':%s,'Status':'success','FunctionArgs':"
                                    "{'FunctionArg':[{'ArgName':%s,'ArgValue':%s}]}}",
                                    configs[i].function, arena_printf(c->arena, "%zu", 5000 + i),
                                    configs[i].argument, sim_get(c, o, field)));
    }
    json_close_array(w);
    json_close_object(w);
    aliyun_end(c, answer);
}

/* ---- setting ---- */

static void bind_certificate(struct sim_call *c, struct sim_object *o, const char *type, const char *id,
                             const char *site)
{
    SIM_CHANGE(c, o, SETTLE_READS, {"SslProtocol", "on"}, {"CertType", type}, {"CertId", id},
               {"CertRegion", site}, {"CertName", sim_arg(c, "CertName")});
    if (c->wrote)
        SIM_CHANGE(c, o, SETTLE_READS, {"@CertUpdateTime", aliyun_time(c, c->now_ms)});
    aliyun_end(c, aliyun_begin(c));
}

static void set_cas(struct sim_call *c, struct sim_object *o)
{
    const char *id = sim_arg(c, "CertId"), *site = sim_arg_or(c, "CertRegion", "cn-hangzhou");
    if (!id)
        sim_fail(c, 400, "SSLPri.MissingParameter", "The parameter SSLPri is missing.");
    else if (!aliyun_is_site(site))
        sim_fail(c, 400, "Abs.CertRegion.ValueNotSupported", "The CertRegion is not supported.");
    else if (!aliyun_cas_find(c, site, id))
        sim_fail(c, 404, "Certificate.NotFound", "The certificate %s does not exist in %s.", id, site);
    else
        bind_certificate(c, o, "cas", id, site);
}

static void set_upload(struct sim_call *c, struct sim_object *o)
{
    const char *chain = sim_arg(c, "SSLPub"), *key = sim_arg(c, "SSLPri");
    struct sim_cert *parsed = NULL;
    if (!chain || !key) {
        sim_fail(c, 400, "SSLPri.MissingParameter", "The parameter SSLPub or SSLPri is missing.");
        return;
    }
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE) {
        sim_fail(c, 400, "InvalidSSLPub",
                 "The certificate and the private key do not fit or cannot be parsed.");
        return;
    }
    const char *id = arena_printf(c->arena, "%lld", (long long)(5000000 + sim_serial(c)));
    SIM_CREATE(c, of(c)->own_cert, "", id, {"Cert", chain}, {"Key", key});
    bind_certificate(c, o, "upload", id, "cn-hangzhou");
}

/* The domain if it may be changed now. */
static struct sim_object *changeable(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return NULL;
    if (sim_settling(c, o))
        sim_fail(c, 400, "ServiceBusy", "The domain is being configured, please try again later.");
    else if (strcmp(status_of(c, o), "online"))
        sim_fail(c, 400, "InvalidDomain.Offline", "The domain is offline.");
    else
        return o;
    return NULL;
}

void aliyun_cdn_set_certificate(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    if (!o)
        return;
    if (!strcmp(sim_arg(c, "SSLProtocol"), "off")) {
        SIM_CHANGE(c, o, SETTLE_READS, {"SslProtocol", "off"});
        aliyun_end(c, aliyun_begin(c));
    } else if (!*sim_arg_or(c, "CertName", "")) {
        sim_fail(c, 400, "MissingCertName", "CertName is mandatory for this action.");
    } else if (!strcmp(sim_arg_or(c, "CertType", "upload"), "cas")) {
        set_cas(c, o);
    } else {
        set_upload(c, o);
    }
}

/* ---- SM certificates ---- */

/* A pair of the store's mainland site by "<number>-cn-hangzhou"; *ret is its signing half, to be freed. */
static const struct sim_object *sm_pair(struct sim_call *c, const char *identifier, struct sim_cert **ret)
{
    const struct sim_object *o = aliyun_cas_by_identifier(c->state, c->access->account, identifier);
    bool fine = o && !o->gone && !strcmp(o->scope, "cn-hangzhou") &&
                sim_cert_new(sim_field(o->now, "SignCert"), NULL, ret, NULL);
    return fine ? o : NULL;
}

static const char *issuer_of(struct sim_call *c, const struct x509 *leaf)
{
    const char *cn = strstr(leaf->issuer, "CN=");
    return cn ? arena_copy(c->arena, cn + 3, strcspn(cn + 3, ",")) : "";
}

void aliyun_cdn_set_sm(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    const char *identifier = sim_arg(c, "CertIdentifier");
    struct sim_cert *cert = NULL;
    if (!o)
        return;
    if (!strcmp(sim_arg(c, "SSLProtocol"), "off")) {
        SIM_CHANGE(c, o, SETTLE_READS, {"SmProtocol", "off"}, {"SmCertIdentifier", NULL});
        aliyun_end(c, aliyun_begin(c));
    } else if (!sm_pair(c, identifier, &cert)) {
        sim_fail(c, 400, "InvalidCertIdentifier.ValueNotSupported", "The CertIdentifier %s is not supported.",
                 identifier);
    } else {
        SIM_CHANGE(c, o, SETTLE_READS, {"SmProtocol", "on"}, {"SmCertIdentifier", identifier});
        aliyun_end(c, aliyun_begin(c));
    }
    sim_cert_free(cert);
}

static void put_candidate(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                          const struct sim_cert *cert)
{
    const struct x509 *leaf = sim_leaf(cert);
    json_open_object(w);
    json_member_string(w, "CertIdentifier", arena_printf(c->arena, "%s-%s", o->id, o->scope));
    json_member_string(w, "CertName", sim_get(c, o, "Name"));
    json_member_string(w, "Common", leaf->common_name);
    json_member_string(w, "Issuer", issuer_of(c, leaf));
    json_close_object(w);
}

/* Those that the domain could take, bound or not. */
void aliyun_cdn_sm_list(struct sim_call *c)
{
    const struct sim_object *domain = wanted(c), *o;
    if (!domain)
        return;
    int64_t count = 0;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_key(w, "CertificateListModel");
    json_open_object(w);
    json_key(w, "CertList");
    if (!of(c)->sm_list_plain) {
        json_open_object(w);
        json_key(w, "Cert");
    }
    json_open_array(w);
    for (size_t cursor = 0; (o = sim_next(c, "cas.certificate", "cn-hangzhou", &cursor));) {
        struct sim_cert *cert = NULL;
        if (*sim_get(c, o, "SignCert") && sim_cert_new(sim_get(c, o, "SignCert"), NULL, &cert, NULL) &&
            sim_cert_covers(cert, name_of(c->arena, domain))) {
            put_candidate(c, w, o, cert);
            count++;
        }
        sim_cert_free(cert);
    }
    json_close_array(w);
    if (!of(c)->sm_list_plain)
        json_close_object(w);
    json_member_int(w, "Count", count);
    json_close_object(w);
    aliyun_end(c, answer);
}

void aliyun_cdn_sm_detail(struct sim_call *c)
{
    const char *identifier = sim_arg(c, "CertIdentifier");
    struct sim_cert *cert = NULL;
    const struct sim_object *o = sm_pair(c, identifier, &cert);
    if (!o) {
        sim_fail(c, 400, "InvalidCertIdentifier.ValueNotSupported", "The CertIdentifier %s is not supported.",
                 identifier);
        return;
    }
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_member_string(w, "CertIdentifier", identifier);
    json_member_string(w, "CertName", sim_get(c, o, "Name"));
    json_member_string(w, "CertOrg", issuer_of(c, sim_leaf(cert)));
    json_member_string(w, "CertExpireTime", aliyun_time(c, sim_leaf(cert)->not_after_ms));
    json_member_string(w, "CommonName", sim_leaf(cert)->common_name);
    json_member_string(w, "Sans", sim_cert_names(c->arena, cert, ","));
    json_member_string(w, "SignCertificate", sim_get(c, o, "SignCert"));
    json_member_string(w, "EncryptCertificate", sim_get(c, o, "EncryptCert"));
    sim_cert_free(cert);
    aliyun_end(c, answer);
}

/* ---- resources ---- */

bool aliyun_cdn_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = dialect(o->kind)->code,
                              .id = o->id,
                              .domain = name_of(a, o),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "Cname"))};
    return true;
}

const struct sim_object *aliyun_cdn_choose(struct sim_state *s, const struct sim_object *o,
                                           const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return bound(s, o, view);
}

void aliyun_cdn_seed(struct sim_seeding *s, const char *code, size_t n)
{
    const char *names = sim_seed_names(s, n);
    const char *name = sim_list_item(s->arena, names, 0);
    const char *domain = name + (*name == '*');
    bool on = sim_seed_has_https(n);
    const char *site = n % 12 == 4 ? "ap-southeast-1" : "cn-hangzhou";
    const char *id = on ? aliyun_seed_cas(s, site, name) : "";
    SIM_SEED(s, dialect(code)->kind, "", domain, {"DomainStatus", "online"},
             {"SslProtocol", on ? "on" : "off"},
             {"Cname", arena_printf(s->arena, "%s.w.%s.com", *domain == '.' ? domain + 1 : domain,
                                    dialect(code)->cname)},
             {"Coverage", n % 12 == 4 ? "overseas" : "domestic"},
             {"CdnType", n % 5 == 2 ? "download" : "web"}, {"ResourceGroupId", "rg-acfmv3s4eaqayaq"},
             {"GmtCreated", time_iso(s->arena, s->now_ms - 100 * 86400000LL)}, {"CertType", on ? "cas" : ""},
             {"CertId", id}, {"CertRegion", on ? site : ""},
             {"CertName", on ? arena_printf(s->arena, "old_%s", id) : ""},
             {"@CertUpdateTime", time_iso(s->arena, s->now_ms - 80 * 86400000LL)},
             {"config.https_option.http2", "on"}, {"config.HSTS.https_hsts_max_age", "5184000"},
             {"config.https_force.enable", "on"}, {"config.set_ocsp_stapling.enabled", "on"});
}

/* CDN. A wildcard domain is written ".example.com". A change is accepted at once, then the domain is "configuring" while
 * it spreads, and refuses another one (ServiceBusy); DescribeDomainCertificateInfo may still show the old certificate.
 * An uploaded certificate (CertType "upload") gets a number of its own, which CAS does not know.
 */
#include "sim/aliyun/page.h"

#include <string.h>

enum { PAGE_SIZE = 20 };

static const char kind[] = "cdn.domain", own_cert[] = "@cdn.certificate";

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, kind, "", sim_arg(c, "DomainName"));
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
        return state_find_ever(s, "aliyun", o->account, own_cert, "", id);
    return state_find_ever(s, "aliyun", o->account, "cas.certificate", sim_field(fields, "CertRegion"), id);
}

/* ---- DescribeUserDomains ---- */

static const struct sim_param user_domains_params[] = {
    {"CdnType", IN_QUERY, T_STRING, .values = "web download video"},
    {"ChangeEndTime", IN_QUERY, T_STRING},
    {"ChangeStartTime", IN_QUERY, T_STRING},
    {"CheckDomainShow", IN_QUERY, T_BOOLEAN},
    {"Coverage", IN_QUERY, T_STRING, .values = "domestic global overseas"},
    {"DomainName", IN_QUERY, T_STRING},
    {"DomainSearchType", IN_QUERY, T_STRING, .values = "fuzzy_match pre_match suf_match full_match"},
    {"DomainStatus", IN_QUERY, T_STRING,
     .values = "online offline configuring configure_failed checking check_failed stopping deleting"},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 500},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"SecurityToken", IN_QUERY, T_STRING},
    {"Source", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

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
    json_member_string(w, "SslProtocol", sim_show(c, o, "SslProtocol"));
    json_member_string(w, "Cname", sim_get(c, o, "Cname"));
    json_member_string(w, "Coverage", sim_get(c, o, "Coverage"));
    json_member_string(w, "CdnType", sim_get(c, o, "CdnType"));
    json_member_string(w, "ResourceGroupId", sim_get(c, o, "ResourceGroupId"));
    json_member_string(w, "GmtCreated", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "GmtModified", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "Description", "");
    json_member_string(w, "Sandbox", "normal");
    put_sources(w, "Sources", "Source");
    json_close_object(w);
}

static void user_domains(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "PageNumber", 1), size = sim_arg_int(c, "PageSize", PAGE_SIZE), total = 0;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Domains");
    json_open_object(&answer->w);
    json_key(&answer->w, "PageData");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, "", &cursor));) {
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

/* ---- DescribeDomainCertificateInfo ---- */

static const struct sim_param info_params[] = {
    {"DomainName", IN_QUERY, T_STRING, .required = true},
};

static const struct sim_param domain_params[] = {
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static void put_certificate(struct sim_call *c, struct json_writer *w, const struct sim_object *cert)
{
    const struct x509 *leaf = sim_leaf(cert->cert);
    const char *org = strstr(leaf->issuer, "CN=");
    json_member_string(w, "CertDomainName", leaf->name_count ? leaf->names[0] : leaf->common_name);
    json_member_string(w, "CertStartTime", aliyun_time(c, leaf->not_before_ms));
    json_member_string(w, "CertExpireTime", aliyun_time(c, leaf->not_after_ms));
    json_member_string(w, "CertLife", "months");
    json_member_string(w, "CertOrg", org ? arena_copy(c->arena, org + 3, strcspn(org + 3, ",")) : "");
    json_member_string(w, "ServerCertificate", cert->cert->chain_pem);
}

static void certificate_info(struct sim_call *c)
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
    json_member_string(w, "ServerCertificateStatus", cert ? "on" : "off");
    if (cert && cert->cert) {
        json_member_string(w, "CertId", sim_field(shown, "CertId"));
        json_member_string(w, "CertName", sim_field(shown, "CertName"));
        json_member_string(w, "CertRegion", sim_field(shown, "CertRegion"));
        json_member_string(w, "CertType", sim_field(shown, "CertType"));
        json_member_string(w, "CertUpdateTime", sim_field(shown, "@CertUpdateTime"));
        json_member_string(w, "Status", "success");
        put_certificate(c, w, cert);
    }
    json_close_object(w);
    json_close_array(w);
    json_close_object(w);
    aliyun_end(c, answer);
}

/* ---- DescribeCdnDomainDetail, DescribeCdnDomainConfigs ---- */

static void domain_detail(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_key(w, "GetDomainDetailModel");
    json_open_object(w);
    json_member_string(w, "DomainName", o->id);
    json_member_string(w, "DomainStatus", status_of(c, o));
    json_member_string(w, "ServerCertificateStatus", sim_show(c, o, "SslProtocol"));
    json_member_string(w, "Cname", sim_get(c, o, "Cname"));
    json_member_string(w, "HttpsCname", "");
    json_member_string(w, "Scope", sim_get(c, o, "Coverage"));
    json_member_string(w, "CdnType", sim_get(c, o, "CdnType"));
    json_member_string(w, "ResourceGroupId", sim_get(c, o, "ResourceGroupId"));
    json_member_string(w, "GmtCreated", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "GmtModified", sim_get(c, o, "GmtCreated"));
    json_member_string(w, "Description", "");
    put_sources(w, "SourceModels", "SourceModel");
    json_close_object(w);
    aliyun_end(c, answer);
}

static const struct sim_param configs_params[] = {
    {"ConfigId", IN_QUERY, T_STRING},      {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"FunctionNames", IN_QUERY, T_STRING}, {"OwnerId", IN_QUERY, T_INTEGER},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static const struct { /* settings beside the certificate, as fields "config.<function>.<argument>" */
    const char *function, *argument;
} configs[] = {
    {"https_option", "http2"},
    {"HSTS", "https_hsts_max_age"},
    {"https_force", "enable"},
    {"set_ocsp_stapling", "enabled"},
};

static void domain_configs(struct sim_call *c)
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

/* ---- SetCdnDomainSSLCertificate ---- */

static const struct sim_param set_params[] = {
    {"CertId", IN_QUERY, T_INTEGER},
    {"CertName", IN_QUERY, T_STRING},
    {"CertRegion", IN_QUERY, T_STRING},
    {"CertType", IN_QUERY, T_STRING, .values = "cas upload"},
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"SSLPri", IN_QUERY, T_STRING},
    {"SSLProtocol", IN_QUERY, T_STRING, .required = true, .values = "on off"},
    {"SSLPub", IN_QUERY, T_STRING},
    {"SecurityToken", IN_QUERY, T_STRING},
};

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
    SIM_CREATE(c, own_cert, "", id, {"Cert", chain}, {"Key", key});
    bind_certificate(c, o, "upload", id, "cn-hangzhou");
}

static void set_certificate(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    if (sim_settling(c, o)) {
        sim_fail(c, 400, "ServiceBusy", "The domain is being configured, please try again later.");
    } else if (strcmp(status_of(c, o), "online")) {
        sim_fail(c, 400, "InvalidDomain.Offline", "The domain is offline.");
    } else if (!strcmp(sim_arg(c, "SSLProtocol"), "off")) {
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

static const struct sim_operation operations[] = {
    {.name = "DescribeUserDomains", SIM_PARAMS(user_domains_params), .run = user_domains},
    {.name = "DescribeDomainCertificateInfo",
     .resource = "DomainName",
     SIM_PARAMS(info_params),
     .run = certificate_info},
    {.name = "DescribeCdnDomainDetail",
     .resource = "DomainName",
     SIM_PARAMS(domain_params),
     .run = domain_detail},
    {.name = "DescribeCdnDomainConfigs",
     .resource = "DomainName",
     SIM_PARAMS(configs_params),
     .run = domain_configs},
    {.name = "SetCdnDomainSSLCertificate",
     .writes = true,
     .resource = "DomainName",
     SIM_PARAMS(set_params),
     .run = set_certificate},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "cdn",
                              .id = o->id,
                              .domain = name_of(a, o),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "Cname"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return bound(s, o, view);
}

static void generate(struct sim_seeding *s, size_t n)
{
    const char *names = sim_seed_names(s, n);
    const char *name = sim_list_item(s->arena, names, 0);
    const char *domain = name + (*name == '*');
    bool on = sim_seed_has_https(n);
    const char *site = n % 12 == 4 ? "ap-southeast-1" : "cn-hangzhou";
    const char *id = on ? aliyun_seed_cas(s, site, name) : "";
    SIM_SEED(s, kind, "", domain, {"DomainStatus", "online"}, {"SslProtocol", on ? "on" : "off"},
             {"Cname", arena_printf(s->arena, "%s.w.kunlunsl.com", *domain == '.' ? domain + 1 : domain)},
             {"Coverage", n % 12 == 4 ? "overseas" : "domestic"},
             {"CdnType", n % 5 == 2 ? "download" : "web"}, {"ResourceGroupId", "rg-acfmv3s4eaqayaq"},
             {"GmtCreated", time_iso(s->arena, s->now_ms - 100 * 86400000LL)}, {"CertType", on ? "cas" : ""},
             {"CertId", id}, {"CertRegion", on ? site : ""},
             {"CertName", on ? arena_printf(s->arena, "old_%s", id) : ""},
             {"@CertUpdateTime", time_iso(s->arena, s->now_ms - 80 * 86400000LL)},
             {"config.https_option.http2", "on"}, {"config.HSTS.https_hsts_max_age", "5184000"},
             {"config.https_force.enable", "on"}, {"config.set_ocsp_stapling.enabled", "on"});
}

static const char *const hosts[] = {"cdn.aliyuncs.com", "cdn.ap-southeast-1.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_cdn = {.cloud = "aliyun",
                                           .code = "cdn",
                                           .version = "2018-05-10",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

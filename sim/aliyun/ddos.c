/* Anti-DDoS Proxy (DDoSCoo), website rules at two sites. A domain whose rule has the protocol https may have a certificate of
 * the site's store; once it has one there is always one. Its SM2 certificate is shown (GmCert), but no call sets it.
 * AssociateWebCert takes exactly one of three ways to name a certificate, all in a form.
 */
#include "sim/aliyun/page.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 10 };

static const char kind[] = "ddoscoo.rule", instance_kind[] = "ddoscoo.instance", store[] = "cas.certificate";

static bool on_an_instance(struct sim_call *c, const struct sim_object *o)
{
    return aliyun_is_asked(c, "InstanceIds[]", sim_get(c, o, "InstanceId"));
}

/* ---- DescribeDomains, DescribeWebRules ---- */

static const struct sim_param domains_params[] = {
    {"InstanceIds[]", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
};

static void describe_domains(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Domains");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));)
        if (on_an_instance(c, o))
            json_put_string(&answer->w, o->id);
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

static const struct sim_param rules_params[] = {
    {"Cname", IN_QUERY, T_STRING},
    {"Domain", IN_QUERY, T_STRING},
    {"InstanceIds[]", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = PAGE_MAX},
    {"QueryDomainPattern", IN_QUERY, T_STRING, .values = "fuzzy exact"},
    {"ResourceGroupId", IN_QUERY, T_STRING},
};

static const struct sim_object *bound(struct sim_state *s, const struct sim_object *o,
                                      const struct sim_fields *fields)
{
    const char *id = sim_field(fields, "CertId");
    return *id ? state_find_ever(s, "aliyun", o->account, store, o->scope, id) : NULL;
}

static void put_bound(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct sim_object *cert = bound(c->state, o, o->now);
    if (!cert || !cert->cert)
        return;
    json_member_string(w, "CertName", arena_printf(c->arena, "%s.pem", sim_get(c, cert, "Name")));
    json_member_string(w, "UserCertName", sim_get(c, cert, "Name"));
    json_member_string(w, "CertRegion", o->scope);
    json_member_int(w, "CertExpireTime", sim_leaf(cert->cert)->not_after_ms);
}

static const char *const plain[] = {"Http2Enable",   "Https2HttpEnable",   "Http2HttpsEnable",
                                    "OcspEnabled",   "Ssl13Enabled",       "ProxyTypes",
                                    "CustomCiphers", "Tls13CustomCiphers", "GmCert",
                                    "RealServers"};

static void put_rule(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_open_object(w);
    json_member_string(w, "Domain", o->id);
    json_member_string(w, "Cname", sim_get(c, o, "Cname"));
    json_member_string(w, "SslProtocols", sim_get(c, o, "SslProtocols"));
    json_member_string(w, "SslCiphers", sim_get(c, o, "SslCiphers"));
    json_member_string(w, "PolicyMode", "ip_hash");
    json_member_bool(w, "ProxyEnabled", true);
    json_member_bool(w, "CcEnabled", true);
    json_member_bool(w, "PunishStatus", false);
    for (size_t i = 0; i < countof(plain); i++)
        json_member_raw(w, plain[i], sim_get(c, o, plain[i]));
    put_bound(c, w, o);
    json_close_object(w);
}

static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    const char *domain = sim_arg_or(c, "Domain", "");
    bool exact = !strcmp(sim_arg_or(c, "QueryDomainPattern", "fuzzy"), "exact");
    return on_an_instance(c, o) && aliyun_arg_fits(c, "Cname", sim_get(c, o, "Cname")) &&
           (exact && *domain ? !strcmp(o->id, domain) : strstr(o->id, domain) != NULL);
}

static void describe_rules(struct sim_call *c)
{
    struct aliyun_page p;
    aliyun_numbered_open(c, &p, "WebRules", PAGE_MAX);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));)
        if (is_listed(c, o) && aliyun_page_holds(&p))
            put_rule(c, &p.answer->w, o);
    aliyun_numbered_close(c, &p);
}

/* ---- DescribeCerts ---- */

static const struct sim_param certs_params[] = {
    {"Domain", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
};

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, kind, c->region, sim_arg_or(c, "Domain", ""));
    if (!o)
        sim_fail(c, 400, "DomainNotExist", "The domain does not exist.");
    return o;
}

static char *day(struct sim_call *c, int64_t ms)
{
    return arena_copy(c->arena, time_iso(c->arena, ms), 10);
}

static void put_cert(struct sim_call *c, struct json_writer *w, const struct sim_object *cert, bool is_bound)
{
    const struct x509 *leaf = sim_leaf(cert->cert);
    json_put_raw(w, json_format(c->arena,
                                "{'Id':%p,'CertIdentifier':%s,'Name':%s,'Common':%s,'DomainRelated':%p,"
                                "'StartDate':%s,'EndDate':%s,'Issuer':%s}",
                                cert->id, arena_printf(c->arena, "%s-%s", cert->id, cert->scope),
                                sim_get(c, cert, "Name"),
                                leaf->name_count ? leaf->names[0] : leaf->common_name, json_boolean(is_bound),
                                day(c, leaf->not_before_ms), day(c, leaf->not_after_ms), leaf->issuer));
}

/* Those of the store that cover the domain, and the bound one even if it is in the store no more. */
static void describe_certs(struct sim_call *c)
{
    const char *domain = sim_arg(c, "Domain");
    const struct sim_object *o = domain ? wanted(c) : NULL, *cert;
    if (domain && !o)
        return;
    const struct sim_object *used = o ? bound(c->state, o, o->now) : NULL;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Certs");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (cert = sim_next(c, store, c->region, &cursor));)
        if (cert->cert && (cert == used || !domain || sim_cert_covers(cert->cert, domain)))
            put_cert(c, &answer->w, cert, cert == used);
    if (used && used->gone && used->cert)
        put_cert(c, &answer->w, used, true);
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

/* ---- AssociateWebCert ---- */

static const struct sim_param associate_params[] = {
    {"Cert", IN_FORM, T_STRING},
    {"CertId", IN_FORM, T_INTEGER},
    {"CertIdentifier", IN_FORM, T_STRING},
    {"CertName", IN_FORM, T_STRING},
    {"CertRegion", IN_FORM, T_STRING, .values = "cn-hangzhou ap-southeast-1"},
    {"Domain", IN_FORM, T_STRING, .required = true},
    {"Key", IN_FORM, T_STRING},
};

/* The text's certificate, brought into the site's store; NULL after a refusal. */
static const struct sim_object *brought(struct sim_call *c)
{
    struct sim_cert *parsed = NULL;
    const char *chain = sim_arg_or(c, "Cert", ""), *key = sim_arg_or(c, "Key", "");
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE) {
        sim_fail(c, 400, "InvalidCert",
                 "The certificate and the private key do not fit or cannot be parsed.");
        return NULL;
    }
    const char *id = arena_printf(c->arena, "%lld", (long long)(6000000 + sim_serial(c)));
    return SIM_CREATE(c, store, c->region, id, {"Name", sim_arg(c, "CertName")}, {"Cert", chain},
                      {"Key", key});
}

static const struct sim_object *named(struct sim_call *c)
{
    const char *identifier = sim_arg(c, "CertIdentifier"), *id = sim_arg(c, "CertId"),
               *name = sim_arg(c, "CertName");
    if (!!identifier + !!id + !!name != 1) {
        sim_fail(c, 400, "InvalidParams",
                 "Give one of CertIdentifier, CertId, and CertName with Cert and Key.");
        return NULL;
    }
    if (name)
        return brought(c);
    const char *site = sim_arg_or(c, "CertRegion", "cn-hangzhou");
    const struct sim_object *cert = identifier
                                        ? aliyun_cas_by_identifier(c->state, c->access->account, identifier)
                                        : aliyun_cas_find(c, site, id);
    if (cert && !cert->gone && cert->cert && !strcmp(cert->scope, c->region))
        return cert;
    sim_fail(c, 400, "CertNotExist", "The certificate does not exist, or is none that can be associated.");
    return NULL;
}

static void associate(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (o && !strstr(sim_get(c, o, "ProxyTypes"), "\"https\"")) {
        sim_fail(c, 400, "HttpsNotEnabled", "The rule of the domain has no protocol https.");
        return;
    }
    const struct sim_object *cert = o ? named(c) : NULL;
    if (!cert)
        return;
    SIM_CHANGE(c, o, SETTLE_EDGE, {"CertId", cert->id});
    aliyun_end(c, aliyun_begin(c));
}

static const struct sim_operation operations[] = {
    {.name = "DescribeDomains", SIM_PARAMS(domains_params), .run = describe_domains},
    {.name = "DescribeWebRules", .resource = "Domain", SIM_PARAMS(rules_params), .run = describe_rules},
    {.name = "DescribeCerts", .resource = "Domain", SIM_PARAMS(certs_params), .run = describe_certs},
    {.name = "AssociateWebCert",
     .writes = true,
     .resource = "Domain",
     SIM_PARAMS(associate_params),
     .run = associate},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "ddos",
                              .id = o->id,
                              .domain = o->id,
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
    const char *site = n % 4 == 3 ? "ap-southeast-1" : "cn-hangzhou";
    const char *domain = sim_list_item(s->arena, sim_seed_names(s, n), 0);
    const char *digits = sim_hex_id(s->arena, arena_printf(s->arena, "ddos %s %s", site, domain), 16);
    const char *instance =
        arena_printf(s->arena, "ddoscoo-%s-%s", *site == 'c' ? "cn" : "intl", sim_hex_id(s->arena, site, 9));
    bool https = sim_seed_has_https(n), has_cert = https && n % 10 != 5;
    SIM_SEED(s, instance_kind, site, instance, {"Status", "1"});
    SIM_SEED(s, kind, site, domain, {"InstanceId", instance},
             {"Cname", arena_printf(s->arena, "%s.aliyunddos0007.com", digits)},
             {"CertId", has_cert ? aliyun_seed_cas(s, site, domain) : ""},
             {"ProxyTypes", https ? "[{\"ProxyType\":\"http\",\"ProxyPorts\":[\"80\"]},"
                                    "{\"ProxyType\":\"https\",\"ProxyPorts\":[\"443\",\"8443\"]}]"
                                  : "[{\"ProxyType\":\"http\",\"ProxyPorts\":[\"80\"]}]"},
             {"RealServers", "[{\"RealServer\":\"192.0.2.10\",\"RsType\":0}]"}, {"SslProtocols", "tls1.2"},
             {"SslCiphers", "strict"}, {"CustomCiphers", "[]"}, {"Tls13CustomCiphers", "[]"},
             {"Ssl13Enabled", "true"}, {"Http2Enable", "true"},
             {"Http2HttpsEnable", https ? "true" : "false"}, {"Https2HttpEnable", "false"},
             {"OcspEnabled", "true"},
             {"GmCert", n % 10 == 2 ? "{\"CertId\":\"9990001\",\"GmEnable\":1,\"GmOnly\":0}"
                                    : "{\"CertId\":\"\",\"GmEnable\":0,\"GmOnly\":0}"});
}

static const char *const hosts[] = {"ddoscoo.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_ddos = {.cloud = "aliyun",
                                            .code = "ddoscoo",
                                            .version = "2020-01-01",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .resource_kind = kind,
                                            .generate = generate,
                                            .entry = entry,
                                            .choose = choose};

/* WAF 3.0, domains in CNAME mode. An account has at most one instance at each of the two sites; all calls but
 * DescribeInstance name it. ModifyDomain resets every setting that it does not name, and so, of the settings that it
 * takes, does ModifyDomainCert. Settings that the answer spells differently from the request have to be turned by the
 * client; two cannot be read at all (CnameEnabled, RoutingRules). While a change spreads, Status is 3 and another one is
 * refused as Waf.Pullin.ResourceProcessing.
 */
#include "sim/aliyun/page.h"

#include <string.h>

enum { PAGE_SIZE = 10, PAGE_MAX = 50 };

static const char kind[] = "waf3.domain", instance_kind[] = "waf3.instance";

/* ---- settings: members of the documents Listen and Redirect, kept as fields of JSON text ---- */

enum shape { TEXT, NUMBER, SWITCH, TEXTS, NUMBERS, OBJECTS };

struct setting {
    const char *name;
    enum shape shape;
    const char *reset; /* what it becomes when a request does not name it; NULL: absent */
    bool hidden;       /* no answer shows it */
};

static const struct setting listen_settings[] = {
    {"CertId", TEXT, NULL, false},
    {"CipherSuite", NUMBER, "1", false},
    {"CustomCiphers", TEXTS, "[]", false},
    {"EnableTLSv3", SWITCH, "false", false},
    {"ExclusiveIp", SWITCH, "false", false},
    {"FocusHttps", SWITCH, "false", false},
    {"HstsIncludeSubDomain", SWITCH, "false", false},
    {"HstsMaxAge", NUMBER, NULL, false},
    {"HstsPreload", SWITCH, "false", false},
    {"Http2Enabled", SWITCH, "false", false},
    {"HttpPorts", NUMBERS, "[]", false},
    {"HttpsPorts", NUMBERS, "[]", false},
    {"IPv6Enabled", SWITCH, "false", false},
    {"ProtectionResource", TEXT, "\"share\"", false},
    {"SM2AccessOnly", SWITCH, NULL, false},
    {"SM2CertId", TEXT, NULL, false},
    {"SM2Enabled", SWITCH, "false", false},
    {"TLSVersion", TEXT, NULL, false},
    {"XffHeaderMode", NUMBER, "0", false},
    {"XffHeaders", TEXTS, "[]", false},
};

static const struct setting redirect_settings[] = {
    {"BackendPorts", OBJECTS, "[]", false},
    {"Backends", TEXTS, "[]", false},
    {"BackupBackends", TEXTS, "[]", false},
    {"CnameEnabled", SWITCH, "false", true},
    {"ConnectTimeout", NUMBER, "5", false},
    {"FocusHttpBackend", SWITCH, "false", false},
    {"Http2Origin", SWITCH, "false", false},
    {"Http2OriginMaxConcurrency", NUMBER, NULL, false},
    {"Keepalive", SWITCH, "true", false},
    {"KeepaliveRequests", NUMBER, "1000", false},
    {"KeepaliveTimeout", NUMBER, "15", false},
    {"Loadbalance", TEXT, NULL, false},
    {"MaxBodySize", NUMBER, NULL, false},
    {"ProxyProtocol", SWITCH, "false", false},
    {"ReadTimeout", NUMBER, "120", false},
    {"RequestHeaders", OBJECTS, "[]", false},
    {"Retry", SWITCH, "true", false},
    {"RoutingRules", TEXT, NULL, true},
    {"SniEnabled", SWITCH, "false", false},
    {"SniHost", TEXT, NULL, false},
    {"WLProxyClientIp", SWITCH, "false", false},
    {"WebServerType", SWITCH, "false", false},
    {"WriteTimeout", NUMBER, "120", false},
    {"XClientIp", SWITCH, "false", false},
    {"XTrueIp", SWITCH, "false", false},
    {"XffProto", SWITCH, "false", false},
};

static const struct document {
    const char *name;
    const struct setting *settings;
    size_t count;
} documents[] = {{"Listen", listen_settings, countof(listen_settings)},
                 {"Redirect", redirect_settings, countof(redirect_settings)}};

static bool is_list_of(const struct json *v, enum shape shape)
{
    for (size_t i = 0; i < json_count(v); i++) {
        const struct json *item = json_item(v, i);
        if (shape == TEXTS     ? !json_is_string(item)
            : shape == NUMBERS ? !json_is_number(item)
                               : !json_is_object(item))
            return false;
    }
    return json_is_array(v);
}

static bool has_shape(const struct json *v, enum shape shape)
{
    switch (shape) {
    case TEXT:
        return json_is_string(v);
    case NUMBER:
        return json_is_number(v);
    case SWITCH:
        return json_bool(v, true) == json_bool(v, false) && !json_is_string(v);
    case TEXTS:
    case NUMBERS:
    case OBJECTS:
        return is_list_of(v, shape);
    }
    return false;
}

static const struct setting *setting_of(const struct document *d, const char *name)
{
    for (size_t i = 0; i < d->count; i++)
        if (!strcmp(d->settings[i].name, name))
            return &d->settings[i];
    return NULL;
}

static char *field_of(struct arena *a, const struct document *d, const struct setting *s)
{
    return arena_printf(a, "%s.%s", d->name, s->name);
}

static bool refuse(struct sim_call *c, enum sim_refusal why, const char *name)
{
    c->vendor->refuse(c, why, name);
    return false;
}

/* The request's document; NULL after a refusal. */
static const struct json *sent_document(struct sim_call *c, const struct document *d)
{
    const char *text = sim_arg_or(c, d->name, ""), *name;
    const struct json *v = NULL, *value;
    if (!json_parse(c->arena, text, strlen(text), &v, NULL) || !json_is_object(v)) {
        refuse(c, REFUSE_BAD_PARAMETER, d->name);
        return NULL;
    }
    for (size_t i = 0; json_member(v, i, &name, &value); i++) {
        const struct setting *s = setting_of(d, name);
        if (!s || (!json_is_null(value) && !has_shape(value, s->shape))) {
            refuse(c, s ? REFUSE_BAD_PARAMETER : REFUSE_UNKNOWN_PARAMETER,
                   arena_printf(c->arena, "%s.%s", d->name, name));
            return NULL;
        }
    }
    return v;
}

/* ---- what calls have in common ---- */

/* The account's instance at this site if the call names it; NULL after a refusal. */
static struct sim_object *instance(struct sim_call *c)
{
    const char *region = sim_arg_or(c, "RegionId", "cn-hangzhou");
    struct sim_object *o = sim_find(c, instance_kind, c->region, sim_arg_or(c, "InstanceId", ""));
    if (strcmp(region, c->region))
        sim_fail(c, 400, "InvalidRegionId", "The region %s is not served here.", region);
    else if (!o)
        sim_fail(c, 400, "Waf.Pullin.InstanceNotExist", "The instance does not exist.");
    return strcmp(region, c->region) ? NULL : o;
}

static struct sim_object *wanted(struct sim_call *c)
{
    if (!instance(c))
        return NULL;
    const char *domain = sim_arg(c, "Domain"), *id = sim_arg(c, "DomainId");
    struct sim_object *o = domain ? sim_find(c, kind, c->region, domain) : NULL;
    for (size_t cursor = 0; !domain && id && (o = sim_next(c, kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "DomainId"), id))
            break;
    if (!domain && !id)
        refuse(c, REFUSE_MISSING_PARAMETER, "Domain");
    else if (!o)
        sim_fail(c, 400, "Waf.Pullin.DomainNotExist", "The domain does not exist.");
    return o;
}

/* The domain when it may be changed now; NULL after a refusal. */
static struct sim_object *changeable(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o || !sim_settling(c, o))
        return o;
    sim_fail(c, 400, "Waf.Pullin.ResourceProcessing", "The resource is being processed, try again later.");
    return NULL;
}

static bool certificate_exists(struct sim_call *c, const char *id)
{
    const struct sim_object *cert = aliyun_cas_by_identifier(c->state, c->access->account, id);
    if (cert && !cert->gone && !strcmp(cert->scope, c->region))
        return true;
    sim_fail(c, 400, "Waf.Pullin.CertNotExist", "The certificate %s does not exist.", id);
    return false;
}

/* ---- DescribeInstance ---- */

static const struct sim_param instance_params[] = {
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceManagerResourceGroupId", IN_QUERY, T_STRING},
};

static void describe_instance(struct sim_call *c)
{
    size_t cursor = 0;
    const struct sim_object *o = sim_next(c, instance_kind, c->region, &cursor);
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    if (o) {
        json_member_string(w, "InstanceId", o->id);
        json_member_string(w, "Edition", "default_version");
        json_member_string(w, "PayType", "POSTPAY");
        json_member_string(w, "RegionId", c->region);
        json_member_int(w, "Status", 1);
        json_member_string(w, "InDebt", "1");
    }
    aliyun_end(c, answer);
}

/* ---- DescribeDomains ---- */

static const struct sim_param domains_params[] = {
    {"Backend", IN_QUERY, T_STRING},
    {"Domain", IN_QUERY, T_STRING},
    {"DomainId", IN_QUERY, T_STRING},
    {"InstanceId", IN_QUERY, T_STRING, .required = true},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = PAGE_MAX},
    {"RegionId", IN_QUERY, T_STRING, .values = "cn-hangzhou ap-southeast-1"},
    {"ResourceManagerResourceGroupId", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static const char *status_of(struct sim_call *c, const struct sim_object *o)
{
    return sim_settling(c, o) ? "3" : sim_get(c, o, "Status");
}

static void put_domain(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_put_raw(w, json_format(c->arena,
                                "{'Domain':%s,'DomainId':%s,'Cname':%s,'Status':%p,"
                                "'ResourceManagerResourceGroupId':'rg-acfmv3s4eaqayaq',"
                                "'ListenPorts':{'Http':%p,'Https':%p}}",
                                o->id, sim_get(c, o, "DomainId"), sim_get(c, o, "Cname"), status_of(c, o),
                                sim_get(c, o, "Listen.HttpPorts"), sim_get(c, o, "Listen.HttpsPorts")));
}

static void describe_domains(struct sim_call *c)
{
    struct aliyun_page p;
    if (!instance(c))
        return;
    aliyun_numbered_open(c, &p, "Domains", PAGE_SIZE);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));)
        if (strstr(o->id, sim_arg_or(c, "Domain", "")) &&
            aliyun_arg_fits(c, "DomainId", sim_get(c, o, "DomainId")) && !sim_arg(c, "Tag.1.Key") &&
            strstr(sim_get(c, o, "Redirect.Backends"), sim_arg_or(c, "Backend", "")) && aliyun_page_holds(&p))
            put_domain(c, &p.answer->w, o);
    aliyun_numbered_close(c, &p);
}

/* ---- DescribeDomainDetail ---- */

static const struct sim_param detail_params[] = {
    {"Domain", IN_QUERY, T_STRING},
    {"DomainId", IN_QUERY, T_STRING},
    {"InstanceId", IN_QUERY, T_STRING, .required = true},
    {"RegionId", IN_QUERY, T_STRING, .values = "cn-hangzhou ap-southeast-1"},
};

/* Back ends are texts in a request and objects in an answer. */
static void put_backends(struct sim_call *c, struct json_writer *w, const char *name, const char *plain_name,
                         const char *list)
{
    const struct json *v = NULL;
    if (!json_parse(c->arena, list, strlen(list), &v, NULL))
        return;
    json_key(w, name);
    json_open_array(w);
    for (size_t i = 0; i < json_count(v); i++)
        json_put_raw(w, json_format(c->arena, "{'Backend':%s}", json_str(json_item(v, i), "")));
    json_close_array(w);
    json_member_raw(w, plain_name, list);
}

static void put_document(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                         const struct document *d)
{
    json_key(w, d->name);
    json_open_object(w);
    for (size_t i = 0; i < d->count; i++) {
        const struct setting *s = &d->settings[i];
        const char *value = sim_show(c, o, field_of(c->arena, d, s));
        if (!*value || s->hidden)
            continue;
        if (!strcmp(s->name, "Backends"))
            put_backends(c, w, s->name, "BackendList", value);
        else if (!strcmp(s->name, "BackupBackends"))
            put_backends(c, w, s->name, "BackUpBackendList", value);
        else
            json_member_raw(w, s->name, value);
    }
    json_close_object(w);
}

/* "123-cn-hangzhou" from its JSON text; "" where there is none. */
static char *cert_id_of(struct arena *a, const struct sim_fields *fields)
{
    const char *text = sim_field(fields, "Listen.CertId");
    size_t size = strlen(text);
    return size > 2 ? arena_copy(a, text + 1, size - 2) : arena_strdup(a, "");
}

static void put_certificate(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const char *id = cert_id_of(c->arena, state_shown(c->state, o)), *names[16];
    const struct sim_object *cert = aliyun_cas_by_identifier(c->state, o->account, id);
    size_t n = 0;
    if (!cert || !cert->cert)
        return;
    const struct x509 *leaf = sim_leaf(cert->cert);
    for (; n < countof(names) && n < leaf->name_count; n++)
        names[n] = leaf->names[n];
    json_member_raw(w, "CertDetail",
                    json_format(c->arena,
                                "{'Id':%s,'Name':%s,'CommonName':%s,'Sans':%p,'StartTime':%lld,"
                                "'EndTime':%lld}",
                                id, sim_get(c, cert, "Name"), n ? names[0] : leaf->common_name,
                                json_strings(c->arena, names, n), (long long)leaf->not_before_ms,
                                (long long)leaf->not_after_ms));
}

static void describe_domain(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_member_string(w, "Domain", o->id);
    json_member_string(w, "DomainId", sim_get(c, o, "DomainId"));
    json_member_string(w, "Cname", sim_get(c, o, "Cname"));
    json_member_string(w, "ResourceManagerResourceGroupId", "rg-acfmv3s4eaqayaq");
    json_member_raw(w, "Status", status_of(c, o));
    for (size_t i = 0; i < countof(documents); i++)
        put_document(c, w, o, &documents[i]);
    put_certificate(c, w, o);
    aliyun_end(c, answer);
}

/* ---- ModifyDomainCert ---- */

static const struct sim_param cert_params[] = {
    {"CertId", IN_QUERY, T_STRING, .required = true},
    {"CipherSuite", IN_QUERY, T_STRING, .values = "1 2 99"},
    {"CustomCiphers[]", IN_QUERY, T_STRING},
    {"Domain", IN_QUERY, T_STRING, .required = true},
    {"EnableTLSv3", IN_QUERY, T_BOOLEAN},
    {"InstanceId", IN_QUERY, T_STRING, .required = true},
    {"RegionId", IN_QUERY, T_STRING, .required = true, .values = "cn-hangzhou ap-southeast-1"},
    {"TLSVersion", IN_QUERY, T_STRING, .values = "tlsv1 tlsv1.1 tlsv1.2 tlsv1.3"},
};

static char *sent_list(struct sim_call *c, const char *pattern)
{
    const char *items[64];
    size_t n = 0;
    while (n < countof(items) && (items[n] = sim_arg_item(c, pattern, n)))
        n++;
    return json_strings(c->arena, items, n);
}

static void modify_cert(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    const char *id = sim_arg_or(c, "CertId", "");
    if (!o || !certificate_exists(c, id))
        return;
    if (!strcmp(sim_get(c, o, "Listen.HttpsPorts"), "[]")) {
        sim_fail(c, 400, "Waf.Pullin.ProtocolNotSet", "The domain does not listen for HTTPS.");
        return;
    }
    const char *tls = sim_arg_or(c, "TLSVersion", "tlsv1");
    SIM_CHANGE(c, o, SETTLE_EDGE, {"Listen.CertId", arena_printf(c->arena, "\"%s\"", id)},
               {"Listen.TLSVersion", arena_printf(c->arena, "\"%s\"", tls)},
               {"Listen.EnableTLSv3", sim_arg_or(c, "EnableTLSv3", "false")},
               {"Listen.CipherSuite", sim_arg_or(c, "CipherSuite", "1")},
               {"Listen.CustomCiphers", sent_list(c, "CustomCiphers[]")});
    aliyun_end(c, aliyun_begin(c));
}

/* ---- ModifyDomain ---- */

static const struct sim_param modify_params[] = {
    {"AccessType", IN_QUERY, T_STRING, .values = "share hybrid_cloud_cname"},
    {"Domain", IN_QUERY, T_STRING},
    {"DomainId", IN_QUERY, T_STRING},
    {"InstanceId", IN_QUERY, T_STRING, .required = true},
    {"Listen", IN_QUERY, T_JSON, .required = true},
    {"Listen.*", IN_QUERY, T_ANY},
    {"Redirect", IN_QUERY, T_JSON, .required = true},
    {"Redirect.*", IN_QUERY, T_ANY},
    {"RegionId", IN_QUERY, T_STRING, .required = true, .values = "cn-hangzhou ap-southeast-1"},
};

static bool is_acceptable(struct sim_call *c, const struct json *listen, const struct json *redirect)
{
    bool https = json_count(json_at(listen, "/HttpsPorts")) > 0;
    if (!*json_str(json_at(redirect, "/Loadbalance"), ""))
        return refuse(c, REFUSE_MISSING_PARAMETER, "Loadbalance");
    if (!https && !json_count(json_at(listen, "/HttpPorts")))
        sim_fail(c, 400, "Waf.Pullin.ProtocolNotSet", "Neither HTTP nor HTTPS is set.");
    else if (https &&
             !sim_list_has("tlsv1 tlsv1.1 tlsv1.2 tlsv1.3", json_str(json_at(listen, "/TLSVersion"), "none")))
        sim_fail(c, 400, "Waf.Pullin.TlsVersionInvalid", "The TLS version is invalid.");
    else
        return !https || certificate_exists(c, json_str(json_at(listen, "/CertId"), ""));
    return false;
}

/* Every setting of the documents, named or reset. */
static void modify_domain(struct sim_call *c)
{
    struct sim_field fields[countof(listen_settings) + countof(redirect_settings)];
    const struct json *sent[countof(documents)];
    size_t n = 0;
    struct sim_object *o = changeable(c);
    for (size_t i = 0; o && i < c->param_count; i++)
        if (strchr(c->params[i].wire, '.')) {
            refuse(c, REFUSE_UNKNOWN_PARAMETER, c->params[i].wire); /* the documents are single values */
            return;
        }
    for (size_t i = 0; i < countof(documents); i++)
        if (!o || !(sent[i] = sent_document(c, &documents[i])))
            return;
    if (!is_acceptable(c, sent[0], sent[1]))
        return;
    for (size_t i = 0; i < countof(documents); i++)
        for (size_t k = 0; k < documents[i].count; k++) {
            const struct setting *s = &documents[i].settings[k];
            const struct json *v = json_at(sent[i], arena_printf(c->arena, "/%s", s->name));
            fields[n++] = (struct sim_field){field_of(c->arena, &documents[i], s),
                                             json_is_null(v) ? s->reset : json_dump(c->arena, v)};
        }
    sim_change(c, o, SETTLE_EDGE, fields, n);
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_raw(&answer->w, "DomainInfo",
                    json_format(c->arena, "{'Domain':%s,'DomainId':%s,'Cname':%s}", o->id,
                                sim_get(c, o, "DomainId"), sim_get(c, o, "Cname")));
    aliyun_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeInstance", SIM_PARAMS(instance_params), .run = describe_instance},
    {.name = "DescribeDomains", SIM_PARAMS(domains_params), .run = describe_domains},
    {.name = "DescribeDomainDetail", .resource = "Domain", SIM_PARAMS(detail_params), .run = describe_domain},
    {.name = "ModifyDomainCert",
     .writes = true,
     .resource = "Domain",
     SIM_PARAMS(cert_params),
     .run = modify_cert},
    {.name = "ModifyDomain",
     .writes = true,
     .resource = "Domain",
     SIM_PARAMS(modify_params),
     .run = modify_domain},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "waf",
                              .id = o->id,
                              .domain = o->id,
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "Cname"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    struct arena *a = arena_new(1 << 12);
    bool on = strcmp(sim_field(view, "Listen.HttpsPorts"), "[]") != 0;
    const struct sim_object *cert = on ? aliyun_cas_by_identifier(s, o->account, cert_id_of(a, view)) : NULL;
    (void)server_name;
    arena_free(a);
    return cert;
}

static void generate(struct sim_seeding *s, size_t n)
{
    const char *site = n % 4 == 3 ? "ap-southeast-1" : "cn-hangzhou";
    const char *domain = sim_list_item(s->arena, sim_seed_names(s, n), 0);
    const char *digits = sim_hex_id(s->arena, arena_printf(s->arena, "waf3 %s %s", site, domain), 24);
    bool on = sim_seed_has_https(n);
    SIM_SEED(s, instance_kind, site,
             arena_printf(s->arena, "waf_v3prepaid_public_%s", sim_hex_id(s->arena, site, 12)),
             {"Edition", "default_version"});
    SIM_SEED(s, kind, site, domain, {"DomainId", arena_printf(s->arena, "%s-waf", domain)},
             {"Cname", arena_printf(s->arena, "%s.yundunwaf3.com", digits)}, {"Status", "1"},
             {"Listen.CertId",
              on ? arena_printf(s->arena, "\"%s-%s\"", aliyun_seed_cas(s, site, domain), site) : ""},
             {"Listen.CipherSuite", n % 2 ? "2" : "99"},
             {"Listen.CustomCiphers",
              n % 2 ? "[]" : "[\"ECDHE-ECDSA-AES128-GCM-SHA256\",\"ECDHE-RSA-AES256-GCM-SHA384\"]"},
             {"Listen.EnableTLSv3", "true"}, {"Listen.ExclusiveIp", "false"}, {"Listen.FocusHttps", "true"},
             {"Listen.HstsIncludeSubDomain", "true"}, {"Listen.HstsMaxAge", "5184000"},
             {"Listen.HstsPreload", "false"}, {"Listen.Http2Enabled", "true"}, {"Listen.HttpPorts", "[80]"},
             {"Listen.HttpsPorts", on ? "[443]" : "[]"}, {"Listen.IPv6Enabled", "false"},
             {"Listen.ProtectionResource", "\"share\""}, {"Listen.SM2Enabled", "false"},
             {"Listen.TLSVersion", on ? "\"tlsv1.2\"" : ""}, {"Listen.XffHeaderMode", "2"},
             {"Listen.XffHeaders", "[\"X-Client-Ip\"]"},
             {"Redirect.BackendPorts", "[{\"ListenPort\":443,\"BackendPort\":8443,\"Protocol\":\"https\"}]"},
             {"Redirect.Backends", "[\"192.0.2.10\",\"192.0.2.11\"]"},
             {"Redirect.BackupBackends", "[\"192.0.2.20\"]"}, {"Redirect.CnameEnabled", "false"},
             {"Redirect.ConnectTimeout", "10"}, {"Redirect.FocusHttpBackend", "false"},
             {"Redirect.Http2Origin", "false"}, {"Redirect.ProxyProtocol", "false"},
             {"Redirect.WLProxyClientIp", "true"}, {"Redirect.WebServerType", "false"},
             {"Redirect.XClientIp", "false"}, {"Redirect.XTrueIp", "true"}, {"Redirect.Keepalive", "true"},
             {"Redirect.KeepaliveRequests", "500"}, {"Redirect.KeepaliveTimeout", "20"},
             {"Redirect.Loadbalance", "\"roundRobin\""}, {"Redirect.ReadTimeout", "180"},
             {"Redirect.RequestHeaders", "[{\"Key\":\"X-From\",\"Value\":\"waf\"}]"},
             {"Redirect.Retry", "true"}, {"Redirect.SniEnabled", "true"},
             {"Redirect.SniHost", "\"origin.example.com\""}, {"Redirect.WriteTimeout", "180"},
             {"Redirect.XffProto", "true"});
}

static const char *const hosts[] = {"wafopenapi.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_waf3 = {.cloud = "aliyun",
                                            .code = "waf3",
                                            .version = "2021-10-01",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .resource_kind = kind,
                                            .generate = generate,
                                            .entry = entry,
                                            .choose = choose};

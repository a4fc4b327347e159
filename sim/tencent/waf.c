/* WAF. The write replaces the whole configuration: what it is not told falls back to a default (harder than what is
 * documented, which does not say). Meanwhile State is -1. Domains of CLB WAF are listed and have no certificate here.
 */
#include "sim/tencent/tencent.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 100, CHANGES_MAX = 96 };

static const char domain_kind[] = "waf.domain", own_kind[] = "@waf.certificate";
static const char *const waf_regions[] = {"ap-guangzhou", "ap-seoul"};

/* What the write sets and the read shows: how it is spelled in each, and what it is without. */
static const struct setting {
    const char *name, *fallback;
    enum { TEXT, NUMBER, NUMBER_AS_TEXT, TEXTS, NUMBERS, NUMBERS_AS_TEXTS, DOCUMENT } type;
} settings[] = {
    {"HttpsRewrite", "0", NUMBER},
    {"HttpsUpstreamPort", "443", TEXT},
    {"UpstreamScheme", "http", TEXT},
    {"UpstreamType", "0", NUMBER},
    {"UpstreamDomain", "", TEXT},
    {"SrcList", "", TEXTS},
    {"IsCdn", "0", NUMBER},
    {"IsHttp2", "0", NUMBER},
    {"IsWebsocket", "0", NUMBER},
    {"LoadBalance", "0", NUMBER},
    {"ActiveCheck", "0", NUMBER},
    {"TLSVersion", "3", NUMBER},
    {"Ciphers", "", NUMBERS},
    {"CipherTemplate", "1", NUMBER},
    {"ProxyConnectTimeout", "60", NUMBER},
    {"ProxyReadTimeout", "300", NUMBER},
    {"ProxySendTimeout", "300", NUMBER},
    {"SniType", "0", NUMBER},
    {"SniHost", "", TEXT},
    {"IpHeaders", "", TEXTS},
    {"XFFReset", "0", NUMBER},
    {"Note", "", TEXT},
    {"UpstreamHost", "", TEXT},
    {"ProxyBuffer", "0", NUMBER},
    {"ProbeStatus", "0", NUMBER},
    {"UpstreamPolicy", "0", NUMBER},
    {"UseCase", "0", NUMBER},
    {"Gzip", "0", NUMBER},
    {"IsKeepAlive", "0", NUMBER_AS_TEXT},
    {"Weights", "", NUMBERS_AS_TEXTS},
    {"UpstreamRules", "[]", DOCUMENT},
    {"Ports", "[]", DOCUMENT},
    {"GmType", "0", NUMBER},
};

static const struct sim_param describe_domains_params[] = {
    {"Offset", IN_JSON, T_INTEGER, .required = true},
    {"Limit", IN_JSON, T_INTEGER, .required = true, .min = 1, .max = PAGE_MAX},
    {"Filters[]", IN_JSON, T_OBJECT},
    {"Filters[].Name", IN_JSON, T_STRING, .required = true},
    {"Filters[].Values[]", IN_JSON, T_STRING, .required = true},
    {"Filters[].ExactMatch", IN_JSON, T_BOOLEAN, .required = true},
};
static const struct sim_param details_params[] = {
    {"Domain", IN_JSON, T_STRING, .required = true},
    {"DomainId", IN_JSON, T_STRING, .required = true},
    {"InstanceId", IN_JSON, T_STRING, .required = true},
};
static const struct sim_param modify_params[] = {
    {"Domain", IN_JSON, T_STRING, .required = true},
    {"DomainId", IN_JSON, T_STRING, .required = true},
    {"InstanceID", IN_JSON, T_STRING, .required = true},
    {"CertType", IN_JSON, T_INTEGER, .min = 0, .max = 2},
    {"Cert", IN_JSON, T_STRING},
    {"PrivateKey", IN_JSON, T_STRING},
    {"SSLId", IN_JSON, T_STRING},
    {"IsCdn", IN_JSON, T_INTEGER},
    {"UpstreamScheme", IN_JSON, T_STRING},
    {"HttpsUpstreamPort", IN_JSON, T_STRING},
    {"HttpsRewrite", IN_JSON, T_INTEGER},
    {"UpstreamType", IN_JSON, T_INTEGER},
    {"UpstreamDomain", IN_JSON, T_STRING},
    {"SrcList[]", IN_JSON, T_STRING},
    {"IsHttp2", IN_JSON, T_INTEGER},
    {"IsWebsocket", IN_JSON, T_INTEGER},
    {"LoadBalance", IN_JSON, T_INTEGER},
    {"IsGray", IN_JSON, T_INTEGER},
    {"Edition", IN_JSON, T_STRING},
    {"Ports[]", IN_JSON, T_OBJECT},
    {"Ports[].NginxServerId", IN_JSON, T_INTEGER, .required = true},
    {"Ports[].Port", IN_JSON, T_STRING, .required = true},
    {"Ports[].Protocol", IN_JSON, T_STRING, .required = true, .values = "http https"},
    {"Ports[].UpstreamPort", IN_JSON, T_STRING, .required = true},
    {"Ports[].UpstreamProtocol", IN_JSON, T_STRING, .required = true},
    {"IsKeepAlive", IN_JSON, T_STRING},
    {"Anycast", IN_JSON, T_INTEGER},
    {"Weights[]", IN_JSON, T_INTEGER},
    {"ActiveCheck", IN_JSON, T_INTEGER},
    {"TLSVersion", IN_JSON, T_INTEGER},
    {"Ciphers[]", IN_JSON, T_INTEGER},
    {"CipherTemplate", IN_JSON, T_INTEGER},
    {"ProxyConnectTimeout", IN_JSON, T_INTEGER},
    {"ProxyReadTimeout", IN_JSON, T_INTEGER},
    {"ProxySendTimeout", IN_JSON, T_INTEGER},
    {"SniType", IN_JSON, T_INTEGER},
    {"SniHost", IN_JSON, T_STRING},
    {"IpHeaders[]", IN_JSON, T_STRING},
    {"XFFReset", IN_JSON, T_INTEGER},
    {"Note", IN_JSON, T_STRING},
    {"UpstreamHost", IN_JSON, T_STRING},
    {"ProxyBuffer", IN_JSON, T_INTEGER},
    {"ProbeStatus", IN_JSON, T_INTEGER},
    {"GmType", IN_JSON, T_INTEGER, .min = 0, .max = 2},
    {"GmCertType", IN_JSON, T_INTEGER, .min = 0, .max = 2},
    {"GmCert", IN_JSON, T_STRING},
    {"GmPrivateKey", IN_JSON, T_STRING},
    {"GmEncCert", IN_JSON, T_STRING},
    {"GmEncPrivateKey", IN_JSON, T_STRING},
    {"GmSSLId", IN_JSON, T_STRING},
    {"UpstreamPolicy", IN_JSON, T_INTEGER},
    {"UpstreamRules[]", IN_JSON, T_OBJECT},
    {"UpstreamRules[].KeyName", IN_JSON, T_STRING, .required = true},
    {"UpstreamRules[].Symbol", IN_JSON, T_STRING, .required = true},
    {"UpstreamRules[].ContentList[]", IN_JSON, T_STRING, .required = true},
    {"UpstreamRules[].AddressList[]", IN_JSON, T_STRING, .required = true},
    {"UpstreamRules[].BalanceType", IN_JSON, T_INTEGER, .required = true},
    {"UseCase", IN_JSON, T_INTEGER},
    {"Gzip", IN_JSON, T_INTEGER},
};

/* ---- reads ---- */

static bool is_saas(struct sim_call *c, const struct sim_object *o)
{
    return !strcmp(sim_get(c, o, "Edition"), "sparta-waf");
}

/* False for what a filter leaves out; a filter that is not simulated leaves out nothing. */
static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    const struct json *filters = json_at(c->json, "/Filters"), *f, *v;
    for (size_t i = 0; (f = json_item(filters, i)); i++) {
        const char *name = json_str(json_at(f, "/Name"), ""),
                   *value = strcmp(name, "DomainId") ? sim_get(c, o, name) : o->id;
        bool exact = json_bool(json_at(f, "/ExactMatch"), true), fits = false;
        for (size_t k = 0; (v = json_item(json_at(f, "/Values"), k)); k++)
            fits = fits || (exact ? !strcmp(value, json_str(v, "")) : strstr(value, json_str(v, "")) != NULL);
        if (!fits)
            return false;
    }
    return true;
}

static void put_listed(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    static const char *const texts[] = {"Domain", "InstanceId", "InstanceName", "Edition", "Region", "Cname"};
    const char *lb = sim_get(c, o, "@lb"), *listener = sim_get(c, o, "@listener");
    json_open_object(w);
    json_member_string(w, "DomainId", o->id);
    for (size_t i = 0; i < countof(texts); i++)
        json_member_string(w, texts[i], sim_get(c, o, texts[i]));
    json_member_int(w, "Status", 1);
    json_member_int(w, "State", sim_settling(c, o) ? -1 : 0);
    json_member_raw(w, "Ports", is_saas(c, o) ? sim_show(c, o, "Ports") : "[]");
    json_member_raw(
        w, "LoadBalancerSet",
        *lb ? json_format(c->arena,
                          "[{'LoadBalancerId':%s,'ListenerId':%s,'Protocol':'https','Region':'gz'}]", lb,
                          listener)
            : "[]");
    json_close_object(w);
}

static void describe_domains(struct sim_call *c)
{
    int64_t from = sim_arg_int(c, "Offset", 0), size = sim_arg_int(c, "Limit", 20), total = 0;
    if (!tencent_is_region(c, waf_regions, countof(waf_regions)))
        return;
    struct tencent_answer *answer = tencent_begin(c);
    json_key(&answer->w, "Domains");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, domain_kind, c->region, &cursor));) {
        if (!is_listed(c, o))
            continue;
        if (total >= from && total < from + size)
            put_listed(c, &answer->w, o);
        total++;
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "Total", total);
    tencent_end(c, answer);
}

static char *list_json(struct sim_call *c, const char *list, bool quoted)
{
    struct buf b = buf_new(c->arena, 1 << 16);
    const char *item;
    buf_putc(&b, '[');
    for (size_t i = 0; (item = sim_list_item(c->arena, list, i)); i++)
        buf_printf(&b, "%s%s", i ? "," : "", quoted ? json_format(c->arena, "%s", item) : item);
    buf_putc(&b, ']');
    return b.data;
}

static void put_setting(struct sim_call *c, struct json_writer *w, const struct setting *s, const char *value)
{
    switch (s->type) {
    case TEXT:
        json_member_string(w, s->name, value);
        break;
    case NUMBER:
    case NUMBER_AS_TEXT:
        json_member_int(w, s->name, strtoll(value, NULL, 10));
        break;
    case TEXTS:
    case NUMBERS_AS_TEXTS:
        json_member_raw(w, s->name, list_json(c, value, true));
        break;
    case NUMBERS:
        json_member_raw(w, s->name, list_json(c, value, false));
        break;
    case DOCUMENT:
        json_member_raw(w, s->name, *value ? value : s->fallback);
        break;
    }
}

/* The domain that three parameters name; NULL after refusing. */
static struct sim_object *wanted(struct sim_call *c, const char *instance)
{
    if (!tencent_is_region(c, waf_regions, countof(waf_regions)))
        return NULL;
    struct sim_object *o = sim_find(c, domain_kind, c->region, sim_arg(c, "DomainId"));
    if (o && is_saas(c, o) && !strcmp(sim_get(c, o, "Domain"), sim_arg(c, "Domain")) &&
        !strcmp(sim_get(c, o, "InstanceId"), sim_arg(c, instance)))
        return o;
    sim_fail(c, 200, "ResourceNotFound", "The domain does not exist.");
    return NULL;
}

static void put_own(struct sim_call *c, struct json_writer *w, const char *number, const char *cert,
                    const char *key)
{
    const struct sim_object *own = *number ? sim_find(c, own_kind, "", number) : NULL;
    json_member_string(w, cert, own ? sim_get(c, own, "Cert") : "");
    json_member_string(w, key, own ? sim_get(c, own, "Key") : "");
}

static void describe_details(struct sim_call *c)
{
    static const char *const texts[] = {"Domain", "InstanceId", "InstanceName", "Edition",
                                        "Cname",  "SSLId",      "GmSSLId"};
    static const char *const numbers[] = {"CertType", "GmCertType"};
    const struct sim_object *o = wanted(c, "InstanceId");
    if (!o)
        return;
    struct tencent_answer *answer = tencent_begin(c);
    struct json_writer *w = &answer->w;
    json_key(w, "DomainsPartInfo");
    json_open_object(w);
    json_member_string(w, "DomainId", o->id);
    for (size_t i = 0; i < countof(texts); i++)
        json_member_string(w, texts[i], sim_show(c, o, texts[i]));
    for (size_t i = 0; i < countof(numbers); i++)
        json_member_int(w, numbers[i], strtoll(sim_show(c, o, numbers[i]), NULL, 10));
    for (size_t i = 0; i < countof(settings); i++)
        put_setting(c, w, &settings[i], sim_show(c, o, settings[i].name));
    put_own(c, w, sim_show(c, o, "@own"), "Cert", "PrivateKey");
    put_own(c, w, sim_show(c, o, "@sign"), "GmCert", "GmPrivateKey");
    put_own(c, w, sim_show(c, o, "@enc"), "GmEncCert", "GmEncPrivateKey");
    json_member_int(w, "State", sim_settling(c, o) ? -1 : 0);
    json_close_object(w);
    tencent_end(c, answer);
}

/* ---- the write ---- */

struct changes {
    struct sim_field items[CHANGES_MAX];
    size_t count;
};

static void put_change(struct changes *changes, const char *name, const char *value)
{
    changes->items[changes->count++] = (struct sim_field){name, value};
}

static bool bad(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 200, code, "%s", message);
    return false;
}

static void put_sent(struct sim_call *c, struct changes *changes, const struct setting *s)
{
    const struct json *v = json_at(c->json, arena_printf(c->arena, "/%s", s->name));
    const char *list = "";
    if (json_is_null(v))
        list = s->fallback;
    else if (s->type == DOCUMENT)
        list = json_dump(c->arena, v);
    else if (json_is_array(v))
        for (size_t i = 0; i < json_count(v); i++)
            list = sim_list_add(c->arena, list, json_text(c->arena, json_item(v, i), ""));
    else
        list = json_text(c->arena, v, "");
    put_change(changes, s->name, list);
}

/* A certificate sent along with its key, under a number of its own; the same again keeps its number. */
static bool take_own(struct sim_call *c, const char *cert, const char *key, unsigned checks, const char **ret)
{
    const char *pem = sim_arg_or(c, cert, ""), *secret = sim_arg_or(c, key, "");
    struct sim_cert *parsed = NULL;
    enum sim_cert_fault fault = sim_check_cert(c, pem, secret, checks, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE)
        return bad(c, "InvalidParameter.CertificationParameterErr",
                   "The certificate or its key is not valid.");
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, own_kind, "", &cursor));)
        if (!strcmp(sim_get(c, o, "Cert"), pem)) {
            *ret = o->id;
            return true;
        }
    *ret = arena_printf(c->arena, "%lld", (long long)sim_serial(c));
    SIM_CREATE(c, own_kind, "", *ret, {"Cert", pem}, {"Key", secret});
    return true;
}

static bool take_id(struct sim_call *c, const char *name, const char **ret)
{
    const char *id = sim_arg_or(c, name, "");
    const struct sim_object *o = sim_find(c, tencent_cert_kind, "", id);
    *ret = id;
    return (o && o->cert) ||
           bad(c, "InvalidParameter.QueryCertBySSLIDFailed", "The certificate does not exist.");
}

static bool take_main(struct sim_call *c, struct changes *changes)
{
    const char *type = sim_arg_or(c, "CertType", "0"), *id = "", *own = "";
    if ((!strcmp(type, "1") && !take_own(c, "Cert", "PrivateKey", CHECK_ORDER | CHECK_TIME, &own)) ||
        (!strcmp(type, "2") && !take_id(c, "SSLId", &id)))
        return false;
    put_change(changes, "CertType", type);
    put_change(changes, "SSLId", id);
    put_change(changes, "@own", own);
    return true;
}

static bool take_sm(struct sim_call *c, struct changes *changes)
{
    const char *type = sim_arg_or(c, "GmCertType", "0"), *id = "", *sign = "", *enc = "";
    if (!strcmp(type, "1") && (!take_own(c, "GmCert", "GmPrivateKey", 0, &sign) ||
                               !take_own(c, "GmEncCert", "GmEncPrivateKey", 0, &enc)))
        return false;
    if (!strcmp(type, "2") && !take_id(c, "GmSSLId", &id))
        return false;
    if (sim_arg_int(c, "GmType", 0) != 0 && !strcmp(type, "0"))
        return bad(c, "InvalidParameter.CertificationParameterErr", "The SM certificate is missing.");
    put_change(changes, "GmCertType", type);
    put_change(changes, "GmSSLId", id);
    put_change(changes, "@sign", sign);
    put_change(changes, "@enc", enc);
    /* Numbers are not in the log, so that a pair shows as a field of the API. */
    put_change(changes, "GmCert", *sign ? sim_hex_id(c->arena, sim_arg(c, "GmCert"), 16) : "");
    return true;
}

static void modify(struct sim_call *c)
{
    struct sim_object *o = wanted(c, "InstanceID");
    struct changes *changes = arena_make(c->arena, struct changes);
    if (!o)
        return;
    if (sim_settling(c, o)) {
        bad(c, "ResourceInUse", "The configuration of the domain is being pushed.");
        return;
    }
    for (size_t i = 0; i < countof(settings); i++)
        put_sent(c, changes, &settings[i]);
    const char *ports = changes->items[countof(settings) - 2].value;
    bool https = strstr(ports, "\"https\"") != NULL;
    if (!take_main(c, changes) || !take_sm(c, changes))
        return;
    if (https && !strcmp(sim_arg_or(c, "CertType", "0"), "0")) {
        bad(c, "InvalidParameter.CertificationParameterErr", "An https port needs a certificate.");
        return;
    }
    put_change(changes, "Cert-own", sim_arg(c, "Cert") ? sim_hex_id(c->arena, sim_arg(c, "Cert"), 16) : "");
    sim_change(c, o, SETTLE_READS, changes->items, changes->count);
    tencent_end(c, tencent_begin(c));
}

static const struct sim_operation operations[] = {
    {.name = "DescribeDomains", SIM_PARAMS(describe_domains_params), .run = describe_domains},
    {.name = "DescribeDomainDetailsSaas",
     .resource = "DomainId",
     SIM_PARAMS(details_params),
     .run = describe_details},
    {.name = "ModifySpartaProtection",
     .writes = true,
     .resource = "DomainId",
     SIM_PARAMS(modify_params),
     .run = modify},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    if (strcmp(sim_field(o->now, "Edition"), "sparta-waf") ||
        !strstr(sim_field(o->now, "Ports"), "\"https\""))
        return false;
    *ret = (struct sim_entry){.product = "waf",
                              .id = o->id,
                              .domain = arena_strdup(a, sim_field(o->now, "Domain")),
                              .host = arena_strdup(a, sim_field(o->now, "Cname")),
                              .port = 443};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    const char *own = sim_field(view, "@own"), *id = sim_field(view, "SSLId");
    (void)server_name;
    if (*own)
        return state_find_ever(s, "tencent", o->account, own_kind, "", own);
    return *id ? state_find_ever(s, "tencent", o->account, tencent_cert_kind, "", id) : NULL;
}

static const char *seed_own(struct sim_seeding *s, const char *names)
{
    const char *chain, *key, *id = arena_printf(s->arena, "old-%s", sim_hex_id(s->arena, names, 8));
    sim_seed_cert(s, names, &chain, &key);
    SIM_SEED(s, own_kind, "", id, {"Cert", chain}, {"Key", key});
    return id;
}

static void seed_clb_domain(struct sim_seeding *s, const char *region)
{
    SIM_SEED(s, domain_kind, region, "clbwaf01", {"Domain", "behind-clb.example.org"}, {"Edition", "clb-waf"},
             {"InstanceId", "waf_clb01"}, {"InstanceName", "clb"}, {"Region", "gz"}, {"Cname", ""},
             {"@lb", arena_printf(s->arena, "lb-%s", sim_hex_id(s->arena, "tencent lb 0", 8))},
             {"@listener", "lbl-0"});
}

static void waf_generate(struct sim_seeding *s, size_t n)
{
    const char *domain = sim_list_item(s->arena, sim_seed_names(s, n), 0), *region = waf_regions[n % 4 == 3];
    const char *id = sim_hex_id(s->arena, arena_printf(s->arena, "waf %s", domain), 8);
    bool on = sim_seed_has_https(n), own = on && n % 10 == 5;
    if (n == 0)
        seed_clb_domain(s, region);
    SIM_SEED(s, domain_kind, region, id, {"Domain", domain}, {"Edition", "sparta-waf"},
             {"InstanceId", arena_printf(s->arena, "waf_2kw6%d", n % 4 == 3)}, {"InstanceName", "main"},
             {"Region", n % 4 == 3 ? "kr" : "gz"}, {"Cname", arena_printf(s->arena, "%s.qcloudwzgj.com", id)},
             {"Ports",
              on ? "[{\"NginxServerId\":7,\"Port\":\"80\",\"Protocol\":\"http\",\"UpstreamPort\":\"80\","
                   "\"UpstreamProtocol\":\"http\"},{\"NginxServerId\":8,\"Port\":\"443\",\"Protocol\":"
                   "\"https\",\"UpstreamPort\":\"443\",\"UpstreamProtocol\":\"https\"}]"
                 : "[{\"NginxServerId\":7,\"Port\":\"80\",\"Protocol\":\"http\",\"UpstreamPort\":\"80\","
                   "\"UpstreamProtocol\":\"http\"}]"},
             {"CertType", !on   ? "0"
                          : own ? "1"
                                : "2"},
             {"SSLId", on && !own ? tencent_seed_cert(s, domain) : ""},
             {"@own", own ? seed_own(s, domain) : ""}, {"GmType", "0"}, {"GmCertType", "0"},
             {"HttpsRewrite", "1"}, {"HttpsUpstreamPort", "443"}, {"UpstreamScheme", "https"},
             {"UpstreamType", "0"}, {"SrcList", "192.0.2.1 192.0.2.2"}, {"Weights", "10 90"}, {"IsCdn", "1"},
             {"IsHttp2", "1"}, {"IsWebsocket", "1"}, {"LoadBalance", "2"}, {"ActiveCheck", "1"},
             {"TLSVersion", "3"}, {"Ciphers", "1 2 5"}, {"CipherTemplate", "7"}, {"ProxyConnectTimeout", "5"},
             {"ProxyReadTimeout", "120"}, {"ProxySendTimeout", "130"}, {"SniType", "3"},
             {"SniHost", "origin.example.org"}, {"IpHeaders", "x-real-ip"}, {"XFFReset", "1"},
             {"Note", "shop"}, {"UpstreamHost", "origin.example.org"}, {"ProxyBuffer", "1"},
             {"ProbeStatus", "1"}, {"UpstreamPolicy", "1"}, {"UseCase", "2"}, {"Gzip", "1"},
             {"IsKeepAlive", "1"},
             {"UpstreamRules", "[{\"KeyName\":\"path\",\"Symbol\":\"equal\",\"ContentList\":[\"/a\"],"
                               "\"AddressList\":[\"192.0.2.9\"],\"BalanceType\":1}]"});
}

static const char *const hosts[] = {"waf.tencentcloudapi.com", "waf.intl.tencentcloudapi.com",
                                    "waf.{region}.tencentcloudapi.com", NULL};

const struct sim_service sim_tencent_waf = {.cloud = "tencent",
                                            .code = "waf",
                                            .version = "2018-01-25",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .resource_kind = domain_kind,
                                            .generate = waf_generate,
                                            .entry = entry,
                                            .choose = choose};

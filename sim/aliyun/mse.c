/* The cloud-native gateway of MSE. Domains of a gateway hold the certificate by its reference in CAS. A change is being
 * published (status 2) until it is served; meanwhile the domain takes no other one. UpdateSSLCert replaces the certificate
 * alone, UpdateGatewayDomain everything, also what it is not told. Refusals of the product itself are an HTTP 200 with
 * Success=false.
 */
#include "sim/aliyun/page.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 10, DOMAINS_PER_GATEWAY = 4 };

static const char gateway_kind[] = "mse.gateway", kind[] = "mse.domain";

/* ---- answers ---- */

/* Begins the answer of a success; the caller writes "Data" and ends with `end`. */
static struct aliyun_answer *begin(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_bool(&answer->w, "Success", true);
    json_member_int(&answer->w, "Code", 200);
    json_member_int(&answer->w, "HttpStatusCode", 200);
    json_member_string(&answer->w, "Message", "OK");
    json_key(&answer->w, "Data");
    return answer;
}

static void refuse(struct sim_call *c, const char *code, const char *message)
{
    c->code = code;
    sim_reply(c, 200, "application/json;charset=utf-8",
              json_format(c->arena,
                          "{'RequestId':%s,'Success':false,'Code':%p,'HttpStatusCode':%p,'Message':%s}",
                          c->request_id, code, code, message));
}

static void reply_true(struct sim_call *c)
{
    struct aliyun_answer *answer = begin(c);
    json_put_bool(&answer->w, true);
    aliyun_end(c, answer);
}

/* ---- QueryGatewayRegion, ListGateway ---- */

static const struct sim_param region_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh en"},
};

static void query_region(struct sim_call *c)
{
    struct aliyun_answer *answer = begin(c);
    json_put_raw(&answer->w, json_strings(c->arena, aliyun_regions, countof(aliyun_regions)));
    aliyun_end(c, answer);
}

static const struct sim_param gateways_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh en"},
    {"DescSort", IN_QUERY, T_BOOLEAN},
    {"FilterParams", IN_QUERY, T_JSON},
    {"FilterParams.*", IN_QUERY, T_ANY},
    {"OrderItem", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
};

static void put_gateway(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const char *ip = sim_get(c, o, "SlbIp"), *public = sim_get(c, o, "Public");
    const char *slb =
        json_format(c->arena,
                    "[{'SlbId':%s,'SlbIp':%s,'SlbPort':'80,443','GatewaySlbStatus':'Ready','Type':%s}]",
                    arena_printf(c->arena, "lb-%s", o->id + 3), ip, *public ? "PUB_NET" : "PRIVATE_NET");
    json_open_object(w);
    json_member_string(w, "GatewayUniqueId", o->id);
    json_member_string(w, "Name", sim_get(c, o, "Name"));
    json_member_string(w, "Region", o->scope);
    json_member_int(w, "Status", 2);
    json_member_string(w, "StatusDesc", "Running");
    json_member_string(w, "GatewayType", "Professional");
    json_member_string(w, "ChargeType", "POSTPAY");
    json_member_string(w, "ResourceGroupId", "rg-acfmv3s4eaqayaq");
    json_member_raw(w, "Slb", *public ? "[]" : slb);
    json_member_raw(w, "InternetSlb", *public ? slb : "[]");
    json_close_object(w);
}

static void list_gateways(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "PageNumber", 1), size = sim_arg_int(c, "PageSize", PAGE_SIZE), total = 0;
    struct aliyun_answer *answer = begin(c);
    const struct sim_object *o;
    json_open_object(&answer->w);
    json_key(&answer->w, "Result");
    json_open_array(&answer->w);
    for (size_t cursor = 0;
         !sim_arg(c, "FilterParams") && (o = sim_next(c, gateway_kind, c->region, &cursor)); total++)
        if (total >= (page - 1) * size && total < page * size)
            put_gateway(c, &answer->w, o);
    json_close_array(&answer->w);
    json_member_int(&answer->w, "TotalSize", total);
    json_member_int(&answer->w, "PageNumber", page);
    json_member_int(&answer->w, "PageSize", size);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

/* ---- ListGatewayDomain, GetGatewayDomainDetail ---- */

static const struct sim_param domains_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh en"},
    {"DomainName", IN_QUERY, T_STRING},
    {"GatewayUniqueId", IN_QUERY, T_STRING, .required = true},
    {"Type", IN_QUERY, T_STRING, .values = "All Op Ingress"},
};

static bool has_gateway(struct sim_call *c)
{
    bool known = sim_find(c, gateway_kind, c->region, sim_arg(c, "GatewayUniqueId")) != NULL;
    if (!known)
        refuse(c, "404", "The gateway does not exist.");
    return known;
}

/* What both reads tell. */
static void put_common(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    static const char *const texts[] = {"Name", "CertIdentifier", "Protocol", "Http2", "TlsMin", "TlsMax"};
    json_member_int(w, "Id", strtoll(o->id, NULL, 10));
    for (size_t i = 0; i < countof(texts); i++)
        if (*sim_get(c, o, texts[i]))
            json_member_string(w, texts[i], sim_get(c, o, texts[i]));
    json_member_bool(w, "MustHttps", !strcmp(sim_get(c, o, "MustHttps"), "true"));
    json_member_bool(w, "IsManaged", !strcmp(sim_get(c, o, "IsManaged"), "true"));
    if (*sim_get(c, o, "TlsCipherSuitesConfigJSON"))
        json_member_raw(w, "TlsCipherSuitesConfig", sim_get(c, o, "TlsCipherSuitesConfigJSON"));
}

static void list_domains(struct sim_call *c)
{
    const char *type = sim_arg_or(c, "Type", "All");
    const struct sim_object *o;
    if (!has_gateway(c))
        return;
    struct aliyun_answer *answer = begin(c);
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));) {
        if (strcmp(sim_get(c, o, "GatewayUniqueId"), sim_arg(c, "GatewayUniqueId")) ||
            (strcmp(type, "All") && strcmp(type, sim_get(c, o, "Type"))) ||
            !strstr(sim_get(c, o, "Name"), sim_arg_or(c, "DomainName", "")))
            continue;
        json_open_object(&answer->w);
        put_common(c, &answer->w, o);
        json_member_string(&answer->w, "Type", sim_get(c, o, "Type"));
        json_member_int(&answer->w, "Status", sim_settling(c, o) ? 2 : 3);
        json_close_object(&answer->w);
    }
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

static const struct sim_param detail_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh en"},
    {"GatewayUniqueId", IN_QUERY, T_STRING, .required = true},
    {"Id", IN_QUERY, T_STRING},
};

static struct sim_object *wanted(struct sim_call *c, const char *id)
{
    struct sim_object *o = has_gateway(c) ? sim_find(c, kind, c->region, id) : NULL;
    if (!c->code && (!o || strcmp(sim_get(c, o, "GatewayUniqueId"), sim_arg(c, "GatewayUniqueId")))) {
        refuse(c, "404", "The domain does not exist.");
        return NULL;
    }
    return o;
}

static void get_detail(struct sim_call *c)
{
    const struct sim_object *o = wanted(c, sim_arg_or(c, "Id", ""));
    if (!o)
        return;
    const struct sim_object *cert =
        aliyun_cas_by_identifier(c->state, c->access->account, sim_get(c, o, "CertIdentifier"));
    struct aliyun_answer *answer = begin(c);
    json_open_object(&answer->w);
    put_common(c, &answer->w, o);
    json_member_string(&answer->w, "GatewayUniqueId", sim_get(c, o, "GatewayUniqueId"));
    json_member_bool(&answer->w, "MtlsEnabled", !strcmp(sim_get(c, o, "MtlsEnabled"), "true"));
    if (*sim_get(c, o, "CaCertIdentifier"))
        json_member_string(&answer->w, "CaCertIdentifier", sim_get(c, o, "CaCertIdentifier"));
    if (cert && cert->cert)
        json_member_string(&answer->w, "Sans", sim_cert_names(c->arena, cert->cert, ","));
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

/* ---- changes ---- */

static const struct sim_param cert_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh en"},
    {"CertIdentifier", IN_QUERY, T_STRING, .required = true},
    {"DomainId", IN_QUERY, T_INTEGER},
    {"GatewayUniqueId", IN_QUERY, T_STRING, .required = true},
};

static const struct sim_param add_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh en"},
    {"CertIdentifier", IN_QUERY, T_STRING},
    {"DomainId", IN_QUERY, T_INTEGER},
    {"GatewayUniqueId", IN_QUERY, T_STRING, .required = true},
};

static bool has_cert(struct sim_call *c, const char *id)
{
    const struct sim_object *cert = aliyun_cas_by_identifier(c->state, c->access->account, id);
    bool known = cert && !cert->gone;
    if (!known)
        refuse(c, "400", "The certificate does not exist.");
    return known;
}

static bool is_free(struct sim_call *c, const struct sim_object *o)
{
    if (!sim_settling(c, o))
        return true;
    refuse(c, "409", "The domain is being published.");
    return false;
}

static void set_cert(struct sim_call *c, bool first)
{
    struct sim_object *o = wanted(c, sim_arg_or(c, "DomainId", ""));
    const char *id = sim_arg_or(c, "CertIdentifier", "");
    if (!o || !is_free(c, o) || !has_cert(c, id))
        return;
    if (first != !*sim_get(c, o, "CertIdentifier")) {
        refuse(c, "400", first ? "The domain has a certificate already." : "The domain has no certificate.");
        return;
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"CertIdentifier", id}, {"Protocol", "HTTPS"});
    reply_true(c);
}

static void update_cert(struct sim_call *c)
{
    set_cert(c, false);
}

static void add_cert(struct sim_call *c)
{
    set_cert(c, true);
}

static const struct sim_param update_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh en"},
    {"CaCertIdentifier", IN_QUERY, T_STRING},
    {"CertIdentifier", IN_QUERY, T_STRING},
    {"GatewayUniqueId", IN_QUERY, T_STRING, .required = true},
    {"Http2", IN_QUERY, T_STRING},
    {"Id", IN_QUERY, T_INTEGER, .required = true},
    {"MtlsEnabled", IN_QUERY, T_BOOLEAN},
    {"MustHttps", IN_QUERY, T_BOOLEAN},
    {"Protocol", IN_QUERY, T_STRING, .values = "HTTPS HTTP"},
    {"TlsCipherSuitesConfigJSON", IN_QUERY, T_JSON},
    {"TlsCipherSuitesConfigJSON.*", IN_QUERY, T_ANY},
    {"TlsMax", IN_QUERY, T_STRING},
    {"TlsMin", IN_QUERY, T_STRING},
};

static void update_domain(struct sim_call *c)
{
    static const char *const members[] = {"CertIdentifier", "Protocol",         "MustHttps",
                                          "Http2",          "TlsMin",           "TlsMax",
                                          "MtlsEnabled",    "CaCertIdentifier", "TlsCipherSuitesConfigJSON"};
    struct sim_object *o = wanted(c, sim_arg(c, "Id"));
    struct sim_field fields[countof(members)];
    const char *cert = sim_arg_or(c, "CertIdentifier", "");
    if (!o || !is_free(c, o) || (*cert && !has_cert(c, cert)))
        return;
    for (size_t i = 0; i < countof(members); i++)
        fields[i] = (struct sim_field){members[i], sim_arg_or(c, members[i], "")};
    sim_change(c, o, SETTLE_EDGE, fields, countof(fields));
    struct aliyun_answer *answer = begin(c);
    json_put_int(&answer->w, strtoll(o->id, NULL, 10));
    aliyun_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "QueryGatewayRegion", SIM_PARAMS(region_params), .run = query_region},
    {.name = "ListGateway", SIM_PARAMS(gateways_params), .run = list_gateways},
    {.name = "ListGatewayDomain",
     .resource = "GatewayUniqueId",
     SIM_PARAMS(domains_params),
     .run = list_domains},
    {.name = "GetGatewayDomainDetail", .resource = "Id", SIM_PARAMS(detail_params), .run = get_detail},
    {.name = "UpdateSSLCert",
     .writes = true,
     .resource = "DomainId",
     SIM_PARAMS(cert_params),
     .run = update_cert},
    {.name = "AddSSLCert", .writes = true, .resource = "DomainId", SIM_PARAMS(add_params), .run = add_cert},
    {.name = "UpdateGatewayDomain",
     .writes = true,
     .resource = "Id",
     SIM_PARAMS(update_params),
     .run = update_domain},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *gateway =
        state_find(s, "aliyun", o->account, gateway_kind, o->scope, sim_field(o->now, "GatewayUniqueId"));
    if (!gateway)
        return false;
    *ret = (struct sim_entry){.product = "mse",
                              .id = o->id,
                              .domain = arena_strdup(a, sim_field(o->now, "Name")),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(gateway->now, "SlbIp"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return strcmp(sim_field(view, "Protocol"), "HTTPS")
               ? NULL
               : aliyun_cas_by_identifier(s, o->account, sim_field(view, "CertIdentifier"));
}

static const char *seed_gateway(struct sim_seeding *s, size_t n, const char *region)
{
    const char *id =
        arena_printf(s->arena, "gw-%s", sim_hex_id(s->arena, arena_printf(s->arena, "mse %zu", n), 32));
    bool internal = n % 4 == 3;
    SIM_SEED(s, gateway_kind, region, id, {"Name", arena_printf(s->arena, "shop-%zu", n)},
             {"Public", internal ? "" : "true"},
             {"SlbIp",
              arena_printf(s->arena, "%s.%zu.%zu", internal ? "10.7" : "198.19", n / 250, n % 250 + 1)});
    return id;
}

static void generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / DOMAINS_PER_GATEWAY;
    const char *region = aliyun_regions[number % countof(aliyun_regions)];
    const char *site = strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
    const char *name = sim_list_item(s->arena, sim_seed_names(s, n), 0);
    bool on = sim_seed_has_https(n), mutual = n % 10 == 2;
    const char *ca =
        mutual ? arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, "ca.example.com"), site) : "";
    SIM_SEED(s, kind, region, arena_printf(s->arena, "%zu", 4100 + n),
             {"GatewayUniqueId", seed_gateway(s, number, region)}, {"Name", name},
             {"Type", sim_seed_is_owned(n) ? "Ingress" : "Op"},
             {"IsManaged", sim_seed_is_owned(n) ? "true" : "false"}, {"Protocol", on ? "HTTPS" : "HTTP"},
             {"CertIdentifier",
              on ? arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, name), site) : ""},
             {"MustHttps", n % 2 ? "true" : "false"}, {"Http2", n % 3 ? "open" : "globalConfig"},
             {"TlsMin", on ? "TLS 1.2" : ""}, {"TlsMax", on ? "TLS 1.3" : ""},
             {"MtlsEnabled", mutual ? "true" : "false"}, {"CaCertIdentifier", ca},
             {"TlsCipherSuitesConfigJSON",
              on ? "{\"ConfigType\":\"custom\",\"TlsCipherSuites\":[\"ECDHE-ECDSA-AES128-GCM-SHA256\"]}"
                 : ""});
}

static const char *const hosts[] = {"mse.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_mse = {.cloud = "aliyun",
                                           .code = "mse",
                                           .version = "2019-05-31",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

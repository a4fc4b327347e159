/* The cloud-native API gateway (APIG). Domains hold the certificate by its reference in CAS and stand on one or more gateways;
 * a change of the domain is one of all of them. UpdateDomain puts what it is given in place of all there was. What concerns the
 * request itself is refused within an HTTP 200 whose code is not "Ok". A domain of a serverless gateway takes no protocol.
 */
#include "sim/aliyun/aliyun.h"

#include <string.h>

enum { PAGE_SIZE = 10, PAGE_BYTES = 8 << 20, DOMAINS_PER_GATEWAY = 3 };

static const char gateway_kind[] = "apig.gateway", kind[] = "apig.domain";

static const struct { /* what a domain has beside its certificate */
    const char *name;
    enum sim_type type;
} members[] = {
    {"protocol", T_STRING},     {"forceHttps", T_BOOLEAN},      {"http2Option", T_STRING},
    {"tlsMin", T_STRING},       {"tlsMax", T_STRING},           {"tlsCipherSuitesConfig", T_JSON},
    {"mTLSEnabled", T_BOOLEAN}, {"caCertIdentifier", T_STRING}, {"clientCACert", T_STRING},
};

struct reply {
    struct buf body;
    struct json_writer w;
};

/* Begins {"requestId", "code": "Ok", "message", "data": ... */
static struct reply *begin(struct sim_call *c)
{
    struct reply *r = arena_make(c->arena, struct reply);
    r->body = buf_new(c->arena, PAGE_BYTES);
    r->w = json_writer_to(&r->body);
    json_open_object(&r->w);
    json_member_string(&r->w, "requestId", c->request_id);
    json_member_string(&r->w, "code", "Ok");
    json_member_string(&r->w, "message", "success");
    json_key(&r->w, "data");
    json_open_object(&r->w);
    return r;
}

static void end(struct sim_call *c, struct reply *r)
{
    json_close_object(&r->w);
    json_close_object(&r->w);
    sim_reply(c, 200, "application/json;charset=utf-8", r->body.data);
}

struct page {
    struct reply *r;
    int64_t number, size, total;
};

static struct page page_open(struct sim_call *c)
{
    struct page p = {begin(c), sim_arg_int(c, "pageNumber", 1), sim_arg_int(c, "pageSize", PAGE_SIZE), 0};
    json_key(&p.r->w, "items");
    json_open_array(&p.r->w);
    return p;
}

static bool page_holds(struct page *p)
{
    int64_t i = p->total++;
    return i >= (p->number - 1) * p->size && i < p->number * p->size;
}

static void page_close(struct sim_call *c, struct page *p)
{
    json_close_array(&p->r->w);
    json_member_int(&p->r->w, "pageNumber", p->number);
    json_member_int(&p->r->w, "pageSize", p->size);
    json_member_int(&p->r->w, "totalSize", p->total);
    end(c, p->r);
}

static bool fits(struct sim_call *c, const char *arg, const char *value)
{
    const char *wanted = sim_arg_or(c, arg, "");
    return !*wanted || !strcmp(wanted, value);
}

/* ---- ListGateways ---- */

static const struct sim_param gateways_params[] = {
    {"gatewayId", IN_QUERY, T_STRING},
    {"gatewayType", IN_QUERY, T_STRING, .values = "API AI"},
    {"keyword", IN_QUERY, T_STRING},
    {"name", IN_QUERY, T_STRING},
    {"pageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"pageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"resourceGroupId", IN_QUERY, T_STRING},
    {"tag", IN_QUERY, T_JSON},
    {"tag[]", IN_QUERY, T_OBJECT},
    {"tag[].key", IN_QUERY, T_STRING},
    {"tag[].value", IN_QUERY, T_STRING},
    {"vpcId", IN_QUERY, T_STRING},
};

static const char *gateway_json(struct sim_call *c, const struct sim_object *o)
{
    return json_format(
        c->arena,
        "{'gatewayId':%s,'name':%s,'status':'Running','gatewayType':%s,'gatewayEdition':'Professional',"
        "'chargeType':'POSTPAY','createFrom':'Console','spec':'apigw.small.x1','replicas':'2',"
        "'resourceGroupId':'rg-acfmv3s4eaqayaq','vpc':{'vpcId':%s},'loadBalancers':[{'loadBalancerId':%s,"
        "'address':%s,'addressType':%s,'addressIpVersion':'ipv4','gatewayDefault':true,'mode':'Managed',"
        "'status':'Ready','type':'NLB','ports':[{'port':80,'protocol':'TCP'},{'port':443,'protocol':'TCP'}]}]"
        "}",
        o->id, sim_get(c, o, "name"), sim_get(c, o, "gatewayType"), "vpc-bp1aevy8sofi8mh1qc5cm",
        arena_printf(c->arena, "nlb-%s", o->id + 3), sim_get(c, o, "address"), sim_get(c, o, "addressType"));
}

static void list_gateways(struct sim_call *c)
{
    struct page p = page_open(c);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, gateway_kind, c->region, &cursor));)
        if (fits(c, "gatewayId", o->id) && fits(c, "gatewayType", sim_get(c, o, "gatewayType")) &&
            fits(c, "name", sim_get(c, o, "name")) && !sim_arg(c, "tag") && page_holds(&p))
            json_put_raw(&p.r->w, gateway_json(c, o));
    page_close(c, &p);
}

/* ---- ListDomains, GetDomain ---- */

static const struct sim_param domains_params[] = {
    {"domainScope", IN_QUERY, T_STRING},
    {"gatewayId", IN_QUERY, T_STRING},
    {"gatewayType", IN_QUERY, T_STRING, .values = "API AI"},
    {"nameLike", IN_QUERY, T_STRING},
    {"pageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"pageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"resourceGroupId", IN_QUERY, T_STRING},
};

static void put_member(struct sim_call *c, struct json_writer *w, const struct sim_object *o, size_t i)
{
    const char *value = sim_get(c, o, members[i].name);
    if (*value)
        json_member_raw(w, members[i].name,
                        members[i].type == T_STRING ? json_format(c->arena, "%s", value) : value);
}

static void put_domain(struct sim_call *c, struct json_writer *w, const struct sim_object *o, bool whole)
{
    static const char brief[] = "protocol forceHttps tlsMin tlsMax mTLSEnabled clientCACert";
    json_member_string(w, "domainId", o->id);
    json_member_string(w, "name", sim_get(c, o, "name"));
    json_member_string(w, "domainScope", sim_get(c, o, "domainScope"));
    json_member_string(w, "createFrom", sim_get(c, o, "createFrom"));
    json_member_string(w, "resourceGroupId", "rg-acfmv3s4eaqayaq");
    if (*sim_get(c, o, "certIdentifier"))
        json_member_string(w, "certIdentifier", sim_get(c, o, "certIdentifier"));
    for (size_t i = 0; i < countof(members); i++)
        if (whole || sim_list_has(brief, members[i].name))
            put_member(c, w, o, i);
}

static void list_domains(struct sim_call *c)
{
    struct page p = page_open(c);
    const struct sim_object *o;
    const char *gateway = sim_arg_or(c, "gatewayId", "");
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));) {
        if ((*gateway && !sim_list_has(sim_get(c, o, "@gateways"), gateway)) ||
            !strstr(sim_get(c, o, "name"), sim_arg_or(c, "nameLike", "")) ||
            !fits(c, "domainScope", sim_get(c, o, "domainScope")) || !page_holds(&p))
            continue;
        json_open_object(&p.r->w);
        put_domain(c, &p.r->w, o, false);
        json_member_string(&p.r->w, "status", "Published");
        json_close_object(&p.r->w);
    }
    page_close(c, &p);
}

static const struct sim_param domain_params[] = {
    {"domainId", IN_PATH, T_STRING, .required = true},
    {"withStatistics", IN_QUERY, T_BOOLEAN},
};

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, kind, c->region, sim_arg(c, "domainId"));
    if (!o)
        sim_fail(c, 200, "NotFound.DomainNotFound", "The domain %s does not exist.", sim_arg(c, "domainId"));
    return o;
}

static void get_domain(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    const struct sim_object *cert =
        aliyun_cas_by_identifier(c->state, c->access->account, sim_get(c, o, "certIdentifier"));
    struct reply *r = begin(c);
    put_domain(c, &r->w, o, true);
    json_member_bool(&r->w, "default", false);
    if (cert && cert->cert)
        json_member_string(&r->w, "sans", sim_cert_names(c->arena, cert->cert, ","));
    end(c, r);
}

/* ---- UpdateDomain ---- */

static const struct sim_param update_params[] = {
    {"domainId", IN_PATH, T_STRING, .required = true},
    {"caCertIdentifier", IN_JSON, T_STRING},
    {"certIdentifier", IN_JSON, T_STRING},
    {"clientCACert", IN_JSON, T_STRING},
    {"domainScope", IN_JSON, T_STRING},
    {"forceHttps", IN_JSON, T_BOOLEAN},
    {"http2Option", IN_JSON, T_STRING, .values = "Open Close GlobalConfig"},
    {"mTLSEnabled", IN_JSON, T_BOOLEAN},
    {"protocol", IN_JSON, T_STRING, .values = "HTTP HTTPS"},
    {"tlsCipherSuitesConfig", IN_JSON, T_OBJECT},
    {"tlsCipherSuitesConfig.configType", IN_JSON, T_STRING},
    {"tlsCipherSuitesConfig.tlsCipherSuite[]", IN_JSON, T_OBJECT},
    {"tlsCipherSuitesConfig.tlsCipherSuite[].name", IN_JSON, T_STRING},
    {"tlsCipherSuitesConfig.tlsCipherSuite[].supportVersions[]", IN_JSON, T_STRING},
    {"tlsMax", IN_JSON, T_STRING},
    {"tlsMin", IN_JSON, T_STRING},
};

static bool bad(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 200, code, "%s", message);
    return false;
}

static bool is_fine(struct sim_call *c, const struct sim_object *o)
{
    const char *cert = sim_arg_or(c, "certIdentifier", ""), *protocol = sim_arg_or(c, "protocol", "");
    const struct sim_object *known = aliyun_cas_by_identifier(c->state, c->access->account, cert);
    bool serverless = !strcmp(sim_get(c, o, "domainScope"), "Serverless"), https = !strcmp(protocol, "HTTPS");
    if (strcmp(sim_arg_or(c, "domainScope", sim_get(c, o, "domainScope")), sim_get(c, o, "domainScope")))
        return bad(c, "InvalidParameter.DomainScope", "The domainScope cannot be changed.");
    if (serverless ? *protocol : !*protocol)
        return bad(c, "InvalidParameter.Protocol", "The protocol does not go with this domainScope.");
    if (https && !sim_arg(c, "forceHttps"))
        return bad(c, "MissingParameter.ForceHttps", "forceHttps is mandatory for HTTPS.");
    if (https && !*cert)
        return bad(c, "MissingParameter.CertIdentifier", "certIdentifier is mandatory for HTTPS.");
    return !*cert || (known && !known->gone) ||
           bad(c, "NotFound.CertNotFound", "The certificate does not exist.");
}

static void update_domain(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    struct sim_field fields[countof(members) + 1];
    size_t n = 0;
    if (!o || !is_fine(c, o))
        return;
    for (size_t i = 0; i < countof(members); i++) {
        const struct json *v = json_at(c->json, arena_printf(c->arena, "/%s", members[i].name));
        const char *text = !v ? "" : json_is_object(v) ? json_dump(c->arena, v) : json_text(c->arena, v, "");
        fields[n++] = (struct sim_field){members[i].name, text};
    }
    fields[n++] = (struct sim_field){"certIdentifier", sim_arg_or(c, "certIdentifier", "")};
    sim_change(c, o, SETTLE_EDGE, fields, n);
    struct reply *r = begin(c);
    json_member_string(&r->w, "deployRevisionId",
                       arena_printf(c->arena, "apr-%lld", (long long)sim_serial(c)));
    end(c, r);
}

static const struct sim_operation operations[] = {
    {.name = "ListGateways",
     .method = "GET",
     .path = "/v1/gateways",
     SIM_PARAMS(gateways_params),
     .run = list_gateways},
    {.name = "ListDomains",
     .method = "GET",
     .path = "/v1/domains",
     SIM_PARAMS(domains_params),
     .run = list_domains},
    {.name = "GetDomain",
     .method = "GET",
     .path = "/v1/domains/{domainId}",
     .resource = "domainId",
     SIM_PARAMS(domain_params),
     .run = get_domain},
    {.name = "UpdateDomain",
     .method = "PUT",
     .path = "/v1/domains/{domainId}",
     .writes = true,
     .resource = "domainId",
     SIM_PARAMS(update_params),
     .run = update_domain},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const char *id = sim_list_item(a, sim_field(o->now, "@gateways"), 0);
    const struct sim_object *gateway =
        state_find(s, "aliyun", o->account, gateway_kind, o->scope, id ? id : "");
    if (!gateway)
        return false;
    *ret = (struct sim_entry){.product = "apig",
                              .id = o->id,
                              .domain = arena_strdup(a, sim_field(o->now, "name")),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(gateway->now, "address"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return aliyun_cas_by_identifier(s, o->account, sim_field(view, "certIdentifier"));
}

static const char *seed_gateway(struct sim_seeding *s, size_t n, const char *region)
{
    const char *id = arena_printf(s->arena, "gw-%s",
                                  sim_hex_id(s->arena, arena_printf(s->arena, "apig gateway %zu", n), 20));
    SIM_SEED(s, gateway_kind, region, id, {"name", arena_printf(s->arena, "shop-%zu", n)},
             {"gatewayType", n % 4 == 3 ? "AI" : "API"},
             {"address", arena_printf(s->arena, "nlb-%s.%s.nlb.aliyuncsslb.com", id + 3, region)},
             {"addressType", n % 4 == 1 ? "Intranet" : "Internet"});
    return id;
}

static const char ciphers[] =
    "{\"configType\":\"Custom\",\"tlsCipherSuite\":[{\"name\":\"ECDHE-ECDSA-AES128-GCM-"
    "SHA256\",\"supportVersions\":[\"TLS 1.2\"]}]}";

static void generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / DOMAINS_PER_GATEWAY;
    const char *region = aliyun_regions[number % countof(aliyun_regions)];
    const char *site = strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
    const char *name = sim_list_item(s->arena, sim_seed_names(s, n), 0),
               *gateways = seed_gateway(s, number, region);
    bool on = sim_seed_has_https(n), mutual = n % 10 == 4, serverless = n % 10 == 5;
    const char *id =
        arena_printf(s->arena, "d-%s", sim_hex_id(s->arena, arena_printf(s->arena, "apig %zu", n), 20));
    const char *ca =
        mutual ? arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, "ca.example.com"), site) : "";
    if (n % 6 == 2) /* on two gateways at once */
        gateways =
            sim_list_add(s->arena, gateways, seed_gateway(s, number + countof(aliyun_regions), region));
    SIM_SEED(s, kind, region, id, {"name", name}, {"@gateways", gateways},
             {"domainScope", serverless ? "Serverless" : "Global"},
             {"createFrom", sim_seed_is_owned(n) ? "Ingress" : "Console"},
             {"protocol", serverless ? ""
                          : on       ? "HTTPS"
                                     : "HTTP"},
             {"certIdentifier",
              on ? arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, name), site) : ""},
             {"forceHttps", on && n % 2 ? "true" : "false"}, {"http2Option", n % 3 ? "Open" : "GlobalConfig"},
             {"tlsMin", on ? "TLS 1.2" : ""}, {"tlsMax", on ? "TLS 1.3" : ""},
             {"tlsCipherSuitesConfig", on ? ciphers : ""}, {"mTLSEnabled", mutual ? "true" : "false"},
             {"caCertIdentifier", ca}, {"clientCACert", ""});
}

static const char *const hosts[] = {"apig.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_apig = {.cloud = "aliyun",
                                            .code = "apig",
                                            .version = "2024-03-27",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .style = "lower",
                                            .resource_kind = kind,
                                            .generate = generate,
                                            .entry = entry,
                                            .choose = choose};

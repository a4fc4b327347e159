/* Function Compute: custom domains, in the versions 3.0 (fcv3.<region>) and 2.0 (<account>.<region>.fc). A domain is known to
 * one of them or to both; 3.0 knows no services, so that routes of a 2.0 domain lose theirs when they are written there.
 * UpdateCustomDomain puts what it is given in place of all there was: what is left out is gone. A private key goes in and
 * never comes out. All domains of a region stand behind one host and are told apart by the name asked for.
 */
#include "sim/aliyun/fc_params.h"

#include <string.h>

enum { PAGE_SIZE = 20, PAGE_BYTES = 8 << 20 };

static const char kind[] = "fc.domain", own_cert[] = "@fc.certificate";

static const struct { /* what a domain has beside name and certificate; JSON text in the state */
    const char *name;
    bool text, in_2;
} members[] = {
    {"protocol", true, true},   {"routeConfig", false, true}, {"tlsConfig", false, true},
    {"wafConfig", false, true}, {"authConfig", false, false}, {"corsConfig", false, false},
};

static bool is_2(const struct sim_call *c)
{
    return !strcmp(c->service->version, "2021-04-06");
}

static bool is_visible(struct sim_call *c, const struct sim_object *o)
{
    const char *api = sim_get(c, o, "@api");
    return !strcmp(api, "both") || !strcmp(api, is_2(c) ? "2" : "3");
}

static bool is_own_host(struct sim_call *c)
{
    const char *account = c->access->account;
    size_t size = strlen(account);
    bool own = !is_2(c) || (!strncmp(c->request->host, account, size) && c->request->host[size] == '.');
    if (!own)
        sim_fail(c, 403, "AccessDenied", "The account of the host is not that of the caller.");
    return own;
}

static struct sim_object *wanted(struct sim_call *c)
{
    if (!is_own_host(c))
        return NULL;
    struct sim_object *o = sim_find(c, kind, c->region, sim_arg(c, "domainName"));
    if (!o || !is_visible(c, o)) {
        sim_fail(c, 404, "DomainNameNotFound", "domain name '%s' does not exist", sim_arg(c, "domainName"));
        return NULL;
    }
    return o;
}

static const struct sim_object *bound(struct sim_state *s, const struct sim_object *o,
                                      const struct sim_fields *view)
{
    return state_find_ever(s, "aliyun", o->account, own_cert, "", sim_field(view, "certificate"));
}

static const char *shown_member(struct sim_call *c, const struct sim_object *o, size_t i)
{
    if (!strcmp(members[i].name, "routeConfig") && !is_2(c) && *sim_get(c, o, "@routeConfig3"))
        return sim_get(c, o, "@routeConfig3");
    return sim_get(c, o, members[i].name);
}

static void put_domain(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct sim_object *cert = bound(c->state, o, o->now);
    json_open_object(w);
    json_member_string(w, "domainName", o->id);
    json_member_string(w, "accountId", o->account);
    json_member_string(w, "apiVersion", c->service->version);
    json_member_string(w, "createdTime", sim_get(c, o, "@created"));
    json_member_string(w, "lastModifiedTime", sim_get(c, o, "@modified"));
    for (size_t i = 0; i < countof(members); i++) {
        const char *value = shown_member(c, o, i);
        if (!*value || (is_2(c) && !members[i].in_2))
            continue;
        json_member_raw(w, members[i].name, members[i].text ? json_format(c->arena, "%s", value) : value);
    }
    if (cert)
        json_member_raw(w, "certConfig",
                        json_format(c->arena, "{'certName':%s,'certificate':%s}", sim_get(c, o, "certName"),
                                    cert->cert->chain_pem));
    json_close_object(w);
}

static void reply_one(struct sim_call *c, const struct sim_object *o)
{
    struct buf b = buf_new(c->arena, PAGE_BYTES);
    struct json_writer w = json_writer_to(&b);
    put_domain(c, &w, o);
    sim_reply(c, 200, "application/json", b.data);
}

/* ---- ListCustomDomains, GetCustomDomain, DescribeRegions ---- */

static void list_domains(struct sim_call *c)
{
    size_t from = 0, seen = 0, size = (size_t)sim_arg_int(c, "limit", PAGE_SIZE);
    const char *token = sim_arg_or(c, "nextToken", ""), *prefix = sim_arg_or(c, "prefix", "");
    struct buf b = buf_new(c->arena, PAGE_BYTES);
    struct json_writer w = json_writer_to(&b);
    const struct sim_object *o;
    if (!is_own_host(c))
        return;
    if (*token && !sim_page_token_read(token, &from)) {
        sim_fail(c, 400, "InvalidArgument", "nextToken is invalid");
        return;
    }
    json_open_object(&w);
    json_key(&w, "customDomains");
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));) {
        if (!is_visible(c, o) || strncmp(o->id, prefix, strlen(prefix)) ||
            strcmp(o->id, sim_arg_or(c, "startKey", "")) < 0)
            continue;
        if (seen >= from && seen < from + size)
            put_domain(c, &w, o);
        seen++;
    }
    json_close_array(&w);
    if (from + size < seen)
        json_member_string(&w, "nextToken", sim_page_token(c->arena, from + size));
    json_close_object(&w);
    sim_reply(c, 200, "application/json", b.data);
}

static void get_domain(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        reply_one(c, o);
}

static void describe_regions(struct sim_call *c)
{
    struct buf b = buf_new(c->arena, PAGE_BYTES);
    for (size_t i = 0; i < countof(aliyun_regions); i++)
        buf_printf(&b, "%s%s", i ? "," : "",
                   json_format(c->arena, "{'RegionId':%s,'LocalName':%s}", aliyun_regions[i],
                               aliyun_regions[i]));
    sim_reply(c, 200, "application/json",
              json_format(c->arena, "{'Regions':{'Region':%p}}", arena_printf(c->arena, "[%s]", b.data)));
}

/* ---- UpdateCustomDomain ---- */

static bool bad(struct sim_call *c, const char *message)
{
    sim_fail(c, 400, "InvalidArgument", "%s", message);
    return false;
}

/* The certificate as an object of its own; "" for none. False after a refusal. */
static bool read_certificate(struct sim_call *c, const char **ret_id)
{
    const char *chain = sim_arg(c, "certConfig.certificate"), *key = sim_arg(c, "certConfig.privateKey"),
               *name = sim_arg(c, "certConfig.certName");
    bool https = strstr(sim_arg_or(c, "protocol", "HTTP"), "HTTPS") != NULL;
    struct sim_cert *parsed = NULL;
    *ret_id = "";
    if (!chain && !key && !name)
        return !https || bad(c, "certConfig is required for the protocol HTTPS");
    if (!chain || !key || !name || !*name)
        return bad(c, "certConfig needs certName, certificate and privateKey");
    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")])
        return bad(c, "certName is invalid");
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE)
        return bad(c, "the certificate and the private key do not fit or cannot be parsed");
    *ret_id = sim_hex_id(c->arena, arena_printf(c->arena, "%s %s", c->access->account, chain), 32);
    if (!sim_find(c, own_cert, "", *ret_id))
        SIM_CREATE(c, own_cert, "", *ret_id, {"Cert", chain}, {"Key", key});
    return true;
}

static void update_domain(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    struct sim_field fields[countof(members) + 3];
    const char *id;
    size_t n = 0;
    if (!o || !read_certificate(c, &id))
        return;
    for (size_t i = 0; i < countof(members); i++) {
        const struct json *v = json_at(c->json, arena_printf(c->arena, "/%s", members[i].name));
        bool as_shown =
            v && *sim_get(c, o, "@routeConfig3") && !is_2(c) && !strcmp(members[i].name, "routeConfig");
        if (is_2(c) && !members[i].in_2)
            continue;
        const char *text = !v ? "" : members[i].text ? json_str(v, "") : json_dump(c->arena, v);
        fields[n++] = (struct sim_field){members[i].name, text};
        if (as_shown) /* written without its services: they are gone */
            fields[n++] = (struct sim_field){"@routeConfig3", ""};
    }
    fields[n++] = (struct sim_field){"certName", *id ? sim_arg(c, "certConfig.certName") : ""};
    fields[n++] = (struct sim_field){"certificate", id};
    sim_change(c, o, SETTLE_EDGE, fields, n);
    if (c->wrote)
        SIM_CHANGE(c, o, SETTLE_EDGE, {"@modified", aliyun_time(c, c->now_ms)});
    reply_one(c, o);
}

/* ---- tables ---- */

static const struct sim_operation operations_3[] = {
    {.name = "ListCustomDomains",
     .method = "GET",
     .path = "/2023-03-30/custom-domains",
     SIM_PARAMS(fc3_list_custom_domains_params),
     .run = list_domains},
    {.name = "GetCustomDomain",
     .method = "GET",
     .path = "/2023-03-30/custom-domains/{domainName}",
     .resource = "domainName",
     SIM_PARAMS(fc3_get_custom_domain_params),
     .run = get_domain},
    {.name = "UpdateCustomDomain",
     .method = "PUT",
     .path = "/2023-03-30/custom-domains/{domainName}",
     .writes = true,
     .resource = "domainName",
     SIM_PARAMS(fc3_update_custom_domain_params),
     .run = update_domain},
    {.name = "DescribeRegions",
     .method = "GET",
     .path = "/2023-03-30/regions",
     SIM_PARAMS(fc3_describe_regions_params),
     .run = describe_regions},
};

static const struct sim_operation operations_2[] = {
    {.name = "ListCustomDomains",
     .method = "GET",
     .path = "/2021-04-06/custom-domains",
     SIM_PARAMS(fc2_list_custom_domains_params),
     .run = list_domains},
    {.name = "GetCustomDomain",
     .method = "GET",
     .path = "/2021-04-06/custom-domains/{domainName}",
     .resource = "domainName",
     SIM_PARAMS(fc2_get_custom_domain_params),
     .run = get_domain},
    {.name = "UpdateCustomDomain",
     .method = "PUT",
     .path = "/2021-04-06/custom-domains/{domainName}",
     .writes = true,
     .resource = "domainName",
     SIM_PARAMS(fc2_update_custom_domain_params),
     .run = update_domain},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "fc",
                              .id = o->id,
                              .domain = arena_strdup(a, o->id),
                              .port = 443,
                              .host = arena_printf(a, "%s.%s.fc.aliyuncs.com", o->account, o->scope)};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return strstr(sim_field(view, "protocol"), "HTTPS") ? bound(s, o, view) : NULL;
}

static const char *seed_cert(struct sim_seeding *s, const char *name)
{
    const char *chain, *key, *id = sim_hex_id(s->arena, arena_printf(s->arena, "old fc %s", name), 32);
    sim_seed_cert(s, name, &chain, &key);
    SIM_SEED(s, own_cert, "", id, {"Cert", chain}, {"Key", key});
    return id;
}

static const char routes_2[] = "{\"routes\":[{\"path\":\"/*\",\"serviceName\":\"shop\",\"functionName\":"
                               "\"web\",\"qualifier\":\"LATEST\",\"methods\":[\"GET\",\"POST\"]}]}";
static const char routes_3[] =
    "{\"routes\":[{\"path\":\"/*\",\"functionName\":\"web\",\"qualifier\":\"LATEST\",\"methods\":[\"GET\"],"
    "\"rewriteConfig\":{\"equalRules\":[{\"match\":\"/old\",\"replacement\":\"/new\"}]}}]}";

static void generate(struct sim_seeding *s, size_t n)
{
    static const char *const apis[] = {"3", "2", "both", "3"};
    const char *region = aliyun_regions[n % countof(aliyun_regions)], *api = apis[n % countof(apis)];
    const char *name = sim_list_item(s->arena, sim_seed_names(s, n), 0);
    bool on = sim_seed_has_https(n), in_2 = strcmp(api, "3") != 0;
    const char *at = time_iso(s->arena, s->now_ms - 100 * 86400000LL);
    SIM_SEED(s, kind, region, name, {"@api", api}, {"@created", at}, {"@modified", at},
             {"protocol", !on     ? "HTTP"
                          : n % 3 ? "HTTP,HTTPS"
                                  : "HTTPS"},
             {"routeConfig", in_2 ? routes_2 : routes_3},
             {"@routeConfig3", strcmp(api, "both") ? "" : routes_3},
             {"tlsConfig", on ? "{\"minVersion\":\"TLSv1.2\",\"maxVersion\":\"TLSv1.3\",\"cipherSuites\":"
                                "[\"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\"]}"
                              : ""},
             {"wafConfig", "{\"enableWAF\":true}"},
             {"authConfig", in_2 ? "" : "{\"authType\":\"jwt\",\"authInfo\":\"{\\\"jwks\\\":{}}\"}"},
             {"corsConfig", in_2 ? "" : "{\"allowOrigins\":[\"https://shop.example\"],\"maxAge\":3600}"},
             {"certName", on ? "old-cert" : ""}, {"certificate", on ? seed_cert(s, name) : ""});
}

static const char *const hosts_3[] = {"fcv3.{region}.aliyuncs.com", NULL};
static const char *const hosts_2[] = {"{account}.{region}.fc.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_fc3 = {.cloud = "aliyun",
                                           .code = "fc3",
                                           .version = "2023-03-30",
                                           .hosts = hosts_3,
                                           .operations = operations_3,
                                           .operation_count = countof(operations_3),
                                           .resource_kind = kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

const struct sim_service sim_aliyun_fc2 = {.cloud = "aliyun",
                                           .code = "fc2",
                                           .version = "2021-04-06",
                                           .hosts = hosts_2,
                                           .operations = operations_2,
                                           .operation_count = countof(operations_2)};

/* PAI-EAS: dedicated gateways and their own domains. Attaching a domain that is there sets its certificate in place; it is
 * "Processing" until edges follow, and takes no other change meanwhile. Certificates are bare numbers of the site of the
 * gateway's region.
 */
#include "sim/aliyun/aliyun.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_SIZE = 100, DOMAINS_PER_GATEWAY = 4 };

static const char gateway_kind[] = "eas.gateway", kind[] = "eas.domain";

static const char *site_of(const char *region)
{
    return strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
}

static void list_regions(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Regions");
    json_open_array(&answer->w);
    for (size_t i = 0; i < countof(aliyun_regions); i++)
        json_put_raw(&answer->w, json_format(c->arena, "{'RegionId':%s,'RegionName':%s}", aliyun_regions[i],
                                             aliyun_regions[i]));
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

/* ---- gateways ---- */

static void put_gateway(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_member_string(w, "GatewayId", o->id);
    json_member_string(w, "GatewayName", sim_get(c, o, "GatewayName"));
    json_member_string(w, "Status", "Running");
    json_member_bool(w, "InternetEnabled", true);
    json_member_bool(w, "IntranetEnabled", true);
    json_member_string(w, "InternetDomain", sim_get(c, o, "InternetDomain"));
    json_member_string(w, "IntranetDomain", sim_get(c, o, "IntranetDomain"));
    json_member_bool(w, "SSLRedirectionEnabled", !strcmp(sim_get(c, o, "SSLRedirectionEnabled"), "true"));
    json_member_string(w, "ChargeType", "PostPaid");
}

static void list_gateways(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "PageNumber", 1), size = sim_arg_int(c, "PageSize", PAGE_SIZE), total = 0;
    struct aliyun_answer *answer = aliyun_begin(c);
    const struct sim_object *o;
    json_key(&answer->w, "Gateways");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, gateway_kind, c->region, &cursor));) {
        const char *wanted = sim_arg(c, "GatewayId");
        if (wanted && strcmp(wanted, o->id))
            continue;
        if (total >= (page - 1) * size && total < page * size) {
            json_open_object(&answer->w);
            put_gateway(c, &answer->w, o);
            json_close_object(&answer->w);
        }
        total++;
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "PageNumber", page);
    json_member_int(&answer->w, "PageSize", size);
    json_member_int(&answer->w, "TotalCount", total);
    aliyun_end(c, answer);
}

static const struct sim_object *gateway_of(struct sim_call *c)
{
    const struct sim_object *o = sim_find(c, gateway_kind, c->region, sim_arg(c, "GatewayId"));
    if (o && !strcmp(sim_arg(c, "ClusterId"), c->region))
        return o;
    sim_fail(c, 404, "GatewayNotFound", "The gateway %s does not exist.", sim_arg(c, "GatewayId"));
    return NULL;
}

static void describe_gateway(struct sim_call *c)
{
    const struct sim_object *o = gateway_of(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    put_gateway(c, &answer->w, o);
    aliyun_end(c, answer);
}

/* ---- domains ---- */

static void put_domain(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const char *id = sim_get(c, o, "CertificateId");
    const struct sim_object *cert = *id ? aliyun_cas_find(c, site_of(c->region), id) : NULL;
    json_open_object(w);
    json_member_string(w, "Domain", sim_get(c, o, "Domain"));
    json_member_string(w, "Type", sim_get(c, o, "Type"));
    json_member_string(w, "CertificateId", id);
    json_member_string(w, "CertificateStatus", sim_settling(c, o) ? "Processing" : "Succeeded");
    if (cert)
        json_member_string(w, "CertificateName", sim_get(c, cert, "Name"));
    json_close_object(w);
}

static void list_domains(struct sim_call *c)
{
    const struct sim_object *gateway = gateway_of(c), *o;
    if (!gateway)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "CustomDomains");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "gateway"), gateway->id))
            put_domain(c, &answer->w, o);
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

struct wanted {
    const char *domain, *type, *certificate, *id;
};

/* CustomDomain is a string that holds JSON. */
static bool read_wanted(struct sim_call *c, bool attach, struct wanted *ret)
{
    const char *text = sim_arg(c, "CustomDomain"), *name;
    const struct json *v, *value;
    if (!json_parse(c->arena, text, strlen(text), &v, NULL) || !json_is_object(v)) {
        c->vendor->refuse(c, REFUSE_BAD_PARAMETER, "CustomDomain");
        return false;
    }
    for (size_t i = 0; json_member(v, i, &name, &value); i++)
        if (!json_is_string(value) ||
            (!sim_list_has("Domain Type", name) && !(attach && !strcmp(name, "CertificateId")))) {
            c->vendor->refuse(c, REFUSE_UNKNOWN_PARAMETER, name);
            return false;
        }
    *ret = (struct wanted){json_str(json_at(v, "/Domain"), ""), json_str(json_at(v, "/Type"), ""),
                           json_str(json_at(v, "/CertificateId"), "")};
    if (!*ret->domain || !sim_list_has("internet intranet", ret->type)) {
        c->vendor->refuse(c, REFUSE_BAD_PARAMETER, "CustomDomain");
        return false;
    }
    ret->id = arena_printf(c->arena, "%s/%s/%s", sim_arg(c, "GatewayId"), ret->type, ret->domain);
    c->resource = ret->id;
    return true;
}

static void reply_done(struct sim_call *c, const char *message)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "GatewayId", sim_arg(c, "GatewayId"));
    json_member_string(&answer->w, "Message", message);
    aliyun_end(c, answer);
}

/* Attaching brings back a domain that is gone, so that what vanishes in the middle is its whole gateway. The core knows
 * these calls by their gateway alone and leaves both marks to us. True: answered.
 */
static bool heed_marks(struct sim_call *c, struct sim_object *o)
{
    if (!strcmp(sim_get(c, o, "@deny"), "1")) {
        c->vendor->refuse(c, REFUSE_DENIED, c->operation->name);
        return true;
    }
    if (strcmp(sim_get(c, o, "@vanish"), "1"))
        return false;
    state_delete(c->state, sim_find(c, gateway_kind, c->region, sim_arg(c, "GatewayId")));
    state_delete(c->state, o);
    return gateway_of(c) == NULL;
}

static void attach(struct sim_call *c)
{
    struct wanted w;
    if (!gateway_of(c) || !read_wanted(c, true, &w))
        return;
    struct sim_object *o = sim_find(c, kind, c->region, w.id);
    const struct sim_object *cert = aliyun_cas_find(c, site_of(c->region), w.certificate);
    if (o && heed_marks(c, o))
        return;
    if (*w.certificate && (!cert || !cert->cert))
        sim_fail(c, 400, "InvalidParameter", "The certificate %s does not exist.", w.certificate);
    else if (*w.certificate && !sim_cert_covers(cert->cert, w.domain))
        sim_fail(c, 400, "InvalidParameter", "The certificate does not match the domain %s.", w.domain);
    else if (o && sim_settling(c, o))
        sim_fail(c, 409, "SystemBusy", "The domain %s is being changed.", w.domain);
    else if (o) {
        SIM_CHANGE(c, o, SETTLE_EDGE, {"CertificateId", w.certificate});
        reply_done(c, "Succeeded to update custom endpoint.");
    } else {
        SIM_CREATE(c, kind, c->region, w.id, {"gateway", sim_arg(c, "GatewayId")}, {"Domain", w.domain},
                   {"Type", w.type}, {"CertificateId", w.certificate});
        reply_done(c, "Succeeded to attach custom endpoint.");
    }
}

static void detach(struct sim_call *c)
{
    struct wanted w;
    if (!gateway_of(c) || !read_wanted(c, false, &w))
        return;
    struct sim_object *o = sim_find(c, kind, c->region, w.id);
    if (!o) {
        sim_fail(c, 404, "DomainNotFound", "The domain %s is not attached.", w.domain);
        return;
    }
    sim_delete(c, o);
    reply_done(c, "Succeeded to detach custom endpoint.");
}

/* ---- resources ---- */

static void generate(struct sim_seeding *s, size_t n)
{
    struct arena *a = s->arena;
    size_t number = n / DOMAINS_PER_GATEWAY;
    const char *region = aliyun_regions[number % countof(aliyun_regions)];
    const char *gateway = arena_printf(a, "gw-%s", sim_hex_id(a, arena_printf(a, "eas %zu", number), 17));
    const char *type = n % 8 == 5 ? "intranet" : "internet",
               *name = sim_list_item(a, sim_seed_names(s, n), 0);
    SIM_SEED(s, gateway_kind, region, gateway, {"GatewayName", arena_printf(a, "models-%zu", number)},
             {"InternetDomain", arena_printf(a, "%s.%s.pai-eas.aliyuncs.com", gateway, region)},
             {"IntranetDomain", arena_printf(a, "%s-vpc.%s.pai-eas.aliyuncs.com", gateway, region)},
             {"SSLRedirectionEnabled", number % 2 ? "true" : "false"});
    SIM_SEED(s, kind, region, arena_printf(a, "%s/%s/%s", gateway, type, name), {"gateway", gateway},
             {"Domain", name}, {"Type", type},
             {"CertificateId", sim_seed_has_https(n) ? aliyun_seed_cas(s, site_of(region), name) : ""});
}

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *gateway =
        state_find(s, "aliyun", o->account, gateway_kind, o->scope, sim_field(o->now, "gateway"));
    bool internet = !strcmp(sim_field(o->now, "Type"), "internet");
    if (!gateway)
        return false;
    *ret = (struct sim_entry){.product = "eas",
                              .id = o->id,
                              .domain = arena_strdup(a, sim_field(o->now, "Domain")),
                              .host = arena_strdup(a, sim_field(gateway->now, internet ? "InternetDomain"
                                                                                       : "IntranetDomain")),
                              .port = 443};
    return true;
}

/* All domains of a gateway stand behind one address and are told apart by SNI. */
static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    char identifier[96];
    const struct sim_object *other;
    for (size_t cursor = 0; (other = state_next(s, "aliyun", o->account, kind, o->scope, &cursor));) {
        const char *domain = sim_field(other->now, "Domain"), *dot = strchr(server_name, '.');
        bool same = !strcmp(domain, server_name) || (*domain == '*' && dot && !strcmp(domain + 1, dot));
        if (same && !strcmp(sim_field(other->now, "gateway"), sim_field(o->now, "gateway"))) {
            view = state_served(s, other);
            break;
        }
    }
    snprintf(identifier, sizeof identifier, "%s-%s", sim_field(view, "CertificateId"), site_of(o->scope));
    return aliyun_cas_by_identifier(s, o->account, identifier);
}

/* ---- tables ---- */

#define GATEWAY_PARAMS                                                                                       \
    {"ClusterId", IN_PATH, T_STRING, .required = true},                                                      \
    {                                                                                                        \
        "GatewayId", IN_PATH, T_STRING, .required = true                                                     \
    }

static const struct sim_param gateways_params[] = {
    {"ChargeType", IN_QUERY, T_STRING},
    {"GatewayId", IN_QUERY, T_STRING},
    {"GatewayName", IN_QUERY, T_STRING},
    {"GatewayType", IN_QUERY, T_STRING},
    {"InternetEnabled", IN_QUERY, T_BOOLEAN},
    {"Label", IN_QUERY, T_JSON},
    {"Label{}", IN_QUERY, T_STRING},
    {"Order", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"ResourceName", IN_QUERY, T_STRING},
    {"Sort", IN_QUERY, T_STRING},
    {"Status", IN_QUERY, T_STRING},
};
static const struct sim_param gateway_params[] = {GATEWAY_PARAMS};
static const struct sim_param domain_params[] = {
    GATEWAY_PARAMS,
    {"CustomDomain", IN_QUERY, T_JSON, .required = true},
    {"CustomDomain.*", IN_QUERY, T_ANY},
};

#define ONE_GATEWAY "/api/v2/gateways/{ClusterId}/{GatewayId}"
#define READ(title, where, table, function)                                                                  \
    {                                                                                                        \
        .name = (title), .method = "GET", .path = (where), SIM_PARAMS(table), .run = (function)              \
    }

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", .method = "GET", .path = "/api/v2/regions", .run = list_regions},
    READ("ListGateway", "/api/v2/gateways", gateways_params, list_gateways),
    READ("DescribeGateway", ONE_GATEWAY, gateway_params, describe_gateway),
    READ("ListGatewayDomains", ONE_GATEWAY "/domains", gateway_params, list_domains),
    {.name = "AttachGatewayDomain",
     .method = "PUT",
     .path = ONE_GATEWAY "/domain/attach",
     .writes = true,
     .resource = "GatewayId",
     SIM_PARAMS(domain_params),
     .run = attach},
    {.name = "DetachGatewayDomain",
     .method = "PUT",
     .path = ONE_GATEWAY "/domain/detach",
     .writes = true,
     .resource = "GatewayId",
     SIM_PARAMS(domain_params),
     .run = detach},
};

static const char *const hosts[] = {"pai-eas.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_eas = {.cloud = "aliyun",
                                           .code = "eas",
                                           .version = "2021-07-01",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

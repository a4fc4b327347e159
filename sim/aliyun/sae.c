/* SAE gateway routing: routes on listeners of CLB (one certificate of its store in the region) and ALB (a list of
 * references). UpdateIngress changes what it is told. The product's own refusals are an HTTP 200 with Success=false.
 */
#include "sim/aliyun/alb.h"
#include "sim/aliyun/slb.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_SIZE = 10 };

static const char kind[] = "sae.ingress";

static struct aliyun_answer *begin(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_bool(&answer->w, "Success", true);
    json_member_string(&answer->w, "Code", "200");
    json_member_string(&answer->w, "Message", "success");
    return answer;
}

static void refuse(struct sim_call *c, const char *code, const char *message)
{
    c->code = code;
    sim_reply(c, 200, "application/json;charset=utf-8",
              json_format(c->arena,
                          "{'RequestId':%s,'Success':false,'Code':'400','ErrorCode':%s,'Message':%s}",
                          c->request_id, code, message));
}

static void list_regions(struct sim_call *c)
{
    struct buf list = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&list);
    json_open_array(&w);
    for (size_t i = 0; i < countof(aliyun_regions); i++)
        json_put_raw(&w, json_format(c->arena, "{'RegionId':%s,'LocalName':%s,'RegionEndpoint':%s}",
                                     aliyun_regions[i], aliyun_regions[i],
                                     arena_printf(c->arena, "sae.%s.aliyuncs.com", aliyun_regions[i])));
    json_close_array(&w);
    sim_reply(c, 200, "application/json;charset=utf-8",
              json_format(c->arena, "{'RequestId':%s,'Code':200,'Message':'success','Regions':{'Region':%p}}",
                          c->request_id, list.data));
}

/* Each region has its own namespace and one more. */
static char *namespace_json(struct sim_call *c, const char *suffix)
{
    const char *id = arena_printf(c->arena, "%s%s", c->region, suffix);
    return json_format(c->arena, "{'NamespaceId':%s,'NamespaceName':%s,'RegionId':%s}", id,
                       *suffix ? suffix + 1 : "default", c->region);
}

static void list_namespaces(struct sim_call *c)
{
    struct aliyun_answer *answer = begin(c);
    bool custom = sim_arg_bool(c, "ContainCustom", false);
    json_member_raw(&answer->w, "Data",
                    json_format(c->arena, custom ? "[%p,%p]" : "[%p]", namespace_json(c, ""),
                                namespace_json(c, ":test")));
    aliyun_end(c, answer);
}

static void page_namespaces(struct sim_call *c)
{
    struct aliyun_answer *answer = begin(c);
    json_member_raw(&answer->w, "Data",
                    json_format(c->arena,
                                "{'CurrentPage':1,'PageSize':10,'TotalSize':2,'Namespaces':[%p,%p]}",
                                namespace_json(c, ""), namespace_json(c, ":test")));
    aliyun_end(c, answer);
}

/* ---- routes ---- */

static char *as_json(struct sim_call *c, const struct sim_object *o, bool listed)
{
    const char *rules = sim_get(c, o, "Rules"), *policy = sim_get(c, o, "SecurityPolicyId");
    const char *more = listed ? json_format(c->arena, "'MseGatewayId':%s,", sim_get(c, o, "MseGatewayId"))
                              : json_format(c->arena, "'SecurityPolicyId':%s,", policy);
    const char *port = sim_get(c, o, "ListenerPort");
    return json_format(c->arena,
                       "{'Id':%p,'Name':%s,'NamespaceId':%s,'LoadBalanceType':%s,'ListenerProtocol':%s,'"
                       "ListenerPort':%p,'SlbId':%s,"
                       "'SlbType':%s,'CertId':%s,'CertIds':%s,%p'Description':%s,'IdleTimeout':15,'Rules':%p,"
                       "'DefaultRule':{'AppId':'app-1','ContainerPort':8080}}",
                       o->id, sim_get(c, o, "Name"), sim_get(c, o, "NamespaceId"),
                       sim_get(c, o, "LoadBalanceType"), sim_get(c, o, "ListenerProtocol"),
                       listed ? json_format(c->arena, "%s", port) : port, sim_get(c, o, "SlbId"),
                       sim_get(c, o, "SlbType"), sim_get(c, o, "CertId"), sim_get(c, o, "CertIds"), more,
                       sim_get(c, o, "Description"), *rules ? rules : "[]");
}

static void list_ingresses(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "CurrentPage", 1), size = sim_arg_int(c, "PageSize", PAGE_SIZE), total = 0;
    struct aliyun_answer *answer = begin(c);
    const struct sim_object *o;
    json_key(&answer->w, "Data");
    json_open_object(&answer->w);
    json_key(&answer->w, "IngressList");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));) {
        if (strcmp(sim_get(c, o, "NamespaceId"), sim_arg(c, "NamespaceId")))
            continue;
        if (total >= (page - 1) * size && total < page * size)
            json_put_raw(&answer->w, as_json(c, o, true));
        total++;
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "CurrentPage", page);
    json_member_int(&answer->w, "PageSize", size);
    json_member_int(&answer->w, "TotalSize", total);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, kind, c->region, sim_arg(c, "IngressId"));
    if (!o)
        refuse(c, "NotFound.Ingress", "The ingress does not exist.");
    return o;
}

static void describe(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = begin(c);
    json_member_raw(&answer->w, "Data", as_json(c, o, false));
    aliyun_end(c, answer);
}

static bool certificates_exist(struct sim_call *c, const struct sim_object *o)
{
    const char *id = sim_arg(c, "CertId"), *list = sim_arg_or(c, "CertIds", "");
    bool clb = !strcmp(sim_get(c, o, "LoadBalanceType"), "clb");
    if ((id && *id && !clb) || (*list && clb))
        return false;
    if (id && *id && !sim_find(c, slb_cert_kind, c->region, id))
        return false;
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, ",");
        const struct sim_object *cert =
            aliyun_cas_by_identifier(c->state, c->access->account, arena_copy(c->arena, at, size));
        if (!cert || cert->gone)
            return false;
        at += size + (at[size] == ',');
    }
    return true;
}

static void update(struct sim_call *c)
{
    static const char *const names[] = {"CertId",           "CertIds",          "Description", "ListenerPort",
                                        "ListenerProtocol", "SecurityPolicyId", "Rules"};
    struct sim_object *o = wanted(c);
    struct sim_field changes[countof(names)];
    size_t count = 0;
    if (!o)
        return;
    if (!certificates_exist(c, o)) {
        refuse(c, "InvalidParameter.CertId", "The certificate does not exist.");
        return;
    }
    for (size_t i = 0; i < countof(names); i++)
        if (sim_arg(c, names[i]))
            changes[count++] = (struct sim_field){names[i], sim_arg(c, names[i])};
    sim_change(c, o, SETTLE_EDGE, changes, count);
    struct aliyun_answer *answer = begin(c);
    json_member_raw(&answer->w, "Data", json_format(c->arena, "{'IngressId':%p}", o->id));
    aliyun_end(c, answer);
}

/* ---- resources ---- */

/* Every route has a load balancer of its own; beside it stands an HTTP route. */
static void generate(struct sim_seeding *s, size_t n)
{
    struct arena *a = s->arena;
    const char *region = aliyun_regions[n / 4 % countof(aliyun_regions)], *names = sim_seed_names(s, n);
    const char *site = strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
    const char *first = sim_list_item(a, names, 0), *second = sim_list_item(a, names, 1);
    bool clb = n % 3 == 0;
    const char *hex = sim_hex_id(a, arena_printf(a, "sae %zu", n), 18);
    const char *slb = arena_printf(a, clb ? "lb-%s" : "alb-%s", hex);
    const char *ids = "", *id = clb ? slb_seed_cert(s, region, first) : "";
    if (!clb)
        ids = arena_printf(a, "%s-%s", aliyun_seed_cas(s, site, first), site);
    if (!clb && second)
        ids = arena_printf(a, "%s,%s-%s", ids, aliyun_seed_cas(s, site, second), site);
    const char *rules =
        json_format(a, "[{'Domain':%s,'Path':'/','AppId':'app-1','ContainerPort':8080}%p]", first,
                    second && !clb ? json_format(a, ",{'Domain':%s,'Path':'/'}", second) : "");
    if (clb)
        SIM_SEED(s, slb_lb_kind, region, slb, {"LoadBalancerName", "sae"},
                 {"Address", arena_printf(a, "47.97.%zu.%zu", n / 250 % 250, n % 250 + 1)},
                 {"AddressType", "internet"}, {"LoadBalancerSpec", "slb.s2.small"}, {"Tags", "acs:sae=true"});
    else
        SIM_SEED(s, alb_lb_kind, region, slb, {"LoadBalancerName", "sae"},
                 {"DNSName", arena_printf(a, "%s.%s.alb.aliyuncsslb.com", slb, region)},
                 {"AddressType", "Internet"}, {"VpcId", "vpc-bp1aevy8sofi8mh1qc5cm"},
                 {"LoadBalancerEdition", "Standard"}, {"Tags", "acs:sae=true"});
    SIM_SEED(s, kind, region, arena_printf(a, "%zu", 7000 + n), {"Name", arena_printf(a, "route-%zu", n)},
             {"NamespaceId", arena_printf(a, "%s%s", region, n % 2 ? ":test" : "")},
             {"LoadBalanceType", clb ? "clb" : "alb"}, {"ListenerProtocol", "HTTPS"}, {"ListenerPort", "443"},
             {"SlbId", slb}, {"SlbType", "internet"}, {"CertId", id}, {"CertIds", ids}, {"Rules", rules},
             {"SecurityPolicyId", "tls_cipher_policy_1_2"}, {"Description", "shop"}, {"@names", names});
    SIM_SEED(s, kind, region, arena_printf(a, "%zu", 90000 + n), {"Name", "plain"}, {"NamespaceId", region},
             {"LoadBalanceType", "alb"}, {"ListenerProtocol", "HTTP"}, {"ListenerPort", "80"}, {"SlbId", slb},
             {"SlbType", "internet"}, {"Rules", rules});
}

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    bool clb = !strcmp(sim_field(o->now, "LoadBalanceType"), "clb");
    const struct sim_object *lb = state_find(s, "aliyun", o->account, clb ? slb_lb_kind : alb_lb_kind,
                                             o->scope, sim_field(o->now, "SlbId"));
    if (!lb || strcmp(sim_field(o->now, "ListenerProtocol"), "HTTPS"))
        return false;
    *ret = (struct sim_entry){.product = "sae",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(lb->now, clb ? "Address" : "DNSName")),
                              .port = 443};
    return true;
}

/* The first is the default; the others by their names. */
static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    const char *id = sim_field(view, "CertId"), *list = sim_field(view, "CertIds");
    const struct sim_object *standard = NULL;
    if (*id)
        return state_find_ever(s, "aliyun", o->account, slb_cert_kind, o->scope, id);
    for (const char *at = list; *at;) {
        char one[96];
        size_t size = strcspn(at, ",");
        snprintf(one, sizeof one, "%.*s", (int)size, at);
        const struct sim_object *cert = aliyun_cas_by_identifier(s, o->account, one);
        if (!standard)
            standard = cert;
        else if (*server_name && cert && cert->cert && sim_cert_covers(cert->cert, server_name))
            return cert;
        at += size + (at[size] == ',');
    }
    return standard;
}

/* ---- tables ---- */

static const struct sim_param namespace_params[] = {
    {"ContainCustom", IN_QUERY, T_BOOLEAN},
    {"HybridCloudExclude", IN_QUERY, T_BOOLEAN},
};
static const struct sim_param namespaces_params[] = {
    {"CurrentPage", IN_QUERY, T_INTEGER, .required = true, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .required = true, .min = 0, .max = 10000},
};
static const struct sim_param list_params[] = {
    {"AppId", IN_QUERY, T_STRING},
    {"CurrentPage", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"NamespaceId", IN_QUERY, T_STRING, .required = true},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
};
static const struct sim_param describe_params[] = {{"IngressId", IN_QUERY, T_INTEGER, .required = true}};
static const struct sim_param update_params[] = {
    {"CertId", IN_QUERY, T_STRING},
    {"CertIds", IN_QUERY, T_STRING},
    {"CorsConfig", IN_QUERY, T_STRING},
    {"DefaultRule", IN_QUERY, T_STRING},
    {"Description", IN_QUERY, T_STRING},
    {"EnableGzip", IN_QUERY, T_BOOLEAN},
    {"EnableXForwardedFor", IN_QUERY, T_BOOLEAN},
    {"EnableXForwardedForClientSrcPort", IN_QUERY, T_BOOLEAN},
    {"EnableXForwardedForProto", IN_QUERY, T_BOOLEAN},
    {"EnableXForwardedForSlbId", IN_QUERY, T_BOOLEAN},
    {"EnableXForwardedForSlbPort", IN_QUERY, T_BOOLEAN},
    {"IdleTimeout", IN_QUERY, T_INTEGER},
    {"IngressId", IN_QUERY, T_INTEGER, .required = true},
    {"ListenerPort", IN_QUERY, T_STRING},
    {"ListenerProtocol", IN_QUERY, T_STRING},
    {"LoadBalanceType", IN_QUERY, T_STRING},
    {"RequestTimeout", IN_QUERY, T_INTEGER},
    {"SecurityPolicyId", IN_QUERY, T_STRING},
    {"Rules", IN_FORM, T_STRING},
};

#define INGRESS "/pop/v1/sam/ingress/Ingress"
#define READ(title, where, table, function)                                                                  \
    {                                                                                                        \
        .name = (title), .method = "GET", .path = (where), SIM_PARAMS(table), .run = (function)              \
    }

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", .method = "GET", .path = "/pop/v1/paas/regionConfig", .run = list_regions},
    READ("DescribeNamespaceList", "/pop/v1/sam/namespace/describeNamespaceList", namespace_params,
         list_namespaces),
    READ("DescribeNamespaces", "/pop/v1/paas/namespaces", namespaces_params, page_namespaces),
    READ("ListIngresses", "/pop/v1/sam/ingress/IngressList", list_params, list_ingresses),
    READ("DescribeIngress", INGRESS, describe_params, describe),
    {.name = "UpdateIngress",
     .method = "PUT",
     .path = INGRESS,
     .writes = true,
     .resource = "IngressId",
     SIM_PARAMS(update_params),
     .run = update},
};

static const char *const hosts[] = {"sae.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_sae = {.cloud = "aliyun",
                                           .code = "sae",
                                           .version = "2019-05-06",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

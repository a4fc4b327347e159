/* API Gateway (classic): groups with domains, each with certificate and key as PEM. A certificate gets a number of the
 * gateway's own with every change; its private key never comes out. A client CA that is not sent along again is gone, with
 * all that belongs to it, and no answer shows it.
 */
#include "sim/aliyun/page.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 10, DOMAINS_PER_GROUP = 3 };

static const char group_kind[] = "apigateway.group", kind[] = "apigateway.domain",
                  own_cert[] = "@apigateway.certificate";

static const char *const client_flags[] = {"ClientCertSDnPassThrough", "SslOcspEnable", "SslOcspCacheEnable"};

/* ---- DescribeRegions, DescribeApiGroups ---- */

static const struct sim_param regions_params[] = {
    {"Language", IN_QUERY, T_STRING, .values = "zh-CN en ja"},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static void describe_regions(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Regions");
    json_open_object(&answer->w);
    json_key(&answer->w, "Region");
    json_open_array(&answer->w);
    for (size_t i = 0; i < countof(aliyun_regions); i++)
        json_put_raw(&answer->w,
                     json_format(c->arena, "{'RegionId':%s,'RegionEndpoint':%s,'LocalName':%s}",
                                 aliyun_regions[i],
                                 arena_printf(c->arena, "apigateway.%s.aliyuncs.com", aliyun_regions[i]),
                                 aliyun_regions[i]));
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

static const struct sim_param groups_params[] = {
    {"BasePath", IN_QUERY, T_STRING},
    {"EnableTagAuth", IN_QUERY, T_BOOLEAN},
    {"GroupId", IN_QUERY, T_STRING},
    {"GroupName", IN_QUERY, T_STRING},
    {"InstanceId", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 50},
    {"SecurityToken", IN_QUERY, T_STRING},
    {"Sort", IN_QUERY, T_STRING, .values = "asc desc"},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static void put_group(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_member_string(w, "GroupId", o->id);
    json_member_string(w, "GroupName", sim_get(c, o, "GroupName"));
    json_member_string(w, "SubDomain", sim_get(c, o, "SubDomain"));
    json_member_string(w, "InstanceId", sim_get(c, o, "InstanceId"));
    json_member_string(w, "InstanceType", "VPC_SHARED");
    json_member_string(w, "RegionId", o->scope);
    json_member_string(w, "HttpsPolicy", "HTTPS2_TLS1_2");
    json_member_string(w, "BillingStatus", "NORMAL");
    json_member_string(w, "IllegalStatus", "NORMAL");
    json_member_int(w, "TrafficLimit", 500);
}

static void describe_groups(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "PageNumber", 1), size = sim_arg_int(c, "PageSize", PAGE_SIZE), total = 0;
    struct aliyun_answer *answer = aliyun_begin(c);
    const struct sim_object *o;
    json_key(&answer->w, "ApiGroupAttributes");
    json_open_object(&answer->w);
    json_key(&answer->w, "ApiGroupAttribute");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, group_kind, c->region, &cursor));) {
        if (!aliyun_arg_fits(c, "GroupId", o->id) || sim_arg(c, "Tag.1.Key") ||
            !aliyun_arg_fits(c, "GroupName", sim_get(c, o, "GroupName")) ||
            !aliyun_arg_fits(c, "InstanceId", sim_get(c, o, "InstanceId")))
            continue;
        if (total >= (page - 1) * size && total < page * size) {
            json_open_object(&answer->w);
            put_group(c, &answer->w, o);
            json_close_object(&answer->w);
        }
        total++;
    }
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    json_member_int(&answer->w, "TotalCount", total);
    json_member_int(&answer->w, "PageNumber", page);
    json_member_int(&answer->w, "PageSize", size);
    aliyun_end(c, answer);
}

/* ---- DescribeApiGroup ---- */

static const struct sim_param group_params[] = {
    {"GroupId", IN_QUERY, T_STRING, .required = true},
    {"SecurityToken", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static struct sim_object *wanted_group(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, group_kind, c->region, sim_arg(c, "GroupId"));
    if (!o)
        sim_fail(c, 404, "NotFoundApiGroup", "Cannot find resource [%s] according to your GroupId.",
                 sim_arg(c, "GroupId"));
    return o;
}

static const struct sim_object *bound(struct sim_state *s, const struct sim_object *o,
                                      const struct sim_fields *view)
{
    return state_find_ever(s, "aliyun", o->account, own_cert, "", sim_field(view, "@certificate"));
}

static void put_certificate(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct sim_object *cert = bound(c->state, o, o->now);
    if (!cert)
        return;
    json_member_string(w, "CertificateId", sim_get(c, o, "CertificateId"));
    json_member_string(w, "CertificateName", sim_get(c, o, "CertificateName"));
    json_member_int(w, "CertificateValidStart", sim_leaf(cert->cert)->not_before_ms);
    json_member_int(w, "CertificateValidEnd", sim_leaf(cert->cert)->not_after_ms);
}

static void put_domain(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const char *depth = sim_get(c, o, "SslVerifyDepth");
    json_open_object(w);
    json_member_string(w, "DomainName", o->id);
    json_member_string(w, "DomainBindingStatus", "BINDING");
    json_member_string(w, "DomainCNAMEStatus", "RESOLVED");
    json_member_string(w, "DomainLegalStatus", "NORMAL");
    json_member_string(w, "DomainWebSocketStatus", "CLOSE");
    json_member_string(w, "CustomDomainType", "INTERNET");
    json_member_bool(w, "IsHttpRedirectToHttps", !strcmp(sim_get(c, o, "IsHttpRedirectToHttps"), "true"));
    if (*o->id == '*')
        json_member_string(w, "WildcardDomainPatterns", arena_printf(c->arena, "[\"{shop}%s\"]", o->id + 1));
    put_certificate(c, w, o);
    if (*depth)
        json_member_int(w, "SslVerifyDepth", strtoll(depth, NULL, 10));
    for (size_t i = 0; i < countof(client_flags); i++)
        json_member_bool(w, client_flags[i], !strcmp(sim_get(c, o, client_flags[i]), "true"));
    json_close_object(w);
}

static void describe_group(struct sim_call *c)
{
    const struct sim_object *group = wanted_group(c), *o;
    if (!group)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    put_group(c, &answer->w, group);
    json_member_string(&answer->w, "Status", "NORMAL");
    json_key(&answer->w, "CustomDomains");
    json_open_object(&answer->w);
    json_key(&answer->w, "DomainItem");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "GroupId"), group->id))
            put_domain(c, &answer->w, o);
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

/* ---- DescribeDomain ---- */

static const struct sim_param domain_params[] = {
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"GroupId", IN_QUERY, T_STRING, .required = true},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = wanted_group(c) ? sim_find(c, kind, c->region, sim_arg(c, "DomainName")) : NULL;
    if (!c->code && (!o || strcmp(sim_get(c, o, "GroupId"), sim_arg(c, "GroupId")))) {
        sim_fail(c, 404, "NotFoundDomain", "Cannot find resource [%s] according to your DomainName.",
                 sim_arg(c, "DomainName"));
        return NULL;
    }
    return o;
}

static void describe_domain(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    const struct sim_object *cert = bound(c->state, o, o->now);
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_member_string(w, "GroupId", sim_get(c, o, "GroupId"));
    json_member_string(w, "DomainName", o->id);
    json_member_string(w, "SubDomain",
                       sim_get(c, sim_find(c, group_kind, c->region, sim_get(c, o, "GroupId")), "SubDomain"));
    json_member_string(w, "DomainBindingStatus", "BINDING");
    json_member_string(w, "DomainCNAMEStatus", "RESOLVED");
    json_member_string(w, "DomainLegalStatus", "NORMAL");
    put_certificate(c, w, o);
    if (cert)
        json_member_string(w, "CertificateBody", cert->cert->chain_pem);
    aliyun_end(c, answer);
}

/* ---- SetDomainCertificate, DeleteDomainCertificate ---- */

static const struct sim_param set_params[] = {
    {"CaCertificateBody", IN_QUERY, T_STRING},
    {"CertificateBody", IN_QUERY, T_STRING},
    {"CertificateName", IN_QUERY, T_STRING, .required = true, .min = 4, .max = 50},
    {"CertificatePrivateKey", IN_QUERY, T_STRING},
    {"ClientCertSDnPassThrough", IN_QUERY, T_BOOLEAN},
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"GroupId", IN_QUERY, T_STRING, .required = true},
    {"SecurityToken", IN_QUERY, T_STRING},
    {"SslOcspCacheEnable", IN_QUERY, T_BOOLEAN},
    {"SslOcspEnable", IN_QUERY, T_BOOLEAN},
    {"SslVerifyDepth", IN_QUERY, T_STRING},
};

static bool bad(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 400, code, "%s", message);
    return false;
}

/* The certificate as an object of its own. False after a refusal. */
static bool read_certificate(struct sim_call *c, const char **ret_id)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                      more[] = "0123456789_";
    const char *chain = sim_arg(c, "CertificateBody"), *key = sim_arg(c, "CertificatePrivateKey"),
               *name = sim_arg(c, "CertificateName");
    struct sim_cert *parsed = NULL;
    if (!strchr(letters, *name) || name[strspn(name, arena_printf(c->arena, "%s%s", letters, more))])
        return bad(c, "InvalidCertificateName", "The CertificateName is not valid.");
    if (!chain || !key)
        return bad(c, "MissingCertificateBody", "CertificateBody and CertificatePrivateKey belong together.");
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE)
        return bad(c, "InvalidCertificatePrivateKey",
                   "The certificate and the private key do not fit or cannot be parsed.");
    *ret_id = sim_hex_id(c->arena, arena_printf(c->arena, "%s %s", c->access->account, chain), 32);
    if (!sim_find(c, own_cert, "", *ret_id))
        SIM_CREATE(c, own_cert, "", *ret_id, {"Cert", chain}, {"Key", key});
    return true;
}

static void set_certificate(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const char *id = "", *ca = sim_arg_or(c, "CaCertificateBody", "");
    struct sim_field fields[8];
    size_t n = 0;
    if (!o || !read_certificate(c, &id))
        return;
    bool same = !strcmp(sim_get(c, o, "@certificate"), id);
    const char *number = arena_printf(c->arena, "%s-%lld", id, (long long)sim_serial(c));
    fields[n++] = (struct sim_field){"@certificate", id};
    fields[n++] = (struct sim_field){"CertificateId", same ? sim_get(c, o, "CertificateId") : number};
    fields[n++] = (struct sim_field){"CertificateName", sim_arg(c, "CertificateName")};
    fields[n++] = (struct sim_field){"CaCertificateBody", ca}; /* no CA, none of its settings */
    fields[n++] = (struct sim_field){"SslVerifyDepth", *ca ? sim_arg_or(c, "SslVerifyDepth", "1") : ""};
    for (size_t i = 0; i < countof(client_flags); i++)
        fields[n++] = (struct sim_field){client_flags[i], *ca ? sim_arg_or(c, client_flags[i], "") : ""};
    sim_change(c, o, SETTLE_EDGE, fields, n);
    aliyun_end(c, aliyun_begin(c));
}

static const struct sim_param delete_params[] = {
    {"CertificateId", IN_QUERY, T_STRING, .required = true},
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"GroupId", IN_QUERY, T_STRING, .required = true},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static void delete_certificate(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    const char *id = sim_get(c, o, "CertificateId");
    if (!*id || strcmp(id, sim_arg(c, "CertificateId"))) {
        sim_fail(c, 404, "NotFoundCertificate", "Cannot find resource [%s] according to your CertificateId.",
                 sim_arg(c, "CertificateId"));
        return;
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"@certificate", ""}, {"CertificateId", ""}, {"CertificateName", ""},
               {"CaCertificateBody", ""}, {"SslVerifyDepth", ""});
    aliyun_end(c, aliyun_begin(c));
}

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", SIM_PARAMS(regions_params), .run = describe_regions},
    {.name = "DescribeApiGroups", SIM_PARAMS(groups_params), .run = describe_groups},
    {.name = "DescribeApiGroup", .resource = "GroupId", SIM_PARAMS(group_params), .run = describe_group},
    {.name = "DescribeDomain", .resource = "DomainName", SIM_PARAMS(domain_params), .run = describe_domain},
    {.name = "SetDomainCertificate",
     .writes = true,
     .resource = "DomainName",
     SIM_PARAMS(set_params),
     .run = set_certificate},
    {.name = "DeleteDomainCertificate",
     .writes = true,
     .resource = "DomainName",
     SIM_PARAMS(delete_params),
     .run = delete_certificate},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *group =
        state_find(s, "aliyun", o->account, group_kind, o->scope, sim_field(o->now, "GroupId"));
    if (!group)
        return false;
    *ret = (struct sim_entry){.product = "apigateway",
                              .id = o->id,
                              .domain = arena_strdup(a, o->id),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(group->now, "SubDomain"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return bound(s, o, view);
}

static const char *seed_group(struct sim_seeding *s, size_t n, const char *region)
{
    const char *id = sim_hex_id(s->arena, arena_printf(s->arena, "api group %zu", n), 32);
    SIM_SEED(s, group_kind, region, id, {"GroupName", arena_printf(s->arena, "shop_%zu", n)},
             {"SubDomain", arena_printf(s->arena, "%s-%s.alicloudapi.com", id, region)},
             {"InstanceId", "api-shared-vpc-002"});
    return id;
}

static const char *seed_cert(struct sim_seeding *s, const char *name)
{
    const char *chain, *key, *id = sim_hex_id(s->arena, arena_printf(s->arena, "old api %s", name), 32);
    sim_seed_cert(s, name, &chain, &key);
    SIM_SEED(s, own_cert, "", id, {"Cert", chain}, {"Key", key});
    return id;
}

static void generate(struct sim_seeding *s, size_t n)
{
    size_t group = n / DOMAINS_PER_GROUP;
    const char *region = aliyun_regions[group % countof(aliyun_regions)];
    const char *name = sim_list_item(s->arena, sim_seed_names(s, n), 0);
    bool on = sim_seed_has_https(n), mutual = n % 10 == 4;
    const char *cert = on ? seed_cert(s, name) : "";
    SIM_SEED(s, kind, region, name, {"GroupId", seed_group(s, group, region)}, {"@certificate", cert},
             {"CertificateId", on ? arena_printf(s->arena, "%s-0", cert) : ""},
             {"CertificateName", on ? "old_certificate" : ""}, {"IsHttpRedirectToHttps", "true"},
             {"CaCertificateBody", mutual ? "a client CA" : ""}, {"SslVerifyDepth", mutual ? "2" : ""},
             {"SslOcspEnable", mutual ? "true" : ""}, {"SslOcspCacheEnable", ""},
             {"ClientCertSDnPassThrough", mutual ? "true" : ""});
}

static const char *const hosts[] = {"apigateway.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_cloudapi = {.cloud = "aliyun",
                                                .code = "cloudapi",
                                                .version = "2016-07-14",
                                                .hosts = hosts,
                                                .operations = operations,
                                                .operation_count = countof(operations),
                                                .resource_kind = kind,
                                                .generate = generate,
                                                .entry = entry,
                                                .choose = choose};

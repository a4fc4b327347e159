/* SLB, which CLB is in the API. A listener is a load balancer and a port, and here an object named "lb-.../443"; what it
 * has of domain extensions stands in one field, "id,domain,certificate" each. Calls come to one host for many regions, so
 * that RegionId says where; without it they look in cn-hangzhou. A change is done at once, but the listener is busy while
 * edges take it over: ServiceIsConfiguring, and DomainExtensionProcessing for its extensions.
 */
#include "sim/aliyun/slb.h"

#include "sim/aliyun/listener.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE_SIZE = 10 };

bool slb_region(struct sim_call *c)
{
    const char *region = sim_arg(c, "RegionId");
    if (region && *c->region && strcmp(region, c->region)) {
        sim_fail(c, 400, "InvalidParameter", "The region %s is not served by this endpoint.", region);
        return false;
    }
    c->region = region ? region : *c->region ? c->region : "cn-hangzhou";
    return true;
}

/* ---- DescribeRegions ---- */

static const struct sim_param regions_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh-CN en-US ja"},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
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
                     json_format(c->arena,
                                 "{'RegionId':%s,'RegionEndpoint':'slb.aliyuncs.com','LocalName':%s}",
                                 aliyun_regions[i], aliyun_regions[i]));
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

/* ---- DescribeLoadBalancers ---- */

static const struct sim_param lbs_params[] = {
    {"Address", IN_QUERY, T_STRING},
    {"AddressIPVersion", IN_QUERY, T_STRING},
    {"AddressType", IN_QUERY, T_STRING},
    {"InternetChargeType", IN_QUERY, T_STRING},
    {"LoadBalancerId", IN_QUERY, T_STRING},
    {"LoadBalancerName", IN_QUERY, T_STRING, .min = 1, .max = 80},
    {"LoadBalancerStatus", IN_QUERY, T_STRING},
    {"MasterZoneId", IN_QUERY, T_STRING},
    {"NetworkType", IN_QUERY, T_STRING, .values = "vpc Classic"},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"PageNumber", IN_QUERY, T_INTEGER},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"PayType", IN_QUERY, T_STRING},
    {"RegionId", IN_QUERY, T_STRING, .required = true},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"ServerId", IN_QUERY, T_STRING},
    {"ServerIntranetAddress", IN_QUERY, T_STRING},
    {"SlaveZoneId", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING, .min = 1, .max = 64},
    {"Tag[].Value", IN_QUERY, T_STRING},
    {"Tags", IN_QUERY, T_STRING},
    {"VSwitchId", IN_QUERY, T_STRING},
    {"VpcId", IN_QUERY, T_STRING},
};

/* {"Tag":[{TagKey, TagValue}]} */
static void put_tags(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_key(w, "Tags");
    json_open_object(w);
    json_key(w, "Tag");
    listener_put_tags(c, w, sim_get(c, o, "Tags"), "TagKey", "TagValue");
    json_close_object(w);
}

static void put_lb(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    static const char *const plain[] = {"LoadBalancerName", "Address", "AddressType", "LoadBalancerSpec"};
    json_open_object(w);
    json_member_string(w, "LoadBalancerId", o->id);
    for (size_t i = 0; i < countof(plain); i++)
        json_member_string(w, plain[i], sim_get(c, o, plain[i]));
    json_member_string(w, "LoadBalancerStatus", "active");
    json_member_string(w, "AddressIPVersion", "ipv4");
    json_member_string(w, "NetworkType", "vpc");
    json_member_string(w, "PayType", "PayOnDemand");
    json_member_string(w, "RegionId", c->region);
    json_member_string(w, "RegionIdAlias", c->region);
    json_member_string(w, "ResourceGroupId", "rg-acfmv3s4eaqayaq");
    put_tags(c, w, o);
    json_close_object(w);
}

static void list_lbs(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "PageNumber", 1), size = sim_arg_int(c, "PageSize", PAGE_SIZE), total = 0;
    const struct sim_object *o;
    if (!slb_region(c))
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "LoadBalancers");
    json_open_object(&answer->w);
    json_key(&answer->w, "LoadBalancer");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, slb_lb_kind, c->region, &cursor));) {
        if (!aliyun_arg_fits(c, "LoadBalancerId", o->id) || !listener_has_tags(c, o) ||
            !aliyun_arg_fits(c, "LoadBalancerName", sim_get(c, o, "LoadBalancerName")) ||
            !aliyun_arg_fits(c, "Address", sim_get(c, o, "Address")) ||
            !aliyun_arg_fits(c, "AddressType", sim_get(c, o, "AddressType")) ||
            !aliyun_arg_fits(c, "LoadBalancerStatus", "active"))
            continue;
        if (total >= (page - 1) * size && total < page * size)
            put_lb(c, &answer->w, o);
        total++;
    }
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    json_member_int(&answer->w, "PageNumber", page);
    json_member_int(&answer->w, "PageSize", size);
    json_member_int(&answer->w, "TotalCount", total);
    aliyun_end(c, answer);
}

/* ---- listeners ---- */

static const struct sim_param listeners_params[] = {
    {"Description", IN_QUERY, T_STRING},
    {"ListenerPort", IN_QUERY, T_INTEGER},
    {"ListenerProtocol", IN_QUERY, T_STRING, .values = "tcp udp http https"},
    {"LoadBalancerId[]", IN_QUERY, T_STRING, .count_min = 1, .count = 10},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING, .min = 1, .max = 64},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

/* What Set... may change and both ways of reading show, in HTTPSListenerConfig of the list. */
static const char *const settings[] = {"CACertificateId", "TLSCipherPolicy", "EnableHttp2",   "Gzip",
                                       "StickySession",   "HealthCheck",     "XForwardedFor", "Cookie"};
static const char *const numbers[] = {"IdleTimeout", "RequestTimeout", "HealthyThreshold",
                                      "UnhealthyThreshold"};

static void put_settings(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_member_string(w, "ServerCertificateId", sim_get(c, o, "ServerCertificateId"));
    for (size_t i = 0; i < countof(settings); i++)
        if (*sim_get(c, o, settings[i]))
            json_member_string(w, settings[i], sim_get(c, o, settings[i]));
    for (size_t i = 0; i < countof(numbers); i++)
        if (*sim_get(c, o, numbers[i]))
            json_member_int(w, numbers[i], strtoll(sim_get(c, o, numbers[i]), NULL, 10));
}

static const char *status_of(struct sim_call *c, const struct sim_object *o)
{
    return sim_settling(c, o) ? "configuring" : "running";
}

static void put_listener(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    bool https = !strcmp(sim_get(c, o, "ListenerProtocol"), "https");
    json_open_object(w);
    json_member_string(w, "LoadBalancerId", sim_get(c, o, "LoadBalancerId"));
    json_member_int(w, "ListenerPort", strtoll(sim_get(c, o, "ListenerPort"), NULL, 10));
    json_member_string(w, "ListenerProtocol", sim_get(c, o, "ListenerProtocol"));
    json_member_string(w, "Status", status_of(c, o));
    json_member_string(w, "Description", sim_get(c, o, "Description"));
    json_member_string(w, "Scheduler", "wrr");
    json_member_int(w, "Bandwidth", -1);
    json_key(w, https ? "HTTPSListenerConfig" : "HTTPListenerConfig");
    json_open_object(w);
    if (https)
        put_settings(c, w, o);
    json_close_object(w);
    json_close_object(w);
}

static void list_listeners(struct sim_call *c)
{
    struct aliyun_page p;
    const struct sim_object *o;
    if (!slb_region(c) || !aliyun_page_open(c, &p, "Listeners"))
        return;
    for (size_t cursor = 0; (o = sim_next(c, slb_listener_kind, c->region, &cursor));)
        if (aliyun_is_asked(c, "LoadBalancerId[]", sim_get(c, o, "LoadBalancerId")) &&
            listener_has_tags(c, o) &&
            aliyun_arg_fits(c, "ListenerProtocol", sim_get(c, o, "ListenerProtocol")) &&
            aliyun_arg_fits(c, "ListenerPort", sim_get(c, o, "ListenerPort")) && aliyun_page_holds(&p))
            put_listener(c, &p.answer->w, o);
    aliyun_page_close(c, &p);
}

static const struct sim_param listener_params[] = {
    {"ListenerPort", IN_QUERY, T_INTEGER, .required = true, .min = 1, .max = 65535},
    {"LoadBalancerId", IN_QUERY, T_STRING, .required = true},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
};

/* The HTTPS listener asked for; NULL after a refusal. */
static struct sim_object *wanted(struct sim_call *c)
{
    const char *lb = sim_arg(c, "LoadBalancerId");
    if (!slb_region(c))
        return NULL;
    if (!sim_find(c, slb_lb_kind, c->region, lb)) {
        sim_fail(c, 404, "InvalidLoadBalancerId.NotFound", "The specified LoadBalancerId does not exist.");
        return NULL;
    }
    struct sim_object *o = sim_find(c, slb_listener_kind, c->region,
                                    arena_printf(c->arena, "%s/%s", lb, sim_arg(c, "ListenerPort")));
    if (o && !strcmp(sim_get(c, o, "ListenerProtocol"), "https"))
        return o;
    sim_fail(c, 400, "InvalidParameter", "The specified resource does not exist.");
    return NULL;
}

static void put_extensions(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                           const char *id)
{
    const char *x;
    json_key(w, "DomainExtensions");
    json_open_object(w);
    json_key(w, "DomainExtension");
    json_open_array(w);
    for (size_t i = 0; (x = sim_list_item(c->arena, sim_get(c, o, "Extensions"), i)); i++)
        if (!id || !strcmp(id, slb_part(c->arena, x, 0)))
            json_put_raw(w, json_format(c->arena,
                                        "{'DomainExtensionId':%s,'Domain':%s,'ServerCertificateId':%s}",
                                        slb_part(c->arena, x, 0), slb_part(c->arena, x, 1),
                                        slb_part(c->arena, x, 2)));
    json_close_array(w);
    json_close_object(w);
}

static void put_rules(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const char *domain;
    json_key(w, "Rules");
    json_open_object(w);
    json_key(w, "Rule");
    json_open_array(w);
    for (size_t i = 0; (domain = sim_list_item(c->arena, sim_get(c, o, "RuleDomains"), i)); i++)
        json_put_raw(w, json_format(c->arena, "{'RuleId':%s,'RuleName':%s,'Domain':%s,'Url':'/api'}",
                                    arena_printf(c->arena, "rule-%zu", i), domain, domain));
    json_close_array(w);
    json_close_object(w);
}

static void get_listener(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_member_string(w, "LoadBalancerId", sim_get(c, o, "LoadBalancerId"));
    json_member_int(w, "ListenerPort", strtoll(sim_get(c, o, "ListenerPort"), NULL, 10));
    json_member_string(w, "Status", status_of(c, o));
    json_member_string(w, "Description", sim_get(c, o, "Description"));
    json_member_string(w, "SecurityStatus", "on");
    json_member_string(w, "Scheduler", "wrr");
    json_member_int(w, "Bandwidth", -1);
    put_settings(c, w, o);
    put_extensions(c, w, o, NULL);
    put_rules(c, w, o);
    aliyun_end(c, answer);
}

static const struct sim_param extensions_params[] = {
    {"DomainExtensionId", IN_QUERY, T_STRING},
    {"ListenerPort", IN_QUERY, T_INTEGER, .required = true, .min = 1, .max = 65535},
    {"LoadBalancerId", IN_QUERY, T_STRING, .required = true},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING, .required = true},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
};

static void list_extensions(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    put_extensions(c, &answer->w, o, sim_arg(c, "DomainExtensionId"));
    aliyun_end(c, answer);
}

/* ---- changes ---- */

static bool is_free(struct sim_call *c, const struct sim_object *o, const char *busy_code)
{
    if (!strcmp(sim_get(c, o, "@deny"), "1")) /* a change of an extension names no listener */
        c->vendor->refuse(c, REFUSE_DENIED, c->operation->name);
    else if (sim_settling(c, o))
        sim_fail(c, 400, busy_code, "A previous configuration of the listener is pending.");
    else
        return true;
    return false;
}

static bool certificate_is_known(struct sim_call *c, const char *id)
{
    if (id && sim_find(c, slb_cert_kind, c->region, id))
        return true;
    sim_fail(c, 404, "ServerCertificateId.NotFound", "The specified ServerCertificateId does not exist.");
    return false;
}

static const struct sim_param set_params[] = {
    {"AclId", IN_QUERY, T_STRING},
    {"AclStatus", IN_QUERY, T_STRING, .values = "on off"},
    {"AclType", IN_QUERY, T_STRING},
    {"Bandwidth", IN_QUERY, T_INTEGER},
    {"CACertificateId", IN_QUERY, T_STRING},
    {"Cookie", IN_QUERY, T_STRING, .min = 1, .max = 200},
    {"CookieTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 86400},
    {"Description", IN_QUERY, T_STRING, .min = 1, .max = 256},
    {"DryRun", IN_QUERY, T_BOOLEAN},
    {"EnableHttp2", IN_QUERY, T_STRING, .values = "on off"},
    {"Gzip", IN_QUERY, T_STRING, .values = "on off"},
    {"HealthCheck", IN_QUERY, T_STRING, .values = "on off"},
    {"HealthCheckConnectPort", IN_QUERY, T_INTEGER, .min = 1, .max = 65535},
    {"HealthCheckDomain", IN_QUERY, T_STRING, .min = 1, .max = 80},
    {"HealthCheckHttpCode", IN_QUERY, T_STRING},
    {"HealthCheckInterval", IN_QUERY, T_INTEGER, .min = 1, .max = 50},
    {"HealthCheckMethod", IN_QUERY, T_STRING},
    {"HealthCheckTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 300},
    {"HealthCheckURI", IN_QUERY, T_STRING, .min = 1, .max = 80},
    {"HealthyThreshold", IN_QUERY, T_INTEGER, .min = 2, .max = 10},
    {"IdleTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 60},
    {"ListenerPort", IN_QUERY, T_INTEGER, .required = true, .min = 1, .max = 65535},
    {"LoadBalancerId", IN_QUERY, T_STRING, .required = true},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING},
    {"RequestTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 180},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"Scheduler", IN_QUERY, T_STRING, .values = "wrr rr"},
    {"ServerCertificateId", IN_QUERY, T_STRING},
    {"StickySession", IN_QUERY, T_STRING, .values = "on off"},
    {"StickySessionType", IN_QUERY, T_STRING},
    {"TLSCipherPolicy", IN_QUERY, T_STRING},
    {"UnhealthyThreshold", IN_QUERY, T_INTEGER, .min = 2, .max = 10},
    {"VServerGroup", IN_QUERY, T_STRING, .values = "on off"},
    {"VServerGroupId", IN_QUERY, T_STRING},
    {"XForwardedFor", IN_QUERY, T_STRING, .values = "on off"},
    {"XForwardedFor_ClientSrcPort", IN_QUERY, T_STRING, .values = "on off"},
    {"XForwardedFor_SLBID", IN_QUERY, T_STRING, .values = "on off"},
    {"XForwardedFor_SLBIP", IN_QUERY, T_STRING, .values = "on off"},
    {"XForwardedFor_SLBPORT", IN_QUERY, T_STRING, .values = "on off"},
    {"XForwardedFor_proto", IN_QUERY, T_STRING, .values = "on off"},
};

static void set_listener(struct sim_call *c)
{
    static const char *const plain[] = {"ServerCertificateId", "Description"};
    struct sim_field fields[countof(plain) + countof(settings) + countof(numbers)];
    struct sim_object *o = wanted(c);
    size_t n = 0;
    if (!o || !is_free(c, o, "ServiceIsConfiguring"))
        return;
    if (sim_arg(c, "ServerCertificateId") && !certificate_is_known(c, sim_arg(c, "ServerCertificateId")))
        return;
    if (sim_arg_bool(c, "DryRun", false)) {
        sim_fail(c, 400, "DryRunOperation", "Request validation has been passed with DryRun flag set.");
        return;
    }
    for (size_t i = 0; i < countof(plain); i++)
        if (sim_arg(c, plain[i]))
            fields[n++] = (struct sim_field){plain[i], sim_arg(c, plain[i])};
    for (size_t i = 0; i < countof(settings); i++)
        if (sim_arg(c, settings[i]))
            fields[n++] = (struct sim_field){settings[i], sim_arg(c, settings[i])};
    for (size_t i = 0; i < countof(numbers); i++)
        if (sim_arg(c, numbers[i]))
            fields[n++] = (struct sim_field){numbers[i], sim_arg(c, numbers[i])};
    sim_change(c, o, SETTLE_EDGE, fields, n);
    aliyun_end(c, aliyun_begin(c));
}

/* The listener that has the extension asked for, and the extension; NULL after a refusal. */
static struct sim_object *extended(struct sim_call *c, const char **ret)
{
    struct sim_object *o;
    const char *id = sim_arg(c, "DomainExtensionId");
    if (!slb_region(c))
        return NULL;
    for (size_t cursor = 0; (o = sim_next(c, slb_listener_kind, c->region, &cursor));)
        for (size_t i = 0; (*ret = sim_list_item(c->arena, sim_get(c, o, "Extensions"), i)); i++)
            if (!strcmp(slb_part(c->arena, *ret, 0), id)) {
                c->resource = o->id;
                return o;
            }
    sim_fail(c, 400, "InvalidParameter.DomainExtensionId", "The specified DomainExtensionId does not exist.");
    return NULL;
}

static const char *replaced(struct arena *a, const char *list, const char *old, const char *new)
{
    const char *made = "", *item;
    for (size_t i = 0; (item = sim_list_item(a, list, i)); i++)
        made = sim_list_add(a, made, strcmp(item, old) ? item : new);
    return made;
}

static const struct sim_param set_extension_params[] = {
    {"DomainExtensionId", IN_QUERY, T_STRING, .required = true},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING, .required = true},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"ServerCertificateId", IN_QUERY, T_STRING},
};

static void set_extension(struct sim_call *c)
{
    const char *old, *cert = sim_arg(c, "ServerCertificateId");
    struct sim_object *o = extended(c, &old);
    if (!o || !is_free(c, o, "DomainExtensionProcessing") || !certificate_is_known(c, cert))
        return;
    const char *new =
        arena_printf(c->arena, "%s,%s,%s", slb_part(c->arena, old, 0), slb_part(c->arena, old, 1), cert);
    SIM_CHANGE(c, o, SETTLE_EDGE, {"Extensions", replaced(c->arena, sim_get(c, o, "Extensions"), old, new)});
    aliyun_end(c, aliyun_begin(c));
}

static const struct sim_param create_params[] = {
    {"Domain", IN_QUERY, T_STRING, .required = true},
    {"ListenerPort", IN_QUERY, T_INTEGER, .required = true, .min = 1, .max = 65535},
    {"LoadBalancerId", IN_QUERY, T_STRING, .required = true},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING, .required = true},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"ServerCertificateId", IN_QUERY, T_STRING},
};

static bool may_have(struct sim_call *c, const struct sim_object *o, const char *domain)
{
    const struct sim_object *lb = sim_find(c, slb_lb_kind, c->region, sim_get(c, o, "LoadBalancerId"));
    const char *x;
    if (!lb || !*sim_get(c, lb, "LoadBalancerSpec")) {
        sim_fail(c, 400, "OperationUnsupported.CreateDomainExtension",
                 "Shared instances have no domain extensions.");
        return false;
    }
    for (size_t i = 0; (x = sim_list_item(c->arena, sim_get(c, o, "Extensions"), i)); i++)
        if (!strcasecmp(slb_part(c->arena, x, 1), domain)) {
            sim_fail(c, 400, "DomainExtensionAlreadyExist", "The domain has an extension already.");
            return false;
        }
    return true;
}

static void create_extension(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const char *domain = sim_arg(c, "Domain"), *cert = sim_arg(c, "ServerCertificateId");
    if (!o || !is_free(c, o, "DomainExtensionProcessing") || !may_have(c, o, domain) ||
        !certificate_is_known(c, cert))
        return;
    const char *id = arena_printf(c->arena, "de-new%lld", (long long)sim_serial(c));
    SIM_CHANGE(c, o, SETTLE_EDGE,
               {"Extensions", sim_list_add(c->arena, sim_get(c, o, "Extensions"),
                                           arena_printf(c->arena, "%s,%s,%s", id, domain, cert))});
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "DomainExtensionId", id);
    json_member_int(&answer->w, "ListenerPort", sim_arg_int(c, "ListenerPort", 0));
    aliyun_end(c, answer);
}

static const struct sim_param delete_params[] = {
    {"DomainExtensionId", IN_QUERY, T_STRING, .required = true},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"RegionId", IN_QUERY, T_STRING, .required = true},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
};

static void delete_extension(struct sim_call *c)
{
    const char *old;
    struct sim_object *o = extended(c, &old);
    if (!o || !is_free(c, o, "DomainExtensionProcessing"))
        return;
    SIM_CHANGE(c, o, SETTLE_EDGE,
               {"Extensions", sim_list_remove(c->arena, sim_get(c, o, "Extensions"), old)});
    aliyun_end(c, aliyun_begin(c));
}

bool slb_is_used(struct sim_call *c, const char *cert)
{
    const struct sim_object *o;
    const char *x;
    for (size_t cursor = 0; (o = sim_next(c, slb_listener_kind, c->region, &cursor));) {
        if (!strcmp(sim_get(c, o, "ServerCertificateId"), cert))
            return true;
        for (size_t i = 0; (x = sim_list_item(c->arena, sim_get(c, o, "Extensions"), i)); i++)
            if (!strcmp(slb_part(c->arena, x, 2), cert))
                return true;
    }
    return false;
}

#define LISTENER .resource = "LoadBalancerId ListenerPort"

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", SIM_PARAMS(regions_params), .run = describe_regions},
    {.name = "DescribeLoadBalancers", SIM_PARAMS(lbs_params), .run = list_lbs},
    {.name = "DescribeLoadBalancerListeners", SIM_PARAMS(listeners_params), .run = list_listeners},
    {.name = "DescribeLoadBalancerHTTPSListenerAttribute",
     LISTENER,
     SIM_PARAMS(listener_params),
     .run = get_listener},
    {.name = "SetLoadBalancerHTTPSListenerAttribute",
     .writes = true,
     LISTENER,
     SIM_PARAMS(set_params),
     .run = set_listener},
    {.name = "DescribeDomainExtensions", LISTENER, SIM_PARAMS(extensions_params), .run = list_extensions},
    {.name = "SetDomainExtensionAttribute",
     .writes = true,
     .resource = "DomainExtensionId",
     SIM_PARAMS(set_extension_params),
     .run = set_extension},
    {.name = "CreateDomainExtension",
     .writes = true,
     LISTENER,
     SIM_PARAMS(create_params),
     .run = create_extension},
    {.name = "DeleteDomainExtension",
     .writes = true,
     .resource = "DomainExtensionId",
     SIM_PARAMS(delete_params),
     .run = delete_extension},
    {.name = "UploadServerCertificate",
     .writes = true,
     .resource = "ServerCertificateName",
     SIM_PARAMS(slb_upload_params),
     .run = slb_upload},
    {.name = "DescribeServerCertificates", SIM_PARAMS(slb_certs_params), .run = slb_list_certs},
    {.name = "DeleteServerCertificate",
     .writes = true,
     .resource = "ServerCertificateId",
     SIM_PARAMS(slb_delete_params),
     .run = slb_delete_cert},
};

static const char *const hosts[] = {"slb.aliyuncs.com", "slb.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_slb = {.cloud = "aliyun",
                                           .code = "slb",
                                           .version = "2014-05-15",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = slb_listener_kind,
                                           .generate = slb_generate,
                                           .entry = slb_entry,
                                           .choose = slb_choose};

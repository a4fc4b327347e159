/* ALB: HTTPS and QUIC listeners (listener.h) and their rules. While a listener settles, what comes is refused: on the same listener with IncorrectStatus.Listener, on another listener of the same load
 * balancer with IncorrectStatus.LoadBalancer.
 */
#include "sim/aliyun/alb.h"

#include "sim/aliyun/listener.h"

#include <stdlib.h>
#include <string.h>

enum { CERTS_PER_CALL = 20 };

/* ---- DescribeRegions ---- */

static const struct sim_param regions_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh-CN en-US ja"},
};

static void describe_regions(struct sim_call *c)
{
    listener_regions(c, "alb.", ".aliyuncs.com");
}

/* ---- ListLoadBalancers ---- */

static const struct sim_param lbs_params[] = {
    {"AddressIpVersion", IN_QUERY, T_STRING, .values = "IPv4 DualStack"},
    {"AddressType", IN_QUERY, T_STRING, .values = "Internet Intranet"},
    {"DNSName", IN_QUERY, T_STRING},
    {"Ipv6AddressType", IN_QUERY, T_STRING, .values = "Internet Intranet"},
    {"LoadBalancerBussinessStatus", IN_QUERY, T_STRING, .values = "Abnormal Normal"},
    {"LoadBalancerIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"LoadBalancerNames[]", IN_QUERY, T_STRING, .count_min = 1, .count = 10},
    {"LoadBalancerStatus", IN_QUERY, T_STRING,
     .values = "Inactive Active Provisioning Configuring CreateFailed"},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
    {"PayType", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
    {"VpcIds[]", IN_QUERY, T_STRING},
    {"ZoneId", IN_QUERY, T_STRING},
};

static void put_tags(struct sim_call *c, struct json_writer *w, const char *tags)
{
    json_key(w, "Tags");
    listener_put_tags(c, w, tags, "Key", "Value");
}

static void put_lb(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_open_object(w);
    json_member_string(w, "LoadBalancerId", o->id);
    json_member_string(w, "LoadBalancerName", sim_get(c, o, "LoadBalancerName"));
    json_member_string(w, "DNSName", sim_get(c, o, "DNSName"));
    json_member_string(w, "AddressType", sim_get(c, o, "AddressType"));
    json_member_string(w, "AddressAllocatedMode", "Dynamic");
    json_member_string(w, "AddressIpVersion", "IPv4");
    json_member_string(w, "LoadBalancerEdition", sim_get(c, o, "LoadBalancerEdition"));
    json_member_string(w, "LoadBalancerStatus", "Active");
    json_member_string(w, "LoadBalancerBussinessStatus", "Normal");
    json_member_string(w, "ResourceGroupId", "rg-acfmv3s4eaqayaq");
    json_member_string(w, "VpcId", sim_get(c, o, "VpcId"));
    json_member_raw(w, "ModificationProtectionConfig", "{\"Status\":\"NonProtection\"}");
    json_member_raw(w, "LoadBalancerBillingConfig", "{\"PayType\":\"PostPay\"}");
    put_tags(c, w, sim_get(c, o, "Tags"));
    json_close_object(w);
}

static void list_lbs(struct sim_call *c)
{
    struct aliyun_page p;
    if (!aliyun_page_open(c, &p, "LoadBalancers"))
        return;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, alb_lb_kind, c->region, &cursor));) {
        bool fits = aliyun_is_asked(c, "LoadBalancerIds[]", o->id) && listener_has_tags(c, o) &&
                    aliyun_is_asked(c, "LoadBalancerNames[]", sim_get(c, o, "LoadBalancerName")) &&
                    aliyun_is_asked(c, "VpcIds[]", sim_get(c, o, "VpcId")) &&
                    aliyun_arg_fits(c, "AddressType", sim_get(c, o, "AddressType")) &&
                    aliyun_arg_fits(c, "DNSName", sim_get(c, o, "DNSName")) &&
                    aliyun_arg_fits(c, "LoadBalancerStatus", "Active");
        if (fits && aliyun_page_holds(&p))
            put_lb(c, &p.answer->w, o);
    }
    aliyun_page_close(c, &p);
}

/* ---- listeners ---- */

static const struct sim_param listeners_params[] = {
    {"ListenerIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"ListenerProtocol", IN_QUERY, T_STRING, .values = "HTTP HTTPS QUIC"},
    {"LoadBalancerIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static void put_listener(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_member_string(w, "ListenerId", o->id);
    json_member_string(w, "LoadBalancerId", sim_get(c, o, "LoadBalancerId"));
    json_member_string(w, "ListenerProtocol", sim_get(c, o, "ListenerProtocol"));
    json_member_int(w, "ListenerPort", strtoll(sim_get(c, o, "ListenerPort"), NULL, 10));
    json_member_string(w, "ListenerStatus", sim_settling(c, o) ? "Configuring" : "Running");
    json_member_string(w, "ListenerDescription", sim_get(c, o, "ListenerDescription"));
    json_member_string(w, "SecurityPolicyId", sim_get(c, o, "SecurityPolicyId"));
    json_member_bool(w, "GzipEnabled", !strcmp(sim_get(c, o, "GzipEnabled"), "true"));
    json_member_bool(w, "Http2Enabled", !strcmp(sim_get(c, o, "Http2Enabled"), "true"));
    json_member_int(w, "IdleTimeout", strtoll(sim_get(c, o, "IdleTimeout"), NULL, 10));
    json_member_int(w, "RequestTimeout", strtoll(sim_get(c, o, "RequestTimeout"), NULL, 10));
    json_member_raw(w, "DefaultActions",
                    json_format(c->arena,
                                "[{'Type':'ForwardGroup','ForwardGroupConfig':{'ServerGroupTuples':"
                                "[{'ServerGroupId':%s}]}}]",
                                sim_get(c, o, "ServerGroupId")));
    put_tags(c, w, sim_get(c, o, "Tags"));
}

static void list_listeners(struct sim_call *c)
{
    struct aliyun_page p;
    if (!aliyun_page_open(c, &p, "Listeners"))
        return;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, alb_listener_kind, c->region, &cursor));) {
        bool fits = aliyun_is_asked(c, "ListenerIds[]", o->id) && listener_has_tags(c, o) &&
                    aliyun_is_asked(c, "LoadBalancerIds[]", sim_get(c, o, "LoadBalancerId")) &&
                    aliyun_arg_fits(c, "ListenerProtocol", sim_get(c, o, "ListenerProtocol"));
        if (!fits || !aliyun_page_holds(&p))
            continue;
        json_open_object(&p.answer->w);
        put_listener(c, &p.answer->w, o);
        json_close_object(&p.answer->w);
    }
    aliyun_page_close(c, &p);
}

static const struct sim_param listener_params[] = {
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
};

static size_t more_max(struct sim_call *c, const struct sim_object *balancer)
{
    return !strcmp(sim_get(c, balancer, "LoadBalancerEdition"), "Basic") ? 10 : 25;
}

static const struct listener_kind kind = {.product = "alb",
                                          .balancers = alb_lb_kind,
                                          .objects = alb_listener_kind,
                                          .jobs = "@alb.job",
                                          .tokens = "@alb.token",
                                          .first = "Certificates[].CertificateId",
                                          .more = "Certificates[].CertificateId",
                                          .type = "CertificateType",
                                          .protocols = "HTTPS QUIC",
                                          .not_found = "ResourceNotFound.Listener",
                                          .cert_not_found = "ResourceNotFound.Certificate",
                                          .busy_code = "IncorrectStatus.Listener",
                                          .busy_other_code = "IncorrectStatus.LoadBalancer",
                                          .more_max = more_max};

static void get_listener(struct sim_call *c)
{
    const struct sim_object *o = listener_wanted(c, &kind);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    put_listener(c, w, o);
    json_key(w, "Certificates");
    json_open_array(w);
    if (*sim_get(c, o, "Certificates"))
        json_put_raw(w, json_format(c->arena, "{'CertificateId':%s}", sim_get(c, o, "Certificates")));
    json_close_array(w);
    json_member_bool(w, "CaEnabled", !strcmp(sim_get(c, o, "CaEnabled"), "true"));
    json_member_raw(w, "CaCertificates", "[]");
    aliyun_end(c, answer);
}

static const struct sim_param listener_certs_params[] = {
    {"CertificateIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"CertificateType", IN_QUERY, T_STRING, .values = "Server Ca"},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
};

static void list_listener_certs(struct sim_call *c)
{
    listener_list_certificates(c, &kind);
}

/* ---- changes ---- */

static const struct sim_param update_params[] = {
    {"CaCertificates[]", IN_QUERY, T_OBJECT},
    {"CaCertificates[].CertificateId", IN_QUERY, T_STRING},
    {"CaEnabled", IN_QUERY, T_BOOLEAN},
    {"Certificates[]", IN_QUERY, T_OBJECT, .count_min = 1, .count = 1},
    {"Certificates[].CertificateId", IN_QUERY, T_STRING},
    {"ClientToken", IN_QUERY, T_STRING, .min = 1, .max = 64},
    {"DefaultActions[].*", IN_QUERY, T_ANY},
    {"DryRun", IN_QUERY, T_BOOLEAN},
    {"GzipEnabled", IN_QUERY, T_BOOLEAN},
    {"Http2Enabled", IN_QUERY, T_BOOLEAN},
    {"IdleTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 60},
    {"ListenerDescription", IN_QUERY, T_STRING, .min = 2, .max = 256},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
    {"QuicConfig.*", IN_QUERY, T_ANY},
    {"RequestTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 180},
    {"SecurityPolicyId", IN_QUERY, T_STRING},
    {"XForwardedForConfig.*", IN_QUERY, T_ANY},
};

static const struct sim_param associate_params[] = {
    {"Certificates[]", IN_QUERY, T_OBJECT, .required = true, .count_min = 1, .count = CERTS_PER_CALL},
    {"Certificates[].CertificateId", IN_QUERY, T_STRING, .required = true},
    {"ClientToken", IN_QUERY, T_STRING, .min = 1, .max = 64},
    {"DryRun", IN_QUERY, T_BOOLEAN},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
};

static void update_listener(struct sim_call *c)
{
    listener_update(c, &kind,
                    "CaEnabled GzipEnabled Http2Enabled IdleTimeout RequestTimeout SecurityPolicyId "
                    "ListenerDescription");
}

static void associate(struct sim_call *c)
{
    listener_associate(c, &kind);
}

static void dissociate(struct sim_call *c)
{
    listener_dissociate(c, &kind);
}

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    return listener_entry(a, s, o, &kind, ret);
}

/* ---- ListAsynJobs ---- */

static const struct sim_param jobs_params[] = {
    {"ApiName", IN_QUERY, T_STRING},
    {"BeginTime", IN_QUERY, T_INTEGER},
    {"EndTime", IN_QUERY, T_INTEGER},
    {"JobIds[]", IN_QUERY, T_STRING},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
    {"ResourceIds[]", IN_QUERY, T_STRING},
    {"ResourceType", IN_QUERY, T_STRING,
     .values = "loadbalancer listener rule acl securitypolicy servergroup"},
};

static void put_job(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    int64_t created = strtoll(sim_get(c, o, "created"), NULL, 10);
    json_open_object(w);
    json_member_string(w, "Id", o->id);
    json_member_string(w, "ApiName", sim_get(c, o, "ApiName"));
    json_member_string(w, "ResourceId", sim_get(c, o, "ResourceId"));
    json_member_string(w, "ResourceType", "listener");
    json_member_string(w, "OperateType", "Update");
    json_member_string(w, "Status", sim_settling(c, o) ? "Processing" : "Succeeded");
    json_member_int(w, "CreateTime", created);
    json_member_int(w, "ModifyTime", sim_settling(c, o) ? created : int64_max(created, o->settled_ms));
    json_close_object(w);
}

static void list_jobs(struct sim_call *c)
{
    struct aliyun_page p;
    if (!aliyun_page_open(c, &p, "Jobs"))
        return;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind.jobs, c->region, &cursor));)
        if (aliyun_is_asked(c, "JobIds[]", o->id) &&
            aliyun_is_asked(c, "ResourceIds[]", sim_get(c, o, "ResourceId")) &&
            aliyun_arg_fits(c, "ApiName", sim_get(c, o, "ApiName")) &&
            aliyun_arg_fits(c, "ResourceType", "listener") && aliyun_page_holds(&p))
            put_job(c, &p.answer->w, o);
    aliyun_page_close(c, &p);
}

/* ---- ListRules ---- */

static const struct sim_param rules_params[] = {
    {"Direction", IN_QUERY, T_STRING, .values = "Request Response"},
    {"ListenerIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"LoadBalancerIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
    {"RuleIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static void put_rule(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const char *hosts[16];
    size_t n = 0;
    while (n < countof(hosts) && (hosts[n] = sim_list_item(c->arena, sim_get(c, o, "Hosts"), n)))
        n++;
    json_put_raw(
        w, json_format(c->arena,
                       "{'RuleId':%s,'RuleName':%s,'RuleStatus':'Available','Direction':'Request',"
                       "'ListenerId':%s,'LoadBalancerId':%s,'Priority':%p,'RuleConditions':[{'Type':'Host',"
                       "'HostConfig':{'Values':%p}}],'RuleActions':[{'Type':'ForwardGroup','Order':1}]}",
                       o->id, sim_get(c, o, "RuleName"), sim_get(c, o, "ListenerId"),
                       sim_get(c, o, "LoadBalancerId"), sim_get(c, o, "Priority"),
                       json_strings(c->arena, hosts, n)));
}

static void list_rules(struct sim_call *c)
{
    struct aliyun_page p;
    if (!aliyun_page_open(c, &p, "Rules"))
        return;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, alb_rule_kind, c->region, &cursor));)
        if (aliyun_is_asked(c, "ListenerIds[]", sim_get(c, o, "ListenerId")) &&
            aliyun_is_asked(c, "RuleIds[]", o->id) &&
            aliyun_is_asked(c, "LoadBalancerIds[]", sim_get(c, o, "LoadBalancerId")) &&
            aliyun_arg_fits(c, "Direction", "Request") && aliyun_page_holds(&p))
            put_rule(c, &p.answer->w, o);
    aliyun_page_close(c, &p);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", SIM_PARAMS(regions_params), .run = describe_regions},
    {.name = "ListLoadBalancers", SIM_PARAMS(lbs_params), .run = list_lbs},
    {.name = "ListListeners", SIM_PARAMS(listeners_params), .run = list_listeners},
    {.name = "GetListenerAttribute",
     .resource = "ListenerId",
     SIM_PARAMS(listener_params),
     .run = get_listener},
    {.name = "ListListenerCertificates",
     .resource = "ListenerId",
     SIM_PARAMS(listener_certs_params),
     .run = list_listener_certs},
    {.name = "UpdateListenerAttribute",
     .writes = true,
     .resource = "ListenerId",
     SIM_PARAMS(update_params),
     .run = update_listener},
    {.name = "AssociateAdditionalCertificatesWithListener",
     .writes = true,
     .resource = "ListenerId",
     SIM_PARAMS(associate_params),
     .run = associate},
    {.name = "DissociateAdditionalCertificatesFromListener",
     .writes = true,
     .resource = "ListenerId",
     SIM_PARAMS(associate_params),
     .run = dissociate},
    {.name = "ListAsynJobs", SIM_PARAMS(jobs_params), .run = list_jobs},
    {.name = "ListRules", SIM_PARAMS(rules_params), .run = list_rules},
};

static const char *const hosts[] = {"alb.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_alb = {.cloud = "aliyun",
                                           .code = "alb",
                                           .version = "2020-06-16",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = alb_listener_kind,
                                           .generate = alb_generate,
                                           .entry = entry,
                                           .choose = listener_choose};

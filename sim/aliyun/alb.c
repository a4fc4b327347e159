/* ALB. A listener has one default certificate ("Certificates") and a set of additional ones chosen by SNI; ids are
 * "<number>-<CAS site>", a bare number is unknown. Every change makes a job and puts the listener into Configuring; what
 * comes meanwhile is refused: on the same listener with IncorrectStatus.Listener, on another listener of the same load
 * balancer with IncorrectStatus.LoadBalancer.
 */
#include "sim/aliyun/alb.h"

#include "sim/aliyun/page.h"

#include <stdlib.h>
#include <string.h>

enum { CERTS_PER_CALL = 20 };

static const char job_kind[] = "@alb.job", token_kind[] = "@alb.token";

/* ---- DescribeRegions ---- */

static const struct sim_param regions_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh-CN en-US ja"},
};

static void describe_regions(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Regions");
    json_open_array(&answer->w);
    for (size_t i = 0; i < countof(aliyun_regions); i++)
        json_put_raw(&answer->w, json_format(c->arena, "{'RegionId':%s,'RegionEndpoint':%s,'LocalName':%s}",
                                             aliyun_regions[i],
                                             arena_printf(c->arena, "alb.%s.aliyuncs.com", aliyun_regions[i]),
                                             aliyun_regions[i]));
    json_close_array(&answer->w);
    aliyun_end(c, answer);
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
    json_open_array(w);
    const char *tag;
    for (size_t i = 0; (tag = sim_list_item(c->arena, tags, i)); i++) {
        const char *equals = strchr(tag, '=');
        json_put_raw(w, json_format(c->arena, "{'Key':%s,'Value':%s}",
                                    arena_copy(c->arena, tag, (size_t)(equals - tag)), equals + 1));
    }
    json_close_array(w);
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

static bool has_tags(struct sim_call *c, const struct sim_object *o)
{
    const char *key;
    for (size_t i = 0; (key = sim_arg_item(c, "Tag[].Key", i)); i++) {
        const char *value = sim_arg_item(c, "Tag[].Value", i);
        if (!sim_list_has(sim_get(c, o, "Tags"), arena_printf(c->arena, "%s=%s", key, value ? value : "")))
            return false;
    }
    return true;
}

static void list_lbs(struct sim_call *c)
{
    struct aliyun_page p;
    if (!aliyun_page_open(c, &p, "LoadBalancers"))
        return;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, alb_lb_kind, c->region, &cursor));) {
        bool fits = aliyun_is_asked(c, "LoadBalancerIds[]", o->id) && has_tags(c, o) &&
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
        bool fits = aliyun_is_asked(c, "ListenerIds[]", o->id) && has_tags(c, o) &&
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

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, alb_listener_kind, c->region, sim_arg(c, "ListenerId"));
    if (!o)
        sim_fail(c, 404, "ResourceNotFound.Listener", "The specified resource of listener is not found.");
    return o;
}

static void get_listener(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
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

static void put_certificate(struct sim_call *c, struct aliyun_page *p, const char *id, bool is_default,
                            const char *status)
{
    if (!aliyun_is_asked(c, "CertificateIds[]", id) || !aliyun_page_holds(p))
        return;
    json_put_raw(&p->answer->w,
                 json_format(c->arena,
                             "{'CertificateId':%s,'CertificateType':'Server','IsDefault':%p,'Status':%s}", id,
                             json_boolean(is_default), status));
}

static void list_listener_certs(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    struct aliyun_page p;
    if (!o || !aliyun_page_open(c, &p, "Certificates"))
        return;
    bool server = !strcmp(sim_arg_or(c, "CertificateType", "Server"), "Server"),
         settling = sim_settling(c, o);
    const char *now = sim_get(c, o, "AdditionalCertificates"), *id;
    const char *before = settling ? sim_field(o->before, "AdditionalCertificates") : now;
    const char *first = sim_get(c, o, "Certificates");
    if (server && *first)
        put_certificate(c, &p, first, true,
                        settling && strcmp(sim_field(o->before, "Certificates"), first) ? "Associating"
                                                                                        : "Associated");
    for (size_t i = 0; server && (id = sim_list_item(c->arena, now, i)); i++)
        put_certificate(c, &p, id, false, sim_list_has(before, id) ? "Associated" : "Associating");
    for (size_t i = 0; server && (id = sim_list_item(c->arena, before, i)); i++)
        if (!sim_list_has(now, id))
            put_certificate(c, &p, id, false, "Diassociating");
    aliyun_page_close(c, &p);
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

/* What a client token stands for: the action and every parameter but itself. */
static const char *request_digest(struct sim_call *c)
{
    struct pairs all = {0};
    for (size_t i = 0; i < c->param_count; i++)
        if (strcmp(c->params[i].wire, "ClientToken"))
            pairs_add(c->arena, &all, c->params[i].wire, c->params[i].value);
    pairs_sort(&all);
    return sim_hex_id(c->arena,
                      arena_printf(c->arena, "%s?%s", c->operation->name, query_format(c->arena, &all)), 64);
}

static void reply_job(struct sim_call *c, const char *job)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "JobId", job);
    aliyun_end(c, answer);
}

/* True when the token was used: the first answer is given again, or the vendor's refusal. */
static bool is_repeated(struct sim_call *c)
{
    const char *token = sim_arg(c, "ClientToken");
    const struct sim_object *o = token ? sim_find(c, token_kind, c->region, token) : NULL;
    if (!o)
        return false;
    if (strcmp(sim_get(c, o, "digest"), request_digest(c))) {
        sim_fail(c, 400, "IdempotentParameterMismatch", "The client token was used with other parameters.");
        return true;
    }
    const struct sim_object *job = sim_find(c, job_kind, c->region, sim_get(c, o, "job"));
    if (job && sim_settling(c, job))
        sim_fail(c, 400, "IdempotenceProcessing",
                 "The previous idempotent request is still being processed.");
    else
        reply_job(c, sim_get(c, o, "job"));
    return true;
}

static bool lb_is_busy(struct sim_call *c, const struct sim_object *listener)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, alb_listener_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "LoadBalancerId"), sim_get(c, listener, "LoadBalancerId")) &&
            sim_settling(c, o))
            return true;
    return false;
}

/* The listener when it may be changed now; NULL after an answer. */
static struct sim_object *changeable(struct sim_call *c)
{
    struct sim_object *o = is_repeated(c) ? NULL : wanted(c);
    if (!o)
        return NULL;
    if (sim_settling(c, o))
        sim_fail(c, 400, "IncorrectStatus.Listener", "The status of listener [%s] is incorrect.", o->id);
    else if (lb_is_busy(c, o))
        sim_fail(c, 400, "IncorrectStatus.LoadBalancer", "The status of loadbalancer [%s] is incorrect.",
                 sim_get(c, o, "LoadBalancerId"));
    else if (sim_arg_count(c, "Certificates[].CertificateId") &&
             strcmp(sim_get(c, o, "ListenerProtocol"), "HTTPS") &&
             strcmp(sim_get(c, o, "ListenerProtocol"), "QUIC"))
        sim_fail(c, 400, "OperationDenied.ListenerProtocolNotSupport", "The listener has no certificates.");
    else if (sim_arg_bool(c, "DryRun", false))
        sim_fail(c, 400, "DryRunOperation",
                 "The request would have succeeded, but the DryRun parameter is set.");
    else
        return o;
    return NULL;
}

/* Answers with a job, which ends when the listener has settled. A listener that was so already settles at once. */
static void finish(struct sim_call *c, const struct sim_object *o)
{
    const char *id =
        arena_printf(c->arena, "%s-%lld", sim_hex_id(c->arena, c->request_id, 8), (long long)sim_serial(c));
    struct sim_object *job =
        SIM_CREATE(c, job_kind, c->region, id, {"ApiName", c->operation->name}, {"ResourceId", o->id},
                   {"created", arena_printf(c->arena, "%lld", (long long)c->now_ms)});
    if (c->wrote)
        SIM_CHANGE(c, job, SETTLE_EDGE, {"started", "1"});
    if (sim_arg(c, "ClientToken"))
        SIM_CREATE(c, token_kind, c->region, sim_arg(c, "ClientToken"), {"digest", request_digest(c)},
                   {"job", id});
    reply_job(c, id);
}

static bool cert_exists(struct sim_call *c, const char *id)
{
    const struct sim_object *cert = aliyun_cas_by_identifier(c->state, c->access->account, id);
    if (cert && !cert->gone)
        return true;
    sim_fail(c, 404, "ResourceNotFound.Certificate", "The specified resource %s is not found.", id);
    return false;
}

static void update_listener(struct sim_call *c)
{
    static const char *const plain[] = {"CaEnabled",          "GzipEnabled",    "Http2Enabled",
                                        "IdleTimeout",        "RequestTimeout", "SecurityPolicyId",
                                        "ListenerDescription"};
    struct sim_object *o = changeable(c);
    const char *cert = sim_arg_item(c, "Certificates[].CertificateId", 0);
    struct sim_field fields[countof(plain) + 1];
    size_t n = 0;
    if (!o || (cert && !cert_exists(c, cert)))
        return;
    if (cert && sim_list_has(sim_get(c, o, "AdditionalCertificates"), cert)) {
        sim_fail(c, 400, "ResourceAlreadyAssociated.Certificate",
                 "The certificate is an additional one already.");
        return;
    }
    if (cert)
        fields[n++] = (struct sim_field){"Certificates", cert};
    for (size_t i = 0; i < countof(plain); i++)
        if (sim_arg(c, plain[i]))
            fields[n++] = (struct sim_field){plain[i], sim_arg(c, plain[i])};
    sim_change(c, o, SETTLE_EDGE, fields, n);
    finish(c, o);
}

static size_t sni_limit(struct sim_call *c, const struct sim_object *listener)
{
    const struct sim_object *lb = sim_find(c, alb_lb_kind, c->region, sim_get(c, listener, "LoadBalancerId"));
    return lb && !strcmp(sim_get(c, lb, "LoadBalancerEdition"), "Basic") ? 10 : 25;
}

/* Additional certificates on all listeners of the load balancer, as the quota counts them. */
static size_t sni_used(struct sim_call *c, const struct sim_object *listener)
{
    size_t n = 0;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, alb_listener_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "LoadBalancerId"), sim_get(c, listener, "LoadBalancerId")))
            n += sim_list_count(sim_get(c, o, "AdditionalCertificates"));
    return n;
}

static void associate(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    if (!o)
        return;
    const char *list = sim_get(c, o, "AdditionalCertificates"), *old = list, *id;
    for (size_t i = 0; (id = sim_arg_item(c, "Certificates[].CertificateId", i)); i++) {
        if (!cert_exists(c, id))
            return;
        if (!strcmp(sim_get(c, o, "Certificates"), id)) {
            sim_fail(c, 400, "ResourceAlreadyAssociated.Certificate",
                     "The certificate %s is the default one.", id);
            return;
        }
        list = sim_list_add(c->arena, list, id);
    }
    if (sni_used(c, o) - sim_list_count(old) + sim_list_count(list) > sni_limit(c, o)) {
        sim_fail(c, 400, "QuotaExceeded.AdditionalCertificates",
                 "The quota of additional certificates is exceeded.");
        return;
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"AdditionalCertificates", list});
    finish(c, o);
}

static void dissociate(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    if (!o)
        return;
    const char *list = sim_get(c, o, "AdditionalCertificates"), *id;
    for (size_t i = 0; (id = sim_arg_item(c, "Certificates[].CertificateId", i)); i++) {
        if (!sim_list_has(list, id)) {
            sim_fail(c, 400, "ResourceNotAssociated.Certificate", "The certificate %s is not associated.",
                     id);
            return;
        }
        list = sim_list_remove(c->arena, list, id);
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"AdditionalCertificates", list});
    finish(c, o);
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
    for (size_t cursor = 0; (o = sim_next(c, job_kind, c->region, &cursor));)
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
                                           .entry = alb_entry,
                                           .choose = alb_choose};

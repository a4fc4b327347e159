/* NLB: TCPSSL listeners (listener.h). Changes, and the list of a listener's certificates, come as a form. While a
 * listener settles, what comes is refused: on the same listener with ResourceInConfiguring.listener, on another one of
 * the same load balancer with SystemBusy.
 */
#include "sim/aliyun/listener.h"

#include <stdlib.h>
#include <string.h>

enum { CERTS_PER_CALL = 15, LISTENERS_PER_LB = 5, FIRST_PORT = 8442 };

static const struct listener_kind kind = {.product = "nlb",
                                          .balancers = "nlb.loadbalancer",
                                          .objects = "nlb.listener",
                                          .jobs = "@nlb.job",
                                          .tokens = "@nlb.token",
                                          .first = "CertificateIds[]",
                                          .more = "AdditionalCertificateIds[]",
                                          .type = "CertType",
                                          .protocols = "TCPSSL",
                                          .not_found = "ResourceNotFound.listener",
                                          .cert_not_found = "ResourceNotFound.certificate",
                                          .busy_code = "ResourceInConfiguring.listener",
                                          .busy_other_code = "SystemBusy"};

/* ---- DescribeRegions ---- */

static const struct sim_param regions_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh-CN en-US ja"},
    {"ClientToken", IN_FORM, T_STRING},
    {"ServiceCode", IN_QUERY, T_STRING},
};

static void describe_regions(struct sim_call *c)
{
    listener_regions(c, "nlb.", ".aliyuncs.com");
}

/* ---- ListLoadBalancers ---- */

static const struct sim_param lbs_params[] = {
    {"AddressIpVersion", IN_QUERY, T_STRING, .values = "ipv4 DualStack"},
    {"AddressType", IN_QUERY, T_STRING, .values = "Internet Intranet"},
    {"DNSName", IN_QUERY, T_STRING},
    {"Ipv6AddressType", IN_QUERY, T_STRING, .values = "Internet Intranet"},
    {"LoadBalancerBusinessStatus", IN_QUERY, T_STRING, .values = "Abnormal Normal"},
    {"LoadBalancerIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"LoadBalancerNames[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"LoadBalancerStatus", IN_QUERY, T_STRING,
     .values = "Inactive Active Provisioning Configuring Deleting Deleted"},
    {"LoadBalancerType", IN_QUERY, T_STRING},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
    {"VpcIds[]", IN_QUERY, T_STRING},
    {"ZoneId", IN_QUERY, T_STRING},
};

/* A region that is named has to be the one whose host was asked. */
static bool region_fits(struct sim_call *c)
{
    const char *region = sim_arg(c, "RegionId");
    if (!region || !strcmp(region, c->region))
        return true;
    sim_fail(c, 400, "InvalidParameter", "The region %s is not served by this endpoint.", region);
    return false;
}

static void put_lb(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_open_object(w);
    json_member_string(w, "LoadBalancerId", o->id);
    json_member_string(w, "LoadBalancerName", sim_get(c, o, "LoadBalancerName"));
    json_member_string(w, "LoadBalancerType", "network");
    json_member_string(w, "DNSName", sim_get(c, o, "DNSName"));
    json_member_string(w, "AddressType", sim_get(c, o, "AddressType"));
    json_member_string(w, "AddressIpVersion", "Ipv4");
    json_member_string(w, "LoadBalancerStatus", "Active");
    json_member_string(w, "LoadBalancerBusinessStatus", "Normal");
    json_member_bool(w, "CrossZoneEnabled", true);
    json_member_string(w, "RegionId", c->region);
    json_member_string(w, "ResourceGroupId", "rg-acfmv3s4eaqayaq");
    json_member_string(w, "VpcId", sim_get(c, o, "VpcId"));
    json_key(w, "Tags");
    listener_put_tags(c, w, sim_get(c, o, "Tags"), "Key", "Value");
    json_close_object(w);
}

static void list_lbs(struct sim_call *c)
{
    struct aliyun_page p;
    if (!region_fits(c) || !aliyun_page_open(c, &p, "LoadBalancers"))
        return;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind.balancers, c->region, &cursor));) {
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
    {"ListenerProtocol", IN_QUERY, T_STRING, .values = "TCP UDP TCPSSL"},
    {"LoadBalancerIds[]", IN_QUERY, T_STRING, .count_min = 1, .count = 20},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"NextToken", IN_QUERY, T_STRING},
    {"RegionId", IN_QUERY, T_STRING},
    {"SecSensorEnabled", IN_QUERY, T_STRING, .values = "true false"},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static void put_bool(struct sim_call *c, struct json_writer *w, const struct sim_object *o, const char *name)
{
    json_member_bool(w, name, !strcmp(sim_get(c, o, name), "true"));
}

static void put_int(struct sim_call *c, struct json_writer *w, const struct sim_object *o, const char *name)
{
    json_member_int(w, name, strtoll(sim_get(c, o, name), NULL, 10));
}

static void put_ids(struct sim_call *c, struct json_writer *w, const char *name, const char *list)
{
    const char *id;
    json_key(w, name);
    json_open_array(w);
    for (size_t i = 0; (id = sim_list_item(c->arena, list, i)); i++)
        json_put_string(w, id);
    json_close_array(w);
}

/* What the list and the attributes have in common. */
static void put_listener(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_member_string(w, "ListenerId", o->id);
    json_member_string(w, "LoadBalancerId", sim_get(c, o, "LoadBalancerId"));
    json_member_string(w, "ListenerProtocol", sim_get(c, o, "ListenerProtocol"));
    put_int(c, w, o, "ListenerPort");
    json_member_string(w, "ListenerStatus", sim_settling(c, o) ? "Configuring" : "Running");
    json_member_string(w, "ListenerDescription", sim_get(c, o, "ListenerDescription"));
    json_member_string(w, "SecurityPolicyId", sim_get(c, o, "SecurityPolicyId"));
    json_member_string(w, "ServerGroupId", sim_get(c, o, "ServerGroupId"));
    json_member_string(w, "RegionId", c->region);
    put_ids(c, w, "CertificateIds", sim_get(c, o, "Certificates"));
    put_ids(c, w, "CaCertificateIds", sim_get(c, o, "CaCertificateIds"));
    put_bool(c, w, o, "CaEnabled");
    put_bool(c, w, o, "AlpnEnabled");
    json_member_string(w, "AlpnPolicy", sim_get(c, o, "AlpnPolicy"));
    put_bool(c, w, o, "ProxyProtocolEnabled");
    put_bool(c, w, o, "SecSensorEnabled");
    put_int(c, w, o, "IdleTimeout");
    put_int(c, w, o, "Cps");
    put_int(c, w, o, "Mss");
}

static void list_listeners(struct sim_call *c)
{
    struct aliyun_page p;
    if (!region_fits(c) || !aliyun_page_open(c, &p, "Listeners"))
        return;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind.objects, c->region, &cursor));) {
        bool fits = aliyun_is_asked(c, "ListenerIds[]", o->id) && listener_has_tags(c, o) &&
                    aliyun_is_asked(c, "LoadBalancerIds[]", sim_get(c, o, "LoadBalancerId")) &&
                    aliyun_arg_fits(c, "ListenerProtocol", sim_get(c, o, "ListenerProtocol"));
        if (!fits || !aliyun_page_holds(&p))
            continue;
        json_open_object(&p.answer->w);
        put_listener(c, &p.answer->w, o);
        json_key(&p.answer->w, "Tags");
        listener_put_tags(c, &p.answer->w, sim_get(c, o, "Tags"), "Key", "Value");
        json_close_object(&p.answer->w);
    }
    aliyun_page_close(c, &p);
}

static const struct sim_param listener_params[] = {
    {"ClientToken", IN_QUERY, T_STRING, .min = 1, .max = 64},
    {"DryRun", IN_QUERY, T_BOOLEAN},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
    {"RegionId", IN_QUERY, T_STRING},
};

static void get_listener(struct sim_call *c)
{
    const struct sim_object *o = region_fits(c) ? listener_wanted(c, &kind) : NULL;
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    put_listener(c, &answer->w, o);
    json_key(&answer->w, "Tags");
    listener_put_tags(c, &answer->w, sim_get(c, o, "Tags"), "TagKey", "TagValue");
    aliyun_end(c, answer);
}

static const struct sim_param listener_certs_params[] = {
    {"CertType", IN_FORM, T_STRING, .values = "Ca Server"},
    {"CertificateIds[]", IN_FORM, T_STRING, .count_min = 1, .count = 20},
    {"ListenerId", IN_FORM, T_STRING, .required = true},
    {"MaxResults", IN_FORM, T_INTEGER, .min = 1, .max = 50},
    {"NextToken", IN_FORM, T_STRING},
    {"RegionId", IN_FORM, T_STRING},
};

static void list_listener_certs(struct sim_call *c)
{
    if (region_fits(c))
        listener_list_certificates(c, &kind);
}

/* ---- changes ---- */

static const struct sim_param update_params[] = {
    {"AlpnEnabled", IN_FORM, T_BOOLEAN},
    {"AlpnPolicy", IN_FORM, T_STRING},
    {"CaCertificateIds[]", IN_FORM, T_STRING, .count_min = 1, .count = 1},
    {"CaEnabled", IN_FORM, T_BOOLEAN},
    {"CertificateIds[]", IN_FORM, T_STRING, .count_min = 1, .count = 1},
    {"ClientToken", IN_FORM, T_STRING, .min = 1, .max = 64},
    {"Cps", IN_FORM, T_INTEGER, .min = 0, .max = 1000000},
    {"DryRun", IN_FORM, T_BOOLEAN},
    {"IdleTimeout", IN_FORM, T_INTEGER, .min = 1, .max = 900},
    {"ListenerDescription", IN_FORM, T_STRING, .min = 2, .max = 256},
    {"ListenerId", IN_FORM, T_STRING, .required = true},
    {"Mss", IN_FORM, T_INTEGER, .min = 0, .max = 1500},
    {"ProxyProtocolEnabled", IN_FORM, T_BOOLEAN},
    {"ProxyProtocolV2Config.*", IN_FORM, T_ANY},
    {"RegionId", IN_FORM, T_STRING},
    {"SecSensorEnabled", IN_FORM, T_BOOLEAN},
    {"SecurityPolicyId", IN_FORM, T_STRING},
    {"ServerGroupId", IN_FORM, T_STRING},
};

static const struct sim_param associate_params[] = {
    {"AdditionalCertificateIds[]", IN_FORM, T_STRING, .required = true, .count_min = 1,
     .count = CERTS_PER_CALL},
    {"ClientToken", IN_FORM, T_STRING, .min = 1, .max = 64},
    {"DryRun", IN_FORM, T_BOOLEAN},
    {"ListenerId", IN_FORM, T_STRING, .required = true},
    {"RegionId", IN_FORM, T_STRING},
};

static void update_listener(struct sim_call *c)
{
    if (region_fits(c))
        listener_update(c, &kind,
                        "AlpnEnabled AlpnPolicy CaEnabled Cps IdleTimeout ListenerDescription Mss "
                        "ProxyProtocolEnabled SecSensorEnabled SecurityPolicyId ServerGroupId");
}

static void associate(struct sim_call *c)
{
    if (region_fits(c))
        listener_associate(c, &kind);
}

static void disassociate(struct sim_call *c)
{
    if (region_fits(c))
        listener_dissociate(c, &kind);
}

/* ---- jobs ---- */

static const struct sim_param job_params[] = {
    {"ClientToken", IN_QUERY, T_STRING},
    {"JobId", IN_QUERY, T_STRING, .required = true},
};

static const char *status_of(struct sim_call *c, const struct sim_object *job)
{
    return sim_settling(c, job) ? "Processing" : "Succeeded";
}

static void get_job(struct sim_call *c)
{
    const struct sim_object *job = sim_find(c, kind.jobs, c->region, sim_arg(c, "JobId"));
    if (!job) {
        sim_fail(c, 404, "ResourceNotFound.job", "The specified resource job is not found.");
        return;
    }
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "Status", status_of(c, job));
    aliyun_end(c, answer);
}

static const struct sim_param jobs_params[] = {
    {"JobIds[]", IN_QUERY, T_STRING},
};

static void list_jobs(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    const struct sim_object *job;
    size_t count = 0;
    json_key(&answer->w, "Jobs");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (job = sim_next(c, kind.jobs, c->region, &cursor));)
        if (aliyun_is_asked(c, "JobIds[]", job->id)) {
            json_put_raw(&answer->w,
                         json_format(c->arena, "{'Id':%s,'Status':%s}", job->id, status_of(c, job)));
            count++;
        }
    json_close_array(&answer->w);
    json_member_string(&answer->w, "TotalCount", arena_printf(c->arena, "%zu", count));
    aliyun_end(c, answer);
}

/* ---- edges and generated resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    return listener_entry(a, s, o, &kind, ret);
}

static void generate_lb(struct sim_seeding *s, size_t n, const char *region, const char *lb)
{
    SIM_SEED(s, kind.balancers, region, lb, {"LoadBalancerName", arena_printf(s->arena, "net-%zu", n)},
             {"DNSName", arena_printf(s->arena, "%s.%s.nlb.aliyuncsslb.com", lb, region)},
             {"AddressType", n % 4 == 3 ? "Intranet" : "Internet"}, {"VpcId", "vpc-bp1aevy8sofi8mh1qc5cm"},
             {"Tags", sim_seed_is_owned(n) ? "ack.aliyun.com=c5d1e2f3a4" : "team=net"});
    SIM_SEED(s, kind.objects, region, arena_printf(s->arena, "lsn-%s@80", lb + strlen("nlb-")),
             {"LoadBalancerId", lb}, {"ListenerProtocol", "TCP"}, {"ListenerPort", "80"},
             {"ServerGroupId", "sgp-plain"});
}

/* Five TCPSSL listeners on a load balancer; where a resource has two names, the second one's certificate is additional;
 * every fourth one asks clients for certificates.
 */
static void generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_LB;
    const char *region = aliyun_regions[number % countof(aliyun_regions)];
    const char *site = strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
    const char *lb =
        arena_printf(s->arena, "nlb-%s", sim_hex_id(s->arena, arena_printf(s->arena, "nlb %zu", number), 18));
    size_t port = n % LISTENERS_PER_LB ? FIRST_PORT + n % LISTENERS_PER_LB : 443;
    const char *id = arena_printf(s->arena, "lsn-%s@%zu",
                                  sim_hex_id(s->arena, arena_printf(s->arena, "nls %zu", n), 18), port);
    const char *names = sim_seed_names(s, n), *second = sim_list_item(s->arena, names, 1);
    bool mutual = n % 4 == 2;
    generate_lb(s, number, region, lb);
    const char *cert = aliyun_seed_cas(s, site, sim_list_item(s->arena, names, 0));
    const char *more = second ? arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, second), site) : "";
    SIM_SEED(s, kind.objects, region, id, {"LoadBalancerId", lb}, {"ListenerProtocol", "TCPSSL"},
             {"ListenerPort", arena_printf(s->arena, "%zu", port)},
             {"ListenerDescription", arena_printf(s->arena, "tls-%zu", n)}, {"AlpnEnabled", "true"},
             {"AlpnPolicy", "HTTP2Preferred"}, {"ProxyProtocolEnabled", n % 2 ? "true" : "false"},
             {"SecSensorEnabled", "false"}, {"IdleTimeout", "900"}, {"Cps", "0"}, {"Mss", "0"},
             {"CaEnabled", mutual ? "true" : "false"},
             {"CaCertificateIds", mutual ? arena_printf(s->arena, "139a00%02zu-%s", n % 100, site) : ""},
             {"SecurityPolicyId", "tls_cipher_policy_1_2"}, {"ServerGroupId", "sgp-net"}, {"@names", names},
             {"Certificates", arena_printf(s->arena, "%s-%s", cert, site)}, {"AdditionalCertificates", more});
}

#define ABOUT_LISTENER .resource = "ListenerId"

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", SIM_PARAMS(regions_params), .run = describe_regions},
    {.name = "ListLoadBalancers", SIM_PARAMS(lbs_params), .run = list_lbs},
    {.name = "ListListeners", SIM_PARAMS(listeners_params), .run = list_listeners},
    {.name = "GetListenerAttribute", ABOUT_LISTENER, SIM_PARAMS(listener_params), .run = get_listener},
    {.name = "ListListenerCertificates",
     ABOUT_LISTENER,
     SIM_PARAMS(listener_certs_params),
     .run = list_listener_certs},
    {.name = "UpdateListenerAttribute",
     .writes = true,
     ABOUT_LISTENER,
     SIM_PARAMS(update_params),
     .run = update_listener},
    {.name = "AssociateAdditionalCertificatesWithListener",
     .writes = true,
     ABOUT_LISTENER,
     SIM_PARAMS(associate_params),
     .run = associate},
    {.name = "DisassociateAdditionalCertificatesWithListener",
     .writes = true,
     ABOUT_LISTENER,
     SIM_PARAMS(associate_params),
     .run = disassociate},
    {.name = "GetJobStatus", SIM_PARAMS(job_params), .run = get_job},
    {.name = "ListAsynJobs", SIM_PARAMS(jobs_params), .run = list_jobs},
};

static const char *const hosts[] = {"nlb.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_nlb = {.cloud = "aliyun",
                                           .code = "nlb",
                                           .version = "2022-04-30",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = "nlb.listener",
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = listener_choose};

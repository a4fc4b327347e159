/* CLB. Every write is a task whose id is the call's request id, and its load balancer takes no other write until it ends
 * (FailedOperation.ResourceInOperating). What a certificate is written without is reset: SSLMode to one-way TLS, the client CA
 * and further certificates to none.
 */
#include "sim/tencent/clb.h"

#include <string.h>

#define CERTIFICATE_PARAMS                                                                                   \
    {"Certificate", IN_JSON, T_OBJECT},                                                                      \
        {"Certificate.SSLMode", IN_JSON, T_STRING, .values = "UNIDIRECTIONAL MUTUAL"},                       \
        {"Certificate.SSLVerifyClient", IN_JSON, T_STRING, .values = "ON OPTIONAL"},                         \
        {"Certificate.CertId", IN_JSON, T_STRING}, {"Certificate.CertCaId", IN_JSON, T_STRING},              \
        {"Certificate.CertName", IN_JSON, T_STRING}, {"Certificate.CertKey", IN_JSON, T_STRING},             \
        {"Certificate.CertContent", IN_JSON, T_STRING}, {"Certificate.CertCaName", IN_JSON, T_STRING},       \
        {"Certificate.CertCaContent", IN_JSON, T_STRING}, {"MultiCertInfo", IN_JSON, T_OBJECT},              \
        {"MultiCertInfo.SSLMode", IN_JSON, T_STRING, .required = true, .values = "UNIDIRECTIONAL MUTUAL"},   \
        {"MultiCertInfo.SSLVerifyClient", IN_JSON, T_STRING, .values = "ON OPTIONAL"},                       \
        {"MultiCertInfo.CertList[]", IN_JSON, T_OBJECT, .required = true},                                   \
        {"MultiCertInfo.CertList[].CertId", IN_JSON, T_STRING},                                              \
        {"MultiCertInfo.CertList[].CertName", IN_JSON, T_STRING},                                            \
        {"MultiCertInfo.CertList[].CertContent", IN_JSON, T_STRING},                                         \
    {                                                                                                        \
        "MultiCertInfo.CertList[].CertKey", IN_JSON, T_STRING                                                \
    }

static const struct sim_param describe_load_balancers_params[] = {
    {"LoadBalancerIds[]", IN_JSON, T_STRING, .count = 20},
    {"LoadBalancerType", IN_JSON, T_STRING},
    {"Forward", IN_JSON, T_INTEGER},
    {"LoadBalancerName", IN_JSON, T_STRING},
    {"Domain", IN_JSON, T_STRING},
    {"LoadBalancerVips[]", IN_JSON, T_STRING},
    {"BackendPublicIps[]", IN_JSON, T_STRING},
    {"BackendPrivateIps[]", IN_JSON, T_STRING},
    {"Offset", IN_JSON, T_INTEGER},
    {"Limit", IN_JSON, T_INTEGER, .min = 0, .max = 100},
    {"OrderBy", IN_JSON, T_STRING},
    {"OrderType", IN_JSON, T_INTEGER},
    {"SearchKey", IN_JSON, T_STRING},
    {"ProjectId", IN_JSON, T_INTEGER},
    {"WithRs", IN_JSON, T_INTEGER},
    {"VpcId", IN_JSON, T_STRING},
    {"SecurityGroup", IN_JSON, T_STRING},
    {"MasterZone", IN_JSON, T_STRING},
    {"Filters[]", IN_JSON, T_OBJECT},
    {"Filters[].Name", IN_JSON, T_STRING, .required = true},
    {"Filters[].Values[]", IN_JSON, T_STRING, .required = true},
    {"AdditionalFields[]", IN_JSON, T_STRING},
};
static const struct sim_param describe_listeners_params[] = {
    {"LoadBalancerId", IN_JSON, T_STRING, .required = true},
    {"ListenerIds[]", IN_JSON, T_STRING, .count = 100},
    {"Protocol", IN_JSON, T_STRING},
    {"Port", IN_JSON, T_INTEGER},
};
static const struct sim_param describe_classic_params[] = {
    {"LoadBalancerId", IN_JSON, T_STRING, .required = true},
    {"ListenerIds[]", IN_JSON, T_STRING},
    {"Protocol", IN_JSON, T_STRING},
    {"ListenerPort", IN_JSON, T_INTEGER},
    {"Status", IN_JSON, T_INTEGER},
};
static const struct sim_param modify_listener_params[] = {
    {"LoadBalancerId", IN_JSON, T_STRING, .required = true},
    {"ListenerId", IN_JSON, T_STRING, .required = true},
    {"ListenerName", IN_JSON, T_STRING},
    {"SessionExpireTime", IN_JSON, T_INTEGER},
    {"HealthCheck", IN_JSON, T_OBJECT},
    {"HealthCheck.*", IN_JSON, T_ANY},
    CERTIFICATE_PARAMS,
    {"Scheduler", IN_JSON, T_STRING},
    {"SniSwitch", IN_JSON, T_INTEGER, .min = 0, .max = 1},
    {"TargetType", IN_JSON, T_STRING},
    {"KeepaliveEnable", IN_JSON, T_INTEGER},
    {"DeregisterTargetRst", IN_JSON, T_BOOLEAN},
    {"SessionType", IN_JSON, T_STRING},
    {"MaxConn", IN_JSON, T_INTEGER},
    {"MaxCps", IN_JSON, T_INTEGER},
    {"IdleConnectTimeout", IN_JSON, T_INTEGER},
    {"ProxyProtocol", IN_JSON, T_BOOLEAN},
    {"SnatEnable", IN_JSON, T_BOOLEAN},
    {"DataCompressMode", IN_JSON, T_STRING},
    {"RescheduleTargetZeroWeight", IN_JSON, T_BOOLEAN},
    {"RescheduleUnhealthy", IN_JSON, T_BOOLEAN},
    {"RescheduleExpandTarget", IN_JSON, T_BOOLEAN},
    {"RescheduleStartTime", IN_JSON, T_INTEGER},
    {"RescheduleInterval", IN_JSON, T_INTEGER},
};
static const struct sim_param modify_domain_params[] = {
    {"LoadBalancerId", IN_JSON, T_STRING, .required = true},
    {"ListenerId", IN_JSON, T_STRING, .required = true},
    {"Domain", IN_JSON, T_STRING, .required = true},
    {"NewDomain", IN_JSON, T_STRING},
    CERTIFICATE_PARAMS,
    {"Http2", IN_JSON, T_BOOLEAN},
    {"DefaultServer", IN_JSON, T_BOOLEAN},
    {"Quic", IN_JSON, T_BOOLEAN},
    {"NewDefaultServerDomain", IN_JSON, T_STRING},
    {"NewDomains[]", IN_JSON, T_STRING},
};
static const struct sim_param describe_task_params[] = {
    {"TaskId", IN_JSON, T_STRING},
    {"DealName", IN_JSON, T_STRING},
};

static const char task_kind[] = "@clb.task";

static bool bad(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 200, code, "%s", message);
    return false;
}

static bool is_busy(struct sim_call *c, const char *lb)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, clb_listener_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "LoadBalancerId"), lb) && sim_settling(c, o))
            return true;
    return false;
}

/* The listener that may be changed now; NULL after refusing. */
static struct sim_object *wanted(struct sim_call *c)
{
    const char *lb = sim_arg(c, "LoadBalancerId"), *id = sim_arg(c, "ListenerId");
    if (!tencent_is_region(c, tencent_regions, countof(tencent_regions)))
        return NULL;
    struct sim_object *o = sim_find(c, clb_listener_kind, c->region, arena_printf(c->arena, "%s/%s", lb, id));
    const struct sim_object *balancer = sim_find(c, clb_lb_kind, c->region, lb);
    if (!balancer)
        bad(c, "InvalidParameter.LBIdNotFound", "The load balancer does not exist.");
    else if (!o)
        bad(c, "InvalidParameter.ListenerIdNotFound", "The listener does not exist.");
    else if (!strcmp(sim_get(c, balancer, "Forward"), "0"))
        bad(c, "UnsupportedOperation", "Listeners of classic load balancers cannot be modified.");
    else if (is_busy(c, lb))
        bad(c, "FailedOperation.ResourceInOperating", "The load balancer is in operation.");
    else
        return o;
    return NULL;
}

struct place { /* certificates as they are to be */
    const char *mode, *verify, *id, *ca, *more;
};

static const struct sim_object *certificate(struct sim_call *c, const char *id, const char *type)
{
    const struct sim_object *o = id ? sim_find(c, tencent_cert_kind, "", id) : NULL;
    bool fits = o && o->cert && (!type || !strcmp(sim_get(c, o, "CertificateType"), type));
    if (!fits)
        sim_fail(c, 200, "InvalidParameterValue", "The certificate %s does not exist or has another use.",
                 id ? id : "");
    return fits ? o : NULL;
}

static bool read_one(struct sim_call *c, struct place *p)
{
    p->mode = sim_arg_or(c, "Certificate.SSLMode", "UNIDIRECTIONAL");
    bool mutual = !strcmp(p->mode, "MUTUAL");
    p->id = sim_arg_or(c, "Certificate.CertId", "");
    p->ca = mutual ? sim_arg_or(c, "Certificate.CertCaId", "") : "";
    p->verify = mutual ? sim_arg_or(c, "Certificate.SSLVerifyClient", "ON") : "";
    p->more = "";
    if (sim_arg(c, "Certificate.CertContent"))
        return bad(c, "UnsupportedOperation", "Certificates are only taken by their ids here.");
    return certificate(c, p->id, "SVR") && (!mutual || certificate(c, p->ca, "CA"));
}

/* Algorithms differ; with mutual TLS one of them is the CA. */
static bool read_several(struct sim_call *c, struct place *p)
{
    bool types[8] = {false}, mutual = !strcmp(sim_arg(c, "MultiCertInfo.SSLMode"), "MUTUAL");
    *p = (struct place){.mode = sim_arg(c, "MultiCertInfo.SSLMode"), .id = "", .ca = "", .more = ""};
    p->verify = mutual ? sim_arg_or(c, "MultiCertInfo.SSLVerifyClient", "ON") : "";
    size_t count = sim_arg_count(c, "MultiCertInfo.CertList[].CertId");
    for (size_t i = 0; i < count; i++) {
        const char *id = sim_arg_item(c, "MultiCertInfo.CertList[].CertId", i);
        const struct sim_object *o = certificate(c, id, NULL);
        if (!o)
            return false;
        if (!strcmp(sim_get(c, o, "CertificateType"), "CA")) {
            p->ca = id;
            continue;
        }
        bool *seen = &types[sim_leaf(o->cert)->key_type % countof(types)];
        if (*seen)
            return bad(c, "InvalidParameterValue.Duplicate", "The certificates have the same algorithm.");
        *seen = true;
        if (*p->id)
            p->more = sim_list_add(c->arena, p->more, id);
        else
            p->id = id;
    }
    if (!*p->id || mutual != (*p->ca != '\0'))
        return bad(c, "InvalidParameterValue", "The list of certificates does not fit the SSL mode.");
    return true;
}

/* Writes what was sent at this place; true with nothing written when no certificate was sent. */
static bool put_certificates(struct sim_call *c, struct sim_object *o, const char *place)
{
    bool one = sim_arg_count(c, "Certificate.CertId") || !json_is_null(json_at(c->json, "/Certificate"));
    bool several = !json_is_null(json_at(c->json, "/MultiCertInfo"));
    struct place p;
    if (one && several)
        return bad(c, "InvalidParameter", "Certificate and MultiCertInfo exclude each other.");
    if (!one && !several)
        return true;
    if (several ? !read_several(c, &p) : !read_one(c, &p))
        return false;
    SIM_CHANGE(c, o, SETTLE_READS, {arena_printf(c->arena, "%s.SSLMode", place), p.mode},
               {arena_printf(c->arena, "%s.SSLVerifyClient", place), p.verify},
               {arena_printf(c->arena, "%s.CertId", place), p.id},
               {arena_printf(c->arena, "%s.CertCaId", place), p.ca},
               {arena_printf(c->arena, "%s.ExtCertIds", place), p.more});
    return true;
}

static void end_task(struct sim_call *c)
{
    SIM_CREATE(c, task_kind, c->region, c->request_id, {"LoadBalancerId", sim_arg(c, "LoadBalancerId")});
    tencent_end(c, tencent_begin(c));
}

static void modify_listener(struct sim_call *c)
{
    static const char *const kept[] = {"ListenerName", "Scheduler", "KeepaliveEnable", "SessionExpireTime"};
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    bool sni = !strcmp(sim_get(c, o, "SniSwitch"), "1");
    bool sent =
        !json_is_null(json_at(c->json, "/Certificate")) || !json_is_null(json_at(c->json, "/MultiCertInfo"));
    bool several = !json_is_null(json_at(c->json, "/MultiCertInfo"));
    bool tls = sim_list_has("HTTPS TCP_SSL QUIC", sim_get(c, o, "Protocol"));
    if (sent && (sni || !tls || (several && strcmp(sim_get(c, o, "Protocol"), "HTTPS")))) {
        bad(c, "InvalidParameter.ProtocolCheckFailed", "The listener takes no such certificates.");
        return;
    }
    if (sim_arg(c, "SniSwitch")) {
        bad(c, "UnsupportedOperation", "SNI is not switched here.");
        return;
    }
    if (!put_certificates(c, o, "Certificate"))
        return;
    for (size_t i = 0; i < countof(kept); i++)
        if (sim_arg(c, kept[i]))
            SIM_CHANGE(c, o, SETTLE_READS, {kept[i], sim_arg(c, kept[i])});
    end_task(c);
}

static void modify_domain(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const char *domain = sim_arg(c, "Domain"), *rule;
    bool found = false;
    if (!o)
        return;
    for (size_t i = 0; (rule = sim_list_item(c->arena, sim_get(c, o, "Rules"), i)); i++)
        found = found || !strcmp(sim_get(c, o, arena_printf(c->arena, "%s.Domain", rule)), domain);
    if (!found) {
        bad(c, "InvalidParameter.LocationNotFound", "The domain has no rule.");
        return;
    }
    if (strcmp(sim_get(c, o, "SniSwitch"), "1")) {
        bad(c, "InvalidParameter.ProtocolCheckFailed", "The listener has no SNI.");
        return;
    }
    if (!put_certificates(c, o, domain))
        return;
    if (sim_arg(c, "Http2"))
        SIM_CHANGE(c, o, SETTLE_READS,
                   {arena_printf(c->arena, "%s.Http2", domain),
                    json_boolean(sim_arg_bool(c, "Http2", true))});
    end_task(c);
}

static void describe_task(struct sim_call *c)
{
    const char *id = sim_arg_or(c, "TaskId", "");
    if (!tencent_is_region(c, tencent_regions, countof(tencent_regions)))
        return;
    const struct sim_object *task = sim_find(c, task_kind, c->region, id);
    if (!task) {
        bad(c, "InvalidParameter", "The task does not exist.");
        return;
    }
    struct tencent_answer *answer = tencent_begin(c);
    json_member_int(&answer->w, "Status", is_busy(c, sim_get(c, task, "LoadBalancerId")) ? 2 : 0);
    json_member_raw(&answer->w, "LoadBalancerIds", NULL);
    json_member_raw(&answer->w, "Message", NULL);
    tencent_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeLoadBalancers",
     SIM_PARAMS(describe_load_balancers_params),
     .run = clb_describe_load_balancers},
    {.name = "DescribeListeners",
     .resource = "LoadBalancerId",
     SIM_PARAMS(describe_listeners_params),
     .run = clb_describe_listeners},
    {.name = "DescribeClassicalLBListeners",
     .resource = "LoadBalancerId",
     SIM_PARAMS(describe_classic_params),
     .run = clb_describe_classic},
    {.name = "ModifyListener",
     .writes = true,
     .resource = "LoadBalancerId ListenerId",
     SIM_PARAMS(modify_listener_params),
     .run = modify_listener},
    {.name = "ModifyDomainAttributes",
     .writes = true,
     .resource = "LoadBalancerId ListenerId",
     SIM_PARAMS(modify_domain_params),
     .run = modify_domain},
    {.name = "DescribeTaskStatus", SIM_PARAMS(describe_task_params), .run = describe_task},
};

static const char *const hosts[] = {"clb.tencentcloudapi.com", "clb.intl.tencentcloudapi.com",
                                    "clb.{region}.tencentcloudapi.com", NULL};

const struct sim_service sim_tencent_clb = {.cloud = "tencent",
                                            .code = "clb",
                                            .version = "2018-03-17",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .resource_kind = clb_listener_kind,
                                            .generate = clb_generate,
                                            .entry = clb_entry,
                                            .choose = clb_choose};

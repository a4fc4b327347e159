/* Alibaba Cloud NLB (2022-04-30).
 *
 * A TCPSSL listener is to NLB what an HTTPS listener is to ALB: one default certificate, a set of further ones, jobs,
 * and one change at a time. Three things differ: it knows no hosts at all, so that its names are those of the bound
 * certificates; changes, and the list of a listener's certificates, go as a form; lists of certificates are plain ids.
 */
#include "cloud/aliyun/listener.h"

#define NLB(...) ALIYUN_CALL("nlb", "2022-04-30", "nlb.{region}.aliyuncs.com", __VA_ARGS__)
#define NLB_SET(name, takes) NLB(CALL_RPC_FORM, name, "ListenerId RegionId " takes, .write = true)

static const struct call list_regions =
    NLB(CALL_RPC_QUERY, "DescribeRegions", NULL, .page = {.items = "/Regions"});
static const struct call list_balancers =
    NLB(CALL_RPC_QUERY, "ListLoadBalancers", "RegionId", ALIYUN_TOKENS("/LoadBalancers", 100));
static const struct call list_listeners =
    NLB(CALL_RPC_QUERY, "ListListeners", "ListenerProtocol RegionId", ALIYUN_TOKENS("/Listeners", 100));
static const struct call list_certificates =
    NLB(CALL_RPC_FORM, "ListListenerCertificates", "ListenerId CertType RegionId",
        ALIYUN_TOKENS("/Certificates", 50));
static const struct call get_listener = NLB(CALL_RPC_QUERY, "GetListenerAttribute", "ListenerId RegionId");
static const struct call set_default = NLB_SET("UpdateListenerAttribute", "CertificateIds[]");
static const struct call associate =
    NLB_SET("AssociateAdditionalCertificatesWithListener", "AdditionalCertificateIds[]");
static const struct call disassociate =
    NLB_SET("DisassociateAdditionalCertificatesWithListener", "AdditionalCertificateIds[]");

static char *certificates_of(struct arena *a, const char *region, const char *listener)
{
    return json_format(a, "{'ListenerId':%s,'CertType':'Server','RegionId':%s}", listener, region);
}

static const struct aliyun_listeners kind = {&list_certificates, certificates_of};

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct aliyun_listing l = {.kind = &kind};
    const char *here = json_format(job->arena, "{'RegionId':%s}", to->region);
    return aliyun_keep_balancers(job, &list_balancers, to->region, here, &l.balancers, err) &&
           (!l.balancers.count ||
            aliyun_emit_listeners(job, to, &l, &list_listeners,
                                  json_format(job->arena, "{'ListenerProtocol':'TCPSSL','RegionId':%s}",
                                              to->region),
                                  err));
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_listener, r->region, &answer, err, "{'ListenerId':%s,'RegionId':%s}",
                    r->vendor_id, r->region))
        return false;
    now->settings = json_only(job->arena, answer.json,
                              "SecurityPolicyId CaEnabled CaCertificateIds AlpnEnabled AlpnPolicy");
    return aliyun_listener_binding(job, &kind, r, answer.json, now, err);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    static const struct {
        const struct call *call;
        const char *member;
    } steps[] = {[ALIYUN_SET_DEFAULT] = {&set_default, "\"CertificateIds\""},
                 [ALIYUN_ASSOCIATE] = {&associate, "\"AdditionalCertificateIds\""},
                 [ALIYUN_DISSOCIATE] = {&disassociate, "\"AdditionalCertificateIds\""}};
    const struct resource *r = w->resource;
    const struct aliyun_write next = aliyun_listener_write(job->arena, w);
    return next.step == ALIYUN_NOTHING ||
           cloud_call(job, steps[next.step].call, r->region, NULL, err,
                      "{'ListenerId':%s,'RegionId':%s,%p:%p}", r->vendor_id, r->region,
                      steps[next.step].member, json_strings(job->arena, next.refs, next.count));
}

const struct product aliyun_nlb = {
    PRODUCT_CODE("aliyun", "nlb"),
    .title = "Alibaba Cloud NLB",
    .sni = true,
    .read_calls = 2,
    .set_writes = 2,
    .no_removal = ALIYUN_DEFAULT_STAYS,
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = CALLS(&list_regions, &list_balancers, &list_listeners, &list_certificates, &get_listener,
                   &set_default, &associate, &disassociate),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

/* Alibaba Cloud ALB (2020-06-16).
 *
 * A listener has one default certificate, replaced by UpdateListenerAttribute, and a set of further ones, added and
 * removed by two other calls. Every change is a job: the listener is "Configuring" and the certificate "Associating"
 * until it is done, and the whole load balancer refuses other changes meanwhile, hence the lock. A listener has no
 * names of its own: they come from the certificates it holds and from the hosts its rules mention. The controller of
 * an ACK cluster restores what its own object says, so that its load balancers are named as managed.
 */
#include "cloud/aliyun/listener.h"

#define ALB(...) ALIYUN_CALL("alb", "2020-06-16", "alb.{region}.aliyuncs.com", CALL_RPC_QUERY, __VA_ARGS__)
#define ALB_SET(name) ALB(name, "ListenerId Certificates[].CertificateId", .write = true)

static const struct call list_regions = ALB("DescribeRegions", NULL, .page = {.items = "/Regions"});
static const struct call list_balancers =
    ALB("ListLoadBalancers", NULL, ALIYUN_TOKENS("/LoadBalancers", 100));
static const struct call list_listeners =
    ALB("ListListeners", "ListenerProtocol", ALIYUN_TOKENS("/Listeners", 100));
static const struct call list_rules = ALB("ListRules", NULL, ALIYUN_TOKENS("/Rules", 100));
static const struct call list_certificates =
    ALB("ListListenerCertificates", "ListenerId CertificateType", ALIYUN_TOKENS("/Certificates", 100));
static const struct call get_listener = ALB("GetListenerAttribute", "ListenerId");
static const struct call set_default = ALB_SET("UpdateListenerAttribute");
static const struct call associate = ALB_SET("AssociateAdditionalCertificatesWithListener");
static const struct call dissociate = ALB_SET("DissociateAdditionalCertificatesFromListener");

static char *certificates_of(struct arena *a, const char *region, const char *listener)
{
    (void)region;
    return json_format(a, "{'ListenerId':%s,'CertificateType':'Server'}", listener);
}

static const struct aliyun_listeners kind = {&list_certificates, certificates_of};

static bool keep_rules(struct job *job, const char *region, struct aliyun_listing *l, struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_rules, region, "{}");
    for (const struct json *rule; (rule = pages_next(&p));)
        json_each (condition, json_at(rule, "/RuleConditions"))
            json_each (host, json_at(condition, "/HostConfig/Values"))
                links_add(keep, &l->hosts, json_get(rule, "/ListenerId"), json_str(host, ""));
    return pages_end(&p, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct aliyun_listing l = {.kind = &kind};
    return aliyun_keep_balancers(job, &list_balancers, to->region, "{}", &l.balancers, err) &&
           (!l.balancers.count ||
            (keep_rules(job, to->region, &l, err) &&
             aliyun_emit_listeners(job, to, &l, &list_listeners, "{\"ListenerProtocol\":\"HTTPS\"}", err) &&
             aliyun_emit_listeners(job, to, &l, &list_listeners, "{\"ListenerProtocol\":\"QUIC\"}", err)));
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_listener, r->region, &answer, err, "{'ListenerId':%s}", r->vendor_id))
        return false;
    now->settings = json_only(job->arena, answer.json, "SecurityPolicyId Http2Enabled CaEnabled");
    return aliyun_listener_binding(job, &kind, r, answer.json, now, err);
}

static const char *as_parameter(struct arena *a, const struct aliyun_write *write)
{
    struct buf out = buf_new(a, 64 << 10);
    struct json_writer w = json_writer_to(&out);
    json_open_array(&w);
    for (size_t i = 0; i < write->count; i++)
        json_put_raw(&w, json_format(a, "{'CertificateId':%s}", write->refs[i]));
    json_close_array(&w);
    return out.data;
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    static const struct call *const steps[] = {[ALIYUN_SET_DEFAULT] = &set_default,
                                               [ALIYUN_ASSOCIATE] = &associate,
                                               [ALIYUN_DISSOCIATE] = &dissociate};
    const struct aliyun_write next = aliyun_listener_write(job->arena, w);
    return next.step == ALIYUN_NOTHING || cloud_call(job, steps[next.step], w->resource->region, NULL, err,
                                                     "{'ListenerId':%s,'Certificates':%p}",
                                                     w->resource->vendor_id, as_parameter(job->arena, &next));
}

const struct product aliyun_alb = {
    PRODUCT_CODE("aliyun", "alb"),
    .title = "Alibaba Cloud ALB",
    .sni = true,
    .read_calls = 2,
    .set_writes = 2,
    .no_removal = ALIYUN_DEFAULT_STAYS,
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = CALLS(&list_regions, &list_balancers, &list_listeners, &list_rules, &list_certificates,
                   &get_listener, &set_default, &associate, &dissociate),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

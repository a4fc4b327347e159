/* Alibaba Cloud NLB (2022-04-30).
 *
 * A TCPSSL listener is to NLB what an HTTPS listener is to ALB: one default certificate, a set of further ones, jobs,
 * and one change at a time. Three things differ: it knows no hosts at all, so that its names are those of the bound
 * certificates; changes, and the list of a listener's certificates, go as a form; lists of certificates are plain ids.
 */
#include "cloud/aliyun/listener.h"

#include <string.h>

#define NLB(name) ALIYUN_RPC("nlb", "2022-04-30", name), .host = "nlb.{region}.aliyuncs.com"
#define NLB_PAGES(list, most)                                                                                \
    .page = {.items = (list),                                                                                \
             .next = "/NextToken",                                                                           \
             .position = "NextToken",                                                                        \
             .size = "MaxResults",                                                                           \
             .size_value = (most),                                                                           \
             .style = PAGE_MARKER}
#define NLB_SET                                                                                              \
    .style = CALL_RPC_FORM, .parameters = "ListenerId RegionId AdditionalCertificateIds[]", .write = true

static const struct call list_regions = {NLB("DescribeRegions"), .style = CALL_RPC_QUERY};
static const struct call list_balancers = {NLB("ListLoadBalancers"), .style = CALL_RPC_QUERY,
                                           .parameters = "RegionId MaxResults NextToken",
                                           NLB_PAGES("/LoadBalancers", 100)};
static const struct call list_listeners = {NLB("ListListeners"), .style = CALL_RPC_QUERY,
                                           .parameters = "ListenerProtocol RegionId MaxResults NextToken",
                                           NLB_PAGES("/Listeners", 100)};
static const struct call list_certificates = {NLB("ListListenerCertificates"), .style = CALL_RPC_FORM,
                                              .parameters =
                                                  "ListenerId CertType RegionId MaxResults NextToken",
                                              NLB_PAGES("/Certificates", 50)};
static const struct call get_listener = {NLB("GetListenerAttribute"), .style = CALL_RPC_QUERY,
                                         .parameters = "ListenerId RegionId"};
static const struct call set_default = {NLB("UpdateListenerAttribute"), .style = CALL_RPC_FORM,
                                        .parameters = "ListenerId RegionId CertificateIds[]", .write = true};
static const struct call associate = {NLB("AssociateAdditionalCertificatesWithListener"), NLB_SET};
static const struct call disassociate = {NLB("DisassociateAdditionalCertificatesWithListener"), NLB_SET};

static char *certificates_of(struct arena *a, const char *region, const char *listener)
{
    return json_format(a, "{'ListenerId':%s,'CertType':'Server','RegionId':%s}", listener, region);
}

static const struct aliyun_listeners kind = {
    .product = "aliyun/nlb",
    .word = "nlb",
    .certificates = &list_certificates,
    .arguments = certificates_of,
};

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct aliyun_listing l = {.keep = job->arena,
                               .region = region,
                               .kind = &kind,
                               .each = each,
                               .context = context};
    return cloud_each(job, &list_balancers, region, aliyun_keep_balancer, &l, err, "{'RegionId':%s}",
                      region) &&
           (!l.balancer_count || cloud_each(job, &list_listeners, region, aliyun_emit_listener, &l, err,
                                            "{'ListenerProtocol':'TCPSSL','RegionId':%s}", region));
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    return aliyun_regions(job, &list_regions, "/Regions", ret, ret_count, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    if (!cloud_call(job, &get_listener, r->region, &answer, err, "{'ListenerId':%s,'RegionId':%s}",
                    r->vendor_id, r->region))
        return false;
    const struct json *v = answer.json, *ca = json_at(v, "/CaCertificateIds");
    const char *settings =
        json_format(a, "{'security_policy':%s,'client_ca':%p,'client_cas':%p,'alpn':%p,'alpn_policy':%s}",
                    json_str(json_at(v, "/SecurityPolicyId"), ""),
                    json_boolean(json_bool(json_at(v, "/CaEnabled"), false)),
                    json_is_array(ca) ? json_dump(a, ca) : "[]",
                    json_boolean(json_bool(json_at(v, "/AlpnEnabled"), false)),
                    json_str(json_at(v, "/AlpnPolicy"), ""));
    return aliyun_listener_binding(job, &kind, r, v, settings, ret, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "NLB takes no SM2 certificates");
    *ret = aliyun_store(job, r->region);
    return true;
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    struct aliyun_write write;
    (void)m;
    if (!aliyun_listener_write(job->arena, now, change, &write, err))
        return false;
    const char *refs = json_strings(job->arena, write.refs, write.count);
    switch (write.step) {
    case ALIYUN_NOTHING:
        return true;
    case ALIYUN_SET_DEFAULT:
        return cloud_call(job, &set_default, r->region, &answer, err,
                          "{'ListenerId':%s,'RegionId':%s,'CertificateIds':%p}", r->vendor_id, r->region,
                          refs);
    case ALIYUN_ASSOCIATE:
    case ALIYUN_DISSOCIATE:
        return cloud_call(job, write.step == ALIYUN_ASSOCIATE ? &associate : &disassociate, r->region,
                          &answer, err, "{'ListenerId':%s,'RegionId':%s,'AdditionalCertificateIds':%p}",
                          r->vendor_id, r->region, refs);
    }
    return false;
}

static const struct call *const calls[] = {&list_regions,      &list_balancers, &list_listeners,
                                           &list_certificates, &get_listener,   &set_default,
                                           &associate,         &disassociate,   NULL};

const struct product aliyun_nlb = {
    .cloud = "aliyun",
    .name = "nlb",
    .code = "aliyun/nlb",
    .title = "Alibaba Cloud NLB",
    .sni = true,
    .read_calls = 2,
    .set_writes = 2,
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = calls,
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_upload,
    .bind = write_change,
};

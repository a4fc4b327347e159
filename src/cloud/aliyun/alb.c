/* Alibaba Cloud ALB (2020-06-16).
 *
 * A listener has one default certificate, replaced by UpdateListenerAttribute, and a set of further ones, added and
 * removed by two other calls. Every change is a job: the listener is "Configuring" and the certificate "Associating"
 * until it is done, and the whole load balancer refuses other changes meanwhile, hence the lock. A listener has no
 * names of its own: they come from the certificates it holds and from the hosts its rules mention. The controller of
 * an ACK cluster restores what its own object says, so that its load balancers are named as managed.
 */
#include "cloud/aliyun/listener.h"

#include "base/buf.h"
#include "codec/name.h"
#include <string.h>

#define ALB(name)                                                                                            \
    ALIYUN_RPC("alb", "2020-06-16", name), .host = "alb.{region}.aliyuncs.com", .style = CALL_RPC_QUERY
#define ALB_PAGES(list)                                                                                      \
    .page = {.items = (list),                                                                                \
             .next = "/NextToken",                                                                           \
             .position = "NextToken",                                                                        \
             .size = "MaxResults",                                                                           \
             .size_value = 100,                                                                              \
             .style = PAGE_MARKER}

static const struct call list_regions = {ALB("DescribeRegions")};
static const struct call list_balancers = {ALB("ListLoadBalancers"), .parameters = "MaxResults NextToken",
                                           ALB_PAGES("/LoadBalancers")};
static const struct call list_listeners = {ALB("ListListeners"),
                                           .parameters = "ListenerProtocol MaxResults NextToken",
                                           ALB_PAGES("/Listeners")};
static const struct call list_rules = {ALB("ListRules"), .parameters = "MaxResults NextToken",
                                       ALB_PAGES("/Rules")};
static const struct call list_certificates = {ALB("ListListenerCertificates"),
                                              .parameters = "ListenerId CertificateType MaxResults NextToken",
                                              ALB_PAGES("/Certificates")};
static const struct call get_listener = {ALB("GetListenerAttribute"), .parameters = "ListenerId"};
static const struct call set_default = {ALB("UpdateListenerAttribute"),
                                        .parameters = "ListenerId Certificates[].CertificateId",
                                        .write = true};
static const struct call associate = {ALB("AssociateAdditionalCertificatesWithListener"),
                                      .parameters = "ListenerId Certificates[].CertificateId", .write = true};
static const struct call dissociate = {ALB("DissociateAdditionalCertificatesFromListener"),
                                       .parameters = "ListenerId Certificates[].CertificateId",
                                       .write = true};

static char *certificates_of(struct arena *a, const char *region, const char *listener)
{
    (void)region;
    return json_format(a, "{'ListenerId':%s,'CertificateType':'Server'}", listener);
}

static const struct aliyun_listeners kind = {
    .product = "aliyun/alb",
    .word = "alb",
    .certificates = &list_certificates,
    .arguments = certificates_of,
};

static bool keep_rule(struct job *job, void *context, const struct json *item, const struct xml *node,
                      struct err *err)
{
    struct aliyun_listing *l = context;
    const char *listener = arena_strdup(l->keep, json_str(json_at(item, "/ListenerId"), "")), *name;
    const struct json *conditions = json_at(item, "/RuleConditions");
    (void)node;
    (void)err;
    for (size_t i = 0; i < json_count(conditions); i++) {
        const struct json *hosts = json_at(json_item(conditions, i), "/HostConfig/Values");
        for (size_t j = 0; j < json_count(hosts); j++)
            if (name_normalise(job->arena, json_str(json_item(hosts, j), ""), false, &name, NULL))
                *(struct aliyun_rule *)arena_push(l->keep, (void **)&l->rules, &l->rule_count,
                                                  &l->rule_capacity, sizeof(struct aliyun_rule)) =
                    (struct aliyun_rule){listener, arena_strdup(l->keep, name)};
    }
    return true;
}

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
    return cloud_each(job, &list_balancers, region, aliyun_keep_balancer, &l, err, "{}") &&
           (!l.balancer_count || (cloud_each(job, &list_rules, region, keep_rule, &l, err, "{}") &&
                                  cloud_each(job, &list_listeners, region, aliyun_emit_listener, &l, err,
                                             "{'ListenerProtocol':'HTTPS'}") &&
                                  cloud_each(job, &list_listeners, region, aliyun_emit_listener, &l, err,
                                             "{'ListenerProtocol':'QUIC'}")));
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    return aliyun_regions(job, &list_regions, "/Regions", ret, ret_count, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_listener, r->region, &answer, err, "{'ListenerId':%s}", r->vendor_id))
        return false;
    const struct json *v = answer.json;
    const char *settings = json_format(job->arena, "{'security_policy':%s,'http2':%p,'client_ca':%p}",
                                       json_str(json_at(v, "/SecurityPolicyId"), ""),
                                       json_boolean(json_bool(json_at(v, "/Http2Enabled"), false)),
                                       json_boolean(json_bool(json_at(v, "/CaEnabled"), false)));
    return aliyun_listener_binding(job, &kind, r, v, settings, ret, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "ALB takes no SM2 certificates");
    *ret = aliyun_store(job, r->region);
    return true;
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

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    static const struct call *const steps[] = {[ALIYUN_SET_DEFAULT] = &set_default,
                                               [ALIYUN_ASSOCIATE] = &associate,
                                               [ALIYUN_DISSOCIATE] = &dissociate};
    struct answer answer;
    struct aliyun_write write;
    (void)m;
    if (!aliyun_listener_write(job->arena, now, change, &write, err))
        return false;
    return write.step == ALIYUN_NOTHING ||
           cloud_call(job, steps[write.step], r->region, &answer, err, "{'ListenerId':%s,'Certificates':%p}",
                      r->vendor_id, as_parameter(job->arena, &write));
}

static const struct call *const calls[] = {&list_regions, &list_balancers,    &list_listeners,
                                           &list_rules,   &list_certificates, &get_listener,
                                           &set_default,  &associate,         &dissociate,
                                           NULL};

const struct product aliyun_alb = {
    .cloud = "aliyun",
    .name = "alb",
    .code = "aliyun/alb",
    .title = "Alibaba Cloud ALB",
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

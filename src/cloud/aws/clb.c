/* AWS Classic Load Balancer (ELB, 2012-06-01).
 *
 * No ARNs, no SNI: a listener is a load balancer's name and a port, with one certificate of ACM or IAM. From ACM it takes RSA
 * keys of at most 2048 bits for sure; all others go through IAM. IAM lets a certificate be deleted that is still bound here: the
 * listener then serves what it copied and names it "Invalid-Certificate", which cannot be put back.
 */
#include "cloud/aws/aws.h"

#include <stdlib.h>
#include <string.h>

#define CLB(name, takes, ...)                                                                                \
    {                                                                                                        \
        .service = "elb", .sign_service = "elasticloadbalancing", .version = "2012-06-01",                   \
        .operation = (name), .method = "POST", .path = "/",                                                  \
        .host = "elasticloadbalancing.{region}.amazonaws.com{site}", .style = CALL_AWS_QUERY,                \
        .parameters = (takes), __VA_ARGS__                                                                   \
    }
#define BALANCERS "DescribeLoadBalancersResult/LoadBalancerDescriptions/member"

#define DANGLING "Invalid-Certificate"

static const struct call list_balancers =
    CLB("DescribeLoadBalancers", "LoadBalancerNames[]", .per_second = 10, .limit_group = "read",
        PAGES_BY_MARKER(BALANCERS, "DescribeLoadBalancersResult/NextMarker", "Marker", "PageSize", 100));
static const struct call list_tags =
    CLB("DescribeTags", "LoadBalancerNames[]", .per_second = 10, .limit_group = "read");
static const struct call set_certificate =
    CLB("SetLoadBalancerListenerSSLCertificate", "LoadBalancerName LoadBalancerPort SSLCertificateId",
        .write = true, .limit_group = "write");

static bool has_certificate(const struct xml *listener)
{
    return xml_is(listener, "Listener/Protocol", "HTTPS") || xml_is(listener, "Listener/Protocol", "SSL");
}

static bool binding_of(struct job *job, const char *region, const struct xml *listener, struct binding *b,
                       struct err *err)
{
    b->https = true;
    struct bound *held =
        binding_add(job->arena, b, "default", xml_get(listener, "Listener/SSLCertificateId"));
    if (!held || strcmp(held->ref, DANGLING) != 0)
        return binding_look_up(job, region, b, err);
    held->name = "a certificate that IAM no longer has";
    return true;
}

static bool emit_listener(struct job *job, const struct survey *to, const struct xml *balancer,
                          const struct xml *listener, const char *managed_by, struct err *err)
{
    struct arena *a = job->arena;
    const char *name = xml_get(balancer, "LoadBalancerName");
    long long port = xml_int(listener, "Listener/LoadBalancerPort", 443);
    const struct balancer of = {.id = arena_printf(a, "%s/%s", to->region, name),
                                .name = name,
                                .host = xml_get(balancer, "DNSName"),
                                .reach = xml_is(balancer, "Scheme", "internet-facing") ? "public" : "private",
                                .managed_by = managed_by};
    struct binding b = {0};
    struct resource r = resource_of_listener(job, &of, arena_printf(a, "%s/%lld", name, port),
                                             xml_get(listener, "Listener/Protocol"), port);
    if (!binding_of(job, to->region, listener, &b, err))
        return err_add(err, "%s", r.title);
    resource_add_held(a, &r, &b, NULL);
    return resource_emit(job, to, &r, &b, err);
}

/* Its tags are asked for only where a listener has a certificate. */
static bool emit_balancer(struct job *job, const struct survey *to, const struct xml *node, struct err *err)
{
    const struct xml *v = xml_at(node, "ListenerDescriptions/member");
    const char *name = xml_get(node, "LoadBalancerName");
    struct answer answer;
    while (v && !has_certificate(v))
        v = xml_next(v);
    if (!v)
        return true;
    if (!cloud_call(job, &list_tags, to->region, &answer, err, "{'LoadBalancerNames':[%s]}", name))
        return err->kind == ERR_NOT_FOUND || err_add(err, "load balancer %s", name); /* deleted meanwhile */
    const struct xml *tags = xml_at(answer.xml, "DescribeTagsResult/TagDescriptions/member");
    const char *owner = tags ? aws_owner(job->arena, tags) : "";
    for (; v; v = xml_next(v))
        if (has_certificate(v) && !emit_listener(job, to, node, v, owner, err))
            return false;
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_balancers, to->region, "{}");
    for (const struct xml *v; (v = pages_next_xml(&p));)
        if (!emit_balancer(job, to, v, err))
            return false;
    return pages_end(&p, err);
}

/* "web-1/443": the two parts of a listener's identity. */
static const char *balancer_of(struct arena *a, const struct resource *r, long long *ret_port)
{
    const char *slash = strrchr(r->vendor_id, '/');
    *ret_port = slash ? strtoll(slash + 1, NULL, 10) : 0;
    return slash ? arena_copy(a, r->vendor_id, (size_t)(slash - r->vendor_id)) : r->vendor_id;
}

static char *settings_of(struct arena *a, const struct xml *listener)
{
    const char *policies[64];
    size_t count = 0;
    for (const struct xml *p = xml_at(listener, "PolicyNames/member"); p && count < countof(policies);
         p = xml_next(p))
        policies[count++] = p->text;
    return json_format(a, "{'protocol':%s,'instance':%s,'instance_port':%s,'policies':%p}",
                       xml_get(listener, "Listener/Protocol"), xml_get(listener, "Listener/InstanceProtocol"),
                       xml_get(listener, "Listener/InstancePort"), json_strings(a, policies, count));
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    long long port;
    const char *name = balancer_of(job->arena, r, &port);
    if (!cloud_call(job, &list_balancers, r->region, &answer, err, "{'LoadBalancerNames':[%s]}", name))
        return false;
    const struct xml *v = xml_at(answer.xml, BALANCERS "/ListenerDescriptions/member");
    while (v && xml_int(v, "Listener/LoadBalancerPort", 0) != port)
        v = xml_next(v);
    if (!v || !has_certificate(v))
        return err_set(err, ERR_NOT_FOUND, "there is no listener %s with a certificate", r->vendor_id);
    now->settings = settings_of(job->arena, v);
    return binding_of(job, r->region, v, now, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    bool acm = m->key_type == KEY_RSA && m->key_bits <= 2048;
    return acm ? aws_store(job, r->region, m, ret, err) : aws_iam_store(job, "/", m, ret, err);
}

/* IAM's places are the account's. */
static bool room(struct job *job, const char *region, room_fn *each, void *context, struct err *err)
{
    return *region ? aws_acm_room(job, region, each, context, err) : aws_iam_room(job, each, context, err);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const char *ref = w->change->add[0];
    long long port;
    const char *name = balancer_of(job->arena, w->resource, &port);
    if (cloud_call(job, &set_certificate, w->resource->region, NULL, err,
                   "{'LoadBalancerName':%s,'LoadBalancerPort':%lld,'SSLCertificateId':%s}", name, port, ref))
        return true;
    return strcmp(err->code, "CertificateNotFound") == 0 && aws_not_yet_known(w->material, err);
}

const struct product aws_clb = {
    PRODUCT_CODE("aws", "clb"),
    .title = "AWS Classic Load Balancer",
    .no_removal = "a listener always has a certificate: it can be replaced, not removed",
    .one_way = DANGLING,
    .one_way_why = "it was deleted from IAM while it was bound",
    .consistency_ms = 30000,
    .settle_ms = 180000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = CALLS(&list_balancers, &list_tags, &set_certificate),
    .regions = aws_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .room = room,
    .upload = aws_upload,
    .bind = bind_certificate,
};

/* AWS Classic Load Balancer (ELB, 2012-06-01).
 *
 * No ARNs, no SNI: a listener is a load balancer's name and a port, with one certificate of ACM or IAM. From ACM it takes RSA
 * keys of at most 2048 bits for sure; all others go through IAM. IAM lets a certificate be deleted that is still bound here: the
 * listener then serves what it copied and names it "Invalid-Certificate", which cannot be put back.
 */
#include "cloud/aws/aws.h"

#include <stdlib.h>
#include <string.h>

#define CLB(name)                                                                                            \
    .service = "elb", .sign_service = "elasticloadbalancing", .version = "2012-06-01", .operation = (name),  \
    .method = "POST", .path = "/", .host = "elasticloadbalancing.{region}.amazonaws.com{site}",              \
    .style = CALL_AWS_QUERY

static const char dangling[] = "Invalid-Certificate";

static const struct call list_balancers =
    {CLB("DescribeLoadBalancers"), .parameters = "LoadBalancerNames[] PageSize Marker", .per_second = 10,
     .limit_group = "read",
     .page = {.items = "DescribeLoadBalancersResult/LoadBalancerDescriptions/member",
              .next = "DescribeLoadBalancersResult/NextMarker",
              .position = "Marker",
              .size = "PageSize",
              .size_value = 100,
              .style = PAGE_MARKER}};
static const struct call list_tags = {CLB("DescribeTags"), .parameters = "LoadBalancerNames[]",
                                      .per_second = 10, .limit_group = "read"};
static const struct call set_certificate = {CLB("SetLoadBalancerListenerSSLCertificate"),
                                            .parameters =
                                                "LoadBalancerName LoadBalancerPort SSLCertificateId",
                                            .write = true, .limit_group = "write"};

static bool has_certificate(const struct xml *listener)
{
    const char *protocol = xml_get(listener, "Listener/Protocol");
    return strcmp(protocol, "HTTPS") == 0 || strcmp(protocol, "SSL") == 0;
}

static bool bound_of(struct job *job, const char *region, const struct xml *listener, struct bound *b,
                     struct err *err)
{
    const char *ref = xml_get(listener, "Listener/SSLCertificateId");
    *b = (struct bound){.slot = "default", .ref = arena_strdup(job->arena, ref), .name = ""};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    if (strcmp(ref, dangling) != 0)
        return session_facts(job, region, b, err);
    b->name = "a certificate that IAM no longer has";
    return true;
}

struct listing { /* one page of a region, while it is listed */
    const char *region;
    resource_fn *each;
    void *context;
};

static bool emit_listener(struct job *job, const struct listing *l, const struct xml *balancer,
                          const struct xml *listener, const char *managed_by, struct err *err)
{
    struct arena *a = job->arena;
    const char *name = xml_get(balancer, "LoadBalancerName");
    int64_t port = xml_int(listener, "Listener/LoadBalancerPort", 443);
    bool public = xml_is(balancer, "Scheme", "internet-facing");
    struct bound bound;
    struct resource r = {
        .product = "aws/clb",
        .region = l->region,
        .vendor_id = arena_printf(a, "%s/%lld", name, (long long)port),
        .title = arena_printf(a, "%s %s:%lld", name, xml_get(listener, "Listener/Protocol"), (long long)port),
        .https = true,
        .bound = &bound,
        .bound_count = 1,
        .host = xml_get(balancer, "DNSName"),
        .port = (unsigned)port,
        .reach = public ? "public" : "private",
        .lock = arena_printf(a, "clb:%s/%s", l->region, name),
        .alias_of = "",
        .managed_by = managed_by,
        .unfit = "",
        .extra = "{}",
    };
    if (!bound_of(job, l->region, listener, &bound, err))
        return err_add(err, "%s", r.title);
    for (size_t i = 0; i < bound.name_count; i++)
        resource_add_name(a, &r, bound.names[i], EVIDENCE_CERTIFICATE);
    return l->each(l->context, &r, err);
}

static bool emit_balancer(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct listing *l = context;
    const struct xml *first = xml_at(node, "ListenerDescriptions/member");
    const char *name = xml_get(node, "LoadBalancerName");
    const struct xml *description = NULL;
    struct answer answer;
    bool any = false;
    (void)item;
    for (const struct xml *v = first; v; v = xml_next(v))
        any |= has_certificate(v);
    if (!any)
        return true;
    struct err why;
    if (cloud_call(job, &list_tags, l->region, &answer, &why, "{'LoadBalancerNames':[%s]}", name))
        description = xml_at(answer.xml, "DescribeTagsResult/TagDescriptions/member");
    else if (why.kind == ERR_NOT_FOUND) /* deleted meanwhile */
        return true;
    else {
        if (err)
            *err = why;
        return err_add(err, "load balancer %s", name);
    }
    const char *owner = description ? aws_owner(job->arena, description) : "";
    for (const struct xml *v = first; v; v = xml_next(v))
        if (has_certificate(v) && !emit_listener(job, l, node, v, owner, err))
            return false;
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {region, each, context};
    return cloud_each(job, &list_balancers, region, emit_balancer, &l, err, "{}");
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

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer;
    long long port;
    const char *name = balancer_of(job->arena, r, &port);
    if (!cloud_call(job, &list_balancers, r->region, &answer, err, "{'LoadBalancerNames':[%s]}", name))
        return false;
    const struct xml *v =
        xml_at(answer.xml,
               "DescribeLoadBalancersResult/LoadBalancerDescriptions/member/ListenerDescriptions/member");
    while (v && xml_int(v, "Listener/LoadBalancerPort", 0) != port)
        v = xml_next(v);
    if (!v || !has_certificate(v))
        return err_set(err, ERR_NOT_FOUND, "there is no listener %s with a certificate", r->vendor_id);
    struct binding b = {.https = true,
                        .ready = true,
                        .etag = "",
                        .bound = arena_make(job->arena, struct bound),
                        .bound_count = 1,
                        .settings = settings_of(job->arena, v)};
    if (!bound_of(job, r->region, v, b.bound, err))
        return false;
    *ret = b;
    return true;
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

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    struct err why = {0};
    long long port;
    const char *name = balancer_of(job->arena, r, &port);
    (void)now;
    if (!change->add_count || strcmp(change->add[0], dangling) == 0)
        return err_set(err, ERR_INPUT,
                       "a listener always has a certificate, and one that IAM no longer has cannot be bound");
    if (cloud_call(job, &set_certificate, r->region, &answer, &why,
                   "{'LoadBalancerName':%s,'LoadBalancerPort':%lld,'SSLCertificateId':%s}", name, port,
                   change->add[0]))
        return true;
    if (err)
        *err = why;
    return strcmp(why.code, "CertificateNotFound") == 0 && aws_not_yet_known(m, err);
}

static bool old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                    struct err *err)
{
    (void)job;
    (void)r;
    (void)err;
    *ret = strcmp(old->ref, dangling) == 0 ? "it was deleted from IAM while it was bound" : NULL;
    return true;
}

const struct product aws_clb = {
    PRODUCT_CODE("aws", "clb"),
    .title = "AWS Classic Load Balancer",
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
    .bind = write_change,
    .old_key = old_key,
};

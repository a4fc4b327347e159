/* ELBv2 (2015-12-01): what Application and Network Load Balancers share, which is nearly all.
 *
 * A listener has one default certificate, replaced by ModifyListener, and a list of further ones, changed by two other
 * calls; which is which only DescribeListenerCertificates tells. The same certificate may stand in both, and cannot
 * leave the list while it is the default. Changes work at once, but reads lag behind. What a cluster's controller or
 * CloudFormation made is named as theirs.
 */
#include "cloud/aws/elbv2.h"

#include "codec/name.h"
#include <string.h>

#define ELBV2(name)                                                                                          \
    .service = "elbv2", .sign_service = "elasticloadbalancing", .version = "2015-12-01",                     \
    .operation = (name), .method = "POST", .path = "/",                                                      \
    .host = "elasticloadbalancing.{region}.amazonaws.com{site}", .style = CALL_AWS_QUERY
#define ELBV2_READ .per_second = 10, .limit_group = "read"
#define ELBV2_WRITE .write = true, .limit_group = "write"
#define ELBV2_PAGES(operation, list)                                                                         \
    .page = {.items = operation "Result/" list "/member",                                                    \
             .next = operation "Result/NextMarker",                                                          \
             .position = "Marker",                                                                           \
             .size = "PageSize",                                                                             \
             .size_value = 100,                                                                              \
             .style = PAGE_MARKER}

static const struct call list_balancers = {ELBV2("DescribeLoadBalancers"), .parameters = "PageSize Marker",
                                           ELBV2_READ, ELBV2_PAGES("DescribeLoadBalancers", "LoadBalancers")};
static const struct call list_tags = {ELBV2("DescribeTags"), .parameters = "ResourceArns[]", ELBV2_READ};
static const struct call list_listeners = {ELBV2("DescribeListeners"),
                                           .parameters = "LoadBalancerArn ListenerArns[] PageSize Marker",
                                           ELBV2_READ, ELBV2_PAGES("DescribeListeners", "Listeners")};
static const struct call list_rules = {ELBV2("DescribeRules"), .parameters = "ListenerArn PageSize Marker",
                                       ELBV2_READ, ELBV2_PAGES("DescribeRules", "Rules")};
static const struct call list_certificates = {ELBV2("DescribeListenerCertificates"),
                                              .parameters = "ListenerArn PageSize Marker", ELBV2_READ,
                                              ELBV2_PAGES("DescribeListenerCertificates", "Certificates")};
static const struct call set_default = {ELBV2("ModifyListener"),
                                        .parameters = "ListenerArn Certificates[].CertificateArn",
                                        ELBV2_WRITE};
static const struct call add_certificate = {ELBV2("AddListenerCertificates"),
                                            .parameters = "ListenerArn Certificates[].CertificateArn",
                                            ELBV2_WRITE};
static const struct call remove_certificate = {ELBV2("RemoveListenerCertificates"),
                                               .parameters = "ListenerArn Certificates[].CertificateArn",
                                               ELBV2_WRITE};

struct held { /* the certificates of one listener, while they are read */
    struct arena *keep;
    struct bound *items;
    size_t count, capacity;
};

static bool keep_certificate(struct job *job, void *context, const struct json *item, const struct xml *node,
                             struct err *err)
{
    struct held *held = context;
    (void)job;
    (void)item;
    (void)err;
    struct bound *b = arena_push(held->keep, (void **)&held->items, &held->count, &held->capacity, sizeof *b);
    *b = (struct bound){
        .slot = strcmp(xml_text(node, "IsDefault", ""), "true") == 0 ? "default" : "sni",
        .ref = arena_strdup(held->keep, xml_text(node, "CertificateArn", "")),
    };
    b->name = b->fingerprint = b->serial = b->key_type = b->issuer = "";
    return true;
}

static bool read_held(struct job *job, const char *region, const char *listener, struct held *ret,
                      struct err *err)
{
    *ret = (struct held){.keep = job->arena};
    if (!cloud_each(job, &list_certificates, region, keep_certificate, ret, err, "{'ListenerArn':%s}",
                    listener))
        return false;
    for (size_t i = 0; i < ret->count; i++)
        if (!session_facts(job, region, &ret->items[i], err))
            return false;
    return true;
}

struct balancer {
    const char *arn, *name, *host, *reach, *managed_by, *unfit;
};

struct listing { /* one region, while it is listed */
    struct arena *keep;
    const struct product *product;
    const struct elbv2_kind *kind;
    const char *region;
    struct balancer *balancers;
    size_t balancer_count, balancer_capacity;
    const struct balancer *current; /* whose listeners are listed */
    resource_fn *each;
    void *context;
};

static bool keep_balancer(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    struct listing *l = context;
    const char *state = xml_text(node, "State/Code", "active");
    bool public = strcmp(xml_text(node, "Scheme", ""), "internet-facing") == 0;
    bool works = strncmp(state, "active", 6) == 0; /* also active_impaired */
    (void)job;
    (void)item;
    (void)err;
    if (strcmp(xml_text(node, "Type", ""), l->kind->type) != 0)
        return true;
    struct balancer *b =
        arena_push(l->keep, (void **)&l->balancers, &l->balancer_count, &l->balancer_capacity, sizeof *b);
    *b = (struct balancer){
        .arn = arena_strdup(l->keep, xml_text(node, "LoadBalancerArn", "")),
        .name = arena_strdup(l->keep, xml_text(node, "LoadBalancerName", "")),
        .host = arena_strdup(l->keep, xml_text(node, "DNSName", "")),
        .reach = public ? "public" : "private",
        .managed_by = "",
        .unfit = works ? "" : arena_printf(l->keep, "the load balancer is %s", state),
    };
    return true;
}

/* The tags of up to 20 load balancers in one call. */
static bool add_owners(struct job *job, struct listing *l, size_t from, struct err *err)
{
    enum { AT_ONCE = 20 };
    const char *arns[AT_ONCE];
    size_t count = 0;
    struct answer answer;
    for (size_t i = from; i < l->balancer_count && count < AT_ONCE; i++)
        arns[count++] = l->balancers[i].arn;
    if (!cloud_call(job, &list_tags, l->region, &answer, err, "{'ResourceArns':%p}",
                    json_strings(job->arena, arns, count)))
        return false;
    const struct xml *d = xml_at(answer.xml, "DescribeTagsResult/TagDescriptions/member");
    for (; d; d = xml_next(d))
        for (size_t i = from; i < from + count; i++)
            if (strcmp(l->balancers[i].arn, xml_text(d, "ResourceArn", "")) == 0)
                l->balancers[i].managed_by = aws_owner(l->keep, d);
    return from + count >= l->balancer_count || add_owners(job, l, from + count, err);
}

struct hosts {
    struct arena *keep;
    struct resource *resource;
    size_t capacity;
};

/* Whole hosts, and patterns whose only wildcard is a first label: others match what cannot be told. */
static bool keep_hosts(struct job *job, void *context, const struct json *item, const struct xml *node,
                       struct err *err)
{
    static const char *const places[] = {"HostHeaderConfig/Values/member", "Values/member"};
    struct hosts *h = context;
    const char *name;
    (void)job;
    (void)item;
    (void)err;
    for (const struct xml *c = xml_at(node, "Conditions/member"); c; c = xml_next(c)) {
        const struct xml *value = xml_at(c, places[0]) ? xml_at(c, places[0]) : xml_at(c, places[1]);
        if (strcmp(xml_text(c, "Field", ""), "host-header") != 0)
            continue;
        for (; value; value = xml_next(value))
            if (name_normalise(h->keep, value->text, false, &name, NULL))
                resource_add_name(h->keep, h->resource, name, EVIDENCE_RULE);
    }
    return true;
}

static bool emit_listener(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct listing *l = context;
    const struct balancer *lb = l->current;
    struct arena *a = job->arena;
    const char *arn = xml_text(node, "ListenerArn", "");
    int64_t port = xml_int(node, "Port", 443);
    struct held held;
    (void)item;
    if (strcmp(xml_text(node, "Protocol", ""), l->kind->protocol) != 0)
        return true;
    struct resource r = {
        .product = l->product->code,
        .region = l->region,
        .vendor_id = arn,
        .title = arena_printf(a, "%s %s:%lld", lb->name, l->kind->protocol, (long long)port),
        .https = true,
        .host = lb->host,
        .port = (unsigned)port,
        .reach = lb->reach,
        .lock = arena_printf(a, "%s:%s", l->product->name, lb->arn),
        .alias_of = "",
        .managed_by = lb->managed_by,
        .unfit = lb->unfit,
        .extra = "{}",
    };
    struct hosts hosts = {a, &r, 0};
    if (!read_held(job, l->region, arn, &held, err) ||
        (l->kind->rules &&
         !cloud_each(job, &list_rules, l->region, keep_hosts, &hosts, err, "{'ListenerArn':%s}", arn)))
        return err_add(err, "%s", r.title);
    r.bound = held.items;
    r.bound_count = held.count;
    for (size_t i = 0; i < held.count; i++)
        for (size_t j = 0; j < held.items[i].name_count; j++)
            resource_add_name(a, &r, held.items[i].names[j], EVIDENCE_CERTIFICATE);
    return l->each(l->context, &r, err);
}

bool elbv2_discover(struct job *job, const struct elbv2_kind *kind, const char *region, resource_fn *each,
                    void *context, struct err *err)
{
    struct listing l = {.keep = job->arena,
                        .product = job->product,
                        .kind = kind,
                        .region = region,
                        .each = each,
                        .context = context};
    if (!cloud_each(job, &list_balancers, region, keep_balancer, &l, err, "{}") ||
        (l.balancer_count && !add_owners(job, &l, 0, err)))
        return false;
    for (size_t i = 0; i < l.balancer_count; i++) {
        struct err why;
        l.current = &l.balancers[i];
        if (cloud_each(job, &list_listeners, region, emit_listener, &l, &why, "{'LoadBalancerArn':%s}",
                       l.current->arn) ||
            why.kind == ERR_NOT_FOUND) /* deleted meanwhile */
            continue;
        if (err)
            *err = why;
        return err_add(err, "load balancer %s", l.current->name);
    }
    return true;
}

bool elbv2_read(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer;
    struct held held;
    if (!cloud_call(job, &list_listeners, r->region, &answer, err, "{'ListenerArns':[%s]}", r->vendor_id) ||
        !read_held(job, r->region, r->vendor_id, &held, err))
        return false;
    const struct xml *listener = xml_at(answer.xml, "DescribeListenersResult/Listeners/member");
    if (!listener)
        return err_set(err, ERR_NOT_FOUND, "there is no listener %s", r->vendor_id);
    *ret = (struct binding){
        .https = true,
        .ready = true,
        .etag = "",
        .bound = held.items,
        .bound_count = held.count,
        .settings =
            json_format(job->arena,
                        "{'ssl_policy':%s,'mutual_authentication':%s,'trust_store':%s,'expired_clients':%s,"
                        "'alpn':%s}",
                        xml_text(listener, "SslPolicy", ""),
                        xml_text(listener, "MutualAuthentication/Mode", ""),
                        xml_text(listener, "MutualAuthentication/TrustStoreArn", ""),
                        xml_text(listener, "MutualAuthentication/IgnoreClientCertificateExpiry", ""),
                        xml_text(listener, "AlpnPolicy/member", "")),
    };
    return true;
}

bool elbv2_store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                     struct err *err)
{
    return aws_store(job, r->region, m, ret, err);
}

static bool write_one(struct job *job, const struct call *call, const struct resource *r, const char *arn,
                      const struct material *m, struct err *err)
{
    struct answer answer;
    struct err why = {0};
    if (cloud_call(job, call, r->region, &answer, &why,
                   "{'ListenerArn':%s,'Certificates':[{'CertificateArn':%s}]}", r->vendor_id, arn))
        return true;
    if (err)
        *err = why;
    return strcmp(why.code, "CertificateNotFound") == 0 && aws_not_yet_known(m, err);
}

bool elbv2_bind(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    const char *blocked = NULL;
    if (strcmp(change->slot, "default") == 0 && !change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a default certificate: it can be replaced, not removed");
    if (strcmp(change->slot, "default") == 0)
        return write_one(job, &set_default, r, change->add[0], m, err);
    for (size_t i = 0; i < change->add_count; i++)
        if (!binding_holds(now, "sni", change->add[i]))
            return write_one(job, &add_certificate, r, change->add[i], m, err);
    for (size_t i = 0; i < change->remove_count; i++) {
        if (!binding_holds(now, "sni", change->remove[i]))
            continue;
        if (!binding_holds(now, "default", change->remove[i]))
            return write_one(job, &remove_certificate, r, change->remove[i], NULL, err);
        blocked = change->remove[i];
    }
    if (!blocked)
        return true;
    (void)err_set(err, ERR_CONFLICT,
                  "%s is also the listener's default, and leaves the list only once another one is", blocked);
    if (err)
        err->transient = err->unsent = true;
    return false;
}

const struct call *const elbv2_calls[] = {&list_balancers,  &list_tags,          &list_listeners,
                                          &list_rules,      &list_certificates,  &set_default,
                                          &add_certificate, &remove_certificate, NULL};

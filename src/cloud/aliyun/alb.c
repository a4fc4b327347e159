/* Alibaba Cloud ALB (2020-06-16).
 *
 * A listener has one default certificate, replaced by UpdateListenerAttribute, and a set of further ones, added and
 * removed by two other calls. Every change is a job: the listener is "Configuring" and the certificate "Associating"
 * until it is done, and the whole load balancer refuses other changes meanwhile, hence the lock. A listener has no
 * names of its own: they come from the certificates it holds and from the hosts its rules mention. The controller of
 * an ACK cluster restores what its own object says, so that its load balancers are named as managed.
 */
#include "cloud/aliyun/aliyun.h"

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

struct held { /* the certificates of one listener, while they are read */
    struct arena *keep;
    struct bound *items;
    size_t count, capacity;
    bool settling;
};

static bool keep_certificate(struct job *job, void *context, const struct json *item, const struct xml *node,
                             struct err *err)
{
    struct held *held = context;
    (void)job;
    (void)node;
    (void)err;
    if (strcmp(json_str(json_at(item, "/CertificateType"), "Server"), "Server") != 0)
        return true;
    struct bound *b = arena_push(held->keep, (void **)&held->items, &held->count, &held->capacity, sizeof *b);
    *b = (struct bound){
        .slot = json_bool(json_at(item, "/IsDefault"), false) ? "default" : "sni",
        .ref = arena_strdup(held->keep, json_str(json_at(item, "/CertificateId"), "")),
    };
    b->name = b->fingerprint = b->serial = b->key_type = b->issuer = "";
    held->settling |= strcmp(json_str(json_at(item, "/Status"), "Associated"), "Associated") != 0;
    return true;
}

static bool read_held(struct job *job, const char *region, const char *listener, struct held *ret,
                      struct err *err)
{
    *ret = (struct held){.keep = job->arena};
    if (!cloud_each(job, &list_certificates, region, keep_certificate, ret, err,
                    "{'ListenerId':%s,'CertificateType':'Server'}", listener))
        return false;
    for (size_t i = 0; i < ret->count; i++)
        if (!session_facts(job, region, &ret->items[i], err))
            return false;
    return true;
}

struct balancer {
    const char *id, *name, *host, *reach, *managed_by;
};

struct rule {
    const char *listener, *host;
};

struct listing { /* one region, while it is listed */
    struct arena *keep;
    const char *region;
    struct balancer *balancers;
    size_t balancer_count, balancer_capacity;
    struct rule *rules;
    size_t rule_count, rule_capacity;
    resource_fn *each;
    void *context;
};

static const char *owner_of(struct arena *a, const struct json *balancer)
{
    static const struct {
        const char *tag, *format;
    } marks[] = {{"ack.aliyun.com", "ack"},
                 {"ingress.k8s.alibaba/albconfig", "albconfig"},
                 {"ingress.k8s.alibaba/resource", "ingress"}};
    const struct json *tags = json_at(balancer, "/Tags");
    for (size_t m = 0; m < countof(marks); m++)
        for (size_t i = 0; i < json_count(tags); i++)
            if (strcmp(json_str(json_at(json_item(tags, i), "/Key"), ""), marks[m].tag) == 0)
                return arena_printf(a, "%s:%s", marks[m].format,
                                    json_str(json_at(json_item(tags, i), "/Value"), ""));
    return "";
}

static bool keep_balancer(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    struct listing *l = context;
    (void)job;
    (void)node;
    (void)err;
    bool public = strcmp(json_str(json_at(item, "/AddressType"), ""), "Internet") == 0;
    struct balancer *b =
        arena_push(l->keep, (void **)&l->balancers, &l->balancer_count, &l->balancer_capacity, sizeof *b);
    *b = (struct balancer){
        .id = arena_strdup(l->keep, json_str(json_at(item, "/LoadBalancerId"), "")),
        .name = arena_strdup(l->keep, json_str(json_at(item, "/LoadBalancerName"), "")),
        .host = arena_strdup(l->keep, json_str(json_at(item, "/DNSName"), "")),
        .reach = public ? "public" : "private",
        .managed_by = owner_of(l->keep, item),
    };
    return true;
}

static bool keep_rule(struct job *job, void *context, const struct json *item, const struct xml *node,
                      struct err *err)
{
    struct listing *l = context;
    const char *listener = arena_strdup(l->keep, json_str(json_at(item, "/ListenerId"), "")), *name;
    const struct json *conditions = json_at(item, "/RuleConditions");
    (void)node;
    (void)err;
    for (size_t i = 0; i < json_count(conditions); i++) {
        const struct json *hosts = json_at(json_item(conditions, i), "/HostConfig/Values");
        for (size_t j = 0; j < json_count(hosts); j++)
            if (name_normalise(job->arena, json_str(json_item(hosts, j), ""), false, &name, NULL))
                *(struct rule *)arena_push(l->keep, (void **)&l->rules, &l->rule_count, &l->rule_capacity,
                                           sizeof(struct rule)) =
                    (struct rule){listener, arena_strdup(l->keep, name)};
    }
    return true;
}

static const struct balancer *balancer_of(const struct listing *l, const char *id)
{
    static const struct balancer unknown = {"", "", "", "unknown", ""};
    for (size_t i = 0; i < l->balancer_count; i++)
        if (strcmp(l->balancers[i].id, id) == 0)
            return &l->balancers[i];
    return &unknown;
}

static bool emit_listener(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct listing *l = context;
    struct arena *a = job->arena;
    const char *id = json_str(json_at(item, "/ListenerId"), ""),
               *parent = json_str(json_at(item, "/LoadBalancerId"), "");
    const struct balancer *lb = balancer_of(l, parent);
    const char *protocol = json_str(json_at(item, "/ListenerProtocol"), "HTTPS");
    long long port = json_int(json_at(item, "/ListenerPort"), 443);
    struct held held;
    (void)node;
    if (!read_held(job, l->region, id, &held, err))
        return err_add(err, "listener %s", id);
    struct resource r = {
        .product = "aliyun/alb",
        .region = l->region,
        .vendor_id = id,
        .title = arena_printf(a, "%s %s:%lld", *lb->name ? lb->name : parent, protocol, port),
        .https = true,
        .bound = held.items,
        .bound_count = held.count,
        .host = lb->host,
        .port = (unsigned)port,
        .quic = strcmp(protocol, "QUIC") == 0,
        .reach = lb->reach,
        .lock = arena_printf(a, "alb:%s", parent),
        .alias_of = "",
        .managed_by = lb->managed_by,
        .unfit = strcmp(json_str(json_at(item, "/ListenerStatus"), ""), "Stopped") == 0
                     ? "the listener is stopped"
                     : "",
        .extra = "{}",
    };
    size_t capacity = 0;
    for (size_t i = 0; i < l->rule_count; i++)
        if (strcmp(l->rules[i].listener, id) == 0)
            resource_add_name(a, &r, &capacity, l->rules[i].host, EVIDENCE_RULE);
    for (size_t i = 0; i < held.count; i++)
        for (size_t j = 0; j < held.items[i].name_count; j++)
            resource_add_name(a, &r, &capacity, held.items[i].names[j], EVIDENCE_CERTIFICATE);
    return l->each(l->context, &r, err);
}

static bool discover(struct job *job, const char *region, resource_fn *each, void *context, struct err *err)
{
    struct listing l = {.keep = job->arena, .region = region, .each = each, .context = context};
    return cloud_each(job, &list_balancers, region, keep_balancer, &l, err, "{}") &&
           (!l.balancer_count || (cloud_each(job, &list_rules, region, keep_rule, &l, err, "{}") &&
                                  cloud_each(job, &list_listeners, region, emit_listener, &l, err,
                                             "{'ListenerProtocol':'HTTPS'}") &&
                                  cloud_each(job, &list_listeners, region, emit_listener, &l, err,
                                             "{'ListenerProtocol':'QUIC'}")));
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    struct answer answer;
    session_regions(job, ret, ret_count);
    if (*ret_count)
        return true;
    bool china = strcmp(session_site(job), "china") == 0;
    if (!cloud_call(job, &list_regions, china ? "cn-hangzhou" : "ap-southeast-1", &answer, err, "{}"))
        return false;
    const struct json *list = json_at(answer.json, "/Regions");
    *ret = arena_array(job->arena, const char *, json_count(list) + 1);
    for (size_t i = 0; i < json_count(list); i++)
        (*ret)[(*ret_count)++] = json_str(json_at(json_item(list, i), "/RegionId"), "");
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer;
    struct held held;
    if (!cloud_call(job, &get_listener, r->region, &answer, err, "{'ListenerId':%s}", r->vendor_id) ||
        !read_held(job, r->region, r->vendor_id, &held, err))
        return false;
    const struct json *v = answer.json;
    const char *status = json_str(json_at(v, "/ListenerStatus"), "");
    bool busy = strcmp(status, "Configuring") == 0 || strcmp(status, "Provisioning") == 0;
    *ret = (struct binding){
        .https = true,
        .ready = !busy && !held.settling,
        .etag = "",
        .bound = held.items,
        .bound_count = held.count,
        .settings = json_format(job->arena, "{'security_policy':%s,'http2':%p,'client_ca':%p}",
                                json_str(json_at(v, "/SecurityPolicyId"), ""),
                                json_boolean(json_bool(json_at(v, "/Http2Enabled"), false)),
                                json_boolean(json_bool(json_at(v, "/CaEnabled"), false))),
    };
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "ALB takes no SM2 certificates");
    *ret = aliyun_store(job, r->region);
    return true;
}

/* Those of the refs that the slot holds (or lacks), as the parameter wants them. */
static const char *refs_where(struct arena *a, const struct binding *now, const char **refs, size_t count,
                              bool held, size_t *ret_count)
{
    enum { AT_ONCE = 10 };
    struct buf out = buf_new(a, 64 << 10);
    struct json_writer w = json_writer_to(&out);
    *ret_count = 0;
    json_open_array(&w);
    for (size_t i = 0; i < count && *ret_count < AT_ONCE; i++)
        if (binding_holds(now, "sni", refs[i]) == held && ++*ret_count)
            json_put_raw(&w, json_format(a, "{'CertificateId':%s}", refs[i]));
    json_close_array(&w);
    return out.data;
}

static bool write_change(struct job *job, const struct resource *r, const struct binding *now,
                         const struct change *change, const struct material *m, struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    size_t count;
    (void)m;
    if (strcmp(change->slot, "default") == 0 && !change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a default certificate: it can be replaced, not removed");
    if (strcmp(change->slot, "default") == 0)
        return cloud_call(job, &set_default, r->region, &answer, err,
                          "{'ListenerId':%s,'Certificates':[{'CertificateId':%s}]}", r->vendor_id,
                          change->add[0]);
    const char *missing = refs_where(a, now, change->add, change->add_count, false, &count);
    if (count)
        return cloud_call(job, &associate, r->region, &answer, err, "{'ListenerId':%s,'Certificates':%p}",
                          r->vendor_id, missing);
    const char *left = refs_where(a, now, change->remove, change->remove_count, true, &count);
    return !count || cloud_call(job, &dissociate, r->region, &answer, err,
                                "{'ListenerId':%s,'Certificates':%p}", r->vendor_id, left);
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

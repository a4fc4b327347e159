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

#define ELBV2(name, takes, ...)                                                                              \
    {                                                                                                        \
        .service = "elbv2", .sign_service = "elasticloadbalancing", .version = "2015-12-01",                 \
        .operation = (name), .method = "POST", .path = "/",                                                  \
        .host = "elasticloadbalancing.{region}.amazonaws.com{site}", .style = CALL_AWS_QUERY,                \
        .parameters = (takes), __VA_ARGS__                                                                   \
    }
#define READS .per_second = 10, .limit_group = "read"
#define LISTS(name, list, takes)                                                                             \
    ELBV2(name, takes, READS,                                                                                \
          PAGES_BY_MARKER(name "Result/" list "/member", name "Result/NextMarker", "Marker", "PageSize",     \
                          100))
#define WRITES(name)                                                                                         \
    ELBV2(name, "ListenerArn Certificates[].CertificateArn", .write = true, .limit_group = "write")

static const struct call list_balancers = LISTS("DescribeLoadBalancers", "LoadBalancers", NULL);
static const struct call list_tags = ELBV2("DescribeTags", "ResourceArns[]", READS);
static const struct call list_listeners =
    LISTS("DescribeListeners", "Listeners", "LoadBalancerArn ListenerArns[]");
static const struct call list_rules = LISTS("DescribeRules", "Rules", "ListenerArn");
static const struct call list_certificates =
    LISTS("DescribeListenerCertificates", "Certificates", "ListenerArn");
static const struct call set_default = WRITES("ModifyListener");
static const struct call add_certificate = WRITES("AddListenerCertificates");
static const struct call remove_certificate = WRITES("RemoveListenerCertificates");

static bool binding_of(struct job *job, const char *region, const char *listener, struct binding *b,
                       struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_certificates, region, "{'ListenerArn':%s}", listener);
    for (const struct xml *v; (v = pages_next_xml(&p));)
        binding_add(keep, b, xml_is(v, "IsDefault", "true") ? "default" : "sni",
                    xml_get(v, "CertificateArn"));
    b->https = true;
    return pages_end(&p, err) && binding_look_up(job, region, b, err);
}

static bool keep_balancers(struct job *job, const struct elbv2_kind *kind, const char *region,
                           struct balancers *l, struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_balancers, region, "{}");
    for (const struct xml *v; (v = pages_next_xml(&p));) {
        const char *state = xml_text(v, "State/Code", "active");
        bool works = strncmp(state, "active", 6) == 0; /* also active_impaired */
        if (!xml_is(v, "Type", kind->type))
            continue;
        balancers_add(keep, l,
                      &(struct balancer){
                          .id = xml_get(v, "LoadBalancerArn"),
                          .name = xml_get(v, "LoadBalancerName"),
                          .host = xml_get(v, "DNSName"),
                          .reach = xml_is(v, "Scheme", "internet-facing") ? "public" : "private",
                          .unfit = works ? "" : arena_printf(job->arena, "the load balancer is %s", state),
                      });
    }
    return pages_end(&p, err);
}

/* By their tags, those of up to 20 load balancers in one call. */
static bool add_owners(struct job *job, const char *region, struct balancers *l, struct err *err)
{
    enum { AT_ONCE = 20 };
    for (size_t from = 0, count; from < l->count; from += count) {
        const char *arns[AT_ONCE];
        struct answer answer;
        for (count = 0; count < AT_ONCE && from + count < l->count; count++)
            arns[count] = l->items[from + count].id;
        if (!cloud_call(job, &list_tags, region, &answer, err, "{'ResourceArns':%p}",
                        json_strings(job->arena, arns, count)))
            return false;
        const struct xml *d = xml_at(answer.xml, "DescribeTagsResult/TagDescriptions/member");
        for (; d; d = xml_next(d))
            for (size_t i = from; i < from + count; i++)
                if (xml_is(d, "ResourceArn", l->items[i].id))
                    l->items[i].managed_by = aws_owner(job->arena, d);
    }
    return true;
}

/* Whole hosts, and patterns whose only wildcard is a first label: others match what cannot be told. */
static bool add_hosts(struct job *job, const char *region, struct resource *r, struct err *err)
{
    struct arena *keep = job->arena;
    const char *name;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_rules, region, "{'ListenerArn':%s}", r->vendor_id);
    for (const struct xml *rule; (rule = pages_next_xml(&p));)
        for (const struct xml *c = xml_at(rule, "Conditions/member"); c; c = xml_next(c)) {
            const struct xml *value = xml_at(c, "HostHeaderConfig/Values/member");
            if (!xml_is(c, "Field", "host-header"))
                continue;
            for (value = value ? value : xml_at(c, "Values/member"); value; value = xml_next(value))
                if (name_normalise(keep, value->text, false, &name, NULL))
                    resource_add_name(keep, r, name, EVIDENCE_RULE);
        }
    return pages_end(&p, err);
}

static bool emit_listener(struct job *job, const struct survey *to, const struct elbv2_kind *kind,
                          const struct balancer *lb, const struct xml *node, struct err *err)
{
    struct binding b = {0};
    struct resource r = resource_of_listener(job, lb, xml_get(node, "ListenerArn"), kind->protocol,
                                             xml_int(node, "Port", 443));
    if (!binding_of(job, to->region, r.vendor_id, &b, err) ||
        (kind->rules && !add_hosts(job, to->region, &r, err)))
        return err_add(err, "%s", r.title);
    resource_add_held(job->arena, &r, &b, NULL);
    return resource_emit(job, to, &r, &b, err);
}

static bool emit_balancer(struct job *job, const struct survey *to, const struct elbv2_kind *kind,
                          const struct balancer *lb, struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_listeners, to->region, "{'LoadBalancerArn':%s}", lb->id);
    for (const struct xml *v; (v = pages_next_xml(&p));)
        if (xml_is(v, "Protocol", kind->protocol) && !emit_listener(job, to, kind, lb, v, err))
            return false;
    return pages_end(&p, err);
}

bool elbv2_discover(struct job *job, const struct elbv2_kind *kind, const struct survey *to, struct err *err)
{
    struct balancers l = {0};
    if (!keep_balancers(job, kind, to->region, &l, err) || !add_owners(job, to->region, &l, err))
        return false;
    for (size_t i = 0; i < l.count; i++) {
        struct err why;
        if (emit_balancer(job, to, kind, &l.items[i], &why) || why.kind == ERR_NOT_FOUND)
            continue; /* listed, or deleted meanwhile */
        *err = why;
        return err_add(err, "load balancer %s", l.items[i].name);
    }
    return true;
}

bool elbv2_read(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_listeners, r->region, &answer, err, "{'ListenerArns':[%s]}", r->vendor_id) ||
        !binding_of(job, r->region, r->vendor_id, now, err))
        return false;
    const struct xml *v = xml_at(answer.xml, "DescribeListenersResult/Listeners/member");
    now->settings =
        json_format(job->arena,
                    "{'ssl_policy':%s,'mutual_authentication':%s,'trust_store':%s,'expired_clients':%s,"
                    "'alpn':%s}",
                    xml_get(v, "SslPolicy"), xml_get(v, "MutualAuthentication/Mode"),
                    xml_get(v, "MutualAuthentication/TrustStoreArn"),
                    xml_get(v, "MutualAuthentication/IgnoreClientCertificateExpiry"),
                    xml_get(v, "AlpnPolicy/member"));
    return v || err_set(err, ERR_NOT_FOUND, "there is no listener %s", r->vendor_id);
}

bool elbv2_store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                     struct err *err)
{
    return aws_store(job, r->region, m, ret, err);
}

static bool write_one(struct job *job, const struct call *call, const struct bind *w, const char *arn,
                      struct err *err)
{
    if (cloud_call(job, call, w->resource->region, NULL, err,
                   "{'ListenerArn':%s,'Certificates':[{'CertificateArn':%s}]}", w->resource->vendor_id, arn))
        return true;
    return strcmp(err->code, "CertificateNotFound") == 0 && call != &remove_certificate &&
           aws_not_yet_known(w->material, err);
}

bool elbv2_bind(struct job *job, const struct bind *w, struct err *err)
{
    const struct change *change = w->change;
    const char *blocked = NULL;
    if (strcmp(change->slot, "default") == 0)
        return write_one(job, &set_default, w, change->add[0], err);
    for (size_t i = 0; i < change->add_count; i++)
        if (!binding_holds(w->now, "sni", change->add[i]))
            return write_one(job, &add_certificate, w, change->add[i], err);
    for (size_t i = 0; i < change->remove_count; i++) {
        if (!binding_holds(w->now, "sni", change->remove[i]))
            continue;
        if (!binding_holds(w->now, "default", change->remove[i]))
            return write_one(job, &remove_certificate, w, change->remove[i], err);
        blocked = change->remove[i];
    }
    if (!blocked)
        return true;
    (void)err_set(err, ERR_CONFLICT,
                  "%s is also the listener's default, and leaves the list only once another one is", blocked);
    err->transient = err->unsent = true;
    return false;
}

const struct call *const elbv2_calls[] = {&list_balancers,  &list_tags,          &list_listeners,
                                          &list_rules,      &list_certificates,  &set_default,
                                          &add_certificate, &remove_certificate, NULL};

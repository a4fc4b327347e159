/* Tencent Cloud CLB (2018-03-17): listeners HTTPS, TCP_SSL and QUIC.
 *
 * A listener has one certificate, or with SNI each of its rules' domains has, which is then a slot of its own; the rules below a
 * domain share it. A listener without SNI may hold several certificates of different algorithms, which are its slot "sni": the one
 * of the new certificate's algorithm is replaced, the others are sent along, and none is added. A write that does not repeat the mutual TLS settings switches them off, so that they are sent as they
 * were read. Every write is a task whose id is the call's request id; a load balancer takes one at a time.
 */
#include "cloud/tencent/tencent.h"

#include "codec/name.h"
#include <string.h>

#define CLB(name, takes, ...)                                                                                \
    {                                                                                                        \
        TENCENT("clb", "2018-03-17", name), .parameters = (takes), .regional_header = true,                  \
                                            .per_second = 20, __VA_ARGS__                                    \
    }
#define CERTIFICATE                                                                                          \
    " Certificate.SSLMode Certificate.SSLVerifyClient Certificate.CertId Certificate.CertCaId"               \
    " MultiCertInfo.SSLMode MultiCertInfo.SSLVerifyClient MultiCertInfo.CertList[].CertId"

static const struct call list_balancers =
    CLB("DescribeLoadBalancers", NULL,
        PAGES_BY_OFFSET("/LoadBalancerSet", "/TotalCount", "Offset", "Limit", 100));
static const struct call list_listeners = CLB("DescribeListeners", "LoadBalancerId ListenerIds[]");
static const struct call list_classic = CLB("DescribeClassicalLBListeners", "LoadBalancerId");
static const struct call set_listener =
    CLB("ModifyListener", "LoadBalancerId ListenerId" CERTIFICATE, .write = true);
static const struct call set_domain =
    CLB("ModifyDomainAttributes", "LoadBalancerId ListenerId Domain" CERTIFICATE, .write = true);
static const struct call get_task = CLB("DescribeTaskStatus", "TaskId");
static const struct call list_regions = {TENCENT("region", "2022-06-27", "DescribeRegions"),
                                         .parameters = "Product"};

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    struct answer answer;
    session_regions(job, ret, ret_count);
    if (*ret_count)
        return true;
    if (!cloud_call(job, &list_regions, "", &answer, err, "{'Product':'clb'}"))
        return false;
    const struct json *set = json_at(answer.json, "/RegionSet");
    *ret = arena_array(job->arena, const char *, json_count(set) + 1);
    json_each (region, set)
        if (json_is(region, "/RegionState", "AVAILABLE"))
            (*ret)[(*ret_count)++] = json_get(region, "/Region");
    return true;
}

static bool has_sni(const struct json *listener)
{
    return json_int(json_at(listener, "/SniSwitch"), 0) == 1;
}

static const char *domain_of(const struct json *rule)
{
    return json_str(json_at(rule, "/Domains/0"), json_get(rule, "/Domain"));
}

/* A rule's domain as a name that a certificate can cover; "" for a pattern or an address. */
static const char *name_of(struct arena *a, const char *domain)
{
    const char *name;
    return name_normalise(a, domain, false, &name, NULL) ? name : "";
}

/* One place's: several of different algorithms are a set, one alone is the place's. */
static void add_certificates(struct arena *a, struct binding *b, const struct json *place)
{
    const struct json *more = json_at(place, "/ExtCertIds");
    const char *slot = json_count(more) ? "sni" : "default";
    binding_add(a, b, slot, json_get(place, "/CertId"));
    json_each (id, more)
        binding_add(a, b, slot, json_str(id, ""));
}

static bool binding_of(struct job *job, const struct json *listener, struct binding *b, struct err *err)
{
    struct arena *a = job->arena;
    b->https = true;
    if (!has_sni(listener))
        add_certificates(a, b, json_at(listener, "/Certificate"));
    else
        json_each (rule, json_at(listener, "/Rules")) {
            const char *name = name_of(a, domain_of(rule));
            if (*name && !binding_slot(b, name)) /* else another rule below the same domain */
                binding_add(a, b, name, json_get(rule, "/Certificate/CertId"));
        }
    return binding_look_up(job, "", b, err);
}

static bool is_classic(const struct json *balancer)
{
    return json_int(json_at(balancer, "/Forward"), 1) == 0;
}

static const char *unfit(struct arena *a, const struct json *balancer)
{
    long long status = json_int(json_at(balancer, "/Status"), 1);
    if (is_classic(balancer))
        return "a classic load balancer: no call gives one of its listeners another certificate";
    if (json_int(json_at(balancer, "/Isolation"), 0) == 1)
        return "the load balancer is isolated";
    return status == 1 ? "" : arena_printf(a, "the load balancer is not running (status %lld)", status);
}

static const char *host_of(const struct json *balancer)
{
    const char *host = json_get(balancer, "/LoadBalancerDomain");
    host = *host ? host : json_get(balancer, "/Domain");
    return *host ? host : json_get(balancer, "/LoadBalancerVips/0");
}

/* Without SNI the one certificate has to cover every rule. */
static void add_names(struct arena *a, struct resource *r, const struct binding *b,
                      const struct json *listener)
{
    bool one = !has_sni(listener) && b->bound_count == 1;
    enum evidence evidence = one ? EVIDENCE_DOMAIN : EVIDENCE_RULE;
    json_each (rule, json_at(listener, "/Rules")) {
        resource_add_name(a, r, name_of(a, domain_of(rule)), evidence);
        json_each (domain, json_at(rule, "/Domains"))
            resource_add_name(a, r, name_of(a, json_str(domain, "")), evidence);
    }
    r->must_cover_all = one && r->name_count;
    if (!r->must_cover_all)
        resource_add_held(a, r, b, NULL);
}

static bool is_tls(const char *protocol)
{
    return strcmp(protocol, "HTTPS") == 0 || strcmp(protocol, "TCP_SSL") == 0 ||
           strcmp(protocol, "QUIC") == 0;
}

/* One of the old generation has its certificate in itself. */
static bool emit_listener(struct job *job, const struct survey *to, const struct json *balancer,
                          const struct json *v, struct err *err)
{
    struct arena *a = job->arena;
    bool classic = is_classic(balancer);
    const char *id = json_get(balancer, "/LoadBalancerId");
    const char *protocol = classic ? "HTTPS" : json_get(v, "/Protocol");
    const struct balancer of = {.id = id,
                                .name = json_get(balancer, "/LoadBalancerName"),
                                .host = host_of(balancer),
                                .reach =
                                    json_is(balancer, "/LoadBalancerType", "OPEN") ? "public" : "private",
                                .unfit = unfit(a, balancer)};
    struct binding b = {0};
    struct resource r =
        resource_of_listener(job, &of, arena_printf(a, "%s/%s", id, json_get(v, "/ListenerId")), protocol,
                             json_int(json_at(v, classic ? "/ListenerPort" : "/Port"), 443));
    if (!is_tls(protocol) || (classic && !binding_add(a, &b, "default", json_get(v, "/CertId"))))
        return true;
    if (!binding_of(job, v, &b, err))
        return err_add(err, "%s", r.title);
    add_names(a, &r, &b, v);
    return resource_emit(job, to, &r, &b, err);
}

static bool emit_balancer(struct job *job, const struct survey *to, const struct json *item, struct err *err)
{
    const char *id = json_get(item, "/LoadBalancerId");
    struct answer answer;
    if (!cloud_call(job, is_classic(item) ? &list_classic : &list_listeners, to->region, &answer, err,
                    "{'LoadBalancerId':%s}", id))
        return err->kind == ERR_NOT_FOUND || err_add(err, "load balancer %s", id); /* deleted meanwhile */
    json_each (v, json_at(answer.json, "/Listeners"))
        if (!emit_listener(job, to, item, v, err))
            return false;
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_balancers, to->region, "{}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_balancer(job, to, item, err))
            return false;
    return pages_end(&p, err) || strcmp(err->code, "UnsupportedRegion") == 0;
}

static const char *balancer_of(struct arena *a, const struct resource *r, const char **ret_listener)
{
    size_t size = strcspn(r->vendor_id, "/");
    *ret_listener = r->vendor_id + size + (r->vendor_id[size] == '/');
    return arena_copy(a, r->vendor_id, size);
}

/* All of a listener or rule but the certificates. */
static const char *settings_of(struct arena *a, const struct json *v)
{
    return json_format(a, "{'own':%p,'mutual':%p}", json_without(a, v, "Certificate Rules"),
                       json_only(a, json_at(v, "/Certificate"), "SSLMode SSLVerifyClient CertCaId"));
}

static const char *all_settings(struct arena *a, const struct json *listener)
{
    struct buf rules = buf_new(a, 8 << 20);
    json_each (rule, json_at(listener, "/Rules"))
        buf_printf(&rules, "%s%s", rules.size ? "," : "", settings_of(a, rule));
    return rules.full ? "{}"
                      : json_format(a, "{'listener':%p,'rules':[%p]}", settings_of(a, listener),
                                    rules.size ? rules.data : "");
}

/* The task of our last write, as long as this session lives; after that the load balancer itself says that it is busy. What
 * the cloud has forgotten is over; what was bound is read next.
 */
static bool ask_task(struct job *job, const struct resource *r, struct binding *b, struct err *err)
{
    enum { DONE, FAILED, RUNNING };
    const char *task = session_get(job, r->lock);
    struct answer answer;
    int64_t status = DONE;
    if (!task || !*task)
        return true;
    if (cloud_call(job, &get_task, r->region, &answer, err, "{'TaskId':%s}", task))
        status = json_int(json_at(answer.json, "/Status"), DONE);
    else if (err->transient || (err->kind != ERR_NOT_FOUND && err->kind != ERR_VENDOR))
        return false;
    b->ready = status != RUNNING;
    if (status == FAILED)
        b->failed = json_str(json_at(answer.json, "/Message"), "the task failed");
    if (status == DONE)
        session_put(job, r->lock, "");
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    const char *listener, *balancer = balancer_of(job->arena, r, &listener);
    if (!ask_task(job, r, now, err) ||
        !cloud_call(job, &list_listeners, r->region, &answer, err, "{'LoadBalancerId':%s,'ListenerIds':[%s]}",
                    balancer, listener))
        return false;
    const struct json *v = json_at(answer.json, "/Listeners/0");
    if (!json_is(v, "/ListenerId", listener))
        return err_set(err, ERR_NOT_FOUND, "there is no listener %s", r->vendor_id);
    now->settings = all_settings(job->arena, v);
    now->document = json_dump(job->arena, v);
    return binding_of(job, v, now, err);
}

/* The certificates that stand where the slot is; NULL when the rule is gone. *ret_domain: "" for the listener itself. */
static const struct json *place_of(struct arena *a, const struct json *listener, const char *slot,
                                   const char **ret_domain)
{
    *ret_domain = "";
    if (!has_sni(listener))
        return json_at(listener, "/Certificate");
    json_each (rule, json_at(listener, "/Rules"))
        if (strcmp(name_of(a, domain_of(rule)), slot) == 0) {
            *ret_domain = domain_of(rule);
            return json_at(rule, "/Certificate");
        }
    return NULL;
}

/* What the place is to hold: ours where the first that goes was, and what stays, which must be of other algorithms. */
static bool place_after(struct job *job, const struct json *place, const struct bind *w, struct binding *ret,
                        struct err *err)
{
    struct arena *a = job->arena;
    const char *ours = w->change->add[0];
    const char *algorithm = w->material ? key_type_name(w->material->key_type) : NULL;
    struct binding old = {0};
    add_certificates(a, &old, place);
    for (size_t i = 0; i < old.bound_count; i++) {
        struct bound *b = &old.bound[i];
        bool goes =
            strcmp(b->ref, ours) == 0 || refs_hold(w->change->remove, w->change->remove_count, b->ref);
        if (!goes && algorithm && !session_facts(job, "", b, err))
            return false;
        if (!goes && algorithm && strcmp(b->key_type, algorithm) == 0)
            return err_set(
                err, ERR_INVALID_CERTIFICATE,
                "beside it another certificate of the same algorithm (%s, %s) is bound, which stays",
                b->key_type, b->ref);
        if (!goes || !binding_holds(ret, "", ours))
            binding_add(a, ret, "", goes ? ours : b->ref);
    }
    if (!binding_holds(ret, "", ours))
        binding_add(a, ret, "", ours);
    return true;
}

/* How the place is to be: mutual TLS as it was, with one certificate or with several. */
static const char *place_json(struct arena *a, const struct json *place, const struct binding *after)
{
    bool mutual = json_is(place, "/SSLMode", "MUTUAL");
    const char *mode = json_get(place, "/SSLMode"), *ca = mutual ? json_get(place, "/CertCaId") : "",
               *verify = mutual ? json_get(place, "/SSLVerifyClient") : "";
    const char *head = json_format(a, "'SSLMode':%s%p", *mode ? mode : "UNIDIRECTIONAL",
                                   *verify ? json_format(a, ",'SSLVerifyClient':%s", verify) : "");
    if (after->bound_count == 1)
        return json_format(a, "'Certificate':{%p,'CertId':%s%p}", head, after->bound[0].ref,
                           *ca ? json_format(a, ",'CertCaId':%s", ca) : "");
    struct buf list = buf_new(a, 1 << 20);
    for (size_t i = 0; i < after->bound_count; i++)
        buf_printf(&list, "%s%s", i ? "," : "", json_format(a, "{'CertId':%s}", after->bound[i].ref));
    return json_format(a, "'MultiCertInfo':{%p,'CertList':[%p%p]}", head, list.data,
                       *ca ? json_format(a, ",{'CertId':%s}", ca) : "");
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    struct arena *a = job->arena;
    const struct resource *r = w->resource;
    const char *domain, *listener, *balancer = balancer_of(a, r, &listener);
    const struct json *v;
    struct answer answer;
    struct binding after = {0};
    if (!w->change->add_count) /* a rule's */
        return err_set(err, ERR_INPUT, "%s", job->product->no_removal);
    if (!json_parse(a, w->now->document, strlen(w->now->document), &v, err))
        return err_add(err, "the listener as it was read");
    const struct json *place = place_of(a, v, w->change->slot, &domain);
    if (!json_is_object(place))
        return err_set(err, ERR_NOT_FOUND, "%s has no rule for %s any more", r->title, w->change->slot);
    if (!place_after(job, place, w, &after, err) ||
        !cloud_call(job, *domain ? &set_domain : &set_listener, r->region, &answer, err,
                    "{'LoadBalancerId':%s,'ListenerId':%s%p,%p}", balancer, listener,
                    *domain ? json_format(a, ",'Domain':%s", domain) : "", place_json(a, place, &after)))
        return false;
    session_put(job, r->lock, json_text(a, json_at(answer.json, "/RequestId"), ""));
    return true;
}

const struct product tencent_clb = {
    PRODUCT_CODE("tencent", "clb"),
    .title = "Tencent Cloud CLB",
    .sni = true,
    .sni_closed = true,
    .read_calls = 2,
    .vendor_store = "ssl",
    .no_sm2 = "Tencent Cloud's CLB has no field for SM2 certificates",
    .no_removal = "a listener always has a certificate: it can be replaced, not removed",
    .consistency_ms = 30000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 60000,
    .calls = CALLS(&list_balancers, &list_listeners, &list_classic, &set_listener, &set_domain, &get_task,
                   &list_regions),
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .upload = tencent_upload,
    .bind = bind_certificate,
};

/* Huawei Cloud ELB (v3).
 *
 * A listener's default certificate and its set are changed by one PUT: the set is replaced as a whole, the default has
 * to be sent every time, and what is left out stays. A listener has no names: they come from the certificates it holds
 * and from the hosts of its forwarding rules, which are listed apart from the policies that tie them to a listener. The
 * listener shows a change at once, while its load balancer stays PENDING and refuses the next one, hence the lock.
 */
#include "cloud/huawei/huawei.h"

#include "base/buf.h"
#include <string.h>

#define ELB(name, verb, what, takes, ...)                                                                    \
    {                                                                                                        \
        HUAWEI_ELB(name, verb, what), .parameters = (takes), __VA_ARGS__                                     \
    }

static const struct call list_balancers =
    ELB("ListLoadBalancers", "GET", "loadbalancers", NULL, HUAWEI_PAGES("/loadbalancers"));
static const struct call list_policies =
    ELB("ListL7Policies", "GET", "l7policies", NULL, HUAWEI_PAGES("/l7policies"));
static const struct call list_rules =
    ELB("ListAllL7Rules", "GET", "l7policies/rules", "type[]", HUAWEI_PAGES("/rules"));
static const struct call list_listeners =
    ELB("ListListeners", "GET", "listeners", "protocol[]", HUAWEI_PAGES("/listeners"));
static const struct call get_listener = ELB("ShowListener", "GET", "listeners/{listener_id}", NULL);
static const struct call get_balancer =
    ELB("ShowLoadBalancer", "GET", "loadbalancers/{loadbalancer_id}", NULL);
static const struct call set_listener =
    ELB("UpdateListener", "PUT", "listeners/{listener_id}",
        "body.listener.default_tls_container_ref body.listener.sni_container_refs[] "
        "body.listener.sni_match_algo",
        .write = true);

/* What a listener holds: the default first, then the set in its order. */
static bool binding_of(struct job *job, const char *region, const struct json *listener, struct binding *b,
                       struct err *err)
{
    b->https = true;
    binding_add(job->arena, b, "default", json_get(listener, "/default_tls_container_ref"));
    json_each (ref, json_at(listener, "/sni_container_refs"))
        binding_add(job->arena, b, "sni", json_str(ref, ""));
    return binding_look_up(job, region, b, err);
}

struct listing { /* one region, while it is listed */
    struct balancers balancers;
    struct links rules, hosts; /* a rule its listener, a listener its hosts */
};

static bool keep_balancers(struct job *job, const char *region, struct listing *l, struct err *err)
{
    static const char *const addresses[] = {"/publicips/0/publicip_address", "/eips/0/eip_address",
                                            "/global_eips/0/global_eip_address"};
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_balancers, region, "{}");
    for (const struct json *item; (item = pages_next(&p));) {
        const char *open = "";
        for (size_t i = 0; i < countof(addresses) && !*open; i++)
            open = json_get(item, addresses[i]);
        balancers_add(keep, &l->balancers,
                      &(struct balancer){
                          .id = json_get(item, "/id"),
                          .name = json_get(item, "/name"),
                          .host = *open ? open : json_get(item, "/vip_address"),
                          .reach = *open ? "public" : "private",
                          .unfit = json_is(item, "/operating_status", "FROZEN")
                                       ? "the load balancer is frozen"
                                       : "",
                      });
    }
    return pages_end(&p, err);
}

static bool keep_policies(struct job *job, const char *region, struct listing *l, struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_policies, region, "{}");
    for (const struct json *item; (item = pages_next(&p));)
        json_each (rule, json_at(item, "/rules"))
            links_add(keep, &l->rules, json_get(rule, "/id"), json_get(item, "/listener_id"));
    return pages_end(&p, err);
}

/* Only whole hosts: what a regular expression matches cannot be told. */
static bool keep_hosts(struct job *job, const char *region, struct listing *l, struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_rules, region, "{'type':['HOST_NAME']}");
    for (const struct json *item; (item = pages_next(&p));) {
        const struct json *conditions = json_at(item, "/conditions");
        const char *listener = links_to(&l->rules, json_get(item, "/id"));
        if (!listener || !json_is(item, "/type", "HOST_NAME") || !json_is(item, "/compare_type", "EQUAL_TO"))
            continue;
        if (!json_count(conditions))
            links_add(keep, &l->hosts, listener, json_get(item, "/value"));
        json_each (condition, conditions)
            links_add(keep, &l->hosts, listener, json_get(condition, "/value"));
    }
    return pages_end(&p, err);
}

static bool emit_listener(struct job *job, const struct survey *to, const struct listing *l,
                          const struct json *item, struct err *err)
{
    const char *id = json_get(item, "/id"), *host;
    const struct balancer of = balancers_find(&l->balancers, json_get(item, "/loadbalancers/0/id"));
    struct binding b = {0};
    struct resource r = resource_of_listener(job, &of, id, json_get(item, "/protocol"),
                                             json_int(json_at(item, "/protocol_port"), 443));
    if (!binding_of(job, to->region, item, &b, err))
        return err_add(err, "listener %s", id);
    for (size_t at = 0; (host = links_next(&l->hosts, id, &at));)
        resource_add_name(job->arena, &r, host, EVIDENCE_RULE);
    resource_add_held(job->arena, &r, &b, NULL);
    return resource_emit(job, to, &r, &b, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct listing l = {0};
    if (!keep_balancers(job, to->region, &l, err))
        return false;
    if (!l.balancers.count)
        return true;
    if (!keep_policies(job, to->region, &l, err) || !keep_hosts(job, to->region, &l, err))
        return false;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_listeners, to->region,
                    "{'protocol':['HTTPS','TERMINATED_HTTPS','QUIC','TLS']}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_listener(job, to, &l, item, err))
            return false;
    return pages_end(&p, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer, balancer;
    if (!cloud_call(job, &get_listener, r->region, &answer, err, "{'listener_id':%s}", r->vendor_id))
        return false;
    const struct json *v = json_at(answer.json, "/listener");
    if (!cloud_call(job, &get_balancer, r->region, &balancer, err, "{'loadbalancer_id':%s}",
                    json_get(v, "/loadbalancers/0/id")))
        return false;
    now->ready = strncmp(json_get(balancer.json, "/loadbalancer/provisioning_status"), "PENDING_", 8) != 0;
    now->settings = json_only(job->arena, v,
                              "sni_match_algo security_policy_id tls_ciphers_policy http2_enable "
                              "client_ca_tls_container_ref");
    return binding_of(job, r->region, v, now, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (r->quic && m->key_type != KEY_RSA)
        return err_set(err, ERR_INVALID_CERTIFICATE, "a QUIC listener of ELB takes RSA certificates only");
    if (m->domain_count > HUAWEI_DOMAINS_MAX)
        return err_set(err, ERR_INVALID_CERTIFICATE,
                       "ELB takes certificates of at most %d domains, this one has %zu", HUAWEI_DOMAINS_MAX,
                       m->domain_count);
    *ret = arena_printf(job->arena, "elb:%s", r->region);
    return true;
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    struct arena *a = job->arena;
    const struct resource *r = w->resource;
    const struct bound *by_default = binding_slot(w->now, "default");
    const struct json *settings;
    size_t count;
    if (strcmp(w->change->slot, "default") == 0)
        return cloud_call(job, &set_listener, r->region, NULL, err,
                          "{'listener_id':%s,'body':{'listener':{'default_tls_container_ref':%s}}}",
                          r->vendor_id, w->change->add[0]);
    if (!json_parse(a, w->now->settings, strlen(w->now->settings), &settings, err))
        return err_add(err, "the settings of %s", r->title);
    const char **refs = set_after(a, w->now, w->change, &count);
    const char *match = json_get(settings, "/sni_match_algo");
    return cloud_call(job, &set_listener, r->region, NULL, err,
                      "{'listener_id':%s,'body':{'listener':{'sni_container_refs':%p%p%p}}}", r->vendor_id,
                      json_strings(a, refs, count),
                      by_default ? json_format(a, ",'default_tls_container_ref':%s", by_default->ref) : "",
                      *match ? json_format(a, ",'sni_match_algo':%s", match) : "");
}

const struct product huawei_elb = {
    PRODUCT_CODE("huawei", "elb"),
    .title = "Huawei Cloud ELB",
    .sni = true,
    .read_calls = 2,
    .no_sm2 = "certferry binds no SM2 certificates to ELB",
    .no_removal = "a listener always has a default certificate: it can be replaced, not removed",
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = CALLS(&list_balancers, &list_policies, &list_rules, &list_listeners, &get_listener,
                   &get_balancer, &set_listener),
    .regions = huawei_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = huawei_upload,
    .bind = bind_certificate,
};

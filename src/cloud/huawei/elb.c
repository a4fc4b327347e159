/* Huawei Cloud ELB (v3).
 *
 * A listener's default certificate and its set are changed by one PUT: the set is replaced as a whole, the default has
 * to be sent every time, and what is left out stays. A listener has no names: they come from the certificates it holds
 * and from the hosts of its forwarding rules, which are listed apart from the policies that tie them to a listener. The
 * listener shows a change at once, while its load balancer stays PENDING and refuses the next one, hence the lock.
 */
#include "cloud/huawei/huawei.h"

#include "base/buf.h"
#include "codec/name.h"
#include <string.h>

static const struct call list_balancers = {HUAWEI_ELB("ListLoadBalancers", "GET", "loadbalancers"),
                                           .parameters = "limit marker", HUAWEI_PAGES("/loadbalancers")};
static const struct call list_policies = {HUAWEI_ELB("ListL7Policies", "GET", "l7policies"),
                                          .parameters = "limit marker", HUAWEI_PAGES("/l7policies")};
static const struct call list_rules = {HUAWEI_ELB("ListAllL7Rules", "GET", "l7policies/rules"),
                                       .parameters = "type[] limit marker", HUAWEI_PAGES("/rules")};
static const struct call list_listeners = {HUAWEI_ELB("ListListeners", "GET", "listeners"),
                                           .parameters = "protocol[] limit marker",
                                           HUAWEI_PAGES("/listeners")};
static const struct call get_listener = {HUAWEI_ELB("ShowListener", "GET", "listeners/{listener_id}")};
static const struct call get_balancer = {
    HUAWEI_ELB("ShowLoadBalancer", "GET", "loadbalancers/{loadbalancer_id}")};
static const struct call set_listener =
    {HUAWEI_ELB("UpdateListener", "PUT", "listeners/{listener_id}"),
     .parameters = "body.listener.default_tls_container_ref body.listener.sni_container_refs[] "
                   "body.listener.sni_match_algo",
     .write = true};

static const char *text(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

/* What a listener holds: the default first, then the set in its order. */
static bool held(struct job *job, const char *region, const struct json *listener, struct bound **ret,
                 size_t *ret_count, struct err *err)
{
    const struct json *set = json_at(listener, "/sni_container_refs");
    struct bound *list = arena_array(job->arena, struct bound, json_count(set) + 1);
    size_t count = 0;
    const char *by_default = text(listener, "/default_tls_container_ref");
    if (*by_default)
        list[count++] = (struct bound){.slot = "default", .ref = by_default};
    for (size_t i = 0; i < json_count(set); i++)
        list[count++] = (struct bound){.slot = "sni", .ref = json_str(json_item(set, i), "")};
    for (size_t i = 0; i < count; i++) {
        list[i].name = list[i].fingerprint = list[i].serial = list[i].key_type = list[i].issuer = "";
        if (!session_facts(job, region, &list[i], err))
            return false;
    }
    *ret = list;
    *ret_count = count;
    return true;
}

struct balancer {
    const char *id, *name, *host, *reach;
    bool frozen;
};

struct rule {
    const char *id, *listener;
};

struct host {
    const char *listener, *name;
};

struct listing { /* one region, while it is listed */
    struct arena *keep;
    const char *region;
    struct balancer *balancers;
    size_t balancer_count, balancer_capacity;
    struct rule *rules;
    size_t rule_count, rule_capacity;
    struct host *hosts;
    size_t host_count, host_capacity;
    resource_fn *each;
    void *context;
};

static bool keep_balancer(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    static const char *const addresses[] = {"/publicips/0/publicip_address", "/eips/0/eip_address",
                                            "/global_eips/0/global_eip_address"};
    struct listing *l = context;
    const char *public = "";
    (void)job;
    (void)node;
    (void)err;
    for (size_t i = 0; i < countof(addresses) && !*public; i++)
    public = text(item, addresses[i]);
    struct balancer *b =
        arena_push(l->keep, (void **)&l->balancers, &l->balancer_count, &l->balancer_capacity, sizeof *b);
    *b = (struct balancer){
        .id = arena_strdup(l->keep, text(item, "/id")),
        .name = arena_strdup(l->keep, text(item, "/name")),
        .host = arena_strdup(l->keep, *public ? public : text(item, "/vip_address")),
        .reach = *public ? "public" : "private",
        .frozen = strcmp(text(item, "/operating_status"), "FROZEN") == 0,
    };
    return true;
}

static bool keep_policy(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    struct listing *l = context;
    const char *listener = arena_strdup(l->keep, text(item, "/listener_id"));
    const struct json *rules = json_at(item, "/rules");
    (void)job;
    (void)node;
    (void)err;
    for (size_t i = 0; i < json_count(rules); i++)
        *(struct rule *)arena_push(l->keep, (void **)&l->rules, &l->rule_count, &l->rule_capacity,
                                   sizeof(struct rule)) =
            (struct rule){arena_strdup(l->keep, text(json_item(rules, i), "/id")), listener};
    return true;
}

static void keep_host(struct listing *l, const char *listener, const char *host)
{
    const char *name;
    if (name_normalise(l->keep, host, false, &name, NULL))
        *(struct host *)arena_push(l->keep, (void **)&l->hosts, &l->host_count, &l->host_capacity,
                                   sizeof(struct host)) = (struct host){listener, name};
}

/* Only whole hosts: what a regular expression matches cannot be told. */
static bool keep_rule(struct job *job, void *context, const struct json *item, const struct xml *node,
                      struct err *err)
{
    struct listing *l = context;
    const struct json *conditions = json_at(item, "/conditions");
    const char *id = text(item, "/id"), *listener = NULL;
    (void)job;
    (void)node;
    (void)err;
    for (size_t i = 0; i < l->rule_count && !listener; i++)
        if (strcmp(l->rules[i].id, id) == 0)
            listener = l->rules[i].listener;
    if (!listener || strcmp(text(item, "/type"), "HOST_NAME") != 0 ||
        strcmp(text(item, "/compare_type"), "EQUAL_TO") != 0)
        return true;
    if (!json_count(conditions))
        keep_host(l, listener, text(item, "/value"));
    for (size_t i = 0; i < json_count(conditions); i++)
        keep_host(l, listener, text(json_item(conditions, i), "/value"));
    return true;
}

static const struct balancer *balancer_of(const struct listing *l, const char *id)
{
    static const struct balancer unknown = {"", "", "", "unknown", false};
    for (size_t i = 0; i < l->balancer_count; i++)
        if (strcmp(l->balancers[i].id, id) == 0)
            return &l->balancers[i];
    return &unknown;
}

static void add_names(struct arena *a, struct resource *r, const struct listing *l)
{
    for (size_t i = 0; i < l->host_count; i++)
        if (strcmp(l->hosts[i].listener, r->vendor_id) == 0)
            resource_add_name(a, r, l->hosts[i].name, EVIDENCE_RULE);
    for (size_t i = 0; i < r->bound_count; i++)
        for (size_t j = 0; j < r->bound[i].name_count; j++)
            resource_add_name(a, r, r->bound[i].names[j], EVIDENCE_CERTIFICATE);
}

static bool emit_listener(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct listing *l = context;
    struct arena *a = job->arena;
    const char *id = text(item, "/id"), *parent = text(item, "/loadbalancers/0/id");
    const char *protocol = text(item, "/protocol");
    const struct balancer *lb = balancer_of(l, parent);
    long long port = json_int(json_at(item, "/protocol_port"), 443);
    (void)node;
    struct resource r = {
        .product = "huawei/elb",
        .region = l->region,
        .vendor_id = id,
        .title = arena_printf(a, "%s %s:%lld", *lb->name ? lb->name : parent, protocol, port),
        .https = true,
        .host = lb->host,
        .port = (unsigned)port,
        .quic = strcmp(protocol, "QUIC") == 0,
        .reach = lb->reach,
        .lock = arena_printf(a, "elb:%s", parent),
        .alias_of = "",
        .managed_by = "",
        .unfit = lb->frozen ? "the load balancer is frozen" : "",
        .extra = "{}",
    };
    if (!held(job, l->region, item, &r.bound, &r.bound_count, err))
        return err_add(err, "listener %s", id);
    add_names(a, &r, l);
    return l->each(l->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {.keep = job->arena, .region = region, .each = each, .context = context};
    return cloud_each(job, &list_balancers, region, keep_balancer, &l, err, "{}") &&
           (!l.balancer_count ||
            (cloud_each(job, &list_policies, region, keep_policy, &l, err, "{}") &&
             cloud_each(job, &list_rules, region, keep_rule, &l, err, "{'type':['HOST_NAME']}") &&
             cloud_each(job, &list_listeners, region, emit_listener, &l, err,
                        "{'protocol':['HTTPS','TERMINATED_HTTPS','QUIC','TLS']}")));
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer, balancer;
    struct binding b = {.https = true, .etag = ""};
    if (!cloud_call(job, &get_listener, r->region, &answer, err, "{'listener_id':%s}", r->vendor_id))
        return false;
    const struct json *v = json_at(answer.json, "/listener");
    if (!cloud_call(job, &get_balancer, r->region, &balancer, err, "{'loadbalancer_id':%s}",
                    text(v, "/loadbalancers/0/id")) ||
        !held(job, r->region, v, &b.bound, &b.bound_count, err))
        return false;
    b.ready = strncmp(text(balancer.json, "/loadbalancer/provisioning_status"), "PENDING_", 8) != 0;
    b.settings =
        json_format(job->arena,
                    "{'sni_match_algo':%s,'security_policy':%s,'tls_ciphers':%s,'http2':%p,'client_ca':%s}",
                    text(v, "/sni_match_algo"), text(v, "/security_policy_id"),
                    text(v, "/tls_ciphers_policy"),
                    json_boolean(json_bool(json_at(v, "/http2_enable"), false)),
                    text(v, "/client_ca_tls_container_ref"));
    *ret = b;
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "certferry binds no SM2 certificates to ELB");
    if (r->quic && m->key_type != KEY_RSA)
        return err_set(err, ERR_INVALID_CERTIFICATE, "a QUIC listener of ELB takes RSA certificates only");
    if (m->domain_count > HUAWEI_DOMAINS_MAX)
        return err_set(err, ERR_INVALID_CERTIFICATE,
                       "ELB takes certificates of at most %d domains, this one has %zu", HUAWEI_DOMAINS_MAX,
                       m->domain_count);
    *ret = arena_printf(job->arena, "elb:%s", r->region);
    return true;
}

static bool among(const char *ref, const char *const *refs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(refs[i], ref) == 0)
            return true;
    return false;
}

/* The whole set as it shall be: ours where the first of those that go was, the others in their order. */
static const char *set_after(struct arena *a, const struct binding *now, const struct change *change)
{
    size_t count = 0, place = SIZE_MAX;
    const char **refs = arena_array(a, const char *, now->bound_count + change->add_count + 1);
    for (size_t pass = 0; pass < now->bound_count; pass++) {
        const struct bound *b = &now->bound[pass];
        if (strcmp(b->slot, "sni") != 0 || among(b->ref, refs, count))
            continue;
        bool goes = among(b->ref, change->remove, change->remove_count);
        if (goes && place == SIZE_MAX)
            place = count;
        if (goes || among(b->ref, change->add, change->add_count))
            continue;
        refs[count++] = b->ref;
    }
    place = place == SIZE_MAX ? count : place;
    memmove(refs + place + change->add_count, refs + place, (count - place) * sizeof *refs);
    for (size_t i = 0; i < change->add_count; i++)
        refs[place + i] = change->add[i];
    return json_strings(a, refs, count + change->add_count);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct arena *a = job->arena;
    const struct bound *by_default = binding_slot(now, "default");
    const struct json *settings;
    struct answer answer;
    (void)m;
    if (strcmp(change->slot, "default") == 0 && !change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a default certificate: it can be replaced, not removed");
    if (strcmp(change->slot, "default") == 0)
        return cloud_call(job, &set_listener, r->region, &answer, err,
                          "{'listener_id':%s,'body':{'listener':{'default_tls_container_ref':%s}}}",
                          r->vendor_id, change->add[0]);
    if (!json_parse(a, now->settings, strlen(now->settings), &settings, err))
        return err_add(err, "the settings of %s", r->title);
    const char *match = text(settings, "/sni_match_algo");
    return cloud_call(job, &set_listener, r->region, &answer, err,
                      "{'listener_id':%s,'body':{'listener':{'sni_container_refs':%p%p%p}}}", r->vendor_id,
                      set_after(a, now, change),
                      by_default ? json_format(a, ",'default_tls_container_ref':%s", by_default->ref) : "",
                      *match ? json_format(a, ",'sni_match_algo':%s", match) : "");
}

static const struct call *const calls[] = {&list_balancers, &list_policies, &list_rules,   &list_listeners,
                                           &get_listener,   &get_balancer,  &set_listener, NULL};

const struct product huawei_elb = {
    .cloud = "huawei",
    .name = "elb",
    .code = "huawei/elb",
    .title = "Huawei Cloud ELB",
    .sni = true,
    .read_calls = 2,
    .consistency_ms = 15000,
    .settle_ms = 180000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = calls,
    .regions = huawei_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = huawei_upload,
    .bind = write_change,
};

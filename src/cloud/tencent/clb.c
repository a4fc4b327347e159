/* Tencent Cloud CLB (2018-03-17): listeners HTTPS, TCP_SSL and QUIC.
 *
 * A listener has one certificate, or with SNI each of its rules' domains has; the rules below a domain share it. A place may
 * hold several certificates of different algorithms: of these the one of the new certificate's algorithm is replaced, and the
 * others are sent along. A write that does not repeat the mutual TLS settings switches them off, so that they are sent as they
 * were read. Every write is a task whose id is the call's request id; a load balancer takes one at a time.
 */
#include "cloud/tencent/tencent.h"

#include "codec/name.h"
#include <string.h>

enum { CERTIFICATES_MAX = 8 };

#define CLB(name) TENCENT("clb", "2018-03-17", name), .regional_header = true, .per_second = 20
#define CERTIFICATE                                                                                          \
    " Certificate.SSLMode Certificate.SSLVerifyClient Certificate.CertId Certificate.CertCaId"               \
    " MultiCertInfo.SSLMode MultiCertInfo.SSLVerifyClient MultiCertInfo.CertList[].CertId"

static const struct call list_balancers = {CLB("DescribeLoadBalancers"), .parameters = "Offset Limit",
                                           .page = {.items = "/LoadBalancerSet",
                                                    .total = "/TotalCount",
                                                    .position = "Offset",
                                                    .size = "Limit",
                                                    .size_value = 100,
                                                    .style = PAGE_OFFSET}};
static const struct call list_listeners = {CLB("DescribeListeners"),
                                           .parameters = "LoadBalancerId ListenerIds[]"};
static const struct call list_classic = {CLB("DescribeClassicalLBListeners"), .parameters = "LoadBalancerId"};
static const struct call set_listener = {CLB("ModifyListener"),
                                         .parameters = "LoadBalancerId ListenerId" CERTIFICATE,
                                         .write = true};
static const struct call set_domain = {CLB("ModifyDomainAttributes"),
                                       .parameters = "LoadBalancerId ListenerId Domain" CERTIFICATE,
                                       .write = true};
static const struct call get_task = {CLB("DescribeTaskStatus"), .parameters = "TaskId"};
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
    for (size_t i = 0; i < json_count(set); i++)
        if (strcmp(json_get(json_item(set, i), "/RegionState"), "AVAILABLE") == 0)
            (*ret)[(*ret_count)++] = json_get(json_item(set, i), "/Region");
    return true;
}

static bool is_tls(const struct json *listener)
{
    static const char *const protocols[] = {"HTTPS", "TCP_SSL", "QUIC"};
    for (size_t i = 0; i < countof(protocols); i++)
        if (strcmp(json_get(listener, "/Protocol"), protocols[i]) == 0)
            return true;
    return false;
}

static bool has_sni(const struct json *listener)
{
    return json_int(json_at(listener, "/SniSwitch"), 0) == 1;
}

/* A rule's name that a certificate can cover: the i-th of its own and its list; NULL past the end, "" for a pattern. */
static const char *rule_name(struct arena *a, const struct json *rule, size_t i)
{
    const struct json *list = json_at(rule, "/Domains");
    const char *name, *text = json_count(list) ? json_str(json_item(list, i), NULL)
                              : i == 0         ? json_get(rule, "/Domain")
                                               : NULL;
    if (!text)
        return NULL;
    return name_normalise(a, text, false, &name, NULL) ? name : "";
}

struct reading { /* a listener's certificates, while they are read */
    struct job *job;
    struct bound *items;
    size_t count, capacity;
};

static bool add_bound(struct reading *r, const char *slot, const char *ref, struct err *err)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->items[i].slot, slot) == 0 && strcmp(slot, "sni") != 0)
            return true; /* another rule below the same domain */
    struct bound *b = arena_push(r->job->arena, (void **)&r->items, &r->count, &r->capacity, sizeof *b);
    *b = (struct bound){.slot = slot, .ref = ref, .name = ""};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    return session_facts(r->job, "", b, err);
}

/* Several of different algorithms are a set; one alone is the listener's. */
static bool read_own(struct reading *r, const struct json *certificate, struct err *err)
{
    const struct json *more = json_at(certificate, "/ExtCertIds");
    const char *slot = json_count(more) ? "sni" : "default", *id = json_get(certificate, "/CertId");
    if (*id && !add_bound(r, slot, id, err))
        return false;
    for (size_t i = 0; i < json_count(more); i++)
        if (!add_bound(r, slot, json_str(json_item(more, i), ""), err))
            return false;
    return true;
}

static bool read_certificates(struct reading *r, const struct json *listener, struct err *err)
{
    const struct json *rules = json_at(listener, "/Rules");
    if (!has_sni(listener))
        return read_own(r, json_at(listener, "/Certificate"), err);
    for (size_t i = 0; i < json_count(rules); i++) {
        const struct json *rule = json_item(rules, i);
        const char *id = json_get(rule, "/Certificate/CertId"), *name = rule_name(r->job->arena, rule, 0);
        if (*id && name && *name && !add_bound(r, name, id, err))
            return false;
    }
    return true;
}

struct listing { /* one region, while it is listed */
    const char *region;
    resource_fn *each;
    void *context;
};

static const char *unfit(struct arena *a, const struct json *balancer)
{
    if (json_int(json_at(balancer, "/Isolation"), 0) == 1)
        return "the load balancer is isolated";
    if (json_int(json_at(balancer, "/Status"), 1) != 1)
        return arena_printf(a, "the load balancer is not running (status %lld)",
                            (long long)json_int(json_at(balancer, "/Status"), 0));
    return "";
}

static struct resource resource_of(struct arena *a, const struct listing *l, const struct json *balancer,
                                   const char *listener, const char *protocol, int64_t port)
{
    const char *id = json_get(balancer, "/LoadBalancerId"), *host = json_get(balancer, "/LoadBalancerDomain");
    if (!*host)
        host = json_get(balancer, "/Domain");
    if (!*host)
        host = json_get(balancer, "/LoadBalancerVips/0");
    return (struct resource){
        .product = "tencent/clb",
        .region = l->region,
        .vendor_id = arena_printf(a, "%s/%s", id, listener),
        .title =
            arena_printf(a, "%s %s:%lld", json_get(balancer, "/LoadBalancerName"), protocol, (long long)port),
        .https = true,
        .host = host,
        .port = (unsigned)port,
        .quic = strcmp(protocol, "QUIC") == 0,
        .reach = json_is(balancer, "/LoadBalancerType", "OPEN") ? "public" : "private",
        .lock = arena_printf(a, "clb:%s", id),
        .alias_of = "",
        .managed_by = "",
        .unfit = unfit(a, balancer),
        .extra = "{}",
    };
}

/* Without SNI the one certificate has to cover every rule. */
static void add_names(struct arena *a, struct resource *r, const struct json *listener)
{
    const struct json *rules = json_at(listener, "/Rules");
    bool one = !has_sni(listener) && r->bound_count == 1;
    const char *name;
    for (size_t i = 0; i < json_count(rules); i++)
        for (size_t k = 0; (name = rule_name(a, json_item(rules, i), k)); k++)
            if (*name)
                resource_add_name(a, r, name, one ? EVIDENCE_DOMAIN : EVIDENCE_RULE);
    r->must_cover_all = one && r->name_count;
    for (size_t i = 0; i < r->bound_count && !r->must_cover_all; i++)
        for (size_t k = 0; k < r->bound[i].name_count; k++)
            resource_add_name(a, r, r->bound[i].names[k], EVIDENCE_CERTIFICATE);
}

static bool emit_listener(struct job *job, const struct listing *l, const struct json *balancer,
                          const struct json *v, struct err *err)
{
    struct reading reading = {.job = job};
    struct resource r = resource_of(job->arena, l, balancer, json_get(v, "/ListenerId"),
                                    json_get(v, "/Protocol"), json_int(json_at(v, "/Port"), 443));
    if (!read_certificates(&reading, v, err))
        return err_add(err, "%s", r.title);
    r.bound = reading.items;
    r.bound_count = reading.count;
    add_names(job->arena, &r, v);
    return l->each(l->context, &r, err);
}

/* The old generation can only be shown: no call gives one listener of it another certificate. */
static bool emit_classic(struct job *job, const struct listing *l, const struct json *balancer,
                         const struct json *v, struct err *err)
{
    struct reading reading = {.job = job};
    const char *id = json_get(v, "/CertId");
    struct resource r = resource_of(job->arena, l, balancer, json_get(v, "/ListenerId"), "HTTPS",
                                    json_int(json_at(v, "/ListenerPort"), 443));
    if (!*id)
        return true;
    if (!add_bound(&reading, "default", id, err))
        return err_add(err, "%s", r.title);
    r.bound = reading.items;
    r.bound_count = reading.count;
    r.unfit = "a classic load balancer: no call gives one of its listeners another certificate";
    add_names(job->arena, &r, v);
    return l->each(l->context, &r, err);
}

static bool emit_balancer(struct job *job, void *context, const struct json *item, const struct xml *node,
                          struct err *err)
{
    const struct listing *l = context;
    bool classic = json_int(json_at(item, "/Forward"), 1) == 0;
    const char *id = json_get(item, "/LoadBalancerId");
    struct answer answer;
    struct err why;
    (void)node;
    if (!cloud_call(job, classic ? &list_classic : &list_listeners, l->region, &answer, &why,
                    "{'LoadBalancerId':%s}", id)) {
        if (why.kind == ERR_NOT_FOUND) /* deleted meanwhile */
            return true;
        if (err)
            *err = why;
        return err_add(err, "load balancer %s", id);
    }
    const struct json *list = json_at(answer.json, "/Listeners");
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *v = json_item(list, i);
        if (classic ? !emit_classic(job, l, item, v, err) : is_tls(v) && !emit_listener(job, l, item, v, err))
            return false;
    }
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {region, each, context};
    struct err why;
    if (cloud_each(job, &list_balancers, region, emit_balancer, &l, &why, "{}"))
        return true;
    if (strcmp(why.code, "UnsupportedRegion") == 0)
        return true;
    if (err)
        *err = why;
    return false;
}

/* ---- read ---- */

static const char *balancer_of(struct arena *a, const struct resource *r, const char **ret_listener)
{
    const char *slash = strchr(r->vendor_id, '/');
    *ret_listener = slash ? slash + 1 : "";
    return slash ? arena_copy(a, r->vendor_id, (size_t)(slash - r->vendor_id)) : r->vendor_id;
}

static void put_settings(struct arena *a, struct json_writer *w, const struct json *v)
{
    const struct json *value;
    const char *name;
    json_open_object(w);
    for (size_t i = 0; json_member(v, i, &name, &value); i++)
        if (strcmp(name, "Certificate") != 0 && strcmp(name, "Rules") != 0 && !json_is_null(value))
            json_member_raw(w, name, json_dump(a, value));
    json_member_string(w, "mutual", json_get(v, "/Certificate/SSLMode"));
    json_member_string(w, "verify", json_get(v, "/Certificate/SSLVerifyClient"));
    json_member_string(w, "ca", json_get(v, "/Certificate/CertCaId"));
    json_close_object(w);
}

/* All of the listener and its rules but the certificates. */
static const char *settings_of(struct arena *a, const struct json *listener)
{
    struct buf out = buf_new(a, 1 << 20);
    struct json_writer w = json_writer_to(&out);
    const struct json *rules = json_at(listener, "/Rules");
    json_open_object(&w);
    json_key(&w, "listener");
    put_settings(a, &w, listener);
    json_key(&w, "rules");
    json_open_array(&w);
    for (size_t i = 0; i < json_count(rules); i++)
        put_settings(a, &w, json_item(rules, i));
    json_close_array(&w);
    json_close_object(&w);
    return out.full ? "{}" : out.data;
}

/* The task of our last write, as long as this session lives; after that the load balancer itself says that it is busy. */
static bool ask_task(struct job *job, const struct resource *r, struct binding *b, struct err *err)
{
    const char *key = arena_printf(job->arena, "clb:%s", r->lock), *task = session_get(job, key);
    struct answer answer;
    struct err why = {0};
    if (!task || !*task)
        return true;
    if (!cloud_call(job, &get_task, r->region, &answer, &why, "{'TaskId':%s}", task)) {
        bool forgotten = !why.transient && (why.kind == ERR_NOT_FOUND || why.kind == ERR_VENDOR);
        if (forgotten) /* by the cloud; what was bound is read below */
            session_put(job, key, "");
        else if (err)
            *err = why;
        return forgotten;
    }
    int64_t status = json_int(json_at(answer.json, "/Status"), 0);
    b->ready = status != 2;
    if (status == 1)
        b->failed = arena_strdup(job->arena, json_str(json_at(answer.json, "/Message"), "the task failed"));
    if (status == 0)
        session_put(job, key, "");
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct reading reading = {.job = job};
    struct answer answer;
    const char *listener, *balancer = balancer_of(job->arena, r, &listener);
    struct binding b = {.https = true, .ready = true, .etag = ""};
    if (!ask_task(job, r, &b, err) ||
        !cloud_call(job, &list_listeners, r->region, &answer, err, "{'LoadBalancerId':%s,'ListenerIds':[%s]}",
                    balancer, listener))
        return false;
    const struct json *v = json_at(answer.json, "/Listeners/0");
    if (strcmp(json_get(v, "/ListenerId"), listener) != 0)
        return err_set(err, ERR_NOT_FOUND, "there is no listener %s", r->vendor_id);
    if (!read_certificates(&reading, v, err))
        return false;
    b.bound = reading.items;
    b.bound_count = reading.count;
    b.settings = settings_of(job->arena, v);
    b.document = json_dump(job->arena, v);
    *ret = b;
    return true;
}

/* ---- write ---- */

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)job;
    (void)r;
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "Tencent Cloud's CLB has no field for SM2 certificates");
    *ret = "ssl";
    return true;
}

/* The certificates that stand where the slot is; NULL when the rule is gone. *ret_domain: "" for the listener itself. */
static const struct json *place_of(struct arena *a, const struct json *listener, const char *slot,
                                   const char **ret_domain)
{
    const struct json *rules = json_at(listener, "/Rules");
    *ret_domain = "";
    if (!has_sni(listener))
        return json_at(listener, "/Certificate");
    for (size_t i = 0; i < json_count(rules); i++) {
        const struct json *rule = json_item(rules, i);
        const char *name = rule_name(a, rule, 0);
        if (!name || strcmp(name, slot) != 0)
            continue;
        *ret_domain = json_str(json_at(rule, "/Domains/0"), json_get(rule, "/Domain"));
        return json_at(rule, "/Certificate");
    }
    return NULL;
}

/* One certificate of an algorithm: what stays must not have the new one's. */
static bool may_join(struct job *job, const char *ref, const struct material *m, struct err *err)
{
    struct bound b = {.slot = "", .ref = ref, .name = "", .key_type = ""};
    if (!m)
        return true;
    if (!session_facts(job, "", &b, err))
        return false;
    if (strcmp(b.key_type, key_type_name(m->key_type)) != 0)
        return true;
    return err_set(err, ERR_INVALID_CERTIFICATE,
                   "beside it another certificate of the same algorithm (%s, %s) is bound, which stays",
                   b.key_type, ref);
}

/* The ids that the place is to hold, the replaced one first where it was first. */
static bool ids_after(struct job *job, const struct json *place, const struct change *change,
                      const struct material *m, const char **ret, size_t *ret_count, struct err *err)
{
    const struct json *more = json_at(place, "/ExtCertIds");
    size_t count = json_count(more) + 1;
    bool added = false;
    *ret_count = 0;
    if (count > CERTIFICATES_MAX)
        return err_set(err, ERR_VENDOR, "more than %d certificates in one place", CERTIFICATES_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *id = i ? json_str(json_item(more, i - 1), "") : json_get(place, "/CertId");
        bool goes = strcmp(id, change->add[0]) == 0;
        for (size_t k = 0; k < change->remove_count; k++)
            goes |= strcmp(id, change->remove[k]) == 0;
        if (!goes && !may_join(job, id, m, err))
            return false;
        if (!goes)
            ret[(*ret_count)++] = id;
        else if (!added)
            ret[(*ret_count)++] = change->add[0], added = true;
    }
    if (!added)
        ret[(*ret_count)++] = change->add[0];
    return true;
}

/* How the place is to be: mutual TLS as it was, with one certificate or with several. */
static char *certificate_json(struct arena *a, const struct json *place, const char *const *ids, size_t count)
{
    const char *mode = json_get(place, "/SSLMode"), *verify = json_get(place, "/SSLVerifyClient");
    const char *ca = json_get(place, "/CertCaId");
    bool mutual = strcmp(mode, "MUTUAL") == 0;
    struct buf out = buf_new(a, 4 << 10);
    struct json_writer w = json_writer_to(&out);
    json_open_object(&w);
    json_key(&w, count == 1 ? "Certificate" : "MultiCertInfo");
    json_open_object(&w);
    json_member_string(&w, "SSLMode", *mode ? mode : "UNIDIRECTIONAL");
    if (mutual && *verify)
        json_member_string(&w, "SSLVerifyClient", verify);
    if (count == 1) {
        json_member_string(&w, "CertId", ids[0]);
        if (mutual && *ca)
            json_member_string(&w, "CertCaId", ca);
    } else {
        json_key(&w, "CertList");
        json_open_array(&w);
        for (size_t i = 0; i < count; i++)
            json_put_raw(&w, json_format(a, "{'CertId':%s}", ids[i]));
        if (mutual && *ca)
            json_put_raw(&w, json_format(a, "{'CertId':%s}", ca));
        json_close_array(&w);
    }
    json_close_object(&w);
    json_close_object(&w);
    return out.data;
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct arena *a = job->arena;
    const char *ids[CERTIFICATES_MAX + 1], *domain, *listener, *balancer = balancer_of(a, r, &listener);
    const struct json *v;
    struct answer answer;
    size_t count;
    if (!change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a certificate: it can be replaced, not removed");
    if (!json_parse(a, now->document, strlen(now->document), &v, err))
        return err_add(err, "the listener as it was read");
    const struct json *place = place_of(a, v, change->slot, &domain);
    if (!json_is_object(place))
        return err_set(err, ERR_NOT_FOUND, "%s has no rule for %s any more", r->title, change->slot);
    if (!ids_after(job, place, change, m, ids, &count, err))
        return false;
    const char *body = certificate_json(a, place, ids, count); /* "{...}": the target goes before it */
    if (!cloud_call(job, *domain ? &set_domain : &set_listener, r->region, &answer, err,
                    "{'LoadBalancerId':%s,'ListenerId':%s%p,%p", balancer, listener,
                    *domain ? json_format(a, ",'Domain':%s", domain) : "", body + 1))
        return false;
    session_put(job, arena_printf(a, "clb:%s", r->lock),
                json_text(a, json_at(answer.json, "/RequestId"), ""));
    return true;
}

const struct product tencent_clb = {
    PRODUCT_CODE("tencent", "clb"),
    .title = "Tencent Cloud CLB",
    .read_calls = 2,
    .consistency_ms = 30000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 60000,
    .calls = CALLS(&list_balancers, &list_listeners, &list_classic, &set_listener, &set_domain, &get_task,
                   &list_regions),
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = tencent_upload,
    .bind = write_change,
};

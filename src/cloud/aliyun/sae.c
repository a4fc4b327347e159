/* Alibaba Cloud SAE: gateway routing (2019-05-06).
 *
 * A route stands on a listener of a load balancer and names its certificates: on CLB one, of CLB's own store in the region;
 * on ALB a list of references to CAS, of which the first is taken as the default. UpdateIngress changes what it is told and
 * leaves the rest; the list goes whole, with only the matching element replaced. A refusal may come as HTTP 200 with
 * Success=false. What stands on one balancer is written one after the other, whichever product it belongs to. Routes on an
 * MSE gateway are left alone, and HTTP ones have no certificate.
 */
#include "cloud/aliyun/clb.h"

#include "codec/name.h"
#include <string.h>

#define SAE(name, verb, where) ALIYUN_ROA("sae", "2019-05-06", name, verb, where)

static const struct call list_regions = {SAE("DescribeRegions", "GET", "/pop/v1/paas/regionConfig"),
                                         .page = {.items = "/Regions/Region"}};
static const struct call list_namespaces = {SAE("DescribeNamespaceList", "GET",
                                                "/pop/v1/sam/namespace/describeNamespaceList"),
                                            .parameters = "ContainCustom"};
static const struct call list_ingresses = {SAE("ListIngresses", "GET", "/pop/v1/sam/ingress/IngressList"),
                                           .parameters = "NamespaceId CurrentPage PageSize",
                                           .page = {.items = "/Data/IngressList",
                                                    .total = "/Data/TotalSize",
                                                    .position = "CurrentPage",
                                                    .size = "PageSize",
                                                    .size_value = 50,
                                                    .style = PAGE_NUMBER}};
static const struct call get_ingress = {SAE("DescribeIngress", "GET", "/pop/v1/sam/ingress/Ingress"),
                                        .parameters = "IngressId"};
static const struct call update = {SAE("UpdateIngress", "PUT", "/pop/v1/sam/ingress/Ingress"),
                                   .parameters = "IngressId CertId CertIds", .write = true};
/* Where a route is entered is told by the load balancer's own API. */
static const struct call find_clb = {ALIYUN_SLB("DescribeLoadBalancers"), .style = CALL_RPC_QUERY,
                                     .parameters = "RegionId LoadBalancerId"};
static const struct call find_alb = {ALIYUN_RPC("alb", "2020-06-16", "ListLoadBalancers"),
                                     .host = "alb.{region}.aliyuncs.com", .style = CALL_RPC_QUERY,
                                     .parameters = "LoadBalancerIds[]"};

static bool is_clb(const struct json *ingress)
{
    return json_is(ingress, "/LoadBalanceType", "clb");
}

/* The references of a comma separated list, in order. */
static const char **refs_of(struct arena *a, const char *list, size_t *ret_count)
{
    const char **refs = NULL;
    size_t capacity = 0;
    *ret_count = 0;
    for (const char *p = list; *p;) {
        size_t size = strcspn(p, ",");
        if (size)
            *(const char **)arena_push(a, (void **)&refs, ret_count, &capacity, sizeof *refs) =
                arena_copy(a, p, size);
        p += size + (p[size] == ',');
    }
    return refs;
}

static bool bound_of(struct job *job, const char *region, const struct json *ingress, struct bound **ret,
                     size_t *ret_count, struct err *err)
{
    size_t count;
    const char **refs =
        refs_of(job->arena, json_get(ingress, is_clb(ingress) ? "/CertId" : "/CertIds"), &count);
    struct bound *items = arena_array(job->arena, struct bound, count + 1);
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct bound){.slot = i ? "sni" : "default", .ref = refs[i]};
        items[i].name = items[i].fingerprint = items[i].serial = items[i].key_type = items[i].issuer = "";
        if (!session_facts(job, region, &items[i], err))
            return false;
    }
    *ret = items;
    *ret_count = count;
    return true;
}

struct listing {
    const char *region;
    resource_fn *each;
    void *context;
};

/* Unknown where its API does not tell: then it is not asked. */
static void find_entry(struct job *job, const struct listing *l, const struct json *ingress,
                       struct resource *r)
{
    struct answer answer;
    struct err ignored;
    const char *id = json_get(ingress, "/SlbId");
    bool clb = is_clb(ingress);
    bool found =
        clb ? cloud_call(job, &find_clb, l->region, &answer, &ignored, "{'RegionId':%s,'LoadBalancerId':%s}",
                         l->region, id)
            : cloud_call(job, &find_alb, l->region, &answer, &ignored, "{'LoadBalancerIds':[%s]}", id);
    const struct json *lb =
        found ? json_at(answer.json, clb ? "/LoadBalancers/LoadBalancer/0" : "/LoadBalancers/0") : NULL;
    const char *type = json_get(lb, "/AddressType");
    r->host = json_get(lb, clb ? "/Address" : "/DNSName");
    r->reach = strcasecmp(type, "internet") == 0   ? "public"
               : strcasecmp(type, "intranet") == 0 ? "private"
                                                   : "unknown";
}

/* What stands on CLB has one certificate for all its names; ALB's list takes further ones. */
static bool emit_ingress(struct job *job, void *context, const struct json *item, const struct xml *node,
                         struct err *err)
{
    const struct listing *l = context;
    struct arena *a = job->arena;
    const struct json *rules = json_at(item, "/Rules");
    (void)node;
    if (strcmp(json_get(item, "/ListenerProtocol"), "HTTPS") != 0 || *json_get(item, "/MseGatewayId"))
        return true;
    const char *id = json_text(a, json_at(item, "/Id"), "");
    struct resource r = {
        .product = "aliyun/sae",
        .region = l->region,
        .vendor_id = id,
        .title = arena_printf(a, "%s (%s:%s)", json_get(item, "/Name"), json_get(item, "/SlbId"),
                              json_text(a, json_at(item, "/ListenerPort"), "443")),
        .https = true,
        .port = (unsigned)json_int(json_at(item, "/ListenerPort"), 443),
        .lock = arena_printf(a, "%s:%s", is_clb(item) ? "clb" : "alb", json_get(item, "/SlbId")),
        .alias_of = "",
        .managed_by = "",
        .unfit = "",
        .extra = json_format(a, "{'type':%s}", is_clb(item) ? "clb" : "alb"),
    };
    find_entry(job, l, item, &r);
    if (!bound_of(job, l->region, item, &r.bound, &r.bound_count, err))
        return err_add(err, "%s", r.title);
    for (size_t i = 0; i < json_count(rules); i++) {
        const char *name;
        if (name_normalise(a, json_get(json_item(rules, i), "/Domain"), true, &name, NULL))
            resource_add_name(a, &r, name, is_clb(item) ? EVIDENCE_DOMAIN : EVIDENCE_RULE);
    }
    for (size_t i = 0; i < r.bound_count; i++)
        for (size_t j = 0; j < r.bound[i].name_count; j++)
            resource_add_name(a, &r, r.bound[i].names[j], EVIDENCE_CERTIFICATE);
    return l->each(l->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {region, each, context};
    struct answer answer;
    if (!cloud_call(job, &list_namespaces, region, &answer, err, "{'ContainCustom':true}"))
        return false;
    const struct json *list = json_at(answer.json, "/Data");
    for (size_t i = 0; i < json_count(list); i++)
        if (!cloud_each(job, &list_ingresses, region, emit_ingress, &l, err, "{'NamespaceId':%s}",
                        json_get(json_item(list, i), "/NamespaceId")))
            return err_add(err, "namespace %s", json_get(json_item(list, i), "/NamespaceId"));
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    static const char *const kept[] = {"ListenerProtocol", "ListenerPort",  "SecurityPolicyId", "Rules",
                                       "DefaultRule",      "Description",   "CorsConfig",       "EnableGzip",
                                       "IdleTimeout",      "RequestTimeout"};
    struct answer answer;
    if (!cloud_call(job, &get_ingress, r->region, &answer, err, "{'IngressId':%s}", r->vendor_id))
        return false;
    const struct json *item = json_at(answer.json, "/Data");
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "SAE has no route %s", r->title);
    struct binding b = {.ready = true, .etag = ""};
    if (!bound_of(job, r->region, item, &b.bound, &b.bound_count, err) ||
        !aliyun_members(job->arena, &answer, "/Data", kept, countof(kept), &b.settings, err))
        return false;
    b.https = b.bound_count > 0;
    *ret = b;
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (strcmp(aliyun_extra(job->arena, r, "/type"), "clb") == 0)
        return aliyun_clb_store(job, r->region, m, ret, err);
    return aliyun_ref_store(job, r, m, ret, err);
}

static bool upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                   struct err *err)
{
    bool clb = strncmp(vendor_store, "clb:", 4) == 0;
    return (clb ? aliyun_clb_upload : aliyun_upload)(job, vendor_store, m, ret, err);
}

/* The list as it shall be; the order of what stays is kept. */
static const char *new_list(struct arena *a, const struct binding *now, const struct change *change)
{
    struct buf out = buf_new(a, 64 << 10);
    bool standard = strcmp(change->slot, "default") == 0;
    for (size_t i = 0; i < now->bound_count; i++) {
        const struct bound *b = &now->bound[i];
        const char *ref = standard && strcmp(b->slot, "default") == 0 ? change->add[0] : b->ref;
        bool gone = false;
        for (size_t k = 0; k < change->remove_count && !standard; k++)
            gone |= strcmp(b->slot, "sni") == 0 && strcmp(b->ref, change->remove[k]) == 0;
        if (!gone)
            buf_printf(&out, "%s%s", out.size ? "," : "", ref);
    }
    for (size_t k = 0; k < change->add_count && !standard; k++)
        if (!binding_holds(now, "sni", change->add[k]))
            buf_printf(&out, "%s%s", out.size ? "," : "", change->add[k]);
    return out.data;
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    bool clb = strcmp(aliyun_extra(job->arena, r, "/type"), "clb") == 0;
    bool standard = strcmp(change->slot, "default") == 0;
    (void)m;
    if (standard && !change->add_count)
        return err_set(err, ERR_INPUT, "a route's certificate can be replaced, not taken away");
    if (clb && !standard)
        return err_set(err, ERR_INPUT, "a route on CLB has one certificate");
    if (clb)
        return cloud_call(job, &update, r->region, &answer, err, "{'IngressId':%s,'CertId':%s}", r->vendor_id,
                          change->add[0]);
    return cloud_call(job, &update, r->region, &answer, err, "{'IngressId':%s,'CertIds':%s}", r->vendor_id,
                      new_list(job->arena, now, change));
}

const struct product aliyun_sae = {
    PRODUCT_CODE("aliyun", "sae"),
    .title = "Alibaba Cloud SAE gateway routing",
    .sni = true,
    .sni_max = 25,
    .consistency_ms = 15000,
    .settle_ms = 60000,
    .poll_ms = 1000,
    .propagation_ms = 120000,
    .calls =
        CALLS(&list_regions, &list_namespaces, &list_ingresses, &get_ingress, &update, &find_clb, &find_alb),
    .regions = aliyun_regions,
    .lists_regions = &list_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = upload,
    .bind = write_change,
};

/* Alibaba Cloud SAE: gateway routing (2019-05-06).
 *
 * A route stands on a listener of a load balancer and names its certificates: on CLB one, of CLB's own store in the region;
 * on ALB a list of references to CAS, of which the first is taken as the default. UpdateIngress changes what it is told and
 * leaves the rest; the list goes whole, with only the matching element replaced. A refusal may come as HTTP 200 with
 * Success=false. What stands on one balancer is written one after the other, whichever product it belongs to. Routes on an
 * MSE gateway are left alone, and HTTP ones have no certificate.
 */
#include "cloud/aliyun/clb.h"

#include <string.h>

#define SAE(name, verb, where, takes, ...)                                                                   \
    {                                                                                                        \
        ALIYUN_ROA("sae", "2019-05-06", name, verb, "/pop/v1/" where), .parameters = (takes), __VA_ARGS__    \
    }

static const struct call list_regions =
    SAE("DescribeRegions", "GET", "paas/regionConfig", NULL, .page = {.items = "/Regions/Region"});
static const struct call list_namespaces =
    SAE("DescribeNamespaceList", "GET", "sam/namespace/describeNamespaceList", "ContainCustom",
        .write = false);
static const struct call list_ingresses =
    SAE("ListIngresses", "GET", "sam/ingress/IngressList", "NamespaceId",
        PAGES_BY_NUMBER("/Data/IngressList", "/Data/TotalSize", "CurrentPage", "PageSize", 50));
static const struct call get_ingress =
    SAE("DescribeIngress", "GET", "sam/ingress/Ingress", "IngressId", .write = false);
static const struct call update =
    SAE("UpdateIngress", "PUT", "sam/ingress/Ingress", "IngressId CertId CertIds", .write = true);
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

/* The references of a comma separated list, in order: the first is the default. */
static bool binding_of(struct job *job, const char *region, const struct json *ingress, struct binding *b,
                       struct err *err)
{
    const char *list = json_get(ingress, is_clb(ingress) ? "/CertId" : "/CertIds");
    for (size_t size; *list; list += size + (list[size] == ',')) {
        size = strcspn(list, ",");
        binding_add(job->arena, b, b->bound_count ? "sni" : "default", arena_copy(job->arena, list, size));
    }
    return binding_look_up(job, region, b, err);
}

/* Unknown where its API does not tell: then it is not asked. */
static void find_entry(struct job *job, const char *region, const struct json *ingress, struct resource *r)
{
    struct answer answer;
    struct err ignored;
    const char *id = json_get(ingress, "/SlbId");
    bool clb = is_clb(ingress);
    bool found = clb ? cloud_call(job, &find_clb, region, &answer, &ignored,
                                  "{'RegionId':%s,'LoadBalancerId':%s}", region, id)
                     : cloud_call(job, &find_alb, region, &answer, &ignored, "{'LoadBalancerIds':[%s]}", id);
    const struct json *lb =
        found ? json_at(answer.json, clb ? "/LoadBalancers/LoadBalancer/0" : "/LoadBalancers/0") : NULL;
    const char *type = json_get(lb, "/AddressType");
    r->host = json_get(lb, clb ? "/Address" : "/DNSName");
    r->reach = strcasecmp(type, "internet") == 0   ? "public"
               : strcasecmp(type, "intranet") == 0 ? "private"
                                                   : "unknown";
}

/* What stands on CLB has one certificate for all its names; ALB's list takes further ones. */
static bool emit_ingress(struct job *job, const struct survey *to, const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *type = is_clb(item) ? "clb" : "alb", *balancer = json_get(item, "/SlbId");
    struct binding b = {.https = true};
    struct resource r = {
        .vendor_id = json_text(a, json_at(item, "/Id"), ""),
        .title = arena_printf(a, "%s (%s:%s)", json_get(item, "/Name"), balancer,
                              json_text(a, json_at(item, "/ListenerPort"), "443")),
        .port = (unsigned)json_int(json_at(item, "/ListenerPort"), 443),
        .lock = arena_printf(a, "%s:%s", type, balancer),
        .extra = json_format(a, "{'type':%s}", type),
    };
    find_entry(job, to->region, item, &r);
    if (!binding_of(job, to->region, item, &b, err))
        return err_add(err, "%s", r.title);
    json_each (rule, json_at(item, "/Rules"))
        resource_add_name(a, &r, json_get(rule, "/Domain"), is_clb(item) ? EVIDENCE_DOMAIN : EVIDENCE_RULE);
    resource_add_held(a, &r, &b, NULL);
    return resource_emit(job, to, &r, &b, err);
}

static bool emit_namespace(struct job *job, const struct survey *to, const char *id, struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_ingresses, to->region, "{'NamespaceId':%s}", id);
    for (const struct json *v; (v = pages_next(&p));)
        if (json_is(v, "/ListenerProtocol", "HTTPS") && !*json_get(v, "/MseGatewayId") &&
            !emit_ingress(job, to, v, err))
            return false;
    return pages_end(&p, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_namespaces, to->region, &answer, err, "{'ContainCustom':true}"))
        return false;
    json_each (v, json_at(answer.json, "/Data"))
        if (!emit_namespace(job, to, json_get(v, "/NamespaceId"), err))
            return err_add(err, "namespace %s", json_get(v, "/NamespaceId"));
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_ingress, r->region, &answer, err, "{'IngressId':%s}", r->vendor_id))
        return false;
    const struct json *item = json_at(answer.json, "/Data");
    if (!item)
        return err_set(err, ERR_NOT_FOUND, "SAE has no route %s", r->title);
    now->settings =
        json_only(job->arena, item,
                  "ListenerProtocol ListenerPort SecurityPolicyId Rules DefaultRule Description CorsConfig "
                  "EnableGzip IdleTimeout RequestTimeout");
    if (!binding_of(job, r->region, item, now, err))
        return false;
    now->https = now->bound_count > 0;
    return true;
}

static bool on_clb(struct job *job, const struct resource *r)
{
    return strcmp(resource_extra(job->arena, r, "/type", ""), "clb") == 0;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    return on_clb(job, r) ? aliyun_clb_store(job, r->region, m, ret, err)
                          : aliyun_ref_store(job, r, m, ret, err);
}

static bool upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                   struct err *err)
{
    bool clb = strncmp(vendor_store, "clb:", 4) == 0;
    return (clb ? aliyun_clb_upload : aliyun_upload)(job, vendor_store, m, ret, err);
}

/* The list as it shall be: the default, then the set. */
static const char *new_list(struct arena *a, const struct binding *now, const struct change *change)
{
    const struct bound *by_default = binding_slot(now, "default");
    const struct change none = {.slot = "sni"};
    bool standard = strcmp(change->slot, "default") == 0;
    struct buf out = buf_new(a, 64 << 10);
    size_t count;
    const char **set = set_after(a, now, standard ? &none : change, &count);
    if (standard || by_default)
        buf_puts(&out, standard ? change->add[0] : by_default->ref);
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s%s", out.size ? "," : "", set[i]);
    return out.data;
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    if (!on_clb(job, r))
        return cloud_call(job, &update, r->region, NULL, err, "{'IngressId':%s,'CertIds':%s}", r->vendor_id,
                          new_list(job->arena, w->now, w->change));
    if (strcmp(w->change->slot, "default") != 0)
        return err_set(err, ERR_INPUT, "a route on CLB has one certificate");
    return cloud_call(job, &update, r->region, NULL, err, "{'IngressId':%s,'CertId':%s}", r->vendor_id,
                      w->change->add[0]);
}

const struct product aliyun_sae = {
    PRODUCT_CODE("aliyun", "sae"),
    .title = "Alibaba Cloud SAE gateway routing",
    .sni = true,
    .sni_max = 25,
    .no_removal = "a route's certificate can be replaced, not taken away",
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
    .bind = bind_certificate,
};

#include "cloud/aliyun/listener.h"

#include <string.h>
#include <strings.h>

enum { HTTPS_PORT = 443, REFS_AT_ONCE = 10 };

/* ---- load balancers ---- */

const char *aliyun_owner_of(struct arena *a, const struct json *tagged)
{
    static const struct {
        const char *tag, *owner;
    } marks[] = {{"ack.aliyun.com", "ack"},
                 {"ingress.k8s.alibaba/albconfig", "albconfig"},
                 {"ingress.k8s.alibaba/resource", "ingress"},
                 {"kubernetes.do.not.delete", "kubernetes"}};
    const struct json *tags = json_at(tagged, "/Tags");
    const struct json *nested = json_at(tags, "/Tag"); /* CLB */
    tags = nested ? nested : tags;
    for (size_t m = 0; m < countof(marks); m++)
        for (size_t i = 0; i < json_count(tags); i++) {
            const struct json *tag = json_item(tags, i);
            if (strcmp(json_str(json_at(tag, "/Key"), json_get(tag, "/TagKey")), marks[m].tag) == 0)
                return arena_printf(a, "%s:%s", marks[m].owner,
                                    json_str(json_at(tag, "/Value"), json_get(tag, "/TagValue")));
        }
    return "";
}

bool aliyun_keep_balancers(struct job *job, const struct call *call, const char *region,
                           const char *arguments, struct balancers *l, struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p = cloud_pages(job, call, region, "%p", arguments);
    for (const struct json *item; (item = pages_next(&p));) {
        const char *type = json_get(item, "/AddressType");
        balancers_add(keep, l,
                      &(struct balancer){.id = json_get(item, "/LoadBalancerId"),
                                         .name = json_get(item, "/LoadBalancerName"),
                                         .host =
                                             json_str(json_at(item, "/DNSName"), json_get(item, "/Address")),
                                         .reach = strcasecmp(type, "Internet") == 0 ? "public"
                                                  : *type                           ? "private"
                                                                                    : "unknown",
                                         .managed_by = aliyun_owner_of(job->arena, item)});
    }
    return pages_end(&p, err);
}

/* ---- the certificates of one listener ---- */

static bool read_held(struct job *job, const struct aliyun_listeners *kind, const char *region,
                      const char *listener, struct binding *b, struct err *err)
{
    struct arena *a = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, kind->certificates, region, "%p", kind->arguments(a, region, listener));
    for (const struct json *item; (item = pages_next(&p));) {
        if (strcmp(json_str(json_at(item, "/CertificateType"), "Server"), "Server") != 0)
            continue;
        bool by_default = json_bool(json_at(item, "/IsDefault"), false);
        binding_add(a, b, by_default ? "default" : "sni", json_get(item, "/CertificateId"));
        b->ready &= strcmp(json_str(json_at(item, "/Status"), "Associated"), "Associated") == 0;
    }
    b->https = true;
    return pages_end(&p, err) && binding_look_up(job, region, b, err);
}

/* ---- listeners ---- */

/* A listener for a range of ports says 0 and where the range begins, as text. */
static int64_t port_of(const struct json *listener)
{
    int64_t port = json_int(json_at(listener, "/ListenerPort"), HTTPS_PORT);
    return port > 0 ? port : json_int(json_at(listener, "/StartPort"), HTTPS_PORT);
}

static bool emit_listener(struct job *job, const struct survey *to, const struct aliyun_listing *l,
                          const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const struct balancer of = balancers_find(&l->balancers, json_get(item, "/LoadBalancerId"));
    const char *id = json_get(item, "/ListenerId"), *host;
    struct binding b = {0};
    struct resource r =
        resource_of_listener(job, &of, id, json_str(json_at(item, "/ListenerProtocol"), "HTTPS"),
                             port_of(item));
    if (!*r.managed_by)
        r.managed_by = aliyun_owner_of(a, item);
    if (json_is(item, "/ListenerStatus", "Stopped"))
        r.unfit = "the listener is stopped";
    if (!read_held(job, l->kind, to->region, id, &b, err))
        return err_add(err, "listener %s", id);
    for (size_t at = 0; (host = links_next(&l->hosts, id, &at));)
        resource_add_name(a, &r, host, EVIDENCE_RULE);
    resource_add_held(a, &r, &b, NULL);
    return resource_emit(job, to, &r, &b, err);
}

bool aliyun_emit_listeners(struct job *job, const struct survey *to, const struct aliyun_listing *l,
                           const struct call *call, const char *arguments, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, call, to->region, "%p", arguments);
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_listener(job, to, l, item, err))
            return false;
    return pages_end(&p, err);
}

bool aliyun_listener_binding(struct job *job, const struct aliyun_listeners *kind, const struct resource *r,
                             const struct json *attributes, struct binding *now, struct err *err)
{
    static const char *const passing[] = {"Provisioning", "Configuring", "Starting", "Stopping", "Deleting"};
    for (size_t i = 0; i < countof(passing); i++)
        now->ready &= !json_is(attributes, "/ListenerStatus", passing[i]);
    return read_held(job, kind, r->region, r->vendor_id, now, err);
}

/* Those of the refs that the set holds, or lacks. */
static const char **refs_where(struct arena *a, const struct binding *now, const char **refs, size_t count,
                               bool held, size_t *ret_count)
{
    const char **found = arena_array(a, const char *, REFS_AT_ONCE);
    *ret_count = 0;
    for (size_t i = 0; i < count && *ret_count < REFS_AT_ONCE; i++)
        if (binding_holds(now, "sni", refs[i]) == held)
            found[(*ret_count)++] = refs[i];
    return found;
}

struct aliyun_write aliyun_listener_write(struct arena *a, const struct bind *w)
{
    const struct change *change = w->change;
    if (strcmp(change->slot, "default") == 0)
        return (struct aliyun_write){ALIYUN_SET_DEFAULT, change->add, 1};
    struct aliyun_write next = {.step = ALIYUN_ASSOCIATE};
    next.refs = refs_where(a, w->now, change->add, change->add_count, false, &next.count);
    if (next.count)
        return next;
    next.refs = refs_where(a, w->now, change->remove, change->remove_count, true, &next.count);
    next.step = next.count ? ALIYUN_DISSOCIATE : ALIYUN_NOTHING;
    return next;
}

#include "cloud/aliyun/ack.h"

#include <string.h>

const struct call ack_list_regions = {ALIYUN_ROA("cs", "2015-12-15", "DescribeRegions", "GET", "/regions"),
                                      .page = {.items = "/regions"}};
const struct call ack_list_clusters = {
    ALIYUN_ROA("cs", "2015-12-15", "DescribeClustersV1", "GET", "/api/v1/clusters"),
    .parameters = "region_id",
    PAGES_BY_NUMBER("/clusters", "/page_info/total_count", "page_number", "page_size", 50),
};
const struct call ack_list_ingresses = {KUBE("ListIngresses", "GET", "/apis/networking.k8s.io/v1/ingresses"),
                                        KUBE_PAGES(100)};
const struct call ack_list_secrets = {KUBE("ListSecrets", "GET", "/api/v1/secrets"),
                                      .parameters = "fieldSelector", .private_answer = true, KUBE_PAGES(30)};
const struct call ack_list_albconfigs = {KUBE("ListAlbConfigs", "GET", ACK_CRD "/albconfigs"),
                                         KUBE_PAGES(30)};

struct use { /* one host that an Ingress serves with a Secret */
    const char *namespace, *secret, *host, *address;
};

struct listing { /* one cluster, while it is listed */
    const struct survey *to;
    const struct cluster *cluster;
    struct arena *keep;
    struct use *uses;
    size_t use_count, use_capacity;
};

static const char *namespace_of(const struct json *object)
{
    return json_get(object, "/metadata/namespace");
}

static const char *name_of(const struct json *object)
{
    return json_get(object, "/metadata/name");
}

static void keep_use(struct listing *l, const struct json *ingress, const struct json *tls, const char *host)
{
    const struct json *balancer = json_at(ingress, "/status/loadBalancer/ingress/0");
    const char *address = json_str(json_at(balancer, "/ip"), json_get(balancer, "/hostname"));
    struct use *u = arena_push(l->keep, (void **)&l->uses, &l->use_count, &l->use_capacity, sizeof *u);
    *u = (struct use){arena_strdup(l->keep, namespace_of(ingress)),
                      arena_strdup(l->keep, json_get(tls, "/secretName")), arena_strdup(l->keep, host),
                      arena_strdup(l->keep, address)};
}

/* Without hosts of its own a tls entry serves those of the rules. */
static bool keep_uses(struct job *inside, struct listing *l, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(inside, &ack_list_ingresses, l->to->region, "{}");
    for (const struct json *item; (item = pages_next(&p));)
        json_each (tls, json_at(item, "/spec/tls")) {
            const struct json *hosts = json_at(tls, "/hosts");
            json_each (host, hosts)
                keep_use(l, item, tls, json_str(host, ""));
            json_each (rule, json_count(hosts) ? NULL : json_at(item, "/spec/rules"))
                keep_use(l, item, tls, json_get(rule, "/host"));
        }
    return pages_end(&p, err);
}

/* Who puts an object right again, whatever is changed by hand. */
static const char *owner_of(struct arena *a, const struct json *object)
{
    const struct json *metadata = json_at(object, "/metadata");
    const char *certificate =
        json_str(json_at(metadata, "/annotations/cert-manager.io~1certificate-name"), NULL);
    const char *manager = json_str(json_at(metadata, "/labels/app.kubernetes.io~1managed-by"), NULL);
    return certificate ? arena_printf(a, "cert-manager:%s", certificate)
           : manager   ? arena_printf(a, "kubernetes:%s", manager)
                       : "";
}

static char *extra_of(struct arena *a, const struct cluster *c, const struct json *object, const char *more)
{
    return json_format(a, "{'cluster':%s,'cluster_name':%s,'private':%p,'namespace':%s,'name':%s%p}", c->id,
                       c->name, json_boolean(c->private), namespace_of(object), name_of(object), more);
}

void ack_hold_secret(struct job *job, const struct json *secret, struct binding *b)
{
    struct arena *a = job->arena;
    unsigned char *pem;
    size_t size;
    const char *text = json_get(secret, "/data/tls.crt");
    bool decoded = base64_decode(a, text, strlen(text), &pem, &size, NULL);
    b->https = true;
    const struct bound *made =
        binding_add_pem(job, b, "default", "", decoded ? arena_copy(a, pem, size) : "", "");
    if (!*made->fingerprint) /* what cannot be read is none */
        b->bound_count--;
}

static bool emit_secret(struct job *job, const struct listing *l, const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const struct cluster *c = l->cluster;
    const char *namespace = namespace_of(item), *name = name_of(item);
    struct binding b = {0};
    ack_hold_secret(job, item, &b);
    struct resource r = {
        .vendor_id = arena_printf(a, "%s/secret/%s/%s", c->id, namespace, name),
        .title = arena_printf(a, "%s: Secret %s/%s", c->name, namespace, name),
        .managed_by = owner_of(a, item),
        .unfit = b.bound_count ? "" : "the Secret holds no certificate that can be read",
        .extra = extra_of(a, c, item, ""),
    };
    r.lock = r.vendor_id;
    for (size_t i = 0; i < l->use_count; i++) {
        const struct use *u = &l->uses[i];
        if (strcmp(u->namespace, namespace) != 0 || strcmp(u->secret, name) != 0)
            continue;
        r.host = r.host && *r.host ? r.host : u->address;
        resource_add_name(a, &r, u->host, EVIDENCE_DOMAIN);
    }
    resource_add_held(a, &r, &b, NULL);
    return resource_emit(job, l->to, &r, &b, err);
}

static bool emit_secrets(struct job *inside, const struct listing *l, struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(inside, &ack_list_secrets, l->to->region, "{'fieldSelector':'type=kubernetes.io/tls'}");
    for (const struct json *item; (item = pages_next(&p));)
        if (json_is(item, "/type", "kubernetes.io/tls") && !emit_secret(inside, l, item, err))
            return false;
    return pages_end(&p, err);
}

const struct json *ack_default_of(const struct json *listener)
{
    const struct json *list = json_at(listener, "/certificates");
    json_each (certificate, list)
        if (json_bool(json_at(certificate, "/IsDefault"), false))
            return certificate;
    return json_item(list, 0);
}

bool ack_hold_listener(struct job *outside, const char *region, const struct json *listener,
                       struct binding *b, struct err *err)
{
    const struct json *by_default = ack_default_of(listener);
    b->https = true;
    json_each (certificate, json_at(listener, "/certificates"))
        binding_add(outside->arena, b, certificate == by_default ? "default" : "sni",
                    json_get(certificate, "/CertificateId"));
    return binding_look_up(outside, region, b, err);
}

static bool emit_listener(struct job *outside, const struct listing *l, const struct json *config,
                          const struct json *listener, struct err *err)
{
    struct arena *a = outside->arena;
    const struct cluster *c = l->cluster;
    const char *namespace = namespace_of(config), *name = name_of(config);
    const char *path = *namespace ? arena_printf(a, "%s/%s", namespace, name) : name;
    const char *protocol = json_get(listener, "/protocol");
    const char *address_type = json_get(config, "/spec/config/addressType");
    long long port = json_int(json_at(listener, "/port"), 443);
    bool quic = strcmp(protocol, "QUIC") == 0;
    struct binding b = {0};
    struct resource r = {
        .vendor_id = arena_printf(a, "%s/albconfig/%s/%lld%s", c->id, path, port, quic ? "/quic" : ""),
        .title = arena_printf(a, "%s: AlbConfig %s %s:%lld", c->name, path, protocol, port),
        .host = json_get(config, "/status/loadBalancer/dnsname"),
        .port = (unsigned)port,
        .quic = quic,
        .reach = strcmp(address_type, "Internet") == 0   ? "public"
                 : strcmp(address_type, "Intranet") == 0 ? "private"
                                                         : "unknown",
        .lock = arena_printf(a, "%s/albconfig/%s", c->id, path),
        .managed_by = owner_of(a, config),
        .unfit = json_count(json_at(listener, "/certificates"))
                     ? ""
                     : "the listener takes its certificates from the Ingresses' Secrets",
        .extra = extra_of(a, c, config, json_format(a, ",'port':%lld,'protocol':%s", port, protocol)),
    };
    if (!ack_hold_listener(outside, l->to->region, listener, &b, err))
        return err_add(err, "%s", r.title);
    resource_add_held(a, &r, &b, NULL);
    return resource_emit(outside, l->to, &r, &b, err);
}

/* Their certificates are asked of the cloud itself. Clusters without the ALB controller know no AlbConfigs. */
static bool emit_albconfigs(struct job *inside, const struct listing *l, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(inside, &ack_list_albconfigs, l->to->region, "{}");
    for (const struct json *item; (item = pages_next(&p));) {
        struct job outside = *inside;
        outside.endpoint = NULL;
        json_each (listener, json_at(item, "/spec/listeners"))
            if ((json_is(listener, "/protocol", "HTTPS") || json_is(listener, "/protocol", "QUIC")) &&
                !emit_listener(&outside, l, item, listener, err))
                return false;
    }
    return pages_end(&p, err) || err->kind == ERR_NOT_FOUND;
}

static bool list_cluster(struct job *job, const struct survey *to, const struct json *item, struct err *err)
{
    cleanup(job_close) struct job inside = job_hidden(job);
    const char *urls = json_get(item, "/master_url");
    const struct json *v = NULL;
    bool known = json_parse(job->arena, urls, strlen(urls), &v, NULL);
    const struct cluster c = {.region = to->region,
                              .id = json_get(item, "/cluster_id"),
                              .name = json_get(item, "/name"),
                              .private = known && !*json_get(v, "/api_server_endpoint")};
    struct listing l = {.to = to, .cluster = &c, .keep = inside.arena};
    return kube_enter(&inside, &c, err) && ((keep_uses(&inside, &l, err) && emit_secrets(&inside, &l, err) &&
                                             emit_albconfigs(&inside, &l, err)) ||
                                            kube_failed(job, &c, err));
}

/* Whether a failure is the access's or our own, and not one cluster's. */
static bool concerns_all(enum err_kind kind)
{
    return kind == ERR_CREDENTIAL || kind == ERR_THROTTLED || kind == ERR_QUOTA || kind == ERR_STORE ||
           kind == ERR_INTERNAL;
}

/* What one cluster refuses is told when the others are through. */
bool ack_discover(struct job *job, const struct survey *to, struct err *err)
{
    struct err first = {0};
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &ack_list_clusters, to->region, "{'region_id':%s}", to->region);
    for (const struct json *item; !concerns_all(first.kind) && (item = pages_next(&p));) {
        struct err why = {0};
        bool listed = json_is(item, "/state", "running") &&
                      strcmp(json_str(json_at(item, "/region_id"), to->region), to->region) == 0;
        if (listed && !list_cluster(job, to, item, &why) &&
            (first.kind == ERR_NONE || concerns_all(why.kind)))
            first = why;
    }
    if (!pages_end(&p, err))
        return false;
    if (first.kind != ERR_NONE)
        *err = first;
    return first.kind == ERR_NONE;
}

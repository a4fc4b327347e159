#include "cloud/aliyun/ack.h"

#include "codec/name.h"
#include <string.h>

const struct call ack_list_regions = {ALIYUN_ROA("cs", "2015-12-15", "DescribeRegions", "GET", "/regions"),
                                      .page = {.items = "/regions"}};
const struct call ack_list_clusters = {
    ALIYUN_ROA("cs", "2015-12-15", "DescribeClustersV1", "GET", "/api/v1/clusters"),
    .parameters = "region_id page_number page_size",
    .page = {.items = "/clusters",
             .total = "/page_info/total_count",
             .position = "page_number",
             .size = "page_size",
             .size_value = 50,
             .style = PAGE_NUMBER},
};
const struct call ack_list_ingresses = {KUBE("ListIngresses", "GET", "/apis/networking.k8s.io/v1/ingresses"),
                                        .parameters = "limit continue", KUBE_PAGES(100)};
const struct call ack_list_secrets = {KUBE("ListSecrets", "GET", "/api/v1/secrets"),
                                      .parameters = "fieldSelector limit continue", .private_answer = true,
                                      KUBE_PAGES(30)};
const struct call ack_list_albconfigs = {KUBE("ListAlbConfigs", "GET",
                                              "/apis/alibabacloud.com/v1/albconfigs"),
                                         .parameters = "limit continue", KUBE_PAGES(30)};

struct use { /* one host that an Ingress serves with a Secret */
    const char *namespace, *secret, *host, *address;
};

struct listing {         /* one region, then one cluster of it */
    struct job *outside; /* whose calls go to the cloud itself */
    struct arena *keep;
    const char *region;
    struct cluster *clusters;
    size_t cluster_count, cluster_capacity;
    const struct cluster *cluster;
    struct use *uses;
    size_t use_count, use_capacity;
    resource_fn *each;
    void *context;
};

static bool keep_cluster(struct job *job, void *context, const struct json *item, const struct xml *node,
                         struct err *err)
{
    struct listing *l = context;
    const char *urls = json_str(json_at(item, "/master_url"), "");
    const struct json *v = NULL;
    (void)node;
    (void)err;
    if (strcmp(json_str(json_at(item, "/state"), ""), "running") != 0 ||
        strcmp(json_str(json_at(item, "/region_id"), l->region), l->region) != 0)
        return true;
    bool known = json_parse(job->arena, urls, strlen(urls), &v, NULL);
    struct cluster *c =
        arena_push(l->keep, (void **)&l->clusters, &l->cluster_count, &l->cluster_capacity, sizeof *c);
    *c = (struct cluster){.region = l->region,
                          .id = arena_strdup(l->keep, json_str(json_at(item, "/cluster_id"), "")),
                          .name = arena_strdup(l->keep, json_str(json_at(item, "/name"), "")),
                          .private = known && !*json_str(json_at(v, "/api_server_endpoint"), "")};
    return true;
}

static void keep_use(struct listing *l, const struct json *ingress, const struct json *tls, const char *host)
{
    const struct json *balancer = json_at(ingress, "/status/loadBalancer/ingress/0");
    struct use *u = arena_push(l->keep, (void **)&l->uses, &l->use_count, &l->use_capacity, sizeof *u);
    *u = (struct use){arena_strdup(l->keep, json_str(json_at(ingress, "/metadata/namespace"), "")),
                      arena_strdup(l->keep, json_str(json_at(tls, "/secretName"), "")),
                      arena_strdup(l->keep, host),
                      arena_strdup(l->keep, json_str(json_at(balancer, "/ip"),
                                                     json_str(json_at(balancer, "/hostname"), "")))};
}

/* Without hosts of its own a tls entry serves those of the rules. */
static bool keep_ingress(struct job *job, void *context, const struct json *item, const struct xml *node,
                         struct err *err)
{
    const struct json *tls = json_at(item, "/spec/tls"), *rules = json_at(item, "/spec/rules");
    (void)job;
    (void)node;
    (void)err;
    for (size_t i = 0; i < json_count(tls); i++) {
        const struct json *one = json_item(tls, i), *hosts = json_at(one, "/hosts");
        for (size_t j = 0; j < json_count(hosts); j++)
            keep_use(context, item, one, json_str(json_item(hosts, j), ""));
        for (size_t j = 0; !json_count(hosts) && j < json_count(rules); j++)
            keep_use(context, item, one, json_str(json_at(json_item(rules, j), "/host"), ""));
    }
    return true;
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

static char *extra_of(struct arena *a, const struct cluster *c, const struct json *object)
{
    return json_format(a, "{'cluster':%s,'cluster_name':%s,'private':%p,'namespace':%s,'name':%s", c->id,
                       c->name, json_boolean(c->private),
                       json_str(json_at(object, "/metadata/namespace"), ""),
                       json_str(json_at(object, "/metadata/name"), ""));
}

static void add_names(struct arena *a, struct resource *r)
{
    for (size_t i = 0; i < r->bound_count; i++)
        for (size_t j = 0; j < r->bound[i].name_count; j++)
            resource_add_name(a, r, r->bound[i].names[j], EVIDENCE_CERTIFICATE);
}

bool ack_bound_of_secret(struct job *job, const struct json *secret, struct bound *b)
{
    unsigned char *pem;
    size_t size;
    const char *text = json_str(json_at(secret, "/data/tls.crt"), "");
    *b = (struct bound){.slot = "default", .ref = "", .name = ""};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    if (!base64_decode(job->arena, text, strlen(text), &pem, &size, NULL) ||
        !session_bound_of_pem(job, arena_copy(job->arena, (const char *)pem, size), b))
        return false;
    b->ref = b->fingerprint;
    return true;
}

static bool emit_secret(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    const struct listing *l = context;
    struct arena *a = job->arena;
    const struct cluster *c = l->cluster;
    const char *namespace = json_str(json_at(item, "/metadata/namespace"), ""),
               *name = json_str(json_at(item, "/metadata/name"), "");
    struct bound bound;
    (void)node;
    if (strcmp(json_str(json_at(item, "/type"), ""), "kubernetes.io/tls") != 0)
        return true;
    bool held = ack_bound_of_secret(job, item, &bound);
    struct resource r = {
        .product = "aliyun/ack",
        .region = l->region,
        .vendor_id = arena_printf(a, "%s/secret/%s/%s", c->id, namespace, name),
        .title = arena_printf(a, "%s: Secret %s/%s", c->name, namespace, name),
        .https = true,
        .bound = &bound,
        .bound_count = held,
        .host = "",
        .port = 443,
        .reach = "unknown",
        .alias_of = "",
        .managed_by = owner_of(a, item),
        .unfit = held ? "" : "the Secret holds no certificate that can be read",
        .extra = arena_printf(a, "%s}", extra_of(a, c, item)),
    };
    r.lock = r.vendor_id;
    for (size_t i = 0; i < l->use_count; i++) {
        const struct use *u = &l->uses[i];
        const char *host;
        if (strcmp(u->namespace, namespace) != 0 || strcmp(u->secret, name) != 0)
            continue;
        r.host = *r.host ? r.host : u->address;
        if (name_normalise(a, u->host, true, &host, NULL))
            resource_add_name(a, &r, host, EVIDENCE_DOMAIN);
    }
    add_names(a, &r);
    return l->each(l->context, &r, err);
}

bool ack_bound_of_listener(struct job *outside, const char *region, const struct json *listener,
                           struct bound **ret, size_t *ret_count, struct err *err)
{
    struct arena *a = outside->arena;
    const struct json *list = json_at(listener, "/certificates");
    size_t standard = 0, count = json_count(list);
    struct bound *items = arena_array(a, struct bound, count + 1);
    for (size_t i = count; i-- > 0;)
        if (json_bool(json_at(json_item(list, i), "/IsDefault"), false))
            standard = i;
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct bound){.slot = i == standard ? "default" : "sni"};
        items[i].ref = json_str(json_at(json_item(list, i), "/CertificateId"), "");
        items[i].name = items[i].fingerprint = items[i].serial = items[i].key_type = items[i].issuer = "";
        if (!session_facts(outside, region, &items[i], err))
            return false;
    }
    *ret = items;
    *ret_count = count;
    return true;
}

static bool emit_listener(struct job *outside, const struct listing *l, const struct json *config,
                          const struct json *listener, struct err *err)
{
    struct arena *a = outside->arena;
    const struct cluster *c = l->cluster;
    const char *namespace = json_str(json_at(config, "/metadata/namespace"), ""),
               *name = json_str(json_at(config, "/metadata/name"), "");
    const char *path = *namespace ? arena_printf(a, "%s/%s", namespace, name) : name;
    const char *protocol = json_str(json_at(listener, "/protocol"), "");
    long long port = json_int(json_at(listener, "/port"), 443);
    if (strcmp(protocol, "HTTPS") != 0 && strcmp(protocol, "QUIC") != 0)
        return true;
    bool quic = strcmp(protocol, "QUIC") == 0;
    const char *address_type = json_str(json_at(config, "/spec/config/addressType"), "");
    struct resource r = {
        .product = "aliyun/ack",
        .region = l->region,
        .vendor_id = arena_printf(a, "%s/albconfig/%s/%lld%s", c->id, path, port, quic ? "/quic" : ""),
        .title = arena_printf(a, "%s: AlbConfig %s %s:%lld", c->name, path, protocol, port),
        .https = true,
        .host = json_str(json_at(config, "/status/loadBalancer/dnsname"), ""),
        .port = (unsigned)port,
        .quic = quic,
        .reach = strcmp(address_type, "Internet") == 0   ? "public"
                 : strcmp(address_type, "Intranet") == 0 ? "private"
                                                         : "unknown",
        .lock = arena_printf(a, "%s/albconfig/%s", c->id, path),
        .alias_of = "",
        .managed_by = owner_of(a, config),
        .unfit = json_count(json_at(listener, "/certificates"))
                     ? ""
                     : "the listener takes its certificates from the Ingresses' Secrets",
        .extra =
            arena_printf(a, "%s,\"port\":%lld,\"protocol\":\"%s\"}", extra_of(a, c, config), port, protocol),
    };
    if (!ack_bound_of_listener(outside, l->region, listener, &r.bound, &r.bound_count, err))
        return err_add(err, "%s", r.title);
    add_names(a, &r);
    return l->each(l->context, &r, err);
}

static bool emit_albconfig(struct job *job, void *context, const struct json *item, const struct xml *node,
                           struct err *err)
{
    const struct listing *l = context;
    const struct json *listeners = json_at(item, "/spec/listeners");
    struct job outside = *l->outside;
    outside.arena = job->arena;
    (void)node;
    for (size_t i = 0; i < json_count(listeners); i++)
        if (!emit_listener(&outside, l, item, json_item(listeners, i), err))
            return false;
    return true;
}

/* Clusters without the ALB controller know no AlbConfigs. */
static bool list_all_albconfigs(struct job *inside, struct listing *l, struct err *err)
{
    struct err why = {0};
    if (cloud_each(inside, &ack_list_albconfigs, l->region, emit_albconfig, l, &why, "{}") ||
        why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

static bool list_cluster(struct job *job, struct listing *l, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct endpoint endpoint;
    struct job inside = *job;
    inside.arena = hidden;
    l->use_count = 0;
    if (!kube_open(&inside, l->cluster, &endpoint, err))
        return false;
    inside.endpoint = &endpoint;
    return (cloud_each(&inside, &ack_list_ingresses, l->region, keep_ingress, l, err, "{}") &&
            cloud_each(&inside, &ack_list_secrets, l->region, emit_secret, l, err,
                       "{'fieldSelector':'type=kubernetes.io/tls'}") &&
            list_all_albconfigs(&inside, l, err)) ||
           kube_failed(job, l->cluster, err);
}

/* Whether a failure is one cluster's own. */
static bool others_may_answer(const struct err *err)
{
    switch (err->kind) {
    case ERR_PERMISSION:
    case ERR_CONFLICT:
    case ERR_NOT_FOUND:
    case ERR_TIMEOUT:
    case ERR_NETWORK:
    case ERR_VENDOR:
    case ERR_INPUT:
        return true;
    case ERR_NONE:
    case ERR_CREDENTIAL:
    case ERR_THROTTLED:
    case ERR_QUOTA:
    case ERR_INVALID_CERTIFICATE:
    case ERR_STORE:
    case ERR_INTERNAL:
        return false;
    }
    return false;
}

bool ack_discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {.outside = job,
                        .keep = job->arena,
                        .region = region,
                        .each = each,
                        .context = context};
    struct err first = {0};
    if (!cloud_each(job, &ack_list_clusters, region, keep_cluster, &l, err, "{'region_id':%s}", region))
        return false;
    for (size_t i = 0; i < l.cluster_count; i++) {
        struct err why = {0};
        l.cluster = &l.clusters[i];
        if (list_cluster(job, &l, &why))
            continue;
        if (first.kind == ERR_NONE)
            first = why;
        if (!others_may_answer(&why))
            break;
    }
    if (first.kind == ERR_NONE)
        return true;
    if (err)
        *err = first;
    return false;
}

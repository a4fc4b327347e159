/* ACK: the CS API (clusters, and kubeconfigs whose client certificates are made when asked for), and the table of what
 * the clusters' API servers answer.
 */
#include "crypto/mint.h"
#include "sim/aliyun/kube.h"

#include <string.h>

enum { PAGE_SIZE = 10, FOREVER_MINUTES = 10 * 365 * 24 * 60 };

static void reply(struct sim_call *c, const char *body)
{
    sim_reply(c, 200, "application/json;charset=utf-8", body);
}

static const char region_json[] = "{'regionId':%s,'localName':%s}";

static void describe_regions(struct sim_call *c)
{
    struct aliyun_answer answer = {.body = buf_new(c->arena, 1 << 16)};
    answer.w = json_writer_to(&answer.body);
    json_open_array(&answer.w);
    for (size_t i = 0; i < countof(aliyun_regions); i++)
        json_put_raw(&answer.w, json_format(c->arena, region_json, aliyun_regions[i], aliyun_regions[i]));
    json_close_array(&answer.w);
    reply(c, json_format(c->arena, "{'regions':%p,'requestId':%s}", answer.body.data, c->request_id));
}

static const char *address(struct sim_call *c, const struct sim_object *o, bool private)
{
    return arena_printf(c->arena, "https://%s%s:%d", private ? KUBE_PRIVATE : KUBE_PUBLIC,
                        sim_get(c, o, "octet"), KUBE_PORT);
}

static bool is_public(struct sim_call *c, const struct sim_object *o)
{
    return !strcmp(sim_get(c, o, "public"), "true");
}

static char *as_json(struct sim_call *c, const struct sim_object *o)
{
    const char *urls = json_format(c->arena, "{'api_server_endpoint':%s,'intranet_api_server_endpoint':%s}",
                                   is_public(c, o) ? address(c, o, false) : "", address(c, o, true));
    return json_format(
        c->arena,
        "{'cluster_id':%s,'name':%s,'region_id':%s,'state':%s,'cluster_type':%s,'cluster_spec':%s,"
        "'profile':'Default','master_url':%s,'current_version':'1.32.1-aliyun.1'}",
        o->id, sim_get(c, o, "name"), o->scope, sim_get(c, o, "state"), sim_get(c, o, "cluster_type"),
        strcmp(sim_get(c, o, "cluster_type"), "Kubernetes") ? "ack.pro.small" : "", urls);
}

static bool is_wanted(struct sim_call *c, const struct sim_object *o)
{
    static const struct {
        const char *arg, *field;
    } filters[] = {{"name", "name"}, {"cluster_type", "cluster_type"}};
    const char *region = sim_arg(c, "region_id"), *id = sim_arg(c, "cluster_id");
    for (size_t i = 0; i < countof(filters); i++) {
        const char *wanted = sim_arg(c, filters[i].arg);
        if (wanted && *wanted && strcmp(wanted, sim_get(c, o, filters[i].field)))
            return false;
    }
    return (!region || !strcmp(region, o->scope)) && (!id || !strcmp(id, o->id));
}

/* Every endpoint lists the clusters of all regions, unless asked for one. */
static void list_clusters(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "page_number", 1), size = sim_arg_int(c, "page_size", PAGE_SIZE), total = 0;
    struct buf items = buf_new(c->arena, 8 << 20);
    struct json_writer w = json_writer_to(&items);
    const struct sim_object *o;
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, kube_cluster_kind, NULL, &cursor));) {
        if (!is_wanted(c, o))
            continue;
        if (total >= (page - 1) * size && total < page * size)
            json_put_raw(&w, as_json(c, o));
        total++;
    }
    json_close_array(&w);
    reply(c,
          json_format(c->arena,
                      "{'clusters':%p,'page_info':{'page_number':%lld,'page_size':%lld,'total_count':%lld}}",
                      items.data, (long long)page, (long long)size, (long long)total));
}

static const struct sim_object *wanted(struct sim_call *c)
{
    const struct sim_object *o = sim_find(c, kube_cluster_kind, NULL, sim_arg(c, "ClusterId"));
    if (o && !strcmp(o->scope, c->region))
        return o;
    sim_fail(c, 404, "ErrorClusterNotFound", "cluster %s not found", sim_arg(c, "ClusterId"));
    return NULL;
}

static void describe_cluster(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        reply(c, as_json(c, o));
}

/* ---- kubeconfigs ---- */

static const char *data_of(struct sim_call *c, const char *pem)
{
    return base64_encode(c->arena, pem, strlen(pem));
}

static char *kubeconfig(struct sim_call *c, const struct sim_object *cluster, const char *server,
                        const char *ca_pem, const struct minted *client)
{
    const char *user = arena_printf(c->arena, "%s-%s", c->access->account, cluster->id);
    return arena_printf(
        c->arena,
        "apiVersion: v1\nclusters:\n- cluster:\n    server: %s\n    certificate-authority-data: %s\n"
        "  name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: \"%s\"\n"
        "  name: %s\ncurrent-context: %s\nkind: Config\npreferences: {}\nusers:\n- name: \"%s\"\n"
        "  user:\n    client-certificate-data: %s\n    client-key-data: %s\n",
        server, data_of(c, ca_pem), c->access->account, user, user, c->access->account,
        data_of(c, x509_pem(c->arena, &client->cert)), data_of(c, secret_bytes(client->key)));
}

static void describe_kubeconfig(struct sim_call *c)
{
    const struct sim_object *cluster = wanted(c);
    bool private = sim_arg_bool(c, "PrivateIpAddress", false);
    int64_t ends_ms = c->now_ms + sim_arg_int(c, "TemporaryDurationMinutes", FOREVER_MINUTES) * 60000;
    if (!cluster)
        return;
    const struct sim_object *ca = sim_find(c, kube_ca_kind, "", cluster->id);
    struct minted issuer, client;
    if (!ca || !ca->cert || (!private && !is_public(c, cluster))) {
        sim_fail(c, 400, "ErrorEndpointNotFound", "cluster %s has no public endpoint", cluster->id);
        return;
    }
    issuer = (struct minted){.cert = ca->cert->chain[0], .key = ca->cert->key};
    struct mint_request request = {.common_name = c->access->account,
                                   .organisation = "system:users",
                                   .key_type = KEY_ECDSA,
                                   .not_before_ms = c->now_ms - 300000,
                                   .not_after_ms = ends_ms};
    if (!mint_certificate(c->arena, &issuer, &request, &client, NULL)) {
        sim_fail(c, 500, "InternalError", "the certificate cannot be made");
        return;
    }
    SIM_CREATE(c, kube_client_kind, cluster->id, client.cert.sha256, {"key_id", c->access->key_id},
               {"ends_ms", arena_printf(c->arena, "%lld", (long long)ends_ms)});
    reply(c, json_format(c->arena, "{'config':%s,'expiration':%s}",
                         kubeconfig(c, cluster, address(c, cluster, private),
                                    x509_pem(c->arena, &issuer.cert), &client),
                         time_iso(c->arena, ends_ms)));
}

static void revoke_kubeconfig(struct sim_call *c)
{
    const struct sim_object *cluster = wanted(c);
    struct sim_object *o;
    for (size_t cursor = 0; cluster && (o = sim_next(c, kube_client_kind, cluster->id, &cursor));)
        if (!strcmp(sim_get(c, o, "key_id"), c->access->key_id))
            sim_delete(c, o);
    if (cluster)
        reply(c, "{}");
}

static const struct sim_param regions_params[] = {
    {"acceptLanguage", IN_QUERY, T_STRING},
    {"clusterType", IN_QUERY, T_STRING},
    {"profile", IN_QUERY, T_STRING},
};
static const struct sim_param clusters_params[] = {
    {"cluster_id", IN_QUERY, T_STRING},
    {"cluster_spec", IN_QUERY, T_STRING},
    {"cluster_type", IN_QUERY, T_STRING, .values = "Kubernetes ManagedKubernetes ExternalKubernetes"},
    {"name", IN_QUERY, T_STRING},
    {"page_number", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"page_size", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"profile", IN_QUERY, T_STRING, .values = "Default Edge Serverless Lingjun"},
    {"region_id", IN_QUERY, T_STRING},
};
static const struct sim_param cluster_params[] = {{"ClusterId", IN_PATH, T_STRING, .required = true}};
static const struct sim_param kubeconfig_params[] = {
    {"ClusterId", IN_PATH, T_STRING, .required = true},
    {"PrivateIpAddress", IN_QUERY, T_BOOLEAN},
    {"TemporaryDurationMinutes", IN_QUERY, T_INTEGER, .min = 15, .max = 4320},
};

static const struct sim_operation cs_operations[] = {
    {.name = "DescribeRegions",
     .method = "GET",
     .path = "/regions",
     SIM_PARAMS(regions_params),
     .run = describe_regions},
    {.name = "DescribeClustersV1",
     .method = "GET",
     .path = "/api/v1/clusters",
     SIM_PARAMS(clusters_params),
     .run = list_clusters},
    {.name = "DescribeClusterDetail",
     .method = "GET",
     .path = "/clusters/{ClusterId}",
     .resource = "ClusterId",
     SIM_PARAMS(cluster_params),
     .run = describe_cluster},
    {.name = "DescribeClusterUserKubeconfig",
     .method = "GET",
     .path = "/k8s/{ClusterId}/user_config",
     .resource = "ClusterId",
     SIM_PARAMS(kubeconfig_params),
     .run = describe_kubeconfig},
    {.name = "RevokeK8sClusterKubeConfig",
     .method = "DELETE",
     .path = "/k8s/{ClusterId}/certs",
     .writes = true,
     .resource = "ClusterId",
     SIM_PARAMS(cluster_params),
     .run = revoke_kubeconfig},
};

static const char *const cs_hosts[] = {"cs.{region}.aliyuncs.com", "cs.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_cs = {.cloud = "aliyun",
                                          .code = "cs",
                                          .version = "2015-12-15",
                                          .style = "lower",
                                          .hosts = cs_hosts,
                                          .operations = cs_operations,
                                          .operation_count = countof(cs_operations)};

/* ---- API servers ---- */

#define LIST_PARAMS                                                                                          \
    {"fieldSelector", IN_QUERY, T_STRING}, {"labelSelector", IN_QUERY, T_STRING},                            \
        {"limit", IN_QUERY, T_INTEGER, .min = 0, .max = 100000},                                             \
    {                                                                                                        \
        "continue", IN_QUERY, T_STRING                                                                       \
    }
#define NAMESPACE_PARAM                                                                                      \
    {                                                                                                        \
        "namespace", IN_PATH, T_STRING, .required = true                                                     \
    }
#define NAME_PARAM                                                                                           \
    {                                                                                                        \
        "name", IN_PATH, T_STRING, .required = true                                                          \
    }
#define PATCH_PARAMS                                                                                         \
    {"[]", IN_JSON, T_OBJECT, .required = true},                                                             \
        {"[].op", IN_JSON, T_STRING, .required = true, .values = "test replace add remove"},                 \
        {"[].path", IN_JSON, T_STRING, .required = true}, {"[].value", IN_JSON, T_ANY},                      \
    {                                                                                                        \
        "[].value.*", IN_JSON, T_ANY                                                                         \
    }
#define WHOLE_PARAMS                                                                                         \
    {"apiVersion", IN_JSON, T_STRING, .required = true}, {"kind", IN_JSON, T_STRING, .required = true},      \
        {"spec", IN_JSON, T_OBJECT, .required = true}, {"spec.*", IN_JSON, T_ANY},                           \
        {"metadata", IN_JSON, T_OBJECT, .required = true}, {"metadata.*", IN_JSON, T_ANY},                   \
        {"status", IN_JSON, T_OBJECT},                                                                       \
    {                                                                                                        \
        "status.*", IN_JSON, T_ANY                                                                           \
    }

static const struct sim_param list_params[] = {LIST_PARAMS};
static const struct sim_param list_named_params[] = {NAMESPACE_PARAM, LIST_PARAMS};
static const struct sim_param named_params[] = {NAMESPACE_PARAM, NAME_PARAM};
static const struct sim_param name_params[] = {NAME_PARAM};
static const struct sim_param patch_secret_params[] = {
    NAMESPACE_PARAM,
    NAME_PARAM,
    {"metadata", IN_JSON, T_OBJECT},
    {"metadata.*", IN_JSON, T_ANY},
    {"data", IN_JSON, T_OBJECT, .required = true},
    {"data.*", IN_JSON, T_STRING},
};
static const struct sim_param patch_params[] = {NAME_PARAM, PATCH_PARAMS};
static const struct sim_param patch_named_params[] = {NAMESPACE_PARAM, NAME_PARAM, PATCH_PARAMS};
static const struct sim_param whole_params[] = {NAME_PARAM, WHOLE_PARAMS};
static const struct sim_param whole_named_params[] = {NAMESPACE_PARAM, NAME_PARAM, WHOLE_PARAMS};

#define CRD "/apis/alibabacloud.com/v1"
#define OPERATION(title, verb, where, table, function)                                                       \
    {                                                                                                        \
        .name = (title), .method = (verb), .path = (where), SIM_PARAMS(table), .run = (function)             \
    }
#define WRITE(title, verb, where, table, function)                                                           \
    {                                                                                                        \
        .name = (title), .method = (verb), .path = (where), .writes = true, SIM_PARAMS(table),               \
        .run = (function)                                                                                    \
    }

static const struct sim_operation kube_operations[] = {
    OPERATION("ListSecrets", "GET", "/api/v1/secrets", list_params, kube_list_secrets),
    OPERATION("GetSecret", "GET", "/api/v1/namespaces/{namespace}/secrets/{name}", named_params,
              kube_get_secret),
    WRITE("PatchSecret", "PATCH", "/api/v1/namespaces/{namespace}/secrets/{name}", patch_secret_params,
          kube_patch_secret),
    OPERATION("ListIngresses", "GET", "/apis/networking.k8s.io/v1/ingresses", list_params,
              kube_list_ingresses),
    {.name = "GetApiResources", .method = "GET", .path = CRD, .run = kube_resources},
    OPERATION("ListAlbConfigs", "GET", CRD "/albconfigs", list_params, kube_list_albconfigs),
    OPERATION("GetAlbConfig", "GET", CRD "/albconfigs/{name}", name_params, kube_get_albconfig),
    WRITE("PatchAlbConfig", "PATCH", CRD "/albconfigs/{name}", patch_params, kube_patch_albconfig),
    WRITE("ReplaceAlbConfig", "PUT", CRD "/albconfigs/{name}", whole_params, kube_replace_albconfig),
    OPERATION("ListNamespacedAlbConfigs", "GET", CRD "/namespaces/{namespace}/albconfigs", list_named_params,
              kube_list_albconfigs),
    OPERATION("GetNamespacedAlbConfig", "GET", CRD "/namespaces/{namespace}/albconfigs/{name}", named_params,
              kube_get_albconfig),
    WRITE("PatchNamespacedAlbConfig", "PATCH", CRD "/namespaces/{namespace}/albconfigs/{name}",
          patch_named_params, kube_patch_albconfig),
    WRITE("ReplaceNamespacedAlbConfig", "PUT", CRD "/namespaces/{namespace}/albconfigs/{name}",
          whole_named_params, kube_replace_albconfig),
};

static const char *const kube_hosts[] = {KUBE_PUBLIC "{region}", KUBE_PRIVATE "{region}", NULL};

const struct sim_service sim_aliyun_k8s = {.cloud = "aliyun",
                                           .code = "k8s",
                                           .version = "v1",
                                           .style = "kube",
                                           .hosts = kube_hosts,
                                           .port = KUBE_PORT,
                                           .authority = kube_authority,
                                           .operations = kube_operations,
                                           .operation_count = countof(kube_operations),
                                           .resource_kind = kube_resource_kind,
                                           .generate = kube_generate,
                                           .entry = kube_entry,
                                           .choose = kube_choose};

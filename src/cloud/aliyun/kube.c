#include "cloud/aliyun/kube.h"

#include "codec/yaml_json.h"
#include <string.h>

enum { LASTS_MINUTES = 60, KEPT_MS = 30 * 60 * 1000, CONFIG_BYTES = 256 << 10 };

const struct call kube_get_kubeconfig = {
    ALIYUN_ROA("cs", "2015-12-15", "DescribeClusterUserKubeconfig", "GET", "/k8s/{ClusterId}/user_config"),
    .parameters = "PrivateIpAddress TemporaryDurationMinutes",
    .private_answer = true,
};

/* The entry of that name in a kubeconfig's list, and of it the member that holds the content. */
static const struct json *entry_of(struct arena *a, const struct json *config, const char *list,
                                   const char *name, const char *member)
{
    return json_at(json_find(json_at(config, list), "/name", name), arena_printf(a, "/%s", member));
}

static bool decode(struct arena *a, const struct json *v, const char *member, char **ret, size_t *ret_size,
                   struct err *err)
{
    unsigned char *bytes;
    const char *text = json_str(json_at(v, arena_printf(a, "/%s", member)), NULL);
    if (!text || !base64_decode(a, text, strlen(text), &bytes, ret_size, NULL) || !*ret_size)
        return err_set(err, ERR_VENDOR, "the kubeconfig has no %s", member);
    *ret = arena_copy(a, (const char *)bytes, *ret_size);
    return true;
}

static bool server_of(struct arena *a, const struct json *cluster, const char **ret, struct err *err)
{
    struct url url;
    if (!url_parse(a, json_str(json_at(cluster, "/server"), ""), &url, err))
        return err_add(err, "the kubeconfig's server");
    if (strcmp(url.scheme, "https") != 0 || strcmp(url.path, "/") != 0 || *url.query)
        return err_set(err, ERR_VENDOR, "the kubeconfig's server is no https address without a path");
    *ret = arena_printf(a, strchr(url.host, ':') ? "[%s]:%u" : "%s:%u", url.host, url.port);
    return true;
}

bool kube_config_parse(struct arena *a, const char *text, size_t size, struct endpoint *ret, struct err *err)
{
    const struct json *v;
    char *json, *ca, *client, *key;
    size_t ca_size, client_size, key_size;
    if (!yaml_to_json(a, text, size, &json, err) || !json_parse(a, json, strlen(json), &v, err))
        return err_add(err, "the kubeconfig");
    const char *current = json_str(json_at(v, "/current-context"), "");
    const struct json *context = entry_of(a, v, "/contexts", current, "context");
    const struct json *cluster =
        entry_of(a, v, "/clusters", json_str(json_at(context, "/cluster"), ""), "cluster");
    const struct json *user = entry_of(a, v, "/users", json_str(json_at(context, "/user"), ""), "user");
    struct endpoint e = {0};
    if (!server_of(a, cluster, &e.address, err) ||
        !decode(a, cluster, "certificate-authority-data", &ca, &ca_size, err) ||
        !decode(a, user, "client-certificate-data", &client, &client_size, err) ||
        !decode(a, user, "client-key-data", &key, &key_size, err))
        return false;
    e.ca_pem = ca;
    e.client_pem = client;
    e.client_key = secret_in(a, secret_new(key, key_size));
    *ret = e;
    return true;
}

static const char *note_of(struct arena *a, const struct cluster *cluster)
{
    return arena_printf(a, "kubeconfig %s", cluster->id);
}

bool kube_enter(struct job *job, const struct cluster *cluster, struct err *err)
{
    struct arena *a = job->arena;
    struct endpoint *endpoint = arena_make(a, struct endpoint);
    struct answer answer;
    const char *note = note_of(a, cluster);
    const struct secret *config = session_get_secret(job, note);
    bool kept = config != NULL; /* until the end it was kept with: it does not last longer for being used */
    if (!config) {
        if (!cloud_call(job, &kube_get_kubeconfig, cluster->region, &answer, err,
                        "{'ClusterId':%s,'PrivateIpAddress':%p,'TemporaryDurationMinutes':%d}", cluster->id,
                        json_boolean(cluster->private), LASTS_MINUTES))
            return kube_failed(job, cluster, err);
        const char *text = json_str(json_at(answer.json, "/config"), "");
        if (strlen(text) > CONFIG_BYTES)
            return err_set(err, ERR_VENDOR, "the kubeconfig of cluster %s is too large", cluster->id);
        config = secret_in(a, secret_new(text, strlen(text)));
    }
    if (!kube_config_parse(a, secret_bytes(config), secret_size(config), endpoint, err))
        return kube_failed(job, cluster, err);
    if (!kept)
        session_put_secret(job, note, config, KEPT_MS);
    job->endpoint = endpoint;
    return true;
}

bool kube_failed(struct job *job, const struct cluster *cluster, struct err *err)
{
    if (!err)
        return false;
    if (strcmp(err->code, "Kubernetes.Unauthorized") ==
        0) { /* perhaps revoked: the next call asks for another */
        session_put_secret(job, note_of(job->arena, cluster), NULL, 0);
        err->transient = true;
    }
    if (strcmp(err->code, "Kubernetes.Conflict") == 0)
        err->transient = true;
    if (err->kind == ERR_PERMISSION)
        return err_add(
            err,
            "cluster %s (%s): grant the RAM user of this access the role \"operations engineer\" on it (ACK "
            "console, Authorizations), or one that may get, list and patch secrets, ingresses and albconfigs",
            cluster->name, cluster->id);
    return err_add(err, "cluster %s (%s)%s", cluster->name, cluster->id,
                   cluster->private ? ", whose API server has no public address" : "");
}

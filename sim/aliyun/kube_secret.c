/* Secrets of the type kubernetes.io/tls, and the Ingresses that use them. */
#include "sim/aliyun/kube.h"

#include <string.h>

static const char *cluster_of(struct sim_call *c)
{
    return kube_cluster_of(c)->id;
}

static char *as_json(struct sim_call *c, const struct sim_object *o)
{
    const char *ca = sim_get(c, o, "ca.crt");
    return json_format(
        c->arena,
        "{'kind':'Secret','apiVersion':'v1','metadata':%p,'data':{%p'tls.crt':%s,'tls.key':%s},'type':%s}",
        kube_metadata(c, o), *ca ? json_format(c->arena, "'ca.crt':%s,", ca) : "", sim_get(c, o, "tls.crt"),
        sim_get(c, o, "tls.key"), sim_get(c, o, "type"));
}

void kube_list_secrets(struct sim_call *c)
{
    struct kube_page p;
    const struct sim_object *o;
    bool tls_only = sim_arg(c, "fieldSelector") != NULL;
    if (!kube_page_open(c, &p, "v1", "SecretList"))
        return;
    for (size_t cursor = 0; (o = sim_next(c, kube_resource_kind, cluster_of(c), &cursor));)
        if (!strcmp(sim_get(c, o, "kind"), "Secret") &&
            (!tls_only || !strcmp(sim_get(c, o, "type"), "kubernetes.io/tls")) && kube_page_holds(&p))
            json_put_raw(&p.w, as_json(c, o));
    kube_page_close(c, &p);
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = *c->resource ? sim_find(c, kube_resource_kind, cluster_of(c), c->resource) : NULL;
    if (!o)
        sim_fail(c, 404, "NotFound", "secrets \"%s\" not found", sim_arg(c, "name"));
    return o;
}

void kube_get_secret(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        kube_reply(c, as_json(c, o));
}

static const char *decoded(struct sim_call *c, const char *text)
{
    unsigned char *bytes;
    size_t size;
    if (!base64_decode(c->arena, text, strlen(text), &bytes, &size, NULL))
        return NULL;
    return arena_copy(c->arena, (const char *)bytes, size);
}

/* The API server itself looks at certificate and key only when both are there; that they fit it does not ask. What an edge
 * presents is kept beside the Secret, so that it can follow later.
 */
static const char *keep_pair(struct sim_call *c, const char *crt, const char *key)
{
    const char *pem = decoded(c, crt), *key_pem = decoded(c, key);
    if (!pem || !key_pem) {
        sim_fail(c, 400, "BadRequest", "illegal base64 data at input byte 0");
        return NULL;
    }
    const char *id = sim_hex_id(c->arena, arena_printf(c->arena, "%s%s", pem, key_pem), 40);
    if (!sim_find(c, kube_cert_kind, "", id))
        SIM_CREATE(c, kube_cert_kind, "", id, {"Cert", pem}, {"Key", key_pem});
    return id;
}

void kube_patch_secret(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const char *name;
    const struct json *metadata = json_at(c->json, "/metadata"), *data = json_at(c->json, "/data"), *value;
    if (!o || !kube_same_version(c, o, json_str(json_at(metadata, "/resourceVersion"), NULL)))
        return;
    for (size_t i = 0; json_member(c->json, i, &name, &value); i++)
        if (strcmp(name, "metadata") && strcmp(name, "data")) {
            sim_fail(c, 400, "BadRequest", "%s is not simulated", name);
            return;
        }
    for (size_t i = 0; json_member(metadata, i, &name, &value); i++)
        if (strcmp(name, "resourceVersion")) {
            sim_fail(c, 400, "BadRequest", "metadata.%s is not simulated", name);
            return;
        }
    const char *crt = json_str(json_at(data, "/tls.crt"), sim_get(c, o, "tls.crt"));
    const char *key = json_str(json_at(data, "/tls.key"), sim_get(c, o, "tls.key"));
    const char *pair = keep_pair(c, crt, key);
    if (!pair)
        return;
    bool same = !strcmp(crt, sim_get(c, o, "tls.crt")) && !strcmp(key, sim_get(c, o, "tls.key"));
    if (!same)
        SIM_CHANGE(c, o, SETTLE_EDGE, {"tls.crt", crt}, {"tls.key", key}, {"@pair", pair},
                   {"@version", kube_next_version(c)});
    kube_reply(c, as_json(c, o));
}

void kube_list_ingresses(struct sim_call *c)
{
    struct kube_page p;
    const struct sim_object *o;
    if (!kube_page_open(c, &p, "networking.k8s.io/v1", "IngressList"))
        return;
    for (size_t cursor = 0; (o = sim_next(c, kube_ingress_kind, cluster_of(c), &cursor));) {
        if (!kube_page_holds(&p))
            continue;
        const char *hosts[8];
        size_t count = 0;
        while (count < countof(hosts) &&
               (hosts[count] = sim_list_item(c->arena, sim_get(c, o, "hosts"), count)))
            count++;
        json_put_raw(
            &p.w,
            json_format(
                c->arena,
                "{'metadata':%p,'spec':{'ingressClassName':'nginx','tls':[{'hosts':%p,'secretName':%s}],"
                "'rules':[{'host':%s}]},'status':{'loadBalancer':{'ingress':[{'ip':%s}]}}}",
                kube_metadata(c, o), json_strings(c->arena, hosts, count), sim_get(c, o, "secret"), hosts[0],
                sim_get(c, o, "ip")));
    }
    kube_page_close(c, &p);
}

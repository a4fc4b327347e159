/* AlbConfigs: a custom resource whose spec is kept as the text that was sent. In some clusters it stands in a namespace, in
 * others it belongs to the cluster.
 */
#include "codec/json_slice.h"
#include "sim/aliyun/kube.h"

#include <string.h>

static bool is_namespaced(struct sim_call *c)
{
    return !strcmp(sim_get(c, kube_cluster_of(c), "namespaced"), "true");
}

static char *as_json(struct sim_call *c, const struct sim_object *o)
{
    return json_format(
        c->arena,
        "{'apiVersion':'alibabacloud.com/v1','kind':'AlbConfig','metadata':%p,'spec':%p,'status':"
        "{'loadBalancer':{'id':%s,'dnsname':%s}}}",
        kube_metadata(c, o), sim_get(c, o, "spec"), sim_get(c, o, "alb"), sim_get(c, o, "dnsname"));
}

static bool has_crd(struct sim_call *c)
{
    if (strcmp(sim_get(c, kube_cluster_of(c), "crd"), "none"))
        return true;
    sim_fail(c, 404, "NotFound", "the server could not find the requested resource");
    return false;
}

void kube_resources(struct sim_call *c)
{
    if (has_crd(c))
        kube_reply(
            c, json_format(c->arena,
                           "{'kind':'APIResourceList','apiVersion':'v1','groupVersion':'alibabacloud.com/v1',"
                           "'resources':[{'name':'albconfigs','singularName':'albconfig','namespaced':%p,"
                           "'kind':'AlbConfig','verbs':['get','list','patch','update']}]}",
                           json_boolean(is_namespaced(c))));
}

void kube_list_albconfigs(struct sim_call *c)
{
    struct kube_page p;
    const struct sim_object *o;
    const char *namespace = sim_arg(c, "namespace");
    if (!has_crd(c) || !kube_page_open(c, &p, "alibabacloud.com/v1", "AlbConfigList"))
        return;
    for (size_t cursor = 0; (o = sim_next(c, kube_resource_kind, kube_cluster_of(c)->id, &cursor));)
        if (!strcmp(sim_get(c, o, "kind"), "AlbConfig") &&
            (!namespace || !strcmp(namespace, sim_get(c, o, "namespace"))) && kube_page_holds(&p))
            json_put_raw(&p.w, as_json(c, o));
    kube_page_close(c, &p);
}

/* The path must be the one of its scope. */
static struct sim_object *wanted(struct sim_call *c)
{
    bool in_namespace = sim_arg(c, "namespace") != NULL;
    struct sim_object *o = *c->resource && in_namespace == is_namespaced(c)
                               ? sim_find(c, kube_resource_kind, kube_cluster_of(c)->id, c->resource)
                               : NULL;
    if (!o)
        sim_fail(c, 404, "NotFound", "albconfigs.alibabacloud.com \"%s\" not found", sim_arg(c, "name"));
    return o;
}

void kube_get_albconfig(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        kube_reply(c, as_json(c, o));
}

static bool invalid(struct sim_call *c, const char *message)
{
    sim_fail(c, 422, "Invalid", "%s", message);
    return false;
}

/* The schema: listeners with a port and a protocol, certificates with an id. */
static bool check_spec(struct sim_call *c, const struct json *spec)
{
    const struct json *listeners = json_at(spec, "/listeners");
    if (!json_is_object(spec) || (!json_is_null(listeners) && !json_is_array(listeners)))
        return invalid(c, "spec.listeners: Invalid value: must be of type array");
    for (size_t i = 0; i < json_count(listeners); i++) {
        const struct json *l = json_item(listeners, i), *certificates = json_at(l, "/certificates");
        if (!json_is_number(json_at(l, "/port")) || !json_is_string(json_at(l, "/protocol")))
            return invalid(c, "spec.listeners.port: Required value");
        if (!json_is_null(certificates) && !json_is_array(certificates))
            return invalid(c, "spec.listeners.certificates: Invalid value: must be of type array");
        for (size_t k = 0; k < json_count(certificates); k++)
            if (!json_is_string(json_at(json_item(certificates, k), "/CertificateId")))
                return invalid(c, "spec.listeners.certificates.CertificateId: Required value");
    }
    return true;
}

/* Puts a whole document in the place of the object, if its version is the present one. */
static void replace(struct sim_call *c, struct sim_object *o, const char *document)
{
    const struct json *v;
    char *spec;
    if (!json_parse(c->arena, document, strlen(document), &v, NULL) ||
        !json_excerpt(c->arena, document, strlen(document), "/spec", &spec, NULL)) {
        (void)invalid(c, "the document has no spec");
        return;
    }
    if (strcmp(json_str(json_at(v, "/metadata/name"), ""), sim_get(c, o, "name"))) {
        (void)invalid(c, "metadata.name: Invalid value: field is immutable");
        return;
    }
    if (!kube_same_version(c, o, json_str(json_at(v, "/metadata/resourceVersion"), NULL)) ||
        !check_spec(c, json_at(v, "/spec")))
        return;
    if (strcmp(spec, sim_get(c, o, "spec")))
        SIM_CHANGE(c, o, SETTLE_EDGE, {"spec", spec}, {"@version", kube_next_version(c)});
    kube_reply(c, as_json(c, o));
}

void kube_replace_albconfig(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    if (!json_str(json_at(c->json, "/metadata/resourceVersion"), NULL)) {
        (void)invalid(c, "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update");
        return;
    }
    replace(c, o, c->request->body);
}

/* One step of a JSON patch on the text of the object. */
static bool patch_once(struct sim_call *c, const struct json *step, char **document)
{
    const char *op = json_str(json_at(step, "/op"), ""), *path = json_str(json_at(step, "/path"), "");
    const struct json *v, *value = json_at(step, "/value");
    if (!json_parse(c->arena, *document, strlen(*document), &v, NULL))
        return invalid(c, "the document");
    const struct json *there = json_at(v, path);
    if (!strcmp(op, "test"))
        return (there && value && !strcmp(json_dump(c->arena, there), json_dump(c->arena, value))) ||
               invalid(c, arena_printf(c->arena, "testing value %s failed: test failed", path));
    if (!strcmp(op, "remove") && there)
        return json_cut(c->arena, *document, strlen(*document), path, document, NULL) ||
               invalid(c, "only members are removed here");
    bool there_enough = !strcmp(op, "add") || (!strcmp(op, "replace") && there);
    return (there_enough && value &&
            json_splice(c->arena, *document, strlen(*document), path, json_dump(c->arena, value), document,
                        NULL)) ||
           invalid(c,
                   arena_printf(c->arena, "%s operation does not apply: doc is missing path: %s", op, path));
}

void kube_patch_albconfig(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    char *document = o ? as_json(c, o) : NULL;
    for (size_t i = 0; o && i < json_count(c->json); i++)
        if (!patch_once(c, json_item(c->json, i), &document))
            return;
    if (o)
        replace(c, o, document);
}

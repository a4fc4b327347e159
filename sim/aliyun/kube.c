/* The API server of an ACK cluster: who a visitor is, by the client certificate of a kubeconfig, and how it refuses. */
#include "sim/aliyun/kube.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LIST_BYTES = 32 << 20 };

const char kube_cluster_kind[] = "ack.cluster", kube_ca_kind[] = "@ack.ca",
           kube_client_kind[] = "@ack.client", kube_resource_kind[] = "ack.resource",
           kube_ingress_kind[] = "ack.ingress", kube_cert_kind[] = "@ack.cert";

/* ---- refusals ---- */

void kube_fail(struct sim_call *c, unsigned status, const char *reason, const char *message)
{
    sim_reply(c, status, "application/json",
              json_format(c->arena,
                          "{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Failure','message':%s,"
                          "'reason':%s,'code':%u}",
                          message, reason, status));
}

void kube_refuse(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    switch (why) {
    case REFUSE_THROTTLED:
        sim_reply_header(c, "Retry-After", "1");
        sim_fail(c, 429, "TooManyRequests", "Too many requests, please try again later.");
        return;
    case REFUSE_INTERNAL:
        sim_fail(c, 500, "InternalError", "Internal error occurred: %s",
                 detail ? detail : "etcdserver: leader changed");
        return;
    case REFUSE_DENIED:
        sim_fail(c, 403, "Forbidden", "%s is forbidden: User \"%s\" cannot do %s at the cluster scope",
                 c->resource, c->key_id, detail);
        return;
    case REFUSE_CREDENTIAL:
        sim_fail(c, 401, "Unauthorized", "Unauthorized %s", detail ? detail : "");
        return;
    case REFUSE_UNKNOWN_ACTION:
        sim_fail(c, 404, "NotFound", "the server could not find the requested resource");
        return;
    case REFUSE_UNKNOWN_PARAMETER:
    case REFUSE_MISSING_PARAMETER:
    case REFUSE_BAD_PARAMETER:
        sim_fail(c, 400, "BadRequest", "invalid or missing parameter %s", detail);
        return;
    case REFUSE_BAD_REQUEST:
        sim_fail(c, 400, "BadRequest", "%s", detail);
        return;
    }
}

static bool no(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    kube_refuse(c, why, detail);
    return false;
}

/* ---- clusters ---- */

const struct sim_object *kube_cluster(struct sim_state *s, const char *last_octet)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = state_next(s, "aliyun", NULL, kube_cluster_kind, NULL, &cursor));)
        if (!strcmp(sim_field(o->now, "octet"), last_octet))
            return o;
    return NULL;
}

const struct sim_object *kube_authority(struct sim_state *s, const char *last_octet)
{
    const struct sim_object *cluster = kube_cluster(s, last_octet);
    return cluster ? state_find(s, "aliyun", cluster->account, kube_ca_kind, "", cluster->id) : NULL;
}

/* ---- routing ---- */

static const char *octet_of(struct sim_call *c)
{
    const char *last = strrchr(c->request->host, '.') + 1;
    return arena_copy(c->arena, last, strcspn(last, ":"));
}

const struct sim_object *kube_cluster_of(struct sim_call *c)
{
    return kube_cluster(c->state, octet_of(c));
}

static bool read_body(struct sim_call *c)
{
    const char *type = sim_request_header(c->request, "content-type"),
               *wanted = !strcmp(c->operation->name, "PatchSecret") ? "application/merge-patch+json"
                         : !strcmp(c->request->method, "PATCH")     ? "application/json-patch+json"
                                                                    : "application/json";
    const struct json *v;
    if (!c->request->body_size)
        return true;
    if (!type || strncasecmp(type, wanted, strlen(wanted))) {
        sim_fail(c, 415, "UnsupportedMediaType",
                 "the body of the request was in an unknown format - accepted: %s", wanted);
        return false;
    }
    if (!json_parse(c->arena, c->request->body, c->request->body_size, &v, NULL))
        return no(c, REFUSE_BAD_REQUEST, "the body is not valid JSON");
    sim_param_json(c, v, "");
    return true;
}

/* What the call is about, by the id that the log and denials know it by. */
static void name_resource(struct sim_call *c, const char *cluster)
{
    const char *namespace = sim_arg(c, "namespace"), *name = sim_arg(c, "name");
    const struct sim_object *o;
    if (!name)
        return;
    bool secret = strstr(c->operation->path, "/secrets") != NULL;
    for (size_t cursor = 0; (o = state_next(c->state, "aliyun", NULL, kube_resource_kind, cluster, &cursor));)
        if (!strcmp(sim_field(o->now, "name"), name) &&
            (!strcmp(sim_field(o->now, "kind"), "Secret")) == secret &&
            (!namespace || !strcmp(sim_field(o->now, "namespace"), namespace)))
            c->resource = o->id;
}

bool kube_route(struct sim_call *c)
{
    const char *octet = octet_of(c);
    sim_state_lock(c->state);
    const struct sim_object *cluster = kube_cluster(c->state, octet);
    sim_state_unlock(c->state);
    c->region = cluster ? cluster->scope : "";
    if (!cluster || !aliyun_rest_operation(c))
        return no(c, REFUSE_UNKNOWN_ACTION, "");
    c->action = c->operation->name;
    if (!aliyun_rest_query(c))
        return no(c, REFUSE_BAD_REQUEST, "the query cannot be decoded");
    sim_state_lock(c->state);
    name_resource(c, cluster->id);
    sim_state_unlock(c->state);
    return read_body(c);
}

/* ---- who ---- */

bool kube_authenticate(struct sim_call *c)
{
    sim_state_lock(c->state);
    const struct sim_object *cluster = kube_cluster(c->state, octet_of(c));
    const struct sim_object *client = cluster && *c->request->client
                                          ? state_find(c->state, "aliyun", cluster->account, kube_client_kind,
                                                       cluster->id, c->request->client)
                                          : NULL;
    const char *key_id = client ? arena_strdup(c->arena, sim_field(client->now, "key_id")) : "";
    int64_t ends_ms = client ? strtoll(sim_field(client->now, "ends_ms"), NULL, 10) : 0;
    bool rights = cluster && strcmp(sim_field(cluster->now, "rights"), "none") != 0;
    sim_state_unlock(c->state);
    c->access = client && c->now_ms < ends_ms ? sim_access_find(c, key_id) : NULL;
    if (!c->access)
        return no(c, REFUSE_CREDENTIAL, NULL);
    return rights || no(c, REFUSE_DENIED, c->operation->name);
}

/* ---- answers ---- */

void kube_reply(struct sim_call *c, const char *body)
{
    sim_reply(c, 200, "application/json", body);
}

static bool selected(struct sim_call *c)
{
    const char *fields = sim_arg(c, "fieldSelector"), *labels = sim_arg(c, "labelSelector");
    if (labels && *labels)
        return no(c, REFUSE_BAD_REQUEST, "label selectors are not simulated");
    if (fields && *fields && strcmp(fields, "type=kubernetes.io/tls"))
        return no(c, REFUSE_BAD_REQUEST, "field label not supported");
    return true;
}

bool kube_page_open(struct sim_call *c, struct kube_page *p, const char *api, const char *kind)
{
    const char *token = sim_arg(c, "continue");
    *p =
        (struct kube_page){.size = (size_t)sim_arg_int(c, "limit", 0), .body = buf_new(c->arena, LIST_BYTES)};
    p->size = p->size ? p->size : SIZE_MAX / 2;
    if (!selected(c))
        return false;
    if (token && *token && !sim_page_token_read(token, &p->from)) {
        sim_fail(c, 410, "Expired", "The provided continue parameter is too old.");
        return false;
    }
    p->w = json_writer_to(&p->body);
    json_open_object(&p->w);
    json_member_string(&p->w, "kind", kind);
    json_member_string(&p->w, "apiVersion", api);
    json_key(&p->w, "items");
    json_open_array(&p->w);
    return true;
}

bool kube_page_holds(struct kube_page *p)
{
    size_t i = p->seen++;
    return i >= p->from && i < p->from + p->size;
}

void kube_page_close(struct sim_call *c, struct kube_page *p)
{
    json_close_array(&p->w);
    bool more = p->from + p->size < p->seen;
    json_member_raw(&p->w, "metadata",
                    json_format(c->arena, "{'resourceVersion':'1000','continue':%s}",
                                more ? sim_page_token(c->arena, p->from + p->size) : ""));
    json_close_object(&p->w);
    kube_reply(c, p->body.data);
}

char *kube_metadata(struct sim_call *c, const struct sim_object *o)
{
    const char *namespace = sim_get(c, o, "namespace"), *labels = sim_get(c, o, "labels"),
               *annotations = sim_get(c, o, "annotations");
    return json_format(c->arena, "{'name':%s,%p'resourceVersion':%s,'labels':%p,'annotations':%p}",
                       sim_get(c, o, "name"),
                       *namespace ? json_format(c->arena, "'namespace':%s,", namespace) : "",
                       sim_get(c, o, "@version"), *labels ? labels : "{}", *annotations ? annotations : "{}");
}

char *kube_next_version(struct sim_call *c)
{
    return arena_printf(c->arena, "%lld", (long long)sim_serial(c));
}

bool kube_same_version(struct sim_call *c, const struct sim_object *o, const char *sent)
{
    if (!sent || !*sent || !strcmp(sent, sim_get(c, o, "@version")))
        return true;
    sim_fail(
        c, 409, "Conflict",
        "Operation cannot be fulfilled on \"%s\": the object has been modified; please apply your changes to "
        "the latest version and try again",
        sim_get(c, o, "name"));
    return false;
}

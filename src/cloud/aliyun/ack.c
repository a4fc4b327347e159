/* Alibaba Cloud ACK: what serves TLS inside of Kubernetes clusters.
 *
 * CS lists the clusters and hands out kubeconfigs; the rest is asked of each cluster's own API server. Two kinds of
 * resources: a Secret of the type kubernetes.io/tls holds certificate and key themselves, and its old key can be read and is
 * kept for the way back; the names come from the Ingresses that use it. A listener of an AlbConfig names certificates of CAS;
 * the ALB's own API would be set right again by the controller. Every write carries the resourceVersion that was read: 409
 * means that somebody else was faster, and nothing happened. What a cluster refuses does not end the list of the others.
 */
#include "cloud/aliyun/ack.h"

#include "codec/json_slice.h"
#include <string.h>

#define CRD "/apis/alibabacloud.com/v1"
#define ONE_SECRET "/api/v1/namespaces/{namespace}/secrets/{name}"

static const struct call get_secret = {KUBE("GetSecret", "GET", ONE_SECRET), .private_answer = true};
static const struct call patch_secret = {KUBE("PatchSecret", "PATCH", ONE_SECRET), .write = true,
                                         .content_type = "application/merge-patch+json",
                                         .parameters = "body.metadata.resourceVersion body.data.*",
                                         .private_answer = true};
#define PATCH_ALBCONFIG                                                                                      \
    .write = true, .content_type = "application/json-patch+json",                                            \
    .parameters = "body[].op body[].path body[].value.*"
/* Of the cluster, and of a namespace in clusters with the older definition. */
static const struct call get_albconfig[] = {{KUBE("GetAlbConfig", "GET", CRD "/albconfigs/{name}")},
                                            {KUBE("GetNamespacedAlbConfig", "GET",
                                                  CRD "/namespaces/{namespace}/albconfigs/{name}")}};
static const struct call patch_albconfig[] = {{KUBE("PatchAlbConfig", "PATCH", CRD "/albconfigs/{name}"),
                                               PATCH_ALBCONFIG},
                                              {KUBE("PatchNamespacedAlbConfig", "PATCH",
                                                    CRD "/namespaces/{namespace}/albconfigs/{name}"),
                                               PATCH_ALBCONFIG}};

/* ---- one resource ---- */

struct place { /* what the resource's `extra` says */
    struct cluster cluster;
    const char *namespace, *name, *protocol; /* protocol "": a Secret */
    long long port;
};

static bool place_of(struct arena *a, const struct resource *r, struct place *ret, struct err *err)
{
    const struct json *v;
    if (!json_parse(a, r->extra, strlen(r->extra), &v, err))
        return err_add(err, "what is known of %s", r->title);
    *ret = (struct place){.cluster = {.region = r->region,
                                      .id = json_get(v, "/cluster"),
                                      .name = json_get(v, "/cluster_name"),
                                      .private = json_bool(json_at(v, "/private"), false)},
                          .namespace = json_get(v, "/namespace"),
                          .name = json_get(v, "/name"),
                          .protocol = json_get(v, "/protocol"),
                          .port = json_int(json_at(v, "/port"), 0)};
    return (*ret->cluster.id && *ret->name) ||
           err_set(err, ERR_INPUT, "%s was listed by another version: synchronise again", r->title);
}

static bool is_secret(const struct place *p)
{
    return !*p->protocol;
}

/* A job whose calls go to the cluster; everything it keeps lives in `hidden`. */
static bool enter(struct job *job, struct arena *hidden, const struct resource *r, struct place *place,
                  struct endpoint *endpoint, struct job *ret, struct err *err)
{
    struct job inside = *job;
    inside.arena = hidden;
    if (!place_of(hidden, r, place, err) || !kube_open(&inside, &place->cluster, endpoint, err))
        return false;
    inside.endpoint = endpoint;
    *ret = inside;
    return true;
}

static bool read_secret(struct job *job, struct job *inside, const struct place *p, struct binding *ret,
                        struct err *err)
{
    struct answer answer;
    struct arena *a = job->arena;
    if (!cloud_call(inside, &get_secret, p->cluster.region, &answer, err, "{'namespace':%s,'name':%s}",
                    p->namespace, p->name))
        return kube_failed(job, &p->cluster, err);
    const struct json *v = answer.json, *data = json_at(v, "/data");
    const char *member, *vault = json_format(inside->arena, "{'crt':%s,'key':%s}", json_get(data, "/tls.crt"),
                                             json_get(data, "/tls.key"));
    const struct json *value;
    const char *others[16];
    size_t other_count = 0;
    for (size_t i = 0; json_member(data, i, &member, &value) && other_count < countof(others); i++)
        if (strcmp(member, "tls.crt") != 0 && strcmp(member, "tls.key") != 0)
            others[other_count++] = member;
    *ret = (struct binding){
        .https = true,
        .ready = true,
        .etag = arena_strdup(a, json_get(v, "/metadata/resourceVersion")),
        .bound = arena_make(a, struct bound),
        .settings = json_format(a, "{'type':%s,'labels':%p,'annotations':%p,'data':%p}", json_get(v, "/type"),
                                json_dump(a, json_at(v, "/metadata/labels")),
                                json_dump(a, json_at(v, "/metadata/annotations")),
                                json_strings(a, others, other_count)),
        .vault = strlen(vault) <= SECRET_MAX_BYTES ? secret_in(a, secret_new(vault, strlen(vault))) : NULL,
    };
    ret->bound_count = ack_bound_of_secret(job, v, ret->bound);
    return true;
}

/* The place of the listener in the list; false where it is gone. */
static bool find_listener(const struct json *config, const struct place *p, size_t *ret)
{
    const struct json *listeners = json_at(config, "/spec/listeners");
    for (size_t i = 0; i < json_count(listeners); i++)
        if (json_int(json_at(json_item(listeners, i), "/port"), 0) == p->port &&
            strcmp(json_str(json_at(json_item(listeners, i), "/protocol"), ""), p->protocol) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

static bool read_listener(struct job *job, struct job *inside, const struct place *p, struct binding *ret,
                          struct err *err)
{
    struct answer answer;
    size_t at;
    char *settings;
    inside->arena = job->arena; /* nothing secret in it */
    if (!cloud_call(inside, &get_albconfig[*p->namespace != 0], p->cluster.region, &answer, err,
                    "{'namespace':%s,'name':%s}", *p->namespace ? p->namespace : NULL, p->name))
        return kube_failed(job, &p->cluster, err);
    if (!find_listener(answer.json, p, &at))
        return err_set(err, ERR_NOT_FOUND, "AlbConfig %s has no listener %s:%lld", p->name, p->protocol,
                       p->port);
    const char *pointer = arena_printf(job->arena, "/spec/listeners/%zu", at);
    struct binding b = {.https = true,
                        .ready = true,
                        .etag = json_get(answer.json, "/metadata/resourceVersion"),
                        .document = answer.text};
    if (!ack_bound_of_listener(job, p->cluster.region, json_at(answer.json, pointer), &b.bound,
                               &b.bound_count, err) ||
        !json_excerpt(job->arena, answer.text, answer.size, pointer, &settings, err) ||
        !json_cut(job->arena, settings, strlen(settings), "/certificates", &settings, err))
        return false;
    b.settings = settings;
    *ret = b;
    return true;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct place p;
    struct endpoint endpoint;
    struct job inside;
    return enter(job, hidden, r, &p, &endpoint, &inside, err) &&
           (is_secret(&p) ? read_secret : read_listener)(job, &inside, &p, ret, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    struct place p;
    if (!place_of(job->arena, r, &p, err))
        return false;
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "ACK's Ingress controllers take no SM2 certificates");
    *ret = is_secret(&p) ? NULL : aliyun_store(job, r->region);
    return true;
}

/* 409: somebody was faster; what is read next tells whether the change is still wanted. */
static bool written(struct job *job, const struct place *p, bool ok, struct err *err)
{
    if (ok || !err)
        return ok;
    if (strcmp(err->code, "Kubernetes.Conflict") == 0)
        err->transient = true;
    return kube_failed(job, &p->cluster, err);
}

static bool put_pair(struct job *job, struct job *inside, const struct place *p, const struct binding *now,
                     const char *crt, const char *key, struct err *err)
{
    struct answer answer;
    const char *arguments = json_format(inside->arena,
                                        "{'namespace':%s,'name':%s,'body':{'metadata':{'resourceVersion':%s},"
                                        "'data':{'tls.crt':%s,'tls.key':%s}}}",
                                        p->namespace, p->name, now->etag, crt, key);
    return written(job, p,
                   cloud_call_secret(inside, &patch_secret, p->cluster.region, &answer, err, "%p", arguments),
                   err);
}

/* What a Secret held, byte for byte. */
static bool put_back(struct job *job, struct job *inside, const struct place *p, const struct bind *w,
                     struct err *err)
{
    const struct secret *saved = w->before->vault;
    const struct json *v;
    return json_parse(inside->arena, secret_bytes(saved), secret_size(saved), &v, err) &&
           put_pair(job, inside, p, w->now, json_get(v, "/crt"), json_get(v, "/key"), err);
}

static bool put_material(struct job *job, struct job *inside, const struct place *p,
                         const struct binding *now, const struct material *m, struct err *err)
{
    return put_pair(job, inside, p, now,
                    base64_encode(inside->arena, m->fullchain_pem, strlen(m->fullchain_pem)),
                    base64_encode(inside->arena, secret_bytes(m->key), secret_size(m->key)), err);
}

static bool write_secret(struct job *job, struct job *inside, const struct place *p,
                         const struct binding *now, const struct change *change, const struct material *m,
                         struct err *err)
{
    struct material own;
    if (strcmp(change->slot, "default") != 0)
        return err_set(err, ERR_INPUT, "a Secret holds one certificate and no set of them");
    if (!change->add_count)
        return err_set(err, ERR_INPUT,
                       "a Secret of this type always holds a certificate: it is replaced, not removed");
    if (m && strcmp(m->fingerprint, change->add[0]) == 0)
        return put_material(job, inside, p, now, m, err);
    return (session_material(inside, change->add[0], &own, err) ||
            err_add(err, "the certificate of %s", p->name)) &&
           put_material(job, inside, p, now, &own, err);
}

/* The certificates as they shall be: bytes of entries that stay are kept. False: the document is not as it was read. */
static bool new_list(struct arena *a, const struct binding *now, const struct change *change, size_t at,
                     char **ret, struct err *err)
{
    struct buf out = buf_new(a, 256 << 10);
    struct json_writer w = json_writer_to(&out);
    bool standard = strcmp(change->slot, "default") == 0;
    json_open_array(&w);
    for (size_t i = 0; i < now->bound_count; i++) {
        const struct bound *b = &now->bound[i];
        const char *pointer = arena_printf(a, "/spec/listeners/%zu/certificates/%zu", at, i);
        char *entry;
        bool gone = false;
        if (!json_excerpt(a, now->document, strlen(now->document), pointer, &entry, err))
            return false;
        if (standard && strcmp(b->slot, "default") == 0 &&
            !json_splice(a, entry, strlen(entry), "/CertificateId", json_format(a, "%s", change->add[0]),
                         &entry, err))
            return false;
        for (size_t k = 0; k < change->remove_count && !standard; k++)
            gone |= strcmp(b->slot, "sni") == 0 && strcmp(b->ref, change->remove[k]) == 0;
        if (!gone)
            json_put_raw(&w, entry);
    }
    for (size_t k = 0; k < change->add_count && !standard; k++)
        if (!binding_holds(now, "sni", change->add[k]))
            json_put_raw(&w, json_format(a, "{'CertificateId':%s,'IsDefault':false}", change->add[k]));
    json_close_array(&w);
    *ret = out.data;
    return true;
}

static bool write_listener(struct job *job, struct job *inside, const struct place *p,
                           const struct binding *now, const struct change *change, const struct material *m,
                           struct err *err)
{
    struct arena *a = job->arena;
    const struct json *v;
    struct answer answer;
    size_t at;
    char *list;
    (void)m;
    inside->arena = a;
    if (strcmp(change->slot, "default") == 0 && !change->add_count)
        return err_set(err, ERR_INPUT,
                       "a listener always has a default certificate: it can be replaced, not removed");
    if (!json_parse(a, now->document, strlen(now->document), &v, err))
        return false;
    if (!find_listener(v, p, &at))
        return err_set(err, ERR_NOT_FOUND, "AlbConfig %s has no listener %s:%lld", p->name, p->protocol,
                       p->port);
    if (!new_list(a, now, change, at, &list, err))
        return false;
    return written(
        job, p,
        cloud_call(inside, &patch_albconfig[*p->namespace != 0], p->cluster.region, &answer, err,
                   "{'namespace':%s,'name':%s,'body':[{'op':'replace','path':'/metadata/resourceVersion',"
                   "'value':%s},{'op':'replace','path':%s,'value':%p}]}",
                   *p->namespace ? p->namespace : NULL, p->name, now->etag,
                   arena_printf(a, "/spec/listeners/%zu/certificates", at), list),
        err);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct place p;
    struct endpoint endpoint;
    struct job inside;
    if (!enter(job, hidden, r, &p, &endpoint, &inside, err))
        return false;
    const struct bound *old = w->before ? binding_slot(w->before, "default") : NULL;
    bool saved = old && w->before->vault && change->add_count && strcmp(old->ref, change->add[0]) == 0;
    return saved ? put_back(job, &inside, &p, w, err)
                 : (is_secret(&p) ? write_secret : write_listener)(job, &inside, &p, now, change, m, err);
}

const struct product aliyun_ack = {
    PRODUCT_CODE("aliyun", "ack"),
    .title = "Alibaba Cloud ACK",
    .sni = true,
    .sni_max = 24,
    .read_calls = 2,
    .consistency_ms = 5000,
    .settle_ms = 30000,
    .poll_ms = 1000,
    .propagation_ms = 120000,
    .calls = CALLS(&ack_list_regions, &ack_list_clusters, &kube_get_kubeconfig, &ack_list_ingresses,
                   &ack_list_secrets, &get_secret, &patch_secret, &ack_list_albconfigs, &get_albconfig[0],
                   &get_albconfig[1], &patch_albconfig[0], &patch_albconfig[1]),
    .regions = aliyun_regions,
    .lists_regions = &ack_list_regions,
    .discover = ack_discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_upload,
    .bind = write_change,
};

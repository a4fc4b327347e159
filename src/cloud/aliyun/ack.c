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

#define ONE_SECRET "/api/v1/namespaces/{namespace}/secrets/{name}"
#define ONE_ALBCONFIG ACK_CRD "/albconfigs/{name}"
#define NAMESPACED_ALBCONFIG ACK_CRD "/namespaces/{namespace}/albconfigs/{name}"
#define PATCH(name, where, kind, takes, ...)                                                                 \
    {                                                                                                        \
        KUBE(name, "PATCH", where), .write = true, .content_type = "application/" kind,                      \
                                    .parameters = (takes), __VA_ARGS__                                       \
    }
#define ALBCONFIG_OPERATIONS "body[].op body[].path body[].value.*"

static const struct call get_secret = {KUBE("GetSecret", "GET", ONE_SECRET), .private_answer = true};
static const struct call patch_secret =
    PATCH("PatchSecret", ONE_SECRET, "merge-patch+json", "body.metadata.resourceVersion body.data.*",
          .private_answer = true);
/* Of the cluster, and of a namespace in clusters with the older definition. */
static const struct call get_albconfig[] = {
    {KUBE("GetAlbConfig", "GET", ONE_ALBCONFIG)},
    {KUBE("GetNamespacedAlbConfig", "GET", NAMESPACED_ALBCONFIG)},
};
static const struct call patch_albconfig[] = {
    PATCH("PatchAlbConfig", ONE_ALBCONFIG, "json-patch+json", ALBCONFIG_OPERATIONS),
    PATCH("PatchNamespacedAlbConfig", NAMESPACED_ALBCONFIG, "json-patch+json", ALBCONFIG_OPERATIONS),
};

struct place { /* what the resource's `extra` says */
    struct cluster cluster;
    const char *namespace, *name, *protocol; /* namespace NULL: none; protocol "": a Secret */
    long long port;
};

/* Where the resource is; from now on the job calls the cluster, and all it keeps is wiped. */
static bool enter(struct job *hidden, const struct resource *r, struct place *ret, struct err *err)
{
    const struct json *v;
    if (!json_parse(hidden->arena, r->extra, strlen(r->extra), &v, err))
        return err_add(err, "what is known of %s", r->title);
    *ret = (struct place){.cluster = {.region = r->region,
                                      .id = json_get(v, "/cluster"),
                                      .name = json_get(v, "/cluster_name"),
                                      .private = json_bool(json_at(v, "/private"), false)},
                          .namespace = *json_get(v, "/namespace") ? json_get(v, "/namespace") : NULL,
                          .name = json_get(v, "/name"),
                          .protocol = json_get(v, "/protocol"),
                          .port = json_int(json_at(v, "/port"), 0)};
    if (!*ret->cluster.id || !*ret->name)
        return err_set(err, ERR_INPUT, "%s was listed by another version: synchronise again", r->title);
    return kube_enter(hidden, &ret->cluster, err);
}

/* The settings name what else a Secret holds, and show none of it. */
static bool read_secret(struct job *job, struct job *inside, const struct place *p, struct binding *now,
                        struct err *err)
{
    struct answer answer;
    struct arena *a = job->arena;
    if (!cloud_call(inside, &get_secret, p->cluster.region, &answer, err, "{'namespace':%s,'name':%s}",
                    p->namespace, p->name))
        return kube_failed(job, &p->cluster, err);
    const struct json *v = answer.json, *data = json_at(v, "/data"), *value;
    const char *member, *others[16];
    size_t other_count = 0;
    for (size_t i = 0; json_member(data, i, &member, &value) && other_count < countof(others); i++)
        if (strcmp(member, "tls.crt") != 0 && strcmp(member, "tls.key") != 0)
            others[other_count++] = member;
    const char *vault = json_format(inside->arena, "{'crt':%s,'key':%s}", json_get(data, "/tls.crt"),
                                    json_get(data, "/tls.key"));
    if (strlen(vault) <= SECRET_MAX_BYTES)
        now->vault = secret_in(a, secret_new(vault, strlen(vault)));
    now->etag = arena_strdup(a, json_get(v, "/metadata/resourceVersion"));
    now->settings =
        json_format(a, "{'type':%s,'labels':%p,'annotations':%p,'data':%p}", json_get(v, "/type"),
                    json_dump(a, json_at(v, "/metadata/labels")),
                    json_dump(a, json_at(v, "/metadata/annotations")), json_strings(a, others, other_count));
    ack_hold_secret(job, v, now);
    return true;
}

/* Where the listener stands in its AlbConfig. */
static bool find_listener(struct arena *a, const struct json *config, const struct place *p, const char **ret,
                          struct err *err)
{
    const struct json *listeners = json_at(config, "/spec/listeners");
    for (size_t i = 0; i < json_count(listeners); i++) {
        const struct json *listener = json_item(listeners, i);
        if (json_int(json_at(listener, "/port"), 0) == p->port &&
            json_is(listener, "/protocol", p->protocol)) {
            *ret = arena_printf(a, "/spec/listeners/%zu", i);
            return true;
        }
    }
    return err_set(err, ERR_NOT_FOUND, "AlbConfig %s has no listener %s:%lld", p->name, p->protocol, p->port);
}

static bool read_listener(struct job *job, struct job *inside, const struct place *p, struct binding *now,
                          struct err *err)
{
    struct arena *a = job->arena;
    struct job open = *inside;
    struct answer answer;
    const char *at;
    char *settings;
    open.arena = a; /* nothing secret in it */
    if (!cloud_call(&open, &get_albconfig[p->namespace != NULL], p->cluster.region, &answer, err,
                    "{'namespace':%s,'name':%s}", p->namespace, p->name))
        return kube_failed(job, &p->cluster, err);
    if (!find_listener(a, answer.json, p, &at, err) ||
        !json_excerpt(a, answer.text, answer.size, at, &settings, err) ||
        !json_cut(a, settings, strlen(settings), "/certificates", &settings, err))
        return false;
    now->etag = json_get(answer.json, "/metadata/resourceVersion");
    now->document = answer.text;
    now->settings = settings;
    return ack_hold_listener(job, p->cluster.region, json_at(answer.json, at), now, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    cleanup(job_close) struct job inside = job_hidden(job);
    struct place p;
    return enter(&inside, r, &p, err) &&
           (*p.protocol ? read_listener : read_secret)(job, &inside, &p, now, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)m;
    (void)err;
    *ret = *resource_extra(job->arena, r, "/protocol", "") ? aliyun_store(job, r->region) : NULL;
    return true;
}

/* Certificate and key as a Secret writes them: in a rollback what it held, byte for byte. */
static bool pair_of(struct job *inside, const struct bind *w, const char **ret_crt, const char **ret_key,
                    struct err *err)
{
    struct arena *a = inside->arena;
    const struct bound *old = w->before ? binding_slot(w->before, "default") : NULL;
    const struct json *v;
    struct material m;
    if (old && w->before->vault && strcmp(old->ref, w->change->add[0]) == 0) {
        const struct secret *vault = w->before->vault;
        if (!json_parse(a, secret_bytes(vault), secret_size(vault), &v, err))
            return false;
        *ret_crt = json_get(v, "/crt");
        *ret_key = json_get(v, "/key");
        return true;
    }
    if (!bind_material(inside, w, w->change->add[0], &m, err))
        return false;
    *ret_crt = base64_encode(a, m.fullchain_pem, strlen(m.fullchain_pem));
    *ret_key = base64_encode(a, secret_bytes(m.key), secret_size(m.key));
    return true;
}

static bool write_secret(struct job *job, struct job *inside, const struct place *p, const struct bind *w,
                         struct err *err)
{
    const char *crt, *key;
    if (strcmp(w->change->slot, "default") != 0)
        return err_set(err, ERR_INPUT, "a Secret holds one certificate and no set of them");
    return pair_of(inside, w, &crt, &key, err) &&
           (cloud_call_secret(inside, &patch_secret, p->cluster.region, NULL, err,
                              "{'namespace':%s,'name':%s,'body':{'metadata':{'resourceVersion':%s},"
                              "'data':{'tls.crt':%s,'tls.key':%s}}}",
                              p->namespace, p->name, w->now->etag, crt, key) ||
            kube_failed(job, &p->cluster, err));
}

/* The certificates as they shall be: bytes of entries that stay are kept. */
static bool list_after(struct arena *a, const struct bind *w, const struct json *listener, const char *at,
                       const char **ret, struct err *err)
{
    struct buf out = buf_new(a, 256 << 10);
    struct json_writer list = json_writer_to(&out);
    const struct change *change = w->change;
    const struct json *items = json_at(listener, "/certificates"), *by_default = ack_default_of(listener);
    bool set = strcmp(change->slot, "default") != 0;
    const char *ours = set ? NULL : json_format(a, "%s", change->add[0]);
    json_open_array(&list);
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *item = json_item(items, i);
        char *entry;
        if (set && item != by_default &&
            refs_hold(change->remove, change->remove_count, json_get(item, "/CertificateId")))
            continue;
        if (!json_excerpt(a, w->now->document, strlen(w->now->document), arena_printf(a, "%s/%zu", at, i),
                          &entry, err))
            return false;
        if (!set && item == by_default &&
            !json_splice(a, entry, strlen(entry), "/CertificateId", ours, &entry, err))
            return false;
        json_put_raw(&list, entry);
    }
    for (size_t k = 0; set && k < change->add_count; k++)
        if (!binding_holds(w->now, "sni", change->add[k]))
            json_put_raw(&list, json_format(a, "{'CertificateId':%s,'IsDefault':false}", change->add[k]));
    json_close_array(&list);
    *ret = out.data;
    return true;
}

static bool write_listener(struct job *job, struct job *inside, const struct place *p, const struct bind *w,
                           struct err *err)
{
    struct arena *a = inside->arena;
    const struct json *v;
    const char *at, *list;
    if (!json_parse(a, w->now->document, strlen(w->now->document), &v, err) ||
        !find_listener(a, v, p, &at, err))
        return false;
    const struct json *listener = json_at(v, at);
    at = arena_printf(a, "%s/certificates", at);
    return list_after(a, w, listener, at, &list, err) &&
           (cloud_call(inside, &patch_albconfig[p->namespace != NULL], p->cluster.region, NULL, err,
                       "{'namespace':%s,'name':%s,'body':[{'op':'replace','path':'/metadata/resourceVersion',"
                       "'value':%s},{'op':'replace','path':%s,'value':%p}]}",
                       p->namespace, p->name, w->now->etag, at, list) ||
            kube_failed(job, &p->cluster, err));
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    cleanup(job_close) struct job inside = job_hidden(job);
    struct place p;
    return enter(&inside, w->resource, &p, err) &&
           (*p.protocol ? write_listener : write_secret)(job, &inside, &p, w, err);
}

const struct product aliyun_ack = {
    PRODUCT_CODE("aliyun", "ack"),
    .title = "Alibaba Cloud ACK",
    .sni = true,
    .sni_max = 24,
    .no_sm2 = "ACK's Ingress controllers take no SM2 certificates",
    .no_removal =
        "a Secret of this type, as a listener, always has a certificate: it is replaced, not removed",
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
    .bind = bind_certificate,
};

/* Huawei Cloud SCM (v3).
 *
 * The leaf is imported apart from what follows it, because one field takes 4,096 characters, and without line ends
 * around the texts, which confuse the service. Whether it refuses what is there already cannot be relied on: ours is
 * looked for first, by name and by the digest that SCM shows (SHA-1). Keys come back with an export alone. What is pushed
 * from here to another service is a copy that SCM forgets; calls for that are declared for who pushes.
 */
#include "cloud/huawei/scm.h"

#include "cloud/huawei/huawei.h"

#include "base/clock.h"
#include "codec/name.h"
#include <string.h>
#include <strings.h>

const struct call scm_list_certificates = {
    SCM("ListCertificates", "GET", "certificates"),
    .parameters = "limit offset content status enterprise_project_id",
    .page = {.items = "/certificates",
             .total = "/total_count",
             .position = "offset",
             .size = "limit",
             .size_value = 50,
             .style = PAGE_OFFSET},
};
const struct call scm_show_certificate = {SCM("ShowCertificate", "GET", "certificates/{certificate_id}")};
const struct call scm_export_certificate = {SCM("ExportCertificate", "POST",
                                                "certificates/{certificate_id}/export"),
                                            .repeatable = true};
const struct call scm_import_certificate = {
    SCM("ImportCertificate", "POST", "certificates/import"),
    .parameters = "body.name body.certificate body.certificate_chain body.private_key",
    .write = true,
};

const struct call scm_deployed_resources = {SCM("ListDeployedResources", "POST", "deployed-resources"),
                                            .parameters = "body.certificate_ids[] body.service_names[]",
                                            .repeatable = true};
const struct call scm_push_certificate = {SCM("PushCertificate", "POST",
                                              "certificates/{certificate_id}/push"),
                                          .parameters = "body.target_project body.target_service",
                                          .write = true};
const struct call scm_batch_push_certificate = {SCM("BatchPushCertificate", "POST",
                                                    "certificates/{certificate_id}/batch-push"),
                                                .parameters = "body.target_projects[] body.target_service",
                                                .write = true};
const struct call scm_push_history = {.service = "scm",
                                      .version = "v2",
                                      .operation = "ListPushHistory",
                                      .method = "GET",
                                      .host = "scm.{site}.myhuaweicloud.com",
                                      .path = "/v2/{project_id}/scm/cert/{cert_id}/push-history",
                                      .style = CALL_REST_JSON,
                                      .per_second = 5};

bool huawei_is_scm_id(const char *t)
{
    return strncmp(t, "scs", 3) == 0 && strlen(t) == 16 && strspn(t + 3, "0123456789") == 13;
}

/* What has no key with us can only be there already. */
bool huawei_scm_takes(const struct material *m)
{
    return !m->key || (!m->sm2 && *m->chain_pem && strlen(m->leaf_pem) <= SCM_LEAF_BYTES &&
                       strlen(m->chain_pem) <= SCM_CHAIN_BYTES && secret_size(m->key) <= SCM_KEY_BYTES);
}

/* "2026-12-31 23:59:59.0"; 0 where it is not of that form. */
static int64_t time_of(struct arena *a, const char *t)
{
    int64_t ms = 0;
    if (strlen(t) < 19 || t[10] != ' ')
        return 0;
    return time_parse(arena_printf(a, "%.10sT%.8sZ", t, t + 11), &ms, NULL) ? ms : 0;
}

/* `domain` and the comma separated `sans`, each once. */
static const char **names_of(struct arena *a, const struct json *v, size_t *ret_count)
{
    const char *list = arena_printf(a, "%s,%s", json_get(v, "/domain"), json_get(v, "/sans"));
    size_t most = 1, count = 0;
    for (const char *p = list; *p; p++)
        most += strchr(",; ", *p) != NULL;
    const char **names = arena_array(a, const char *, most);
    for (const char *p = list; *p; p += strspn(p, ",; ")) {
        size_t size = strcspn(p, ",; ");
        const char *name;
        bool fine = size && name_normalise(a, arena_copy(a, p, size), true, &name, NULL);
        for (size_t i = 0; i < count && fine; i++)
            fine = strcmp(names[i], name) != 0;
        if (fine)
            names[count++] = name;
        p += size;
    }
    *ret_count = count;
    return names;
}

bool huawei_scm_list(struct job *job, scm_fn *each, void *context, struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &scm_list_certificates, "", "{'enterprise_project_id':'all'}");
    for (const struct json *item; (item = pages_next(&p));) {
        const char *status = json_get(item, "/status");
        bool uploaded = strcmp(status, "UPLOAD") == 0;
        struct scm_certificate c = {
            .id = json_get(item, "/id"),
            .name = json_get(item, "/name"),
            .not_after_ms = time_of(job->arena, json_get(item, "/expire_time")),
            .status = status,
            .project = json_str(json_at(item, "/enterprise_project_id"), "0"),
            .official = !uploaded && *json_get(item, "/brand"),
            .usable = uploaded || strcmp(status, "ISSUED") == 0,
        };
        c.domains = names_of(job->arena, item, &c.domain_count);
        if (!each(context, &c, err))
            return false;
    }
    return pages_end(&p, err);
}

static const struct secret *secret_of(struct arena *a, const struct json *v, const char *pointer)
{
    const char *key = json_get(v, pointer);
    return *key ? secret_in(a, secret_new(key, strlen(key))) : NULL;
}

/* The answer holds the key: it is read into memory that is wiped. */
bool huawei_scm_export(struct job *job, const char *id, struct scm_export *ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct arena *a = job->arena;
    struct job inner = *job;
    struct answer answer;
    inner.arena = hidden;
    if (!cloud_call(&inner, &scm_export_certificate, "", &answer, err, "{'certificate_id':%s}", id))
        return false;
    const struct json *v = answer.json;
    const char *chain = json_get(v, "/entire_certificate");
    if (!*chain)
        chain =
            arena_printf(hidden, "%s\n%s", json_get(v, "/certificate"), json_get(v, "/certificate_chain"));
    *ret = (struct scm_export){.chain_pem = arena_strdup(a, chain),
                               .encryption_pem = arena_strdup(a, json_get(v, "/enc_certificate")),
                               .key = secret_of(a, v, "/private_key"),
                               .encryption_key = secret_of(a, v, "/enc_private_key")};
    return true;
}

bool huawei_scm_facts(struct job *job, struct bound *b, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &scm_show_certificate, "", &answer, err, "{'certificate_id':%s}", b->ref))
        return false;
    b->name = json_get(answer.json, "/name");
    b->names = names_of(job->arena, answer.json, &b->name_count);
    b->not_after_ms = time_of(job->arena, json_get(answer.json, "/not_after"));
    return true;
}

/* Whether this answer leaves no doubt that nothing uses the certificate. */
static bool is_unused(const struct json *result)
{
    const struct json *services = json_at(result, "/deployed_resources");
    bool unused = json_int(json_at(result, "/total_num"), 1) == 0;
    for (size_t i = 0; i < json_count(services); i++) {
        const struct json *regions = json_at(json_item(services, i), "/region_resources");
        unused = unused && json_int(json_at(json_item(services, i), "/resource_num"), 1) == 0;
        for (size_t k = 0; k < json_count(regions); k++)
            unused = unused && !json_bool(json_at(json_item(regions, k), "/is_error"), false);
    }
    return unused;
}

bool huawei_scm_in_use(struct job *job, const char *id, bool *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &scm_deployed_resources, "", &answer, err,
                    "{'body':{'certificate_ids':[%s],'service_names':['ALL']}}", id))
        return false;
    const struct json *results = json_at(answer.json, "/results");
    bool used = true;
    for (size_t i = 0; i < json_count(results); i++)
        if (strcmp(json_get(json_item(results, i), "/certificate_id"), id) == 0)
            used = !is_unused(json_item(results, i));
    *ret = used;
    return true;
}

/* ---- upload ---- */

/* Ours among those of its name; *ret "" where it is not there. */
static bool find(struct job *job, const struct material *m, const char *sha1, const char **ret,
                 struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &scm_list_certificates, "", "{'content':%s,'enterprise_project_id':'all'}", m->name);
    *ret = "";
    for (const struct json *item; !**ret && (item = pages_next(&p));) {
        const char *id = json_get(item, "/id");
        struct answer answer;
        if (!*id || !json_is(item, "/name", m->name))
            continue;
        if (!cloud_call(job, &scm_show_certificate, "", &answer, err, "{'certificate_id':%s}", id))
            return false;
        if (strcasecmp(json_get(answer.json, "/fingerprint"), sha1) == 0)
            *ret = arena_strdup(keep, id);
    }
    return pages_end(&p, err);
}

/* The text without the line ends around it. */
static const char *trimmed(struct arena *a, const char *pem)
{
    size_t size;
    pem += strspn(pem, "\r\n ");
    for (size = strlen(pem); size && strchr("\r\n ", pem[size - 1]);)
        size--;
    return arena_copy(a, pem, size);
}

bool huawei_scm_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                       struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    const char *sha1 = NULL, *id = NULL;
    struct answer answer;
    (void)vendor_store;
    if (!sha1_of_pem(job->arena, m->leaf_pem, &sha1))
        return err_set(err, ERR_INVALID_CERTIFICATE, "the certificate cannot be read");
    if (!find(job, m, sha1, &id, err))
        return false;
    if (*id) {
        *ret = id;
        return true;
    }
    return upload_has_key(m, err) &&
           cloud_call_secret(job, &scm_import_certificate, "", &answer, err,
                             "{'body':{'name':%s,'certificate':%s,'certificate_chain':%s,'private_key':%s}}",
                             m->name, trimmed(hidden, m->leaf_pem), trimmed(hidden, m->chain_pem),
                             trimmed(hidden, secret_bytes(m->key))) &&
           upload_answered(json_get(answer.json, "/certificate_id"), "SCM", ret, err);
}

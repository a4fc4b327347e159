#include "cloud/aliyun/clb.h"

#include <string.h>

enum { SHA1_DIGITS = 40, SHA256_DIGITS = 64, SECRET_BYTES = 4 << 20 };
static const char own_name[] = "certferry-";
static const char list_of_certificates[] = "/ServerCertificates/ServerCertificate";

/* It has no pages. */
const struct call aliyun_clb_list_certificates = {ALIYUN_SLB("DescribeServerCertificates"),
                                                  .style = CALL_RPC_QUERY,
                                                  .parameters = "RegionId ServerCertificateId"};
const struct call aliyun_clb_upload_certificate =
    {ALIYUN_SLB("UploadServerCertificate"), .style = CALL_RPC_V1,
     .parameters = "RegionId ServerCertificateName ServerCertificate PrivateKey", .write = true};

static const char *text(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

bool aliyun_is_clb_ref(const char *ref)
{
    size_t digits = strspn(ref, "0123456789");
    return digits && ref[digits] == '_';
}

bool aliyun_clb_store(struct job *job, const char *region, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->key_type != KEY_RSA && m->key_type != KEY_ECDSA)
        return err_set(err, ERR_INVALID_CERTIFICATE, "CLB takes certificates with RSA and ECDSA keys only");
    *ret = arena_printf(job->arena, "clb:%s", region);
    return true;
}

/* ---- what a certificate of the store contains ---- */

/* A certificate that we brought, if we still have it. */
static bool known_by_name(struct job *job, const char *name, const char *sha1, struct bound *b)
{
    struct arena *a = job->arena;
    struct material m;
    struct bound found = *b;
    const char *own_sha1, *digest = name + strlen(own_name);
    bool named = strncmp(name, own_name, strlen(own_name)) == 0 && strlen(digest) == SHA256_DIGITS &&
                 strspn(digest, "0123456789abcdef") == SHA256_DIGITS;
    if (!named || !session_material(job, digest, &m, NULL) || !sha1_of_pem(a, m.leaf_pem, &own_sha1) ||
        strcmp(own_sha1, sha1) != 0 || !session_bound_of_pem(job, m.leaf_pem, &found))
        return false;
    *b = found;
    return true;
}

/* A certificate linked from CAS. The number says nothing of the site: it is the one whose certificate has that SHA-1. */
static bool known_by_cas(struct job *job, const char *id, const char *sha1, struct bound *b, struct err *err)
{
    static const char *const sites[] = {"cn-hangzhou", "ap-southeast-1"};
    if (!*id || id[strspn(id, "0123456789")])
        return true;
    for (size_t i = 0; i < countof(sites); i++) {
        struct bound found = *b;
        struct err why = {0};
        if (aliyun_cas_facts(job, sites[i], id, sha1, &found, &why)) {
            found.name = b->name;
            *b = found;
            return true;
        }
        if (why.kind != ERR_NOT_FOUND && why.kind != ERR_PERMISSION) {
            *err = why;
            return false;
        }
    }
    return true;
}

static void add_names(struct arena *a, const struct json *item, struct bound *b)
{
    const struct json *list = json_at(item, "/SubjectAlternativeNames/SubjectAlternativeName");
    b->names = NULL;
    b->name_count = 0;
    for (size_t i = 0; i < json_count(list); i++)
        aliyun_names(a, json_str(json_item(list, i), ""), &b->names, &b->name_count);
    if (!b->name_count)
        aliyun_names(a, text(item, "/CommonName"), &b->names, &b->name_count);
}

static bool facts_of(struct job *job, const struct json *item, struct bound *b, struct err *err)
{
    const char *digest = aliyun_hex(job->arena, text(item, "/Fingerprint"));
    b->name = text(item, "/ServerCertificateName");
    b->fingerprint = strlen(digest) == SHA256_DIGITS ? digest : "";
    b->not_after_ms = json_int(json_at(item, "/ExpireTimeStamp"), 0);
    add_names(job->arena, item, b);
    if (strlen(digest) != SHA1_DIGITS || known_by_name(job, b->name, digest, b))
        return true;
    return known_by_cas(job, json_text(job->arena, json_at(item, "/AliCloudCertificateId"), ""), digest, b,
                        err);
}

bool aliyun_clb_facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &aliyun_clb_list_certificates, region, &answer, err,
                    "{'RegionId':%s,'ServerCertificateId':%s}", region, b->ref))
        return false;
    const struct json *list = json_at(answer.json, list_of_certificates);
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(text(json_item(list, i), "/ServerCertificateId"), b->ref) == 0)
            return facts_of(job, json_item(list, i), b, err);
    return facts_unlisted(err, arena_printf(job->arena, "CLB of %s", region), b->ref);
}

/* ---- bringing one ---- */

/* Lines without CR, and none that is empty: CLB refuses a chain with gaps. */
static const char *without_gaps(struct arena *a, const char *pem)
{
    char *out = arena_alloc(a, strlen(pem) + 2), *end = out;
    while (*pem) {
        size_t size = strcspn(pem, "\r\n");
        memcpy(end, pem, size);
        end += size;
        if (size)
            *end++ = '\n';
        pem += size;
        pem += strspn(pem, "\r\n");
    }
    *end = 0;
    return out;
}

static bool is_same(struct job *job, const struct json *item, const struct material *m, const char *sha1,
                    bool *ret, struct err *err)
{
    const char *digest = aliyun_hex(job->arena, text(item, "/Fingerprint"));
    struct bound b = {.slot = "", .ref = text(item, "/ServerCertificateId"), .fingerprint = ""};
    if (!*digest &&
        !known_by_cas(job, json_text(job->arena, json_at(item, "/AliCloudCertificateId"), ""), sha1, &b, err))
        return false;
    *ret = *b.ref && (strcmp(digest, sha1) == 0 || strcmp(digest, m->fingerprint) == 0 ||
                      strcmp(b.fingerprint, m->fingerprint) == 0);
    return true;
}

static bool find(struct job *job, const char *region, const struct material *m, const char *sha1,
                 const char **ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &aliyun_clb_list_certificates, region, &answer, err, "{'RegionId':%s}", region))
        return false;
    const struct json *list = json_at(answer.json, list_of_certificates);
    *ret = NULL;
    for (size_t i = 0; i < json_count(list) && !*ret; i++) {
        bool same;
        if (!is_same(job, json_item(list, i), m, sha1, &same, err))
            return false;
        if (same)
            *ret = text(json_item(list, i), "/ServerCertificateId");
    }
    return true;
}

bool aliyun_clb_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                       struct err *err)
{
    struct arena *a = job->arena;
    const char *region = strchr(vendor_store, ':') ? strchr(vendor_store, ':') + 1 : vendor_store;
    const char *sha1 = "", *found;
    struct answer answer;
    if (!sha1_of_pem(a, m->leaf_pem, &sha1))
        return err_set(err, ERR_INVALID_CERTIFICATE, "the certificate cannot be read");
    if (!find(job, region, m, sha1, &found, err))
        return false;
    if (found) {
        *ret = found;
        return true;
    }
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(SECRET_BYTES);
    cleanup(secret_free_p) struct secret *key = NULL;
    if (!key_traditional(m->key, &key, err))
        return false;
    const char *arguments =
        json_format(hidden,
                    "{'RegionId':%s,'ServerCertificateName':%s,'ServerCertificate':%s,'PrivateKey':%s}",
                    region, arena_printf(hidden, "%s%s", own_name, m->fingerprint),
                    without_gaps(hidden, m->fullchain_pem), secret_bytes(key));
    if (!cloud_call_secret(job, &aliyun_clb_upload_certificate, region, &answer, err, "%p", arguments))
        return false;
    *ret = text(answer.json, "/ServerCertificateId");
    return upload_in_doubt(**ret || err_set(err, ERR_VENDOR, "CLB answered no certificate id"), err);
}

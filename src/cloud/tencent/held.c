/* What SSL Certificates holds. The list has no PEM; the detail has, with the key beside it: read into memory that is
 * wiped, and dropped unless it is wished for. A key under a password of its own is of no use here.
 */
#include "cloud/tencent/tencent.h"

#include <string.h>

enum { ISSUED = 1 };

const struct call tencent_ssl_list = {
    TENCENT("ssl", "2019-12-05", "DescribeCertificates"),
    .parameters = "Offset Limit CertificateType CertificateStatus[]",
    .per_second = 10,
    .page = {.items = "/Certificates",
             .total = "/TotalCount",
             .position = "Offset",
             .size = "Limit",
             .size_value = 100,
             .style = PAGE_OFFSET},
};

struct listing {
    bool with_key;
    held_fn *each;
    void *context;
};

static bool emit(struct job *job, void *context, const struct json *item, const struct xml *node,
                 struct err *err)
{
    const struct listing *l = context;
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    const char *id = json_str(json_at(item, "/CertificateId"), "");
    bool locked = json_bool(json_at(item, "/KeyPasswordCustomFlag"), false);
    struct job inner = *job;
    struct answer answer;
    (void)node;
    inner.arena = hidden;
    if (!*id || !cloud_call(&inner, &tencent_ssl_detail, "", &answer, err, "{'CertificateId':%s}", id))
        return !*id;
    const char *key = json_str(json_at(answer.json, "/CertificatePrivateKey"), "");
    struct held_certificate held = {
        .vendor_store = "ssl",
        .ref = id,
        .name = json_str(json_at(item, "/Alias"), ""),
        .official = strcmp(json_str(json_at(item, "/From"), "upload"), "upload") != 0,
        .pem = json_str(json_at(answer.json, "/CertificatePublicKey"), ""),
        .key = l->with_key && *key && !locked ? secret_in(hidden, secret_new(key, strlen(key))) : NULL,
    };
    return l->each(l->context, &held, err);
}

bool tencent_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err)
{
    struct listing l = {with_key, each, context};
    return cloud_each(job, &tencent_ssl_list, "", emit, &l, err,
                      "{'CertificateType':'SVR','CertificateStatus':[%d]}", ISSUED);
}

/* What SSL Certificates holds. The list has no PEM; the detail has, with the key beside it: read into memory that is
 * wiped, and dropped unless it is wished for. A key under a password of its own is of no use here.
 */
#include "cloud/tencent/tencent.h"

#include <string.h>

enum { ISSUED = 1 };

const struct call tencent_ssl_list = {
    TENCENT("ssl", "2019-12-05", "DescribeCertificates"),
    .parameters = "CertificateType CertificateStatus[]",
    .per_second = 10,
    PAGES_BY_OFFSET("/Certificates", "/TotalCount", "Offset", "Limit", 100),
};

static bool emit(struct job *job, const struct json *item, bool with_key, held_fn *each, void *context,
                 struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    const char *id = json_get(item, "/CertificateId");
    bool locked = json_bool(json_at(item, "/KeyPasswordCustomFlag"), false);
    struct answer answer;
    if (!*id || !cloud_call(&hidden, &tencent_ssl_detail, "", &answer, err, "{'CertificateId':%s}", id))
        return !*id;
    const char *key = json_get(answer.json, "/CertificatePrivateKey");
    struct held_certificate held = {
        .vendor_store = "ssl",
        .ref = id,
        .name = json_get(item, "/Alias"),
        .official = strcmp(json_str(json_at(item, "/From"), "upload"), "upload") != 0,
        .pem = json_get(answer.json, "/CertificatePublicKey"),
        .key = with_key && *key && !locked ? secret_in(hidden.arena, secret_new(key, strlen(key))) : NULL,
    };
    return each(context, &held, err);
}

bool tencent_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err)
{
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &tencent_ssl_list, "", "{'CertificateType':'SVR','CertificateStatus':[%d]}", ISSUED);
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit(job, item, with_key, each, context, err))
            return false;
    return pages_end(&p, err);
}

/* What CAS holds. Both sites are asked: neither knows the other's certificates. Without CertFilter the detail holds the
 * key, so that without the wish for it there is no PEM either.
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

/* Certificates that have ended and those that have no number are left out. */
static bool emit(struct job *job, const char *site, const struct json *item, bool with_key, held_fn *each,
                 void *context, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    const char *id = json_text(job->arena, json_at(item, "/CertificateId"), "");
    struct answer answer = {0};
    if (!*id || id[strspn(id, "0123456789")] || json_bool(json_at(item, "/Expired"), false))
        return true;
    if (with_key &&
        !cloud_call(&hidden, &aliyun_cas_detail, site, &answer, err, "{'CertId':%p,'CertFilter':false}", id))
        return false;
    const char *key = json_get(answer.json, "/Key");
    struct held_certificate held = {
        .vendor_store = arena_printf(job->arena, "cas:%s", site),
        .ref = arena_printf(job->arena, "%s-%s", id, site),
        .name = json_get(item, "/Name"),
        .official = !json_bool(json_at(item, "/Upload"), true),
        .pem = json_get(answer.json, "/Cert"),
        .key = *key ? secret_in(hidden.arena, secret_new(key, strlen(key))) : NULL,
    };
    return each(context, &held, err);
}

static bool list_site(struct job *job, const char *site, bool with_key, held_fn *each, void *context,
                      struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &aliyun_cas_list, site, "{'OrderType':'CERT'}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit(job, site, item, with_key, each, context, err))
            return false;
    return pages_end(&p, err);
}

bool aliyun_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err)
{
    static const char *const sites[] = {"cn-hangzhou", "ap-southeast-1"};
    for (size_t i = 0; i < countof(sites); i++)
        if (!list_site(job, sites[i], with_key, each, context, err))
            return err_add(err, "certificates in %s", sites[i]);
    return true;
}

/* What CAS holds. Both sites are asked: neither knows the other's certificates. Without CertFilter the detail holds the
 * key, so that without the wish for it there is no PEM either.
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

struct listing {
    const char *region;
    bool with_key;
    held_fn *each;
    void *context;
};

static bool emit(struct job *job, void *context, const struct json *item, const struct xml *node,
                 struct err *err)
{
    const struct listing *l = context;
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    const char *id = json_text(job->arena, json_at(item, "/CertificateId"), "");
    struct job inner = *job;
    struct answer answer = {0};
    (void)node;
    inner.arena = hidden;
    if (!*id || id[strspn(id, "0123456789")] || json_bool(json_at(item, "/Expired"), false))
        return true;
    if (l->with_key && !cloud_call(&inner, &aliyun_cas_detail, l->region, &answer, err,
                                   "{'CertId':%p,'CertFilter':false}", id))
        return false;
    const char *key = json_str(json_at(answer.json, "/Key"), "");
    struct held_certificate held = {
        .vendor_store = arena_printf(job->arena, "cas:%s", l->region),
        .ref = arena_printf(job->arena, "%s-%s", id, l->region),
        .name = json_str(json_at(item, "/Name"), ""),
        .official = !json_bool(json_at(item, "/Upload"), true),
        .pem = json_str(json_at(answer.json, "/Cert"), ""),
        .key = *key ? secret_in(hidden, secret_new(key, strlen(key))) : NULL,
    };
    return l->each(l->context, &held, err);
}

bool aliyun_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err)
{
    static const char *const sites[] = {"cn-hangzhou", "ap-southeast-1"};
    for (size_t i = 0; i < countof(sites); i++) {
        struct listing l = {sites[i], with_key, each, context};
        if (!cloud_each(job, &aliyun_cas_list, sites[i], emit, &l, err, "{'OrderType':'CERT'}"))
            return err_add(err, "certificates in %s", sites[i]);
    }
    return true;
}

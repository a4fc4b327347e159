/* Products whose domains hold one certificate: given as PEM with its key (Function Compute, API Gateway), or by its reference
 * (the cloud-native gateways).
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

bool aliyun_pem_bound(struct job *job, const char *pem, const char *name, struct bound *b)
{
    *b = (struct bound){.slot = "default", .ref = "", .name = name};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    if (session_bound_of_pem(job, pem, b))
        b->ref = b->fingerprint;
    else
        b->ref = arena_printf(job->arena, "name:%s", name);
    return *pem || *name;
}

bool aliyun_pem_store(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)r;
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "%s takes no SM2 certificates", job->product->title);
    *ret = NULL;
    return true;
}

bool aliyun_pem_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                       struct err *err)
{
    (void)job;
    (void)vendor_store;
    (void)err;
    *ret = m->fingerprint;
    return true;
}

bool aliyun_pem_old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                        struct err *err)
{
    struct material m;
    struct err why = {0};
    (void)r;
    *ret = NULL;
    if (session_material(job, old->ref, &m, &why))
        return true;
    if (why.kind != ERR_NOT_FOUND) {
        if (err)
            *err = why;
        return false;
    }
    *ret = "the cloud keeps its private key to itself, and it is not in certferry";
    return true;
}

bool aliyun_pem_material(struct job *job, const struct resource *r, const struct change *change,
                         const struct material **material, struct material *own, struct err *err)
{
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "%s: its certificate is replaced, never taken away", r->title);
    if (*material)
        return true;
    *material = own;
    return session_material(job, change->add[0], own, err) ||
           err_add(err, "the previous certificate of %s", r->title);
}

bool aliyun_ref_bound(struct job *job, const char *region, const char *ref, struct bound *b, struct err *err)
{
    *b = (struct bound){.slot = "default", .ref = arena_strdup(job->arena, ref)};
    b->name = b->fingerprint = b->serial = b->key_type = b->issuer = "";
    return session_facts(job, region, b, err);
}

bool aliyun_ref_store(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "%s takes no SM2 certificates", job->product->title);
    *ret = aliyun_store(job, r->region);
    return true;
}

const char *aliyun_extra(struct arena *a, const struct resource *r, const char *pointer)
{
    const struct json *extra;
    return json_parse(a, r->extra, strlen(r->extra), &extra, NULL) ? json_text(a, json_at(extra, pointer), "")
                                                                   : "";
}

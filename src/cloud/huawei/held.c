/* What SCM holds. Only an export shows the PEM, and it gives the key with it: without the wish for that, a certificate is
 * known by its id, names and end.
 */
#include "cloud/huawei/huawei.h"
#include "cloud/huawei/scm.h"

struct listing {
    struct job *job;
    bool with_key;
    held_fn *each;
    void *context;
};

static bool emit(void *context, const struct scm_certificate *c, struct err *err)
{
    const struct listing *l = context;
    struct scm_export export = {.chain_pem = ""};
    if (!c->usable)
        return true;
    if (l->with_key && !huawei_scm_export(l->job, c->id, &export, err))
        return false;
    struct held_certificate held = {
        .vendor_store = "scm",
        .ref = c->id,
        .name = c->name,
        .official = c->official,
        .pem = export.chain_pem,
        .key = export.key,
    };
    return l->each(l->context, &held, err);
}

bool huawei_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err)
{
    struct listing l = {job, with_key, each, context};
    return huawei_scm_list(job, emit, &l, err);
}

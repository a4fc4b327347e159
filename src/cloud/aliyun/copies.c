/* CAS tells which products use a certificate. CLB's own stores do not: listeners and the routes of SAE are listed, and CLB
 * refuses to delete what a listener holds.
 */
#include "cloud/aliyun/clb.h"

#include <string.h>

static const struct call cas_users = {
    ALIYUN_RPC("cas", "2020-04-07", "GetCertificateDetail"),
    .host = "cas.{region}.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "CertificateId",
    .per_second = 100,
};
static const struct call delete_cas = {
    ALIYUN_RPC("cas", "2020-04-07", "DeleteUserCertificate"),
    .host = "cas.{region}.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "CertId",
    .write = true,
    .per_second = 100,
};
static const struct call delete_clb = {ALIYUN_SLB("DeleteServerCertificate"), .style = CALL_RPC_QUERY,
                                       .parameters = "RegionId ServerCertificateId", .write = true};

/* Which products use it. True: none, for sure. */
static bool ask_cas(struct job *job, const char *site, const char *id, const char **ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &cas_users, site, &answer, err, "{'CertificateId':%p}", id))
        return false;
    const struct json *users = json_at(answer.json, "/UsingProductList");
    *ret = !json_is_array(users) ? "the certificate service did not say which products use it"
           : json_count(users)
               ? arena_printf(job->arena, "%s uses it", json_str(json_item(users, 0), "some product"))
               : NULL;
    return true;
}

static void cas_used(struct job *job, const char *site, struct stored *c)
{
    const char *id, *region, *why = NULL;
    struct err failed = {0};
    if (!aliyun_ref_parse(job->arena, c->ref, &id, &region) || strcmp(site, region) != 0)
        stored_keep(job, c, "%s is no reference of the certificate service", c->ref);
    else if (!stored_is_there(job, site, c))
        return;
    else if (!ask_cas(job, site, id, &why, &failed))
        stored_doubt(job, c, &failed);
    else if (why)
        stored_keep(job, c, "%s", why);
}

void aliyun_used(struct job *job, struct stored *copies, size_t count)
{
    static const char *const clb[] = {"aliyun/clb", "aliyun/sae", NULL};
    for (size_t i = 0; i < count; i++) {
        const char *site = stored_in(&copies[i], "cas"), *region = stored_in(&copies[i], "clb");
        if (site)
            cas_used(job, site, &copies[i]);
        else if (!region)
            stored_keep(job, &copies[i], "Alibaba Cloud does not tell what uses what lies in %s",
                        copies[i].vendor_store);
        else if (stored_is_there(job, region, &copies[i]))
            stored_list_users(job, clb, &region, 1, false, &copies[i], 1);
    }
}

/* CAS deletes what is in use, too: it is asked once more. */
bool aliyun_discard(struct job *job, const struct stored *copy, struct err *err)
{
    const char *site = stored_in(copy, "cas"), *region = stored_in(copy, "clb"), *id, *of, *why = NULL;
    struct answer answer;
    if (region)
        return cloud_call(job, &delete_clb, region, &answer, err, "{'RegionId':%s,'ServerCertificateId':%s}",
                          region, copy->ref);
    if (!site || !aliyun_ref_parse(job->arena, copy->ref, &id, &of))
        return err_set(err, ERR_INTERNAL, "%s is in no store of Alibaba Cloud", copy->ref);
    if (!ask_cas(job, site, id, &why, err))
        return false;
    if (why)
        return err_set(err, ERR_CONFLICT, "%s", why);
    return cloud_call(job, &delete_cas, site, &answer, err, "{'CertId':%p}", id);
}

const struct call *const aliyun_clean_calls[] = {&cas_users, &delete_cas, &delete_clb, NULL};

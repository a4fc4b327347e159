/* SCM tells where a certificate is deployed, ELB's listeners apart, of which it knows the classic ones only: those are listed.
 * A certificate of ELB is used by the listeners of its region, one of WAF by the websites that WAF names with it; both
 * refuse to delete what is in use.
 */
#include "cloud/huawei/huawei.h"
#include "cloud/huawei/scm.h"

#include <string.h>

static const struct call delete_scm = {SCM("DeleteCertificate", "DELETE", "certificates/{certificate_id}"),
                                       .write = true};
static const struct call delete_elb = {HUAWEI_ELB("DeleteCertificate", "DELETE",
                                                  "certificates/{certificate_id}"),
                                       .write = true};
static const struct call delete_waf = {HUAWEI_WAF("DeleteCertificate", "DELETE",
                                                  "waf/certificate/{certificate_id}"),
                                       .parameters = "enterprise_project_id", .write = true};

static const char *const elb[] = {"huawei/elb", NULL};

static void ask_scm(struct job *job, struct stored *c)
{
    bool used = true;
    struct err why = {0};
    if (!stored_is_there(job, "", c))
        return;
    if (!huawei_scm_in_use(job, c->ref, &used, &why))
        stored_doubt(job, c, &why);
    else if (used)
        stored_keep(job, c, "the certificate service says that it is deployed, or could not look everywhere");
}

static void list_elb(struct job *job, struct stored *copies, size_t count)
{
    const char **regions;
    size_t region_count = 0;
    struct err why = {0};
    if (count && huawei_all_regions(job, &regions, &region_count, &why)) {
        stored_list_users(job, elb, regions, region_count, true, copies, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        stored_doubt(job, &copies[i], &why);
}

static void ask_waf(struct job *job, struct stored *c)
{
    const char *region, *project, *user = "";
    struct err why = {0};
    struct job inner = *job;
    inner.product = product_find("huawei/waf");
    if (!huawei_waf_place(job->arena, c->vendor_store, &region, &project) ||
        !stored_is_there(&inner, region, c))
        return;
    if (!huawei_waf_user(job, region, c->ref, &user, &why))
        stored_doubt(job, c, &why);
    else if (*user)
        stored_keep(job, c, "%s", user);
}

void huawei_used(struct job *job, struct stored *copies, size_t count)
{
    struct stored *scm = arena_array(job->arena, struct stored, count + 1);
    size_t scm_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *region = stored_in(&copies[i], "elb");
        if (stored_in(&copies[i], "scm")) {
            ask_scm(job, &copies[i]);
            scm[scm_count++] = copies[i];
        } else if (stored_in(&copies[i], "waf"))
            ask_waf(job, &copies[i]);
        else if (!region)
            stored_keep(job, &copies[i], "Huawei Cloud does not tell what uses what lies in %s",
                        copies[i].vendor_store);
        else if (stored_is_there(job, region, &copies[i]))
            stored_list_users(job, elb, &region, 1, false, &copies[i], 1);
    }
    list_elb(job, scm, scm_count);
    for (size_t i = 0, k = 0; i < count; i++)
        if (stored_in(&copies[i], "scm"))
            copies[i] = scm[k++];
}

/* SCM deletes what is in use, too: it is asked once more. */
static bool discard_scm(struct job *job, const struct stored *copy, struct err *err)
{
    struct answer answer;
    bool used = true;
    if (!huawei_scm_in_use(job, copy->ref, &used, err))
        return false;
    if (used)
        return err_set(err, ERR_CONFLICT, "the certificate service says that it is deployed by now");
    return cloud_call(job, &delete_scm, "", &answer, err, "{'certificate_id':%s}", copy->ref);
}

bool huawei_discard(struct job *job, const struct stored *copy, struct err *err)
{
    const char *region = stored_in(copy, "elb"), *project;
    struct answer answer;
    if (region)
        return cloud_call(job, &delete_elb, region, &answer, err, "{'certificate_id':%s}", copy->ref);
    if (huawei_waf_place(job->arena, copy->vendor_store, &region, &project))
        return cloud_call(job, &delete_waf, region, &answer, err,
                          "{'certificate_id':%s,'enterprise_project_id':%s}", copy->ref, project);
    return discard_scm(job, copy, err);
}

const struct call *const huawei_clean_calls[] = {&scm_deployed_resources, &delete_scm, &delete_elb,
                                                 &delete_waf, NULL};

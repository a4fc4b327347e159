/* Pushes by Huawei Cloud's SCM: a copy of one of its certificates goes to WAF, ELB or CDN, once per service and region, and
 * cannot be called back. SCM forgets the copy; the service over there owns it.
 *
 * One call takes up to ten regions and answers for each by a message; "success" is the only one documented. What was
 * pushed stands in the records of the old API alone: the last ten of a certificate, without an outcome, CDN's without a
 * region, the newer kind of ELB by a name of its own. That a certificate may be pushed once per service and region, and
 * not once per service, fits the console, which lets one go on with further regions.
 */
#include "cloud/huawei/huawei.h"
#include "cloud/huawei/scm.h"

#include "base/redact.h"
#include <string.h>
#include <strings.h>

enum { RECORDS_MOST = 10, REGIONS_MOST = 10, MESSAGE_BYTES = 255 };

static const struct push_product push_products[] = {
    {"huawei/waf", "WAF", false,
     "WAF: choose the pushed certificate where a website that uses HTTPS between client and WAF is added; "
     "where "
     "one is configured already, update it there. A push does not switch HTTPS on."},
    {"huawei/elb", "ELB", false,
     "ELB: bind the pushed certificate to an HTTPS listener, which needs one; normally a server certificate "
     "is "
     "enough, two-way authentication is for critical business. A push does not switch HTTPS on."},
    {"huawei/cdn", "CDN", true,
     "CDN: choose the pushed certificate in the domain's HTTPS settings. A push does not switch HTTPS on."},
    {NULL, NULL, false, NULL},
};

static bool ready(struct job *job, const char *ref, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &scm_show_certificate, "", &answer, err, "{'certificate_id':%s}", ref))
        return false;
    const char *status = json_str(json_at(answer.json, "/status"), "");
    if (strcmp(status, "UPLOAD") == 0 || strcmp(status, "ISSUED") == 0)
        return true;
    return err_set(
        err, ERR_INVALID_CERTIFICATE,
        "SCM pushes hosted certificates (UPLOAD) and issued ones (ISSUED); the status of %s is %.40s", ref,
        *status ? status : "unknown");
}

static bool bring(struct job *job, const struct material *m, const char **ret, struct err *err)
{
    if (!huawei_scm_takes(m))
        return err_set(
            err, ERR_INVALID_CERTIFICATE,
            "SCM does not take this certificate: it wants a chain, no SM2 pair, a leaf of at most %d, "
            "a chain of at most %d and a key of at most %d bytes",
            SCM_LEAF_BYTES, SCM_CHAIN_BYTES, SCM_KEY_BYTES);
    return huawei_scm_upload(job, "scm", m, ret, err);
}

/* Whether a record is of this push. */
static bool is_of(const struct json *record, const struct push_product *product, const struct push *push)
{
    const char *service = json_str(json_at(record, "/push_service"), "");
    if (strcasecmp(service, "Enhance_ELB") == 0)
        service = "ELB";
    return strcasecmp(service, product->service) == 0 &&
           (product->global ||
            strcmp(json_str(json_at(record, "/push_remote_project"), ""), push->region) == 0);
}

/* The site's own region: where SCM answers, and what stands for CDN, which has none. */
static const char *home(struct job *job)
{
    return strcmp(session_site(job), "china") == 0 ? huawei_vendor.site_china
                                                   : huawei_vendor.site_international;
}

static bool records(struct job *job, const char *ref, const struct push_product *product, struct push *pushes,
                    size_t count, bool *ret_complete, struct err *err)
{
    struct answer answer;
    const char *region = product->global ? home(job) : pushes[0].region;
    if (!cloud_call(job, &scm_push_history, region, &answer, err, "{'cert_id':%s}", ref))
        return false;
    const struct json *list = json_at(answer.json, "/push_history_list");
    for (size_t i = 0; i < json_count(list); i++)
        for (size_t k = 0; k < count; k++)
            pushes[k].recorded = pushes[k].recorded || is_of(json_item(list, i), product, &pushes[k]);
    *ret_complete = json_is_array(list) && json_count(list) < RECORDS_MOST;
    return true;
}

/* What the answer says of one region; nothing leaves it without an answer. */
static void read_result(struct job *job, const struct json *results, const char *sent, struct push *push)
{
    for (size_t i = 0; i < json_count(results); i++) {
        const struct json *result = json_item(results, i);
        const char *message = json_str(json_at(result, "/message"), "");
        if (strcmp(json_str(json_at(result, "/project_name"), ""), sent) != 0)
            continue;
        bool done = strcmp(message, "success") == 0;
        push->outcome = done ? PUSH_DONE : PUSH_REFUSED;
        push->ref = json_str(json_at(result, "/cert_id"), "");
        push->text = done ? ""
                          : arena_printf(job->arena, "SCM: %.*s", MESSAGE_BYTES,
                                         redact_text(job->arena, *message ? message : "no reason", NULL, 0));
    }
}

static bool push_all(struct job *job, const char *ref, const struct push_product *product,
                     struct push *pushes, size_t count, struct err *err)
{
    const char **regions = arena_array(job->arena, const char *, count);
    struct answer answer;
    for (size_t i = 0; i < count; i++)
        regions[i] = product->global ? home(job) : pushes[i].region;
    if (!cloud_call(job, &scm_batch_push_certificate, "", &answer, err,
                    "{'certificate_id':%s,'body':{'target_projects':%p,'target_service':%s}}", ref,
                    json_strings(job->arena, regions, count), product->service))
        return false;
    for (size_t i = 0; i < count; i++)
        read_result(job, json_at(answer.json, "/results"), regions[i], &pushes[i]);
    return true;
}

const struct pusher huawei_pusher = {.vendor_store = "scm",
                                     .products = push_products,
                                     .regions_max = REGIONS_MOST,
                                     .ready = ready,
                                     .bring = bring,
                                     .records = records,
                                     .send = push_all};

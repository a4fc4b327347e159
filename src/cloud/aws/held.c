/* What ACM holds, region by region: issued by Amazon (official) or imported. Keys never come back. A region that is not
 * switched on refuses the key as if it were wrong; only regions of the account are asked.
 */
#include "cloud/aws/aws.h"

#include <string.h>

static bool emit(struct job *job, const char *region, const struct json *item, held_fn *each, void *context,
                 struct err *err)
{
    const char *arn = json_get(item, "/CertificateArn");
    struct answer answer;
    bool issued = *arn && json_is(item, "/Status", "ISSUED");
    if (!issued || !cloud_call(job, &aws_acm_get, region, &answer, err, "{'CertificateArn':%s}", arn))
        return !issued;
    struct held_certificate held = {
        .vendor_store = arena_printf(job->arena, "acm:%s", region),
        .ref = arn,
        .name = json_get(item, "/DomainName"),
        .official = strcmp(json_str(json_at(item, "/Type"), "IMPORTED"), "IMPORTED") != 0,
        .pem = arena_printf(job->arena, "%s\n%s", json_get(answer.json, "/Certificate"),
                            json_get(answer.json, "/CertificateChain")),
    };
    return each(context, &held, err);
}

static bool emit_region(struct job *job, const char *region, held_fn *each, void *context, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &aws_acm_list, region, AWS_ACM_ALL);
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit(job, region, item, each, context, err))
            return false;
    return pages_end(&p, err);
}

bool aws_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err)
{
    const char **regions;
    size_t count;
    (void)with_key;
    if (!aws_regions(job, &regions, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!emit_region(job, regions[i], each, context, err))
            return err_add(err, "certificates in %s", regions[i]);
    return true;
}

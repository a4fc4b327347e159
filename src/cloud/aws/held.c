/* What ACM holds, region by region: issued by Amazon (official) or imported. Keys never come back. A region that is not
 * switched on refuses the key as if it were wrong; only regions of the account are asked.
 */
#include "cloud/aws/aws.h"

#include <string.h>

struct listing {
    const char *region;
    held_fn *each;
    void *context;
};

static bool emit(struct job *job, void *context, const struct json *item, const struct xml *node,
                 struct err *err)
{
    const struct listing *l = context;
    const char *arn = json_str(json_at(item, "/CertificateArn"), "");
    struct answer answer;
    (void)node;
    bool issued = *arn && strcmp(json_str(json_at(item, "/Status"), ""), "ISSUED") == 0;
    if (!issued || !cloud_call(job, &aws_acm_get, l->region, &answer, err, "{'CertificateArn':%s}", arn))
        return !issued;
    struct held_certificate held = {
        .vendor_store = arena_printf(job->arena, "acm:%s", l->region),
        .ref = arn,
        .name = json_str(json_at(item, "/DomainName"), ""),
        .official = strcmp(json_str(json_at(item, "/Type"), "IMPORTED"), "IMPORTED") != 0,
        .pem = arena_printf(job->arena, "%s\n%s", json_str(json_at(answer.json, "/Certificate"), ""),
                            json_str(json_at(answer.json, "/CertificateChain"), "")),
    };
    return l->each(l->context, &held, err);
}

bool aws_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err)
{
    const char **regions;
    size_t count;
    (void)with_key;
    if (!aws_regions(job, &regions, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct listing l = {regions[i], each, context};
        if (!cloud_each(job, &aws_acm_list, regions[i], emit, &l, err, AWS_ACM_ALL))
            return err_add(err, "certificates in %s", regions[i]);
    }
    return true;
}

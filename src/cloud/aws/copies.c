/* What uses a certificate of ACM it tells itself. IAM does not, and may even delete what a classic load balancer still uses:
 * everything that could use it is listed in every region that the account has switched on, whatever the access is
 * limited to.
 */
#include "cloud/aws/aws.h"

#include <string.h>

static const struct call describe = {AWS_ACM("DescribeCertificate"), .parameters = "CertificateArn",
                                     .per_second = 10};
static const struct call delete_acm = {AWS_ACM("DeleteCertificate"), .parameters = "CertificateArn",
                                       .write = true, .per_second = 10};
static const struct call delete_iam = {AWS_IAM("DeleteServerCertificate"),
                                       .parameters = "ServerCertificateName", .write = true};

static void ask_acm(struct job *job, const char *region, struct stored *c)
{
    struct answer answer;
    struct err why = {0};
    if (!stored_is_there(job, region, c))
        return;
    if (!cloud_call(job, &describe, region, &answer, &why, "{'CertificateArn':%s}", c->ref)) {
        stored_doubt(job, c, &why);
        return;
    }
    const struct json *users = json_at(answer.json, "/Certificate/InUseBy");
    if (!json_is_array(users))
        stored_keep(job, c, "ACM did not say whether something uses it");
    else if (json_count(users))
        stored_keep(job, c, "%s uses it", json_str(json_item(users, 0), "something"));
}

static void ask_iam(struct job *job, struct stored *copies, size_t count)
{
    static const char *const codes[] = {"aws/cloudfront", "aws/alb", "aws/nlb", "aws/clb", NULL};
    const char **regions;
    size_t region_count = 0;
    struct err why = {0};
    for (size_t i = 0; i < count; i++)
        (void)stored_is_there(job, "", &copies[i]);
    if (aws_enabled_regions(job, &regions, &region_count, &why) && region_count) {
        stored_list_users(job, codes, regions, region_count, false, copies, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        stored_doubt(job, &copies[i], &why);
}

void aws_used(struct job *job, struct stored *copies, size_t count)
{
    struct stored *iam = arena_array(job->arena, struct stored, count + 1);
    size_t iam_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *region = stored_in(&copies[i], "acm");
        if (region)
            ask_acm(job, region, &copies[i]);
        else if (stored_in(&copies[i], "iam"))
            iam[iam_count++] = copies[i];
        else
            stored_keep(job, &copies[i], "AWS does not tell what uses it");
    }
    if (iam_count)
        ask_iam(job, iam, iam_count);
    for (size_t i = 0, k = 0; i < count; i++)
        if (stored_in(&copies[i], "iam"))
            copies[i] = iam[k++];
}

bool aws_discard(struct job *job, const struct stored *copy, struct err *err)
{
    struct answer answer;
    struct bound b = {.slot = "", .ref = copy->ref, .name = ""};
    const char *region = stored_in(copy, "acm");
    if (region)
        return cloud_call(job, &delete_acm, region, &answer, err, "{'CertificateArn':%s}", copy->ref);
    return aws_iam_facts(job, &b, err) &&
           cloud_call(job, &delete_iam, "", &answer, err, "{'ServerCertificateName':%s}", b.name);
}

const struct call *const aws_clean_calls[] = {&describe, &delete_acm, &delete_iam, NULL};

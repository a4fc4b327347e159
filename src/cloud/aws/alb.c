/* AWS Application Load Balancer: HTTPS listeners, as elbv2.c has them. Names come from the hosts in the rules and from the
 * certificates bound. Among several certificates that fit a name it serves an ECDSA one before an RSA one.
 */
#include "cloud/aws/elbv2.h"

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    static const struct elbv2_kind kind = {.type = "application", .protocol = "HTTPS", .rules = true};
    return elbv2_discover(job, &kind, to, err);
}

const struct product aws_alb = {
    PRODUCT_CODE("aws", "alb"),
    .title = "AWS Application Load Balancer",
    .sni = true,
    .sni_max = 25,
    .read_calls = 2,
    .set_writes = 2,
    .no_removal = ELBV2_DEFAULT_STAYS,
    .consistency_ms = 30000,
    .settle_ms = 180000,
    .poll_ms = 1000,
    .propagation_ms = 60000,
    .calls = elbv2_calls,
    .regions = aws_regions,
    .discover = discover,
    .read = elbv2_read,
    .store_for = elbv2_store_for,
    .room = aws_acm_room,
    .upload = aws_upload,
    .bind = elbv2_bind,
};

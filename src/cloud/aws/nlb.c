/* AWS Network Load Balancer: TLS listeners, as elbv2.c has them. Without rules their names come from the certificates bound
 * alone. Which key types it takes has changed over the years (once RSA to 2048 bits only), so that none is refused here: AWS
 * itself says UnsupportedCertificate, and nothing has changed then.
 */
#include "cloud/aws/elbv2.h"

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    static const struct elbv2_kind kind = {.type = "network", .protocol = "TLS"};
    return elbv2_discover(job, &kind, to, err);
}

const struct product aws_nlb = {
    PRODUCT_CODE("aws", "nlb"),
    .title = "AWS Network Load Balancer",
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

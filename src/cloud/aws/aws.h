/* aws.h - what all products of Amazon Web Services share: hosts, errors, regions, ACM and IAM.
 *
 * A certificate is named by its ARN, of ACM or IAM; CloudFront names IAM's by their id: "iam:ASCA...".
 */
#pragma once
#include "cloud/vendor.h"

extern const struct vendor aws_vendor;

/* product.regions: those of the access, else those the account has switched on. */
must_use bool aws_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err);

/* Those the account has switched on, whatever the access is limited to. */
must_use bool aws_enabled_regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err);

/* "acm:REGION", or why ACM refuses the certificate; product.upload for these stores and IAM's. */
must_use bool aws_store(struct job *job, const char *region, const struct material *m, const char **ret,
                        struct err *err);
must_use bool aws_upload(struct job *job, const char *vendor_store, const struct material *m,
                         const char **ret, struct err *err);

/* "iam:PATH", or why IAM refuses the certificate; and IAM's part of the above (iam.c). A path that begins with "/cloudfront/"
 * is for CloudFront.
 */
must_use bool aws_iam_store(struct job *job, const char *path, const struct material *m, const char **ret,
                            struct err *err);
must_use bool aws_iam_upload(struct job *job, const char *path, const struct material *m, const char **ret,
                             struct err *err);
must_use bool aws_iam_facts(struct job *job, struct bound *b, struct err *err);
/* product.room of what ACM keeps for a region, and of what IAM keeps for all. */
must_use bool aws_acm_room(struct job *job, const char *region, room_fn *each, void *context,
                           struct err *err);
must_use bool aws_iam_room(struct job *job, room_fn *each, void *context, struct err *err);
extern const struct call aws_iam_list, aws_iam_get, aws_iam_summary, aws_iam_put;

/* A certificate that was just imported is not known everywhere at once: with material (ours, not one from long ago)
 * the failure becomes one that passes. Always false.
 */
bool aws_not_yet_known(const struct material *m, struct err *err);

/* Who made a load balancer, by the tags in its TagDescription: "eks:shop"; "" for nobody else. */
const char *aws_owner(struct arena *a, const struct xml *description);

/* A distribution's configuration with another certificate; every byte outside ViewerCertificate stays. */
must_use bool cloudfront_splice(struct arena *a, const char *document, const char *ref, char **ret,
                                struct err *err);

/* What the calls of the two services have in common, within a struct call. */
#define AWS_IAM(name)                                                                                        \
    .service = "iam", .version = "2010-05-08", .operation = (name), .method = "POST", .path = "/",           \
    .host = "iam.amazonaws.com", .style = CALL_AWS_QUERY
#define AWS_ACM(name)                                                                                        \
    .service = "acm", .version = "2015-12-08", .operation = (name), .method = "POST", .path = "/",           \
    .host = "acm.{region}.amazonaws.com{site}", .target = "CertificateManager", .style = CALL_AWS_JSON

/* vendor.used, vendor.discard, and their calls. */
void aws_used(struct job *job, struct stored *copies, size_t count);
must_use bool aws_discard(struct job *job, const struct stored *copy, struct err *err);
extern const struct call *const aws_clean_calls[];

/* vendor.held: what ACM holds in every region of the account. */
must_use bool aws_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err);
extern const struct call aws_acm_list, aws_acm_get;
/* Arguments of that list: without all key types and origins it leaves certificates out. */
#define AWS_ACM_ALL                                                                                          \
    "{'Includes':{'keyTypes':['RSA_1024','RSA_2048','RSA_3072',"                                             \
    "'RSA_4096','EC_prime256v1','EC_secp384r1','EC_secp521r1']},"                                            \
    "'CertificateKeyPairOrigins':['AWS_MANAGED','ACME','CUSTOMER_PROVIDED']}"

/* tencent.h - what all Tencent Cloud products share: hosts, errors, the certificate service (SSL).
 *
 * Certificates are global: an id such as "DSAuy46E" is valid in every region and for every product.
 */
#pragma once
#include "cloud/vendor.h"

extern const struct vendor tencent_vendor;

/* What the calls of a service have in common, within a struct call; the service is its host's first label. */
#define TENCENT(product, api, name)                                                                          \
    .service = (product), .version = (api), .operation = (name), .method = "POST", .path = "/",              \
    .host = product ".{site}tencentcloudapi.com", .style = CALL_TC3

/* product.upload for the only store there is, "ssl". */
must_use bool tencent_upload(struct job *job, const char *vendor_store, const struct material *m,
                             const char **ret, struct err *err);

/* vendor.held: what SSL Certificates holds. */
must_use bool tencent_held(struct job *job, bool with_key, held_fn *each, void *context, struct err *err);
extern const struct call tencent_ssl_list, tencent_ssl_detail;

/* vendor.used, vendor.discard, and their calls. */
void tencent_used(struct job *job, struct stored *copies, size_t count);
must_use bool tencent_discard(struct job *job, const struct stored *copy, struct err *err);
extern const struct call *const tencent_clean_calls[];

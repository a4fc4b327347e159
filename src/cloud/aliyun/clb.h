/* clb.h - the certificate store of CLB, one per region, which other products that stand on CLB take theirs from too.
 *
 * An id there looks like "12315790212_166f8204689_1714763408_709981430". The store tells SHA-1 fingerprints only, so a
 * certificate that we brought carries its SHA-256 in its name ("certferry-<64 digits>"), and is believed to be ours
 * when our own one of that name has the same SHA-1; one linked from CAS is looked up there.
 */
#pragma once
#include "cloud/aliyun/aliyun.h"

/* Whether a reference is of that form, and not one of CAS. */
bool aliyun_is_clb_ref(const char *ref);

/* "clb:cn-shanghai", or why CLB refuses the certificate. */
must_use bool aliyun_clb_store(struct job *job, const char *region, const struct material *m,
                               const char **ret, struct err *err);
/* product.upload for these stores: finds the certificate by its fingerprint, or uploads it with its key in the body. */
must_use bool aliyun_clb_upload(struct job *job, const char *vendor_store, const struct material *m,
                                const char **ret, struct err *err);
/* vendor.facts for such references. */
must_use bool aliyun_clb_facts(struct job *job, const char *region, struct bound *b, struct err *err);

/* What the calls of SLB's API have in common, within a struct call. */
#define ALIYUN_SLB(name) ALIYUN_RPC("slb", "2014-05-15", name), .host = "slb.{region}.aliyuncs.com"

extern const struct call aliyun_clb_list_certificates, aliyun_clb_upload_certificate;

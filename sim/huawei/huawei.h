/* huawei.h - what the simulated services of Huawei Cloud share. */
#pragma once
#include "sim/seed.h"
#include "sim/sim.h"

/* ---- SDK-HMAC-SHA256, as pure functions of the raw request (sign.c) ---- */

struct huawei_hmac { /* "SDK-HMAC-SHA256 Access=.., SignedHeaders=.., Signature=.." */
    const char *key_id, *signed_headers, *signature;
};
must_use bool huawei_hmac_parse(struct arena *a, const char *authorization, struct huawei_hmac *ret);

/* NULL when a header named in signed_headers was not sent, or path or query cannot be decoded. */
char *huawei_hmac_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers);
char *huawei_hmac_string_to_sign(struct arena *a, const char *date, const char *canonical);
char *huawei_hmac_signature(struct arena *a, const char *secret, const char *string_to_sign);

/* ---- regions and their projects ---- */

extern const char *const huawei_regions[3];
char *huawei_project(struct arena *a, const char *account, const char *region); /* 32 hex digits */

extern const char huawei_cdn_kind[], huawei_waf_cert_kind[]; /* domains of CDN; WAF's certificates */

void huawei_reply(struct sim_call *c, unsigned status, const char *json);

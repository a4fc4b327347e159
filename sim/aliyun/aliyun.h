/* aliyun.h - what the simulated services of Alibaba Cloud share. */
#pragma once
#include "sim/seed.h"
#include "sim/sim.h"

/* ---- signatures, as pure functions of the raw request (sign.c) ---- */

struct aliyun_v3 { /* "ACS3-HMAC-SHA256 Credential=..,SignedHeaders=..,Signature=.." */
    const char *key_id, *signed_headers, *signature;
};
must_use bool aliyun_v3_parse(struct arena *a, const char *authorization, struct aliyun_v3 *ret);

/* The canonical request over the headers named in signed_headers ("host;x-acs-..."); NULL when one of them was not sent
 * or the query cannot be decoded.
 */
char *aliyun_v3_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers);
char *aliyun_v3_string_to_sign(struct arena *a, const char *canonical);
char *aliyun_v3_signature(struct arena *a, const char *secret, const char *string_to_sign);

/* RPC V1: over all parameters but Signature. */
char *aliyun_v1_string_to_sign(struct arena *a, const char *method, const struct pairs *params);
char *aliyun_v1_signature(struct arena *a, const char *secret, const char *string_to_sign);

/* ---- path-based services (roa.c): those whose operations have a path ---- */

bool aliyun_roa_route(struct sim_call *c);
/* Sets the operation by method and path, and adds the names in the path; false if there is none. */
must_use bool aliyun_rest_operation(struct sim_call *c);
/* Adds the query's parameters; false where it cannot be decoded or repeats a name. */
must_use bool aliyun_rest_query(struct sim_call *c);

/* ---- object storage (oss_sign.c): XML, and a signature of its own ---- */

/* OSS4-HMAC-SHA256 over the request; bucket "" for the service itself. NULL where the query cannot be decoded. */
char *aliyun_oss_canonical(struct arena *a, const struct sim_request *r, const char *bucket,
                           const char *additional);
char *aliyun_oss_string_to_sign(struct arena *a, const char *canonical, const char *date, const char *region);
char *aliyun_oss_signature(struct arena *a, const char *secret, const char *date, const char *region,
                           const char *string_to_sign);

bool oss_route(struct sim_call *c);
bool oss_authenticate(struct sim_call *c);
void oss_fail(struct sim_call *c, unsigned status, const char *code, const char *message);
void oss_refuse(struct sim_call *c, enum sim_refusal why, const char *detail);
/* The bucket in the host; "" for the service itself. */
const char *oss_bucket(const struct sim_call *c);

/* ---- answers ---- */

struct aliyun_answer {
    struct buf body;
    struct json_writer w;
};
/* Begins {"RequestId":...; the caller writes more members and ends it with aliyun_end, which answers 200. */
struct aliyun_answer *aliyun_begin(struct sim_call *c);
void aliyun_end(struct sim_call *c, struct aliyun_answer *answer);

char *aliyun_time(struct sim_call *c, int64_t ms); /* 2026-01-02T03:04:05Z */
char *aliyun_upper(struct arena *a, const char *text);

/* A site of the certificate store that knows a certificate by this number; "cn-hangzhou" or "ap-southeast-1". */
struct sim_object *aliyun_cas_find(struct sim_call *c, const char *site, const char *id);
/* "123-cn-hangzhou" -> the certificate object, also one deleted since; NULL for anything else. */
const struct sim_object *aliyun_cas_by_identifier(struct sim_state *s, const char *account,
                                                  const char *identifier);
bool aliyun_is_site(const char *site);

/* A certificate for names, generated into the store of a site; returns its number. */
const char *aliyun_seed_cas(struct sim_seeding *s, const char *site, const char *names);

extern const char *const aliyun_regions[3];

/* tencent.h - what the simulated services of Tencent Cloud share. */
#pragma once
#include "sim/seed.h"
#include "sim/sim.h"

/* ---- TC3-HMAC-SHA256, as pure functions of the raw request (sign.c) ---- */

struct
    tencent_tc3 { /* "TC3-HMAC-SHA256 Credential=id/date/service/tc3_request, SignedHeaders=.., Signature=.." */
    const char *key_id, *date, *service, *signed_headers, *signature;
};
must_use bool tencent_tc3_parse(struct arena *a, const char *authorization, struct tencent_tc3 *ret);

/* NULL when a header named in signed_headers ("content-type;host") was not sent. */
char *tencent_tc3_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers);
char *tencent_tc3_string_to_sign(struct arena *a, const char *timestamp, const char *date,
                                 const char *service, const char *canonical);
char *tencent_tc3_signature(struct arena *a, const char *secret, const char *date, const char *service,
                            const char *string_to_sign);

/* ---- answers ---- */

struct tencent_answer {
    struct buf body;
    struct json_writer w;
};
/* Begins {"Response":{; the caller writes members and ends it with tencent_end, which adds RequestId. */
struct tencent_answer *tencent_begin(struct sim_call *c);
void tencent_end(struct sim_call *c, struct tencent_answer *answer);

char *tencent_time(struct arena *a, int64_t ms); /* "2026-01-02 03:04:05", the clock of Beijing */

/* ---- regions (region.c) ---- */

extern const char *const tencent_regions[3];
/* Whether X-TC-Region names one of the list; else refuses. */
bool tencent_is_region(struct sim_call *c, const char *const *regions, size_t count);

/* ---- the certificate store (ssl.c) ---- */

extern const char tencent_cert_kind[];
/* A certificate for these names, generated into the store; returns its id. */
const char *tencent_seed_cert(struct sim_seeding *s, const char *names);
/* The same with an RSA key; and a CA for client certificates. */
const char *tencent_seed_rsa(struct sim_seeding *s, const char *names);
const char *tencent_seed_ca(struct sim_seeding *s);

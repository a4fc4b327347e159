/* aws.h - what the simulated services of AWS share. */
#pragma once
#include "sim/seed.h"
#include "sim/sim.h"

/* ---- AWS4-HMAC-SHA256, as pure functions of the raw request (sign.c) ---- */

struct
    aws_sigv4 { /* "AWS4-HMAC-SHA256 Credential=id/date/region/service/aws4_request, SignedHeaders=.., Signature=.." */
    const char *key_id, *date, *region, *service, *signed_headers, *signature;
};
must_use bool aws_sigv4_parse(struct arena *a, const char *authorization, struct aws_sigv4 *ret);

/* NULL when a header named in signed_headers was not sent or the query cannot be decoded. */
char *aws_sigv4_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers);
/* time: "20250131T123456Z" */
char *aws_sigv4_string_to_sign(struct arena *a, const char *time, const struct aws_sigv4 *v,
                               const char *canonical);
char *aws_sigv4_signature(struct arena *a, const char *secret, const struct aws_sigv4 *v,
                          const char *string_to_sign);

/* ---- XML answers (answer.c) ---- */

struct aws_xml {
    struct arena *arena;
    struct buf body;
};
/* Begins <OperationResponse xmlns=..><OperationResult>, or with an ec2 service <OperationResponse><requestId>. */
struct aws_xml *aws_begin(struct sim_call *c);
void aws_end(struct sim_call *c, struct aws_xml *x);
void aws_reply_empty(struct sim_call *c); /* the metadata alone */
void aws_open(struct aws_xml *x, const char *name);
void aws_close(struct aws_xml *x, const char *name);
void aws_text(struct aws_xml *x, const char *name, const char *text);
void aws_reply_json(struct sim_call *c, const char *json);

/* Pages by an opaque Marker: which entries stand on this one. */
struct aws_page {
    size_t from, size, seen;
};
must_use bool aws_page_open(struct sim_call *c, struct aws_page *p, const char *size_arg, size_t fallback);
bool aws_page_holds(struct aws_page *p);                                 /* counts an entry */
const char *aws_page_next(struct sim_call *c, const struct aws_page *p); /* NULL on the last page */

/* Whether the value is one of those sent as `pattern`, or none were sent. */
bool aws_is_asked(struct sim_call *c, const char *pattern, const char *value);

/* ---- certificates (acm.c, iam.c) ---- */

extern const char *const aws_regions[3];
extern const char aws_acm_kind[], aws_iam_kind[];

/* The certificate with that ARN, of ACM or IAM, also one deleted since. */
const struct sim_object *aws_cert_ever(struct sim_state *s, const char *account, const char *arn);
/* The same among those that are there and have spread to the other services; NULL for a while after an import. */
const struct sim_object *aws_cert_ready(struct sim_call *c, const char *arn);
const struct sim_object *aws_iam_by_id(struct sim_state *s, const char *account,
                                       const char *server_certificate_id);

/* A certificate for these names, generated into a region's ACM; returns its ARN. */
const char *aws_seed_acm(struct sim_seeding *s, const char *region, const char *names);

/* The same in IAM. */
const char *aws_seed_iam(struct sim_seeding *s, const char *names);

/* ARNs of what uses the certificate (load balancers, distributions), as a list. */
const char *aws_users(struct sim_call *c, const struct sim_object *cert);
const char *aws_elb_users(struct sim_call *c, const char *arn);
const char *aws_classic_users(struct sim_call *c, const char *arn);
const char *aws_cloudfront_users(struct sim_call *c, const char *arn_or_id);

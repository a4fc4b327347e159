/* cloudfront.h - the objects of the simulated CloudFront.
 *
 * A distribution has a field per element of its configuration, named as the element and holding its canonical XML, so that
 * the log tells which ones a change touched; and "@config" (the document as sent), "@etag", "@cert" (ARN or IAM id).
 */
#pragma once
#include "codec/xml.h"
#include "sim/aws/aws.h"

extern const char cloudfront_kind[];
#define CLOUDFRONT_NAMESPACE "http://cloudfront.amazonaws.com/doc/2020-05-31/"

/* The element without blanks between elements, attributes and order: children sorted. */
char *cloudfront_canonical(struct arena *a, const struct xml *node);

/* Whether a whole new configuration holds together; false after refusing it. */
must_use bool cloudfront_check(struct sim_call *c, const struct sim_object *o, const struct xml *config);
/* What the ViewerCertificate names: an ARN, an IAM id, or "" for the default. */
const char *cloudfront_certificate(const struct xml *config);

bool cloudfront_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                      struct sim_entry *ret);
const struct sim_object *cloudfront_choose(struct sim_state *s, const struct sim_object *o,
                                           const struct sim_fields *view, const char *server_name);
void cloudfront_generate(struct sim_seeding *s, size_t n);

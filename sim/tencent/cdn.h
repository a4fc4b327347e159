/* cdn.h - the domains of the simulated CDN.
 *
 * Fields are named by their paths in the API ("Https.Hsts.MaxAge"); "@OwnCert" is the number of a certificate that was
 * sent along with its key, "@DeployTime" when the certificate was bound.
 */
#pragma once
#include "sim/tencent/tencent.h"

extern const char cdn_kind[], cdn_own_cert_kind[];

/* The certificate that these fields bind; NULL with HTTPS off. */
const struct sim_object *cdn_bound(struct sim_state *s, const struct sim_object *o,
                                   const struct sim_fields *fields);

void cdn_describe_domains(struct sim_call *c);
void cdn_describe_domains_config(struct sim_call *c);

/* scm.h - the simulated certificate service (SCM), global: what others of the account's services take from it.
 *
 * Certificate: name, status, enterprise_project_id, created_ms, Cert, Key, EncCert, EncKey.
 */
#pragma once
#include "sim/huawei/huawei.h"

extern const char scm_cert_kind[];

/* A certificate that was there before, one per name. Returns its id, scs and 13 digits. */
const char *scm_seed_cert(struct sim_seeding *s, const char *names);
/* One that may be used now; NULL if there is none, or the vendor calls it expired or not issued. */
const struct sim_object *scm_usable(struct sim_call *c, const char *id);

/* The certificate that the path names; NULL after refusing an id that is none. */
struct sim_object *scm_wanted(struct sim_call *c);

/* ---- copies elsewhere (scm_push.c) ---- */

void scm_push(struct sim_call *c);
void scm_batch_push(struct sim_call *c);
void scm_push_history(struct sim_call *c);
void scm_deployed_resources(struct sim_call *c);

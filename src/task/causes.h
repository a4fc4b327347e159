/* causes.h - why an entry point may serve another certificate (R100): the four causes in their order, and what is known of each. */
#pragma once
#include "crypto/x509.h"
#include "task/engine_private.h"

/* For the turn that found it contradicted: one sentence a cause, from inventory, certificates and the row alone, then what to do.
 * name: what was asked for, NULL without SNI. NULL on the way back, or where the store refuses.
 */
const char *causes_known(struct turn *t, const char *name, const struct x509 *leaf);

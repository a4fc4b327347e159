/* certificate_add.h - an imported certificate into the store, whoever brings it. */
#pragma once
#include "api/request.h"
#include "cert/certificate.h"
#include "store/certificate.h"

/* What the owner has already stays as it is, but for a chain or a key that was missing and comes now: *ret_already. name NULL:
 * one is made of the domains. ERR_CONFLICT: the owner has another certificate of that name.
 */
must_use bool certificate_add(struct store *store, struct arena *a, const struct certificate *cert,
                              const char *owner, const char *name, struct certificate_row *ret,
                              bool *ret_already, struct err *err);

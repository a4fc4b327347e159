/* name.h - domain names as certificates and clouds spell them, brought to one form (libidn2). */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* Lower case, A-labels (IDNA 2008, non-transitional TR46), without trailing dot; one leading "*." is kept. Refuses
 * empty labels, labels over 63, names over 253 bytes, and characters no host name has. An IPv4 or IPv6 address is
 * normalised and accepted when allow_address.
 */
must_use bool name_normalise(struct arena *a, const char *text, bool allow_address, const char **ret,
                             struct err *err);

bool name_is_wildcard(const char *name); /* begins with "*." */
bool name_is_address(const char *name);
const char *name_parent(const char *name); /* what follows the first dot; NULL if there is none */

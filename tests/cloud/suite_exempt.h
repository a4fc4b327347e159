/* suite_exempt.h - the cases of the conformance suite that do not apply to a product, each with the line of the vendor's
 * facts that says so.
 *
 * Only these may be exempt: SNI where the API chooses no certificate by name, regions of what is global, mutual TLS where the
 * API has no client CA, restoring none where none ever was before, restoring without the old key where every reference stays. The
 * suite proves each of them in its case; test_exempt.c looks the lines up.
 */
#pragma once
#include "base/base.h"

struct exemption {
    const char *product, *name; /* the case */
    const char *why;            /* NULL: the product declares it (global, sni, first_deployment, lost_key) */
    const char *sheet, *line;   /* part of a line of that sheet of facts, word by word */
};

extern const struct exemption exemptions[];
extern const size_t exemption_count;

const struct exemption *suite_exemption(const char *product, const char *name); /* NULL: the case applies */

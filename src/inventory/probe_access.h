/* probe_access.h - whether an access may read what a product needs, found out harmlessly: by listing and reading, one resource
 * at most. Rights to change are not tried: certferry's policy document names them.
 */
#pragma once
#include "cloud/product.h"

struct access_probe {
    const char *region;   /* that was asked; "" for global products */
    const char *resource; /* that was read; "" where there is none */
};

/* Blocks in cloud calls, whose answers go into the record where it is not NULL. Fails as the first call that is refused does; its text names the action to grant. */
must_use bool inventory_probe(struct cloud *cloud, struct arena *a, int64_t access_id,
                              const struct product *product, struct record *record, struct access_probe *ret,
                              struct err *err);

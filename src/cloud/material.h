/* material.h - a certificate's row as what goes to the clouds. */
#pragma once
#include "cloud/product.h"
#include "store/certificate.h"

/* Keys are borrowed; a row without a readable list of domains has none. */
struct material material_of(struct arena *a, const struct certificate_row *row, const struct secret *key,
                            const struct secret *sm2_encryption_key);

/* "rsa" and its like back to the type; KEY_OTHER for what is none. */
enum key_type material_key_type(const char *name);

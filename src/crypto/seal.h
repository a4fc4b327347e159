/* seal.h - secrets at rest: XChaCha20-Poly1305 (libsodium) under the master key.
 *
 * A sealed value is 1 byte of format (1), 24 bytes of random nonce, and the cipher text with its tag. The row's
 * identity ("access/12/secret") goes in as additional data, so a value moved to another row does not open.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

struct seal; /* a master key ready for use; may be used from any thread */

/* Loads the key file (64 hex digits, mode 0600 or stricter, our own), or, when it is absent and `create`, makes one
 * with its directory. err says what is wrong with the file and how to mend it.
 */
must_use bool seal_load(const char *path, bool create, struct seal **ret, struct err *err);
struct seal *seal_free(struct seal *s);
void seal_free_p(struct seal **s);

/* A short id of the key (first 16 hex digits of a keyed hash), for telling a wrong key from a damaged value. */
const char *seal_key_id(const struct seal *s);

void seal_close(const struct seal *s, struct arena *a, const char *identity, const void *data, size_t size,
                unsigned char **ret, size_t *ret_size);
/* ERR_STORE when it does not open: wrong key, wrong row, or damaged. */
must_use bool seal_open(const struct seal *s, const char *identity, const void *sealed, size_t sealed_size,
                        struct secret **ret, struct err *err);

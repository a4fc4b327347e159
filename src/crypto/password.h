/* password.h - what is kept of a password: Argon2id (libsodium) over 19 MiB, twice, which takes about 15 ms and that much
 * memory. Whoever calls these bounds how many run at once.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

enum { PASSWORD_MEMORY_BYTES = 19 << 20, PASSWORD_PASSES = 2 };

/* "$argon2id$v=19$m=19456,t=2,p=1$...": with its own salt. */
must_use bool password_hash(struct arena *a, const struct secret *password, char **ret, struct err *err);

/* Whether the password is the one of the hash. hash NULL: there is none, which takes as long to find out. */
bool password_fits(const char *hash, const struct secret *password);

/* Whether the bytes are the same, in a time that depends on the size alone. */
bool bytes_equal(const void *a, const void *b, size_t size);

#include "crypto/password.h"

#include <sodium.h>

/* Of a password that nobody knows: random bytes that were thrown away. */
static const char nobody[] =
    "$argon2id$v=19$m=19456,t=2,p=1$4HCKgtWCMkzjbDrRttmhWw$/7dNwoNTskkvYsW1YGzWRBdlSK+MODupWEqF5Ih1s2U";

bool password_hash(struct arena *a, const struct secret *password, char **ret, struct err *err)
{
    char *hash = arena_alloc(a, crypto_pwhash_STRBYTES);
    if (sodium_init() < 0)
        return err_set(err, ERR_INTERNAL, "libsodium cannot start");
    if (crypto_pwhash_str_alg(hash, secret_bytes(password), secret_size(password), PASSWORD_PASSES,
                              PASSWORD_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return err_set(err, ERR_INTERNAL, "no memory to hash a password");
    *ret = hash;
    return true;
}

bool password_fits(const char *hash, const struct secret *password)
{
    bool fits = sodium_init() >= 0 && crypto_pwhash_str_verify(hash ? hash : nobody, secret_bytes(password),
                                                               secret_size(password)) == 0;
    return fits && hash;
}

bool bytes_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

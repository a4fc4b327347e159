/* mint.h - certificates of our own making: a CA, intermediates and leaves, for the simulated clouds and for tests.
 *
 * An ECDSA certificate costs under a millisecond, an RSA key of 2,048 bits a tenth of a second, so whoever makes many
 * gives one key to several certificates. Any thread.
 */
#pragma once
#include "crypto/x509.h"

struct minted {
    struct x509 cert;
    struct secret *key; /* PKCS#8 PEM; the arena's */
};

enum mint_usage { MINT_SIGN_AND_ENCIPHER, MINT_SIGN_ONLY, MINT_ENCIPHER_ONLY };

struct mint_request {
    const char *common_name;  /* UTF-8; NULL: the first name; "": an empty subject */
    const char *organisation; /* NULL: none */
    const char *const *names; /* alternative names: DNS names and IP addresses; bytes taken as they are */
    const size_t *name_sizes; /* NULL: they end with NUL; for names that hold one */
    size_t name_count;        /* 0: no such extension */
    enum key_type key_type;   /* not KEY_OTHER */
    unsigned key_bits;        /* RSA: 1024 to 8192, 0 is 2048; ECDSA: 256, 384, 521, 0 is 256; else unused */
    const struct secret *key; /* an existing key instead of a new one; key_type and key_bits unused */
    int64_t not_before_ms, not_after_ms;
    bool ca;
    enum mint_usage usage; /* of a leaf */
    const char *ocsp_url;  /* NULL: none */
};

/* One certificate, signed by `issuer`, or by itself when that is NULL. ERR_INPUT for what OpenSSL cannot make. */
must_use bool mint_certificate(struct arena *a, const struct minted *issuer,
                               const struct mint_request *request, struct minted *ret, struct err *err);

/* The two everyday cases: a self-signed CA, and a server certificate for some names. */
must_use bool mint_ca(struct arena *a, const char *common_name, enum key_type key_type, unsigned key_bits,
                      int64_t not_before_ms, int64_t not_after_ms, struct minted *ret, struct err *err);
must_use bool mint_leaf(struct arena *a, const struct minted *ca, const char *const *names, size_t count,
                        enum key_type key_type, unsigned key_bits, int64_t not_before_ms,
                        int64_t not_after_ms, struct minted *ret, struct err *err);

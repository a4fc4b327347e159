/* x509.h - certificates and private keys as OpenSSL reads them, as plain data for the floors above. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

enum key_type { KEY_RSA, KEY_ECDSA, KEY_SM2, KEY_ED25519, KEY_OTHER };
const char *key_type_name(enum key_type type); /* "rsa", "ecdsa", "sm2", "ed25519", "other" */

struct x509 {
    const unsigned char *der;
    size_t der_size;
    char sha256[65], sha1[41];    /* of the DER, lower-case hex */
    const char *serial;           /* lower-case hex, no leading zeros */
    const char *subject, *issuer; /* one line, RFC 2253, control characters escaped */
    const char *common_name;      /* of the subject, the last one; "" if none */
    const char **names;           /* DNS and address alternative names as written, odd bytes as \xNN */
    size_t name_count;
    int64_t not_before_ms, not_after_ms;
    enum key_type key_type;
    unsigned key_bits;
    const char *curve;                      /* "P-256", "P-384", "P-521", "SM2"; "" otherwise */
    const char *signature;                  /* "sha256WithRSAEncryption" */
    const char *key_id, *authority_key_id;  /* hex; "" if absent */
    const char *subject_hash, *issuer_hash; /* sha256 hex of the DER names, for chain building */
    const char *ocsp_url, *ca_issuers_url;  /* "" if absent */
    bool is_ca, self_issued;
    bool may_sign,
        may_encipher; /* digitalSignature, keyEncipherment/Agreement; both true without key usage */
};

/* One certificate of DER. ERR_INPUT in one sentence; RSA over 8,192 bits, no names at all, over
 * 64 KiB are refused.
 */
must_use bool x509_parse(struct arena *a, const unsigned char *der, size_t size, struct x509 *ret,
                         struct err *err);

/* PEM of one certificate, 64 columns, LF. */
char *x509_pem(struct arena *a, const struct x509 *cert);

/* Whether `issuer` signed `cert` (names, signature; SM2 with the id 1234567812345678). Expiry is not looked at. */
bool x509_issued_by(const struct x509 *cert, const struct x509 *issuer);

/* Looks in a PEM bundle of roots for the one that issued `cert`. Fast: only blocks that hold the issuer's name are
 * parsed. What in the bundle cannot be read is passed over.
 */
bool x509_find_issuer(struct arena *a, const char *bundle_pem, size_t size, const struct x509 *cert,
                      struct x509 *ret);

/* A private key in PEM (PKCS#1, SEC1, PKCS#8, any of them) to canonical unencrypted PKCS#8 PEM. An encrypted key is
 * refused, saying how to decrypt it. err never holds key bytes.
 */
must_use bool key_parse(const char *pem, size_t size, struct secret **ret_pkcs8_pem, enum key_type *ret_type,
                        unsigned *ret_bits, struct err *err);
/* The same key in its traditional form: RSA as PKCS#1, EC as SEC1 ("BEGIN EC PRIVATE KEY"). Some clouds want it.
 * SM2 and Ed25519 keys have none: ERR_INPUT.
 */
must_use bool key_traditional(const struct secret *pkcs8_pem, struct secret **ret, struct err *err);
must_use bool key_der(const struct secret *pkcs8_pem, struct secret **ret_pkcs8_der, struct err *err);

/* Whether the key belongs to the certificate. */
bool key_matches(const struct secret *pkcs8_pem, const struct x509 *cert);

struct pkcs12 {
    struct x509 *certs; /* the key's own certificate first where one is found */
    size_t count;
    struct secret *key; /* PKCS#8 PEM; NULL if none; the arena's */
    enum key_type key_type;
    unsigned key_bits;
};
enum {
    PKCS12_MAX_BYTES = 1 << 20,
    PKCS12_CERTS_MAX = 32,
    PKCS12_ITERATIONS_MAX =
        5000000, /* all derivations of a file together: seconds of CPU; refused before deriving */
};
/* Old RC2/3DES files too (a legacy provider in a library context of its own). ERR_INPUT in one sentence. */
must_use bool pkcs12_parse(struct arena *a, const void *data, size_t size, const struct secret *password,
                           struct pkcs12 *ret, struct err *err);
/* AES-256, SHA-256 MAC, 100,000 iterations. */
must_use bool pkcs12_make(struct arena *a, const char *name, const struct x509 *certs, size_t count,
                          const struct secret *key, const struct secret *password, unsigned char **ret,
                          size_t *ret_size, struct err *err);

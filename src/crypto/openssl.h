/* openssl.h - what the files of this folder share: OpenSSL's own types, closed by scope. Nobody else includes it. */
#pragma once
#include "crypto/x509.h"
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define openssl_scoped(type, free_it)                                                                        \
    static inline void type##_free_p(type **object)                                                          \
    {                                                                                                        \
        free_it(*object);                                                                                    \
        *object = NULL;                                                                                      \
    }

openssl_scoped(BIO, BIO_free_all) openssl_scoped(EVP_MD_CTX, EVP_MD_CTX_free)
    openssl_scoped(EVP_PKEY, EVP_PKEY_free) openssl_scoped(EVP_PKEY_CTX, EVP_PKEY_CTX_free) openssl_scoped(
        PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free) openssl_scoped(X509, X509_free)

        enum {
            X509_MAX_BYTES = 64 << 10,
            KEY_MAX_BYTES =
                8 << 10, /* of DER: an RSA key of 8,192 bits has 4.7 KiB; more makes signing slow, not safe */
            RSA_MAX_BITS = 8192,
        };

/* The id that GM/T 0009 gives to SM2 signatures where nothing else was agreed. */
#define SM2_ID "1234567812345678"

/* Plain facts of a key, private or public. curve is static text. */
void key_facts(EVP_PKEY *key, enum key_type *ret_type, unsigned *ret_bits, const char **ret_curve);

/* OpenSSL's object of what key_parse or x509_parse made; NULL only when out of memory or the bytes were not made here. */
EVP_PKEY *key_object(const struct secret *pkcs8_pem);
X509 *x509_object(const struct x509 *cert);

/* The canonical PKCS#8 PEM of a key. */
must_use bool key_write(EVP_PKEY *key, struct secret **ret, struct err *err);
must_use bool key_read(const unsigned char *der, size_t size, EVP_PKEY **ret, struct err *err);

/* The digest that goes with a key's signatures; NULL where the algorithm brings its own. */
const EVP_MD *key_digest(enum key_type type);

/* Tells a signature or a verification about to begin the id that SM2 wants; nothing for other keys. */
must_use bool key_id_set(EVP_MD_CTX *context, enum key_type type);

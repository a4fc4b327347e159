#include "crypto/mint.h"

#include "crypto/digest.h"
#include "crypto/openssl.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

openssl_scoped(BIGNUM, BN_free) openssl_scoped(GENERAL_NAMES, GENERAL_NAMES_free)

    static EVP_PKEY *key_generate(enum key_type type, unsigned bits)
{
    switch (type) {
    case KEY_RSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)(bits ? bits : 2048));
    case KEY_ECDSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", bits == 384 ? "P-384" : bits == 521 ? "P-521" : "P-256");
    case KEY_SM2:
        return EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    case KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case KEY_OTHER:
        return NULL;
    }
    return NULL;
}

static bool request_check(const struct mint_request *r, struct err *err)
{
    bool rsa = r->key_type == KEY_RSA, ecdsa = r->key_type == KEY_ECDSA;
    if (!r->key && rsa && r->key_bits && (r->key_bits < 1024 || r->key_bits > RSA_MAX_BITS))
        return err_set(err, ERR_INPUT, "RSA keys have 1024 to %d bits, not %u", RSA_MAX_BITS, r->key_bits);
    if (!r->key && ecdsa && r->key_bits && r->key_bits != 256 && r->key_bits != 384 && r->key_bits != 521)
        return err_set(err, ERR_INPUT, "ECDSA keys have 256, 384 or 521 bits, not %u", r->key_bits);
    return true;
}

static bool time_put(ASN1_TIME *when, int64_t ms)
{
    return ASN1_TIME_adj(when, (time_t)(ms / 1000), 0, 0) != NULL;
}

static bool serial_put(X509 *x)
{
    unsigned char bytes[16];
    random_fill(bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
    cleanup(BIGNUM_free_p) BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    return number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
}

static bool subject_put(X509_NAME *name, const struct mint_request *r)
{
    const char *common = r->common_name ? r->common_name : r->name_count ? r->names[0] : "";
    bool done = true;
    if (r->organisation)
        done = X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)r->organisation,
                                          -1, -1, 0) == 1;
    if (done &&
        *common) /* not by_txt: a common name over 64 characters is refused there, and CAs make them */
        done = X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING,
                                          (const unsigned char *)common, -1, -1, 0) == 1;
    return done;
}

static GENERAL_NAME *general_name(const char *text, size_t size)
{
    unsigned char address[16];
    bool v4 = strlen(text) == size && inet_pton(AF_INET, text, address) == 1;
    bool v6 = !v4 && strlen(text) == size && inet_pton(AF_INET6, text, address) == 1;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(v4 || v6 ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    bool set = v4 || v6 ? ASN1_STRING_set(value, address, v4 ? 4 : 16) == 1
                        : ASN1_STRING_set(value, text, (int)size) == 1;
    if (name && set) {
        GENERAL_NAME_set0_value(name, v4 || v6 ? GEN_IPADD : GEN_DNS, value);
        return name;
    }
    ASN1_STRING_free(value);
    GENERAL_NAME_free(name);
    return NULL;
}

static bool names_put(X509 *x, const struct mint_request *r)
{
    if (!r->name_count)
        return true;
    cleanup(GENERAL_NAMES_free_p) GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
    for (size_t i = 0; i < r->name_count; i++) {
        size_t size = r->name_sizes ? r->name_sizes[i] : strlen(r->names[i]);
        GENERAL_NAME *name = general_name(r->names[i], size);
        if (!name || !sk_GENERAL_NAME_push(all, name)) {
            GENERAL_NAME_free(name);
            return false;
        }
    }
    return X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, 0) == 1;
}

static bool extension_put(X509 *x, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool added = extension && X509_add_ext(x, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static const char *usage_text(const struct mint_request *r, enum key_type type)
{
    if (r->ca)
        return "critical,keyCertSign,cRLSign";
    switch (r->usage) {
    case MINT_SIGN_ONLY:
        return "critical,digitalSignature";
    case MINT_ENCIPHER_ONLY:
        return "critical,keyEncipherment,dataEncipherment,keyAgreement";
    case MINT_SIGN_AND_ENCIPHER:
        return type == KEY_RSA ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";
    }
    return "";
}

static bool extensions_put(X509 *x, X509 *issuer, const struct mint_request *r, enum key_type type)
{
    char access[512];
    int size = snprintf(access, sizeof access, "OCSP;URI:%s", r->ocsp_url ? r->ocsp_url : "");
    return extension_put(x, issuer, NID_basic_constraints,
                         r->ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           extension_put(x, issuer, NID_key_usage, usage_text(r, type)) &&
           (r->ca || extension_put(x, issuer, NID_ext_key_usage, "serverAuth")) &&
           extension_put(x, issuer, NID_subject_key_identifier, "hash") &&
           extension_put(x, issuer, NID_authority_key_identifier, "keyid") &&
           (!r->ocsp_url ||
            (size < (int)sizeof access && extension_put(x, issuer, NID_info_access, access))) &&
           names_put(x, r);
}

static bool sign(X509 *x, EVP_PKEY *key)
{
    enum key_type type;
    unsigned bits;
    const char *curve;
    key_facts(key, &type, &bits, &curve);
    cleanup(EVP_MD_CTX_free_p) EVP_MD_CTX *context = EVP_MD_CTX_new();
    return context && EVP_DigestSignInit(context, NULL, key_digest(type), NULL, key) == 1 &&
           key_id_set(context, type) && X509_sign_ctx(x, context) > 0;
}

static bool fill(X509 *x, EVP_PKEY *key, X509 *issuer, const struct mint_request *r)
{
    enum key_type type;
    unsigned bits;
    const char *curve;
    key_facts(key, &type, &bits, &curve);
    X509 *by = issuer ? issuer : x;
    return X509_set_version(x, X509_VERSION_3) == 1 && serial_put(x) &&
           time_put(X509_getm_notBefore(x), r->not_before_ms) &&
           time_put(X509_getm_notAfter(x), r->not_after_ms) && subject_put(X509_get_subject_name(x), r) &&
           X509_set_issuer_name(x, X509_get_subject_name(by)) == 1 && X509_set_pubkey(x, key) == 1 &&
           extensions_put(x, by, r, type);
}

bool mint_certificate(struct arena *a, const struct minted *issuer, const struct mint_request *request,
                      struct minted *ret, struct err *err)
{
    if (!request_check(request, err))
        return false;
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key =
        request->key ? key_object(request->key) : key_generate(request->key_type, request->key_bits);
    cleanup(EVP_PKEY_free_p) EVP_PKEY *by_key = issuer ? key_object(issuer->key) : NULL;
    cleanup(X509_free_p) X509 *by = issuer ? x509_object(&issuer->cert) : NULL;
    cleanup(X509_free_p) X509 *x = X509_new();
    bool made = x && key && (!issuer || (by && by_key)) && fill(x, key, by, request) &&
                sign(x, issuer ? by_key : key);
    unsigned char *der = NULL;
    int size = made ? i2d_X509(x, &der) : 0;
    ERR_clear_error();
    if (size <= 0)
        return err_set(err, ERR_INPUT, "OpenSSL cannot make the certificate asked for");
    struct minted minted = {0};
    struct secret *pem = NULL;
    bool read = x509_parse(a, der, (size_t)size, &minted.cert, err) && key_write(key, &pem, err);
    OPENSSL_free(der);
    if (!read)
        return false;
    minted.key = secret_in(a, pem);
    *ret = minted;
    return true;
}

bool mint_ca(struct arena *a, const char *common_name, enum key_type key_type, unsigned key_bits,
             int64_t not_before_ms, int64_t not_after_ms, struct minted *ret, struct err *err)
{
    struct mint_request request = {.common_name = common_name,
                                   .key_type = key_type,
                                   .key_bits = key_bits,
                                   .not_before_ms = not_before_ms,
                                   .not_after_ms = not_after_ms,
                                   .ca = true};
    return mint_certificate(a, NULL, &request, ret, err);
}

bool mint_leaf(struct arena *a, const struct minted *ca, const char *const *names, size_t count,
               enum key_type key_type, unsigned key_bits, int64_t not_before_ms, int64_t not_after_ms,
               struct minted *ret, struct err *err)
{
    struct mint_request request = {.names = names,
                                   .name_count = count,
                                   .key_type = key_type,
                                   .key_bits = key_bits,
                                   .not_before_ms = not_before_ms,
                                   .not_after_ms = not_after_ms};
    return mint_certificate(a, ca, &request, ret, err);
}

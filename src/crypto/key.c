#include "crypto/x509.h"

#include "crypto/openssl.h"
#include "crypto/pem.h"
#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <string.h>

static const char *const type_names[] = {
    [KEY_RSA] = "rsa",         [KEY_ECDSA] = "ecdsa", [KEY_SM2] = "sm2",
    [KEY_ED25519] = "ed25519", [KEY_OTHER] = "other",
};

static const struct {
    const char *openssl, *name;
} curves[] = {
    {"prime256v1", "P-256"}, {"P-256", "P-256"}, {"secp384r1", "P-384"}, {"P-384", "P-384"},
    {"secp521r1", "P-521"},  {"P-521", "P-521"}, {"SM2", "SM2"},
};

const char *key_type_name(enum key_type type)
{
    return (size_t)type < countof(type_names) ? type_names[type] : "other";
}

static const char *curve_name(EVP_PKEY *key)
{
    char group[80] = "";
    size_t size = 0;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1)
        return "";
    for (size_t i = 0; i < countof(curves); i++)
        if (strcmp(curves[i].openssl, group) == 0)
            return curves[i].name;
    return "";
}

void key_facts(EVP_PKEY *key, enum key_type *ret_type, unsigned *ret_bits, const char **ret_curve)
{
    enum key_type type = KEY_OTHER;
    const char *curve = "";
    if (EVP_PKEY_is_a(key, "RSA")) {
        type = KEY_RSA;
    } else if (EVP_PKEY_is_a(key, "ED25519")) {
        type = KEY_ED25519;
    } else if (EVP_PKEY_is_a(key, "EC") || EVP_PKEY_is_a(key, "SM2")) {
        curve = curve_name(key);
        type = strcmp(curve, "SM2") == 0 ? KEY_SM2 : KEY_ECDSA;
    }
    int bits = EVP_PKEY_get_bits(key);
    ERR_clear_error();
    *ret_type = type;
    *ret_bits = bits > 0 ? (unsigned)bits : 0;
    *ret_curve = curve;
}

const EVP_MD *key_digest(enum key_type type)
{
    switch (type) {
    case KEY_RSA:
    case KEY_ECDSA:
        return EVP_sha256();
    case KEY_SM2:
        return EVP_sm3();
    case KEY_ED25519:
    case KEY_OTHER:
        return NULL;
    }
    return NULL;
}

static int no_password(char *out, int room, int writing, void *context)
{
    (void)out, (void)room, (void)writing, (void)context;
    return -1;
}

static void decoder_free(OSSL_DECODER_CTX **decoder)
{
    OSSL_DECODER_CTX_free(*decoder);
}

/* What OpenSSL's decoder calls this kind; NULL where it should find out by itself. */
static const char *pkcs8_kind(const unsigned char *der, long size)
{
    cleanup(PKCS8_PRIV_KEY_INFO_free_p) PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, size);
    const ASN1_OBJECT *kind = NULL;
    if (!info || PKCS8_pkey_get0(&kind, NULL, NULL, NULL, info) != 1)
        return NULL;
    switch (OBJ_obj2nid(kind)) {
    case NID_rsaEncryption:
        return "RSA";
    case NID_X9_62_id_ecPublicKey:
        return "EC";
    case NID_ED25519:
        return "ED25519";
    default:
        return NULL;
    }
}

/* Told what to expect, the decoder takes a fifth of the time that it needs to try all it knows. */
static EVP_PKEY *key_decode(const unsigned char *der, size_t size, const char *kind)
{
    EVP_PKEY *key = NULL;
    cleanup(decoder_free) OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&key, "DER", "PrivateKeyInfo", kind, EVP_PKEY_KEYPAIR, NULL, NULL);
    return decoder && OSSL_DECODER_from_data(decoder, &der, &size) == 1 ? key : NULL;
}

static EVP_PKEY *key_object_fast(BIO *in)
{
    char *label = NULL, *header = NULL;
    unsigned char *der = NULL;
    long size = 0;
    if (PEM_read_bio(in, &label, &header, &der, &size) != 1)
        return NULL;
    const char *kind = strcmp(label, "PRIVATE KEY") == 0 ? pkcs8_kind(der, size) : NULL;
    EVP_PKEY *key = kind ? key_decode(der, (size_t)size, kind) : NULL;
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)size);
    return key;
}

EVP_PKEY *key_object(const struct secret *pkcs8_pem)
{
    cleanup(BIO_free_p) BIO *in = BIO_new_mem_buf(secret_bytes(pkcs8_pem), (int)secret_size(pkcs8_pem));
    EVP_PKEY *key = in ? key_object_fast(in) : NULL;
    if (in && !key && BIO_reset(in) == 1) /* SM2, and what is rare */
        key = PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
    ERR_clear_error();
    return key;
}

static struct secret *secret_of_bio(BIO *out)
{
    char *data = NULL;
    long size = BIO_get_mem_data(out, &data);
    return size > 0 ? secret_new(data, (size_t)size) : NULL;
}

bool key_write(EVP_PKEY *key, struct secret **ret, struct err *err)
{
    cleanup(BIO_free_p) BIO *out = BIO_new(BIO_s_mem()); /* wipes what it frees */
    bool written = out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
    ERR_clear_error();
    if (!written)
        return err_set(err, ERR_INPUT, "the private key cannot be written as PKCS#8");
    *ret = secret_of_bio(out);
    return true;
}

bool key_read(const unsigned char *der, size_t size, EVP_PKEY **ret, struct err *err)
{
    if (size > KEY_MAX_BYTES)
        return err_set(err, ERR_INPUT, "the private key has %zu bytes, more than any key of up to %d bits",
                       size, RSA_MAX_BITS);
    const unsigned char *p = der;
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)size);
    ERR_clear_error();
    if (!key)
        return err_set(err, ERR_INPUT, "the private key is damaged, or of a kind that OpenSSL does not know");
    if (EVP_PKEY_get_bits(key) > RSA_MAX_BITS)
        return err_set(err, ERR_INPUT, "the private key has %d bits, at most %d are taken",
                       EVP_PKEY_get_bits(key), RSA_MAX_BITS);
    *ret = take(key);
    return true;
}

static bool key_block_find(const char *pem, size_t size, struct pem_block *ret, struct err *err)
{
    struct pem_block block, found = {0};
    size_t offset = 0;
    for (;;) {
        if (!pem_next(pem, size, &offset, &block, err))
            return false;
        if (!*block.label)
            break;
        if (pem_is_key(&block) && *found.label)
            return err_set(err, ERR_INPUT, "more than one private key where one is wanted");
        if (pem_is_key(&block))
            found = block;
    }
    if (!*found.label)
        return err_set(err, ERR_INPUT, "no private key: a line \"-----BEGIN PRIVATE KEY-----\" is wanted%s",
                       size && pem[0] == 0x30 ? " (this looks like DER: openssl pkey -inform der converts it)"
                                              : "");
    if (found.encrypted)
        return err_set(
            err, ERR_INPUT,
            "the private key is encrypted: decrypt it first with openssl pkey -in KEY -out PLAIN.key");
    *ret = found;
    return true;
}

bool key_parse(const char *pem, size_t size, struct secret **ret_pkcs8_pem, enum key_type *ret_type,
               unsigned *ret_bits, struct err *err)
{
    struct pem_block block;
    if (!key_block_find(pem, size, &block, err))
        return false;
    if (block.body_size > 4 * (size_t)KEY_MAX_BYTES)
        return err_set(err, ERR_INPUT, "the private key is larger than any key of up to %d bits",
                       RSA_MAX_BITS);
    cleanup(arena_free_p) struct arena *a = arena_new_secret(1 << 20);
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key = NULL;
    unsigned char *der;
    size_t der_size;
    if (!pem_decode(a, &block, &der, &der_size, err) || !key_read(der, der_size, &key, err))
        return false;
    const char *curve;
    enum key_type type;
    unsigned bits;
    key_facts(key, &type, &bits, &curve);
    if (!key_write(key, ret_pkcs8_pem, err))
        return false;
    *ret_type = type;
    *ret_bits = bits;
    return true;
}

bool key_traditional(const struct secret *pkcs8_pem, struct secret **ret, struct err *err)
{
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key = key_object(pkcs8_pem);
    cleanup(BIO_free_p) BIO *out = BIO_new(BIO_s_mem());
    bool has_form = key && (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "EC"));
    bool written =
        has_form && out && PEM_write_bio_PrivateKey_traditional(out, key, NULL, NULL, 0, NULL, NULL) == 1;
    ERR_clear_error();
    if (!written)
        return err_set(err, ERR_INPUT, "a key of this kind has no form older than PKCS#8");
    *ret = secret_of_bio(out);
    return true;
}

bool key_der(const struct secret *pkcs8_pem, struct secret **ret, struct err *err)
{
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key = key_object(pkcs8_pem);
    cleanup(BIO_free_p) BIO *out = BIO_new(BIO_s_mem());
    bool written = key && out && i2d_PKCS8PrivateKey_bio(out, key, NULL, NULL, 0, NULL, NULL) == 1;
    ERR_clear_error();
    if (!written)
        return err_set(err, ERR_INTERNAL, "the private key cannot be written as DER");
    *ret = secret_of_bio(out);
    return true;
}

bool key_id_set(EVP_MD_CTX *context, enum key_type type)
{
    return type != KEY_SM2 ||
           EVP_PKEY_CTX_set1_id(EVP_MD_CTX_get_pkey_ctx(context), SM2_ID, (int)sizeof SM2_ID - 1) == 1;
}

/* Signs with one and verifies with the other: a file can carry a public half that is not the private half's. */
static bool pair_signs(EVP_PKEY *private_key, EVP_PKEY *public_key, enum key_type type)
{
    static const unsigned char message[] = "certferry: does this key belong to this certificate";
    unsigned char signature[2048];
    size_t size = sizeof signature;
    cleanup(EVP_MD_CTX_free_p) EVP_MD_CTX *sign = EVP_MD_CTX_new();
    cleanup(EVP_MD_CTX_free_p) EVP_MD_CTX *verify = EVP_MD_CTX_new();
    const EVP_MD *digest = key_digest(type);
    return sign && verify && EVP_DigestSignInit(sign, NULL, digest, NULL, private_key) == 1 &&
           key_id_set(sign, type) && EVP_DigestSign(sign, signature, &size, message, sizeof message) == 1 &&
           EVP_DigestVerifyInit(verify, NULL, digest, NULL, public_key) == 1 && key_id_set(verify, type) &&
           EVP_DigestVerify(verify, signature, size, message, sizeof message) == 1;
}

bool key_matches(const struct secret *pkcs8_pem, const struct x509 *cert)
{
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key = key_object(pkcs8_pem);
    cleanup(X509_free_p) X509 *x = x509_object(cert);
    EVP_PKEY *public_key = x ? X509_get0_pubkey(x) : NULL;
    bool matches = key && public_key && EVP_PKEY_eq(public_key, key) == 1 &&
                   (cert->key_type == KEY_OTHER || pair_signs(key, public_key, cert->key_type));
    ERR_clear_error();
    return matches;
}

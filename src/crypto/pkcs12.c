#include "crypto/x509.h"

#include "crypto/openssl.h"
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <string.h>

typedef STACK_OF(PKCS7) safes;
typedef STACK_OF(PKCS12_SAFEBAG) bags;
typedef STACK_OF(X509) x509_stack;

static void safes_free(safes *all)
{
    sk_PKCS7_pop_free(all, PKCS7_free);
}

static void bags_free(bags *all)
{
    sk_PKCS12_SAFEBAG_pop_free(all, PKCS12_SAFEBAG_free);
}

static void x509_stack_free(x509_stack *all)
{
    sk_X509_pop_free(all, X509_free);
}

openssl_scoped(OSSL_LIB_CTX, OSSL_LIB_CTX_free) openssl_scoped(OSSL_PROVIDER, OSSL_PROVIDER_unload)
    openssl_scoped(PBEPARAM, PBEPARAM_free) openssl_scoped(PBE2PARAM, PBE2PARAM_free)
        openssl_scoped(PBKDF2PARAM, PBKDF2PARAM_free) openssl_scoped(PKCS12, PKCS12_free)
            openssl_scoped(safes, safes_free) openssl_scoped(bags, bags_free)
                openssl_scoped(x509_stack, x509_stack_free)

                    enum {
                        BAG_DEPTH_MAX = 4,
                        BAG_COUNT_MAX = 256
                    };

struct reading { /* one file being read */
    struct arena *arena;
    OSSL_LIB_CTX *library;
    const char *password; /* NULL: none, which is not the same as an empty one */
    int64_t iterations;   /* of all derivations so far */
    unsigned bags;
    struct pkcs12 found;
    size_t capacity;
};

/* Counts before anything is derived: a derivation's cost is the file's to choose. */
static bool iterations_spend(struct reading *r, const ASN1_INTEGER *count, struct err *err)
{
    int64_t iterations = 1;
    if (count && ASN1_INTEGER_get_int64(&iterations, count) != 1)
        iterations = PKCS12_ITERATIONS_MAX + 1;
    if (iterations > 0 && iterations <= PKCS12_ITERATIONS_MAX - r->iterations) {
        r->iterations += iterations;
        return true;
    }
    return err_set(err, ERR_INPUT,
                   "the PKCS#12 file demands more than %d key derivation rounds: export it anew",
                   PKCS12_ITERATIONS_MAX);
}

static bool derivation_check(struct reading *r, const X509_ALGOR *algorithm, struct err *err)
{
    const ASN1_OBJECT *object;
    int kind;
    const void *value;
    X509_ALGOR_get0(&object, &kind, &value, algorithm);
    if (OBJ_obj2nid(object) != NID_pbes2) {
        cleanup(PBEPARAM_free_p) PBEPARAM *pbe =
            ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
        return pbe ? iterations_spend(r, pbe->iter, err)
                   : err_set(err, ERR_INPUT, "the PKCS#12 file is encrypted in a way unknown here");
    }
    cleanup(PBE2PARAM_free_p) PBE2PARAM *pbe2 =
        ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    cleanup(PBKDF2PARAM_free_p) PBKDF2PARAM *derivation = NULL;
    if (pbe2 && OBJ_obj2nid(pbe2->keyfunc->algorithm) == NID_id_pbkdf2)
        derivation = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), pbe2->keyfunc->parameter);
    return derivation ? iterations_spend(r, derivation->iter, err)
                      : err_set(err, ERR_INPUT, "the PKCS#12 file derives its key in a way unknown here");
}

static bool key_take(struct reading *r, const PKCS8_PRIV_KEY_INFO *info, struct err *err)
{
    if (r->found.key)
        return err_set(err, ERR_INPUT, "the PKCS#12 file holds more than one private key");
    unsigned char *der = NULL;
    int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    cleanup(EVP_PKEY_free_p) EVP_PKEY *key = NULL;
    bool read = size > 0 && key_read(der, (size_t)size, &key, err);
    if (size > 0)
        OPENSSL_clear_free(der, (size_t)size);
    else
        err_set(err, ERR_INPUT, "the private key in the PKCS#12 file is damaged");
    struct secret *pem;
    if (!read || !key_write(key, &pem, err))
        return false;
    const char *curve;
    key_facts(key, &r->found.key_type, &r->found.key_bits, &curve);
    r->found.key = secret_in(r->arena, pem);
    return true;
}

static bool shrouded_key_take(struct reading *r, const PKCS12_SAFEBAG *bag, struct err *err)
{
    const X509_ALGOR *algorithm;
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
    if (!derivation_check(r, algorithm, err))
        return false;
    cleanup(PKCS8_PRIV_KEY_INFO_free_p) PKCS8_PRIV_KEY_INFO *info =
        PKCS12_decrypt_skey_ex(bag, r->password, r->password ? (int)strlen(r->password) : 0, r->library,
                               NULL);
    ERR_clear_error();
    if (!info)
        return err_set(err, ERR_INPUT,
                       "the key in the PKCS#12 file does not open: wrong password, or damaged");
    return key_take(r, info, err);
}

static bool cert_take(struct reading *r, const PKCS12_SAFEBAG *bag, struct err *err)
{
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
        return true; /* SDSI certificates: nobody has them */
    if (r->found.count >= PKCS12_CERTS_MAX)
        return err_set(err, ERR_INPUT, "the PKCS#12 file holds more than %d certificates", PKCS12_CERTS_MAX);
    cleanup(X509_free_p) X509 *x = PKCS12_SAFEBAG_get1_cert(bag);
    unsigned char *der = NULL;
    int size = x ? i2d_X509(x, &der) : 0;
    struct x509 cert;
    bool parsed = size > 0 && x509_parse(r->arena, der, (size_t)size, &cert, err);
    OPENSSL_free(der);
    ERR_clear_error();
    if (size <= 0)
        return err_set(err, ERR_INPUT, "a certificate in the PKCS#12 file is damaged");
    if (!parsed)
        return false;
    *(struct x509 *)arena_push(r->arena, (void **)&r->found.certs, &r->found.count, &r->capacity,
                               sizeof cert) = cert;
    return true;
}

/* Bags may nest: the walk keeps its own stack, bounded, instead of recursing as deep as the file wants. */
static bool bags_read(struct reading *r, const bags *outer, struct err *err)
{
    struct {
        const bags *all;
        int next;
    } open[BAG_DEPTH_MAX] = {{outer, 0}};
    for (size_t depth = 1; depth;) {
        const bags *all = open[depth - 1].all;
        if (open[depth - 1].next >= sk_PKCS12_SAFEBAG_num(all)) {
            depth--;
            continue;
        }
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(all, open[depth - 1].next++);
        int kind = PKCS12_SAFEBAG_get_nid(bag);
        if (++r->bags > BAG_COUNT_MAX || (kind == NID_safeContentsBag && depth == BAG_DEPTH_MAX))
            return err_set(err, ERR_INPUT, "the PKCS#12 file holds too many parts");
        if (kind == NID_safeContentsBag)
            open[depth++].all = PKCS12_SAFEBAG_get0_safes(bag), open[depth - 1].next = 0;
        if (kind == NID_keyBag && !key_take(r, PKCS12_SAFEBAG_get0_p8inf(bag), err))
            return false;
        if (kind == NID_pkcs8ShroudedKeyBag && !shrouded_key_take(r, bag, err))
            return false;
        if (kind == NID_certBag && !cert_take(r, bag, err))
            return false;
    }
    return true;
}

static bool safe_read(struct reading *r, PKCS7 *safe, struct err *err)
{
    cleanup(bags_free_p) bags *all = NULL;
    if (PKCS7_type_is_data(safe)) {
        all = PKCS12_unpack_p7data(safe);
    } else if (PKCS7_type_is_encrypted(safe) && safe->d.encrypted && safe->d.encrypted->enc_data) {
        if (!derivation_check(r, safe->d.encrypted->enc_data->algorithm, err))
            return false;
        all = PKCS12_unpack_p7encdata(safe, r->password, r->password ? (int)strlen(r->password) : 0);
    } else {
        return err_set(err, ERR_INPUT, "the PKCS#12 file is protected by a certificate, not by a password");
    }
    ERR_clear_error();
    if (!all)
        return err_set(err, ERR_INPUT,
                       "the PKCS#12 file does not open: wrong password, damaged, or a cipher unknown here");
    return bags_read(r, all, err);
}

/* Files without password exist in two spellings: an empty one, and none at all. */
static bool mac_check(struct reading *r, PKCS12 *file, struct err *err)
{
    if (!PKCS12_mac_present(file))
        return true;
    const ASN1_INTEGER *iterations;
    PKCS12_get0_mac(NULL, NULL, NULL, &iterations, file);
    if (!iterations_spend(r, iterations, err))
        return false;
    bool right = PKCS12_verify_mac(file, r->password, (int)strlen(r->password)) == 1;
    if (!right && !*r->password) {
        r->password = NULL;
        right = PKCS12_verify_mac(file, NULL, 0) == 1;
    }
    ERR_clear_error();
    return right || err_set(err, ERR_INPUT, "the password does not open the PKCS#12 file");
}

static bool file_parse(struct reading *r, const void *data, size_t size, PKCS12 **ret, struct err *err)
{
    const unsigned char *p = data;
    PKCS12 *file = PKCS12_init_ex(NID_pkcs7_data, r->library, NULL);
    if (size <= PKCS12_MAX_BYTES)
        file = d2i_PKCS12(&file, &p, (long)size); /* frees what it was given when it fails */
    else
        PKCS12_free(file), file = NULL;
    ERR_clear_error();
    if (!file)
        return err_set(err, ERR_INPUT,
                       size > PKCS12_MAX_BYTES ? "the PKCS#12 file is over 1 MiB"
                                               : "this is no PKCS#12 file, or it is damaged");
    *ret = file;
    return true;
}

/* The key's own certificate goes to the front. */
static void own_first(struct pkcs12 *found)
{
    for (size_t i = 0; found->key && i < found->count; i++) {
        if (!key_matches(found->key, &found->certs[i]))
            continue;
        struct x509 own = found->certs[i];
        memmove(found->certs + 1, found->certs, i * sizeof own);
        found->certs[0] = own;
        return;
    }
}

bool pkcs12_parse(struct arena *a, const void *data, size_t size, const struct secret *password,
                  struct pkcs12 *ret, struct err *err)
{
    if (strlen(secret_bytes(password)) != secret_size(password))
        return err_set(err, ERR_INPUT, "the PKCS#12 password holds a NUL byte");
    cleanup(OSSL_LIB_CTX_free_p) OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    cleanup(OSSL_PROVIDER_free_p) OSSL_PROVIDER *standard = OSSL_PROVIDER_load(library, "default");
    cleanup(OSSL_PROVIDER_free_p) OSSL_PROVIDER *legacy =
        OSSL_PROVIDER_load(library, "legacy"); /* may be absent */
    struct reading r = {.arena = a, .library = library, .password = secret_bytes(password)};
    cleanup(PKCS12_free_p) PKCS12 *file = NULL;
    if (!file_parse(&r, data, size, &file, err) || !mac_check(&r, file, err))
        return false;
    cleanup(safes_free_p) safes *all = PKCS12_unpack_authsafes(file);
    ERR_clear_error();
    if (!all)
        return err_set(err, ERR_INPUT, "the PKCS#12 file is damaged");
    for (int i = 0; i < sk_PKCS7_num(all); i++)
        if (!safe_read(&r, sk_PKCS7_value(all, i), err))
            return false;
    if (!legacy || !standard)
        ERR_clear_error();
    own_first(&r.found);
    *ret = r.found;
    return true;
}

static x509_stack *stack_of(const struct x509 *certs, size_t count)
{
    x509_stack *all = sk_X509_new_null();
    for (size_t i = 0; all && i < count; i++) {
        X509 *x = x509_object(&certs[i]);
        if (!x || !sk_X509_push(all, x))
            X509_free(x);
    }
    return all;
}

bool pkcs12_make(struct arena *a, const char *name, const struct x509 *certs, size_t count,
                 const struct secret *key, const struct secret *password, unsigned char **ret,
                 size_t *ret_size, struct err *err)
{
    static const int iterations = 100000;
    if (!secret_size(password) || strlen(secret_bytes(password)) != secret_size(password))
        return err_set(err, ERR_INPUT, "a PKCS#12 file wants a password, without NUL bytes");
    cleanup(EVP_PKEY_free_p) EVP_PKEY *private_key = key_object(key);
    cleanup(X509_free_p) X509 *leaf = count ? x509_object(&certs[0]) : NULL;
    cleanup(x509_stack_free_p) x509_stack *chain = stack_of(certs + 1, count ? count - 1 : 0);
    cleanup(PKCS12_free_p) PKCS12 *file =
        private_key && leaf && chain
            ? PKCS12_create(secret_bytes(password), name, private_key, leaf, chain, NID_aes_256_cbc,
                            NID_aes_256_cbc, iterations, iterations, 0)
            : NULL;
    unsigned char *der = NULL;
    int size = file ? i2d_PKCS12(file, &der) : 0;
    ERR_clear_error();
    if (size <= 0)
        return err_set(err, ERR_INPUT, "the certificate and its key cannot be written as PKCS#12");
    *ret = (unsigned char *)arena_copy(a, der, (size_t)size);
    *ret_size = (size_t)size;
    OPENSSL_clear_free(der, (size_t)size);
    return true;
}

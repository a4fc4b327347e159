#include "crypto/x509.h"

#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "crypto/pem.h"
#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <string.h>
#include <time.h>

openssl_scoped(GENERAL_NAMES, GENERAL_NAMES_free)
    openssl_scoped(AUTHORITY_INFO_ACCESS, AUTHORITY_INFO_ACCESS_free)

        X509 *x509_object(const struct x509 *cert)
{
    const unsigned char *p = cert->der;
    X509 *x = d2i_X509(NULL, &p, (long)cert->der_size);
    ERR_clear_error();
    return x;
}

/* Text somebody else wrote, one line: what could fool a terminal, a comparison or a C string becomes \xNN. */
static char *text_escaped(struct arena *a, const unsigned char *data, size_t size, bool ascii_only)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(a, 4 * size + 1), *out = text;
    for (size_t i = 0; i < size; i++) {
        bool odd = data[i] < 0x20 || data[i] == 0x7f || data[i] == '\\' || (ascii_only && data[i] > 0x7e);
        if (odd) {
            *out++ = '\\';
            *out++ = 'x';
            *out++ = digits[data[i] >> 4];
            *out++ = digits[data[i] & 15];
        } else {
            *out++ = (char)data[i];
        }
    }
    return text;
}

static const char *name_line(struct arena *a, const X509_NAME *name)
{
    cleanup(BIO_free_p) BIO *out = BIO_new(BIO_s_mem());
    if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) < 0) {
        (void)BIO_reset(out); /* text that is not what its type says: escape instead of converting */
        (void)X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_UTF8_CONVERT);
    }
    char *data = NULL;
    long size = out ? BIO_get_mem_data(out, &data) : 0;
    return size > 0 ? arena_copy(a, data, (size_t)size) : "";
}

static const char *common_name(struct arena *a, const X509_NAME *name)
{
    int found = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;)
        found = at;
    if (found < 0)
        return "";
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, found));
    unsigned char *utf8 = NULL;
    int size = ASN1_STRING_to_UTF8(&utf8, value);
    const char *text =
        size >= 0 ? text_escaped(a, utf8, (size_t)size, false)
                  : text_escaped(a, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), true);
    OPENSSL_free(utf8);
    return text;
}

static const char *address_text(struct arena *a, const ASN1_OCTET_STRING *address)
{
    char text[INET6_ADDRSTRLEN];
    int size = ASN1_STRING_length(address);
    if (size != 4 && size != 16)
        return text_escaped(a, ASN1_STRING_get0_data(address), (size_t)size, true);
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof text);
    return arena_strdup(a, text);
}

static void names_read(struct arena *a, X509 *x, struct x509 *ret)
{
    cleanup(GENERAL_NAMES_free_p) GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int count = all ? sk_GENERAL_NAME_num(all) : 0;
    ret->names = arena_array(a, const char *, (size_t)count);
    for (int i = 0; i < count; i++) {
        int kind = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(all, i), &kind);
        if (kind == GEN_DNS)
            ret->names[ret->name_count++] =
                text_escaped(a, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), true);
        if (kind == GEN_IPADD)
            ret->names[ret->name_count++] = address_text(a, value);
    }
}

static const char *access_url(struct arena *a, const AUTHORITY_INFO_ACCESS *all, int method)
{
    int count = all ? sk_ACCESS_DESCRIPTION_num(all) : 0;
    for (int i = 0; i < count; i++) {
        const ACCESS_DESCRIPTION *one = sk_ACCESS_DESCRIPTION_value(all, i);
        if (OBJ_obj2nid(one->method) != method || one->location->type != GEN_URI)
            continue;
        const ASN1_STRING *uri = one->location->d.uniformResourceIdentifier;
        return text_escaped(a, ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri), true);
    }
    return "";
}

static const char *octets_hex(struct arena *a, const ASN1_OCTET_STRING *octets)
{
    return octets ? hex_encode(a, ASN1_STRING_get0_data(octets), (size_t)ASN1_STRING_length(octets)) : "";
}

static void extensions_read(struct arena *a, X509 *x, struct x509 *ret)
{
    cleanup(AUTHORITY_INFO_ACCESS_free_p) AUTHORITY_INFO_ACCESS *access =
        X509_get_ext_d2i(x, NID_info_access, NULL, NULL);
    ret->ocsp_url = access_url(a, access, NID_ad_OCSP);
    ret->ca_issuers_url = access_url(a, access, NID_ad_ca_issuers);
    ret->key_id = octets_hex(a, X509_get0_subject_key_id(x));
    ret->authority_key_id = octets_hex(a, X509_get0_authority_key_id(x));
    uint32_t usage = X509_get_key_usage(x);
    ret->may_sign = usage & KU_DIGITAL_SIGNATURE;
    ret->may_encipher = usage & (KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT);
    ret->is_ca = X509_check_ca(x) == 1;
}

static bool time_read(const ASN1_TIME *when, int64_t *ret_ms)
{
    struct tm parts;
    if (ASN1_TIME_to_tm(when, &parts) != 1)
        return false;
    *ret_ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

static const char *serial_text(struct arena *a, const ASN1_INTEGER *serial)
{
    const char *digits = hex_encode(a, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));
    while (*digits == '0')
        digits++;
    bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    return *digits ? arena_printf(a, "%s%s", negative ? "-" : "", digits) : "0";
}

static const char *name_hash(struct arena *a, const X509_NAME *name)
{
    unsigned char *der = NULL;
    int size = i2d_X509_NAME(name, &der);
    const char *hash = size > 0 ? sha256_hex(a, der, (size_t)size) : "";
    OPENSSL_free(der);
    return hash;
}

static void fingerprints(struct arena *a, struct x509 *ret)
{
    unsigned char out[DIGEST_MAX_BYTES];
    size_t size = digest_of(DIGEST_SHA1, ret->der, ret->der_size, out);
    memcpy(ret->sha1, hex_encode(a, out, size), sizeof ret->sha1);
    memcpy(ret->sha256, sha256_hex(a, ret->der, ret->der_size), sizeof ret->sha256);
}

static void identity_read(struct arena *a, X509 *x, struct x509 *ret)
{
    const X509_NAME *subject = X509_get_subject_name(x), *issuer = X509_get_issuer_name(x);
    const char *signature = OBJ_nid2sn(X509_get_signature_nid(x));
    ret->subject = name_line(a, subject);
    ret->issuer = name_line(a, issuer);
    ret->common_name = common_name(a, subject);
    ret->subject_hash = name_hash(a, subject);
    ret->issuer_hash = name_hash(a, issuer);
    ret->self_issued = X509_NAME_cmp(subject, issuer) == 0;
    ret->serial = serial_text(a, X509_get0_serialNumber(x));
    ret->signature = arena_strdup(a, OBJ_nid2ln(X509_get_signature_nid(x)));
    if (strcmp(signature, "UNDEF") == 0)
        ret->signature = "unknown";
    ret->curve = "";
    ret->key_type = KEY_OTHER;
    EVP_PKEY *key = X509_get0_pubkey(x);
    if (key)
        key_facts(key, &ret->key_type, &ret->key_bits, &ret->curve);
}

static bool x509_check(X509 *x, const struct x509 *cert, struct err *err)
{
    if (cert->key_bits > RSA_MAX_BITS)
        return err_set(err, ERR_INPUT, "the certificate's key has %u bits, at most %d are taken",
                       cert->key_bits, RSA_MAX_BITS);
    if (!cert->name_count && X509_NAME_entry_count(X509_get_subject_name(x)) == 0)
        return err_set(err, ERR_INPUT,
                       "the certificate names nobody: it has neither subject nor alternative names");
    return true;
}

bool x509_parse(struct arena *a, const unsigned char *der, size_t size, struct x509 *ret, struct err *err)
{
    if (size > X509_MAX_BYTES)
        return err_set(err, ERR_INPUT, "the certificate has %zu bytes, at most %d are taken", size,
                       X509_MAX_BYTES);
    const unsigned char *p = der;
    cleanup(X509_free_p) X509 *x = d2i_X509(NULL, &p, (long)size);
    ERR_clear_error();
    if (!x || p != der + size)
        return err_set(err, ERR_INPUT, "the certificate is damaged: %s",
                       x ? "bytes follow its end" : "it cannot be read as X.509");
    struct x509 cert = {.der = (unsigned char *)arena_copy(a, der, size), .der_size = size};
    if (!time_read(X509_get0_notBefore(x), &cert.not_before_ms) ||
        !time_read(X509_get0_notAfter(x), &cert.not_after_ms))
        return err_set(err, ERR_INPUT, "the certificate is damaged: its validity cannot be read");
    fingerprints(a, &cert);
    identity_read(a, x, &cert);
    names_read(a, x, &cert);
    extensions_read(a, x, &cert);
    ERR_clear_error();
    if (!x509_check(x, &cert, err))
        return false;
    *ret = cert;
    return true;
}

char *x509_pem(struct arena *a, const struct x509 *cert)
{
    return pem_format(a, "CERTIFICATE", cert->der, cert->der_size);
}

/* Without its id every SM2 signature is found wrong (GM/T 0009). X509 takes the octets over. */
static bool sm2_id_give(X509 *x)
{
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    if (!id || ASN1_OCTET_STRING_set(id, (const unsigned char *)SM2_ID, sizeof SM2_ID - 1) != 1) {
        ASN1_OCTET_STRING_free(id);
        return false;
    }
    X509_set0_distinguishing_id(x, id);
    return true;
}

bool x509_issued_by(const struct x509 *cert, const struct x509 *issuer)
{
    cleanup(X509_free_p) X509 *x = x509_object(cert);
    cleanup(X509_free_p) X509 *by = x509_object(issuer);
    EVP_PKEY *key = by ? X509_get0_pubkey(by) : NULL;
    bool issued = x && key && X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(by)) == 0 &&
                  (issuer->key_type != KEY_SM2 || sm2_id_give(x)) && X509_verify(x, key) == 1;
    ERR_clear_error();
    return issued;
}

bool x509_find_issuer(struct arena *a, const char *bundle_pem, size_t size, const struct x509 *cert,
                      struct x509 *ret)
{
    cleanup(X509_free_p) X509 *x = x509_object(cert);
    const unsigned char *name = NULL;
    size_t name_size = 0, offset = 0;
    if (!x || X509_NAME_get0_der(X509_get_issuer_name(x), &name, &name_size) != 1)
        return false;
    struct pem_block block;
    cleanup(arena_free_p) struct arena *scratch = arena_new(ARENA_JOB_BYTES);
    while (pem_next(bundle_pem, size, &offset, &block, NULL) && *block.label) {
        unsigned char *der;
        size_t der_size;
        struct x509 candidate;
        arena_reset(scratch);
        if (!pem_is_certificate(&block) || !pem_decode(scratch, &block, &der, &der_size, NULL) ||
            !memmem(der, der_size, name, name_size) ||
            !x509_parse(scratch, der, der_size, &candidate, NULL) || !x509_issued_by(cert, &candidate))
            continue;
        return x509_parse(a, der, der_size, ret, NULL);
    }
    return false;
}

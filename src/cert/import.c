#include "cert/certificate.h"

#include "base/file.h"
#include "base/utf8.h"
#include "codec/name.h"
#include "crypto/pem.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

enum { KEYS_MAX = 2, ROOTS_FILE_BYTES = 4 << 20, WARNINGS_MAX = 64, RSA_BITS_WANTED = 2048 };

struct key {
    struct secret *pem;
    enum key_type type;
};

struct material { /* what the input holds, before anything is known about it */
    struct arena *arena;
    struct x509 certs[CERTIFICATE_CHAIN_MAX];
    size_t cert_count;
    bool used[CERTIFICATE_CHAIN_MAX];
    struct key keys[KEYS_MAX];
    size_t key_count;
    bool request_seen; /* a signing request instead of a certificate */
};

/* Blocks people take for certificates, and what to do about them. */
static const struct {
    const char *label, *advice;
} refused_blocks[] = {
    {"PKCS7", "openssl pkcs7 -print_certs -in FILE writes its certificates as PEM"},
    {"CMS", "openssl pkcs7 -print_certs -in FILE writes its certificates as PEM"},
    {"TRUSTED CERTIFICATE", "openssl x509 -in FILE writes it as a plain certificate"},
};

static bool cert_add(struct material *m, const struct x509 *cert, struct err *err)
{
    for (size_t i = 0; i < m->cert_count; i++)
        if (strcmp(m->certs[i].sha256, cert->sha256) == 0)
            return true;
    if (m->cert_count == CERTIFICATE_CHAIN_MAX)
        return err_set(err, ERR_INPUT, "more than %d certificates: give the leaf and its own chain only",
                       CERTIFICATE_CHAIN_MAX);
    m->certs[m->cert_count++] = *cert;
    return true;
}

static bool key_add(struct material *m, struct secret *pem, enum key_type type, struct err *err)
{
    (void)secret_in(m->arena, pem);
    for (size_t i = 0; i < m->key_count; i++)
        if (secret_equal(m->keys[i].pem, pem))
            return true;
    if (m->key_count == KEYS_MAX)
        return err_set(err, ERR_INPUT, "more than %d private keys where one is wanted (an SM2 pair has two)",
                       KEYS_MAX);
    m->keys[m->key_count++] = (struct key){pem, type};
    return true;
}

static bool block_take(struct material *m, const struct pem_block *block, bool take_keys, bool take_certs,
                       struct err *err)
{
    for (size_t i = 0; i < countof(refused_blocks); i++)
        if (strcmp(block->label, refused_blocks[i].label) == 0)
            return err_set(err, ERR_INPUT, "a block \"%s\" is not taken: %s", block->label,
                           refused_blocks[i].advice);
    m->request_seen |= strstr(block->label, "CERTIFICATE REQUEST") != NULL;
    if (pem_is_key(block) && take_keys) {
        struct secret *pem;
        enum key_type type;
        unsigned bits;
        return key_parse(block->text, block->text_size, &pem, &type, &bits, err) &&
               key_add(m, pem, type, err);
    }
    if (pem_is_certificate(block) && take_certs) {
        unsigned char *der;
        size_t size;
        struct x509 cert;
        return pem_decode(m->arena, block, &der, &size, err) && x509_parse(m->arena, der, size, &cert, err) &&
               cert_add(m, &cert, err);
    }
    return true;
}

static bool pem_read(struct material *m, const char *what, const char *pem, size_t size, bool take_keys,
                     bool take_certs, struct err *err)
{
    struct pem_block block;
    size_t offset = 0, blocks = 0;
    if (size > CERTIFICATE_FILE_BYTES)
        return err_set(err, ERR_INPUT, "%s has %zu bytes, at most %d are taken", what, size,
                       CERTIFICATE_FILE_BYTES);
    for (;;) {
        if (!pem_next(pem, size, &offset, &block, err))
            return err_add(err, "%s", what);
        if (!*block.label)
            break;
        blocks++;
        if (!block_take(m, &block, take_keys, take_certs, err))
            return err_add(err, "%s", what);
    }
    if (!blocks && size && (unsigned char)pem[0] == 0x30)
        return err_set(err, ERR_INPUT, "%s looks like DER or PKCS#12, PEM is wanted: convert it with openssl",
                       what);
    return true;
}

static bool pkcs12_read(struct material *m, const struct certificate_input *input, struct err *err)
{
    struct pkcs12 file;
    if (input->pkcs12_size > CERTIFICATE_FILE_BYTES)
        return err_set(err, ERR_INPUT, "PKCS#12 file has %zu bytes, at most %d are taken", input->pkcs12_size,
                       CERTIFICATE_FILE_BYTES);
    if (!pkcs12_parse(m->arena, input->pkcs12, input->pkcs12_size, input->pkcs12_password, &file, err))
        return false;
    for (size_t i = 0; i < file.count; i++)
        if (!cert_add(m, &file.certs[i], err))
            return false;
    return !file.key || key_add(m, secret_copy(file.key), file.key_type, err);
}

static bool material_read(struct material *m, const struct certificate_input *input, struct err *err)
{
    bool own_key_file = input->key_pem != NULL;
    if (input->pkcs12 && !pkcs12_read(m, input, err))
        return false;
    if (!input->pkcs12 && input->cert_pem &&
        !pem_read(m, "certificate file", input->cert_pem, input->cert_size, !own_key_file, true, err))
        return false;
    if (!input->pkcs12 && input->chain_pem &&
        !pem_read(m, "chain file", input->chain_pem, input->chain_size, false, true, err))
        return false;
    if (!m->cert_count && m->request_seen)
        return err_set(err, ERR_INPUT,
                       "no certificate, only a signing request: send it to a CA, import what comes back");
    if (!m->cert_count)
        return err_set(err, ERR_INPUT, "no certificate: a line \"-----BEGIN CERTIFICATE-----\" is wanted");
    if (!input->pkcs12 && own_key_file &&
        !pem_read(m, "key file", input->key_pem, input->key_size, true, false, err))
        return false;
    if (!m->key_count && !input->keyless)
        return err_set(err, ERR_INPUT, "no private key: it is wanted together with the certificate");
    return true;
}

static bool strange_key(const struct material *m, const struct key *key, struct err *err)
{
    if (m->cert_count == 1)
        err_set(err, ERR_INPUT, "the private key (%s) is not the key of the certificate \"%.200s\" (%s)",
                key_type_name(key->type), m->certs[0].subject, key_type_name(m->certs[0].key_type));
    else
        err_set(err, ERR_INPUT, "the private key (%s) belongs to none of the %zu certificates given",
                key_type_name(key->type), m->cert_count);
    if (err)
        snprintf(err->code, sizeof err->code, "%s", CERTIFICATE_ERR_KEY);
    return false;
}

/* The end-entity certificate of a key. */
static bool leaf_find(const struct material *m, const struct key *key, size_t *ret, struct err *err)
{
    const struct x509 *ca = NULL, *leaf = NULL;
    for (size_t i = 0; i < m->cert_count; i++) {
        const struct x509 *cert = &m->certs[i];
        if (!key_matches(key->pem, cert))
            continue;
        if (leaf && !cert->is_ca)
            return err_set(
                err, ERR_INPUT,
                "two leaf certificates (serials %.40s and %.40s) have this key: import them one by one",
                leaf->serial, cert->serial);
        *(cert->is_ca ? &ca : &leaf) = cert;
    }
    if (!leaf && ca)
        return err_set(err, ERR_INPUT, "\"%.200s\" is a CA certificate: certificates of servers are deployed",
                       ca->subject);
    if (!leaf)
        return strange_key(m, key, err);
    *ret = (size_t)(leaf - m->certs);
    return true;
}

/* GM/T 0015: the pair's halves differ in key usage only. */
static bool signs_of_pair(const struct x509 *one, const struct x509 *other)
{
    return one->may_sign != other->may_sign ? one->may_sign : !one->may_encipher && other->may_encipher;
}

static bool pair_take(struct material *m, struct certificate *ret, struct err *err)
{
    size_t at[2];
    if (!leaf_find(m, &m->keys[0], &at[0], err) || !leaf_find(m, &m->keys[1], &at[1], err))
        return false;
    const struct x509 *first = &m->certs[at[0]], *second = &m->certs[at[1]];
    if (first->key_type != KEY_SM2 || second->key_type != KEY_SM2)
        return err_set(err, ERR_INPUT, "two private keys: only the pair of an SM2 certificate has two");
    size_t signing = signs_of_pair(first, second) ? 0 : 1;
    if (signs_of_pair(first, second) == signs_of_pair(second, first))
        return err_set(err, ERR_INPUT, "the two SM2 certificates do not say which signs and which encrypts");
    m->used[at[0]] = m->used[at[1]] = true;
    ret->leaf = m->certs[at[signing]];
    ret->key = m->keys[signing].pem;
    ret->sm2_encryption = arena_make(m->arena, struct x509);
    *ret->sm2_encryption = m->certs[at[1 - signing]];
    ret->sm2_encryption_key = m->keys[1 - signing].pem;
    return true;
}

static bool leaf_take(struct material *m, struct certificate *ret, struct err *err)
{
    size_t at;
    if (m->key_count == 2 && !pair_take(m, ret, err))
        return false;
    if (m->key_count == 1) {
        if (!leaf_find(m, &m->keys[0], &at, err))
            return false;
        m->used[at] = true;
        ret->leaf = m->certs[at];
        ret->key = m->keys[0].pem;
    }
    if (m->key_count == 0) {
        m->used[0] = true;
        ret->leaf = m->certs[0];
        if (ret->leaf.is_ca)
            return err_set(err, ERR_INPUT,
                           "\"%.200s\" is a CA certificate: certificates of servers are deployed",
                           ret->leaf.subject);
    }
    ret->sm2 = ret->leaf.key_type == KEY_SM2;
    if (ret->leaf.key_type == KEY_OTHER)
        return err_set(err, ERR_INPUT,
                       "the certificate's key is neither RSA, ECDSA nor SM2: no cloud takes it");
    for (size_t i = 0; i < m->cert_count; i++)
        if (!m->used[i] && !m->certs[i].is_ca && !m->certs[i].self_issued)
            return err_set(
                err, ERR_INPUT,
                "\"%.160s\" is a second leaf certificate, and its key was not given: import it by itself",
                m->certs[i].subject);
    return true;
}

static bool is_root(const struct x509 *cert)
{
    return cert->self_issued && x509_issued_by(cert, cert);
}

/* The best issuer given: an intermediate before a root (of cross-signed ones both may be there), a valid one first. */
static struct x509 *issuer_find(struct material *m, const struct x509 *cert, int64_t now_ms, size_t *ret)
{
    int best_rank = -1;
    for (size_t i = 0; i < m->cert_count; i++) {
        const struct x509 *candidate = &m->certs[i];
        bool valid = candidate->not_before_ms <= now_ms && now_ms <= candidate->not_after_ms;
        int rank = (candidate->self_issued ? 0 : 2) + valid;
        if (m->used[i] || rank <= best_rank || !x509_issued_by(cert, candidate))
            continue;
        best_rank = rank;
        *ret = i;
    }
    return best_rank >= 0 ? &m->certs[*ret] : NULL;
}

static void chain_order(struct material *m, struct certificate *ret, int64_t now_ms)
{
    const struct x509 *last = &ret->leaf;
    ret->chain = arena_array(m->arena, struct x509, CERTIFICATE_CHAIN_MAX);
    ret->roots = arena_array(m->arena, struct x509, CERTIFICATE_CHAIN_MAX);
    size_t at;
    for (struct x509 *next; (next = issuer_find(m, last, now_ms, &at)); last = next) {
        m->used[at] = true;
        if (is_root(next)) {
            ret->roots[ret->root_count++] = *next;
            break;
        }
        ret->chain[ret->chain_count++] = *next;
    }
    for (size_t i = 0; i < m->cert_count; i++) /* a root beside a cross-signed twin still ends the chain */
        for (size_t link = 0; !m->used[i] && link <= ret->chain_count; link++) {
            if (!is_root(&m->certs[i]) ||
                !x509_issued_by(link ? &ret->chain[link - 1] : &ret->leaf, &m->certs[i]))
                continue;
            m->used[i] = true;
            ret->roots[ret->root_count++] = m->certs[i];
        }
}

/* Whether any link of the chain hangs on a root of the system. The bundle is read for this one question: 3 ms. */
static bool system_trusts(const struct certificate *cert, const char *roots_path)
{
    cleanup(arena_free_p) struct arena *scratch = arena_new(2 * (size_t)ROOTS_FILE_BYTES);
    char *bundle;
    size_t size;
    struct x509 root;
    if (!file_read(scratch, roots_path ? roots_path : SYSTEM_ROOTS, ROOTS_FILE_BYTES, &bundle, &size, NULL))
        return false;
    for (size_t link = cert->chain_count + 1; link-- > 0;)
        if (x509_find_issuer(scratch, bundle, size, link ? &cert->chain[link - 1] : &cert->leaf, &root))
            return true;
    return false;
}

static void like_printf(3, 4) warn(struct arena *a, struct certificate *cert, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    assert(cert->warning_count < WARNINGS_MAX);
    char *text = arena_vprintf(a, fmt, args);
    utf8_mend(text); /* a subject is cut where it gets long, not where a character ends */
    cert->warnings[cert->warning_count++] = text;
    va_end(args);
}

static void chain_lint(struct material *m, struct certificate *cert, const char *roots_path)
{
    const struct x509 *last = cert->chain_count ? &cert->chain[cert->chain_count - 1] : &cert->leaf;
    bool self_signed = is_root(&cert->leaf);
    cert->chain_complete = self_signed || cert->root_count || system_trusts(cert, roots_path);
    if (self_signed)
        warn(m->arena, cert, "the certificate is self-signed: browsers will refuse it");
    if (!cert->chain_complete)
        warn(m->arena, cert,
             "the chain is incomplete: the certificate of the issuer \"%.200s\" is missing%s%.200s",
             last->issuer, *last->ca_issuers_url ? ", it may be had from " : "", last->ca_issuers_url);
    for (size_t i = 0; i < m->cert_count; i++)
        if (!m->used[i])
            warn(m->arena, cert, "\"%.200s\" does not belong to the chain and is left out",
                 m->certs[i].subject);
}

static void validity_lint(struct arena *a, struct certificate *cert, int64_t now_ms)
{
    for (size_t i = 0; i < cert->chain_count; i++) {
        const struct x509 *link = &cert->chain[i];
        if (link->not_after_ms < now_ms)
            warn(a, cert, "the intermediate certificate \"%.200s\" expired on %s", link->subject,
                 time_iso(a, link->not_after_ms));
        if (link->not_before_ms > now_ms)
            warn(a, cert, "the intermediate certificate \"%.200s\" is not valid before %s", link->subject,
                 time_iso(a, link->not_before_ms));
    }
}

static void strength_lint(struct arena *a, struct certificate *cert)
{
    for (size_t i = 0; i <= cert->chain_count; i++) {
        const struct x509 *link = i ? &cert->chain[i - 1] : &cert->leaf;
        if (link->key_type == KEY_RSA && link->key_bits < RSA_BITS_WANTED)
            warn(a, cert, "the RSA key of \"%.200s\" has %u bits, browsers demand %d", link->subject,
                 link->key_bits, RSA_BITS_WANTED);
        if (strcasestr(link->signature, "sha1") || strcasestr(link->signature, "md5"))
            warn(a, cert, "\"%.200s\" is signed with %s, which browsers refuse", link->subject,
                 link->signature);
    }
    if (cert->leaf.key_type == KEY_ED25519)
        warn(a, cert, "the key is Ed25519: no cloud known here takes it, nor do browsers");
    if (cert->sm2 && !cert->sm2_encryption)
        warn(a, cert, "the encryption half of the SM2 pair is not there");
}

static bool domain_add(struct arena *a, struct certificate *cert, const char *name, struct err *err)
{
    const char *domain;
    if (!name_normalise(a, name, true, &domain, err))
        return false;
    for (size_t i = 0; i < cert->domain_count; i++)
        if (strcmp(cert->domains[i], domain) == 0)
            return true;
    cert->domains[cert->domain_count++] = domain;
    return true;
}

/* R42: the alternative names; the common name only where none of them is a domain name. */
static bool domains_take(struct arena *a, struct certificate *cert, struct err *err)
{
    const struct x509 *leaf = &cert->leaf;
    bool has_dns = false;
    if (leaf->name_count > CERTIFICATE_NAMES_MAX)
        return err_set(err, ERR_INPUT, "the certificate has %zu names, at most %d are taken",
                       leaf->name_count, CERTIFICATE_NAMES_MAX);
    cert->domains = arena_array(a, const char *, leaf->name_count + 1);
    for (size_t i = 0; i < leaf->name_count; i++) {
        if (!domain_add(a, cert, leaf->names[i], err))
            return err_add(err, "alternative name of the certificate");
        has_dns |= !name_is_address(cert->domains[cert->domain_count - 1]);
    }
    assert(leaf->common_name);
    if (has_dns)
        return true;
    if (!*leaf->common_name && !leaf->name_count)
        return err_set(err, ERR_INPUT, "the certificate has neither alternative names nor a common name");
    if (!domain_add(a, cert, leaf->common_name, err) && !leaf->name_count)
        return err_add(err, "common name of the certificate");
    return true;
}

bool certificate_import(struct arena *a, const struct certificate_input *input, const struct clock *clock,
                        struct certificate *ret, struct err *err)
{
    struct material *m = arena_make(a, struct material);
    struct certificate cert = {.warnings = arena_array(a, const char *, WARNINGS_MAX)};
    int64_t now_ms = clock_wall_ms(clock);
    m->arena = a;
    if (!material_read(m, input, err) || !leaf_take(m, &cert, err) || !domains_take(a, &cert, err))
        return false;
    chain_order(m, &cert, now_ms);
    chain_lint(m, &cert, input->roots_path);
    validity_lint(a, &cert, now_ms);
    strength_lint(a, &cert);
    *ret = cert;
    return true;
}

/* certificate.h - a certificate as certferry deploys it: leaf, chain, key; its bound domains, its lint, its status.
 *
 * Import takes what people have: PEM with leaf and chain in any order, in one file or several, CRLF, text around the
 * blocks, trailing blanks; PKCS#12; SM2 pairs. The chain is put in order, leaf first; a root is kept but never sent.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/secret.h"
#include "crypto/x509.h"

enum {
    CERTIFICATE_FILE_BYTES = 256 << 10, /* one input file */
    CERTIFICATE_CHAIN_MAX = 12,         /* certificates in one import */
    CERTIFICATE_NAMES_MAX = 2000,
    CERTIFICATE_NAME_CHARACTERS = 63, /* R33: the name (alias) */
};

enum certificate_status {
    CERTIFICATE_ISSUED,
    CERTIFICATE_WILL_EXPIRE,
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_REVOKED
};
const char *certificate_status_name(
    enum certificate_status status); /* "issued", "about_to_expire", "expired", "not_yet_valid", "revoked" */

struct certificate { /* what import makes; everything lives in the arena given to it */
    struct x509 leaf;
    struct x509 *chain; /* intermediates in order, without leaf and root */
    size_t chain_count;
    struct x509 *roots; /* those given; stored, never uploaded */
    size_t root_count;
    const char **
        domains; /* bound domains, normalised, no duplicates: alternative names, or the common name where there are none (R42) */
    size_t domain_count;
    struct secret *key;          /* PKCS#8 PEM; the arena's; NULL where none was given and none was wanted */
    bool sm2;                    /* the leaf is an SM2 signing certificate */
    struct x509 *sm2_encryption; /* the pair's other half; NULL if not given */
    struct secret *sm2_encryption_key;
    bool chain_complete; /* reaches a certificate issued by a root (given or in the system's store) */
    const char *
        *warnings; /* sentences: incomplete chain (names the missing issuer), expired intermediate, ... */
    size_t warning_count;
};

struct certificate_input {
    const char *cert_pem;
    size_t cert_size; /* leaf, maybe chain, maybe key */
    const char *key_pem;
    size_t key_size; /* NULL: look in cert_pem */
    const char *chain_pem;
    size_t chain_size; /* NULL: none */
    const void *pkcs12;
    size_t pkcs12_size;
    const struct secret *pkcs12_password;
    bool keyless; /* the key may be missing: then the leaf stands first, and ret->key is NULL */
    const char
        *roots_path; /* PEM bundle of trusted roots; NULL: the system's. Absent: only given roots count */
};

/* The code of the ERR_INPUT where the key is not the certificate's. */
#define CERTIFICATE_ERR_KEY "key_mismatch"

/* Where pkcs12 is given, cert_pem and the others are not looked at.
 *
 * Parses, orders, checks that the key belongs to the leaf, lints. Refuses with one clear sentence each (ERR_INPUT):
 * no certificate, no key, encrypted key (how to decrypt it), key of another certificate, two leaves, hostile sizes,
 * names that are no domain names, a CA as leaf. Validity is not judged here.
 */
must_use bool certificate_import(struct arena *a, const struct certificate_input *input,
                                 const struct clock *clock, struct certificate *ret, struct err *err);

/* R25, C9: about to expire = less than min(30 days, a third of the lifetime) left. */
enum certificate_status certificate_status_at(int64_t not_before_ms, int64_t not_after_ms, bool revoked,
                                              int64_t now_ms);

/* The name (alias): 1-63 characters, no Chinese characters or controls (R26, R33). */
must_use bool certificate_name_check(const char *name, struct err *err);
/* A name of the domains when none is given: "example.com" -> "example.com", "*.example.com" -> "wildcard.example.com". */
char *certificate_name_suggest(struct arena *a, const struct certificate *cert);

/* PEM of leaf and intermediates (the root left out), LF, no blank lines: what every cloud gets. */
char *certificate_fullchain_pem(struct arena *a, const struct certificate *cert);
char *certificate_leaf_pem(struct arena *a, const struct certificate *cert);
char *certificate_chain_pem(struct arena *a, const struct certificate *cert); /* "" if none */

/* Leaf, intermediates and key; the password must not be empty. An SM2 pair: its signing half. */
must_use bool certificate_pkcs12(struct arena *a, const struct certificate *cert, const char *name,
                                 const struct secret *password, unsigned char **ret, size_t *ret_size,
                                 struct err *err);

/* Identity of an import: sha256 hex of leaf DER (an SM2 pair: both). */
const char *certificate_fingerprint(struct arena *a, const struct certificate *cert);

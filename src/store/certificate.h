/* store/certificate.h - the certificates of the house. */
#pragma once
#include "base/secret.h"
#include "store/store.h"

struct certificate_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;
    const char *name;
    const char *kind;        /* "uploaded" or "official" */
    const char *fingerprint; /* sha256 of the leaf DER, hex; of both DERs for an SM2 pair */
    const char *serial, *issuer, *common_name;
    const char *domains;  /* JSON array: bound domains, normalised */
    const char *key_type; /* "rsa", "ecdsa", "sm2" */
    int64_t key_bits;
    int64_t not_before_ms, not_after_ms;
    bool chain_complete, revoked;
    const char *warnings;                         /* JSON array of sentences */
    const char *leaf_pem, *chain_pem, *roots_pem; /* "" where none */
    const char *sm2_encryption_pem;               /* "" unless an SM2 pair */
    bool
        has_key; /* set by the store. Without: only a vendor's service has it, and it may have no PEM here either */
};

/* Adds the row with its private key (and an SM2 encryption key, else NULL), sealed. ERR_CONFLICT if the owner has the
 * fingerprint or the name already.
 */
must_use bool store_certificate_add(struct db *db, const struct certificate_row *row,
                                    const struct secret *key, const struct secret *sm2_encryption_key,
                                    struct err *err);
must_use bool store_certificate_load(struct db *db, struct arena *a, int64_t id, struct certificate_row *ret,
                                     struct err *err);
/* By fingerprint, of that owner, or of any where that is NULL (one with its key if there is one); or by id or unique name
 * as people type it. ERR_NOT_FOUND, or ERR_INPUT when several names match.
 */
must_use bool store_certificate_by_fingerprint(struct db *db, struct arena *a, const char *fingerprint,
                                               const char *owner, struct certificate_row *ret,
                                               struct err *err);
must_use bool store_certificate_find(struct db *db, struct arena *a, const char *id_or_name,
                                     struct certificate_row *ret, struct err *err);
must_use bool store_certificate_list(struct db *db, struct arena *a, const struct page *page,
                                     struct certificate_row **ret, size_t *ret_count, struct err *err);
/* Another number whenever a certificate came, went or changed. */
must_use bool store_certificate_mark(struct db *db, int64_t *ret, struct err *err);
must_use bool store_certificate_key(struct db *db, struct arena *a, int64_t id, struct secret **ret,
                                    struct secret **ret_sm2_encryption, struct err *err);
/* Replaces chain, roots, warnings and chain_complete by those of row, whose id names the certificate. */
must_use bool store_certificate_set_chain(struct db *db, const struct certificate_row *row, struct err *err);
/* Gives one without a key what came later: PEM, chain, and the key where not NULL. */
must_use bool store_certificate_complete(struct db *db, const struct certificate_row *row,
                                         const struct secret *key, struct err *err);
/* The accesses in whose account a copy lies. */
must_use bool store_certificate_held(struct db *db, struct arena *a, int64_t id, int64_t **ret,
                                     size_t *ret_count, struct err *err);
/* Whether a waiting or running task, a possible rollback (a deployment's before or new) or a served resource needs it;
 * *ret_reason is a sentence naming what, or NULL.
 */
must_use bool store_certificate_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                                       struct err *err);
must_use bool store_certificate_delete(struct db *db, int64_t id, struct err *err);

/* store/access.h - connected cloud accounts; and which copies of our certificates lie in their certificate stores. */
#pragma once
#include "base/secret.h"
#include "store/store.h"

struct access_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;
    const char *name;
    const char *cloud; /* "aliyun", "tencent", "aws", "huawei" */
    const char *key_id;
    const char *site;                      /* "china" or "international" */
    const char *regions;                   /* JSON array; "[]": all */
    const char *gateway, *ca_file, *proxy; /* "" where none */
    double calls_per_second;               /* 0: the published limits */
    bool read_only;
    const char *account_id;         /* the vendor's, from the first successful check; "" before */
    const char *state;              /* "unchecked", "normal", "suspended" */
    const char *state_text;         /* why it is suspended; "" otherwise */
    int64_t checked_ms;             /* 0: never */
    int64_t clock_skew_ms;          /* theirs minus ours, learnt */
    const char *key_source;         /* "stored", "command", "machine": where the key pair comes from */
    const char *secret_command;     /* the program that prints it, with its arguments; "" where none */
    const char *role, *external_id; /* what the key pair is exchanged for; "" where it is used itself */
};

must_use bool store_access_add(struct db *db, const struct access_row *row, const struct secret *secret,
                               const struct secret *session_token,
                               struct err *err); /* ERR_CONFLICT: name exists */
must_use bool store_access_load(struct db *db, struct arena *a, int64_t id, struct access_row *ret,
                                struct err *err);
must_use bool store_access_find(struct db *db, struct arena *a, const char *id_or_name,
                                struct access_row *ret, struct err *err);
must_use bool store_access_list(struct db *db, struct arena *a, const struct page *page,
                                struct access_row **ret, size_t *ret_count, struct err *err);
must_use bool store_access_secret(struct db *db, struct arena *a, int64_t id, struct secret **ret_secret,
                                  struct secret **ret_session_token,
                                  struct err *err); /* token NULL if none */
/* Replaces all fields of the row (where version fits: ERR_CONFLICT otherwise); the secret and the session
 * token where not NULL. A new secret without a token drops the old token, which belonged to the old secret.
 */
must_use bool store_access_update(struct db *db, const struct access_row *row, const struct secret *secret,
                                  const struct secret *session_token, struct err *err);
/* Touches state, state_text, checked_ms, and account_id (where not "") alone. */
must_use bool store_access_set_state(struct db *db, int64_t id, const char *state, const char *state_text,
                                     const char *account_id, struct err *err);
/* Touches the learnt clock skew alone, and not the version. */
must_use bool store_access_set_skew(struct db *db, int64_t id, int64_t clock_skew_ms, struct err *err);
/* R61: a sentence when a waiting or running task or a possible rollback needs the access, else NULL. */
must_use bool store_access_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                                  struct err *err);
must_use bool store_access_delete(struct db *db, int64_t id,
                                  struct err *err); /* with its resources and copies */

/* A copy of one of our certificates in a vendor's certificate store. */
struct copy_row {
    int64_t id, access_id, certificate_id;
    const char *
        vendor_store; /* as product.store_for names it: "cas:cn-hangzhou", "acm:us-east-1", "elb:cn-north-4" */
    const char *ref;  /* the vendor's id, opaque */
    const char *name;   /* the name we gave it, found again by it after a lost answer */
    int64_t created_ms; /* when it was last brought there, or found there by the adapter */
    bool brought;       /* an upload of ours made it; false: it was found there */
};
must_use bool store_copy_find(struct db *db, struct arena *a, int64_t access_id, int64_t certificate_id,
                              const char *vendor_store, struct copy_row *ret,
                              struct err *err); /* ERR_NOT_FOUND */
/* Which of our certificates this ref is a copy of; ERR_NOT_FOUND. */
must_use bool store_copy_by_ref(struct db *db, struct arena *a, int64_t access_id, const char *vendor_store,
                                const char *ref, struct copy_row *ret, struct err *err);
/* Replaces the same key. The same ref stays brought by us where it was. */
must_use bool store_copy_put(struct db *db, const struct copy_row *row, struct err *err);
/* For what a listing of the store shows: changes nothing where we brought another ref, and never who brought it. */
must_use bool store_copy_note(struct db *db, const struct copy_row *row, struct err *err);
/* All copies of one certificate. */
must_use bool store_copy_of(struct db *db, struct arena *a, int64_t certificate_id, struct copy_row **ret,
                            size_t *ret_count, struct err *err);
/* All that we brought there. */
must_use bool store_copy_brought(struct db *db, struct arena *a, int64_t access_id, struct copy_row **ret,
                                 size_t *ret_count, struct err *err);
/* A sentence when a waiting or running task, a possible rollback or a served resource of the same cloud needs the copy, else
 * NULL.
 */
must_use bool store_copy_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                                struct err *err);
/* Too old to be relied on: whoever wants it looks in the vendor's store first. */
must_use bool store_copy_doubt(struct db *db, int64_t id, struct err *err);
must_use bool store_copy_delete(struct db *db, int64_t id, struct err *err);

/* First contact: a write to the product was seen to work on this access. */
struct first_contact_row {
    int64_t access_id;
    const char *product;
    int64_t created_ms;
};
must_use bool store_first_contact_put(struct db *db, int64_t access_id, const char *product,
                                      struct err *err); /* it may be there already */
must_use bool store_first_contact_list(struct db *db, struct arena *a, int64_t access_id,
                                       struct first_contact_row **ret, size_t *ret_count,
                                       struct err *err); /* access_id 0: all */
/* Whether the list has it. */
bool first_contact_made(const struct first_contact_row *rows, size_t count, int64_t access_id,
                        const char *product);

/* store/owner.h - owners: accounts to which certificates, accesses and tasks belong, with the entity each was verified as.
 *
 * Rows keep whose they are as a key: the id of the owner's row as text, "" for the default owner (OWNER_DEFAULT_ID), who
 * is there from the beginning.
 */
#pragma once
#include "store/store.h"

enum { OWNER_DEFAULT_ID = 1, OWNERS_MAX = 1000 };

struct owner_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;
    const char *name;
    const char *entity;      /* the person or enterprise; "" unknown */
    const char *verified_by; /* what showed that: a document, a person; "" while it is a mere claim */
};

must_use bool store_owner_add(struct db *db, const struct owner_row *row,
                              struct err *err); /* ERR_CONFLICT: name exists; ERR_INPUT: OWNERS_MAX */
must_use bool store_owner_find(struct db *db, struct arena *a, const char *id_or_name, struct owner_row *ret,
                               struct err *err);
must_use bool store_owner_all(struct db *db, struct arena *a, struct owner_row **ret, size_t *ret_count,
                              struct err *err); /* the default owner first */
must_use bool store_owner_update(struct db *db, const struct owner_row *row,
                                 struct err *err); /* version checked; ERR_CONFLICT */
/* A sentence when the owner has something still, else NULL. */
must_use bool store_owner_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                                 struct err *err);
must_use bool store_owner_delete(struct db *db, int64_t id, struct err *err);

/* What rows keep of an owner. */
const char *owner_key(struct arena *a, int64_t id);
/* The name that belongs to a key; the key itself where nobody has it. */
const char *owner_name(const struct owner_row *owners, size_t count, const char *key);

/* How a certificate of one owner may get onto the access of another. */
enum sharing {
    SHARING_OWN,    /* they are the same */
    SHARING_FREE,   /* both were verified as the same entity */
    SHARING_REFUSED /* by R98 */
};
enum sharing owner_sharing(const struct owner_row *owners, size_t count, const char *from, const char *to);

/* caller.h - who asks, how that was shown, and what that one may.
 *
 * A caller is made once per request and lives in its arena. The program itself, spoken to by its own user over the Unix
 * socket, may all.
 */
#pragma once
#include "store/role.h"

enum caller_kind { CALLER_NOBODY, CALLER_LOCAL, CALLER_KEY, CALLER_TOKEN, CALLER_SESSION };

struct caller {
    enum caller_kind kind;
    int64_t subject_id; /* the row of its key or user; 0: CALLER_LOCAL */
    const char *name;   /* of the key or user; "" for CALLER_LOCAL */
    const char *owner;  /* whose what it makes is: an owner's key (store/owner.h) */
    bool any_owner;     /* false: it sees what belongs to `owner` alone */
    bool may_export;    /* private keys */
    bool must_change;   /* its password, before anything else */
    enum role everywhere, highest;
};

/* The caller of our own user. */
struct caller caller_local(void);

/* "nobody", "local", "key", "token", "user". */
const char *caller_kind_name(enum caller_kind kind);

/* Fills in the roles of the subject. */
must_use bool caller_load_roles(struct db *db, struct arena *a, struct caller *caller, struct err *err);

/* The role it has on an access, in its groups or everywhere. */
must_use bool caller_role_at(struct db *db, const struct caller *caller, int64_t access_id, enum role *ret,
                             struct err *err);

/* Whether what belongs to this owner exists for it. */
bool caller_sees_owner(const struct caller *caller, const char *owner);

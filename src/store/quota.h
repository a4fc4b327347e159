/* store/quota.h - the deployment quota: a ledger of grants, holds, uses and refunds. A balance is a sum over it; nothing
 * is ever changed or taken out, and a correction is one more entry.
 *
 * A unit is one resource that uploaded certificates match in a task, however many of its slots they change. It is held
 * when the first of its deployments starts, used when one of them succeeds, and returned when the last one at work ends
 * otherwise; a slot that holds the certificate already needs none. What became of a task later (a retry of the rest, a
 * rollback) touches no used unit. These entries are written together with the deployment's row (journal.c), so that no
 * crash can come between the two.
 *
 * An account is what units are drawn from: an owner's, where that owner has a budget, else the common one, "". An account
 * without a grant is unlimited; its entries are kept, but do not count against packages granted later.
 */
#pragma once
#include "store/store.h"

enum quota_kind {
    QUOTA_GRANT,
    QUOTA_REVOKE,
    QUOTA_CLOSE, /* takes what is left, and the limit with it */
    QUOTA_HOLD,
    QUOTA_USE,
    QUOTA_REFUND
};
const char *quota_kind_name(enum quota_kind kind); /* "grant", ... */

/* The code of an ERR_QUOTA that is ours and not a cloud's. */
#define QUOTA_ERR_CODE "deployment_quota"

enum { QUOTA_COUNT_MAX = 1000000000, QUOTA_NOTE_BYTES = 200 };

struct quota_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner; /* the account */
    enum quota_kind kind;
    int64_t available, held, used;               /* what the entry adds to each balance */
    bool counted;                                /* false: held while the account was unlimited */
    int64_t task_id, resource_id, deployment_id; /* 0: none */
    const char *text;                            /* the resource's title, or the note of a grant */
};

/* total = available + held + used, of what counts. */
struct quota_balance {
    bool limited;
    int64_t bought; /* granted, without what was revoked */
    int64_t total, available, held, used;
    int64_t free_held, free_used; /* while the account was unlimited */
};

/* Grants a package. count from 1 to QUOTA_COUNT_MAX; ERR_INPUT otherwise. */
must_use bool store_quota_grant(struct db *db, const char *account, int64_t count, const char *note,
                                struct err *err);
/* Takes back units that nobody holds or used; ERR_QUOTA with the figures where there are fewer. */
must_use bool store_quota_revoke(struct db *db, const char *account, int64_t count, const char *note,
                                 struct err *err);
/* Takes back what is left, and the limit: the account is as if nothing had been granted. ERR_CONFLICT where it is so. */
must_use bool store_quota_close(struct db *db, const char *account, const char *note, struct err *err);

/* What tasks of that owner draw from: the owner's own account where it has a budget, else "". */
must_use bool store_quota_account(struct db *db, const char *owner, const char **ret_account,
                                  struct err *err);
must_use bool store_quota_balance(struct db *db, const char *account, struct quota_balance *ret,
                                  struct err *err);
/* Every account that has an entry, "" first. */
must_use bool store_quota_accounts(struct db *db, struct arena *a, const char ***ret, size_t *ret_count,
                                   struct err *err);
/* Entries, newest first; of that account, where not NULL. */
must_use bool store_quota_list(struct db *db, struct arena *a, const struct page *page,
                               const char *account /* or NULL */, struct quota_row **ret, size_t *ret_count,
                               struct err *err);
/* Of one task, also of one that was deleted since. */
must_use bool store_quota_statement(struct db *db, struct arena *a, const struct page *page, int64_t task_id,
                                    struct quota_row **ret, size_t *ret_count, struct err *err);

struct quota_sums { /* of a task */
    int64_t held, used;
    int64_t returned; /* how often a unit came back; it may have been held again since */
};
must_use bool store_quota_of_task(struct db *db, int64_t task_id, struct quota_sums *ret, struct err *err);

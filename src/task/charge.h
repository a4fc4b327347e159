/* charge.h - whose certificate may go onto whose resource (R46, R98), and what that costs (R45-R48).
 *
 * The plan marks each row with what is decided here (deployment_row.charged); the preview counts the marked rows, and the
 * ledger holds a unit by the same mark (store/quota.h), so that what is shown is what is charged (R90).
 */
#pragma once
#include "store/access.h"
#include "store/certificate.h"
#include "store/owner.h"
#include "store/quota.h"
#include "store/task.h"

/* Who owns what, as of one read of the store. */
struct charge_book {
    const struct owner_row *owners;
    size_t owner_count;
    const struct access_row *accesses; /* ascending ids */
    size_t access_count;
};
must_use bool charge_book_load(struct db *db, struct arena *a, struct charge_book *ret, struct err *err);

/* Why the certificate may not go onto resources of that access, with what to do instead; NULL if it may. A book of NULL
 * knows one owner only.
 */
const char *charge_refusal(struct arena *a, const struct charge_book *book, const struct certificate_row *row,
                           int64_t access_id);
/* The same for one access, when a deployment begins: owners may have changed since it was submitted. */
must_use bool charge_refusal_now(struct db *db, struct arena *a, const struct certificate_row *row,
                                 const struct access_row *access, const char **ret, struct err *err);
/* Whether a resource of that access costs a unit. */
bool charge_is_due(const struct charge_book *book, const struct certificate_row *row, int64_t access_id);

/* What a task is going to take, and whether its account has that. */
struct charge_need {
    int64_t units; /* resources of the rows that are ready to start */
    int64_t missing;
    const char *account; /* an owner's key; "" the common one */
    const char *account_name;
    struct quota_balance balance;
    const char *advice; /* "" where nothing is missing */
};
must_use bool charge_need_of(struct db *db, struct arena *a, const char *owner,
                             const struct deployment_row *rows, size_t count, struct charge_need *ret,
                             struct err *err);

/* Before a task starts: every row still may, still costs what was shown, and the account has enough. ERR_QUOTA with
 * QUOTA_ERR_CODE and the figures where it has not.
 */
must_use bool charge_check(struct db *db, struct arena *a, const char *owner,
                           const struct deployment_row *rows, size_t count, struct err *err);

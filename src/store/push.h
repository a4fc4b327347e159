/* store/push.h - certificates that were pushed from a vendor's certificate service to another of its services, a row for each
 * region (R121-R134). A push cannot be taken back and is made once per certificate, product, region and account.
 *
 * The row is on disk before the cloud is called, and the outcome after: `pushing` is what is under way in this process;
 * what a process left that died is `unknown` until the cloud's own records are looked at.
 */
#pragma once
#include "store/store.h"

#define PUSH_PUSHING "pushing"
#define PUSH_SUCCESS "success"
#define PUSH_ERROR "error"
#define PUSH_UNKNOWN "unknown"

enum { PUSHES_SHOWN = 10 }; /* R129 */

struct push_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;
    int64_t access_id, certificate_id;
    const char *access, *certificate; /* their names then: records outlive both */
    const char *account_id;           /* the vendor's */
    const char *product, *region;     /* "huawei/elb"; "" where it has no regions */
    const char *state;                /* one of the words above */
    const char *ref, *copy_ref;       /* the certificate's id in the service, and the copy's over there; "" */
    const char *text;                 /* why not, or what is to be known of it */
    int64_t finished_ms;              /* 0: not yet */
};

/* ERR_CONFLICT where the same was pushed already or may have been. */
must_use bool store_push_add(struct db *db, const struct push_row *row, struct err *err);
must_use bool store_push_load(struct db *db, struct arena *a, int64_t id, struct push_row *ret,
                              struct err *err);
must_use bool store_push_list(struct db *db, struct arena *a, const struct page *page,
                              int64_t certificate_id /* 0: all */, struct push_row **ret, size_t *ret_count,
                              struct err *err);
/* The one that did not fail; ERR_NOT_FOUND where there is none. */
must_use bool store_push_find(struct db *db, struct arena *a, const struct push_row *like,
                              struct push_row *ret, struct err *err);
/* State, copy_ref, text; `finished_ms` becomes now unless the state is unknown. */
must_use bool store_push_end(struct db *db, int64_t id, const char *state, const char *copy_ref,
                             const char *text, struct err *err);
/* For a process that begins: what is under way belongs to none that lives. */
must_use bool store_push_interrupted(struct db *db, struct err *err);

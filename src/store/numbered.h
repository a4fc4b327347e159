/* store/numbered.h - lists by page number, as the APIs of vendors have them: what one owner has, and how many there are.
 *
 * Counting goes by an index where nothing but the owner is asked for. Whoever reads on past NUMBERED_DEPTH rows is told to
 * narrow the list: our own lists go by a cursor and have no such end.
 */
#pragma once
#include "store/access.h"
#include "store/certificate.h"
#include "store/contact.h"
#include "store/resource.h"
#include "store/task.h"

enum { NUMBERED_DEPTH = 10000 };

struct numbered {
    size_t offset, limit;
};

struct task_numbered_filter {
    const char *state; /* "error" takes cancelled ones, too; NULL any */
    const char
        *type; /* "user", "cloud": what was said at its making, else as its deployments are; NULL any */
};
must_use bool store_task_numbered(struct db *db, struct arena *a, const char *owner,
                                  const struct task_numbered_filter *filter, const struct numbered *at,
                                  struct task_row **ret, size_t *ret_count, int64_t *ret_total,
                                  struct err *err);

struct certificate_numbered_filter {
    const char *kind; /* NULL any */
    const char *
        status; /* "valid" (not expired, not revoked), "issued", "about_to_expire", "expired", "revoked"; NULL any */
    const char *text; /* part of its name or of a domain; NULL any */
    int64_t now_ms;
};
must_use bool store_certificate_numbered(struct db *db, struct arena *a, const char *owner,
                                         const struct certificate_numbered_filter *filter,
                                         const struct numbered *at, struct certificate_row **ret,
                                         size_t *ret_count, int64_t *ret_total, struct err *err);

struct access_numbered_filter {
    const char *cloud, *key_id; /* NULL any */
    int64_t without;            /* an access that is left out; 0 none */
};
must_use bool store_access_numbered(struct db *db, struct arena *a, const char *owner,
                                    const struct access_numbered_filter *filter, const struct numbered *at,
                                    struct access_row **ret, size_t *ret_count, int64_t *ret_total,
                                    struct err *err);
/* The owner's own account at a cloud: the access of that cloud that was connected first. ERR_NOT_FOUND. */
must_use bool store_access_own(struct db *db, struct arena *a, const char *owner, const char *cloud,
                               struct access_row *ret, struct err *err);

must_use bool store_contact_numbered(struct db *db, struct arena *a, const char *owner, const char *text,
                                     const struct numbered *at, struct contact_row **ret, size_t *ret_count,
                                     int64_t *ret_total, struct err *err);

struct resource_numbered_filter {
    const char *product, *text; /* NULL any */
    const char *certificates;   /* ids as ",12,34,": those that hold one of these; NULL any */
};
/* Of these accesses, one after the other; those that are missing are left out. With a text or certificates the total ends at
 * NUMBERED_DEPTH + 1: nobody gets further.
 */
must_use bool store_resource_numbered(struct db *db, struct arena *a, const int64_t *access_ids,
                                      size_t access_count, const struct resource_numbered_filter *filter,
                                      const struct numbered *at, struct resource **ret, size_t *ret_count,
                                      int64_t *ret_total, struct err *err);

struct product_count {
    const char *product;
    int64_t count;
};
must_use bool store_resource_products(struct db *db, struct arena *a, int64_t access_id,
                                      struct product_count **ret, size_t *ret_count, struct err *err);

/* Which products of this owner's accesses hold the certificate with this digest, and how often. */
must_use bool store_certificate_products(struct db *db, struct arena *a, const char *owner,
                                         const char *fingerprint, struct product_count **ret,
                                         size_t *ret_count, struct err *err);

struct deployment_numbered_filter {
    const char *product; /* NULL any */
    const char *states;  /* words as ",planned,pending,"; NULL any */
};
must_use bool store_deployment_numbered(struct db *db, struct arena *a, int64_t task_id,
                                        const struct deployment_numbered_filter *filter,
                                        const struct numbered *at, struct deployment_row **ret,
                                        size_t *ret_count, int64_t *ret_total, struct err *err);
/* Its deployments by product; the resources they are for, ascending; and how many resources of them cost a unit. */
must_use bool store_task_products(struct db *db, struct arena *a, int64_t task_id, struct product_count **ret,
                                  size_t *ret_count, struct err *err);
must_use bool store_task_resources(struct db *db, struct arena *a, int64_t task_id, int64_t **ret,
                                   size_t *ret_count, struct err *err);
must_use bool store_task_cost(struct db *db, int64_t task_id, int64_t *ret, struct err *err);

/* push.h - pushing a certificate from a vendor's certificate service to another of its services, region by region.
 *
 * It cannot be undone and is done once per certificate, product and region. Rows are on disk before the call; what was
 * answered for a region is written to its own row. An answer that was lost is looked for in the vendor's records, at
 * once and whenever the same is asked again; it is never repeated before.
 */
#pragma once
#include "cloud/cloud.h"
#include "store/certificate.h"
#include "store/push.h"
#include <stdatomic.h>

struct push_request {
    const char *certificate, *access; /* ids or names */
    const char *product;              /* "huawei/elb" */
    const char **regions;             /* none for a product that has none */
    size_t region_count;
    const atomic_bool *stop; /* NULL: none */
};

/* A region's row: as stored, or with id 0 where the state is one of these. */
#define PUSH_PLANNED "planned"
#define PUSH_THERE "there" /* somebody else pushed it; text says so */

struct push_view {
    struct certificate_row certificate;
    struct access_row access;
    const char *product, *next; /* next: what to do afterwards, for people */
    bool brings;                /* the certificate has to be imported there first */
    struct push_row *rows;      /* one per region, in the order asked */
    size_t count, planned;
};

/* What would be done; asks the cloud, changes nothing there. ERR_INPUT, ERR_NOT_FOUND, ERR_INVALID_CERTIFICATE with the
 * prerequisite that is missing.
 */
must_use bool inventory_push_plan(struct cloud *cloud, struct store *store, const struct clock *clock,
                                  struct arena *a, const struct push_request *request, struct push_view *ret,
                                  struct err *err);

/* Does it; rows are as they are afterwards. Fails before anything was sent; ERR_CONFLICT where all is there already. */
must_use bool inventory_push(struct cloud *cloud, struct store *store, const struct clock *clock,
                             struct arena *a, const struct push_request *request, struct push_view *ret,
                             struct err *err);

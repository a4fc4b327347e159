/* store/metric.h - what the store adds to /metrics: sums and the ends of certificates, each list bounded. */
#pragma once
#include "store/store.h"

struct metric_deployments {
    const char *state, *cause; /* cause: the kind of failure; "" for none */
    int64_t count;
};
must_use bool store_metric_deployments(struct db *db, struct arena *a, struct metric_deployments **ret,
                                       size_t *ret_count, struct err *err);

struct metric_end {
    int64_t id;
    const char *name, *product; /* product: of a resource */
    int64_t not_after_ms;
};
/* Of those that end first: certificates; and resources that hold one we know, by the first of theirs. */
must_use bool store_metric_certificates(struct db *db, struct arena *a, size_t max, struct metric_end **ret,
                                        size_t *ret_count, struct err *err);
must_use bool store_metric_resources(struct db *db, struct arena *a, size_t max, struct metric_end **ret,
                                     size_t *ret_count, struct err *err);

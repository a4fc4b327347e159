#include "store/metric.h"

#include "store/rows.h"

bool store_metric_deployments(struct db *db, struct arena *a, struct metric_deployments **ret,
                              size_t *ret_count, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    size_t capacity = 0;
    bool row = false;
    *ret = NULL;
    *ret_count = 0;
    if (!query_open(db, SQL_METRIC_DEPLOYMENTS, NULL, 0, &q, err))
        return false;
    while (query_next(&q, &row, err)) {
        if (!row)
            return true;
        struct metric_deployments *d = arena_push(a, (void **)ret, ret_count, &capacity, sizeof *d);
        *d = (struct metric_deployments){query_text(&q, a, 0), query_text(&q, a, 1), query_int(&q, 2)};
    }
    return false;
}

static bool read_ends(struct db *db, enum statement statement, struct arena *a, size_t max,
                      struct metric_end **ret, size_t *ret_count, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    size_t capacity = 0;
    bool row = false;
    *ret = NULL;
    *ret_count = 0;
    if (!query_open(db, statement, VALUES(value_int((int64_t)max)), &q, err))
        return false;
    while (query_next(&q, &row, err)) {
        if (!row)
            return true;
        struct metric_end *end = arena_push(a, (void **)ret, ret_count, &capacity, sizeof *end);
        *end = (struct metric_end){query_int(&q, 0), query_text(&q, a, 1), query_text(&q, a, 2),
                                   query_int(&q, 3)};
    }
    return false;
}

bool store_metric_certificates(struct db *db, struct arena *a, size_t max, struct metric_end **ret,
                               size_t *ret_count, struct err *err)
{
    return read_ends(db, SQL_METRIC_CERTIFICATES, a, max, ret, ret_count, err);
}

bool store_metric_resources(struct db *db, struct arena *a, size_t max, struct metric_end **ret,
                            size_t *ret_count, struct err *err)
{
    return read_ends(db, SQL_METRIC_RESOURCES, a, max, ret, ret_count, err);
}

#include "api/v1_plan.h"

#include "api/authority.h"
#include "cloud/product.h"
#include "codec/json.h"
#include "store/access.h"
#include "store/certificate.h"
#include "store/resource.h"
#include <stdlib.h>
#include <string.h>

/* One preview being written, inside of one read of the store. */
struct writing {
    struct request *rq;
    struct arena *a;
    struct db *db;
    struct json_writer *w;
    const struct task_view *view;
};

static int64_t known_of(const struct sync_row *syncs, size_t count, const char *product)
{
    int64_t known = 0;
    for (size_t i = 0; i < count; i++)
        known += strcmp(syncs[i].product, product) == 0 ? syncs[i].resources : 0;
    return known;
}

/* What is gone, or not stored (a certificate of a dry run), is called by its id. */
static const char *access_name(struct writing *wr, int64_t id)
{
    struct access_row row;
    return store_access_load(wr->db, wr->a, id, &row, NULL) ? row.name
                                                            : arena_printf(wr->a, "%lld", (long long)id);
}

static const char *certificate_name(struct writing *wr, int64_t id)
{
    struct certificate_row row;
    return id && store_certificate_load(wr->db, wr->a, id, &row, NULL) ? row.name : "the given certificate";
}

typedef int row_compare(const void *left, const void *right);

static int by_resource(const void *left, const void *right)
{
    const struct deployment_row *x = *(const struct deployment_row *const *)left,
                                *y = *(const struct deployment_row *const *)right;
    int product = strcmp(x->product, y->product);
    return product ? product : int64_order(x->resource_id, y->resource_id);
}

static int by_certificate(const void *left, const void *right)
{
    const struct deployment_row *x = *(const struct deployment_row *const *)left,
                                *y = *(const struct deployment_row *const *)right;
    int product = strcmp(x->product, y->product);
    return product ? product : int64_order(x->certificate_id, y->certificate_id);
}

static bool is_itself(const struct deployment_row *row)
{
    return strcmp(row->copied_to, "-") == 0;
}

/* The same certificate in the same certificate store of the same access; where resources get the key themselves, by product
 * and region.
 */
static int by_place(const void *left, const void *right)
{
    const struct deployment_row *x = *(const struct deployment_row *const *)left,
                                *y = *(const struct deployment_row *const *)right;
    int tests[] = {int64_order(x->certificate_id, y->certificate_id), int64_order(x->access_id, y->access_id),
                   strcmp(x->copied_to, y->copied_to), is_itself(x) ? strcmp(x->product, y->product) : 0,
                   is_itself(x) ? strcmp(x->region, y->region) : 0};
    for (size_t i = 0; i < countof(tests); i++)
        if (tests[i])
            return tests[i];
    return 0;
}

static int by_access(const void *left, const void *right)
{
    const struct deployment_row *x = *(const struct deployment_row *const *)left,
                                *y = *(const struct deployment_row *const *)right;
    return int64_order(x->access_id, y->access_id);
}

static const struct deployment_row **sorted(struct arena *a, const struct task_view *view,
                                            row_compare *compare)
{
    const struct deployment_row **rows = arena_array(a, const struct deployment_row *, view->count);
    for (size_t i = 0; i < view->count; i++)
        rows[i] = &view->deployments[i];
    if (view->count)
        qsort(rows, view->count, sizeof *rows, compare);
    return rows;
}

/* Of the listings those that the caller may look at, at the front. */
static bool keep_seen(struct writing *wr, struct sync_row *syncs, size_t *count, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        bool seen;
        if (!request_sees_access_id(wr->rq, wr->db, syncs[i].access_id, &seen, err))
            return false;
        if (seen)
            syncs[kept++] = syncs[i];
    }
    *count = kept;
    return true;
}

struct match {
    int64_t slots, resources, certificates;
};

static struct match *count_matches(struct arena *a, const struct task_view *view, size_t products_count)
{
    struct match *matches = arena_array(a, struct match, products_count);
    const struct deployment_row **resources = sorted(a, view, by_resource),
                                **certificates = sorted(a, view, by_certificate);
    for (size_t i = 0, at = 0; i < view->count; i++) {
        for (at = 0; at < products_count && strcmp(products[at]->code, resources[i]->product) != 0; at++)
            ;
        if (at == products_count)
            continue;
        matches[at].slots++;
        matches[at].resources += i == 0 || by_resource(&resources[i - 1], &resources[i]) != 0;
        matches[at].certificates += i == 0 || by_certificate(&certificates[i - 1], &certificates[i]) != 0;
    }
    return matches;
}

static bool put_matches(struct writing *wr, struct err *err)
{
    size_t count = 0, sync_count = 0;
    struct sync_row *syncs = NULL;
    if (!store_sync_list(wr->db, wr->a, 0, &syncs, &sync_count, err) ||
        !keep_seen(wr, syncs, &sync_count, err))
        return false;
    while (products[count])
        count++;
    struct match *matches = count_matches(wr->a, wr->view, count);
    json_key(wr->w, "products");
    json_open_object(wr->w);
    for (size_t i = 0; i < count; i++)
        if (matches[i].slots)
            json_member_int(wr->w, products[i]->code, matches[i].slots);
    json_close_object(wr->w);
    json_key(wr->w, "matches");
    json_open_array(wr->w);
    for (size_t i = 0; i < count; i++) {
        int64_t known = known_of(syncs, sync_count, products[i]->code);
        if (known || matches[i].slots)
            json_put_raw(wr->w,
                         json_format(wr->a,
                                     "{'product':%s,'known':%lld,'resources':%lld,'slots':%lld,"
                                     "'certificates':%lld}",
                                     products[i]->code, (long long)known, (long long)matches[i].resources,
                                     (long long)matches[i].slots, (long long)matches[i].certificates));
    }
    json_close_array(wr->w);
    return true;
}

static int64_t calls_of(struct arena *a, const struct deployment_row *row, const char *member)
{
    const struct json *calls = NULL;
    return json_parse(a, row->calls, strlen(row->calls), &calls, NULL) ? json_int(json_at(calls, member), 0)
                                                                       : 0;
}

static void put_copy(struct writing *wr, const struct deployment_row *row, bool brought)
{
    bool itself = is_itself(row);
    json_open_object(wr->w);
    json_member_int(wr->w, "certificate", row->certificate_id);
    json_member_string(wr->w, "certificate_name", certificate_name(wr, row->certificate_id));
    json_member_int(wr->w, "access", row->access_id);
    json_member_string(wr->w, "access_name", access_name(wr, row->access_id));
    json_member_string(wr->w, "store", itself ? NULL : row->copied_to);
    json_member_string(wr->w, "product", itself ? row->product : NULL);
    json_member_string(wr->w, "region", itself && row->region[0] ? row->region : NULL);
    json_member_bool(wr->w, "brought", brought || itself);
    json_close_object(wr->w);
}

static void put_copies(struct writing *wr)
{
    const struct deployment_row **rows = sorted(wr->a, wr->view, by_place);
    json_key(wr->w, "copies");
    json_open_array(wr->w);
    for (size_t i = 0, next; i < wr->view->count; i = next) {
        int64_t brought = 0;
        for (next = i; next < wr->view->count && by_place(&rows[i], &rows[next]) == 0; next++)
            brought += calls_of(wr->a, rows[next], "/uploads");
        if (rows[i]->copied_to[0])
            put_copy(wr, rows[i], brought > 0);
    }
    json_close_array(wr->w);
}

/* Rows that are held back are not counted: they call nothing. */
static void put_calls(struct writing *wr)
{
    static const char *const members[] = {"/reads", "/writes", "/uploads"};
    const struct deployment_row **rows = sorted(wr->a, wr->view, by_access);
    json_key(wr->w, "calls");
    json_open_array(wr->w);
    for (size_t i = 0, next; i < wr->view->count; i = next) {
        int64_t sums[countof(members)] = {0};
        for (next = i; next < wr->view->count && rows[i]->access_id == rows[next]->access_id; next++)
            for (size_t j = 0; j < countof(members) && rows[next]->state != DEPLOYMENT_HELD; j++)
                sums[j] += calls_of(wr->a, rows[next], members[j]);
        json_put_raw(wr->w,
                     json_format(wr->a,
                                 "{'access':%lld,'access_name':%s,'reads':%lld,'writes':%lld,'uploads':%lld}",
                                 (long long)rows[i]->access_id, access_name(wr, rows[i]->access_id),
                                 (long long)sums[0], (long long)sums[1], (long long)sums[2]));
    }
    json_close_array(wr->w);
}

static bool put(struct db *db, void *context, struct err *err)
{
    struct writing *wr = context;
    wr->db = db;
    if (!put_matches(wr, err))
        return false;
    put_copies(wr);
    put_calls(wr);
    return true;
}

bool v1_plan_put(struct request *rq, struct json_writer *w, const struct task_view *view, struct err *err)
{
    struct writing wr = {.rq = rq, .a = rq->arena, .w = w, .view = view};
    return store_read(rq->api->parts.store, put, &wr, err);
}

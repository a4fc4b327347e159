#include "task/waves.h"

#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 1000000 };

struct unit { /* a resource: its rows go together */
    int64_t resource_id, access_id, wave;
    const char *product;
    size_t first, rank; /* in the plan; among those of its access and product */
    bool idle;          /* bound already */
};

bool wave_size_parse(const char *text, struct wave_size *ret, struct err *err)
{
    char *end = NULL;
    long number = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : 0;
    bool share = end && strcmp(end, "%") == 0;
    if (number < 1 || !end || (*end && !share) || number > (share ? 100 : NUMBER_MAX))
        return err_set(err, ERR_INPUT, "\"%.20s\" is no wave: write a number of resources, or a share as 5%%",
                       text);
    *ret = (struct wave_size){.number = number, .share = share};
    return true;
}

static int order(int64_t left, int64_t right)
{
    return (left > right) - (left < right);
}

static int by_resource(const void *left, const void *right)
{
    return order(((const struct unit *)left)->resource_id, ((const struct unit *)right)->resource_id);
}

static int by_product(const void *left, const void *right)
{
    const struct unit *l = left, *r = right;
    int by = order(l->access_id, r->access_id);
    by = by ? by : strcmp(l->product, r->product);
    by = by ? by : order(l->idle, r->idle);
    return by ? by : order((int64_t)l->first, (int64_t)r->first);
}

static int by_turn(const void *left, const void *right)
{
    const struct unit *l = left, *r = right;
    int by = order(l->idle, r->idle);
    by = by ? by : order((int64_t)l->rank, (int64_t)r->rank);
    return by ? by : order((int64_t)l->first, (int64_t)r->first);
}

static struct unit *units_of(struct arena *a, const struct deployment_row *rows, size_t count,
                             size_t *ret_count)
{
    struct unit *units = arena_array(a, struct unit, count + 1);
    size_t made = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].state == DEPLOYMENT_PLANNED)
            units[made++] = (struct unit){.resource_id = rows[i].resource_id,
                                          .access_id = rows[i].access_id,
                                          .product = rows[i].product,
                                          .first = i,
                                          .idle = rows[i].already_bound};
    qsort(units, made, sizeof *units, by_resource);
    for (size_t i = 0; i < made; i++) {
        struct unit *last = kept ? &units[kept - 1] : NULL;
        if (last && last->resource_id == units[i].resource_id) {
            last->idle &= units[i].idle;
            last->first = size_min(last->first, units[i].first);
        } else {
            units[kept++] = units[i];
        }
    }
    *ret_count = kept;
    return units;
}

static void rank(struct unit *units, size_t count)
{
    qsort(units, count, sizeof *units, by_product);
    for (size_t i = 1; i < count; i++) {
        bool same = units[i].access_id == units[i - 1].access_id &&
                    strcmp(units[i].product, units[i - 1].product) == 0;
        units[i].rank = same ? units[i - 1].rank + 1 : 0;
    }
}

static void number(struct unit *units, size_t count, const struct wave_size *sizes, size_t size_count)
{
    size_t at = 0;
    for (size_t wave = 0; wave <= size_count; wave++) {
        size_t left = count - at, take = left;
        if (wave < size_count)
            take = sizes[wave].share ? (count * (size_t)sizes[wave].number + 99) / 100
                                     : (size_t)sizes[wave].number;
        for (take = size_min(take, left); take > 0; take--)
            units[at++].wave = (int64_t)wave + 1;
    }
}

void waves_assign(struct arena *a, const struct deployment_row *rows, size_t count,
                  const struct wave_size *sizes, size_t size_count, int64_t *ret)
{
    size_t unit_count = 0;
    struct unit *units = units_of(a, rows, count, &unit_count);
    rank(units, unit_count);
    qsort(units, unit_count, sizeof *units, by_turn);
    number(units, unit_count, sizes, size_count);
    qsort(units, unit_count, sizeof *units, by_resource);
    for (size_t i = 0; i < count; i++) {
        struct unit wanted = {.resource_id = rows[i].resource_id};
        const struct unit *unit =
            unit_count ? bsearch(&wanted, units, unit_count, sizeof *units, by_resource) : NULL;
        ret[i] = rows[i].state == DEPLOYMENT_PLANNED && unit ? unit->wave : 0;
    }
}

#include "store/resource.h"

#include "codec/name.h"
#include "store/names.h"
#include "store/numbered.h"
#include "store/rows.h"

#include <stdlib.h>
#include <string.h>

enum {
    PUT_BYTES = 192 << 20,
    CALLED_MOST = 1000,
    TEXT_BYTES = 1 << 20 /* of names, and of what the slots hold: some 10,000 names */
};

/* The row: the struct, and what of it is kept as JSON. */
struct record {
    struct resource r;
    int64_t created_ms, updated_ms;
    const char *names, *bound;
};

#define RESOURCE_FIELD(type, name) FIELD(type, struct record, r.name),
static const struct field fields[] = {
    RESOURCE_FIELD(INT, id) RESOURCE_FIELDS(RESOURCE_FIELD) FIELD(INT, struct record, created_ms),
    FIELD(INT, struct record, updated_ms),
    FIELD(TEXT, struct record, names),
    FIELD(TEXT, struct record, bound),
};
static const struct table table = TABLE("resource", struct record, fields);

#define SYNC_FIELD(type, name) FIELD(type, struct sync_row, name),
static const struct field sync_fields[] = {SYNC_FIELD(INT, access_id) SYNC_FIELDS(SYNC_FIELD)};
static const struct table sync_table = TABLE("sync", struct sync_row, sync_fields);

static bool index_names(struct db *db, int64_t id, const struct resource_name *names, size_t count,
                        struct err *err)
{
    if (!db_run(db, SQL_RESOURCE_UNNAME, VALUES(value_int(id)), NULL, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i].name;
        const char *parent = name_is_address(name) ? NULL : name_parent(name);
        if (!db_run(db, SQL_RESOURCE_NAME,
                    VALUES(value_text(name), value_text(parent), value_int(id),
                           value_text(evidence_name(names[i].evidence))),
                    NULL, err))
            return false;
    }
    return true;
}

static bool index_bound(struct db *db, int64_t id, const struct bound *bound, size_t count, struct err *err)
{
    if (!db_run(db, SQL_RESOURCE_UNBIND, VALUES(value_int(id)), NULL, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!bound[i].fingerprint || !*bound[i].fingerprint)
            continue;
        if (!db_run(db, SQL_RESOURCE_BIND, VALUES(value_text(bound[i].fingerprint), value_int(id)), NULL,
                    err))
            return false;
    }
    return true;
}

/* What the row of the same key holds already; id 0 when there is none. */
static bool load_known(struct db *db, struct arena *a, const struct resource *r, struct record *ret,
                       struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, SQL_RESOURCE_BY_KEY,
                    VALUES(value_int(r->access_id), value_text(r->product), value_text(r->region),
                           value_text(r->vendor_id)),
                    &q, err) ||
        !query_next(&q, &row, err))
        return false;
    if (!row) {
        *ret = (struct record){0};
        return true;
    }
    *ret = (struct record){.r.id = query_int(&q, 0),
                           .r.version = query_int(&q, 1),
                           .created_ms = query_int(&q, 2),
                           .r.missing = query_int(&q, 3) != 0,
                           .names = query_text(&q, a, 4),
                           .bound = query_text(&q, a, 5)};
    return true;
}

static bool check_size(const char *vendor_id, const char *json, const char *what, struct err *err)
{
    return strlen(json) <= TEXT_BYTES ||
           err_set(err, ERR_INPUT, "resource %s: %s take more than %d KiB; it cannot be kept", vendor_id,
                   what, TEXT_BYTES >> 10);
}

/* What r holds, with the entry at "sm" that only an earlier deployment of ours can have told. */
static bool with_sm(struct arena *a, const struct record *known, struct resource *r, struct err *err)
{
    struct bound *old = NULL;
    size_t old_count = 0;
    if (r->sm_told || !known->r.id || !strstr(known->bound, "\"sm\""))
        return true;
    if (!bound_from_json(a, known->bound, &old, &old_count, err))
        return false;
    struct bound *all = arena_array(a, struct bound, r->bound_count + old_count);
    size_t count = 0;
    bool told = false;
    for (size_t i = 0; i < r->bound_count; i++) {
        all[count++] = r->bound[i];
        told |= strcmp(r->bound[i].slot, "sm") == 0;
    }
    for (size_t i = 0; i < old_count; i++)
        if (!told && strcmp(old[i].slot, "sm") == 0)
            all[count++] = old[i];
    r->bound = all;
    r->bound_count = count;
    return true;
}

/* The indexes are written only where they change: a synchronisation finds most resources as they were. */
bool store_resource_put(struct db *db, struct store *s, const struct resource *r, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(PUT_BYTES);
    struct record known, new = {.r = *r};
    if (!load_known(db, a, r, &known, err) || !with_sm(a, &known, &new.r, err))
        return err_add(err, "keep resource %s", r->vendor_id);
    new.r.id = known.r.id ? known.r.id : store_new_id(s);
    new.r.version = known.r.version + 1;
    new.r.missing = false;
    new.updated_ms = db_now_ms(db);
    new.created_ms = known.r.id ? known.created_ms : new.updated_ms;
    new.names = names_to_json(a, r->names, r->name_count);
    new.bound = bound_to_json(a, new.r.bound, new.r.bound_count);
    if (!check_size(r->vendor_id, new.names, "its names", err) ||
        !check_size(r->vendor_id, new.bound, "its certificates", err))
        return false;
    struct value values[countof(fields)];
    row_values(fields, countof(fields), &new, values);
    bool named = known.r.id && !known.r.missing && strcmp(known.names, new.names) == 0;
    bool bound = known.r.id && strcmp(known.bound, new.bound) == 0;
    return (db_run(db, known.r.id ? SQL_RESOURCE_REPLACE : SQL_RESOURCE_ADD, values, countof(values), NULL,
                   err) &&
            (named || index_names(db, new.r.id, r->names, r->name_count, err)) &&
            (bound || index_bound(db, new.r.id, new.r.bound, new.r.bound_count, err))) ||
           err_add(err, "keep resource %s", r->vendor_id);
}

bool store_resource_retire(struct db *db, int64_t access_id, const char *product, const char *region,
                           int64_t generation, struct err *err)
{
    return db_run(db, SQL_RESOURCE_RETIRE_NAMES,
                  VALUES(value_int(access_id), value_text(product), value_text(region),
                         value_int(generation)),
                  NULL, err) &&
           db_run(db, SQL_RESOURCE_RETIRE,
                  VALUES(value_int(access_id), value_text(product), value_text(region), value_int(generation),
                         value_int(db_now_ms(db))),
                  NULL, err);
}

static bool unpack(struct arena *a, struct record *record, struct resource *ret, struct err *err)
{
    struct resource r = record->r;
    if (!names_from_json(a, record->names, &r.names, &r.name_count, err) ||
        !bound_from_json(a, record->bound, &r.bound, &r.bound_count, err))
        return err_add(err, "resource %lld", (long long)r.id);
    *ret = r;
    return true;
}

bool store_resource_load(struct db *db, struct arena *a, int64_t id, struct resource *ret, struct err *err)
{
    struct record record;
    return row_one(db, SQL_RESOURCE_BY_ID, VALUES(value_int(id)), a, &table,
                   arena_printf(a, "%lld", (long long)id), &record, err) &&
           unpack(a, &record, ret, err);
}

/* The statement that begins with the narrowest index, and what it asks beyond the common filter. */
static enum statement list_statement(struct arena *a, const struct resource_filter *f, struct value *more,
                                     size_t *count)
{
    bool named = f->name && *f->name;
    if (named) {
        bool wildcard = name_is_wildcard(f->name);
        const char *parent = name_is_address(f->name) ? NULL : name_parent(f->name);
        more[(*count)++] = value_text(f->name);
        more[(*count)++] = value_text(parent ? arena_printf(a, "*.%s", parent) : f->name);
        more[(*count)++] = value_text(wildcard ? parent : NULL);
    }
    if (f->certificate_id)
        more[(*count)++] = value_int(f->certificate_id);
    if (named)
        return f->certificate_id ? SQL_RESOURCE_LIST_NAME_CERTIFICATE : SQL_RESOURCE_LIST_NAME;
    return f->certificate_id ? SQL_RESOURCE_LIST_CERTIFICATE : SQL_RESOURCE_LIST;
}

static bool all_of(struct db *db, struct arena *a, enum statement statement, const struct value *values,
                   size_t count, struct resource **ret, size_t *ret_count, struct err *err)
{
    struct record *records;
    size_t row_count;
    if (!row_all(db, statement, values, count, a, &table, (void **)&records, &row_count, err))
        return err_add(err, "list resources");
    struct resource *rows = arena_array(a, struct resource, row_count);
    for (size_t i = 0; i < row_count; i++)
        if (!unpack(a, &records[i], &rows[i], err))
            return false;
    *ret = rows;
    *ret_count = row_count;
    return true;
}

bool store_resource_list(struct db *db, struct arena *a, const struct resource_filter *filter,
                         const struct page *page, struct resource **ret, size_t *ret_count, struct err *err)
{
    struct value values[12] = {page_cursor(page),
                               page_limit(page),
                               value_int(filter->access_id),
                               value_text(filter->product),
                               value_text(filter->region),
                               value_text(row_pattern(a, filter->text)),
                               value_int(filter->include_missing),
                               value_text(filter->accesses)};
    size_t count = 8;
    enum statement statement = list_statement(a, filter, values, &count);
    return all_of(db, a, statement, values, count, ret, ret_count, err);
}

bool store_resource_called(struct db *db, struct arena *a, const char *text, struct resource **ret,
                           size_t *ret_count, struct err *err)
{
    return all_of(db, a, SQL_RESOURCE_CALLED, VALUES(value_text(text), value_int(CALLED_MOST)), ret,
                  ret_count, err);
}

/* A page over several accesses, as it fills. */
struct filling {
    struct db *db;
    struct arena *a;
    const struct resource_numbered_filter *filter;
    size_t limit, offset; /* offset: still to be passed over */
    struct resource *rows;
    size_t count;
    int64_t total;
};

static bool add_found(struct filling *f, const int64_t *ids, size_t count, struct err *err)
{
    for (size_t i = f->offset; i < count && f->count < f->limit; i++)
        if (!store_resource_load(f->db, f->a, ids[i], &f->rows[f->count++], err))
            return false;
    f->offset = f->offset < count ? 0 : f->offset - count;
    f->total += (int64_t)count;
    return true;
}

/* What a text or a certificate picks out is looked through once, and no further than pages go. */
static bool fill_found(struct filling *f, int64_t access_id, struct err *err)
{
    int64_t *ids = NULL;
    size_t count = 0;
    return row_ids(f->db, SQL_RESOURCE_FOUND,
                   VALUES(value_int(access_id), value_text(f->filter->product),
                          value_text(row_pattern(f->a, f->filter->text)), value_text(f->filter->certificates),
                          value_int(NUMBERED_DEPTH + 1 - f->total)),
                   f->a, &ids, &count, err) &&
           add_found(f, ids, count, err);
}

static bool fill_shown(struct filling *f, int64_t access_id, struct err *err)
{
    struct value values[] = {value_int(access_id), value_text(f->filter->product),
                             value_int((int64_t)(f->limit - f->count)), value_int((int64_t)f->offset)};
    struct resource *found = NULL;
    size_t count = 0;
    int64_t here = 0;
    if (!db_int(f->db, SQL_RESOURCE_SHOWN_COUNT, values, 2, 0, &here, err))
        return false;
    bool wanted = f->count < f->limit && (int64_t)f->offset < here;
    if (wanted && !all_of(f->db, f->a, SQL_RESOURCE_SHOWN, values, countof(values), &found, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        f->rows[f->count++] = found[i];
    f->offset = (int64_t)f->offset < here ? 0 : f->offset - (size_t)here;
    f->total += here;
    return true;
}

bool store_resource_numbered(struct db *db, struct arena *a, const int64_t *access_ids, size_t access_count,
                             const struct resource_numbered_filter *filter, const struct numbered *at,
                             struct resource **ret, size_t *ret_count, int64_t *ret_total, struct err *err)
{
    struct filling f = {.db = db,
                        .a = a,
                        .filter = filter,
                        .limit = at->limit,
                        .offset = at->offset,
                        .rows = arena_array(a, struct resource, at->limit)};
    bool picked = filter->text || filter->certificates;
    for (size_t i = 0; i < access_count; i++) {
        if (picked && f.total > NUMBERED_DEPTH)
            break;
        if (picked ? !fill_found(&f, access_ids[i], err) : !fill_shown(&f, access_ids[i], err))
            return false;
    }
    *ret = f.rows;
    *ret_count = f.count;
    *ret_total = f.total;
    return true;
}

struct ids {
    int64_t *items;
    size_t count, capacity;
};

static bool collect(struct db *db, struct arena *a, enum statement statement, const char *name,
                    struct ids *ids, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    if (!query_open(db, statement, VALUES(value_text(name)), &q, err))
        return false;
    for (bool row;;) {
        if (!query_next(&q, &row, err))
            return false;
        if (!row)
            return true;
        int64_t *id = arena_push(a, (void **)&ids->items, &ids->count, &ids->capacity, sizeof *id);
        *id = query_int(&q, 0);
    }
}

static void sort_unique(struct ids *ids)
{
    if (!ids->count)
        return;
    qsort(ids->items, ids->count, sizeof *ids->items, int64_compare);
    size_t kept = 1;
    for (size_t i = 1; i < ids->count; i++)
        if (ids->items[i] != ids->items[kept - 1])
            ids->items[kept++] = ids->items[i];
    ids->count = kept;
}

/* An exact domain covers the resources that have the name. A wildcard covers what stands one label below its parent,
 * and that look-up finds the same wildcard too: its own parent is the same.
 */
bool store_resource_matching(struct db *db, struct arena *a, const char *const *domains, size_t domain_count,
                             int64_t **ret_ids, size_t *ret_count, struct err *err)
{
    struct ids ids = {0};
    for (size_t i = 0; i < domain_count; i++) {
        bool wildcard = name_is_wildcard(domains[i]);
        const char *asked = wildcard ? name_parent(domains[i]) : domains[i];
        if (asked && *asked &&
            !collect(db, a, wildcard ? SQL_RESOURCE_BELOW : SQL_RESOURCE_NAMED, asked, &ids, err))
            return err_add(err, "find resources of %s", domains[i]);
    }
    sort_unique(&ids);
    *ret_ids = ids.items;
    *ret_count = ids.count;
    return true;
}

bool store_resource_set_bound(struct db *db, int64_t id, const struct bound *bound, size_t count,
                              struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(PUT_BYTES);
    const char *json = bound_to_json(a, bound, count);
    return check_size(arena_printf(a, "%lld", (long long)id), json, "its certificates", err) &&
           row_change(db, SQL_RESOURCE_SET_BOUND,
                      VALUES(value_int(id), value_text(json), value_int(db_now_ms(db))), &table, id, err) &&
           index_bound(db, id, bound, count, err);
}

bool store_sync_put(struct db *db, const struct sync_row *row, struct err *err)
{
    int64_t now = db_now_ms(db);
    struct value values[5 + countof(sync_fields)] = {value_int(store_new_id(db_store(db))), value_text(""),
                                                     value_int(1), value_int(now), value_int(now)};
    row_values(sync_fields, countof(sync_fields), row, values + 5);
    return db_run(db, SQL_SYNC_PUT, values, countof(values), NULL, err) ||
           err_add(err, "keep synchronisation of %s", row->product);
}

bool store_sync_list(struct db *db, struct arena *a, int64_t access_id, struct sync_row **ret,
                     size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_SYNC_LIST, VALUES(value_int(access_id)), a, &sync_table, (void **)ret, ret_count,
                   err);
}

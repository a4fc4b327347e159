#include "api/v1_resource.h"

#include "api/authority.h"
#include "api/event_stream.h"
#include "api/trail.h"
#include "api/view.h"
#include "codec/name.h"
#include "identity/scope.h"
#include "inventory/sync.h"
#include "store/resource.h"
#include <stdlib.h>
#include <string.h>

const struct field resource_sync_fields[] = {
    {"access", FIELD_TEXTS, false, 1000, OBJECT_ACCESS}, /* ids or names; none: all */
    {"product", FIELD_TEXTS, false, 100},
    {NULL, FIELD_TEXT, false, 0},
};

struct resource_work {
    struct request *rq;
    struct resource_filter filter;
    struct page page;
    struct resource *rows, row;
    size_t count;
    struct sync_row *syncs;
    bool *seen; /* of each of them */
    struct access_row access;
    const char *access_name;
    int64_t id;
};

static bool find_access(struct db *db, void *context, struct err *err)
{
    struct resource_work *work = context;
    return store_access_find(db, work->rq->arena, work->access_name, &work->access, err);
}

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct resource_work *work = context;
    if (work->access_name && !find_access(db, context, err))
        return false;
    work->filter.access_id = work->access_name ? work->access.id : 0;
    if (!scope_accesses(db, work->rq->arena, &work->rq->caller, &work->filter.accesses, err))
        return false;
    return store_resource_list(db, work->rq->arena, &work->filter, &work->page, &work->rows, &work->count,
                               err);
}

bool v1_resource_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct resource_work work = {.rq = rq, .access_name = request_query(rq, "access")};
    const char *missing = request_query(rq, "missing"), *name = request_query(rq, "name");
    work.filter = (struct resource_filter){.product = request_query(rq, "product"),
                                           .region = request_query(rq, "region"),
                                           .text = request_query(rq, "text"),
                                           .include_missing = missing && strcmp(missing, "true") == 0};
    const char *certificate = request_query(rq, "certificate");
    if (certificate && !request_id_parse(certificate, &work.filter.certificate_id))
        return err_set(err, ERR_INPUT, "?certificate= must be a certificate's id");
    if (work.filter.product && !product_find(work.filter.product))
        return product_refuse(work.filter.product, err);
    if (name && !name_normalise(rq->arena, name, false, &work.filter.name, err))
        return err_add(err, "?name=");
    if (!request_page(rq, &work.page, err) || !store_read(rq->api->parts.store, load_list, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.count; i++)
        view_resource(&w, rq->arena, &work.rows[i]);
    view_list_close(&w, work.count == work.page.limit ? work.rows[work.count - 1].id : 0);
    return true;
}

static bool load_one(struct db *db, void *context, struct err *err)
{
    struct resource_work *work = context;
    return store_resource_load(db, work->rq->arena, work->id, &work->row, err);
}

bool v1_resource_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct resource_work work = {.rq = rq};
    if (!request_id_parse(rq->args[0], &work.id))
        return err_set(err, ERR_NOT_FOUND, "there is no resource with the id \"%.100s\"", rq->args[0]);
    if (!store_read(rq->api->parts.store, load_one, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_resource(&w, rq->arena, &work.row);
    return true;
}

static void view_sync(struct json_writer *w, struct arena *a, const struct sync_row *row)
{
    json_open_object(w);
    json_member_int(w, "access", row->access_id);
    json_member_string(w, "product", row->product);
    json_member_string(w, "region", *row->region ? row->region : NULL);
    json_member_int(w, "resources", row->resources);
    view_time_member(w, a, "started", row->started_ms);
    view_time_member(w, a, "finished", row->finished_ms);
    json_member_string(w, "error_kind", *row->error_kind ? row->error_kind : NULL);
    json_member_string(w, "error", *row->error_text ? row->error_text : NULL);
    json_close_object(w);
}

static bool load_syncs(struct db *db, void *context, struct err *err)
{
    struct resource_work *work = context;
    struct request *rq = work->rq;
    if (!store_sync_list(db, rq->arena, 0, &work->syncs, &work->count, err))
        return false;
    work->seen = arena_array(rq->arena, bool, work->count);
    for (size_t i = 0; i < work->count; i++)
        if (!request_sees_access_id(rq, db, work->syncs[i].access_id, &work->seen[i], err))
            return false;
    return true;
}

bool v1_sync_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct resource_work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_syncs, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.count; i++)
        if (work.seen[i])
            view_sync(&w, rq->arena, &work.syncs[i]);
    view_list_close(&w, 0);
    return true;
}

struct sync_run { /* everything in an arena of its own: the exchange goes when the stream begins */
    struct api *api;
    struct arena *arena;
    struct event_stream *stream;
    int64_t *access_ids; /* 0: every access */
    size_t access_count;
    const char **products; /* NULL: every product */
    size_t product_count;
    struct sync_summary sum;
};

/* A client that left does not stop the work. */
static void sync_progress(void *context, const struct sync_row *row, size_t done, size_t known)
{
    struct sync_run *run = context;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    struct buf text = buf_new(a, 1 << 18);
    struct json_writer w = json_writer_to(&text);
    view_sync(&w, a, row);
    (void)event_stream_put(run->stream, "progress",
                           json_format(a, "{'done':%zu,'known':%zu,'listing':%p}", done, known, text.data));
}

static bool sync_one(struct sync_run *run, int64_t access_id, const char *product, struct err *err)
{
    const struct api_parts *parts = &run->api->parts;
    struct sync_options options = {.access_id = access_id, .product = product, .stop = &run->api->stopping};
    struct sync_summary one;
    if (!inventory_sync(parts->cloud, parts->store, parts->clock, &options, run->arena, sync_progress, run,
                        &one, err))
        return false;
    run->sum.accesses += one.accesses;
    run->sum.listings += one.listings;
    run->sum.failed += one.failed;
    run->sum.resources += one.resources;
    return true;
}

/* One access and product after the other; each one's listings run side by side. */
static bool sync_all(struct sync_run *run, struct err *err)
{
    for (size_t i = 0; i < run->access_count; i++)
        for (size_t k = 0; k < run->product_count; k++)
            if (!sync_one(run, run->access_ids[i], run->products[k], err))
                return false;
    return !atomic_load(&run->api->stopping) ||
           err_set(err, ERR_TIMEOUT, "certferry was told to stop: what was found is kept");
}

static bool sync_prepare(struct request *rq, struct sync_run *run, struct err *err)
{
    size_t access_count, product_count;
    const char **access = request_texts(rq, "access", &access_count);
    const char **product = request_texts(rq, "product", &product_count);
    run->access_count = access_count ? access_count : 1;
    run->product_count = product_count ? product_count : 1;
    run->access_ids = arena_array(run->arena, int64_t, run->access_count);
    run->products = arena_array(run->arena, const char *, run->product_count);
    for (size_t i = 0; i < access_count; i++) {
        struct resource_work work = {.rq = rq, .access_name = access[i]};
        if (!store_read(rq->api->parts.store, find_access, &work, err))
            return false;
        run->access_ids[i] = work.access.id;
    }
    for (size_t i = 0; i < product_count; i++)
        run->products[i] = arena_strdup(run->arena, product[i]);
    return true;
}

bool v1_resource_sync(struct request *rq, struct reply *reply, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(256 << 20);
    struct sync_run run = {.api = rq->api, .arena = a};
    struct err failed = {0};
    if (!sync_prepare(rq, &run, err) || !request_record(rq, err))
        return false;
    run.stream = event_stream_open(rq->exchange);
    reply->taken = true;
    if (sync_all(&run, &failed))
        (void)event_stream_put(run.stream, "done",
                               json_format(a, "{'accesses':%zu,'listings':%zu,'failed':%zu,'resources':%lld}",
                                           run.sum.accesses, run.sum.listings, run.sum.failed,
                                           (long long)run.sum.resources));
    else
        (void)event_stream_put(run.stream, "problem", problem_document(a, &failed));
    event_stream_close(run.stream);
    return true;
}

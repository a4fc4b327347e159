#include "api/v1_push.h"

#include "api/authority.h"
#include "api/view.h"
#include "inventory/push.h"

const struct field push_fields[] = {
    {"certificate", FIELD_TEXT, true, 512, OBJECT_CERTIFICATE},
    {"access", FIELD_TEXT, true, 512, OBJECT_ACCESS},
    {"product", FIELD_TEXT, true, 64},
    {"regions", FIELD_TEXTS, false, 10},
    {"dry_run", FIELD_BOOL, false, 0},
    {NULL, FIELD_TEXT, false, 0},
};

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static void put_push(struct json_writer *w, struct arena *a, const struct push_row *row)
{
    json_open_object(w);
    if (row->id)
        json_member_int(w, "id", row->id);
    json_member_string(w, "certificate", row->certificate);
    json_member_string(w, "access", row->access);
    json_member_string(w, "product", row->product);
    json_member_string(w, "region", or_null(row->region));
    json_member_string(w, "state", row->state);
    json_member_string(w, "ref", or_null(row->ref));
    json_member_string(w, "copy", or_null(row->copy_ref));
    json_member_string(w, "text", or_null(row->text));
    view_time_member(w, a, "created", row->created_ms);
    view_time_member(w, a, "finished", row->finished_ms);
    json_close_object(w);
}

bool v1_push_create(struct request *rq, struct reply *reply, struct err *err)
{
    const struct api_parts *parts = &rq->api->parts;
    struct push_request request = {.certificate = request_text(rq, "certificate"),
                                   .access = request_text(rq, "access"),
                                   .product = request_text(rq, "product"),
                                   .stop = &rq->api->stopping};
    struct push_view view;
    bool dry_run = request_bool(rq, "dry_run", false);
    request.regions = request_texts(rq, "regions", &request.region_count);
    if (dry_run
            ? !inventory_push_plan(parts->cloud, parts->store, parts->clock, rq->arena, &request, &view, err)
            : !inventory_push(parts->cloud, parts->store, parts->clock, rq->arena, &request, &view, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    json_member_bool(&w, "brings", view.brings);
    json_member_int(&w, "planned", (int64_t)view.planned);
    json_member_string(&w, "advice", view.next);
    json_key(&w, "items");
    json_open_array(&w);
    for (size_t i = 0; i < view.count; i++)
        put_push(&w, rq->arena, &view.rows[i]);
    json_close_array(&w);
    json_close_object(&w);
    reply->status = dry_run ? 200 : 201;
    return true;
}

struct listing {
    struct request *rq;
    struct page page;
    struct push_row row, *rows;
    bool *seen; /* of each row */
    size_t count;
};

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    const char *wanted = request_query(l->rq, "certificate");
    struct certificate_row certificate = {0};
    if (wanted && !store_certificate_find(db, l->rq->arena, wanted, &certificate, err))
        return false;
    if (!store_push_list(db, l->rq->arena, &l->page, certificate.id, &l->rows, &l->count, err))
        return false;
    l->seen = arena_array(l->rq->arena, bool, l->count);
    for (size_t i = 0; i < l->count; i++)
        if (!request_sees_access_id(l->rq, db, l->rows[i].access_id, &l->seen[i], err))
            return false;
    return true;
}

/* R129: the newest ten, unless more are asked for. */
bool v1_push_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct listing l = {.rq = rq};
    if (!request_page(rq, &l.page, err))
        return false;
    if (!request_query(rq, "limit"))
        l.page.limit = PUSHES_SHOWN;
    if (!store_read(rq->api->parts.store, load_list, &l, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < l.count; i++)
        if (l.seen[i])
            put_push(&w, rq->arena, &l.rows[i]);
    view_list_close(&w, l.count == l.page.limit ? l.rows[l.count - 1].id : 0);
    return true;
}

static bool load_one(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    int64_t id;
    if (!request_id_parse(l->rq->args[0], &id))
        return err_set(err, ERR_INPUT, "\"%.40s\" is no id of a push", l->rq->args[0]);
    return store_push_load(db, l->rq->arena, id, &l->row, err);
}

bool v1_push_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct listing l = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_one, &l, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    put_push(&w, rq->arena, &l.row);
    return true;
}

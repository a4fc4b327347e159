#include "api/v1_audit.h"

#include "api/view.h"
#include "identity/audit.h"

struct listing {
    struct request *rq;
    struct page page;
    struct audit_row *rows;
    size_t count;
};

static void put_row(struct json_writer *w, struct arena *a, const struct audit_row *row)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_int(w, "place", row->place);
    json_member_string(w, "at", time_iso(a, row->created_ms));
    json_member_int(w, "at_ms", row->created_ms);
    json_member_string(w, "request", row->request);
    json_member_string(w, "who_kind", row->who_kind);
    json_member_int(w, "who_id", row->who_id);
    json_member_string(w, "who", row->who);
    json_member_string(w, "source", row->source);
    json_member_string(w, "action", row->action);
    json_member_string(w, "object", row->object);
    json_member_int(w, "object_id", row->object_id);
    json_member_string(w, "object_name", row->object_name);
    json_member_raw(w, "changes", row->changes);
    json_member_string(w, "former", row->former);
    json_member_string(w, "hash", row->hash);
    json_close_object(w);
}

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct listing *l = context;
    return store_audit_list(db, l->rq->arena, &l->page, &l->rows, &l->count, err);
}

bool v1_audit_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct listing l = {.rq = rq};
    if (!request_page(rq, &l.page, err) || !store_read(rq->api->parts.store, load_list, &l, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < l.count; i++)
        put_row(&w, rq->arena, &l.rows[i]);
    view_list_close(&w, l.count == l.page.limit ? l.rows[l.count - 1].id : 0);
    return true;
}

bool v1_audit_verify(struct request *rq, struct reply *reply, struct err *err)
{
    struct audit_verdict v;
    if (!audit_verify(rq->api->parts.store, rq->arena, &v, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    json_member_bool(&w, "whole", v.fault_count == 0);
    json_member_int(&w, "rows", v.rows);
    json_member_int(&w, "place", v.place);
    json_member_string(&w, "head", *v.head ? v.head : NULL);
    json_member_raw(&w, "faults", json_strings(rq->arena, v.faults, v.fault_count));
    json_close_object(&w);
    return true;
}

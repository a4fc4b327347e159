#include "api/v1_contact.h"

#include "api/contact_edit.h"
#include "api/view.h"
#include "store/task.h"
#include <string.h>

enum { NAME_CHARACTERS = 63 };

const struct field contact_fields[] = {
    {"name", FIELD_TEXT, false, 4 * NAME_CHARACTERS},
    {"mail", FIELD_TEXT, false, 1024},
    {"mobile", FIELD_TEXT, false, 64},
    {"webhooks", FIELD_TEXTS, false, WEBHOOKS_OF_CONTACT, .hidden = true},
    {NULL, FIELD_TEXT, false, 0},
};

struct work {
    struct request *rq;
    struct page page;
    struct contact_row row, *rows;
    size_t count;
    bool replace; /* the webhooks, too */
    const struct secret *webhooks;
};

static bool take_body(struct work *work, struct err *err)
{
    struct request *rq = work->rq;
    struct contact_edit edit = {.name = request_text(rq, "name"),
                                .mail = request_text(rq, "mail"),
                                .mobile = request_text(rq, "mobile")};
    edit.webhooks = request_texts(rq, "webhooks", &edit.webhook_count);
    work->replace = edit.replace_webhooks = !json_is_null(json_at(rq->body, "/webhooks"));
    return contact_apply(rq->arena, &edit, &work->row, &work->webhooks, err);
}

static void put_contact(struct json_writer *w, struct arena *a, const struct contact_row *row)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    json_member_string(w, "mail", *row->mail ? row->mail : NULL);
    json_member_string(w, "mobile", *row->mobile ? row->mobile : NULL);
    json_member_raw(w, "webhook_hosts", row->hosts);
    json_member_string(w, "created", time_iso(a, row->created_ms));
    json_close_object(w);
}

static bool reply_one(struct work *work, struct reply *reply)
{
    struct json_writer w = json_writer_to(&reply->body);
    put_contact(&w, work->rq->arena, &work->row);
    return true;
}

static bool reply_all(struct work *work, struct reply *reply)
{
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work->count; i++)
        put_contact(&w, work->rq->arena, &work->rows[i]);
    view_list_close(&w, work->count && work->count == work->page.limit ? work->rows[work->count - 1].id : 0);
    return true;
}

static bool find(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_contact_find(db, work->rq->arena, work->rq->args[0], &work->row, err);
}

static bool add(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_contact_add(db, &work->row, work->webhooks, err) &&
           store_contact_load(db, work->rq->arena, work->row.id, &work->row, err);
}

bool v1_contact_add(struct request *rq, struct reply *reply, struct err *err)
{
    struct store *store = rq->api->parts.store;
    struct work work = {.rq = rq};
    work.row = (struct contact_row){.id = store_new_id(store),
                                    .owner = "",
                                    .name = "",
                                    .mail = "",
                                    .mobile = "",
                                    .hosts = "[]"};
    rq->made_id = work.row.id;
    if (!take_body(&work, err) || !request_write(rq, add, &work, err))
        return false;
    reply->status = 201;
    return reply_one(&work, reply);
}

static bool list(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_contact_list(db, work->rq->arena, &work->page, &work->rows, &work->count, err);
}

bool v1_contact_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    return request_page(rq, &work.page, err) && store_read(rq->api->parts.store, list, &work, err) &&
           reply_all(&work, reply);
}

bool v1_contact_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    return store_read(rq->api->parts.store, find, &work, err) && reply_one(&work, reply);
}

static bool update(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_contact_update(db, &work->row, work->replace, work->webhooks, err) &&
           store_contact_load(db, work->rq->arena, work->row.id, &work->row, err);
}

bool v1_contact_update(struct request *rq, struct reply *reply, struct err *err)
{
    struct store *store = rq->api->parts.store;
    struct work work = {.rq = rq};
    return store_read(store, find, &work, err) && take_body(&work, err) &&
           request_write(rq, update, &work, err) && reply_one(&work, reply);
}

static bool drop(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    const char *reason;
    if (!find(db, context, err) || !store_contact_needed(db, work->rq->arena, work->row.id, &reason, err))
        return false;
    if (reason)
        return err_set(err, ERR_CONFLICT, "contact %s stays: %s", work->row.name, reason);
    return store_contact_delete(db, work->row.id, err);
}

bool v1_contact_delete(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    if (!request_write(rq, drop, &work, err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)work.row.id));
    return true;
}

static bool of_task(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    struct task_row task;
    return store_task_find(db, work->rq->arena, work->rq->args[0], &task, err) &&
           store_task_contacts(db, work->rq->arena, task.id, &work->rows, &work->count, err);
}

bool v1_task_contacts(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    return store_read(rq->api->parts.store, of_task, &work, err) && reply_all(&work, reply);
}

bool v1_contact_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                     struct err *err)
{
    struct contact_row row;
    struct buf text = buf_new(rq->arena, 1 << 20);
    struct json_writer w = json_writer_to(&text);
    if (!store_contact_find(db, rq->arena, id_or_name, &row, err))
        return false;
    put_contact(&w, rq->arena, &row);
    *ret = (struct viewed){row.id, row.name, text.data};
    return true;
}

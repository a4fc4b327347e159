#include "api/v1_owner.h"

#include "api/view.h"
#include "store/quota.h"
#include <string.h>

enum { NAME_BYTES = 63, ENTITY_BYTES = 200 };

const struct field owner_add_fields[] = {
    {"name", FIELD_TEXT, true, NAME_BYTES},
    {"entity", FIELD_TEXT, false, ENTITY_BYTES},
    {"verified_by", FIELD_TEXT, false, ENTITY_BYTES},
    {NULL, FIELD_TEXT, false, 0},
};

const struct field owner_update_fields[] = {
    {"name", FIELD_TEXT, false, NAME_BYTES},
    {"entity", FIELD_TEXT, false, ENTITY_BYTES},
    {"verified_by", FIELD_TEXT, false, ENTITY_BYTES},
    {NULL, FIELD_TEXT, false, 0},
};

struct owner_work {
    struct request *rq;
    const char *text;
    struct owner_row row, *rows;
    size_t count;
};

/* What showed one entity shows nothing of another: a new entity is a claim until it is verified anew. */
static bool apply_body(struct request *rq, struct owner_row *row, struct err *err)
{
    const char *name = request_text(rq, "name"), *entity = request_text(rq, "entity"),
               *verified_by = request_text(rq, "verified_by");
    if (entity && strcmp(entity, row->entity) != 0) {
        row->entity = entity;
        row->verified_by = "";
    }
    row->name = name ? name : row->name;
    row->verified_by = verified_by ? verified_by : row->verified_by;
    if (!request_label_check("the name", row->name, err) ||
        !request_text_check("the entity", row->entity, err) ||
        !request_text_check("verified_by", row->verified_by, err))
        return false;
    return *row->entity || !*row->verified_by ||
           err_set(err, ERR_INPUT, "verified_by says what showed the entity: give the entity, too");
}

static void put_owner(struct json_writer *w, struct arena *a, const struct owner_row *row)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    json_member_bool(w, "default", row->id == OWNER_DEFAULT_ID);
    json_member_string(w, "entity", *row->entity ? row->entity : NULL);
    json_member_bool(w, "verified", *row->verified_by != '\0');
    json_member_string(w, "verified_by", *row->verified_by ? row->verified_by : NULL);
    view_time_member(w, a, "created", row->created_ms);
    json_close_object(w);
}

static bool reply_one(struct owner_work *work, struct reply *reply)
{
    struct json_writer w = json_writer_to(&reply->body);
    put_owner(&w, work->rq->arena, &work->row);
    return true;
}

static bool find(struct db *db, void *context, struct err *err)
{
    struct owner_work *work = context;
    return store_owner_find(db, work->rq->arena, work->text, &work->row, err);
}

static bool add(struct db *db, void *context, struct err *err)
{
    struct owner_work *work = context;
    return store_owner_add(db, &work->row, err) &&
           store_owner_find(db, work->rq->arena, work->row.name, &work->row, err);
}

bool v1_owner_add(struct request *rq, struct reply *reply, struct err *err)
{
    struct store *store = rq->api->parts.store;
    struct owner_work work = {.rq = rq};
    work.row = (struct owner_row){.id = store_new_id(store),
                                  .owner = "",
                                  .name = "",
                                  .entity = "",
                                  .verified_by = ""};
    rq->made_id = work.row.id;
    if (!apply_body(rq, &work.row, err) || !request_write(rq, add, &work, err))
        return false;
    reply->status = 201;
    return reply_one(&work, reply);
}

static bool load_all(struct db *db, void *context, struct err *err)
{
    struct owner_work *work = context;
    return store_owner_all(db, work->rq->arena, &work->rows, &work->count, err);
}

bool v1_owner_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct owner_work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_all, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.count; i++)
        put_owner(&w, rq->arena, &work.rows[i]);
    view_list_close(&w, 0);
    return true;
}

static bool update(struct db *db, void *context, struct err *err)
{
    struct owner_work *work = context;
    return find(db, work, err) && apply_body(work->rq, &work->row, err) &&
           store_owner_update(db, &work->row, err) && find(db, work, err);
}

bool v1_owner_update(struct request *rq, struct reply *reply, struct err *err)
{
    struct owner_work work = {.rq = rq, .text = rq->args[0]};
    const char *name = request_text(rq, "name");
    if (!store_read(rq->api->parts.store, find, &work, err))
        return false;
    work.text =
        arena_printf(rq->arena, "%lld", (long long)work.row.id); /* by its id, as the name may change */
    return (!name || request_text_check("the name", name, err)) && request_write(rq, update, &work, err) &&
           reply_one(&work, reply);
}

static bool drop(struct db *db, void *context, struct err *err)
{
    struct owner_work *work = context;
    const char *reason, *account, *key;
    if (!find(db, work, err) || !store_owner_needed(db, work->rq->arena, work->row.id, &reason, err))
        return false;
    key = owner_key(work->rq->arena, work->row.id);
    if (!store_quota_account(db, key, &account, err))
        return false;
    if (!reason && *account)
        reason = "it has a budget: take that back first, with quota revoke --all";
    if (reason)
        return err_set(err, ERR_CONFLICT, "owner %s stays: %s", work->row.name, reason);
    return store_owner_delete(db, work->row.id, err);
}

bool v1_owner_delete(struct request *rq, struct reply *reply, struct err *err)
{
    struct owner_work work = {.rq = rq, .text = rq->args[0]};
    if (!request_write(rq, drop, &work, err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)work.row.id));
    return true;
}

bool v1_owner_key(struct request *rq, const char *text, const char **ret_key, struct err *err)
{
    struct owner_work work = {.rq = rq, .text = text};
    struct err found = {0};
    const char *key = rq->caller.owner;
    if (text && store_read(rq->api->parts.store, find, &work, &found))
        key = owner_key(rq->arena, work.row.id);
    if (found.kind != ERR_NONE && found.kind != ERR_NOT_FOUND)
        return err_set(err, found.kind, "%s", found.text);
    if (found.kind == ERR_NOT_FOUND || !caller_sees_owner(&rq->caller, key))
        return err_set(err, ERR_NOT_FOUND, "there is no owner with the id or name \"%s\"", text);
    *ret_key = key;
    return true;
}

void view_owner_member(struct json_writer *w, const char *key)
{
    int64_t id;
    json_key(w, "owner");
    if (request_id_parse(key, &id))
        json_put_int(w, id);
    else
        json_put_null(w);
}

bool v1_owner_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                   struct err *err)
{
    struct owner_row row;
    struct buf text = buf_new(rq->arena, 1 << 20);
    struct json_writer w = json_writer_to(&text);
    if (!store_owner_find(db, rq->arena, id_or_name, &row, err))
        return false;
    put_owner(&w, rq->arena, &row);
    *ret = (struct viewed){row.id, row.name, text.data};
    return true;
}

#include "api/v1_key.h"

#include "api/v1_owner.h"
#include "api/view.h"
#include "identity/api_key.h"
#include <string.h>

enum { NAME_BYTES = 63 };

const struct field key_create_fields[] = {
    {"name", FIELD_TEXT, true, NAME_BYTES},
    {"role", FIELD_TEXT, true, 16},
    {"group", FIELD_TEXT, false, NAME_BYTES},
    {"owner", FIELD_TEXT, false, NAME_BYTES},
    {"export", FIELD_BOOL, false, 0},
    {"expires", FIELD_TEXT, false, 64},
    {NULL, FIELD_TEXT, false, 0},
};

struct work {
    struct request *rq;
    const char *kind; /* "key", "token" */
    struct api_key_wanted wanted;
    struct page page;
    struct api_key_row row, *rows;
    size_t count;
    struct role_row **roles; /* of each row */
    size_t *role_counts;
    struct secret *secret;
};

static bool read_wanted(struct work *work, struct err *err)
{
    struct request *rq = work->rq;
    struct api_key_wanted *w = &work->wanted;
    const char *owner = request_text(rq, "owner"), *expires = request_text(rq, "expires");
    rq->made_id = w->id = store_new_id(rq->api->parts.store);
    w->name = request_text(rq, "name");
    w->group = request_text(rq, "group");
    w->may_export = request_bool(rq, "export", false);
    if (!request_label_check("the name", w->name, err) ||
        !role_parse(request_text(rq, "role"), &w->role, err) ||
        (owner && !v1_owner_key(rq, owner, &w->owner, err)) ||
        (expires && !time_parse(expires, &w->expires_ms, err)))
        return false;
    return !expires || w->expires_ms > clock_wall_ms(rq->api->parts.clock) ||
           err_set(err, ERR_INPUT, "it would have ended already: expires is %s", expires);
}

static void put_key(struct json_writer *w, struct arena *a, const struct api_key_row *row,
                    const struct role_row *roles, size_t role_count, const struct secret *secret)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    if (*row->key_id)
        json_member_string(w, "key_id", row->key_id);
    if (secret)
        json_member_string(w, *row->key_id ? "secret" : "token", secret_bytes(secret));
    view_owner_member(w, row->owner);
    json_member_bool(w, "any_owner", row->any_owner);
    view_roles_member(w, roles, role_count);
    json_member_bool(w, "export", row->may_export);
    view_time_member(w, a, "expires", row->expires_ms);
    view_time_member(w, a, "last_used", row->last_used_ms);
    view_time_member(w, a, "created", row->created_ms);
    json_close_object(w);
}

static bool load_roles(struct db *db, struct work *work, struct err *err)
{
    struct arena *a = work->rq->arena;
    work->roles = arena_array(a, struct role_row *, work->count);
    work->role_counts = arena_array(a, size_t, work->count);
    for (size_t i = 0; i < work->count; i++)
        if (!store_roles_of(db, a, work->rows[i].id, &work->roles[i], &work->role_counts[i], err))
            return false;
    return true;
}

static bool create_row(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    struct arena *a = work->rq->arena;
    bool made = strcmp(work->kind, "key") == 0
                    ? api_key_create(db, a, &work->wanted, &work->row, &work->secret, err)
                    : token_create(db, a, &work->wanted, &work->row, &work->secret, err);
    work->rows = &work->row;
    work->count = 1;
    return made && store_api_key_find(db, a, work->wanted.name, &work->row, err) && load_roles(db, work, err);
}

static bool create(struct request *rq, struct reply *reply, const char *kind, struct err *err)
{
    struct work work = {.rq = rq, .kind = kind};
    if (!read_wanted(&work, err) || !request_write(rq, create_row, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    put_key(&w, rq->arena, &work.row, work.roles[0], work.role_counts[0], work.secret);
    reply->status = 201;
    return true;
}

bool v1_api_key_create(struct request *rq, struct reply *reply, struct err *err)
{
    return create(rq, reply, "key", err);
}

bool v1_token_create(struct request *rq, struct reply *reply, struct err *err)
{
    return create(rq, reply, "token", err);
}

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_api_key_list(db, work->rq->arena, work->kind, &work->page, &work->rows, &work->count, err) &&
           load_roles(db, work, err);
}

static bool list(struct request *rq, struct reply *reply, const char *kind, struct err *err)
{
    struct work work = {.rq = rq, .kind = kind};
    if (!request_page(rq, &work.page, err) || !store_read(rq->api->parts.store, load_list, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.count; i++)
        put_key(&w, rq->arena, &work.rows[i], work.roles[i], work.role_counts[i], NULL);
    view_list_close(&w, work.count == work.page.limit ? work.rows[work.count - 1].id : 0);
    return true;
}

bool v1_api_key_list(struct request *rq, struct reply *reply, struct err *err)
{
    return list(rq, reply, "key", err);
}

bool v1_token_list(struct request *rq, struct reply *reply, struct err *err)
{
    return list(rq, reply, "token", err);
}

static bool drop_row(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    if (!store_api_key_find(db, work->rq->arena, work->rq->args[0], &work->row, err))
        return false;
    if (strcmp(work->row.kind, work->kind) != 0)
        return err_set(err, ERR_NOT_FOUND, "%s is no %s", work->row.name,
                       strcmp(work->kind, "key") == 0 ? "API key" : "token");
    return store_api_key_delete(db, work->row.id, err);
}

static bool drop(struct request *rq, struct reply *reply, const char *kind, struct err *err)
{
    struct work work = {.rq = rq, .kind = kind};
    if (!request_write(rq, drop_row, &work, err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)work.row.id));
    return true;
}

bool v1_api_key_delete(struct request *rq, struct reply *reply, struct err *err)
{
    return drop(rq, reply, "key", err);
}

bool v1_token_delete(struct request *rq, struct reply *reply, struct err *err)
{
    return drop(rq, reply, "token", err);
}

bool v1_api_key_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                     struct err *err)
{
    struct work work = {.rq = rq, .count = 1};
    struct buf text = buf_new(rq->arena, 1 << 20);
    struct json_writer w = json_writer_to(&text);
    work.rows = &work.row;
    if (!store_api_key_find(db, rq->arena, id_or_name, &work.row, err) || !load_roles(db, &work, err))
        return false;
    put_key(&w, rq->arena, &work.row, work.roles[0], work.role_counts[0], NULL);
    *ret = (struct viewed){work.row.id, work.row.name, text.data};
    return true;
}

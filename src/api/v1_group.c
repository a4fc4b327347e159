#include "api/v1_key.h"

#include "api/view.h"
#include "store/access.h"
#include "store/role.h"
#include <string.h>

enum { NAME_BYTES = 63 };

const struct field group_add_fields[] = {
    {"name", FIELD_TEXT, true, NAME_BYTES},
    {"accesses", FIELD_TEXTS, false, GROUP_ACCESSES_MAX},
    {"second_person", FIELD_BOOL, false, 0}, /* tasks on them start once another one approved */
    {NULL, FIELD_TEXT, false, 0},
};

const struct field group_update_fields[] = {
    {"name", FIELD_TEXT, false, NAME_BYTES},
    {"accesses", FIELD_TEXTS, false, GROUP_ACCESSES_MAX}, /* all it has from now on */
    {"add", FIELD_TEXTS, false, GROUP_ACCESSES_MAX},
    {"remove", FIELD_TEXTS, false, GROUP_ACCESSES_MAX},
    {"second_person", FIELD_BOOL, false, 0},
    {NULL, FIELD_TEXT, false, 0},
};

struct ids {
    int64_t *items;
    size_t count;
};

struct work {
    struct request *rq;
    const char *text;
    struct group_row row, *rows;
    size_t count;
    struct ids *accesses; /* of each row */
};

static bool resolve(struct db *db, struct request *rq, const char *member, struct ids *ret, struct err *err)
{
    size_t count;
    const char **texts = request_texts(rq, member, &count);
    struct access_row row;
    *ret = (struct ids){.items = arena_array(rq->arena, int64_t, count), .count = count};
    for (size_t i = 0; i < count; i++) {
        if (!store_access_find(db, rq->arena, texts[i], &row, err))
            return false;
        ret->items[i] = row.id;
    }
    return true;
}

static bool among(const struct ids *ids, int64_t id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (ids->items[i] == id)
            return true;
    return false;
}

/* What the group has from now on: what it had or is given, with what is added, without what is removed. */
static bool set_accesses(struct db *db, struct work *work, struct err *err)
{
    struct request *rq = work->rq;
    struct ids given, more, gone, had = {0}, all = {0};
    if (!resolve(db, rq, "accesses", &given, err) || !resolve(db, rq, "add", &more, err) ||
        !resolve(db, rq, "remove", &gone, err) ||
        !store_group_accesses(db, rq->arena, work->row.id, &had.items, &had.count, err))
        return false;
    if (!json_is_null(json_at(rq->body, "/accesses")))
        had = given;
    all.items = arena_array(rq->arena, int64_t, had.count + more.count);
    for (size_t i = 0; i < had.count + more.count; i++) {
        int64_t id = i < had.count ? had.items[i] : more.items[i - had.count];
        if (!among(&gone, id) && !among(&all, id))
            all.items[all.count++] = id;
    }
    if (all.count > GROUP_ACCESSES_MAX)
        return err_set(err, ERR_INPUT, "an access group has at most %d accesses", GROUP_ACCESSES_MAX);
    return store_group_accesses_set(db, work->row.id, all.items, all.count, err);
}

static bool load_accesses(struct db *db, struct work *work, struct err *err)
{
    struct arena *a = work->rq->arena;
    work->accesses = arena_array(a, struct ids, work->count);
    for (size_t i = 0; i < work->count; i++)
        if (!store_group_accesses(db, a, work->rows[i].id, &work->accesses[i].items, &work->accesses[i].count,
                                  err))
            return false;
    return true;
}

static void put_group(struct json_writer *w, struct arena *a, const struct group_row *row,
                      const struct ids *accesses)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    json_key(w, "accesses");
    json_open_array(w);
    for (size_t i = 0; i < accesses->count; i++)
        json_put_int(w, accesses->items[i]);
    json_close_array(w);
    json_member_bool(w, "second_person", row->second_person);
    view_time_member(w, a, "created", row->created_ms);
    json_close_object(w);
}

static bool find(struct db *db, struct work *work, struct err *err)
{
    work->rows = &work->row;
    work->count = 1;
    return store_group_find(db, work->rq->arena, work->text, &work->row, err) && load_accesses(db, work, err);
}

static void reply_one(struct work *work, struct reply *reply)
{
    struct json_writer w = json_writer_to(&reply->body);
    put_group(&w, work->rq->arena, &work->row, &work->accesses[0]);
}

static bool add(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_group_add(db, &work->row, err) && set_accesses(db, work, err) && find(db, work, err);
}

bool v1_group_add(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq, .text = request_text(rq, "name")};
    work.row = (struct group_row){.id = store_new_id(rq->api->parts.store),
                                  .owner = "",
                                  .name = work.text,
                                  .second_person = request_bool(rq, "second_person", false)};
    rq->made_id = work.row.id;
    if (!request_label_check("the name", work.text, err) || !request_write(rq, add, &work, err))
        return false;
    reply->status = 201;
    reply_one(&work, reply);
    return true;
}

static bool load_all(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_group_all(db, work->rq->arena, &work->rows, &work->count, err) &&
           load_accesses(db, work, err);
}

bool v1_group_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_all, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.count; i++)
        put_group(&w, rq->arena, &work.rows[i], &work.accesses[i]);
    view_list_close(&w, 0);
    return true;
}

static bool update(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    const char *name = request_text(work->rq, "name");
    if (!find(db, work, err))
        return false;
    work->row.name = name ? name : work->row.name;
    work->row.second_person = request_bool(work->rq, "second_person", work->row.second_person);
    work->text = work->row.name;
    return store_group_update(db, &work->row, err) && set_accesses(db, work, err) && find(db, work, err);
}

bool v1_group_update(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq, .text = rq->args[0]};
    const char *name = request_text(rq, "name");
    if ((name && !request_label_check("the name", name, err)) || !request_write(rq, update, &work, err))
        return false;
    reply_one(&work, reply);
    return true;
}

static bool drop(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    const char *reason;
    if (!find(db, work, err) || !store_group_needed(db, work->rq->arena, work->row.id, &reason, err))
        return false;
    if (reason)
        return err_set(err, ERR_CONFLICT, "access group %s stays: %s", work->row.name, reason);
    return store_group_delete(db, work->row.id, err);
}

bool v1_group_delete(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq, .text = rq->args[0]};
    if (!request_write(rq, drop, &work, err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)work.row.id));
    return true;
}

bool v1_group_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                   struct err *err)
{
    struct work work = {.rq = rq, .text = id_or_name};
    struct buf text = buf_new(rq->arena, 1 << 20);
    struct json_writer w = json_writer_to(&text);
    if (!find(db, &work, err))
        return false;
    put_group(&w, rq->arena, &work.row, &work.accesses[0]);
    *ret = (struct viewed){work.row.id, work.row.name, text.data};
    return true;
}

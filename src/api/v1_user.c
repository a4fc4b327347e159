#include "api/v1_user.h"

#include "api/v1_owner.h"
#include "api/view.h"
#include "identity/attempt.h"
#include "identity/password.h"
#include "identity/second_factor.h"
#include <string.h>

enum { NAME_BYTES = 63 };

#define USER_SETTINGS                                                                                        \
    {"roles", FIELD_TEXTS, false, ROLES_OF_SUBJECT}, /* "viewer", "operator@group" */                        \
        {"password", FIELD_SECRET, false, 1024}, {"owner", FIELD_TEXT, false, NAME_BYTES},                   \
    {                                                                                                        \
        "export", FIELD_BOOL, false, 0                                                                       \
    }

const struct field user_create_fields[] = {
    {"name", FIELD_TEXT, true, NAME_BYTES},
    USER_SETTINGS,
    {NULL, FIELD_TEXT, false, 0},
};

const struct field user_update_fields[] = {
    USER_SETTINGS,
    {"any_owner", FIELD_BOOL, false, 0},      /* true: kept to no owner */
    {"reset_password", FIELD_BOOL, false, 0}, /* true: to one that is made here, and shown once */
    {"disabled", FIELD_BOOL, false, 0},
    {"unlock", FIELD_BOOL, false, 0},      /* true: failed logins are forgiven */
    {"remove_totp", FIELD_BOOL, false, 0}, /* true: whoever lost the second factor logs in without it */
    {NULL, FIELD_TEXT, false, 0},
};

struct roles {
    struct role_row *rows;
    size_t count;
};

struct work {
    struct request *rq;
    struct user_row row, *rows;
    size_t count;
    struct roles *roles; /* of each row */
    struct secret *made; /* a password to be shown; NULL: none */
    const char *hash;    /* of the new password; NULL: none */
    const char *owner;   /* the key of the one it is kept to from now on; NULL: as it was */
};

/* "operator@shop": the role, and the group it holds in. */
static bool read_role(struct db *db, struct arena *a, const char *text, struct role_row *ret, struct err *err)
{
    const char *at = strchr(text, '@');
    struct group_row group = {.id = EVERYWHERE};
    enum role role;
    if (!role_parse(at ? arena_copy(a, text, (size_t)(at - text)) : text, &role, err) ||
        (at && !store_group_find(db, a, at + 1, &group, err)))
        return false;
    *ret = (struct role_row){.group_id = group.id, .role = role};
    return true;
}

static bool set_roles(struct db *db, struct work *work, struct err *err)
{
    struct request *rq = work->rq;
    size_t count;
    const char **texts = request_texts(rq, "roles", &count);
    struct role_row *rows = arena_array(rq->arena, struct role_row, count);
    if (json_is_null(json_at(rq->body, "/roles")))
        return true;
    for (size_t i = 0; i < count; i++)
        if (!read_role(db, rq->arena, texts[i], &rows[i], err))
            return false;
    return store_roles_set(db, work->row.id, rows, count, err);
}

static bool load_roles(struct db *db, struct work *work, struct err *err)
{
    struct arena *a = work->rq->arena;
    work->roles = arena_array(a, struct roles, work->count);
    for (size_t i = 0; i < work->count; i++)
        if (!store_roles_of(db, a, work->rows[i].id, &work->roles[i].rows, &work->roles[i].count, err))
            return false;
    return true;
}

/* The password given, or one that is made here; both are to be changed by the one they are for. */
static bool take_password(struct work *work, const char *user, bool make, struct err *err)
{
    struct request *rq = work->rq;
    const char *given = request_text(rq, "password");
    struct secret *password;
    if (!given && !make)
        return true;
    if (!given)
        work->made = password_make(rq->arena);
    password = given ? secret_in(rq->arena, secret_new(given, strlen(given))) : work->made;
    return password_check(user, password, err) &&
           password_desk_hash(rq->api->passwords, rq->arena, password, &work->hash, err);
}

static bool take_owner(struct work *work, struct err *err)
{
    const char *owner = request_text(work->rq, "owner");
    return !owner || v1_owner_key(work->rq, owner, &work->owner, err);
}

static void take_settings(struct work *work)
{
    struct request *rq = work->rq;
    struct user_row *row = &work->row;
    row->may_export = request_bool(rq, "export", row->may_export);
    if (work->owner) {
        row->owner = work->owner;
        row->any_owner = false;
    }
    if (request_bool(rq, "any_owner", false)) {
        row->any_owner = true;
        row->owner = "";
    }
    row->disabled = request_bool(rq, "disabled", row->disabled);
    if (work->hash) {
        row->password = work->hash;
        row->must_change = true;
    }
}

static void put_user(struct json_writer *w, struct arena *a, const struct user_row *row,
                     const struct roles *roles, const struct secret *made)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "name", row->name);
    if (made)
        json_member_string(w, "password", secret_bytes(made));
    json_key(w, "roles");
    json_open_array(w);
    for (size_t i = 0; i < roles->count; i++) {
        const char *name = role_name((enum role)roles->rows[i].role);
        json_put_string(w, roles->rows[i].group_id == EVERYWHERE
                               ? name
                               : arena_printf(a, "%s@%s", name, roles->rows[i].group));
    }
    json_close_array(w);
    view_owner_member(w, row->owner);
    json_member_bool(w, "any_owner", row->any_owner);
    json_member_bool(w, "export", row->may_export);
    json_member_bool(w, "disabled", row->disabled);
    json_member_bool(w, "totp", row->has_totp);
    json_member_bool(w, "must_change_password", row->must_change);
    view_time_member(w, a, "last_login", row->last_login_ms);
    view_time_member(w, a, "created", row->created_ms);
    json_close_object(w);
}

static bool load_again(struct db *db, struct work *work, struct err *err)
{
    work->rows = &work->row;
    work->count = 1;
    return store_user_load(db, work->rq->arena, work->row.id, &work->row, err) && load_roles(db, work, err);
}

static bool create(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_user_add(db, &work->row, err) && set_roles(db, work, err) && load_again(db, work, err);
}

bool v1_user_create(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    const char *name = request_text(rq, "name");
    work.row = (struct user_row){.id = store_new_id(rq->api->parts.store),
                                 .owner = "",
                                 .name = name,
                                 .any_owner = true,
                                 .recovery = "[]"};
    if (!request_label_check("the name", name, err) || !take_owner(&work, err) ||
        !take_password(&work, name, true, err))
        return false;
    take_settings(&work);
    rq->made_id = work.row.id;
    if (!request_write(rq, create, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    put_user(&w, rq->arena, &work.row, work.roles, work.made);
    reply->status = 201;
    return true;
}

static bool load_all(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_user_all(db, work->rq->arena, &work->rows, &work->count, err) && load_roles(db, work, err);
}

bool v1_user_list(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_all, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.count; i++)
        put_user(&w, rq->arena, &work.rows[i], &work.roles[i], NULL);
    view_list_close(&w, 0);
    return true;
}

static bool find(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_user_find(db, work->rq->arena, work->rq->args[0], &work->row, err);
}

/* Whose password changed or who was disabled is logged in no longer. */
static bool update(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    struct request *rq = work->rq;
    if (!find(db, work, err))
        return false;
    take_settings(work);
    if (request_bool(rq, "unlock", false) && !attempt_forgive(db, rq->arena, work->row.name, err))
        return false;
    if (request_bool(rq, "remove_totp", false) && !second_factor_end(db, &work->row, err))
        return false;
    if ((work->hash || work->row.disabled) && !store_sessions_end(db, work->row.id, 0, err))
        return false;
    return store_user_update(db, &work->row, err) && set_roles(db, work, err) && load_again(db, work, err);
}

bool v1_user_update(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, find, &work, err) || !take_owner(&work, err) ||
        !take_password(&work, work.row.name, request_bool(rq, "reset_password", false), err) ||
        !request_write(rq, update, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    put_user(&w, rq->arena, &work.row, work.roles, work.made);
    return true;
}

static bool drop(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return find(db, work, err) && store_user_delete(db, work->row.id, err);
}

bool v1_user_delete(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    if (!request_write(rq, drop, &work, err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)work.row.id));
    return true;
}

bool v1_user_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                  struct err *err)
{
    struct work work = {.rq = rq, .count = 1};
    struct buf text = buf_new(rq->arena, 1 << 20);
    struct json_writer w = json_writer_to(&text);
    work.rows = &work.row;
    if (!store_user_find(db, rq->arena, id_or_name, &work.row, err) || !load_roles(db, &work, err))
        return false;
    put_user(&w, rq->arena, &work.row, &work.roles[0], NULL);
    *ret = (struct viewed){work.row.id, work.row.name, text.data};
    return true;
}

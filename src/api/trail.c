#include "api/trail.h"

#include "api/v1_access.h"
#include "api/v1_certificate.h"
#include "api/v1_contact.h"
#include "api/v1_key.h"
#include "api/v1_owner.h"
#include "api/v1_task.h"
#include "api/v1_user.h"
#include "identity/audit.h"
#include <string.h>

enum { VALUE_BYTES = 1024, CHANGES_BYTES = 64 << 10 };

/* By what stands after /api/v1/ in a route's path. */
static const struct {
    const char *collection, *noun;
    trail_view_fn *view; /* NULL: the body tells all */
} kinds[] = {
    {"accesses", "access", v1_access_view},
    {"api-keys", "API key", v1_api_key_view},
    {"certificates", "certificate", v1_certificate_view},
    {"contacts", "contact", v1_contact_view},
    {"groups", "access group", v1_group_view},
    {"owners", "owner", v1_owner_view},
    {"pushes", "push", NULL},
    {"quota", "quota", NULL},
    {"resources", "resource", NULL},
    {"session", "session", NULL},
    {"setup", "user", v1_user_view},
    {"tasks", "task", v1_task_view},
    {"tokens", "token", v1_api_key_view},
    {"users", "user", v1_user_view},
};

/* What is no GET and yet changes nothing that anybody would ask about later. */
static const char *const harmless[] = {
    "/api/v1/policies", "/api/v1/verify", "/api/v1/tasks/{task}/preview",
    "/api/v1/tasks/run-due", /* each task that it starts was submitted by somebody */
};

static bool is_recorded(const struct request *rq)
{
    if (strcmp(rq->route->method, "GET") == 0 || strncmp(rq->route->path, "/api/", 5) != 0 ||
        request_bool(rq, "dry_run", false))
        return false;
    for (size_t i = 0; i < countof(harmless); i++)
        if (strcmp(rq->route->path, harmless[i]) == 0)
            return false;
    return true;
}

/* The row of the kind that the route is about; -1: none. */
static int kind_of(const struct route *route)
{
    static const char prefix[] = "/api/v1/";
    if (strncmp(route->path, prefix, sizeof prefix - 1) != 0)
        return -1;
    const char *segment = route->path + sizeof prefix - 1;
    size_t size = strcspn(segment, "/");
    for (size_t i = 0; i < countof(kinds); i++)
        if (strlen(kinds[i].collection) == size && strncmp(kinds[i].collection, segment, size) == 0)
            return (int)i;
    return -1;
}

/* What is not there has no view. */
static bool view(struct request *rq, struct db *db, const char *text, struct viewed *ret, struct err *err)
{
    int kind = kind_of(rq->route);
    struct err failed = {0};
    *ret = (struct viewed){0};
    if (kind < 0 || !kinds[kind].view || !text || kinds[kind].view(rq, db, text, ret, &failed))
        return true;
    *ret = (struct viewed){0};
    return failed.kind == ERR_NOT_FOUND || failed.kind == ERR_INPUT ||
           err_set(err, failed.kind, "%s", failed.text);
}

static bool view_before(struct request *rq, struct db *db, struct viewed *ret, struct err *err)
{
    return view(rq, db, rq->args[0], ret, err);
}

static bool view_after(struct request *rq, struct db *db, const struct viewed *before, struct viewed *ret,
                       struct err *err)
{
    int64_t id = rq->made_id ? rq->made_id : before->id;
    return view(rq, db, id ? arena_printf(rq->arena, "%lld", (long long)id) : NULL, ret, err);
}

static const char *value_text(struct arena *a, const struct json *value)
{
    const char *text = value ? json_dump(a, value) : "null";
    size_t size = strlen(text);
    return size <= VALUE_BYTES ? text : json_format(a, "%s", arena_printf(a, "(%zu bytes)", size));
}

/* Members that differ between the views, as [old, new]. */
static void put_differences(struct json_writer *w, struct arena *a, const struct json *old,
                            const struct json *new)
{
    const struct json *side = new ? new : old, *value;
    const char *name;
    for (size_t i = 0; json_member(side, i, &name, &value); i++) {
        const char *pointer = arena_printf(a, "/%s", name);
        const char *was = value_text(a, json_at(old, pointer)), *is = value_text(a, json_at(new, pointer));
        if (strcmp(was, is) != 0)
            json_member_raw(w, name, arena_printf(a, "[%s,%s]", was, is));
    }
}

/* What was asked for and is no part of the views. */
static void put_asked(struct json_writer *w, struct request *rq, const struct json *shown)
{
    for (const struct field *f = rq->route->fields; f && f->name; f++) {
        const char *pointer = arena_printf(rq->arena, "/%s", f->name);
        const struct json *value = json_at(rq->body, pointer);
        bool secret = f->type == FIELD_SECRET || f->hidden;
        if (json_is_null(value) || (!secret && !json_is_null(json_at(shown, pointer))))
            continue;
        json_member_raw(w, secret ? arena_printf(rq->arena, "given %s", f->name) : f->name,
                        secret ? "\"(secret)\"" : value_text(rq->arena, value));
    }
}

static const struct json *parsed(struct arena *a, const char *text)
{
    const struct json *json = NULL;
    struct err ignored;
    return text && json_parse(a, text, strlen(text), &json, &ignored) ? json : NULL;
}

void trail_put_changes(struct json_writer *w, struct arena *a, const char *before, const char *after)
{
    put_differences(w, a, parsed(a, before), parsed(a, after));
}

static const char *changes_of(struct request *rq, const struct viewed *before, const struct viewed *after)
{
    struct buf text = buf_new(rq->arena, CHANGES_BYTES);
    struct json_writer w = json_writer_to(&text);
    const struct json *old = parsed(rq->arena, before->json), *new = parsed(rq->arena, after->json);
    json_open_object(&w);
    put_differences(&w, rq->arena, old, new);
    put_asked(&w, rq, new ? new : old);
    json_close_object(&w);
    return text.full ? TRAIL_TOO_MANY : text.data;
}

static bool append(struct request *rq, struct db *db, const struct viewed *before, struct err *err)
{
    struct api_parts *parts = &rq->api->parts;
    int kind = kind_of(rq->route);
    struct viewed after;
    if (!view_after(rq, db, before, &after, err))
        return false;
    const struct viewed *known = after.name ? &after : before;
    struct audit_entry entry = {.request = rq->id,
                                .caller = &rq->caller,
                                .source = rq->exchange->peer,
                                .action =
                                    arena_printf(rq->arena, "%s %s", rq->route->method, rq->route->path),
                                .object = kind < 0 ? NULL : kinds[kind].noun,
                                .object_id = known->id,
                                .object_name = known->name ? known->name : rq->args[0],
                                .changes = changes_of(rq, before, &after)};
    return audit_append(db, rq->arena, store_new_id(parts->store), clock_wall_ms(parts->clock), &entry, err);
}

struct work {
    struct request *rq;
    store_fn *fn; /* NULL: done already */
    void *context;
    struct viewed before;
};

static bool change_and_append(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    if (work->fn && (!view_before(work->rq, db, &work->before, err) || !work->fn(db, work->context, err)))
        return false;
    return append(work->rq, db, &work->before, err);
}

bool request_write(struct request *rq, store_fn *fn, void *context, struct err *err)
{
    struct work work = {.rq = rq, .fn = fn, .context = context};
    rq->recorded = true;
    return store_write(rq->api->parts.store, is_recorded(rq) ? change_and_append : fn,
                       is_recorded(rq) ? (void *)&work : context, err);
}

static bool look_before(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return view_before(work->rq, db, &work->before, err);
}

bool request_record(struct request *rq, struct err *err)
{
    struct work work = {.rq = rq};
    rq->recorded = true;
    return store_read(rq->api->parts.store, look_before, &work, err) &&
           store_write(rq->api->parts.store, change_and_append, &work, err);
}

bool trail_run(struct request *rq, struct reply *reply, struct err *err)
{
    struct work work = {.rq = rq};
    struct store *store = rq->api->parts.store;
    if (!is_recorded(rq))
        return rq->route->handler(rq, reply, err);
    if (!store_read(store, look_before, &work, err) || !rq->route->handler(rq, reply, err))
        return false;
    if (reply->taken) /* the request went with its exchange */
        return true;
    if (rq->recorded || store_write(store, change_and_append, &work, err))
        return true;
    reply->refusal = 0;
    return err_add(err, "this was done, but could not be recorded");
}

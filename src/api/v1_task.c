#include "api/v1_task.h"

#include "api/authority.h"
#include "api/v1_approval.h"
#include "api/v1_certificate.h"
#include "api/v1_owner.h"
#include "api/v1_plan.h"
#include "api/v1_quota.h"
#include "api/view.h"
#include "api/watchers.h"
#include "cert/certificate.h"
#include "store/contact.h"
#include "task/schedule.h"
#include "task/task.h"
#include "task/waves.h"
#include "task/window.h"
#include <stdlib.h>
#include <string.h>

enum { DEPLOYMENTS_SHOWN = 1000 }; /* in a preview; the rest by pages of .../deployments */

#define SELECTION_FIELDS                                                                                     \
    {"certificates", FIELD_TEXTS, false, 1000, OBJECT_CERTIFICATE},                                          \
        {"access", FIELD_TEXTS, false, 1000, OBJECT_ACCESS}, {"product", FIELD_TEXTS, false, 100},           \
        {"region", FIELD_TEXTS, false, 100}, {"resource", FIELD_TEXTS, false, 10000, OBJECT_RESOURCE},       \
        {"domain", FIELD_TEXTS, false, 10000}, {"exclude", FIELD_TEXTS, false, 10000},                       \
        {"add", FIELD_TEXTS, false, 10000, OBJECT_RESOURCE_BY_ID}, {"replaces", FIELD_TEXT, false, 512},     \
        {"accept", FIELD_TEXTS, false, 16}, {"contacts", FIELD_TEXTS, false, CONTACTS_OF_TASK},              \
        {"allow_expiring", FIELD_BOOL, false, 0},                                                            \
    {                                                                                                        \
        "verify", FIELD_BOOL, false, 0                                                                       \
    }

const struct field task_create_fields[] = {
    {"name", FIELD_TEXT, false, 256},
    {"owner", FIELD_TEXT, false, 63},
    {"dry_run", FIELD_BOOL, false, 0},
    {"cert", FIELD_TEXT, false, CERTIFICATE_FILE_BYTES,
     .hidden = true}, /* with dry_run: a certificate that is not stored */
    {"key", FIELD_SECRET, false, CERTIFICATE_FILE_BYTES},
    {"chain", FIELD_TEXT, false, CERTIFICATE_FILE_BYTES, .hidden = true},
    SELECTION_FIELDS,
    {NULL, FIELD_TEXT, false, 0},
};

const struct field task_update_fields[] = {
    {"name", FIELD_TEXT, false, 256},
    {"remove", FIELD_TEXTS, false, 10000},
    SELECTION_FIELDS,
    {NULL, FIELD_TEXT, false, 0},
};

const struct field task_submit_fields[] = {
    {"version", FIELD_INT, false, (size_t)1 << 53},
    {"at", FIELD_TEXT, false, 64},
    {"time_zone", FIELD_TEXT, false, 64},
    {"windows", FIELD_TEXTS, false, WINDOWS_MAX},
    {"canary", FIELD_TEXT, false, 20},
    {"waves", FIELD_TEXTS, false, WAVES_MAX},
    {"rollback_on", FIELD_TEXT, false, 40},
    {NULL, FIELD_TEXT, false, 0},
};
const struct field task_run_due_fields[] = {{"since_ms", FIELD_INT, false, (size_t)1 << 53},
                                            {NULL, FIELD_TEXT, false, 0}};
const struct field task_retry_fields[] = {{"deployments", FIELD_TEXTS, false, 10000},
                                          {NULL, FIELD_TEXT, false, 0}};
const struct field task_rollback_fields[] = {
    {"deployments", FIELD_TEXTS, false, 10000},
    {"accept", FIELD_TEXTS, false, 16},
    {NULL, FIELD_TEXT, false, 0},
};

static struct task_context context_of(const struct request *rq)
{
    return (struct task_context){.store = rq->api->parts.store,
                                 .cloud = rq->api->parts.cloud,
                                 .clock = rq->api->parts.clock};
}

static int64_t now_of(const struct request *rq)
{
    return clock_wall_ms(rq->api->parts.clock);
}

static void wake(const struct request *rq)
{
    if (rq->api->parts.engine)
        engine_wake(rq->api->parts.engine);
}

/* A task with its plan and the first of its deployments. */
static bool put_view(struct request *rq, struct reply *reply, const struct task_view *view, struct err *err)
{
    struct buf task = buf_new(rq->arena, 8 << 20);
    struct json_writer task_writer = json_writer_to(&task), w = json_writer_to(&reply->body);
    view_task(&task_writer, rq->arena, &view->task, &view->counts, now_of(rq));
    reply->body.full |= task.full;
    json_open_object(&w);
    json_member_raw(&w, "task", task.data);
    json_member_int(&w, "version", view->task.version);
    json_member_string(&w, "label", view->label);
    if (!v1_plan_put(rq, &w, view, err) || !v1_quota_put_need(rq, &w, view, err))
        return false;
    json_key(&w, "deployments");
    json_open_array(&w);
    for (size_t i = 0; i < view->count && i < DEPLOYMENTS_SHOWN; i++)
        view_deployment(&w, rq->arena, &view->deployments[i]);
    json_close_array(&w);
    json_close_object(&w);
    return true;
}

static struct texts texts_of(const struct request *rq, const char *name)
{
    struct texts texts;
    texts.items = request_texts(rq, name, &texts.count);
    return texts;
}

static struct selection selection_of(const struct request *rq)
{
    const char *replaces = request_text(rq, "replaces");
    return (struct selection){.certificates = texts_of(rq, "certificates"),
                              .access = texts_of(rq, "access"),
                              .product = texts_of(rq, "product"),
                              .region = texts_of(rq, "region"),
                              .resource = texts_of(rq, "resource"),
                              .domain = texts_of(rq, "domain"),
                              .exclude = texts_of(rq, "exclude"),
                              .add = texts_of(rq, "add"),
                              .replaces = replaces ? replaces : "",
                              .accept = texts_of(rq, "accept"),
                              .contacts = texts_of(rq, "contacts"),
                              .allow_expiring = request_bool(rq, "allow_expiring", false),
                              .verify = request_bool(rq, "verify", true)};
}

bool v1_task_create(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_context context = context_of(rq);
    struct selection selection = selection_of(rq);
    struct task_view view;
    const char *name = request_text(rq, "name");
    bool dry_run = request_bool(rq, "dry_run", false);
    struct certificate_row given = {0};
    const char *owner;
    if (!v1_owner_key(rq, request_text(rq, "owner"), &owner, err))
        return false;
    if (name && !request_name_check(name, err))
        return false;
    bool has_given = dry_run && request_text(rq, "cert");
    if (has_given && !v1_certificate_given(rq, &given, err))
        return false;
    given.owner = owner;
    bool done = dry_run ? task_plan(&context, rq->arena, &selection, has_given ? &given : NULL, &view, err)
                        : task_create(&context, rq->arena, owner, name ? name : "", &selection, &view, err);
    if (!done)
        return false;
    view.task.owner = owner;
    rq->made_id = dry_run ? 0 : view.task.id;
    reply->status = dry_run ? 200 : 201;
    return put_view(rq, reply, &view, err);
}

struct task_list {
    struct request *rq;
    struct page page;
    struct task_filter filter;
    struct task_row *rows;
    struct task_counts *counts;
    bool *seen; /* of each row */
    size_t count;
};

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct task_list *list = context;
    if (!store_task_list(db, list->rq->arena, &list->page, &list->filter, &list->rows, &list->count, err))
        return false;
    list->counts = arena_array(list->rq->arena, struct task_counts, list->count);
    list->seen = arena_array(list->rq->arena, bool, list->count);
    for (size_t i = 0; i < list->count; i++)
        if (!store_task_count(db, list->rows[i].id, &list->counts[i], err) ||
            !request_sees_task(list->rq, db, &list->rows[i], &list->seen[i], err))
            return false;
    return true;
}

static bool state_known(const char *state)
{
    static const char *const states[] = {"editing", "pending", "scheduling", "processing",
                                         "success", "error",   "cancelled"};
    for (size_t i = 0; i < countof(states); i++)
        if (strcmp(states[i], state) == 0)
            return true;
    return false;
}

bool v1_task_list(struct request *rq, struct reply *reply, struct err *err)
{
    const char *state = request_query(rq, "state"), *type = request_query(rq, "type");
    struct task_list list = {.rq = rq, .filter = {state, type}};
    if (type && strcmp(type, "user") != 0 && strcmp(type, "cloud") != 0)
        return err_set(err, ERR_INPUT, "?type=%.40s: user (Alibaba Cloud alone) or cloud", type);
    if (state && !state_known(state))
        return err_set(err, ERR_INPUT,
                       "?state=%.40s: editing, pending, scheduling, processing, success, error or cancelled",
                       state);
    if (!request_page(rq, &list.page, err) || !store_read(rq->api->parts.store, load_list, &list, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < list.count; i++)
        if (list.seen[i])
            view_task(&w, rq->arena, &list.rows[i], &list.counts[i], now_of(rq));
    view_list_close(&w, list.count == list.page.limit ? list.rows[list.count - 1].id : 0);
    return true;
}

struct task_find {
    struct request *rq;
    struct task_row row;
    struct task_counts counts;
    struct quota_sums quota;
    struct page page;
    struct deployment_row *deployments;
    size_t count;
};

static bool load_task(struct db *db, void *context, struct err *err)
{
    struct task_find *find = context;
    return store_task_find(db, find->rq->arena, find->rq->args[0], &find->row, err) &&
           store_task_count(db, find->row.id, &find->counts, err) &&
           store_quota_of_task(db, find->row.id, &find->quota, err);
}

bool v1_task_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_find find = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_task, &find, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_task_open(&w, rq->arena, &find.row, &find.counts, now_of(rq));
    view_quota_member(&w, &find.quota);
    if (!v1_approval_put(rq, &w, find.row.id, err))
        return false;
    json_close_object(&w);
    return true;
}

static bool load_deployments(struct db *db, void *context, struct err *err)
{
    struct task_find *find = context;
    return store_task_find(db, find->rq->arena, find->rq->args[0], &find->row, err) &&
           store_deployment_list(db, find->rq->arena, find->row.id, &find->page, &find->deployments,
                                 &find->count, err);
}

bool v1_task_deployments(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_find find = {.rq = rq};
    if (!request_page(rq, &find.page, err) || !store_read(rq->api->parts.store, load_deployments, &find, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < find.count; i++)
        view_deployment(&w, rq->arena, &find.deployments[i]);
    view_list_close(&w, find.count == find.page.limit ? find.deployments[find.count - 1].id : 0);
    return true;
}

bool v1_task_preview(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_context context = context_of(rq);
    struct task_view view;
    return task_preview(&context, rq->arena, rq->args[0], &view, err) && put_view(rq, reply, &view, err);
}

/* The members that say what a selection becomes; "add" and "remove" change one, "name" is none of it. */
static bool members_of(struct request *rq, const struct json **ret, struct err *err)
{
    struct buf rest = buf_new(rq->arena, 16 << 20);
    struct json_writer w = json_writer_to(&rest);
    const char *member;
    const struct json *value;
    json_open_object(&w);
    for (size_t i = 0; json_member(rq->body, i, &member, &value); i++)
        if (strcmp(member, "add") != 0 && strcmp(member, "remove") != 0 && strcmp(member, "name") != 0)
            json_member_raw(&w, member, json_dump(rq->arena, value));
    json_close_object(&w);
    return json_parse(rq->arena, rest.data, strlen(rest.data), ret, err);
}

bool v1_task_update(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_context context = context_of(rq);
    struct task_view view;
    struct task_change change = {.name = request_text(rq, "name"),
                                 .add = texts_of(rq, "add"),
                                 .remove = texts_of(rq, "remove")};
    return (!change.name || request_name_check(change.name, err)) && members_of(rq, &change.members, err) &&
           task_update(&context, rq->arena, rq->args[0], &change, &view, err) &&
           put_view(rq, reply, &view, err);
}

/* Finds the task, runs the verb on its id, answers with the task as it is then. */
typedef bool task_verb(const struct task_context *context, struct request *rq, int64_t id, struct err *err);

static bool run_verb(struct request *rq, struct reply *reply, task_verb *verb, struct err *err)
{
    struct task_context context = context_of(rq);
    struct task_find find = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_task, &find, err) || !verb(&context, rq, find.row.id, err))
        return false;
    wake(rq);
    return v1_task_show(rq, reply, err);
}

static bool do_pause(const struct task_context *context, struct request *rq, int64_t id, struct err *err)
{
    (void)rq;
    return task_pause(context, id, err);
}

static bool do_cancel(const struct task_context *context, struct request *rq, int64_t id, struct err *err)
{
    (void)rq;
    return task_cancel(context, id, err);
}

static bool do_resume(const struct task_context *context, struct request *rq, int64_t id, struct err *err)
{
    (void)rq;
    return task_resume(context, id, err);
}

static bool ids_of(struct request *rq, const char *member, int64_t **ret, size_t *ret_count, struct err *err)
{
    size_t count;
    const char **texts = request_texts(rq, member, &count);
    int64_t *ids = arena_array(rq->arena, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        if (!request_id_parse(texts[i], &ids[i]))
            return err_set(err, ERR_INPUT, "\"%.40s\" is no deployment id", texts[i]);
    }
    *ret = ids;
    *ret_count = count;
    return true;
}

static bool do_retry(const struct task_context *context, struct request *rq, int64_t id, struct err *err)
{
    int64_t *ids;
    size_t count;
    return ids_of(rq, "deployments", &ids, &count, err) && task_retry(context, id, ids, count, err);
}

static const char *text_or_none(const struct request *rq, const char *name)
{
    const char *text = request_text(rq, name);
    return text ? text : "";
}

bool v1_task_start(struct request *rq, struct reply *reply, int64_t version, struct err *err)
{
    struct task_context context = context_of(rq);
    struct task_find find = {.rq = rq};
    struct texts said;
    struct task_when when = {.at = text_or_none(rq, "at"),
                             .time_zone = text_or_none(rq, "time_zone"),
                             .windows = texts_of(rq, "windows"),
                             .canary = text_or_none(rq, "canary"),
                             .waves = texts_of(rq, "waves"),
                             .rollback_on = text_or_none(rq, "rollback_on")};
    if (!store_read(rq->api->parts.store, load_task, &find, err) ||
        !task_submit_when(&context, rq->arena, find.row.id, version, &when, &said, err) ||
        !store_read(rq->api->parts.store, load_task, &find, err))
        return false;
    wake(rq);
    struct json_writer w = json_writer_to(&reply->body);
    view_task_open(&w, rq->arena, &find.row, &find.counts, now_of(rq));
    json_member_raw(&w, "said", json_strings(rq->arena, said.items, said.count));
    json_close_object(&w);
    return true;
}

bool v1_task_pause(struct request *rq, struct reply *reply, struct err *err)
{
    return run_verb(rq, reply, do_pause, err);
}

enum { DUE_MOST = 1000 };

struct due {
    struct request *rq;
    struct json_writer *w;
    int64_t since_ms, now_ms;
};

static bool put_due(struct db *db, struct due *due, const struct task_row *rows, size_t count,
                    struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct task_counts counts;
        bool seen;
        if (!store_task_count(db, rows[i].id, &counts, err) ||
            !request_sees_task(due->rq, db, &rows[i], &seen, err))
            return false;
        bool open = counts.by_state[DEPLOYMENT_PENDING] + counts.by_state[DEPLOYMENT_PROCESSING] > 0;
        if (seen && (open || rows[i].finished_ms))
            view_task(due->w, due->rq->arena, &rows[i], &counts, due->now_ms);
    }
    return true;
}

/* What is under way, and what the caller's own start let come to its end already. */
static bool load_due(struct db *db, void *context, struct err *err)
{
    struct due *due = context;
    struct task_row *rows = NULL;
    size_t count = 0;
    if (!store_task_unfinished(db, due->rq->arena, 0, DUE_MOST, &rows, &count, err) ||
        !put_due(db, due, rows, count, err))
        return false;
    if (!due->since_ms)
        return true;
    return store_task_finished(db, due->rq->arena, due->since_ms, 0, DUE_MOST, &rows, &count, err) &&
           put_due(db, due, rows, count, err);
}

bool v1_task_run_due(struct request *rq, struct reply *reply, struct err *err)
{
    struct json_writer w = json_writer_to(&reply->body);
    struct due due = {rq, &w, json_int(json_at(rq->body, "/since_ms"), 0), now_of(rq)};
    bool more = false;
    if (!schedule_tick(rq->api->parts.store, due.now_ms, &more, err))
        return false;
    wake(rq);
    view_list_open(&w);
    if (!store_read(rq->api->parts.store, load_due, &due, err))
        return false;
    view_list_close(&w, 0);
    return true;
}

bool v1_task_cancel(struct request *rq, struct reply *reply, struct err *err)
{
    return run_verb(rq, reply, do_cancel, err);
}

bool v1_task_retry(struct request *rq, struct reply *reply, struct err *err)
{
    return run_verb(rq, reply, do_retry, err);
}

bool v1_task_resume(struct request *rq, struct reply *reply, struct err *err)
{
    return run_verb(rq, reply, do_resume, err);
}

bool v1_task_rollback(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_context context = context_of(rq);
    struct task_find find = {.rq = rq};
    struct texts accept = texts_of(rq, "accept");
    struct task_refusal *refused;
    int64_t *ids;
    size_t count, refused_count;
    if (!ids_of(rq, "deployments", &ids, &count, err) ||
        !store_read(rq->api->parts.store, load_task, &find, err) ||
        !task_rollback(&context, rq->arena, find.row.id, ids, count, texts_have(&accept, "expired"), &refused,
                       &refused_count, err))
        return false;
    wake(rq);
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    json_member_int(&w, "task", find.row.id);
    json_key(&w, "refused");
    json_open_array(&w);
    for (size_t i = 0; i < refused_count; i++)
        json_put_raw(&w, json_format(rq->arena, "{'deployment':%lld,'title':%s,'text':%s}",
                                     (long long)refused[i].deployment_id, refused[i].title, refused[i].text));
    json_close_array(&w);
    json_close_object(&w);
    return true;
}

bool v1_task_delete(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_context context = context_of(rq);
    struct task_find find = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_task, &find, err) || !task_delete(&context, find.row.id, err))
        return false;
    buf_puts(&reply->body, json_format(rq->arena, "{'deleted':%lld}", (long long)find.row.id));
    return true;
}

bool v1_task_events(struct request *rq, struct reply *reply, struct err *err)
{
    struct task_find find = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_task, &find, err))
        return false;
    if (!watchers_add(rq->api->watchers, rq->exchange, find.row.id, err))
        return false;
    reply->taken = true;
    return true;
}

bool v1_task_view(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                  struct err *err)
{
    struct task_row row;
    struct task_counts counts;
    struct buf text = buf_new(rq->arena, 8 << 20);
    struct json_writer w = json_writer_to(&text);
    if (!store_task_find(db, rq->arena, id_or_name, &row, err) || !store_task_count(db, row.id, &counts, err))
        return false;
    view_task(&w, rq->arena, &row, &counts, now_of(rq));
    *ret = (struct viewed){row.id, row.name, text.data};
    return true;
}

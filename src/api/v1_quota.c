#include "api/v1_quota.h"

#include "api/v1_owner.h"
#include "api/view.h"
#include "task/charge.h"
#include <string.h>

const struct field quota_grant_fields[] = {
    {"count", FIELD_INT, true, QUOTA_COUNT_MAX},
    {"owner", FIELD_TEXT, false, 63},
    {"note", FIELD_TEXT, false, QUOTA_NOTE_BYTES},
    {NULL, FIELD_TEXT, false, 0},
};

const struct field quota_revoke_fields[] = {
    {"count", FIELD_INT, false, QUOTA_COUNT_MAX},
    {"all", FIELD_BOOL, false, 0},
    {"owner", FIELD_TEXT, false, 63},
    {"note", FIELD_TEXT, false, QUOTA_NOTE_BYTES},
    {NULL, FIELD_TEXT, false, 0},
};

struct quota_work {
    struct request *rq;
    const char *account; /* NULL: any */
    const char *note;
    int64_t count; /* of a grant above 0; of a revocation, 0: all */
    bool grant;
    const char **accounts;
    struct quota_balance *balances;
    size_t account_count;
    struct owner_row *owners;
    size_t owner_count;
    struct page page;
    struct quota_row *rows;
    size_t row_count;
    int64_t task_id;
    struct quota_sums sums;
};

static void put_owner(struct json_writer *w, const struct quota_work *work, const char *account)
{
    view_owner_member(w, account);
    json_member_string(w, "owner_name",
                       *account ? owner_name(work->owners, work->owner_count, account) : NULL);
}

static void put_balance_members(struct json_writer *w, const struct quota_balance *b)
{
    json_member_bool(w, "limited", b->limited);
    json_member_int(w, "bought", b->bought);
    json_key(w, "total");
    b->limited ? json_put_int(w, b->total) : json_put_null(w);
    json_member_int(w, "used", b->used);
    json_member_int(w, "held", b->held);
    json_key(w, "available");
    b->limited ? json_put_int(w, b->available) : json_put_null(w);
    json_member_int(w, "used_unlimited", b->free_used);
    json_member_int(w, "held_unlimited", b->free_held);
}

static void put_account(struct json_writer *w, const struct quota_work *work, const char *account,
                        const struct quota_balance *b)
{
    json_open_object(w);
    put_owner(w, work, account);
    put_balance_members(w, b);
    json_close_object(w);
}

static bool load_balances(struct db *db, struct quota_work *work, struct err *err)
{
    work->balances = arena_array(work->rq->arena, struct quota_balance, work->account_count);
    if (!store_owner_all(db, work->rq->arena, &work->owners, &work->owner_count, err))
        return false;
    for (size_t i = 0; i < work->account_count; i++)
        if (!store_quota_balance(db, work->accounts[i], &work->balances[i], err))
            return false;
    return true;
}

/* The common account is there also before its first entry. */
static bool load_accounts(struct db *db, void *context, struct err *err)
{
    struct quota_work *work = context;
    const char **found;
    size_t count;
    if (!store_quota_accounts(db, work->rq->arena, &found, &count, err))
        return false;
    work->accounts = arena_array(work->rq->arena, const char *, count + 1);
    work->accounts[work->account_count++] = "";
    for (size_t i = 0; i < count; i++)
        if (*found[i])
            work->accounts[work->account_count++] = found[i];
    return load_balances(db, work, err);
}

bool v1_quota_show(struct request *rq, struct reply *reply, struct err *err)
{
    struct quota_work work = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_accounts, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    view_list_open(&w);
    for (size_t i = 0; i < work.account_count; i++)
        put_account(&w, &work, work.accounts[i], &work.balances[i]);
    view_list_close(&w, 0);
    return true;
}

static bool change(struct db *db, void *context, struct err *err)
{
    struct quota_work *work = context;
    work->accounts = &work->account;
    work->account_count = 1;
    bool done = work->grant   ? store_quota_grant(db, work->account, work->count, work->note, err)
                : work->count ? store_quota_revoke(db, work->account, work->count, work->note, err)
                              : store_quota_close(db, work->account, work->note, err);
    return done && load_balances(db, work, err);
}

static bool change_account(struct quota_work *work, struct reply *reply, struct err *err)
{
    struct request *rq = work->rq;
    const char *note = request_text(rq, "note");
    work->note = note ? note : "";
    for (const char *p = work->note; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return err_set(err, ERR_INPUT, "the note holds control characters");
    if (!v1_owner_key(rq, request_text(rq, "owner"), &work->account, err) ||
        !request_write(rq, change, work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    put_account(&w, work, work->account, work->balances);
    reply->status = 201;
    return true;
}

bool v1_quota_grant(struct request *rq, struct reply *reply, struct err *err)
{
    struct quota_work work = {.rq = rq, .grant = true, .count = json_int(json_at(rq->body, "/count"), 0)};
    return change_account(&work, reply, err);
}

bool v1_quota_revoke(struct request *rq, struct reply *reply, struct err *err)
{
    struct quota_work work = {.rq = rq, .count = json_int(json_at(rq->body, "/count"), 0)};
    if (request_bool(rq, "all", false) == (work.count > 0))
        return err_set(err, ERR_INPUT, "take back a count, or all: one of them");
    return change_account(&work, reply, err);
}

static void put_entry(struct json_writer *w, const struct quota_work *work, const struct quota_row *row)
{
    json_open_object(w);
    json_member_int(w, "id", row->id);
    json_member_string(w, "time", time_iso(work->rq->arena, row->created_ms));
    json_member_string(w, "kind", quota_kind_name(row->kind));
    put_owner(w, work, row->owner);
    json_member_int(w, "available", row->available);
    json_member_int(w, "held", row->held);
    json_member_int(w, "used", row->used);
    json_member_bool(w, "unlimited", !row->counted);
    json_member_raw(w, "task",
                    row->task_id ? arena_printf(work->rq->arena, "%lld", (long long)row->task_id) : NULL);
    json_member_raw(w, "deployment",
                    row->deployment_id ? arena_printf(work->rq->arena, "%lld", (long long)row->deployment_id)
                                       : NULL);
    json_member_string(w, "text", row->text);
    json_close_object(w);
}

/* The members "items" and "next". */
static void put_entries(struct json_writer *w, const struct quota_work *work)
{
    json_key(w, "items");
    json_open_array(w);
    for (size_t i = 0; i < work->row_count; i++)
        put_entry(w, work, &work->rows[i]);
    json_close_array(w);
    bool more = work->row_count && work->row_count == work->page.limit;
    json_key(w, "next");
    more ? json_put_int(w, work->rows[work->row_count - 1].id) : json_put_null(w);
}

static bool load_entries(struct db *db, void *context, struct err *err)
{
    struct quota_work *work = context;
    return store_owner_all(db, work->rq->arena, &work->owners, &work->owner_count, err) &&
           store_quota_list(db, work->rq->arena, &work->page, work->account, &work->rows, &work->row_count,
                            err);
}

bool v1_quota_entries(struct request *rq, struct reply *reply, struct err *err)
{
    struct quota_work work = {.rq = rq};
    const char *owner = request_query(rq, "owner");
    if ((owner && !v1_owner_key(rq, owner, &work.account, err)) || !request_page(rq, &work.page, err) ||
        !store_read(rq->api->parts.store, load_entries, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    put_entries(&w, &work);
    json_close_object(&w);
    return true;
}

/* A task that was deleted is known by its id still, as the ledger outlives it. */
static bool find_task(struct db *db, struct quota_work *work, struct err *err)
{
    struct task_row task;
    struct err missing = {0};
    if (store_task_find(db, work->rq->arena, work->rq->args[0], &task, &missing)) {
        work->task_id = task.id;
        return true;
    }
    if (missing.kind == ERR_NOT_FOUND && request_id_parse(work->rq->args[0], &work->task_id))
        return true;
    if (err)
        *err = missing;
    return false;
}

static bool load_statement(struct db *db, void *context, struct err *err)
{
    struct quota_work *work = context;
    return find_task(db, work, err) &&
           store_owner_all(db, work->rq->arena, &work->owners, &work->owner_count, err) &&
           store_quota_statement(db, work->rq->arena, &work->page, work->task_id, &work->rows,
                                 &work->row_count, err) &&
           store_quota_of_task(db, work->task_id, &work->sums, err);
}

bool v1_quota_statement(struct request *rq, struct reply *reply, struct err *err)
{
    struct quota_work work = {.rq = rq};
    if (!request_page(rq, &work.page, err) || !store_read(rq->api->parts.store, load_statement, &work, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    json_member_int(&w, "task", work.task_id);
    json_member_int(&w, "held", work.sums.held);
    json_member_int(&w, "used", work.sums.used);
    json_member_int(&w, "returned", work.sums.returned);
    put_entries(&w, &work);
    json_close_object(&w);
    return true;
}

struct needing {
    struct request *rq;
    const struct task_view *view;
    struct charge_need need;
};

static bool load_need(struct db *db, void *context, struct err *err)
{
    struct needing *n = context;
    return charge_need_of(db, n->rq->arena, n->view->task.owner, n->view->deployments, n->view->count,
                          &n->need, err);
}

bool v1_quota_put_need(struct request *rq, struct json_writer *w, const struct task_view *view,
                       struct err *err)
{
    struct needing n = {.rq = rq, .view = view};
    if (!store_read(rq->api->parts.store, load_need, &n, err))
        return false;
    json_key(w, "quota");
    json_open_object(w);
    json_member_int(w, "units", n.need.units);
    json_member_int(w, "missing", n.need.missing);
    json_member_string(w, "advice", *n.need.advice ? n.need.advice : NULL);
    view_owner_member(w, n.need.account);
    json_member_string(w, "owner_name", *n.need.account ? n.need.account_name : NULL);
    put_balance_members(w, &n.need.balance);
    json_close_object(w);
    return true;
}

#include "store/quota.h"

#include "store/deployment.h"

#include <stdio.h>

static const char *const kind_names[] = {
    [QUOTA_GRANT] = "grant", [QUOTA_REVOKE] = "revoke", [QUOTA_CLOSE] = "close",
    [QUOTA_HOLD] = "hold",   [QUOTA_USE] = "use",       [QUOTA_REFUND] = "refund",
};

#define QUOTA_WORD(name)                                                                                     \
    {.type = FIELD_WORD,                                                                                     \
     .offset = offsetof(struct quota_row, name),                                                             \
     .words = kind_names,                                                                                    \
     .word_count = countof(kind_names)},
#define QUOTA_INT(name) FIELD(INT, struct quota_row, name),
#define QUOTA_BOOL(name) FIELD(BOOL, struct quota_row, name),
#define QUOTA_TEXT(name) FIELD(TEXT, struct quota_row, name),
#define QUOTA_FIELD(type, name) QUOTA_##type(name)
static const struct field fields[] = {QUOTA_INT(id) QUOTA_FIELDS(QUOTA_FIELD)};
static const struct table table = TABLE("quota entry", struct quota_row, fields);

enum { UNIT_BYTES = 16 << 20 };

const char *quota_kind_name(enum quota_kind kind)
{
    return kind_names[kind];
}

static bool add(struct db *db, struct quota_row entry, struct err *err)
{
    entry.id = store_new_id(db_store(db));
    entry.version = 1;
    entry.created_ms = entry.updated_ms = db_now_ms(db);
    struct value values[countof(fields)];
    row_values(fields, countof(fields), &entry, values);
    return db_run(db, SQL_QUOTA_ADD, values, countof(values), NULL, err) || err_add(err, "quota");
}

static bool is_limited(struct db *db, const char *account, bool *ret, struct err *err)
{
    int64_t limited;
    if (!db_int(db, SQL_QUOTA_LIMIT, VALUES(value_text(account)), 0, &limited, err))
        return false;
    *ret = limited != 0;
    return true;
}

static bool available(struct db *db, const char *account, int64_t *ret, struct err *err)
{
    return db_int(db, SQL_QUOTA_AVAILABLE, VALUES(value_text(account)), 0, ret, err);
}

static bool check_count(int64_t count, struct err *err)
{
    return (count >= 1 && count <= QUOTA_COUNT_MAX) ||
           err_set(err, ERR_INPUT, "the count of a package is a number from 1 to %d", QUOTA_COUNT_MAX);
}

bool store_quota_grant(struct db *db, const char *account, int64_t count, const char *note, struct err *err)
{
    return check_count(count, err) && add(db,
                                          (struct quota_row){.owner = account,
                                                             .kind = QUOTA_GRANT,
                                                             .available = count,
                                                             .counted = true,
                                                             .text = note},
                                          err);
}

bool store_quota_revoke(struct db *db, const char *account, int64_t count, const char *note, struct err *err)
{
    struct quota_balance b;
    if (!check_count(count, err) || !store_quota_balance(db, account, &b, err))
        return false;
    if (!b.limited)
        return err_set(err, ERR_CONFLICT, "nothing is granted: there is nothing to take back");
    if (b.available < count)
        return err_set(
            err, ERR_QUOTA,
            "%lld cannot be taken back: of %lld, %lld are used and %lld held, so that %lld are left",
            (long long)count, (long long)b.total, (long long)b.used, (long long)b.held,
            (long long)b.available);
    return add(db,
               (struct quota_row){.owner = account,
                                  .kind = QUOTA_REVOKE,
                                  .available = -count,
                                  .counted = true,
                                  .text = note},
               err);
}

bool store_quota_close(struct db *db, const char *account, const char *note, struct err *err)
{
    struct quota_balance b;
    if (!store_quota_balance(db, account, &b, err))
        return false;
    if (!b.limited)
        return err_set(err, ERR_CONFLICT, "nothing is granted: there is no limit to take away");
    return add(db,
               (struct quota_row){.owner = account,
                                  .kind = QUOTA_CLOSE,
                                  .available = -b.available,
                                  .counted = true,
                                  .text = note},
               err);
}

bool store_quota_account(struct db *db, const char *owner, const char **ret_account, struct err *err)
{
    bool budget = false;
    if (*owner && !is_limited(db, owner, &budget, err))
        return false;
    *ret_account = budget ? owner : "";
    return true;
}

static bool read_balances(struct db *db, const char *account, struct quota_balance *b, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    if (!query_open(db, SQL_QUOTA_BALANCE, VALUES(value_text(account)), &q, err))
        return false;
    for (bool row;;) {
        if (!query_next(&q, &row, err))
            return false;
        if (!row)
            return true;
        bool counted = query_int(&q, 0) != 0;
        *(counted ? &b->held : &b->free_held) = query_int(&q, 2);
        *(counted ? &b->used : &b->free_used) = query_int(&q, 3);
        if (counted)
            b->available = query_int(&q, 1);
    }
}

bool store_quota_balance(struct db *db, const char *account, struct quota_balance *ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    struct quota_balance b = {0};
    bool row = false;
    if (!is_limited(db, account, &b.limited, err) || !read_balances(db, account, &b, err) ||
        !query_open(db, SQL_QUOTA_BOUGHT, VALUES(value_text(account)), &q, err) || !query_next(&q, &row, err))
        return false;
    b.bought = row ? query_int(&q, 0) : 0;
    b.total = row ? query_int(&q, 1) : 0;
    *ret = b;
    return true;
}

bool store_quota_accounts(struct db *db, struct arena *a, const char ***ret, size_t *ret_count,
                          struct err *err)
{
    cleanup(query_close) struct query q = {0};
    size_t count = 0, capacity = 0;
    void *accounts = NULL;
    if (!query_open(db, SQL_QUOTA_ACCOUNTS, NULL, 0, &q, err))
        return false;
    for (bool row;;) {
        if (!query_next(&q, &row, err))
            return false;
        if (!row)
            break;
        *(const char **)arena_push(a, &accounts, &count, &capacity, sizeof(char *)) = query_text(&q, a, 0);
    }
    *ret = accounts;
    *ret_count = count;
    return true;
}

bool store_quota_list(struct db *db, struct arena *a, const struct page *page, const char *account,
                      struct quota_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_QUOTA_LIST,
                   VALUES(page_cursor(page), page_limit(page), value_int(account != NULL),
                          value_text(account)),
                   a, &table, (void **)ret, ret_count, err);
}

bool store_quota_statement(struct db *db, struct arena *a, const struct page *page, int64_t task_id,
                           struct quota_row **ret, size_t *ret_count, struct err *err)
{
    return row_all(db, SQL_QUOTA_OF_TASK, VALUES(page_cursor(page), page_limit(page), value_int(task_id)), a,
                   &table, (void **)ret, ret_count, err);
}

bool store_quota_of_task(struct db *db, int64_t task_id, struct quota_sums *ret, struct err *err)
{
    cleanup(query_close) struct query q = {0};
    bool row = false;
    if (!query_open(db, SQL_QUOTA_SUMS_OF_TASK, VALUES(value_int(task_id)), &q, err) ||
        !query_next(&q, &row, err))
        return false;
    *ret = row ? (struct quota_sums){query_int(&q, 0), query_int(&q, 1), query_int(&q, 2)}
               : (struct quota_sums){0};
    return true;
}

/* One resource of a task, as the ledger has it. */
struct unit {
    int64_t held, used;
    struct quota_row last; /* who held it last, and from which account */
};

static bool load_unit(struct db *db, struct arena *a, int64_t task_id, int64_t resource_id, struct unit *ret,
                      struct err *err)
{
    struct quota_row *rows;
    size_t count;
    struct unit unit = {0};
    if (!row_all(db, SQL_QUOTA_UNIT, VALUES(value_int(task_id), value_int(resource_id)), a, &table,
                 (void **)&rows, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        unit.held += rows[i].held;
        unit.used += rows[i].used;
    }
    if (count)
        unit.last = rows[0];
    *ret = unit;
    return true;
}

static bool refuse(struct db *db, const char *account, struct err *err)
{
    struct quota_balance b;
    if (!store_quota_balance(db, account, &b, err))
        return false;
    err_set(err, ERR_QUOTA, "no deployment quota is left%s: of %lld, %lld are used and %lld held",
            *account ? " in the owner's budget" : "", (long long)b.total, (long long)b.used,
            (long long)b.held);
    if (err)
        snprintf(err->code, sizeof err->code, "%s", QUOTA_ERR_CODE);
    return false;
}

static bool hold(struct db *db, const struct deployment_row *d, struct err *err)
{
    const char *account;
    bool limited;
    int64_t left = 0;
    if (!store_quota_account(db, d->owner ? d->owner : "", &account, err) ||
        !is_limited(db, account, &limited, err) || (limited && !available(db, account, &left, err)))
        return false;
    if (limited && left < 1)
        return refuse(db, account, err);
    return add(db,
               (struct quota_row){.owner = account,
                                  .kind = QUOTA_HOLD,
                                  .available = -1,
                                  .held = 1,
                                  .counted = limited,
                                  .task_id = d->task_id,
                                  .resource_id = d->resource_id,
                                  .deployment_id = d->id,
                                  .text = d->title},
               err);
}

/* What was held comes to its end: used, or available again, in the account it was held in. */
static bool settle(struct db *db, const struct unit *unit, int64_t deployment_id, bool used, struct err *err)
{
    struct quota_row entry = unit->last;
    entry.kind = used ? QUOTA_USE : QUOTA_REFUND;
    entry.available = !used;
    entry.held = -1;
    entry.used = used;
    entry.deployment_id = deployment_id;
    return add(db, entry, err);
}

static bool is_shared(struct db *db, const struct deployment_row *d, bool *ret, struct err *err)
{
    int64_t others;
    if (!db_int(db, SQL_QUOTA_SHARERS,
                VALUES(value_int(d->task_id), value_int(d->resource_id), value_int(d->id)), 0, &others, err))
        return false;
    *ret = others > 0;
    return true;
}

static bool at_work(const struct deployment_row *d)
{
    return d->charged && !d->already_bound && d->state == DEPLOYMENT_PROCESSING;
}

bool deployment_charge(struct db *db, const struct deployment_row *old, const struct deployment_row *new,
                       struct err *err)
{
    bool shared = false;
    if (at_work(old) ==
        at_work(new)) /* what ends with its first commit held the certificate already: journal.c */
        return true;
    cleanup(arena_free_p) struct arena *a = arena_new(UNIT_BYTES);
    struct unit unit;
    if (!load_unit(db, a, new->task_id, new->resource_id, &unit, err))
        return false;
    if (at_work(new))
        return unit.held + unit.used > 0 || hold(db, new, err);
    if (unit.used > 0)
        return true;
    bool delivered = new->state == DEPLOYMENT_SUCCESS && !new->already_bound;
    if (unit.held < 1)
        return !delivered ||
               err_set(err, ERR_INTERNAL, "deployment %lld was at work without quota", (long long)new->id);
    if (delivered)
        return settle(db, &unit, new->id, true, err);
    return is_shared(db, new, &shared, err) && (shared || settle(db, &unit, new->id, false, err));
}

bool deployment_release(struct db *db, int64_t task_id, bool all, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(UNIT_BYTES);
    int64_t *resources;
    size_t count;
    if (!row_ids(db, SQL_QUOTA_HELD_OF_TASK, VALUES(value_int(task_id)), a, &resources, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct deployment_row nobody = {.task_id = task_id, .resource_id = resources[i]};
        struct unit unit;
        bool at_work = false;
        if ((!all && !is_shared(db, &nobody, &at_work, err)) ||
            !load_unit(db, a, task_id, resources[i], &unit, err) ||
            (!at_work && !settle(db, &unit, unit.last.deployment_id, false, err)))
            return false;
    }
    return true;
}

/* test_support.h - an open store per test, and its verbs without ceremony. For tests only. */
#pragma once
#include "crypto/test_support.h"
#include "store/access.h"
#include "store/certificate.h"
#include "store/owner.h"
#include "store/quota.h"
#include "store/resource.h"
#include "store/room.h"
#include "store/rows.h"
#include "store/task.h"

struct yard {
    struct bench *b;
    struct seal *seal;
    struct clock_manual clock;
    struct store *s;
    struct db *db;   /* a connection of the test's own, where each call commits */
    struct arena *a; /* the bench's */
    struct err err;
};

#define assert_ok(y, call)                                                                                   \
    do {                                                                                                     \
        if (!(call))                                                                                         \
            fail_msg("%s: %s", #call, (y)->err.text);                                                        \
    } while (0)
#define assert_err(y, expected, call)                                                                        \
    do {                                                                                                     \
        (y)->err = (struct err){0};                                                                          \
        if (call)                                                                                            \
            fail_msg("%s: taken", #call);                                                                    \
        if ((y)->err.kind != (expected))                                                                     \
            fail_msg("%s: %s: %s", #call, err_kind_name((y)->err.kind), (y)->err.text);                      \
    } while (0)

static inline int yard_begin(void **state)
{
    struct yard *y = calloc(1, sizeof *y);
    if (!y || bench_begin((void **)&y->b) != 0)
        return -1;
    y->a = y->b->a;
    y->clock = clock_manual_at(NOW_MS);
    *state = y;
    bool ok = seal_load(bench_path(y->b, "master.key"), true, &y->seal, &y->err) &&
              store_open(bench_path(y->b, "data"), y->seal, &y->clock.clock, &y->s, &y->err) &&
              db_open(bench_path(y->b, "data"), DB_WRITER, y->s, &y->db, &y->err);
    return ok ? 0 : -1;
}

static inline int yard_end(void **state)
{
    struct yard *y = *state;
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    y->seal = seal_free(y->seal);
    void *bench = y->b;
    free(y);
    return bench_end(&bench);
}

static inline void yard_reopen(struct yard *y)
{
    y->db = db_close(y->db);
    y->s = store_close(y->s);
    assert_ok(y, store_open(bench_path(y->b, "data"), y->seal, &y->clock.clock, &y->s, &y->err));
    assert_ok(y, db_open(bench_path(y->b, "data"), DB_WRITER, y->s, &y->db, &y->err));
}

#define yard_test(f) cmocka_unit_test_setup_teardown(f, yard_begin, yard_end)

/* Rows that are complete enough; a test changes what it is about. */
static inline int64_t yard_id(struct yard *y)
{
    return store_new_id(y->s);
}

static inline struct certificate_row yard_certificate(struct yard *y, const char *name,
                                                      const char *fingerprint)
{
    return (struct certificate_row){.id = yard_id(y),
                                    .owner = "uid:1000",
                                    .name = name,
                                    .kind = "uploaded",
                                    .fingerprint = fingerprint,
                                    .serial = "01ab",
                                    .issuer = "CN=Test CA",
                                    .common_name = "example.com",
                                    .domains = "[\"example.com\",\"*.example.com\"]",
                                    .key_type = "ecdsa",
                                    .key_bits = 256,
                                    .not_before_ms = NOW_MS - DAY_MS,
                                    .not_after_ms = NOW_MS + 80 * DAY_MS,
                                    .chain_complete = true,
                                    .warnings = "[]",
                                    .leaf_pem = "LEAF",
                                    .chain_pem = "CHAIN"};
}

static inline struct access_row yard_access(struct yard *y, const char *name)
{
    return (struct access_row){.id = yard_id(y),
                               .owner = "uid:1000",
                               .name = name,
                               .cloud = "aliyun",
                               .key_id = "LTAI0001",
                               .key_source = "stored",
                               .secret_command = "",
                               .role = "",
                               .external_id = "",
                               .site = "china",
                               .regions = "[\"cn-hangzhou\"]",
                               .calls_per_second = 12.5,
                               .read_only = true,
                               .state = "unchecked"};
}

static inline struct task_row yard_task(struct yard *y, const char *name)
{
    return (struct task_row){.id = yard_id(y),
                             .owner = "uid:1000",
                             .name = name,
                             .state = "editing",
                             .selection = "{}",
                             .notes = "{}",
                             .verify = true};
}

static inline struct deployment_row yard_deployment(struct yard *y, int64_t task, int64_t certificate,
                                                    int64_t access)
{
    return (struct deployment_row){.id = yard_id(y),
                                   .owner = "uid:1000",
                                   .task_id = task,
                                   .certificate_id = certificate,
                                   .resource_id = 7,
                                   .access_id = access,
                                   .product = "aliyun/cdn",
                                   .vendor_id = "www.example.com",
                                   .title = "www.example.com",
                                   .lock = "cdn:www.example.com",
                                   .slot = "default",
                                   .names = "[\"www.example.com\"]",
                                   .reason = "www.example.com covered by *.example.com (rule)",
                                   .old = "[]",
                                   .holds = "[]"};
}

/* Why the ledger of quota and the deployments contradict each other; "" if they do not. Any reader's connection. */
static inline const char *quota_fault_of_task(struct db *db, struct arena *a, int64_t task)
{
    struct deployment_row *d = NULL;
    struct quota_row *e = NULL;
    size_t count = 0, entries = 0;
    struct err err = {0};
    if (!store_deployment_list(db, a, task, &(struct page){.limit = 1000}, &d, &count, &err) ||
        !store_quota_statement(db, a, &(struct page){.limit = 1000}, task, &e, &entries, &err))
        return arena_strdup(a, err.text);
    for (size_t i = 0; i < count; i++) {
        int64_t held = 0, used = 0, at_work = 0, delivered = 0;
        for (size_t k = 0; k < entries; k++)
            if (e[k].resource_id == d[i].resource_id)
                held += e[k].held, used += e[k].used;
        for (size_t k = 0; k < count; k++)
            if (d[k].resource_id == d[i].resource_id && d[k].charged && !d[k].already_bound) {
                at_work += d[k].state == DEPLOYMENT_PROCESSING;
                delivered += d[k].state == DEPLOYMENT_SUCCESS || d[k].state == DEPLOYMENT_ROLLBACK_SUCCESS;
            }
        if (held < 0 || used < 0 || held + used > 1 || (held && !at_work) || (at_work && !held && !used) ||
            (delivered && !used))
            return arena_printf(a, "%s: held %lld, used %lld, %lld at work, %lld delivered", d[i].title,
                                (long long)held, (long long)used, (long long)at_work, (long long)delivered);
    }
    return "";
}

/* The invariants of quota over the whole store: units of every task, and no account below zero. */
static inline bool yard_quota_holds(struct yard *y)
{
    struct task_row *tasks = NULL;
    const char **accounts = NULL;
    size_t count = 0;
    assert_ok(y, store_task_list(y->db, y->a, &(struct page){.limit = 1000}, &(struct task_filter){0}, &tasks,
                                 &count, &y->err));
    for (size_t i = 0; i < count; i++) {
        const char *fault = quota_fault_of_task(y->db, y->a, tasks[i].id);
        if (*fault)
            fail_msg("task %lld: %s", (long long)tasks[i].id, fault);
    }
    assert_ok(y, store_quota_accounts(y->db, y->a, &accounts, &count, &y->err));
    for (size_t i = 0; i < count; i++) {
        struct quota_balance b;
        assert_ok(y, store_quota_balance(y->db, accounts[i], &b, &y->err));
        if (b.available < 0 || b.held < 0 || b.total != b.available + b.held + b.used)
            fail_msg("account \"%s\": %lld of %lld left, %lld held, %lld used", accounts[i],
                     (long long)b.available, (long long)b.total, (long long)b.held, (long long)b.used);
    }
    return true;
}

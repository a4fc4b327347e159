/* test_support.h - an open store per test, and its verbs without ceremony. For tests only. */
#pragma once
#include "crypto/test_support.h"
#include "store/access.h"
#include "store/certificate.h"
#include "store/resource.h"
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

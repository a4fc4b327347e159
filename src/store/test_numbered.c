/* Lists by page number, and nonces. */
#include "store/numbered.h"

#include "store/nonce.h"
#include "store/test_support.h"

#define MINE "uid:1000"

static const struct numbered first_two = {0, 2}, next_two = {2, 2}, many = {0, 1000};

static int64_t add_task(struct yard *y, const char *owner, const char *state, const char *type)
{
    struct task_row task = yard_task(y, "t");
    task.owner = owner;
    task.state = state;
    task.type = type;
    assert_ok(y, store_task_add(y->db, &task, NULL, 0, &y->err));
    return task.id;
}

static void R103_tasks_are_numbered_within_their_owner_newest_first(void **state)
{
    struct yard *y = *state;
    struct task_row *rows;
    size_t count;
    int64_t total, ids[3];
    struct task_numbered_filter all = {0};
    for (size_t i = 0; i < 3; i++)
        ids[i] = add_task(y, MINE, "editing", "user");
    add_task(y, "other", "editing", "user");
    assert_ok(y, store_task_numbered(y->db, y->a, MINE, &all, &first_two, &rows, &count, &total, &y->err));
    assert_int_equal(total, 3);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, ids[2]);
    assert_ok(y, store_task_numbered(y->db, y->a, MINE, &all, &next_two, &rows, &count, &total, &y->err));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, ids[0]);
    assert_int_equal(total, 3);
}

static void R103_tasks_are_filtered_by_state_and_type(void **state)
{
    struct yard *y = *state;
    struct task_row *rows;
    size_t count;
    int64_t total;
    add_task(y, MINE, "cancelled", "user");
    add_task(y, MINE, "error", "cloud");
    int64_t derived = add_task(y, MINE, "success", "");
    struct task_numbered_filter ended = {.state = "error"}, cloud = {.type = "cloud"},
                                user = {.type = "user"};
    assert_ok(y, store_task_numbered(y->db, y->a, MINE, &ended, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 2);
    assert_ok(y, store_task_numbered(y->db, y->a, MINE, &cloud, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 1);
    assert_string_equal(rows[0].type, "cloud");
    assert_ok(y, store_task_numbered(y->db, y->a, MINE, &user, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 2); /* what has no deployment is one in Alibaba Cloud alone */
    assert_int_equal(rows[0].id, derived);
}

static void add_certificate(struct yard *y, const char *name, int64_t left_days, bool revoked)
{
    struct certificate_row row = yard_certificate(y, name, name);
    row.not_before_ms = NOW_MS - 60 * DAY_MS;
    row.not_after_ms = NOW_MS + left_days * DAY_MS;
    row.revoked = revoked;
    assert_ok(y, store_certificate_add(y->db, &row, NULL, NULL, &y->err));
}

static void R35_certificates_are_counted_by_status(void **state)
{
    struct yard *y = *state;
    static const struct {
        const char *status;
        int64_t total;
    } cases[] = {{NULL, 5},      {"valid", 3},  {"issued", 1}, {"about_to_expire", 2},
                 {"expired", 1}, {"revoked", 1}};
    add_certificate(y, "good", 60, false);
    add_certificate(y, "soon", 29, false);
    add_certificate(y, "sooner", 1, false);
    add_certificate(y, "gone", -1, false);
    add_certificate(y, "revoked", 60, true);
    for (size_t i = 0; i < countof(cases); i++) {
        struct certificate_numbered_filter filter = {.status = cases[i].status, .now_ms = NOW_MS};
        struct certificate_row *rows;
        size_t count;
        int64_t total;
        assert_ok(y, store_certificate_numbered(y->db, y->a, MINE, &filter, &many, &rows, &count, &total,
                                                &y->err));
        assert_int_equal(total, cases[i].total);
        assert_int_equal(count, total);
    }
    struct certificate_numbered_filter soon = {.text = "SOON", .now_ms = NOW_MS};
    struct certificate_row *rows;
    size_t count;
    int64_t total;
    assert_ok(y, store_certificate_numbered(y->db, y->a, MINE, &soon, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 2);
    assert_ok(y,
              store_certificate_numbered(y->db, y->a, "other", &soon, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 0);
}

static int64_t add_access(struct yard *y, const char *name, const char *cloud)
{
    struct access_row row = yard_access(y, name);
    row.cloud = cloud;
    row.key_id = name;
    assert_ok(y, store_access_add(y->db, &row, bench_secret(y->b, "s"), NULL, &y->err));
    return row.id;
}

static void the_own_account_is_the_first_access_of_its_cloud(void **state)
{
    struct yard *y = *state;
    struct access_row own, *rows;
    size_t count;
    int64_t total, first = add_access(y, "a1", "aliyun");
    add_access(y, "a2", "aliyun");
    add_access(y, "t1", "tencent");
    assert_ok(y, store_access_own(y->db, y->a, MINE, "aliyun", &own, &y->err));
    assert_int_equal(own.id, first);
    assert_err(y, ERR_NOT_FOUND, store_access_own(y->db, y->a, "other", "aliyun", &own, &y->err));
    struct access_numbered_filter others = {.without = first};
    assert_ok(y, store_access_numbered(y->db, y->a, MINE, &others, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 2);
    struct access_numbered_filter one = {.cloud = "tencent", .key_id = "t1"};
    assert_ok(y, store_access_numbered(y->db, y->a, MINE, &one, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 1);
}

static void add_resource(struct yard *y, int64_t access, const char *product, const char *id)
{
    struct resource_name name = {id, EVIDENCE_DOMAIN};
    struct bound bound = {.slot = "default",
                          .ref = "r",
                          .name = "",
                          .fingerprint = "f1",
                          .serial = "",
                          .key_type = "",
                          .issuer = ""};
    struct resource r = {.access_id = access,
                         .owner = "",
                         .product = product,
                         .region = "",
                         .vendor_id = id,
                         .title = id,
                         .names = &name,
                         .name_count = 1,
                         .https = true,
                         .bound = &bound,
                         .bound_count = 1,
                         .host = "",
                         .reach = "public",
                         .lock = id,
                         .alias_of = "",
                         .managed_by = "",
                         .unfit = "",
                         .extra = "{}",
                         .generation = 1};
    assert_ok(y, store_resource_put(y->db, y->s, &r, &y->err));
}

static void R83_resources_are_numbered_over_several_accesses(void **state)
{
    struct yard *y = *state;
    int64_t accesses[] = {add_access(y, "a1", "aliyun"), add_access(y, "a2", "aliyun")};
    struct resource *rows;
    size_t count;
    int64_t total;
    struct resource_numbered_filter all = {0}, cdn = {.product = "aliyun/cdn"}, text = {.text = "B.EX"};
    add_resource(y, accesses[0], "aliyun/cdn", "a.example.com");
    add_resource(y, accesses[0], "aliyun/dcdn", "b.example.com");
    add_resource(y, accesses[1], "aliyun/cdn", "c.example.com");
    for (size_t i = 0; i < 3; i++) {
        struct numbered at = {i, 2};
        assert_ok(y, store_resource_numbered(y->db, y->a, accesses, 2, &all, &at, &rows, &count, &total,
                                             &y->err));
        assert_int_equal(total, 3);
        assert_int_equal(count, i < 2 ? 2 : 1);
    }
    assert_string_equal(rows[0].vendor_id, "c.example.com");
    assert_ok(y,
              store_resource_numbered(y->db, y->a, accesses, 2, &cdn, &many, &rows, &count, &total, &y->err));
    assert_int_equal(total, 2);
    assert_ok(y, store_resource_numbered(y->db, y->a, accesses, 1, &text, &many, &rows, &count, &total,
                                         &y->err));
    assert_int_equal(count, 1);
    struct resource_numbered_filter wide = {.text = "example"};
    assert_ok(y, store_resource_numbered(y->db, y->a, accesses, 2, &wide, &(struct numbered){1, 2}, &rows,
                                         &count, &total, &y->err));
    assert_int_equal(count, 2);
    assert_int_equal(total, 3);
    assert_string_equal(rows[1].vendor_id, "c.example.com");
    struct certificate_row held = yard_certificate(y, "held", "f1");
    assert_ok(y, store_certificate_add(y->db, &held, NULL, NULL, &y->err));
    struct resource_numbered_filter holding = {.certificates =
                                                   arena_printf(y->a, ",7,%lld,", (long long)held.id)},
                                    none = {.certificates = ",7,"};
    assert_ok(y, store_resource_numbered(y->db, y->a, accesses, 2, &holding, &many, &rows, &count, &total,
                                         &y->err));
    assert_int_equal(total, 3);
    assert_ok(y, store_resource_numbered(y->db, y->a, accesses, 2, &none, &many, &rows, &count, &total,
                                         &y->err));
    assert_int_equal(total, 0);
    struct product_count *products;
    assert_ok(y, store_resource_products(y->db, y->a, accesses[0], &products, &count, &y->err));
    assert_int_equal(count, 2);
    assert_string_equal(products[0].product, "aliyun/cdn");
}

static void R140_a_nonce_counts_once_per_key_also_after_a_restart(void **state)
{
    struct yard *y = *state;
    bool new = false;
    assert_ok(y, store_nonce_use(y->db, "key", "n", NOW_MS + 1000, &new, &y->err));
    assert_true(new);
    yard_reopen(y);
    assert_ok(y, store_nonce_use(y->db, "key", "n", NOW_MS + 1000, &new, &y->err));
    assert_false(new);
    assert_ok(y, store_nonce_use(y->db, "ke", "yn", NOW_MS + 1000, &new, &y->err));
    assert_true(new);
    y->clock.now_ms += 1000;
    assert_ok(y, store_nonce_use(y->db, "key", "n", NOW_MS + 1000, &new, &y->err));
    assert_false(new); /* to the last moment */
}

static void R140_nonces_of_requests_that_are_too_old_are_forgotten(void **state)
{
    struct yard *y = *state;
    int64_t left = 0;
    bool new = false;
    for (int i = 0; i < 40; i++)
        assert_ok(y,
                  store_nonce_use(y->db, "key", arena_printf(y->a, "%d", i), NOW_MS + 1000, &new, &y->err));
    y->clock.now_ms += 1001;
    for (int i = 0; i < 4; i++)
        assert_ok(y, store_nonce_use(y->db, "key", arena_printf(y->a, "late %d", i), NOW_MS + 9000, &new,
                                     &y->err));
    assert_ok(y,
              db_run(y->db, SQL_NONCE_FORGET, VALUES(value_int(INT64_MAX), value_int(1000)), &left, &y->err));
    assert_int_equal(left, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(R103_tasks_are_numbered_within_their_owner_newest_first),
        yard_test(R103_tasks_are_filtered_by_state_and_type),
        yard_test(R35_certificates_are_counted_by_status),
        yard_test(the_own_account_is_the_first_access_of_its_cloud),
        yard_test(R83_resources_are_numbered_over_several_accesses),
        yard_test(R140_a_nonce_counts_once_per_key_also_after_a_restart),
        yard_test(R140_nonces_of_requests_that_are_too_old_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

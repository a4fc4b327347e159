#include "cloud/product.h"

#include "base/test.h"

static struct binding holding(struct bound *bound, size_t count)
{
    return (struct binding){.https = count > 0,
                            .ready = true,
                            .etag = "",
                            .bound = bound,
                            .bound_count = count,
                            .settings = "{}"};
}

static struct bound entry(const char *slot, const char *ref)
{
    return (struct bound){
        .slot = slot, .ref = ref, .name = "", .fingerprint = "", .serial = "", .key_type = "", .issuer = ""};
}

/* One place: what it holds (NULL: nothing), the goal, what the goal replaces. */
static void R_a_place_is_done_open_or_somebody_elses(void **state)
{
    static const struct {
        const char *held, *add, *remove;
        enum change_progress progress;
    } cases[] = {
        {"new", "new", "old", CHANGE_DONE},
        {"old", "new", "old", CHANGE_OPEN},
        {"other", "new", "old", CHANGE_FOREIGN},
        {NULL, "new", "old", CHANGE_FOREIGN}, /* switched off meanwhile */
        {NULL, "new", NULL, CHANGE_OPEN},
        {"new", "new", NULL, CHANGE_DONE},
        {"other", "new", NULL, CHANGE_FOREIGN},
        {NULL, NULL, "new", CHANGE_DONE},
        {"new", NULL, "new", CHANGE_OPEN},
        {"other", NULL, "new", CHANGE_FOREIGN},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct bound bound[] = {entry("sni", "new"), entry("default", cases[i].held)};
        struct binding now = holding(bound, cases[i].held ? 2 : 1);
        struct change change = {.slot = "default",
                                .add = (const char *[]){cases[i].add},
                                .add_count = cases[i].add != NULL,
                                .remove = (const char *[]){cases[i].remove},
                                .remove_count = cases[i].remove != NULL};
        if (change_progress(&now, &change) != cases[i].progress)
            fail_msg("case %zu", i);
    }
}

static void R_a_set_leaves_the_entries_of_others_alone(void **state)
{
    static const struct {
        const char *held[3];
        enum change_progress progress;
    } cases[] = {
        {{"new", "other"}, CHANGE_DONE}, {{"new", "old", "other"}, CHANGE_OPEN},
        {{"old", "other"}, CHANGE_OPEN}, {{"other"}, CHANGE_OPEN},
        {{NULL}, CHANGE_OPEN},
    };
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct bound bound[3];
        size_t count = 0;
        for (; count < 3 && cases[i].held[count]; count++)
            bound[count] = entry("sni", cases[i].held[count]);
        struct binding now = holding(bound, count);
        struct change change = {.slot = "sni",
                                .add = (const char *[]){"new"},
                                .add_count = 1,
                                .remove = (const char *[]){"old"},
                                .remove_count = 1};
        if (change_progress(&now, &change) != cases[i].progress)
            fail_msg("case %zu", i);
    }
}

static void R_the_reverse_of_a_change_exchanges_its_sides(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct change change = {.slot = "sni",
                            .add = (const char *[]){"n"},
                            .add_count = 1,
                            .remove = (const char *[]){"a", "b"},
                            .remove_count = 2};
    struct change back = change_reverse(a, &change);
    assert_string_equal(back.slot, "sni");
    assert_true(back.add_count == 2 && back.remove_count == 1);
    assert_string_equal(back.add[1], "b");
    struct change again = change_reverse(a, &back);
    assert_string_equal(change_to_json(a, &again), change_to_json(a, &change));
}

static void R_changes_and_bindings_survive_the_journal(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct err err;
    struct change change = {.slot = "d\"\\\n",
                            .add = (const char *[]){"r:1/\"x\""},
                            .add_count = 1,
                            .remove_count = 0},
                  read;
    assert_true(change_from_json(a, change_to_json(a, &change), &read, &err));
    assert_string_equal(read.slot, change.slot);
    assert_string_equal(read.add[0], change.add[0]);
    assert_int_equal(read.remove_count, 0);
    struct bound bound[] = {entry("default", "1-cn-hangzhou"), entry("sni", "2-cn-hangzhou")};
    bound[0].names = (const char *[]){"a.example", "*.a.example"};
    bound[0].name_count = 2;
    bound[0].not_after_ms = 1795200000000;
    struct binding before = holding(bound, 2), back;
    before.failed = "it \"failed\"";
    before.settings = "{\"http2\":true}";
    assert_true(binding_from_json(a, binding_to_json(a, &before), &back, &err));
    assert_true(back.https && back.ready && back.bound_count == 2);
    assert_string_equal(back.failed, before.failed);
    assert_string_equal(back.settings, before.settings);
    assert_string_equal(back.bound[0].names[1], "*.a.example");
    assert_int_equal(back.bound[0].not_after_ms, 1795200000000);
    assert_string_equal(binding_to_json(a, &back), binding_to_json(a, &before));
}

static void R_a_damaged_journal_is_refused(void **state)
{
    static const char *const changes[] = {"", "{", "[]", "{}", "{\"slot\":\"\"}", "{\"slot\":1}"};
    static const char *const bindings[] = {"", "nonsense", "{\"bound\":[}"};
    (void)state;
    TEST_ARENA(a);
    struct err err;
    struct change change;
    struct binding binding;
    for (size_t i = 0; i < countof(changes); i++)
        assert_false(change_from_json(a, changes[i], &change, &err));
    for (size_t i = 0; i < countof(bindings); i++)
        assert_false(binding_from_json(a, bindings[i], &binding, &err));
}

static void R_an_old_key_comes_back_with_the_binding_and_stays_a_secret(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new_secret(1 << 20);
    struct binding before = {.https = true, .ready = true, .etag = "7", .settings = "{}"}, after;
    struct err err;
    before.vault = secret_in(a, secret_new("{\"key\":1}", 9));
    assert_true(binding_from_json(a, binding_to_json(a, &before), &after, &err));
    assert_true(secret_equal(before.vault, after.vault));
    before.vault = NULL;
    assert_true(binding_from_json(a, binding_to_json(a, &before), &after, &err));
    assert_null(after.vault);
}

static void R_a_set_has_ours_where_the_first_that_goes_was(void **state)
{
    static const struct {
        const char *add, *remove, *after;
    } rows[] = {{"n", "b", "a n c"},
                {"n", NULL, "a b c n"},
                {NULL, "b", "a c"},
                {"c", "a", "c b"},
                {NULL, NULL, "a b c"}};
    (void)state;
    TEST_ARENA(a);
    struct bound bound[] = {entry("default", "d"), entry("sni", "a"), entry("sni", "b"), entry("sni", "b"),
                            entry("sni", "c")};
    struct binding now = holding(bound, countof(bound));
    for (size_t i = 0; i < countof(rows); i++) {
        struct change change = {.slot = "sni",
                                .add = (const char *[]){rows[i].add},
                                .add_count = rows[i].add != NULL,
                                .remove = (const char *[]){rows[i].remove},
                                .remove_count = rows[i].remove != NULL};
        size_t count;
        const char **refs = set_after(a, &now, &change, &count);
        const char *text = "";
        for (size_t k = 0; k < count; k++)
            text = arena_printf(a, "%s%s%s", text, k ? " " : "", refs[k]);
        assert_string_equal(text, rows[i].after);
    }
}

static void R_what_no_call_binds_again_is_said_and_never_sent(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct err err = {0};
    struct job job = {.arena = a, .product = product_find("aliyun/oss")};
    const struct resource r = {.title = "x.example"};
    const struct bound uploaded = entry("default", "upload:7"), stored = entry("default", "7-cn-hangzhou");
    const struct binding now = {.https = true};
    const struct change back = {.slot = "default", .add = (const char *[]){"upload:7"}, .add_count = 1};
    const char *why = NULL;
    assert_true(product_asks_for_old_key(job.product));
    assert_true(product_old_key(&job, &r, &uploaded, &why, &err));
    assert_non_null(strstr(why, "uploaded to OSS"));
    assert_true(product_old_key(&job, &r, &stored, &why, &err));
    assert_null(why);
    assert_false(
        product_bind(&job, &r, &now, &back, NULL, &err)); /* there is no session: it would not end well */
    assert_int_equal(err.kind, ERR_INPUT);
}

static void R_what_one_listing_leaves_for_another_outlives_its_page(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct links l = {0};
    char page[] = "r1";
    size_t at = 0;
    links_add(a, &l, page, "listener-1");
    page[1] = '9'; /* the page goes */
    links_add(a, &l, "r2", "listener-2");
    links_add(a, &l, "r1", "listener-3");
    assert_string_equal(links_to(&l, "r1"), "listener-1");
    assert_null(links_to(&l, "r9"));
    assert_string_equal(links_next(&l, "r1", &at), "listener-1");
    assert_string_equal(links_next(&l, "r1", &at), "listener-3");
    assert_null(links_next(&l, "r1", &at));
    assert_false(links_add_first(a, &l, "r2", "other"));
    assert_true(links_add_first(a, &l, "r3", "other"));
    assert_int_equal(l.count, 4);
    for (size_t i = 0; i < 100; i++)
        links_add(a, &l, "many", "x");
    assert_string_equal(links_to(&l, "r3"), "other");
}

static void R_a_listener_has_its_load_balancers_entry_lock_and_owner(void **state)
{
    static const struct {
        int64_t told;
        unsigned port;
    } ports[] = {{8443, 8443}, {0, 443}, {-1, 443}, {65536, 443}};
    (void)state;
    TEST_ARENA(a);
    struct job job = {.arena = a, .product = product_find("aliyun/alb")};
    struct balancers l = {0};
    balancers_add(a, &l, &(struct balancer){.id = "lb-1", .name = "shop", .managed_by = "ack:c1"});
    const struct balancer known = balancers_find(&l, "lb-1"), unknown = balancers_find(&l, "lb-2");
    struct resource r = resource_of_listener(&job, &known, "lsn-1", "QUIC", 443);
    assert_string_equal(r.title, "shop QUIC:443");
    assert_string_equal(r.lock, "alb:lb-1");
    assert_string_equal(r.managed_by, "ack:c1");
    assert_true(r.quic && !*r.host);
    r = resource_of_listener(&job, &unknown, "lsn-2", "HTTPS", 443);
    assert_string_equal(r.title, "lb-2 HTTPS:443");
    assert_string_equal(r.reach, "unknown");
    for (size_t i = 0; i < countof(ports); i++)
        assert_int_equal(resource_of_listener(&job, &known, "x", "HTTPS", ports[i].told).port, ports[i].port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_a_place_is_done_open_or_somebody_elses),
        cmocka_unit_test(R_a_set_leaves_the_entries_of_others_alone),
        cmocka_unit_test(R_the_reverse_of_a_change_exchanges_its_sides),
        cmocka_unit_test(R_changes_and_bindings_survive_the_journal),
        cmocka_unit_test(R_a_damaged_journal_is_refused),
        cmocka_unit_test(R_a_set_has_ours_where_the_first_that_goes_was),
        cmocka_unit_test(R_what_no_call_binds_again_is_said_and_never_sent),
        cmocka_unit_test(R_what_one_listing_leaves_for_another_outlives_its_page),
        cmocka_unit_test(R_a_listener_has_its_load_balancers_entry_lock_and_owner),
        cmocka_unit_test(R_an_old_key_comes_back_with_the_binding_and_stays_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

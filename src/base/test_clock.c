#include "base/clock.h"

#include "base/test.h"

static void bad_times_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "now",
        "2026",
        "2026-11-20T19:33",
        "2026-11-20T19:33:00",
        "2026-11-20 19:33:00Z",
        "2026-13-01",
        "2026-00-01",
        "2026-02-30",
        "2026-02-29",
        "2026-11-20T24:00Z",
        "2026-11-20T19:60Z",
        "2026-11-20T19:33:60Z",
        "2026-11-20T19:33Zx",
        "2026-11-20T19:33+8",
        "2026-11-20T19:33+15:00",
        "2026-11-20T19:33:00.Z",
        "1969-12-31",
        "-026-11-20",
        "2026-11-20Z",
        "2026-11-20T19:33:0aZ",
        " 2026-11-20",
    };
    for (size_t i = 0; i < countof(cases); i++) {
        int64_t ms = 42;
        struct err err = {0};
        if (time_parse(cases[i], &ms, &err))
            fail_msg("accepted %s", cases[i]);
        assert_int_equal(ms, 42);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static void good_times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00Z", 0},
        {"2026-11-20T19:33:09Z", 1795203189000},
        {"2026-11-20T19:33:09.123Z", 1795203189123},
        {"2026-11-20T19:33:09.5Z", 1795203189500},
        {"2026-11-20T19:33:09.123456789Z", 1795203189123},
        {"2026-11-21T03:33:09+08:00", 1795203189000},
        {"2026-11-21T03:33:09+0800", 1795203189000},
        {"2026-11-20T14:33:09-05:00", 1795203189000},
        {"2024-02-29T00:00:00Z", 1709164800000},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        int64_t ms = -1;
        struct err err = {0};
        if (!time_parse(cases[i].text, &ms, &err))
            fail_msg("refused %s: %s", cases[i].text, err.text);
        assert_int_equal(ms, cases[i].ms);
    }
}

static void http_dates(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Fri, 20 Nov 2026",
        "Fri, 20 Nox 2026 19:33:09 GMT",
        "Fri, 20 ovD 2026 19:33:09 GMT",
        "2026-11-20T19:33:09Z",
        "Fri, 32 Nov 2026 19:33:09 GMT",
        "Fri, 20 Nov 2026 25:33:09 GMT",
        "Fri, 20 Nov 2026 19:33:09 EST",
    };
    int64_t ms = 42;
    for (size_t i = 0; i < countof(bad); i++)
        if (time_parse_http(bad[i], &ms))
            fail_msg("accepted %s", bad[i]);
    assert_int_equal(ms, 42);
    assert_true(time_parse_http("Fri, 20 Nov 2026 19:33:09 GMT", &ms));
    assert_int_equal(ms, 1795203189000);
}

static void times_are_spelled(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_string_equal(time_iso(a, 1795203189999), "2026-11-20T19:33:09Z");
    assert_string_equal(time_basic(a, 1795203189000), "20261120T193309Z");
    assert_string_equal(time_iso(a, -1), "1969-12-31T23:59:59Z"); /* rounds down before 1970 too */
    assert_string_equal(time_format(a, 0, "%Y%m%d"), "19700101");
}

static void a_manual_clock_stands_still(void **state)
{
    (void)state;
    struct clock_manual manual = clock_manual_at(5);
    assert_int_equal(clock_wall_ms(&manual.clock), 5);
    manual.now_ms = 9;
    assert_int_equal(clock_wall_ms(&manual.clock), 9);
    assert_int_equal(clock_monotonic_ms(&manual.clock), 9);
    assert_true(clock_wall_ms(&clock_system) > 1700000000000);
    int64_t before = clock_monotonic_ms(&clock_system);
    assert_true(clock_monotonic_ms(&clock_system) >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_times_are_refused),
        cmocka_unit_test(good_times_are_read),
        cmocka_unit_test(http_dates),
        cmocka_unit_test(times_are_spelled),
        cmocka_unit_test(a_manual_clock_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

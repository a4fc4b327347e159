#include "task/window.h"

#include "base/clock.h"
#include "base/test.h"
#include "task/waves.h"

static struct arena *a;

static int begin(void **state)
{
    (void)state;
    a = arena_new(8 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    a = arena_free(a);
    return 0;
}

static int64_t utc(const char *text)
{
    struct err err = {0};
    int64_t ms = 0;
    if (!time_parse(text, &ms, &err))
        fail_msg("%s", err.text);
    return ms;
}

static void what_is_no_window(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "Sat",
        "Sat 02:00",
        "Sat 02:00-",
        "Sat 2:00-5:00",
        "Sat 02:00-02:00",
        "Sat 24:00-25:00",
        "Sat 24:00-01:00",
        "Sat 02:60-03:00",
        "Saturday 02:00-03:00",
        "Sat, Sun 02:00-03:00",
        "Sat,02:00-03:00",
        "Fun 02:00-03:00",
        "02:00-05:00 Sat",
        "02:00-05:00;",
        "Mon- 02:00-05:00",
        "Sat,Sun,Mon,Tue,Wed,Thu,Fri,Sat,Sun,Mon,Tue,Wed,Thu,Fri,Sat,Sun 02:00-05:00",
    };
    for (size_t i = 0; i < countof(texts); i++) {
        struct window w;
        struct err err = {0};
        if (window_parse(texts[i], &w, &err))
            fail_msg("\"%s\" was taken", texts[i]);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static void windows_open_and_close(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *windows[2], *now, *until, *next; /* until NULL: shut */
    } cases[] = {
        /* 2026-12-05 is a Saturday. */
        {"UTC", {"Sat,Sun 02:00-05:00"}, "2026-12-05T02:00:00Z", "2026-12-05T05:00:00Z", NULL},
        {"UTC", {"sat,SUN 02:00-05:00"}, "2026-12-05T04:59:59Z", "2026-12-05T05:00:00Z", NULL},
        {"UTC", {"Sat,Sun 02:00-05:00"}, "2026-12-05T05:00:00Z", NULL, "2026-12-06T02:00:00Z"},
        {"UTC", {"Sat,Sun 02:00-05:00"}, "2026-12-06T05:00:00Z", NULL, "2026-12-12T02:00:00Z"},
        {"UTC", {"Mon-Fri 22:00-04:00"}, "2026-12-05T03:59:00Z", "2026-12-05T04:00:00Z", NULL}, /* Friday's */
        {"UTC", {"Mon-Fri 22:00-04:00"}, "2026-12-06T03:59:00Z", NULL, "2026-12-07T22:00:00Z"},
        {"UTC", {"Sat-Mon 10:00-11:00"}, "2026-12-07T10:30:00Z", "2026-12-07T11:00:00Z", NULL},
        {"UTC", {"02:00-05:00"}, "2026-12-05T06:00:00Z", NULL, "2026-12-06T02:00:00Z"},
        {"UTC", {"00:00-24:00"}, "2026-12-05T23:59:59Z", "2026-12-06T00:00:00Z", NULL},
        {"UTC", {"Sat 02:00-05:00", "Sat 04:00-06:00"}, "2026-12-05T04:30:00Z", "2026-12-05T06:00:00Z", NULL},
        {"Europe/Berlin", {"Sat 02:00-05:00"}, "2026-12-05T01:00:00Z", "2026-12-05T04:00:00Z", NULL},
        {"Europe/Berlin", {"Sat 02:00-05:00"}, "2026-12-05T00:59:59Z", NULL, "2026-12-05T01:00:00Z"},
        {"Asia/Shanghai", {"Sat 02:00-05:00"}, "2026-12-04T19:00:00Z", "2026-12-04T21:00:00Z", NULL},
        /* Clocks forward: half of it is not there; a window that is not there at all is left out. */
        {"Europe/Berlin", {"01:30-03:00"}, "2027-03-28T00:45:00Z", "2027-03-28T01:00:00Z", NULL},
        {"Europe/Berlin", {"02:00-03:00"}, "2027-03-28T00:59:00Z", NULL, "2027-03-29T00:00:00Z"},
        /* Clocks back: an hour longer. */
        {"Europe/Berlin", {"01:30-03:00"}, "2027-10-31T01:45:00Z", "2027-10-31T02:00:00Z", NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct window windows[2];
        struct window_state at;
        const struct zone *z = NULL;
        struct err err = {0};
        size_t count = 0;
        assert_true(zone_load(a, cases[i].zone, &z, &err));
        for (; count < 2 && cases[i].windows[count]; count++)
            if (!window_parse(cases[i].windows[count], &windows[count], &err))
                fail_msg("%s", err.text);
        windows_at(z, windows, count, utc(cases[i].now), &at);
        if (at.open != (cases[i].until != NULL) ||
            (at.open ? at.until_ms != utc(cases[i].until) : at.next_ms != utc(cases[i].next)))
            fail_msg("case %zu: %s until %s, next %s", i, at.open ? "open" : "shut", time_iso(a, at.until_ms),
                     time_iso(a, at.next_ms));
    }
    struct window_state always;
    const struct zone *z = NULL;
    struct err err = {0};
    assert_true(zone_load(a, "UTC", &z, &err));
    windows_at(z, NULL, 0, utc("2026-12-05T02:00:00Z"), &always);
    assert_true(always.open);
}

static void what_is_no_wave(void **state)
{
    (void)state;
    static const char *const texts[] =
        {"", "0", "0%", "101%", "-1", "5 %", "5%%", "1.5%", "x", "9999999", "99999999999999999999"};
    for (size_t i = 0; i < countof(texts); i++) {
        struct wave_size size;
        struct err err = {0};
        if (wave_size_parse(texts[i], &size, &err))
            fail_msg("\"%s\" was taken", texts[i]);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static struct deployment_row row(int64_t resource, const char *product, bool bound)
{
    return (struct deployment_row){.resource_id = resource,
                                   .access_id = 1,
                                   .product = product,
                                   .state = DEPLOYMENT_PLANNED,
                                   .already_bound = bound};
}

static void waves_of(const struct deployment_row *rows, size_t count, const char *const *sizes,
                     size_t size_count, int64_t *ret)
{
    struct wave_size parsed[4];
    struct err err = {0};
    for (size_t i = 0; i < size_count; i++)
        assert_true(wave_size_parse(sizes[i], &parsed[i], &err));
    waves_assign(a, rows, count, parsed, size_count, ret);
}

static void a_canary_takes_one_of_each_product_first(void **state)
{
    (void)state;
    struct deployment_row rows[12];
    int64_t waves[12];
    for (size_t i = 0; i < 10; i++)
        rows[i] = row((int64_t)(100 - i), i < 6 ? "aliyun/cdn" : i < 9 ? "aliyun/alb" : "aws/nlb", false);
    rows[10] = row(100, "aliyun/cdn", false); /* one more slot of the first resource */
    rows[11] = row(5, "aliyun/cdn", true);
    rows[0].already_bound = true; /* one of its two slots: the other one is work */
    const char *three[] = {"3"}, *shares[] = {"20%", "50%"};
    waves_of(rows, 12, three, 1, waves);
    const int64_t want[] = {1, 2, 2, 2, 2, 2, 1, 2, 2, 1, 1, 2};
    for (size_t i = 0; i < 12; i++)
        if (waves[i] != want[i])
            fail_msg("row %zu is of wave %lld", i, (long long)waves[i]);
    waves_of(rows, 12, shares, 2, waves); /* 11 resources: 3, 6 and 2 */
    size_t in[4] = {0};
    for (size_t i = 0; i < 12; i++)
        in[waves[i]]++;
    assert_int_equal(in[1], 4); /* slots, with the second one of resource 100 */
    assert_int_equal(in[2], 6);
    assert_int_equal(in[3], 2);
    assert_int_equal(waves[11], 3); /* nothing to learn from it */
}

static void held_rows_are_of_no_wave_and_a_large_wave_takes_all(void **state)
{
    (void)state;
    struct deployment_row rows[] = {row(1, "aws/nlb", false), row(2, "aws/nlb", false)};
    int64_t waves[2];
    const char *many[] = {"50", "100%"};
    rows[1].state = DEPLOYMENT_HELD;
    waves_of(rows, 2, many, 2, waves);
    assert_int_equal(waves[0], 1);
    assert_int_equal(waves[1], 0);
    waves_of(rows, 0, many, 2, waves);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_window),
        cmocka_unit_test(windows_open_and_close),
        cmocka_unit_test(what_is_no_wave),
        cmocka_unit_test(a_canary_takes_one_of_each_product_first),
        cmocka_unit_test(held_rows_are_of_no_wave_and_a_large_wave_takes_all),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

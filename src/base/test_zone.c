#include "base/zone.h"

#include "base/clock.h"
#include "base/test.h"
#include <stdlib.h>
#include <string.h>

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

static const struct zone *zone(const char *name)
{
    const struct zone *z = NULL;
    struct err err = {0};
    if (!zone_load(a, name, &z, &err))
        fail_msg("%s", err.text);
    return z;
}

static void R67_offsets_of_zones_then_and_far_ahead(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *at;
        int64_t minutes;
    } cases[] = {
        {"UTC", "2026-07-01T00:00:00Z", 0},
        {"", "2026-07-01T00:00:00Z", 0},
        {"Europe/Berlin", "2026-01-15T00:00:00Z", 60},
        {"Europe/Berlin", "2026-07-15T00:00:00Z", 120},
        {"Europe/Berlin", "2027-03-28T00:59:59Z", 60},
        {"Europe/Berlin", "2027-03-28T01:00:00Z", 120},
        {"Europe/Berlin", "2027-10-31T00:59:59Z", 120},
        {"Europe/Berlin", "2027-10-31T01:00:00Z", 60},
        {"Europe/Berlin", "2061-07-15T00:00:00Z", 120}, /* beyond the table: the rule behind it */
        {"Europe/Berlin", "2061-12-15T00:00:00Z", 60},
        {"America/New_York", "2060-07-04T12:00:00Z", -240},
        {"America/New_York", "2026-12-04T12:00:00Z", -300},
        {"Australia/Sydney", "2060-01-10T00:00:00Z", 660}, /* summer over the turn of the year */
        {"Australia/Sydney", "2060-07-10T00:00:00Z", 600},
        {"Asia/Shanghai", "2026-12-01T00:00:00Z", 480},
        {"Asia/Kolkata", "2055-12-01T00:00:00Z", 330},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        int64_t minutes = zone_offset_ms(zone(cases[i].zone), utc(cases[i].at)) / 60000;
        if (minutes != cases[i].minutes)
            fail_msg("%s at %s: %lld minutes", cases[i].zone, cases[i].at, (long long)minutes);
    }
}

static void R67_local_times_in_the_gap_and_twice(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local, *want;
        const char *said; /* NULL: nothing */
    } cases[] = {
        {"Europe/Berlin", "2026-12-05 02:00", "2026-12-05T01:00:00Z", NULL},
        {"Europe/Berlin", "2026-12-05T02:00:30", "2026-12-05T01:00:30Z", NULL},
        {"Europe/Berlin", "2027-03-28 01:59", "2027-03-28T00:59:00Z", NULL},
        {"Europe/Berlin", "2027-03-28 02:30", "2027-03-28T01:30:00Z", "does not exist in Europe/Berlin"},
        {"Europe/Berlin", "2027-03-28 03:00", "2027-03-28T01:00:00Z", NULL},
        {"Europe/Berlin", "2027-10-31 02:30", "2027-10-31T00:30:00Z", "is there twice in Europe/Berlin"},
        {"Europe/Berlin", "2027-10-31 03:00", "2027-10-31T02:00:00Z", NULL},
        {"America/New_York", "2027-11-07 01:30", "2027-11-07T05:30:00Z", "is there twice"},
        {"Australia/Sydney", "2060-10-03 02:30", "2060-10-02T16:30:00Z", "does not exist"},
        {"Europe/Berlin", "2027-10-31T02:30:00+01:00", "2027-10-31T01:30:00Z",
         NULL}, /* an offset says which */
        {"Europe/Berlin", "2027-10-31T02:30Z", "2027-10-31T02:30:00Z", NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        int64_t ms = 0;
        const char *said = NULL;
        if (!zone_parse_time(a, zone(cases[i].zone), cases[i].local, &ms, &said, &err))
            fail_msg("%s", err.text);
        if (ms != utc(cases[i].want))
            fail_msg("%s in %s is %s", cases[i].local, cases[i].zone, time_iso(a, ms));
        if (cases[i].said ? !strstr(said, cases[i].said) : *said)
            fail_msg("%s: \"%s\"", cases[i].local, said);
    }
}

static void times_and_zones_that_are_none(void **state)
{
    (void)state;
    static const char *const times[] = {"",
                                        "tomorrow",
                                        "2026-12-05",
                                        "2026-12-05 2:00",
                                        "2026-12-05 25:00",
                                        "2026-02-30 02:00",
                                        "2026-12-05 02:00 ",
                                        "2026-12-05T02:00:00+25:00",
                                        "2026-12-05 02:00:00.5",
                                        "05.12.2026 02:00"};
    static const char *const zones[] =
        {"Mars/Base",       "../../etc/passwd",
         "/etc/localtime",  "Europe//Berlin",
         "Europe",          "CET; rm",
         "Europe/Berlin\n", "posix/../../../etc/passwd",
         "zone.tab",        "Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin/Europe/Berlin"};
    for (size_t i = 0; i < countof(times); i++) {
        struct err err = {0};
        int64_t ms = 0;
        const char *said = NULL;
        assert_false(zone_parse_time(a, zone("UTC"), times[i], &ms, &said, &err));
        assert_int_equal(err.kind, ERR_INPUT);
    }
    for (size_t i = 0; i < countof(zones); i++) {
        struct err err = {0};
        const struct zone *z = NULL;
        if (zone_load(a, zones[i], &z, &err))
            fail_msg("%s was taken", zones[i]);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static const struct zone *parsed(const char *bytes, size_t size)
{
    const struct zone *z = NULL;
    struct err err = {0};
    return zone_parse(a, "Test/Zone", bytes, size, &z, &err) ? z : NULL;
}

/* Of a file with no changes, and one type: UTC. */
#define ZEROS_15 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define HEADER(times, types, chars) "TZif2" ZEROS_15 ZEROS_15 times "\0\0\0" types "\0\0\0" chars
#define EMPTY HEADER("\0", "\1", "\4") "\0\0\0\0\0\0UTC\0"
#define RULE(text) EMPTY EMPTY "\n" text "\n"

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const char good[] = RULE("CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t size = 0; size < sizeof good - 1; size++)
        if (parsed(good, size))
            fail_msg("%zu bytes of %zu were taken", size, sizeof good - 1);
    assert_non_null(parsed(good, sizeof good - 1));
    for (size_t i = 0; i < sizeof good - 1;
         i++) { /* whatever a byte becomes, nothing is read beyond the end */
        char *bad = malloc(sizeof good - 1);
        memcpy(bad, good, sizeof good - 1);
        bad[i] = (char)0xff;
        const struct zone *z = parsed(bad, sizeof good - 1);
        if (z)
            (void)zone_offset_ms(z, 1800000000000);
        free(bad);
    }
}

static void the_rule_behind_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *at;
        int64_t minutes; /* 9999: refused */
    } cases[] = {
#define CASE(text, at, minutes) {RULE(text), sizeof RULE(text) - 1, at, minutes}
        CASE("CET-1CEST,M3.5.0,M10.5.0/3", "2030-03-31T00:59:00Z", 60),
        CASE("CET-1CEST,M3.5.0,M10.5.0/3", "2030-03-31T01:00:00Z", 120),
        CASE("<+0330>-3:30", "2030-01-01T00:00:00Z", 210),
        CASE("EST5EDT4,M3.2.0,M11.1.0", "2030-03-10T07:00:00Z", -240),
        CASE("XXX3YYY,J60,J300", "2032-02-29T23:00:00Z", -180), /* J60 is 1 March, also in leap years */
        CASE("XXX3YYY,J60,J300", "2032-03-01T05:00:00Z", -120),
        CASE("XXX3YYY,59,300", "2032-02-29T05:00:00Z", -120),
        CASE("AAA-10BBB,M10.1.0,M4.1.0/3", "2030-12-31T23:59:00Z", 660),
        CASE("XXX", "2030-01-01T00:00:00Z", 9999),
        CASE("XX3", "2030-01-01T00:00:00Z", 9999),
        CASE("XXX3YYY", "2030-01-01T00:00:00Z", 9999),
        CASE("XXX3YYY,M13.1.0,M4.1.0", "2030-01-01T00:00:00Z", 9999),
        CASE("XXX3YYY,M1.6.0,M4.1.0", "2030-01-01T00:00:00Z", 9999),
        CASE("XXX3YYY,M1.1.0,M4.1.0/999", "2030-01-01T00:00:00Z", 9999),
        CASE("XXX3YYY,M1.1.0,M4.1.0x", "2030-01-01T00:00:00Z", 9999),
        CASE("XXX99", "2030-01-01T00:00:00Z", 9999),
    };
    for (size_t i = 0; i < countof(cases); i++) {
        const struct zone *z = parsed(cases[i].bytes, cases[i].size);
        int64_t minutes = z ? zone_offset_ms(z, utc(cases[i].at)) / 60000 : 9999;
        if (minutes != cases[i].minutes)
            fail_msg("case %zu: %lld", i, (long long)minutes);
    }
}

static void the_systems_zone_has_a_name(void **state)
{
    (void)state;
    setenv("TZ", "America/New_York", 1);
    assert_string_equal(zone_of_system(a), "America/New_York");
    setenv("TZ", ":Asia/Shanghai", 1);
    assert_string_equal(zone_of_system(a), "Asia/Shanghai");
    setenv("TZ", "../../etc/passwd", 1);
    assert_string_equal(zone_of_system(a), "UTC");
    unsetenv("TZ");
    (void)zone(zone_of_system(a));
}

static void a_time_is_written_with_its_offset(void **state)
{
    (void)state;
    assert_string_equal(zone_format(a, zone("Europe/Berlin"), utc("2026-12-05T01:00:00Z")),
                        "2026-12-05T02:00:00+01:00");
    assert_string_equal(zone_format(a, zone("America/St_Johns"), utc("2026-12-05T01:00:00Z")),
                        "2026-12-04T21:30:00-03:30");
    assert_string_equal(zone_format(a, zone("UTC"), utc("2026-12-05T01:00:00Z")), "2026-12-05T01:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R67_offsets_of_zones_then_and_far_ahead),
        cmocka_unit_test(R67_local_times_in_the_gap_and_twice),
        cmocka_unit_test(times_and_zones_that_are_none),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(the_rule_behind_the_table),
        cmocka_unit_test(the_systems_zone_has_a_name),
        cmocka_unit_test(a_time_is_written_with_its_offset),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

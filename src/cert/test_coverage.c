#include "cert/coverage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants those before it */
#include <cmocka.h>

struct row {
    const char *bound, *name;
    bool covers;
};

static void check(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (coverage_name(rows[i].bound, rows[i].name) != rows[i].covers)
            fail_msg("%s should%s cover %s", rows[i].bound, rows[i].covers ? "" : " not", rows[i].name);
}

static void R37_exact_covers_exactly_itself(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"example.com", "www.example.com", false},
        {"www.example.com", "example.com", false},
        {"example.com", "example.co", false},
        {"example.com", "example.com.cn", false},
        {"example.com", "xexample.com", false},
        {"", "", false},
        {"", "example.com", false},
        {"example.com", "", false},
        {"com", "example.com", false},
        {"example.com", "example.com", true},
        {"www.example.com", "www.example.com", true},
        {"localhost", "localhost", true},
    };
    check(rows, countof(rows));
}

static void R38_wildcard_covers_one_level(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"*.example.com", "www.example.com", true},
        {"*.example.com", "a.example.com", true},
        {"*.example.com", "xn--p1ai.example.com", true},
        {"*.example.com", "www.example.org", false},
        {"*.example.com", "www.notexample.com", false},
        {"*.example.com", "www-example.com", false},
        {"*.com", "example.com", true},
        {"*.", "com", false},
        {"*", "example.com", false},
        {"*", "com", false},
        {"www.*.com", "www.example.com", false},
        {"w*.example.com", "www.example.com", false},
    };
    check(rows, countof(rows));
}

static void R39_wildcard_does_not_cover_the_root_domain(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"*.example.com", "example.com", false},
        {"*.example.com", ".example.com", false},
        {"*.b.example.com", "b.example.com", false},
    };
    check(rows, countof(rows));
}

static void R40_wildcard_does_not_cover_deeper_names(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"*.example.com", "a.b.example.com", false},
        {"*.example.com", "a.b.c.example.com", false},
        {"*.com", "www.example.com", false},
    };
    check(rows, countof(rows));
}

static void R41_deeper_names_want_their_own_entry(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"*.c.example.com", "a.b.example.com", false},
        {"*.b.example.com", "a.b.example.com", true},
        {"a.b.example.com", "a.b.example.com", true},
    };
    check(rows, countof(rows));
}

static void R42_any_bound_domain_is_enough(void **state)
{
    (void)state;
    static const char *const bound[] = {"example.org", "*.example.com", "www.example.com"};
    static const char *const names[] = {"www.example.com", "api.example.com", "example.com", "example.org"};
    const char *by = "untouched";
    assert_false(coverage_any(bound, countof(bound), "example.com", &by));
    assert_string_equal(by, "untouched");
    assert_false(coverage_any(NULL, 0, "example.com", NULL));
    assert_true(coverage_any(bound, countof(bound), "www.example.com", &by));
    assert_string_equal(by, "www.example.com"); /* exact before wildcard */
    assert_true(coverage_any(bound, countof(bound), "api.example.com", &by));
    assert_string_equal(by, "*.example.com");
    assert_int_equal(coverage_count(bound, countof(bound), names, countof(names)), 3);
    assert_int_equal(coverage_count(bound, countof(bound), NULL, 0), 0);
}

static void R43_wildcard_name_only_by_the_same_wildcard(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"www.example.com", "*.example.com", false}, {"example.com", "*.example.com", false},
        {"*.com", "*.example.com", false},           {"*.example.com", "*.b.example.com", false},
        {"*.b.example.com", "*.example.com", false}, {"*.example.com", "*.example.com", true},
    };
    check(rows, countof(rows));
}

static void address_only_by_itself(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"*.0.2.1", "192.0.2.1", false},       {"192.0.2.1", "192.0.2.11", false},
        {"*.example.com", "192.0.2.1", false}, {"2001:db8::1", "2001:db8::2", false},
        {"192.0.2.1", "192.0.2.1", true},      {"2001:db8::1", "2001:db8::1", true},
    };
    check(rows, countof(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R37_exact_covers_exactly_itself),
        cmocka_unit_test(R38_wildcard_covers_one_level),
        cmocka_unit_test(R39_wildcard_does_not_cover_the_root_domain),
        cmocka_unit_test(R40_wildcard_does_not_cover_deeper_names),
        cmocka_unit_test(R41_deeper_names_want_their_own_entry),
        cmocka_unit_test(R42_any_bound_domain_is_enough),
        cmocka_unit_test(R43_wildcard_name_only_by_the_same_wildcard),
        cmocka_unit_test(address_only_by_itself),
    };
    return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}

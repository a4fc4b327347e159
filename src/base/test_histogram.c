#include "base/histogram.h"

#include "base/test.h"

#include <string.h>

static void each_time_counts_in_its_bound_and_all_above(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct histogram h = {0};
    static const int64_t times[] = {0, 1, 2, 1000, 1001, 30000, 30001};
    for (size_t i = 0; i < countof(times); i++)
        histogram_add(&h, times[i]);
    struct buf b = buf_new(a, 1 << 16);
    histogram_put(&b, "x_seconds", "kind=\"read\"", &h);
    assert_non_null(strstr(b.data, "x_seconds_bucket{kind=\"read\",le=\"0.001\"} 2\n"));
    assert_non_null(strstr(b.data, "x_seconds_bucket{kind=\"read\",le=\"0.005\"} 3\n"));
    assert_non_null(strstr(b.data, "x_seconds_bucket{kind=\"read\",le=\"1\"} 4\n"));
    assert_non_null(strstr(b.data, "x_seconds_bucket{kind=\"read\",le=\"30\"} 6\n"));
    assert_non_null(strstr(b.data, "x_seconds_bucket{kind=\"read\",le=\"+Inf\"} 7\n"));
    assert_non_null(strstr(b.data, "x_seconds_sum{kind=\"read\"} 62.005\n"));
    assert_non_null(strstr(b.data, "x_seconds_count{kind=\"read\"} 7\n"));
}

static void a_series_without_labels_has_no_empty_braces(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct histogram h = {0};
    struct buf b = buf_new(a, 1 << 16);
    histogram_put(&b, "x", "", &h);
    assert_non_null(strstr(b.data, "x_bucket{le=\"0.001\"} 0\n"));
    assert_non_null(strstr(b.data, "x_sum 0.000\nx_count 0\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_time_counts_in_its_bound_and_all_above),
        cmocka_unit_test(a_series_without_labels_has_no_empty_braces),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}

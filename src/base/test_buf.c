#include "base/buf.h"

#include "base/test.h"

static void content_is_always_terminated(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf b = buf_new(a, 100);
    assert_string_equal(b.data, "");
    buf_add(&b, "x\0y", 3);
    assert_int_equal(b.size, 3);
    assert_memory_equal(b.data, "x\0y", 4);
    buf_add(&b, NULL, 0);
    buf_puts(&b, "");
    assert_int_equal(b.size, 3);
    assert_false(b.full);
}

static void maximum_fills_exactly(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf b = buf_new(a, 4);
    buf_puts(&b, "abcd");
    assert_false(b.full);
    buf_putc(&b, 'e');
    assert_true(b.full);
    assert_string_equal(b.data, "abcd");
}

static void nothing_is_added_after_full(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf b = buf_new(a, 4);
    buf_puts(&b, "ab");
    buf_puts(&b, "cde");
    assert_true(b.full);
    buf_putc(&b, 'x'); /* it would fit, but the text would have a hole */
    buf_printf(&b, "%d", 1);
    assert_string_equal(b.data, "ab");
}

static void printf_respects_the_maximum(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf b = buf_new(a, 5);
    buf_printf(&b, "%s", "12345");
    assert_string_equal(b.data, "12345");
    assert_false(b.full);
    buf_printf(&b, "%s", "");
    assert_false(b.full);
    buf_printf(&b, "%d", 6);
    assert_true(b.full);
    assert_string_equal(b.data, "12345");
}

static void growing_keeps_the_content(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf b = buf_new(a, 1 << 20);
    for (int i = 0; i < 20000; i++)
        buf_printf(&b, "%05d,", i);
    assert_int_equal(b.size, 120000);
    for (int i = 0; i < 20000; i += 77) {
        char want[8];
        snprintf(want, sizeof want, "%05d,", i);
        assert_memory_equal(b.data + i * 6, want, 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_always_terminated), cmocka_unit_test(maximum_fills_exactly),
        cmocka_unit_test(nothing_is_added_after_full),  cmocka_unit_test(printf_respects_the_maximum),
        cmocka_unit_test(growing_keeps_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "cli/table.h"

#include "base/test.h"

static void control_characters_never_reach_a_terminal(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_string_equal(text_clean_cut(a, "a\033[31mb\n\r\tc", 0), "a?[31mb???c");
    assert_string_equal(text_clean_cut(a,
                                       "x\xC2\x9B"
                                       "31m",
                                       0),
                        "x?31m"); /* C1: CSI as one character */
    assert_string_equal(text_clean_cut(a, "\x7F", 0), "?");
    assert_string_equal(text_clean_cut(a, "\xE4\xB8\xAD\xE6\x96\x87", 0), "\xE4\xB8\xAD\xE6\x96\x87");
}

static void a_cut_falls_between_characters(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_string_equal(text_clean_cut(a, "\xE4\xB8\xAD\xE6\x96\x87\xE5\xAD\x97", 2),
                        "\xE4\xB8\xAD\xE6\x96\x87\xE2\x80\xA6");
    assert_string_equal(text_clean_cut(a, "ab", 2), "ab");
}

static void a_list_tells_how_much_it_leaves_out(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *list;
    struct err err;
    assert_true(json_parse(a, "[\"a\",\"b\",\"c\"]", 13, &list, &err));
    assert_string_equal(texts_join(a, list, 2), "a, b and 1 more");
    assert_string_equal(texts_join(a, list, 3), "a, b, c");
    assert_string_equal(texts_join(a, NULL, 3), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_never_reach_a_terminal),
        cmocka_unit_test(a_cut_falls_between_characters),
        cmocka_unit_test(a_list_tells_how_much_it_leaves_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

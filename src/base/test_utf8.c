#include "base/utf8.h"

#include "base/test.h"

static void only_well_formed_characters_have_a_size(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t left, size;
    } cases[] = {
        {"", 0, 0},
        {"a", 1, 1},
        {"\x7F", 1, 1},
        {"\x80", 1, 0},
        {"\xC0\x80", 2, 0},
        {"\xC1\xBF", 2, 0},
        {"\xC2\x80", 2, 2},
        {"\xC2", 1, 0},
        {"\xC2\xC2", 2, 0},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xE0\xA0\x80", 3, 3},
        {"\xED\x9F\xBF", 3, 3},
        {"\xED\xA0\x80", 3, 0},
        {"\xEF\xBF\xBF", 3, 3},
        {"\xE4\xB8\xAD", 2, 0},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF0\x90\x80\x80", 4, 4},
        {"\xF4\x8F\xBF\xBF", 4, 4},
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xFF", 1, 0},
        {"\xF0\x9F\x94\x92", 3, 0},
    };
    for (size_t i = 0; i < countof(cases); i++)
        if (utf8_size(cases[i].text, cases[i].left) != cases[i].size)
            fail_msg("case %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_well_formed_characters_have_a_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/err.h"

#include "base/test.h"
#include "base/utf8.h"
#include <errno.h>

static void set_clears_what_was_there(void **state)
{
    (void)state;
    struct err err = {.kind = ERR_QUOTA,
                      .transient = true,
                      .retry_after_ms = 7,
                      .code = "Old",
                      .request_id = "1"};
    assert_false(err_set(&err, ERR_INPUT, "bad %s", "x"));
    assert_int_equal(err.kind, ERR_INPUT);
    assert_string_equal(err.text, "bad x");
    assert_string_equal(err.code, "");
    assert_string_equal(err.request_id, "");
    assert_false(err.transient);
    assert_int_equal(err.retry_after_ms, 0);
    errno = ENOENT;
    err_set(&err, ERR_STORE, "open: %m");
    assert_string_equal(err.text, "open: No such file or directory");
}

static void add_puts_context_in_front_and_keeps_the_rest(void **state)
{
    (void)state;
    struct err err;
    err_set(&err, ERR_VENDOR, "HTTP 500");
    snprintf(err.code, sizeof err.code, "Busy");
    err.transient = true;
    assert_false(err_add(&err, "read %s", "y"));
    assert_false(err_add(&err, "deploy x"));
    assert_string_equal(err.text, "deploy x: read y: HTTP 500");
    assert_string_equal(err.code, "Busy");
    assert_int_equal(err.kind, ERR_VENDOR);
    assert_true(err.transient);
}

static void arguments_may_point_into_err(void **state)
{
    (void)state;
    struct err err;
    err_set(&err, ERR_VENDOR, "inner");
    err_set(&err, ERR_INPUT, "outer (%s)", err.text);
    assert_string_equal(err.text, "outer (inner)");
    err_add(&err, "%s", err.text);
    assert_string_equal(err.text, "outer (inner): outer (inner)");
}

static void null_is_accepted(void **state)
{
    (void)state;
    assert_false(err_set(NULL, ERR_INPUT, "x"));
    assert_false(err_add(NULL, "x"));
}

/* Whatever the offset at which the buffer ends, no character is cut in its middle. */
static void long_texts_end_at_a_character(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x94\x92"};
    for (size_t c = 0; c < countof(characters); c++) {
        for (int pad = 0; pad < 5; pad++) {
            char text[2048] = "";
            memset(text, 'p', (size_t)pad);
            while (strlen(text) < 1000)
                strncat(text, characters[c], 5);
            struct err err;
            err_set(&err, ERR_INPUT, "%s", text);
            err_add(&err, "%.*s", pad, "zzzzz");
            size_t left = strlen(err.text), size;
            assert_true(left > 500);
            for (const char *p = err.text; left; p += size, left -= size) {
                size = utf8_size(p, left);
                assert_int_not_equal(size, 0);
            }
        }
    }
}

static void texts_are_utf8_whatever_they_quote(void **state)
{
    (void)state;
    struct err err;
    (void)err_set(&err, ERR_INPUT, "\"%.4s\" and %s", "\xe8\xaf\x81\xe4\xb9\xa6", "caf\xe9");
    assert_string_equal(err.text, "\"\xe8\xaf\x81?\" and caf?");
    (void)err_add(&err, "\xff");
    assert_string_equal(err.text, "?: \"\xe8\xaf\x81?\" and caf?");
}

static void kinds_have_words(void **state)
{
    (void)state;
    for (int kind = ERR_NONE; kind <= ERR_INTERNAL; kind++)
        assert_int_equal(err_kind_of_name(err_kind_name((enum err_kind)kind)), kind);
    assert_string_equal(err_kind_name(ERR_INVALID_CERTIFICATE), "invalid_certificate");
    assert_string_equal(err_kind_name((enum err_kind)999), "internal");
    assert_int_equal(err_kind_of_name("nonsense"), ERR_INTERNAL);
    assert_int_equal(err_kind_of_name(NULL), ERR_NONE);
    assert_int_equal(err_kind_of_name(""), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_clears_what_was_there),
        cmocka_unit_test(add_puts_context_in_front_and_keeps_the_rest),
        cmocka_unit_test(arguments_may_point_into_err),
        cmocka_unit_test(null_is_accepted),
        cmocka_unit_test(long_texts_end_at_a_character),
        cmocka_unit_test(texts_are_utf8_whatever_they_quote),
        cmocka_unit_test(kinds_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "codec/text.h"

#include "base/test.h"

static void bad_encodings_are_refused(void **state)
{
    (void)state;
    static const char *const hex[] = {"a", "0g", "g0", " 00", "00 ", "0x00", "-1"};
    static const char *const base64[] = {"A",     "AA",       "AAA",        "A===",  "====",   "AA=A",
                                         "AAAA=", "AA==AA==", "AA AA",      "AAA\n", "AAAA\n", "AA-_",
                                         "AB==",  "AAB=",     "A\xC3\xA9=", "=AAA",  "AAA==",  "AA==="};
    static const char *const url[] = {"%", "%2", "%2g", "%g2", "a%", "%00", "a%00b", "%%41", "% 41", "%-1"};
    TEST_ARENA(a);
    unsigned char *bytes = NULL;
    char *text = NULL;
    size_t size = 42;
    struct err err;
    for (size_t i = 0; i < countof(hex); i++)
        if (hex_decode(a, hex[i], &bytes, &size, &err))
            fail_msg("accepted %s", hex[i]);
    for (size_t i = 0; i < countof(base64); i++)
        if (base64_decode(a, base64[i], strlen(base64[i]), &bytes, &size, &err))
            fail_msg("accepted %s", base64[i]);
    for (size_t i = 0; i < countof(url); i++)
        if (url_decode(a, url[i], strlen(url[i]), true, &text, &err))
            fail_msg("accepted %s", url[i]);
    assert_false(url_decode(a, "a\0b", 3, false, &text, &err));
    assert_false(base64_decode(a, "AA\0=", 4, &bytes, &size, &err));
    assert_null(bytes);
    assert_null(text);
    assert_int_equal(size, 42);
}

static void bytes_come_back(void **state)
{
    (void)state;
    unsigned char bytes[256], *back;
    size_t back_size;
    struct err err;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(255 - i);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        TEST_ARENA(a);
        char *text = base64_encode(a, bytes, size);
        assert_int_equal(strlen(text), (size + 2) / 3 * 4);
        assert_true(base64_decode(a, text, strlen(text), &back, &back_size, &err));
        assert_int_equal(back_size, size);
        assert_memory_equal(back, bytes, size);
        text = hex_encode(a, bytes, size);
        assert_true(hex_decode(a, text, &back, &back_size, &err));
        assert_int_equal(back_size, size);
        assert_memory_equal(back, bytes, size);
    }
}

static void known_encodings(void **state)
{
    (void)state;
    static const char *const base64[][2] = {{"", ""},
                                            {"f", "Zg=="},
                                            {"fo", "Zm8="},
                                            {"foo", "Zm9v"},
                                            {"foob", "Zm9vYg=="},
                                            {"fooba", "Zm9vYmE="},
                                            {"foobar", "Zm9vYmFy"},
                                            {"\xFB\xFF\xFE", "+//+"}};
    TEST_ARENA(a);
    unsigned char *bytes;
    size_t size;
    struct err err;
    for (size_t i = 0; i < countof(base64); i++)
        assert_string_equal(base64_encode(a, base64[i][0], strlen(base64[i][0])), base64[i][1]);
    assert_string_equal(hex_encode(a, "\x00\xAB\xFF", 3), "00abff");
    assert_true(hex_decode(a, "AbfF", &bytes, &size, &err));
    assert_memory_equal(bytes, "\xAB\xFF", 2);
    assert_string_equal(url_encode(a, "aZ09-_.~ /+*%\xE4\xB8\xAD"), "aZ09-_.~%20%2F%2B%2A%25%E4%B8%AD");
    assert_string_equal(url_encode_path(a, "/a b/%"), "/a%20b/%25");
    char *text;
    assert_true(url_decode(a, "a+b%2b%2F", 9, false, &text, &err));
    assert_string_equal(text, "a+b+/");
    assert_true(url_decode(a, "a+b%2b%2F", 9, true, &text, &err));
    assert_string_equal(text, "a b+/");
    assert_true(url_decode(a, "%41%41", 3, true, &text, &err)); /* no further than size */
    assert_string_equal(text, "A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_encodings_are_refused),
        cmocka_unit_test(bytes_come_back),
        cmocka_unit_test(known_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

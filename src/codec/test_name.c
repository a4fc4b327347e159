#include "codec/name.h"

#include "base/test.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static void bad_names_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a.b..",
        "*",
        "*.",
        "*.*.a",
        "a.*.b",
        "w*.a",
        "*a.b",
        "*.*",
        "-a.b",
        "a-.b",
        "a b.c",
        "a.b/c",
        "a:b",
        "a@b.c",
        "http://a.b",
        "a.b:443",
        LABEL_63 "l.com",
        LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63 ".com",
        "a\nb.c",
        "a\x01.c",
        "\xFF.com",
        "xn--a.com",
        "xn--.com",
        "\xE2\x80\x8B.com",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4.",
        "*.1.2.3.4",
        "0x7f.1",
        "a,b.com",
        "%41.com",
        "[::1]",
        "::1%eth0",
        "a\\b.c",
        "\"a\".b",
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        const char *name = NULL;
        struct err err = {0};
        if (name_normalise(a, cases[i], true, &name, &err))
            fail_msg("accepted %s as %s", cases[i], name);
        assert_null(name);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static void long_texts_and_unwanted_addresses_are_refused(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const char *name = NULL;
    struct err err;
    char *longer = arena_alloc(a, 100001);
    memset(longer, 'a', 100000);
    assert_false(name_normalise(a, longer, true, &name, &err));
    assert_false(name_normalise(a, "1.2.3.4", false, &name, &err));
    assert_false(name_normalise(a, "::1", false, &name, &err));
    assert_non_null(strstr(err.text, "address"));
}

static void names_take_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"WWW.Example.COM", "www.example.com"},
        {"example.com.", "example.com"},
        {"*.Example.com.", "*.example.com"},
        {"localhost", "localhost"},
        {"_acme-challenge.example.com", "_acme-challenge.example.com"},
        {"r3---sn.example.com", "r3---sn.example.com"},
        {"b\xC3\xBC"
         "cher.DE",
         "xn--bcher-kva.de"},
        {"XN--Bcher-KVA.de", "xn--bcher-kva.de"},
        {"B\xC3\x9C"
         "CHER.de",
         "xn--bcher-kva.de"},
        {"fa\xC3\x9F.de", "xn--fa-hia.de"}, /* non-transitional: not fass.de */
        {"\xE4\xB8\xAD\xE6\x96\x87.\xE4\xB8\xAD\xE5\x9B\xBD", "xn--fiq228c.xn--fiqs8s"},
        {"*.\xE4\xB8\xAD\xE6\x96\x87\xE3\x80\x82"
         "com",
         "*.xn--fiq228c.com"},
        {LABEL_63 ".com", LABEL_63 ".com"},
        {"1.2.3.4", "1.2.3.4"},
        {"2001:DB8:0:0::1", "2001:db8::1"},
        {"::FFFF:1.2.3.4", "::ffff:1.2.3.4"},
        {"1.2.3.com", "1.2.3.com"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        const char *name = NULL, *again = NULL;
        struct err err = {0};
        if (!name_normalise(a, cases[i].text, true, &name, &err))
            fail_msg("%s", err.text);
        assert_string_equal(name, cases[i].name);
        assert_true(name_normalise(a, name, true, &again, &err));
        assert_string_equal(again, name);
    }
}

static void parts_of_names(void **state)
{
    (void)state;
    assert_true(name_is_wildcard("*.a.b"));
    assert_false(name_is_wildcard("a.b") || name_is_wildcard("*") || name_is_wildcard(""));
    assert_true(name_is_address("1.2.3.4") && name_is_address("::1"));
    assert_false(name_is_address("a.b") || name_is_address("1.2.3") || name_is_address(""));
    assert_string_equal(name_parent("www.example.com"), "example.com");
    assert_string_equal(name_parent("*.example.com"), "example.com");
    assert_null(name_parent("com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(long_texts_and_unwanted_addresses_are_refused),
        cmocka_unit_test(names_take_one_form),
        cmocka_unit_test(parts_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

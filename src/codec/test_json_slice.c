#include "codec/json_slice.h"

#include "base/test.h"
#include "codec/json.h"

struct slice_case {
    const char *text, *pointer, *value, *want; /* want NULL: refused with kind */
    enum err_kind kind;
};

static void values_are_found(void **state)
{
    (void)state;
    static const struct slice_case cases[] = {
        {" {\"a\" : 1 } ", "", NULL, "{\"a\" : 1 }", ERR_NONE},
        {" {\"a\" : 1 } ", "/a", NULL, "1", ERR_NONE},
        {"[ 1 , [2, 3 ] ]", "/1/1", NULL, "3", ERR_NONE},
        {"{\"n\":0.10000000000000000001e+5}", "/n", NULL, "0.10000000000000000001e+5", ERR_NONE},
        {"{\"n\":12345678901234567890123}", "/n", NULL, "12345678901234567890123", ERR_NONE},
        {"{\"\\u0061\\/b\":\"x\"}", "/a~1b", NULL, "\"x\"", ERR_NONE},
        {"{\"\\ud83d\\udd12\":true}", "/\xF0\x9F\x94\x92", NULL, "true", ERR_NONE},
        {"{\"\\u00e9\\u4e2d\":null}", "/\xC3\xA9\xE4\xB8\xAD", NULL, "null", ERR_NONE},
        {"{\"~\":[{\"\":false}]}", "/~0/0/", NULL, "false", ERR_NONE},
        {"{\"a\":{\"b\":1},\"b\":2}", "/b", NULL, "2", ERR_NONE},
        {"{\"ab\":1,\"a\":2}", "/a", NULL, "2", ERR_NONE},
        {"{\"a\":1,\"a\":2,\"b\":3}", "/b", NULL, "3", ERR_NONE},
        {"{\"a\":\"}]\\\"\\\\\"}", "/a", NULL, "\"}]\\\"\\\\\"", ERR_NONE},
        {"5", "", NULL, "5", ERR_NONE},
        {"{\"a\":1}", "/b", NULL, NULL, ERR_NOT_FOUND},
        {"{\"a\":1}", "/a/b", NULL, NULL, ERR_NOT_FOUND},
        {"[1]", "/1", NULL, NULL, ERR_NOT_FOUND},
        {"[1]", "/-", NULL, NULL, ERR_NOT_FOUND},
        {"[1]", "/00", NULL, NULL, ERR_NOT_FOUND},
        {"{\"a\":1,\"\\u0061\":2}", "/a", NULL, NULL, ERR_INPUT},
        {"{\"a\":{\"x\":1},\"a\":{\"y\":2}}", "/a/y", NULL, NULL, ERR_INPUT},
        {"{\"a\":1}", "a", NULL, NULL, ERR_INPUT},
        {"{\"a\":1}", "/~2", NULL, NULL, ERR_INPUT},
        {"{\"a\":1}", "/~", NULL, NULL, ERR_INPUT},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        char *got = NULL;
        struct err err = {0};
        bool done = json_excerpt(a, cases[i].text, strlen(cases[i].text), cases[i].pointer, &got, &err);
        if (done != (cases[i].want != NULL))
            fail_msg("%s at \"%s\": %s", cases[i].text, cases[i].pointer, err.text);
        if (done)
            assert_string_equal(got, cases[i].want);
        else
            assert_int_equal(err.kind, cases[i].kind);
    }
}

/* What stands behind the value is checked too. */
static void bad_documents_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\":1}}",
        "{\"a\":1} x",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":-}",
        "{\"a\":1e}",
        "{\"a\":+1}",
        "{\"a\":tru}",
        "{\"a\":1,\"b\":nulL}",
        "{\"a\":1,b:2}",
        "{\"a\":1 \"b\":2}",
        "{\"a\" 1}",
        "{\"a\":[1,]}",
        "{\"a\":[1}}",
        "{\"a\":\"x}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\u12",
        "{\"a\":\"\\",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\xFF\"}",
        "{\"a\":\"\xED\xA0\x80\"}",
        "{\"a\":\"\xC3",
        "{,\"a\":1}",
        "[,1]",
        "{1:2}",
        "{\"a\":1,\"b\":}",
        "{\"a\":1}\v",
        "'a'",
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct slice slice = {42, 42};
        struct err err = {0};
        if (json_slice(cases[i], strlen(cases[i]), "/a", &slice, &err))
            fail_msg("accepted %s", cases[i]);
        assert_int_equal(slice.begin, 42);
        assert_int_equal(err.kind, ERR_INPUT);
        if (!strstr(err.text, "line 1"))
            fail_msg("%s: %s", cases[i], err.text);
    }
    struct slice slice;
    struct err err;
    assert_false(json_slice("{\"a\":1}\0", 8, "/a", &slice, &err));
    assert_false(json_slice("{\n\"a\":\n?}", 9, "/a", &slice, &err));
    assert_non_null(strstr(err.text, "line 3"));
}

static void depth_is_limited(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        bool taken;
    } cases[] = {{JSON_MAX_DEPTH, true}, {JSON_MAX_DEPTH + 1, false}, {1000000, false}};
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        char *text = arena_alloc(a, cases[i].depth * 2 + 1);
        memset(text, '[', cases[i].depth);
        memset(text + cases[i].depth, ']', cases[i].depth);
        struct slice slice;
        struct err err;
        assert_int_equal(json_slice(text, cases[i].depth * 2, "", &slice, &err), cases[i].taken);
    }
}

static void splicing_leaves_every_other_byte(void **state)
{
    (void)state;
    static const struct slice_case cases[] = {
        {" {\"a\" : 1 , \"b\":0.10 } ", "/a", "[2]", " {\"a\" : [2] , \"b\":0.10 } ", ERR_NONE},
        {"[1,2]", "/1", "\"x\"", "[1,\"x\"]", ERR_NONE},
        {" 1 ", "", "2", " 2 ", ERR_NONE},
        {"{ }", "/a", "1", "{\"a\":1 }", ERR_NONE},
        {"{\"a\":1\n}", "/b", "2", "{\"a\":1,\"b\":2\n}", ERR_NONE},
        {"{\"a\":{\"x\":1},\"c\":2}", "/a/y~1\"", "2", "{\"a\":{\"x\":1,\"y/\\\"\":2},\"c\":2}", ERR_NONE},
        {"{\"a\":[{},{}]}", "/a/1/k", "{}", "{\"a\":[{},{\"k\":{}}]}", ERR_NONE},
        {"{}", "/", "1", "{\"\":1}", ERR_NONE},
        {"[1]", "/1", "2", NULL, ERR_NOT_FOUND},
        {"[1]", "/-", "2", NULL, ERR_NOT_FOUND},
        {"{}", "/a/b", "1", NULL, ERR_NOT_FOUND},
        {"{\"a\":1}", "/a/b", "1", NULL, ERR_NOT_FOUND},
        {"{}", "/\xFF", "1", NULL, ERR_INPUT},
        {"{\"a\":1}", "/a", "", NULL, ERR_INPUT},
        {"{\"a\":1}", "/a", "1,2", NULL, ERR_INPUT},
        {"{\"a\":1}", "/a", "1}", NULL, ERR_INPUT},
        {"{\"a\":1", "/a", "1", NULL, ERR_INPUT},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        char *got = NULL;
        struct err err = {0};
        bool done = json_splice(a, cases[i].text, strlen(cases[i].text), cases[i].pointer, cases[i].value,
                                &got, &err);
        if (done != (cases[i].want != NULL))
            fail_msg("%s at \"%s\": %s", cases[i].text, cases[i].pointer, err.text);
        if (done)
            assert_string_equal(got, cases[i].want);
        else
            assert_int_equal(err.kind, cases[i].kind);
    }
}

static void cutting_takes_one_comma(void **state)
{
    (void)state;
    static const struct slice_case cases[] = {
        {"{\"a\":1}", "/a", NULL, "{}", ERR_NONE},
        {"{ \"a\" : 1 }", "/a", NULL, "{  }", ERR_NONE},
        {"{\"a\":1, \"b\":2}", "/a", NULL, "{\"b\":2}", ERR_NONE},
        {"{\"a\":1, \"b\":2}", "/b", NULL, "{\"a\":1}", ERR_NONE},
        {"{\"a\":1, \"b\":2, \"c\":3}", "/b", NULL, "{\"a\":1, \"c\":3}", ERR_NONE},
        {"[1, 2, 3]", "/0", NULL, "[2, 3]", ERR_NONE},
        {"[1, 2, 3]", "/2", NULL, "[1, 2]", ERR_NONE},
        {"{\"a\":{\"b\":[1]},\"c\":2}", "/a/b", NULL, "{\"a\":{},\"c\":2}", ERR_NONE},
        {"{\"a\":1}", "/b", NULL, "{\"a\":1}", ERR_NONE},
        {"{\"a\":1}", "/b/c", NULL, "{\"a\":1}", ERR_NONE},
        {"{\"a\":1}", "", NULL, NULL, ERR_INPUT},
        {"{\"a\":1", "/a", NULL, NULL, ERR_INPUT},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        char *got = NULL;
        struct err err = {0};
        bool done = json_cut(a, cases[i].text, strlen(cases[i].text), cases[i].pointer, &got, &err);
        if (done != (cases[i].want != NULL))
            fail_msg("%s at \"%s\": %s", cases[i].text, cases[i].pointer, err.text);
        if (done)
            assert_string_equal(got, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_documents_are_refused), cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(values_are_found),          cmocka_unit_test(splicing_leaves_every_other_byte),
        cmocka_unit_test(cutting_takes_one_comma),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

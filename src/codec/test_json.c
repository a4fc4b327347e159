#include "codec/json.h"

#include "base/test.h"

static const struct json *parsed(struct arena *a, const char *text)
{
    const struct json *v = NULL;
    struct err err;
    if (!json_parse(a, text, strlen(text), &v, &err))
        fail_msg("%s: %s", text, err.text);
    return v;
}

static char *repeated(struct arena *a, const char *piece, size_t count, const char *middle, const char *end)
{
    size_t size = strlen(piece), end_size = strlen(end);
    char *text = arena_alloc(a, (size + end_size) * count + strlen(middle) + 1), *p = text;
    for (size_t i = 0; i < count; i++, p += size)
        memcpy(p, piece, size);
    p = stpcpy(p, middle);
    for (size_t i = 0; i < count; i++, p += end_size)
        memcpy(p, end, end_size);
    return text;
}

static void bad_documents_are_refused_without_quoting_them(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "{",
        "[hunter2",
        "{\"hunter2\":1,}",
        "[1,]",
        "{\"a\":1,\"hunter2\":2,\"hunter2\":3}",
        "{\"a\":1,\"\\u0061\":2}",
        "[\"hunter2\\u0000\"]",
        "{\"hunter2\\u0000\":1}",
        "[1] hunter2",
        "nul",
        "[01]",
        "[+1]",
        "[1.]",
        "[.5]",
        "[NaN]",
        "['hunter2']",
        "[\"\\uD800\"]",
        "[\"\\uDC00\\uD800\"]",
        "[\"\xC3\x28\"]",
        "[\"\xED\xA0\x80\"]",
        "[\"tab\there\"]",
        "[9223372036854775808]",
        "[1e999]",
        "// hunter2\n[]",
        "\xEF\xBB\xBF[]",
    };
    TEST_ARENA(a);
    for (size_t i = 0; i < countof(cases); i++) {
        const struct json *v = NULL;
        struct err err = {0};
        if (json_parse(a, cases[i], strlen(cases[i]), &v, &err))
            fail_msg("accepted %s", cases[i]);
        assert_null(v);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_null(strstr(err.text, "hunter2"));
        assert_non_null(strstr(err.text, "bad JSON"));
    }
    struct err err;
    const struct json *v = NULL;
    assert_false(json_parse(a, "[1\0]", 4, &v, &err));
    assert_false(json_parse(a, "[\n1,\n2 3]", 9, &v, &err));
    assert_non_null(strstr(err.text, "line 3"));
}

static void limits_are_kept(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *v = NULL;
    struct err err;
    char *deep = repeated(a, "[", JSON_MAX_DEPTH, "", "]");
    assert_true(json_parse(a, deep, strlen(deep), &v, &err));
    deep = repeated(a, "[", JSON_MAX_DEPTH + 1, "", "]");
    assert_false(json_parse(a, deep, strlen(deep), &v, &err));
    deep = repeated(a, "{\"a\":", JSON_MAX_DEPTH + 1, "1", "}");
    assert_false(json_parse(a, deep, strlen(deep), &v, &err));
    deep = repeated(a, "[", 1000000, "", "");
    assert_false(json_parse(a, deep, strlen(deep), &v, &err));
    char *large = arena_alloc(a, JSON_MAX_BYTES + 2);
    memset(large, ' ', JSON_MAX_BYTES + 1);
    large[0] = '1';
    assert_true(json_parse(a, large, JSON_MAX_BYTES, &v, &err));
    assert_false(json_parse(a, large, JSON_MAX_BYTES + 1, &v, &err));
    assert_non_null(strstr(err.text, "8388608"));
}

static void objects_have_a_maximum_of_members(void **state)
{
    (void)state;
    for (size_t count = JSON_MAX_MEMBERS; count <= JSON_MAX_MEMBERS + 1; count++) {
        TEST_ARENA(a);
        char *text = arena_alloc(a, count * 20 + 3), *p = stpcpy(text, "{");
        for (size_t i = 0; i < count; i++)
            p += snprintf(p, 20, "%s\"%zu\":1", i ? "," : "", i);
        stpcpy(p, "}");
        const struct json *v = NULL;
        struct err err;
        assert_int_equal(json_parse(a, text, strlen(text), &v, &err), count == JSON_MAX_MEMBERS);
    }
}

static void pointers_follow_RFC_6901(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *v =
        parsed(a, "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\"~1\":9,\"k\\\"l\":6,"
                  "\"01\":5,\"o\":{\"\":{\"\":3}}}");
    static const struct {
        const char *pointer, *dump; /* NULL: absent */
    } cases[] = {
        {"/foo", "[\"bar\",\"baz\"]"},
        {"/foo/0", "\"bar\""},
        {"/foo/1", "\"baz\""},
        {"/", "0"},
        {"/a~1b", "1"},
        {"/c%d", "2"},
        {"/m~0n", "8"},
        {"/~01", "9"},
        {"/k\"l", "6"},
        {"/01", "5"},
        {"/o//", "3"},
        {"/foo/2", NULL},
        {"/foo/00", NULL},
        {"/foo/-", NULL},
        {"/foo/-1", NULL},
        {"/foo/+0", NULL},
        {"/foo/", NULL},
        {"/foo/0/x", NULL},
        {"/foo/4294967296", NULL},
        {"/foo/99999999999999999999", NULL},
        {"foo", NULL},
        {"/m~n", NULL},
        {"/m~2n", NULL},
        {"/a/b", NULL},
        {"/none/x/y", NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        const struct json *found = json_at(v, cases[i].pointer);
        if (!cases[i].dump)
            assert_null(found);
        else
            assert_string_equal(json_dump(a, found), cases[i].dump);
    }
    assert_ptr_equal(json_at(v, ""), v);
    assert_null(json_at(NULL, ""));
    assert_null(json_at(NULL, "/a"));
    char *longer = arena_alloc(a, 5000);
    memset(longer, '/', 1);
    memset(longer + 1, 'x', 4000);
    assert_null(json_at(v, longer));
}

static void scalars_fall_back(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const struct {
        const char *text;
        int64_t integer; /* -7: the fallback */
        bool with_false, with_true;
        const char *string, *spelled;
    } cases[] = {
        {"1", 1, false, true, "f", "1"},
        {"-9223372036854775808", INT64_MIN, false, true, "f", "-9223372036854775808"},
        {"9223372036854775807", INT64_MAX, false, true, "f", "9223372036854775807"},
        {"\"12\"", 12, false, true, "12", "12"},
        {"\"-9223372036854775808\"", INT64_MIN, false, true, "-9223372036854775808", "-9223372036854775808"},
        {"\"9223372036854775808\"", -7, false, true, "9223372036854775808", "9223372036854775808"},
        {"\"\"", -7, false, true, "", ""},
        {"\"-\"", -7, false, true, "-", "-"},
        {"\" 1\"", -7, false, true, " 1", " 1"},
        {"\"+1\"", -7, false, true, "+1", "+1"},
        {"\"1x\"", -7, false, true, "1x", "1x"},
        {"1.5", -7, false, true, "f", "f"},
        {"true", -7, true, true, "f", "true"},
        {"false", -7, false, false, "f", "false"},
        {"\"true\"", -7, true, true, "true", "true"},
        {"\"false\"", -7, false, false, "false", "false"},
        {"\"True\"", -7, false, true, "True", "True"},
        {"null", -7, false, true, "f", "f"},
        {"[]", -7, false, true, "f", "f"},
        {"{}", -7, false, true, "f", "f"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        const struct json *v = parsed(a, cases[i].text);
        assert_int_equal(json_int(v, -7), cases[i].integer);
        assert_int_equal(json_bool(v, false), cases[i].with_false);
        assert_int_equal(json_bool(v, true), cases[i].with_true);
        assert_string_equal(json_str(v, "f"), cases[i].string);
        assert_string_equal(json_text(a, v, "f"), cases[i].spelled);
    }
}

static void numbers_are_told_from_texts(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_true(json_is_number(parsed(a, "1")) && json_is_number(parsed(a, "-1.5e3")));
    assert_false(json_is_number(parsed(a, "\"1\"")) || json_is_number(parsed(a, "true")) ||
                 json_is_number(NULL));
    assert_true(json_double(parsed(a, "-1.5e3"), 7) == -1500);
    assert_true(json_double(parsed(a, "2"), 7) == 2);
    assert_true(json_double(parsed(a, "\"2\""), 7) == 7);
    assert_true(json_double(NULL, 7) == 7);
}

static void absent_values_need_no_checks(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const char *name;
    const struct json *value;
    assert_null(json_str(NULL, NULL));
    assert_string_equal(json_text(a, NULL, "f"), "f");
    assert_int_equal(json_int(NULL, 3), 3);
    assert_true(json_bool(NULL, true));
    assert_true(json_is_null(NULL));
    assert_false(json_is_string(NULL) || json_is_array(NULL) || json_is_object(NULL));
    assert_int_equal(json_count(NULL), 0);
    assert_null(json_item(NULL, 0));
    assert_false(json_member(NULL, 0, &name, &value));
    assert_string_equal(json_dump(a, NULL), "null");
}

static void containers_are_walked_in_order(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *v = parsed(a, "{\"z\":1,\"a\":[true,null],\"m\":{}}"), *value;
    const char *name;
    char names[8] = "";
    for (size_t i = 0; json_member(v, i, &name, &value); i++)
        strncat(names, name, 2);
    assert_string_equal(names, "zam");
    assert_int_equal(json_count(v), 3);
    const struct json *list = json_at(v, "/a");
    assert_int_equal(json_count(list), 2);
    assert_true(json_bool(json_item(list, 0), false));
    assert_true(json_is_null(json_item(list, 1)));
    assert_null(json_item(list, 2));
    assert_null(json_item(v, 0));
    assert_false(json_member(list, 0, &name, &value));
    assert_int_equal(json_count(parsed(a, "\"abc\"")), 0);
    assert_string_equal(json_dump(a, v), "{\"z\":1,\"a\":[true,null],\"m\":{}}");
    assert_string_equal(json_dump(a, parsed(a, "\"\\u00e9\\ud83d\\udd12\"")), "\"\xC3\xA9\xF0\x9F\x94\x92\"");
}

static void items_are_found_by_text_or_number_and_walked(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const char text[] = "{\"l\":[{\"n\":\"a\"},{\"n\":7},{\"m\":1},{\"n\":\"b\"}]}";
    const struct json *v = NULL;
    struct err err;
    size_t count = 0;
    assert_true(json_parse(a, text, strlen(text), &v, &err));
    const struct json *list = json_at(v, "/l");
    assert_ptr_equal(json_find(list, "/n", "b"), json_item(list, 3));
    assert_ptr_equal(json_find(list, "/n", "7"), json_item(list, 1));
    assert_null(json_find(list, "/n", "c"));
    assert_null(json_find(NULL, "/n", "a"));
    json_each (item, list) {
        if (json_is(item, "/n", "a"))
            continue;
        if (json_is(item, "/n", "b"))
            break;
        assert_string_equal(json_get(item, "/n"), "");
        count++;
    }
    assert_int_equal(count, 2);
    assert_false(json_is(NULL, "/n", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_documents_are_refused_without_quoting_them),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(objects_have_a_maximum_of_members),
        cmocka_unit_test(pointers_follow_RFC_6901),
        cmocka_unit_test(scalars_fall_back),
        cmocka_unit_test(items_are_found_by_text_or_number_and_walked),
        cmocka_unit_test(numbers_are_told_from_texts),
        cmocka_unit_test(absent_values_need_no_checks),
        cmocka_unit_test(containers_are_walked_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

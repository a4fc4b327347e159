#include "codec/json_format.h"

#include "base/test.h"
#include "codec/json.h"

static void templates_quote_and_splice(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const char *volatile none = NULL; /* volatile: gcc warns of a NULL it can see */
    assert_string_equal(json_format(a, "{'Domain':%s,'Value':%s}", "a.b",
                                    json_format(a, "{'update':%s}", "id")),
                        "{\"Domain\":\"a.b\",\"Value\":\"{\\\"update\\\":\\\"id\\\"}\"}");
    assert_string_equal(json_format(a, "{'a':%s,'b':%p}", none, none), "{\"a\":null,\"b\":null}");
    assert_string_equal(json_format(a, "[%p,%p]", json_boolean(true), json_format(a, "[%d]", 1)),
                        "[true,[1]]");
    assert_string_equal(json_format(a, "'100%%'"), "\"100%\"");
    assert_string_equal(json_format(a, "%s", "it's"), "\"it's\"");
}

static void numbers_keep_every_bit(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_string_equal(json_format(a, "[%d,%u,%ld,%lu]", -1, 4294967295u, INT64_MIN, UINT64_MAX),
                        "[-1,4294967295,-9223372036854775808,18446744073709551615]");
    assert_string_equal(json_format(a, "[%lld,%llu,%zu]", -1LL, 1ULL << 63, (size_t)7),
                        "[-1,9223372036854775808,7]");
    assert_string_equal(json_format(a, "[%d,%s,%lld,%p,%zu]", 1, "2", 3LL, "4", (size_t)5),
                        "[1,\"2\",3,4,5]");
}

static void hostile_strings_come_back_equal(void **state)
{
    (void)state;
    static const struct {
        const char *text, *back;
    } cases[] = {
        {"", ""},
        {"\"},{\"x\":\"", "\"},{\"x\":\""},
        {"\\", "\\"},
        {"\\u0041%s%p%n", "\\u0041%s%p%n"},
        {"\x01\x02\b\f\n\r\t\x1F\x7F", "\x01\x02\b\f\n\r\t\x1F\x7F"},
        {"\xE4\xB8\xAD\xF0\x9F\x94\x92", "\xE4\xB8\xAD\xF0\x9F\x94\x92"},
        {"\xFF"
         "a\xC3(",
         "?a?("},
        {"\xED\xA0\x80", "???"},
        {"\xF0\x9F\x94", "???"},
        {"-----BEGIN X-----\nMII\n-----END X-----\n", "-----BEGIN X-----\nMII\n-----END X-----\n"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        const struct json *v;
        struct err err;
        char *text = json_format(a, "{'a':%s,'b':[%s]}", cases[i].text, cases[i].text);
        assert_true(json_parse(a, text, strlen(text), &v, &err));
        assert_string_equal(json_str(json_at(v, "/a"), NULL), cases[i].back);
        assert_string_equal(json_str(json_at(v, "/b/0"), NULL), cases[i].back);
        assert_int_equal(json_count(v), 2);
    }
}

static void lists_of_strings(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const char *const texts[] = {"a", "b\"", NULL};
    assert_string_equal(json_strings(a, texts, 0), "[]");
    assert_string_equal(json_strings(a, texts, 3), "[\"a\",\"b\\\"\",null]");
}

static void writer_places_commas(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf buf = buf_new(a, 1 << 16);
    struct json_writer w = json_writer_to(&buf);
    json_open_object(&w);
    json_member_string(&w, "s", "x");
    json_member_string(&w, "none", NULL);
    json_key(&w, "list");
    json_open_array(&w);
    json_open_array(&w);
    json_close_array(&w);
    json_put_int(&w, INT64_MIN);
    json_put_bool(&w, false);
    json_put_null(&w);
    json_open_object(&w);
    json_close_object(&w);
    json_put_string(&w, "y");
    json_put_raw(&w, "{\"r\":1}");
    json_close_array(&w);
    json_member_int(&w, "i", 7);
    json_member_bool(&w, "b", true);
    json_member_raw(&w, "raw", "[1]");
    json_member_raw(&w, "q\"", NULL);
    json_close_object(&w);
    assert_int_equal(w.depth, 0);
    assert_string_equal(
        buf.data,
        "{\"s\":\"x\",\"none\":null,\"list\":[[],-9223372036854775808,false,null,{},\"y\",{\"r\":1}],"
        "\"i\":7,\"b\":true,\"raw\":[1],\"q\\\"\":null}");
}

static void writer_notices_a_full_buf(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf buf = buf_new(a, 10);
    struct json_writer w = json_writer_to(&buf);
    json_open_array(&w);
    json_put_string(&w, "0123456789");
    json_close_array(&w);
    assert_true(buf.full);
}

static void members_are_chosen_by_name(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const char text[] = "{\"Name\":\"x\",\"Names\":1,\"Null\":null,\"Deep\":{\"Name\":[true]}}";
    const struct json *v = NULL;
    struct err err;
    assert_true(json_parse(a, text, strlen(text), &v, &err));
    assert_string_equal(json_only(a, v, "Deep Name Null"), "{\"Name\":\"x\",\"Deep\":{\"Name\":[true]}}");
    assert_string_equal(json_without(a, v, "Deep Name"), "{\"Names\":1}");
    assert_string_equal(json_only(a, v, "Deep[].Name Nam[] Names[]"),
                        "{\"Names\":1,\"Deep\":{\"Name\":[true]}}");
    assert_string_equal(json_without(a, NULL, "Name"), "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_strings_come_back_equal), cmocka_unit_test(templates_quote_and_splice),
        cmocka_unit_test(numbers_keep_every_bit),          cmocka_unit_test(lists_of_strings),
        cmocka_unit_test(members_are_chosen_by_name),      cmocka_unit_test(writer_places_commas),
        cmocka_unit_test(writer_notices_a_full_buf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

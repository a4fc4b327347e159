#include "base/test.h"
#include "codec/text.h"

static void bad_urls_are_refused_without_quoting_their_query(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "https:/example.com",
        "https://",
        "https:///x",
        "https://?x",
        "https://user@example.com/",
        "https://user:hunter2@example.com/",
        "https://example.com@evil.com/",
        "https://a.b/#x",
        "https://a.b/ c",
        "https://a.b/\n",
        "https://a.b/\x7F",
        "https://a.b/\xC3\xA9",
        "https://\xC3\xA9.b/",
        "https://a.b\\c/",
        "https://a.b:/",
        "https://a.b:0/",
        "https://a.b:65536/",
        "https://a.b:99999999999/",
        "https://a.b:8x/",
        "https://a.b:-1/",
        "https://a.b:+1/",
        "https://::1/",
        "https://[::1/",
        "https://[::1]x/",
        "https://[::g]/",
        "https://[1.2.3.4]/",
        "https://[]/",
        "https://a..b/",
        "https://.a/",
        "https://a_b%41/",
        "https://a b/",
        "https://*.a.b/",
        "https://a.b:1:2/",
        " https://a.b/",
        "javascript:alert(1)",
        "https://a.b,c/",
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        struct url url = {.port = 42};
        struct err err = {0};
        if (url_parse(a, cases[i], &url, &err))
            fail_msg("accepted %s", cases[i]);
        assert_int_equal(url.port, 42);
        assert_int_equal(err.kind, ERR_INPUT);
        assert_null(strstr(err.text, "hunter2"));
    }
    TEST_ARENA(a);
    char *longer = arena_alloc(a, 70001);
    memset(longer, 'a', 70000);
    memcpy(longer, "https://a/", 10);
    struct url url;
    struct err err;
    assert_false(url_parse(a, longer, &url, &err));
}

static void urls_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct url url;
    } cases[] = {
        {"https://example.com", {"https", "example.com", 443, false, "/", ""}},
        {"HTTP://Example.COM", {"http", "example.com", 80, false, "/", ""}},
        {"http://127.0.0.1:8080/a/../B?x=%20&y", {"http", "127.0.0.1", 8080, true, "/a/../B", "x=%20&y"}},
        {"https://[2001:DB8::1]:443/", {"https", "2001:db8::1", 443, true, "/", ""}},
        {"https://[::1]", {"https", "::1", 443, false, "/", ""}},
        {"https://a.b?x=/?y", {"https", "a.b", 443, false, "/", "x=/?y"}},
        {"https://a.b/?", {"https", "a.b", 443, false, "/", ""}},
        {"https://a.b/@:x", {"https", "a.b", 443, false, "/@:x", ""}},
        {"https://a.b:65535", {"https", "a.b", 65535, true, "/", ""}},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        struct url url;
        struct err err = {0};
        const struct url *want = &cases[i].url;
        if (!url_parse(a, cases[i].text, &url, &err))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_string_equal(url.scheme, want->scheme);
        assert_string_equal(url.host, want->host);
        assert_int_equal(url.port, want->port);
        assert_int_equal(url.explicit_port, want->explicit_port);
        assert_string_equal(url.path, want->path);
        assert_string_equal(url.query, want->query);
    }
}

static void hosts_and_ports(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned default_port;
        const char *host; /* NULL: refused */
        unsigned port;
    } cases[] = {
        {"a.b:443", 0, "a.b", 443},  {"[::1]:8443", 0, "::1", 8443},
        {"A.B", 443, "a.b", 443},    {"[::1]", 443, "::1", 443},
        {"a.b:1", 443, "a.b", 1},    {"a.b", 0, NULL, 0},
        {"[::1]", 0, NULL, 0},       {"::1", 443, NULL, 0},
        {"a.b:", 443, NULL, 0},      {":443", 443, NULL, 0},
        {"", 443, NULL, 0},          {"a.b:0", 443, NULL, 0},
        {"a.b:65536", 443, NULL, 0}, {"a/b:1", 443, NULL, 0},
        {"a@b:1", 443, NULL, 0},     {"[::1]443", 0, NULL, 0},
        {"[::1", 443, NULL, 0},      {"a b:1", 0, NULL, 0},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        const char *host = NULL;
        unsigned port = 0;
        struct err err = {0};
        bool done = host_port_parse(a, cases[i].text, cases[i].default_port, &host, &port, &err);
        if (done != (cases[i].host != NULL))
            fail_msg("%s: %s", cases[i].text, err.text);
        assert_int_equal(port, cases[i].port);
        if (done)
            assert_string_equal(host, cases[i].host);
    }
}

static void queries(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct pairs pairs = {0};
    struct err err;
    static const char text[] = "b=2&&a=1%262&=x&c&b=1+1&d==&";
    assert_true(query_parse(a, text, strlen(text), true, 10, &pairs, &err));
    assert_int_equal(pairs.count, 6);
    assert_string_equal(pairs_get(&pairs, "b"), "2");
    assert_string_equal(pairs_get(&pairs, "a"), "1&2");
    assert_string_equal(pairs_get(&pairs, ""), "x");
    assert_string_equal(pairs_get(&pairs, "c"), "");
    assert_string_equal(pairs_get(&pairs, "d"), "=");
    assert_null(pairs_get(&pairs, "x"));
    pairs_sort(&pairs);
    assert_string_equal(query_format(a, &pairs), "=x&a=1%262&b=1%201&b=2&c=&d=%3D");
    assert_true(query_parse(a, "", 0, false, 0, &pairs, &err));
    assert_int_equal(pairs.count, 0);
    assert_string_equal(query_format(a, &pairs), "");
    pairs_sort(&pairs);
}

static void bad_queries_are_refused(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct pairs pairs = {.count = 42};
    struct err err;
    static const char *const cases[] = {"a=%", "%zz=1", "a=%00", "%00", "a=1&b=2&c=3&d=4"};
    for (size_t i = 0; i < countof(cases); i++)
        if (query_parse(a, cases[i], strlen(cases[i]), true, 3, &pairs, &err))
            fail_msg("accepted %s", cases[i]);
    assert_int_equal(pairs.count, 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_urls_are_refused_without_quoting_their_query),
        cmocka_unit_test(bad_queries_are_refused),
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(hosts_and_ports),
        cmocka_unit_test(queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

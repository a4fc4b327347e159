/* Framing: what is taken, and what ends the connection. */
#include "sim/test_help.h"

static void strange_framing_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned status; /* 0: the connection ended */
    } cases[] = {
        {"", 0},
        {"GET / HTTP/1.1\r\n", 400},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET http://u@h/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\n x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\nx", 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 400},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
        struct sim_request r;
        unsigned status = 1;
        if (sim_request_parse(a, cases[i].text, strlen(cases[i].text), &r, &status) ||
            status != cases[i].status)
            fail_msg("%s: %u", cases[i].text, status);
    }
}

static void targets_of_both_forms_are_kept_raw(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    struct sim_request r;
    unsigned status;
    const char *absolute =
        "POST HTTP://CDN.aliyuncs.com/a%2Ab?x=1&y=%20 HTTP/1.1\r\nhost: Other.example\r\n\r\n";
    assert_true(sim_request_parse(a, absolute, strlen(absolute), &r, &status));
    assert_string_equal(r.host, "cdn.aliyuncs.com");
    assert_string_equal(r.path, "/a%2Ab");
    assert_string_equal(r.query, "x=1&y=%20");
    assert_string_equal(sim_request_header(&r, "host"), "Other.example");
    const char *plain = "POST /? HTTP/1.1\r\nHost: A:443\r\nConnection: close\r\n\r\n";
    assert_true(sim_request_parse(a, plain, strlen(plain), &r, &status));
    assert_string_equal(r.host, "a:443");
    assert_string_equal(r.path, "/");
    assert_string_equal(r.query, "");
    assert_false(r.keep_alive);
    const char *connect = "CONNECT Cdn.aliyuncs.com:443 HTTP/1.1\r\nHost: cdn.aliyuncs.com:443\r\n\r\n";
    assert_true(sim_request_parse(a, connect, strlen(connect), &r, &status));
    assert_string_equal(r.host, "cdn.aliyuncs.com:443");
}

static void chunks_make_one_body(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    struct sim_request r;
    unsigned status;
    const char *text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                       "chunked\r\n\r\n3\r\nabc\r\nA;x=1\r\n0123456789\r\n0\r\n\r\n";
    assert_true(sim_request_parse(a, text, strlen(text), &r, &status));
    assert_string_equal(r.body, "abc0123456789");
    assert_int_equal(r.body_size, 13);
    assert_true(r.keep_alive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strange_framing_is_refused),
        cmocka_unit_test(targets_of_both_forms_are_kept_raw),
        cmocka_unit_test(chunks_make_one_body),
    };
    return cmocka_run_group_tests_name("sim_http", tests, NULL, NULL);
}

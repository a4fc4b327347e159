#include "net/gate.h"

#include "base/file.h"
#include "crypto/mint.h"
#include "crypto/tls.h"
#include "net/test_support.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

/* A server that reads one request after another and answers each with the same bytes, then behaves as told. */
struct script {
    const char *answer; /* NULL: none */
    const char *then;   /* "" and NULL: the next request; else "reset", "close", "wait" */
    unsigned keep; /* with then: requests of the first connection answered before that; later ones: all */
    pthread_mutex_t lock; /* guards what follows */
    char last[16384];     /* the last request's head and what came with it */
    unsigned requests;
};

struct fixture {
    struct arena *arena;
    struct gate *gate;
    struct test_server *server;
    struct script script;
    struct tls_identity identity; /* here, as the server runs on until teardown */
    char url[128];
};

static bool note_request(struct script *s, int fd)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    char *head = test_read_until(a, fd, "\r\n\r\n");
    const char *length = strcasestr(head, "\r\ncontent-length:");
    size_t left = length ? strtoul(length + 17, NULL, 10) : 0;
    char *body = arena_alloc(a, left + 1);
    if (!strstr(head, "\r\n\r\n"))
        return false;
    for (size_t got = 0; got < left;) {
        ssize_t part = read(fd, body + got, left - got);
        if (part <= 0)
            return false;
        got += (size_t)part;
    }
    pthread_mutex_lock(&s->lock);
    snprintf(s->last, sizeof s->last, "%s%s", head, body);
    s->requests++;
    pthread_mutex_unlock(&s->lock);
    return true;
}

static void wait_for_close(int fd)
{
    char byte;
    while (read(fd, &byte, 1) > 0)
        continue;
}

static void play(void *context, int fd, unsigned number)
{
    struct script *s = context;
    for (unsigned count = 0; note_request(s, fd); count++) {
        bool last = s->then && *s->then && number == 1 && count >= s->keep;
        if (s->answer && !(last && s->keep))
            test_write(fd, s->answer);
        if (!last)
            continue;
        if (strcmp(s->then, "wait") == 0)
            wait_for_close(fd);
        else if (strcmp(s->then, "reset") == 0)
            test_reset(fd);
        return;
    }
}

static int setup(void **state)
{
    struct err err;
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(ARENA_JOB_BYTES);
    pthread_mutex_init(&f->script.lock, NULL);
    *state = f;
    return gate_open(&f->gate, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    gate_close(f->gate);
    if (f->server)
        test_server_stop(f->server);
    arena_free(f->arena);
    free(f);
    return 0;
}

static struct http_request request_to(struct fixture *f, const char *method, const char *path)
{
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u%s", test_server_port(f->server), path);
    return (struct http_request){.method = method,
                                 .url = f->url,
                                 .total_ms = 5000,
                                 .addresses = {.allow_loopback = true}};
}

static void serve(struct fixture *f, const char *answer, const char *then, unsigned keep)
{
    f->script.answer = answer;
    f->script.then = then;
    f->script.keep = keep;
    f->server = test_server_start(play, &f->script);
}

static unsigned requests_seen(struct fixture *f)
{
    pthread_mutex_lock(&f->script.lock);
    unsigned count = f->script.requests;
    pthread_mutex_unlock(&f->script.lock);
    return count;
}

static void expect_error(struct fixture *f, const struct http_request *request, enum err_kind kind,
                         bool unsent, const char *words)
{
    struct err err = {0};
    struct http_answer answer;
    assert_false(gate_send(f->gate, f->arena, request, &answer, &err));
    if (err.kind != kind || err.unsent != unsent || !strstr(err.text, words))
        fail_msg("%s %s, unsent %d", err_kind_name(err.kind), err.text, err.unsent);
}

static struct http_answer expect_answer(struct fixture *f, const struct http_request *request, long status)
{
    struct err err = {0};
    struct http_answer answer = {0};
    if (!gate_send(f->gate, f->arena, request, &answer, &err))
        fail_msg("%s", err.text);
    assert_int_equal(answer.status, status);
    return answer;
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-ID:  abc \r\n\r\nok"

/* Refusals */

static void bad_urls_and_headers_are_refused_unsent(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] =
        {"ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "http://127.0.0.1/a b",     "http://127.0.0.1/\r\nX: y",
         "127.0.0.1/",       "file:///etc/passwd",    "http://127.0.0.1/\xc3\xa4"};
    for (size_t i = 0; i < countof(urls); i++)
        expect_error(f, &(struct http_request){.method = "GET", .url = urls[i]}, ERR_INPUT, true, "");
    static const struct http_header bad[] = {{"X-A", "a\r\nX-B: b"}, {"X A", "a"}, {"X-A:", "a"}, {"", "a"}};
    for (size_t i = 0; i < countof(bad); i++)
        expect_error(f, &(struct http_request){"GET", "http://127.0.0.1/", &bad[i], 1}, ERR_INPUT, true,
                     "header");
}

static void forbidden_addresses_are_refused_unsent(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://169.254.169.254/latest/",
                                       "http://[fe80::1]/",
                                       "http://[::ffff:169.254.169.254]/",
                                       "http://100.100.100.200/",
                                       "http://2852039166/",
                                       "http://0.0.0.0/"};
    for (size_t i = 0; i < countof(urls); i++)
        expect_error(f,
                     &(struct http_request){.method = "GET",
                                            .url = urls[i],
                                            .addresses = {.allow_loopback = true, .allow_private = true}},
                     ERR_INPUT, true, "not allowed");
    expect_error(f,
                 &(struct http_request){.method = "GET",
                                        .url = "http://169.254.169.254/",
                                        .proxy = "http://169.254.169.254:1"},
                 ERR_INPUT, true, "not allowed");
}

static void a_kept_connection_obeys_the_rule_too(void **state)
{
    struct fixture *f = *state;
    serve(f, OK_ANSWER, NULL, 0);
    struct http_request request = request_to(f, "GET", "/");
    expect_answer(f, &request, 200);
    request.addresses.allow_loopback = false;
    expect_error(f, &request, ERR_INPUT, true, "127.0.0.1");
    assert_int_equal(requests_seen(f), 1);
}

static void redirects_are_refused(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", NULL, 0);
    struct http_request request = request_to(f, "GET", "/a");
    expect_error(f, &request, ERR_VENDOR, false, "302");
    assert_int_equal(requests_seen(f), 1);
}

static void refused_connection_is_unsent(void **state)
{
    struct fixture *f = *state;
    serve(f, NULL, NULL, 0);
    struct http_request request = request_to(f, "POST", "/");
    test_server_stop(f->server);
    f->server = NULL;
    expect_error(f, &request, ERR_NETWORK, true, "127.0.0.1");
}

static void reset_before_the_answer_is_not_unsent(void **state)
{
    struct fixture *f = *state;
    serve(f, NULL, "reset", 0);
    struct http_request request = request_to(f, "POST", "/");
    expect_error(f, &request, ERR_NETWORK, false, "");
    assert_int_equal(requests_seen(f), 1);
}

static void reset_in_the_middle_of_the_answer(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "reset", 0);
    struct http_request request = request_to(f, "GET", "/");
    expect_error(f, &request, ERR_NETWORK, false, "");
}

static void end_in_the_middle_of_the_answer(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "close", 0);
    struct http_request request = request_to(f, "GET", "/");
    expect_error(f, &request, ERR_NETWORK, false, "");
}

static void slow_body_meets_the_total_deadline(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "wait", 0);
    struct http_request request = request_to(f, "GET", "/");
    request.total_ms = 200;
    expect_error(f, &request, ERR_TIMEOUT, false, "");
}

static void answers_over_the_limit_are_refused(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789", NULL, 0);
    struct http_request request = request_to(f, "GET", "/");
    request.max_answer = 8;
    expect_error(f, &request, ERR_VENDOR, false, "more than 8 bytes");
    request.max_answer = 9;
    assert_string_equal(expect_answer(f, &request, 200).body, "123456789");
}

static void chunked_answers_over_the_limit_are_refused(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n",
          NULL, 0);
    struct http_request request = request_to(f, "GET", "/");
    request.max_answer = 8;
    expect_error(f, &request, ERR_VENDOR, false, "more than 8 bytes");
}

static void endless_headers(void *context, int fd, unsigned number)
{
    (void)context, (void)number;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    test_read_until(a, fd, "\r\n\r\n");
    test_write(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100000; i++)
        test_write(fd, "X-Header: again and again and again\r\n");
}

static void endless_headers_are_refused(void **state)
{
    struct fixture *f = *state;
    f->server = test_server_start(endless_headers, NULL);
    struct http_request request = request_to(f, "GET", "/");
    expect_error(f, &request, ERR_VENDOR, false, "headers");
}

/* libcurl would send it again on a fresh connection: the server may have acted on the first. */
static void a_write_is_never_repeated_on_a_fresh_connection(void **state)
{
    struct fixture *f = *state;
    serve(f, OK_ANSWER, "close", 1);
    struct http_request request = request_to(f, "POST", "/");
    expect_answer(f, &request, 200);
    expect_error(f, &request, ERR_NETWORK, false, "before the answer");
    assert_int_equal(requests_seen(f), 2);
}

static void a_read_is_repeated_on_a_fresh_connection(void **state)
{
    struct fixture *f = *state;
    serve(f, OK_ANSWER, "close", 1);
    struct http_request request = request_to(f, "GET", "/");
    expect_answer(f, &request, 200);
    expect_answer(f, &request, 200);
    assert_int_equal(requests_seen(f), 3);
}

/* What goes onto the wire */

static void the_request_is_sent_as_written(void **state)
{
    struct fixture *f = *state;
    serve(f, OK_ANSWER, NULL, 0);
    struct http_request request = request_to(f, "GET", "/a/../b/./%2f%41~'(x)?q=%7e&+;[");
    request.headers =
        (struct http_header[]){{"Host", "cdn.example.com"}, {"X-Empty", ""}, {"Accept", "text/x"}};
    request.header_count = 3;
    struct http_answer answer = expect_answer(f, &request, 200);
    assert_string_equal(f->script.last, "GET /a/../b/./%2f%41~'(x)?q=%7e&+;[ HTTP/1.1\r\n"
                                        "Host: cdn.example.com\r\nX-Empty:\r\nAccept: text/x\r\n\r\n");
    assert_string_equal(http_answer_header(&answer, "x-request-id"), "abc");
    assert_string_equal(answer.body, "ok");
}

static void libcurl_adds_nothing_but_length_and_accept(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *method, *body, *sent;
    } cases[] = {
        {"POST", "", "Content-Length: 0\r\n\r\n"},     {"PUT", "", "Content-Length: 0\r\n\r\n"},
        {"DELETE", "", "Accept: */*\r\n\r\n"},         {"POST", "a=b", "Content-Length: 3\r\n\r\na=b"},
        {"DELETE", "x", "Content-Length: 1\r\n\r\nx"}, {"PATCH", "y", "Content-Length: 1\r\n\r\ny"},
    };
    serve(f, OK_ANSWER, NULL, 0);
    for (size_t i = 0; i < countof(cases); i++) {
        char wanted[256];
        struct http_request request = request_to(f, cases[i].method, "/");
        request.body = cases[i].body;
        request.body_size = strlen(cases[i].body);
        expect_answer(f, &request, 200);
        snprintf(wanted, sizeof wanted, "%s / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", cases[i].method,
                 test_server_port(f->server));
        assert_memory_equal(f->script.last, wanted, strlen(wanted));
        const char *end = f->script.last + strlen(f->script.last) - strlen(cases[i].sent);
        assert_string_equal(end, cases[i].sent);
        assert_null(strstr(f->script.last, "Content-Type"));
        assert_null(strstr(f->script.last, "User-Agent"));
    }
}

static void a_large_body_is_sent_without_expect(void **state)
{
    struct fixture *f = *state;
    serve(f, OK_ANSWER, NULL, 0);
    struct http_request request = request_to(f, "POST", "/");
    request.body_size = 3 << 20;
    char *body = arena_alloc(f->arena, request.body_size);
    memset(body, 'x', request.body_size);
    request.body = body;
    expect_answer(f, &request, 200);
    assert_null(strcasestr(f->script.last, "expect"));
}

static void head_has_no_body(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n", NULL, 0);
    struct http_request request = request_to(f, "HEAD", "/");
    struct http_answer answer = expect_answer(f, &request, 200);
    assert_int_equal(answer.body_size, 0);
    assert_string_equal(http_answer_header(&answer, "content-length"), "12345");
}

static void environment_proxies_are_ignored(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    serve(f, OK_ANSWER, NULL, 0);
    for (size_t i = 0; i < countof(names); i++)
        setenv(names[i], "http://127.0.0.1:1", 1);
    struct http_request request = request_to(f, "GET", "/");
    expect_answer(f, &request, 200);
    for (size_t i = 0; i < countof(names); i++)
        unsetenv(names[i]);
}

static void a_proxy_is_used_whatever_no_proxy_says(void **state)
{
    struct fixture *f = *state;
    char proxy[64];
    serve(f, OK_ANSWER, NULL, 0);
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", test_server_port(f->server));
    setenv("no_proxy", "*", 1);
    struct http_request request = {.method = "GET", .url = "http://api.example.com/x", .proxy = proxy};
    expect_answer(f, &request, 200);
    unsetenv("no_proxy");
    assert_memory_equal(f->script.last, "GET http://api.example.com/x HTTP/1.1\r\n", 39);
    request.proxy = "socks5://127.0.0.1:1";
    expect_error(f, &request, ERR_INPUT, true, "proxy");
}

static void interim_answers_are_passed_over(void **state)
{
    struct fixture *f = *state;
    serve(f, "HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n" OK_ANSWER, NULL, 0);
    struct http_request request = request_to(f, "GET", "/");
    struct http_answer answer = expect_answer(f, &request, 200);
    assert_null(http_answer_header(&answer, "x-hint"));
}

/* TLS */

static bool choose(void *context, const char *server_name, struct tls_identity *ret)
{
    (void)server_name;
    *ret = *(const struct tls_identity *)context;
    return true;
}

static void serve_tls(void *context, int fd, unsigned number)
{
    (void)number;
    cleanup(tls_free_p) struct tls *tls = NULL;
    char data[4096] = "";
    size_t size;
    if (!tls_server_new(fd, choose, context, &tls, NULL) || tls_handshake(tls, NULL) != TLS_DONE)
        return;
    if (tls_read(tls, data, sizeof data - 1, &size, NULL) == TLS_DONE && size)
        (void)tls_write(tls, OK_ANSWER, strlen(OK_ANSWER), &size, NULL);
    tls_shutdown(tls);
}

static void certificates_are_verified(void **state)
{
    struct fixture *f = *state;
    struct minted ca, leaf;
    struct err err;
    static const char *const names[] = {"localhost", "127.0.0.1"};
    int64_t now_ms = clock_wall_ms(&clock_system), day_ms = 86400000;
    assert_true(mint_ca(f->arena, "Test CA", KEY_ECDSA, 256, now_ms - day_ms, now_ms + day_ms, &ca, &err));
    assert_true(
        mint_leaf(f->arena, &ca, names, 2, KEY_ECDSA, 256, now_ms - day_ms, now_ms + day_ms, &leaf, &err));
    char *ca_pem = x509_pem(f->arena, &ca.cert), ca_file[] = "/tmp/certferry-ca-XXXXXX";
    int fd = mkstemp(ca_file);
    assert_int_equal(write(fd, ca_pem, strlen(ca_pem)), strlen(ca_pem));
    close(fd);
    f->identity = (struct tls_identity){x509_pem(f->arena, &leaf.cert), leaf.key};
    f->server = test_server_start(serve_tls, &f->identity);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", test_server_port(f->server));
    struct http_request request = {.method = "POST",
                                   .url = url,
                                   .total_ms = 5000,
                                   .addresses = {.allow_loopback = true}};
    expect_error(f, &request, ERR_NETWORK, true, "certificate");
    request.ca_file = ca_file;
    expect_answer(f, &request, 200);
    request.ca_file = NULL; /* the trust was that request's only */
    expect_error(f, &request, ERR_NETWORK, true, "certificate");
    request.ca_file = "/nonexistent";
    expect_error(f, &request, ERR_INPUT, true, "");
    unlink(ca_file);
}

/* Streams */

struct pieces {
    char text[256];
    unsigned count, stop_at;
};

static bool add_piece(void *context, const char *data, size_t size)
{
    struct pieces *p = context;
    snprintf(p->text + strlen(p->text), sizeof p->text - strlen(p->text), "%.*s|", (int)size, data);
    return ++p->count != p->stop_at;
}

static void streams_arrive_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct http_answer answer;
    struct err err;
    serve(f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", NULL,
          0);
    struct http_request request = request_to(f, "GET", "/");
    struct pieces all = {.stop_at = 0}, first = {.stop_at = 1};
    assert_true(gate_stream(f->gate, f->arena, &request, add_piece, &all, &answer, &err));
    assert_string_equal(all.text, "abc|de|");
    assert_int_equal(answer.status, 200);
    assert_true(gate_stream(f->gate, f->arena, &request, add_piece, &first, &answer, &err));
    assert_string_equal(first.text, "abc|");
}

static void a_stream_refused_shows_why(void **state)
{
    struct fixture *f = *state;
    struct http_answer answer;
    struct err err;
    struct pieces none = {.stop_at = 0};
    serve(f, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", NULL, 0);
    struct http_request request = request_to(f, "GET", "/");
    assert_true(gate_stream(f->gate, f->arena, &request, add_piece, &none, &answer, &err));
    assert_int_equal(answer.status, 404);
    assert_string_equal(answer.body, "gone");
    assert_int_equal(none.count, 0);
}

/* Many at once */

/* Holds every connection open with its request unanswered. */
struct holder {
    int held[GATE_HOST_CONNECTIONS];
    sem_t full;
};

static void hold(void *context, int fd, unsigned number)
{
    struct holder *h = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    test_read_until(a, fd, "\r\n\r\n");
    if (number <= GATE_HOST_CONNECTIONS)
        h->held[number - 1] = dup(fd);
    if (number == GATE_HOST_CONNECTIONS)
        sem_post(&h->full);
}

static void *send_one(void *context)
{
    struct fixture *f = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct http_answer answer;
    struct http_request request = {.method = "POST", .url = f->url, .addresses = {.allow_loopback = true}};
    assert_false(gate_send(f->gate, a, &request, &answer, NULL));
    return NULL;
}

static void the_deadline_counts_the_wait_for_a_connection(void **state)
{
    struct fixture *f = *state;
    struct holder holder;
    pthread_t threads[GATE_HOST_CONNECTIONS];
    sem_init(&holder.full, 0, 0);
    f->server = test_server_start(hold, &holder);
    struct http_request request = request_to(f, "GET", "/");
    for (size_t i = 0; i < countof(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_one, f), 0);
    sem_wait(&holder.full);
    request.total_ms = 200;
    expect_error(f, &request, ERR_TIMEOUT, true, "in time");
    assert_int_equal(test_server_connections(f->server), GATE_HOST_CONNECTIONS);
    for (size_t i = 0; i < countof(threads); i++)
        close(holder.held[i]);
    for (size_t i = 0; i < countof(threads); i++)
        pthread_join(threads[i], NULL);
    sem_destroy(&holder.full);
}

int main(void)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    const struct CMUnitTest tests[] = {
#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        GATE_TEST(bad_urls_and_headers_are_refused_unsent),
        GATE_TEST(forbidden_addresses_are_refused_unsent),
        GATE_TEST(a_kept_connection_obeys_the_rule_too),
        GATE_TEST(redirects_are_refused),
        GATE_TEST(refused_connection_is_unsent),
        GATE_TEST(reset_before_the_answer_is_not_unsent),
        GATE_TEST(reset_in_the_middle_of_the_answer),
        GATE_TEST(end_in_the_middle_of_the_answer),
        GATE_TEST(slow_body_meets_the_total_deadline),
        GATE_TEST(answers_over_the_limit_are_refused),
        GATE_TEST(chunked_answers_over_the_limit_are_refused),
        GATE_TEST(endless_headers_are_refused),
        GATE_TEST(a_write_is_never_repeated_on_a_fresh_connection),
        GATE_TEST(a_read_is_repeated_on_a_fresh_connection),
        GATE_TEST(the_request_is_sent_as_written),
        GATE_TEST(libcurl_adds_nothing_but_length_and_accept),
        GATE_TEST(a_large_body_is_sent_without_expect),
        GATE_TEST(head_has_no_body),
        GATE_TEST(environment_proxies_are_ignored),
        GATE_TEST(a_proxy_is_used_whatever_no_proxy_says),
        GATE_TEST(interim_answers_are_passed_over),
        GATE_TEST(certificates_are_verified),
        GATE_TEST(streams_arrive_in_pieces),
        GATE_TEST(a_stream_refused_shows_why),
        GATE_TEST(the_deadline_counts_the_wait_for_a_connection),
    };
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}

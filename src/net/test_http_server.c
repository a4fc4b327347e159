#include "net/http_server.h"

#include "base/buf.h"
#include "net/test_support.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct clock_manual clock; /* the loop thread's */
    int64_t step_ms;
    struct loop *loop;
    struct http_server *server;
    struct http_server *unix_server;
    char unix_path[64];
    unsigned port;
    pthread_t thread;
    sem_t stepped, stream_began, stream_ended, deferred;
    struct http_exchange *held; /* by /hold */
    struct http_stream *stream;
};

/* Handlers */

static void echo(struct http_exchange *x)
{
    struct buf text = buf_new(x->arena, 1 << 20);
    const char *host = http_header_get(x, "host");
    buf_printf(&text, "%s %s", x->method, x->path);
    for (size_t i = 0; i < x->query.count; i++)
        buf_printf(&text, " %s=%s", x->query.items[i].name, x->query.items[i].value);
    buf_printf(&text, " host=%s body=%zu:%.20s uid=%lld peer=%s", host ? host : "", x->body_size, x->body,
               (long long)x->peer_uid, x->peer);
    http_reply(x, 200, "text/plain", text.data, text.size, NULL, 0);
}

static void *answer_late(void *context)
{
    echo(context);
    return NULL;
}

static void defer(struct http_exchange *x)
{
    pthread_t thread;
    http_defer(x);
    if (pthread_create(&thread, NULL, answer_late, x) != 0)
        abort();
    pthread_detach(thread);
}

static void stream_ended(void *context)
{
    sem_post(&((struct fixture *)context)->stream_ended);
}

static void handle(void *context, struct http_exchange *x)
{
    struct fixture *f = context;
    if (strcmp(x->path, "/defer") == 0) {
        defer(x);
    } else if (strcmp(x->path, "/hold") == 0) {
        http_defer(x);
        f->held = x;
        sem_post(&f->deferred);
    } else if (strcmp(x->path, "/stream") == 0) {
        f->stream = http_stream(x, stream_ended, f);
        sem_post(&f->stream_began);
    } else if (strcmp(x->path, "/silent") == 0) {
        return;
    } else if (strcmp(x->path, "/bad-header") == 0) {
        http_reply(x, 200, NULL, NULL, 0, &(struct http_header){"X-A", "a\r\nX-B: b"}, 1);
    } else if (strcmp(x->path, "/headers") == 0) {
        http_reply(x, 204, NULL, NULL, 0, &(struct http_header){"Location", "/x"}, 1);
    } else {
        echo(x);
    }
}

/* The loop on a thread of its own */

static void *run(void *context)
{
    loop_run(((struct fixture *)context)->loop);
    return NULL;
}

static void step(void *context)
{
    struct fixture *f = context;
    f->clock.now_ms += f->step_ms;
    sem_post(&f->stepped);
}

/* When this returns, the clock has moved and all calls posted before were run; timers follow in the same round. */
static void advance(struct fixture *f, int64_t ms)
{
    f->step_ms = ms;
    loop_post(f->loop, step, f);
    sem_wait(&f->stepped);
}

static int setup(void **state)
{
    struct err err;
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(ARENA_JOB_BYTES);
    f->clock = clock_manual_at(1000000);
    snprintf(f->unix_path, sizeof f->unix_path, "/tmp/certferry-test-%d.socket", (int)getpid());
    sem_init(&f->stepped, 0, 0);
    sem_init(&f->stream_began, 0, 0);
    sem_init(&f->stream_ended, 0, 0);
    sem_init(&f->deferred, 0, 0);
    struct http_listen tcp = {.address = "127.0.0.1"}, local = {.unix_path = f->unix_path};
    const struct clock *clock = &f->clock.clock;
    if (!loop_new(clock, &f->loop, &err) ||
        !http_server_open(f->loop, &tcp, clock, handle, f, &f->server, &err) ||
        !http_server_open(f->loop, &local, clock, handle, f, &f->unix_server, &err))
        fail_msg("%s", err.text);
    f->port = http_server_port(f->server);
    *state = f;
    return pthread_create(&f->thread, NULL, run, f);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    loop_stop(f->loop);
    pthread_join(f->thread, NULL);
    http_server_close(f->server);
    http_server_close(f->unix_server);
    loop_free(f->loop);
    arena_free(f->arena);
    free(f);
    return 0;
}

/* One connection, everything sent at once, everything read until the server closes. */
static char *ask(struct fixture *f, const char *request)
{
    int fd = test_connect(f->port);
    test_write(fd, request);
    char *answer = test_read_answer(f->arena, fd);
    close(fd);
    return answer;
}

static void expect_status(const char *answer, unsigned status, bool problem, const char *words)
{
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %u ", status);
    if (strncmp(answer, line, strlen(line)) != 0 || !strstr(answer, words) ||
        (problem && !strstr(answer, "application/problem+json")))
        fail_msg("wanted %u with \"%s\", got: %.400s", status, words, answer);
}

/* Refusals */

static void ambiguous_framing_is_refused_with_a_problem(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *request, *words;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "both"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", "Content-Length"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\ncontent-length: 2\r\n\r\nab", "Content-Length"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "Host"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: a\r\nTransfer-Encoding: b\r\n\r\n",
         "more than one Transfer-Encoding"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n", "blank"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
         "Transfer-Encoding"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        char *answer = ask(f, cases[i].request);
        expect_status(answer, 400, true, cases[i].words);
        assert_non_null(strcasestr(answer, "Connection: close"));
    }
}

/* What follows the refused request on its connection must not be taken for a request. */
static void nothing_is_served_after_a_refusal(void **state)
{
    struct fixture *f = *state;
    int fd = test_connect(f->port);
    test_write(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    char *all = test_read_all(f->arena, fd);
    close(fd);
    expect_status(all, 400, true, "both");
    assert_null(strstr(all, "smuggled"));
    assert_null(strstr(all + 10, "HTTP/1.1 "));
}

static void targets_are_judged_raw(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *target;
        unsigned status;
        const char *words;
    } cases[] = {
        {"/a%2Fb", 400, "%2F"},
        {"/a%2fb", 400, "%2F"},
        {"/a%00b", 400, "%00"},
        {"/a%0Ab", 400, "control"},
        {"/a%zz", 400, "escape"},
        {"/a%4", 400, "escape"},
        {"/a#b", 400, "percent-encoded"},
        {"/\xc3\xa4", 400, "percent-encoded"},
        {"/a?b=%00", 400, "query"},
        {"*", 400, "slash"},
        {"/a%20b?c=%2F&d=1+2&e", 200, "GET /a b c=/ d=1 2 e= host=a "},
        {"/%252F", 200, "GET /%2F host"},
        {"/a//b/../c", 200, "GET /a//b/../c host"},
        {"http://api.example.com:80/x?y=z", 200, "GET /x y=z host=api.example.com:80 "},
        {"http://api.example.com?y=z", 200, "GET / y=z host=api.example.com "},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        char request[256];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].target);
        expect_status(ask(f, request), cases[i].status, cases[i].status != 200, cases[i].words);
    }
}

static void long_targets(void **state)
{
    struct fixture *f = *state;
    static const struct {
        size_t size;
        unsigned status;
    } cases[] = {{64000, 200}, {65536, 200}, {65537, 414}, {80000, 414}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf request = buf_new(f->arena, 1 << 20);
        buf_puts(&request, "GET /");
        for (size_t n = 1; n < cases[i].size; n++)
            buf_putc(&request, 'a');
        buf_puts(&request, " HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_status(ask(f, request.data), cases[i].status, cases[i].status == 414, "");
    }
}

static char *ask_with_body(struct fixture *f, const char *head, size_t size, const char *tail)
{
    static char block[64 << 10];
    cleanup(arena_free_p) struct arena *a = arena_new(256 << 20);
    struct buf request = buf_new(a, 64 << 20);
    memset(block, 'y', sizeof block);
    buf_puts(&request, head);
    for (size_t part; size; size -= part) {
        part = size_min(size, sizeof block);
        buf_add(&request, block, part);
    }
    buf_puts(&request, tail);
    return ask(f, request.data);
}

static void a_body_over_the_limit_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char chunked[] =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n";
    expect_status(ask(f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777217\r\n\r\n"), 413, true,
                  "16 MiB");
    expect_status(ask_with_body(f, chunked, HTTP_BODY_BYTES + 1, "\r\n0\r\n\r\n"), 413, true, "16 MiB");
    char *answer = ask_with_body(f, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n\r\n",
                                 HTTP_BODY_BYTES, "");
    expect_status(answer, 200, false, "body=16777216:yyyy");
}

/* Deadlines */

static void slow_headers_are_closed_after_ten_seconds(void **state)
{
    struct fixture *f = *state;
    static const char *const parts[] = {"", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "};
    for (size_t i = 0; i < countof(parts); i++) {
        int fd = test_connect(f->port);
        test_write(fd, parts[i]);
        expect_status(ask(f, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, false, ""); /* so it was accepted */
        advance(f, HTTP_HEADER_MS - 1);
        test_write(fd, "b");
        expect_status(ask(f, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, false, "");
        advance(f, 1000);
        expect_status(test_read_all(f->arena, fd), 408, true, "in time");
        close(fd);
    }
}

static void idle_connections_are_closed_after_a_minute(void **state)
{
    struct fixture *f = *state;
    int fd = test_connect(f->port);
    test_write(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(test_read_answer(f->arena, fd), 200, false, "");
    advance(f, HTTP_KEEP_MS - 1000);
    test_write(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(test_read_answer(f->arena, fd), 200, false, "");
    advance(f, HTTP_KEEP_MS + 1000);
    assert_string_equal(test_read_all(f->arena, fd), "");
    close(fd);
}

static void slow_bodies_are_closed_after_a_minute(void **state)
{
    struct fixture *f = *state;
    int fd = test_connect(f->port);
    test_write(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    expect_status(ask(f, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, false, "");
    advance(f, HTTP_BODY_MS + 1000);
    expect_status(test_read_all(f->arena, fd), 408, true, "in time");
    close(fd);
}

/* Serving */

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *f = *state;
    int fd = test_connect(f->port);
    struct buf requests = buf_new(f->arena, 1 << 20);
    for (int i = 0; i < 50; i++)
        buf_printf(&requests, "%s HTTP/1.1\r\nHost: a\r\n%s", i % 3 ? "GET /defer?n=1" : "POST /?n=1",
                   i % 3 ? "\r\n" : "Content-Length: 2\r\n\r\nab");
    test_write(fd, requests.data);
    for (int i = 0; i < 50; i++)
        expect_status(test_read_answer(f->arena, fd), 200, false, i % 3 ? "GET /defer n=1" : "body=2:ab");
    close(fd);
}

static void chunked_bodies_are_put_together(void **state)
{
    struct fixture *f = *state;
    expect_status(ask(f, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"),
                  200, false, "body=5:abcde");
}

static void answers(void **state)
{
    struct fixture *f = *state;
    expect_status(ask(f, "GET /silent HTTP/1.1\r\nHost: a\r\n\r\n"), 500, true, "not answered");
    char *answer = ask(f, "GET /bad-header HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(answer, 500, true, "header");
    assert_null(strstr(answer, "X-B"));
    expect_status(ask(f, "GET /headers HTTP/1.1\r\nHost: a\r\n\r\n"), 204, false, "Location: /x\r\n");
    int fd = test_connect(f->port);
    test_write(fd, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    answer = test_read_all(f->arena, fd);
    close(fd);
    expect_status(answer, 200, false, "Content-Length: ");
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    expect_status(ask(f, "GET / HTTP/1.0\r\n\r\n"), 200, false, "host= ");
}

static void *ask_many(void *context)
{
    struct fixture *f = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    int fd = test_connect(f->port);
    for (int i = 0; i < 50; i++) {
        test_write(fd, "POST /defer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
        char *answer = test_read_answer(a, fd);
        if (!strstr(answer, "body=2:ok"))
            abort();
    }
    close(fd);
    return NULL;
}

static void deferred_answers_come_from_other_threads(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[8];
    for (size_t i = 0; i < countof(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, f), 0);
    for (size_t i = 0; i < countof(threads); i++)
        pthread_join(threads[i], NULL);
}

static void a_deferred_client_may_leave(void **state)
{
    struct fixture *f = *state;
    int fd = test_connect(f->port);
    test_write(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    sem_wait(&f->deferred);
    test_reset(fd);
    close(fd);
    http_reply(f->held, 200, "text/plain", "late", 4, NULL, 0);
    expect_status(ask(f, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, false, "");
}

static void the_unix_socket_names_its_peer(void **state)
{
    struct fixture *f = *state;
    struct stat status;
    char wanted[64];
    assert_int_equal(stat(f->unix_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    int fd = test_connect_unix(f->unix_path);
    test_write(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    snprintf(wanted, sizeof wanted, "uid=%d peer=unix", (int)getuid());
    expect_status(test_read_answer(f->arena, fd), 200, false, wanted);
    close(fd);
    expect_status(ask(f, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, false, "uid=-1 peer=127.0.0.1");
}

static void a_socket_in_use_is_not_taken_but_a_stale_one_is(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct http_server *second;
    struct http_listen local = {.unix_path = f->unix_path}, plain = {.unix_path = "/etc/passwd"};
    struct loop *loop;
    assert_true(loop_new(&clock_system, &loop, &err));
    assert_false(http_server_open(loop, &local, &clock_system, handle, f, &second, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_false(http_server_open(loop, &plain, &clock_system, handle, f, &second, &err));
    assert_non_null(strstr(err.text, "not a socket"));
    char path[80];
    snprintf(path, sizeof path, "%s.stale", f->unix_path);
    local.unix_path = path;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    if (!http_server_open(loop, &local, &clock_system, handle, f, &second, &err))
        fail_msg("%s", err.text);
    http_server_close(second);
    assert_int_not_equal(access(path, F_OK), 0);
    loop_free(loop);
}

static void adopt(void *context)
{
    struct fixture *f = context;
    if (!http_server_add(f->server, (int)f->step_ms, NULL))
        abort();
    sem_post(&f->stepped);
}

static void an_accepted_connection_can_be_handed_over(void **state)
{
    struct fixture *f = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    f->step_ms = pair[1];
    loop_post(f->loop, adopt, f);
    sem_wait(&f->stepped);
    for (int i = 0; i < 2; i++) {
        test_write(pair[0], "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_status(test_read_answer(f->arena, pair[0]), 200, false, "GET /a");
    }
    close(pair[0]);
}

/* Streams */

static int begin_stream(struct fixture *f)
{
    int fd = test_connect(f->port);
    test_write(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    sem_wait(&f->stream_began);
    return fd;
}

static void a_stream_sends_what_is_written_and_ends(void **state)
{
    struct fixture *f = *state;
    int fd = begin_stream(f);
    char *head = test_read_until(f->arena, fd, "\r\n\r\n"); /* at once, before there is data */
    expect_status(head, 200, false, "text/event-stream");
    assert_true(http_stream_write(f->stream, "data: 1\n\n", 9));
    assert_non_null(strstr(test_read_until(f->arena, fd, "1\n\n"), "data: 1"));
    assert_true(http_stream_write(f->stream, "data: 2\n\n", 9));
    http_stream_end(f->stream);
    assert_non_null(strstr(test_read_until(f->arena, fd, "0\r\n\r\n"), "data: 2"));
    sem_wait(&f->stream_ended);
    test_write(fd, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(test_read_answer(f->arena, fd), 200, false, "GET /next");
    close(fd);
}

static void a_stream_ends_when_the_client_leaves(void **state)
{
    struct fixture *f = *state;
    int fd = begin_stream(f);
    test_read_until(f->arena, fd, "\r\n\r\n");
    close(fd);
    sem_wait(&f->stream_ended); /* without a write */
}

static void a_stream_whose_client_does_not_read_is_cut_off(void **state)
{
    struct fixture *f = *state;
    static char block[64 << 10];
    memset(block, 'x', sizeof block);
    int fd = begin_stream(f), written = 0;
    while (written < 1000 && http_stream_write(f->stream, block, sizeof block))
        written++;
    assert_in_range(written, 8, 999);
    sem_wait(&f->stream_ended);
    close(fd);
}

static void closing_the_server_ends_its_streams(void **state)
{
    struct fixture *f = *state;
    int fd = begin_stream(f);
    loop_stop(f->loop);
    pthread_join(f->thread, NULL);
    f->server = http_server_close(f->server);
    sem_wait(&f->stream_ended);
    close(fd);
    assert_int_equal(pthread_create(&f->thread, NULL, run, f), 0);
}

/* Too many */

static void the_longest_idle_of_600_connections_is_shed(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 600 };
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < 2048)
        skip();
    static int fds[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        fds[i] = test_connect(f->port);
        if (i >= 400 && i % 10) /* most never ask for anything; the first are the longest idle */
            continue;
        test_write(fds[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_status(test_read_answer(f->arena, fds[i]), 200, false, "");
        if (i == 500) { /* the very first comes back to life */
            test_write(fds[0], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            expect_status(test_read_answer(f->arena, fds[0]), 200, false, "");
        }
    }
    test_write(fds[599], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(test_read_answer(f->arena, fds[599]), 200, false, "");
    for (size_t i = 1; i <= COUNT - HTTP_CONNECTIONS; i++)
        assert_string_equal(test_read_all(f->arena, fds[i]), "");
    for (size_t i = 0; i < COUNT; i += i ? 50 : 150) {
        test_write(fds[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_status(test_read_answer(f->arena, fds[i]), 200, false, "");
    }
    for (size_t i = 0; i < COUNT; i++)
        close(fds[i]);
}

int main(void)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    const struct CMUnitTest tests[] = {
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        SERVER_TEST(ambiguous_framing_is_refused_with_a_problem),
        SERVER_TEST(nothing_is_served_after_a_refusal),
        SERVER_TEST(targets_are_judged_raw),
        SERVER_TEST(long_targets),
        SERVER_TEST(a_body_over_the_limit_is_refused),
        SERVER_TEST(slow_headers_are_closed_after_ten_seconds),
        SERVER_TEST(idle_connections_are_closed_after_a_minute),
        SERVER_TEST(slow_bodies_are_closed_after_a_minute),
        SERVER_TEST(pipelined_requests_are_answered_in_order),
        SERVER_TEST(chunked_bodies_are_put_together),
        SERVER_TEST(answers),
        SERVER_TEST(deferred_answers_come_from_other_threads),
        SERVER_TEST(a_deferred_client_may_leave),
        SERVER_TEST(the_unix_socket_names_its_peer),
        SERVER_TEST(a_socket_in_use_is_not_taken_but_a_stale_one_is),
        SERVER_TEST(an_accepted_connection_can_be_handed_over),
        SERVER_TEST(a_stream_sends_what_is_written_and_ends),
        SERVER_TEST(a_stream_ends_when_the_client_leaves),
        SERVER_TEST(a_stream_whose_client_does_not_read_is_cut_off),
        SERVER_TEST(closing_the_server_ends_its_streams),
        SERVER_TEST(the_longest_idle_of_600_connections_is_shed),
    };
    return cmocka_run_group_tests_name("http_server", tests, NULL, NULL);
}

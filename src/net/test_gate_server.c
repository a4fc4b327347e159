#include "net/gate.h"
#include "net/http_server.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Our client against our server. */
struct fixture {
    struct arena *arena;
    struct gate *gate;
    struct loop *loop;
    struct http_server *server, *unix_server;
    struct http_stream *stream; /* the loop thread's */
    pthread_t thread;
    char url[64], unix_path[64];
};

static void write_tick(void *context)
{
    struct fixture *f = context;
    if (f->stream && http_stream_write(f->stream, "data: tick\n\n", 12))
        loop_timer(f->loop, 1, write_tick, f);
}

static void stream_ended(void *context)
{
    ((struct fixture *)context)->stream = NULL;
}

static void *answer_late(void *context)
{
    http_reply(context, 200, "text/plain", "late", 4, NULL, 0);
    return NULL;
}

static void handle(void *context, struct http_exchange *x)
{
    struct fixture *f = context;
    pthread_t thread;
    if (strcmp(x->path, "/stream") == 0) {
        f->stream = http_stream(x, stream_ended, f);
        write_tick(f);
    } else if (strcmp(x->path, "/late") == 0) {
        http_defer(x);
        if (pthread_create(&thread, NULL, answer_late, x) != 0)
            abort();
        pthread_detach(thread);
    } else {
        char *text = arena_printf(x->arena, "%s %s %zu", http_header_get(x, "host"), x->target, x->body_size);
        http_reply(x, 200, "text/plain", text, strlen(text), NULL, 0);
    }
}

static void *run(void *context)
{
    loop_run(context);
    return NULL;
}

static int setup(void **state)
{
    struct err err;
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(ARENA_JOB_BYTES);
    snprintf(f->unix_path, sizeof f->unix_path, "/tmp/certferry-gate-%d.socket", (int)getpid());
    struct http_listen tcp = {.address = "127.0.0.1"}, local = {.unix_path = f->unix_path};
    if (!loop_new(&clock_system, &f->loop, &err) || !gate_open(&f->gate, &err) ||
        !http_server_open(f->loop, &tcp, &clock_system, handle, f, &f->server, &err) ||
        !http_server_open(f->loop, &local, &clock_system, handle, f, &f->unix_server, &err))
        fail_msg("%s", err.text);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u/late", http_server_port(f->server));
    *state = f;
    return pthread_create(&f->thread, NULL, run, f->loop);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    gate_close(f->gate);
    loop_stop(f->loop);
    pthread_join(f->thread, NULL);
    http_server_close(f->server);
    http_server_close(f->unix_server);
    loop_free(f->loop);
    arena_free(f->arena);
    free(f);
    return 0;
}

static struct http_answer send_request(struct fixture *f, const struct http_request *request)
{
    struct err err;
    struct http_answer answer = {0};
    if (!gate_send(f->gate, f->arena, request, &answer, &err))
        fail_msg("%s", err.text);
    return answer;
}

/* A vendor's many hosts behind one gateway URL. */
static void many_hosts_behind_one_url_share_a_connection(void **state)
{
    struct fixture *f = *state;
    char url[80];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/a?b", http_server_port(f->server));
    int before = dup(0);
    close(before);
    for (int i = 0; i < 200; i++) {
        struct http_header host = {"Host", arena_printf(f->arena, "service-%d.example.com", i % 40)};
        struct http_request request = {.method = "POST",
                                       .url = url,
                                       .headers = &host,
                                       .header_count = 1,
                                       .body = "abc",
                                       .body_size = 3,
                                       .addresses = {.allow_loopback = true}};
        char *wanted = arena_printf(f->arena, "%s /a?b 3", host.value);
        assert_string_equal(send_request(f, &request).body, wanted);
    }
    int after =
        dup(0); /* the lowest free descriptor shows how many are in use: two ends of each connection */
    close(after);
    assert_in_range(after - before, 2, 4);
}

static void the_gate_speaks_to_the_unix_socket(void **state)
{
    struct fixture *f = *state;
    struct http_request request = {.method = "GET",
                                   .url = "http://certferry/api/v1/tasks?limit=5",
                                   .unix_socket = f->unix_path};
    assert_string_equal(send_request(f, &request).body, "certferry /api/v1/tasks?limit=5 0");
}

static bool three_ticks(void *context, const char *data, size_t size)
{
    unsigned *ticks = context;
    for (size_t i = 0; i < size; i++)
        *ticks += data[i] == 't' && i + 1 < size && data[i + 1] == 'i';
    return *ticks < 3;
}

static void a_stream_is_followed_until_the_reader_has_enough(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct http_answer answer;
    unsigned ticks = 0;
    struct http_request request = {.method = "GET",
                                   .url = "http://certferry/stream",
                                   .unix_socket = f->unix_path};
    assert_true(gate_stream(f->gate, f->arena, &request, three_ticks, &ticks, &answer, &err));
    assert_true(ticks >= 3);
    assert_string_equal(http_answer_header(&answer, "content-type"), "text/event-stream");
}

enum { WORKERS = 160, EACH = 20 };

static void *work(void *context)
{
    struct fixture *f = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    for (int i = 0; i < EACH; i++) {
        struct err err;
        struct http_answer answer;
        struct http_request request = {.method = "GET", .url = f->url, .addresses = {.allow_loopback = true}};
        if (!gate_send(f->gate, a, &request, &answer, &err) || strcmp(answer.body, "late") != 0)
            abort();
    }
    return NULL;
}

static void more_workers_than_connections_all_get_their_answers(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[WORKERS];
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, f), 0);
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    const struct CMUnitTest tests[] = {
#define BOTH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        BOTH_TEST(many_hosts_behind_one_url_share_a_connection),
        BOTH_TEST(the_gate_speaks_to_the_unix_socket),
        BOTH_TEST(a_stream_is_followed_until_the_reader_has_enough),
        BOTH_TEST(more_workers_than_connections_all_get_their_answers),
    };
    return cmocka_run_group_tests_name("gate_server", tests, NULL, NULL);
}

/* What a gate does that is told to hurry: see gate_hurry. */
#include "net/gate.h"

#include "net/test_support.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture { /* a server that takes requests and never answers */
    struct arena *arena;
    struct gate *gate;
    struct test_server *server;
    atomic_uint requests;
    char url[64];
};

static void say_nothing(void *context, int fd, unsigned number)
{
    struct fixture *f = context;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    char byte;
    (void)number;
    if (test_read_until(a, fd, "\r\n\r\n"))
        atomic_fetch_add(&f->requests, 1);
    while (read(fd, &byte, 1) > 0)
        continue;
}

static void serve(struct fixture *f)
{
    f->server = test_server_start(say_nothing, f);
    snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u/", test_server_port(f->server));
}

static struct http_request request_to(struct fixture *f)
{
    return (struct http_request){.method = "GET", .url = f->url, .addresses = {.allow_loopback = true}};
}

static int setup(void **state)
{
    struct err err;
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(ARENA_JOB_BYTES);
    *state = f;
    return gate_open(&f->gate, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    gate_close(f->gate);
    test_server_stop(f->server);
    arena_free(f->arena);
    free(f);
    return 0;
}

struct waiting {
    struct fixture *f;
    pthread_t thread;
    struct http_request request;
    struct err err;
    bool ok;
};

static void *send_it(void *context)
{
    struct waiting *w = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct http_answer answer;
    w->ok = gate_send(w->f->gate, a, &w->request, &answer, &w->err);
    return NULL;
}

/* Sends what is never answered, and hurries once the server has it. */
static void hurried(struct fixture *f, bool write, int64_t total_ms, int64_t grace_ms, struct err *ret)
{
    struct waiting w = {.f = f, .request = request_to(f)};
    w.request.write = write;
    w.request.total_ms = total_ms;
    assert_int_equal(pthread_create(&w.thread, NULL, send_it, &w), 0);
    while (!atomic_load(&f->requests))
        sched_yield();
    gate_hurry(f->gate, grace_ms);
    pthread_join(w.thread, NULL);
    assert_false(w.ok);
    assert_int_equal(w.err.kind, ERR_TIMEOUT);
    assert_false(w.err.unsent);
    *ret = w.err;
}

static void in_a_hurry_a_read_is_given_up_at_once_and_nothing_begins(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct http_answer answer;
    serve(f);
    hurried(f, false, 60000, 3600000, &err);
    assert_non_null(strstr(err.text, "told to stop"));
    struct http_request late = request_to(f);
    late.write = true;
    assert_false(gate_send(f->gate, f->arena, &late, &answer, &err));
    assert_true(err.unsent && err.kind == ERR_TIMEOUT);
    assert_int_equal(atomic_load(&f->requests), 1);
}

static void in_a_hurry_a_write_has_its_grace(void **state)
{
    struct err err;
    serve(*state);
    hurried(*state, true, 300, 3600000, &err);
    assert_null(strstr(err.text, "told to stop"));
}

static void in_a_hurry_a_write_is_given_up_after_its_grace(void **state)
{
    struct err err;
    serve(*state);
    hurried(*state, true, 60000, 1, &err);
    assert_non_null(strstr(err.text, "told to stop"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_a_hurry_a_read_is_given_up_at_once_and_nothing_begins, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(in_a_hurry_a_write_has_its_grace, setup, teardown),
        cmocka_unit_test_setup_teardown(in_a_hurry_a_write_is_given_up_after_its_grace, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

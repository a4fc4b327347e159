#include "net/http_server.h"

#include "base/buf.h"
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
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ANSWER_BYTES = 1 << 20 };

struct fixture {
    struct arena *arena;
    struct clock_manual clock; /* the loop thread's */
    int64_t step_ms;
    struct loop *loop;
    struct http_server *server;
    struct minted ca, first, second;
    unsigned port;
    pthread_t thread;
    sem_t stepped;
};

static void handle(void *context, struct http_exchange *x)
{
    (void)context;
    const char *text =
        arena_printf(x->arena, "%s %s body=%zu secure=%d", x->method, x->path, x->body_size, (int)x->secure);
    http_reply(x, 200, "text/plain", text, strlen(text), NULL, 0);
}

static struct minted mint(struct fixture *f, const char *name, enum key_type type)
{
    struct minted made = {0};
    struct err err;
    int64_t from = 1700000000000, to = 4000000000000;
    if (!mint_leaf(f->arena, &f->ca, &name, 1, type, 0, from, to, &made, &err))
        fail_msg("%s", err.text);
    return made;
}

static struct http_tls *tls_of(struct fixture *f, const struct minted *leaf)
{
    struct http_tls *tls = NULL;
    struct err err;
    const char *chain =
        arena_printf(f->arena, "%s%s", x509_pem(f->arena, &leaf->cert), x509_pem(f->arena, &f->ca.cert));
    if (!http_tls_new(chain, leaf->key, &tls, &err))
        fail_msg("%s", err.text);
    return tls;
}

static void *run(void *context)
{
    loop_run(((struct fixture *)context)->loop);
    return NULL;
}

static int setup(void **state)
{
    struct err err;
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(ARENA_JOB_BYTES);
    f->clock = clock_manual_at(1000000);
    sem_init(&f->stepped, 0, 0);
    if (!mint_ca(f->arena, "Test CA", KEY_ECDSA, 256, 1700000000000, 4000000000000, &f->ca, &err))
        fail_msg("%s", err.text);
    f->first = mint(f, "first.example.com", KEY_ECDSA);
    f->second = mint(f, "second.example.com", KEY_RSA);
    struct http_listen listen = {.address = "127.0.0.1", .tls = tls_of(f, &f->first)};
    if (!loop_new(&f->clock.clock, &f->loop, &err) ||
        !http_server_open(f->loop, &listen, &f->clock.clock, handle, f, &f->server, &err))
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
    loop_free(f->loop);
    arena_free(f->arena);
    free(f);
    return 0;
}

struct client {
    int fd;
    struct tls *tls;
};

/* The descriptors block, so that a call that wants more has failed. */
static struct client client_open(struct fixture *f)
{
    struct err err;
    struct client c = {.fd = test_connect(f->port)};
    if (!tls_client_new(c.fd, "any.example.com", KEY_OTHER, &c.tls, &err) ||
        tls_handshake(c.tls, &err) != TLS_DONE)
        fail_msg("%s", err.text);
    return c;
}

static void client_close(struct client *c)
{
    tls_free_p(&c->tls);
    close(c->fd);
}

static void client_put(struct client *c, const char *text, size_t size)
{
    size_t put;
    struct err err;
    for (; size; text += put, size -= put)
        if (tls_write(c->tls, text, size, &put, &err) != TLS_DONE)
            fail_msg("%s", err.text);
}

static const char *client_read(struct fixture *f, struct client *c, const char *until)
{
    struct buf all = buf_new(f->arena, ANSWER_BYTES);
    char part[4096];
    size_t size;
    while (!*until || !strstr(all.data, until)) {
        if (tls_read(c->tls, part, sizeof part, &size, NULL) != TLS_DONE || !size)
            break;
        buf_add(&all, part, size);
    }
    return all.data;
}

static void assert_served(struct fixture *f, struct client *c, const struct minted *leaf)
{
    struct x509 *chain;
    size_t count;
    struct err err;
    assert_true(tls_peer_chain(c->tls, f->arena, &chain, &count, &err));
    assert_int_equal(count, 2);
    assert_string_equal(x509_pem(f->arena, &chain[0]), x509_pem(f->arena, &leaf->cert));
}

static void step(void *context)
{
    struct fixture *f = context;
    f->clock.now_ms += f->step_ms;
    sem_post(&f->stepped);
}

static void advance(struct fixture *f, int64_t ms)
{
    f->step_ms = ms;
    loop_post(f->loop, step, f);
    sem_wait(&f->stepped);
}

static const char hello[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

static void requests_over_tls_are_served_with_our_chain(void **state)
{
    struct fixture *f = *state;
    struct client c = client_open(f);
    assert_served(f, &c, &f->first);
    assert_string_equal(tls_version(c.tls), "TLSv1.3");
    for (int i = 0; i < 3; i++) {
        client_put(&c, hello, strlen(hello));
        assert_non_null(strstr(client_read(f, &c, "secure=1"), "200 OK"));
    }
    client_close(&c);
}

static void a_large_body_comes_through(void **state)
{
    struct fixture *f = *state;
    static char block[64 << 10];
    struct client c = client_open(f);
    const char *head = arena_printf(f->arena, "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n",
                                    (int)HTTP_BODY_BYTES);
    memset(block, 'y', sizeof block);
    client_put(&c, head, strlen(head));
    for (size_t i = 0; i < HTTP_BODY_BYTES / sizeof block; i++)
        client_put(&c, block, sizeof block);
    assert_non_null(strstr(client_read(f, &c, "secure=1"), "body=16777216"));
    client_close(&c);
}

static void plain_text_is_not_answered(void **state)
{
    struct fixture *f = *state;
    int fd = test_connect(f->port);
    test_write(fd, hello);
    const char *answer = test_read_all(f->arena, fd);
    assert_null(strstr(answer, "HTTP"));
    close(fd);
}

static void swap(void *context)
{
    struct fixture *f = context;
    http_server_set_tls(f->server, tls_of(f, &f->second));
    sem_post(&f->stepped);
}

static void the_certificate_is_replaced_while_connections_stay(void **state)
{
    struct fixture *f = *state;
    struct client old = client_open(f);
    loop_post(f->loop, swap, f);
    sem_wait(&f->stepped);
    struct client new = client_open(f);
    assert_served(f, &new, &f->second);
    client_put(&old, hello, strlen(hello));
    assert_non_null(strstr(client_read(f, &old, "secure=1"), "200 OK"));
    client_put(&new, hello, strlen(hello));
    assert_non_null(strstr(client_read(f, &new, "secure=1"), "200 OK"));
    client_close(&old);
    client_close(&new);
}

/* What is not TLS would be written past it: these connections end without a word. */
static void nothing_is_written_in_the_clear_when_time_is_up(void **state)
{
    struct fixture *f = *state;
    static const char *const parts[] = {"", "GET / HT",
                                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"};
    for (size_t i = 0; i < countof(parts); i++) {
        struct client slow = client_open(f);
        int mute = test_connect(f->port);
        client_put(&slow, parts[i], strlen(parts[i]));
        struct client beside = client_open(f);
        client_put(&beside, hello, strlen(hello));
        assert_non_null(strstr(client_read(f, &beside, "secure=1"), "200 OK"));
        advance(f, HTTP_BODY_MS + 1000);
        char raw[64];
        assert_int_equal(recv(mute, raw, sizeof raw, 0), 0);
        assert_string_equal(client_read(f, &slow, ""), "");
        client_close(&beside);
        client_close(&slow);
        close(mute);
    }
}

static void what_is_no_certificate_or_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct http_tls *tls;
    const char *pem = x509_pem(f->arena, &f->first.cert);
    cleanup(secret_free_p) struct secret *broken = secret_new("-----BEGIN", 10);
    assert_false(http_tls_new("none", f->first.key, &tls, &err));
    assert_non_null(strstr(err.text, "certificate"));
    assert_false(http_tls_new(pem, broken, &tls, &err));
    assert_non_null(strstr(err.text, "private key"));
    assert_null(strstr(err.text, "BEGIN"));
}

static void a_socket_that_was_handed_over_is_served(void **state)
{
    struct fixture *f = *state;
    struct err err;
    int pair[2];
    struct http_server *second = NULL;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct http_listen none = {.inherited = pair[0], .tls = tls_of(f, &f->first)};
    assert_false(http_server_open(f->loop, &none, &f->clock.clock, handle, f, &second, &err));
    assert_non_null(strstr(err.text, "no listening socket"));
    close(pair[1]);
}

int main(void)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    const struct CMUnitTest tests[] = {
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        SERVER_TEST(requests_over_tls_are_served_with_our_chain),
        SERVER_TEST(a_large_body_comes_through),
        SERVER_TEST(plain_text_is_not_answered),
        SERVER_TEST(the_certificate_is_replaced_while_connections_stay),
        SERVER_TEST(nothing_is_written_in_the_clear_when_time_is_up),
        SERVER_TEST(what_is_no_certificate_or_key_is_refused),
        SERVER_TEST(a_socket_that_was_handed_over_is_served),
    };
    return cmocka_run_group_tests_name("http_tls", tests, NULL, NULL);
}

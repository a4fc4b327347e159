#include "net/gate.h"

#include "base/file.h"
#include "crypto/mint.h"
#include "crypto/tls.h"
#include "net/test_support.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A server as a cluster has it: its own CA, and clients that show certificates. It answers with the digest of what the
 * client showed.
 */
struct fixture {
    struct arena *arena;
    struct gate *gate;
    struct test_server *server;
    struct minted ca, other_ca, clients[2];
    struct tls_identity identity;
    char url[64];
};

static bool choose(void *context, const char *server_name, struct tls_identity *ret)
{
    const struct fixture *f = context;
    (void)server_name;
    *ret = f->identity;
    return true;
}

static void serve(void *context, int fd, unsigned number)
{
    struct fixture *f = context;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    cleanup(tls_free_p) struct tls *t = NULL;
    (void)number;
    if (!tls_server_new(fd, choose, f, &t, NULL))
        abort();
    tls_server_ask_client(t);
    if (tls_handshake(t, NULL) != TLS_DONE)
        return;
    struct x509 *chain = NULL;
    size_t count = 0;
    const char *shown = tls_peer_chain(t, a, &chain, &count, NULL) ? chain[0].sha256 : "nothing";
    char request[4096];
    for (size_t got = 1; got && tls_read(t, request, sizeof request, &got, NULL) == TLS_DONE && got;) {
        const char *answer =
            arena_printf(a, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(shown), shown);
        size_t sent;
        if (tls_write(t, answer, strlen(answer), &sent, NULL) != TLS_DONE)
            return;
    }
}

static int setup(void **state)
{
    struct err err;
    struct fixture *f = calloc(1, sizeof *f);
    struct arena *a = f->arena = arena_new(ARENA_JOB_BYTES);
    struct minted leaf;
    int64_t now_ms = clock_wall_ms(&clock_system), day_ms = 86400000;
    const char *name = "127.0.0.1";
    bool made =
        gate_open(&f->gate, &err) &&
        mint_ca(a, "Cluster CA", KEY_ECDSA, 256, now_ms - day_ms, now_ms + day_ms, &f->ca, &err) &&
        mint_ca(a, "Other CA", KEY_ECDSA, 256, now_ms - day_ms, now_ms + day_ms, &f->other_ca, &err) &&
        mint_leaf(a, &f->ca, &name, 1, KEY_ECDSA, 256, now_ms - day_ms, now_ms + day_ms, &leaf, &err);
    for (size_t i = 0; made && i < countof(f->clients); i++) {
        struct mint_request client = {.common_name = "somebody",
                                      .key_type = KEY_ECDSA,
                                      .not_before_ms = now_ms - day_ms,
                                      .not_after_ms = now_ms + day_ms};
        made = mint_certificate(a, &f->ca, &client, &f->clients[i], &err);
    }
    if (!made)
        fail_msg("%s", err.text);
    f->identity = (struct tls_identity){x509_pem(a, &leaf.cert), leaf.key};
    f->server = test_server_start(serve, f);
    snprintf(f->url, sizeof f->url, "https://127.0.0.1:%u/", test_server_port(f->server));
    *state = f;
    return 0;
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

static struct http_request request_to(struct fixture *f, const struct minted *ca, const struct minted *client)
{
    return (struct http_request){.method = "GET",
                                 .url = f->url,
                                 .total_ms = 5000,
                                 .ca_pem = ca ? x509_pem(f->arena, &ca->cert) : NULL,
                                 .client_pem = client ? x509_pem(f->arena, &client->cert) : NULL,
                                 .client_key = client ? client->key : NULL,
                                 .addresses = {.allow_loopback = true}};
}

static void expect_shown(struct fixture *f, const struct minted *client, const char *digest)
{
    struct err err;
    struct http_answer answer;
    struct http_request request = request_to(f, &f->ca, client);
    if (!gate_send(f->gate, f->arena, &request, &answer, &err))
        fail_msg("%s", err.text);
    assert_string_equal(answer.body, digest);
}

static void another_ca_than_the_requests_own_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    const struct minted *wrong[] = {NULL, &f->other_ca};
    for (size_t i = 0; i < countof(wrong); i++) {
        struct err err;
        struct http_answer answer;
        struct http_request request = request_to(f, wrong[i], &f->clients[0]);
        assert_false(gate_send(f->gate, f->arena, &request, &answer, &err));
        assert_int_equal(err.kind, ERR_NETWORK);
        assert_true(err.unsent && !err.transient);
    }
}

/* The server serves one connection at a time: gate_close between them frees it. */
static void the_server_sees_the_clients_certificate_and_only_with_it(void **state)
{
    struct fixture *f = *state;
    expect_shown(f, &f->clients[0], f->clients[0].cert.sha256);
    expect_shown(f, &f->clients[0], f->clients[0].cert.sha256);
    assert_int_equal(test_server_connections(f->server), 1);
}

static void reopen(struct fixture *f)
{
    struct err err;
    gate_close(f->gate);
    assert_true(gate_open(&f->gate, &err));
}

static void no_identity_of_another_request_is_shown(void **state)
{
    struct fixture *f = *state;
    expect_shown(f, &f->clients[0], f->clients[0].cert.sha256);
    reopen(f);
    expect_shown(f, NULL, "nothing");
    reopen(f);
    expect_shown(f, &f->clients[1], f->clients[1].cert.sha256);
}

static void a_key_of_another_certificate_is_refused_and_not_told(void **state)
{
    struct fixture *f = *state;
    struct err err;
    struct http_answer answer;
    struct http_request request = request_to(f, &f->ca, &f->clients[0]);
    request.client_key = f->clients[1].key;
    assert_false(gate_send(f->gate, f->arena, &request, &answer, &err));
    assert_true(err.unsent);
    assert_null(strstr(err.text, "BEGIN"));
}

int main(void)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    const struct CMUnitTest tests[] = {
#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        CLIENT_TEST(another_ca_than_the_requests_own_is_not_trusted),
        CLIENT_TEST(the_server_sees_the_clients_certificate_and_only_with_it),
        CLIENT_TEST(no_identity_of_another_request_is_shown),
        CLIENT_TEST(a_key_of_another_certificate_is_refused_and_not_told),
    };
    return cmocka_run_group_tests_name("gate_client", tests, NULL, NULL);
}

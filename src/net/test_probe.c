#include "net/probe.h"

#include "crypto/mint.h"
#include "net/resolve.h"
#include "net/test_support.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum edge { EDGE_SERVES, EDGE_SILENT, EDGE_CLOSES, EDGE_RESETS, EDGE_TALKS_HTTP };

struct fixture {
    struct arena *arena;
    struct tls_identity rsa, ecdsa;
    char leaf_sha256[65], rsa_sha256[65];
    struct test_server *server, *gateway;
    pthread_mutex_t lock; /* guards what the servers and the test both touch */
    enum edge edge;
    const char *gateway_answer;
    char asked[256]; /* the SNI; the gateway's request */
};

static void set_asked(struct fixture *f, const char *text)
{
    pthread_mutex_lock(&f->lock);
    snprintf(f->asked, sizeof f->asked, "%s", text);
    pthread_mutex_unlock(&f->lock);
}

static void expect_asked(struct fixture *f, const char *text)
{
    pthread_mutex_lock(&f->lock);
    assert_non_null(strstr(f->asked, text));
    pthread_mutex_unlock(&f->lock);
}

static void behave(struct fixture *f, enum edge edge, const char *gateway_answer)
{
    pthread_mutex_lock(&f->lock);
    f->edge = edge;
    f->gateway_answer = gateway_answer;
    pthread_mutex_unlock(&f->lock);
}

static enum edge current_edge(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    enum edge edge = f->edge;
    pthread_mutex_unlock(&f->lock);
    return edge;
}

static const char *current_answer(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    const char *answer = f->gateway_answer;
    pthread_mutex_unlock(&f->lock);
    return answer;
}

static bool choose(void *context, const char *server_name, struct tls_identity *ret)
{
    struct fixture *f = context;
    set_asked(f, server_name ? server_name : "none");
    *ret = server_name && strcmp(server_name, "rsa.example.com") == 0 ? f->rsa : f->ecdsa;
    return !server_name || strcmp(server_name, "unknown.example.com") != 0;
}

static void wait_for_close(int fd)
{
    char data[4096];
    while (read(fd, data, sizeof data) > 0)
        continue;
}

static void serve_edge(void *context, int fd, unsigned number)
{
    (void)number;
    struct fixture *f = context;
    cleanup(tls_free_p) struct tls *tls = NULL;
    char data[4096]; /* room for the whole greeting: closing before it is read would be a reset */
    switch (current_edge(f)) {
    case EDGE_SILENT:
        wait_for_close(fd);
        return;
    case EDGE_CLOSES:
        (void)!read(fd, data, sizeof data);
        return;
    case EDGE_RESETS:
        (void)!read(fd, data, 1);
        test_reset(fd);
        return;
    case EDGE_TALKS_HTTP:
        test_write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
        wait_for_close(fd);
        return;
    case EDGE_SERVES:
        if (tls_server_new(fd, choose, f, &tls, NULL) && tls_handshake(tls, NULL) == TLS_DONE)
            wait_for_close(fd);
        return;
    }
}

/* Answers CONNECT and, when that is a yes, carries bytes to the edge. */
static void serve_gateway(void *context, int fd, unsigned number)
{
    (void)number;
    struct fixture *f = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    set_asked(f, test_read_until(a, fd, "\r\n\r\n"));
    const char *answer = current_answer(f);
    test_write(fd, answer);
    if (!strstr(answer, " 200 ")) {
        if (!*answer)
            wait_for_close(fd);
        return;
    }
    int other = test_connect(test_server_port(f->server));
    struct pollfd both[2] = {{.fd = fd, .events = POLLIN}, {.fd = other, .events = POLLIN}};
    char data[4096];
    for (ssize_t got = 1; got > 0 && poll(both, 2, 10000) > 0;)
        for (int i = 0; i < 2 && got > 0; i++)
            if (both[i].revents) {
                got = read(both[i].fd, data, sizeof data);
                if (got > 0)
                    (void)!write(both[1 - i].fd, data, (size_t)got);
            }
    close(other);
}

static void mint(struct fixture *f)
{
    struct err err;
    struct minted ca, ecdsa, rsa;
    static const char *const names[] = {"www.example.com"}, *const rsa_names[] = {"rsa.example.com"};
    int64_t from = 1700000000000, to = 1800000000000;
    if (!mint_ca(f->arena, "Test CA", KEY_ECDSA, 256, from, to, &ca, &err) ||
        !mint_leaf(f->arena, &ca, names, 1, KEY_ECDSA, 256, from, to, &ecdsa, &err) ||
        !mint_leaf(f->arena, &ca, rsa_names, 1, KEY_RSA, 2048, from, to, &rsa, &err))
        fail_msg("%s", err.text);
    char *ca_pem = x509_pem(f->arena, &ca.cert);
    f->ecdsa = (struct tls_identity){arena_printf(f->arena, "%s%s", x509_pem(f->arena, &ecdsa.cert), ca_pem),
                                     ecdsa.key};
    f->rsa =
        (struct tls_identity){arena_printf(f->arena, "%s%s", x509_pem(f->arena, &rsa.cert), ca_pem), rsa.key};
    memcpy(f->leaf_sha256, ecdsa.cert.sha256, sizeof f->leaf_sha256);
    memcpy(f->rsa_sha256, rsa.cert.sha256, sizeof f->rsa_sha256);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->arena = arena_new(ARENA_JOB_BYTES);
    mint(f);
    pthread_mutex_init(&f->lock, NULL);
    f->gateway_answer = "HTTP/1.1 200 Connection established\r\n\r\n";
    f->server = test_server_start(serve_edge, f);
    f->gateway = test_server_start(serve_gateway, f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    test_server_stop(f->gateway);
    test_server_stop(f->server);
    arena_free(f->arena);
    free(f);
    return 0;
}

static struct probe_target target_of(struct fixture *f)
{
    return (struct probe_target){.host = "127.0.0.1",
                                 .port = test_server_port(f->server),
                                 .server_name = "www.example.com",
                                 .signature = KEY_OTHER,
                                 .timeout_ms = 5000,
                                 .addresses = {.allow_loopback = true}};
}

static struct probe_result expect_result(const struct probe_target *target, struct arena *a)
{
    struct err err;
    struct probe_result result = {0};
    if (!probe(a, &clock_system, target, &result, &err))
        fail_msg("%s", err.text);
    return result;
}

static void expect_error(const struct probe_target *target, enum err_kind kind, const char *words)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct err err = {0};
    struct probe_result result;
    assert_false(probe(a, &clock_system, target, &result, &err));
    if (err.kind != kind || !strstr(err.text, words))
        fail_msg("%s: %s", err_kind_name(err.kind), err.text);
}

/* Refusals */

static void forbidden_addresses_are_not_probed(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = target_of(f);
    target.addresses.allow_loopback = false;
    expect_error(&target, ERR_INPUT, "127.0.0.1");
    target.host = "169.254.169.254";
    target.addresses = (struct address_rule){true, true};
    expect_error(&target, ERR_INPUT, "169.254.169.254");
    target.gateway = "http://169.254.169.254:80";
    expect_error(&target, ERR_INPUT, "169.254.169.254");
    target.gateway = "https://127.0.0.1:1";
    expect_error(&target, ERR_INPUT, "http://");
    assert_int_equal(test_server_connections(f->server), 0);
}

static void a_closed_port_is_refused(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = target_of(f);
    struct test_server *gone = test_server_start(serve_edge, f);
    target.port = test_server_port(gone);
    test_server_stop(gone);
    expect_error(&target, ERR_NETWORK, "refused");
}

static void misbehaving_edges(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum edge edge;
        enum err_kind kind;
        const char *words;
    } cases[] = {
        {EDGE_CLOSES, ERR_NETWORK, "closed"},
        {EDGE_RESETS, ERR_NETWORK, "reset"},
        {EDGE_TALKS_HTTP, ERR_NETWORK, "TLS handshake"},
        {EDGE_SILENT, ERR_TIMEOUT, "in time"},
    };
    struct probe_target target = target_of(f);
    target.timeout_ms = 300;
    for (size_t i = 0; i < countof(cases); i++) {
        behave(f, cases[i].edge, "");
        expect_error(&target, cases[i].kind, cases[i].words);
    }
}

static void an_alert_is_named(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = target_of(f);
    target.server_name = "unknown.example.com";
    expect_error(&target, ERR_NETWORK, "alert");
}

static void an_unknown_name_has_no_address(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = target_of(f);
    target.host = "nothing.invalid";
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct err err = {0};
    struct probe_result result;
    assert_false(
        probe(a, &clock_system, &target, &result, &err)); /* without a resolver: in time, or at once */
    assert_true(err.kind == ERR_NETWORK || err.kind == ERR_TIMEOUT);
    assert_non_null(strstr(err.text, "no address"));
}

/* Looking */

static void the_chain_is_read_with_sni(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = target_of(f);
    struct probe_result result = expect_result(&target, f->arena);
    assert_int_equal(result.count, 2);
    assert_string_equal(result.chain[0].sha256, f->leaf_sha256);
    assert_string_equal(result.address, "127.0.0.1");
    assert_string_equal(result.version, "TLSv1.3");
    expect_asked(f, "www.example.com");
    target.server_name = "rsa.example.com";
    assert_string_equal(expect_result(&target, f->arena).chain[0].sha256, f->rsa_sha256);
    target.server_name = NULL;
    assert_string_equal(expect_result(&target, f->arena).chain[0].sha256, f->leaf_sha256);
    expect_asked(f, "none");
}

static void only_the_wanted_key_type_is_offered(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = target_of(f);
    target.signature = KEY_ECDSA;
    assert_string_equal(expect_result(&target, f->arena).chain[0].sha256, f->leaf_sha256);
    target.signature = KEY_RSA; /* the edge has no RSA certificate for this name */
    expect_error(&target, ERR_NETWORK, "alert");
}

/* A name with two addresses, in a mount namespace of our own. Before any thread starts. */
static bool make_hosts(void)
{
    static const char hosts[] = "127.0.0.1 localhost\n127.77.1.9 several.test\n127.0.0.1 several.test\n";
    char path[] = "/tmp/certferry-hosts-XXXXXX";
    int fd = mkstemp(path);
    bool made = fd >= 0 && write(fd, hosts, sizeof hosts - 1) == sizeof hosts - 1 && fchmod(fd, 0644) == 0 &&
                unshare(CLONE_NEWNS | (getuid() ? CLONE_NEWUSER : 0)) == 0 &&
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount(path, "/etc/hosts", NULL, MS_BIND, NULL) == 0;
    close(fd);
    unlink(path);
    return made;
}

static void every_address_is_tried_in_turn(void **state)
{
    struct fixture *f = *state;
    struct resolved where;
    struct probe_target target = target_of(f);
    target.host = "several.test";
    if (!resolve(target.host, target.port, 5000, &where, NULL) || where.count != 2) {
        print_message("skipped: no mount namespace for a hosts file of our own\n");
        skip();
    }
    assert_string_equal(expect_result(&target, f->arena).address, "127.0.0.1");
    target.addresses.allow_loopback = false;
    expect_error(&target, ERR_INPUT, "not allowed");
}

/* Through a gateway */

static struct probe_target through_gateway(struct fixture *f)
{
    struct probe_target target = target_of(f);
    target.host = "edge.example.com";
    target.gateway = arena_printf(f->arena, "http://127.0.0.1:%u", test_server_port(f->gateway));
    target.timeout_ms = 300;
    return target;
}

static void a_gateway_leads_to_the_edge(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = through_gateway(f);
    target.timeout_ms = 5000;
    target.signature = KEY_ECDSA;
    target.port = 8443;
    target.addresses.allow_loopback = false; /* says nothing about what an administrator named */
    struct probe_result result = expect_result(&target, f->arena);
    assert_string_equal(result.chain[0].sha256, f->leaf_sha256);
    assert_string_equal(result.address, "edge.example.com");
}

static void a_gateway_is_asked_in_proper_form(void **state)
{
    struct fixture *f = *state;
    struct probe_target target = through_gateway(f);
    behave(f, EDGE_SERVES, "HTTP/1.1 403 No\r\n\r\n");
    expect_error(&target, ERR_NETWORK, "403");
    char *wanted =
        arena_printf(f->arena, "CONNECT edge.example.com:%u HTTP/1.1\r\nHost: edge.example.com:%u\r\n\r\n",
                     target.port, target.port);
    expect_asked(f, wanted);
    target.host = "2001:db8::1";
    expect_error(&target, ERR_NETWORK, "403");
    expect_asked(f, "CONNECT [2001:db8::1]:");
    target.host = "a\r\nX: y";
    expect_error(&target, ERR_INPUT, "host name");
}

static void misbehaving_gateways(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *answer;
        enum err_kind kind;
        const char *words;
    } cases[] = {
        {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", ERR_NETWORK, "502"},
        {"SSH-2.0-OpenSSH\r\n\r\n", ERR_NETWORK, "HTTP/1.1"},
        {"HTTP/1.1 2", ERR_NETWORK, "closed"},
        {"", ERR_TIMEOUT, "in time"},
    };
    struct probe_target target = through_gateway(f);
    for (size_t i = 0; i < countof(cases); i++) {
        behave(f, EDGE_SERVES, cases[i].answer);
        expect_error(&target, cases[i].kind, cases[i].words);
    }
    char *endless = arena_alloc(f->arena, 20001);
    memset(endless, 'x', 20000);
    behave(f, EDGE_SERVES, endless);
    expect_error(&target, ERR_NETWORK, "bytes");
}

int main(void)
{
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    (void)make_hosts(); /* the test that needs it looks for itself */
    const struct CMUnitTest tests[] = {
#define PROBE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        PROBE_TEST(forbidden_addresses_are_not_probed),
        PROBE_TEST(a_closed_port_is_refused),
        PROBE_TEST(misbehaving_edges),
        PROBE_TEST(an_alert_is_named),
        PROBE_TEST(an_unknown_name_has_no_address),
        PROBE_TEST(the_chain_is_read_with_sni),
        PROBE_TEST(only_the_wanted_key_type_is_offered),
        PROBE_TEST(every_address_is_tried_in_turn),
        PROBE_TEST(a_gateway_leads_to_the_edge),
        PROBE_TEST(a_gateway_is_asked_in_proper_form),
        PROBE_TEST(misbehaving_gateways),
    };
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}

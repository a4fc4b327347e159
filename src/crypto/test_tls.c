#include "crypto/tls.h"

#include "crypto/test_support.h"
#include <signal.h>
#include <sys/socket.h>

struct site { /* the server's certificates */
    struct minted ca, rsa, ecdsa, sni;
    const char *rsa_pem, *ecdsa_pem, *sni_pem;
    char seen[300];
    bool prefer_rsa, broken;
    unsigned asked;
};

static const char *const default_names[] = {"default.example.com"};
static const char *const sni_names[] = {"www.example.com"};

static struct site site_make(struct bench *b)
{
    struct site site = {.ca = bench_mint(b, NULL, (struct mint_request){.common_name = "CA", .ca = true})};
    site.rsa = bench_mint(b, &site.ca,
                          (struct mint_request){.names = default_names, .name_count = 1, .key_bits = 1024});
    site.ecdsa = bench_mint(b, &site.ca, (struct mint_request){.names = default_names, .name_count = 1});
    site.sni = bench_mint(b, &site.ca, (struct mint_request){.names = sni_names, .name_count = 1});
    const char *ca_pem = x509_pem(b->a, &site.ca.cert);
    site.rsa_pem = arena_printf(b->a, "%s%s", x509_pem(b->a, &site.rsa.cert), ca_pem);
    site.ecdsa_pem = x509_pem(b->a, &site.ecdsa.cert);
    site.sni_pem = x509_pem(b->a, &site.sni.cert);
    return site;
}

static bool site_choose(void *context, const char *server_name, struct tls_identity *ret)
{
    struct site *site = context;
    site->asked++;
    (void)snprintf(site->seen, sizeof site->seen, "%s", server_name ? server_name : "(none)");
    if (strcmp(site->seen, "refused.example.com") == 0)
        return false;
    if (strcmp(site->seen, "www.example.com") == 0)
        *ret = (struct tls_identity){site->sni_pem, site->sni.key};
    else if (site->prefer_rsa)
        *ret = (struct tls_identity){site->rsa_pem, site->rsa.key};
    else
        *ret = (struct tls_identity){site->ecdsa_pem, site->broken ? site->rsa.key : site->ecdsa.key};
    return true;
}

struct link { /* two ends of one connection, neither of which blocks */
    int fds[2];
    struct tls *client, *server;
};

static struct link link_make(struct bench *b, struct site *site, const char *server_name,
                             enum key_type signature)
{
    struct link l = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, l.fds), 0);
    assert_true(tls_client_new(l.fds[0], server_name, signature, &l.client, &b->err));
    assert_true(tls_server_new(l.fds[1], site_choose, site, &l.server, &b->err));
    return l;
}

static void link_close(struct link *l)
{
    l->client = tls_free(l->client);
    l->server = tls_free(l->server);
    descriptor_close(&l->fds[0]);
    descriptor_close(&l->fds[1]);
}

/* Steps both sides in turn until both are done, or one failed. */
static bool link_shake(struct link *l, struct err *client_err, struct err *server_err)
{
    enum tls_want client = TLS_WANT_READ, server = TLS_WANT_READ;
    for (unsigned turn = 0; turn < 50; turn++) {
        if (client != TLS_DONE && client != TLS_FAILED)
            client = tls_handshake(l->client, client_err);
        if (server != TLS_DONE && server != TLS_FAILED)
            server = tls_handshake(l->server, server_err);
        if (client == TLS_FAILED || (client == TLS_DONE && server == TLS_DONE))
            break;
    }
    return client == TLS_DONE && server == TLS_DONE;
}

static void sni_chooses_the_certificate(void **state)
{
    struct bench *b = *state;
    struct site site = site_make(b);
    const struct {
        const char *name, *seen;
        const struct x509 *served;
    } rows[] = {
        {"www.example.com", "www.example.com", &site.sni.cert},
        {"other.example.com", "other.example.com", &site.ecdsa.cert},
        {NULL, "(none)", &site.ecdsa.cert},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        cleanup(link_close) struct link l = link_make(b, &site, rows[i].name, KEY_OTHER);
        struct x509 *chain;
        size_t count;
        if (!link_shake(&l, &b->err, &b->err))
            fail_msg("%s", b->err.text);
        assert_string_equal(site.seen, rows[i].seen);
        assert_true(tls_peer_chain(l.client, b->a, &chain, &count, &b->err));
        assert_int_equal(count, 1);
        assert_string_equal(chain[0].sha256, rows[i].served->sha256);
        assert_string_equal(tls_version(l.client), "TLSv1.3");
        assert_string_equal(tls_alpn(l.client), "http/1.1");
        assert_false(tls_peer_chain(l.server, b->a, &chain, &count, &b->err));
    }
    assert_int_equal(site.asked, countof(rows)); /* once a handshake: nothing is resumed */
}

static void chain_is_served_leaf_first(void **state)
{
    struct bench *b = *state;
    struct site site = site_make(b);
    site.prefer_rsa = true;
    cleanup(link_close) struct link l = link_make(b, &site, NULL, KEY_RSA);
    struct x509 *chain;
    size_t count;
    assert_true(link_shake(&l, &b->err, &b->err));
    assert_true(tls_peer_chain(l.client, b->a, &chain, &count, &b->err));
    assert_int_equal(count, 2);
    assert_string_equal(chain[0].sha256, site.rsa.cert.sha256);
    assert_string_equal(chain[1].sha256, site.ca.cert.sha256);
    assert_true(x509_issued_by(&chain[0], &chain[1]));
}

static void offered_signatures_are_of_one_kind_of_key(void **state)
{
    struct bench *b = *state;
    struct site site = site_make(b);
    const struct {
        enum key_type offered;
        bool rsa, works;
    } rows[] = {
        {KEY_RSA, false, false}, {KEY_ECDSA, true, false}, {KEY_ED25519, true, false},
        {KEY_RSA, true, true},   {KEY_ECDSA, false, true}, {KEY_OTHER, true, true},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct err client = {0}, server = {0};
        site.prefer_rsa = rows[i].rsa;
        cleanup(link_close) struct link l = link_make(b, &site, "x.example.com", rows[i].offered);
        assert_true(link_shake(&l, &client, &server) == rows[i].works);
        if (!rows[i].works) {
            assert_int_equal(client.kind, ERR_NETWORK);
            assert_non_null(strstr(client.text, "TLS handshake"));
        }
    }
    struct tls *none = NULL;
    assert_refused(tls_client_new(0, "x", KEY_SM2, &none, &b->err), b, "SM2");
    assert_refused(tls_client_new(0, "", KEY_OTHER, &none, &b->err), b, "server name");
}

static void server_refuses_with_an_alert(void **state)
{
    struct bench *b = *state;
    struct site site = site_make(b);
    for (unsigned broken = 0; broken < 2; broken++) {
        struct err client = {0}, server = {0};
        site.broken = broken; /* a key that is not the certificate's */
        cleanup(link_close) struct link l =
            link_make(b, &site, broken ? NULL : "refused.example.com", KEY_OTHER);
        assert_false(link_shake(&l, &client, &server));
        assert_int_equal(client.kind, ERR_NETWORK);
        assert_non_null(strstr(client.text, "alert"));
        assert_int_equal(server.kind, ERR_NETWORK);
        assert_true(broken || strstr(server.text, "no certificate for this server name"));
    }
}

static void other_side_that_goes_away_is_told_from_closing(void **state)
{
    struct bench *b = *state;
    struct site site = site_make(b);
    cleanup(link_close) struct link gone = link_make(b, &site, NULL, KEY_OTHER);
    assert_int_equal(tls_handshake(gone.client, &b->err), TLS_WANT_READ);
    descriptor_close(&gone.fds[1]);
    assert_int_equal(tls_handshake(gone.client, &b->err), TLS_FAILED);
    assert_int_equal(b->err.kind, ERR_NETWORK);
    cleanup(link_close) struct link plain = link_make(b, &site, NULL, KEY_OTHER);
    assert_int_equal(write(plain.fds[1], "HTTP/1.1 400 Bad Request\r\n\r\n", 28), 28);
    assert_int_equal(tls_handshake(plain.client, &b->err), TLS_FAILED);
    assert_string_equal(tls_alpn(plain.client), "");
}

static void bytes_go_both_ways_and_the_end_is_seen(void **state)
{
    struct bench *b = *state;
    struct site site = site_make(b);
    cleanup(link_close) struct link l = link_make(b, &site, NULL, KEY_OTHER);
    char data[64] = "";
    size_t size = 99;
    assert_true(link_shake(&l, &b->err, &b->err));
    assert_int_equal(tls_read(l.client, data, sizeof data, &size, &b->err), TLS_WANT_READ);
    assert_int_equal(size, 99);
    assert_int_equal(tls_write(l.server, "hello", 5, &size, &b->err), TLS_DONE);
    assert_int_equal(size, 5);
    assert_int_equal(tls_read(l.client, data, sizeof data, &size, &b->err), TLS_DONE);
    assert_int_equal(size, 5);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(tls_write(l.client, "hi", 2, &size, &b->err), TLS_DONE);
    assert_int_equal(tls_read(l.server, data, sizeof data, &size, &b->err), TLS_DONE);
    assert_memory_equal(data, "hi", 2);
    tls_shutdown(l.server);
    assert_int_equal(tls_read(l.client, data, sizeof data, &size, &b->err), TLS_DONE);
    assert_int_equal(size, 0);
}

/* A reader that does not read: the writer is told to wait, and goes on later. */
static void full_pipe_asks_to_wait(void **state)
{
    struct bench *b = *state;
    struct site site = site_make(b);
    static char block[16384];
    cleanup(link_close) struct link l = link_make(b, &site, NULL, KEY_OTHER);
    size_t size, sent = 0, got = 0;
    enum tls_want want = TLS_DONE;
    assert_true(link_shake(&l, &b->err, &b->err));
    while ((want = tls_write(l.server, block, sizeof block, &size, &b->err)) == TLS_DONE)
        sent += size;
    assert_int_equal(want, TLS_WANT_WRITE);
    while (got < sent) {
        assert_int_equal(tls_read(l.client, block, sizeof block, &size, &b->err), TLS_DONE);
        got += size;
    }
    assert_int_equal(tls_write(l.server, block, sizeof block, &size, &b->err), TLS_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(sni_chooses_the_certificate),
        bench_test(chain_is_served_leaf_first),
        bench_test(offered_signatures_are_of_one_kind_of_key),
        bench_test(server_refuses_with_an_alert),
        bench_test(other_side_that_goes_away_is_told_from_closing),
        bench_test(bytes_go_both_ways_and_the_end_is_seen),
        bench_test(full_pipe_asks_to_wait),
    };
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL); /* as every program does */
    return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}

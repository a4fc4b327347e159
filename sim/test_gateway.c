/* The gateway's port and the edges, over real sockets on loopback. The simulator lives until the program ends. */
#include "sim/gateway.h"
#include "sim/test_help.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
    struct fixture *f;
    struct sim_edges *edges;
    struct sim_gateway *gateway;
    unsigned port;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct err err;
    assert_non_null(w);
    w->f = fixture_new(20, 0);
    const struct sim_field refuse[] = {{"@refuse", "1"}};
    state_change(w->f->sim.state,
                 state_find(w->f->sim.state, "aliyun", NULL, "cdn.domain", NULL, ".shop.example"),
                 SETTLE_AT_ONCE, refuse, 1, NULL);
    assert_true(sim_edges_open(&w->f->sim, &w->edges, &err));
    assert_true(sim_gateway_open(&w->f->sim, w->edges, "127.0.0.1:0", &w->gateway, &err));
    assert_true(sim_gateway_start(w->gateway, &err));
    assert_int_equal(sscanf(sim_gateway_url(w->gateway), "http://127.0.0.1:%u", &w->port), 1);
    *state = w;
    return 0;
}

/* The accepting thread goes on, so the simulator stays. */
static int tear_down(void **state)
{
    struct world *w = *state;
    sim_gateway_drain(w->gateway);
    free(w);
    return 0;
}

static int dial(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Sends the text and reads once; the answers here are small. */
static const char *ask(struct world *w, int fd, const char *text)
{
    char *answer = arena_alloc(w->f->arena, 65536);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    assert_true(recv(fd, answer, 65535, 0) > 0);
    return answer;
}

static const char *signed_call(struct world *w, unsigned number)
{
    struct arena *a = w->f->arena;
    const struct sim_access *access = access_of(w->f, "aliyun");
    struct pairs p =
        query(w->f,
              param(w->f,
                    "Action=GetCallerIdentity&Version=2015-04-01&Format=JSON&AccessKeyId=%s&SignatureMethod="
                    "HMAC-SHA1&SignatureVersion=1.0&SignatureNonce=g%u&Timestamp=%s",
                    access->key_id, number, time_iso(a, w->f->clock.now_ms)));
    pairs_add(a, &p, "Signature",
              aliyun_v1_signature(a, access->secret, aliyun_v1_string_to_sign(a, "POST", &p)));
    const char *body = query_format(a, &p);
    return param(
        w->f,
        "POST / HTTP/1.1\r\nHost: sts.aliyuncs.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        strlen(body), body);
}

static void one_connection_takes_many_calls(void **state)
{
    struct world *w = *state;
    int fd = dial(w->port);
    for (unsigned i = 0; i < 3; i++) {
        const char *answer = ask(w, fd, signed_call(w, i));
        assert_int_equal(strncmp(answer, "HTTP/1.1 200 OK\r\nDate: ", 23), 0);
        assert_non_null(strstr(answer, "\"AccountId\":\"1234567890123456\""));
    }
    assert_non_null(strstr(ask(w, fd, "GET / HTTP/1.1\r\nHost: nowhere.example\r\n\r\n"), " 404 "));
    assert_non_null(strstr(ask(w, fd, "nonsense\r\n\r\n"), " 400 "));
    close(fd);
}

static const char *leaf_over(struct world *w, int fd, const char *server_name)
{
    struct tls *tls;
    struct err err;
    struct x509 *chain;
    size_t count;
    assert_true(tls_client_new(fd, server_name, KEY_OTHER, &tls, &err));
    if (tls_handshake(tls, &err) != TLS_DONE)
        fail_msg("%s", err.text);
    assert_true(tls_peer_chain(tls, w->f->arena, &chain, &count, &err));
    tls_free(tls);
    return chain[0].sha256;
}

static void edges_serve_what_is_bound(void **state)
{
    struct world *w = *state;
    const char *id = upload(w->f, "fresh", "r0000.example.com");
    struct json_writer json;
    struct buf text = buf_new(w->f->arena, 1 << 20);
    struct err err;
    const struct json *v;
    unsigned port;
    json = json_writer_to(&text);
    json_open_object(&json);
    sim_edges_print(w->edges, &json);
    json_close_object(&json);
    assert_true(json_parse(w->f->arena, text.data, text.size, &v, &err));
    assert_string_equal(json_str(json_at(v, "/resources/0/domain"), ""), "r0000.example.com");
    assert_int_equal(sscanf(json_str(json_at(v, "/resources/0/edge"), ""), "127.0.0.1:%u", &port), 1);
    int fd = dial(port);
    const char *old = leaf_over(w, fd, "r0000.example.com");
    close(fd);
    const char *set =
        param(w->f, "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas&CertName=fresh&CertId=%s", id);
    assert_int_equal(cdn(w->f, "SetCdnDomainSSLCertificate", set).status, 200);
    fd = dial(w->port);
    assert_non_null(
        strstr(ask(w, fd, "CONNECT r0000.example.com.w.kunlunsl.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"),
               " 200 "));
    assert_string_not_equal(leaf_over(w, fd, "r0000.example.com"), old);
    close(fd);
}

static void an_edge_can_refuse(void **state)
{
    struct world *w = *state;
    int fd = dial(w->port);
    assert_non_null(
        strstr(ask(w, fd, "CONNECT shop.example.w.kunlunsl.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"), " 502 "));
    close(fd);
    fd = dial(w->port);
    assert_non_null(strstr(ask(w, fd, "CONNECT nowhere.example:443 HTTP/1.1\r\nHost: x\r\n\r\n"), " 502 "));
    close(fd);
}

static void an_api_answers_under_tls(void **state)
{
    struct world *w = *state;
    struct tls *tls;
    struct err err;
    struct x509 *chain;
    size_t count, size = 0, sent = 0;
    char answer[4096] = "";
    int fd = dial(w->port);
    assert_non_null(strstr(ask(w, fd, "CONNECT sts.aliyuncs.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"), " 200 "));
    assert_true(tls_client_new(fd, "sts.aliyuncs.com", KEY_OTHER, &tls, &err));
    assert_int_equal(tls_handshake(tls, &err), TLS_DONE);
    assert_true(tls_peer_chain(tls, w->f->arena, &chain, &count, &err));
    assert_int_equal(count, 2);
    assert_true(x509_issued_by(&chain[0], &chain[1]));
    assert_string_equal(x509_pem(w->f->arena, &chain[1]), sim_gateway_ca_pem(w->gateway));
    const char *call = signed_call(w, 100);
    assert_int_equal(tls_write(tls, call, strlen(call), &sent, &err), TLS_DONE);
    assert_int_equal(tls_read(tls, answer, sizeof answer - 1, &size, &err), TLS_DONE);
    assert_non_null(strstr(answer, "\"AccountId\""));
    tls_free(tls);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_takes_many_calls),
        cmocka_unit_test(edges_serve_what_is_bound),
        cmocka_unit_test(an_edge_can_refuse),
        cmocka_unit_test(an_api_answers_under_tls),
    };
    return cmocka_run_group_tests_name("sim_gateway", tests, set_up, tear_down);
}

/* test_surface.h - the API over a store and a Unix socket, two keys, and calls signed as the SDK does. For tests only. */
#pragma once
#include "api/api.h"

#include "api/cas/operation.h"
#include "api/cas/signature.h"
#include "base/test.h"
#include "cloud/sign.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "identity/api_key.h"
#include "net/test_support.h"
#include "store/contact.h"
#include "store/test_support.h"
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

struct surface {
    struct yard *y;
    struct gate *gate;
    struct cloud *cloud;
    struct loop *loop;
    struct api *api;
    struct http_server *server;
    const char *socket;
    pthread_t thread;
    struct minted ca;
    struct api_key_row key, reader; /* an admin's, who may export; a viewer's */
    struct secret *secret, *reader_secret;
};

struct answer {
    long status;
    const struct json *json;
    struct http_answer http;
};

static inline void *run_loop(void *context)
{
    loop_run(context);
    return NULL;
}

static inline void new_key(struct surface *s, const char *name, const char *owner, enum role role,
                           bool may_export, struct api_key_row *ret, struct secret **ret_secret)
{
    struct api_key_wanted wanted = {.id = yard_id(s->y),
                                    .name = name,
                                    .owner = owner,
                                    .role = role,
                                    .may_export = may_export};
    assert_ok(s->y, api_key_create(s->y->db, s->y->a, &wanted, ret, ret_secret, &s->y->err));
}

static inline int surface_begin(void **state)
{
    struct surface *s = calloc(1, sizeof *s);
    void *yard;
    if (!s || yard_begin(&yard) != 0)
        return -1;
    struct yard *y = s->y = yard;
    s->socket = bench_path(y->b, "socket");
    s->ca = bench_mint(y->b, NULL, (struct mint_request){.common_name = "Test CA", .ca = true});
    assert_ok(y, gate_open(&s->gate, &y->err));
    assert_ok(y, cloud_open(y->s, s->gate, &clock_system, &s->cloud, &y->err));
    assert_ok(y, loop_new(&clock_system, &s->loop, &y->err));
    struct api_parts parts = {.store = y->s,
                              .cloud = s->cloud,
                              .gate = s->gate,
                              .clock = &y->clock.clock,
                              .loop = s->loop,
                              .version = "test"};
    assert_ok(y, api_open(&parts, &s->api, &y->err));
    struct http_listen listen = {.unix_path = s->socket};
    assert_ok(y, http_server_open(s->loop, &listen, &clock_system, api_handle, s->api, &s->server, &y->err));
    assert_int_equal(pthread_create(&s->thread, NULL, run_loop, s->loop), 0);
    new_key(s, "writer", NULL, ROLE_ADMIN, true, &s->key, &s->secret);
    new_key(s, "reader", NULL, ROLE_VIEWER, false, &s->reader, &s->reader_secret);
    *state = s;
    return 0;
}

static inline int surface_end(void **state)
{
    struct surface *s = *state;
    void *yard = s->y;
    api_stop(s->api);
    gate_hurry(s->gate, 0); /* what asks the clouds in the background ends */
    api_drain(s->api);
    loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    http_server_close(s->server);
    s->api = api_close(s->api);
    s->loop = loop_free(s->loop);
    s->cloud = cloud_close(s->cloud);
    s->gate = gate_close(s->gate);
    free(s);
    return yard_end(&yard);
}

#define surface_test(f) cmocka_unit_test_setup_teardown(f, surface_begin, surface_end)

/* ---- calling ---- */

static inline struct answer take_answer(struct surface *s, const struct http_request *request)
{
    struct answer answer = {0};
    assert_ok(s->y, gate_send(s->gate, s->y->a, request, &answer.http, &s->y->err));
    answer.status = answer.http.status;
    assert_ok(s->y, json_parse(s->y->a, answer.http.body, answer.http.body_size, &answer.json,
                               &s->y->err)); /* R136 */
    if (strlen(json_get(answer.json, "/RequestId")) != 36)
        fail_msg("no RequestId: %s", answer.http.body);
    return answer;
}

struct who {
    const char *key_id;
    struct secret *secret;
    const char *nonce; /* NULL: a new one */
};

/* ACS3, all in the query as the SDK does, by the signer that our own adapters use. */
static inline struct answer send_as(struct surface *s, const struct who *who, const char *action,
                                    const char *query)
{
    struct arena *a = s->y->a;
    struct wire w = {.method = "POST", .host = "localhost", .path = "/", .query = query, .body = ""};
    struct credentials c = {who->key_id, who->secret, NULL};
    struct sign_scope scope = {.action = action,
                               .version = "2020-04-07",
                               .now_ms = s->y->clock.now_ms,
                               .nonce = who->nonce ? who->nonce : random_hex(a, 16)};
    acs3_sign(a, &w, &c, &scope);
    struct http_request request = {.method = "POST",
                                   .url = arena_printf(a, "http://localhost/?%s", query),
                                   .headers = w.headers,
                                   .header_count = w.header_count,
                                   .body = "",
                                   .unix_socket = s->socket,
                                   .addresses = {.allow_loopback = true}};
    return take_answer(s, &request);
}

static inline struct answer call(struct surface *s, const char *action, const char *query)
{
    struct who who = {s->key.key_id, s->secret, NULL};
    return send_as(s, &who, action, query);
}

static inline struct answer good(struct surface *s, const char *action, const char *query)
{
    struct answer answer = call(s, action, query);
    if (answer.status != 200)
        fail_msg("%s?%s: %ld %s", action, query, answer.status, answer.http.body);
    return answer;
}

static inline void assert_refusal(const struct answer *answer, long status, const char *code)
{
    if (answer->status != status || !json_is(answer->json, "/Code", code))
        fail_msg("not %ld %s but %ld %s", status, code, answer->status, answer->http.body);
    assert_true(*json_get(answer->json, "/Message"));
    assert_string_equal(json_get(answer->json, "/HostId"), "localhost");
}

static inline int64_t number_at(const struct answer *answer, const char *pointer)
{
    return json_int(json_at(answer->json, pointer), -1);
}

static inline int64_t upload(struct surface *s, const char *name, const char *domain, struct minted *ret)
{
    struct arena *a = s->y->a;
    *ret = bench_mint(s->y->b, &s->ca,
                      (struct mint_request){.names = &domain, .name_count = 1, .key_type = KEY_ECDSA});
    struct answer answer =
        good(s, "UploadUserCertificate",
             arena_printf(a, "Name=%s&Cert=%s&Key=%s", name, url_encode(a, x509_pem(a, &ret->cert)),
                          url_encode(a, secret_bytes(ret->key))));
    assert_int_equal(strncmp(json_get(answer.json, "/ResourceId"), "cas-upload-", 11), 0);
    return number_at(&answer, "/CertId");
}

static inline const char *with_id(struct surface *s, const char *name, int64_t id, const char *more)
{
    return arena_printf(s->y->a, "%s=%lld%s", name, (long long)id, more);
}

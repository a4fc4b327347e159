/* test_help.h - a simulator without sockets: a clock moved by hand, generated resources, signed calls. */
#pragma once
#include "crypto/digest.h"
#include "crypto/mint.h"
#include "sim/aliyun/aliyun.h"
#include "sim/core.h"
#include "sim/fault.h"
#include "sim/limit.h"
#include "sim/log.h"
#include "sim/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct clock_manual clock;
    struct sim sim;
    struct arena *arena;
    struct minted ca;
    unsigned nonce;
};

/* Resources are spread over these services, "aliyun/cdn aws/elbv2"; NULL: over the six that most tests know, so that
 * services to come change none of their names. directory NULL: in memory.
 */
static inline struct fixture *fixture_in(const char *directory, const char *services, size_t resources,
                                         int64_t settle_ms)
{
    static const char first_services[] =
        "aliyun/cdn aliyun/alb tencent/cdn huawei/elb aws/cloudfront aws/elbv2";
    struct fixture *f = calloc(1, sizeof *f);
    struct err err;
    assert_non_null(f);
    f->clock = clock_manual_at(1795200000000);
    f->arena = arena_new(1 << 30);
    f->sim.clock = &f->clock.clock;
    f->sim.arena = f->arena;
    f->sim.nonces = sim_nonces_new();
    f->sim.random = 1;
    assert_true(sim_state_open(directory, f->sim.clock, settle_ms, &f->sim.state, &err));
    if (sim_state_is_empty(f->sim.state))
        assert_true(sim_seed_generate(f->sim.state, resources, 1, NULL, services ? services : first_services,
                                      0, &err));
    sim_load_accesses(&f->sim);
    assert_true(mint_ca(f->arena, "Test CA", KEY_ECDSA, 256, f->clock.now_ms - 1000,
                        f->clock.now_ms + 1000000000000, &f->ca, &err));
    return f;
}

static inline struct fixture *fixture_new(size_t resources, int64_t settle_ms)
{
    return fixture_in(NULL, NULL, resources, settle_ms);
}

/* Resources of these services alone: "aliyun/waf3 aliyun/waf2". */
static inline struct fixture *fixture_of(const char *services, size_t resources, int64_t settle_ms)
{
    return fixture_in(NULL, services, resources, settle_ms);
}

static inline void fixture_free(struct fixture *f)
{
    sim_state_close(f->sim.state);
    sim_nonces_free(f->sim.nonces);
    sim_limiter_free(f->sim.limiter);
    sim_faults_free(f->sim.faults);
    sim_log_close(f->sim.log);
    sim_trust_free(f->sim.trust);
    arena_free(f->arena);
    free(f);
}

static inline const struct sim_access *access_of(const struct fixture *f, const char *cloud)
{
    for (size_t i = 0; i < f->sim.access_count; i++)
        if (!strcmp(f->sim.accesses[i].cloud, cloud))
            return &f->sim.accesses[i];
    fail_msg("no access of %s", cloud);
    return NULL;
}

struct outcome {
    enum sim_delivery delivery;
    unsigned status;
    const char *body, *code; /* the vendor's code of a refusal; "" */
    const struct json *json;
};

/* Sends the request's text as it stands. */
static inline struct outcome send_text(struct fixture *f, const char *text, size_t size)
{
    struct sim_request request;
    struct sim_answer answer;
    struct outcome o = {.code = ""};
    int64_t now_ms;
    assert_true(sim_request_parse(f->arena, text, size, &request, &o.status));
    o.delivery = sim_handle(&f->sim, f->arena, &request, &answer, &now_ms);
    o.status = answer.status;
    o.body = answer.body.data;
    if (json_parse(f->arena, o.body, answer.body.size, &o.json, NULL))
        o.code = json_str(json_at(o.json, "/Code"), "");
    return o;
}

/* An RPC V1 call with these parameters ("A=1&B=2", decoded by hand where needed), all in the form body. */
static inline struct outcome rpc(struct fixture *f, const char *host, const char *version, const char *action,
                                 const struct pairs *params)
{
    const struct sim_access *access = access_of(f, "aliyun");
    struct pairs all = {0};
    for (size_t i = 0; params && i < params->count; i++)
        pairs_add(f->arena, &all, params->items[i].name, params->items[i].value);
    pairs_add(f->arena, &all, "Action", action);
    pairs_add(f->arena, &all, "Version", version);
    pairs_add(f->arena, &all, "Format", "JSON");
    pairs_add(f->arena, &all, "AccessKeyId", access->key_id);
    pairs_add(f->arena, &all, "SignatureMethod", "HMAC-SHA1");
    pairs_add(f->arena, &all, "SignatureVersion", "1.0");
    pairs_add(f->arena, &all, "SignatureNonce", arena_printf(f->arena, "n%u", f->nonce++));
    pairs_add(f->arena, &all, "Timestamp", time_iso(f->arena, f->clock.now_ms));
    pairs_add(f->arena, &all, "Signature",
              aliyun_v1_signature(f->arena, access->secret,
                                  aliyun_v1_string_to_sign(f->arena, "POST", &all)));
    const char *body = query_format(f->arena, &all);
    const char *text =
        arena_printf(f->arena,
                     "POST / HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     host, strlen(body), body);
    return send_text(f, text, strlen(text));
}

static inline struct pairs query(struct fixture *f, const char *text)
{
    struct pairs p = {0};
    assert_true(query_parse(f->arena, text, strlen(text), true, 100, &p, NULL));
    return p;
}

static inline struct outcome cdn(struct fixture *f, const char *action, const char *params)
{
    struct pairs p = query(f, params);
    return rpc(f, "cdn.aliyuncs.com", "2018-05-10", action, &p);
}

static inline struct outcome cas(struct fixture *f, const char *action, const char *params)
{
    struct pairs p = query(f, params);
    return rpc(f, "cas.aliyuncs.com", "2020-04-07", action, &p);
}

static inline struct outcome alb(struct fixture *f, const char *action, const char *params)
{
    struct pairs p = query(f, params);
    return rpc(f, "alb.cn-hangzhou.aliyuncs.com", "2020-06-16", action, &p);
}

/* Uploads a new certificate for the name; returns its number. */
static inline const char *upload(struct fixture *f, const char *certificate_name, const char *host_name)
{
    struct minted leaf;
    struct err err;
    struct pairs p = {0};
    assert_true(mint_leaf(f->arena, &f->ca, &host_name, 1, KEY_ECDSA, 256, f->clock.now_ms - 1000,
                          f->clock.now_ms + 90 * 86400000LL, &leaf, &err));
    pairs_add(f->arena, &p, "Name", certificate_name);
    pairs_add(f->arena, &p, "Cert",
              arena_printf(f->arena, "%s%s", x509_pem(f->arena, &leaf.cert),
                           x509_pem(f->arena, &f->ca.cert)));
    pairs_add(f->arena, &p, "Key", secret_bytes(leaf.key));
    struct outcome o = rpc(f, "cas.aliyuncs.com", "2020-04-07", "UploadUserCertificate", &p);
    assert_int_equal(o.status, 200);
    return json_text(f->arena, json_at(o.json, "/CertId"), "");
}

/* A value of the answer as text; "" if absent. */
static inline const char *at(struct fixture *f, struct outcome o, const char *pointer)
{
    return json_text(f->arena, json_at(o.json, pointer), "");
}

#define param(f, ...) arena_printf((f)->arena, __VA_ARGS__)

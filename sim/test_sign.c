/* The simulator's own signature checks against requests that the vendors' SDKs signed. */
#include "base/file.h"
#include "sim/test_help.h"

static const struct json *vectors_of(struct arena *a, const char *file)
{
    char *text;
    size_t size;
    struct err err;
    const struct json *v;
    assert_true(file_read(a, arena_printf(a, "%s/%s", VECTORS_DIR, file), 1 << 20, &text, &size, &err));
    assert_true(json_parse(a, text, size, &v, &err));
    assert_true(json_count(json_at(v, "/vectors")) >= 5);
    return json_at(v, "/vectors");
}

/* The request as it goes over the wire, from its parts. */
static struct sim_request request_of(struct arena *a, const char *method, const char *target,
                                     const struct json *headers, const char *body)
{
    struct sim_request r;
    unsigned status;
    struct buf b = buf_new(a, 1 << 16);
    const char *name;
    const struct json *value;
    buf_printf(&b, "%s %s HTTP/1.1\r\n", method, target);
    for (size_t i = 0; json_member(headers, i, &name, &value); i++)
        if (strcasecmp(name, "content-length"))
            buf_printf(&b, "%s: %s\r\n", name, json_str(value, ""));
    if (!json_at(headers, "/host")) /* which some do not sign */
        buf_puts(&b, "host: a.example\r\n");
    buf_printf(&b, "content-length: %zu\r\n\r\n%s", strlen(body), body);
    assert_true(sim_request_parse(a, b.data, b.size, &r, &status));
    return r;
}

static void V3_agrees_with_the_sdk(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    const struct json *vectors = vectors_of(a, "alibaba-acs3-v3.json");
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i);
        struct aliyun_v3 v3;
        struct sim_request r =
            request_of(a, json_str(json_at(v, "/request/method"), ""),
                       json_str(json_at(v, "/request/url"), ""), json_at(v, "/sdk_headers_out"),
                       json_str(json_at(v, "/request/body"), ""));
        assert_true(aliyun_v3_parse(a, sim_request_header(&r, "authorization"), &v3));
        const char *canonical = aliyun_v3_canonical(a, &r, v3.signed_headers);
        assert_string_equal(canonical, json_str(json_at(v, "/canonical_request"), ""));
        const char *to_sign = aliyun_v3_string_to_sign(a, canonical);
        assert_string_equal(to_sign, json_str(json_at(v, "/string_to_sign"), ""));
        const char *signature =
            aliyun_v3_signature(a, json_str(json_at(v, "/access_key_secret"), ""), to_sign);
        assert_string_equal(signature, v3.signature);
        assert_string_equal(signature, json_str(json_at(v, "/signature"), ""));
    }
}

static void V3_agrees_with_the_documented_example(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    const struct json *vectors = vectors_of(a, "alibaba-acs3-v3-minimal.json");
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i), *value;
        struct pairs q = {0};
        struct aliyun_v3 v3;
        const char *name;
        for (size_t k = 0; json_member(json_at(v, "/request/query"), k, &name, &value); k++)
            pairs_add(a, &q, name, json_text(a, value, ""));
        const char *target =
            arena_printf(a, "%s?%s", json_str(json_at(v, "/request/pathname"), ""), query_format(a, &q));
        struct sim_request r =
            request_of(a, json_str(json_at(v, "/request/method"), ""), target, json_at(v, "/headers_in"),
                       json_str(json_at(v, "/request/body"), ""));
        assert_true(aliyun_v3_parse(a, json_str(json_at(v, "/authorization"), ""), &v3));
        const char *canonical = aliyun_v3_canonical(a, &r, v3.signed_headers);
        const char *signature = aliyun_v3_signature(a, json_str(json_at(v, "/access_key_secret"), ""),
                                                    aliyun_v3_string_to_sign(a, canonical));
        assert_string_equal(signature, v3.signature);
    }
}

static void V1_agrees_with_the_sdk(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    const struct json *vectors = vectors_of(a, "alibaba-rpc-v1.json");
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i);
        const char *body = json_str(json_at(v, "/body"), ""), *url = json_str(json_at(v, "/url"), "");
        const char *from = *body ? body : strchr(url, '?') + 1;
        struct pairs p = {0};
        assert_true(query_parse(a, from, strlen(from), true, 100, &p, NULL));
        const char *to_sign = aliyun_v1_string_to_sign(a, json_str(json_at(v, "/method"), ""), &p);
        assert_string_equal(to_sign, json_str(json_at(v, "/string_to_sign"), ""));
        const char *signature =
            aliyun_v1_signature(a, json_str(json_at(v, "/access_key_secret"), ""), to_sign);
        assert_string_equal(signature, json_str(json_at(v, "/signature"), ""));
        assert_string_equal(signature, pairs_get(&p, "Signature"));
    }
}

/* Those of the vendor's Node SDK. */
static void OSS_V4_agrees_with_the_sdk(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    const struct json *vectors = vectors_of(a, "alibaba-oss-v4.json");
    size_t compared = 0;
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i);
        const char *url = json_str(json_at(v, "/url"), NULL),
                   *text = json_str(json_at(v, "/canonical_request"), "");
        if (!url)
            continue;
        const char *target = url + strlen("https://") + strcspn(url + strlen("https://"), "/");
        struct sim_request r =
            request_of(a, json_str(json_at(v, "/method"), ""), target, json_at(v, "/headers"), "");
        const char *canonical = aliyun_oss_canonical(a, &r, json_str(json_at(v, "/bucket"), ""), "");
        assert_string_equal(canonical, text);
        const char *date = sim_request_header(&r, "x-oss-date"),
                   *region = json_str(json_at(v, "/region"), "");
        const char *to_sign = aliyun_oss_string_to_sign(a, canonical, date, region);
        assert_string_equal(to_sign, json_str(json_at(v, "/string_to_sign"), ""));
        const char *signature =
            aliyun_oss_signature(a, json_str(json_at(v, "/access_key_secret"), ""), date, region, to_sign);
        assert_non_null(strstr(sim_request_header(&r, "authorization"), signature));
        compared++;
    }
    assert_true(compared >= 6);
}

/* A GetCallerIdentity signed with V3; `break_it` names what is done to it afterwards. */
static struct outcome call_v3(struct fixture *f, const char *break_it)
{
    struct arena *a = f->arena;
    const struct sim_access *access = access_of(f, "aliyun");
    bool is_late = !strcmp(break_it, "late"), is_early = !strcmp(break_it, "early");
    int64_t ms = f->clock.now_ms + (is_late ? -901000 : is_early ? 901000 : 0);
    const char *date = !strcmp(break_it, "format") ? "Fri, 20 Nov 2026" : time_iso(a, ms);
    const char *body_hash = sha256_hex(a, "", 0);
    const char *headers = arena_printf(
        a,
        "host: sts.aliyuncs.com\r\nx-acs-action: GetCallerIdentity\r\nx-acs-content-sha256: %s\r\n"
        "x-acs-date: %s\r\nx-acs-signature-nonce: same-nonce\r\nx-acs-version: 2015-04-01\r\n%s",
        body_hash, date, !strcmp(break_it, "unsigned") ? "x-acs-extra: 1\r\n" : "");
    const char *names =
        "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    struct sim_request r;
    unsigned status;
    const char *text = arena_printf(a, "POST / HTTP/1.1\r\n%s\r\n", headers);
    assert_true(sim_request_parse(a, text, strlen(text), &r, &status));
    const char *signature =
        aliyun_v3_signature(a, !strcmp(break_it, "secret") ? "wrong" : access->secret,
                            aliyun_v3_string_to_sign(a, aliyun_v3_canonical(a, &r, names)));
    const char *body = !strcmp(break_it, "body") ? "A=1" : "";
    text = arena_printf(a,
                        "POST /%s HTTP/1.1\r\n%scontent-length: %zu\r\n%sauthorization: ACS3-HMAC-SHA256 "
                        "Credential=%s,SignedHeaders=%s,Signature=%s\r\n%s\r\n%s",
                        !strcmp(break_it, "query") ? "?A=1" : "", headers, strlen(body),
                        *body ? "content-type: application/x-www-form-urlencoded\r\n" : "",
                        !strcmp(break_it, "key") ? "LTAInobody" : access->key_id, names, signature,
                        !strcmp(break_it, "token") ? "x-acs-security-token: made-up\r\n" : "", body);
    return send_text(f, text, strlen(text));
}

static void V3_refuses_what_is_not_signed_right(void **state)
{
    (void)state;
    static const struct {
        const char *break_it, *code;
    } cases[] = {
        {"secret", "SignatureDoesNotMatch"},
        {"body", "SignatureDoesNotMatch"},
        {"query", "SignatureDoesNotMatch"},
        {"unsigned", "SignatureDoesNotMatch"},
        {"late", "InvalidTimeStamp.Expired"},
        {"early", "InvalidTimeStamp.Expired"},
        {"format", "InvalidTimeStamp.Format"},
        {"key", "InvalidAccessKeyId.NotFound"},
        {"token", "InvalidSecurityToken.MismatchWithAccessKey"},
    };
    struct fixture *f = fixture_new(0, 0);
    for (size_t i = 0; i < countof(cases); i++)
        assert_string_equal(call_v3(f, cases[i].break_it).code, cases[i].code);
    assert_int_equal(call_v3(f, "").status, 200);
    assert_string_equal(call_v3(f, "").code, "SignatureNonceUsed");
    fixture_free(f);
}

/* Under V3 each parameter has its place: one of the query's sent as a form is refused, however well signed. */
static void V3_refuses_a_misplaced_parameter(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    struct arena *a = f->arena;
    const struct sim_access *access = access_of(f, "aliyun");
    const char *parameter = "DomainName=r0000.example.com";
    const char *names =
        "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    for (int form = 0; form < 2; form++) {
        const char *body = form ? parameter : "";
        const char *head =
            param(f,
                  "POST /?%s HTTP/1.1\r\nhost: cdn.aliyuncs.com\r\ncontent-length: %zu\r\n"
                  "content-type: application/x-www-form-urlencoded\r\n"
                  "x-acs-action: DescribeDomainCertificateInfo\r\nx-acs-content-sha256: %s\r\n"
                  "x-acs-date: %s\r\nx-acs-signature-nonce: n%d\r\nx-acs-version: 2018-05-10\r\n",
                  form ? "" : parameter, strlen(body), sha256_hex(a, body, strlen(body)),
                  time_iso(a, f->clock.now_ms), form);
        struct sim_request r;
        unsigned status;
        const char *text = param(f, "%s\r\n%s", head, body);
        assert_true(sim_request_parse(a, text, strlen(text), &r, &status));
        const char *to_sign = aliyun_v3_string_to_sign(a, aliyun_v3_canonical(a, &r, names));
        text =
            param(f,
                  "%sauthorization: ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s\r\n\r\n%s",
                  head, access->key_id, names, aliyun_v3_signature(a, access->secret, to_sign), body);
        struct outcome o = send_text(f, text, strlen(text));
        assert_string_equal(o.code, form ? "InvalidParameter" : "");
    }
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(V3_agrees_with_the_sdk),
        cmocka_unit_test(V3_agrees_with_the_documented_example),
        cmocka_unit_test(V1_agrees_with_the_sdk),
        cmocka_unit_test(OSS_V4_agrees_with_the_sdk),
        cmocka_unit_test(V3_refuses_what_is_not_signed_right),
        cmocka_unit_test(V3_refuses_a_misplaced_parameter),
    };
    return cmocka_run_group_tests_name("sim_sign", tests, NULL, NULL);
}

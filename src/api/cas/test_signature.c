/* Requests of the vendor's own SDKs as they arrive, and what becomes of them when one thing is changed. */
#include "api/cas/signature.h"

#include "api/cas/parameter.h"
#include "api/cas/refusal.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/test.h"
#include "codec/json.h"

enum { HEADERS_MAX = 32 };

struct recorded {
    struct cas_raw raw;
    struct http_header headers[HEADERS_MAX];
    struct pairs query, all;
    const char *target, *body, *secret;
    struct err err;
};

static const char *text_at(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

static const struct json *vectors_of(struct arena *a)
{
    char *text;
    size_t size;
    struct err err;
    const struct json *v;
    if (!file_read(a, VECTORS_DIR "/alibaba-cas-requests.json", 1 << 20, &text, &size, &err) ||
        !json_parse(a, text, size, &v, &err))
        fail_msg("%s", err.text);
    return json_at(v, "/vectors");
}

static void load(struct arena *a, const struct json *v, struct recorded *r)
{
    const struct json *headers = json_at(v, "/headers"), *value;
    const char *name;
    *r = (struct recorded){.target = text_at(v, "/target"),
                           .body = text_at(v, "/body"),
                           .secret = text_at(v, "/access_key_secret")};
    r->raw = (struct cas_raw){.method = text_at(v, "/method"), .path = "/", .headers = r->headers};
    for (size_t i = 0; json_member(headers, i, &name, &value); i++)
        r->headers[r->raw.header_count++] = (struct http_header){name, json_str(value, "")};
    (void)a;
}

static void set_header(struct recorded *r, const char *name, const char *value)
{
    for (size_t i = 0; i < r->raw.header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0) {
            r->headers[i].value = value;
            if (!value)
                r->headers[i] = r->headers[--r->raw.header_count];
            return;
        }
    if (value)
        r->headers[r->raw.header_count++] = (struct http_header){name, value};
}

/* Everything that can be checked of it, as the server does; the code of the refusal, "" for none. */
static const char *verdict(struct arena *a, struct recorded *r, int64_t later_ms)
{
    const char *query = strchr(r->target, '?');
    struct cas_claim claim = {0};
    struct secret *secret = secret_in(a, secret_new(r->secret, strlen(r->secret)));
    r->err = (struct err){0};
    query = query ? query + 1 : "";
    r->raw.headers = r->headers; /* r may have been copied */
    r->raw.body = r->body;
    r->raw.body_size = strlen(r->body);
    r->raw.query = &r->query;
    r->raw.all = &r->all;
    bool good =
        cas_parameters_read(a, query, strlen(query), r->body, strlen(r->body), &r->query, &r->all, &r->err) &&
        cas_claim_read(a, &r->raw, &claim, &r->err) &&
        cas_claim_check_date(&claim, claim.date_ms + later_ms, &r->err) &&
        cas_claim_check_signature(a, &claim, secret, &r->err);
    return good ? "" : arena_strdup(a, r->err.code);
}

static void R139_requests_of_the_vendors_sdks_are_accepted(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *vectors = vectors_of(a);
    assert_true(json_count(vectors) >= 9);
    for (size_t i = 0; i < json_count(vectors); i++) {
        struct recorded r;
        load(a, json_item(vectors, i), &r);
        const char *code = verdict(a, &r, 0);
        if (*code)
            fail_msg("%s: %s: %s", text_at(json_item(vectors, i), "/name"), code, r.err.text);
    }
}

static struct recorded named(struct arena *a, const char *name)
{
    struct recorded r;
    const struct json *v = json_find(vectors_of(a), "/name", name);
    assert_non_null(v);
    load(a, v, &r);
    return r;
}

#define JSON_CALL "01-CreateDeploymentJob"
#define FORM_CALL "13-AddCloudAccess-generic-formbody"
#define RPC_CALL "10-ListDeploymentJob-rpc-v1-signature"

static void R140_a_changed_header_is_refused_with_the_vendors_code(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const struct {
        const char *header, *value, *code;
    } cases[] = {
        {"x-acs-action", "DeleteDeploymentJob", "SignatureDoesNotMatch"},
        {"x-acs-action", NULL, "MissingAction"},
        {"x-acs-version", NULL, "MissingVersion"},
        {"x-acs-version", "2020-06-30", "SignatureDoesNotMatch"},
        {"x-acs-date", NULL, "MissingTimestamp"},
        {"x-acs-date", "2026-11-20T18:09:08Z", "SignatureDoesNotMatch"},
        {"x-acs-date", "2026-11-20 18:09:07", "InvalidTimeStamp.Format"},
        {"x-acs-date", "2026-11-20T18:09:07+00:00", "InvalidTimeStamp.Format"},
        {"x-acs-date", "2026-13-20T18:09:07Z", "InvalidTimeStamp.Format"},
        {"x-acs-signature-nonce", NULL, "MissingSignatureNonce"},
        {"x-acs-signature-nonce", "another", "SignatureDoesNotMatch"},
        {"x-acs-signature-nonce", "two words", "InvalidSignatureNonce"},
        {"x-acs-content-sha256", NULL, "MissingContentSha256"},
        {"x-acs-content-sha256", "UNSIGNED-PAYLOAD", "SignatureDoesNotMatch"},
        {"x-acs-credentials-provider", NULL, "SignatureDoesNotMatch"},
        {"x-acs-extra", "unsigned", "SignatureDoesNotMatch"},
        {"x-acs-security-token", "t", "InvalidSecurityToken"},
        {"x-acs-bearer-token", "t", "InvalidSignatureType"},
        {"host", "other.example.com", "SignatureDoesNotMatch"},
        {"host", NULL, "SignatureDoesNotMatch"},
        {"authorization", NULL, "MissingAccessKeyId"},
        {"authorization", "ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=b",
         "InvalidSignatureMethod"},
        {"authorization", "ACS3-HMAC-SHA256 ", "MissingSignedHeaders"},
        {"authorization", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host", "MissingSignature"},
        {"authorization", "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=b",
         "MissingAccessKeyId"},
        {"authorization", "ACS3-HMAC-SHA256 Credential=a,Credential=b,SignedHeaders=host,Signature=b",
         "SignatureDoesNotMatch"},
        {"authorization", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;;host,Signature=b",
         "SignatureDoesNotMatch"},
        {"authorization", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=,Signature=b",
         "SignatureDoesNotMatch"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct recorded r = named(a, JSON_CALL);
        set_header(&r, cases[i].header, cases[i].value);
        const char *code = verdict(a, &r, 0);
        if (strcmp(code, cases[i].code) != 0)
            fail_msg("%s: %s gives %s, not %s", cases[i].header, cases[i].value, code, cases[i].code);
        assert_in_range(cas_problem_of(&r.err).status, 400, 499);
    }
}

static void R140_a_header_that_is_there_twice_is_refused(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct recorded r = named(a, JSON_CALL);
    r.headers[r.raw.header_count++] = (struct http_header){"x-acs-action", "DeleteDeploymentJob"};
    assert_string_equal(verdict(a, &r, 0), "MissingAction");
}

static void R140_changed_parameters_and_bodies_are_refused(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct recorded r = named(a, JSON_CALL);
    r.target = arena_printf(a, "%s&More=1", r.target);
    assert_string_equal(verdict(a, &r, 0), "SignatureDoesNotMatch");
    r = named(a, FORM_CALL);
    r.body = "CloudName=Tencent&SecretId=AKIE&SecretKey=x";
    assert_string_equal(verdict(a, &r, 0), "SignatureDoesNotMatch");
    r = named(a, JSON_CALL);
    r.body = "Name=other";
    assert_string_equal(verdict(a, &r, 0), "InvalidParameter"); /* the name stands in the query already */
    r.body = "More=other";
    assert_string_equal(verdict(a, &r, 0), "SignatureDoesNotMatch");
    r = named(a, JSON_CALL);
    r.secret = "testSecreT";
    assert_string_equal(verdict(a, &r, 0), "SignatureDoesNotMatch");
    r = named(a, JSON_CALL);
    r.raw.method = "GET";
    assert_string_equal(verdict(a, &r, 0), "SignatureDoesNotMatch");
}

static char *replaced(struct arena *a, const char *text, const char *what, const char *by)
{
    const char *at = strstr(text, what);
    assert_non_null(at);
    return arena_printf(a, "%.*s%s%s", (int)(at - text), text, by, at + strlen(what));
}

static void R140_a_changed_parameter_of_the_older_signature_is_refused(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const struct {
        const char *what, *by, *code;
    } cases[] = {
        {"CurrentPage=1", "CurrentPage=2", "SignatureDoesNotMatch"},
        {"Action=ListDeploymentJob&", "", "MissingAction"},
        {"&Version=2020-04-07", "", "MissingVersion"},
        {"&AccessKeyId=testId", "", "MissingAccessKeyId"},
        {"&AccessKeyId=testId", "&AccessKeyId=testId&AccessKeyId=other", "InvalidParameter"},
        {"SignatureNonce=", "Nonce=", "MissingSignatureNonce"},
        {"&Timestamp=", "&Time=", "MissingTimestamp"},
        {"Timestamp=2026", "Timestamp=26", "InvalidTimeStamp.Format"},
        {"SignatureMethod=HMAC-SHA1", "SignatureMethod=HMAC-SHA256", "InvalidSignatureMethod"},
        {"SignatureVersion=1.0", "SignatureVersion=2.0", "InvalidSignatureVersion"},
        {"Format=json", "Format=xml", "InvalidParameter.Format"},
        {"Format=json", "Format=JSON", "SignatureDoesNotMatch"},
        {"&Signature=", "&Signatur=", "MissingSignature"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct recorded r = named(a, RPC_CALL);
        r.target = replaced(a, r.target, cases[i].what, cases[i].by);
        assert_string_equal(verdict(a, &r, 0), cases[i].code);
    }
    struct recorded r = named(a, RPC_CALL);
    r.secret = "testsecret";
    assert_string_equal(verdict(a, &r, 0), "SignatureDoesNotMatch");
}

static void R140_the_date_may_lie_fifteen_minutes_away_and_no_more(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const char *const calls[] = {JSON_CALL, RPC_CALL};
    for (size_t i = 0; i < countof(calls); i++) {
        struct recorded r = named(a, calls[i]);
        assert_string_equal(verdict(a, &r, 15 * 60 * 1000), "");
        assert_string_equal(verdict(a, &r, -15 * 60 * 1000), "");
        assert_string_equal(verdict(a, &r, 15 * 60 * 1000 + 1), "InvalidTimeStamp.Expired");
        assert_string_equal(verdict(a, &r, -15 * 60 * 1000 - 1), "InvalidTimeStamp.Expired");
    }
}

static void R139_both_generations_of_signatures_agree_with_other_libraries(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *text;
    size_t size;
    struct err err;
    const struct json *v;
    assert_true(file_read(a, VECTORS_DIR "/alibaba-rpc-v1.json", 1 << 20, &text, &size, &err) &&
                json_parse(a, text, size, &v, &err));
    json_each (one, json_at(v, "/vectors")) {
        struct recorded r = {.secret = text_at(one, "/access_key_secret"), .body = text_at(one, "/body")};
        const char *url = text_at(one, "/url"), *query = strchr(url, '?');
        r.raw = (struct cas_raw){.method = text_at(one, "/method"), .path = "/", .headers = r.headers};
        r.target = query ? query : "/";
        if (json_is_null(json_at(one, "/security_token")))
            assert_string_equal(verdict(a, &r, 0), "");
        else
            assert_string_equal(verdict(a, &r, 0), "InvalidSecurityToken");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R139_requests_of_the_vendors_sdks_are_accepted),
        cmocka_unit_test(R139_both_generations_of_signatures_agree_with_other_libraries),
        cmocka_unit_test(R140_a_changed_header_is_refused_with_the_vendors_code),
        cmocka_unit_test(R140_a_header_that_is_there_twice_is_refused),
        cmocka_unit_test(R140_changed_parameters_and_bodies_are_refused),
        cmocka_unit_test(R140_a_changed_parameter_of_the_older_signature_is_refused),
        cmocka_unit_test(R140_the_date_may_lie_fifteen_minutes_away_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

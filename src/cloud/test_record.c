#include "cloud/record.h"

#include "base/test.h"
#include "crypto/mint.h"
#include <stdlib.h>
#include <string.h>

/* What is kept of answers: enough to compare them with what is documented, nothing that is secret. */

static const struct call plain = {.service = "ssl",
                                  .operation = "DescribeCertificateDetail",
                                  .version = "2019-12-05",
                                  .method = "POST",
                                  .path = "/"},
                         kube = {.service = "k8s",
                                 .operation = "GetSecret",
                                 .version = "",
                                 .method = "GET",
                                 .path = "/s",
                                 .private_answer = true};
static const char secret_text[] = "TopSecretAccessKey0123456789";

static const struct recorded *add(struct record *r, const struct call *call, const char *body, size_t size)
{
    cleanup(secret_free_p) struct secret *secret = secret_new(secret_text, strlen(secret_text));
    const struct secret *secrets[] = {secret};
    struct http_answer http = {.status = 200, .body = (char *)(uintptr_t)body, .body_size = size};
    record_add(r, call, "r-1", &http, secrets, 1);
    return &r->answers[r->count - 1];
}

static void R_no_key_and_no_secret_is_kept_and_of_a_certificate_its_fingerprint(void **state)
{
    static const char *const names[] = {"a.example.com"};
    const int64_t day_ms = 86400000, now_ms = 1795200000000;
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    struct record r = {.arena = a};
    struct minted ca, leaf;
    struct err err = {0};
    (void)state;
    assert_true(mint_ca(a, "CA", KEY_ECDSA, 256, now_ms, now_ms + day_ms, &ca, &err));
    assert_true(mint_leaf(a, &ca, names, 1, KEY_ECDSA, 256, now_ms, now_ms + day_ms, &leaf, &err));
    const char *chain = arena_printf(a, "%s%s", x509_pem(a, &leaf.cert), x509_pem(a, &ca.cert));
    const char *body = json_format(
        a, "{'Certificate':%s,'CertificatePrivateKey':%s,'Echo':%s,'Status':1,'Key':'abc','Broken':%s}",
        chain, secret_bytes(leaf.key), secret_text,
        "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----");
    add(&r, &plain, body, strlen(body));
    body = arena_printf(a, "<A><Pem>%s</Pem></A>", chain);
    add(&r, &plain, body, strlen(body));
    char *text = record_json(a, &r);
    const struct json *v;
    assert_true(json_parse(a, text, strlen(text), &v, &err));
    assert_int_equal(json_count(v), 2);
    assert_int_equal(json_int(json_at(v, "/0/body/Status"), 0), 1);
    assert_string_equal(json_str(json_at(v, "/0/region"), ""), "r-1");
    const char *shown = json_str(json_at(v, "/0/body/Certificate"), "");
    assert_non_null(strstr(shown, leaf.cert.sha256));
    assert_non_null(strstr(shown, ca.cert.sha256));
    assert_non_null(strstr(json_str(json_at(v, "/1/body"), ""), leaf.cert.sha256));
    static const char *const never[] = {"BEGIN", "MII", "MIG", secret_text, "abc"};
    for (size_t i = 0; i < countof(never); i++)
        if (strstr(text, never[i]))
            fail_msg("%s in %s", never[i], text);
}

static void what_may_hold_keys_or_is_too_large_has_no_body(void **state)
{
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    struct record r = {.arena = a};
    char *large = arena_alloc(a, RECORD_BODY_BYTES + 2);
    (void)state;
    memset(large, ' ', RECORD_BODY_BYTES + 1);
    large[RECORD_BODY_BYTES + 1] = 0;
    const struct recorded *one = add(&r, &kube, "{\"data\":{\"x\":\"y\"}}", 18);
    assert_string_equal(one->body, "");
    assert_non_null(strstr(one->left_out, "private keys"));
    one = add(&r, &plain, large, RECORD_BODY_BYTES + 1);
    assert_string_equal(one->body, "");
    assert_non_null(strstr(one->left_out, "bytes"));
    for (size_t i = 0; i < 2 * RECORD_ANSWERS_MAX; i++)
        add(&r, &plain, "{}", 2);
    assert_int_equal(r.count, RECORD_ANSWERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_no_key_and_no_secret_is_kept_and_of_a_certificate_its_fingerprint),
        cmocka_unit_test(what_may_hold_keys_or_is_too_large_has_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/redact.h"

#include "base/clock.h"
#include "base/test.h"

static const char secret_text[] = "s3cr+t/Key==\"\\value";

struct hidden_case {
    const char *text, *want; /* want NULL: "[redacted]" alone */
};

static void check(const struct hidden_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TEST_ARENA(a);
        struct secret *s = secret_in(a, secret_new(secret_text, strlen(secret_text)));
        struct secret *small = secret_in(a, secret_new("small", 5));
        const struct secret *const secrets[] = {s, small, NULL};
        const char *want = cases[i].want ? cases[i].want : "[redacted]";
        assert_string_equal(redact_text(a, cases[i].text, secrets, countof(secrets)), want);
    }
}

static void pem_blocks(void **state)
{
    (void)state;
    static const struct hidden_case cases[] = {
        {"a -----BEGIN X-----\nMII\n-----END X----- b", "a [redacted] b"},
        {"-----BEGIN RSA PRIVATE KEY-----\nMII", NULL},
        {"-----BEGIN", NULL},
        {"-----BEGIN X-----\nMII\n-----END X", NULL},
        {"a -----BEGIN X-----\\nMII\\n-----END X-----\\n b", "a [redacted]\\n b"},
        {"a -----BEGIN X-----\\\\nMII\\\\n-----END X-----\" b", "a [redacted]\" b"},
        {"a -----BEGIN+X-----%0AMII%0A-----END+X-----%0A&b=1", "a [redacted]%0A&b=1"},
        {"a %2D%2D%2D%2D%2DBEGIN%20X-----%0D%0AMII%0D%0A%2d%2d%2d%2d%2dEND%20X----- b", "a [redacted] b"},
        {"a %252D%252D%252D%252D%252DBEGIN%2520X-----MII-----END%2520X----- b", "a [redacted] b"},
        {"a \\u002d\\u002d\\u002d\\u002d-BEGIN X-----MII-----END X----- b", "a [redacted] b"},
        {"-----BEGIN X-----a-----END X----- and -----BEGIN Y-----b-----END Y-----",
         "[redacted] and [redacted]"},
        {"tail: MIIEabc\nDEF==\n-----END PRIVATE KEY-----, x", "tail: [redacted], x"},
        {"nothing ---- BEGIN here", "nothing ---- BEGIN here"},
    };
    check(cases, countof(cases));
}

static void secrets_in_every_spelling(void **state)
{
    (void)state;
    static const struct hidden_case cases[] = {
        {"a s3cr+t/Key==\"\\value b", "a [redacted] b"},
        {"s3cr+t/Key==\"\\values3cr+t/Key==\"\\value", NULL},
        {"a s3cr%2Bt%2FKey%3D%3D%22%5Cvalue b", "a [redacted] b"},
        {"a s3cr%2bt%2fKey==%22%5cvalue b", "a [redacted] b"},
        {"a s3cr%252Bt%252FKey%253D%253D%2522%255Cvalue b", "a [redacted] b"},
        {"a \"s3cr+t\\/Key==\\\"\\\\value\" b", "a \"[redacted]\" b"},
        {"a s3cr+t/Key==\\\\\\\"\\\\\\\\value b", "a [redacted] b"},
        {"a s3cr\\u002Bt/Key==\\u0022\\u005cvalue b", "a [redacted] b"},
        {"a czNjcit0L0tleT09Ilx2YWx1ZQ== b", "a [redacted] b"},     /* the secret */
        {"a eHMzY3IrdC9LZXk9PSJcdmFsdWU= b", "a e[redacted] b"},    /* x before it */
        {"a eHlzM2NyK3QvS2V5PT0iXHZhbHVl b", "a eH[redacted] b"},   /* xy before it */
        {"a czNjcit0L0tleT09Ilx2YWx1ZQ%3D%3D b", "a [redacted] b"}, /* percent-encoded base64 */
        {"s3cr+t/K", "s3cr+t/K"},
        {"small is left", "small is left"},
    };
    check(cases, countof(cases));
}

static void parameters_and_members_by_name(void **state)
{
    (void)state;
    static const struct hidden_case cases[] = {
        {"GET /?Action=X&Signature=abc%3D&Y=1", "GET /?Action=X&Signature=[redacted]&Y=1"},
        {"signature=abc", "signature=[redacted]"},
        {"SecurityToken=abc&A=b", "SecurityToken=[redacted]&A=b"},
        {"X-Amz-Signature=abc&X-Amz-Security-Token=def ",
         "X-Amz-Signature=[redacted]&X-Amz-Security-Token=[redacted] "},
        {"GET&%2F&AccessKeyId%3DLT%26SecurityToken%3Dab%252Bc%26Version%3D1",
         "GET&%2F&AccessKeyId%3DLT%26SecurityToken%3D[redacted]%26Version%3D1"},
        {"{\"PrivateKey\":\"abc\\\"def\",\"Id\":\"x\"}", "{\"PrivateKey\":\"[redacted]\",\"Id\":\"x\"}"},
        {"{\"certificatePrivateKey\" : \"abc\", \"x\":1}",
         "{\"certificatePrivateKey\" : \"[redacted]\", \"x\":1}"},
        {"{\"private_key\":\"abc", "{\"private_key\":\"[redacted]"},
        {"\"{\\\"SecretKey\\\":\\\"abc\\\",\\\"Id\\\":\\\"x\\\"}\"",
         "\"{\\\"SecretKey\\\":\\\"[redacted]\\\",\\\"Id\\\":\\\"x\\\"}\""},
        {"{\\\\\\\"Key\\\\\\\":\\\\\\\"abc\\\\\\\"}", "{\\\\\\\"Key\\\\\\\":\\\\\\\"[redacted]\\\\\\\"}"},
        {"data=%7B%22SSLPri%22%3A%22abc%22%7D&x=1", "data=%7B%22SSLPri%22%3A%22[redacted]%22%7D&x=1"},
        {"{'Key': 'abc', 'b': 1}", "{'Key': '[redacted]', 'b': 1}"},
        {"{\"key\":{\"Id\":\"x\"}}", "{\"key\":{\"Id\":\"x\"}}"},
        {"{\"token\":12345,\"b\":1}", "{\"token\":[redacted],\"b\":1}"},
        {"x-acs-security-token:abc\nhost:h", "x-acs-security-token:[redacted]\nhost:h"},
        {"X-Security-Token: abc\r\n", "X-Security-Token: [redacted]\r\n"},
        {"<SecretKey>abc</SecretKey><Id>x</Id>", "<SecretKey>[redacted]</SecretKey><Id>x</Id>"},
        {"AccessKeyId=LTAI&KeyName=x&Keys=y", "AccessKeyId=LTAI&KeyName=x&Keys=y"},
        {"The key is wrong. No signature", "The key is wrong. No signature"},
        {"Invalid token:\nid 5", "Invalid token:\nid 5"},
        {"Signature=", "Signature="},
    };
    check(cases, countof(cases));
}

static void what_a_refused_signature_was_made_of(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const char *const texts[] = {
        "not matched. server StringToSign is [ACS3\nab], server CanonicalRequest is [POST\n/\nKey=abc\n]",
        "no match\nThe Canonical String for this request should have been 'POST\n/\nbody'",
        "{\"message\":\"server canonicalrequest: POST\\n/\\nbody\"}",
    };
    for (size_t i = 0; i < countof(texts); i++) {
        const char *out = redact_text(a, texts[i], NULL, 0);
        assert_null(strstr(out, "POST"));
        assert_non_null(strstr(out, "[redacted]"));
    }
}

static void authorization_lines(void **state)
{
    (void)state;
    static const struct hidden_case cases[] = {
        {"Authorization: TC3-HMAC-SHA256 Credential=AK/x, Signature=ab\r\nHost: h",
         "Authorization: [redacted]\r\nHost: h"},
        {"authorization:Bearer x y z", "authorization:[redacted]"},
        {"{\"Authorization\":\"Bearer x y\",\"b\":1}", "{\"Authorization\":\"[redacted]\",\"b\":1}"},
        {"map[Authorization:[Bearer x]]", "map[Authorization:[redacted]"},
        {"Proxy-Authorization: Basic eA==", "Proxy-Authorization: [redacted]"},
        {"{\"m\":\"Authorization: ACS3 a b\\nhost: h\"}", "{\"m\":\"Authorization: [redacted]"},
        {"authorization failed", "authorization failed"},
    };
    check(cases, countof(cases));
}

static void long_base64_runs(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *run = arena_alloc(a, 200);
    memset(run, 'A', 119);
    assert_string_equal(redact_text(a, run, NULL, 0), run);
    run[119] = '/';
    assert_string_equal(redact_text(a, run, NULL, 0), "[redacted]");
    assert_string_equal(redact_text(a, arena_printf(a, "x: %s.", run), NULL, 0), "x: [redacted].");
    memcpy(run + 117, "%2F", 3); /* 118 letters, 120 bytes */
    assert_string_equal(redact_text(a, run, NULL, 0), run);
    memset(run, 'B', 64);
    run[64] = '\n';
    memset(run + 65, 'B', 60);
    run[125] = '\0';
    assert_string_equal(redact_text(a, run, NULL, 0), "[redacted]"); /* wrapped */
}

static void odd_bytes_become_question_marks(void **state)
{
    (void)state;
    static const struct hidden_case cases[] = {
        {"", ""},
        {"a\tb\r\nc", "a\tb\r\nc"},
        {"a\x01\x1B[0m\x7F", "a??[0m?"},
        {"\xC3\xA9 \xE4\xB8\xAD \xF0\x9F\x94\x92", "\xC3\xA9 \xE4\xB8\xAD \xF0\x9F\x94\x92"},
        {"\xFF\xC3(\xC2\x9B\xED\xA0\x80", "?\?(?????"},
        {"end \xE4\xB8", "end ??"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        TEST_ARENA(a);
        assert_string_equal(redact_text(a, cases[i].text, NULL, 0), cases[i].want);
    }
}

/* Texts that make a careless search quadratic: each takes well under a second when it is linear. */
static void hostile_texts_take_linear_time(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "-----BEGIN",
        "-----END",
        "-----END-----",
        "-----",
        "%2",
        "%25",
        "\\\\",
        "\\u00",
        "key=",
        "key:\"",
        "key ",
        "authorization",
        "authorization:",
        "A",
        "\"",
        "<key>",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        "s3cr+t/Key==",
        "\xC3",
    };
    enum { SIZE = 200000 };
    for (size_t i = 0; i < countof(pieces); i++) {
        TEST_ARENA(a);
        struct secret *s = secret_in(a, secret_new(secret_text, strlen(secret_text)));
        const struct secret *const secrets[] = {s};
        size_t size = strlen(pieces[i]);
        char *text = arena_alloc(a, SIZE + 100);
        for (size_t at = 0; at < SIZE; at += size)
            memcpy(text + at, pieces[i], size);
        int64_t begin = clock_monotonic_ms(&clock_system);
        char *out = redact_text(a, text, secrets, 1);
        if (clock_monotonic_ms(&clock_system) - begin > 2500)
            fail_msg("\"%s\" takes too long", pieces[i]);
        assert_true(strlen(out) <= 4 * strlen(text) + 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem_blocks),
        cmocka_unit_test(secrets_in_every_spelling),
        cmocka_unit_test(parameters_and_members_by_name),
        cmocka_unit_test(what_a_refused_signature_was_made_of),
        cmocka_unit_test(authorization_lines),
        cmocka_unit_test(long_base64_runs),
        cmocka_unit_test(odd_bytes_become_question_marks),
        cmocka_unit_test(hostile_texts_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

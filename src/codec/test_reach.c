/* Mail addresses, mobile numbers and webhooks: what is taken, in which form, and what is refused. */
#include "codec/reach.h"

#include "base/test.h"
#include <string.h>

static void R66_mail_addresses_are_checked(void **state)
{
    static const struct {
        const char *text, *kept; /* NULL: refused */
    } cases[] = {
        {"ops@example.com", "ops@example.com"},
        {"Ops.Team+cert@Example.COM.", "Ops.Team+cert@example.com"},
        {"wang@\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95", "wang@xn--fsqu00a.xn--0zwm56d"},
        {"ops", NULL},
        {"@example.com", NULL},
        {"ops@", NULL},
        {"ops@localhost", NULL},
        {"ops@*.example.com", NULL},
        {"ops@[192.0.2.1]", NULL},
        {"ops@192.0.2.1", NULL},
        {".ops@example.com", NULL},
        {"o..ps@example.com", NULL},
        {"ops.@example.com", NULL},
        {"o ps@example.com", NULL},
        {"ops\r\nBcc: x@example.com", NULL},
        {"a@b@example.com", NULL},
        {"\"a b\"@example.com", NULL},
        {"\xe7\x8e\x8b@example.com", NULL},
    };
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const char *kept = NULL;
        struct err err = {0};
        bool taken = mail_normalise(a, cases[i].text, &kept, &err);
        assert_int_equal(taken, cases[i].kept != NULL);
        if (taken)
            assert_string_equal(kept, cases[i].kept);
        else
            assert_int_equal(err.kind, ERR_INPUT);
    }
    char local[80], text[128];
    memset(local, 'a', sizeof local);
    local[65] = '\0';
    snprintf(text, sizeof text, "%s@example.com", local);
    const char *kept;
    struct err err;
    assert_false(mail_normalise(a, text, &kept, &err));
    assert_true(mail_normalise(a, text + 1, &kept, &err));
}

static void R66_mobile_numbers_are_international(void **state)
{
    static const struct {
        const char *text, *kept;
    } cases[] = {
        {"+8613800000000", "+8613800000000"},
        {"+86 138-0000-0000", "+8613800000000"},
        {"+1 (555) 0100 200", "+15550100200"},
        {"13800000000", NULL},
        {"+0613800000000", NULL},
        {"+123456", NULL},
        {"+1234567", "+1234567"},
        {"+123456789012345", "+123456789012345"},
        {"+1234567890123456", NULL},
        {"+86138x0000000", NULL},
        {"+", NULL},
        {"", NULL},
    };
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const char *kept = NULL;
        struct err err = {0};
        assert_int_equal(mobile_normalise(a, cases[i].text, &kept, &err), cases[i].kept != NULL);
        if (cases[i].kept)
            assert_string_equal(kept, cases[i].kept);
    }
}

static void R66_webhooks_are_https_and_never_quoted(void **state)
{
    static const struct {
        const char *text, *host;
    } cases[] = {
        {"https://oapi.dingtalk.com/robot/send?access_token=TOPSECRET", "oapi.dingtalk.com"},
        {"https://Hooks.Example.com:8443/TOPSECRET", "hooks.example.com:8443"},
        {"https://192.0.2.7/TOPSECRET", "192.0.2.7"},
        {"http://oapi.dingtalk.com/TOPSECRET", NULL},
        {"ftp://example.com/TOPSECRET", NULL},
        {"https://user:TOPSECRET@example.com/", NULL},
        {"https://example.com/#TOPSECRET", NULL},
        {"https://example.com/a b TOPSECRET", NULL},
        {"https://exa mple.com/TOPSECRET", NULL},
        {"TOPSECRET", NULL},
        {"", NULL},
    };
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        const char *host = NULL;
        struct err err = {0};
        assert_int_equal(webhook_check(a, cases[i].text, &host, &err), cases[i].host != NULL);
        assert_null(strstr(err.text, "TOPSECRET"));
        if (cases[i].host)
            assert_string_equal(host, cases[i].host);
    }
    char text[WEBHOOK_BYTES + 2];
    const char *host;
    struct err err;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://example.com/", 20);
    text[WEBHOOK_BYTES + 1] = '\0';
    assert_false(webhook_check(a, text, &host, &err));
    text[WEBHOOK_BYTES] = '\0';
    assert_true(webhook_check(a, text, &host, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R66_mail_addresses_are_checked),
        cmocka_unit_test(R66_mobile_numbers_are_international),
        cmocka_unit_test(R66_webhooks_are_https_and_never_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

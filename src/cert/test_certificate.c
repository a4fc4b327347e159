#include "cert/certificate.h"

#include "crypto/test_support.h"

static void R25_C9_status_follows_the_clock(void **state)
{
    (void)state;
    static const struct {
        int64_t days, left_ms; /* lifetime; left of it at the time of asking */
        bool revoked;
        enum certificate_status status;
    } rows[] = {
        {90, 90 * DAY_MS, false, CERTIFICATE_ISSUED},
        {90, 30 * DAY_MS, false, CERTIFICATE_ISSUED},
        {90, 30 * DAY_MS - 1, false, CERTIFICATE_WILL_EXPIRE},
        {365, 30 * DAY_MS, false, CERTIFICATE_ISSUED},
        {365, 30 * DAY_MS - 1, false, CERTIFICATE_WILL_EXPIRE},
        {6, 2 * DAY_MS, false, CERTIFICATE_ISSUED}, /* short-lived ones stay deployable */
        {6, 2 * DAY_MS - 1, false, CERTIFICATE_WILL_EXPIRE},
        {90, 0, false, CERTIFICATE_WILL_EXPIRE},
        {90, -1, false, CERTIFICATE_EXPIRED},
        {90, 90 * DAY_MS + 1, false, CERTIFICATE_NOT_YET_VALID},
        {90, 60 * DAY_MS, true, CERTIFICATE_REVOKED},
        {90, -1, true, CERTIFICATE_REVOKED},
    };
    for (size_t i = 0; i < countof(rows); i++)
        assert_int_equal(certificate_status_at(NOW_MS - rows[i].days * DAY_MS, NOW_MS, rows[i].revoked,
                                               NOW_MS - rows[i].left_ms),
                         rows[i].status);
    assert_string_equal(certificate_status_name(CERTIFICATE_WILL_EXPIRE), "about_to_expire");
    assert_string_equal(certificate_status_name(CERTIFICATE_REVOKED), "revoked");
}

static void R26_R33_names_are_checked(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *name, *refusal;
    } rows[] = {
        {"", "1 to 63"},
        {"0123456789012345678901234567890123456789012345678901234567890123", "1 to 63"},
        {"证书", "Chinese"},
        {"证", "Chinese"},
        {"site 龥", "Chinese"},
        {"ｓｉｔｅ", "Chinese"},      /* full width */
        {"a\xe3\x80\x82", "Chinese"}, /* an ideographic full stop */
        {"a\nb", "control"},
        {"a\x7f", "control"},
        {"a\xc2\x85", "control"},
        {"\xff", "UTF-8"},
        {"\xc0\xaf", "UTF-8"},
        {" a", "blank"},
        {"a ", "blank"},
        {"012345678901234567890123456789012345678901234567890123456789012", NULL},
        {"Größe é", NULL},
        {"wildcard.example.com", NULL},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        if (rows[i].refusal)
            assert_refused(certificate_name_check(rows[i].name, &b->err), b, rows[i].refusal);
        else
            assert_true(certificate_name_check(rows[i].name, &b->err));
    }
    char *wide = arena_alloc(b->a, 127); /* 63 characters of two bytes each */
    for (size_t i = 0; i < 126; i += 2)
        memcpy(wide + i, "\xc3\xa9", 2);
    assert_true(certificate_name_check(wide, &b->err));
}

static void suggested_names_pass_their_own_check(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *domain, *name;
    } rows[] = {
        {"example.com", "example.com"},
        {"*.example.com", "wildcard.example.com"},
        {"2001:db8::1", "2001:db8::1"},
        {"a23456789-123456789-123456789-123456789-123456789-123456789-1.example.com",
         "a23456789-123456789-123456789-123456789-123456789-123456789-1.e"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct certificate cert = {.domains = (const char *[]){rows[i].domain}, .domain_count = 1};
        char *name = certificate_name_suggest(b->a, &cert);
        assert_string_equal(name, rows[i].name);
        assert_true(certificate_name_check(name, &b->err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(R25_C9_status_follows_the_clock),
        bench_test(R26_R33_names_are_checked),
        bench_test(suggested_names_pass_their_own_check),
    };
    return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}

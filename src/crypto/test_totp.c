/* Codes of the second factor: RFC 6238's vectors, the clock's tolerance, and that no code counts twice. */
#include "crypto/totp.h"

#include "crypto/test_support.h"
#include <string.h>

/* Appendix B, SHA-1; the last six of its eight digits. */
static void the_vectors_of_rfc_6238_fit(void **state)
{
    struct bench *b = *state;
    struct secret *secret = bench_secret(b, "12345678901234567890");
    static const struct {
        int64_t seconds;
        const char *code;
    } cases[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                 {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
    for (size_t i = 0; i < countof(cases); i++) {
        int64_t step = 0;
        assert_true(totp_fits(secret, cases[i].code, cases[i].seconds * 1000, -1, &step));
        assert_int_equal(step, cases[i].seconds / 30);
    }
}

static void a_code_fits_one_step_before_and_after_and_once(void **state)
{
    struct bench *b = *state;
    struct secret *secret = bench_secret(b, "12345678901234567890");
    int64_t at = (int64_t)1234567890 * 1000, step;
    static const struct {
        int64_t off;
        bool fits;
    } cases[] = {{-2, false}, {-1, true}, {0, true}, {1, true}, {2, false}};
    for (size_t i = 0; i < countof(cases); i++)
        assert_int_equal(totp_fits(secret, "005924", at + cases[i].off * TOTP_STEP_MS, -1, &step),
                         cases[i].fits);
    assert_true(totp_fits(secret, "005924", at, -1, &step));
    assert_false(totp_fits(secret, "005924", at, step, &step));
    static const char *const others[] = {"", "5924", "0059240", "00592", "005925", " 05924", "abcdef"};
    for (size_t i = 0; i < countof(others); i++)
        assert_false(totp_fits(secret, others[i], at, -1, &step));
}

static void a_secret_is_typed_as_base32(void **state)
{
    struct bench *b = *state;
    struct secret *text, *made = totp_make(b->a);
    assert_true(totp_text(b->a, bench_secret(b, "12345678901234567890"), &text, &b->err));
    assert_string_equal(secret_bytes(text), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    assert_int_equal(secret_size(made), TOTP_SECRET_BYTES);
    assert_false(secret_equal(made, totp_make(b->a)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(the_vectors_of_rfc_6238_fit),
        bench_test(a_code_fits_one_step_before_and_after_and_once),
        bench_test(a_secret_is_typed_as_base32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

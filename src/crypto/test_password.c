/* Passwords: what is kept of them, and that one nobody has costs as much to refuse. */
#include "crypto/password.h"

#include "crypto/test_support.h"
#include <string.h>
#include <time.h>

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void the_right_password_fits_and_no_other(void **state)
{
    struct bench *b = *state;
    char *hash, *again;
    struct secret *right = bench_secret(b, "correct horse battery");
    assert_true(password_hash(b->a, right, &hash, &b->err));
    assert_true(password_hash(b->a, right, &again, &b->err));
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_string_not_equal(hash, again); /* each with its own salt */
    assert_true(password_fits(hash, right));
    static const char *const others[] = {"", "correct horse batter", "correct horse battery ",
                                         "Correct horse battery"};
    for (size_t i = 0; i < countof(others); i++)
        assert_false(password_fits(hash, bench_secret(b, others[i])));
    assert_false(password_fits("", right));
    assert_false(password_fits("$argon2id$", right));
    assert_false(password_fits(NULL, right));
}

/* A name that does not exist may not be told by how soon it is refused. */
static void refusing_a_password_that_nobody_has_takes_as_long(void **state)
{
    struct bench *b = *state;
    char *hash;
    struct secret *wrong = bench_secret(b, "wrong");
    int64_t known = INT64_MAX, unknown = INT64_MAX;
    assert_true(password_hash(b->a, bench_secret(b, "right"), &hash, &b->err));
    for (int i = 0; i < 7; i++) {
        int64_t start = cpu_us();
        assert_false(password_fits(hash, wrong));
        int64_t middle = cpu_us();
        assert_false(password_fits(NULL, wrong));
        known = int64_min(known, middle - start);
        unknown = int64_min(unknown, cpu_us() - middle);
    }
    assert_true(unknown * 2 > known && known * 2 > unknown);
}

static void bytes_are_equal_or_not(void **state)
{
    (void)state;
    assert_true(bytes_equal("abc", "abc", 3));
    assert_false(bytes_equal("abc", "abd", 3));
    assert_true(bytes_equal("abc", "abd", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(the_right_password_fits_and_no_other),
        bench_test(refusing_a_password_that_nobody_has_takes_as_long),
        bench_test(bytes_are_equal_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/secret.h"

#include "base/file.h"
#include "base/test.h"
#include <stdlib.h>
#include <unistd.h>

static void bytes_are_kept_and_terminated(void **state)
{
    (void)state;
    cleanup(secret_free_p) struct secret *s = secret_new("a\0b", 3);
    assert_int_equal(secret_size(s), 3);
    assert_memory_equal(secret_bytes(s), "a\0b", 4);
    cleanup(secret_free_p) struct secret *copy = secret_copy(s);
    assert_ptr_not_equal(copy, s);
    assert_true(secret_equal(s, copy));
}

static void nothing_is_an_empty_secret(void **state)
{
    (void)state;
    assert_null(secret_copy(NULL));
    assert_null(secret_free(NULL));
    assert_string_equal(secret_bytes(NULL), "");
    assert_int_equal(secret_size(NULL), 0);
    assert_true(secret_equal(NULL, NULL));
    TEST_ARENA(a);
    assert_null(secret_in(a, NULL));
}

static void equality_looks_at_every_byte(void **state)
{
    (void)state;
    cleanup(secret_free_p) struct secret *s = secret_new("12345678", 8);
    static const char *const others[] = {"", "1234567", "123456789", "x2345678", "1234567x", "1234x678"};
    for (size_t i = 0; i < countof(others); i++) {
        cleanup(secret_free_p) struct secret *other = secret_new(others[i], strlen(others[i]));
        assert_false(secret_equal(s, other));
    }
    assert_false(secret_equal(s, NULL));
}

static void large_secrets_fit(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *bytes = arena_alloc(a, SECRET_MAX_BYTES);
    memset(bytes, 'k', SECRET_MAX_BYTES);
    struct secret *s = secret_in(a, secret_new(bytes, SECRET_MAX_BYTES));
    assert_int_equal(secret_size(s), SECRET_MAX_BYTES);
    assert_memory_equal(secret_bytes(s), bytes, SECRET_MAX_BYTES);
}

static void files_lose_one_line_end(void **state)
{
    (void)state;
    static const struct {
        const char *content, *secret; /* NULL: refused */
    } cases[] = {
        {"", NULL},       {"\n", NULL},       {"\r\n", NULL},       {"key", "key"},
        {"key\n", "key"}, {"key\r\n", "key"}, {"key\n\n", "key\n"}, {" key ", " key "},
    };
    TEST_ARENA(a);
    char *path = arena_strdup(a, "/tmp/certferry-secret-XXXXXX");
    cleanup(descriptor_close) int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        struct secret *s = NULL;
        assert_true(file_write(path, cases[i].content, strlen(cases[i].content), 0600, &err));
        assert_int_equal(secret_read(path, 100, &s, &err), cases[i].secret != NULL);
        if (cases[i].secret)
            assert_string_equal(secret_bytes(s), cases[i].secret);
        else
            assert_non_null(strstr(err.text, path));
        secret_free(s);
    }
    struct err err;
    struct secret *s = NULL;
    assert_true(file_write(path, "0123456789", 10, 0600, &err));
    assert_false(secret_read(path, 9, &s, &err));
    assert_null(strstr(err.text, "0123"));
    assert_false(secret_read("/tmp", 9, &s, &err));
    unlink(path);
    assert_false(secret_read(path, 9, &s, &err));
    assert_null(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_lose_one_line_end),    cmocka_unit_test(bytes_are_kept_and_terminated),
        cmocka_unit_test(nothing_is_an_empty_secret), cmocka_unit_test(equality_looks_at_every_byte),
        cmocka_unit_test(large_secrets_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

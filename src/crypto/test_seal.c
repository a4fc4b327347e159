#include "crypto/seal.h"

#include "crypto/digest.h"
#include "crypto/test_support.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void absent_key_is_refused_or_made(void **state)
{
    struct bench *b = *state;
    cleanup(seal_free_p) struct seal *s = NULL, *again = NULL;
    char *path = bench_path(b, "deep/er/master.key");
    assert_false(seal_load(path, false, &s, &b->err));
    assert_int_equal(b->err.kind, ERR_INPUT);
    assert_non_null(strstr(b->err.text, path));
    assert_null(s);
    assert_true(seal_load(path, true, &s, &b->err));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 65);
    assert_int_equal(status.st_nlink, 1);
    assert_true(seal_load(path, true, &again, &b->err));
    assert_string_equal(seal_key_id(s), seal_key_id(again));
    assert_int_equal(strlen(seal_key_id(s)), 16);
}

static void loose_mode_is_refused(void **state)
{
    struct bench *b = *state;
    static const unsigned modes[] = {0644, 0640, 0604, 0660, 0610};
    cleanup(seal_free_p) struct seal *s = NULL;
    char *path = bench_path(b, "master.key");
    assert_true(seal_load(path, true, &s, &b->err));
    for (size_t i = 0; i < countof(modes); i++) {
        struct seal *none = NULL;
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_false(seal_load(path, true, &none, &b->err));
        assert_non_null(strstr(b->err.text, "chmod 600"));
    }
    cleanup(seal_free_p) struct seal *stricter = NULL;
    assert_int_equal(chmod(path, 0400), 0);
    assert_true(seal_load(path, false, &stricter, &b->err));
}

static void damaged_key_file_is_refused(void **state)
{
    struct bench *b = *state;
    static const char digits[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const char *const contents[] = {
        "",
        "\n",
        "00",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg",
        "00 112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\nmore",
    };
    for (size_t i = 0; i < countof(contents); i++) {
        struct seal *s = NULL;
        char *path = bench_path(b, arena_printf(b->a, "key%zu", i));
        assert_true(file_write(path, contents[i], strlen(contents[i]), 0600, &b->err));
        if (seal_load(path, true, &s, &b->err))
            fail_msg("taken: \"%s\"", contents[i]);
        assert_null(strstr(b->err.text, "0011"));
    }
    struct seal *s = NULL;
    assert_false(seal_load(b->folder, false, &s, &b->err));
    cleanup(seal_free_p) struct seal *good = NULL;
    assert_true(file_write(bench_path(b, "good"), digits, sizeof digits - 1, 0600, &b->err));
    assert_true(seal_load(bench_path(b, "good"), false, &good, &b->err));
}

static void sealed_value_opens_only_as_it_was(void **state)
{
    struct bench *b = *state;
    static const char identity[] = "access/12/secret", secret[] = "hunter2\0with a NUL";
    cleanup(seal_free_p) struct seal *s = NULL, *other = NULL;
    cleanup(secret_free_p) struct secret *opened = NULL;
    unsigned char *sealed, *twice;
    size_t size, twice_size;
    assert_true(seal_load(bench_path(b, "one.key"), true, &s, &b->err));
    assert_true(seal_load(bench_path(b, "two.key"), true, &other, &b->err));
    assert_string_not_equal(seal_key_id(s), seal_key_id(other));
    seal_close(s, b->a, identity, secret, sizeof secret, &sealed, &size);
    assert_int_equal(size, 1 + 24 + sizeof secret + 16);
    assert_null(memmem(sealed, size, "hunter2", 7));
    assert_false(seal_open(other, identity, sealed, size, &opened, &b->err));
    assert_int_equal(b->err.kind, ERR_STORE);
    assert_false(seal_open(s, "access/13/secret", sealed, size, &opened, &b->err));
    for (size_t i = 0; i < size; i++) {
        sealed[i] ^= 0x10;
        assert_false(seal_open(s, identity, sealed, size, &opened, &b->err));
        sealed[i] ^= 0x10;
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_false(seal_open(s, identity, sealed, cut, &opened, &b->err));
    assert_null(opened);
    assert_true(seal_open(s, identity, sealed, size, &opened, &b->err));
    assert_int_equal(secret_size(opened), sizeof secret);
    assert_memory_equal(secret_bytes(opened), secret, sizeof secret);
    seal_close(s, b->a, identity, secret, sizeof secret, &twice, &twice_size);
    assert_memory_not_equal(sealed, twice, size);
}

static void empty_value_is_sealed_too(void **state)
{
    struct bench *b = *state;
    cleanup(seal_free_p) struct seal *s = NULL;
    cleanup(secret_free_p) struct secret *opened = NULL;
    unsigned char *sealed;
    size_t size;
    assert_true(seal_load(bench_path(b, "one.key"), true, &s, &b->err));
    seal_close(s, b->a, "x", "", 0, &sealed, &size);
    assert_true(seal_open(s, "x", sealed, size, &opened, &b->err));
    assert_int_equal(secret_size(opened), 0);
}

static void digests_match_published_vectors(void **state)
{
    struct bench *b = *state;
    unsigned char out[DIGEST_MAX_BYTES];
    assert_int_equal(digest_of(DIGEST_MD5, "", 0, out), 16);
    assert_int_equal(digest_of(DIGEST_SHA1, "abc", 3, out), 20);
    assert_memory_equal(out,
                        "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d",
                        20);
    assert_string_equal(sha256_hex(b->a, "abc", 3),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* RFC 4231, test case 2, and RFC 2202 for SHA-1 */
    assert_string_equal(hmac_sha256_hex(b->a, "Jefe", 4, "what do ya want for nothing?"),
                        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_int_equal(hmac_of(DIGEST_SHA1, "Jefe", 4, "what do ya want for nothing?", 28, out), 20);
    assert_memory_equal(out,
                        "\xef\xfc\xdf\x6a\xe5\xeb\x2f\xa2\xd2\x74\x16\xd5\xf1\x84\xdf\x9c\x25\x9a\x7c\x79",
                        20);
    assert_string_equal(hmac_sha256_hex(b->a, NULL, 0, ""),
                        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void random_values_stay_in_range(void **state)
{
    struct bench *b = *state;
    int64_t before = 0;
    for (unsigned i = 0; i < 1000; i++) {
        int64_t id = random_id();
        double fraction = random_fraction();
        assert_true(id >= 1 && id < INT64_C(1) << 53 && id != before);
        assert_true(fraction >= 0 && fraction < 1);
        before = id;
    }
    assert_int_equal(strlen(random_hex(b->a, 8)), 16);
    assert_string_not_equal(random_hex(b->a, 8), random_hex(b->a, 8));
}

static char log_of_key[16]; /* s: a folder was synchronised, u: a name removed */

static void log_one(char what)
{
    size_t size = strlen(log_of_key);
    if (size + 1 < sizeof log_of_key)
        log_of_key[size] = what;
}

int fsync(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
        log_one('s');
    return (int)syscall(SYS_fsync, fd);
}

int unlink(const char *path)
{
    log_one('u');
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* A key that is gone with the power opens nothing of what was sealed with it since. */
static void a_new_key_is_on_disk_before_it_is_used(void **state)
{
    struct bench *b = *state;
    struct seal *s = NULL;
    memset(log_of_key, 0, sizeof log_of_key);
    assert_true(seal_load(bench_path(b, "new.key"), true, &s, &b->err));
    assert_string_equal(log_of_key, "sus");
    seal_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(absent_key_is_refused_or_made), bench_test(loose_mode_is_refused),
        bench_test(damaged_key_file_is_refused),   bench_test(sealed_value_opens_only_as_it_was),
        bench_test(empty_value_is_sealed_too),     bench_test(digests_match_published_vectors),
        bench_test(random_values_stay_in_range),   bench_test(a_new_key_is_on_disk_before_it_is_used),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}

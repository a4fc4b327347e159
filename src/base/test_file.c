#include "base/file.h"

#include "base/test.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *folder(struct arena *a)
{
    char *path = arena_strdup(a, "/tmp/certferry-file-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void remove_folder(const char *path)
{
    assert_int_equal(rmdir(path), 0); /* fails when something was left beside */
}

static void write_then_read(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *dir = folder(a), *path = arena_printf(a, "%s/f", dir), *data;
    size_t size;
    struct err err;
    struct stat status;
    assert_true(file_write(path, "a\0b", 3, 0640, &err));
    assert_true(file_write(path, "longer\n", 7, 0600, &err));
    assert_true(file_read(a, path, 7, &data, &size, &err));
    assert_int_equal(size, 7);
    assert_string_equal(data, "longer\n");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(file_write(path, "", 0, 0600, &err));
    assert_true(file_read(a, path, 7, &data, &size, &err));
    assert_int_equal(size, 0);
    assert_string_equal(data, "");
    unlink(path);
    remove_folder(dir);
}

static void reading_refuses_with_the_path(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *dir = folder(a), *path = arena_printf(a, "%s/f", dir), *data = NULL;
    size_t size = 42;
    struct err err;
    assert_false(file_read(a, path, 10, &data, &size, &err));
    assert_non_null(strstr(err.text, path));
    assert_false(file_read(a, dir, 10, &data, &size, &err));
    assert_non_null(strstr(err.text, "directory"));
    assert_true(file_write(path, "12345678901", 11, 0600, &err));
    assert_false(file_read(a, path, 10, &data, &size, &err));
    assert_int_equal(err.kind, ERR_INPUT);
    assert_null(data);
    assert_int_equal(size, 42);
    unlink(path);
    remove_folder(dir);
}

/* /dev/zero never ends, and a FIFO without a writer must not block. */
static void endless_and_empty_devices(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *dir = folder(a), *path = arena_printf(a, "%s/fifo", dir), *data;
    size_t size;
    struct err err;
    assert_false(file_read(a, "/dev/zero", 1000, &data, &size, &err));
    assert_true(file_read(a, "/dev/null", 1000, &data, &size, &err));
    assert_int_equal(size, 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_true(file_read(a, path, 1000, &data, &size, &err));
    assert_int_equal(size, 0);
    unlink(path);
    remove_folder(dir);
}

static void failed_write_leaves_nothing(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *dir = folder(a), *sub = arena_printf(a, "%s/d", dir);
    struct err err;
    assert_int_equal(mkdir(sub, 0700), 0);
    assert_false(file_write(sub, "x", 1, 0600, &err)); /* a directory cannot be replaced */
    assert_false(file_write(arena_printf(a, "%s/none/f", dir), "x", 1, 0600, &err));
    rmdir(sub);
    remove_folder(dir);
}

static void directories_are_made_with_parents(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *dir = folder(a), *deep = arena_printf(a, "%s/a/b", dir), *path = arena_printf(a, "%s/f", deep);
    struct err err;
    struct stat status;
    assert_true(file_make_directory(deep, &err));
    assert_true(file_make_directory(deep, &err));
    assert_int_equal(stat(deep, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_true(file_write(path, "", 0, 0600, &err));
    assert_false(file_make_directory(path, &err));
    assert_false(file_make_directory(arena_printf(a, "%s/x", path), &err));
    unlink(path);
    rmdir(deep);
    rmdir(arena_printf(a, "%s/a", dir));
    remove_folder(dir);
}

static char synchronised[8][128]; /* the directories, in order */
static size_t synchronised_count;

/* In place of libc's, to see what is put on disk. */
int fsync(int fd)
{
    struct stat status;
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    bool directory = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
    if (directory && synchronised_count < 8) {
        ssize_t size = readlink(link, synchronised[synchronised_count], sizeof synchronised[0] - 1);
        synchronised[synchronised_count++][size > 0 ? size : 0] = '\0';
    }
    return (int)syscall(SYS_fsync, fd);
}

/* What is not synchronised in its directory may be gone after lost power, whatever its bytes were. */
static void names_are_on_disk_before_success_is_told(void **state)
{
    (void)state;
    TEST_ARENA(a);
    char *dir = folder(a), *deep = arena_printf(a, "%s/a/b", dir), *path = arena_printf(a, "%s/f", deep);
    struct err err;
    synchronised_count = 0;
    assert_true(file_make_directory(deep, &err));
    assert_int_equal(synchronised_count, 2);
    assert_string_equal(synchronised[0], dir);
    assert_string_equal(synchronised[1], arena_printf(a, "%s/a", dir));
    assert_true(file_write(path, "x", 1, 0600, &err));
    assert_int_equal(synchronised_count, 3);
    assert_string_equal(synchronised[2], deep);
    assert_false(file_sync_folder(arena_printf(a, "%s/none/f", dir), &err));
    unlink(path);
    rmdir(deep);
    rmdir(arena_printf(a, "%s/a", dir));
    remove_folder(dir);
}

static void clean_up_functions_accept_nothing(void **state)
{
    (void)state;
    FILE *f = NULL;
    int fd = -1;
    file_close(&f);
    descriptor_close(&fd);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    descriptor_close(&fd);
    assert_int_equal(fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_refuses_with_the_path),
        cmocka_unit_test(endless_and_empty_devices),
        cmocka_unit_test(failed_write_leaves_nothing),
        cmocka_unit_test(names_are_on_disk_before_success_is_told),
        cmocka_unit_test(write_then_read),
        cmocka_unit_test(directories_are_made_with_parents),
        cmocka_unit_test(clean_up_functions_accept_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

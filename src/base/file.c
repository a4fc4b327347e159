#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void file_close(FILE **f)
{
    if (*f)
        fclose(*f);
    *f = NULL;
}

void descriptor_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool read_all(int fd, const char *path, char *data, size_t room, size_t *ret_size, struct err *err)
{
    size_t size = 0;
    while (size < room) {
        ssize_t got = read(fd, data + size, room - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_INPUT, "%s: %m", path);
        if (got == 0)
            break;
        size += (size_t)got;
    }
    *ret_size = size;
    return true;
}

bool file_read(struct arena *a, const char *path, size_t max_bytes, char **ret_data, size_t *ret_size,
               struct err *err)
{
    bool standard_input = strcmp(path, "-") == 0;
    cleanup(descriptor_close) int fd =
        standard_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return err_set(err, ERR_INPUT, "%s: %m", path);
    if (S_ISDIR(status.st_mode))
        return err_set(err, ERR_INPUT, "%s is a directory, a file is wanted", path);
    if (!standard_input)
        (void)fcntl(fd, F_SETFL,
                    0); /* non-blocking only so that opening a FIFO without writer does not hang */
    size_t expected = S_ISREG(status.st_mode) && status.st_size >= 0 ? (size_t)status.st_size : max_bytes;
    if (expected > max_bytes)
        return err_set(err, ERR_INPUT, "%s holds %zu bytes, at most %zu are taken", path, expected,
                       max_bytes);
    char *data = arena_alloc(a, expected + 2);
    size_t size = 0;
    if (!read_all(fd, path, data, expected + 1, &size, err))
        return false;
    if (size > expected)
        return err_set(err, ERR_INPUT, "%s grew while it was read, or holds more than %zu bytes", path,
                       max_bytes);
    data[size] = '\0';
    *ret_data = data;
    *ret_size = size;
    return true;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size) {
        ssize_t put = write(fd, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        data += put;
        size -= (size_t)put;
    }
    return true;
}

bool file_sync_folder(const char *path, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 16);
    char *folder = arena_strdup(a, path), *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    cleanup(descriptor_close) int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Who may write in it and not read it can do no more, nor where the file system synchronises no directories. */
    bool done = fd < 0 ? errno == EACCES : fsync(fd) == 0 || errno == EINVAL;
    return done || err_set(err, ERR_INPUT, "synchronise the directory of %s: %m", path);
}

bool file_write(const char *path, const void *data, size_t size, unsigned mode, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 16);
    char *beside = arena_printf(a, "%s.%d.new", path, (int)getpid());
    cleanup(descriptor_close) int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return err_set(err, ERR_INPUT, "%s: %m", beside);
    bool written = fchmod(fd, mode) == 0 && write_all(fd, data, size) && fsync(fd) == 0;
    if (!written || rename(beside, path) != 0) {
        err_set(err, ERR_INPUT, "%s: %m", path);
        (void)unlink(beside);
        return false;
    }
    return file_sync_folder(path, err);
}

bool file_make_directory(const char *path, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 16);
    char *copy = arena_strdup(a, path);
    for (char *p = copy + 1; *copy; p++) {
        if (*p != '/' && *p)
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, 0700) == 0) {
            if (!file_sync_folder(copy, err))
                return false;
        } else if (errno != EEXIST) {
            return err_set(err, ERR_INPUT, "make directory %s: %m", copy);
        }
        *p = kept;
        if (!kept)
            break;
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return err_set(err, ERR_INPUT, "%s is not a directory", path);
    return true;
}

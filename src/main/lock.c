#include "main/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static void read_owner(int fd, struct store_lock *lock)
{
    char text[64] = "", word[16] = "";
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    lock->owner_pid = 0;
    if (got > 0)
        (void)sscanf(text, "%ld %15s", &lock->owner_pid, word);
    lock->owner_engine = strcmp(word, "engine") == 0;
}

bool lock_try(const char *directory, bool engine, struct store_lock *lock, bool *ret_held, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 16);
    const char *path = arena_printf(a, "%s/lock", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_STORE, "%s: %m", path);
    *ret_held = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!*ret_held) {
        read_owner(fd, lock);
        close(fd);
        lock->fd = -1;
        return true;
    }
    const char *text = arena_printf(a, "%ld %s\n", (long)getpid(), engine ? "engine" : "brief");
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, strlen(text), 0) < 0) {
        err_set(err, ERR_STORE, "%s: %m", path);
        close(fd);
        return false;
    }
    *lock = (struct store_lock){.fd = fd, .owner_pid = (long)getpid(), .owner_engine = engine};
    return true;
}

void lock_release(struct store_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}

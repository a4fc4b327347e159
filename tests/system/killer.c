/* killer.c - an LD_PRELOAD library that ends its process, as kill -9 would, at a write of the store's journal.
 *
 * A journal write is what SQLite does to the file NAME-wal for one commit: some pwrite, then fdatasync. In the
 * environment: CERTFERRY_KILL_AT, the number of the commit (from 1), and CERTFERRY_KILL_WHEN: "before" its first pwrite
 * (the commit is lost), "torn" after the first (it must be seen as lost) or "after" it is synchronised (it must be
 * found again). What has happened in the cloud meanwhile, has happened.
 */
/* Both names of pwrite are wanted, not one that stands for the other. */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long commits; /* begun so far */
static bool writing; /* a commit has begun and is not synchronised */

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset);
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset);
int fdatasync(int fd);
int fsync(int fd);

static bool is_journal(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    return size > 4 && memcmp(path + size - 4, "-wal", 4) == 0;
}

static void die_if(const char *when)
{
    const char *at = getenv("CERTFERRY_KILL_AT"), *wanted = getenv("CERTFERRY_KILL_WHEN");
    if (at && wanted && strcmp(when, wanted) == 0 && strtol(at, NULL, 10) == commits) {
        kill(getpid(), SIGKILL);
        for (;;)
            pause();
    }
}

static bool begins(int fd)
{
    if (!is_journal(fd))
        return false;
    pthread_mutex_lock(&mutex);
    bool first = !writing;
    writing = true;
    commits += first;
    if (first)
        die_if("before");
    pthread_mutex_unlock(&mutex);
    return first;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    bool first = begins(fd);
    ssize_t done = real(fd, data, size, offset);
    if (first)
        die_if("torn");
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite64(fd, data, size, offset);
}

static int synchronise(const char *name, int fd)
{
    int (*real)(int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, name);
    int done = real(fd);
    if (is_journal(fd)) {
        pthread_mutex_lock(&mutex);
        writing = false;
        die_if("after");
        pthread_mutex_unlock(&mutex);
    }
    return done;
}

int fdatasync(int fd)
{
    return synchronise("fdatasync", fd);
}

int fsync(int fd)
{
    return synchronise("fsync", fd);
}

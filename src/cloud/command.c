/* A program that prints a secret: run without a shell, its output read into memory that is wiped. */
#include "cloud/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 8192, COMMAND_MS = 10000, WORDS_MAX = 64, WAIT_MS = 20 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool split(struct arena *a, const char *command, char **words, struct err *err)
{
    size_t count = 0;
    for (const char *p = command + strspn(command, " "); *p; p += strspn(p, " ")) {
        size_t size = strcspn(p, " ");
        if (count == WORDS_MAX)
            return err_set(err, ERR_INPUT, "the secret command has more than %d words", WORDS_MAX);
        words[count++] = arena_copy(a, p, size);
        p += size;
    }
    words[count] = NULL;
    return (count && words[0][0] == '/') ||
           err_set(err, ERR_INPUT, "the secret command begins with the absolute path of a program");
}

/* In a group of its own, so that what it starts ends with it; its standard error is nobody's, as it may show the secret. */
static bool start(char *const *words, int output, pid_t *ret, struct err *err)
{
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *const environment[] = {path, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, 1);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    int failed = posix_spawn(ret, words[0], &files, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    errno = failed;
    return !failed || err_set(err, ERR_CREDENTIAL, "the secret command %s cannot be run: %m", words[0]);
}

/* Reads to the end or the deadline. */
static bool read_output(int fd, char *output, size_t *ret_size, struct err *err)
{
    size_t size = 0;
    int64_t until_ms = now_ms() + COMMAND_MS;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left_ms = until_ms - now_ms();
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) == 0)
            return err_set(err, ERR_TIMEOUT, "the secret command does not end within %d s",
                           COMMAND_MS / 1000);
        ssize_t got = read(fd, output + size, OUTPUT_BYTES - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        size += (size_t)got;
        if (size == OUTPUT_BYTES)
            return err_set(err, ERR_CREDENTIAL, "the secret command prints more than %d bytes",
                           OUTPUT_BYTES - 1);
    }
    *ret_size = size;
    return true;
}

static bool finish(pid_t pid, bool ok, struct err *err)
{
    int status = 0;
    int64_t until_ms = now_ms() + COMMAND_MS;
    pid_t done = 0;
    while (ok && (done = waitpid(pid, &status, WNOHANG)) == 0 && now_ms() < until_ms)
        sleep_ms(WAIT_MS);
    kill(-pid, SIGKILL);
    if (done != pid)
        waitpid(pid, &status, 0);
    if (!ok)
        return false;
    return (done == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
           err_set(err, ERR_CREDENTIAL, "the secret command failed (%s %d)",
                   WIFEXITED(status) ? "exit status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

bool command_secret(const char *command, struct secret **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(1 << 20);
    char *words[WORDS_MAX + 1];
    int ends[2];
    pid_t pid;
    size_t size = 0;
    char *output = arena_alloc(a, OUTPUT_BYTES);
    if (!split(a, command, words, err))
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set(err, ERR_INTERNAL, "a pipe for the secret command: %m");
    bool ok = start(words, ends[1], &pid, err);
    close(ends[1]);
    if (ok)
        ok = finish(pid, read_output(ends[0], output, &size, err), err);
    close(ends[0]);
    if (ok)
        *ret = secret_new(output, size);
    return ok;
}

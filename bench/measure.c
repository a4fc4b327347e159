/* measure [-p FILE] COMMAND [ARGUMENT...] - wall and CPU seconds, peak memory in KiB, peak memory in KiB since FILE grew, and exit
 * code of one program, in one line.
 *
 * A program of its own, as the kernel counts the memory of whoever started a process into that process's peak. With -p the peak
 * begins anew once FILE is longer than at the start: the simulator's log then tells of the first call, so what is measured
 * from there on is deploying and not the plan before it. The last few milliseconds are not seen.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_NS = 5000000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static off_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : 0;
}

static int reset_peak(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)pid);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int done = fd >= 0 && write(fd, "5", 1) == 1;
    if (fd >= 0)
        close(fd);
    return done;
}

/* 0 when the process is no more. */
static long peak_of(pid_t pid)
{
    char path[64], line[256];
    long peak = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && !peak && fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    if (file)
        fclose(file);
    return peak;
}

/* Waits for the end; the peak since `file` grew, 0 where it did not. */
static int wait_watching(pid_t pid, const char *file, off_t before, int *status, struct rusage *usage,
                         long *ret_peak)
{
    int begun = 0;
    for (;;) {
        pid_t ended = wait4(pid, status, WNOHANG, usage);
        if (ended != 0)
            return ended == pid;
        if (!begun && size_of(file) > before)
            begun = reset_peak(pid);
        long peak = begun ? peak_of(pid) : 0;
        *ret_peak = peak > *ret_peak ? peak : *ret_peak;
        nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
    }
}

static void run(char **words)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0)
        execv(words[0], words);
    _exit(127);
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    long peak = 0;
    const char *file = argc > 3 && strcmp(argv[1], "-p") == 0 ? argv[2] : NULL;
    if (argc < 2)
        return 64;
    off_t before = file ? size_of(file) : 0;
    double begin = now();
    pid_t pid = fork();
    if (pid == 0)
        run(argv + (file ? 3 : 1));
    if (pid < 0 || (file ? !wait_watching(pid, file, before, &status, &usage, &peak)
                         : wait4(pid, &status, 0, &usage) != pid))
        return 1;
    printf("%.4f %.4f %ld %ld %d\n", now() - begin, seconds(usage.ru_utime) + seconds(usage.ru_stime),
           usage.ru_maxrss, peak, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}

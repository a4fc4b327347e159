/* main.c - the certferry program: process settings, then the command line with the house behind it. */
#include "main/house.h"

#include "codec/json.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
    const struct rlimit no_core = {.rlim_cur = 1,
                                   .rlim_max = 1}; /* 0 would not stop a core_pattern that is a pipe */
    umask(077);
    (void)setrlimit(RLIMIT_CORE, &no_core); /* no secret in a core dump, */
    (void)prctl(PR_SET_DUMPABLE, 0);        /* nor for another process of our user that would trace us */
    (void)mallopt(M_ARENA_MAX, 2);          /* parsed pages in 64 workers would stay in 64 heaps */
    (void)mallopt(M_MMAP_THRESHOLD,
                  256 << 10); /* large blocks of a plan or a view go back when they are freed */
    json_wipe_freed();        /* arguments of uploads and bodies of imports hold private keys */
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    struct house *house = house_new();
    struct cli_house lent = {.context = house,
                             .open = house_open,
                             .serve = house_serve,
                             .stopping = house_stopping};
    int code = cli_run(&lent, argc, argv);
    house_free(house);
    return code;
}

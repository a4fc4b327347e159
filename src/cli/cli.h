/* cli.h - the command line: each verb is calls of the HTTP API.
 *
 * Tables on a terminal, --json for programs; data on standard output, progress and errors on standard error. Exit
 * codes: 0 all that was asked is done, 1 failed, 2 partly or rows held back, 3 nothing matched, 4 stopped before
 * acting, 64 misuse (nothing contacted).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_PARTLY = 2,
    EXIT_NO_MATCH = 3,
    EXIT_STOPPED = 4,
    EXIT_MISUSE = 64
};

struct cli_globals {
    const char *data;       /* the store's directory */
    const char *master_key; /* NULL: the default place */
    const char *server;     /* NULL: the socket in `data` */
    const char *token;      /* a bearer token; NULL: none */
    bool json, quiet;
};

struct settings; /* cli/settings.h */

/* What main lends: opening the house behind the socket when no other process owns the store. */
struct cli_house {
    void *context;
    /* Makes sure that DIR/socket is served: by another process, or by this one from now on (with the engine when
     * engine is set). *ret_socket is its path, *ret_other whether another process owns the store.
     */
    bool (*open)(void *context, const struct cli_globals *globals, bool engine, const char **ret_socket,
                 bool *ret_other, struct err *err);
    /* serve: until a signal. */
    bool (*serve)(void *context, const struct cli_globals *globals, const struct settings *settings,
                  struct err *err);
    /* True once SIGINT or SIGTERM came. */
    bool (*stopping)(void *context);
};

/* Runs the command line; the answer is the process's exit code. */
int cli_run(const struct cli_house *house, int argc, char **argv);

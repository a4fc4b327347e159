/* command.h - one run of one verb: its arguments, its connection, its ways to print and to fail. */
#pragma once
#include "cli/args.h"
#include "cli/settings.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "codec/text.h"
#include "net/gate.h"

struct command {
    struct arena *arena;
    const struct cli_house *house;
    struct args args;
    struct settings settings; /* complete for serve; else what all commands know */
    struct cli_globals globals;
    struct gate *gate;
    const char *socket;  /* NULL before command_connect */
    bool other;          /* another process owns the store */
    bool idle;           /* the engine is not started here, though the verb could */
    int64_t progress_ms; /* when the last progress line was written */
};

/* Opens the way to the API; called by the first command_call. */
must_use bool command_connect(struct command *c, struct err *err);

/* One API call. body is JSON text or NULL. *ret is the parsed answer (NULL where empty). A problem document becomes an
 * err of its kind. total_ms 0: 60 s.
 */
must_use bool command_call(struct command *c, const char *method, const char *path, const char *body,
                           const struct json **ret, struct err *err);

/* Server-sent events: each(context, event, data) until it returns false or the stream ends. */
typedef bool event_fn(void *context, const char *event, const struct json *data);
must_use bool command_events(struct command *c, const char *method, const char *path, const char *body,
                             event_fn *each, void *context, struct err *err);

/* One API call whose answer is all there is to print: as JSON with --json, else by `print`. Returns the exit code. */
typedef void print_fn(struct command *c, const struct json *answer);
int command_show(struct command *c, const char *method, const char *path, print_fn *print);

/* Prints "certferry: text" and what to do, on standard error; the exit code for the err's kind. */
int command_fail(struct command *c, const struct err *err);

/* Prints a document as JSON on standard output. */
void command_print_json(struct command *c, const struct json *document);

/* Progress for people, on standard error; silent with --quiet. */
void command_note(struct command *c, const char *fmt, ...) like_printf(2, 3);

/* A line that the next one replaces on a terminal; elsewhere about one a second and the last are written. */
void command_progress(struct command *c, const char *line, bool last);

/* Asks on the terminal; false without one. */
bool command_confirm(struct command *c, const char *question);

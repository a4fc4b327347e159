#include "cli/command.h"

#include "base/clock.h"
#include "cli/table.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    OWNERS_MAX = 100, /* brief ones that came and went while we asked */
    EVENTS_MS = 24 * 3600 * 1000
};

bool command_connect(struct command *c, struct err *err)
{
    if (c->gate)
        return true;
    if (!c->globals.server && !c->house->open(c->house->context, &c->globals,
                                              c->args.verb->engine && !c->idle, &c->socket, &c->other, err))
        return false;
    return gate_open(&c->gate, err);
}

static struct http_request request_for(struct command *c, const char *method, const char *path,
                                       const char *body, struct http_header *headers)
{
    headers[0] = (struct http_header){"Content-Type", "application/json"};
    headers[1] = (struct http_header){"Accept", "application/json, text/event-stream"};
    if (c->globals.token)
        headers[2] =
            (struct http_header){"Authorization", arena_printf(c->arena, "Bearer %s", c->globals.token)};
    return (struct http_request){
        .method = method,
        .url =
            arena_printf(c->arena, "%s%s", c->globals.server ? c->globals.server : "http://localhost", path),
        .headers = headers,
        .header_count = c->globals.token ? 3 : 2,
        .body = body,
        .body_size = body ? strlen(body) : 0,
        .unix_socket = c->socket,
        .total_ms = 600000,
        .max_answer = 64 << 20,
        .addresses = {.allow_loopback = true, .allow_private = true},
    };
}

static bool problem(struct command *c, const struct http_answer *answer, struct err *err)
{
    const struct json *json = NULL;
    struct err ignored;
    if (!json_parse(c->arena, answer->body, answer->body_size, &json, &ignored))
        return err_set(err, ERR_VENDOR, "the server answered HTTP %ld", answer->status);
    err_set(err, err_kind_of_name(json_str(json_at(json, "/kind"), "internal")), "%s",
            json_str(json_at(json, "/detail"), "the server gave no reason"));
    snprintf(err->code, sizeof err->code, "%s", json_str(json_at(json, "/code"), ""));
    snprintf(err->request_id, sizeof err->request_id, "%s", json_str(json_at(json, "/request_id"), ""));
    err->unsent = strcmp(err->code, "ended") == 0; /* by an owner that ends, and did not begin with it */
    return false;
}

/* Between being found and being asked the owner of the store may have ended: then there is another, or we are it. What
 * it had begun for us it finishes first, so only what it never got, or only reads, is asked again. The gate is made anew
 * as well: its thread would take the signals that an owner's loop wants for itself.
 */
static bool owner_went(struct command *c, const char *method, const struct err *err, int *owners)
{
    bool harmless = err->unsent || strcmp(method, "GET") == 0;
    if (!c->other || !harmless || err->kind != ERR_NETWORK || ++*owners > OWNERS_MAX)
        return false;
    c->gate = gate_close(c->gate);
    return true;
}

/* Asks, and finds another owner of the store where that ended. With on_data an answer that goes on. */
static bool ask(struct command *c, const char *method, const char *path, const char *body,
                gate_data_fn *on_data, void *context, struct http_answer *ret, struct err *err)
{
    struct http_header headers[3];
    for (int owners = 0;;) {
        if (!command_connect(c, err))
            return false;
        struct http_request request = request_for(c, method, path, body, headers);
        if (on_data)
            request.total_ms = EVENTS_MS;
        bool sent = on_data ? gate_stream(c->gate, c->arena, &request, on_data, context, ret, err)
                            : gate_send(c->gate, c->arena, &request, ret, err);
        if (sent && ret->status < 400)
            return true;
        sent ? (void)problem(c, ret, err)
             : (void)err_add(err, "%s", c->globals.server ? c->globals.server : c->socket);
        if (!owner_went(c, on_data ? "" : method, err, &owners))
            return false;
    }
}

bool command_call(struct command *c, const char *method, const char *path, const char *body,
                  const struct json **ret, struct err *err)
{
    struct http_answer answer;
    if (!ask(c, method, path, body, NULL, NULL, &answer, err))
        return false;
    if (!answer.body_size) {
        *ret = NULL;
        return true;
    }
    return json_parse(c->arena, answer.body, answer.body_size, ret, err);
}

struct events {
    struct command *c;
    event_fn *each;
    void *context;
    struct buf line;
    char event[64];
    struct arena *scratch;
};

static bool event_line(struct events *e)
{
    const char *line = e->line.data;
    const struct json *data;
    struct err ignored;
    if (strncmp(line, "event: ", 7) == 0)
        snprintf(e->event, sizeof e->event, "%s", line + 7);
    if (strncmp(line, "data: ", 6) != 0 ||
        !json_parse(e->scratch, line + 6, strlen(line + 6), &data, &ignored))
        return true;
    return e->each(e->context, e->event, data);
}

static bool event_bytes(void *context, const char *data, size_t size)
{
    struct events *e = context;
    for (size_t i = 0; i < size; i++) {
        char byte = data[i];
        if (byte != '\n') {
            buf_putc(&e->line, byte);
            continue;
        }
        bool more = event_line(e);
        arena_reset(e->scratch);
        e->line = buf_new(e->scratch, 8 << 20);
        if (!more)
            return false;
    }
    return !e->c->house->stopping(e->c->house->context);
}

bool command_events(struct command *c, const char *method, const char *path, const char *body, event_fn *each,
                    void *context, struct err *err)
{
    cleanup(arena_free_p) struct arena *scratch = arena_new(64 << 20);
    struct events events = {.c = c,
                            .each = each,
                            .context = context,
                            .scratch = scratch,
                            .line = buf_new(scratch, 8 << 20)};
    struct http_answer answer;
    return ask(c, method, path, body, event_bytes, &events, &answer, err);
}

int command_fail(struct command *c, const struct err *err)
{
    fflush(stdout);
    if (c->globals.json)
        fprintf(stderr, "%s\n",
                json_format(c->arena, "{'error':{'kind':%s,'text':%s,'code':%s,'request_id':%s}}",
                            err_kind_name(err->kind), err->text, *err->code ? err->code : NULL,
                            *err->request_id ? err->request_id : NULL));
    else
        fprintf(stderr, "certferry: %s\n", text_clean_cut(c->arena, err->text, 0));
    return EXIT_FAILED;
}

void command_print_json(struct command *c, const struct json *document)
{
    puts(document ? json_dump(c->arena, document) : "{}");
}

int command_show(struct command *c, const char *method, const char *path, print_fn *print)
{
    const struct json *answer = NULL;
    struct err err = {0};
    if (!command_call(c, method, path, NULL, &answer, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        command_print_json(c, answer);
    else
        print(c, answer);
    return EXIT_DONE;
}

void command_note(struct command *c, const char *fmt, ...)
{
    if (c->globals.quiet)
        return;
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

void command_progress(struct command *c, const char *line, bool last)
{
    bool live = isatty(STDERR_FILENO);
    int64_t now = clock_monotonic_ms(&clock_system);
    if (c->globals.quiet || (!live && !last && now - c->progress_ms < 1000))
        return;
    c->progress_ms = now;
    fprintf(stderr, live ? "\r\033[K%s%s" : "%s%s", line, live && !last ? "" : "\n");
}

bool command_confirm(struct command *c, const char *question)
{
    char line[16] = "";
    if (!isatty(STDIN_FILENO) || c->globals.json)
        return false;
    fprintf(stderr, "%s [y/N] ", question);
    return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

struct follow {
    struct command *c;
    const char *id, *state;
    char last[160];
    int64_t total, success, already, error, held, cancelled, rolled_back, rollback_error, open, not_verified;
    int64_t running;               /* of the open ones: released, or going back */
    const char *waits;             /* for what, where nothing runs; NULL: nothing */
    bool due_only;                 /* run-due: what waits again is not waited for */
    bool seen, json_lines, stands; /* stands: nothing goes on by itself while we look */
    struct err problem;
};

static void read_counts(struct follow *f, const struct json *task)
{
    const struct json *counts = json_at(task, "/deployments");
    f->seen = true;
    f->state = text_clean_cut(f->c->arena, json_str(json_at(task, "/state"), ""), 0);
    f->total = json_int(json_at(counts, "/total"), 0);
    f->success = json_int(json_at(counts, "/success"), 0);
    f->already = json_int(json_at(counts, "/already_bound"), 0);
    f->error = json_int(json_at(counts, "/error"), 0);
    f->held = json_int(json_at(counts, "/held"), 0);
    f->cancelled = json_int(json_at(counts, "/cancelled"), 0);
    f->rolled_back = json_int(json_at(counts, "/rollback_success"), 0);
    f->rollback_error = json_int(json_at(counts, "/rollback_error"), 0);
    f->not_verified = json_int(json_at(counts, "/not_verified"), 0);
    f->running = json_int(json_at(counts, "/pending"), 0) + json_int(json_at(counts, "/processing"), 0) +
                 json_int(json_at(counts, "/rollback"), 0);
    f->open = f->running + (strcmp(f->state, "editing") == 0 ? 0 : json_int(json_at(counts, "/planned"), 0));
    f->waits = f->running ? NULL : task_waits_text(f->c, task);
    /* A pause ends with a resume alone; a time or a window is waited for where a server stays. */
    bool paused = strcmp(json_str(json_at(task, "/waits_for"), ""), "resume") == 0;
    f->stands = f->waits && (paused || !f->c->other || f->due_only);
}

static bool follow_event(void *context, const char *event, const struct json *data)
{
    struct follow *f = context;
    struct command *c = f->c;
    char line[160];
    if (strcmp(event, "problem") == 0) {
        err_set(&f->problem, err_kind_of_name(json_str(json_at(data, "/kind"), "internal")), "%s",
                json_str(json_at(data, "/detail"), ""));
        return false;
    }
    read_counts(f, data);
    if (f->json_lines)
        puts(json_dump(c->arena, data));
    fflush(stdout);
    snprintf(line, sizeof line, "task %s %s: %lld of %lld done, %lld failed", f->id, f->state,
             (long long)(f->total - f->open - f->held), (long long)f->total,
             (long long)(f->error + f->rollback_error));
    if (strcmp(line, f->last) != 0 && !f->json_lines)
        command_progress(c, line, !f->open);
    memcpy(f->last, line, sizeof line);
    return !f->stands;
}

/* Without an engine anywhere the task would be waited for in vain; what is final needs none. */
static bool somebody_works(struct command *c, const char *id, struct err *err)
{
    const struct json *status, *task;
    struct follow now = {.c = c};
    if (!command_call(c, "GET", "/api/v1/status", NULL, &status, err) ||
        !command_call(c, "GET", path_of(c, "tasks", id, ""), NULL, &task, err))
        return false;
    read_counts(&now, task);
    if (json_bool(json_at(status, "/engine"), false) || (!now.open && strcmp(now.state, "editing") != 0))
        return true;
    return err_set(err, ERR_CONFLICT, "task %s is %s and nothing works on it: certferry task %s %s", id,
                   now.state, now.open ? "resume" : "submit", id);
}

static bool follow(struct command *c, const char *id, bool json_lines, struct follow *ret, struct err *err)
{
    *ret = (struct follow){.c = c,
                           .id = id,
                           .json_lines = json_lines,
                           .state = "",
                           .due_only = strcmp(c->args.verb->words, "task run-due") == 0};
    if (!somebody_works(c, id, err))
        return false;
    bool done = command_events(c, "GET", path_of(c, "tasks", id, "/events"), NULL, follow_event, ret, err);
    if (*ret->problem.text) {
        *err = ret->problem;
        return false;
    }
    return done || ret->stands ||
           c->house->stopping(c->house->context); /* our own stop ends the stream, too */
}

static int stopped(struct command *c, const char *id)
{
    command_note(c, "stopped: what had begun is settled or parked. Go on with: certferry task resume %s", id);
    printf("%s\n", id);
    return EXIT_PARTLY;
}

static int exit_code(const struct follow *f, bool rollback)
{
    int64_t failed = rollback ? f->rollback_error : f->error, good = rollback ? f->rolled_back : f->success;
    if (!f->total)
        return EXIT_NO_MATCH;
    if (failed)
        return good ? EXIT_PARTLY : EXIT_FAILED;
    return !rollback && (f->held || f->cancelled) ? EXIT_PARTLY : EXIT_DONE;
}

static void print_summary(struct command *c, const struct follow *f)
{
    printf("task %s %s: %lld deployments, %lld success", f->id, f->state, (long long)f->total,
           (long long)f->success);
    const struct {
        int64_t count;
        const char *words;
    } parts[] = {{f->already, "of them already bound"},
                 {f->not_verified, "delivered, not verified"},
                 {f->error, "failed"},
                 {f->held, "held back"},
                 {f->cancelled, "cancelled"},
                 {f->open, "waiting"},
                 {f->rolled_back, "rolled back"},
                 {f->rollback_error, "rollbacks failed"}};
    for (size_t i = 0; i < countof(parts); i++)
        if (parts[i].count)
            printf(", %lld %s", (long long)parts[i].count, parts[i].words);
    putchar('\n');
    if (f->error || f->rollback_error)
        command_note(c, "causes and advice: certferry task show %s", f->id);
    if (f->stands)
        command_note(c, "%s", f->waits);
    if (f->held)
        command_note(c, "held rows need a word of --accept: certferry task show %s", f->id);
}

int run_wait(struct command *c, const char *id, bool rollback)
{
    struct follow f;
    struct err err = {0};
    if (!follow(c, id, false, &f, &err))
        return command_fail(c, &err);
    if (c->house->stopping(c->house->context))
        return stopped(c, id);
    if (!f.seen || (f.open && !f.stands)) {
        err_set(&err, ERR_NETWORK,
                "the connection to the server ended; the task goes on there: certferry task wait %s", id);
        return command_fail(c, &err);
    }
    if (c->globals.json)
        run_print_json(c, id);
    else
        print_summary(c, &f);
    return f.stands ? EXIT_PARTLY : exit_code(&f, rollback);
}

int verb_task_watch(struct command *c)
{
    struct follow f;
    struct err err = {0};
    if (!follow(c, c->args.arguments[0], c->globals.json, &f, &err))
        return command_fail(c, &err);
    if (!c->globals.json && f.seen)
        print_summary(c, &f);
    return EXIT_DONE;
}

int verb_task_wait(struct command *c)
{
    return run_wait(c, c->args.arguments[0], false);
}

static bool act(struct command *c, const char *verb, const char *body, const struct json **ret,
                struct err *err)
{
    return command_call(c, "POST", path_of(c, "tasks", c->args.arguments[0], verb), body, ret, err);
}

static void print_cancelled(struct command *c, const struct json *task)
{
    (void)c;
    printf("cancelled what had not begun: %lld deployments; what had begun is finished\n",
           (long long)json_int(json_at(task, "/deployments/cancelled"), 0));
}

int verb_task_cancel(struct command *c)
{
    return command_show(c, "POST", path_of(c, "tasks", c->args.arguments[0], "/cancel"), print_cancelled);
}

static const char *deployments_json(struct command *c)
{
    return json_strings(c->arena, c->args.arguments + 1, c->args.argument_count - 1);
}

static int run_on(struct command *c, bool rollback)
{
    if (c->other && !args_flag(&c->args, "wait")) {
        command_note(c, "the server does the work; see it with: certferry task watch %s",
                     c->args.arguments[0]);
        return EXIT_DONE;
    }
    return run_wait(c, c->args.arguments[0], rollback);
}

int verb_task_retry(struct command *c)
{
    const struct json *task;
    struct err err = {0};
    if (!act(c, "/retry", json_format(c->arena, "{'deployments':%p}", deployments_json(c)), &task, &err))
        return command_fail(c, &err);
    return run_on(c, false);
}

int verb_task_resume(struct command *c)
{
    const struct json *task;
    struct err err = {0};
    if (!act(c, "/resume", NULL, &task, &err))
        return command_fail(c, &err);
    return run_on(c, json_int(json_at(task, "/deployments/rollback"), 0) > 0);
}

static void print_refused(struct command *c, const struct json *refused)
{
    for (size_t i = 0; i < json_count(refused); i++)
        command_note(c, "%s stays: %s",
                     text_clean_cut(c->arena, json_str(json_at(json_item(refused, i), "/title"), ""), 0),
                     text_clean_cut(c->arena, json_str(json_at(json_item(refused, i), "/text"), ""), 0));
}

int verb_task_rollback(struct command *c)
{
    size_t count, named = c->args.argument_count - 1;
    const char **accept = args_list(c->arena, &c->args, "accept", &count);
    const struct json *answer;
    struct err err = {0};
    const char *what = named ? arena_printf(c->arena, "%zu deployments", named) : "all that the task changed";
    if (!args_flag(&c->args, "yes") && !command_confirm(c, arena_printf(c->arena, "roll back %s?", what))) {
        command_note(c, "nothing was done; --yes rolls back without asking");
        return EXIT_STOPPED;
    }
    const char *body = json_format(c->arena, "{'deployments':%p,'accept':%p}", deployments_json(c),
                                   json_strings(c->arena, accept, count));
    if (!act(c, "/rollback", body, &answer, &err))
        return command_fail(c, &err);
    print_refused(c, json_at(answer, "/refused"));
    int code = run_on(c, true);
    return code == EXIT_DONE && json_count(json_at(answer, "/refused")) ? EXIT_PARTLY : code;
}

/* One after the other; one that has to stay keeps no other. */
static int delete_each(struct command *c)
{
    size_t count = c->args.argument_count, deleted = 0;
    struct buf items = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&items);
    json_open_array(&w);
    for (size_t i = 0; i < count; i++) {
        const struct json *answer;
        struct err err = {0};
        if (!command_call(c, "DELETE", path_of(c, "tasks", c->args.arguments[i], ""), NULL, &answer, &err)) {
            (void)command_fail(c, &err);
            continue;
        }
        deleted++;
        json_put_raw(&w, json_dump(c->arena, answer));
        if (!c->globals.json)
            printf("deleted task %s\n", json_text(c->arena, json_at(answer, "/deleted"), ""));
    }
    json_close_array(&w);
    if (c->globals.json)
        printf("{\"items\":%s}\n", items.data);
    return deleted == count ? EXIT_DONE : deleted ? EXIT_PARTLY : EXIT_FAILED;
}

int verb_task_delete(struct command *c)
{
    if (!args_flag(&c->args, "yes") &&
        !command_confirm(
            c,
            arena_printf(c->arena,
                         "delete %s for good? What was deployed stays, but cannot be rolled back any more.",
                         c->args.argument_count == 1
                             ? "the task"
                             : arena_printf(c->arena, "%zu tasks", c->args.argument_count)))) {
        command_note(c, "nothing was done; --yes deletes without asking");
        return EXIT_STOPPED;
    }
    return delete_each(c);
}

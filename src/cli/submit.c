#include "base/clock.h"
#include "base/zone.h"
#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

enum { SUBMIT_TRIES = 3 };

const struct option_def task_submit_options[] = {
    {"yes", NULL, false, "go ahead with the safe rows without asking"},
    {"wait", NULL, false, "wait for the outcome also when a server does the work"},
    {"at", "TIME", false, "start at this time: 2026-12-05T02:00:00+01:00, or local \"2026-12-05 02:00\""},
    {"time-zone", "ZONE", false, "of local times and windows: Europe/Berlin; default this system's"},
    {"window", "WINDOW", true, "begin deployments only within: \"Sat,Sun 02:00-05:00\", \"22:00-04:00\""},
    {"canary", "N|N%", false, "first so many resources, or that share; the rest while all is well"},
    {"wave", "N|N%", true, "then so many, and so on; what remains is the last wave"},
    {"rollback-on", "VERDICT", false, "contradicted: such a deployment goes back by itself"},
    {"run-due", NULL, false, "without a server: task run-due, called by cron, will start it"},
    {NULL, NULL, false, NULL},
};

const struct option_def run_due_options[] = {
    {"wait", NULL, false, "wait for the outcome also when a server does the work"},
    {NULL, NULL, false, NULL},
};

const char *task_waits_text(struct command *c, const struct json *task)
{
    const char *waits = json_str(json_at(task, "/waits_for"), NULL),
               *next = json_str(json_at(task, "/next"), NULL),
               *zone = json_str(json_at(task, "/time_zone"), "");
    const struct zone *z = NULL;
    struct err ignored = {0};
    int64_t ms = 0;
    const struct json *approval = json_at(task, "/approval");
    if (json_is_object(approval))
        return arena_printf(c->arena, "waits for another person: submitted by %s %s at %s",
                            json_get(approval, "/by_kind"),
                            text_clean_cut(c->arena, json_get(approval, "/by"), 0),
                            json_get(approval, "/since"));
    if (!waits)
        return NULL;
    if (strcmp(waits, "resume") == 0)
        return arena_printf(c->arena, "paused: %s; go on with task resume, or try again with task retry",
                            text_clean_cut(c->arena, json_str(json_at(task, "/paused"), ""), 0));
    if (next && time_parse(next, &ms, &ignored) && zone_load(c->arena, zone, &z, &ignored))
        next = arena_printf(c->arena, "%s (%s)", zone_format(c->arena, z, ms), zone_name(z));
    return next ? arena_printf(c->arena, "waits for its %s: goes on at %s", waits, next)
                : arena_printf(c->arena, "waits for its %s: none within three weeks", waits);
}

static int after_start(struct command *c, const char *id, const struct json *task)
{
    const char *waits = task_waits_text(c, task);
    bool later = c->idle || (c->other && !args_flag(&c->args, "wait"));
    if (!later)
        return run_wait(c, id, false);
    if (waits)
        command_note(c, "task %s %s", id, waits);
    else if (c->idle && !c->other)
        command_note(c, "task %s waits for: certferry task run-due", id);
    else
        command_note(c, "task %s runs on the server; see it with: certferry task watch %s", id, id);
    return EXIT_DONE;
}

static void member_given(struct command *c, struct json_writer *w, const char *member, const char *option)
{
    if (args_get(&c->args, option))
        json_member_string(w, member, args_get(&c->args, option));
}

static void member_list(struct command *c, struct json_writer *w, const char *member, const char *option)
{
    size_t count = 0;
    const char **texts = args_list(c->arena, &c->args, option, &count);
    if (count)
        json_member_raw(w, member, json_strings(c->arena, texts, count));
}

/* Local times are those of whoever types them: this system's zone goes along. */
static const char *submit_body(struct command *c, int64_t version)
{
    struct buf body = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&body);
    json_open_object(&w);
    json_member_int(&w, "version", version);
    member_given(c, &w, "at", "at");
    member_list(c, &w, "windows", "window");
    member_given(c, &w, "canary", "canary");
    member_list(c, &w, "waves", "wave");
    member_given(c, &w, "rollback_on", "rollback-on");
    const char *zone = args_get(&c->args, "time-zone");
    json_member_string(&w, "time_zone", zone ? zone : zone_of_system(c->arena));
    json_close_object(&w);
    return body.data;
}

/* Somebody else has the next word. */
static int tell_approval(struct command *c, const char *id)
{
    command_note(c, "task %s waits for another person: certferry task approve %s", id, id);
    if (c->globals.json)
        run_print_json(c, id);
    return EXIT_STOPPED;
}

/* With --yes nobody looked at the plan: where another deployment made it another one since, that one is as good. */
static bool submit(struct command *c, const char *id, int64_t version, const struct json **ret,
                   struct err *err)
{
    const char *path = path_of(c, "tasks", id, "/submit");
    const struct json *view;
    struct err ignored;
    int tries = args_flag(&c->args, "yes") ? SUBMIT_TRIES : 1;
    while (!command_call(c, "POST", path, submit_body(c, version), ret, err)) {
        if (err->kind != ERR_CONFLICT || --tries == 0 ||
            !command_call(c, "POST", path_of(c, "tasks", id, "/preview"), NULL, &view, &ignored))
            return false;
        version = json_int(json_at(view, "/version"), 0);
    }
    return true;
}

int run_task(struct command *c, const char *id, int64_t version)
{
    const struct json *task;
    struct err err = {0};
    if (submit(c, id, version, &task, &err)) {
        if (json_is_object(json_at(task, "/approval")))
            return tell_approval(c, id);
        const struct json *said = json_at(task, "/said");
        for (size_t i = 0; i < json_count(said); i++)
            command_note(c, "%s", text_clean_cut(c->arena, json_str(json_item(said, i), ""), 0));
        return after_start(c, id, task);
    }
    command_fail(c, &err);
    bool before_acting = err.kind == ERR_CONFLICT || err.kind == ERR_QUOTA || err.kind == ERR_PERMISSION;
    return before_acting ? EXIT_STOPPED : EXIT_FAILED;
}

/* A time or a window needs somebody who is there then: a command ends before. */
static bool somebody_stays(struct command *c, struct err *err)
{
    const struct json *status;
    if (!args_flag(&c->args, "at") && !args_flag(&c->args, "window") && !args_flag(&c->args, "run-due"))
        return true;
    c->idle = true;
    if (args_flag(&c->args, "run-due"))
        return true;
    if (!command_call(c, "GET", "/api/v1/status", NULL, &status, err))
        return false;
    if (!json_bool(json_at(status, "/engine"), false))
        return err_set(
            err, ERR_CONFLICT,
            "no server runs that would be there at the time: run `certferry serve`, or give --run-due "
            "and let cron call `certferry task run-due`");
    c->idle = false;
    return true;
}

int verb_task_submit(struct command *c)
{
    const struct json *view;
    struct err err = {0};
    if (!somebody_stays(c, &err)) {
        command_fail(c, &err);
        return err.kind == ERR_CONFLICT ? EXIT_STOPPED : EXIT_FAILED;
    }
    if (!command_call(c, "POST", path_of(c, "tasks", c->args.arguments[0], "/preview"), NULL, &view, &err))
        return command_fail(c, &err);
    const char *id = json_text(c->arena, json_at(view, "/task/id"), "");
    if (!c->globals.json)
        plan_print(c, view);
    return plan_confirm(c, view) ? run_task(c, id, json_int(json_at(view, "/version"), 0)) : EXIT_STOPPED;
}

static void print_paused(struct command *c, const struct json *task)
{
    (void)c;
    printf("paused: %lld deployments wait; what has written is finished\n",
           (long long)json_int(json_at(task, "/deployments/planned"), 0));
}

int verb_task_pause(struct command *c)
{
    return command_show(c, "POST", path_of(c, "tasks", c->args.arguments[0], "/pause"), print_paused);
}

int verb_task_run_due(struct command *c)
{
    const struct json *answer;
    struct err err = {0};
    size_t done = 0, failed = 0;
    const char *body = json_format(c->arena, "{'since_ms':%lld}", (long long)clock_wall_ms(&clock_system));
    if (!command_call(c, "POST", "/api/v1/tasks/run-due", body, &answer, &err))
        return command_fail(c, &err);
    const struct json *items = json_at(answer, "/items");
    if (!json_count(items))
        command_note(c, "no task is due");
    if (c->other && !args_flag(&c->args, "wait")) {
        command_note(c, "a server runs and starts what is due by itself");
        return EXIT_DONE;
    }
    for (size_t i = 0; i < json_count(items); i++) {
        int code = run_wait(c, json_text(c->arena, json_at(json_item(items, i), "/id"), ""), false);
        done += code == EXIT_DONE;
        failed += code == EXIT_FAILED || code == EXIT_NO_MATCH;
        if (c->house->stopping(c->house->context))
            return EXIT_PARTLY;
    }
    if (done == json_count(items))
        return EXIT_DONE;
    return failed == json_count(items) ? EXIT_FAILED : EXIT_PARTLY;
}

int verb_task_approve(struct command *c)
{
    const char *id = c->args.arguments[0];
    const struct json *task;
    struct err err = {0};
    if (command_call(c, "POST", path_of(c, "tasks", id, "/approve"), NULL, &task, &err))
        return after_start(c, id, task);
    command_fail(c, &err);
    return err.kind == ERR_CONFLICT || err.kind == ERR_PERMISSION ? EXIT_STOPPED : EXIT_FAILED;
}

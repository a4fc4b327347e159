#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

enum { COPIES_BYTES = 4 << 20 };

const struct option_def access_clean_options[] = {
    {"yes", NULL, false, "delete what nothing needs without asking"},
    {NULL, NULL, false, NULL},
};

struct clean { /* of all accesses asked */
    struct command *c;
    struct table table;
    struct buf items; /* as JSON */
    struct json_writer w;
    const char *access;
    struct buf unused; /* ids of this access's copies that nothing needs, as JSON */
    struct json_writer u;
    long long kept, unused_count, deleted, failed;
    bool done, quiet; /* quiet: kept ones were told before */
    struct err problem;
};

static void add_row(struct clean *s, const struct json *data, const char *state)
{
    static const char *const members[] = {"/certificate_name", "/store", "/ref"};
    table_add(&s->table, s->access);
    for (size_t i = 0; i < countof(members); i++)
        table_add(&s->table, json_str(json_at(data, members[i]), ""));
    table_add(&s->table, state);
    table_add(&s->table, json_str(json_at(data, "/reason"), ""));
    json_put_raw(&s->w, json_dump(s->c->arena, data));
}

static bool event(void *context, const char *name, const struct json *data)
{
    struct clean *s = context;
    const char *state = json_str(json_at(data, "/state"), "");
    if (strcmp(name, "progress") == 0) {
        bool unused = strcmp(state, "unused") == 0, kept = strcmp(state, "kept") == 0;
        s->kept += kept && !s->quiet;
        s->unused_count += unused;
        s->deleted += strcmp(state, "deleted") == 0;
        s->failed += strcmp(state, "failed") == 0;
        if (unused)
            json_put_string(&s->u, json_text(s->c->arena, json_at(data, "/id"), ""));
        add_row(s, data, state);
        return true;
    }
    s->done = strcmp(name, "done") == 0;
    if (!s->done)
        err_set(&s->problem, err_kind_of_name(json_str(json_at(data, "/kind"), "internal")), "%s",
                json_str(json_at(data, "/detail"), ""));
    return false;
}

static bool ask(struct clean *s, const char *id, const char *body, struct err *err)
{
    s->done = false;
    s->problem = (struct err){0};
    if (!command_events(s->c, "POST", path_of(s->c, "accesses", id, "/clean"), body, event, s, err))
        return false;
    if (!s->done && !*s->problem.text)
        err_set(&s->problem, ERR_NETWORK, "it was interrupted: what was told is done");
    if (!s->done && err)
        *err = s->problem;
    return s->done;
}

static void print(struct clean *s)
{
    struct command *c = s->c;
    json_close_array(&s->w);
    if (c->globals.json) {
        puts(json_format(c->arena, "{'items':%p,'kept':%lld,'unused':%lld,'deleted':%lld,'failed':%lld}",
                         s->items.data, s->kept, s->unused_count, s->deleted, s->failed));
        return;
    }
    if (s->kept + s->unused_count + s->deleted + s->failed)
        table_print(&s->table);
    else
        command_note(c, "no copy of a certificate was brought there by this store");
}

static void begin(struct clean *s)
{
    static const char *const headers[] = {"ACCESS", "CERTIFICATE", "STORE", "ID", "STATE", "WHY"};
    s->table = table_new(s->c->arena, headers, countof(headers));
    s->items = buf_new(s->c->arena, COPIES_BYTES);
    s->w = json_writer_to(&s->items);
    json_open_array(&s->w);
}

/* The second round: what the first one showed, and nothing else. */
static bool delete_shown(struct clean *s, const char *id, const char *copies, struct err *err)
{
    return ask(s, id, json_format(s->c->arena, "{'delete':true,'copies':%p}", copies), err);
}

struct place { /* an access, and what was shown of it */
    const char *id, *name, *copies;
};

static int run(struct clean *s, struct place *places, size_t count)
{
    struct command *c = s->c;
    bool yes = args_flag(&c->args, "yes"), broken = false;
    struct err err = {0};
    begin(s);
    for (size_t i = 0; i < count; i++) {
        s->access = places[i].name;
        s->unused = buf_new(c->arena, COPIES_BYTES);
        s->u = json_writer_to(&s->unused);
        json_open_array(&s->u);
        if (!ask(s, places[i].id, yes ? "{\"delete\":true}" : "{}", &err)) {
            (void)command_fail(c, &err);
            broken = true;
        }
        json_close_array(&s->u);
        places[i].copies = s->unused.data;
    }
    print(s);
    bool go = s->unused_count && !yes &&
              command_confirm(c, arena_printf(c->arena, "delete %lld %s in the cloud?", s->unused_count,
                                              s->unused_count == 1 ? "copy" : "copies"));
    if (s->unused_count && !go && !broken)
        command_note(c, "nothing was deleted; --yes deletes what nothing needs without asking");
    if (go) {
        s->unused_count = 0;
        s->quiet = true;
        begin(s);
        for (size_t i = 0; i < count; i++) {
            s->access = places[i].name;
            if (strcmp(places[i].copies, "[]") != 0 &&
                !delete_shown(s, places[i].id, places[i].copies, &err)) {
                (void)command_fail(c, &err);
                broken = true;
            }
        }
        print(s);
    }
    if (broken || s->failed)
        return s->deleted ? EXIT_PARTLY : EXIT_FAILED;
    return s->unused_count ? EXIT_STOPPED : EXIT_DONE;
}

int verb_access_clean(struct command *c)
{
    struct clean s = {.c = c};
    const struct json *answer;
    struct err err = {0};
    if (c->args.argument_count) {
        struct place one = {c->args.arguments[0], c->args.arguments[0], "[]"};
        return run(&s, &one, 1);
    }
    if (!command_call(c, "GET", "/api/v1/accesses?limit=1000", NULL, &answer, &err))
        return command_fail(c, &err);
    const struct json *items = json_at(answer, "/items");
    struct place *places = arena_array(c->arena, struct place, json_count(items) + 1);
    for (size_t i = 0; i < json_count(items); i++)
        places[i] = (struct place){json_text(c->arena, json_at(json_item(items, i), "/id"), ""),
                                   json_str(json_at(json_item(items, i), "/name"), ""), "[]"};
    return run(&s, places, json_count(items));
}

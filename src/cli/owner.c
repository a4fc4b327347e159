#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>

#define ENTITY_OPTIONS                                                                                       \
    {"entity", "ENTITY", false, "the person or enterprise behind it"},                                       \
        {"verified-by", "TEXT", false,                                                                       \
         "what showed that, such as a document's number; without, it is a claim"},                           \
    {                                                                                                        \
        NULL, NULL, false, NULL                                                                              \
    }

const struct option_def owner_add_options[] = {
    {"name", "NAME", false, "what to call the owner"},
    ENTITY_OPTIONS,
};

const struct option_def owner_update_options[] = {
    {"name", "NAME", false, "a new name"},
    ENTITY_OPTIONS,
};

static const char *owner_body(struct command *c)
{
    static const struct {
        const char *option, *member;
    } texts[] = {{"name", "name"}, {"entity", "entity"}, {"verified-by", "verified_by"}};
    struct buf body = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&body);
    json_open_object(&w);
    for (size_t i = 0; i < countof(texts); i++)
        if (args_get(&c->args, texts[i].option))
            json_member_string(&w, texts[i].member, args_get(&c->args, texts[i].option));
    json_close_object(&w);
    return body.data;
}

static int change(struct command *c, const char *method, const char *path, const char *what)
{
    const struct json *owner;
    struct err err = {0};
    if (!command_call(c, method, path, owner_body(c), &owner, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        command_print_json(c, owner);
    else
        printf("%s owner %s\n", what, text_clean_cut(c->arena, json_str(json_at(owner, "/name"), ""), 0));
    return EXIT_DONE;
}

int verb_owner_add(struct command *c)
{
    struct err err = {0};
    if (args_get(&c->args, "name"))
        return change(c, "POST", "/api/v1/owners", "added");
    err_set(&err, ERR_INPUT, "owner add needs --name: see certferry help owner add");
    command_fail(c, &err);
    return EXIT_MISUSE;
}

int verb_owner_update(struct command *c)
{
    return change(c, "PATCH", path_of(c, "owners", c->args.arguments[0], ""), "updated");
}

static void print_list(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "NAME", "ENTITY", "VERIFIED BY"};
    struct table table = table_new(c->arena, headers, countof(headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *owner = json_item(items, i);
        table_add(&table, json_text(c->arena, json_at(owner, "/id"), ""));
        table_add(&table, json_str(json_at(owner, "/name"), ""));
        table_add(&table, json_str(json_at(owner, "/entity"), "-"));
        table_add(&table, json_str(json_at(owner, "/verified_by"), "-"));
    }
    table_print(&table);
}

int verb_owner_list(struct command *c)
{
    return command_show(c, "GET", "/api/v1/owners", print_list);
}

static void print_deleted(struct command *c, const struct json *answer)
{
    (void)answer;
    printf("deleted owner %s\n", text_clean_cut(c->arena, c->args.arguments[0], 0));
}

int verb_owner_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "owners", c->args.arguments[0], ""), print_deleted);
}

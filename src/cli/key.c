#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

const struct option_def group_add_options[] = {
    {"access", "ACCESS", true, "an access that belongs to it"},
    {"second-person", NULL, false, "tasks on its accesses start once another person approved them"},
    {NULL, NULL, false, NULL},
};

const struct option_def group_update_options[] = {
    {"name", "NAME", false, "a new name"},
    {"add", "ACCESS", true, "an access that belongs to it from now on"},
    {"remove", "ACCESS", true, "an access that does so no longer"},
    {"second-person", "yes|no", false, "whether tasks on its accesses want another person's approval"},
    {NULL, NULL, false, NULL},
};

const struct option_def key_create_options[] = {
    {"role", "ROLE", false, "viewer, operator, approver or admin"},
    {"group", "GROUP", false, "in this access group; without, everywhere"},
    {"owner", "OWNER", false, "sees what belongs to this owner alone; without, to anybody"},
    {"export", NULL, false, "may export private keys"},
    {"expires", "DATE", false,
     "ends then: 2027-01-31, or an ISO time with its zone; without, when it is deleted"},
    {NULL, NULL, false, NULL},
};

static void put_texts(struct command *c, struct json_writer *w, const char *option, const char *member)
{
    size_t count;
    const char **texts = args_list(c->arena, &c->args, option, &count);
    if (count)
        json_member_raw(w, member, json_strings(c->arena, texts, count));
}

static int group_change(struct command *c, const char *method, const char *path, const char *body,
                        const char *what)
{
    const struct json *group;
    struct err err = {0};
    if (!command_call(c, method, path, body, &group, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        command_print_json(c, group);
    else
        printf("%s access group %s: %zu accesses\n", what,
               text_clean_cut(c->arena, json_str(json_at(group, "/name"), ""), 0),
               json_count(json_at(group, "/accesses")));
    return EXIT_DONE;
}

int verb_group_add(struct command *c)
{
    struct buf body = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&body);
    json_open_object(&w);
    json_member_string(&w, "name", c->args.arguments[0]);
    put_texts(c, &w, "access", "accesses");
    if (args_flag(&c->args, "second-person"))
        json_member_bool(&w, "second_person", true);
    json_close_object(&w);
    return group_change(c, "POST", "/api/v1/groups", body.data, "added");
}

int verb_group_update(struct command *c)
{
    struct buf body = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&body);
    json_open_object(&w);
    if (args_get(&c->args, "name"))
        json_member_string(&w, "name", args_get(&c->args, "name"));
    if (args_get(&c->args, "second-person"))
        json_member_bool(&w, "second_person", strcmp(args_get(&c->args, "second-person"), "no") != 0);
    put_texts(c, &w, "add", "add");
    put_texts(c, &w, "remove", "remove");
    json_close_object(&w);
    return group_change(c, "PATCH", path_of(c, "groups", c->args.arguments[0], ""), body.data, "updated");
}

static const char *ids_text(struct command *c, const struct json *list)
{
    struct buf text = buf_new(c->arena, 1 << 16);
    json_each (id, list)
        buf_printf(&text, "%s%s", text.size ? ", " : "", json_text(c->arena, id, ""));
    return text.size ? text.data : "-";
}

static void print_groups(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "NAME", "SECOND PERSON", "ACCESSES"};
    struct table table = table_new(c->arena, headers, countof(headers));
    json_each (group, json_at(answer, "/items")) {
        table_add(&table, json_text(c->arena, json_at(group, "/id"), ""));
        table_add(&table, json_get(group, "/name"));
        table_add(&table, json_bool(json_at(group, "/second_person"), false) ? "yes" : "no");
        table_add(&table, ids_text(c, json_at(group, "/accesses")));
    }
    table_print(&table);
}

int verb_group_list(struct command *c)
{
    return command_show(c, "GET", "/api/v1/groups", print_groups);
}

static void print_deleted(struct command *c, const struct json *answer)
{
    (void)answer;
    printf("deleted %s\n", text_clean_cut(c->arena, c->args.arguments[0], 0));
}

int verb_group_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "groups", c->args.arguments[0], ""), print_deleted);
}

static const char *create_body(struct command *c)
{
    static const char *const texts[] = {"role", "group", "owner", "expires"};
    struct buf body = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&body);
    json_open_object(&w);
    json_member_string(&w, "name", c->args.arguments[0]);
    for (size_t i = 0; i < countof(texts); i++)
        if (args_get(&c->args, texts[i]))
            json_member_string(&w, texts[i], args_get(&c->args, texts[i]));
    if (args_flag(&c->args, "export"))
        json_member_bool(&w, "export", true);
    json_close_object(&w);
    return body.data;
}

/* The secret goes to standard output, so that it can be put into a file; what to know of it does not. */
static int key_create(struct command *c, const char *path)
{
    const struct json *key;
    struct err err = {0};
    if (!args_get(&c->args, "role")) {
        err_set(&err, ERR_INPUT, "%s needs --role: see certferry help %s", c->args.verb->words,
                c->args.verb->words);
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    if (!command_call(c, "POST", path, create_body(c), &key, &err))
        return command_fail(c, &err);
    if (c->globals.json) {
        command_print_json(c, key);
        return EXIT_DONE;
    }
    if (*json_get(key, "/key_id"))
        printf("%s\n%s\n", json_get(key, "/key_id"), json_get(key, "/secret"));
    else
        printf("%s\n", json_get(key, "/token"));
    command_note(c, "This is shown once: certferry cannot show it again.");
    return EXIT_DONE;
}

int verb_api_key_create(struct command *c)
{
    return key_create(c, "/api/v1/api-keys");
}

int verb_token_create(struct command *c)
{
    return key_create(c, "/api/v1/tokens");
}

static const char *roles_text(struct command *c, const struct json *roles)
{
    struct buf text = buf_new(c->arena, 1 << 16);
    json_each (role, roles) {
        const char *group = json_get(role, "/group");
        buf_printf(&text, "%s%s %s%s", text.size ? ", " : "", json_get(role, "/role"), *group ? "in " : "",
                   *group ? group : "everywhere");
    }
    return text.data;
}

static void print_keys(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "NAME", "KEY ID", "ROLE", "EXPORT", "EXPIRES", "LAST USED"};
    struct table table = table_new(c->arena, headers, countof(headers));
    json_each (key, json_at(answer, "/items")) {
        table_add(&table, json_text(c->arena, json_at(key, "/id"), ""));
        table_add(&table, json_get(key, "/name"));
        table_add(&table, json_str(json_at(key, "/key_id"), "-"));
        table_add(&table, roles_text(c, json_at(key, "/roles")));
        table_add(&table, json_bool(json_at(key, "/export"), false) ? "yes" : "no");
        table_add(&table, json_str(json_at(key, "/expires"), "-"));
        table_add(&table, json_str(json_at(key, "/last_used"), "never"));
    }
    table_print(&table);
}

static int key_list(struct command *c, const char *path)
{
    return command_show(c, "GET", path, print_keys);
}

int verb_api_key_list(struct command *c)
{
    return key_list(c, "/api/v1/api-keys?limit=1000");
}

int verb_token_list(struct command *c)
{
    return key_list(c, "/api/v1/tokens?limit=1000");
}

int verb_api_key_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "api-keys", c->args.arguments[0], ""), print_deleted);
}

int verb_token_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "tokens", c->args.arguments[0], ""), print_deleted);
}

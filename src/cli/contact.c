#include "base/secret.h"
#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

enum { WEBHOOK_FILE_BYTES = 8192 };

#define CONTACT_OPTIONS                                                                                      \
    {"mail", "ADDRESS", false, "mail address; \"\" takes it away"},                                          \
        {"mobile", "NUMBER", false, "mobile number with the country's code, such as +8613800000000"},        \
        {"webhook-file", "FILE", true,                                                                       \
         "a file that holds the https URL of a chat bot or webhook, as it is a secret; - reads standard "    \
         "input"},                                                                                           \
    {                                                                                                        \
        NULL, NULL, false, NULL                                                                              \
    }

const struct option_def contact_add_options[] = {
    {"name", "NAME", false, "what to call the contact"},
    CONTACT_OPTIONS,
};

const struct option_def contact_update_options[] = {
    {"name", "NAME", false, "a new name"},
    {"no-webhooks", NULL, false, "take all webhooks away"},
    CONTACT_OPTIONS,
};

/* Given webhooks replace all there are. */
static bool put_webhooks(struct command *c, struct json_writer *w, struct err *err)
{
    size_t count;
    const char **paths = args_list(c->arena, &c->args, "webhook-file", &count);
    const char **urls = arena_array(c->arena, const char *, count);
    bool none = args_flag(&c->args, "no-webhooks");
    if (none && count)
        return err_set(err, ERR_INPUT, "--no-webhooks and --webhook-file contradict each other");
    for (size_t i = 0; i < count; i++) {
        struct secret *secret;
        if (!secret_read(paths[i], WEBHOOK_FILE_BYTES, &secret, err))
            return err_add(err, "--webhook-file");
        urls[i] = secret_bytes(secret_in(c->arena, secret));
    }
    if (none || count)
        json_member_raw(w, "webhooks", json_strings(c->arena, urls, count));
    return true;
}

static bool contact_body(struct command *c, const char **ret, struct err *err)
{
    static const char *const texts[] = {"name", "mail", "mobile"};
    struct buf body = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&body);
    json_open_object(&w);
    for (size_t i = 0; i < countof(texts); i++)
        if (args_get(&c->args, texts[i]))
            json_member_string(&w, texts[i], args_get(&c->args, texts[i]));
    if (!put_webhooks(c, &w, err))
        return false;
    json_close_object(&w);
    *ret = body.data;
    return true;
}

static int misuse(struct command *c, const struct err *err)
{
    command_fail(c, err);
    return EXIT_MISUSE;
}

static int print_one(struct command *c, const char *what, const struct json *contact)
{
    if (c->globals.json)
        command_print_json(c, contact);
    else
        printf("%s contact %lld (%s)\n", what, (long long)json_int(json_at(contact, "/id"), 0),
               text_clean_cut(c->arena, json_str(json_at(contact, "/name"), ""), 0));
    return EXIT_DONE;
}

int verb_contact_add(struct command *c)
{
    const char *body = NULL;
    const struct json *contact;
    struct err err = {0};
    if (!args_get(&c->args, "name")) {
        err_set(&err, ERR_INPUT, "contact add needs --name: see certferry help contact add");
        return misuse(c, &err);
    }
    if (!contact_body(c, &body, &err))
        return misuse(c, &err);
    if (!command_call(c, "POST", "/api/v1/contacts", body, &contact, &err))
        return command_fail(c, &err);
    return print_one(c, "added", contact);
}

int verb_contact_update(struct command *c)
{
    const char *body = NULL;
    const struct json *contact;
    struct err err = {0};
    if (!contact_body(c, &body, &err))
        return misuse(c, &err);
    if (!command_call(c, "PATCH", path_of(c, "contacts", c->args.arguments[0], ""), body, &contact, &err))
        return command_fail(c, &err);
    return print_one(c, "updated", contact);
}

static const char *const headers[] = {"ID", "NAME", "MAIL", "MOBILE", "WEBHOOKS AT"};

static void add_line(struct command *c, struct table *table, const struct json *contact)
{
    table_add(table, json_text(c->arena, json_at(contact, "/id"), ""));
    table_add(table, json_str(json_at(contact, "/name"), ""));
    table_add(table, json_str(json_at(contact, "/mail"), ""));
    table_add(table, json_str(json_at(contact, "/mobile"), ""));
    table_add(table, texts_join(c->arena, json_at(contact, "/webhook_hosts"), 5));
}

static void print_list(struct command *c, const struct json *answer)
{
    struct table table = table_new(c->arena, headers, countof(headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++)
        add_line(c, &table, json_item(items, i));
    table_print(&table);
}

static void print_contact(struct command *c, const struct json *contact)
{
    struct table table = table_new(c->arena, headers, countof(headers));
    add_line(c, &table, contact);
    table_print(&table);
}

int verb_contact_list(struct command *c)
{
    const char *limit = args_get(&c->args, "limit"), *before = args_get(&c->args, "before");
    const char *path =
        arena_printf(c->arena, "/api/v1/contacts?limit=%s&before=%s",
                     limit ? url_encode(c->arena, limit) : "", before ? url_encode(c->arena, before) : "");
    return command_show(c, "GET", path, print_list);
}

int verb_contact_show(struct command *c)
{
    return command_show(c, "GET", path_of(c, "contacts", c->args.arguments[0], ""), print_contact);
}

static void print_deleted(struct command *c, const struct json *answer)
{
    (void)answer;
    printf("deleted contact %s\n", text_clean_cut(c->arena, c->args.arguments[0], 0));
}

int verb_contact_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "contacts", c->args.arguments[0], ""), print_deleted);
}

#include "base/secret.h"
#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

enum { PASSWORD_BYTES = 1024 };

#define USER_OPTIONS                                                                                         \
    {"role", "ROLE[@GROUP]", true, "viewer, operator, approver or admin, everywhere or in an access group"}, \
        {"owner", "OWNER", false, "sees what belongs to this owner alone"},                                  \
    {                                                                                                        \
        "password-file", "FILE", false, "a first password, to be changed at once; - is standard input"       \
    }

const struct option_def user_create_options[] = {
    USER_OPTIONS,
    {"export", NULL, false, "may export private keys"},
    {NULL, NULL, false, NULL},
};

const struct option_def user_update_options[] = {
    USER_OPTIONS,
    {"export", "yes|no", false, "may export private keys, or may not"},
    {"any-owner", NULL, false, "sees what belongs to anybody"},
    {"reset-password", NULL, false, "to one that is printed once, and to be changed at once"},
    {"disable", NULL, false, "may not log in, and is logged out"},
    {"enable", NULL, false, "may log in again"},
    {"unlock", NULL, false, "forgives failed logins"},
    {"remove-totp", NULL, false, "for somebody who lost the second factor"},
    {NULL, NULL, false, NULL},
};

static bool put_password(struct command *c, struct json_writer *w, struct err *err)
{
    const char *file = args_get(&c->args, "password-file");
    struct secret *password = NULL;
    if (!file)
        return true;
    if (!secret_read(file, PASSWORD_BYTES, &password, err))
        return err_add(err, "--password-file");
    json_member_string(w, "password", secret_bytes(secret_in(c->arena, password)));
    return true;
}

static bool put_settings(struct command *c, struct json_writer *w, struct err *err)
{
    size_t count;
    const char **roles = args_list(c->arena, &c->args, "role", &count);
    if (count)
        json_member_raw(w, "roles", json_strings(c->arena, roles, count));
    if (args_get(&c->args, "owner"))
        json_member_string(w, "owner", args_get(&c->args, "owner"));
    return put_password(c, w, err);
}

/* The made password goes to standard output, what to know of it does not. */
static int answer(struct command *c, const struct json *user, const char *what)
{
    if (c->globals.json) {
        command_print_json(c, user);
        return EXIT_DONE;
    }
    command_note(c, "%s user %s", what, text_clean_cut(c->arena, json_get(user, "/name"), 0));
    if (*json_get(user, "/password")) {
        printf("%s\n", json_get(user, "/password"));
        command_note(c, "This password is shown once, and has to be changed at the first login.");
    }
    return EXIT_DONE;
}

int verb_user_create(struct command *c)
{
    struct buf body = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&body);
    const struct json *user;
    struct err err = {0};
    json_open_object(&w);
    json_member_string(&w, "name", c->args.arguments[0]);
    if (args_flag(&c->args, "export"))
        json_member_bool(&w, "export", true);
    if (!put_settings(c, &w, &err))
        return command_fail(c, &err);
    json_close_object(&w);
    if (!command_call(c, "POST", "/api/v1/users", body.data, &user, &err))
        return command_fail(c, &err);
    return answer(c, user, "added");
}

static bool put_changes(struct command *c, struct json_writer *w, struct err *err)
{
    static const struct {
        const char *option, *member;
        bool value;
    } flags[] = {{"any-owner", "any_owner", true}, {"reset-password", "reset_password", true},
                 {"disable", "disabled", true},    {"enable", "disabled", false},
                 {"unlock", "unlock", true},       {"remove-totp", "remove_totp", true}};
    const char *export = args_get(&c->args, "export");
    if (export && strcmp(export, "yes") != 0 && strcmp(export, "no") != 0)
        return err_set(err, ERR_INPUT, "--export %s: yes or no", export);
    if (args_flag(&c->args, "disable") && args_flag(&c->args, "enable"))
        return err_set(err, ERR_INPUT, "--disable or --enable, not both");
    if (export)
        json_member_bool(w, "export", strcmp(export, "yes") == 0);
    for (size_t i = 0; i < countof(flags); i++)
        if (args_flag(&c->args, flags[i].option))
            json_member_bool(w, flags[i].member, flags[i].value);
    return put_settings(c, w, err);
}

int verb_user_update(struct command *c)
{
    struct buf body = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&body);
    const struct json *user;
    struct err err = {0};
    json_open_object(&w);
    if (!put_changes(c, &w, &err)) {
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    json_close_object(&w);
    if (!command_call(c, "PATCH", path_of(c, "users", c->args.arguments[0], ""), body.data, &user, &err))
        return command_fail(c, &err);
    return answer(c, user, "updated");
}

static const char *state_of(const struct json *user)
{
    if (json_bool(json_at(user, "/disabled"), false))
        return "disabled";
    return json_bool(json_at(user, "/must_change_password"), false) ? "new password" : "normal";
}

static void print_users(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "NAME", "ROLES", "EXPORT", "TOTP", "STATE", "LAST LOGIN"};
    struct table table = table_new(c->arena, headers, countof(headers));
    json_each (user, json_at(answer, "/items")) {
        table_add(&table, json_text(c->arena, json_at(user, "/id"), ""));
        table_add(&table, json_get(user, "/name"));
        table_add(&table, texts_join(c->arena, json_at(user, "/roles"), 4));
        table_add(&table, json_bool(json_at(user, "/export"), false) ? "yes" : "no");
        table_add(&table, json_bool(json_at(user, "/totp"), false) ? "yes" : "no");
        table_add(&table, state_of(user));
        table_add(&table, json_str(json_at(user, "/last_login"), "never"));
    }
    table_print(&table);
}

int verb_user_list(struct command *c)
{
    return command_show(c, "GET", "/api/v1/users", print_users);
}

static void print_deleted(struct command *c, const struct json *answer)
{
    (void)answer;
    printf("deleted user %s\n", text_clean_cut(c->arena, c->args.arguments[0], 0));
}

int verb_user_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "users", c->args.arguments[0], ""), print_deleted);
}

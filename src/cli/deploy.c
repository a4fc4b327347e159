#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES = 256 << 10 };

static bool read_files(struct command *c, struct material_files *ret, struct err *err)
{
    const struct {
        const char *option;
        const char **to;
    } files[] = {{"cert-file", &ret->cert}, {"key-file", &ret->key}, {"chain-file", &ret->chain}};
    for (size_t i = 0; i < countof(files); i++) {
        const char *path = args_get(&c->args, files[i].option);
        size_t size;
        if (path && !option_file(c, path, FILE_BYTES, files[i].to, &size, err))
            return err_add(err, "--%s", files[i].option);
        if (path && strlen(*files[i].to) != size)
            return err_set(err, ERR_INPUT,
                           "--%s %s holds NUL bytes: PEM is text; import PKCS#12 with cert import",
                           files[i].option, path);
    }
    return true;
}

static bool import_files(struct command *c, const struct material_files *files, const char **ret_id,
                         struct err *err)
{
    const struct json *answer;
    const char *body = json_format(c->arena, "{'cert':%s,'key':%s,'chain':%s,'owner':%s}", files->cert,
                                   files->key, files->chain, args_get(&c->args, "owner"));
    if (!command_call(c, "POST", "/api/v1/certificates", body, &answer, err))
        return false;
    const struct json *warnings = json_at(answer, "/certificate/warnings");
    for (size_t i = 0; i < json_count(warnings); i++)
        command_note(c, "warning: %s", text_clean_cut(c->arena, json_str(json_item(warnings, i), ""), 0));
    *ret_id = json_text(c->arena, json_at(answer, "/certificate/id"), "");
    return true;
}

/* Certificates named and given as files, as the API wants them. */
static bool gather(struct command *c, bool dry_run, const char **ret_body, struct err *err)
{
    size_t count;
    const char **named = args_list(c->arena, &c->args, "cert", &count);
    const char **all = arena_array(c->arena, const char *, count + 1);
    struct material_files files = {0};
    bool from_file = args_flag(&c->args, "cert-file");
    if (!from_file && (args_flag(&c->args, "key-file") || args_flag(&c->args, "chain-file")))
        return err_set(err, ERR_INPUT, "--key-file and --chain-file go with --cert-file");
    for (size_t i = 0; i < count; i++)
        all[i] = named[i];
    if (from_file && !read_files(c, &files, err))
        return false;
    if (from_file && !dry_run && !import_files(c, &files, &all[count++], err))
        return false;
    return plan_selection(c, all, count, from_file && dry_run ? &files : NULL, dry_run, ret_body, err);
}

/* After the yes: certificate and task are stored, and the task runs if it is still what was shown. */
static int go_ahead(struct command *c, const struct json *shown)
{
    const char *body = NULL;
    const struct json *view = NULL;
    struct err err = {0};
    if (!gather(c, false, &body, &err) || !command_call(c, "POST", "/api/v1/tasks", body, &view, &err))
        return command_fail(c, &err);
    const char *id = json_text(c->arena, json_at(view, "/task/id"), "");
    if (!args_flag(&c->args, "yes") && plan_count(c, view, "planned") != plan_count(c, shown, "planned")) {
        command_note(c, "the plan changed meanwhile: look at task preview %s, then task submit %s", id, id);
        return EXIT_STOPPED;
    }
    return run_task(c, id, json_int(json_at(view, "/version"), 0));
}

int verb_deploy(struct command *c)
{
    bool dry_run = args_flag(&c->args, "dry-run");
    bool refresh = !dry_run && !args_flag(&c->args, "no-sync");
    const char *body = NULL;
    const struct json *view = NULL;
    struct err err = {0};
    if (!gather(c, true, &body, &err)) {
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    if ((refresh && !inventory_refresh(c, args_flag(&c->args, "sync"), &err)) ||
        !command_call(c, "POST", "/api/v1/tasks", body, &view, &err))
        return command_fail(c, &err);
    int code = plan_exit_code(c, view);
    bool nothing_to_do = plan_count(c, view, "held") == plan_count(c, view, "total");
    if (!c->globals.json)
        plan_print(c, view);
    else if (dry_run || nothing_to_do)
        command_print_json(c, view);
    if (nothing_to_do)
        command_note(c, code == EXIT_NO_MATCH ? "no resource matches the certificate"
                                              : "every row is held back: accept its word with --accept WORD");
    if (dry_run || nothing_to_do)
        return code;
    return plan_confirm(c, view) ? go_ahead(c, view) : EXIT_STOPPED;
}

#include "base/file.h"
#include "base/secret.h"
#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS_OPTIONS                                                                                       \
    {"secret-file", "FILE", false, "the secret of the key; - reads standard input"},                         \
        {"secret-command", "COMMAND", false,                                                                 \
         "a program that prints the secret, or keys as credential helpers do; run without a shell"},         \
        {"machine", NULL, false, "use the keys of the role of this instance (aliyun, aws)"},                 \
        {"role", "ROLE", false,                                                                              \
         "exchange the key for keys of this role: its ARN, or the URN of a huawei agency"},                  \
        {"external-id", "ID", false, "the external id that the role asks for"},                              \
        {"session-token-file", "FILE", false, "session token of temporary keys; - reads standard input"},    \
        {"site", "SITE", false, "china or international: default china; for aws international"},             \
        {"region", "REGION", true, "only these regions; default: all the cloud names"},                      \
        {"gateway", "URL", false,                                                                            \
         "send API calls there instead, with the cloud's Host header and signature"},                        \
        {"ca-file", "FILE", false, "CA certificates trusted for API calls in place of the system's"},        \
        {"proxy", "URL", false, "an HTTP proxy for API calls"},                                              \
        {"calls-per-second", "N", false, "replaces the published limits of this account"},                   \
        {"read-only", NULL, false, "never change anything through this access"},                             \
    {                                                                                                        \
        NULL, NULL, false, NULL                                                                              \
    }

const struct option_def access_add_options[] = {
    {"cloud", "CLOUD", false, "aliyun, tencent, aws or huawei"},
    {"name", "NAME", false, "what to call it"},
    {"key-id", "ID", false, "id of the AccessKey"},
    {"owner", "OWNER", false, "whose account it is; default: the default owner's"},
    ACCESS_OPTIONS,
};

const struct option_def access_check_options[] = {
    {"product", "PRODUCT", true, "also list this product and read one of its resources, such as aliyun/cdn"},
    {"record", "DIR", false,
     "write what the cloud answered into files there, without keys and secrets; without --product for each "
     "of the cloud's"},
    {NULL, NULL, false, NULL},
};

const struct option_def access_policy_options[] = {
    {"cloud", "CLOUD", false, "aliyun, tencent, aws or huawei"},
    {"product", "PRODUCT", true, "only what this product needs; default: every product of the cloud"},
    {"read-only", NULL, false, "without the rights to change"},
    {"clean", NULL, false, "also what access clean needs"},
    {NULL, NULL, false, NULL},
};

const struct option_def access_update_options[] = {
    {"name", "NAME", false, "a new name"},
    {"key-id", "ID", false, "a new key of the same account; needs --secret-file"},
    {"read-write", NULL, false, "takes back --read-only"},
    ACCESS_OPTIONS,
};

static bool put_secret(struct command *c, struct json_writer *w, const char *option, const char *member,
                       struct err *err)
{
    const char *path = args_get(&c->args, option);
    struct secret *secret;
    if (!path)
        return true;
    if (!secret_read(path, 8192, &secret, err))
        return err_add(err, "--%s", option);
    json_member_string(w, member, secret_bytes(secret_in(c->arena, secret)));
    return true;
}

static bool put_rate(struct command *c, struct json_writer *w, struct err *err)
{
    const char *text = args_get(&c->args, "calls-per-second");
    char *end;
    if (!text)
        return true;
    double rate = strtod(text, &end);
    if (*end || end == text || !(rate >= 0 && rate <= 100000))
        return err_set(err, ERR_INPUT,
                       "--calls-per-second %s: a number up to 100000; 0 goes back to the published limits",
                       text);
    json_member_raw(w, "calls_per_second", arena_printf(c->arena, "%.6g", rate));
    return true;
}

static void put_regions(struct command *c, struct json_writer *w)
{
    size_t count;
    const char **regions = args_list(c->arena, &c->args, "region", &count);
    if (count)
        json_member_raw(w, "regions", json_strings(c->arena, regions, count));
}

static bool access_body(struct command *c, const char **ret, struct err *err)
{
    static const struct {
        const char *option, *member;
    } texts[] = {{"cloud", "cloud"},
                 {"name", "name"},
                 {"key-id", "key_id"},
                 {"site", "site"},
                 {"gateway", "gateway"},
                 {"proxy", "proxy"},
                 {"secret-command", "secret_command"},
                 {"role", "role"},
                 {"external-id", "external_id"},
                 {"owner", "owner"}};
    struct buf body = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&body);
    json_open_object(&w);
    for (size_t i = 0; i < countof(texts); i++)
        if (args_get(&c->args, texts[i].option))
            json_member_string(&w, texts[i].member, args_get(&c->args, texts[i].option));
    const char *ca_file = args_get(&c->args, "ca-file");
    if (ca_file && *ca_file) {
        char *absolute = realpath(ca_file, NULL); /* the service may run elsewhere */
        if (!absolute)
            return err_set(err, ERR_INPUT, "--ca-file %s: %m", ca_file);
        json_member_string(&w, "ca_file", arena_strdup(c->arena, absolute));
        free(absolute);
    } else if (ca_file) {
        json_member_string(&w, "ca_file", "");
    }
    if (args_flag(&c->args, "machine"))
        json_member_bool(&w, "machine", true);
    put_regions(c, &w);
    if (!put_secret(c, &w, "secret-file", "secret", err) ||
        !put_secret(c, &w, "session-token-file", "session_token", err) || !put_rate(c, &w, err))
        return false;
    if (args_flag(&c->args, "read-only") && args_flag(&c->args, "read-write"))
        return err_set(err, ERR_INPUT, "--read-only and --read-write contradict each other");
    if (args_flag(&c->args, "read-only") || args_flag(&c->args, "read-write"))
        json_member_bool(&w, "read_only", args_flag(&c->args, "read-only"));
    json_close_object(&w);
    *ret = body.data;
    return true;
}

static int print_access(struct command *c, const char *what, const struct json *access)
{
    if (c->globals.json)
        command_print_json(c, access);
    else
        printf("%s access %s (%s, %s)\n", what,
               text_clean_cut(c->arena, json_str(json_at(access, "/name"), ""), 0),
               json_str(json_at(access, "/cloud"), ""), json_str(json_at(access, "/site"), ""));
    return EXIT_DONE;
}

static int misuse(struct command *c, const struct err *err)
{
    command_fail(c, err);
    return EXIT_MISUSE;
}

int verb_access_add(struct command *c)
{
    static const char *const wanted[] = {"cloud", "name", "key-id", "secret-file"};
    bool elsewhere = args_flag(&c->args, "machine") || args_get(&c->args, "secret-command");
    const char *body;
    const struct json *access;
    struct err err = {0};
    for (size_t i = 0; i < (elsewhere ? 2 : countof(wanted)); i++)
        if (!args_get(&c->args, wanted[i])) {
            err_set(&err, ERR_INPUT, "access add needs --%s: see certferry help access add", wanted[i]);
            return misuse(c, &err);
        }
    if (!access_body(c, &body, &err))
        return misuse(c, &err);
    if (!command_call(c, "POST", "/api/v1/accesses", body, &access, &err))
        return command_fail(c, &err);
    command_note(c, "try it with: certferry access check %s",
                 text_clean_cut(c->arena, args_get(&c->args, "name"), 0));
    return print_access(c, "added", access);
}

int verb_access_update(struct command *c)
{
    const char *body = NULL;
    const struct json *access;
    struct err err = {0};
    if (!access_body(c, &body, &err))
        return misuse(c, &err);
    if (!command_call(c, "PATCH", path_of(c, "accesses", c->args.arguments[0], ""), body, &access, &err))
        return command_fail(c, &err);
    return print_access(c, "updated", access);
}

static void print_list(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "NAME", "CLOUD", "SITE", "KEY ID", "ACCOUNT", "STATE"};
    static const char *const members[] = {"/id", "/name", "/cloud", "/site", "/key_id", "/account_id"};
    struct table table = table_new(c->arena, headers, countof(headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *access = json_item(items, i);
        const char *reason = json_str(json_at(access, "/reason"), NULL);
        for (size_t k = 0; k < countof(members); k++)
            table_add(&table, json_text(c->arena, json_at(access, members[k]), ""));
        table_add(&table, arena_printf(c->arena, "%s%s%s%s", json_str(json_at(access, "/state"), ""),
                                       json_bool(json_at(access, "/read_only"), false) ? ", read-only" : "",
                                       reason ? ": " : "", reason ? reason : ""));
    }
    table_print(&table);
}

int verb_access_list(struct command *c)
{
    return command_show(c, "GET", "/api/v1/accesses?limit=1000", print_list);
}

static void print_checked(struct command *c, const struct json *answer)
{
    printf("%s: normal, account %s, %s\n",
           text_clean_cut(c->arena, json_str(json_at(answer, "/name"), ""), 0),
           json_str(json_at(answer, "/account_id"), ""),
           text_clean_cut(c->arena, json_str(json_at(answer, "/principal"), ""), 0));
    const struct json *probed = json_at(answer, "/products");
    for (size_t i = 0; i < json_count(probed); i++) {
        const struct json *p = json_item(probed, i);
        const char *error = json_str(json_at(p, "/error"), NULL), *id = json_str(json_at(p, "/resource"), "");
        printf("%s: %s%s\n", json_str(json_at(p, "/product"), ""),
               error ? text_clean_cut(c->arena, error, 0)
               : *id ? "may be listed and read, as "
                     : "may be listed; there is nothing to read",
               error ? "" : text_clean_cut(c->arena, id, 0));
    }
}

/* The products that were named. */
static const char *products_json(struct command *c)
{
    size_t count;
    const char **wanted = args_list(c->arena, &c->args, "product", &count);
    return json_strings(c->arena, wanted, count);
}

static int check_one(struct command *c, const char *name)
{
    const struct json *answer;
    struct err err = {0};
    size_t bad = 0;
    if (!command_call(c, "POST", path_of(c, "accesses", name, "/check"),
                      json_format(c->arena, "{'product':%p}", products_json(c)), &answer, &err))
        return command_fail(c, &err);
    const struct json *probed = json_at(answer, "/products");
    for (size_t i = 0; i < json_count(probed); i++)
        bad += !json_bool(json_at(json_item(probed, i), "/ok"), false);
    if (c->globals.json)
        command_print_json(c, answer);
    else
        print_checked(c, answer);
    return !bad ? EXIT_DONE : bad == json_count(probed) ? EXIT_FAILED : EXIT_PARTLY;
}

/* An answer as a file; its name is made of letters, digits and hyphens alone, whatever the service says. */
static bool write_answer(struct command *c, const char *folder, const char *product, size_t number,
                         const struct json *answer, struct err *err)
{
    char *name =
        arena_printf(c->arena, "%s-%02zu-%s", product, number, json_str(json_at(answer, "/operation"), ""));
    const char *text = arena_printf(c->arena, "%s\n", json_dump(c->arena, answer));
    for (char *p = name; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *p))
            *p = '-';
    return file_write(arena_printf(c->arena, "%s/%.200s.json", folder, name), text, strlen(text), 0600, err);
}

/* Checks one product, and writes down what was answered. */
static int record_one(struct command *c, const char *folder, const char *access, const char *product,
                      size_t *written, struct err *err)
{
    const struct json *answer;
    if (!command_call(c, "POST", path_of(c, "accesses", access, "/check"),
                      json_format(c->arena, "{'product':[%s],'record':true}", product), &answer, err))
        return command_fail(c, err);
    const struct json *probed = json_at(answer, "/products/0"), *answers = json_at(probed, "/answers");
    for (size_t i = 0; i < json_count(answers); i++, ++*written)
        if (!write_answer(c, folder, product, i + 1, json_item(answers, i), err))
            return command_fail(c, err);
    const char *error = json_str(json_at(probed, "/error"), NULL);
    command_note(c, "%s: %zu answers%s%s", product, json_count(answers), error ? ", then " : "",
                 error ? text_clean_cut(c->arena, error, 0) : "");
    return error ? EXIT_FAILED : EXIT_DONE;
}

/* Every product of the access's cloud. */
static bool products_of(struct command *c, const char *access, const char ***ret, size_t *ret_count,
                        struct err *err)
{
    const struct json *row, *list;
    if (!command_call(c, "GET", path_of(c, "accesses", access, ""), NULL, &row, err) ||
        !command_call(c, "GET", "/api/v1/products", NULL, &list, err))
        return false;
    const struct json *items = json_at(list, "/items");
    *ret = arena_array(c->arena, const char *, json_count(items) + 1);
    for (size_t i = 0; i < json_count(items); i++)
        if (strcmp(json_str(json_at(json_item(items, i), "/cloud"), ""),
                   json_str(json_at(row, "/cloud"), "?")) == 0)
            (*ret)[(*ret_count)++] = json_str(json_at(json_item(items, i), "/code"), "");
    return true;
}

static int record(struct command *c, const char *folder)
{
    struct err err = {0};
    size_t count, good = 0, written = 0;
    const char **wanted = args_list(c->arena, &c->args, "product", &count);
    const char *access = c->args.argument_count ? c->args.arguments[0] : NULL;
    if (!access) {
        err_set(&err, ERR_INPUT,
                "--record needs the access whose cloud is asked: certferry access check ACCESS --record DIR");
        return misuse(c, &err);
    }
    if (!file_make_directory(folder, &err) || (!count && !products_of(c, access, &wanted, &count, &err)))
        return command_fail(c, &err);
    for (size_t i = 0; i < count; i++)
        good += record_one(c, folder, access, wanted[i], &written, &err) == EXIT_DONE;
    if (c->globals.json)
        puts(json_format(c->arena, "{'products':%zu,'failed':%zu,'answers':%zu}", count, count - good,
                         written));
    else
        printf("%zu answers of %zu products written to %s\n", written, count, folder);
    return good == count ? EXIT_DONE : good ? EXIT_PARTLY : EXIT_FAILED;
}

int verb_access_check(struct command *c)
{
    const struct json *answer;
    struct err err = {0};
    int result = EXIT_DONE;
    size_t good = 0;
    if (args_get(&c->args, "record"))
        return record(c, args_get(&c->args, "record"));
    if (c->args.argument_count)
        return check_one(c, c->args.arguments[0]);
    if (!command_call(c, "GET", "/api/v1/accesses?limit=1000", NULL, &answer, &err))
        return command_fail(c, &err);
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        int one = check_one(c, json_text(c->arena, json_at(json_item(items, i), "/id"), ""));
        good += one == EXIT_DONE;
        result = one == EXIT_DONE ? result : EXIT_FAILED;
    }
    if (!json_count(items))
        command_note(c, "no access yet: certferry help access add");
    return result == EXIT_FAILED && good ? EXIT_PARTLY : result;
}

static void print_deleted(struct command *c, const struct json *answer)
{
    (void)answer;
    printf("deleted access %s; nothing was changed in the cloud\n",
           text_clean_cut(c->arena, c->args.arguments[0], 0));
}

int verb_access_delete(struct command *c)
{
    return command_show(c, "DELETE", path_of(c, "accesses", c->args.arguments[0], ""), print_deleted);
}

int verb_access_policy(struct command *c)
{
    const char *cloud = args_get(&c->args, "cloud");
    const struct json *answer;
    struct err err = {0};
    if (!cloud) {
        err_set(&err, ERR_INPUT, "access policy needs --cloud: see certferry help access policy");
        return misuse(c, &err);
    }
    if (!command_call(c, "POST", "/api/v1/policies",
                      json_format(c->arena, "{'cloud':%s,'product':%p,'read_only':%p,'clean':%p}", cloud,
                                  products_json(c), json_boolean(args_flag(&c->args, "read-only")),
                                  json_boolean(args_flag(&c->args, "clean"))),
                      &answer, &err))
        return command_fail(c, &err);
    fputs(json_str(json_at(answer, "/text"), ""), stdout);
    return EXIT_DONE;
}

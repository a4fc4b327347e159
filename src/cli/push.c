#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

const struct option_def push_create_options[] = {
    {"cert", "CERT", false, "certificate to push: id or name"},
    {"product", "PRODUCT", false, "huawei/waf, huawei/elb or huawei/cdn"},
    {"region", "REGION", true, "where to: 1 to 10 regions; none for huawei/cdn"},
    {"access", "ACCESS", false, "the account"},
    {"dry-run", NULL, false, "say what would be done and push nothing"},
    {"yes", NULL, false, "push without asking"},
    {NULL, NULL, false, NULL},
};

const struct option_def push_list_options[] = {
    {"cert", "CERT", false, "only of this certificate"},
    {"limit", "N", false, "at most N records, 1000 at most; default 10"},
    {"before", "ID", false, "the page after the one that ended with ID"},
    {NULL, NULL, false, NULL},
};

static const char *push_body(struct command *c, bool dry_run)
{
    size_t count;
    const char **regions = args_list(c->arena, &c->args, "region", &count);
    return json_format(c->arena, "{'certificate':%s,'access':%s,'product':%s,'regions':%p,'dry_run':%p}",
                       args_get(&c->args, "cert"), args_get(&c->args, "access"),
                       args_get(&c->args, "product"), json_strings(c->arena, regions, count),
                       json_boolean(dry_run));
}

static const char *const headers[] = {"ID", "CERTIFICATE", "PRODUCT", "REGION", "STATE", "PUSHED", "NOTE"};

static void print_pushes(struct command *c, const struct json *answer)
{
    static const char *const members[] = {"/certificate", "/product", "/region",
                                          "/state",       "/created", "/text"};
    struct table table = table_new(c->arena, headers, countof(headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *push = json_item(items, i);
        table_add(&table, json_text(c->arena, json_at(push, "/id"), "-"));
        for (size_t k = 0; k < countof(members); k++)
            table_add(&table, json_str(json_at(push, members[k]), "-"));
    }
    table_print(&table);
}

static size_t in_state(const struct json *answer, const char *state)
{
    const struct json *items = json_at(answer, "/items");
    size_t count = 0;
    for (size_t i = 0; i < json_count(items); i++)
        count += strcmp(json_str(json_at(json_item(items, i), "/state"), ""), state) == 0;
    return count;
}

/* Of what this run pushed: all, some or none went well; what was there before is neither. */
static int outcome(const struct json *answer)
{
    size_t failed = in_state(answer, "error") + in_state(answer, "unknown"),
           asked = (size_t)json_int(json_at(answer, "/planned"), 0);
    if (failed)
        return failed < asked ? EXIT_PARTLY : EXIT_FAILED;
    return asked < json_count(json_at(answer, "/items")) ? EXIT_PARTLY : EXIT_DONE;
}

static void print_outcome(struct command *c, const struct json *answer)
{
    size_t failed = in_state(answer, "error"), unknown = in_state(answer, "unknown"),
           asked = (size_t)json_int(json_at(answer, "/planned"), 0);
    print_pushes(c, answer);
    if (asked > failed + unknown)
        printf("\npushed to %zu of %zu. What to do next: %s\n", asked - failed - unknown, asked,
               json_str(json_at(answer, "/advice"), ""));
    if (failed)
        printf("\nA push fails where the product was not bought or is not available for the domain in that "
               "region, and where the certificate was pushed or uploaded there before.\n");
    if (unknown)
        printf(
            "\nWhat is unknown is looked up in the cloud's records when you push the same again; it is not "
            "sent twice.\n");
}

static int push_go(struct command *c)
{
    const struct json *answer;
    struct err err = {0};
    if (!command_call(c, "POST", "/api/v1/pushes", push_body(c, false), &answer, &err)) {
        command_fail(c, &err);
        return err.kind == ERR_CONFLICT ? EXIT_STOPPED : EXIT_FAILED;
    }
    if (c->globals.json)
        command_print_json(c, answer);
    else
        print_outcome(c, answer);
    return outcome(answer);
}

static void print_plan(struct command *c, const struct json *answer)
{
    print_pushes(c, answer);
    printf("\n%sA push cannot be undone, and is made once per certificate, product and region.\n",
           json_bool(json_at(answer, "/brings"), false)
               ? "The certificate and its private key are brought to the certificate service first. "
               : "");
    fflush(stdout);
}

int verb_push_create(struct command *c)
{
    static const char *const wanted[] = {"cert", "product", "access"};
    const struct json *plan;
    struct err err = {0};
    for (size_t i = 0; i < countof(wanted); i++)
        if (!args_get(&c->args, wanted[i])) {
            err_set(&err, ERR_INPUT, "push create needs --%s: see certferry help push create", wanted[i]);
            command_fail(c, &err);
            return EXIT_MISUSE;
        }
    if (args_flag(&c->args, "yes") && !args_flag(&c->args, "dry-run"))
        return push_go(c);
    if (!command_call(c, "POST", "/api/v1/pushes", push_body(c, true), &plan, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        command_print_json(c, plan);
    else
        print_plan(c, plan);
    int64_t planned = json_int(json_at(plan, "/planned"), 0);
    if (args_flag(&c->args, "dry-run"))
        return planned ? EXIT_DONE : EXIT_STOPPED;
    if (planned && command_confirm(c, arena_printf(c->arena, "push for good to %lld %s?", (long long)planned,
                                                   planned == 1 ? "place" : "regions")))
        return push_go(c);
    command_note(c, planned ? "nothing was pushed; --yes goes ahead without asking"
                            : "nothing was pushed: it is there already");
    return EXIT_STOPPED;
}

int verb_push_list(struct command *c)
{
    const char *cert = args_get(&c->args, "cert"), *limit = args_get(&c->args, "limit"),
               *before = args_get(&c->args, "before");
    const char *path =
        arena_printf(c->arena, "/api/v1/pushes?certificate=%s&limit=%s&before=%s",
                     cert ? url_encode(c->arena, cert) : "", limit ? url_encode(c->arena, limit) : "",
                     before ? url_encode(c->arena, before) : "");
    return command_show(c, "GET", path, print_pushes);
}

static void print_push(struct command *c, const struct json *push)
{
    static const char *const members[] = {"id",   "certificate", "access", "product", "region",  "state",
                                          "text", "ref",         "copy",   "created", "finished"};
    for (size_t i = 0; i < countof(members); i++) {
        const char *text =
            json_text(c->arena, json_at(push, arena_printf(c->arena, "/%s", members[i])), NULL);
        if (text)
            printf("%-12s %s\n", members[i], text_clean_cut(c->arena, text, 0));
    }
}

int verb_push_show(struct command *c)
{
    return command_show(c, "GET", path_of(c, "pushes", c->args.arguments[0], ""), print_push);
}

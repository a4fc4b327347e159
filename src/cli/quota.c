#include "cli/table.h"
#include "cli/verb.h"
#include "codec/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option_def quota_grant_options[] = {
    {"count", "N", false, "how many resources the package is for"},
    {"owner", "OWNER", false, "a budget for this owner's tasks; without, the quota that all others share"},
    {"note", "TEXT", false, "what the ledger says of it, such as an order's number"},
    {NULL, NULL, false, NULL},
};

const struct option_def quota_revoke_options[] = {
    {"count", "N", false, "how many units to take back; not more than are left"},
    {"all", NULL, false, "take back what is left, and the limit or budget with it"},
    {"owner", "OWNER", false, "of this owner's budget"},
    {"note", "TEXT", false, "what the ledger says of it"},
    {NULL, NULL, false, NULL},
};

const struct option_def quota_list_options[] = {
    {"owner", "OWNER", false, "only of this owner's budget; `default`: of the common quota"},
    {"limit", "N", false, "at most N rows, 1000 at most; default 100"},
    {"before", "ID", false, "the page after the one that ended with ID"},
    {NULL, NULL, false, NULL},
};

static const char *owner_text(const struct json *item)
{
    return json_str(json_at(item, "/owner_name"), "(common)");
}

static const char *number_at(struct command *c, const struct json *item, const char *member)
{
    return json_text(c->arena, json_at(item, member), "");
}

static const char *sum_of(struct command *c, const struct json *item, const char *one, const char *other)
{
    return arena_printf(c->arena, "%lld",
                        (long long)(json_int(json_at(item, one), 0) + json_int(json_at(item, other), 0)));
}

/* What was used while nothing was limited belongs to no package, and is told where there is none. */
static void add_account(struct command *c, struct table *table, const struct json *item)
{
    bool limited = json_bool(json_at(item, "/limited"), false);
    table_add(table, owner_text(item));
    table_add(table, limited ? number_at(c, item, "/total") : "unlimited");
    table_add(table, number_at(c, item, "/bought"));
    table_add(table, limited ? number_at(c, item, "/used") : sum_of(c, item, "/used", "/used_unlimited"));
    table_add(table, limited ? number_at(c, item, "/held") : sum_of(c, item, "/held", "/held_unlimited"));
    table_add(table, limited ? number_at(c, item, "/available") : "unlimited");
}

static const char *const account_headers[] = {"OWNER", "TOTAL", "BOUGHT", "USED", "HELD", "LEFT"};

static void print_accounts(struct command *c, const struct json *answer)
{
    struct table table = table_new(c->arena, account_headers, countof(account_headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++)
        add_account(c, &table, json_item(items, i));
    table_print(&table);
}

int verb_quota_show(struct command *c)
{
    return command_show(c, "GET", "/api/v1/quota", print_accounts);
}

static bool change_body(struct command *c, const char **ret, struct err *err)
{
    struct buf body = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&body);
    const char *count = args_get(&c->args, "count");
    char *end = NULL;
    long long number = count ? strtoll(count, &end, 10) : 0;
    if (count && (*end || end == count || number < 1))
        return err_set(err, ERR_INPUT, "--count %s: a number from 1 on", count);
    json_open_object(&w);
    if (count)
        json_member_int(&w, "count", number);
    if (args_flag(&c->args, "all"))
        json_member_bool(&w, "all", true);
    if (args_get(&c->args, "owner"))
        json_member_string(&w, "owner", args_get(&c->args, "owner"));
    if (args_get(&c->args, "note"))
        json_member_string(&w, "note", args_get(&c->args, "note"));
    json_close_object(&w);
    *ret = body.data;
    return true;
}

static int change(struct command *c, const char *path, bool complete, const char *what)
{
    const char *body = NULL;
    const struct json *account;
    struct err err = {0};
    if (!complete || !change_body(c, &body, &err)) {
        if (!complete)
            err_set(&err, ERR_INPUT, "%s needs %s: see certferry help %s", c->args.verb->words, what,
                    c->args.verb->words);
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    if (!command_call(c, "POST", path, body, &account, &err))
        return command_fail(c, &err);
    if (c->globals.json) {
        command_print_json(c, account);
        return EXIT_DONE;
    }
    struct table table = table_new(c->arena, account_headers, countof(account_headers));
    add_account(c, &table, account);
    table_print(&table);
    return EXIT_DONE;
}

int verb_quota_grant(struct command *c)
{
    return change(c, "/api/v1/quota/grants", args_flag(&c->args, "count"), "--count");
}

int verb_quota_revoke(struct command *c)
{
    bool one = args_flag(&c->args, "count") != args_flag(&c->args, "all");
    return change(c, "/api/v1/quota/revocations", one, "--count or --all");
}

/* A hold, a use and a refund are of one unit each. */
static const char *units_of(struct command *c, const struct json *entry)
{
    return json_is_null(json_at(entry, "/task")) ? number_at(c, entry, "/available") : "1";
}

static void print_entries(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "TIME", "ENTRY", "UNITS", "OWNER", "TASK", "WHAT"};
    struct table table = table_new(c->arena, headers, countof(headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *entry = json_item(items, i);
        table_add(&table, number_at(c, entry, "/id"));
        table_add(&table, json_str(json_at(entry, "/time"), ""));
        table_add(&table, arena_printf(c->arena, "%s%s", json_str(json_at(entry, "/kind"), ""),
                                       json_bool(json_at(entry, "/unlimited"), false) ? " (unlimited)" : ""));
        table_add(&table, units_of(c, entry));
        table_add(&table, owner_text(entry));
        table_add(&table, number_at(c, entry, "/task"));
        table_add(&table, json_str(json_at(entry, "/text"), ""));
    }
    table_print(&table);
}

static const char *page_query(struct command *c)
{
    const char *limit = args_get(&c->args, "limit"), *before = args_get(&c->args, "before");
    return arena_printf(c->arena, "limit=%s&before=%s", limit ? url_encode(c->arena, limit) : "",
                        before ? url_encode(c->arena, before) : "");
}

int verb_quota_list(struct command *c)
{
    const char *owner = args_get(&c->args, "owner");
    const char *path = arena_printf(c->arena, "/api/v1/quota/entries?owner=%s&%s",
                                    owner ? url_encode(c->arena, owner) : "", page_query(c));
    return command_show(c, "GET", path, print_entries);
}

static void print_statement(struct command *c, const struct json *answer)
{
    printf("task %s: %s held, %s used, %s returned\n\n", number_at(c, answer, "/task"),
           number_at(c, answer, "/held"), number_at(c, answer, "/used"), number_at(c, answer, "/returned"));
    print_entries(c, answer);
}

int verb_quota_statement(struct command *c)
{
    const char *path =
        arena_printf(c->arena, "%s?%s", path_of(c, "quota/tasks", c->args.arguments[0], ""), page_query(c));
    return command_show(c, "GET", path, print_statement);
}

void quota_print_need(struct command *c, const struct json *need)
{
    long long units = (long long)json_int(json_at(need, "/units"), 0),
              missing = (long long)json_int(json_at(need, "/missing"), 0);
    const char *owner = json_str(json_at(need, "/owner_name"), NULL);
    if (!json_is_object(need))
        return;
    printf("quota: %lld", units);
    if (!json_bool(json_at(need, "/limited"), false))
        printf(" (unlimited)\n");
    else
        printf(" of the %s left%s%s\n", number_at(c, need, "/available"), owner ? " in the budget of " : "",
               owner ? text_clean_cut(c->arena, owner, 0) : "");
    if (missing)
        printf("quota is missing: %lld more are needed; %s\n", missing,
               text_clean_cut(c->arena, json_str(json_at(need, "/advice"), ""), 0));
}

void quota_print_sums(struct command *c, const struct json *sums)
{
    if (json_is_object(sums))
        printf("quota: %s held, %s used, %s returned\n", number_at(c, sums, "/held"),
               number_at(c, sums, "/used"), number_at(c, sums, "/returned"));
}

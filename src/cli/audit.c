#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

const struct option_def audit_list_options[] = {
    {"limit", "N", false, "at most N rows, 1000 at most; default 100"},
    {"before", "ID", false, "the page after the one that ended with ID"},
    {NULL, NULL, false, NULL},
};

static const char *who_text(struct command *c, const struct json *row)
{
    const char *who = json_get(row, "/who");
    return *who ? arena_printf(c->arena, "%s %s", json_get(row, "/who_kind"), who)
                : json_get(row, "/who_kind");
}

static const char *object_text(struct command *c, const struct json *row)
{
    const char *name = json_get(row, "/object_name");
    int64_t id = json_int(json_at(row, "/object_id"), 0);
    if (!*name && !id)
        return "-";
    return *name ? name : arena_printf(c->arena, "%lld", (long long)id);
}

static void print_list(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"ID", "AT", "WHO", "FROM", "ACTION", "OBJECT", "CHANGES"};
    struct table table = table_new(c->arena, headers, countof(headers));
    json_each (row, json_at(answer, "/items")) {
        table_add(&table, json_text(c->arena, json_at(row, "/id"), ""));
        table_add(&table, json_get(row, "/at"));
        table_add(&table, who_text(c, row));
        table_add(&table, json_get(row, "/source"));
        table_add(&table, json_get(row, "/action"));
        table_add(&table, object_text(c, row));
        table_add(&table, text_clean_cut(c->arena, json_dump(c->arena, json_at(row, "/changes")), 120));
    }
    table_print(&table);
}

static const char *page_path(struct command *c, const char *before, const char *limit)
{
    return arena_printf(c->arena, "/api/v1/audit?limit=%s%s%s", limit ? limit : "100",
                        before ? "&before=" : "", before ? url_encode(c->arena, before) : "");
}

int verb_audit_list(struct command *c)
{
    const char *limit = args_get(&c->args, "limit"), *before = args_get(&c->args, "before");
    return command_show(c, "GET", page_path(c, before, limit ? url_encode(c->arena, limit) : NULL),
                        print_list);
}

/* 0 where all is whole, 1 where something is not: for cron. */
int verb_audit_verify(struct command *c)
{
    const struct json *verdict;
    struct err err = {0};
    if (!command_call(c, "GET", "/api/v1/audit/verify", NULL, &verdict, &err))
        return command_fail(c, &err);
    bool whole = json_bool(json_at(verdict, "/whole"), false);
    if (c->globals.json) {
        command_print_json(c, verdict);
        return whole ? EXIT_DONE : EXIT_FAILED;
    }
    printf("%lld rows, head %s\n", (long long)json_int(json_at(verdict, "/rows"), 0),
           json_str(json_at(verdict, "/head"), "-"));
    json_each (fault, json_at(verdict, "/faults"))
        printf("%s\n", text_clean_cut(c->arena, json_str(fault, ""), 0));
    puts(whole ? "the audit is whole" : "the audit is NOT whole");
    return whole ? EXIT_DONE : EXIT_FAILED;
}

/* One row a line, newest first, to the first one: as many pages as there are. */
int verb_audit_export(struct command *c)
{
    const char *before = NULL;
    do {
        const struct json *answer;
        struct err err = {0};
        if (!command_call(c, "GET", page_path(c, before, "1000"), NULL, &answer, &err))
            return command_fail(c, &err);
        json_each (row, json_at(answer, "/items"))
            puts(json_dump(c->arena, row));
        before = json_text(c->arena, json_at(answer, "/next"), NULL);
    } while (before);
    return EXIT_DONE;
}

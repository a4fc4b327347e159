/* What a preview says of the plan as a whole, for people. */
#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

static const char *text_of(struct command *c, const struct json *object, const char *member)
{
    return text_clean_cut(c->arena, json_str(json_at(object, member), ""), 0);
}

static long long number_of(const struct json *object, const char *member)
{
    return (long long)json_int(json_at(object, member), 0);
}

static void print_matches(struct command *c, const struct json *view, int64_t total)
{
    const struct json *matches = json_at(view, "/matches");
    printf("\nmatches: %lld\n", (long long)total);
    for (size_t i = 0; i < json_count(matches); i++) {
        const struct json *m = json_item(matches, i);
        long long slots = number_of(m, "/slots");
        if (slots)
            printf("  %-16s %lld (%lld of %lld resources, %lld certificate%s)\n", text_of(c, m, "/product"),
                   slots, number_of(m, "/resources"), number_of(m, "/known"), number_of(m, "/certificates"),
                   number_of(m, "/certificates") == 1 ? "" : "s");
    }
}

static void print_copies(struct command *c, const struct json *copies)
{
    if (json_count(copies))
        printf("\nkeys are copied to:\n");
    for (size_t i = 0; i < json_count(copies); i++) {
        const struct json *copy = json_item(copies, i);
        const char *region = text_of(c, copy, "/region");
        const char *place = json_is_null(json_at(copy, "/store"))
                                ? arena_printf(c->arena, "%s itself%s%s", text_of(c, copy, "/product"),
                                               *region ? " in " : "", region)
                                : text_of(c, copy, "/store");
        printf("  %s, access %s: %s%s\n", place, text_of(c, copy, "/access_name"),
               text_of(c, copy, "/certificate_name"),
               json_bool(json_at(copy, "/brought"), false) ? "" : " (is there already)");
    }
}

static void print_calls(struct command *c, const struct json *calls)
{
    if (json_count(calls))
        printf("\ncalls, at least:\n");
    for (size_t i = 0; i < json_count(calls); i++) {
        const struct json *sum = json_item(calls, i);
        printf("  access %s: %lld reads, %lld writes, %lld uploads\n", text_of(c, sum, "/access_name"),
               number_of(sum, "/reads"), number_of(sum, "/writes"), number_of(sum, "/uploads"));
    }
}

static void print_warnings(struct command *c, const struct json *deployments)
{
    bool any = false;
    for (size_t i = 0; i < json_count(deployments); i++) {
        const struct json *d = json_item(deployments, i), *warnings = json_at(d, "/warnings");
        for (size_t j = 0; j < json_count(warnings); j++, any = true)
            printf("%s  %s %s: %s\n", any ? "" : "\nwarnings:\n", text_of(c, d, "/title"),
                   text_of(c, d, "/slot"), text_of(c, json_item(warnings, j), "/text"));
    }
}

void plan_print_summary(struct command *c, const struct json *view, int64_t total)
{
    print_matches(c, view, total);
    print_copies(c, json_at(view, "/copies"));
    print_calls(c, json_at(view, "/calls"));
    print_warnings(c, json_at(view, "/deployments"));
}

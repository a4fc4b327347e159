#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

#define SELECTION_OPTIONS                                                                                    \
    {"access", "ACCESS", true, "only resources of this access"},                                             \
        {"product", "PRODUCT", true, "only this product (aliyun/cdn) or cloud (aws)"},                       \
        {"region", "REGION", true, "only in this region"},                                                   \
        {"resource", "RESOURCE", true, "only this resource: our id, the cloud's id, or its title"},          \
        {"domain", "NAME", true, "only where this name is served"},                                          \
        {"exclude", "WHAT", true, "leave out this resource, name, or ID/SLOT"},                              \
        {"add", "RESOURCE", true, "this resource besides what matches, even with HTTPS off"},                \
        {"replaces", "CERT", false, "only slots that hold this certificate now"},                            \
        {"accept", "WORD", true,                                                                             \
         "accept rows held for: lose-names, no-rollback, shorter, partial, expired, managed, full"},         \
        {"contact", "CONTACT", true, "who is to hear of the task: id or name, at most 10"},                  \
        {"allow-expiring", NULL, false, "deploy certificates that are about to expire, too"},                \
        {"owner", "OWNER", false,                                                                            \
         "whose budget of quota the task draws from; a certificate file is theirs"},                         \
        {"no-verify", NULL, false, "do not ask the entry points afterwards"},                                \
        {"sync", NULL, false, "synchronise resources first, however fresh they are"},                        \
    {                                                                                                        \
        "no-sync", NULL, false, "plan with the resources as they were last seen"                             \
    }

const struct option_def selection_options[] = {
    {"cert", "CERT", true, "certificate to deploy: id or name"},
    {"name", "NAME", false, "what to call the task"},
    {"dry-run", NULL, false, "print the preview and write nothing"},
    SELECTION_OPTIONS,
    {NULL, NULL, false, NULL},
};

const struct option_def task_update_options[] = {
    {"cert", "CERT", true, "these certificates instead: id or name"},
    {"name", "NAME", false, "what to call the task"},
    {"access", "ACCESS", true, "these accesses instead"},
    {"product", "PRODUCT", true, "these products or clouds instead"},
    {"region", "REGION", true, "these regions instead"},
    {"resource", "RESOURCE", true, "these resources instead: our id, the cloud's id, or the title"},
    {"domain", "NAME", true, "these names instead"},
    {"exclude", "WHAT", true, "leave out these instead: resource, name, or ID/SLOT"},
    {"replaces", "CERT", false, "only slots that hold this certificate now"},
    {"accept", "WORD", true, "these words instead: lose-names, no-rollback, shorter, partial, managed, full"},
    {"add", "RESOURCE", true, "this resource too, however it matches, even with HTTPS off"},
    {"remove", "WHAT", true, "no longer this resource, name, or ID/SLOT"},
    {"contact", "CONTACT", true, "these contacts instead"},
    {"no-contacts", NULL, false, "nobody is to hear of it"},
    {"allow-expiring", NULL, false, "deploy certificates that are about to expire, too"},
    {"no-verify", NULL, false, "do not ask the entry points afterwards"},
    {NULL, NULL, false, NULL},
};

const struct option_def deploy_options[] = {
    {"cert", "CERT", true, "certificate to deploy: id or name"},
    {"cert-file", "FILE", false, "or a certificate in PEM, imported first"},
    {"key-file", "FILE", false, "its private key"},
    {"chain-file", "FILE", false, "its intermediate certificates"},
    {"name", "NAME", false, "what to call the task"},
    {"dry-run", NULL, false, "print the preview and write nothing"},
    {"yes", NULL, false, "go ahead with the safe rows without asking"},
    {"wait", NULL, false, "wait for the outcome also when a server does the work"},
    {"canary", "N|N%", false, "first so many resources, or that share; the rest while all is well"},
    {"wave", "N|N%", true, "then so many, and so on; what remains is the last wave"},
    {"rollback-on", "VERDICT", false, "contradicted: such a deployment goes back by itself"},
    SELECTION_OPTIONS,
    {NULL, NULL, false, NULL},
};

const struct option_def page_options[] = {
    {"limit", "N", false, "at most N rows, 1000 at most; default 100"},
    {"before", "ID", false, "the page after the one that ended with ID"},
    {NULL, NULL, false, NULL},
};

const struct option_def task_list_options[] = {
    {"state", "STATE", false, "editing, pending, scheduling, processing, success, error or cancelled"},
    {"type", "TYPE", false, "user (in Alibaba Cloud alone) or cloud"},
    {"limit", "N", false, "at most N rows, 1000 at most; default 100"},
    {"before", "ID", false, "the page after the one that ended with ID"},
    {NULL, NULL, false, NULL},
};

const struct option_def task_show_options[] = {
    {"failed", NULL, false, "only deployments that did not succeed"},
    {NULL, NULL, false, NULL},
};

const struct option_def wait_options[] = {
    {"wait", NULL, false, "wait for the outcome also when a server does the work"},
    {NULL, NULL, false, NULL},
};

const struct option_def rollback_options[] = {
    {"yes", NULL, false, "roll back without asking"},
    {"accept", "WORD", true, "expired: go back to an expired certificate, too"},
    {"wait", NULL, false, "wait for the outcome also when a server does the work"},
    {NULL, NULL, false, NULL},
};

const struct option_def delete_options[] = {
    {"yes", NULL, false, "delete without asking"},
    {NULL, NULL, false, NULL},
};

static const char *option_texts(struct command *c, const char *name)
{
    size_t count;
    const char **texts = args_list(c->arena, &c->args, name, &count);
    return json_strings(c->arena, texts, count);
}

bool plan_selection(struct command *c, const char *const *certificates, size_t count,
                    const struct material_files *files, bool dry_run, const char **ret_body, struct err *err)
{
    static const char *const lists[] = {"access", "product", "region", "resource",
                                        "domain", "exclude", "add",    "accept"};
    struct buf body = buf_new(c->arena, 8 << 20);
    struct json_writer w = json_writer_to(&body);
    if (!count && !files)
        return err_set(err, ERR_INPUT, "give a certificate: --cert CERT%s",
                       strcmp(c->args.verb->words, "deploy") == 0 ? ", or --cert-file FILE --key-file FILE"
                                                                  : "");
    json_open_object(&w);
    json_member_raw(&w, "certificates", json_strings(c->arena, certificates, count));
    if (files) {
        json_member_string(&w, "cert", files->cert);
        json_member_string(&w, "key", files->key);
        json_member_string(&w, "chain", files->chain);
    }
    json_member_bool(&w, "dry_run", dry_run);
    if (args_get(&c->args, "name"))
        json_member_string(&w, "name", args_get(&c->args, "name"));
    if (args_get(&c->args, "owner"))
        json_member_string(&w, "owner", args_get(&c->args, "owner"));
    for (size_t i = 0; i < countof(lists); i++)
        json_member_raw(&w, lists[i], option_texts(c, lists[i]));
    json_member_raw(&w, "contacts", option_texts(c, "contact"));
    if (args_get(&c->args, "replaces"))
        json_member_string(&w, "replaces", args_get(&c->args, "replaces"));
    json_member_bool(&w, "allow_expiring", args_flag(&c->args, "allow-expiring"));
    json_member_bool(&w, "verify", !args_flag(&c->args, "no-verify"));
    json_close_object(&w);
    *ret_body = body.data;
    return true;
}

/* What the slot serves now: "until 2026-12-01: example.com"; the date first, as long names are cut. */
static const char *old_text(struct command *c, const struct json *deployment)
{
    const struct json *old = json_at(deployment, "/old");
    const char *until = json_str(json_at(old, "/0/not_after"), NULL);
    if (!json_count(old))
        return "-";
    if (json_count(old) > 1)
        return arena_printf(c->arena, "%zu certificates", json_count(old));
    int64_t ms = json_int(json_at(old, "/0/not_after_ms"), 0);
    const char *names = texts_join(c->arena, json_at(old, "/0/names"), 1);
    const char *date = until ? date_of(c->arena, until)
                       : ms  ? date_of(c->arena, time_iso(c->arena, ms))
                             : "?";
    return arena_printf(c->arena, "until %s: %s", date,
                        *names ? names : json_str(json_at(old, "/0/name"), "unknown"));
}

static const char *plan_text(struct command *c, const struct json *d)
{
    const char *undo = json_str(json_at(d, "/no_rollback"), NULL);
    if (json_bool(json_at(d, "/already_bound"), false))
        return "already bound";
    if (json_count(json_at(d, "/holds")) && strcmp(json_str(json_at(d, "/state"), ""), "held") == 0)
        return arena_printf(c->arena, "HELD: %s", texts_join(c->arena, json_at(d, "/holds"), 5));
    return undo ? arena_printf(c->arena, "cannot be undone: %s", undo) : "replace";
}

static void print_notes(struct command *c, const struct json *notes)
{
    for (size_t i = 0; i < json_count(notes); i++) {
        const struct json *note = json_item(notes, i);
        const char *title = json_str(json_at(note, "/title"), "");
        printf("  %s%s%s\n", text_clean_cut(c->arena, title, 0), *title ? ": " : "",
               text_clean_cut(c->arena, json_str(json_at(note, "/text"), ""), 0));
    }
}

void plan_print(struct command *c, const struct json *view)
{
    static const char *const headers[] = {"PRODUCT", "RESOURCE", "SLOT", "SERVES NOW", "PLAN", "WHY"};
    const struct json *deployments = json_at(view, "/deployments"), *notes = json_at(view, "/task/notes");
    struct table table = table_new(c->arena, headers, countof(headers));
    for (size_t i = 0; i < json_count(deployments); i++) {
        const struct json *d = json_item(deployments, i);
        table_add(&table, json_str(json_at(d, "/product"), ""));
        table_add(&table, json_str(json_at(d, "/title"), ""));
        table_add(&table, json_str(json_at(d, "/slot"), ""));
        table_add(&table, old_text(c, d));
        table_add(&table, plan_text(c, d));
        table_add(&table, json_str(json_at(d, "/reason"), ""));
    }
    int64_t total = json_int(json_at(view, "/task/deployments/total"), 0);
    if (total)
        table_print(&table);
    if (total > (int64_t)json_count(deployments))
        printf("and %lld more\n", (long long)(total - (int64_t)json_count(deployments)));
    plan_print_summary(c, view, total);
    quota_print_need(c, json_at(view, "/quota"));
    if (json_count(notes))
        printf("\nnotes:\n");
    print_notes(c, notes);
    fflush(stdout);
}

int64_t plan_count(struct command *c, const struct json *view, const char *state)
{
    return json_int(json_at(view, arena_printf(c->arena, "/task/deployments/%s", state)), 0);
}

int plan_exit_code(struct command *c, const struct json *view)
{
    if (!plan_count(c, view, "total"))
        return EXIT_NO_MATCH;
    if (json_int(json_at(view, "/quota/missing"), 0))
        return EXIT_STOPPED;
    return plan_count(c, view, "held") ? EXIT_PARTLY : EXIT_DONE;
}

bool plan_confirm(struct command *c, const struct json *view)
{
    int64_t ready = plan_count(c, view, "planned");
    if (json_int(json_at(view, "/quota/missing"), 0)) {
        command_note(c, "nothing was done: the quota does not suffice; %s",
                     text_clean_cut(c->arena, json_str(json_at(view, "/quota/advice"), ""), 0));
        return false;
    }
    if (!ready || args_flag(&c->args, "yes") ||
        command_confirm(c, arena_printf(c->arena, "deploy to %lld slots?", (long long)ready)))
        return true;
    command_note(c, "nothing was done; --yes goes ahead without asking");
    return false;
}

int verb_task_create(struct command *c)
{
    size_t count;
    const char **certificates = args_list(c->arena, &c->args, "cert", &count);
    bool dry_run = args_flag(&c->args, "dry-run");
    const char *body = NULL;
    const struct json *view;
    struct err err = {0};
    if (!plan_selection(c, certificates, count, NULL, dry_run, &body, &err)) {
        command_fail(c, &err);
        return EXIT_MISUSE;
    }
    bool refresh = !dry_run && !args_flag(&c->args, "no-sync");
    if ((refresh && !inventory_refresh(c, args_flag(&c->args, "sync"), &err)) ||
        !command_call(c, "POST", "/api/v1/tasks", body, &view, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        command_print_json(c, view);
    else
        plan_print(c, view);
    if (!dry_run)
        command_note(c, "task %lld is made; start it with: certferry task submit %lld",
                     (long long)json_int(json_at(view, "/task/id"), 0),
                     (long long)json_int(json_at(view, "/task/id"), 0));
    return plan_exit_code(c, view);
}

static bool call_task(struct command *c, const char *method, const char *verb, const char *body,
                      const struct json **ret, struct err *err)
{
    return command_call(c, method, path_of(c, "tasks", c->args.arguments[0], verb), body, ret, err);
}

int verb_task_preview(struct command *c)
{
    const struct json *view;
    struct err err = {0};
    if (!call_task(c, "POST", "/preview", NULL, &view, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        command_print_json(c, view);
    else
        plan_print(c, view);
    return plan_exit_code(c, view);
}

/* Lists that were not given stay as they are. */
int verb_task_update(struct command *c)
{
    static const char *const lists[] = {"access",  "product", "region", "resource", "domain",
                                        "exclude", "accept",  "add",    "remove"};
    struct buf body = buf_new(c->arena, 8 << 20);
    struct json_writer w = json_writer_to(&body);
    const struct json *view;
    struct err err = {0};
    size_t count;
    json_open_object(&w);
    if (args_get(&c->args, "name"))
        json_member_string(&w, "name", args_get(&c->args, "name"));
    for (size_t i = 0; i < countof(lists); i++) {
        (void)args_list(c->arena, &c->args, lists[i], &count);
        if (count)
            json_member_raw(&w, lists[i], option_texts(c, lists[i]));
    }
    (void)args_list(c->arena, &c->args, "cert", &count);
    if (count)
        json_member_raw(&w, "certificates", option_texts(c, "cert"));
    (void)args_list(c->arena, &c->args, "contact", &count);
    if (count || args_flag(&c->args, "no-contacts"))
        json_member_raw(&w, "contacts",
                        args_flag(&c->args, "no-contacts") ? "[]" : option_texts(c, "contact"));
    if (args_get(&c->args, "replaces"))
        json_member_string(&w, "replaces", args_get(&c->args, "replaces"));
    if (args_flag(&c->args, "allow-expiring"))
        json_member_bool(&w, "allow_expiring", true);
    if (args_flag(&c->args, "no-verify"))
        json_member_bool(&w, "verify", false);
    json_close_object(&w);
    if (!call_task(c, "PATCH", "", body.data, &view, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        command_print_json(c, view);
    else
        plan_print(c, view);
    return plan_exit_code(c, view);
}

static void print_task_line(struct command *c, struct table *table, const struct json *task)
{
    const struct json *counts = json_at(task, "/deployments");
    table_add(table, json_text(c->arena, json_at(task, "/id"), ""));
    table_add(table, json_str(json_at(task, "/name"), ""));
    const char *label = json_str(json_at(task, "/paused"), NULL)          ? " (paused)"
                        : json_bool(json_at(task, "/rolled_back"), false) ? " (rolled back)"
                                                                          : "";
    table_add(table, arena_printf(c->arena, "%s%s", json_str(json_at(task, "/state"), ""), label));
    table_add(table, json_text(c->arena, json_at(counts, "/total"), ""));
    table_add(table, json_text(c->arena, json_at(counts, "/success"), ""));
    table_add(table, json_text(c->arena, json_at(counts, "/error"), ""));
    table_add(table, json_text(c->arena, json_at(counts, "/held"), ""));
    table_add(table, date_of(c->arena, json_str(json_at(task, "/created"), NULL)));
}

static const char *const task_headers[] = {"ID",      "NAME",  "STATE", "DEPLOYMENTS",
                                           "SUCCESS", "ERROR", "HELD",  "MADE"};

static void print_list(struct command *c, const struct json *answer)
{
    struct table table = table_new(c->arena, task_headers, countof(task_headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++)
        print_task_line(c, &table, json_item(items, i));
    table_print(&table);
}

int verb_task_list(struct command *c)
{
    const char *state = args_get(&c->args, "state"), *type = args_get(&c->args, "type"),
               *limit = args_get(&c->args, "limit"), *before = args_get(&c->args, "before");
    const char *path =
        arena_printf(c->arena, "/api/v1/tasks?state=%s&type=%s&limit=%s&before=%s",
                     state ? url_encode(c->arena, state) : "", type ? url_encode(c->arena, type) : "",
                     limit ? url_encode(c->arena, limit) : "", before ? url_encode(c->arena, before) : "");
    return command_show(c, "GET", path, print_list);
}

static const char *outcome_text(struct command *c, const struct json *d)
{
    const char *cause = json_str(json_at(d, "/cause/text"), NULL),
               *verdict = json_str(json_at(d, "/verdict"), NULL);
    if (json_bool(json_at(d, "/already_bound"), false))
        return "already bound";
    if (cause)
        return arena_printf(c->arena, "%s: %s", json_str(json_at(d, "/cause/kind"), ""), cause);
    if (verdict && strcmp(verdict, "not verified") == 0)
        return "delivered, not verified";
    return verdict ? verdict : json_str(json_at(d, "/step"), "");
}

struct rows {
    const struct json **items;
    size_t count, capacity;
};

static void print_deployments(struct command *c, const struct rows *rows)
{
    static const char *const headers[] = {"DEPLOYMENT", "PRODUCT", "RESOURCE", "SLOT", "STATE", "OUTCOME"};
    struct table table = table_new(c->arena, headers, countof(headers));
    for (size_t i = 0; i < rows->count; i++) {
        const struct json *d = rows->items[i];
        table_add(&table, json_text(c->arena, json_at(d, "/id"), ""));
        table_add(&table, json_str(json_at(d, "/product"), ""));
        table_add(&table, json_str(json_at(d, "/title"), ""));
        table_add(&table, json_str(json_at(d, "/slot"), ""));
        table_add(&table, json_str(json_at(d, "/state"), ""));
        table_add(&table, outcome_text(c, d));
    }
    table_print(&table);
}

static void print_causes(struct command *c, const struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct json *d = rows->items[i], *cause = json_at(d, "/cause");
        const char *advice = json_str(json_at(cause, "/advice"), NULL),
                   *code = json_str(json_at(cause, "/code"), ""),
                   *text = json_str(json_at(cause, "/text"), "");
        if (!json_is_object(cause) || json_bool(json_at(d, "/already_bound"), false))
            continue;
        bool told = !*code || strstr(text, code) != NULL;
        printf("\n%s %s %s\n  %s%s%s%s\n", json_text(c->arena, json_at(d, "/id"), ""),
               json_str(json_at(d, "/product"), ""),
               text_clean_cut(c->arena, json_str(json_at(d, "/title"), ""), 0),
               text_clean_cut(c->arena, text, 0), told ? "" : " (",
               told ? "" : text_clean_cut(c->arena, code, 0), told ? "" : ")");
        if (advice)
            printf("  %s\n", text_clean_cut(c->arena, advice, 0));
    }
}

static bool is_failed(const struct json *deployment)
{
    const char *state = json_str(json_at(deployment, "/state"), "");
    return strcmp(state, "error") == 0 || strcmp(state, "rollback_error") == 0 || strcmp(state, "held") == 0;
}

static bool load_deployments(struct command *c, const char *id, struct rows *ret, struct err *err)
{
    bool failed = args_flag(&c->args, "failed");
    int64_t after = 0;
    do {
        const struct json *page;
        const char *path =
            arena_printf(c->arena, "%s?limit=1000%s", path_of(c, "tasks", id, "/deployments"),
                         after ? arena_printf(c->arena, "&before=%lld", (long long)after) : "");
        if (!command_call(c, "GET", path, NULL, &page, err))
            return false;
        const struct json *items = json_at(page, "/items");
        for (size_t i = 0; i < json_count(items); i++) {
            if (failed && !is_failed(json_item(items, i)))
                continue;
            const struct json **row =
                arena_push(c->arena, (void **)&ret->items, &ret->count, &ret->capacity, sizeof *row);
            *row = json_item(items, i);
        }
        after = json_int(json_at(page, "/next"), 0);
    } while (after);
    return true;
}

/* "contacts: ops, dev", where the task has some. */
static bool print_contacts(struct command *c, const char *id, const struct json *task, struct err *err)
{
    const struct json *answer;
    struct buf names = buf_new(c->arena, 64 << 10);
    if (!json_count(json_at(task, "/selection/contacts")))
        return true;
    if (!command_call(c, "GET", path_of(c, "tasks", id, "/contacts"), NULL, &answer, err))
        return false;
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++)
        buf_printf(&names, "%s%s", i ? ", " : "",
                   text_clean_cut(c->arena, json_str(json_at(json_item(items, i), "/name"), ""), 0));
    printf("contacts: %s\n", names.data ? names.data : "");
    return true;
}

static void print_json_rows(struct command *c, const struct json *task, const struct rows *rows)
{
    printf("{\"task\":%s,\"deployments\":[", json_dump(c->arena, task));
    for (size_t i = 0; i < rows->count; i++)
        printf("%s%s", i ? "," : "", json_dump(c->arena, rows->items[i]));
    printf("]}\n");
}

static bool load_task(struct command *c, const char *id, const struct json **ret_task, struct rows *ret_rows,
                      struct err *err)
{
    return command_call(c, "GET", path_of(c, "tasks", id, ""), NULL, ret_task, err) &&
           load_deployments(c, id, ret_rows, err);
}

void run_print_json(struct command *c, const char *id)
{
    const struct json *task;
    struct rows rows = {0};
    struct err err = {0};
    if (load_task(c, id, &task, &rows, &err))
        print_json_rows(c, task, &rows);
    else
        (void)command_fail(c, &err);
}

int verb_task_show(struct command *c)
{
    const struct json *task;
    struct rows rows = {0};
    struct err err = {0};
    if (!load_task(c, c->args.arguments[0], &task, &rows, &err))
        return command_fail(c, &err);
    if (c->globals.json) {
        print_json_rows(c, task, &rows);
        return EXIT_DONE;
    }
    struct table table = table_new(c->arena, task_headers, countof(task_headers));
    print_task_line(c, &table, task);
    table_print(&table);
    quota_print_sums(c, json_at(task, "/quota"));
    if (!print_contacts(c, c->args.arguments[0], task, &err))
        return command_fail(c, &err);
    const char *waits = task_waits_text(c, task);
    if (waits)
        printf("%s\n", waits);
    putchar('\n');
    print_deployments(c, &rows);
    print_causes(c, &rows);
    const struct json *notes = args_flag(&c->args, "failed") ? NULL : json_at(task, "/notes");
    if (json_count(notes))
        printf("\nnotes:\n");
    print_notes(c, notes);
    return EXIT_DONE;
}

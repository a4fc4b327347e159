#include "cli/table.h"
#include "cli/verb.h"
#include <stdio.h>
#include <string.h>

const struct option_def resource_sync_options[] = {
    {"access", "ACCESS", true, "only this access; default: all"},
    {"product", "PRODUCT", true, "only this product, such as aliyun/cdn"},
    {NULL, NULL, false, NULL},
};

const struct option_def resource_list_options[] = {
    {"access", "ACCESS", false, "only of this access"},
    {"product", "PRODUCT", false, "only of this product, such as aws/alb"},
    {"region", "REGION", false, "only in this region"},
    {"text", "TEXT", false, "id, title or a name holds this text"},
    {"domain", "NAME", false, "serves this name"},
    {"certificate", "CERT", false, "serves this certificate of ours"},
    {"missing", NULL, false, "also what the cloud no longer lists"},
    {"limit", "N", false, "at most N rows, 1000 at most; default 100"},
    {"before", "ID", false, "the page after the one that ended with ID"},
    {NULL, NULL, false, NULL},
};

static const char *joined(struct arena *a, const struct json *texts)
{
    const char *list = "";
    for (size_t i = 0; i < json_count(texts); i++)
        list = arena_printf(a, "%s%s%s", list, i ? ", " : "", json_str(json_item(texts, i), ""));
    return *list ? list : "-";
}

static void print_products(struct command *c, const struct json *answer)
{
    static const char *const headers[] = {"PRODUCT",           "TITLE",         "REGIONS", "SNI",
                                          "FIRST CERTIFICATE", "NEVER TRIED ON"};
    struct table table = table_new(c->arena, headers, countof(headers));
    const struct json *items = json_at(answer, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *product = json_item(items, i);
        table_add(&table, json_str(json_at(product, "/code"), ""));
        table_add(&table, json_str(json_at(product, "/title"), ""));
        table_add(&table,
                  json_bool(json_at(product, "/capabilities/regional"), false) ? "regional" : "global");
        table_add(&table, json_bool(json_at(product, "/capabilities/sni"), false) ? "yes" : "-");
        table_add(&table, json_bool(json_at(product, "/capabilities/first_deployment"), false)
                              ? "yes"
                              : "set it in the cloud's console");
        table_add(&table, joined(c->arena, json_at(product, "/never_tried_on")));
    }
    table_print(&table);
}

int verb_product_list(struct command *c)
{
    return command_show(c, "GET", "/api/v1/products", print_products);
}

struct sync_state {
    struct command *c;
    long long listings, failed, resources;
    bool done;
    struct err problem;
};

static bool sync_event(void *context, const char *event, const struct json *data)
{
    struct sync_state *state = context;
    struct command *c = state->c;
    if (strcmp(event, "progress") == 0) {
        const struct json *listing = json_at(data, "/listing");
        const char *error = json_str(json_at(listing, "/error"), NULL),
                   *region = json_str(json_at(listing, "/region"), NULL);
        const char *product = json_str(json_at(listing, "/product"), "");
        if (error)
            command_note(c, "%s%s%s: %s", product, region ? " " : "", region ? region : "",
                         text_clean_cut(c->arena, error, 0));
        else if (json_int(json_at(listing, "/resources"), 0))
            command_note(c, "%s%s%s: %lld resources", product, region ? " " : "", region ? region : "",
                         (long long)json_int(json_at(listing, "/resources"), 0));
        return true;
    }
    if (strcmp(event, "problem") == 0) {
        err_set(&state->problem, err_kind_of_name(json_str(json_at(data, "/kind"), "internal")), "%s",
                json_str(json_at(data, "/detail"), ""));
        return false;
    }
    state->done = true;
    state->listings = json_int(json_at(data, "/listings"), 0);
    state->failed = json_int(json_at(data, "/failed"), 0);
    state->resources = json_int(json_at(data, "/resources"), 0);
    return false;
}

static bool run_sync(struct command *c, const char *body, struct sync_state *state, struct err *err)
{
    *state = (struct sync_state){.c = c};
    if (!command_events(c, "POST", "/api/v1/resources/sync", body, sync_event, state, err))
        return false;
    if (state->done)
        return true;
    if (*state->problem.text)
        *err = state->problem;
    else
        err_set(err, ERR_NETWORK, "the synchronisation was interrupted: what was found is kept");
    return false;
}

static const char *filter_body(struct command *c)
{
    size_t access_count, product_count;
    const char **access = args_list(c->arena, &c->args, "access", &access_count);
    const char **product = args_list(c->arena, &c->args, "product", &product_count);
    return json_format(c->arena, "{'access':%p,'product':%p}", json_strings(c->arena, access, access_count),
                       json_strings(c->arena, product, product_count));
}

int verb_resource_sync(struct command *c)
{
    struct sync_state state;
    struct err err = {0};
    if (!run_sync(c, filter_body(c), &state, &err))
        return command_fail(c, &err);
    if (c->globals.json)
        puts(json_format(c->arena, "{'listings':%lld,'failed':%lld,'resources':%lld}", state.listings,
                         state.failed, state.resources));
    else
        printf("%lld resources found in %lld listings, %lld failed\n", state.resources, state.listings,
               state.failed);
    if (!state.listings)
        command_note(c, "no access yet: certferry help access add");
    return !state.failed ? EXIT_DONE : state.failed == state.listings ? EXIT_FAILED : EXIT_PARTLY;
}

/* Whether any access was never synchronised, or not within the last quarter of an hour. */
static bool is_stale(struct command *c, bool *ret, struct err *err)
{
    const struct json *accesses, *syncs;
    int64_t oldest = INT64_MAX, now = clock_wall_ms(&clock_system);
    if (!command_call(c, "GET", "/api/v1/accesses?limit=1000", NULL, &accesses, err) ||
        !command_call(c, "GET", "/api/v1/syncs", NULL, &syncs, err))
        return false;
    const struct json *items = json_at(accesses, "/items"), *rows = json_at(syncs, "/items");
    for (size_t i = 0; i < json_count(items); i++) {
        int64_t id = json_int(json_at(json_item(items, i), "/id"), 0), newest = 0;
        for (size_t k = 0; k < json_count(rows); k++) {
            int64_t at = 0;
            const char *finished = json_str(json_at(json_item(rows, k), "/finished"), NULL);
            struct err ignored;
            if (json_int(json_at(json_item(rows, k), "/access"), 0) == id && finished &&
                time_parse(finished, &at, &ignored))
                newest = int64_max(newest, at);
        }
        oldest = int64_min(oldest, newest);
    }
    *ret = oldest != INT64_MAX && now - oldest > 15 * 60 * 1000;
    return true;
}

bool inventory_refresh(struct command *c, bool always, struct err *err)
{
    struct sync_state state;
    bool stale = always;
    if (!always && !is_stale(c, &stale, err))
        return false;
    if (!stale)
        return true;
    command_note(c, "synchronising resources ...");
    size_t count;
    const char **access = args_list(c->arena, &c->args, "access", &count);
    const char *body = json_format(c->arena, "{'access':%p}", json_strings(c->arena, access, count));
    if (!run_sync(c, body, &state, err))
        return err_add(err, "synchronise");
    if (state.failed)
        command_note(c,
                     "warning: %lld of %lld listings failed; what they hold is planned as it was last seen",
                     state.failed, state.listings);
    return true;
}

static bool certificate_id(struct command *c, const char *name, const char **ret, struct err *err)
{
    const struct json *answer;
    if (!command_call(c, "GET", path_of(c, "certificates", name, ""), NULL, &answer, err))
        return false;
    *ret = json_text(c->arena, json_at(answer, "/id"), "");
    return true;
}

/* "2026-12-05, sni 2026-12-01": until when the default serves, and the others. */
static const char *slots_text(struct command *c, const struct json *resource)
{
    const struct json *slots = json_at(resource, "/slots");
    struct buf out = buf_new(c->arena, 4096);
    for (size_t i = 0; i < json_count(slots) && i < 3; i++) {
        const struct json *slot = json_item(slots, i);
        const char *until = json_str(json_at(slot, "/not_after"), NULL),
                   *code = json_str(json_at(slot, "/slot"), "");
        bool named = !until || strcmp(code, "default") != 0;
        buf_printf(&out, "%s%s%s%s", i ? ", " : "", named ? code : "", named && until ? " " : "",
                   date_of(c->arena, until));
    }
    if (json_count(slots) > 3)
        buf_printf(&out, " and %zu more", json_count(slots) - 3);
    return json_bool(json_at(resource, "/https"), false) ? out.data : "HTTPS off";
}

static const char *names_text(struct command *c, const struct json *resource)
{
    const struct json *names = json_at(resource, "/names");
    struct buf out = buf_new(c->arena, 4096);
    for (size_t i = 0; i < json_count(names) && i < 2; i++)
        buf_printf(&out, "%s%s", i ? ", " : "", json_str(json_at(json_item(names, i), "/name"), ""));
    if (json_count(names) > 2)
        buf_printf(&out, " and %zu more", json_count(names) - 2);
    return out.data;
}

static const char *note_text(const struct json *resource)
{
    const char *managed = json_str(json_at(resource, "/managed_by"), NULL);
    if (json_bool(json_at(resource, "/missing"), false))
        return "no longer listed";
    return managed ? managed : json_str(json_at(resource, "/unfit"), "");
}

static void print_resources(struct command *c, const struct json *items)
{
    static const char *const headers[] = {"ID",    "PRODUCT",      "REGION", "RESOURCE",
                                          "NAMES", "SERVES UNTIL", "NOTE"};
    struct table table = table_new(c->arena, headers, countof(headers));
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *r = json_item(items, i);
        table_add(&table, json_text(c->arena, json_at(r, "/id"), ""));
        table_add(&table, json_str(json_at(r, "/product"), ""));
        table_add(&table, json_str(json_at(r, "/region"), "-"));
        table_add(&table, json_str(json_at(r, "/title"), ""));
        table_add(&table, names_text(c, r));
        table_add(&table, slots_text(c, r));
        table_add(&table, note_text(r));
    }
    table_print(&table);
}

static void print_resource_page(struct command *c, const struct json *answer)
{
    print_resources(c, json_at(answer, "/items"));
    if (!json_is_null(json_at(answer, "/next")))
        command_note(c, "more: --before %lld", (long long)json_int(json_at(answer, "/next"), 0));
}

int verb_resource_list(struct command *c)
{
    static const struct {
        const char *option, *parameter;
    } filters[] = {{"access", "access"}, {"product", "product"}, {"region", "region"}, {"text", "text"},
                   {"domain", "name"},   {"limit", "limit"},     {"before", "before"}};
    struct buf path = buf_new(c->arena, 1 << 16);
    struct err err = {0};
    const char *certificate = args_get(&c->args, "certificate"), *id = NULL;
    if (certificate && !certificate_id(c, certificate, &id, &err))
        return command_fail(c, &err);
    buf_printf(&path, "/api/v1/resources?certificate=%s&missing=%s", id ? id : "",
               json_boolean(args_flag(&c->args, "missing")));
    for (size_t i = 0; i < countof(filters); i++)
        if (args_get(&c->args, filters[i].option))
            buf_printf(&path, "&%s=%s", filters[i].parameter,
                       url_encode(c->arena, args_get(&c->args, filters[i].option)));
    return command_show(c, "GET", path.data, print_resource_page);
}

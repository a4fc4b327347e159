#include "cloud/wire.h"

#include "base/file.h"
#include "base/test.h"
#include <stdlib.h>

/* Every declared call against the vendors' models (tests/data/operations.json): operation, version, method, path, host,
 * parameters and their positions, paging; as declared, and as rendered.
 */

struct suite {
    struct arena *arena;
    const struct json *operations;
};

static const char *text_at(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

static int load(void **state)
{
    struct arena *a = arena_new(256 << 20);
    struct suite *s = arena_make(a, struct suite);
    const struct json *v = NULL;
    char *text = NULL;
    size_t size = 0;
    struct err err = {0};
    if (!file_read(a, DATA_DIR "/operations.json", 4 << 20, &text, &size, &err) ||
        !json_parse(a, text, size, &v, &err))
        fail_msg("%s", err.text);
    *s = (struct suite){a, json_at(v, "/operations")};
    *state = s;
    return 0;
}

static int unload(void **state)
{
    struct suite *s = *state;
    arena_free(s->arena);
    return 0;
}

static const struct json *model_of(const struct suite *s, const char *cloud, const struct call *c)
{
    for (size_t i = 0; i < json_count(s->operations); i++) {
        const struct json *o = json_item(s->operations, i);
        if (strcmp(text_at(o, "/cloud"), cloud) == 0 && strcmp(text_at(o, "/service"), c->service) == 0 &&
            strcmp(text_at(o, "/operation"), c->operation) == 0 &&
            strcmp(text_at(o, "/path"), c->path) == 0 &&
            (!*c->version || strcmp(text_at(o, "/version"), c->version) == 0))
            return o;
    }
    return NULL;
}

/* Whether a host fits a pattern in which {word} stands for one label. */
static bool host_fits(const char *pattern, const char *host)
{
    while (*pattern && *host) {
        if (*pattern == '{') {
            pattern += strcspn(pattern, "}") + 1;
            host += strcspn(host, ".");
        } else if (*pattern++ != *host++)
            return false;
    }
    return *pattern == *host;
}

/* "A[].B" as the model spells it for this style: AWS query lists are "A.member[].B". */
static bool same_parameter(const struct call *c, const char *declared, const char *modelled)
{
    const char *d = declared, *m = modelled;
    while (*d || *m) {
        if (c->style == CALL_AWS_QUERY && strncmp(d, "[]", 2) == 0 && strncmp(m, ".member[]", 9) == 0)
            m += 7;
        if (*d++ != *m++)
            return false;
    }
    return true;
}

static bool position_fits(const struct call *c, const char *in, bool body)
{
    switch (c->style) {
    case CALL_RPC_QUERY:
        return strcmp(in, "query") == 0;
    case CALL_RPC_FORM:
        return strcmp(in, "form") == 0;
    case CALL_RPC_V1:
        return strcmp(in, "query") == 0 || strcmp(in, "form") == 0; /* V1 takes them together in either */
    case CALL_TC3:
    case CALL_AWS_JSON:
        return strcmp(in, "json") == 0;
    case CALL_AWS_QUERY:
    case CALL_AWS_EC2:
        return strcmp(in, "form") == 0;
    case CALL_AWS_REST_XML:
    case CALL_OSS:
        return strcmp(in, "query") == 0;
    case CALL_REST_JSON:
        return strcmp(in, body ? "json" : "query") == 0;
    }
    return false;
}

static bool is_body(const struct call *c, const char *name)
{
    return c->style == CALL_REST_JSON && (strncmp(name, "body.", 5) == 0 || strncmp(name, "body[", 5) == 0);
}

/* "body.x" is "x" in the model, "body[].x" is "[].x". */
static const char *below_body(const char *name)
{
    return name + (name[4] == '.' ? 5 : 4);
}

/* A declared parameter is in the model at its place. "X.*" stands for whatever is below X. */
static void check_parameter(struct arena *a, const struct json *model, const struct call *c,
                            const char *declared)
{
    bool body = is_body(c, declared);
    const char *name = body ? below_body(declared) : declared;
    size_t size = strlen(name);
    if (size > 2 && strcmp(name + size - 2, ".*") == 0)
        name = arena_copy(a, name, size - 2);
    const struct json *request = json_at(model, "/request");
    for (size_t i = 0; i < json_count(request); i++) {
        const struct json *p = json_item(request, i);
        if (same_parameter(c, name, text_at(p, "/name"))) {
            if (!position_fits(c, text_at(p, "/in"), body))
                fail_msg("%s %s: %s belongs into %s", c->service, c->operation, name, text_at(p, "/in"));
            return;
        }
    }
    fail_msg("%s %s has no parameter %s", c->service, c->operation, name);
}

/* What the call may send: its parameters, and those of its pages. */
static const char **declared_of(struct arena *a, const struct call *c, size_t *ret_count)
{
    const char *lists[] = {c->parameters, c->page.position, c->page.size};
    const char **out = NULL;
    size_t capacity = 0;
    *ret_count = 0;
    for (size_t i = 0; i < countof(lists); i++)
        for (const char *p = lists[i] ? lists[i] : ""; *p; p += strspn(p, " ")) {
            size_t size = strcspn(p, " ");
            *(const char **)arena_push(a, (void **)&out, ret_count, &capacity, sizeof *out) =
                arena_copy(a, p, size);
            p += size;
        }
    return out;
}

/* What the model demands is declared, comes from the path, or is sent by the style itself. */
static void check_required(struct arena *a, const struct json *model, const struct call *c)
{
    size_t count;
    const char **declared = declared_of(a, c, &count);
    const struct json *request = json_at(model, "/request");
    for (size_t i = 0; i < json_count(request); i++) {
        const struct json *p = json_item(request, i);
        const char *name = text_at(p, "/name"), *in = text_at(p, "/in");
        bool nested = strchr(name, '.') != NULL;
        if (!json_bool(json_at(p, "/required"), false) || nested || strcmp(in, "path") == 0 ||
            strcmp(in, "header") == 0 || strcmp(in, "xml") == 0 || strcmp(in, "host") == 0 ||
            strcmp(name, "Action") == 0 || strcmp(name, "Version") == 0)
            continue;
        size_t stem = strcspn(name, "[");
        bool found = false;
        for (size_t d = 0; d < count; d++) {
            const char *own = is_body(c, declared[d]) ? below_body(declared[d]) : declared[d];
            found |= strncmp(own, name, stem) == 0 && (!own[stem] || own[stem] == '[' || own[stem] == '.');
        }
        if (!found)
            fail_msg("%s %s needs %s", c->service, c->operation, name);
    }
}

static bool answers(struct arena *a, const struct json *model, const char *pointer, const char *suffix)
{
    char *name = arena_strdup(a, *pointer == '/' ? pointer + 1 : pointer);
    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '.';
    name = arena_printf(a, "%s%s", name, suffix);
    const struct json *response = json_at(model, "/response");
    for (size_t i = 0; i < json_count(response); i++) {
        const char *field = text_at(json_item(response, i), "/name"),
                   *root = text_at(model, "/response_root");
        size_t skip = json_bool(json_at(model, "/response_root_in_names"), false) ? strlen(root) + 1 : 0;
        if (strcmp(text_at(model, "/style"), "oss") == 0) /* named from the document element on */
            skip = strcspn(field, ".") + 1;
        if (strcmp(field, name) == 0 || (strlen(field) > skip && strcmp(field + skip, name) == 0))
            return true;
    }
    return false;
}

static void check_paging(struct arena *a, const struct json *model, const struct call *c)
{
    const struct page_rule *rule = &c->page;
    if (rule->items && !answers(a, model, rule->items, "[]"))
        fail_msg("%s %s does not answer %s", c->service, c->operation, rule->items);
    if (rule->total && !answers(a, model, rule->total, ""))
        fail_msg("%s %s does not answer %s", c->service, c->operation, rule->total);
    if (rule->next && !answers(a, model, rule->next, ""))
        fail_msg("%s %s does not answer %s", c->service, c->operation, rule->next);
    if (rule->position)
        check_parameter(a, model, c, rule->position);
    int64_t most = json_int(json_at(model, "/paging/size_max"), 0);
    if (rule->size)
        check_parameter(a, model, c, rule->size);
    if (rule->size && most && rule->size_value > most)
        fail_msg("%s %s: pages of %u, allowed %lld", c->service, c->operation, rule->size_value,
                 (long long)most);
}

/* An object with a value for each of these paths ("A[].B"): what a call may send at the most. */
static char *example(struct arena *a, const char **paths, size_t count)
{
    struct buf out = buf_new(a, 1 << 20);
    buf_putc(&out, '{');
    for (size_t i = 0; i < count; i++) {
        size_t size = strcspn(paths[i], ".[");
        bool seen = false, list = strncmp(paths[i] + size, "[]", 2) == 0;
        for (size_t j = 0; j < i; j++)
            seen |= strncmp(paths[j], paths[i], size) == 0 && strcspn(paths[j], ".[") == size;
        if (seen || !size)
            continue;
        const char **below = arena_array(a, const char *, count + 1);
        size_t below_count = 0;
        for (size_t j = i; j < count; j++) {
            const char *rest = paths[j] + size;
            bool same = strncmp(paths[j], paths[i], size) == 0 && strcspn(paths[j], ".[") == size;
            rest += same && strncmp(rest, "[]", 2) == 0 ? 2 : 0;
            if (same && *rest == '.' && strcmp(rest, ".*") != 0)
                below[below_count++] = rest + 1;
        }
        const char *value = below_count ? example(a, below, below_count) : "\"x\"";
        buf_printf(&out, "%s\"%.*s\":%s%s%s", out.size > 1 ? "," : "", (int)size, paths[i], list ? "[" : "",
                   value, list ? "]" : "");
    }
    buf_putc(&out, '}');
    return out.data;
}

static char *without_indices(struct arena *a, const struct call *c, const char *name)
{
    const char *mark = c->style == CALL_AWS_QUERY ? ".member.1" : ".1";
    char *out = arena_strdup(a, name);
    for (char *p; (p = strstr(out, mark));)
        out = arena_printf(a, "%.*s[]%s", (int)(p - out), out, p + strlen(mark));
    return out;
}

/* What really goes out in query or form has a name of the model. */
static void check_sent(struct arena *a, const struct json *model, const struct call *c, const char *encoded)
{
    struct pairs sent = {0};
    struct err err;
    if (!query_parse(a, encoded, strlen(encoded), false, 1000, &sent, &err))
        fail_msg("%s: %s", c->operation, err.text);
    for (size_t i = 0; i < sent.count; i++) {
        char *name = without_indices(a, c, sent.items[i].name);
        bool repeated = c->style == CALL_REST_JSON && !strchr(name, '[');
        const struct json *request = json_at(model, "/request");
        bool found = false;
        for (size_t j = 0; j < json_count(request) && !found; j++) {
            const char *known = text_at(json_item(request, j), "/name");
            found = same_parameter(c, name, known) ||
                    (repeated && same_parameter(c, arena_printf(a, "%s[]", name), known));
        }
        if (!found)
            fail_msg("%s %s sends %s", c->service, c->operation, sent.items[i].name);
    }
}

/* Some services have two sites instead of regions. */
static const char *region_for(const struct json *model)
{
    const struct json *hosts = json_at(model, "/hosts");
    for (size_t i = 0; i < json_count(hosts); i++)
        if (strchr(json_str(json_item(hosts, i), ""), '{'))
            return "xx-north-1";
    return "cn-hangzhou";
}

static void check_rendered(struct arena *a, const struct vendor *v, const struct json *model,
                           const struct call *c)
{
    size_t count;
    const char **declared = declared_of(a, c, &count);
    struct pairs path = {0}, parameters = {0};
    for (const char *p = c->path; (p = strchr(p, '{')); p++)
        pairs_add(a, &path, arena_copy(a, p + 1, strcspn(p + 1, "}")), "value/with *");
    pairs_add(a, &path, "bucket", "one-bucket");
    pairs_add(a, &path, "apiserver", "apiserver"); /* an endpoint of the job's, put in its place later */
    bool regional = strstr(c->host, "{region}") || c->regional_header;
    bool document = (c->style == CALL_AWS_REST_XML || c->style == CALL_OSS) && strcmp(c->method, "GET") != 0;
    struct wire_input in = {.vendor = v,
                            .call = c,
                            .site = strcmp(v->cloud, "aws") == 0 ? "international" : "china",
                            .region = regional ? region_for(model) : "",
                            .arguments = example(a, declared, count),
                            .document = document ? "<x/>" : NULL,
                            .path = &path};
    struct wire w = {0};
    struct err err;
    if (!wire_render(a, &in, &w, &parameters, &err))
        fail_msg("%s %s: %s", c->service, c->operation, err.text);
    bool fits = false;
    for (size_t i = 0; i < json_count(json_at(model, "/hosts")); i++)
        fits |= host_fits(json_str(json_item(json_at(model, "/hosts"), i), ""), w.host);
    if (!fits)
        fail_msg("%s %s is not served by %s", c->service, c->operation, w.host);
    assert_null(strchr(w.path, '{'));
    check_sent(a, model, c, w.query);
    bool form = strncmp(wire_header_value(&w, "content-type"), "application/x-www-form", 22) == 0;
    check_sent(a, model, c, form ? w.body : query_format(a, &parameters));
    const char *wanted_type = text_at(model, "/content_type");
    if (c->style == CALL_REST_JSON && *wanted_type && w.body_size)
        assert_string_equal(wire_header_value(&w, "content-type"), wanted_type);
    const char *target = wire_header_value(&w, "x-amz-target");
    if (*target)
        assert_string_equal(arena_printf(a, "X-Amz-Target: %s", target), text_at(model, "/action_header"));
    if (c->style == CALL_TC3 && strcmp(text_at(model, "/region_header"), "none") == 0)
        assert_false(c->regional_header);
}

static bool method_fits(const struct json *model, const char *method)
{
    const struct json *others = json_at(model, "/gateway_methods");
    bool fits = strcmp(text_at(model, "/http_method"), method) == 0;
    for (size_t i = 0; i < json_count(others); i++)
        fits |= strcmp(json_str(json_item(others, i), ""), method) == 0;
    return fits;
}

static void check_call(const struct suite *s, const struct vendor *v, const struct call *c)
{
    struct arena *a = s->arena;
    const struct json *model = model_of(s, v->cloud, c);
    if (!model)
        fail_msg("%s has no %s %s %s %s", v->cloud, c->service, c->operation, c->version, c->path);
    if (!method_fits(model, c->method))
        fail_msg("%s %s is called by %s", c->service, c->operation, text_at(model, "/http_method"));
    const char *sign = text_at(model, "/sign_service");
    if (*sign)
        assert_string_equal(sign, c->sign_service ? c->sign_service : c->service);
    size_t count;
    const char **declared = declared_of(a, c, &count);
    for (size_t i = 0; i < count; i++)
        check_parameter(a, model, c, declared[i]);
    check_required(a, model, c);
    check_paging(a, model, c);
    check_rendered(a, v, model, c);
}

static void R_every_call_of_a_vendor_agrees_with_its_model(void **state)
{
    const struct suite *s = *state;
    for (size_t i = 0; vendors[i]; i++) {
        assert_non_null(vendors[i]->calls);
        for (size_t j = 0; vendors[i]->calls[j]; j++)
            check_call(s, vendors[i], vendors[i]->calls[j]);
        assert_non_null(vendors[i]->clean_calls);
        for (size_t j = 0; vendors[i]->clean_calls[j]; j++)
            check_call(s, vendors[i], vendors[i]->clean_calls[j]);
    }
}

static void R_every_call_of_a_product_agrees_with_its_model(void **state)
{
    const struct suite *s = *state;
    for (size_t i = 0; products[i]; i++) {
        const struct vendor *v = vendor_find(products[i]->cloud);
        assert_non_null(v);
        assert_non_null(products[i]->calls);
        for (size_t j = 0; products[i]->calls[j]; j++)
            check_call(s, v, products[i]->calls[j]);
    }
}

static void R_every_product_is_complete_and_found_by_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; products[i]; i++) {
        const struct product *p = products[i];
        char code[64];
        snprintf(code, sizeof code, "%s/%s", p->cloud, p->name);
        assert_string_equal(code, p->code);
        assert_ptr_equal(product_find(code), p);
        assert_true(p->discover && p->read && p->upload && p->bind && (p->store_for || p->vendor_store));
        assert_true(p->global == !p->regions);
        assert_true(p->consistency_ms > 0 && p->settle_ms > 0 && p->poll_ms > 0 && p->propagation_ms > 0);
    }
    assert_null(product_find("aliyun/none"));
}

static void R_a_parameter_that_is_not_declared_is_never_sent(void **state)
{
    const struct suite *s = *state;
    static const char *const wrong[] = {"{\"Other\":1}", "{\"Name\":{\"Deep\":1}}",
                                        "{\"List\":[{\"Id\":1,\"Other\":2}]}", "{\"List\":[1]}"};
    static const struct call c = {.service = "cdn",
                                  .operation = "X",
                                  .method = "POST",
                                  .host = "h",
                                  .path = "/",
                                  .version = "1",
                                  .style = CALL_RPC_QUERY,
                                  .parameters = "Name List[].Id"};
    for (size_t i = 0; i < countof(wrong); i++) {
        struct wire_input in = {.vendor = vendors[0],
                                .call = &c,
                                .site = "china",
                                .region = "",
                                .arguments = wrong[i]};
        struct wire w = {0};
        struct pairs parameters = {0};
        struct err err;
        assert_false(wire_render(s->arena, &in, &w, &parameters, &err));
        assert_int_equal(err.kind, ERR_INTERNAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_every_call_of_a_vendor_agrees_with_its_model),
        cmocka_unit_test(R_every_call_of_a_product_agrees_with_its_model),
        cmocka_unit_test(R_every_product_is_complete_and_found_by_its_code),
        cmocka_unit_test(R_a_parameter_that_is_not_declared_is_never_sent),
    };
    return cmocka_run_group_tests(tests, load, unload);
}

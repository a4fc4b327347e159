/* Who may what: every route, by every role, everywhere, in a group and kept to an owner, on objects of its own and of
 * others. The walk is made from the route table, so that a route without a decision fails here.
 */
#include "api/authority.h"

#include "api/test_court.h"
#include "base/test.h"
#include <string.h>

static const char *const object_words[] = {"ours", "theirs", "absent"};

#define assert_done(c, call)                                                                                 \
    do {                                                                                                     \
        if (!(call))                                                                                         \
            fail_msg("%s: %s", #call, (c)->err.text);                                                        \
    } while (0)

#define court_test(f) cmocka_unit_test_setup_teardown(f, court_begin, court_end)

/* As much of the surface as authorising looks at. */
static struct api *api_of(struct court *c)
{
    struct api *api = arena_make(c->a, struct api);
    api->parts = (struct api_parts){.store = c->store, .clock = c->clock};
    return api;
}

static const char *text_of(struct court *c, enum object_kind kind, int whose)
{
    const int64_t *ids[] =
        {[OBJECT_CERTIFICATE] = c->certificate, [OBJECT_ACCESS] = c->access, [OBJECT_RESOURCE] = c->resource,
         [OBJECT_RESOURCE_BY_ID] = c->resource, [OBJECT_TASK] = c->task,     [OBJECT_PUSH] = c->push};
    return whose == ABSENT ? "9" : arena_printf(c->a, "%lld", (long long)ids[kind][whose]);
}

/* The body that names, in each member that names an object, the one given; *ret_named whether there is such a member. */
static const struct json *body_of(struct court *c, const struct field *fields, int whose, bool *ret_named)
{
    struct buf text = buf_new(c->a, 1 << 16);
    struct json_writer w = json_writer_to(&text);
    const struct json *body;
    json_open_object(&w);
    for (; fields && fields->name; fields++) {
        if (fields->names == OBJECT_NONE)
            continue;
        const char *one = text_of(c, fields->names, whose);
        *ret_named = true;
        if (fields->type == FIELD_TEXTS)
            json_member_raw(&w, fields->name, json_strings(c->a, &one, 1));
        else
            json_member_string(&w, fields->name, one);
    }
    json_close_object(&w);
    assert_done(c, json_parse(c->a, text.data, text.size, &body, &c->err));
    return body;
}

static struct request request_of(struct court *c, const struct route *route, const struct caller *caller,
                                 int whose, bool *ret_named)
{
    struct http_exchange *x = arena_make(c->a, struct http_exchange);
    struct request rq = {.api = api_of(c), .arena = c->a, .exchange = x, .caller = *caller};
    size_t arg = 0;
    x->arena = c->a;
    *ret_named = false;
    rq.body = route->fields ? body_of(c, route->fields, whose, ret_named) : NULL;
    for (const char *p = strchr(route->path, '{'); p; p = strchr(p + 1, '{')) {
        enum object_kind kind = OBJECT_NONE;
        assert_true(placeholder_kind(p, &kind));
        *ret_named |= kind != OBJECT_NONE;
        rq.args[arg++] = kind == OBJECT_NONE ? "9" : text_of(c, kind, whose);
    }
    return rq;
}

/* What has to come of it, said in this test's own words. */
static enum err_kind expected(const struct route *route, enum role role, enum where where, bool may_export,
                              int whose, bool named)
{
    static const struct {
        enum role least;
        bool everywhere, house, export;
    } rules[] = {
        [RIGHT_VIEW] = {ROLE_VIEWER, false, false, false},
        [RIGHT_OPERATE] = {ROLE_OPERATOR, false, false, false},
        [RIGHT_APPROVE] = {ROLE_APPROVER, false, false, false},
        [RIGHT_ADMINISTER] = {ROLE_ADMIN, false, false, false},
        [RIGHT_OPERATE_ALL] = {ROLE_OPERATOR, true, false, false},
        [RIGHT_ADMINISTER_ALL] = {ROLE_ADMIN, true, false, false},
        [RIGHT_OVERSEE] = {ROLE_VIEWER, true, true, false},
        [RIGHT_GOVERN] = {ROLE_ADMIN, true, true, false},
        [RIGHT_EXPORT] = {ROLE_VIEWER, false, false, true},
    };
    if (route->right == RIGHT_SELF || route->right == RIGHT_ANYBODY)
        return ERR_NONE;
    bool refused =
        role < rules[route->right].least || (rules[route->right].everywhere && where == IN_GROUP) ||
        (rules[route->right].house && where == IN_OWNER) || (rules[route->right].export && !may_export);
    if (refused)
        return ERR_PERMISSION;
    /* Who sees all is told what is not there by the handler itself. */
    return named && where != IN_HOUSE && whose != OURS ? ERR_NOT_FOUND : ERR_NONE;
}

/* A certificate belongs to an owner and to no access: members of a group see it. */
static bool names_certificates_alone(const struct route *route)
{
    bool others = strstr(route->path, "{access}") || strstr(route->path, "{task}") ||
                  strstr(route->path, "{resource}") || strstr(route->path, "{push}");
    for (const struct field *f = route->fields; f && f->name; f++)
        others |= f->names != OBJECT_NONE && f->names != OBJECT_CERTIFICATE;
    return !others;
}

static void walk(struct court *c, const struct route *route, const struct caller *caller, enum where where)
{
    enum role role = caller->highest;
    bool may_export = caller->may_export;
    for (int whose = OURS; whose < OBJECTS; whose++) {
        bool named;
        struct err err = {0};
        struct request rq = request_of(c, route, caller, whose, &named);
        bool allowed = authorise(&rq, route, &err);
        enum err_kind wanted = expected(route, role, where, may_export, whose, named);
        if (wanted == ERR_NOT_FOUND && where == IN_GROUP && whose == THEIRS &&
            names_certificates_alone(route))
            wanted = ERR_NONE;
        if (allowed != (wanted == ERR_NONE) || err.kind != wanted)
            fail_msg("%s %s as %s, where %d, on %s: %s \"%s\", not %s", route->method, route->path,
                     role_name(role), where, object_words[whose], err_kind_name(err.kind), err.text,
                     err_kind_name(wanted));
    }
}

static void every_route_by_every_role_on_every_object(void **state)
{
    struct court *c = *state;
    for (enum role role = ROLE_VIEWER; role <= ROLE_ADMIN; role++)
        for (enum where where = IN_HOUSE; where < WHERES; where++) {
            struct caller caller = court_caller(c, role, where, role == ROLE_OPERATOR);
            for (size_t i = 0; i < route_count; i++)
                walk(c, &routes[i], &caller, where);
        }
}

static void every_route_has_a_decision_and_every_placeholder_a_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];
        enum object_kind kind;
        if (r->right == RIGHT_UNDECIDED || r->right >= RIGHT_COUNT)
            fail_msg("%s %s takes no right", r->method, r->path);
        for (const char *p = strchr(r->path, '{'); p; p = strchr(p + 1, '{')) {
            if (!placeholder_kind(p, &kind))
                fail_msg("%s: what is %s?", r->path, p);
            bool all = right_rules[r->right].everywhere || strcmp(r->method, "GET") == 0;
            if (kind == OBJECT_NONE && !all)
                fail_msg("%s %s: who may change what belongs to the house?", r->method, r->path);
        }
    }
}

/* Reading takes a viewer; what changes something does not leave it at that, but for what only computes and the doors,
 * which ask for a token or a password themselves.
 */
static void what_changes_something_takes_more_than_looking(void **state)
{
    static const char *const computes[] = {"/api/v1/policies", "/api/v1/setup", "/api/v1/session"};
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];
        bool only_computes = false;
        for (size_t k = 0; k < countof(computes); k++)
            only_computes |= strcmp(r->path, computes[k]) == 0;
        if (strcmp(r->method, "GET") != 0 && !only_computes && r->right != RIGHT_EXPORT &&
            r->right != RIGHT_SELF && right_rules[r->right].role < ROLE_OPERATOR)
            fail_msg("%s %s is for viewers", r->method, r->path);
        if (strstr(r->path, "/export") && r->right != RIGHT_EXPORT)
            fail_msg("%s %s exports without the right", r->method, r->path);
    }
}

static void a_route_without_a_decision_is_refused_to_all(void **state)
{
    struct court *c = *state;
    struct route undecided = {"GET", "/api/v1/status", NULL, ON_LOOP, NULL, RIGHT_UNDECIDED};
    struct caller callers[] = {caller_local(), court_caller(c, ROLE_ADMIN, IN_HOUSE, true)};
    for (size_t i = 0; i < countof(callers); i++) {
        bool named;
        struct request rq = request_of(c, &undecided, &callers[i], OURS, &named);
        assert_false(authorise(&rq, &undecided, &c->err));
        assert_int_equal(c->err.kind, ERR_PERMISSION);
    }
}

static const struct route *route_at(const char *method, const char *path)
{
    for (size_t i = 0; i < route_count; i++)
        if (strcmp(routes[i].method, method) == 0 && strcmp(routes[i].path, path) == 0)
            return &routes[i];
    fail_msg("there is no %s %s", method, path);
    return NULL;
}

static bool asks(struct court *c, const struct caller *caller, const char *method, const char *path,
                 const char *arg, const char *body)
{
    const struct route *route = route_at(method, path);
    struct http_exchange x = {.arena = c->a};
    struct request rq = {.api = api_of(c), .arena = c->a, .exchange = &x, .caller = *caller, .args = {arg}};
    if (body)
        assert_done(c, json_parse(c->a, body, strlen(body), &rq.body, &c->err));
    c->err = (struct err){0};
    return authorise(&rq, route, &c->err);
}

static void what_reaches_into_this_machine_takes_an_admin_over_all(void **state)
{
    struct court *c = *state;
    struct caller group = court_caller(c, ROLE_ADMIN, IN_GROUP, false),
                  owner = court_caller(c, ROLE_ADMIN, IN_OWNER, false),
                  house = court_caller(c, ROLE_ADMIN, IN_HOUSE, false);
    static const char *const bodies[] = {"{\"secret_command\":\"/bin/x\"}", "{\"machine\":true}",
                                         "{\"ca_file\":\"/etc/shadow\"}",
                                         "{\"gateway\":\"http://127.0.0.1\"}",
                                         "{\"proxy\":\"http://127.0.0.1\"}"};
    assert_true(asks(c, &group, "PATCH", "/api/v1/accesses/{access}", "ours", "{\"read_only\":true}"));
    for (size_t i = 0; i < countof(bodies); i++) {
        assert_false(asks(c, &group, "PATCH", "/api/v1/accesses/{access}", "ours", bodies[i]));
        assert_int_equal(c->err.kind, ERR_PERMISSION);
        assert_false(asks(c, &owner, "POST", "/api/v1/accesses", NULL, bodies[i]));
        assert_true(asks(c, &house, "PATCH", "/api/v1/accesses/{access}", "ours", bodies[i]));
    }
}

static void who_may_not_use_all_accesses_names_some(void **state)
{
    struct court *c = *state;
    struct caller group = court_caller(c, ROLE_OPERATOR, IN_GROUP, false),
                  house = court_caller(c, ROLE_OPERATOR, IN_HOUSE, false);
    static const char *const all[] = {"{\"certificates\":[\"ours\"]}",
                                      "{\"certificates\":[\"ours\"],\"access\":[]}"};
    for (size_t i = 0; i < countof(all); i++) {
        assert_true(asks(c, &house, "POST", "/api/v1/tasks", NULL, all[i]));
        assert_false(asks(c, &group, "POST", "/api/v1/tasks", NULL, all[i]));
        assert_int_equal(c->err.kind, ERR_INPUT);
    }
    assert_true(asks(c, &group, "POST", "/api/v1/tasks", NULL,
                     "{\"certificates\":[\"ours\"],\"access\":[\"ours\"]}"));
    assert_false(asks(c, &group, "POST", "/api/v1/resources/sync", NULL, "{}"));
    assert_true(asks(c, &group, "PATCH", "/api/v1/tasks/{task}", "ours", "{\"name\":\"x\"}"));
    assert_false(asks(c, &group, "PATCH", "/api/v1/tasks/{task}", "ours", "{\"access\":[]}"));
    /* a name could mean somebody else's resource by the time the plan is made again */
    assert_false(asks(c, &group, "PATCH", "/api/v1/tasks/{task}", "ours", "{\"add\":[\"ours\"]}"));
    assert_true(asks(c, &group, "PATCH", "/api/v1/tasks/{task}", "ours",
                     arena_printf(c->a, "{\"add\":[\"%lld\"]}", (long long)c->resource[OURS])));
}

static void a_task_that_may_come_to_use_every_access_is_out_of_a_group_s_sight(void **state)
{
    struct court *c = *state;
    struct caller group = court_caller(c, ROLE_ADMIN, IN_GROUP, false);
    court_task(c, "all", "{\"certificates\":[\"ours\"]}", 0);
    assert_false(asks(c, &group, "GET", "/api/v1/tasks/{task}", "all", NULL));
    assert_int_equal(c->err.kind, ERR_NOT_FOUND);
    /* added by somebody who may */
    court_task(c, "two", "{\"certificates\":[\"ours\"],\"access\":[\"ours\"]}", c->access[THEIRS]);
    assert_false(asks(c, &group, "GET", "/api/v1/tasks/{task}", "two", NULL));
    assert_int_equal(c->err.kind, ERR_NOT_FOUND);
}

static void what_is_out_of_sight_is_answered_as_what_is_not_there(void **state)
{
    struct court *c = *state;
    struct caller group = court_caller(c, ROLE_VIEWER, IN_GROUP, false);
    static const char *const paths[] = {"/api/v1/accesses/{access}", "/api/v1/tasks/{task}",
                                        "/api/v1/resources/{resource}", "/api/v1/pushes/{push}"};
    const int64_t foreign[] = {c->access[THEIRS], c->task[THEIRS], c->resource[THEIRS], c->push[THEIRS]};
    for (size_t i = 0; i < countof(paths); i++) {
        const char *id = arena_printf(c->a, "%lld", (long long)foreign[i]);
        const char *none = arena_printf(c->a, "%lld", (long long)foreign[i] + 1000000);
        assert_false(asks(c, &group, "GET", paths[i], id, NULL));
        const char *told = arena_strdup(c->a, c->err.text);
        assert_non_null(strstr(told, id));
        assert_false(asks(c, &group, "GET", paths[i], none, NULL));
        assert_int_equal(strlen(told), strlen(c->err.text));
        assert_memory_equal(told, c->err.text, strlen("there is no "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        court_test(every_route_by_every_role_on_every_object),
        cmocka_unit_test(every_route_has_a_decision_and_every_placeholder_a_kind),
        cmocka_unit_test(what_changes_something_takes_more_than_looking),
        court_test(a_route_without_a_decision_is_refused_to_all),
        court_test(what_reaches_into_this_machine_takes_an_admin_over_all),
        court_test(who_may_not_use_all_accesses_names_some),
        court_test(a_task_that_may_come_to_use_every_access_is_out_of_a_group_s_sight),
        court_test(what_is_out_of_sight_is_answered_as_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

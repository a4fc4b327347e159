/* The API over a real store and a Unix socket: what it takes, what it refuses, and what an answer never holds. */
#include "api/api.h"

#include "api/problem.h"
#include "base/test.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "net/test_support.h"
#include "store/test_support.h"
#include <pthread.h>

struct surface {
    struct yard *y;
    struct gate *gate;
    struct cloud *cloud;
    struct loop *loop;
    struct api *api;
    struct http_server *server;
    struct test_server *sts; /* answers as the caller identity of `account`; "": one for each key id */
    const char *account;
    const char *socket;
    pthread_t thread;
    struct minted ca;
};

struct answer {
    long status;
    const struct json *json;
    const char *text;
};

static void say_who(void *context, int fd, unsigned number)
{
    struct surface *s = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    (void)number;
    const char *request = test_read_answer(a, fd), *account = s->account;
    if (!*request)
        return;
    if (!*account)
        account = strstr(request, "LTAI2") ? "of LTAI2" : "of LTAI1";
    const char *body =
        arena_printf(a, "{\"AccountId\":\"%s\",\"Arn\":\"acs:ram::%s:user/x\"}", account, account);
    test_write(fd, arena_printf(a, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                                strlen(body), body));
}

static void *run_loop(void *context)
{
    loop_run(context);
    return NULL;
}

static int surface_begin(void **state)
{
    struct surface *s = calloc(1, sizeof *s);
    void *yard;
    if (!s || yard_begin(&yard) != 0)
        return -1;
    struct yard *y = s->y = yard;
    s->socket = bench_path(y->b, "socket");
    s->account = "77";
    s->sts = test_server_start(say_who, s);
    s->ca = bench_mint(y->b, NULL, (struct mint_request){.common_name = "Test CA", .ca = true});
    assert_ok(y, gate_open(&s->gate, &y->err));
    assert_ok(y, cloud_open(y->s, s->gate, &clock_system, &s->cloud, &y->err));
    assert_ok(y, loop_new(&clock_system, &s->loop, &y->err));
    struct api_parts parts = {.store = y->s,
                              .cloud = s->cloud,
                              .gate = s->gate,
                              .clock = &y->clock.clock,
                              .loop = s->loop,
                              .version = "test"};
    assert_ok(y, api_open(&parts, &s->api, &y->err));
    struct http_listen listen = {.unix_path = s->socket};
    assert_ok(y, http_server_open(s->loop, &listen, &clock_system, api_handle, s->api, &s->server, &y->err));
    assert_int_equal(pthread_create(&s->thread, NULL, run_loop, s->loop), 0);
    *state = s;
    return 0;
}

static int surface_end(void **state)
{
    struct surface *s = *state;
    void *yard = s->y;
    api_drain(s->api);
    loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    http_server_close(s->server);
    s->api = api_close(s->api);
    s->loop = loop_free(s->loop);
    s->cloud = cloud_close(s->cloud);
    s->gate = gate_close(s->gate);
    test_server_stop(s->sts);
    free(s);
    return yard_end(&yard);
}

#define surface_test(f) cmocka_unit_test_setup_teardown(f, surface_begin, surface_end)

static struct answer ask(struct surface *s, const char *method, const char *path, const char *body)
{
    struct http_request request = {.method = method,
                                   .url = arena_printf(s->y->a, "http://localhost/api/v1%s", path),
                                   .body = body,
                                   .body_size = body ? strlen(body) : 0,
                                   .unix_socket = s->socket,
                                   .addresses = {.allow_loopback = true}};
    struct http_answer http;
    struct answer answer = {0};
    assert_ok(s->y, gate_send(s->gate, s->y->a, &request, &http, &s->y->err));
    answer.status = http.status;
    answer.text = http.body;
    assert_ok(s->y, json_parse(s->y->a, http.body, http.body_size, &answer.json, &s->y->err));
    return answer;
}

static const char *member(const struct answer *answer, const char *pointer)
{
    return json_str(json_at(answer->json, pointer), "");
}

static void assert_problem(const struct answer *answer, long status, const char *kind, const char *words)
{
    if (answer->status != status || strcmp(member(answer, "/kind"), kind) != 0 ||
        !strstr(member(answer, "/detail"), words))
        fail_msg("%ld %s, not %ld %s \"%s\"", answer->status, answer->text, status, kind, words);
    assert_int_equal(json_int(json_at(answer->json, "/status"), 0), status);
}

static struct minted leaf_of(struct surface *s, const char *name)
{
    return bench_mint(s->y->b, &s->ca,
                      (struct mint_request){.names = &name, .name_count = 1, .key_type = KEY_ECDSA});
}

static const char *import_body(struct surface *s, const struct minted *leaf, const char *name)
{
    const char *chain =
        arena_printf(s->y->a, "%s%s", x509_pem(s->y->a, &leaf->cert), x509_pem(s->y->a, &s->ca.cert));
    return json_format(s->y->a, "{'cert':%s,'key':%s,'name':%s}", chain, secret_bytes(leaf->key), name);
}

static const char *access_body(struct surface *s, const char *name, const char *more)
{
    return arena_printf(
        s->y->a,
        "{\"cloud\":\"aliyun\",\"name\":\"%s\",\"key_id\":\"LTAI1\",\"secret\":\"TopSecret01\","
        "\"gateway\":\"http://127.0.0.1:%u\"%s}",
        name, test_server_port(s->sts), more);
}

static void bodies_that_break_a_rule_are_refused_with_the_member_named(void **state)
{
    struct surface *s = *state;
    static const struct {
        const char *path, *body, *words;
    } cases[] = {
        {"/certificates", "[]", "must be a JSON object"},
        {"/certificates", "{", "bad JSON"},
        {"/certificates", "{\"cert\":1}", "\"cert\" must be a string"},
        {"/certificates", "{\"key\":[\"x\"],\"cert\":\"x\"}", "\"key\" must be a string"},
        {"/certificates", "{\"cert\":\"a\\u0000b\"}", "NUL"},
        {"/certificates", "{\"cert\":\"\xff\"}", "not UTF-8"},
        {"/certificates", "{\"cert\":\"a\",\"cert\":\"b\"}", "stands twice"},
        {"/certificates", "{\"kind\":\"official\"}", "unknown member \"kind\""},
        {"/certificates", "{}", "give a certificate"},
        {"/certificates", "{\"cert\":\"a\",\"pkcs12\":\"b\"}", "give a certificate"},
        {"/certificates", "{\"pkcs12\":\"%%\"}", "pkcs12"},
        {"/tasks", "{\"certificates\":[\"1\"],\"allow_expiring\":1}", "must be true or false"},
        {"/tasks", "{\"certificates\":[\"1\"],\"allow_expiring\":\"true\"}", "must be true or false"},
        {"/tasks", "{\"certificates\":\"1\"}", "a list of strings"},
        {"/tasks", "{\"certificates\":[1]}", "a list of strings"},
        {"/tasks", "{\"certificates\":[\"1\"],\"name\":\"17\"}", "could not be told from an id"},
        {"/tasks/1/submit", "{\"version\":1.5}", "a whole number"},
        {"/tasks/1/submit", "{\"version\":\"1\"}", "a whole number"},
        {"/tasks/1/cancel", "{}", "takes no body"},
        {"/tasks/1/rollback", "{\"deployments\":[\"1x\"]}", "no deployment id"},
        {"/tasks/1/rollback", "{\"deployments\":[\" 1\"]}", "no deployment id"},
        {"/tasks/1/rollback", "{\"deployments\":[\"-1\"]}", "no deployment id"},
        {"/verify", "{}", "\"name\" is missing"},
        {"/verify", "{\"name\":null}", "\"name\" is missing"},
        {"/verify", "{\"name\":\"a.example.com:99999\"}", "port"},
        {"/verify", "{\"name\":\"a.example.com\",\"gateway\":\"gopher://127.0.0.1\"}", "gateway"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct answer answer = ask(s, "POST", cases[i].path, cases[i].body);
        assert_problem(&answer, 400, "input", cases[i].words);
    }
    char *deep = arena_alloc(s->y->a, 4001);
    memset(deep, '[', 4000);
    struct answer answer = ask(s, "POST", "/certificates", deep);
    assert_problem(&answer, 400, "input", "nested too deeply");
}

static void paths_and_queries_that_mean_nothing_find_nothing(void **state)
{
    struct surface *s = *state;
    static const struct {
        const char *method, *path;
        long status;
        const char *kind, *words;
    } cases[] = {
        {"GET", "/nothing", 404, "not_found", "no such address"},
        {"GET", "/accesses/", 404, "not_found", "no such address"},
        {"GET", "/accesses/..", 404, "not_found", "no access"},
        {"GET", "/accesses/%C0%AF", 404, "not_found", "no access"},
        {"PUT", "/accesses", 405, "input", "not served"},
        {"GET", "/resources/12abc", 404, "not_found", "12abc"},
        {"GET", "/resources/-1", 404, "not_found", "-1"},
        {"GET", "/resources/99999999999999999999", 404, "not_found", "9999"},
        {"GET", "/resources?certificate=12abc", 400, "input", "certificate"},
        {"GET", "/resources?limit=0", 400, "input", "from 1 to 1000"},
        {"GET", "/resources?limit=1001", 400, "input", "from 1 to 1000"},
        {"GET", "/resources?before=99999999999999999999", 400, "input", "?before="},
        {"GET", "/resources?name=%2E%2E", 400, "input", "?name="},
        {"GET", "/resources?access=nobody", 404, "not_found", "nobody"},
        {"GET", "/resources?product=no/such", 400, "input", "no/such"},
        {"GET", "/tasks?state=done", 400, "input", "editing"},
        {"GET", "/tasks/7/deployments", 404, "not_found", "\"7\""},
        {"GET", "/tasks/7/events", 404, "not_found", "\"7\""},
        {"DELETE", "/certificates/nobody", 404, "not_found", "nobody"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct answer answer = ask(s, cases[i].method, cases[i].path, NULL);
        assert_problem(&answer, cases[i].status, cases[i].kind, cases[i].words);
    }
}

static void an_imported_certificate_is_listed_exported_and_deleted(void **state)
{
    struct surface *s = *state;
    struct minted leaf = leaf_of(s, "a.example.com");
    struct answer first = ask(s, "POST", "/certificates", import_body(s, &leaf, NULL));
    assert_int_equal(first.status, 201);
    assert_string_equal(member(&first, "/certificate/name"), "a.example.com");
    assert_string_equal(member(&first, "/certificate/kind"), "uploaded");
    assert_null(strstr(first.text, "PRIVATE"));

    struct answer again = ask(s, "POST", "/certificates", import_body(s, &leaf, "other"));
    assert_int_equal(again.status, 200);
    assert_true(json_bool(json_at(again.json, "/already"), false));
    assert_int_equal(json_int(json_at(again.json, "/certificate/id"), 1),
                     json_int(json_at(first.json, "/certificate/id"), 2));

    struct answer pem = ask(s, "POST", "/certificates/a.example.com/export", "{\"format\":\"pem\"}");
    assert_string_equal(member(&pem, "/key"), secret_bytes(leaf.key));
    assert_string_equal(member(&pem, "/chain"), "");
    assert_non_null(strstr(member(&pem, "/roots"), "BEGIN CERTIFICATE"));
    struct answer refused = ask(s, "POST", "/certificates/a.example.com/export", "{\"format\":\"pkcs12\"}");
    assert_problem(&refused, 400, "input", "needs a password");
    refused = ask(s, "POST", "/certificates/a.example.com/export", "{\"format\":\"jks\"}");
    assert_problem(&refused, 400, "input", "pem, der or pkcs12");

    assert_int_equal(ask(s, "DELETE", "/certificates/a.example.com", NULL).status, 200);
    assert_int_equal(ask(s, "DELETE", "/certificates/a.example.com", NULL).status, 404);
}

static void a_certificate_s_name_is_told_from_ids_and_paths(void **state)
{
    struct surface *s = *state;
    struct minted leaf = leaf_of(s, "b.example.com");
    struct answer answer = ask(s, "POST", "/certificates", import_body(s, &leaf, "a/b"));
    assert_problem(&answer, 400, "input", "slash");
    answer = ask(s, "POST", "/certificates", import_body(s, &leaf, "2026"));
    assert_problem(&answer, 400, "input", "could not be told from an id");
}

static void R103_lists_are_newest_first_and_paged_by_a_cursor(void **state)
{
    struct surface *s = *state;
    for (int i = 1; i <= 5; i++)
        assert_int_equal(
            ask(s, "POST", "/accesses", access_body(s, arena_printf(s->y->a, "a%d", i), "")).status, 201);
    int64_t before = 0;
    int seen = 5;
    for (int page = 0; page < 3; page++) {
        const char *cursor = before ? arena_printf(s->y->a, "&before=%lld", (long long)before) : "";
        struct answer answer = ask(s, "GET", arena_printf(s->y->a, "/accesses?limit=2%s", cursor), NULL);
        const struct json *items = json_at(answer.json, "/items");
        assert_int_equal(json_count(items), page < 2 ? 2 : 1);
        for (size_t i = 0; i < json_count(items); i++)
            assert_string_equal(json_str(json_at(json_item(items, i), "/name"), ""),
                                arena_printf(s->y->a, "a%d", seen--));
        before = json_int(json_at(answer.json, "/next"), 0);
        assert_true((before != 0) == (page < 2));
    }
}

static void accesses_that_break_a_rule_are_refused(void **state)
{
    struct surface *s = *state;
    static const struct {
        const char *members, *words;
    } cases[] = {
        {"\"cloud\":\"azure\"", "aliyun, tencent, aws or huawei"},
        {"\"name\":\"\"", "the name is empty"},
        {"\"name\":\"a b\"", "blanks"},
        {"\"name\":\"a/b\"", "slash"},
        {"\"name\":\"123\"", "could not be told from an id"},
        {"\"key_id\":\"a\\r\\nX: y\"", "the key id"},
        {"\"secret\":\"\"", "the secret is empty"},
        {"\"secret\":\"hush hush\"", "the secret must not hold"},
        {"\"session_token\":\"hush\\r\\nX: y\"", "the session token must not hold"},
        {"\"site\":\"moon\"", "china or international"},
        {"\"regions\":[\"cn hangzhou\"]", "is no region"},
        {"\"regions\":[\"\"]", "is no region"},
        {"\"gateway\":\"http://10.0.0.1\"", "plain http"},
        {"\"gateway\":\"http://127.0.0.1.example.com\"", "plain http"},
        {"\"gateway\":\"http://127.0.0.1:80/path\"", "no path"},
        {"\"gateway\":\"ftp://127.0.0.1\"", "gateway"},
        {"\"proxy\":\"http://u:hush@127.0.0.1:1\"", "proxy"},
        {"\"proxy\":\"http://127.0.0.1:1\",\"gateway\":\"http://127.0.0.1:2\"", "not both"},
        {"\"ca_file\":\"ca.pem\"", "absolute path"},
        {"\"calls_per_second\":-1", "from 0 to 100000"},
        {"\"calls_per_second\":\"9\"", "a number"},
        {"\"read_only\":\"yes\"", "true or false"},
    };
    static const struct {
        const char *name, *text;
    } usual[] = {{"cloud", "aliyun"}, {"name", "n"}, {"key_id", "k"}, {"secret", "s"}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct buf body = buf_new(s->y->a, 4096);
        buf_printf(&body, "{%s", cases[i].members);
        for (size_t k = 0; k < countof(usual); k++)
            if (!strstr(cases[i].members, arena_printf(s->y->a, "\"%s\"", usual[k].name)))
                buf_printf(&body, ",\"%s\":\"%s\"", usual[k].name, usual[k].text);
        buf_puts(&body, "}");
        struct answer answer = ask(s, "POST", "/accesses", body.data);
        assert_problem(&answer, 400, "input", cases[i].words);
        assert_null(strstr(answer.text, "hush"));
    }
    struct answer list = ask(s, "GET", "/accesses", NULL);
    assert_int_equal(json_count(json_at(list.json, "/items")), 0);
}

static void R60_no_answer_about_an_access_holds_its_secret(void **state)
{
    struct surface *s = *state;
    struct answer answers[] = {
        ask(s, "POST", "/accesses", access_body(s, "main", ",\"session_token\":\"TopSecret02\"")),
        ask(s, "GET", "/accesses", NULL),
        ask(s, "GET", "/accesses/main", NULL),
        ask(s, "POST", "/accesses/main/check", NULL),
        ask(s, "PATCH", "/accesses/main", "{\"secret\":\"TopSecret03\"}"),
        ask(s, "PATCH", "/accesses/main", "{\"read_only\":true}"),
        ask(s, "DELETE", "/accesses/main", NULL),
    };
    for (size_t i = 0; i < countof(answers); i++) {
        assert_true(answers[i].status < 300);
        assert_null(strstr(answers[i].text, "TopSecret"));
    }
}

static void a_key_pair_of_another_account_is_refused(void **state)
{
    struct surface *s = *state;
    struct access_row row;
    const char *pair = "{\"key_id\":\"LTAI2\",\"secret\":\"TopSecret04\"}";
    assert_int_equal(ask(s, "POST", "/accesses", access_body(s, "main", "")).status, 201);
    assert_int_equal(ask(s, "POST", "/accesses/main/check", NULL).status, 200);
    s->account = "88";
    struct answer answer = ask(s, "PATCH", "/accesses/main", pair);
    assert_problem(&answer, 409, "conflict", "account 88");
    assert_ok(s->y, store_access_find(s->y->db, s->y->a, "main", &row, &s->y->err));
    assert_string_equal(row.key_id, "LTAI1");
    answer = ask(s, "PATCH", "/accesses/main", "{\"key_id\":\"LTAI2\"}");
    assert_problem(&answer, 400, "input", "needs its secret");
    s->account = "77";
    assert_int_equal(ask(s, "PATCH", "/accesses/main", pair).status, 200);
}

/* Its resources may be known, and tasks planned with them, although nobody asked for the account yet. */
static void an_access_that_was_never_checked_keeps_its_account_too(void **state)
{
    struct surface *s = *state;
    s->account = ""; /* by key id */
    assert_int_equal(ask(s, "POST", "/accesses", access_body(s, "main", "")).status, 201);
    struct answer answer =
        ask(s, "PATCH", "/accesses/main", "{\"key_id\":\"LTAI2\",\"secret\":\"TopSecret04\"}");
    assert_problem(&answer, 409, "conflict", "account of LTAI2");
}

static void every_kind_of_error_has_a_status_and_a_title(void **state)
{
    (void)state;
    TEST_ARENA(a);
    for (int kind = ERR_INPUT; kind <= ERR_INTERNAL; kind++) {
        struct err err = {0};
        const struct json *json;
        err_set(&err, (enum err_kind)kind, "why \"%s\"", "\x1b[31m\xff");
        unsigned status = problem_status((enum err_kind)kind);
        char *text = problem_document(a, &err);
        assert_in_range(status, 400, 599);
        assert_true(json_parse(a, text, strlen(text), &json, &err));
        assert_string_equal(json_str(json_at(json, "/kind"), ""), err_kind_name((enum err_kind)kind));
        assert_true(*json_str(json_at(json, "/title"), ""));
    }
}

static void a_drained_api_refuses_and_says_that_it_ends(void **state)
{
    struct surface *s = *state;
    api_drain(s->api);
    struct answer answer = ask(s, "GET", "/accesses", NULL);
    assert_problem(&answer, 502, "network", "about to end");
    assert_string_equal(member(&answer, "/code"), "ended");
    assert_int_equal(ask(s, "GET", "/status", NULL).status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        surface_test(bodies_that_break_a_rule_are_refused_with_the_member_named),
        surface_test(paths_and_queries_that_mean_nothing_find_nothing),
        surface_test(an_imported_certificate_is_listed_exported_and_deleted),
        surface_test(a_certificate_s_name_is_told_from_ids_and_paths),
        surface_test(R103_lists_are_newest_first_and_paged_by_a_cursor),
        surface_test(accesses_that_break_a_rule_are_refused),
        surface_test(R60_no_answer_about_an_access_holds_its_secret),
        surface_test(a_key_pair_of_another_account_is_refused),
        surface_test(an_access_that_was_never_checked_keeps_its_account_too),
        cmocka_unit_test(every_kind_of_error_has_a_status_and_a_title),
        surface_test(a_drained_api_refuses_and_says_that_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

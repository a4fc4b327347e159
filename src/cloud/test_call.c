#include "cloud/test_stage.h"

#include "base/buf.h"
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

/* Calls of a real session over a real gate to a server that answers what the test says: suspension, repeats, clocks,
 * paging, refusals.
 */

static const struct call read_call = {.service = "cdn",
                                      .operation = "Read",
                                      .method = "POST",
                                      .host = "cdn.aliyuncs.com",
                                      .path = "/",
                                      .version = "2018-05-10",
                                      .style = CALL_RPC_QUERY,
                                      .parameters = "Name"};
static const struct call write_call = {.service = "cdn",
                                       .operation = "Write",
                                       .method = "POST",
                                       .host = "cdn.aliyuncs.com",
                                       .path = "/",
                                       .version = "2018-05-10",
                                       .style = CALL_RPC_QUERY,
                                       .parameters = "Name",
                                       .write = true};

static bool try(struct stage *g, const struct call *call)
{
    struct answer answer;
    g->y->err = (struct err){0};
    return cloud_call(&g->job, call, "", &answer, &g->y->err, "{'Name':%s}", "www.example.com");
}

static void R_wrong_secret_is_asked_once_and_suspends(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {400, NULL, "{\"Code\":\"SignatureDoesNotMatch\",\"Message\":\"no\",\"RequestId\":\"R-1\"}"});
    begin_as(g, "aliyun", false);
    assert_false(try(g, &read_call));
    assert_int_equal(g->y->err.kind, ERR_CREDENTIAL);
    assert_string_equal(g->y->err.code, "SignatureDoesNotMatch");
    assert_string_equal(g->y->err.request_id, "R-1");
    for (int i = 0; i < 20; i++) {
        assert_false(try(g, &write_call));
        assert_int_equal(g->y->err.kind, ERR_CREDENTIAL);
        assert_true(g->y->err.unsent);
    }
    assert_int_equal(calls_seen(g), 1);
    const char *reason;
    assert_true(session_suspended(g->session, g->y->a, &reason));
    struct access_row row;
    assert_ok(g->y, store_access_load(g->y->db, g->y->a, g->access_id, &row, &g->y->err));
    assert_string_equal(row.state, "suspended");
}

struct race {
    struct stage *g;
    int refused;
};

static void *race_run(void *context)
{
    struct race *race = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct job job = race->g->job;
    job.arena = a;
    struct answer answer;
    struct err err;
    race->refused = !cloud_call(&job, &read_call, "", &answer, &err, "{}");
    return NULL;
}

static void R_wrong_secret_under_64_workers_is_asked_once(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {403, NULL, "{\"Code\":\"InvalidAccessKeyId.NotFound\",\"Message\":\"no\"}"});
    begin_as(g, "aliyun", false);
    pthread_t threads[64];
    struct race races[64];
    for (size_t i = 0; i < countof(threads); i++) {
        races[i] = (struct race){g, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, race_run, &races[i]), 0);
    }
    for (size_t i = 0; i < countof(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_true(races[i].refused);
    }
    assert_int_equal(calls_seen(g), 1);
}

static void R_a_check_ends_the_suspension_and_keeps_the_account(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {403, NULL, "{\"Code\":\"InvalidAccessKeyId.NotFound\",\"Message\":\"no\"}"},
            {200, NULL, "{\"AccountId\":\"1234567890\",\"Arn\":\"acs:ram::1234567890:user/a\"}"},
            {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    struct identity who;
    struct access_row row;
    assert_false(try(g, &read_call));
    assert_ok(g->y, cloud_check(g->session, g->y->a, &who, &g->y->err));
    assert_string_equal(who.account_id, "1234567890");
    assert_ok(g->y, store_access_load(g->y->db, g->y->a, g->access_id, &row, &g->y->err));
    assert_string_equal(row.state, "normal");
    assert_string_equal(row.account_id, "1234567890");
    assert_true(try(g, &read_call));
    assert_non_null(strcasestr(g->log[1], "host: sts.aliyuncs.com"));
}

static void R_a_key_of_another_account_is_a_conflict(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"AccountId\":\"1\",\"Arn\":\"a\"}"},
            {200, NULL, "{\"AccountId\":\"2\",\"Arn\":\"a\"}"});
    begin_as(g, "aliyun", false);
    struct identity who;
    assert_ok(g->y, cloud_check(g->session, g->y->a, &who, &g->y->err));
    assert_err(g->y, ERR_CONFLICT, cloud_check(g->session, g->y->a, &who, &g->y->err));
}

static void R_read_only_refuses_writes_before_the_gate(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{}"});
    begin_as(g, "aliyun", true);
    assert_false(try(g, &write_call));
    assert_int_equal(g->y->err.kind, ERR_PERMISSION);
    assert_true(g->y->err.unsent);
    assert_int_equal(calls_seen(g), 0);
    assert_true(try(g, &read_call));
}

static void R_a_read_is_repeated_after_lost_and_malformed_answers(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, NULL}, {500, NULL, "<html>oops</html>"}, {200, NULL, "not json"},
            {200, NULL, "{\"A\":1}"});
    begin_as(g, "aliyun", false);
    assert_true(try(g, &read_call));
    assert_int_equal(calls_seen(g), 4);
}

static void R_a_write_is_never_repeated_when_the_answer_is_lost(void **state)
{
    static const enum err_kind kinds[] = {ERR_NETWORK, ERR_VENDOR, ERR_VENDOR};
    struct stage *g = *state;
    REPLIES(g, {200, NULL, NULL}, {500, NULL, "<html>oops</html>"}, {200, NULL, "not json"});
    begin_as(g, "aliyun", false);
    for (size_t i = 0; i < countof(kinds); i++) {
        assert_false(try(g, &write_call));
        assert_int_equal(g->y->err.kind, kinds[i]);
        assert_true(g->y->err.transient || g->y->err.kind == ERR_NETWORK);
        assert_false(g->y->err.unsent);
        assert_int_equal(calls_seen(g), i + 1);
    }
}

static void R_a_write_is_repeated_when_surely_nothing_happened(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {400, NULL, "{\"Code\":\"Throttling.User\",\"Message\":\"slow down\"}"},
            {409, NULL, "{\"Code\":\"IncorrectStatus.Listener\",\"Message\":\"busy\"}"}, {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    g->job.patience_ms = 5000;
    assert_true(try(g, &write_call));
    assert_int_equal(calls_seen(g), 3);
}

static void R_every_attempt_has_a_nonce_of_its_own(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, NULL}, {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    assert_true(try(g, &read_call));
    const char *first = strcasestr(g->log[0], "x-acs-signature-nonce:"),
               *second = strcasestr(g->log[1], "x-acs-signature-nonce:");
    assert_true(first && second && strncmp(first, second, 60) != 0);
}

static void R_a_wrong_clock_is_set_right_once_and_kept(void **state)
{
    struct stage *g = *state;
    time_t theirs = time(NULL) + 7200;
    char headers[128];
    strftime(headers, sizeof headers, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
             gmtime_r(&theirs, &(struct tm){0}));
    const struct reply replies[] = {{400, headers,
                                     "{\"Code\":\"InvalidTimeStamp.Expired\",\"Message\":\"late\"}"},
                                    {200, NULL, "{}"}};
    g->replies = replies;
    g->reply_count = countof(replies);
    begin_as(g, "aliyun", false);
    assert_true(try(g, &write_call));
    assert_int_equal(calls_seen(g), 2);
    assert_in_range(session_skew_ms(g->session), 7190000, 7210000);
    struct access_row row;
    assert_ok(g->y, store_access_load(g->y->db, g->y->a, g->access_id, &row, &g->y->err));
    assert_in_range(row.clock_skew_ms, 7190000, 7210000);
}

static void R_a_clock_that_stays_wrong_suspends_after_two_calls(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {400, "Date: Mon, 01 Jan 2001 00:00:00 GMT\r\n",
                "{\"Code\":\"InvalidTimeStamp.Expired\",\"Message\":\"late\"}"});
    begin_as(g, "aliyun", false);
    assert_false(try(g, &read_call));
    assert_int_equal(g->y->err.kind, ERR_CREDENTIAL);
    assert_int_equal(calls_seen(g), 2);
}

static void R_a_call_whose_turn_is_too_far_off_is_not_sent(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    g->session->keys->row.calls_per_second = 1;
    assert_true(try(g, &read_call));
    g->job.patience_ms = 0;
    assert_false(try(g, &read_call));
    assert_int_equal(g->y->err.kind, ERR_THROTTLED);
    assert_true(g->y->err.unsent && g->y->err.retry_after_ms > 500 && g->y->err.retry_after_ms <= 1001);
    assert_int_equal(calls_seen(g), 1);
}

static void R_an_error_that_echoes_the_request_shows_no_secret(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {500, NULL,
                "{\"Code\":\"InternalError\",\"Message\":\"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END "
                "PRIVATE KEY----- "
                "TopSecretAccessKey0123456789 &Signature=abcdef%3D\"}"});
    begin_as(g, "aliyun", false);
    assert_false(try(g, &write_call));
    assert_null(strstr(g->y->err.text, "MIIE"));
    assert_null(strstr(g->y->err.text, stage_secret));
    assert_null(strstr(g->y->err.text, "abcdef"));
    assert_non_null(strstr(g->y->err.text, "InternalError"));
}

static void R_a_private_key_travels_in_the_body_alone(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"CertId\":17}"});
    begin_as(g, "aliyun", false);
    static const struct call upload = {.service = "cas",
                                       .operation = "UploadUserCertificate",
                                       .method = "POST",
                                       .host = "cas.{region}.aliyuncs.com",
                                       .path = "/",
                                       .version = "2020-04-07",
                                       .style = CALL_RPC_V1,
                                       .parameters = "Name Key",
                                       .write = true};
    struct answer answer;
    assert_ok(g->y, cloud_call_secret(&g->job, &upload, "cn-hangzhou", &answer, &g->y->err, "%p",
                                      "{\"Name\":\"n\",\"Key\":\"-----BEGIN PRIVATE KEY-----KEYBYTES\"}"));
    const char *body = strstr(g->log[0], "\r\n\r\n"), *key = strstr(g->log[0], "KEYBYTES");
    assert_true(key && key > body);
    assert_int_equal(strncmp(g->log[0], "POST / HTTP/1.1\r\n", 17), 0);
    assert_non_null(strcasestr(g->log[0], "\r\nhost: cas.aliyuncs.com\r\n"));
    assert_non_null(strstr(body, "&Signature="));
    assert_null(strstr(g->log[0], stage_secret));
}

/* How many items come before the end or the failure. */
static bool count_items(struct stage *g, const struct call *call, const char *region, size_t *ret)
{
    cleanup(pages_close) struct pages p = cloud_pages(&g->job, call, region, "{}");
    for (*ret = 0; pages_next(&p); ++*ret)
        ;
    return pages_end(&p, &g->y->err);
}

static const struct call pages = {.service = "cdn",
                                  .operation = "Pages",
                                  .method = "POST",
                                  .host = "cdn.aliyuncs.com",
                                  .path = "/",
                                  .version = "2018-05-10",
                                  .style = CALL_RPC_QUERY,
                                  .parameters = "PageNumber PageSize",
                                  .page = {.items = "/L",
                                           .total = "/Total",
                                           .position = "PageNumber",
                                           .size = "PageSize",
                                           .size_value = 2,
                                           .style = PAGE_NUMBER}};
static const struct call tokens = {.service = "alb",
                                   .operation = "Tokens",
                                   .method = "POST",
                                   .host = "alb.{region}.aliyuncs.com",
                                   .path = "/",
                                   .version = "2020-06-16",
                                   .style = CALL_RPC_QUERY,
                                   .parameters = "NextToken MaxResults",
                                   .page = {.items = "/L",
                                            .next = "/NextToken",
                                            .position = "NextToken",
                                            .size = "MaxResults",
                                            .size_value = 100,
                                            .style = PAGE_MARKER}};

static void R_pages_are_walked_to_the_total(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"L\":[1,2],\"Total\":5}"}, {200, NULL, "{\"L\":[3,4],\"Total\":5}"},
            {200, NULL, "{\"L\":[5],\"Total\":5}"});
    begin_as(g, "aliyun", false);
    size_t seen;
    assert_ok(g->y, count_items(g, &pages, "", &seen));
    assert_int_equal(seen, 5);
    assert_int_equal(calls_seen(g), 3);
    assert_non_null(strstr(g->log[2], "PageSize=2&PageNumber=3"));
}

static void R_a_total_that_lies_ends_with_an_empty_page(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"L\":[1,2],\"Total\":500}"}, {200, NULL, "{\"L\":[],\"Total\":500}"});
    begin_as(g, "aliyun", false);
    size_t seen;
    assert_ok(g->y, count_items(g, &pages, "", &seen));
    assert_int_equal(seen, 2);
}

/* Taken as an empty list, each would retire every resource. */
static void R_an_answer_without_the_list_is_no_empty_list(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, ""}, {200, NULL, ""}, {200, NULL, "{}"}, {200, NULL, "[]"}, {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    g->job.patience_ms = 0;
    for (size_t i = 0; i < 5; i++) {
        size_t seen;
        g->y->err = (struct err){0};
        assert_false(count_items(g, i % 2 ? &tokens : &pages, "cn-hangzhou", &seen));
        assert_true(g->y->err.kind == ERR_VENDOR && g->y->err.transient);
    }
}

static void R_a_page_without_end_is_refused(void **state)
{
    struct stage *g = *state;
    struct buf body = buf_new(g->y->a, 1 << 20);
    buf_puts(&body, "{\"Total\":5,\"L\":[0");
    for (size_t i = 0; i < 10000; i++)
        buf_puts(&body, ",0");
    buf_puts(&body, "]}");
    struct reply replies[] = {{200, NULL, body.data}};
    g->replies = replies;
    g->reply_count = 1;
    begin_as(g, "aliyun", false);
    size_t seen;
    assert_false(count_items(g, &pages, "", &seen));
    assert_non_null(strstr(g->y->err.text, "a page of 10001 items"));
    assert_int_equal(seen, 0);
}

/* What is kept of a certificate has a bound, and running into it would end the process. */
static void R_a_certificate_of_endless_names_stays_unknown(void **state)
{
    struct stage *g = *state;
    struct buf body = buf_new(g->y->a, 4 << 20);
    buf_puts(&body, "{\"Name\":\"n\",\"Sans\":\"");
    for (size_t i = 0; i < 60000; i++)
        buf_printf(&body, "%sn%zu.example.com", i ? "," : "", i);
    buf_puts(&body, "\"}");
    struct reply replies[] = {{200, NULL, body.data}};
    g->replies = replies;
    g->reply_count = 1;
    begin_as(g, "aliyun", false);
    struct bound b = {.slot = "default", .ref = "1-cn-hangzhou", .name = ""};
    assert_ok(g->y, session_facts(&g->job, "", &b, &g->y->err));
    assert_int_equal(b.name_count, 0);
    b.ref = arena_printf(g->y->a, "1-%0*d", 2 << 20, 0);
    assert_ok(g->y, session_facts(&g->job, "", &b, &g->y->err));
    assert_int_equal(b.name_count, 0);
}

static void R_tokens_are_followed_and_one_that_does_not_move_ends_the_walk(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"L\":[1],\"NextToken\":\"t1\"}"}, {200, NULL, "{\"L\":[2],\"NextToken\":\"\"}"},
            {200, NULL, "{\"L\":[1],\"NextToken\":\"same\"}"},
            {200, NULL, "{\"L\":[1],\"NextToken\":\"same\"}"});
    begin_as(g, "aliyun", false);
    size_t seen;
    assert_ok(g->y, count_items(g, &tokens, "cn-hangzhou", &seen));
    assert_int_equal(seen, 2);
    assert_non_null(strstr(g->log[1], "NextToken=t1"));
    assert_err(g->y, ERR_VENDOR, count_items(g, &tokens, "cn-hangzhou", &seen));
}

static void R_a_region_cannot_change_the_host(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    static const char *const wrong[] = {"evil.com/", "a.b", "cn-hangzhou#", "CN", "a\r\nX: y"};
    size_t seen;
    for (size_t i = 0; i < countof(wrong); i++)
        assert_err(g->y, ERR_INPUT, count_items(g, &tokens, wrong[i], &seen));
    assert_int_equal(calls_seen(g), 0);
}

static void R_plain_http_gateways_are_local_and_exclude_proxies(void **state)
{
    struct stage *g = *state;
    static const struct {
        const char *gateway, *proxy;
    } wrong[] = {{"http://10.0.0.1:80", ""},          {"http://example.com", ""},
                 {"http://127.example.com", ""},      {"ftp://127.0.0.1", ""},
                 {"https://gw.example.com/path", ""}, {"http://127.0.0.1:1", "http://127.0.0.1:2"}};
    struct identity who;
    cleanup(secret_free_p) struct secret *secret = secret_new("s", 1);
    for (size_t i = 0; i < countof(wrong); i++) {
        struct access_row row = {.name = "n",
                                 .cloud = "aliyun",
                                 .key_id = "k",
                                 .site = "china",
                                 .regions = "[]",
                                 .gateway = wrong[i].gateway,
                                 .proxy = wrong[i].proxy};
        assert_err(g->y, ERR_INPUT, cloud_check_row(g->cloud, g->y->a, &row, secret, NULL, &who, &g->y->err));
    }
}

static void R56_R59_each_vendor_says_who_an_access_is(void **state)
{
    struct stage *g = *state;
    static const struct {
        const char *cloud, *host;
        struct reply reply;
    } cases[] = {
        {"tencent",
         "sts.tencentcloudapi.com",
         {200, NULL, "{\"Response\":{\"AccountId\":\"77\",\"Arn\":\"x\",\"RequestId\":\"r\"}}"}},
        {"aws",
         "sts.cn-north-1.amazonaws.com.cn",
         {200, NULL,
          "<GetCallerIdentityResponse xmlns=\"x\"><GetCallerIdentityResult><Arn>x</Arn><Account>77</Account>"
          "</GetCallerIdentityResult></GetCallerIdentityResponse>"}},
        {"huawei", "iam.myhuaweicloud.com", {200, NULL, "{\"domains\":[{\"id\":\"77\",\"name\":\"x\"}]}"}},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        g->replies = &cases[i].reply;
        g->reply_count = 1;
        begin_as(g, cases[i].cloud, false);
        struct identity who;
        assert_ok(g->y, cloud_check(g->session, g->y->a, &who, &g->y->err));
        assert_string_equal(who.account_id, "77");
        assert_non_null(strcasestr(g->log[i], arena_printf(g->y->a, "host: %s\r\n", cases[i].host)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_wrong_secret_is_asked_once_and_suspends),
        stage_test(R_wrong_secret_under_64_workers_is_asked_once),
        stage_test(R_a_check_ends_the_suspension_and_keeps_the_account),
        stage_test(R_a_key_of_another_account_is_a_conflict),
        stage_test(R_read_only_refuses_writes_before_the_gate),
        stage_test(R_a_read_is_repeated_after_lost_and_malformed_answers),
        stage_test(R_a_write_is_never_repeated_when_the_answer_is_lost),
        stage_test(R_a_write_is_repeated_when_surely_nothing_happened),
        stage_test(R_every_attempt_has_a_nonce_of_its_own),
        stage_test(R_a_wrong_clock_is_set_right_once_and_kept),
        stage_test(R_a_clock_that_stays_wrong_suspends_after_two_calls),
        stage_test(R_a_call_whose_turn_is_too_far_off_is_not_sent),
        stage_test(R_an_error_that_echoes_the_request_shows_no_secret),
        stage_test(R_a_private_key_travels_in_the_body_alone),
        stage_test(R_pages_are_walked_to_the_total),
        stage_test(R_a_total_that_lies_ends_with_an_empty_page),
        stage_test(R_an_answer_without_the_list_is_no_empty_list),
        stage_test(R_a_page_without_end_is_refused),
        stage_test(R_a_certificate_of_endless_names_stays_unknown),
        stage_test(R_tokens_are_followed_and_one_that_does_not_move_ends_the_walk),
        stage_test(R_a_region_cannot_change_the_host),
        stage_test(R_plain_http_gateways_are_local_and_exclude_proxies),
        stage_test(R56_R59_each_vendor_says_who_an_access_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

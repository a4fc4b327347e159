#include "cloud/wire.h"

#include "base/test.h"

/* What answers mean, vendor by vendor, and how arguments become requests. */

static const struct call query_call = {.service = "s",
                                       .operation = "Op",
                                       .method = "POST",
                                       .style = CALL_RPC_QUERY};
static const struct call tencent_call = {.service = "s",
                                         .operation = "Op",
                                         .method = "POST",
                                         .style = CALL_TC3};
static const struct call aws_query = {.service = "s",
                                      .operation = "Op",
                                      .method = "POST",
                                      .style = CALL_AWS_QUERY};
static const struct call aws_json = {.service = "s",
                                     .operation = "Op",
                                     .method = "POST",
                                     .style = CALL_AWS_JSON};
static const struct call huawei_call = {.service = "s",
                                        .operation = "Op",
                                        .method = "GET",
                                        .style = CALL_REST_JSON};

static bool judge(struct arena *a, const char *cloud, const struct call *call, long status, const char *body,
                  struct answer *ret, bool *ret_clock, struct err *err)
{
    struct http_answer http = {.status = status, .body = body, .body_size = strlen(body)};
    return wire_judge(a, vendor_find(cloud), call, &http, NULL, 0, ret, ret_clock, err);
}

static const struct {
    const char *cloud;
    const struct call *call;
    long status;
    const char *body;
    enum err_kind kind;
    bool transient, clock;
    const char *code, *request_id;
} refusals[] = {
    {"aliyun", &query_call, 400, "{\"Code\":\"Throttling.User\",\"Message\":\"m\",\"RequestId\":\"r\"}",
     ERR_THROTTLED, true, false, "Throttling.User", "r"},
    {"aliyun", &query_call, 429, "{\"Code\":\"Rejected.Throttling\"}", ERR_THROTTLED, true, false,
     "Rejected.Throttling", ""},
    {"aliyun", &query_call, 409, "{\"Code\":\"IncorrectStatus.Listener\"}", ERR_CONFLICT, true, false,
     "IncorrectStatus.Listener", ""},
    {"aliyun", &query_call, 403, "{\"Code\":\"Forbidden.RAM\"}", ERR_PERMISSION, false, false,
     "Forbidden.RAM", ""},
    {"aliyun", &query_call, 404, "{\"Code\":\"InvalidAccessKeyId.NotFound\"}", ERR_CREDENTIAL, false, false,
     "InvalidAccessKeyId.NotFound", ""},
    {"aliyun", &query_call, 400, "{\"Code\":\"InvalidTimeStamp.Expired\"}", ERR_CREDENTIAL, false, true,
     "InvalidTimeStamp.Expired", ""},
    {"aliyun", &query_call, 400, "{\"Code\":\"Unheard.Of\"}", ERR_VENDOR, false, false, "Unheard.Of", ""},
    {"aliyun", &query_call, 503, "{\"code\":\"Unheard.Of\",\"requestId\":\"q\"}", ERR_VENDOR, true, false,
     "Unheard.Of", "q"},
    {"aliyun", &query_call, 200, "{\"Success\":false,\"Code\":\"NotFound.X\"}", ERR_NOT_FOUND, false, false,
     "NotFound.X", ""},
    {"aliyun", &query_call, 403, "<Error><Code>AccessDenied</Code><RequestId>x</RequestId></Error>",
     ERR_PERMISSION, false, false, "AccessDenied", "x"},
    {"tencent", &tencent_call, 200,
     "{\"Response\":{\"Error\":{\"Code\":\"AuthFailure.SecretIdNotFound\",\"Message\":\"m\"},"
     "\"RequestId\":\"r\"}}",
     ERR_CREDENTIAL, false, false, "AuthFailure.SecretIdNotFound", "r"},
    {"tencent", &tencent_call, 200, "{\"Response\":{\"Error\":{\"Code\":\"AuthFailure.SignatureExpire\"}}}",
     ERR_CREDENTIAL, false, true, "AuthFailure.SignatureExpire", ""},
    {"tencent", &tencent_call, 200,
     "{\"Response\":{\"Error\":{\"Code\":\"AuthFailure.UnauthorizedOperation\"}}}", ERR_PERMISSION, false,
     false, "AuthFailure.UnauthorizedOperation", ""},
    {"tencent", &tencent_call, 200,
     "{\"Response\":{\"Error\":{\"Code\":\"RequestLimitExceeded.UinLimitExceeded\"}}}", ERR_THROTTLED, true,
     false, "RequestLimitExceeded.UinLimitExceeded", ""},
    {"tencent", &tencent_call, 200, "{\"Response\":{\"Error\":{\"Code\":\"LimitExceeded\"}}}", ERR_QUOTA,
     false, false, "LimitExceeded", ""},
    {"tencent", &tencent_call, 502, "<html>bad gateway</html>", ERR_VENDOR, true, false, "", ""},
    {"aws", &aws_query, 400,
     "<ErrorResponse "
     "xmlns=\"u\"><Error><Type>Sender</Type><Code>Throttling</Code><Message>m</Message></"
     "Error><RequestId>r</RequestId></ErrorResponse>",
     ERR_THROTTLED, true, false, "Throttling", "r"},
    {"aws", &aws_query, 400,
     "<Response><Errors><Error><Code>AuthFailure</Code><Message>m</Message></Error></"
     "Errors><RequestID>r</RequestID></Response>",
     ERR_CREDENTIAL, false, true, "AuthFailure", "r"},
    {"aws", &aws_query, 400, "<ErrorResponse><Error><Code>ListenerNotFound</Code></Error></ErrorResponse>",
     ERR_NOT_FOUND, false, false, "ListenerNotFound", ""},
    {"aws", &aws_query, 412, "<ErrorResponse><Error><Code>PreconditionFailed</Code></Error></ErrorResponse>",
     ERR_CONFLICT, false, false, "PreconditionFailed", ""},
    {"aws", &aws_json, 400,
     "{\"__type\":\"com.amazonaws#LimitExceededException:http://x\",\"message\":\"m\"}", ERR_QUOTA, false,
     false, "LimitExceededException", ""},
    {"aws", &aws_json, 400, "{\"__type\":\"ThrottlingException\",\"Message\":\"m\"}", ERR_THROTTLED, true,
     false, "ThrottlingException", ""},
    {"huawei", &huawei_call, 429, "{\"error_code\":\"APIGW.0308\",\"error_msg\":\"m\",\"request_id\":\"r\"}",
     ERR_THROTTLED, true, false, "APIGW.0308", "r"},
    {"huawei", &huawei_call, 401,
     "{\"error_msg\":\"verify aksk signature fail\",\"error_code\":\"APIGW.0301\"}", ERR_CREDENTIAL, false,
     true, "APIGW.0301", ""},
    {"huawei", &huawei_call, 200, "{\"error\":{\"error_code\":\"CDN.0106\",\"error_msg\":\"m\"}}",
     ERR_CONFLICT, true, false, "CDN.0106", ""},
    {"huawei", &huawei_call, 404, "{\"error_code\":\"ELB.1011\",\"error_msg\":\"m\"}", ERR_NOT_FOUND, false,
     false, "ELB.1011", ""},
    {"huawei", &huawei_call, 400, "{\"error_code\":\"ELB.1011\",\"error_msg\":\"m\"}",
     ERR_INVALID_CERTIFICATE, false, false, "ELB.1011", ""},
    {"huawei", &huawei_call, 404, "{\"error\":{\"code\":\"404\",\"message\":\"m\"}}", ERR_NOT_FOUND, false,
     false, "404", ""},
    {"huawei", &huawei_call, 401, "{\"error\":{\"code\":401,\"message\":\"m\",\"title\":\"Unauthorized\"}}",
     ERR_CREDENTIAL, false, false, "401", ""},
};

static void R_refusals_mean_what_the_vendor_says(void **state)
{
    (void)state;
    TEST_ARENA(a);
    for (size_t i = 0; i < countof(refusals); i++) {
        struct answer answer;
        struct err err = {0};
        bool clock;
        assert_false(judge(a, refusals[i].cloud, refusals[i].call, refusals[i].status, refusals[i].body,
                           &answer, &clock, &err));
        if (err.kind != refusals[i].kind || err.transient != refusals[i].transient ||
            clock != refusals[i].clock)
            fail_msg("%s: %s, transient %d, clock %d", refusals[i].body, err_kind_name(err.kind),
                     err.transient, clock);
        assert_string_equal(err.code, refusals[i].code);
        assert_string_equal(err.request_id, refusals[i].request_id);
    }
}

static void R_what_is_no_answer_leaves_it_unknown_whether_the_cloud_acted(void **state)
{
    static const struct {
        const char *cloud;
        const struct call *call;
        long status;
        const char *body;
    } cases[] = {
        {"aliyun", &query_call, 200, "<html>welcome to the hotel</html>"},
        {"aliyun", &query_call, 200, "{\"A\":"},
        {"aliyun", &query_call, 200, "17"},
        {"aliyun", &query_call, 502, "<html>"},
        {"tencent", &tencent_call, 200, "{\"a\":1,\"a\":2}"},
        {"aws", &aws_query, 200, "{}"},
        {"aws", &aws_query, 200, ""},
        {"aws", &aws_query, 200, "<!DOCTYPE x><x/>"},
        {"huawei", &huawei_call, 500, ""},
    };
    (void)state;
    TEST_ARENA(a);
    for (size_t i = 0; i < countof(cases); i++) {
        struct answer answer;
        struct err err = {0};
        bool clock;
        assert_false(
            judge(a, cases[i].cloud, cases[i].call, cases[i].status, cases[i].body, &answer, &clock, &err));
        if (err.kind != ERR_VENDOR || !err.transient || err.unsent)
            fail_msg("%s %ld %s: %s", cases[i].cloud, cases[i].status, cases[i].body, err.text);
    }
}

static void R_an_empty_answer_is_an_answer_where_nothing_is_to_be_said(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct answer answer;
    struct err err;
    bool clock;
    assert_true(judge(a, "huawei", &huawei_call, 204, "", &answer, &clock, &err));
    assert_null(answer.json);
    assert_true(judge(a, "aws", &aws_query, 204, "", &answer, &clock, &err));
}

static void R_a_proxys_401_does_not_suspend(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct answer answer;
    struct err err;
    bool clock;
    assert_false(judge(a, "aliyun", &query_call, 401, "<html><body>log in</html>", &answer, &clock, &err));
    assert_int_equal(err.kind, ERR_VENDOR);
}

static void R_tencents_answer_is_what_is_inside_response(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct answer answer;
    struct err err;
    bool clock;
    assert_true(judge(a, "tencent", &tencent_call, 200, "{\"Response\":{\"A\":7,\"RequestId\":\"r\"}}",
                      &answer, &clock, &err));
    assert_int_equal(json_int(json_at(answer.json, "/A"), 0), 7);
}

static void R_codes_and_ids_are_words_and_short(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct answer answer;
    struct err err;
    bool clock;
    char dots[301]; /* no run that the redactor would take for a key */
    memset(dots, '.', sizeof dots - 1);
    dots[sizeof dots - 1] = '\0';
    char *long_code = arena_printf(a, "{\"Code\":\"a b\\n%s\",\"RequestId\":\"%s\"}", dots, dots);
    assert_false(judge(a, "aliyun", &query_call, 400, long_code, &answer, &clock, &err));
    assert_int_equal(strncmp(err.code, "a_b_.", 5), 0);
    assert_int_equal(strlen(err.code), sizeof err.code - 1);
    assert_int_equal(strlen(err.request_id), sizeof err.request_id - 1);
}

static void R_retry_after_is_taken_and_bounded(void **state)
{
    static const struct {
        const char *name, *value;
        int64_t ms;
    } cases[] = {{"retry-after", "3", 3000},
                 {"retry-after", "100000", 120000},
                 {"retry-after", "-5", 0},
                 {"retry-after", "Fri, 20 Nov 2026", 0},
                 {"x-acs-retry-after", "250", 250}};
    (void)state;
    TEST_ARENA(a);
    for (size_t i = 0; i < countof(cases); i++) {
        struct http_header header = {cases[i].name, cases[i].value};
        struct http_answer http = {.status = 429,
                                   .headers = &header,
                                   .header_count = 1,
                                   .body = "{}",
                                   .body_size = 2};
        struct answer answer;
        struct err err;
        bool clock;
        assert_false(
            wire_judge(a, vendor_find("aliyun"), &query_call, &http, NULL, 0, &answer, &clock, &err));
        assert_int_equal(err.kind, ERR_THROTTLED);
        assert_int_equal(err.retry_after_ms, cases[i].ms);
    }
}

static const struct {
    const char *cloud;
    struct call call;
    const char *arguments, *path, *query, *body;
} requests[] = {
    {"aliyun",
     {.operation = "O", .path = "/", .style = CALL_RPC_QUERY, .parameters = "A B[].C L[] T"},
     "{\"A\":\"x y*~\",\"B\":[{\"C\":1},{\"C\":\"2\"}],\"L\":[\"p\",\"q\"],\"T\":true,\"N\":null}",
     "/",
     "A=x%20y%2A~&B.1.C=1&B.2.C=2&L.1=p&L.2=q&T=true",
     ""},
    {"aliyun",
     {.operation = "O", .path = "/", .style = CALL_RPC_FORM, .parameters = "A"},
     "{\"A\":\"&=\"}",
     "/",
     "",
     "A=%26%3D"},
    {"aws",
     {.operation = "Modify",
      .path = "/",
      .version = "v",
      .style = CALL_AWS_QUERY,
      .parameters = "Certificates[].Arn"},
     "{\"Certificates\":[{\"Arn\":\"a:b/c\"}]}",
     "/",
     "",
     "Action=Modify&Version=v&Certificates.member.1.Arn=a%3Ab%2Fc"},
    {"aws",
     {.operation = "D", .path = "/", .version = "v", .style = CALL_AWS_EC2, .parameters = "Filter[].Value[]"},
     "{\"Filter\":[{\"Value\":[\"x\"]}]}",
     "/",
     "",
     "Action=D&Version=v&Filter.1.Value.1=x"},
    {"tencent",
     {.operation = "O", .path = "/", .style = CALL_TC3, .parameters = "A B.*"},
     "{\"A\":1,\"B\":{\"x\":[{\"y\":0.10}]}}",
     "/",
     "",
     "{\"A\":1,\"B\":{\"x\":[{\"y\":0.10}]}}"},
    {"huawei",
     {.operation = "O",
      .path = "/v3/{project_id}/x/{id}",
      .style = CALL_REST_JSON,
      .parameters = "p[] body.l.n"},
     "{\"project_id\":\"a/../b\",\"id\":7,\"p\":[\"1\",\"2\"],\"body\":{\"l\":{\"n\":\"\\u4e2d\"}}}",
     "/v3/a%2F..%2Fb/x/7",
     "p=1&p=2",
     "{\"l\":{\"n\":\"\\u4e2d\"}}"},
};

static void R_arguments_go_where_the_style_puts_them(void **state)
{
    (void)state;
    TEST_ARENA(a);
    for (size_t i = 0; i < countof(requests); i++) {
        struct call call = requests[i].call;
        call.service = "s";
        call.method = "POST";
        call.host = "h.example";
        struct wire_input in = {.vendor = vendor_find(requests[i].cloud),
                                .call = &call,
                                .site = "china",
                                .region = "",
                                .arguments = requests[i].arguments};
        struct wire w = {0};
        struct pairs parameters = {0};
        struct err err;
        if (!wire_render(a, &in, &w, &parameters, &err))
            fail_msg("%s", err.text);
        assert_string_equal(w.path, requests[i].path);
        assert_string_equal(w.query, requests[i].query);
        assert_string_equal(w.body, requests[i].body);
    }
}

static void R_a_path_without_its_values_is_refused(void **state)
{
    static const char *const wrong[] = {"{}", "{\"id\":\"\"}", "{\"id\":null}", "[]", "", "{\"id\":1}x"};
    static const struct call call = {.service = "s",
                                     .operation = "O",
                                     .method = "GET",
                                     .host = "h",
                                     .path = "/{id}",
                                     .version = "",
                                     .style = CALL_REST_JSON};
    (void)state;
    TEST_ARENA(a);
    for (size_t i = 0; i < countof(wrong); i++) {
        struct wire_input in = {.vendor = vendor_find("huawei"),
                                .call = &call,
                                .site = "china",
                                .region = "",
                                .arguments = wrong[i]};
        struct wire w = {0};
        struct pairs parameters = {0};
        struct err err;
        assert_false(wire_render(a, &in, &w, &parameters, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_refusals_mean_what_the_vendor_says),
        cmocka_unit_test(R_what_is_no_answer_leaves_it_unknown_whether_the_cloud_acted),
        cmocka_unit_test(R_an_empty_answer_is_an_answer_where_nothing_is_to_be_said),
        cmocka_unit_test(R_a_proxys_401_does_not_suspend),
        cmocka_unit_test(R_tencents_answer_is_what_is_inside_response),
        cmocka_unit_test(R_codes_and_ids_are_words_and_short),
        cmocka_unit_test(R_retry_after_is_taken_and_bounded),
        cmocka_unit_test(R_arguments_go_where_the_style_puts_them),
        cmocka_unit_test(R_a_path_without_its_values_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

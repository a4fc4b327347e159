#include "cloud/policy.h"

#include "cloud/test_stage.h"

/* The rights that are asked for, and their names when they are missing. */

static void R58_every_product_has_a_policy_document_of_its_calls(void **state)
{
    (void)state;
    for (size_t i = 0; products[i]; i++) {
        cleanup(arena_free_p) struct arena *a = arena_new(4 << 20);
        const char *wanted[] = {products[i]->code};
        const struct json *v;
        struct err err;
        char *all, *reading;
        assert_true(policy_document(a, products[i]->cloud, wanted, 1, false, false, &all, &err));
        assert_true(policy_document(a, products[i]->cloud, wanted, 1, true, false, &reading, &err));
        assert_true(json_parse(a, all, strlen(all), &v, &err) &&
                    json_parse(a, reading, strlen(reading), &v, &err));
        assert_true(strlen(reading) < strlen(all));
        for (const struct call *const *call = products[i]->calls; *call; call++) {
            const char *actions = policy_actions(a, products[i]->cloud, *call);
            bool in_all = !actions ||
                          strstr(all, arena_printf(a, "\"%.*s\"", (int)strcspn(actions, " "), actions)),
                 in_reading = actions && strstr(reading, arena_printf(a, "\"%.*s\"",
                                                                      (int)strcspn(actions, " "), actions));
            assert_true(in_all);
            if ((*call)->write && in_reading)
                fail_msg("%s: %s writes, and is in the document for reading", products[i]->code, actions);
        }
    }
}

static void R58_what_is_unknown_or_of_another_cloud_is_refused(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    static const struct {
        const char *cloud, *product;
    } cases[] = {{"azure", "aws/alb"}, {"aws", "aws/nothing"}, {"aws", "aliyun/cdn"}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err;
        char *text = NULL;
        assert_false(policy_document(a, cases[i].cloud, &cases[i].product, 1, false, false, &text, &err));
        assert_int_equal(err.kind, ERR_INPUT);
        assert_null(text);
    }
}

static void R58_a_missing_right_is_named(void **state)
{
    static const struct call write_call = {.service = "cdn",
                                           .operation = "SetCdnDomainSSLCertificate",
                                           .method = "POST",
                                           .host = "cdn.aliyuncs.com",
                                           .path = "/",
                                           .version = "2018-05-10",
                                           .style = CALL_RPC_QUERY,
                                           .write = true};
    struct stage *g = *state;
    struct answer answer;
    REPLIES(g, {403, NULL, "{\"Code\":\"Forbidden.RAM\",\"Message\":\"no\",\"RequestId\":\"R-1\"}"});
    begin_as(g, "aliyun", false);
    assert_false(cloud_call(&g->job, &write_call, "", &answer, &g->y->err, "{}"));
    assert_int_equal(g->y->err.kind, ERR_PERMISSION);
    assert_non_null(strstr(g->y->err.text, "it needs the right cdn:SetCdnDomainSSLCertificate"));
}

/* Deployments never delete a certificate: those rights are named on a word only. */
static void R58_the_rights_to_clean_up_are_named_on_a_word(void **state)
{
    static const struct {
        const char *cloud, *right;
    } rows[] = {{"aliyun", "DeleteUserCertificate"},    {"aliyun", "DeleteServerCertificate"},
                {"tencent", "ssl:DeleteCertificate"},   {"aws", "acm:DeleteCertificate"},
                {"aws", "iam:DeleteServerCertificate"}, {"huawei", "scm:cert:delete"},
                {"huawei", "elb:certificates:delete"},  {"huawei", "waf:certificate:delete"}};
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        char *usual, *clean, *reading;
        struct err err = {0};
        assert_true(policy_document(a, rows[i].cloud, NULL, 0, false, false, &usual, &err));
        assert_true(policy_document(a, rows[i].cloud, NULL, 0, false, true, &clean, &err));
        assert_true(policy_document(a, rows[i].cloud, NULL, 0, true, true, &reading, &err));
        if (strstr(usual, rows[i].right) || !strstr(clean, rows[i].right) || strstr(reading, rows[i].right))
            fail_msg("%s: %s", rows[i].cloud, rows[i].right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R58_every_product_has_a_policy_document_of_its_calls),
        cmocka_unit_test(R58_the_rights_to_clean_up_are_named_on_a_word),
        cmocka_unit_test(R58_what_is_unknown_or_of_another_cloud_is_refused),
        stage_test(R58_a_missing_right_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Parameters as hostile clients and old ones send them. */
#include "api/cas/parameter.h"

#include "api/cas/refusal.h"
#include "base/buf.h"
#include "base/test.h"

static const char *const kinds[] = {"user", "cloud", NULL};
static const struct cas_parameter table[] = {
    {"JobId", CAS_NUMBER, true, 0, NULL},      {"ShowSize", CAS_NUMBER, false, 1000, NULL},
    {"Name", CAS_TEXT, false, 12, NULL},       {"Cert", CAS_PEM, false, 100, NULL},
    {"SecretKey", CAS_SECRET, false, 8, NULL}, {"JobType", CAS_WORD, false, 0, kinds},
    {"CertFilter", CAS_BOOL, false, 0, NULL},  {"ResourceIds", CAS_IDS, false, 3, NULL},
    {"CertIds", CAS_ID_LIST, false, 3, NULL},  {NULL, CAS_TEXT, false, 0, NULL},
};

static const char *code_of(struct arena *a, const char *query, const char *form, struct pairs *ret)
{
    struct err err = {0};
    struct pairs asked;
    bool good =
        cas_parameters_read(a, query, strlen(query), form, form ? strlen(form) : 0, &asked, ret, &err) &&
        cas_parameters_check(a, ret, table, &err);
    return good ? "" : arena_strdup(a, err.code);
}

static void R141_values_that_do_not_fit_are_refused_by_the_parameters_name(void **state)
{
    (void)state;
    TEST_ARENA(a);
    static const struct {
        const char *query, *code;
    } cases[] = {
        {"", "MissingJobId"},
        {"JobId=", "MissingJobId"},
        {"JobId=0", "InvalidJobId"},
        {"JobId=-1", "InvalidJobId"},
        {"JobId=1.5", "InvalidJobId"},
        {"JobId=1e3", "InvalidJobId"},
        {"JobId=+1", "InvalidJobId"},
        {"JobId=%D9%A1", "InvalidJobId"},
        {"JobId=9007199254740992", "InvalidJobId"},
        {"JobId=99999999999999999999", "InvalidJobId"},
        {"JobId=9007199254740991", ""},
        {"JobId=1&ShowSize=1001", "InvalidShowSize"},
        {"JobId=1&Name=0123456789abc", "InvalidName"},
        {"JobId=1&Name=a%0Ab", "InvalidName"},
        {"JobId=1&Name=%FF", "InvalidName"},
        {"JobId=1&Name=%00", "InvalidParameter"},
        {"JobId=1&Name=a+b%20c", ""},
        {"JobId=1&Cert=a%0Ab", ""},
        {"JobId=1&SecretKey=a%20b", "InvalidSecretKey"},
        {"JobId=1&SecretKey=123456789", "InvalidSecretKey"},
        {"JobId=1&JobType=USER", "InvalidJobType"},
        {"JobId=1&JobType=cloud", ""},
        {"JobId=1&CertFilter=True", "InvalidCertFilter"},
        {"JobId=1&ResourceIds=1,2,3,4", "InvalidResourceIds"},
        {"JobId=1&ResourceIds=1,,2", "InvalidResourceIds"},
        {"JobId=1&ResourceIds=1,", "InvalidResourceIds"},
        {"JobId=1&ResourceIds=a.example.com", "InvalidResourceIds"},
        {"JobId=1&CertIds=%5B1%2C%7B%7D%5D", "InvalidCertIds"},
        {"JobId=1&CertIds=%5B1", "InvalidCertIds"},
        {"JobId=1&CertIds=%5B%5D", ""},
        {"JobId=1&JobId=2", "InvalidParameter"},
        {"JobId=1&=2", "InvalidParameter"},
        {"JobId=1&Name=%zz", "InvalidParameter"},
        {"JobId=1&Unknown=x", ""},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct pairs given;
        const char *code = code_of(a, cases[i].query, NULL, &given);
        if (strcmp(code, cases[i].code) != 0)
            fail_msg("%s: %s, not %s", cases[i].query, code, cases[i].code);
    }
}

static void R139_query_and_form_are_one_name_space(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct pairs given;
    assert_string_equal(code_of(a, "JobId=1", "Name=a+b", &given), "");
    assert_string_equal(cas_text(&given, "Name"), "a b");
    assert_int_equal(cas_number(&given, "JobId", 0), 1);
    assert_string_equal(code_of(a, "JobId=1", "JobId=1", &given), "InvalidParameter");
}

static void too_many_parameters_are_refused(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct buf query = buf_new(a, 1 << 20);
    struct pairs given;
    for (int i = 0; i <= CAS_PARAMETERS_MAX; i++)
        buf_printf(&query, "p%d=&", i);
    assert_string_equal(code_of(a, query.data, NULL, &given), "InvalidParameter");
}

static void R73_ids_count_once_and_keep_their_order(void **state)
{
    (void)state;
    TEST_ARENA(a);
    struct pairs given;
    int64_t *ids;
    size_t count;
    assert_string_equal(code_of(a, "JobId=1&ResourceIds=9,%208,9", NULL, &given), "");
    cas_ids(a, &given, "ResourceIds", &ids, &count);
    assert_int_equal(count, 2);
    assert_int_equal(ids[0], 9);
    assert_int_equal(ids[1], 8);
    assert_string_equal(code_of(a, "JobId=1&CertIds=%5B7%2C%226%22%2C7%5D", NULL, &given), "");
    cas_ids(a, &given, "CertIds", &ids, &count);
    assert_int_equal(count, 2);
    assert_int_equal(ids[1], 6);
    cas_ids(a, &given, "ResourceIds", &ids, &count);
    assert_int_equal(count, 0);
}

static void R137_every_kind_of_failure_has_the_status_of_an_error(void **state)
{
    (void)state;
    for (int kind = ERR_NONE; kind <= ERR_INTERNAL; kind++) {
        struct err err = {0};
        err_set(&err, (enum err_kind)kind, "why");
        struct cas_problem problem = cas_problem_of(&err);
        assert_in_range(problem.status, 400, 599);
        assert_true(*problem.code);
        assert_string_equal(problem.message, "why");
    }
}

static void R142_codes_come_with_the_vendors_words(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(cas_refuse(&err, "InvalidAction.NotFound"));
    struct cas_problem problem = cas_problem_of(&err);
    assert_int_equal(problem.status, 404);
    assert_string_equal(problem.message, "Specified api is not found, please check your url and method.");
    assert_false(cas_refuse_missing(&err, "Status"));
    problem = cas_problem_of(&err);
    assert_int_equal(problem.status, 400);
    assert_string_equal(problem.code, "MissingStatus");
    assert_string_equal(problem.message, "Status is mandatory for this action.");
    assert_false(cas_refuse_invalid(&err, "JobType"));
    assert_string_equal(cas_problem_of(&err).code, "InvalidJobType");
    assert_false(cas_refuse(&err, "Throttling.User"));
    assert_non_null(strstr(cas_problem_of(&err).code, "Throttling"));
}

/* A code of some cloud, behind an err of another kind, says nothing about a parameter of ours. */
static void codes_of_clouds_are_not_taken_for_ours(void **state)
{
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_VENDOR, "the cloud said no");
    snprintf(err.code, sizeof err.code, "%s", "InvalidRegion");
    assert_string_equal(cas_problem_of(&err).code, "ServiceUnavailable");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R141_values_that_do_not_fit_are_refused_by_the_parameters_name),
        cmocka_unit_test(R139_query_and_form_are_one_name_space),
        cmocka_unit_test(too_many_parameters_are_refused),
        cmocka_unit_test(R73_ids_count_once_and_keep_their_order),
        cmocka_unit_test(R137_every_kind_of_failure_has_the_status_of_an_error),
        cmocka_unit_test(R142_codes_come_with_the_vendors_words),
        cmocka_unit_test(codes_of_clouds_are_not_taken_for_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

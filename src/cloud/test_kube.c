#include "cloud/aliyun/kube.h"

#include "base/test.h"
#include "cloud/wire.h"

/* Kubeconfigs come from the cloud and say where private keys go: what is not whole is refused, and never quoted. */

#define CLUSTER(server, ca)                                                                                  \
    "clusters:\n- cluster:\n    server: " server "\n    certificate-authority-data: " ca "\n  name: k\n"
#define USER(certificate, key)                                                                               \
    "users:\n- name: \"1\"\n  user:\n    client-certificate-data: " certificate                              \
    "\n    client-key-data: " key "\n"
#define CONTEXT "contexts:\n- context:\n    cluster: k\n    user: \"1\"\n  name: c\ncurrent-context: c\n"
#define GOOD "https://198.51.100.7:6443"
#define KEY "U0VDUkVUU0VDUkVU" /* SECRETSECRET */

static bool parse(struct arena *a, const char *text, struct endpoint *ret, struct err *err)
{
    return kube_config_parse(a, text, strlen(text), ret, err);
}

static void R_a_kubeconfig_that_is_not_whole_is_refused_and_not_quoted(void **state)
{
    static const char *const refused[] = {
        "",
        "- no\n",
        CLUSTER(GOOD, "Q0E=") USER("Q0VSVA==", KEY),                               /* no context */
        CLUSTER(GOOD, "Q0E=") CONTEXT,                                             /* no user */
        USER("Q0VSVA==", KEY) CONTEXT,                                             /* no cluster */
        CLUSTER("http://198.51.100.7:6443", "Q0E=") USER("Q0VSVA==", KEY) CONTEXT, /* not TLS */
        CLUSTER(GOOD "/path", "Q0E=") USER("Q0VSVA==", KEY) CONTEXT,
        CLUSTER("https://u@198.51.100.7", "Q0E=") USER("Q0VSVA==", KEY) CONTEXT,
        CLUSTER(GOOD, "\"\"") USER("Q0VSVA==", KEY) CONTEXT, /* no CA: nobody is trusted */
        CLUSTER(GOOD, "Q0E=") USER("\"\"", KEY) CONTEXT,
        CLUSTER(GOOD, "Q0E=") USER("Q0VSVA==", "\"*" KEY "\"") CONTEXT,
        CLUSTER(GOOD, "Q0E=") "    insecure: true\n  extra" USER("Q0VSVA==", KEY) CONTEXT,
    };
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        cleanup(arena_free_p) struct arena *a = arena_new_secret(1 << 20);
        struct endpoint e;
        struct err err = {0};
        if (parse(a, refused[i], &e, &err))
            fail_msg("taken: %s", refused[i]);
        assert_null(strstr(err.text, KEY));
        assert_null(strstr(err.text, "SECRETSECRET"));
    }
}

static void the_current_context_of_a_kubeconfig_is_taken(void **state)
{
    (void)state;
    cleanup(arena_free_p) struct arena *a = arena_new_secret(1 << 20);
    struct endpoint e;
    struct err err;
    static const char text[] = CLUSTER(GOOD, "Q0E=") USER("Q0VSVA==", KEY) CONTEXT;
    if (!parse(a, text, &e, &err))
        fail_msg("%s", err.text);
    assert_string_equal(e.address, "198.51.100.7:6443");
    assert_string_equal(e.ca_pem, "CA");
    assert_string_equal(e.client_pem, "CERT");
    assert_string_equal(secret_bytes(e.client_key), "SECRETSECRET");
}

static struct err judged(struct arena *a, long status, const char *body)
{
    static const struct call call = {KUBE("GetSecret", "GET", "/")};
    struct http_answer http = {.status = status, .body = body, .body_size = strlen(body)};
    struct answer answer;
    struct err err = {0};
    bool clock;
    assert_false(wire_judge(a, vendor_find("aliyun"), &call, &http, NULL, 0, &answer, &clock, &err));
    return err;
}

/* A cluster's 401 must not suspend the access, whose own key the cloud takes. */
static void R22_what_an_api_server_refuses_has_a_kind_and_never_blames_the_access_key(void **state)
{
    static const struct {
        long status;
        const char *reason;
        enum err_kind kind;
        bool transient;
    } rows[] = {
        {401, "Unauthorized", ERR_PERMISSION, false},
        {403, "Forbidden", ERR_PERMISSION, false},
        {404, "NotFound", ERR_NOT_FOUND, false},
        {409, "Conflict", ERR_CONFLICT, false},
        {410, "Expired", ERR_VENDOR, true},
        {422, "Invalid", ERR_INPUT, false},
        {429, "TooManyRequests", ERR_THROTTLED, true},
        {500, "InternalError", ERR_VENDOR, true},
    };
    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        TEST_ARENA(a);
        const char *body =
            json_format(a, "{'kind':'Status','status':'Failure','message':'m','reason':%s,'code':%ld}",
                        rows[i].reason, rows[i].status);
        struct err err = judged(a, rows[i].status, body);
        assert_int_equal(err.kind, rows[i].kind);
        assert_int_equal(err.transient, rows[i].transient);
    }
}

static void R22_a_right_missing_in_a_cluster_names_the_cluster_and_the_role(void **state)
{
    static const struct cluster cluster = {.region = "cn-hangzhou", .id = "c123", .name = "shop"};
    struct job job = {0};
    struct err err;
    (void)state;
    err_set(&err, ERR_PERMISSION, "secrets is forbidden");
    assert_false(kube_failed(&job, &cluster, &err));
    assert_non_null(strstr(err.text, "cluster shop (c123)"));
    assert_non_null(strstr(err.text, "the role \"operations engineer\""));
    err_set(&err, ERR_NETWORK, "no answer");
    assert_false(kube_failed(&job, &cluster, &err));
    assert_non_null(strstr(err.text, "cluster shop (c123)"));
    assert_null(strstr(err.text, "grant"));
}

static void what_somebody_faster_wrote_is_read_before_the_next_write(void **state)
{
    static const struct cluster cluster = {.region = "cn-hangzhou", .id = "c123", .name = "shop"};
    struct job job = {0};
    struct err err;
    (void)state;
    err_set(&err, ERR_CONFLICT, "the object has been modified");
    snprintf(err.code, sizeof err.code, "Kubernetes.Conflict");
    assert_false(err.transient);
    assert_false(kube_failed(&job, &cluster, &err));
    assert_true(err.transient);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_a_kubeconfig_that_is_not_whole_is_refused_and_not_quoted),
        cmocka_unit_test(the_current_context_of_a_kubeconfig_is_taken),
        cmocka_unit_test(R22_a_right_missing_in_a_cluster_names_the_cluster_and_the_role),
        cmocka_unit_test(what_somebody_faster_wrote_is_read_before_the_next_write),
        cmocka_unit_test(R22_what_an_api_server_refuses_has_a_kind_and_never_blames_the_access_key),
    };
    return cmocka_run_group_tests_name("kube", tests, NULL, NULL);
}

#include "cloud/test_stage.h"

#include "codec/text.h"

#include <string.h>

/* WAF: what is written to which version, and that it is exactly what was read, but for the certificate. */

static const struct resource domain_3 = {.region = "cn-hangzhou",
                                         .vendor_id = "www.example.com",
                                         .title = "www.example.com",
                                         .extra = "{\"instance\":\"waf-1\",\"version\":\"3.0\"}"};
static const struct resource domain_2 = {.region = "ap-southeast-1",
                                         .vendor_id = "www.example.com",
                                         .title = "www.example.com",
                                         .extra = "{\"instance\":\"waf-2\",\"version\":\"2.0\"}"};

static bool write_to(struct stage *g, const struct resource *r, const char *document, const char *ref)
{
    const struct binding now = {.etag = "", .document = document};
    const struct change change = {.slot = "default", .add = &ref, .add_count = ref ? 1 : 0};
    g->y->err = (struct err){0};
    g->job.product = product_find("aliyun/waf");
    return g->job.product->bind(&g->job, r, &now, &change, NULL, &g->y->err);
}

static void assert_sent(struct stage *g, size_t i, const char *text)
{
    if (i >= calls_seen(g) || !strstr(g->log[i], text))
        fail_msg("request %zu lacks %s: %s", i, text, i < calls_seen(g) ? g->log[i] : "none");
}

static void assert_sent_document(struct stage *g, size_t i, const char *text)
{
    assert_sent(g, i, url_encode(g->y->a, text));
}

static const char document[] =
    "{\"RequestId\":\"R\",\"Domain\":\"www.example.com\",\"Listen\":{\"CertId\":\"1-cn-hangzhou\",\"New\":1."
    "50,"
    "\"TLSVersion\":\"tlsv1.2\",\"EnableTLSv3\":true,\"CipherSuite\":99,\"CustomCiphers\":[\"A\",\"B\"],"
    "\"HttpsPorts\":[443]},\"Redirect\":{\"Backends\":[{\"Backend\":\"192.0.2.1\"},{\"Backend\":\"a."
    "example\"}],"
    "\"BackendList\":[\"192.0.2.1\"],\"Later\":{\"x\":[1e3]},\"BackUpBackendList\":[],\"BackupBackends\":[],"
    "\"Loadbalance\":\"iphash\"}}";

static void R_waf_sends_back_the_tls_settings_with_the_certificate(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"RequestId\":\"R\"}"});
    begin_as(g, "aliyun", false);
    assert_ok(g->y, write_to(g, &domain_3, document, "2-cn-hangzhou"));
    static const char *const sent[] = {"ModifyDomainCert",     "InstanceId=waf-1",
                                       "RegionId=cn-hangzhou", "Domain=www.example.com",
                                       "CertId=2-cn-hangzhou", "TLSVersion=tlsv1.2",
                                       "EnableTLSv3=true",     "CipherSuite=99",
                                       "CustomCiphers.1=A&",   "CustomCiphers.2=B "};
    for (size_t i = 0; i < countof(sent); i++)
        assert_sent(g, 0, sent[i]);
    assert_ok(g->y, write_to(g, &domain_3, "{\"Listen\":{}}", "2-cn-hangzhou"));
    assert_null(strstr(g->log[1], "TLSVersion")); /* what was not read is not made up */
    assert_err(g->y, ERR_INPUT, write_to(g, &domain_3, document, NULL));
    assert_int_equal(calls_seen(g), 2);
}

static void R_waf_where_the_call_is_unknown_the_whole_domain_goes_back_byte_by_byte(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {404, NULL, "{\"Code\":\"InvalidAction.NotFound\",\"Message\":\"m\"}"}, {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    assert_ok(g->y, write_to(g, &domain_3, document, "2-cn-hangzhou"));
    assert_sent(g, 1, "ModifyDomain");
    assert_sent_document(
        g, 1,
        "{\"CertId\":\"2-cn-hangzhou\",\"New\":1.50,\"TLSVersion\":\"tlsv1.2\",\"EnableTLSv3\":"
        "true,\"CipherSuite\":99,\"CustomCiphers\":[\"A\",\"B\"],\"HttpsPorts\":[443]}");
    assert_sent_document(g, 1,
                         "{\"Backends\":[\"192.0.2.1\",\"a.example\"],\"Later\":{\"x\":[1e3]},"
                         "\"BackupBackends\":[],\"Loadbalance\":\"iphash\"}");
    assert_ok(g->y, write_to(g, &domain_3, document, "1-cn-hangzhou"));
    assert_int_equal(calls_seen(g), 3); /* it is not asked for the unknown again */
    assert_sent_document(g, 2, "{\"CertId\":\"1-cn-hangzhou\",\"New\":1.50,");
}

static void R_waf_a_refusal_of_another_kind_is_no_reason_for_the_other_way(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {400, NULL, "{\"Code\":\"Waf.Pullin.ResourceProcessing\",\"Message\":\"m\"}"});
    begin_as(g, "aliyun", false);
    g->job.patience_ms = 0;
    assert_err(g->y, ERR_CONFLICT, write_to(g, &domain_3, document, "2-cn-hangzhou"));
    assert_true(g->y->err.transient);
    assert_int_equal(calls_seen(g), 1);
}

static void R_waf_2_binds_by_number_of_its_own_site(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"CertificateId\":2}"});
    begin_as(g, "aliyun", false);
    assert_err(g->y, ERR_INPUT, write_to(g, &domain_2, NULL, "2-cn-hangzhou"));
    assert_err(g->y, ERR_INPUT, write_to(g, &domain_2, NULL, "x"));
    assert_int_equal(calls_seen(g), 0);
    assert_ok(g->y, write_to(g, &domain_2, NULL, "2-ap-southeast-1"));
    assert_sent(g, 0, "CreateCertificateByCertificateId");
    assert_sent(g, 0, "InstanceId=waf-2&Domain=www.example.com&CertificateId=2 ");
    assert_sent(g, 0, "wafopenapi.ap-southeast-1.aliyuncs.com");
}

static bool count(void *context, const struct resource *r, struct err *err)
{
    size_t *n = context;
    (void)r;
    (void)err;
    (*n)++;
    return true;
}

/* Of an account that has 3.0, what is asked of 2.0 may be refused; of one that has none, that is the answer. */
static void R_waf_a_refused_version_2_matters_only_without_version_3(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"InstanceId\":\"waf-1\"}"}, {200, NULL, "{\"Domains\":[],\"TotalCount\":0}"},
            {403, NULL, "{\"Code\":\"NoPermission\",\"Message\":\"m\"}"},
            {200, NULL, "{\"RequestId\":\"R\"}"},
            {403, NULL, "{\"Code\":\"NoPermission\",\"Message\":\"m\"}"},
            {200, NULL, "{\"InstanceId\":\"\"}"}, {200, NULL, "{\"RequestId\":\"R\"}"});
    size_t found = 0;
    begin_as(g, "aliyun", false);
    g->job.product = product_find("aliyun/waf");
    assert_ok(g->y, g->job.product->discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_err(g->y, ERR_PERMISSION,
               g->job.product->discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_ok(g->y, g->job.product->discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_int_equal(calls_seen(g), 7);
    assert_int_equal(found, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_waf_sends_back_the_tls_settings_with_the_certificate),
        stage_test(R_waf_where_the_call_is_unknown_the_whole_domain_goes_back_byte_by_byte),
        stage_test(R_waf_a_refusal_of_another_kind_is_no_reason_for_the_other_way),
        stage_test(R_waf_2_binds_by_number_of_its_own_site),
        stage_test(R_waf_a_refused_version_2_matters_only_without_version_3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

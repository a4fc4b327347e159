#include "cloud/test_stage.h"

#include "codec/text.h"

#include <string.h>

/* What stands in front of others' servers. WAF: what is written to which version, and that it is exactly what was read,
 * but for the certificate. Anti-DDoS Proxy: which certificate is the bound one, and what cannot be done.
 * Global Accelerator: a write for each kind of slot.
 */

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
    return product_bind(&g->job, r, &now, &change, NULL, &g->y->err);
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
    assert_ok(g->y, product_discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_err(g->y, ERR_PERMISSION, product_discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_ok(g->y, product_discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_int_equal(calls_seen(g), 7);
    assert_int_equal(found, 0);
}

#define LISTED                                                                                               \
    {200, NULL, "{\"InstanceId\":\"waf-1\"}"},                                                               \
    {                                                                                                        \
        200, NULL, "{\"Domains\":[{\"Domain\":\"www.example.com\"}],\"TotalCount\":1}"                       \
    }

/* Deleted since it was listed is no failure; an answer that only looks like that must not make domains vanish. */
static void R_waf_a_domain_is_left_out_only_where_the_vendor_says_that_it_is_gone(void **state)
{
    struct stage *g = *state;
    REPLIES(g, LISTED, {400, NULL, "{\"Code\":\"Waf.Pullin.DomainNotExist\"}"}, {200, NULL, "{}"}, LISTED,
            {404, NULL, "{\"Code\":\"InvalidAction.NotFound\"}"}, LISTED, {200, NULL, "{\"Status\":1}"});
    size_t found = 0;
    begin_as(g, "aliyun", false);
    g->job.product = product_find("aliyun/waf");
    assert_ok(g->y, product_discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_false(product_discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_false(product_discover(&g->job, "cn-hangzhou", count, &found, &g->y->err));
    assert_int_equal(calls_seen(g), 10);
    assert_int_equal(found, 0);
}

static void R_guard_sites_follow_the_regions_of_the_access(void **state)
{
    struct stage *g = *state;
    static const struct {
        const char *regions, *sites[3];
    } table[] = {{"[]", {"cn-hangzhou", "ap-southeast-1"}},
                 {"[\"cn-beijing\",\"cn-shanghai\"]", {"cn-hangzhou"}},
                 {"[\"cn-hongkong\"]", {"ap-southeast-1"}},
                 {"[\"eu-central-1\",\"cn-beijing\"]", {"cn-hangzhou", "ap-southeast-1"}}};
    begin_as(g, "aliyun", false);
    for (size_t i = 0; i < countof(table); i++) {
        const char **sites;
        size_t n = 0;
        g->session->keys->row.regions = table[i].regions;
        assert_ok(g->y, product_find("aliyun/ddos")->regions(&g->job, &sites, &n, &g->y->err));
        for (size_t k = 0; k < n; k++)
            assert_string_equal(sites[k], table[i].sites[k]);
        assert_null(table[i].sites[n]);
    }
}

#define RULE(more)                                                                                           \
    "{\"WebRules\":[{\"Domain\":\"xwww.example.com\"},{\"Domain\":\"www.example.com\",\"CertExpireTime\":1," \
    "\"SslCiphers\":\"strict\",\"ProxyTypes\":[{\"ProxyType\":\"https\",\"ProxyPorts\":[\"443\"]}]" more     \
    "}],\"TotalCount\":2}"
#define RELATED                                                                                              \
    "{\"Certs\":[{\"Id\":7,\"Name\":\"c\",\"DomainRelated\":false},{\"Id\":8,\"Name\":\"a\","                \
    "\"DomainRelated\":true},{\"Id\":9,\"Name\":\"b\",\"DomainRelated\":true}]}"

static void R_ddos_the_bound_certificate_is_the_one_the_rule_names(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, RULE(",\"CertName\":\"b\",\"CertRegion\":\"ap-southeast-1\"")},
            {200, NULL, RELATED}, {404, NULL, "{\"Code\":\"NotFound\"}"}, {200, NULL, RULE("")},
            {200, NULL, RELATED}, {404, NULL, "{\"Code\":\"NotFound\"}"},
            {200, NULL, "{\"WebRules\":[],\"TotalCount\":0}"});
    static const char *const refs[] = {"9-ap-southeast-1", "8-cn-hangzhou"};
    begin_as(g, "aliyun", false);
    g->job.product = product_find("aliyun/ddos");
    for (size_t i = 0; i < countof(refs); i++) {
        struct binding now;
        assert_ok(g->y, product_read(&g->job, &domain_3, &now, &g->y->err));
        assert_true(now.https && now.ready);
        assert_int_equal(now.bound_count, 1);
        assert_string_equal(now.bound[0].ref, refs[i]);
        assert_null(strstr(now.settings, "Cert"));
        assert_non_null(strstr(now.settings, "strict"));
    }
    struct binding none;
    assert_err(g->y, ERR_NOT_FOUND, product_read(&g->job, &domain_3, &none, &g->y->err));
    assert_sent(g, 6, "QueryDomainPattern=exact");
}

static void R19_ddos_refuses_sm2_and_says_that_nothing_can_be_unbound(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/ddos");
    const struct material m = {.sm2 = true};
    const struct bound none = {.slot = "default", .ref = ""},
                       one = {.slot = "default", .ref = "9-cn-hangzhou"};
    const struct change off = {.slot = "default",
                               .remove = (const char *[]){"9-cn-hangzhou"},
                               .remove_count = 1};
    const struct binding now = {.etag = ""};
    const char *text = NULL;
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_err(g->y, ERR_INVALID_CERTIFICATE,
               product_store_for(job_of(g, p), &domain_3, &m, &text, &g->y->err));
    assert_non_null(strstr(g->y->err.text, "offers no way"));
    assert_ok(g->y, product_old_key(job_of(g, p), &domain_3, &none, &text, &g->y->err));
    assert_non_null(strstr(text, "offers no way"));
    assert_ok(g->y, product_old_key(job_of(g, p), &domain_3, &one, &text, &g->y->err));
    assert_null(text);
    assert_err(g->y, ERR_INPUT, product_bind(job_of(g, p), &domain_3, &now, &off, NULL, &g->y->err));
    assert_int_equal(calls_seen(g), 0);
}

static bool write_ga(struct stage *g, const struct binding *now, const char *slot, const char *add,
                     const char *remove)
{
    const struct change change = {slot, &add, add ? 1 : 0, &remove, remove ? 1 : 0};
    static const struct resource listener = {.vendor_id = "lsr-1", .title = "lsr-1", .extra = "{}"};
    g->y->err = (struct err){0};
    g->job.product = product_find("aliyun/ga");
    return product_bind(&g->job, &listener, now, &change, NULL, &g->y->err);
}

static void R_ga_writes_the_default_with_its_settings_and_each_domain_by_itself(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"RequestId\":\"R\"}"});
    struct bound held[] = {{.slot = "default", .ref = "1-cn-hangzhou"},
                           {.slot = "a.example.com", .ref = "2-cn-hangzhou"}};
    const struct binding now =
        {.bound = held,
         .bound_count = 2,
         .document =
             "{\"AcceleratorId\":\"ga-1\",\"Name\":\"n\",\"Description\":\"\",\"HttpVersion\":\"http3\","
             "\"IdleTimeout\":30,\"New\":1,\"SecurityPolicyId\":\"p\",\"XForwardedForConfig\":"
             "{\"XRealIpEnabled\":true}}"};
    begin_as(g, "aliyun", false);
    assert_ok(g->y, write_ga(g, &now, "default", "9-cn-hangzhou", "1-cn-hangzhou"));
    static const char *const sent[] = {"UpdateListener",
                                       "Certificates.1.Id=9-cn-hangzhou",
                                       "Name=n&",
                                       "HttpVersion=http3&",
                                       "IdleTimeout=30&",
                                       "SecurityPolicyId=p&",
                                       "XForwardedForConfig.XRealIpEnabled=true"};
    for (size_t i = 0; i < countof(sent); i++)
        assert_sent(g, 0, sent[i]);
    assert_null(strstr(g->log[0], "Description"));
    assert_err(g->y, ERR_INPUT, write_ga(g, &now, "default", NULL, "1-cn-hangzhou"));
    assert_ok(g->y, write_ga(g, &now, "a.example.com", "9-cn-hangzhou", "2-cn-hangzhou"));
    assert_sent(g, 1, "UpdateAdditionalCertificateWithListener");
    assert_sent(g, 1,
                "AcceleratorId=ga-1&ListenerId=lsr-1&Domain=a.example.com&CertificateId=9-cn-hangzhou ");
    assert_ok(g->y, write_ga(g, &now, "b.example.com", "9-cn-hangzhou", NULL));
    assert_sent(g, 2, "AssociateAdditionalCertificatesWithListener");
    assert_sent(g, 2, "Certificates.1.Domain=b.example.com&Certificates.1.Id=9-cn-hangzhou ");
    assert_ok(g->y, write_ga(g, &now, "a.example.com", NULL, "2-cn-hangzhou"));
    assert_sent(g, 3, "DissociateAdditionalCertificatesFromListener");
    assert_sent(g, 3, "Domains.1=a.example.com ");
    assert_int_equal(calls_seen(g), 4);
}

static void R_ga_what_is_busy_is_waited_for_and_what_is_gone_is_not_found(void **state)
{
    struct stage *g = *state;
    static const enum err_kind kinds[] = {ERR_CONFLICT, ERR_CONFLICT, ERR_CONFLICT, ERR_NOT_FOUND};
    REPLIES(g, {400, NULL, "{\"Code\":\"StateError.Accelerator\"}"},
            {400, NULL, "{\"Code\":\"NotActive.Listener\"}"},
            {400, NULL, "{\"Code\":\"NotExist.BasicBandwidthPackage\"}"},
            {400, NULL, "{\"Code\":\"NotExist.Listener\"}"});
    const struct binding now = {.document = "{}"};
    begin_as(g, "aliyun", false);
    g->job.patience_ms = 0;
    for (size_t i = 0; i < countof(kinds); i++) {
        assert_err(g->y, kinds[i], write_ga(g, &now, "default", "9-cn-hangzhou", NULL));
        assert_true(g->y->err.transient == (kinds[i] == ERR_CONFLICT));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_waf_sends_back_the_tls_settings_with_the_certificate),
        stage_test(R_waf_where_the_call_is_unknown_the_whole_domain_goes_back_byte_by_byte),
        stage_test(R_waf_a_refusal_of_another_kind_is_no_reason_for_the_other_way),
        stage_test(R_waf_2_binds_by_number_of_its_own_site),
        stage_test(R_waf_a_refused_version_2_matters_only_without_version_3),
        stage_test(R_waf_a_domain_is_left_out_only_where_the_vendor_says_that_it_is_gone),
        stage_test(R_guard_sites_follow_the_regions_of_the_access),
        stage_test(R_ddos_the_bound_certificate_is_the_one_the_rule_names),
        stage_test(R19_ddos_refuses_sm2_and_says_that_nothing_can_be_unbound),
        stage_test(R_ga_writes_the_default_with_its_settings_and_each_domain_by_itself),
        stage_test(R_ga_what_is_busy_is_waited_for_and_what_is_gone_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

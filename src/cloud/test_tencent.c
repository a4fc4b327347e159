#include "cloud/test_stage.h"

#include <string.h>

/* What Tencent Cloud's WAF and CLB are sent: everything that stood beside the certificate, in the types that writes want. */

#define INFO(certificate)                                                                                    \
    "{\"Response\":{\"RequestId\":\"r\",\"DomainsPartInfo\":{\"Domain\":\"w.example.com\",\"DomainId\":"     \
    "\"d1\","                                                                                                \
    "\"InstanceId\":\"waf_1\",\"Edition\":\"sparta-waf\",\"IsKeepAlive\":1,\"Weights\":[\"10\",\"90\"],"     \
    "\"Ports\":[{\"NginxServerId\":8,\"Port\":\"443\",\"Protocol\":\"https\",\"UpstreamPort\":\"443\","      \
    "\"UpstreamProtocol\":\"https\"}],\"Gzip\":1,\"Ciphers\":[1,5],\"Note\":null," certificate "}}}"
#define DONE "{\"Response\":{\"RequestId\":\"r\"}}"
#define BY_ID "\"CertType\":2,\"SSLId\":\"oldCERT1\",\"GmType\":0,\"GmCertType\":0"
#define OWN                                                                                                  \
    "\"CertType\":1,\"Cert\":\"CERT\",\"PrivateKey\":\"OLDKEY\",\"GmType\":2,\"GmCertType\":2,"              \
    "\"GmSSLId\":\"smCERT01\""

static const struct resource domain = {.region = "ap-guangzhou",
                                       .vendor_id = "d1",
                                       .title = "w.example.com",
                                       .extra = "{\"domain\":\"w.example.com\",\"instance\":\"waf_1\"}"};

static void assert_sent(struct stage *g, size_t i, const char *text)
{
    if (i >= calls_seen(g) || !strstr(g->log[i], text))
        fail_msg("request %zu lacks %s: %s", i, text, i < calls_seen(g) ? g->log[i] : "none");
}

static void R_waf_sends_all_that_stands_beside_the_certificate(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("tencent/waf");
    const char *add[] = {"newCERT1"}, *old[] = {"oldCERT1"};
    const struct change change = {"default", add, 1, old, 1}, none = {"default", NULL, 0, add, 1};
    const struct binding now = {0};
    REPLIES(g, {200, NULL, INFO(BY_ID)}, {200, NULL, DONE}, {200, NULL, INFO(OWN)}, {200, NULL, DONE});
    begin_as(g, "tencent", false);
    assert_ok(g->y, product_bind(job_of(g, p), &domain, &now, &change, NULL, &g->y->err));
    assert_sent(g, 1, "\"InstanceID\":\"waf_1\"");
    assert_sent(g, 1, "\"IsKeepAlive\":\"1\"");
    assert_sent(g, 1, "\"Weights\":[10,90]");
    assert_sent(g, 1, "\"Ports\":[{\"NginxServerId\":8,");
    assert_sent(g, 1, "\"Gzip\":1");
    assert_sent(g, 1, "\"Ciphers\":[1,5]");
    assert_sent(g, 1, "\"GmType\":0,\"CertType\":2,\"SSLId\":\"newCERT1\"");
    assert_null(strstr(g->log[1], "Note"));
    assert_ok(g->y, product_bind(job_of(g, p), &domain, &now, &change, NULL, &g->y->err));
    assert_sent(g, 3, "\"GmType\":2,\"CertType\":2,\"SSLId\":\"newCERT1\"");
    assert_sent(g, 3, "\"GmCertType\":2,\"GmSSLId\":\"smCERT01\"");
    assert_null(strstr(g->log[3], "OLDKEY"));
    assert_err(g->y, ERR_INPUT, product_bind(job_of(g, p), &domain, &now, &none, NULL, &g->y->err));
    assert_int_equal(calls_seen(g), 4);
}

static void R_waf_puts_back_what_it_showed_with_its_key(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("tencent/waf");
    const char *ours[] = {"newCERT1"}, *old[] = {"pem:0123"}, *why = "?";
    const struct change change = {"default", ours, 1, old, 1};
    const struct bound held = {.slot = "default", .ref = old[0]};
    struct binding before = {0};
    REPLIES(g, {200, NULL, INFO(OWN)},
            {200, NULL,
             "{\"Response\":{\"Total\":1,\"Domains\":[{\"DomainId\":\"d1\",\"State\":0,\"Ports\":[{\"Port\":"
             "\"443\","
             "\"Protocol\":\"https\"}]}]}}"},
            {200, NULL, "{\"Response\":{\"Error\":{\"Code\":\"FailedOperation.CertificateNotFound\"}}}"},
            {200, NULL, INFO(BY_ID)}, {200, NULL, DONE}, {200, NULL, INFO(OWN)}, {200, NULL, DONE},
            {200, NULL, INFO(OWN)});
    begin_as(g, "tencent", false);
    assert_ok(g->y, product_read(job_of(g, p), &domain, &before, &g->y->err));
    assert_true(before.ready && before.https && before.bound_count == 2);
    assert_string_equal(before.bound[1].slot, "sm");
    assert_null(strstr(before.settings, "OLDKEY"));
    assert_ok(g->y, product_restore(job_of(g, p), &domain, &before, &before, &change, &g->y->err));
    assert_sent(g, 4, "\"CertType\":1,\"Cert\":\"CERT\",\"PrivateKey\":\"OLDKEY\"");
    assert_ok(g->y, product_bind(job_of(g, p), &domain, &before,
                                 &(struct change){"sm", (const char *[]){"smCERT02"}, 1, NULL, 0}, NULL,
                                 &g->y->err));
    assert_sent(g, 6,
                "\"CertType\":1,\"Cert\":\"CERT\",\"PrivateKey\":\"OLDKEY\""); /* the other place stays */
    assert_sent(g, 6, "\"GmCertType\":2,\"GmSSLId\":\"smCERT02\"");
    assert_ok(g->y, product_old_key(job_of(g, p), &domain, &held, &why, &g->y->err));
    assert_null(why);
}

static void R_waf_changes_nothing_beside_a_certificate_whose_key_it_hides(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("tencent/waf");
    const char *sm[] = {"smCERT02"}, *add[] = {"newCERT1"};
    const struct change to_sm = {"sm", sm, 1, NULL, 0}, to_default = {"default", add, 1, NULL, 0};
    const struct binding now = {0};
    REPLIES(g, {200, NULL, INFO("\"CertType\":1,\"Cert\":\"CERT\",\"PrivateKey\":\"\",\"GmType\":0")},
            {200, NULL,
             INFO("\"CertType\":2,\"SSLId\":\"oldCERT1\",\"GmType\":1,\"GmCertType\":1,\"GmCert\":\"S\","
                  "\"GmPrivateKey\":\"K\",\"GmEncCert\":\"E\"")});
    begin_as(g, "tencent", false);
    assert_err(g->y, ERR_INVALID_CERTIFICATE,
               product_bind(job_of(g, p), &domain, &now, &to_sm, NULL, &g->y->err));
    assert_err(g->y, ERR_INVALID_CERTIFICATE,
               product_bind(job_of(g, p), &domain, &now, &to_default, NULL, &g->y->err));
    assert_int_equal(calls_seen(g), 2); /* both were reads */
}

static void R_waf_takes_sm2_pairs_beside_the_other_certificate(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("tencent/waf");
    static const char pair[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const char *add[] = {pair}, *store = "?";
    const struct change change = {"sm", add, 1, NULL, 0};
    const struct binding now = {0};
    REPLIES(g, {200, NULL, INFO(BY_ID)}, {200, NULL, DONE});
    struct material m = {.name = "certferry-1",
                         .fingerprint = pair,
                         .fullchain_pem = "SIGN",
                         .sm2 = true,
                         .sm2_encryption_pem = "ENC",
                         .key = secret_in(g->y->a, secret_new("SIGNKEY", 7))};
    begin_as(g, "tencent", false);
    assert_err(g->y, ERR_INVALID_CERTIFICATE,
               product_store_for(job_of(g, p), &domain, &m, &store, &g->y->err));
    m.sm2_encryption_key = secret_in(g->y->a, secret_new("ENCKEY", 6));
    assert_ok(g->y, product_store_for(job_of(g, p), &domain, &m, &store, &g->y->err));
    assert_null(store);
    assert_ok(g->y, product_bind(job_of(g, p), &domain, &now, &change, &m, &g->y->err));
    assert_sent(g, 1,
                "\"GmType\":1,\"GmCertType\":1,\"GmCert\":\"SIGN\",\"GmPrivateKey\":\"SIGNKEY\","
                "\"GmEncCert\":\"ENC\",\"GmEncPrivateKey\":\"ENCKEY\"");
    assert_sent(g, 1, "\"CertType\":2,\"SSLId\":\"oldCERT1\"");
}

static void R_waf_gives_an_sm2_pair_up_again(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("tencent/waf");
    const char *add[] = {"smCERT01"};
    const struct change change = {"sm", add, 1, NULL, 0};
    const struct binding now = {0};
    REPLIES(g,
            {200, NULL,
             INFO("\"CertType\":2,\"SSLId\":\"oldCERT1\",\"GmType\":1,\"GmCertType\":2,\"GmSSLId\":"
                  "\"smCERT01\"")},
            {200, NULL, DONE});
    begin_as(g, "tencent", false);
    assert_ok(g->y, product_restore(job_of(g, p), &domain, &now, &now, &change, &g->y->err));
    assert_sent(g, 1, "\"GmType\":0,\"GmCertType\":0,\"CertType\":2,\"SSLId\":\"oldCERT1\"");
}

static void R_clb_sends_mutual_tls_along_and_the_other_algorithms(void **state)
{
    static const struct {
        const char *place, *slot, *sent;
    } rows[] = {
        {"{\"SSLMode\":\"UNIDIRECTIONAL\",\"CertId\":\"old\"}", "default",
         "\"Certificate\":{\"SSLMode\":\"UNIDIRECTIONAL\",\"CertId\":\"new\"}}"},
        {"{\"SSLMode\":\"MUTUAL\",\"SSLVerifyClient\":\"OPTIONAL\",\"CertId\":\"old\",\"CertCaId\":\"ca\"}",
         "default",
         "\"Certificate\":{\"SSLMode\":\"MUTUAL\",\"SSLVerifyClient\":\"OPTIONAL\",\"CertId\":\"new\","
         "\"CertCaId\":"
         "\"ca\"}}"},
        {"{\"SSLMode\":\"UNIDIRECTIONAL\",\"CertId\":\"rsa\",\"ExtCertIds\":[\"old\"]}", "sni",
         "\"MultiCertInfo\":{\"SSLMode\":\"UNIDIRECTIONAL\",\"CertList\":[{\"CertId\":\"rsa\"},{\"CertId\":"
         "\"new\"}]}}"},
        {"{\"SSLMode\":\"MUTUAL\",\"SSLVerifyClient\":\"ON\",\"CertId\":\"old\",\"CertCaId\":\"ca\","
         "\"ExtCertIds\":["
         "\"ecc\"]}",
         "sni",
         "\"MultiCertInfo\":{\"SSLMode\":\"MUTUAL\",\"SSLVerifyClient\":\"ON\",\"CertList\":[{\"CertId\":"
         "\"new\"},"
         "{\"CertId\":\"ecc\"},{\"CertId\":\"ca\"}]}}"},
    };
    struct stage *g = *state;
    const struct resource r = {.region = "ap-guangzhou",
                               .vendor_id = "lb-1/lbl-1",
                               .title = "l",
                               .lock = "clb:lb-1"};
    const char *add[] = {"new"}, *old[] = {"old"};
    REPLIES(g, {200, NULL, DONE});
    begin_as(g, "tencent", false);
    for (size_t i = 0; i < countof(rows); i++) {
        const struct change change = {rows[i].slot, add, 1, old, 1};
        const struct binding now = {
            .document = arena_printf(g->y->a, "{\"ListenerId\":\"lbl-1\",\"SniSwitch\":0,\"Certificate\":%s}",
                                     rows[i].place)};
        assert_ok(g->y,
                  product_bind(job_of(g, product_find("tencent/clb")), &r, &now, &change, NULL, &g->y->err));
        assert_sent(g, i, "{\"LoadBalancerId\":\"lb-1\",\"ListenerId\":\"lbl-1\",");
        assert_sent(g, i, rows[i].sent);
    }
}

static void R_clb_goes_on_when_its_task_is_forgotten(void **state)
{
    struct stage *g = *state;
    const struct resource r = {.region = "ap-guangzhou",
                               .vendor_id = "lb-1/lbl-1",
                               .title = "l",
                               .lock = "clb:lb-1"};
    const struct product *p = product_find("tencent/clb");
    const char *add[] = {"new"}, *old[] = {"old"};
    const struct change change = {"default", add, 1, old, 1};
    struct binding now = {.document = "{\"ListenerId\":\"lbl-1\",\"SniSwitch\":0,\"Certificate\":{\"CertId\":"
                                      "\"old\"}}"};
    REPLIES(g, {200, NULL, DONE},
            {200, NULL, "{\"Response\":{\"Error\":{\"Code\":\"InvalidParameter\",\"Message\":\"no task\"}}}"},
            {200, NULL,
             "{\"Response\":{\"Listeners\":[{\"ListenerId\":\"lbl-1\",\"Protocol\":\"HTTPS\",\"SniSwitch\":0}"
             "]}}"});
    begin_as(g, "tencent", false);
    assert_ok(g->y, product_bind(job_of(g, p), &r, &now, &change, NULL, &g->y->err));
    assert_ok(g->y, product_read(job_of(g, p), &r, &now, &g->y->err));
    assert_true(now.ready);
    assert_ok(g->y, product_read(job_of(g, p), &r, &now, &g->y->err));
    assert_int_equal(calls_seen(g), 4); /* it is not asked about again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_waf_sends_all_that_stands_beside_the_certificate),
        stage_test(R_waf_puts_back_what_it_showed_with_its_key),
        stage_test(R_waf_changes_nothing_beside_a_certificate_whose_key_it_hides),
        stage_test(R_waf_takes_sm2_pairs_beside_the_other_certificate),
        stage_test(R_waf_gives_an_sm2_pair_up_again),
        stage_test(R_clb_sends_mutual_tls_along_and_the_other_algorithms),
        stage_test(R_clb_goes_on_when_its_task_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

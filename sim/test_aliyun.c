/* Settling, busy answers, the certificate store and the listeners' sets. */
#include "sim/test_help.h"

/* The leaf that an edge of this resource presents now, as sha256. */
static const char *served(struct fixture *f, const struct sim_service *service, const char *id,
                          const char *server_name)
{
    const struct sim_object *o = state_find(f->sim.state, "aliyun", NULL, service->resource_kind, NULL, id);
    assert_non_null(o);
    const struct sim_object *cert =
        service->choose(f->sim.state, o, state_served(f->sim.state, o), server_name);
    return cert ? sim_leaf(cert->cert)->sha256 : "";
}

extern const struct sim_service sim_aliyun_cdn, sim_aliyun_alb;

static void a_domain_settles_in_steps_and_is_busy_meanwhile(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 1000);
    const char *id = upload(f, "fresh", "r0000.example.com"), *show = "DomainName=r0000.example.com";
    const char *bound = "/CertInfos/CertInfo/0/CertId";
    const char *set =
        param(f, "DomainName=r0000.example.com&SSLProtocol=on&CertType=cas&CertName=fresh&CertId=%s", id);
    const char *old = served(f, &sim_aliyun_cdn, "r0000.example.com", "");
    const char *old_id = at(f, cdn(f, "DescribeDomainCertificateInfo", show), bound);
    assert_int_equal(cdn(f, "SetCdnDomainSSLCertificate", set).status, 200);
    assert_string_equal(at(f, cdn(f, "DescribeDomainCertificateInfo", show), bound), old_id);
    assert_string_equal(cdn(f, "SetCdnDomainSSLCertificate", set).code, "ServiceBusy");
    assert_string_equal(at(f, cdn(f, "DescribeUserDomains", show), "/Domains/PageData/0/DomainStatus"),
                        "configuring");
    f->clock.now_ms += 500;
    assert_string_equal(at(f, cdn(f, "DescribeDomainCertificateInfo", show), bound), id);
    assert_string_equal(served(f, &sim_aliyun_cdn, "r0000.example.com", ""), old);
    f->clock.now_ms += 500;
    assert_string_not_equal(served(f, &sim_aliyun_cdn, "r0000.example.com", ""), old);
    assert_string_equal(at(f, cdn(f, "DescribeUserDomains", show), "/Domains/PageData/0/DomainStatus"),
                        "online");
    assert_string_equal(at(f, cdn(f, "DescribeCdnDomainConfigs", show),
                           "/DomainConfigs/DomainConfig/1/FunctionName"),
                        "HSTS");
    fixture_free(f);
}

static void switched_off_serves_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(4, 0);
    assert_int_equal(
        cdn(f, "SetCdnDomainSSLCertificate", "DomainName=r0000.example.com&SSLProtocol=off").status, 200);
    assert_string_equal(served(f, &sim_aliyun_cdn, "r0000.example.com", ""), "");
    fixture_free(f);
}

static void the_store_keeps_names_unique_and_sites_apart(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(0, 0);
    const char *id = upload(f, "fresh", "www.example.com");
    struct pairs p = query(f, param(f, "CertId=%s", id));
    assert_string_equal(
        rpc(f, "cas.ap-southeast-1.aliyuncs.com", "2020-04-07", "GetUserCertificateDetail", &p).code,
        "NotFound");
    struct outcome o = cas(f, "GetUserCertificateDetail", param(f, "CertId=%s&CertFilter=true", id));
    assert_string_equal(at(f, o, "/CertIdentifier"), param(f, "%s-cn-hangzhou", id));
    assert_string_equal(at(f, o, "/Sans"), "www.example.com");
    assert_string_equal(at(f, o, "/Key"), "");
    assert_non_null(
        strstr(at(f, cas(f, "GetUserCertificateDetail", param(f, "CertId=%s", id)), "/Key"), "PRIVATE KEY"));
    assert_string_equal(at(f, cas(f, "ListUserCertificateOrder", ""), "/TotalCount"), "0");
    assert_string_equal(at(f, cas(f, "ListUserCertificateOrder", "OrderType=CERT&Keyword=www"),
                           "/TotalCount"),
                        "1");
    assert_int_equal(cas(f, "DeleteUserCertificate", param(f, "CertId=%s", id)).status, 200);
    assert_string_equal(cas(f, "GetUserCertificateDetail", param(f, "CertId=%s", id)).code, "NotFound");
    upload(f, "fresh", "www.example.com");
    fixture_free(f);
}

static void an_upload_must_fit_together(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(0, 0);
    const char *names[] = {"www.example.com"};
    struct minted one, other;
    assert_true(
        mint_leaf(f->arena, &f->ca, names, 1, KEY_ECDSA, 256, 0, f->clock.now_ms + 1000000, &one, NULL));
    assert_true(
        mint_leaf(f->arena, &f->ca, names, 1, KEY_ECDSA, 256, 0, f->clock.now_ms + 1000000, &other, NULL));
    const char *pem = x509_pem(f->arena, &one.cert), *ca = x509_pem(f->arena, &f->ca.cert);
    const struct {
        const char *name, *cert, *key;
    } cases[] = {
        {"key_of_another", pem, secret_bytes(other.key)},
        {"wrong order", pem, secret_bytes(one.key)},
        {"out_of_order", param(f, "%s%s%s", pem, x509_pem(f->arena, &other.cert), ca), secret_bytes(one.key)},
        {"no_certificate", "hello", secret_bytes(one.key)},
        {"no_key", pem, "hello"},
        {"a23456789012345678901234567890123456789012345678901234567890123_64", pem, secret_bytes(one.key)},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct pairs p = {0};
        pairs_add(f->arena, &p, "Name", cases[i].name);
        pairs_add(f->arena, &p, "Cert", cases[i].cert);
        pairs_add(f->arena, &p, "Key", cases[i].key);
        assert_int_equal(rpc(f, "cas.aliyuncs.com", "2020-04-07", "UploadUserCertificate", &p).status, 400);
    }
    fixture_free(f);
}

/* The n-th HTTPS listener of cn-hangzhou. */
static const char *listener(struct fixture *f, size_t n)
{
    return at(f, alb(f, "ListListeners", "ListenerProtocol=HTTPS&MaxResults=100"),
              param(f, "/Listeners/%zu/ListenerId", n));
}

static void one_change_at_a_time_on_a_load_balancer(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(40, 1000);
    const char *a = listener(f, 0), *b = listener(f, 1), *id = upload(f, "fresh", "r0001.example.com");
    const char *cert = param(f, "Certificates.1.CertificateId=%s-cn-hangzhou", id);
    struct outcome o = alb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", a, cert));
    const char *job = param(f, "JobIds.1=%s", at(f, o, "/JobId"));
    assert_int_equal(o.status, 200);
    assert_string_equal(at(f, alb(f, "ListAsynJobs", job), "/Jobs/0/Status"), "Processing");
    assert_string_equal(alb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", a, cert)).code,
                        "IncorrectStatus.Listener");
    assert_string_equal(alb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", b, cert)).code,
                        "IncorrectStatus.LoadBalancer");
    assert_string_equal(at(f, alb(f, "GetListenerAttribute", param(f, "ListenerId=%s", a)),
                           "/ListenerStatus"),
                        "Configuring");
    f->clock.now_ms += 1000;
    assert_string_equal(at(f, alb(f, "ListAsynJobs", job), "/Jobs/0/Status"), "Succeeded");
    assert_int_equal(alb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", b, cert)).status, 200);
    fixture_free(f);
}

static void additional_certificates_follow_sni(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(40, 0);
    const char *l = listener(f, 0), *id = upload(f, "fresh", "*.shop.example");
    const char *cert = param(f, "ListenerId=%s&Certificates.1.CertificateId=%s-cn-hangzhou", l, id);
    const char *first = served(f, &sim_aliyun_alb, l, "");
    assert_string_equal(alb(f, "DissociateAdditionalCertificatesFromListener", cert).code,
                        "ResourceNotAssociated.Certificate");
    assert_int_equal(alb(f, "AssociateAdditionalCertificatesWithListener", cert).status, 200);
    assert_string_equal(served(f, &sim_aliyun_alb, l, ""), first);
    assert_string_equal(served(f, &sim_aliyun_alb, l, "a.b.shop.example"), first);
    assert_string_not_equal(served(f, &sim_aliyun_alb, l, "a.shop.example"), first);
    assert_string_equal(alb(f, "UpdateListenerAttribute", cert).code,
                        "ResourceAlreadyAssociated.Certificate");
    assert_string_equal(alb(f, "DissociateAdditionalCertificatesFromListener",
                            param(f, "ListenerId=%s&Certificates.1.CertificateId=%s", l, id))
                            .code,
                        "ResourceNotAssociated.Certificate");
    assert_int_equal(alb(f, "DissociateAdditionalCertificatesFromListener", cert).status, 200);
    assert_string_equal(served(f, &sim_aliyun_alb, l, "a.shop.example"), first);
    fixture_free(f);
}

static void the_quota_of_additional_certificates_holds(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(40, 0);
    const char *l = listener(f, 0); /* of the first load balancer, which is Basic: 10 */
    struct outcome o = {.code = ""};
    int n = 0;
    while (n < 12 && !*o.code) {
        const char *id = upload(f, param(f, "c%d", n), "www.example.com");
        o = alb(f, "AssociateAdditionalCertificatesWithListener",
                param(f, "ListenerId=%s&Certificates.1.CertificateId=%s-cn-hangzhou", l, id));
        n++;
    }
    assert_string_equal(o.code, "QuotaExceeded.AdditionalCertificates");
    assert_in_range(n, 10, 11);
    fixture_free(f);
}

static void a_client_token_repeats_one_answer(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(40, 1000);
    const char *l = listener(f, 0), *id = upload(f, "fresh", "r0001.example.com");
    const char *call =
        param(f, "ListenerId=%s&Certificates.1.CertificateId=%s-cn-hangzhou&ClientToken=t1", l, id);
    struct outcome first = alb(f, "UpdateListenerAttribute", call);
    assert_string_equal(alb(f, "UpdateListenerAttribute", call).code, "IdempotenceProcessing");
    f->clock.now_ms += 1000;
    struct outcome again = alb(f, "UpdateListenerAttribute", call);
    assert_string_equal(at(f, again, "/JobId"), at(f, first, "/JobId"));
    assert_string_equal(
        alb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&GzipEnabled=false&ClientToken=t1", l)).code,
        "IdempotentParameterMismatch");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_settles_in_steps_and_is_busy_meanwhile),
        cmocka_unit_test(switched_off_serves_nothing),
        cmocka_unit_test(the_store_keeps_names_unique_and_sites_apart),
        cmocka_unit_test(an_upload_must_fit_together),
        cmocka_unit_test(one_change_at_a_time_on_a_load_balancer),
        cmocka_unit_test(additional_certificates_follow_sni),
        cmocka_unit_test(the_quota_of_additional_certificates_holds),
        cmocka_unit_test(a_client_token_repeats_one_answer),
    };
    return cmocka_run_group_tests_name("sim_aliyun", tests, NULL, NULL);
}

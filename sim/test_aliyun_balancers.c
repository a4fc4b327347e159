/* NLB and CLB: what is refused while a listener settles, and the stores of CLB's regions. */
#include "sim/test_help.h"

static struct outcome nlb(struct fixture *f, const char *action, const char *params)
{
    struct pairs p = query(f, params);
    return rpc(f, "nlb.cn-hangzhou.aliyuncs.com", "2022-04-30", action, &p);
}

static struct outcome slb(struct fixture *f, const char *action, const char *params)
{
    struct pairs p = query(f, params);
    return rpc(f, "slb.aliyuncs.com", "2014-05-15", action, &p);
}

static void nlb_takes_one_change_at_a_time_on_a_load_balancer(void **state)
{
    (void)state;
    struct fixture *f = fixture_of("aliyun/nlb", 5, 1000);
    struct outcome listed = nlb(f, "ListListeners", "ListenerProtocol=TCPSSL");
    const char *a = at(f, listed, "/Listeners/0/ListenerId"), *b = at(f, listed, "/Listeners/1/ListenerId");
    const char *cert = param(f, "CertificateIds.1=%s-cn-hangzhou", upload(f, "fresh", "www.example.com"));
    struct outcome o = nlb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", a, cert));
    const char *job = param(f, "JobId=%s", at(f, o, "/JobId"));
    assert_string_equal(at(f, nlb(f, "GetJobStatus", job), "/Status"), "Processing");
    assert_string_equal(nlb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", a, cert)).code,
                        "ResourceInConfiguring.listener");
    assert_string_equal(nlb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", b, cert)).code,
                        "SystemBusy");
    f->clock.now_ms += 1000;
    assert_string_equal(at(f, nlb(f, "GetJobStatus", job), "/Status"), "Succeeded");
    assert_int_equal(nlb(f, "UpdateListenerAttribute", param(f, "ListenerId=%s&%s", b, cert)).status, 200);
    fixture_free(f);
}

static void nlb_changes_what_is_named_and_nothing_else(void **state)
{
    (void)state;
    struct fixture *f = fixture_of("aliyun/nlb", 5, 0);
    const char *id = at(f, nlb(f, "ListListeners", "ListenerProtocol=TCPSSL"), "/Listeners/2/ListenerId");
    const char *show = param(f, "ListenerId=%s", id);
    struct outcome before = nlb(f, "GetListenerAttribute", show);
    assert_string_equal(at(f, before, "/CaEnabled"), "true");
    nlb(f, "UpdateListenerAttribute", param(f, "%s&IdleTimeout=60", show));
    struct outcome after = nlb(f, "GetListenerAttribute", show);
    assert_string_equal(at(f, after, "/IdleTimeout"), "60");
    static const char *const kept[] = {"/CertificateIds/0", "/CaEnabled", "/CaCertificateIds/0",
                                       "/AlpnPolicy"};
    for (size_t i = 0; i < countof(kept); i++)
        assert_string_equal(at(f, after, kept[i]), at(f, before, kept[i]));
    fixture_free(f);
}

/* The first HTTPS listener of the region that has an extension, as its parameters. */
static const char *extended(struct fixture *f, struct outcome *ret)
{
    struct outcome listed =
        slb(f, "DescribeLoadBalancerListeners", "RegionId=cn-hangzhou&ListenerProtocol=https");
    for (size_t i = 0; i < 5; i++) {
        const char *place = param(f, "RegionId=cn-hangzhou&LoadBalancerId=%s&ListenerPort=%s",
                                  at(f, listed, param(f, "/Listeners/%zu/LoadBalancerId", i)),
                                  at(f, listed, param(f, "/Listeners/%zu/ListenerPort", i)));
        *ret = slb(f, "DescribeLoadBalancerHTTPSListenerAttribute", place);
        if (*at(f, *ret, "/DomainExtensions/DomainExtension/0/DomainExtensionId"))
            return place;
    }
    fail_msg("no listener has an extension");
    return NULL;
}

static void clb_is_busy_until_its_edges_have_a_change(void **state)
{
    (void)state;
    struct fixture *f = fixture_of("aliyun/slb", 5, 1000);
    struct outcome o;
    const char *place = extended(f, &o);
    const char *extension = param(f, "RegionId=cn-hangzhou&DomainExtensionId=%s&ServerCertificateId=%s",
                                  at(f, o, "/DomainExtensions/DomainExtension/0/DomainExtensionId"),
                                  at(f, o, "/ServerCertificateId"));
    assert_int_equal(slb(f, "SetDomainExtensionAttribute", extension).status, 200);
    assert_string_equal(slb(f, "SetDomainExtensionAttribute", extension).code, "DomainExtensionProcessing");
    assert_string_equal(slb(f, "SetLoadBalancerHTTPSListenerAttribute", param(f, "%s&Gzip=off", place)).code,
                        "ServiceIsConfiguring");
    assert_string_equal(at(f, slb(f, "DescribeLoadBalancerHTTPSListenerAttribute", place), "/Status"),
                        "configuring");
    f->clock.now_ms += 1000;
    assert_int_equal(slb(f, "SetLoadBalancerHTTPSListenerAttribute", param(f, "%s&Gzip=off", place)).status,
                     200);
    f->clock.now_ms += 1000;
    struct outcome after = slb(f, "DescribeLoadBalancerHTTPSListenerAttribute", place);
    assert_string_equal(at(f, after, "/Gzip"), "off");
    assert_string_equal(at(f, after, "/ServerCertificateId"), at(f, o, "/ServerCertificateId"));
    fixture_free(f);
}

static void clb_without_performance_has_no_extensions(void **state)
{
    (void)state;
    struct fixture *f = fixture_of("aliyun/slb", 5, 0);
    struct outcome o;
    const char *place = extended(f, &o);
    const char *create =
        param(f, "%s&Domain=new.example.com&ServerCertificateId=%s", place, at(f, o, "/ServerCertificateId"));
    size_t cursor = 0;
    struct sim_object *lb =
        state_next(f->sim.state, "aliyun", NULL, "slb.loadbalancer", "cn-hangzhou", &cursor);
    state_change(f->sim.state, lb, SETTLE_AT_ONCE, &(struct sim_field){"LoadBalancerSpec", ""}, 1, NULL);
    assert_string_equal(slb(f, "CreateDomainExtension", create).code,
                        "OperationUnsupported.CreateDomainExtension");
    state_change(f->sim.state, lb, SETTLE_AT_ONCE, &(struct sim_field){"LoadBalancerSpec", "slb.s1.small"}, 1,
                 NULL);
    assert_int_equal(slb(f, "CreateDomainExtension", create).status, 200);
    assert_string_equal(slb(f, "CreateDomainExtension", create).code, "DomainExtensionAlreadyExist");
    fixture_free(f);
}

static void clb_looks_in_the_region_that_is_named(void **state)
{
    (void)state;
    struct fixture *f = fixture_of("aliyun/slb", 10, 0);
    const char *there = at(f, slb(f, "DescribeServerCertificates", "RegionId=cn-shanghai"),
                           "/ServerCertificates/ServerCertificate/0/ServerCertificateId");
    assert_true(*there);
    struct outcome o;
    const char *place = extended(f, &o);
    assert_string_equal(slb(f, "SetLoadBalancerHTTPSListenerAttribute",
                            param(f, "%s&ServerCertificateId=%s", place, there))
                            .code,
                        "ServerCertificateId.NotFound");
    const char *first = "/ServerCertificates/ServerCertificate/0/RegionId";
    assert_string_equal(at(f, slb(f, "DescribeServerCertificates", ""), first), "cn-hangzhou");
    struct pairs p = query(f, "RegionId=cn-hangzhou");
    assert_string_equal(rpc(f, "slb.cn-chengdu.aliyuncs.com", "2014-05-15", "DescribeServerCertificates", &p)
                            .code,
                        "InvalidParameter");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nlb_takes_one_change_at_a_time_on_a_load_balancer),
        cmocka_unit_test(nlb_changes_what_is_named_and_nothing_else),
        cmocka_unit_test(clb_is_busy_until_its_edges_have_a_change),
        cmocka_unit_test(clb_without_performance_has_no_extensions),
        cmocka_unit_test(clb_looks_in_the_region_that_is_named),
    };
    return cmocka_run_group_tests_name("sim_aliyun_balancers", tests, NULL, NULL);
}

#include "cloud/test_stage.h"

#include "cloud/aws/aws.h"
#include <string.h>
#include <strings.h>

/* What the adapters write, given what they read: one change each time, and nothing beside the certificate. */

static char *splice(struct arena *a, const char *document, const char *ref)
{
    struct err err = {0};
    char *made = NULL;
    if (!cloudfront_splice(a, document, ref, &made, &err))
        fail_msg("%s", err.text);
    return made;
}

#define CONFIG(viewer)                                                                                       \
    "<?xml version=\"1.0\"?>\n<DistributionConfig "                                                          \
    "xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">"                                             \
    "<CallerReference>r 1</CallerReference> <!-- kept -->" viewer "<New><Deep a='1'/></New>"                 \
    "</DistributionConfig>"
#define VIEWER(inside) "<ViewerCertificate>" inside "</ViewerCertificate>"
#define NOT_OWN "<CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate>"
#define ARN "arn:aws:acm:us-east-1:123456789012:certificate/new"

static void R_cloudfront_only_the_certificate_changes_in_the_document(void **state)
{
    static const struct {
        const char *before, *ref, *after;
    } table[] = {
        {CONFIG(VIEWER(NOT_OWN
                       "<ACMCertificateArn>old</ACMCertificateArn><SSLSupportMethod>vip</SSLSupportMethod>"
                       "<MinimumProtocolVersion>TLSv1.2_2019</MinimumProtocolVersion>"
                       "<Certificate>old</Certificate><CertificateSource>acm</CertificateSource>")),
         ARN,
         CONFIG(VIEWER(NOT_OWN "<ACMCertificateArn>" ARN
                               "</ACMCertificateArn><SSLSupportMethod>vip</SSLSupportMethod>"
                               "<MinimumProtocolVersion>TLSv1.2_2019</MinimumProtocolVersion>"))},
        {CONFIG(VIEWER("<CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate>"
                       "<SSLSupportMethod>vip</SSLSupportMethod>"
                       "<MinimumProtocolVersion>TLSv1</MinimumProtocolVersion>")),
         ARN,
         CONFIG(VIEWER(NOT_OWN "<ACMCertificateArn>" ARN
                               "</ACMCertificateArn><SSLSupportMethod>sni-only</SSLSupportMethod>"
                               "<MinimumProtocolVersion>TLSv1.2_2021</MinimumProtocolVersion>"))},
        {CONFIG(VIEWER(NOT_OWN "<ACMCertificateArn>old</ACMCertificateArn><Later><x/></Later>"
                               "<SSLSupportMethod>sni-only</SSLSupportMethod>"
                               "<MinimumProtocolVersion>TLSv1.3_2025</MinimumProtocolVersion>")),
         "iam:ASCA1",
         CONFIG(VIEWER(NOT_OWN "<IAMCertificateId>ASCA1</IAMCertificateId><Later><x/></Later>"
                               "<SSLSupportMethod>sni-only</SSLSupportMethod>"
                               "<MinimumProtocolVersion>TLSv1.3_2025</MinimumProtocolVersion>"))},
        {CONFIG(VIEWER(NOT_OWN "<IAMCertificateId>ASCA1</IAMCertificateId>"
                               "<SSLSupportMethod>sni-only</SSLSupportMethod>"
                               "<MinimumProtocolVersion>TLSv1.3_2025</MinimumProtocolVersion>")),
         "a<b&c",
         CONFIG(VIEWER(NOT_OWN "<ACMCertificateArn>a&lt;b&amp;c</ACMCertificateArn>"
                               "<SSLSupportMethod>sni-only</SSLSupportMethod>"
                               "<MinimumProtocolVersion>TLSv1.3_2025</MinimumProtocolVersion>"))},
    };
    cleanup(arena_free_p) struct arena *a = arena_new(16 << 20);
    (void)state;
    for (size_t i = 0; i < countof(table); i++)
        assert_string_equal(splice(a, table[i].before, table[i].ref), table[i].after);
    /* There and back is the document as it was. */
    const char *old = table[2].after;
    assert_string_equal(splice(a, splice(a, old, ARN), "iam:ASCA1"), old);
}

static struct bound entry(const char *slot, const char *ref)
{
    return (struct bound){.slot = slot, .ref = ref, .name = "", .fingerprint = ""};
}

static const struct resource listener = {.region = "cn-north-4",
                                         .vendor_id = "listener-1",
                                         .title = "web HTTPS:443"};

static bool write_to(struct stage *g, const char *product, const struct binding *now,
                     const struct change *change, const struct material *m)
{
    const struct product *p = product_find(product);
    g->y->err = (struct err){0};
    g->job.product = p;
    return product_bind(job_of(g, p), &listener, now, change, m, &g->y->err);
}

static void assert_sent(struct stage *g, size_t i, const char *text)
{
    if (i >= calls_seen(g) || !strstr(g->log[i], text))
        fail_msg("request %zu lacks %s: %s", i, text, i < calls_seen(g) ? g->log[i] : "none");
}

static void R_cloudfront_writes_with_the_etag_it_read_and_begins_anew_when_overtaken(void **state)
{
    struct stage *g = *state;
    REPLIES(
        g, {200, NULL, "<Distribution><Status>InProgress</Status></Distribution>"},
        {412, NULL,
         "<ErrorResponse><Error><Code>PreconditionFailed</Code><Message>m</Message></Error></ErrorResponse>"},
        {400, NULL,
         "<ErrorResponse><Error><Code>InvalidViewerCertificate</Code><Message>The specified SSL certificate "
         "doesn't exist, isn't in us-east-1 region, isn't valid</Message></Error></ErrorResponse>"},
        {400, NULL,
         "<ErrorResponse><Error><Code>InvalidViewerCertificate</Code><Message>it doesn't cover the alternate "
         "domain name</Message></Error></ErrorResponse>"});
    struct bound held[] = {entry("default", "old")};
    const struct binding now = {.etag = "E2QWRUHAPOMQZL",
                                .bound = held,
                                .bound_count = 1,
                                .document = CONFIG(VIEWER("<ACMCertificateArn>old</ACMCertificateArn>"))};
    const char *ours = ARN;
    const struct change change = {.slot = "default", .add = &ours, .add_count = 1};
    const struct material m = {.name = "certferry-1"};
    begin_as(g, "aws", false);
    assert_ok(g->y, write_to(g, "aws/cloudfront", &now, &change, &m));
    assert_sent(g, 0, "PUT /2020-05-31/distribution/listener-1/config ");
    assert_sent(g, 0, "E2QWRUHAPOMQZL");
    assert_sent(g, 0, "<CallerReference>r 1</CallerReference> <!-- kept -->");
    assert_err(g->y, ERR_CONFLICT, write_to(g, "aws/cloudfront", &now, &change, &m));
    assert_true(g->y->err.transient);
    assert_int_equal(calls_seen(g), 2); /* never the same document again */
    g->job.patience_ms = 0;
    assert_err(g->y, ERR_INVALID_CERTIFICATE, write_to(g, "aws/cloudfront", &now, &change, &m));
    assert_true(g->y->err.transient);
    assert_err(g->y, ERR_INVALID_CERTIFICATE, write_to(g, "aws/cloudfront", &now, &change, &m));
    assert_false(g->y->err.transient);
}

static void R_alb_adds_then_removes_one_certificate_a_write(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "<Response/>"});
    struct bound held[] = {entry("default", "d"), entry("sni", "d"), entry("sni", "a"), entry("sni", "b"),
                           entry("sni", "n")};
    const char *add[] = {"n"}, *remove[] = {"a", "b", "d"};
    const struct change change = {"sni", add, 1, remove, 3};
    struct binding now = {.bound = held, .bound_count = 4};
    begin_as(g, "aws", false);
    assert_ok(g->y, write_to(g, "aws/alb", &now, &change, NULL));
    assert_sent(g, 0, "Action=AddListenerCertificates");
    assert_sent(g, 0, "ListenerArn=listener-1&Certificates.member.1.CertificateArn=n");
    assert_null(strstr(g->log[0], "member.2"));
    now.bound_count = 5;
    assert_ok(g->y, write_to(g, "aws/alb", &now, &change, NULL));
    assert_sent(g, 1, "Action=RemoveListenerCertificates");
    assert_sent(g, 1, "Certificates.member.1.CertificateArn=a");
    assert_null(strstr(g->log[1], "member.2"));
    held[2] = held[3] = entry("sni", "x"); /* the default itself is left */
    assert_err(g->y, ERR_CONFLICT, write_to(g, "aws/alb", &now, &change, NULL));
    assert_true(g->y->err.unsent);
    assert_int_equal(calls_seen(g), 2);
}

static void R_alb_waits_for_a_fresh_certificate_but_not_for_a_vanished_one(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {400, NULL,
                "<ErrorResponse><Error><Code>CertificateNotFound</Code><Message>m</Message></Error>"
                "</ErrorResponse>"});
    const char *add[] = {"n"};
    const struct change change = {"default", add, 1, NULL, 0};
    const struct binding now = {.bound_count = 0};
    const struct material m = {.name = "certferry-1"};
    begin_as(g, "aws", false);
    assert_err(g->y, ERR_INVALID_CERTIFICATE, write_to(g, "aws/alb", &now, &change, &m));
    assert_true(g->y->err.transient);
    assert_sent(g, 0, "Action=ModifyListener");
    assert_null(strstr(g->log[0], "IsDefault"));
    assert_err(g->y, ERR_NOT_FOUND, write_to(g, "aws/alb", &now, &change, NULL));
    assert_int_equal(calls_seen(g), 2);
}

#define PROJECTS                                                                                             \
    "{\"projects\":[{\"name\":\"MOS\",\"id\":\"p0\"},{\"name\":\"cn-north-4_sub\",\"id\":\"p1\"},"           \
    "{\"name\":\"cn-east-3\",\"id\":\"p3\",\"enabled\":false},{\"name\":\"cn-north-4\",\"id\":\"p2\"}]}"

static void R_elb_replaces_in_place_and_sends_the_whole_set_once(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, PROJECTS}, {200, NULL, "{\"listener\":{}}"});
    static const struct {
        const char *set[5];
        const char *add[1], *remove[2], *sent;
    } table[] = {
        {{"a", "b", "c"}, {"n"}, {"b"}, "[\"a\",\"n\",\"c\"]"},
        {{"a", "n", "c"}, {"b"}, {"n"}, "[\"a\",\"b\",\"c\"]"}, /* back as it was */
        {{"a", "b", "c", "d"}, {"n"}, {"b", "d"}, "[\"a\",\"n\",\"c\"]"},
        {{"a", "b", "b"}, {"n"}, {NULL}, "[\"a\",\"b\",\"n\"]"},
        {{"n", "a", "b"}, {"n"}, {"b"}, "[\"a\",\"n\"]"},
        {{"a", "b"}, {NULL}, {"a"}, "[\"b\"]"},
        {{NULL}, {"n"}, {NULL}, "[\"n\"]"},
    };
    begin_as(g, "huawei", false);
    for (size_t i = 0; i < countof(table); i++) {
        struct bound held[6] = {entry("default", "d0")};
        struct binding now = {.bound = held,
                              .bound_count = 1,
                              .settings = "{\"sni_match_algo\":\"wildcard\"}"};
        struct change change = {.slot = "sni",
                                .add = (const char **)(uintptr_t)table[i].add,
                                .remove = (const char **)(uintptr_t)table[i].remove};
        for (size_t j = 0; j < 5 && table[i].set[j]; j++)
            held[now.bound_count++] = entry("sni", table[i].set[j]);
        change.add_count = table[i].add[0] ? 1 : 0;
        change.remove_count = !table[i].remove[0] ? 0 : table[i].remove[1] ? 2 : 1;
        assert_ok(g->y, write_to(g, "huawei/elb", &now, &change, NULL));
        assert_sent(
            g, i + 1,
            arena_printf(g->y->a,
                         "{\"listener\":{\"sni_container_refs\":%s,\"default_tls_container_ref\":\"d0\","
                         "\"sni_match_algo\":\"wildcard\"}}",
                         table[i].sent));
    }
    assert_sent(g, 1, "PUT /v3/p2/elb/listeners/listener-1 ");
    assert_non_null(strcasestr(g->log[1], "X-Project-Id: p2"));
    assert_int_equal(calls_seen(g), countof(table) + 1); /* the project is asked for once */
}

static void R_elb_changes_the_default_alone_and_only_regions_with_a_project_count(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, PROJECTS}, {200, NULL, "{\"listener\":{}}"}, {200, NULL, PROJECTS});
    struct bound held[] = {entry("default", "d0"), entry("sni", "a")};
    const char *add[] = {"n"}, **regions;
    size_t count;
    const struct binding now = {.bound = held, .bound_count = 2, .settings = "{}"};
    const struct change change = {"default", add, 1, NULL, 0}, off = {"default", NULL, 0, add, 1};
    begin_as(g, "huawei", false);
    assert_ok(g->y, write_to(g, "huawei/elb", &now, &change, NULL));
    assert_sent(g, 1, "{\"listener\":{\"default_tls_container_ref\":\"n\"}}");
    assert_err(g->y, ERR_INPUT, write_to(g, "huawei/elb", &now, &off, NULL));
    assert_ok(g->y, product_find("huawei/elb")->regions(&g->job, &regions, &count, &g->y->err));
    assert_int_equal(count, 1);
    assert_string_equal(regions[0], "cn-north-4");
}

struct found {
    size_t count;
    char names[512], host[64], reach[16];
};

static bool note(void *context, const struct resource *r, struct err *err)
{
    struct found *f = context;
    (void)err;
    f->count++;
    for (size_t i = 0; i < r->name_count; i++) {
        size_t used = strlen(f->names);
        snprintf(f->names + used, sizeof f->names - used, "%s ", r->names[i].name);
    }
    snprintf(f->host, sizeof f->host, "%s", r->host);
    snprintf(f->reach, sizeof f->reach, "%s", r->reach);
    return true;
}

static void R_elb_lists_hosts_of_rules_and_ends_at_a_short_page_whatever_its_marker(void **state)
{
    struct stage *g = *state;
    REPLIES(
        g, {200, NULL, PROJECTS},
        {200, NULL,
         "{\"loadbalancers\":[{\"id\":\"lb1\",\"name\":\"web\",\"vip_address\":\"10.0.0.7\",\"publicips\":[],"
         "\"eips\":[{\"eip_address\":\"198.51.100.7\"}]}],\"page_info\":{\"next_marker\":\"lb1\"}}"},
        {200, NULL,
         "{\"l7policies\":[{\"listener_id\":\"l1\",\"rules\":[{\"id\":\"r1\"},{\"id\":\"r2\"},{\"id\":\"r3\"}"
         "]}]}"},
        {200, NULL,
         "{\"rules\":[{\"id\":\"r1\",\"type\":\"HOST_NAME\",\"compare_type\":\"EQUAL_TO\",\"value\":\"WWW."
         "example.com\"},"
         "{\"id\":\"r2\",\"type\":\"HOST_NAME\",\"compare_type\":\"REGEX\",\"value\":\"x.example.com\"},"
         "{\"id\":\"r3\",\"type\":\"HOST_NAME\",\"compare_type\":\"EQUAL_TO\",\"value\":\"\",\"conditions\":"
         "[{\"key\":\"\",\"value\":\"a.example.com\"},{\"key\":\"\",\"value\":\"*.example.org\"}]},"
         "{\"id\":\"r9\",\"type\":\"HOST_NAME\",\"compare_type\":\"EQUAL_TO\",\"value\":\"other.example."
         "com\"}],"
         "\"page_info\":{\"next_marker\":\"r9\"}}"},
        {200, NULL,
         "{\"listeners\":[{\"id\":\"l1\",\"protocol\":\"HTTPS\",\"protocol_port\":8443,\"loadbalancers\":"
         "[{\"id\":\"lb1\"}],\"sni_container_refs\":[]}],\"page_info\":{\"next_marker\":\"l1\"}}"});
    struct found f = {0};
    begin_as(g, "huawei", false);
    g->job.product = product_find("huawei/elb");
    assert_ok(g->y, product_discover(&g->job, "cn-north-4", note, &f, &g->y->err));
    assert_int_equal(f.count, 1);
    assert_string_equal(f.names, "www.example.com a.example.com *.example.org ");
    assert_string_equal(f.host, "198.51.100.7");
    assert_string_equal(f.reach, "public");
    assert_int_equal(calls_seen(g), 5);
    assert_sent(g, 4, "protocol=HTTPS&protocol=TERMINATED_HTTPS&protocol=QUIC&protocol=TLS");
}

static void R_alb_takes_only_hosts_that_a_certificate_can_cover(void **state)
{
    struct stage *g = *state;
    REPLIES(
        g,
        {200, NULL,
         "<R><DescribeLoadBalancersResult><LoadBalancers><member><LoadBalancerArn>lb</LoadBalancerArn>"
         "<Type>application</Type><Scheme>internal</Scheme><DNSName>web-1.elb.example</DNSName></member>"
         "<member><LoadBalancerArn>net</LoadBalancerArn><Type>network</Type></member>"
         "</LoadBalancers></DescribeLoadBalancersResult></R>"},
        {200, NULL, "<R><DescribeTagsResult/></R>"},
        {200, NULL,
         "<R><DescribeListenersResult><Listeners><member><ListenerArn>l1</ListenerArn><Protocol>HTTP</"
         "Protocol>"
         "</member><member><ListenerArn>l2</ListenerArn><Protocol>HTTPS</Protocol><Port>443</Port></member>"
         "</Listeners></DescribeListenersResult></R>"},
        {200, NULL, "<R><DescribeListenerCertificatesResult/></R>"},
        {200, NULL,
         "<R><DescribeRulesResult><Rules><member><Conditions><member><Field>path-pattern</Field><Values>"
         "<member>p.example.com</member></Values></member><member><Field>host-header</"
         "Field><HostHeaderConfig>"
         "<Values><member>A.example.com</member><member>*.example.com</member><member>*example.net</member>"
         "<member>b?.example.com</member><member>c.*.example.com</member></Values></HostHeaderConfig></"
         "member>"
         "</Conditions></member><member><Conditions><member><Field>host-header</Field><Values>"
         "<member>d.example.com</member></Values></member></Conditions></member></Rules></"
         "DescribeRulesResult>"
         "</R>"});
    struct found f = {0};
    begin_as(g, "aws", false);
    g->job.product = product_find("aws/alb");
    assert_ok(g->y, product_discover(&g->job, "cn-north-1", note, &f, &g->y->err));
    assert_int_equal(f.count, 1);
    assert_string_equal(f.names, "a.example.com *.example.com d.example.com ");
    assert_string_equal(f.reach, "private");
    assert_int_equal(calls_seen(g), 5);
    assert_non_null(strcasestr(g->log[0], "host: elasticloadbalancing.cn-north-1.amazonaws.com.cn"));
}

static void R_tencent_cdn_changes_one_path(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"Response\":{\"RequestId\":\"r\"}}"});
    const char *add[] = {"DSAuy46E"};
    const struct change change = {"default", add, 1, NULL, 0}, off = {"default", NULL, 0, add, 1};
    const struct binding now = {.settings = "{}"};
    begin_as(g, "tencent", false);
    assert_ok(g->y, write_to(g, "tencent/cdn", &now, &change, NULL));
    assert_sent(g, 0,
                "{\"Domain\":\"listener-1\",\"Route\":\"Https.CertInfo.CertId\","
                "\"Value\":\"{\\\"update\\\":\\\"DSAuy46E\\\"}\"}");
    assert_err(g->y, ERR_INPUT, write_to(g, "tencent/cdn", &now, &off, NULL));
    assert_int_equal(calls_seen(g), 1);
}

#define DOMAIN(name, more)                                                                                   \
    "{\"Domain\":\"" name "\",\"Status\":\"online\",\"Disable\":\"normal\",\"Readonly\":\"normal\"," more "}"

struct reasons {
    char text[512];
};

static bool note_unfit(void *context, const struct resource *r, struct err *err)
{
    struct reasons *reasons = context;
    size_t used = strlen(reasons->text);
    (void)err;
    snprintf(reasons->text + used, sizeof reasons->text - used, "%s[%s]%s ", r->vendor_id, r->unfit,
             r->bound_count ? r->bound[0].ref : "-");
    return true;
}

static void R_tencent_cdn_names_what_is_not_fit_and_what_has_no_id(void **state)
{
    struct stage *g = *state;
    REPLIES(
        g,
        {200, NULL,
         "{\"Response\":{\"TotalNumber\":4,\"Domains\":[" DOMAIN(
             "a.example.com",
             "\"Https\":null") "," DOMAIN("b.example.com",
                                          "\"Https\":{\"Switch\":\"on\",\"CertInfo\":{"
                                          "\"CertName\":\"mine\"}}") ","
                                                                     "{\"Domain\":\"c.example.com\","
                                                                     "\"Status\":\"offline\"}," DOMAIN(
                                                                         "*.example.com",
                                                                         "\"Https\":{\"Switch\":\"off\"},"
                                                                         "\"SpecificConfig\":{\"Overseas\":{"
                                                                         "\"Https\":{\"Switch\":"
                                                                         "\"on\"}}}") "]}}"},
        {200, NULL,
         "{\"Response\":{\"Error\":{\"Code\":\"ResourceNotFound.CdnUserNotExists\",\"Message\":\"m\"}}}"});
    struct reasons reasons = {""};
    begin_as(g, "tencent", false);
    g->job.product = product_find("tencent/cdn");
    assert_ok(g->y, product_discover(&g->job, "", note_unfit, &reasons, &g->y->err));
    assert_string_equal(reasons.text,
                        "a.example.com[]- b.example.com[]pem:mine c.example.com[the domain is offline]- "
                        "*.example.com[the domain has a certificate of its own for the area Overseas]- ");
    reasons.text[0] = '\0'; /* an account that never opened CDN has no domains */
    assert_ok(g->y, product_discover(&g->job, "", note_unfit, &reasons, &g->y->err));
    assert_string_equal(reasons.text, "");
}

/* The certificate is there, though what followed failed: the engine has to look for it before it uploads again. */
static void R_an_upload_whose_follow_up_fails_is_in_doubt(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"TotalCount\":0,\"CertificateOrderList\":[]}"},
            {200, NULL, "{\"TotalCount\":0,\"CertificateOrderList\":[]}"}, {200, NULL, "{\"CertId\":7}"},
            {429, NULL, "{\"Code\":\"Throttling.User\"}"},
            {200, NULL, "{\"TotalCount\":0,\"CertificateOrderList\":[]}"},
            {200, NULL, "{\"TotalCount\":0,\"CertificateOrderList\":[]}"}, {200, NULL, "{}"});
    static const char *const domains[] = {"www.example.com"};
    cleanup(secret_free_p) struct secret *key = secret_new("KEY", 3);
    struct material m = {.name = "certferry-0123456789abcdef",
                         .fingerprint = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                         .fullchain_pem = "PEM",
                         .key = key,
                         .domains = domains,
                         .domain_count = 1};
    begin_as(g, "aliyun", false);
    g->job.patience_ms = 0;
    for (size_t i = 0; i < 2; i++) {
        const char *ref = NULL;
        struct err err = {0};
        assert_false(product_find("aliyun/cdn")->upload(&g->job, "cas:cn-hangzhou", &m, &ref, &err));
        if (err.kind != ERR_VENDOR || !err.transient || err.unsent)
            fail_msg("%zu: %s %s", i, err_kind_name(err.kind), err.text);
    }
    assert_int_equal(calls_seen(g), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_cloudfront_only_the_certificate_changes_in_the_document),
        stage_test(R_cloudfront_writes_with_the_etag_it_read_and_begins_anew_when_overtaken),
        stage_test(R_alb_adds_then_removes_one_certificate_a_write),
        stage_test(R_alb_waits_for_a_fresh_certificate_but_not_for_a_vanished_one),
        stage_test(R_alb_takes_only_hosts_that_a_certificate_can_cover),
        stage_test(R_elb_replaces_in_place_and_sends_the_whole_set_once),
        stage_test(R_elb_changes_the_default_alone_and_only_regions_with_a_project_count),
        stage_test(R_elb_lists_hosts_of_rules_and_ends_at_a_short_page_whatever_its_marker),
        stage_test(R_tencent_cdn_changes_one_path),
        stage_test(R_tencent_cdn_names_what_is_not_fit_and_what_has_no_id),
        stage_test(R_an_upload_whose_follow_up_fails_is_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

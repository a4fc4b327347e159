#include "cloud/test_stage.h"

#include <string.h>

/* DCDN's SM certificates, ESA's quota and entries, OSS's own language. */

static void assert_sent(struct stage *g, size_t i, const char *text, bool sent)
{
    const char *request = i < calls_seen(g) ? g->log[i] : "";
    if (!*request || (strstr(request, text) != NULL) != sent)
        fail_msg("request %zu %s %s: %s", i, sent ? "lacks" : "has", text, request);
}

static struct material plain_material(void)
{
    static const char *const domains[] = {"www.example.com"};
    return (struct material){.name = "certferry-0123456789abcdef",
                             .fingerprint = "0123456789abcdef",
                             .fullchain_pem = "signing",
                             .leaf_pem = "signing",
                             .chain_pem = "",
                             .domains = domains,
                             .domain_count = 1};
}

static void R19_the_sm_certificate_set_last_is_the_one_read(void **state)
{
    struct stage *g = *state;
    struct binding now = {0};
    const struct product *p = product_find("aliyun/dcdn");
    struct resource r = {.vendor_id = "www.example.com", .title = "www.example.com", .extra = "{}"};
    const char *ref = "7-cn-hangzhou";
    struct change change = {.slot = "sm", .add = &ref, .add_count = 1};
    REPLIES(g, {200, NULL, "{\"RequestId\":\"1\"}"},
            {200, NULL,
             "{\"Domains\":{\"PageData\":[{\"DomainName\":\"www.example.com\",\"DomainStatus\":\"online\","
             "\"SSLProtocol\":\"off\"}]},\"TotalCount\":1}"},
            {200, NULL, "{\"CertInfos\":{\"CertInfo\":[{\"SSLProtocol\":\"off\"}]}}"},
            {200, NULL, "{\"CertIdentifier\":\"7-cn-hangzhou\",\"CertName\":\"sm\"}"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_ok(g->y, product_bind(job_of(g, p), &r, &now, &change, NULL, &g->y->err));
    assert_sent(g, 0, "x-acs-action: SetDcdnDomainSMCertificate", true);
    assert_sent(g, 0, "CertIdentifier=7-cn-hangzhou", true);
    assert_ok(g->y, product_read(job_of(g, p), &r, &now, &g->y->err));
    assert_true(binding_holds(&now, "sm", ref));
    assert_null(binding_slot(&now, "default"));
}

static void R19_an_sm_pair_goes_to_the_store_as_one_and_never_in_half(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/cdn");
    struct material m = plain_material();
    struct resource r = {.vendor_id = "www.example.com", .title = "www.example.com", .extra = "{}"};
    const char *store, *ref;
    REPLIES(g, {200, NULL, "{\"CertificateOrderList\":[],\"TotalCount\":0}"},
            {200, NULL, "{\"CertificateOrderList\":[],\"TotalCount\":0}"}, {200, NULL, "{\"CertId\":7}"},
            {200, NULL, "{\"CertIdentifier\":\"7-cn-hangzhou\"}"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    m.sm2 = true;
    m.key = secret_in(g->y->a, secret_new("first-key", 9));
    assert_false(product_store_for(job_of(g, p), &r, &m, &store, &g->y->err));
    assert_int_equal(g->y->err.kind, ERR_INVALID_CERTIFICATE);
    m.sm2_encryption_pem = "encrypting";
    m.sm2_encryption_key = secret_in(g->y->a, secret_new("second-key", 10));
    assert_ok(g->y, product_store_for(job_of(g, p), &r, &m, &store, &g->y->err));
    assert_ok(g->y, p->upload(&g->job, store, &m, &ref, &g->y->err));
    assert_string_equal(ref, "7-cn-hangzhou");
    assert_sent(g, 2, "POST / HTTP/1.1", true); /* nothing of it is in the URL */
    assert_sent(g, 2, "SignCert=signing", true);
    assert_sent(g, 2, "EncryptCert=encrypting", true);
    assert_sent(g, 2, "EncryptPrivateKey=second-key", true);
    assert_sent(g, 2, "&Key=", false);
}

static const char esa_full[] =
    "{\"Quotas\":[{\"QuotaName\":\"customHttpCert\",\"QuotaValue\":\"2\",\"Usage\":\"2\"}]}";

static void R_esa_tells_of_a_full_plan_before_anything_is_brought(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/esa");
    const char *others[] = {"other.example"}, *ours[] = {"www.example.com"}, *store = NULL;
    struct bound held = {.slot = "sni",
                         .ref = "1-cn-hangzhou",
                         .fingerprint = "",
                         .names = others,
                         .name_count = 1};
    struct resource r = {.vendor_id = "12",
                         .title = "example.com",
                         .extra = "{}",
                         .bound = &held,
                         .bound_count = 1};
    struct material m = plain_material();
    REPLIES(g, {200, NULL, esa_full});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_false(product_store_for(job_of(g, p), &r, &m, &store, &g->y->err));
    assert_int_equal(g->y->err.kind, ERR_QUOTA);
    assert_non_null(strstr(g->y->err.text, "holds 2 certificates"));
    assert_sent(g, 0, "GET /?", true);
    assert_sent(g, 0, "x-acs-action: ListInstanceQuotasWithUsage", true);
    held.names = ours; /* what is replaced in place needs no room */
    assert_ok(g->y, product_store_for(job_of(g, p), &r, &m, &store, &g->y->err));
    assert_int_equal(calls_seen(g), 1);
}

static void R_esa_replaces_an_entry_by_its_id(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/esa");
    struct resource r = {.vendor_id = "12", .title = "example.com", .extra = "{}"};
    struct bound held = {.slot = "sni", .ref = "1-cn-hangzhou"};
    struct binding now = {.bound = &held, .bound_count = 1};
    const char *add[] = {"2-cn-hangzhou"}, *remove[] = {"1-cn-hangzhou"};
    struct change change = {.slot = "sni", .add = add, .add_count = 1, .remove = remove, .remove_count = 1};
    REPLIES(g,
            {200, NULL,
             "{\"Result\":[{\"Id\":\"e0\",\"CasId\":\"5\",\"Region\":\"cn-hangzhou\",\"Type\":\"cas\"},{"
             "\"Id\":\"e1\","
             "\"CasId\":\"1\",\"Region\":\"cn-hangzhou\",\"Type\":\"cas\"}],\"TotalCount\":2}"},
            {200, NULL, "{\"Id\":\"e1\"}"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_ok(g->y, product_bind(job_of(g, p), &r, &now, &change, NULL, &g->y->err));
    assert_sent(g, 1, "x-acs-action: SetCertificate", true);
    assert_sent(g, 1, "CasId=2", true);
    assert_sent(g, 1, "&Id=e1", true);
}

#define HOST_7(more)                                                                                         \
    "{\"CustomHostnameModel\":{\"HostnameId\":7,\"Hostname\":\"shop.example\",\"RecordId\":3,"               \
    "\"RecordName\":"                                                                                        \
    "\"saas.example.com\",\"SslFlag\":\"on\",\"Status\":\"active\"," more "}}"

static const struct resource host_7 = {.vendor_id = "12/7", .title = "shop.example", .extra = "{}"};

static void R_esa_looks_for_a_hostnames_certificate_at_both_sites(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/esa");
    struct binding now = {0};
    REPLIES(g, {200, NULL, HOST_7("\"CertType\":\"cas\",\"CasId\":9")},
            {404, NULL, "{\"Code\":\"NotFound\",\"Message\":\"not there\"}"},
            {200, NULL, "{\"CertIdentifier\":\"9-ap-southeast-1\",\"Sans\":\"shop.example\"}"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_ok(g->y, product_read(job_of(g, p), &host_7, &now, &g->y->err));
    assert_sent(g, 1, "Host: cas.aliyuncs.com", true); /* a China account's own site comes first */
    assert_sent(g, 2, "Host: cas.ap-southeast-1.aliyuncs.com", true);
    assert_true(binding_holds(&now, "default", "9-ap-southeast-1"));
    assert_int_equal(now.bound[0].name_count, 1);
    assert_true(now.https && now.ready);
}

static void R_esa_sends_a_hostnames_record_along(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/esa");
    struct binding now = {0};
    const char *add[] = {"2-ap-southeast-1"}, *none[] = {"name:x"};
    struct change change = {.slot = "default", .add = add, .add_count = 1}, empty = {.slot = "default"};
    REPLIES(g, {200, NULL, HOST_7("\"CertStatus\":\"Applying\",\"CertType\":\"\"")},
            {200, NULL, "{\"RequestId\":\"1\"}"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_ok(g->y, product_read(job_of(g, p), &host_7, &now, &g->y->err));
    assert_false(now.ready);
    assert_ok(g->y, product_bind(job_of(g, p), &host_7, &now, &change, NULL, &g->y->err));
    assert_sent(g, 1, "x-acs-action: UpdateCustomHostname", true);
    assert_sent(g, 1, "CasId=2", true);
    assert_sent(g, 1, "CasRegion=ap-southeast-1", true);
    assert_sent(g, 1, "HostnameId=7", true);
    assert_sent(g, 1, "RecordId=3", true);
    assert_sent(g, 1, "SslFlag=on", true);
    change.add = none;
    assert_false(product_bind(job_of(g, p), &host_7, &now, &change, NULL, &g->y->err));
    assert_int_equal(g->y->err.kind, ERR_INPUT);
    assert_false(product_bind(job_of(g, p), &host_7, &now, &empty, NULL, &g->y->err));
    assert_non_null(strstr(g->y->err.text, "not remove it"));
    assert_int_equal(calls_seen(g), 2);
}

static void R_an_esa_hostname_that_is_another_is_not_found(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/esa");
    struct resource r = host_7;
    struct binding now = {0};
    r.vendor_id = "12/8";
    REPLIES(g, {200, NULL, HOST_7("\"CertType\":\"free\"")});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_false(product_read(job_of(g, p), &r, &now, &g->y->err));
    assert_int_equal(g->y->err.kind, ERR_NOT_FOUND);
}

struct hostnames {
    size_t sites, hosts, unfit;
};

static bool take_hostname(void *context, const struct resource *r, struct err *err)
{
    struct hostnames *h = context;
    (void)err;
    bool host = strchr(r->vendor_id, '/') != NULL;
    h->sites += !host;
    h->hosts += host;
    h->unfit += *r->unfit != '\0';
    if (host) {
        assert_string_equal(r->names[0].name, "shop.example");
        assert_string_equal(r->host, "saas.example.com");
    }
    return true;
}

static const char one_site[] =
    "{\"Sites\":[{\"SiteId\":12,\"SiteName\":\"example.com\",\"Status\":\"active\"}],\"TotalCount\":1}";
static const char none_of_all[] =
    "{\"Result\":[],\"Records\":[],\"Quotas\":[],\"Hostnames\":[],\"TotalCount\":0}";

static void R_esa_lists_hostnames_with_a_free_certificate_as_not_to_be_changed(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/esa");
    struct hostnames seen = {0};
    REPLIES(g, {200, NULL, one_site}, {200, NULL, none_of_all}, {200, NULL, none_of_all},
            {200, NULL, none_of_all},
            {200, NULL, "{\"Hostnames\":[{\"HostnameId\":6},{\"HostnameId\":7}],\"TotalCount\":2}"},
            {404, NULL, "{\"Code\":\"Gone\"}"}, {200, NULL, HOST_7("\"CertType\":\"free\"")});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_ok(g->y, product_discover(job_of(g, p), "", take_hostname, &seen, &g->y->err));
    assert_true(seen.sites == 1 && seen.hosts == 1 && seen.unfit == 1);
}

/* What ESA says of a plan without them is not documented. That a right is missing is, and told. */
static void R_esa_without_hostnames_in_its_plan_is_listed_all_the_same(void **state)
{
    static const bool listed[] = {true, true, false};
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/esa");
    struct hostnames seen = {0};
    REPLIES(g, {200, NULL, one_site}, {200, NULL, none_of_all}, {200, NULL, none_of_all},
            {200, NULL, none_of_all}, {400, NULL, "{\"Code\":\"Plan.NotSupport\"}"}, {200, NULL, one_site},
            {200, NULL, none_of_all}, {200, NULL, none_of_all}, {200, NULL, none_of_all},
            {404, NULL, "{\"Code\":\"Plan.NotFound\"}"}, {200, NULL, one_site}, {200, NULL, none_of_all},
            {200, NULL, none_of_all}, {200, NULL, none_of_all}, {403, NULL, "{\"Code\":\"NoPermission\"}"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    for (size_t i = 0; i < countof(listed); i++) {
        bool ok = product_discover(job_of(g, p), "", take_hostname, &seen, &g->y->err);
        assert_int_equal(ok, listed[i]);
    }
    assert_int_equal(seen.sites, 3);
    assert_int_equal(g->y->err.kind, ERR_PERMISSION);
    assert_non_null(strstr(g->y->err.text, "ListCustomHostnames"));
}

static void R_oss_names_the_certificate_that_it_replaces(void **state)
{
    struct stage *g = *state;
    const struct product *p = product_find("aliyun/oss");
    struct resource r = {.vendor_id = "www.example.com",
                         .title = "www.example.com",
                         .region = "cn-shanghai",
                         .extra = "{\"bucket\":\"one\"}"};
    struct bound held = {.slot = "default", .ref = "1-cn-hangzhou"};
    struct binding now = {.bound = &held, .bound_count = 1};
    const char *add[] = {"2-cn-hangzhou"};
    struct change change = {.slot = "default", .add = add, .add_count = 1};
    REPLIES(g, {200, NULL, ""},
            {409, NULL,
             "<Error><Code>Other</Code><Message>not it</Message><RequestId>R1</RequestId></Error>"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_ok(g->y, product_bind(job_of(g, p), &r, &now, &change, NULL, &g->y->err));
    assert_sent(g, 0, "POST /?cname=&comp=add", true);
    assert_sent(g, 0, "Host: one.oss-cn-shanghai.aliyuncs.com", true);
    assert_sent(g, 0, "/cn-shanghai/oss/aliyun_v4_request,Signature=", true);
    assert_sent(g, 0, "Content-MD5: ", true);
    assert_sent(g, 0, "<CertId>2-cn-hangzhou</CertId><PreviousCertId>1-cn-hangzhou</PreviousCertId>", true);
    assert_sent(g, 0, "<Force>", false);
    g->job.patience_ms = 0;
    assert_false(product_bind(job_of(g, p), &r, &now, &change, NULL, &g->y->err));
    assert_int_equal(g->y->err.kind, ERR_CONFLICT);
    assert_string_equal(g->y->err.request_id, "R1");
    r.extra = "{}";
    assert_false(product_bind(job_of(g, p), &r, &now, &change, NULL, &g->y->err));
    assert_int_equal(g->y->err.kind, ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R19_the_sm_certificate_set_last_is_the_one_read),
        stage_test(R19_an_sm_pair_goes_to_the_store_as_one_and_never_in_half),
        stage_test(R_esa_tells_of_a_full_plan_before_anything_is_brought),
        stage_test(R_esa_replaces_an_entry_by_its_id),
        stage_test(R_esa_looks_for_a_hostnames_certificate_at_both_sites),
        stage_test(R_esa_sends_a_hostnames_record_along),
        stage_test(R_an_esa_hostname_that_is_another_is_not_found),
        stage_test(R_esa_lists_hostnames_with_a_free_certificate_as_not_to_be_changed),
        stage_test(R_esa_without_hostnames_in_its_plan_is_listed_all_the_same),
        stage_test(R_oss_names_the_certificate_that_it_replaces),
    };
    return cmocka_run_group_tests_name("cloud_aliyun_edge", tests, NULL, NULL);
}

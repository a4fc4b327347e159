#include "cloud/test_stage.h"

#include "crypto/mint.h"
#include "crypto/x509.h"
#include <string.h>

/* CLB's own certificate store, and domain extensions that come and go. */

static void assert_sent(struct stage *g, size_t i, const char *text, bool sent)
{
    const char *request = i < calls_seen(g) ? g->log[i] : "";
    if (!*request || (strstr(request, text) != NULL) != sent)
        fail_msg("request %zu %s %s: %s", i, sent ? "lacks" : "has", text, request);
}

static struct material make(struct stage *g, struct minted *leaf)
{
    struct yard *y = g->y;
    static const char *const names[] = {"www.example.com"};
    struct minted ca;
    int64_t now_ms = clock_wall_ms(&clock_system);
    assert_ok(y, mint_ca(y->a, "Test Root", KEY_ECDSA, 256, now_ms - 1000, now_ms + 900000, &ca, &y->err));
    assert_ok(y,
              mint_leaf(y->a, &ca, names, 1, KEY_ECDSA, 256, now_ms - 1000, now_ms + 800000, leaf, &y->err));
    const char *pem = x509_pem(y->a, &leaf->cert);
    return (struct material){.fingerprint = leaf->cert.sha256,
                             .leaf_pem = pem,
                             .fullchain_pem =
                                 arena_printf(y->a, "%s\r\n\r\n%s", pem, x509_pem(y->a, &ca.cert)),
                             .key = leaf->key,
                             .key_type = KEY_ECDSA,
                             .domains = names,
                             .domain_count = 1};
}

static bool bring(struct stage *g, const struct material *m, const char **ret)
{
    const struct product *p = product_find("aliyun/clb");
    g->y->err = (struct err){0};
    g->job.product = p;
    return p->upload(&g->job, "clb:cn-shanghai", m, ret, &g->y->err);
}

static void R_clb_gets_the_key_in_the_body_and_the_chain_without_gaps(void **state)
{
    struct stage *g = *state;
    struct minted leaf;
    struct material m = make(g, &leaf);
    const char *ref = "";
    REPLIES(g,
            {200, NULL,
             "{\"ServerCertificates\":{\"ServerCertificate\":[{\"ServerCertificateId\":\"1_a_2_3\","
             "\"Fingerprint\":\"00:11\"}]}}"},
            {200, NULL, "{\"ServerCertificateId\":\"1_b_2_3\"}"});
    begin_as(g, "aliyun", false);
    assert_ok(g->y, bring(g, &m, &ref));
    assert_string_equal(ref, "1_b_2_3");
    assert_sent(g, 0, "x-acs-action: DescribeServerCertificates", true);
    assert_sent(g, 0, "RegionId=cn-shanghai", true);
    assert_sent(g, 1, "POST / HTTP/1.1", true); /* nothing of it is in the URL */
    assert_sent(g, 1, "slb.aliyuncs.com", true);
    assert_sent(g, 1, "Action=UploadServerCertificate", true);
    assert_sent(g, 1, arena_printf(g->y->a, "ServerCertificateName=certferry-%s", m.fingerprint), true);
    assert_sent(g, 1, "BEGIN%20EC%20PRIVATE%20KEY", true);
    assert_sent(g, 1, "%0A%0A", false);
    assert_sent(g, 1, "%0D", false);
}

static void R_clb_finds_a_certificate_by_either_fingerprint(void **state)
{
    struct stage *g = *state;
    struct minted leaf;
    struct material m = make(g, &leaf);
    char colons[64] = "";
    for (size_t i = 0, n = 0; leaf.cert.sha1[i]; i++) {
        if (i && i % 2 == 0)
            colons[n++] = ':';
        char digit = leaf.cert.sha1[i];
        colons[n++] = (char)(digit >= 'a' ? digit - 32 : digit);
    }
    const char *prints[] = {colons, leaf.cert.sha1, leaf.cert.sha256};
    begin_as(g, "aliyun", false);
    for (size_t i = 0; i < countof(prints); i++) {
        const struct reply reply =
            {200, NULL,
             arena_printf(
                 g->y->a,
                 "{\"ServerCertificates\":{\"ServerCertificate\":[{\"ServerCertificateId\":\"1_a_2_3\","
                 "\"Fingerprint\":\"00:11\"},{\"ServerCertificateId\":\"1_b_2_3\",\"Fingerprint\":\"%s\"}]}}",
                 prints[i])};
        const char *ref = "";
        g->replies = &reply;
        g->reply_count = 1;
        assert_ok(g->y, bring(g, &m, &ref));
        assert_string_equal(ref, "1_b_2_3");
        assert_int_equal(calls_seen(g), i + 1);
    }
}

static const struct resource listener = {.region = "cn-shanghai",
                                         .vendor_id = "lb-1/8443",
                                         .title = "web HTTPS:8443"};

static bool write_to(struct stage *g, const struct binding *now, const struct change *change)
{
    const struct product *p = product_find("aliyun/clb");
    g->y->err = (struct err){0};
    g->job.product = p;
    return product_bind(job_of(g, p), &listener, now, change, NULL, &g->y->err);
}

static void R_clb_an_extension_is_set_deleted_and_made_anew(void **state)
{
    struct stage *g = *state;
    const char *old = "1_a_2_3", *new = "1_b_2_3";
    struct bound held[] = {{.slot = "default", .ref = "d"}, {.slot = "*.shop.example", .ref = "1_a_2_3"}};
    struct binding now = {.bound = held,
                          .bound_count = 2,
                          .document = "[{\"DomainExtensionId\":\"de-1\",\"Domain\":\"*.SHOP.example\"}]"};
    struct binding without = {.bound = held, .bound_count = 1, .document = "[]"};
    const struct change set = {"*.shop.example", &new, 1, &old, 1},
                        gone = {"*.shop.example", NULL, 0, &old, 1},
                        back = {"*.shop.example", &old, 1, NULL, 0};
    REPLIES(g, {200, NULL, "{}"});
    begin_as(g, "aliyun", false);
    assert_ok(g->y, write_to(g, &now, &set));
    assert_sent(g, 0, "x-acs-action: SetDomainExtensionAttribute", true);
    assert_sent(g, 0, "RegionId=cn-shanghai&DomainExtensionId=de-1&ServerCertificateId=1_b_2_3", true);
    assert_ok(g->y, write_to(g, &now, &gone));
    assert_sent(g, 1, "x-acs-action: DeleteDomainExtension", true);
    assert_ok(g->y, write_to(g, &without, &back));
    assert_sent(g, 2, "x-acs-action: CreateDomainExtension", true);
    assert_sent(g, 2,
                "LoadBalancerId=lb-1&ListenerPort=8443&Domain=%2A.shop.example&ServerCertificateId=1_a_2_3",
                true);
    assert_ok(g->y, write_to(g, &without, &gone));
    assert_int_equal(calls_seen(g), 3); /* it is gone already */
}

static void R_clb_a_port_without_listener_is_not_found(void **state)
{
    struct stage *g = *state;
    struct binding now;
    struct resource odd = listener;
    const struct product *p = product_find("aliyun/clb");
    REPLIES(g,
            {400, NULL,
             "{\"Code\":\"InvalidParameter\",\"Message\":\"The specified resource does not exist.\"}"},
            {400, NULL, "{\"Code\":\"InvalidParameter\",\"Message\":\"ListenerPort is wrong.\"}"});
    begin_as(g, "aliyun", false);
    g->job.product = p;
    assert_err(g->y, ERR_NOT_FOUND, product_read(job_of(g, p), &listener, &now, &g->y->err));
    assert_false(product_read(job_of(g, p), &listener, &now, &g->y->err));
    assert_int_not_equal(g->y->err.kind, ERR_NOT_FOUND);
    static const char *const ids[] = {"lb-1", "lb-1/", "lb-1/0", "lb-1/65536", "lb-1/x"};
    for (size_t i = 0; i < countof(ids); i++) {
        odd.vendor_id = ids[i];
        assert_err(g->y, ERR_NOT_FOUND, product_read(job_of(g, p), &odd, &now, &g->y->err));
    }
    assert_int_equal(calls_seen(g), 2);
}

struct seen {
    struct arena *arena;
    struct resource items[4];
    size_t count;
};

static bool see(void *context, const struct resource *r, struct err *err)
{
    struct seen *seen = context;
    (void)err;
    assert_true(seen->count < countof(seen->items));
    struct resource *copy = &seen->items[seen->count++];
    *copy = *r;
    const char **texts[] = {&copy->vendor_id, &copy->title,      &copy->host, &copy->reach,
                            &copy->lock,      &copy->managed_by, &copy->unfit};
    for (size_t i = 0; i < countof(texts); i++)
        *texts[i] = arena_strdup(seen->arena, *texts[i]);
    return true;
}

static struct seen list(struct stage *g, const char *product, const char *region)
{
    struct seen seen = {.arena = g->y->a};
    const struct product *p = product_find(product);
    g->job.product = p;
    assert_ok(g->y, product_discover(job_of(g, p), region, see, &seen, &g->y->err));
    return seen;
}

static void R_clb_tells_owner_and_reach_and_asks_the_regions_host(void **state)
{
    struct stage *g = *state;
    REPLIES(g,
            {200, NULL,
             "{\"TotalCount\":1,\"LoadBalancers\":{\"LoadBalancer\":[{\"LoadBalancerId\":\"lb-1\","
             "\"LoadBalancerName\":\"web\",\"Address\":\"192.0.2.1\",\"AddressType\":\"intranet\","
             "\"Tags\":{\"Tag\":[{\"TagKey\":\"kubernetes.do.not.delete\",\"TagValue\":\"a1\"}]}}]}}"},
            {200, NULL,
             "{\"Listeners\":[{\"LoadBalancerId\":\"lb-1\",\"ListenerPort\":443,\"Status\":\"stopped\"}]}"},
            {200, NULL, "{\"Status\":\"stopped\",\"ServerCertificateId\":\"\"}"});
    begin_as(g, "aliyun", true);
    struct seen seen = list(g, "aliyun/clb", "eu-central-1");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.items[0].vendor_id, "lb-1/443");
    assert_string_equal(seen.items[0].host, "192.0.2.1");
    assert_string_equal(seen.items[0].reach, "private");
    assert_string_equal(seen.items[0].managed_by, "kubernetes:a1");
    assert_string_equal(seen.items[0].unfit, "the listener is stopped");
    assert_string_equal(seen.items[0].lock, "clb:lb-1");
    assert_sent(g, 1, "LoadBalancerId.1=lb-1", true);
    for (size_t i = 0; i < 3; i++)
        assert_sent(g, i, "Host: slb.eu-central-1.aliyuncs.com", true);
}

static void R_nlb_tells_a_listeners_own_owner_and_where_a_range_begins(void **state)
{
    struct stage *g = *state;
    REPLIES(g,
            {200, NULL, "{\"LoadBalancers\":[{\"LoadBalancerId\":\"nlb-1\",\"DNSName\":\"nlb-1.example\"}]}"},
            {200, NULL,
             "{\"Listeners\":[{\"ListenerId\":\"lsn-1@0\",\"LoadBalancerId\":\"nlb-1\",\"ListenerPort\":0,"
             "\"StartPort\":\"8000\",\"EndPort\":\"8010\",\"ListenerProtocol\":\"TCPSSL\","
             "\"Tags\":[{\"Key\":\"ack.aliyun.com\",\"Value\":\"c1\"}]}]}"},
            {200, NULL, "{\"Certificates\":[]}"});
    begin_as(g, "aliyun", true);
    struct seen seen = list(g, "aliyun/nlb", "cn-shanghai");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.items[0].port, 8000);
    assert_string_equal(seen.items[0].reach, "unknown");
    assert_string_equal(seen.items[0].managed_by, "ack:c1");
    assert_sent(g, 2, "POST / HTTP/1.1", true); /* the certificates are asked for in a form */
    assert_sent(g, 2, "CertType=Server", true);
}

/* Two routes on one listener, and the listener itself as CLB's own product knows it. */
static void R_sae_what_stands_on_one_balancer_is_written_one_after_the_other(void **state)
{
    struct stage *g = *state;
#define ROUTE(id)                                                                                            \
    "{\"Id\":" id ",\"Name\":\"r\",\"LoadBalanceType\":\"clb\",\"ListenerProtocol\":\"HTTPS\","              \
    "\"ListenerPort\":443,\"SlbId\":\"lb-1\",\"CertId\":\"\",\"Rules\":[]}"
    REPLIES(g, {200, NULL, "{\"Data\":[{\"NamespaceId\":\"cn-shanghai\"}],\"Success\":true}"},
            {200, NULL,
             "{\"Data\":{\"IngressList\":[" ROUTE("7") "," ROUTE("8") "],\"TotalSize\":2},\"Success\":true}"},
            {200, NULL, "{\"LoadBalancers\":{\"LoadBalancer\":[{\"Address\":\"192.0.2.1\"}]}}"},
            {200, NULL, "{\"LoadBalancers\":{\"LoadBalancer\":[{\"Address\":\"192.0.2.1\"}]}}"});
    begin_as(g, "aliyun", true);
    struct seen seen = list(g, "aliyun/sae", "cn-shanghai");
    assert_int_equal(seen.count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(seen.items[i].lock, "clb:lb-1"); /* as aliyun/clb locks it, too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_clb_gets_the_key_in_the_body_and_the_chain_without_gaps),
        stage_test(R_clb_finds_a_certificate_by_either_fingerprint),
        stage_test(R_clb_an_extension_is_set_deleted_and_made_anew),
        stage_test(R_clb_tells_owner_and_reach_and_asks_the_regions_host),
        stage_test(R_nlb_tells_a_listeners_own_owner_and_where_a_range_begins),
        stage_test(R_sae_what_stands_on_one_balancer_is_written_one_after_the_other),
        stage_test(R_clb_a_port_without_listener_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

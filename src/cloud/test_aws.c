#include "cloud/test_stage.h"

#include <string.h>

/* Which of AWS's stores takes what, and that an upload which would exceed a quota is never sent. */

static const struct material ours = {.name = "certferry-0123456789abcdef",
                                     .fingerprint = "0123456789abcdef",
                                     .leaf_pem = "L",
                                     .chain_pem = "C",
                                     .key_type = KEY_ECDSA,
                                     .key_bits = 256};

static void check_store(struct stage *g, const char *code, enum key_type type, unsigned bits, bool sm2,
                        const char *wanted)
{
    const struct resource r = {.region = "cn-north-1"};
    const struct product *p = product_find(code);
    struct material m = ours;
    const char *got = "refused";
    struct err err = {0};
    m.key_type = type;
    m.key_bits = bits;
    m.sm2 = sm2;
    if (!product_store_for(job_of(g, p), &r, &m, &got, &err))
        assert_int_equal(err.kind, ERR_INVALID_CERTIFICATE);
    assert_string_equal(got, wanted);
}

static void R_the_store_follows_product_partition_and_key(void **state)
{
    struct stage *g = *state;
    static const struct {
        const char *product;
        enum key_type type;
        unsigned bits;
        bool sm2;
        const char *store;
    } rows[] = {
        {"aws/alb", KEY_ECDSA, 384, false, "acm:cn-north-1"},
        {"aws/nlb", KEY_RSA, 4096, false, "acm:cn-north-1"},
        {"aws/nlb", KEY_SM2, 256, true, "refused"},
        {"aws/clb", KEY_RSA, 2048, false, "acm:cn-north-1"},
        {"aws/clb", KEY_RSA, 3072, false, "iam:/"},
        {"aws/clb", KEY_RSA, 4096, false, "iam:/"},
        {"aws/clb", KEY_ECDSA, 256, false, "iam:/"},
        {"aws/clb", KEY_SM2, 256, true, "refused"},
        {"aws/cloudfront", KEY_RSA, 2048, false, "iam:/cloudfront/certferry/"}, /* in China */
        {"aws/cloudfront", KEY_ECDSA, 384, false, "refused"},
    };
    begin_as(g, "aws", false);
    for (size_t i = 0; i < countof(rows); i++)
        check_store(g, rows[i].product, rows[i].type, rows[i].bits, rows[i].sm2, rows[i].store);
    assert_int_equal(calls_seen(g), 0);
}

static struct secret *some_key(struct stage *g)
{
    return secret_in(g->y->a, secret_new("KEY", 3));
}

static bool upload(struct stage *g, const char *vendor_store, const char **ret, struct err *err)
{
    struct material m = ours;
    m.key = some_key(g);
    g->job.patience_ms = 0;
    return product_find("aws/clb")->upload(&g->job, vendor_store, &m, ret, err);
}

/* A page of `count` imported certificates, so many seconds old. */
static struct reply acm_page(struct stage *g, size_t count, int64_t age_s)
{
    struct buf b = buf_new(g->y->a, 4 << 20);
    int64_t then_s = clock_wall_ms(&clock_system) / 1000 - age_s;
    buf_puts(&b, "{\"CertificateSummaryList\":[");
    for (size_t i = 0; i < count; i++)
        buf_printf(&b, "%s{\"Type\":\"IMPORTED\",\"NotAfter\":1,\"ImportedAt\":%lld}", i ? "," : "",
                   (long long)then_s);
    buf_puts(&b, "]}");
    return (struct reply){200, NULL, b.data};
}

static void R_acm_that_is_full_is_not_written_to(void **state)
{
    static const int64_t day_s = 86400;
    static const struct {
        size_t count;
        int64_t age_s;
        bool full;
    } rows[] = {
        {2499, 0, false},
        {2500, 400 * day_s, true},
        {2501, 0, false},          /* AWS raised it */
        {5000, day_s, true},       /* imports of this year */
        {5000, 400 * day_s, false} /* of another */
    };
    struct stage *g = *state;
    struct reply replies[2 * countof(rows)];
    size_t count = 0;
    for (size_t i = 0; i < countof(rows); i++) {
        replies[count++] = acm_page(g, rows[i].count, rows[i].age_s);
        if (!rows[i].full)
            replies[count++] =
                (struct reply){200, NULL, "{\"CertificateArn\":\"arn:aws:acm:cn-north-1:1:certificate/n\"}"};
    }
    g->replies = replies;
    g->reply_count = count;
    begin_as(g, "aws", false);
    for (size_t i = 0; i < countof(rows); i++) {
        const char *ref = NULL;
        struct err err = {0};
        bool ok = upload(g, "acm:cn-north-1", &ref, &err);
        if (ok == rows[i].full || (!ok && (err.kind != ERR_QUOTA || !strstr(err.text, "ask AWS"))))
            fail_msg("%zu: %s", i, err.text);
    }
    assert_int_equal(calls_seen(g), count);
}

static struct reply iam_page(struct stage *g, size_t count)
{
    struct buf b = buf_new(g->y->a, 1 << 20);
    buf_puts(&b, "<R><ListServerCertificatesResult><ServerCertificateMetadataList>");
    for (size_t i = 0; i < count; i++)
        buf_printf(&b, "<member><ServerCertificateName>n%zu</ServerCertificateName></member>", i);
    buf_puts(&b, "</ServerCertificateMetadataList></ListServerCertificatesResult></R>");
    return (struct reply){200, NULL, b.data};
}

#define SUMMARY(quota)                                                                                       \
    {                                                                                                        \
        200, NULL,                                                                                           \
            "<R><GetAccountSummaryResult><SummaryMap><entry><key>Users</key><value>9000</value></"           \
            "entry><entry>"                                                                                  \
            "<key>ServerCertificatesQuota</key><value>" quota                                                \
            "</value></entry></SummaryMap></GetAccountSummaryResult></R>"                                    \
    }
#define REFUSED(status, code)                                                                                \
    {                                                                                                        \
        status, NULL,                                                                                        \
            "<ErrorResponse><Error><Code>" code "</Code><Message>m</Message></Error></ErrorResponse>"        \
    }
#define MADE                                                                                                 \
    {                                                                                                        \
        200, NULL,                                                                                           \
            "<R><UploadServerCertificateResult><ServerCertificateMetadata><ServerCertificateId>ASCA1"        \
            "</ServerCertificateId><Arn>arn:aws-cn:iam::1:server-certificate/n</Arn></"                      \
            "ServerCertificateMetadata>"                                                                     \
            "</UploadServerCertificateResult></R>"                                                           \
    }

static void R_iam_that_is_full_is_not_written_to(void **state)
{
    struct stage *g = *state;
    const struct reply gone = REFUSED(404, "NoSuchEntity");
    const struct reply replies[] = {
        iam_page(g, 19),
        MADE,
        gone, /* room */
        iam_page(g, 20),
        SUMMARY("20"), /* full */
        iam_page(g, 20),
        REFUSED(403, "AccessDenied"), /* full, unless told otherwise */
        iam_page(g, 20),
        SUMMARY("1000"),
        MADE, /* raised */
    };
    static const struct {
        const char *store, *ref; /* NULL: refused */
    } rows[] = {{"iam:/", "arn:aws-cn:iam::1:server-certificate/n"},
                {"iam:/", NULL},
                {"iam:/", NULL},
                {"iam:/cloudfront/certferry/", "iam:ASCA1"}};
    g->replies = replies;
    g->reply_count = countof(replies);
    begin_as(g, "aws", false);
    for (size_t i = 0; i < countof(rows); i++) {
        const char *ref = NULL;
        struct err err = {0};
        bool ok = upload(g, rows[i].store, &ref, &err);
        if (ok != (rows[i].ref != NULL) || (ok && strcmp(ref, rows[i].ref) != 0) ||
            (!ok && err.kind != ERR_QUOTA))
            fail_msg("%zu: %s %s", i, ref ? ref : "", err.text);
    }
    assert_int_equal(calls_seen(g), countof(replies));
    assert_non_null(strstr(g->log[1], "Action=UploadServerCertificate"));
    assert_null(strstr(g->log[1], "GET "));
    assert_non_null(strstr(g->log[9], "Path=%2Fcloudfront%2Fcertferry%2F"));
}

static void R_clb_names_listener_by_balancer_and_port(void **state)
{
    struct stage *g = *state;
    static const struct reply replies[] = {{200, NULL, "<R/>"}, REFUSED(400, "CertificateNotFound")};
    const struct resource r = {.region = "cn-north-1", .vendor_id = "web-1/8443", .title = "web-1 SSL:8443"};
    const char *add[] = {"arn:aws-cn:iam::1:server-certificate/n"}, *lost[] = {"Invalid-Certificate"}, *why;
    const struct change change = {"default", add, 1, NULL, 0}, back = {"default", lost, 1, add, 1};
    const struct bound old = {.slot = "default", .ref = lost[0]};
    const struct binding now = {0};
    const struct product *p = product_find("aws/clb");
    struct err err = {0};
    g->replies = replies;
    g->reply_count = countof(replies);
    begin_as(g, "aws", false);
    assert_ok(g->y, product_bind(job_of(g, p), &r, &now, &change, NULL, &err));
    assert_non_null(strstr(g->log[0], "LoadBalancerName=web-1&LoadBalancerPort=8443&SSLCertificateId=arn"));
    g->job.patience_ms = 0;
    assert_false(product_bind(job_of(g, p), &r, &now, &change, &ours, &err));
    assert_true(err.kind == ERR_INVALID_CERTIFICATE && err.transient);
    assert_false(product_bind(job_of(g, p), &r, &now, &back, NULL, &err));
    assert_int_equal(err.kind, ERR_INPUT);
    assert_int_equal(calls_seen(g), 2);
    assert_ok(g->y, product_old_key(job_of(g, p), &r, &old, &why, &err));
    assert_non_null(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_the_store_follows_product_partition_and_key),
        stage_test(R_acm_that_is_full_is_not_written_to),
        stage_test(R_iam_that_is_full_is_not_written_to),
        stage_test(R_clb_names_listener_by_balancer_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

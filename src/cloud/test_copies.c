#include "cloud/test_stage.h"

#include "cloud/vendor.h"
#include "crypto/mint.h"
#include <stdlib.h>
#include <string.h>

/* What the vendors say of a copy before it is deleted: only a clear "nothing uses it" lets it go. */

struct one {
    struct reply reply;
    const char *kept; /* a word of the reason; NULL: it may go */
};

static void check(struct stage *g, const struct reply *before, size_t before_count, const struct one *last,
                  struct stored c, const char *what)
{
    struct reply replies[8];
    for (size_t i = 0; i < before_count; i++)
        replies[i] = before[i];
    replies[before_count] = last->reply;
    pthread_mutex_lock(&g->lock);
    g->replies = replies;
    g->reply_count = before_count + 1;
    for (size_t i = 0; i < g->log_count; i++) {
        free(g->log[i]);
        g->log[i] = NULL;
    }
    g->log_count = 0;
    pthread_mutex_unlock(&g->lock);
    g->job.patience_ms = 0;
    g->session->vendor->used(&g->job, &c, 1);
    if (!last->kept && c.kept)
        fail_msg("%s: kept, as %s", what, c.kept);
    if (last->kept && (!c.kept || !strstr(c.kept, last->kept)))
        fail_msg("%s: wanted \"%s\", got \"%s\"", what, last->kept, c.kept ? c.kept : "it may go");
    assert_false(c.gone);
}

#define OTHER_DIGEST "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
static const char digest[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

static void R_cas_lets_go_only_what_it_lists_no_product_for(void **state)
{
    struct stage *g = *state;
    static const struct reply there[] = {{200, NULL, "{\"CertId\":7,\"Sans\":\"a.example.com\"}"}};
    static const struct one rows[] = {
        {{200, NULL, "{\"UsingProductList\":[]}"}, NULL},
        {{200, NULL, "{\"UsingProductList\":[\"CDN\"]}"}, "CDN uses it"},
        {{200, NULL, "{\"UsingProductList\":null}"}, "did not say"},
        {{200, NULL, "{\"UsingProductList\":\"\"}"}, "did not say"},
        {{200, NULL, "{}"}, "did not say"},
        {{403, NULL, "{\"Code\":\"NoPermission\",\"Message\":\"no\"}"}, "NoPermission"},
        {{500, NULL, "{\"Code\":\"InternalError\",\"Message\":\"\"}"}, "InternalError"},
        {{404, NULL, "{\"Code\":\"NotFound\",\"Message\":\"\"}"}, "NotFound"},
        {{200, NULL, NULL}, "could not be found out"},
    };
    begin_as(g, "aliyun", false);
    for (size_t i = 0; i < countof(rows); i++)
        check(g, there, countof(there), &rows[i],
              (struct stored){.vendor_store = "cas:cn-hangzhou",
                              .ref = "7-cn-hangzhou",
                              .fingerprint = digest},
              rows[i].reply.body ? rows[i].reply.body : "cut");
    struct one another = {{200, NULL, "{\"CertId\":7,\"Sha2\":\"" OTHER_DIGEST "\"}"}, "another certificate"};
    check(g, NULL, 0, &another,
          (struct stored){.vendor_store = "cas:cn-hangzhou", .ref = "7-cn-hangzhou", .fingerprint = digest},
          "other");
    struct one unread = {{404, NULL, "gone fishing"}, "could not be found out"};
    check(g, NULL, 0, &unread,
          (struct stored){.vendor_store = "cas:cn-hangzhou", .ref = "7-cn-hangzhou", .fingerprint = digest},
          "proxy");
    struct stored esa = {.vendor_store = "esa:1", .ref = "x", .fingerprint = digest};
    g->session->vendor->used(&g->job, &esa, 1);
    assert_non_null(strstr(esa.kept, "does not tell"));
}

static const char *leaf(struct stage *g, const char **ret_digest)
{
    static const char *const names[] = {"a.example.com"};
    const int64_t day_ms = 86400000, now_ms = 1795200000000;
    struct yard *y = g->y;
    struct minted ca, made;
    assert_ok(y, mint_ca(y->a, "CA", KEY_ECDSA, 256, now_ms, now_ms + day_ms, &ca, &y->err));
    assert_ok(y, mint_leaf(y->a, &ca, names, 1, KEY_ECDSA, 256, now_ms, now_ms + day_ms, &made, &y->err));
    *ret_digest = arena_strdup(y->a, made.cert.sha256);
    return x509_pem(y->a, &made.cert);
}

#define RESULT(status, list)                                                                                 \
    "{\"Response\":{\"SyncTaskBindResourceResult\":[{\"TaskId\":\"9\",\"Status\":" status                    \
    ",\"BindResourceResult\":" list "}],\"RequestId\":\"1\"}}"
#define PART(total, error)                                                                                   \
    "[{\"ResourceType\":\"clb\",\"BindResourceRegionResult\":[{\"Region\":\"ap-guangzhou\",\"TotalCount\":"  \
    "0,"                                                                                                     \
    "\"Error\":\"\"},{\"Region\":\"ap-shanghai\",\"TotalCount\":" total ",\"Error\":\"" error "\"}]}]"

static void R_tencent_lets_go_only_what_every_part_found_unused(void **state)
{
    struct stage *g = *state;
    begin_as(g, "tencent", false);
    const char *own;
    const char *pem =
        json_format(g->y->a, "{'Response':{'CertificatePublicKey':%s,'RequestId':'1'}}", leaf(g, &own));
    const struct reply there[] = {{200, NULL, pem},
                                  {200, NULL,
                                   "{\"Response\":{\"CertTaskIds\":[{\"CertId\":\"abcd1234\",\"TaskId\":"
                                   "\"9\"}],\"RequestId\":\"1\"}}"}};
    static const struct one rows[] = {
        {{200, NULL, RESULT("1", PART("0", ""))}, NULL},
        {{200, NULL, RESULT("1", PART("2", ""))}, "2 of clb in ap-shanghai use it"},
        {{200, NULL, RESULT("1", PART("0", "timed out"))}, "timed out"},
        {{200, NULL, RESULT("1", PART("null", ""))}, "could not be looked up"},
        {{200, NULL, RESULT("2", PART("0", ""))}, "could not be looked up"},
        {{200, NULL, RESULT("1", "null")}, "could not be looked up"},
        {{200, NULL, RESULT("1", "[{\"ResourceType\":\"cdn\"}]")}, "whether cdn uses it"},
        {{200, NULL,
          "{\"Response\":{\"Error\":{\"Code\":\"FailedOperation\",\"Message\":\"m\"},\"RequestId\":\"1\"}}"},
         "FailedOperation"},
    };
    struct stored c = {.vendor_store = "ssl", .ref = "abcd1234", .fingerprint = own};
    for (size_t i = 0; i < countof(rows); i++)
        check(g, there, countof(there), &rows[i], c, rows[i].reply.body);
    c.fingerprint = digest;
    check(g, there, 1, &(struct one){there[1], "another certificate"}, c, "another");
    c.fingerprint = own;
    /* No task was begun for it. */
    const struct reply none[] = {{200, NULL, pem}};
    struct one nothing = {{200, NULL, "{\"Response\":{\"CertTaskIds\":[],\"RequestId\":\"1\"}}"},
                          "did not end in time"};
    check(g, none, countof(none), &nothing, c, "no task");
}

static void R_acm_lets_go_only_what_it_says_is_not_in_use(void **state)
{
    struct stage *g = *state;
    static const struct one rows[] = {
        {{200, NULL, "{\"Certificate\":{\"InUseBy\":[]}}"}, NULL},
        {{200, NULL, "{\"Certificate\":{\"InUseBy\":[\"arn:x\"]}}"}, "arn:x uses it"},
        {{200, NULL, "{\"Certificate\":{}}"}, "did not say"},
        {{200, NULL, "{}"}, "did not say"},
        {{400, NULL, "{\"__type\":\"AccessDeniedException\"}"}, "AccessDenied"},
    };
    begin_as(g, "aws", false);
    const char *own, *pem = leaf(g, &own);
    const struct reply there[] = {{200, NULL, json_format(g->y->a, "{'Certificate':%s}", pem)}};
    struct stored c = {.vendor_store = "acm:us-east-1",
                       .ref = "arn:aws:acm:us-east-1:1:certificate/a",
                       .fingerprint = own};
    for (size_t i = 0; i < countof(rows); i++)
        check(g, there, countof(there), &rows[i], c, rows[i].reply.body);
    /* An answer without PEM says nothing of whether it is there. */
    check(g, NULL, 0, &(struct one){{200, NULL, "{}"}, "could not be found out"}, c, "no PEM");
}

static void what_a_listing_shows_or_does_not_reach_is_kept(void **state)
{
    struct stage *g = *state;
    static const char *const elb[] = {"huawei/elb", NULL}, *const places[] = {"cn-north-4"};
    static const struct reply refused[] = {{403, NULL, "{\"error_code\":\"ELB.0002\",\"error_msg\":\"no\"}"}};
    struct stored c = {.vendor_store = "elb:cn-north-4", .ref = "r", .fingerprint = digest};
    begin_as(g, "huawei", false);
    g->job.patience_ms = 0;
    g->replies = refused;
    g->reply_count = 1;
    stored_list_users(&g->job, elb, places, 1, false, &c, 1);
    assert_non_null(strstr(c.kept, "huawei/elb in cn-north-4"));
}

static void stores_are_told_by_their_first_part(void **state)
{
    (void)state;
    const struct stored acm = {.vendor_store = "acm:us-east-1"}, scm = {.vendor_store = "scm"};
    assert_string_equal(stored_in(&acm, "acm"), "us-east-1");
    assert_string_equal(stored_in(&scm, "scm"), "");
    assert_null(stored_in(&acm, "ac"));
    assert_null(stored_in(&acm, "acm:us-east-1x"));
    assert_null(stored_in(&scm, "acm"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_cas_lets_go_only_what_it_lists_no_product_for),
        stage_test(R_tencent_lets_go_only_what_every_part_found_unused),
        stage_test(R_acm_lets_go_only_what_it_says_is_not_in_use),
        stage_test(what_a_listing_shows_or_does_not_reach_is_kept),
        cmocka_unit_test(stores_are_told_by_their_first_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

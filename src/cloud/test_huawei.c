#include "cloud/test_stage.h"

#include "cloud/huawei/huawei.h"
#include "cloud/huawei/scm.h"
#include "cloud/product.h"
#include "cloud/wire.h"
#include "crypto/mint.h"
#include "crypto/pem.h"
#include <string.h>

/* Huawei's CDN, WAF and certificate service: what is written given what was read, and what is made of odd answers. */

#define ACCOUNT                                                                                              \
    {                                                                                                        \
        200, NULL, "{\"domains\":[{\"id\":\"acc\",\"name\":\"n\"}]}"                                         \
    }
#define PROJECTS                                                                                             \
    {                                                                                                        \
        200, NULL, "{\"projects\":[{\"name\":\"cn-north-4\",\"id\":\"p2\"}]}"                                \
    }
#define REFUSED(code, message)                                                                               \
    {                                                                                                        \
        403, NULL, "{\"error\":{\"error_code\":\"" code "\",\"error_msg\":\"" message "\"}}"                 \
    }
#define NO_CERTIFICATES                                                                                      \
    {                                                                                                        \
        200, NULL, "{\"items\":[],\"total\":0}"                                                              \
    }
#define ID "scs1600313391074"
#define OLD "scs1500000000000"
#define SHOWN                                                                                                \
    {                                                                                                        \
        200, NULL, "{\"id\":\"" ID "\",\"name\":\"certferry-0011\"}"                                         \
    }

static const struct resource domain = {.region = "",
                                       .vendor_id = "*.example.com",
                                       .title = "*.example.com",
                                       .https = true,
                                       .extra = "{\"project\":\"p-1\"}"};
static const struct resource website = {.region = "cn-north-4",
                                        .vendor_id = "h1",
                                        .title = "w.example.com",
                                        .https = true,
                                        .extra = "{\"type\":\"premium\",\"project\":\"p-1\"}"};

static void begin(struct stage *g, const char *product)
{
    begin_as(g, "huawei", false);
    g->job.product = product_find(product);
    g->y->err = (struct err){0};
}

static void assert_sent(struct stage *g, size_t i, const char *text)
{
    if (i >= calls_seen(g) || !strstr(g->log[i], text))
        fail_msg("request %zu lacks %s: %s", i, text, i < calls_seen(g) ? g->log[i] : "none");
}

static void assert_not_sent(struct stage *g, size_t i, const char *text)
{
    assert_true(i < calls_seen(g));
    if (strstr(g->log[i], text))
        fail_msg("request %zu has %s: %s", i, text, g->log[i]);
}

static struct material material_of(struct stage *g)
{
    static const char *const names[] = {"*.example.com"};
    struct yard *y = g->y;
    struct minted ca, leaf;
    const int64_t day_ms = 86400000, now_ms = 1795200000000;
    assert_ok(y, mint_ca(y->a, "CA", KEY_ECDSA, 256, now_ms, now_ms + day_ms, &ca, &y->err));
    assert_ok(y, mint_leaf(y->a, &ca, names, 1, KEY_ECDSA, 256, now_ms, now_ms + day_ms, &leaf, &y->err));
    const char *pem = x509_pem(y->a, &leaf.cert), *chain = x509_pem(y->a, &ca.cert);
    return (struct material){.name = "certferry-0011223344556677",
                             .fingerprint = arena_strdup(y->a, leaf.cert.sha256),
                             .leaf_pem = pem,
                             .chain_pem = chain,
                             .fullchain_pem = arena_printf(y->a, "%s%s", pem, chain),
                             .key = leaf.key,
                             .domains = names,
                             .domain_count = 1,
                             .key_type = KEY_ECDSA,
                             .chain_complete = true};
}

#define NEIGHBOURS                                                                                           \
    "\"http2_status\":\"on\",\"later\":{\"a\":1.50, \"b\":[]},\"tls_version\":\"TLSv1.2,TLSv1.3\""
#define BY_ID                                                                                                \
    "{\"https_status\":\"on\",\"certificate_type\":\"server\",\"certificate_source\":2,"                     \
    "\"scm_certificate_id\":\"" OLD "\",\"certificate_name\":\"old\",\"certificate_value\":\"PEM\","         \
    "\"expire_time\":1767225600000," NEIGHBOURS "}"

static bool write_domain(struct stage *g, const char *document, const char *ref, const struct material *m)
{
    const struct binding now = {.https = true, .etag = "", .document = document, .settings = "{}"};
    const struct change change = {.slot = "default", .add = &ref, .add_count = ref ? 1 : 0};
    return product_bind(&g->job, &domain, &now, &change, m, &g->y->err);
}

static void R_cdn_sends_back_every_neighbour_as_it_was_read(void **state)
{
    struct stage *g = *state;
    REPLIES(g, ACCOUNT, SHOWN, {200, NULL, ""});
    begin(g, "huawei/cdn");
    assert_ok(g->y, write_domain(g, BY_ID, ID, NULL));
    assert_sent(g, 2, "PUT /v1.1/cdn/configuration/domains/");
    assert_sent(g, 2, "enterprise_project_id=p-1");
    assert_sent(g, 2, "{\"configs\":{\"https\":{\"https_status\":\"on\"," NEIGHBOURS ",");
    assert_sent(g, 2, "\"certificate_source\":2,\"scm_certificate_id\":\"" ID "\"");
    assert_sent(g, 2, "\"certificate_name\":\"certferry-0011\"");
    static const char *const gone[] = {OLD, "expire_time", "PEM", "private_key", "force_redirect"};
    for (size_t i = 0; i < countof(gone); i++)
        assert_not_sent(g, 2, gone[i]);
    for (size_t i = 1; i < 3; i++) { /* services that count by account are told which */
        assert_true(strcasestr(g->log[i], "\r\nx-domain-id: acc\r\n") != NULL);
        assert_true(strstr(g->log[i], "x-domain-id") != NULL); /* and it is signed */
    }
    assert_ok(g->y, write_domain(g, BY_ID, NULL, NULL));
    assert_sent(g, 3, "{\"configs\":{\"https\":{\"https_status\":\"off\"," NEIGHBOURS "}}}");
}

static void R_cdn_that_may_not_read_scm_gets_the_text_under_a_name_that_tells(void **state)
{
    struct stage *g = *state;
    REPLIES(g, ACCOUNT, SHOWN, REFUSED("CDN.00010198", "no permission"), {200, NULL, ""},
            REFUSED("CDN.00010198", "no permission"));
    begin(g, "huawei/cdn");
    struct material m = material_of(g);
    const char *store = NULL;
    assert_ok(g->y, product_store_for(&g->job, &domain, &m, &store, &g->y->err));
    assert_string_equal(store, "scm");
    assert_ok(g->y, write_domain(g, BY_ID, ID, &m));
    assert_not_sent(g, 2, "PRIVATE");
    assert_sent(g, 3, "\"certificate_source\":0,\"certificate_name\":\"certferry-" ID "\"");
    assert_sent(g, 3, "PRIVATE KEY");
    assert_sent(g, 3, NEIGHBOURS);
    assert_null(strstr(arena_copy(g->y->a, g->log[3], strcspn(g->log[3], "\r")), "PRIVATE"));
    assert_ok(g->y, product_store_for(&g->job, &domain, &m, &store, &g->y->err));
    assert_null(store); /* from now on at once */
    assert_err(g->y, ERR_PERMISSION, write_domain(g, BY_ID, ID, NULL));
    assert_non_null(strstr(g->y->err.text, "allow CDN to read certificates of SCM"));
}

static void R_cdn_certificates_are_told_by_id_by_our_name_or_by_digest(void **state)
{
    struct stage *g = *state;
    struct material m = material_of(g);
    const char *pem = json_format(g->y->a, "%s", m.leaf_pem);
    const struct {
        const char *https, *ref;
    } table[] = {
        {BY_ID, OLD},
        {arena_printf(g->y->a,
                      "{\"https_status\":\"on\",\"certificate_source\":0,\"certificate_name\":\"certferry-" ID
                      "\",\"certificate_value\":%s}",
                      pem),
         ID},
        {arena_printf(g->y->a,
                      "{\"https_status\":\"on\",\"certificate_source\":0,\"certificate_name\":\"" ID
                      "\",\"certificate_value\":%s}",
                      pem),
         m.fingerprint},
        {arena_printf(g->y->a,
                      "{\"https_status\":\"on\",\"certificate_source\":1,\"certificate_name\":\"hosted\","
                      "\"scm_certificate_id\":\"\",\"certificate_value\":%s}",
                      pem),
         m.fingerprint},
        {"{\"https_status\":\"on\",\"certificate_source\":0,\"certificate_name\":\"odd\"}", "name:odd"},
        {"{\"https_status\":\"on\",\"certificates\":[{\"certificate_type\":\"server_sm\",\"certificate_"
         "source\":2,"
         "\"scm_certificate_id\":\"" ID "\"},{\"certificate_type\":\"server\",\"certificate_source\":2,"
         "\"scm_certificate_id\":\"" OLD "\"}]}",
         OLD},
        {"{\"https_status\":\"off\",\"certificate_name\":\"kept\"}", NULL},
    };
    struct reply *replies = arena_array(g->y->a, struct reply, 2 * countof(table) + 1);
    replies[0] = (struct reply)ACCOUNT;
    for (size_t i = 0; i < countof(table); i++) {
        const char *status = i ? "online" : "configuring";
        replies[2 * i + 1] =
            (struct reply){200, NULL,
                           arena_printf(g->y->a, "{\"domain\":{\"domain_status\":\"%s\"}}", status)};
        replies[2 * i + 2] =
            (struct reply){200, NULL,
                           arena_printf(g->y->a, "{\"configs\":{\"hsts\":{\"status\":\"on\"},\"https\":%s}}",
                                        table[i].https)};
    }
    g->replies = replies;
    g->reply_count = 2 * countof(table) + 1;
    begin(g, "huawei/cdn");
    for (size_t i = 0; i < countof(table); i++) {
        struct binding now;
        assert_ok(g->y, product_read(&g->job, &domain, &now, &g->y->err));
        assert_int_equal(now.ready, i > 0);
        assert_int_equal(now.bound_count, i == 5 ? 2 : table[i].ref ? 1 : 0);
        if (table[i].ref)
            assert_string_equal(now.bound[0].ref, table[i].ref);
        assert_non_null(strstr(now.settings, "\"hsts\":{\"status\":\"on\"}"));
    }
}

#define DUAL(other)                                                                                          \
    "{\"https_status\":\"on\",\"certificate_source\":2,\"scm_certificate_id\":\"" OLD                        \
    "\",\"certificates\":[{\"certificate_type\":\"server\",\"certificate_source\":2,"                        \
    "\"scm_certificate_id\":\"" OLD                                                                          \
    "\"},{\"certificate_type\":\"server_sm\",\"certificate_name\":\"sm\"," other "}]," NEIGHBOURS "}"

static void R_cdn_keeps_the_other_of_two_certificates_or_does_nothing(void **state)
{
    struct stage *g = *state;
    REPLIES(g, ACCOUNT, SHOWN, {200, NULL, ""});
    begin(g, "huawei/cdn");
    assert_ok(g->y,
              write_domain(g, DUAL("\"certificate_source\":2,\"scm_certificate_id\":\"scs1400000000000\""),
                           ID, NULL));
    assert_sent(g, 2,
                "\"certificates\":[{\"certificate_type\":\"server\",\"certificate_source\":2,"
                "\"scm_certificate_id\":\"" ID "\"");
    assert_sent(g, 2,
                "{\"certificate_type\":\"server_sm\",\"certificate_source\":2,"
                "\"scm_certificate_id\":\"scs1400000000000\",\"certificate_name\":\"sm\"");
    assert_sent(g, 2, NEIGHBOURS);
    assert_err(g->y, ERR_CONFLICT,
               write_domain(g, DUAL("\"certificate_source\":0,\"certificate_value\":\"PEM\""), ID, NULL));
    assert_int_equal(calls_seen(g), 3);
}

static void R_cdn_takes_sm2_as_a_pair_beside_what_is_there(void **state)
{
    struct stage *g = *state;
    REPLIES(g, ACCOUNT, {200, NULL, ""});
    begin(g, "huawei/cdn");
    struct bound held = {.slot = "default", .ref = OLD, .name = "old", .fingerprint = "", .key_type = "rsa"};
    struct resource r = domain;
    r.bound = &held;
    r.bound_count = 1;
    struct material m = material_of(g);
    const struct product *p = g->job.product;
    const char *store = "x", *ref = m.fingerprint;
    m.sm2 = true;
    assert_err(g->y, ERR_INVALID_CERTIFICATE, product_store_for(job_of(g, p), &r, &m, &store, &g->y->err));
    assert_non_null(strstr(g->y->err.text, "encryption certificate"));
    m.sm2_encryption_pem = "ENC-PEM";
    m.sm2_encryption_key = secret_in(g->y->a, secret_new("ENC-KEY", 7));
    assert_ok(g->y, product_store_for(job_of(g, p), &r, &m, &store, &g->y->err));
    assert_null(store);
    held.ref = "00112233"; /* uploaded by hand: it could not be sent along */
    assert_err(g->y, ERR_INVALID_CERTIFICATE, product_store_for(job_of(g, p), &r, &m, &store, &g->y->err));
    assert_non_null(strstr(g->y->err.text, "would lose it"));
    assert_int_equal(calls_seen(g), 0);

    const struct binding now = {.https = true, .etag = "", .document = BY_ID, .settings = "{}"};
    const struct change change = {.slot = "sm", .add = &ref, .add_count = 1}, back = {.slot = "sm"};
    assert_ok(g->y, product_bind(job_of(g, p), &domain, &now, &change, &m, &g->y->err));
    assert_sent(g, 1, "\"certificates\":[{\"certificate_type\":\"server_sm\",\"certificate_source\":0");
    assert_sent(g, 1, "\"enc_certificate_value\":\"ENC-PEM\",\"enc_private_key\":\"ENC-KEY\"");
    assert_sent(g, 1,
                "{\"certificate_type\":\"server\",\"certificate_source\":2,\"scm_certificate_id\":\"" OLD
                "\"");
    assert_sent(g, 1, NEIGHBOURS);
    assert_ok(g->y, product_bind(job_of(g, p), &domain, &now, &back, NULL, &g->y->err));
    assert_sent(g, 2, "{\"https_status\":\"on\"," NEIGHBOURS ",\"certificate_type\":\"server\"");
    assert_not_sent(g, 2, "certificates");
}

static void R_cdn_what_only_cdn_held_comes_back_from_our_store_or_not_at_all(void **state)
{
    struct stage *g = *state;
    REPLIES(g, ACCOUNT);
    begin(g, "huawei/cdn");
    const char *why = NULL;
    struct bound old = {.slot = "default", .ref = OLD, .fingerprint = ""};
    assert_ok(g->y, product_old_key(&g->job, &domain, &old, &why, &g->y->err));
    assert_null(why);
    old.ref = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert_ok(g->y, product_old_key(&g->job, &domain, &old, &why, &g->y->err));
    assert_non_null(why);
    assert_err(g->y, ERR_NOT_FOUND, write_domain(g, BY_ID, old.ref, NULL));
    assert_int_equal(calls_seen(g), 0);
}

/* ---- SCM ---- */

static void R134_scm_finds_ours_by_name_and_digest_before_it_imports(void **state)
{
    struct stage *g = *state;
    begin(g, "huawei/cdn");
    struct material m = material_of(g);
    struct x509 leaf;
    struct pem_block block;
    unsigned char *der;
    size_t offset = 0, size;
    assert_true(pem_next(m.leaf_pem, strlen(m.leaf_pem), &offset, &block, NULL) &&
                pem_decode(g->y->a, &block, &der, &size, NULL) &&
                x509_parse(g->y->a, der, size, &leaf, NULL));
    const char *named =
        arena_printf(g->y->a,
                     "{\"certificates\":[{\"id\":\"" OLD "\",\"name\":\"%s\"},{\"id\":\"x\",\"name\":"
                     "\"%s-2\"},{\"id\":\"" ID "\",\"name\":\"%s\"}],\"total_count\":3}",
                     m.name, m.name, m.name);
    const struct reply replies[] = {
        ACCOUNT,
        {200, NULL, named},
        {200, NULL, "{\"fingerprint\":\"00\"}"},
        {200, NULL, arena_printf(g->y->a, "{\"fingerprint\":\"%s\"}", leaf.sha1)},
        {200, NULL, "{\"certificates\":[],\"total_count\":0}"},
        {200, NULL, "{\"certificate_id\":\"scs1700000000001\"}"},
        {200, NULL, "{\"certificates\":[],\"total_count\":0}"},
        {200, NULL, "{}"},
    };
    g->replies = replies;
    g->reply_count = countof(replies);
    const char *ref = NULL;
    assert_ok(g->y, huawei_scm_upload(&g->job, "scm", &m, &ref, &g->y->err));
    assert_string_equal(ref, ID);
    assert_sent(g, 1, "limit=50");
    assert_ok(g->y, huawei_scm_upload(&g->job, "scm", &m, &ref, &g->y->err));
    assert_string_equal(ref, "scs1700000000001");
    assert_sent(g, 5, "POST /v3/scm/certificates/import ");
    assert_sent(g, 5, "-----END CERTIFICATE-----\",\"certificate_chain\":\"-----BEGIN CERTIFICATE-----");
    assert_sent(g, 5, "-----END PRIVATE KEY-----\"}");
    assert_not_sent(g, 5, "duplicate_check");
    assert_err(g->y, ERR_VENDOR, huawei_scm_upload(&g->job, "scm", &m, &ref, &g->y->err));
    assert_true(g->y->err.transient &&
                !g->y->err.unsent); /* it may be there: looked for before it is brought again */
}

static bool note(void *context, const struct scm_certificate *c, struct err *err)
{
    struct buf *seen = context;
    (void)err;
    buf_printf(seen, "%s %s %s%s%s %lld", c->id, c->name, c->status, c->official ? " official" : "",
               c->usable ? " usable" : "", (long long)c->not_after_ms);
    for (size_t i = 0; i < c->domain_count; i++)
        buf_printf(seen, " %s", c->domains[i]);
    buf_puts(seen, "\n");
    return true;
}

static void R_scm_lists_what_the_account_holds_and_exports_one_with_its_key(void **state)
{
    struct stage *g = *state;
    REPLIES(g, ACCOUNT,
            {200, NULL,
             "{\"total_count\":3,\"certificates\":[{\"id\":\"" ID
             "\",\"name\":\"a\",\"domain\":\"A.example\","
             "\"sans\":\"b.example,a.example,*.c.example\",\"status\":\"ISSUED\",\"brand\":\"GEOTRUST\","
             "\"expire_time\":\"2026-12-31 23:59:59.0\"},{\"id\":\"" OLD
             "\",\"name\":\"b\",\"domain\":null,\"status\":\"UPLOAD\",\"expire_time\":\"soon\"},"
             "{\"id\":\"x\",\"name\":\"c\",\"domain\":\"~\",\"status\":\"REVOKED\"}]}"},
            {200, NULL,
             "{\"entire_certificate\":null,\"certificate\":\"LEAF\",\"certificate_chain\":\"CHAIN\","
             "\"private_key\":"
             "\"-----BEGIN PRIVATE KEY-----\"}"},
            {400, NULL, "{\"error_code\":\"SCM.0020\",\"error_msg\":\"Incorrect certificate ID.\"}"});
    begin(g, "huawei/cdn");
    struct buf seen = buf_new(g->y->a, 4096);
    assert_ok(g->y, huawei_scm_list(&g->job, note, &seen, &g->y->err));
    assert_string_equal(seen.data,
                        ID " a ISSUED official usable 1798761599000 a.example b.example *.c.example\n" OLD
                           " b UPLOAD usable 0\nx c REVOKED 0\n");
    assert_sent(g, 1, "enterprise_project_id=all");
    struct scm_export e = {0};
    assert_ok(g->y, huawei_scm_export(&g->job, ID, &e, &g->y->err));
    assert_string_equal(e.chain_pem, "LEAF\nCHAIN");
    assert_string_equal(secret_bytes(e.key), "-----BEGIN PRIVATE KEY-----");
    assert_null(e.encryption_key);
    assert_sent(g, 2, "POST /v3/scm/certificates/" ID "/export ");
    assert_err(g->y, ERR_NOT_FOUND, huawei_scm_export(&g->job, ID, &e, &g->y->err));
}

static void R_scm_any_doubt_counts_as_in_use(void **state)
{
    static const struct {
        const char *result;
        bool used;
    } table[] = {
        {"{\"results\":[{\"certificate_id\":\"" ID "\",\"total_num\":0,\"deployed_resources\":[]}]}", false},
        {"{\"results\":[{\"certificate_id\":\"" ID "\",\"total_num\":1,\"deployed_resources\":[]}]}", true},
        {"{\"results\":[{\"certificate_id\":\"" OLD "\",\"total_num\":0}]}", true},
        {"{\"results\":[]}", true},
        {"{\"results\":[{\"certificate_id\":\"" ID "\"}]}", true},
        {"{\"results\":[{\"certificate_id\":\"" ID
         "\",\"total_num\":0,\"deployed_resources\":[{\"resource_num\":0,"
         "\"region_resources\":[{\"is_error\":true}]}]}]}",
         true},
        {"{\"results\":[{\"certificate_id\":\"" ID
         "\",\"total_num\":0,\"deployed_resources\":[{\"resource_num\":2}]}]}",
         true},
    };
    struct stage *g = *state;
    struct reply *replies = arena_array(g->y->a, struct reply, countof(table) + 1);
    replies[0] = (struct reply)ACCOUNT;
    for (size_t i = 0; i < countof(table); i++)
        replies[i + 1] = (struct reply){200, NULL, table[i].result};
    g->replies = replies;
    g->reply_count = countof(table) + 1;
    begin(g, "huawei/cdn");
    for (size_t i = 0; i < countof(table); i++) {
        bool used = !table[i].used;
        assert_ok(g->y, huawei_scm_in_use(&g->job, ID, &used, &g->y->err));
        assert_int_equal(used, table[i].used);
    }
}

static void R134_scm_only_what_fits_its_fields_goes_there(void **state)
{
    struct stage *g = *state;
    char long_pem[SCM_LEAF_BYTES + 2];
    memset(long_pem, 'x', sizeof long_pem - 1);
    long_pem[sizeof long_pem - 1] = 0;
    const struct secret *key = secret_in(g->y->a, secret_new("k", 1));
    const struct material fits = {.name = "n", .leaf_pem = "l", .chain_pem = "c", .key = key};
    struct material m = fits;
    const char *ref = NULL;
    assert_true(huawei_scm_takes(&m));
    m = (struct material){.name = "n", .leaf_pem = "", .chain_pem = ""}; /* SCM's own, known by id alone */
    assert_true(huawei_scm_takes(&m));
    REPLIES(g, PROJECTS, {200, NULL, "{\"certificates\":[]}"}, NO_CERTIFICATES);
    begin(g, "huawei/elb");
    assert_err(g->y, ERR_INVALID_CERTIFICATE,
               g->job.product->upload(&g->job, "elb:cn-north-4", &m, &ref, &g->y->err));
    g->job.product = product_find("huawei/waf");
    assert_err(g->y, ERR_INVALID_CERTIFICATE,
               g->job.product->upload(&g->job, "waf:cn-north-4:0", &m, &ref, &g->y->err));
    assert_non_null(strstr(g->y->err.text, "--with-key"));
    m = fits;
    m.chain_pem = ""; /* SCM refuses what stands alone */
    assert_false(huawei_scm_takes(&m));
    m = fits;
    m.leaf_pem = long_pem;
    assert_false(huawei_scm_takes(&m));
    m = fits;
    m.key = secret_in(g->y->a, secret_new(long_pem, sizeof long_pem - 1));
    assert_false(huawei_scm_takes(&m));
    static const char *const ids[] =
        {"", "scs", "scs160031339107", "scs16003133910744", "abc1600313391074", "scs160031339107x"};
    assert_true(huawei_is_scm_id(ID));
    for (size_t i = 0; i < countof(ids); i++)
        assert_false(huawei_is_scm_id(ids[i]));
}

static void R_scm_answers_where_the_access_has_its_site(void **state)
{
    static const char *const table[][2] = {{"china", "scm.cn-north-4.myhuaweicloud.com"},
                                           {"international", "scm.ap-southeast-1.myhuaweicloud.com"}};
    struct stage *g = *state;
    for (size_t i = 0; i < countof(table); i++) {
        struct wire_input in = {.vendor = &huawei_vendor,
                                .call = &scm_list_certificates,
                                .site = table[i][0],
                                .region = "",
                                .arguments = "{}"};
        struct wire w = {0};
        struct pairs parameters = {0};
        assert_ok(g->y, wire_render(g->y->a, &in, &w, &parameters, &g->y->err));
        assert_string_equal(w.host, table[i][1]);
    }
}

/* ---- WAF ---- */

static bool write_website(struct stage *g, const char *ref)
{
    const struct binding now = {.https = true, .etag = "", .settings = "{}"};
    const struct change change = {.slot = "default", .add = &ref, .add_count = ref ? 1 : 0};
    return product_bind(&g->job, &website, &now, &change, NULL, &g->y->err);
}

static void R_waf_hands_a_certificate_to_one_website_and_believes_only_what_it_is_told(void **state)
{
    struct stage *g = *state;
    REPLIES(g, PROJECTS, {200, NULL, "{\"bind_host\":[{\"id\":\"h1\",\"waf_type\":\"premium\"}]}"},
            {200, NULL, "{\"bind_host\":[{\"id\":\"h2\"}]}"},
            {500, NULL, "{\"error_code\":\"WAF.00010002\",\"error_msg\":\"busy\"}"});
    begin(g, "huawei/waf");
    assert_ok(g->y, write_website(g, "c1"));
    assert_sent(g, 1, "POST /v1/p2/waf/certificate/c1/apply-to-hosts?enterprise_project_id=p-1 ");
    assert_sent(g, 1, "\r\n\r\n{\"premium_host_ids\":[\"h1\"]}");
    assert_err(g->y, ERR_VENDOR, write_website(g, "c1"));
    assert_true(g->y->err.transient && !g->y->err.unsent);
    g->job.patience_ms = 0;
    assert_err(g->y, ERR_CONFLICT, write_website(g, "c1"));
    assert_true(g->y->err.transient);
    size_t calls = calls_seen(g);
    assert_err(g->y, ERR_INPUT, write_website(g, NULL)); /* there is no way back to none */
    assert_int_equal(calls_seen(g), calls);
}

static void R_waf_a_full_store_is_told_as_quota_and_names_the_region(void **state)
{
    struct stage *g = *state;
    REPLIES(g, PROJECTS, NO_CERTIFICATES, NO_CERTIFICATES,
            {400, NULL, "{\"error_code\":\"WAF.00019999\",\"error_msg\":\"Insufficient Quota\"}"},
            NO_CERTIFICATES, NO_CERTIFICATES,
            {400, NULL, "{\"error_code\":\"WAF.00011019\",\"error_msg\":\"illegal\"}"});
    begin(g, "huawei/waf");
    struct material m = material_of(g);
    const char *ref = NULL;
    assert_err(g->y, ERR_QUOTA, g->job.product->upload(&g->job, "waf:cn-north-4:0", &m, &ref, &g->y->err));
    assert_non_null(strstr(g->y->err.text, "store in cn-north-4 is full, and nothing was changed"));
    assert_sent(g, 1, "host=true");
    assert_sent(g, 2, "host=false");
    assert_sent(g, 3, "{\"name\":\"certferry-0011223344556677\"");
    assert_err(g->y, ERR_INVALID_CERTIFICATE,
               g->job.product->upload(&g->job, "waf:cn-north-4:0123456789", &m, &ref, &g->y->err));
    assert_sent(g, 6, "{\"name\":\"certferry-0011223344556677-01234567\"");
    assert_sent(g, 6, "enterprise_project_id=0123456789");
}

static void R_waf_a_certificate_of_our_name_with_other_content_is_not_ours(void **state)
{
    struct stage *g = *state;
    begin(g, "huawei/waf");
    struct material m = material_of(g), other = material_of(g);
    const char *named =
        arena_printf(g->y->a, "{\"total\":1,\"items\":[{\"id\":\"c1\",\"name\":\"%s\"}]}", m.name);
    const struct reply replies[] = {
        PROJECTS,
        {200, NULL, named},
        {200, NULL,
         json_format(g->y->a, "{'name':%s,'content':%s,'key':'-----BEGIN PRIVATE KEY-----'}", m.name,
                     other.leaf_pem)},
    };
    g->replies = replies;
    g->reply_count = countof(replies);
    const char *ref = NULL;
    assert_err(g->y, ERR_CONFLICT, g->job.product->upload(&g->job, "waf:cn-north-4:0", &m, &ref, &g->y->err));
    assert_null(ref);
}

static void R_waf_of_the_one_region_with_a_host_of_its_own_is_found(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{\"projects\":[{\"name\":\"cn-north-9\",\"id\":\"p9\"}]}"},
            {404, NULL, "{\"error_code\":\"WAF.1\",\"error_msg\":\"none\"}"});
    begin(g, "huawei/waf");
    struct resource r = website;
    struct binding now;
    r.region = "cn-north-9";
    assert_err(g->y, ERR_NOT_FOUND, product_read(&g->job, &r, &now, &g->y->err));
    assert_true(strcasestr(g->log[1], "\r\nhost: waf.cn-north-9.myhuaweicloud.cn\r\n") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_cdn_sends_back_every_neighbour_as_it_was_read),
        stage_test(R_cdn_that_may_not_read_scm_gets_the_text_under_a_name_that_tells),
        stage_test(R_cdn_certificates_are_told_by_id_by_our_name_or_by_digest),
        stage_test(R_cdn_keeps_the_other_of_two_certificates_or_does_nothing),
        stage_test(R_cdn_takes_sm2_as_a_pair_beside_what_is_there),
        stage_test(R_cdn_what_only_cdn_held_comes_back_from_our_store_or_not_at_all),
        stage_test(R134_scm_finds_ours_by_name_and_digest_before_it_imports),
        stage_test(R_scm_lists_what_the_account_holds_and_exports_one_with_its_key),
        stage_test(R_scm_any_doubt_counts_as_in_use),
        stage_test(R_scm_answers_where_the_access_has_its_site),
        stage_test(R134_scm_only_what_fits_its_fields_goes_there),
        stage_test(R_waf_hands_a_certificate_to_one_website_and_believes_only_what_it_is_told),
        stage_test(R_waf_a_full_store_is_told_as_quota_and_names_the_region),
        stage_test(R_waf_a_certificate_of_our_name_with_other_content_is_not_ours),
        stage_test(R_waf_of_the_one_region_with_a_host_of_its_own_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

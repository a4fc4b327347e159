/* Tencent Cloud, AWS and Huawei Cloud as simulated: signatures against the vendors' SDKs, then what each one demands. */
#include "sim/aws/aws.h"
#include "sim/huawei/huawei.h"
#include "sim/tencent/tencent.h"
#include "sim/test_model.h"

/* ---- signatures ---- */

static const struct json *vector(struct arena *a, const char *file)
{
    char *text;
    size_t size;
    struct err err;
    const struct json *v;
    assert_true(file_read(a, arena_printf(a, "%s/%s", VECTORS_DIR, file), 1 << 20, &text, &size, &err));
    assert_true(json_parse(a, text, size, &v, &err));
    return v;
}

static struct sim_request request_of(struct arena *a, const char *method, const char *target,
                                     const struct json *headers, const char *body)
{
    struct sim_request r;
    unsigned status;
    struct buf b = buf_new(a, 1 << 17);
    const char *name;
    const struct json *value;
    buf_printf(&b, "%s %s HTTP/1.1\r\n", method, target);
    for (size_t i = 0; json_member(headers, i, &name, &value); i++)
        if (strcasecmp(name, "content-length"))
            buf_printf(&b, "%s: %s\r\n", name, json_str(value, ""));
    buf_printf(&b, "content-length: %zu\r\n\r\n%s", strlen(body), body);
    assert_true(sim_request_parse(a, b.data, b.size, &r, &status));
    return r;
}

static const char *target_of(const char *url)
{
    return strchr(strstr(url, "://") + 3, '/');
}

static void TC3_agrees_with_the_sdk(void **state)
{
    (void)state;
    static const char *const files[] = {"tencent-cdn-DescribeDomainsConfig-no-region.json",
                                        "tencent-cdn-ModifyDomainConfig.json",
                                        "tencent-clb-DescribeLoadBalancers-GET.json",
                                        "tencent-clb-ModifyListener-sts-token.json",
                                        "tencent-ssl-UploadCertificate.json",
                                        "tencent-sts-GetCallerIdentity-empty-body.json",
                                        "tencent-sts-GetCallerIdentity-utc-day-boundary.json",
                                        "tencent-waf-DescribeDomains-intl-endpoint.json"};
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    for (size_t i = 0; i < countof(files); i++) {
        const struct json *v = vector(a, files[i]);
        struct tencent_tc3 tc3;
        struct sim_request r = request_of(a, json_str(json_at(v, "/out/method"), ""),
                                          target_of(json_str(json_at(v, "/out/url"), "")),
                                          json_at(v, "/out/headers"), json_str(json_at(v, "/out/body"), ""));
        assert_true(tencent_tc3_parse(a, sim_request_header(&r, "authorization"), &tc3));
        const char *canonical = tencent_tc3_canonical(a, &r, tc3.signed_headers);
        assert_string_equal(canonical, json_str(json_at(v, "/intermediate/canonical_request"), ""));
        const char *to_sign = tencent_tc3_string_to_sign(a, sim_request_header(&r, "x-tc-timestamp"),
                                                         tc3.date, tc3.service, canonical);
        assert_string_equal(to_sign, json_str(json_at(v, "/intermediate/string_to_sign"), ""));
        assert_string_equal(tencent_tc3_signature(a, json_str(json_at(v, "/in/secret_key"), ""), tc3.date,
                                                  tc3.service, to_sign),
                            tc3.signature);
    }
}

static void SDK_HMAC_agrees_with_the_sdk(void **state)
{
    (void)state;
    static const char *const files[] = {"huawei-elb-DeleteCertificate.json",
                                        "huawei-cdn-ListDomains-special-chars.json",
                                        "huawei-cdn-ShowDomainFullConfig-wildcard-domain.json",
                                        "huawei-elb-ListListeners-multivalue-query.json",
                                        "huawei-elb-UpdateListener.json",
                                        "huawei-iam-KeystoneListAuthDomains.json",
                                        "huawei-iam-KeystoneListProjects-by-region.json",
                                        "huawei-scm-ExportCertificate-POST-no-body.json",
                                        "huawei-scm-ImportCertificate.json",
                                        "huawei-waf-UpdateHost-PATCH-security-token.json"};
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
    for (size_t i = 0; i < countof(files); i++) {
        const struct json *v = vector(a, files[i]);
        struct huawei_hmac hmac;
        struct sim_request r = request_of(a, json_str(json_at(v, "/out/method"), ""),
                                          target_of(json_str(json_at(v, "/out/url"), "")),
                                          json_at(v, "/out/headers"), json_str(json_at(v, "/out/body"), ""));
        assert_true(huawei_hmac_parse(a, sim_request_header(&r, "authorization"), &hmac));
        const char *canonical = huawei_hmac_canonical(a, &r, hmac.signed_headers);
        assert_string_equal(canonical, json_str(json_at(v, "/intermediate/canonical_request"), ""));
        const char *to_sign = huawei_hmac_string_to_sign(a, sim_request_header(&r, "x-sdk-date"), canonical);
        assert_string_equal(huawei_hmac_signature(a, json_str(json_at(v, "/in/secret_key"), ""), to_sign),
                            hmac.signature);
    }
}

static void SigV4_agrees_with_the_sdk(void **state)
{
    (void)state;
    static const char *const files[] = {"aws-acm.json",   "aws-cloudfront.json", "aws-elb.json",
                                        "aws-elbv2.json", "aws-iam.json",        "aws-other.json",
                                        "aws-sts.json"};
    size_t compared = 0;
    for (size_t i = 0; i < countof(files); i++) {
        cleanup(arena_free_p) struct arena *a = arena_new(64 << 20);
        const struct json *cases = json_at(vector(a, files[i]), "/cases"), *v;
        for (size_t k = 0; (v = json_item(cases, k)); k++) {
            struct aws_sigv4 parsed;
            const char *query = json_str(json_at(v, "/sdk/query"), ""),
                       *path = json_str(json_at(v, "/sdk/path"), "");
            const char *body = json_str(json_at(v, "/sdk/body"), "");
            const struct json *headers = json_at(v, "/sdk/headers");
            /* content-length is signed: it must be the SDK's own, which request_of computes anew */
            struct sim_request r =
                request_of(a, json_str(json_at(v, "/sdk/method"), ""),
                           *query ? arena_printf(a, "%s?%s", path, query) : path, headers, body);
            assert_true(aws_sigv4_parse(a, sim_request_header(&r, "authorization"), &parsed));
            const char *canonical = aws_sigv4_canonical(a, &r, parsed.signed_headers);
            assert_string_equal(canonical, json_str(json_at(v, "/sdk/canonical_request"), ""));
            const char *to_sign =
                aws_sigv4_string_to_sign(a, sim_request_header(&r, "x-amz-date"), &parsed, canonical);
            assert_string_equal(aws_sigv4_signature(a,
                                                    json_str(json_at(v, "/credentials/secret_access_key"),
                                                             ""),
                                                    &parsed, to_sign),
                                parsed.signature);
            compared++;
        }
    }
    assert_true(compared >= 60);
}

/* ---- signed calls ---- */

static struct outcome tencent(struct fixture *f, const char *service, const char *version, const char *action,
                              const char *body)
{
    struct arena *a = f->arena;
    const struct sim_access *access = access_of(f, "tencent");
    const char *date = time_format(a, f->clock.now_ms, "%Y-%m-%d"), *names = "content-type;host";
    const char *time = arena_printf(a, "%lld", (long long)f->clock.now_ms / 1000);
    const char *head =
        arena_printf(a,
                     "POST / HTTP/1.1\r\nhost: %s.tencentcloudapi.com\r\ncontent-type: "
                     "application/json\r\nx-tc-action: %s\r\nx-tc-version: %s\r\nx-tc-timestamp: "
                     "%s\r\ncontent-length: %zu\r\n",
                     service, action, version, time, strlen(body));
    struct sim_request r;
    unsigned status;
    const char *text = arena_printf(a, "%s\r\n%s", head, body);
    assert_true(sim_request_parse(a, text, strlen(text), &r, &status));
    const char *signature =
        tencent_tc3_signature(a, access->secret, date, service,
                              tencent_tc3_string_to_sign(a, time, date, service,
                                                         tencent_tc3_canonical(a, &r, names)));
    text = arena_printf(a,
                        "%sauthorization: TC3-HMAC-SHA256 Credential=%s/%s/%s/tc3_request, SignedHeaders=%s, "
                        "Signature=%s\r\n\r\n%s",
                        head, access->key_id, date, service, names, signature, body);
    struct outcome o = send_text(f, text, strlen(text));
    o.code = json_str(json_at(o.json, "/Response/Error/Code"), "");
    return o;
}

static struct outcome tcdn(struct fixture *f, const char *action, const char *body)
{
    return tencent(f, "cdn", "2018-06-06", action, body);
}

static struct outcome huawei(struct fixture *f, const char *method, const char *path, const char *body)
{
    struct arena *a = f->arena;
    const struct sim_access *access = access_of(f, "huawei");
    const char *region = "cn-north-4", *names = "host;x-project-id;x-sdk-date";
    const char *date = time_basic(a, f->clock.now_ms), *project = huawei_project(a, access->account, region);
    const char *head =
        arena_printf(a,
                     "%s /v3/%s/elb/%s HTTP/1.1\r\nhost: elb.%s.myhuaweicloud.com\r\ncontent-type: "
                     "application/json\r\nx-project-id: %s\r\nx-sdk-date: %s\r\ncontent-length: "
                     "%zu\r\n",
                     method, project, path, region, project, date, strlen(body));
    struct sim_request r;
    unsigned status;
    const char *text = arena_printf(a, "%s\r\n%s", head, body);
    assert_true(sim_request_parse(a, text, strlen(text), &r, &status));
    const char *to_sign = huawei_hmac_string_to_sign(a, date, huawei_hmac_canonical(a, &r, names));
    text =
        arena_printf(a,
                     "%sauthorization: SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s\r\n\r\n%s",
                     head, access->key_id, names, huawei_hmac_signature(a, access->secret, to_sign), body);
    struct outcome o = send_text(f, text, strlen(text));
    o.code = json_str(json_at(o.json, "/error_code"), "");
    return o;
}

struct aws_target {
    const char *service, *host, *method, *path, *type, *header; /* header: a further line, or "" */
};
static const struct aws_target acm = {"acm", "acm.us-east-1.amazonaws.com", "POST",
                                      "/",   "application/x-amz-json-1.1",  ""};
static const struct aws_target elb = {"elasticloadbalancing",
                                      "elasticloadbalancing.us-east-1.amazonaws.com",
                                      "POST",
                                      "/",
                                      "application/x-www-form-urlencoded",
                                      ""};

static struct outcome aws(struct fixture *f, const struct aws_target *t, const char *header, const char *path,
                          const char *body, const struct xml **ret_xml)
{
    struct arena *a = f->arena;
    const struct sim_access *access = access_of(f, "aws");
    const char *time = time_basic(a, f->clock.now_ms), *names = "host;x-amz-date";
    if (strstr(header, "x-amz-target"))
        names = "host;x-amz-date;x-amz-target";
    struct aws_sigv4 v = {.date = arena_copy(a, time, 8), .region = "us-east-1", .service = t->service};
    const char *head = arena_printf(a,
                                    "%s %s HTTP/1.1\r\nhost: %s\r\ncontent-type: %s\r\nx-amz-date: "
                                    "%s\r\n%scontent-length: %zu\r\n",
                                    t->method, path, t->host, t->type, time, header, strlen(body));
    struct sim_request r;
    unsigned status;
    const char *text = arena_printf(a, "%s\r\n%s", head, body);
    assert_true(sim_request_parse(a, text, strlen(text), &r, &status));
    const char *to_sign = aws_sigv4_string_to_sign(a, time, &v, aws_sigv4_canonical(a, &r, names));
    text = arena_printf(a,
                        "%sauthorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/%s/aws4_request, "
                        "SignedHeaders=%s, Signature=%s\r\n\r\n%s",
                        head, access->key_id, v.date, t->service, names,
                        aws_sigv4_signature(a, access->secret, &v, to_sign), body);
    struct outcome o = send_text(f, text, strlen(text));
    const struct xml *x = NULL;
    if (o.json)
        o.code = json_str(json_at(o.json, "/__type"), "");
    else if (xml_parse(a, o.body, strlen(o.body), &x, NULL))
        o.code = xml_text(x, "Error/Code", "");
    if (ret_xml)
        *ret_xml = x;
    return o;
}

static struct outcome aws_elb(struct fixture *f, const char *params, const struct xml **ret_xml)
{
    return aws(f, &elb, "", "/", arena_printf(f->arena, "Version=2015-12-01&%s", params), ret_xml);
}

static struct outcome aws_acm(struct fixture *f, const char *action, const char *body)
{
    return aws(f, &acm, param(f, "x-amz-target: CertificateManager.%s\r\n", action), "/", body, NULL);
}

static void new_leaf(struct fixture *f, const char *name, const char **ret_leaf, const char **ret_key)
{
    struct minted leaf;
    struct err err;
    assert_true(mint_leaf(f->arena, &f->ca, &name, 1, KEY_ECDSA, 256, f->clock.now_ms - 1000,
                          f->clock.now_ms + 90 * 86400000LL, &leaf, &err));
    *ret_leaf = x509_pem(f->arena, &leaf.cert);
    *ret_key = secret_bytes(leaf.key);
}

/* ---- Tencent ---- */

static const char *tencent_upload(struct fixture *f, const char *name, bool repeatable)
{
    const char *leaf, *key;
    new_leaf(f, name, &leaf, &key);
    struct outcome o = {0};
    for (int i = 0; i < 2; i++)
        o = tencent(f, "ssl", "2019-12-05", "UploadCertificate",
                    json_format(f->arena,
                                "{'CertificatePublicKey':%s,'CertificatePrivateKey':%s,'Repeatable':%p}",
                                param(f, "%s%s", leaf, x509_pem(f->arena, &f->ca.cert)), key,
                                json_boolean(repeatable)));
    assert_string_equal(o.code, "");
    assert_int_equal(*at(f, o, "/Response/RepeatCertId") != 0, !repeatable);
    return at(f, o, "/Response/CertificateId");
}

static void tencent_one_path_spares_the_siblings_and_a_whole_object_does_not(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 1000);
    const char *https = "/Response/Domains/0/Https";
    struct outcome o = tcdn(f, "DescribeDomainsConfig", "{\"Limit\":1}");
    const char *domain = at(f, o, "/Response/Domains/0/Domain"), *id = tencent_upload(f, domain, false);
    (void)tencent_upload(f, domain, true);
    const char *bind = json_format(f->arena, "{'Domain':%s,'Route':'Https.CertInfo.CertId','Value':%s}",
                                   domain, json_format(f->arena, "{'update':%s}", id));
    const char *one = json_format(f->arena, "{'Filters':[{'Name':'domain','Value':[%s]}]}", domain);
    assert_string_equal(tcdn(f, "ModifyDomainConfig", bind).code, "");
    assert_string_equal(tcdn(f, "ModifyDomainConfig", bind).code, "ResourceInUse.CdnOpInProgress");
    o = tcdn(f, "DescribeDomainsConfig", one);
    assert_string_equal(at(f, o, "/Response/Domains/0/Status"), "processing");
    assert_string_equal(at(f, o, "/Response/Domains/0/Https/SslStatus"), "deploying");
    f->clock.now_ms += 1001;
    o = tcdn(f, "DescribeDomainsConfig", one);
    assert_string_equal(at(f, o, param(f, "%s/CertInfo/CertId", https)), id);
    assert_string_equal(at(f, o, param(f, "%s/Http2", https)), "on");
    assert_string_equal(at(f, o, param(f, "%s/Hsts/MaxAge", https)), "15552000");
    assert_string_equal(at(f, o, param(f, "%s/SslStatus", https)), "deployed");
    o = tcdn(f, "UpdateDomainConfig",
             json_format(f->arena, "{'Domain':%s,'Https':{'Switch':'on','CertInfo':{'CertId':%s}}}", domain,
                         id));
    assert_string_equal(o.code, "");
    f->clock.now_ms += 1001;
    o = tcdn(f, "DescribeDomainsConfig", one);
    assert_string_equal(at(f, o, param(f, "%s/Http2", https)), "off");
    assert_null(json_at(json_at(o.json, https), "/Hsts/MaxAge"));
    fixture_free(f);
}

static void tencent_refuses_as_the_vendor_does(void **state)
{
    (void)state;
    static const struct {
        const char *action, *body, *code;
    } cases[] = {
        {"DescribeDomainsConfig", "{\"Limit\":101}", "InvalidParameterValue"},
        {"DescribeDomainsConfig", "{\"Limit\":\"10\"}", "InvalidParameterValue"},
        {"DescribeDomainsConfig", "{\"Size\":10}", "UnknownParameter"},
        {"DescribeDomainsConfig", "{\"Filters\":[{\"Name\":\"colour\",\"Value\":[\"red\"]}]}",
         "InvalidParameter.CdnParamError"},
        {"DescribeDomainsConfig", "[]", "InvalidParameter"},
        {"DescribeEverything", "{}", "InvalidAction"},
        {"ModifyDomainConfig", "{\"Domain\":\"x.example\"}", "MissingParameter"},
        {"ModifyDomainConfig", "{\"Domain\":\"x.example\",\"Route\":\"Https.Http2\",\"Value\":\"{}\"}",
         "ResourceNotFound.CdnHostNotExists"},
        {"ModifyDomainConfig",
         "{\"Domain\":\"D\",\"Route\":\"Https.CertInfo.CertId\",\"Value\":\"{\\\"update\\\":\\\"nono\\\"}\"}",
         "FailedOperation.SslCertNotFound"},
        {"ModifyDomainConfig",
         "{\"Domain\":\"D\",\"Route\":\"Https.Colour\",\"Value\":\"{\\\"update\\\":\\\"x\\\"}\"}",
         "InvalidParameter.CdnParamError"},
        {"UpdateDomainConfig", "{\"Domain\":\"D\",\"Https\":{\"Switch\":\"on\",\"SslStatus\":\"deployed\"}}",
         "UnknownParameter"},
        {"UpdateDomainConfig", "{\"Domain\":\"D\",\"Https\":{\"Switch\":\"on\"}}",
         "InvalidParameter.CdnCertInfoNotFound"},
    };
    struct fixture *f = fixture_new(60, 0);
    const char *domain = at(f, tcdn(f, "DescribeDomains", "{\"Limit\":1}"), "/Response/Domains/0/Domain");
    for (size_t i = 0; i < countof(cases); i++) {
        const char *hole = strstr(cases[i].body, "\"D\"");
        const char *body =
            hole ? param(f, "%.*s%s%s", (int)(hole - cases[i].body) + 1, cases[i].body, domain, hole + 2)
                 : cases[i].body;
        assert_string_equal(tcdn(f, cases[i].action, body).code, cases[i].code);
    }
    fixture_free(f);
}

/* ---- Huawei ---- */

static const char *huawei_upload(struct fixture *f, const char *name)
{
    const char *leaf, *key;
    new_leaf(f, name, &leaf, &key);
    struct outcome o =
        huawei(f, "POST", "certificates",
               json_format(f->arena,
                           "{'certificate':{'name':'n','type':'server','domain':%s,'certificate':%s,"
                           "'private_key':%s}}",
                           name, param(f, "%s%s", leaf, x509_pem(f->arena, &f->ca.cert)), key));
    assert_int_equal(o.status, 201);
    assert_string_equal(at(f, o, "/certificate/private_key"), "*****");
    return at(f, o, "/certificate/id");
}

static void huawei_takes_whole_SNI_sets_one_change_at_a_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 1000);
    struct outcome o = huawei(f, "GET", "listeners?protocol=HTTPS&limit=1", "");
    const char *id = at(f, o, "/listeners/0/id"), *old = at(f, o, "/listeners/0/default_tls_container_ref");
    const char *path = param(f, "listeners/%s", id), *a = huawei_upload(f, "a.example"),
               *b = huawei_upload(f, "a.example");
    const char *missing = json_format(f->arena, "{'listener':{'sni_container_refs':[%s]}}", a);
    const char *doubled =
        json_format(f->arena, "{'listener':{'default_tls_container_ref':%s,'sni_container_refs':[%s,%s]}}",
                    old, a, b);
    const char *fine =
        json_format(f->arena, "{'listener':{'default_tls_container_ref':%s,'sni_container_refs':[%s]}}", old,
                    a);
    assert_string_equal(at(f, o, "/page_info/next_marker"), id);
    assert_int_equal(huawei(f, "PUT", path, missing).status, 400);
    assert_int_equal(huawei(f, "PUT", path, doubled).status, 400);
    assert_int_equal(huawei(f, "PUT", path, fine).status, 200);
    assert_int_equal(huawei(f, "PUT", path, fine).status, 409);
    assert_string_equal(at(f, huawei(f, "GET", path, ""), "/listener/sni_container_refs/0"), a);
    assert_int_equal(huawei(f, "DELETE", param(f, "certificates/%s", a), "").status, 409);
    assert_int_equal(huawei(f, "DELETE", param(f, "certificates/%s", b), "").status, 204);
    f->clock.now_ms += 1001;
    assert_int_equal(huawei(f, "PUT", path, fine).status, 200);
    fixture_free(f);
}

/* ---- AWS ---- */

static struct outcome aws_import(struct fixture *f, const char *name)
{
    const char *leaf, *key, *ca = x509_pem(f->arena, &f->ca.cert);
    new_leaf(f, name, &leaf, &key);
    return aws_acm(f, "ImportCertificate",
                   json_format(f->arena, "{'Certificate':%s,'PrivateKey':%s,'CertificateChain':%s}",
                               base64_encode(f->arena, leaf, strlen(leaf)),
                               base64_encode(f->arena, key, strlen(key)),
                               base64_encode(f->arena, ca, strlen(ca))));
}

static void aws_listener_certificates_come_and_go_one_by_one(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 1000);
    const struct xml *x;
    const char *arn = at(f, aws_import(f, "a.example"), "/CertificateArn");
    aws_elb(f, "Action=DescribeLoadBalancers", &x);
    const char *lb = xml_text(x, "DescribeLoadBalancersResult/LoadBalancers/member/LoadBalancerArn", "");
    aws_elb(f, param(f, "Action=DescribeListeners&LoadBalancerArn=%s", lb), &x);
    const struct xml *listener = xml_at(x, "DescribeListenersResult/Listeners/member[2]");
    const char *id = xml_text(listener, "ListenerArn", "");
    const char *old = xml_text(listener, "Certificates/member/CertificateArn", "");
    const char *add =
        param(f, "Action=AddListenerCertificates&ListenerArn=%s&Certificates.member.1.CertificateArn=%s", id,
              arn);
    assert_string_equal(aws_elb(f, add, NULL).code, "CertificateNotFound");
    f->clock.now_ms += 501;
    assert_string_equal(aws_elb(f, add, NULL).code, "");
    aws_elb(f, param(f, "Action=DescribeListenerCertificates&ListenerArn=%s", id), &x);
    assert_int_equal(xml_count(xml_at(x, "DescribeListenerCertificatesResult/Certificates"), "member"), 1);
    f->clock.now_ms += 501;
    aws_elb(f, param(f, "Action=DescribeListenerCertificates&ListenerArn=%s", id), &x);
    const struct xml *list = xml_at(x, "DescribeListenerCertificatesResult/Certificates");
    assert_string_equal(xml_text(list, "member/IsDefault", ""), "true");
    assert_string_equal(xml_text(list, "member[2]/CertificateArn", ""), arn);
    assert_string_equal(
        aws_elb(f,
                param(f,
                      "Action=RemoveListenerCertificates&ListenerArn=%s&Certificates.member.1."
                      "CertificateArn=%s",
                      id, old),
                NULL)
            .code,
        "OperationNotPermitted");
    assert_string_equal(aws_acm(f, "DeleteCertificate", json_format(f->arena, "{'CertificateArn':%s}", arn))
                            .code,
                        "ResourceInUseException");
    struct outcome o = aws_acm(f, "ListCertificates", "{}");
    assert_int_equal(json_count(json_at(o.json, "/CertificateSummaryList")),
                     0); /* small RSA alone is listed unasked */
    fixture_free(f);
}

static void cloudfront_wants_the_ETag_and_every_alias_covered(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 1000);
    const struct aws_target get = {"cloudfront", "cloudfront.amazonaws.com", "GET", "", "text/xml", ""};
    const struct aws_target put = {"cloudfront", "cloudfront.amazonaws.com", "PUT",
                                   "",           "application/xml",          ""};
    const struct xml *x;
    aws(f, &get, "", "/2020-05-31/distribution", "", &x);
    const struct xml *summary = xml_at(x, "Items/DistributionSummary");
    const char *id = xml_text(summary, "Id", ""), *etag = xml_text(summary, "ETag", "");
    const char *alias = xml_text(summary, "Aliases/Items/CNAME", "");
    const char *path = param(f, "/2020-05-31/distribution/%s/config", id),
               *match = param(f, "if-match: %s\r\n", etag);
    const char *config = aws(f, &get, "", path, "", NULL).body;
    const char *good = at(f, aws_import(f, alias), "/CertificateArn"), *other;
    other = at(f, aws_import(f, "no.such.example"), "/CertificateArn");
    f->clock.now_ms += 501;
    char *with[2];
    const char *arns[] = {other, good};
    for (size_t i = 0; i < 2; i++)
        assert_true(xml_splice(
            f->arena, config, strlen(config), "ViewerCertificate",
            param(f,
                  "<ViewerCertificate><CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate>"
                  "<ACMCertificateArn>%s</ACMCertificateArn><SSLSupportMethod>sni-only"
                  "</SSLSupportMethod><MinimumProtocolVersion>TLSv1.2_2021</MinimumProtocolVersion>"
                  "</ViewerCertificate>",
                  arns[i]),
            &with[i], NULL));
    assert_string_equal(aws(f, &put, "", path, with[1], NULL).code, "InvalidIfMatchVersion");
    assert_string_equal(aws(f, &put, "if-match: E000\r\n", path, with[1], NULL).code, "PreconditionFailed");
    assert_string_equal(aws(f, &put, match, path, with[0], NULL).code, "InvalidViewerCertificate");
    aws(f, &put, match, path, with[1], &x);
    assert_string_equal(xml_text(x, "Status", ""), "InProgress");
    assert_string_equal(aws(f, &put, match, path, with[1], NULL).code, "PreconditionFailed");
    f->clock.now_ms += 1001;
    aws(f, &get, "", param(f, "/2020-05-31/distribution/%s", id), "", &x);
    assert_string_equal(xml_text(x, "Status", ""), "Deployed");
    assert_string_equal(xml_text(x, "DistributionConfig/ViewerCertificate/ACMCertificateArn", ""), good);
    assert_string_equal(xml_text(x, "DistributionConfig/Comment", ""), "shop & more 0");
    fixture_free(f);
}

/* ---- answers ---- */

static void fits_json(struct fixture *f, const struct json *models, const char *cloud, const char *service,
                      const char *operation, const struct json *answer)
{
    const struct json *m = operation_of(models, cloud, service, operation);
    assert_non_null(m);
    assert_non_null(answer);
    check_members(f->arena, json_at(m, "/response"), answer, "");
}

static void answers_hold_nothing_the_vendors_lack(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 0);
    const struct json *m = model(f->arena);
    static const char *const lists[][2] = {{"ListLoadBalancers", "loadbalancers"},
                                           {"ListListeners", "listeners"},
                                           {"ListCertificates", "certificates"},
                                           {"ListL7Policies", "l7policies"},
                                           {"ListAllL7Rules", "l7policies/rules"}};
    for (size_t i = 0; i < countof(lists); i++)
        fits_json(f, m, "huawei", "elb", lists[i][0], huawei(f, "GET", lists[i][1], "").json);
    fits_json(f, m, "tencent", "cdn", "DescribeDomains",
              json_at(tcdn(f, "DescribeDomains", "{}").json, "/Response"));
    fits_json(f, m, "tencent", "cdn", "DescribeDomainsConfig",
              json_at(tcdn(f, "DescribeDomainsConfig", "{}").json, "/Response"));
    struct outcome o = tencent(f, "ssl", "2019-12-05", "DescribeCertificates", "{}");
    fits_json(f, m, "tencent", "ssl", "DescribeCertificates", json_at(o.json, "/Response"));
    const char *one =
        json_format(f->arena, "{'CertificateId':%s}", at(f, o, "/Response/Certificates/0/CertificateId"));
    o = tencent(f, "ssl", "2019-12-05", "DescribeCertificateDetail", one);
    fits_json(f, m, "tencent", "ssl", "DescribeCertificateDetail", json_at(o.json, "/Response"));
    o = tencent(f, "ssl", "2019-12-05", "DescribeCertificate", one);
    fits_json(f, m, "tencent", "ssl", "DescribeCertificate", json_at(o.json, "/Response"));
    o = aws_acm(f, "ListCertificates", "{\"Includes\":{\"keyTypes\":[\"EC_prime256v1\"]}}");
    fits_json(f, m, "aws", "acm", "ListCertificates", o.json);
    one =
        json_format(f->arena, "{'CertificateArn':%s}", at(f, o, "/CertificateSummaryList/0/CertificateArn"));
    fits_json(f, m, "aws", "acm", "DescribeCertificate", aws_acm(f, "DescribeCertificate", one).json);
    fits_json(f, m, "aws", "acm", "GetCertificate", aws_acm(f, "GetCertificate", one).json);
    fixture_free(f);
}

static void xml_answers_hold_nothing_aws_lacks(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(60, 0);
    const struct json *m = model(f->arena);
    const struct xml *x;
    const struct aws_target get = {"cloudfront", "cloudfront.amazonaws.com", "GET", "", "text/xml", ""};
    aws_elb(f, "Action=DescribeLoadBalancers", &x);
    check_elements(f->arena, json_at(operation_of(m, "aws", "elbv2", "DescribeLoadBalancers"), "/response"),
                   x, "");
    const char *lb = xml_text(x, "DescribeLoadBalancersResult/LoadBalancers/member/LoadBalancerArn", "");
    aws_elb(f, param(f, "Action=DescribeTags&ResourceArns.member.1=%s", lb), &x);
    check_elements(f->arena, json_at(operation_of(m, "aws", "elbv2", "DescribeTags"), "/response"), x, "");
    aws_elb(f, param(f, "Action=DescribeListeners&LoadBalancerArn=%s", lb), &x);
    check_elements(f->arena, json_at(operation_of(m, "aws", "elbv2", "DescribeListeners"), "/response"), x,
                   "");
    const char *listener = xml_text(x, "DescribeListenersResult/Listeners/member[2]/ListenerArn", "");
    aws_elb(f, param(f, "Action=DescribeListenerCertificates&ListenerArn=%s", listener), &x);
    check_elements(f->arena,
                   json_at(operation_of(m, "aws", "elbv2", "DescribeListenerCertificates"), "/response"), x,
                   "");
    aws_elb(f, param(f, "Action=DescribeRules&ListenerArn=%s", listener), &x);
    check_elements(f->arena, json_at(operation_of(m, "aws", "elbv2", "DescribeRules"), "/response"), x, "");
    aws(f, &get, "", "/2020-05-31/distribution", "", &x);
    check_elements(f->arena, json_at(operation_of(m, "aws", "cloudfront", "ListDistributions"), "/response"),
                   x, "DistributionList");
    aws(f, &get, "", param(f, "/2020-05-31/distribution/%s", xml_text(x, "Items/DistributionSummary/Id", "")),
        "", &x);
    check_elements(f->arena, json_at(operation_of(m, "aws", "cloudfront", "GetDistribution"), "/response"), x,
                   "Distribution");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TC3_agrees_with_the_sdk),
        cmocka_unit_test(SDK_HMAC_agrees_with_the_sdk),
        cmocka_unit_test(SigV4_agrees_with_the_sdk),
        cmocka_unit_test(tencent_one_path_spares_the_siblings_and_a_whole_object_does_not),
        cmocka_unit_test(tencent_refuses_as_the_vendor_does),
        cmocka_unit_test(huawei_takes_whole_SNI_sets_one_change_at_a_time),
        cmocka_unit_test(aws_listener_certificates_come_and_go_one_by_one),
        cmocka_unit_test(cloudfront_wants_the_ETag_and_every_alias_covered),
        cmocka_unit_test(answers_hold_nothing_the_vendors_lack),
        cmocka_unit_test(xml_answers_hold_nothing_aws_lacks),
    };
    return cmocka_run_group_tests_name("sim_clouds", tests, NULL, NULL);
}

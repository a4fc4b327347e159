/* The API over a socket: who asks, certificates, contacts. Signed requests in, JSON in the vendor's words out. */
#include "api/cas/test_surface.h"
#include "identity/audit.h"

/* ---- who asks ---- */

static void R140_wrong_keys_and_used_nonces_are_refused(void **state)
{
    struct surface *s = *state;
    struct secret *wrong = bench_secret(s->y->b, "wrong");
    struct who stranger = {"LTAInobody", s->secret, NULL}, liar = {s->key.key_id, wrong, NULL},
               again = {s->key.key_id, s->secret, "once"},
               other = {s->reader.key_id, s->reader_secret, "once"};
    struct answer answer = send_as(s, &stranger, "ListContact", "");
    assert_refusal(&answer, 404, "InvalidAccessKeyId.NotFound");
    answer = send_as(s, &liar, "ListContact", "");
    assert_refusal(&answer, 400, "SignatureDoesNotMatch");
    assert_int_equal(send_as(s, &again, "ListContact", "").status, 200);
    answer = send_as(s, &again, "ListContact", "");
    assert_refusal(&answer, 400, "SignatureNonceUsed");
    assert_int_equal(send_as(s, &other, "ListContact", "").status,
                     200); /* another key's nonces are its own */
}

static void R140_requests_of_another_time_are_refused(void **state)
{
    struct surface *s = *state;
    struct arena *a = s->y->a;
    static const int64_t away_ms[] = {-(CAS_WINDOW_MS + 1000), CAS_WINDOW_MS + 1000};
    for (size_t i = 0; i < countof(away_ms); i++) {
        struct wire w = {.method = "POST", .host = "localhost", .path = "/", .query = "", .body = ""};
        struct credentials c = {s->key.key_id, s->secret, NULL};
        struct sign_scope scope = {.action = "ListContact",
                                   .version = "2020-04-07",
                                   .now_ms = s->y->clock.now_ms + away_ms[i],
                                   .nonce = random_hex(a, 16)};
        acs3_sign(a, &w, &c, &scope);
        struct http_request request = {.method = "POST",
                                       .url = "http://localhost/",
                                       .headers = w.headers,
                                       .header_count = w.header_count,
                                       .body = "",
                                       .unix_socket = s->socket,
                                       .addresses = {.allow_loopback = true}};
        struct answer answer = take_answer(s, &request);
        assert_refusal(&answer, 400, "InvalidTimeStamp.Expired");
    }
}

static void R139_the_older_signature_works_by_query_and_by_form(void **state)
{
    struct surface *s = *state;
    struct arena *a = s->y->a;
    static const struct http_header form[] = {{"content-type", "application/x-www-form-urlencoded"}};
    static const char *const methods[] = {"GET", "POST"};
    for (size_t i = 0; i < countof(methods); i++) {
        struct pairs parameters = {0};
        struct credentials c = {s->key.key_id, s->secret, NULL};
        struct sign_scope scope = {.action = "ListContact",
                                   .version = "2020-04-07",
                                   .now_ms = s->y->clock.now_ms,
                                   .nonce = random_hex(a, 16)};
        pairs_add(a, &parameters, "Keyword", "a b*~");
        rpc_v1_sign(a, methods[i], &parameters, &c, &scope);
        const char *text = query_format(a, &parameters);
        struct http_request request = {.method = methods[i],
                                       .url = i ? "http://localhost/"
                                                : arena_printf(a, "http://localhost/?%s", text),
                                       .headers = form,
                                       .header_count = i,
                                       .body = i ? text : NULL,
                                       .body_size = i ? strlen(text) : 0,
                                       .unix_socket = s->socket,
                                       .addresses = {.allow_loopback = true}};
        struct answer answer = take_answer(s, &request);
        assert_int_equal(answer.status, 200);
        assert_string_equal(json_get(answer.json, "/Keyword"), "a b*~");
    }
}

static void R142_unknown_actions_and_methods_are_refused(void **state)
{
    struct surface *s = *state;
    struct answer answer = call(s, "CreateCsr", "");
    assert_refusal(&answer, 404, "InvalidAction.NotFound");
    assert_string_equal(json_get(answer.json, "/Message"),
                        "Specified api is not found, please check your url and method.");
    static const struct http_header action[] = {{"x-acs-action", "ListContact"}};
    struct http_request request = {.method = "DELETE",
                                   .url = "http://localhost/",
                                   .headers = action,
                                   .header_count = 1,
                                   .unix_socket = s->socket,
                                   .addresses = {.allow_loopback = true}};
    answer = take_answer(s, &request);
    assert_refusal(&answer, 400, "UnsupportedHTTPMethod");
    request.method = "POST";
    answer = take_answer(s, &request);
    assert_refusal(&answer, 400, "MissingAccessKeyId");
}

/* take_answer wants a JSON object with a RequestId of each. What is no HTTP that we take is refused before it gets here. */
static void R136_every_answer_is_an_object_with_a_request_id(void **state)
{
    struct surface *s = *state;
    static const struct {
        const char *method, *target, *type, *body, *authorization;
    } cases[] = {
        {"POST", "/?a=1&a=2", "application/json", "", NULL},
        {"POST", "/", "application/x-www-form-urlencoded", "a=%00", NULL},
        {"POST", "/", "application/x-www-form-urlencoded", "=&=&=", NULL},
        {"POST", "/", "text/xml", "<a/>", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b"},
        {"POST", "/", "text/plain", "x", "ACS3-HMAC-SHA256"},
        {"POST", "/", "text/plain", "x", "Basic YTpi"},
        {"GET", "/?Action=ListContact", "text/plain", "", NULL},
        {"GET", "/?Action=", "text/plain", "", NULL},
        {"PUT", "/?Action=ListContact", "text/plain", "", NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct http_header headers[] = {{"content-type", cases[i].type},
                                        {"authorization", cases[i].authorization}};
        struct http_request request = {.method = cases[i].method,
                                       .url = arena_printf(s->y->a, "http://localhost%s", cases[i].target),
                                       .headers = headers,
                                       .header_count = cases[i].authorization ? 2 : 1,
                                       .body = cases[i].body,
                                       .body_size = strlen(cases[i].body),
                                       .unix_socket = s->socket,
                                       .addresses = {.allow_loopback = true}};
        struct answer answer = take_answer(s, &request);
        assert_in_range(answer.status, 400, 404);
        assert_true(*json_get(answer.json, "/Code"));
        assert_string_equal(http_answer_header(&answer.http, "content-type"),
                            "application/json;charset=utf-8");
    }
}

static void R141_what_is_missing_is_named(void **state)
{
    struct surface *s = *state;
    static const struct {
        const char *action, *query, *code;
    } cases[] = {
        {"UpdateDeploymentJobStatus", "JobId=1", "MissingStatus"},
        {"UpdateDeploymentJobStatus", "Status=pending", "MissingJobId"},
        {"UpdateDeploymentJobStatus", "JobId=1&Status=success", "InvalidStatus"},
        {"CreateDeploymentJob", "", "MissingName"},
        {"CreateDeploymentJob", "Name=n&JobType=user&CertIds=1&ResourceIds=1", "MissingContactIds"},
        {"CreateDeploymentJob", "Name=n&JobType=USER&CertIds=1&ResourceIds=1&ContactIds=1", "InvalidJobType"},
        {"CreateDeploymentJob",
         "Name=n&JobType=user&CertIds=1&ResourceIds=1&ContactIds=1,2,3,4,5,6,7,8,9,10,11",
         "InvalidContactIds"},
        {"CreateDeploymentJob", "Name=n&JobType=user&CertIds=1&ResourceIds=1&ContactIds=1",
         "InvalidCertId.NotFound"},
        {"UploadUserCertificate", "Name=n", "MissingCert"},
        {"UploadUserCertificate", "Name=n&Cert=c", "MissingKey"},
        {"UploadUserCertificate", "Name=n&Cert=c&Key=k", "InvalidParameter.Cert"},
        {"UploadUserCertificate", "Name=123&Cert=c&Key=k", "InvalidName"},
        {"UploadUserCertificate", "Name=n&SignCert=c", "MissingEncryptCert"},
        {"GetUserCertificateDetail", "", "MissingCertId"},
        {"GetUserCertificateDetail", "CertId=7", "NotFound"},
        {"DeleteUserCertificate", "CertId=7", "NotFound"},
        {"DescribeDeploymentJob", "JobId=7", "NotFound"},
        {"DeleteCloudAccess", "AccessId=7", "NotFound"},
        {"GetContact", "ContactId=7", "NotFound"},
        {"AddCloudAccess", "CloudName=Azure&SecretId=a&SecretKey=b", "InvalidCloudName"},
        {"AddCloudAccess", "CloudName=Tencent&SecretId=a", "MissingSecretKey"},
        {"ListCloudResources", "CloudProduct=Nothing", "InvalidCloudProduct"},
        {"ListCloudResources", "CurrentPage=501&ShowSize=20", "InvalidCurrentPage"},
        {"ListCloudResources", "ShowSize=1001", "InvalidShowSize"},
        {"CreateContact", "Name=n", "MissingMobile"},
        {"CreateContact", "Name=n&Mobile=13800138000&Webhooks=x", "InvalidWebhooks"},
        {"CreateContact", "Name=n&Mobile=x", "InvalidParameter"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct answer answer = call(s, cases[i].action, cases[i].query);
        if (!json_is(answer.json, "/Code", cases[i].code))
            fail_msg("%s?%s: %s, not %s", cases[i].action, cases[i].query, answer.http.body, cases[i].code);
        assert_in_range(answer.status, 400, 404); /* R137 */
    }
}

static void R138_empty_lists_are_lists(void **state)
{
    struct surface *s = *state;
    static const struct {
        const char *action, *query, *list, *total;
    } cases[] = {
        {"ListDeploymentJob", "", "/Data", "/Total"},
        {"ListCloudAccess", "", "/CloudAccessList", "/TotalCount"},
        {"ListCloudResources", "", "/Data", "/Total"},
        {"ListContact", "", "/ContactList", "/TotalCount"},
        {"ListUserCertificateOrder", "OrderType=CERT", "/CertificateOrderList", "/TotalCount"},
        {"ListUserCertificateOrder", "", "/CertificateOrderList", "/TotalCount"},
        {"DescribeCloudResourceStatus", "", "/Data", NULL},
        {"DescribeDeploymentJobStatus", "", "/ProductWorkerCount", NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct answer answer = good(s, cases[i].action, cases[i].query);
        assert_true(json_is_array(json_at(answer.json, cases[i].list)));
        assert_int_equal(json_count(json_at(answer.json, cases[i].list)), 0);
        if (cases[i].total)
            assert_int_equal(number_at(&answer, cases[i].total), 0);
    }
}

static void R143_who_calls_too_often_is_told_when_to_come_back(void **state)
{
    struct surface *s = *state;
    for (int i = 0; i < 10; i++)
        good(s, "ListUserCertificateOrder", "");
    struct answer answer = call(s, "ListUserCertificateOrder", "");
    assert_refusal(&answer, 400, "Throttling.User");
    const char *wait = http_answer_header(&answer.http, "x-acs-retry-after");
    assert_non_null(wait);
    assert_in_range(strtol(wait, NULL, 10), 1, 101);
    good(s, "ListContact", ""); /* others have buckets of their own */
    s->y->clock.now_ms += 101;
    good(s, "ListUserCertificateOrder", "");
}

static void a_viewers_key_changes_nothing(void **state)
{
    struct surface *s = *state;
    struct who who = {s->reader.key_id, s->reader_secret, NULL};
    for (size_t i = 0; i < cas_operation_count; i++) {
        struct answer answer = send_as(s, &who, cas_operations[i].name, "");
        if (cas_operations[i].role > ROLE_VIEWER)
            assert_refusal(&answer, 403, "Forbidden.RAM");
        else
            assert_true(answer.status != 403);
    }
}

/* ---- certificates ---- */

static void R145_details_come_without_keys_where_asked_and_where_export_is_not_allowed(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    int64_t id = upload(s, "one", "www.example.com", &leaf);
    struct answer full = good(s, "GetUserCertificateDetail", with_id(s, "CertId", id, ""));
    assert_string_equal(json_get(full.json, "/Key"), secret_bytes(leaf.key));
    assert_non_null(strstr(json_get(full.json, "/Cert"), "BEGIN CERTIFICATE"));
    assert_string_equal(json_get(full.json, "/Sans"), "www.example.com");
    assert_int_equal(strcasecmp(json_get(full.json, "/Fingerprint"), leaf.cert.sha1), 0);
    assert_true(json_is_array(json_at(full.json, "/CertChain")));
    struct answer filtered =
        good(s, "GetUserCertificateDetail", with_id(s, "CertId", id, "&CertFilter=true"));
    assert_null(strstr(filtered.http.body, "-----BEGIN"));
    struct who who = {s->reader.key_id, s->reader_secret, NULL};
    struct answer reader = send_as(s, &who, "GetUserCertificateDetail", with_id(s, "CertId", id, ""));
    assert_int_equal(reader.status, 200);
    assert_null(strstr(reader.http.body, "PRIVATE"));
    assert_non_null(strstr(json_get(reader.json, "/Cert"), "BEGIN CERTIFICATE"));
}

static void changes_and_keys_that_leave_are_in_the_audit_and_nothing_else(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    struct audit_row *rows;
    struct audit_verdict verdict;
    size_t count;
    int64_t id = upload(s, "one", "www.example.com", &leaf);
    struct who who = {s->reader.key_id, s->reader_secret, NULL};
    good(s, "GetUserCertificateDetail", with_id(s, "CertId", id, ""));
    good(s, "GetUserCertificateDetail", with_id(s, "CertId", id, "&CertFilter=true"));
    good(s, "ListContact", "");
    assert_int_equal(send_as(s, &who, "GetUserCertificateDetail", with_id(s, "CertId", id, "")).status, 200);
    assert_int_equal(send_as(s, &who, "DeleteUserCertificate", with_id(s, "CertId", id, "")).status, 403);
    good(s, "DeleteUserCertificate", with_id(s, "CertId", id, ""));
    static const char *const actions[] = {"cas UploadUserCertificate", "cas GetUserCertificateDetail",
                                          "cas DeleteUserCertificate"};
    assert_ok(s->y, store_audit_after(s->y->db, s->y->a, 0, 100, &rows, &count, &s->y->err));
    assert_int_equal(count, countof(actions));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(rows[i].action, actions[i]);
        assert_string_equal(rows[i].who, "writer");
        assert_null(strstr(rows[i].changes, "PRIVATE"));
    }
    assert_non_null(strstr(rows[0].changes, "\"given Key\":\"(secret)\""));
    assert_ok(s->y, audit_verify(s->y->s, s->y->a, &verdict, &s->y->err));
    assert_int_equal(verdict.fault_count, 0);
}

static void R33_names_are_used_once_and_keys_fit(void **state)
{
    struct surface *s = *state;
    struct arena *a = s->y->a;
    struct minted first, second;
    const char *domain = "b.example.com";
    upload(s, "one", "a.example.com", &first);
    second = bench_mint(s->y->b, &s->ca,
                        (struct mint_request){.names = &domain, .name_count = 1, .key_type = KEY_ECDSA});
    const char *cert = url_encode(a, x509_pem(a, &second.cert));
    struct answer answer =
        call(s, "UploadUserCertificate",
             arena_printf(a, "Name=one&Cert=%s&Key=%s", cert, url_encode(a, secret_bytes(second.key))));
    assert_refusal(&answer, 400, "NameRepeat");
    answer = call(s, "UploadUserCertificate",
                  arena_printf(a, "Name=two&Cert=%s&Key=%s", cert, url_encode(a, secret_bytes(first.key))));
    assert_refusal(&answer, 400, "KeyNotMatchCert");
    assert_null(strstr(answer.http.body, "PRIVATE"));
}

static void R35_certificates_are_listed_and_deleted(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    int64_t id = upload(s, "one", "www.example.com", &leaf);
    struct answer list = good(s, "ListUserCertificateOrder", "OrderType=UPLOAD&Keyword=WWW");
    assert_int_equal(number_at(&list, "/TotalCount"), 1);
    assert_int_equal(number_at(&list, "/CertificateOrderList/0/CertificateId"), id);
    assert_string_equal(json_get(list.json, "/CertificateOrderList/0/Sans"), "www.example.com");
    list = good(s, "ListUserCertificateOrder", "OrderType=CERT&Status=EXPIRED");
    assert_int_equal(number_at(&list, "/TotalCount"), 0);
    list = good(s, "ListCertificates", "CertificateSource=UPLOAD&CertificateStatus=issued");
    assert_int_equal(number_at(&list, "/TotalCount"), 1);
    assert_string_equal(json_get(list.json, "/CertificateList/0/CertificateStatus"), "issued");
    assert_true(json_is_array(json_at(list.json, "/CertificateList/0/UsingProductList")));
    list = good(s, "ListCertificates", "CertificateSource=TEST");
    assert_int_equal(number_at(&list, "/TotalCount"), 0);
    struct answer one = good(s, "GetCertificateDetail", with_id(s, "CertificateId", id, ""));
    assert_string_equal(json_get(one.json, "/SubjectAlternativeNames/0"), "www.example.com");
    assert_true(json_bool(json_at(one.json, "/ExistPrivateKey"), false));
    assert_null(strstr(one.http.body, "-----BEGIN"));
    good(s, "DeleteUserCertificate", with_id(s, "CertId", id, ""));
    struct answer gone = call(s, "GetUserCertificateDetail", with_id(s, "CertId", id, ""));
    assert_refusal(&gone, 404, "NotFound");
}

/* ---- what belongs to others ---- */

static void other_owners_do_not_exist(void **state)
{
    struct surface *s = *state;
    struct owner_row owner = {.id = yard_id(s->y),
                              .owner = "",
                              .name = "other",
                              .entity = "",
                              .verified_by = ""};
    struct api_key_row row;
    struct secret *secret;
    struct minted leaf;
    int64_t id = upload(s, "one", "www.example.com", &leaf);
    assert_ok(s->y, store_owner_add(s->y->db, &owner, &s->y->err));
    new_key(s, "others", owner_key(s->y->a, owner.id), ROLE_ADMIN, true, &row, &secret);
    struct who who = {row.key_id, secret, NULL};
    struct answer answer = send_as(s, &who, "GetUserCertificateDetail", with_id(s, "CertId", id, ""));
    assert_refusal(&answer, 404, "NotFound");
    answer = send_as(s, &who, "DeleteUserCertificate", with_id(s, "CertId", id, ""));
    assert_refusal(&answer, 404, "NotFound");
    answer = send_as(s, &who, "ListUserCertificateOrder", "OrderType=CERT");
    assert_int_equal(number_at(&answer, "/TotalCount"), 0);
    assert_int_equal(call(s, "GetUserCertificateDetail", with_id(s, "CertId", id, "")).status, 200);
}

/* ---- contacts ---- */

static void R66_contacts_live_and_their_webhooks_stay_hidden(void **state)
{
    struct surface *s = *state;
    struct answer made =
        good(s, "CreateContact",
             "Name=Ops&Mobile=13800138000&Email=ops@example.com&"
             "Webhooks=%5B%22https%3A%2F%2Foapi.dingtalk.com%2Frobot%3Ftoken%3DTOPSECRET%22%5D");
    int64_t id = number_at(&made, "/ContactId");
    struct answer one = good(s, "GetContact", with_id(s, "ContactId", id, ""));
    assert_string_equal(json_get(one.json, "/Mobile"), "+8613800138000");
    assert_string_equal(json_get(one.json, "/Webhooks"), "[\"https://oapi.dingtalk.com/***\"]");
    assert_int_equal(json_count(json_at(one.json, "/WebhookList")), 1);
    assert_null(strstr(one.http.body, "TOPSECRET"));
    const char *back = url_encode(s->y->a, json_get(one.json, "/Webhooks"));
    good(s, "UpdateContact",
         with_id(s, "ContactId", id, arena_printf(s->y->a, "&Name=Ops2&Webhooks=%s", back)));
    struct secret *hooks;
    assert_ok(s->y, store_contact_webhooks(s->y->db, s->y->a, id, &hooks, &s->y->err));
    assert_non_null(
        strstr(secret_bytes(hooks), "TOPSECRET")); /* what is shown changes nothing when it comes back */
    struct answer list = good(s, "ListContact", "Keyword=ops2");
    assert_int_equal(number_at(&list, "/TotalCount"), 1);
    assert_int_equal(number_at(&list, "/CurrentPage"), -1); /* nobody asked for a page */
    struct answer twice = call(s, "CreateContact", "Name=Ops2&Mobile=13800138001");
    assert_refusal(&twice, 400, "NameRepeat");
    good(s, "DeleteContact", with_id(s, "ContactId", id, ""));
}

static void changes_and_key_exports_are_in_the_audit(void **state)
{
    struct surface *s = *state;
    struct minted leaf;
    static const char *const actions[] = {"cas DeleteUserCertificate", "cas GetUserCertificateDetail",
                                          "cas UpdateContact", "cas CreateContact",
                                          "cas UploadUserCertificate"};
    int64_t id = upload(s, "one", "www.example.com", &leaf);
    struct answer made = good(s, "CreateContact", "Name=Ops&Mobile=13800138000");
    good(s, "UpdateContact", with_id(s, "ContactId", number_at(&made, "/ContactId"), "&Name=Ops2"));
    good(s, "GetUserCertificateDetail",
         with_id(s, "CertId", id, "&CertFilter=true")); /* no key: nothing left */
    good(s, "GetUserCertificateDetail", with_id(s, "CertId", id, ""));
    good(s, "DeleteUserCertificate", with_id(s, "CertId", id, ""));
    call(s, "DeleteUserCertificate", with_id(s, "CertId", id, "")); /* refused: nothing changed */
    struct page page = {.limit = 100};
    struct audit_row *rows;
    size_t count;
    assert_ok(s->y, store_audit_list(s->y->db, s->y->a, &page, &rows, &count, &s->y->err));
    assert_int_equal(count, countof(actions));
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(rows[i].action, actions[i]);
        assert_null(strstr(rows[i].changes, "PRIVATE"));
    }
    assert_non_null(strstr(rows[1].changes, "private key"));
    assert_non_null(strstr(rows[2].changes, "[\"Ops\",\"Ops2\"]"));
    assert_string_equal(rows[4].object_name, "one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        surface_test(R140_wrong_keys_and_used_nonces_are_refused),
        surface_test(R140_requests_of_another_time_are_refused),
        surface_test(R139_the_older_signature_works_by_query_and_by_form),
        surface_test(R142_unknown_actions_and_methods_are_refused),
        surface_test(R136_every_answer_is_an_object_with_a_request_id),
        surface_test(R141_what_is_missing_is_named),
        surface_test(R138_empty_lists_are_lists),
        surface_test(R143_who_calls_too_often_is_told_when_to_come_back),
        surface_test(a_viewers_key_changes_nothing),
        surface_test(changes_and_keys_that_leave_are_in_the_audit_and_nothing_else),
        surface_test(R145_details_come_without_keys_where_asked_and_where_export_is_not_allowed),
        surface_test(R33_names_are_used_once_and_keys_fit),
        surface_test(R35_certificates_are_listed_and_deleted),
        surface_test(other_owners_do_not_exist),
        surface_test(changes_and_key_exports_are_in_the_audit),
        surface_test(R66_contacts_live_and_their_webhooks_stay_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

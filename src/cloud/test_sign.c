#include "cloud/sign.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/test.h"
#include "codec/json.h"
#include <dirent.h>
#include <stdlib.h>
#include <strings.h>

/* Signatures against vectors that the vendors' own libraries made (tests/vectors) and against the published AWS suite
 * ($AWS_SIGV4_SUITE), stage by stage.
 */

static const char *text_at(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

static char *read_text(struct arena *a, const char *path)
{
    char *text;
    size_t size;
    struct err err;
    if (!file_read(a, path, 2 << 20, &text, &size, &err))
        fail_msg("%s", err.text);
    return text;
}

static const struct json *read_vectors(struct arena *a, const char *name)
{
    const struct json *v;
    struct err err;
    char *text = read_text(a, arena_printf(a, "%s/%s", VECTORS_DIR, name));
    if (!json_parse(a, text, strlen(text), &v, &err))
        fail_msg("%s: %s", name, err.text);
    return v;
}

static struct credentials who(struct arena *a, const char *id, const char *secret, const char *token)
{
    return (struct credentials){id, secret_in(a, secret_new(secret, strlen(secret))),
                                token && *token ? secret_in(a, secret_new(token, strlen(token))) : NULL};
}

static void same(const char *vector, const char *stage, const char *made, const char *expected)
{
    if (strcmp(made, expected) != 0)
        fail_msg("%s: %s\n--- made\n%s\n--- expected\n%s", vector, stage, made, expected);
}

/* Everything but what the signature itself adds, from an object of headers. */
static void add_headers(struct wire *w, const struct json *headers)
{
    const char *name;
    const struct json *value;
    for (size_t i = 0; json_member(headers, i, &name, &value); i++) {
        if (strcasecmp(name, "host") == 0)
            w->host = json_str(value, "");
        else if (strcasecmp(name, "authorization") != 0)
            wire_header(w, name, json_str(value, ""));
    }
}

/* Method, host, path, query and body of a vector's request, as sent. */
static struct wire wire_of(struct arena *a, const char *method, const char *url, const char *body)
{
    struct wire w =
        {.method = method, .body = body, .body_size = strlen(body), .query = "", .path = "/", .host = ""};
    const char *host = strstr(url, "://");
    if (!host)
        return w;
    size_t length = strcspn(host + 3, "/?");
    const char *path = host + 3 + length, *query = strchr(path, '?');
    w.host = arena_copy(a, host + 3, length);
    w.path = arena_copy(a, path, query ? (size_t)(query - path) : strlen(path));
    w.query = query ? query + 1 : "";
    return w;
}

static void R_acs3_agrees_with_the_vendors_sdk(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *vectors = json_at(read_vectors(a, "alibaba-acs3-v3.json"), "/vectors");
    assert_true(json_count(vectors) >= 25);
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i);
        const char *name = text_at(v, "/name");
        struct credentials c = who(a, text_at(v, "/access_key_id"), text_at(v, "/access_key_secret"), "");
        struct wire w = wire_of(a, text_at(v, "/request/method"), text_at(v, "/request/url"),
                                text_at(v, "/request/body"));
        add_headers(&w, json_at(v, "/sdk_headers_out"));
        char *canonical = acs3_canonical(a, &w), *to_sign = acs3_string_to_sign(a, canonical);
        same(name, "canonical", canonical, text_at(v, "/canonical_request"));
        same(name, "string to sign", to_sign, text_at(v, "/string_to_sign"));
        same(name, "authorization", acs3_authorization(a, &w, &c, to_sign), text_at(v, "/authorization"));
    }
}

static void R_acs3_signs_with_the_documented_headers_alone(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *vectors = json_at(read_vectors(a, "alibaba-acs3-v3-minimal.json"), "/vectors");
    assert_true(json_count(vectors) >= 5);
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i), *value;
        struct credentials c = who(a, text_at(v, "/access_key_id"), text_at(v, "/access_key_secret"), "");
        struct wire w = wire_of(a, text_at(v, "/request/method"), "", text_at(v, "/request/body"));
        struct pairs query = {0};
        const char *name;
        for (size_t j = 0; json_member(json_at(v, "/request/query"), j, &name, &value); j++)
            pairs_add(a, &query, name, json_text(a, value, ""));
        w.path = text_at(v, "/request/pathname");
        w.query = query_format(a, &query);
        add_headers(&w, json_at(v, "/headers_in"));
        char *to_sign = acs3_string_to_sign(a, acs3_canonical(a, &w));
        same(text_at(v, "/name"), "authorization", acs3_authorization(a, &w, &c, to_sign),
             text_at(v, "/authorization"));
    }
}

static void R_acs3_sign_adds_exactly_the_documented_headers(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *v = json_at(read_vectors(a, "alibaba-acs3-v3-minimal.json"), "/vectors/0"), *value;
    struct credentials c = who(a, text_at(v, "/access_key_id"), text_at(v, "/access_key_secret"), "");
    int64_t now_ms;
    assert_true(time_parse(text_at(v, "/headers_in/x-acs-date"), &now_ms, NULL));
    struct wire w = wire_of(a, "POST", "https://cdn.aliyuncs.com/", "");
    struct pairs query = {0};
    const char *name;
    for (size_t j = 0; json_member(json_at(v, "/request/query"), j, &name, &value); j++)
        pairs_add(a, &query, name, json_text(a, value, ""));
    w.query = query_format(a, &query);
    struct sign_scope scope = {.action = text_at(v, "/headers_in/x-acs-action"),
                               .version = text_at(v, "/headers_in/x-acs-version"),
                               .now_ms = now_ms,
                               .nonce = text_at(v, "/headers_in/x-acs-signature-nonce")};
    acs3_sign(a, &w, &c, &scope);
    same("minimal", "authorization", wire_header_value(&w, "authorization"), text_at(v, "/authorization"));
}

static void flatten(struct arena *a, struct pairs *out, const char *prefix, const struct json *v)
{
    const char *name;
    const struct json *value;
    if (json_is_array(v))
        for (size_t i = 0; i < json_count(v); i++)
            flatten(a, out, arena_printf(a, "%s.%zu", prefix, i + 1), json_item(v, i));
    else if (json_is_object(v))
        for (size_t i = 0; json_member(v, i, &name, &value); i++)
            flatten(a, out, *prefix ? arena_printf(a, "%s.%s", prefix, name) : name, value);
    else
        pairs_add(a, out, prefix, json_text(a, v, ""));
}

static const char *operation_of(const char *encoded, struct arena *a, const char *name)
{
    struct pairs pairs = {0};
    struct err err;
    assert_true(query_parse(a, encoded, strlen(encoded), false, 100, &pairs, &err));
    return pairs_get(&pairs, name);
}

static void R_rpc_v1_signs_all_parameters_of_the_form(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *vectors = json_at(read_vectors(a, "alibaba-rpc-v1.json"), "/vectors");
    assert_true(json_count(vectors) >= 5);
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i);
        const char *name = text_at(v, "/name"), *method = text_at(v, "/method");
        struct wire w = wire_of(a, method, text_at(v, "/url"), text_at(v, "/body"));
        const char *sent = *w.query ? w.query : w.body;
        struct credentials c = who(a, text_at(v, "/access_key_id"), text_at(v, "/access_key_secret"),
                                   text_at(v, "/security_token"));
        struct pairs parameters = {0};
        flatten(a, &parameters, "", json_at(v, "/params"));
        int64_t now_ms;
        assert_true(time_parse(text_at(v, "/timestamp"), &now_ms, NULL));
        struct sign_scope scope = {.action = operation_of(sent, a, "Action"),
                                   .version = operation_of(sent, a, "Version"),
                                   .now_ms = now_ms,
                                   .nonce = text_at(v, "/nonce")};
        rpc_v1_sign(a, method, &parameters, &c, &scope);
        same(name, "signature", pairs_get(&parameters, "Signature"), text_at(v, "/signature"));
        parameters.count--; /* what is signed does not hold the signature */
        same(name, "string to sign", rpc_v1_string_to_sign(a, method, rpc_v1_canonical(a, &parameters)),
             text_at(v, "/string_to_sign"));
    }
}

static void R_oss4_agrees_with_the_vendors_clients(void **state)
{
    (void)state;
    TEST_ARENA(a);
    const struct json *vectors = json_at(read_vectors(a, "alibaba-oss-v4.json"), "/vectors"), *value;
    assert_true(json_count(vectors) >= 7);
    for (size_t i = 0; i < json_count(vectors); i++) {
        const struct json *v = json_item(vectors, i);
        const char *name = text_at(v, "/name"), *member, *region = text_at(v, "/region");
        struct credentials c = who(a, text_at(v, "/access_key_id"), text_at(v, "/access_key_secret"), "");
        struct wire w = wire_of(a, text_at(v, "/method"), text_at(v, "/url"), text_at(v, "/body"));
        struct pairs query = {0};
        for (size_t j = 0; json_member(json_at(v, "/queries"), j, &member, &value); j++)
            pairs_add(a, &query, member, json_text(a, value, ""));
        if (query.count) {
            w.query = query_format(a, &query);
            w.path = arena_printf(a, "/%s", url_encode_path(a, text_at(v, "/object")));
        }
        add_headers(&w, json_at(v, "/headers"));
        const char *date = text_at(v, "/headers/x-oss-date");
        char *canonical = oss4_canonical(a, &w, text_at(v, "/bucket"));
        char *to_sign = oss4_string_to_sign(a, canonical, date, region);
        if (json_at(v, "/canonical_request")) {
            same(name, "canonical", canonical, text_at(v, "/canonical_request"));
            same(name, "string to sign", to_sign, text_at(v, "/string_to_sign"));
        }
        const char *expected = text_at(v, "/headers/authorization");
        same(name, "authorization", oss4_authorization(a, &c, date, region, to_sign),
             *expected ? expected : text_at(v, "/authorization"));
    }
}

/* The files of tests/vectors that begin so. */
static size_t each_file(struct arena *a, const char *prefix,
                        void (*check)(struct arena *, const struct json *, const char *))
{
    DIR *folder = opendir(VECTORS_DIR);
    assert_non_null(folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        check(a, read_vectors(a, entry->d_name), arena_strdup(a, entry->d_name));
        count++;
    }
    closedir(folder);
    return count;
}

static void check_tc3(struct arena *a, const struct json *v, const char *name)
{
    struct credentials c = who(a, text_at(v, "/in/secret_id"), text_at(v, "/in/secret_key"), "");
    struct wire w = wire_of(a, text_at(v, "/out/method"), text_at(v, "/out/url"), text_at(v, "/out/body"));
    add_headers(&w, json_at(v, "/out/headers"));
    int64_t timestamp_s = json_int(json_at(v, "/out/headers/X-TC-Timestamp"), 0);
    const char *service = text_at(v, "/in/service");
    char *canonical = tc3_canonical(a, &w), *to_sign = tc3_string_to_sign(a, canonical, service, timestamp_s);
    same(name, "canonical", canonical, text_at(v, "/intermediate/canonical_request"));
    same(name, "string to sign", to_sign, text_at(v, "/intermediate/string_to_sign"));
    same(name, "authorization", tc3_authorization(a, &c, service, timestamp_s, to_sign),
         text_at(v, "/out/headers/Authorization"));
}

static void R_tc3_agrees_with_the_vendors_sdk(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_int_equal(each_file(a, "tencent-", check_tc3), 9);
}

static void check_huawei(struct arena *a, const struct json *v, const char *name)
{
    struct credentials c = who(a, text_at(v, "/in/access_key"), text_at(v, "/in/secret_key"), "");
    struct wire w = wire_of(a, text_at(v, "/out/method"), text_at(v, "/out/url"), text_at(v, "/out/body"));
    add_headers(&w, json_at(v, "/out/headers"));
    const char *date = text_at(v, "/out/headers/X-Sdk-Date");
    char *canonical = huawei_canonical(a, &w), *to_sign = huawei_string_to_sign(a, canonical, date);
    same(name, "canonical", canonical, text_at(v, "/intermediate/canonical_request"));
    same(name, "string to sign", to_sign, text_at(v, "/intermediate/string_to_sign"));
    same(name, "authorization", huawei_authorization(a, &w, &c, to_sign),
         text_at(v, "/out/headers/Authorization"));
}

static void R_huawei_agrees_with_the_vendors_sdk(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_int_equal(each_file(a, "huawei-", check_huawei), 10);
}

static void check_aws_variant(struct arena *a, const struct json *c, const struct json *v, const char *name)
{
    struct credentials keys =
        who(a, text_at(c, "/credentials/access_key_id"), text_at(c, "/credentials/secret_access_key"), "");
    struct wire w = {.method = text_at(c, "/sdk/method"),
                     .path = text_at(c, "/sdk/path"),
                     .query = text_at(c, "/sdk/query"),
                     .body = text_at(c, "/sdk/body"),
                     .host = ""};
    w.body_size = strlen(w.body);
    add_headers(&w, json_at(v, "/headers"));
    const char *date = text_at(c, "/timestamp"), *region = text_at(c, "/signing_region"),
               *service = text_at(c, "/signing_service");
    char *canonical = sigv4_canonical(a, &w, true);
    char *to_sign = sigv4_string_to_sign(a, canonical, date, region, service);
    same(name, "canonical", canonical, text_at(v, "/canonical_request"));
    same(name, "string to sign", to_sign, text_at(v, "/string_to_sign"));
    same(name, "authorization", sigv4_authorization(a, &w, &keys, date, region, service, to_sign),
         text_at(v, "/headers/authorization"));
}

static void check_aws(struct arena *a, const struct json *v, const char *name)
{
    const struct json *cases = json_at(v, "/cases");
    assert_true(json_count(cases) > 0);
    for (size_t i = 0; i < json_count(cases); i++) {
        const struct json *c = json_item(cases, i);
        const char *full = arena_printf(a, "%s: %s", name, text_at(c, "/name"));
        check_aws_variant(a, c, json_at(c, "/sdk"), full);
        check_aws_variant(a, c, json_at(c, "/minimal"), full);
        check_aws_variant(a, c, json_at(c, "/minimal_sha256"), full);
    }
}

static void R_sigv4_agrees_with_the_vendors_sdk(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_int_equal(each_file(a, "aws-", check_aws), 7);
}

/* A request as the suite writes it down: raw spaces and UTF-8 in the target, folded header lines. */
static struct wire parse_request(struct arena *a, char *text)
{
    struct wire w = {.host = "", .query = "", .body = ""};
    char *line_end = strchr(text, '\n');
    char *rest = line_end ? line_end + 1 : text + strlen(text);
    if (line_end)
        *line_end = '\0';
    char *target = strchr(text, ' '), *version = strrchr(text, ' ');
    assert_true(target && version && target != version);
    w.method = arena_copy(a, text, (size_t)(target - text));
    char *path = arena_copy(a, target + 1, (size_t)(version - target - 1)), *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    w.path = path;
    w.query = query ? query : "";
    while (*rest && *rest != '\n' && *rest != '\r') {
        char *end = rest + strcspn(rest, "\n");
        while (*end && (end[1] == ' ' || end[1] == '\t'))
            end += 1 + strcspn(end + 1, "\n");
        char *line = arena_copy(a, rest, (size_t)(end - rest)), *colon = strchr(line, ':');
        assert_non_null(colon);
        *colon++ = '\0';
        colon += strspn(colon, " ");
        if (strcasecmp(line, "host") == 0)
            w.host = colon;
        else
            wire_header(&w, line, colon);
        rest = *end ? end + 1 : end;
    }
    rest += strspn(rest, "\r");
    w.body = *rest == '\n' ? rest + 1 : rest;
    w.body_size = strlen(w.body);
    return w;
}

static const char *suite_or_skip(void)
{
    const char *suite = getenv("AWS_SIGV4_SUITE");
    if (!suite || !*suite) {
        print_message("skipped: AWS_SIGV4_SUITE does not name the folder of the published suite\n");
        skip();
    }
    return suite;
}

static void check_crt_case(struct arena *a, const char *folder, const char *name)
{
    char *text = read_text(a, arena_printf(a, "%s/context.json", folder));
    const struct json *context;
    struct err err;
    assert_true(json_parse(a, text, strlen(text), &context, &err));
    struct wire w = parse_request(a, read_text(a, arena_printf(a, "%s/request.txt", folder)));
    int64_t now_ms;
    assert_true(time_parse(text_at(context, "/timestamp"), &now_ms, NULL));
    const char *date = time_basic(a, now_ms), *token = text_at(context, "/credentials/token");
    struct credentials c = who(a, text_at(context, "/credentials/access_key_id"),
                               text_at(context, "/credentials/secret_access_key"), token);
    wire_header(&w, "X-Amz-Date", date);
    if (*token && !json_bool(json_at(context, "/omit_session_token"), false))
        wire_header(&w, "X-Amz-Security-Token", token);
    if (json_bool(json_at(context, "/sign_body"), false)) {
        char *canonical = sigv4_canonical(a, &w, true);
        wire_header(&w, "x-amz-content-sha256", strrchr(canonical, '\n') + 1);
    }
    const char *region = text_at(context, "/region"), *service = text_at(context, "/service");
    char *canonical = sigv4_canonical(a, &w, json_bool(json_at(context, "/normalize"), true));
    char *to_sign = sigv4_string_to_sign(a, canonical, date, region, service);
    same(name, "canonical", canonical,
         read_text(a, arena_printf(a, "%s/header-canonical-request.txt", folder)));
    same(name, "string to sign", to_sign,
         read_text(a, arena_printf(a, "%s/header-string-to-sign.txt", folder)));
    const char *signature = read_text(a, arena_printf(a, "%s/header-signature.txt", folder));
    same(name, "signature",
         strstr(sigv4_authorization(a, &w, &c, date, region, service, to_sign), "Signature=") + 10,
         arena_copy(a, signature, strcspn(signature, "\n")));
}

static void check_classic_case(struct arena *a, const char *folder, const char *name)
{
    static const char late_token[] = "post-sts-header-after";
    struct wire w = parse_request(a, read_text(a, arena_printf(a, "%s/%s.req", folder, name)));
    struct credentials c = who(a, "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "");
    if (strcmp(name, "get-vanilla-with-session-token") == 0 &&
        !*wire_header_value(&w, "X-Amz-Security-Token"))
        wire_header(&w, "X-Amz-Security-Token",
                    "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267");
    if (strcmp(name, late_token) == 0) /* the token joins after the signature */
        for (size_t i = 0; i < w.header_count; i++)
            if (strcasecmp(w.headers[i].name, "x-amz-security-token") == 0)
                w.headers[i] = w.headers[--w.header_count];
    char *canonical = sigv4_canonical(a, &w, true);
    char *to_sign = sigv4_string_to_sign(a, canonical, "20150830T123600Z", "us-east-1", "service");
    same(name, "canonical", canonical, read_text(a, arena_printf(a, "%s/%s.creq", folder, name)));
    same(name, "string to sign", to_sign, read_text(a, arena_printf(a, "%s/%s.sts", folder, name)));
    same(name, "authorization",
         sigv4_authorization(a, &w, &c, "20150830T123600Z", "us-east-1", "service", to_sign),
         read_text(a, arena_printf(a, "%s/%s.authz", folder, name)));
}

static bool exists(const char *path)
{
    FILE *f = fopen(path, "re");
    if (f)
        fclose(f);
    return f;
}

static size_t walk_suite(struct arena *a, const char *folder, unsigned depth)
{
    DIR *d = opendir(folder);
    size_t count = 0;
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_name[0] == '.')
            continue;
        char *path = arena_printf(a, "%s/%s", folder, entry->d_name), *name = arena_strdup(a, entry->d_name);
        if (exists(arena_printf(a, "%s/context.json", path)) && ++count)
            check_crt_case(a, path, name);
        else if (exists(arena_printf(a, "%s/%s.req", path, name)) && ++count)
            check_classic_case(a, path, name);
        else if (depth)
            count += walk_suite(a, path, depth - 1);
    }
    if (d)
        closedir(d);
    return count;
}

static void R_sigv4_passes_the_crt_suite(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_int_equal(walk_suite(a, arena_printf(a, "%s/aws-c-auth-v4", suite_or_skip()), 0), 38);
}

static void R_sigv4_passes_the_classic_suite(void **state)
{
    (void)state;
    TEST_ARENA(a);
    assert_int_equal(walk_suite(a, arena_printf(a, "%s/botocore", suite_or_skip()), 1), 34);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(R_acs3_agrees_with_the_vendors_sdk),
        cmocka_unit_test(R_acs3_signs_with_the_documented_headers_alone),
        cmocka_unit_test(R_acs3_sign_adds_exactly_the_documented_headers),
        cmocka_unit_test(R_rpc_v1_signs_all_parameters_of_the_form),
        cmocka_unit_test(R_oss4_agrees_with_the_vendors_clients),
        cmocka_unit_test(R_tc3_agrees_with_the_vendors_sdk),
        cmocka_unit_test(R_huawei_agrees_with_the_vendors_sdk),
        cmocka_unit_test(R_sigv4_agrees_with_the_vendors_sdk),
        cmocka_unit_test(R_sigv4_passes_the_crt_suite),
        cmocka_unit_test(R_sigv4_passes_the_classic_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

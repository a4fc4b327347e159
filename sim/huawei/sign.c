/* Huawei Cloud's API gateway: SDK-HMAC-SHA256, REST routes, and its errors. */
#include "crypto/digest.h"
#include "sim/huawei/huawei.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CANONICAL_BYTES = 1 << 20, PAIRS_MAX = 1024, CLOCK_MS = 15 * 60 * 1000 };
static const char scheme[] = "SDK-HMAC-SHA256";

const char *const huawei_regions[3] = {"cn-north-4", "cn-east-3", "ap-southeast-1"};

char *huawei_project(struct arena *a, const char *account, const char *region)
{
    return sim_hex_id(a, arena_printf(a, "project %s %s", account, region), 32);
}

void huawei_reply(struct sim_call *c, unsigned status, const char *json)
{
    sim_reply_header(c, "X-Request-Id", c->request_id);
    sim_reply(c, status, "application/json", json);
}

/* ---- the signature ---- */

static char *between(struct arena *a, const char *text, const char *begin, const char *ends)
{
    const char *from = strstr(text, begin);
    return from ? arena_copy(a, from + strlen(begin), strcspn(from + strlen(begin), ends)) : NULL;
}

bool huawei_hmac_parse(struct arena *a, const char *authorization, struct huawei_hmac *ret)
{
    if (strncmp(authorization, scheme, sizeof scheme - 1) || authorization[sizeof scheme - 1] != ' ')
        return false;
    *ret = (struct huawei_hmac){.key_id = between(a, authorization, " Access=", ", "),
                                .signed_headers = between(a, authorization, " SignedHeaders=", ", "),
                                .signature = between(a, authorization, " Signature=", ", ")};
    return ret->key_id && ret->signed_headers && ret->signature;
}

char *huawei_hmac_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers)
{
    struct buf b = buf_new(a, CANONICAL_BYTES);
    struct pairs query = {0};
    char *path;
    if (!url_decode(a, r->path, strlen(r->path), false, &path, NULL) ||
        !query_parse(a, r->query, strlen(r->query), false, PAIRS_MAX, &query, NULL))
        return NULL;
    pairs_sort(&query);
    size_t size = strlen(path);
    buf_printf(&b, "%s\n%s%s\n%s\n", r->method, url_encode_path(a, path),
               size && path[size - 1] == '/' ? "" : "/", query_format(a, &query));
    for (const char *at = signed_headers; *at;) {
        size_t name_size = strcspn(at, ";");
        const char *name = arena_copy(a, at, name_size), *value = sim_request_header(r, name);
        if (!value)
            return NULL;
        buf_printf(&b, "%s:%s\n", name, value);
        at += name_size + (at[name_size] == ';');
    }
    buf_printf(&b, "\n%s\n%s", signed_headers, sha256_hex(a, r->body, r->body_size));
    return b.full ? NULL : b.data;
}

char *huawei_hmac_string_to_sign(struct arena *a, const char *date, const char *canonical)
{
    return arena_printf(a, "%s\n%s\n%s", scheme, date, sha256_hex(a, canonical, strlen(canonical)));
}

char *huawei_hmac_signature(struct arena *a, const char *secret, const char *string_to_sign)
{
    return hmac_sha256_hex(a, secret, strlen(secret), string_to_sign);
}

/* ---- errors ---- */

/* IAM and CDN have shapes of their own, but not for what their gateway refuses. */
static void fail(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    bool own = strncmp(code, "APIGW.", 6) != 0;
    const char *title = status == 403 ? "Forbidden" : status == 404 ? "Not Found" : "Bad Request";
    if (own && !strcmp(c->service->code, "iam"))
        huawei_reply(c, status,
                     json_format(c->arena, "{'error':{'code':%u,'message':%s,'title':%s}}", status, message,
                                 title));
    else if (own && !strcmp(c->service->code, "cdn"))
        huawei_reply(c, status,
                     json_format(c->arena, "{'error':{'error_code':%s,'error_msg':%s}}", code, message));
    else
        huawei_reply(c, status,
                     json_format(c->arena, "{'error_msg':%s,'error_code':%s,'request_id':%s}", message, code,
                                 c->request_id));
}

/* What each service calls a wrong parameter, and a request without a body. */
static const struct {
    const char *service, *parameter, *body;
} codes[] = {{"elb", "ELB.1001", "ELB.0002"},
             {"cdn", "CDN.0004", "CDN.0004"},
             {"waf", "WAF.00011001", "WAF.00011003"},
             {"scm", "SCM.0005", "SCM.0005"}};

static const char *parameter_code(const struct sim_call *c)
{
    for (size_t i = 0; i < countof(codes); i++)
        if (!strcmp(codes[i].service, c->service->code))
            return codes[i].parameter;
    return "Bad Request";
}

static const char *body_code(const struct sim_call *c)
{
    for (size_t i = 0; i < countof(codes); i++)
        if (!strcmp(codes[i].service, c->service->code))
            return codes[i].body;
    return "Bad Request";
}

static void refuse(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    switch (why) {
    case REFUSE_THROTTLED:
        sim_fail(c, 429, "APIGW.0308", "The throttling threshold has been reached: policy ip over ratelimit");
        return;
    case REFUSE_INTERNAL:
        sim_fail(c, 500, "APIGW.0705", "%s", detail ? detail : "Internal Server Error");
        return;
    case REFUSE_DENIED:
        sim_fail(c, 403, "Forbidden", "Policy doesn't allow %s:%s to be performed.", c->service->code,
                 detail);
        return;
    case REFUSE_CREDENTIAL:
        sim_fail(c, 401, "APIGW.0301",
                 "Incorrect IAM authentication information: verify aksk signature fail %s", detail);
        return;
    case REFUSE_UNKNOWN_ACTION:
        sim_fail(c, 404, "APIGW.0101",
                 "The API does not exist or has not been published in the environment: %s", detail);
        return;
    case REFUSE_UNKNOWN_PARAMETER:
        sim_fail(c, 400, parameter_code(c), "Invalid parameter %s: not supported.", detail);
        return;
    case REFUSE_MISSING_PARAMETER:
        sim_fail(c, 400, parameter_code(c), "Invalid parameter %s: required.", detail);
        return;
    case REFUSE_BAD_PARAMETER:
        sim_fail(c, 400, parameter_code(c), "Invalid parameter %s: value not allowed.", detail);
        return;
    case REFUSE_BAD_REQUEST:
        sim_fail(c, 400, parameter_code(c), "%s", detail);
        return;
    }
}

static bool no(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_fail(c, status, code, "%s", message);
    return false;
}

/* ---- routing ---- */

static bool find_operation(struct sim_call *c)
{
    const struct sim_service *s = c->service;
    c->action = arena_printf(c->arena, "%s %s", c->request->method, c->request->path);
    for (size_t i = 0; i < s->operation_count && !c->operation; i++) {
        const struct sim_operation *o = &s->operations[i];
        if (!strcmp(o->method, c->request->method) && sim_path_match(c, o->path, c->request->path))
            c->operation = o;
    }
    if (!c->operation)
        refuse(c, REFUSE_UNKNOWN_ACTION, c->action);
    return c->operation != NULL;
}

/* A name that the model repeats is "name[]" there, and the wire says nothing of it. */
static bool is_list(const struct sim_call *c, const char *pattern)
{
    for (size_t i = 0; i < c->operation->param_count; i++)
        if (!strcmp(c->operation->params[i].name, pattern))
            return true;
    return false;
}

static void add_query(struct sim_call *c, const struct pairs *query)
{
    for (size_t i = 0; i < query->count; i++) {
        const struct pair *p = &query->items[i];
        const char *list = arena_printf(c->arena, "%s[]", p->name);
        if (!is_list(c, list)) {
            sim_param_add(c, IN_QUERY, p->name, p->name, p->value);
            continue;
        }
        sim_param_add(c, IN_QUERY, list, arena_printf(c->arena, "%s.%zu", p->name, i), p->value);
        c->params[c->param_count - 1].index = i;
    }
}

static bool is_empty_object(const struct sim_request *r)
{
    return r->body_size == 2 && !memcmp(r->body, "{}", 2);
}

/* An operation without parameters in its body is sent without one, also as POST. */
static bool takes_body(const struct sim_call *c)
{
    for (size_t i = 0; i < c->operation->param_count; i++)
        if (c->operation->params[i].in & IN_JSON)
            return true;
    return false;
}

static bool route(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *type = sim_request_header(r, "content-type");
    struct pairs query = {0};
    const struct json *body;
    if (!find_operation(c))
        return false;
    if (!query_parse(c->arena, r->query, strlen(r->query), false, PAIRS_MAX, &query, NULL))
        return no(c, 400, "APIGW.0201", "Bad request: the query cannot be decoded.");
    add_query(c, &query);
    if (!takes_body(c)) /* the vendor's own Node SDK sends an empty object with every GET */
        return !r->body_size || is_empty_object(r) ||
               no(c, 400, "APIGW.0201", "Bad request: a body is not expected.");
    if (!type || strncasecmp(type, "application/json", 16))
        return no(c, 400, "APIGW.0201", "Bad request: the Content-Type must be application/json.");
    if (!r->body_size)
        return no(c, 400, body_code(c), "The request body is empty.");
    if (!json_parse(c->arena, r->body, r->body_size, &body, NULL) || !json_is_object(body))
        return no(c, 400, body_code(c), "The request body is not a JSON object.");
    sim_param_json(c, body, "");
    return true;
}

/* ---- authentication ---- */

static bool deny(struct sim_call *c, const char *why)
{
    return no(c, 401, "APIGW.0301",
              arena_printf(c->arena, "Incorrect IAM authentication information: %s", why));
}

static bool find_access(struct sim_call *c, const char *key_id)
{
    const struct sim_access *access = sim_access_find(c, key_id);
    const char *token = sim_request_header(c->request, "x-security-token");
    if (!access)
        return deny(c, "Get secretKey failed,ak not exist");
    if (access->inactive)
        return deny(c, "Get secretKey failed,ak is inactive");
    if (!access->token != !token || (token && strcmp(token, access->token)) || access->expired)
        return deny(c, "decrypt token fail");
    c->access = access;
    return true;
}

static bool check_time(struct sim_call *c, const char *date)
{
    int64_t ms;
    if (strlen(date) != 16)
        return deny(c, "X-Sdk-Date is not well formed");
    const char *iso = arena_printf(c->arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date, date + 4, date + 6,
                                   date + 9, date + 11, date + 13);
    if (date[8] != 'T' || date[15] != 'Z' || !time_parse(iso, &ms, NULL))
        return deny(c, "X-Sdk-Date is not well formed");
    return (ms >= c->now_ms - CLOCK_MS && ms <= c->now_ms + CLOCK_MS) || deny(c, "signature expired");
}

/* CDN and the certificate service count by account, not by project. */
static bool check_account(struct sim_call *c)
{
    const char *header = sim_request_header(c->request, "x-domain-id");
    if (strcmp(c->service->code, "cdn") && strcmp(c->service->code, "scm"))
        return true;
    return (header && !strcmp(header, c->access->account)) ||
           no(c, 403, "APIGW.0302", "X-Domain-Id does not name the account of the caller.");
}

/* The project of the path is the account's in the host's region, and the one of the scope header. */
static bool check_project(struct sim_call *c)
{
    const char *project = sim_arg(c, "project_id"), *header = sim_request_header(c->request, "x-project-id");
    if (!project)
        return check_account(c);
    if (!header || strcmp(header, project))
        return no(c, 400, parameter_code(c), "The project id of the path is not that of X-Project-Id.");
    return !strcmp(project, huawei_project(c->arena, c->access->account, c->region)) ||
           no(c, 403, "APIGW.0302", "The project does not belong to the caller in this region.");
}

static bool authenticate(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *authorization = sim_request_header(r, "authorization"),
               *date = sim_request_header(r, "x-sdk-date");
    struct huawei_hmac hmac;
    if (!authorization || !date)
        return deny(c, "the Authorization or X-Sdk-Date header is missing");
    if (!huawei_hmac_parse(c->arena, authorization, &hmac))
        return deny(c, "the Authorization header is not well formed");
    if (!find_access(c, hmac.key_id) || !check_time(c, date))
        return false;
    const char *canonical = huawei_hmac_canonical(c->arena, r, hmac.signed_headers);
    const char *names = arena_printf(c->arena, ";%s;", hmac.signed_headers);
    bool fine =
        canonical && strstr(names, ";host;") && strstr(names, ";x-sdk-date;") &&
        !strcmp(hmac.signature, huawei_hmac_signature(c->arena, c->access->secret,
                                                      huawei_hmac_string_to_sign(c->arena, date, canonical)));
    if (!fine)
        return deny(c, "verify aksk signature fail");
    return check_project(c);
}

const struct sim_vendor sim_huawei = {.cloud = "huawei",
                                      .limit = LIMIT_ACCESS,
                                      .route = route,
                                      .authenticate = authenticate,
                                      .fail = fail,
                                      .refuse = refuse};

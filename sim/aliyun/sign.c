/* Alibaba Cloud's RPC gateway: ACS3-HMAC-SHA256 and RPC V1 signatures, and its errors. */
#include "crypto/digest.h"
#include "sim/aliyun/aliyun.h"
#include "sim/aliyun/kube.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CANONICAL_BYTES = 4 << 20, PAIRS_MAX = 1024, SIGNED_MAX = 64, CLOCK_MS = 15 * 60 * 1000 };

const char *const aliyun_regions[3] = {"cn-hangzhou", "cn-shanghai", "ap-southeast-1"};

/* ---- ACS3-HMAC-SHA256 ---- */

static char *between(struct arena *a, const char *text, const char *begin, const char *ends)
{
    const char *from = strstr(text, begin);
    return from ? arena_copy(a, from + strlen(begin), strcspn(from + strlen(begin), ends)) : NULL;
}

bool aliyun_v3_parse(struct arena *a, const char *authorization, struct aliyun_v3 *ret)
{
    static const char scheme[] = "ACS3-HMAC-SHA256 ";
    if (strncmp(authorization, scheme, sizeof scheme - 1))
        return false;
    *ret = (struct aliyun_v3){.key_id = between(a, authorization, " Credential=", ", "),
                              .signed_headers = between(a, authorization, ",SignedHeaders=", ", "),
                              .signature = between(a, authorization, ",Signature=", ", ")};
    return ret->key_id && ret->signed_headers && ret->signature;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All values of one header, sorted, joined with commas; NULL if it was not sent. */
static const char *header_values(struct arena *a, const struct sim_request *r, const char *name)
{
    const char *values[16];
    size_t n = 0;
    for (size_t i = 0; i < r->header_count && n < countof(values); i++)
        if (!strcmp(r->headers[i].name, name))
            values[n++] = r->headers[i].value;
    if (!n)
        return NULL;
    qsort(values, n, sizeof *values, compare_texts);
    const char *joined = values[0];
    for (size_t i = 1; i < n; i++)
        joined = arena_printf(a, "%s,%s", joined, values[i]);
    return joined;
}

/* Every segment decoded and encoded again, so that "*" and "%2A" are one. */
static char *canonical_path(struct arena *a, const char *path)
{
    char *decoded;
    if (!url_decode(a, path, strlen(path), false, &decoded, NULL))
        return NULL;
    return url_encode_path(a, decoded);
}

char *aliyun_v3_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers)
{
    struct buf b = buf_new(a, CANONICAL_BYTES);
    struct pairs query = {0};
    const char *path = canonical_path(a, r->path);
    if (!path || !query_parse(a, r->query, strlen(r->query), true, PAIRS_MAX, &query, NULL))
        return NULL;
    pairs_sort(&query);
    buf_printf(&b, "%s\n%s\n%s\n", r->method, path, query_format(a, &query));
    for (const char *at = signed_headers; *at;) {
        size_t size = strcspn(at, ";");
        const char *name = arena_copy(a, at, size), *value = header_values(a, r, name);
        if (!value)
            return NULL;
        buf_printf(&b, "%s:%s\n", name, value);
        at += size + (at[size] == ';');
    }
    buf_printf(&b, "\n%s\n%s", signed_headers, sha256_hex(a, r->body, r->body_size));
    return b.full ? NULL : b.data;
}

char *aliyun_v3_string_to_sign(struct arena *a, const char *canonical)
{
    return arena_printf(a, "ACS3-HMAC-SHA256\n%s", sha256_hex(a, canonical, strlen(canonical)));
}

char *aliyun_v3_signature(struct arena *a, const char *secret, const char *string_to_sign)
{
    return hmac_sha256_hex(a, secret, strlen(secret), string_to_sign);
}

/* ---- RPC V1 ---- */

char *aliyun_v1_string_to_sign(struct arena *a, const char *method, const struct pairs *params)
{
    struct pairs rest = {0};
    for (size_t i = 0; i < params->count; i++)
        if (strcmp(params->items[i].name, "Signature"))
            pairs_add(a, &rest, params->items[i].name, params->items[i].value);
    pairs_sort(&rest);
    return arena_printf(a, "%s&%%2F&%s", method, url_encode(a, query_format(a, &rest)));
}

char *aliyun_v1_signature(struct arena *a, const char *secret, const char *string_to_sign)
{
    unsigned char mac[DIGEST_MAX_BYTES];
    const char *key = arena_printf(a, "%s&", secret);
    size_t size = hmac_of(DIGEST_SHA1, key, strlen(key), string_to_sign, strlen(string_to_sign), mac);
    return base64_encode(a, mac, size);
}

/* ---- errors ---- */

static bool is_kube(const struct sim_call *c)
{
    return c->service->style && !strcmp(c->service->style, "kube");
}

static bool is_oss(const struct sim_call *c)
{
    return c->service->style && !strcmp(c->service->style, "oss");
}

static void fail(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    if (is_oss(c)) {
        oss_fail(c, status, code, message);
        return;
    }
    if (is_kube(c)) {
        kube_fail(c, status, code, message);
        return;
    }
    if (c->service->style && !strcmp(c->service->style, "lower")) { /* services that spell it so */
        sim_reply(c, status, "application/json;charset=utf-8",
                  json_format(c->arena, "{'code':%s,'message':%s,'requestId':%s}", code, message,
                              c->request_id));
        return;
    }
    const char *body =
        json_format(c->arena, "{'RequestId':%s,'Message':%s,'Recommend':%s,'HostId':%s,'Code':%s}",
                    c->request_id, message,
                    arena_printf(c->arena, "https://api.aliyun.com/troubleshoot?q=%s", code),
                    c->request->host, code);
    sim_reply(c, status, "application/json;charset=utf-8", body);
}

static void fail_denied(struct sim_call *c, const char *action)
{
    const char *wanted = arena_printf(c->arena, "%s:%s", c->service->code, action);
    c->code = "Forbidden.RAM";
    sim_reply(c, 403, "application/json;charset=utf-8",
              json_format(
                  c->arena,
                  "{'RequestId':%s,'AccessDeniedDetail':{'AuthAction':%s,'NoPermissionType':'ImplicitDeny'},"
                  "'Message':'User not authorized to operate on the specified resource, or this API does not "
                  "support RAM.','HostId':%s,'Code':'Forbidden.RAM'}",
                  c->request_id, wanted, c->request->host));
}

static void refuse(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    if (is_kube(c)) {
        kube_refuse(c, why, detail);
        return;
    }
    if (is_oss(c)) {
        oss_refuse(c, why, detail);
        return;
    }
    switch (why) {
    case REFUSE_THROTTLED:
        sim_fail(c, 400, "Throttling.User", "Request was denied due to user flow control.");
        return;
    case REFUSE_INTERNAL:
        sim_fail(c, 500, detail ? "ServiceUnavailable" : "InternalError", "%s",
                 detail ? detail : "The request processing has failed due to some unknown error.");
        return;
    case REFUSE_DENIED:
        fail_denied(c, detail);
        return;
    case REFUSE_CREDENTIAL:
        sim_fail(c, 400, "SignatureDoesNotMatch", "Specified signature does not match our calculation. %s",
                 detail);
        return;
    case REFUSE_UNKNOWN_ACTION:
        sim_fail(c, 404, "InvalidAction.NotFound",
                 "Specified api %s is not found, please check your url and method.", detail);
        return;
    case REFUSE_UNKNOWN_PARAMETER:
        sim_fail(c, 400, "InvalidParameter", "The parameter %s is not supported here.", detail);
        return;
    case REFUSE_MISSING_PARAMETER:
        sim_fail(c, 400, arena_printf(c->arena, "Missing%.*s", (int)strcspn(detail, "[."), detail),
                 "%s is mandatory for this action.", detail);
        return;
    case REFUSE_BAD_PARAMETER:
        sim_fail(c, 400, "InvalidParameter", "The specified value of parameter %s is not valid.", detail);
        return;
    case REFUSE_BAD_REQUEST:
        sim_fail(c, 400, "InvalidParameter", "%s", detail);
        return;
    }
}

static bool no(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_fail(c, status, code, "%s", message);
    return false;
}

/* ---- routing ---- */

static bool is_v3(const struct sim_call *c)
{
    const char *authorization = sim_request_header(c->request, "authorization");
    return authorization && !strncmp(authorization, "ACS3-", 5);
}

static bool is_form(const struct sim_call *c)
{
    const char *type = sim_request_header(c->request, "content-type");
    return type && !strncasecmp(type, "application/x-www-form-urlencoded", 33);
}

static bool is_v1_common(const char *name)
{
    static const char *const common[] = {"Action",         "Version",         "Format",
                                         "AccessKeyId",    "SignatureMethod", "SignatureVersion",
                                         "SignatureNonce", "Timestamp",       "Signature",
                                         "SecurityToken"};
    for (size_t i = 0; i < countof(common); i++)
        if (!strcmp(common[i], name))
            return true;
    return false;
}

static bool read_pairs(struct sim_call *c, struct pairs *ret_query, struct pairs *ret_form)
{
    const struct sim_request *r = c->request;
    if (!query_parse(c->arena, r->query, strlen(r->query), true, PAIRS_MAX, ret_query, NULL))
        return no(c, 400, "InvalidParameter", "The query cannot be decoded.");
    if (r->body_size && !is_form(c))
        return no(c, 400, "InvalidParameter", "The body must be application/x-www-form-urlencoded.");
    if (!query_parse(c->arena, r->body, r->body_size, true, PAIRS_MAX, ret_form, NULL))
        return no(c, 400, "InvalidParameter", "The form cannot be decoded.");
    return true;
}

/* With V1 all parameters travel together, in the query or in the form, and position says nothing; the table's own
 * position is given then. With V3 each has its place.
 */
static void add_params(struct sim_call *c, const struct pairs *pairs, enum sim_where where, bool v1)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const struct pair *p = &pairs->items[i];
        if (v1 && is_v1_common(p->name))
            continue;
        sim_param_flat(c, where, p->name, p->value, NULL);
        for (size_t k = 0; v1 && k < c->operation->param_count; k++)
            if (!strcmp(c->operation->params[k].name, c->params[c->param_count - 1].pattern))
                c->params[c->param_count - 1].where =
                    c->operation->params[k].in & IN_QUERY ? IN_QUERY : IN_FORM;
    }
}

static bool find_operation(struct sim_call *c, const char *version)
{
    for (size_t i = 0; sim_services[i]; i++) /* some hosts serve several versions */
        if (sim_services[i]->version && !strcmp(sim_services[i]->version, version) &&
            !strcmp(sim_services[i]->hosts[0], c->service->hosts[0]))
            c->service = sim_services[i];
    if (strcmp(version, c->service->version))
        return no(c, 400, "InvalidVersion", "Specified parameter Version is not valid.");
    for (size_t i = 0; i < c->service->operation_count; i++)
        if (!strcmp(c->service->operations[i].name, c->action))
            c->operation = &c->service->operations[i];
    if (!c->operation)
        refuse(c, REFUSE_UNKNOWN_ACTION, c->action);
    return c->operation != NULL;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static bool repeats(const struct sim_call *c)
{
    for (size_t i = 0; i < c->param_count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(c->params[i].wire, c->params[k].wire))
                return true;
    return false;
}

static bool route(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    struct pairs query = {0}, form = {0};
    if (is_kube(c))
        return kube_route(c);
    c->request_id = aliyun_upper(c->arena, c->request_id);
    if (is_oss(c))
        return oss_route(c);
    if (c->service->operations[0].path)
        return aliyun_roa_route(c);
    if (strcmp(r->path, "/") || (strcmp(r->method, "POST") && strcmp(r->method, "GET")))
        return no(c, 404, "InvalidAction.NotFound",
                  "Specified api is not found, please check your url and method.");
    if (!read_pairs(c, &query, &form))
        return false;
    bool v1 = !is_v3(c);
    const struct pairs *all = form.count ? &form : &query;
    if (v1 && form.count && query.count)
        return no(c, 400, "IncompleteSignature", "The parameters are in the query and in the body.");
    c->action = or_empty(v1 ? pairs_get(all, "Action") : sim_request_header(r, "x-acs-action"));
    const char *version = or_empty(v1 ? pairs_get(all, "Version") : sim_request_header(r, "x-acs-version"));
    if (!*c->action || !*version)
        return no(c, 400, *version ? "MissingParameter" : "MissingVersion",
                  "Action and Version are mandatory.");
    if (!find_operation(c, version))
        return false;
    add_params(c, &query, IN_QUERY, v1);
    add_params(c, &form, IN_FORM, v1);
    return !repeats(c) || no(c, 400, "InvalidParameter", "A parameter is repeated.");
}

/* ---- authentication ---- */

static bool check_time(struct sim_call *c, const char *text)
{
    int64_t ms;
    if (strlen(text) != 20 || !time_parse(text, &ms, NULL))
        return no(c, 400, "InvalidTimeStamp.Format",
                  "Specified time stamp or date value is not well formatted.");
    if (ms < c->now_ms - CLOCK_MS || ms > c->now_ms + CLOCK_MS)
        return no(c, 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.");
    return true;
}

static bool find_access(struct sim_call *c, const char *key_id)
{
    const struct sim_access *access = sim_access_find(c, key_id);
    if (!access)
        return no(c, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    if (access->inactive)
        return no(c, 403, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.");
    if (access->expired)
        return no(c, 403, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
    c->access = access;
    return true;
}

static bool check_token(struct sim_call *c, const char *token)
{
    if (c->access->token && !token)
        return no(c, 400, "MissingSecurityToken", "SecurityToken is mandatory for this action.");
    if (!c->access->token && token)
        return no(c, 400, "InvalidSecurityToken.MismatchWithAccessKey",
                  "Specified SecurityToken mismatch with the AccessKey.");
    if (token && strcmp(token, c->access->token))
        return no(c, 400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.");
    return true;
}

static bool check_nonce(struct sim_call *c, const char *nonce)
{
    return sim_nonce_is_new(c, c->key_id, nonce) ||
           no(c, 400, "SignatureNonceUsed", "Specified signature nonce was used already.");
}

static bool in_list(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
        if ((at == list || at[-1] == ';') && (!at[size] || at[size] == ';'))
            return true;
    return false;
}

/* host, content-type where sent and every x-acs-* must be under the signature, in order. */
static bool signs_enough(const struct sim_request *r, const char *list)
{
    for (size_t i = 0; i < r->header_count; i++) {
        const char *name = r->headers[i].name;
        bool must = !strcmp(name, "host") || !strcmp(name, "content-type") || !strncmp(name, "x-acs-", 6);
        if (must && !in_list(list, name))
            return false;
    }
    return true;
}

static bool check_v3(struct sim_call *c)
{
    static const char *const wanted[] = {"authorization", "x-acs-date", "x-acs-signature-nonce",
                                         "x-acs-content-sha256"};
    const struct sim_request *r = c->request;
    struct aliyun_v3 v3;
    for (size_t i = 0; i < countof(wanted); i++)
        if (!sim_request_header(r, wanted[i]))
            return no(c, 400, "IncompleteSignature",
                      arena_printf(c->arena, "The header %s is mandatory.", wanted[i]));
    if (!aliyun_v3_parse(c->arena, sim_request_header(r, "authorization"), &v3))
        return no(c, 400, "IncompleteSignature", "The Authorization header is not well formed.");
    if (!find_access(c, v3.key_id) || !check_time(c, sim_request_header(r, "x-acs-date")) ||
        !check_token(c, sim_request_header(r, "x-acs-security-token")))
        return false;
    const char *canonical = aliyun_v3_canonical(c->arena, r, v3.signed_headers);
    const char *to_sign = canonical ? aliyun_v3_string_to_sign(c->arena, canonical) : "";
    bool fine =
        canonical && signs_enough(r, v3.signed_headers) &&
        !strcmp(sim_request_header(r, "x-acs-content-sha256"), sha256_hex(c->arena, r->body, r->body_size)) &&
        !strcmp(v3.signature, aliyun_v3_signature(c->arena, c->access->secret, to_sign));
    if (!fine)
        return no(
            c, 400, "SignatureDoesNotMatch",
            arena_printf(c->arena,
                         "Specified signature does not match our calculation. server StringToSign is [%s], "
                         "server CanonicalRequest is [%s]",
                         to_sign, canonical ? canonical : ""));
    return check_nonce(c, sim_request_header(r, "x-acs-signature-nonce"));
}

static bool check_v1(struct sim_call *c)
{
    static const char *const wanted[] = {"AccessKeyId",    "SignatureMethod", "SignatureVersion",
                                         "SignatureNonce", "Timestamp",       "Signature"};
    struct pairs params = {0};
    const struct sim_request *r = c->request;
    const char *from = r->body_size ? r->body : r->query;
    if (!query_parse(c->arena, from, strlen(from), true, PAIRS_MAX, &params, NULL))
        return no(c, 400, "IncompleteSignature", "The parameters cannot be decoded.");
    for (size_t i = 0; i < countof(wanted); i++)
        if (!pairs_get(&params, wanted[i]))
            return no(c, 400, arena_printf(c->arena, "Missing%s", wanted[i]),
                      arena_printf(c->arena, "%s is mandatory for this action.", wanted[i]));
    if (strcmp(pairs_get(&params, "SignatureMethod"), "HMAC-SHA1") ||
        strcmp(pairs_get(&params, "SignatureVersion"), "1.0"))
        return no(c, 400, "IncompleteSignature", "SignatureMethod or SignatureVersion is not supported.");
    if (!find_access(c, pairs_get(&params, "AccessKeyId")) ||
        !check_time(c, pairs_get(&params, "Timestamp")) ||
        !check_token(c, pairs_get(&params, "SecurityToken")))
        return false;
    const char *to_sign = aliyun_v1_string_to_sign(c->arena, r->method, &params);
    if (strcmp(pairs_get(&params, "Signature"), aliyun_v1_signature(c->arena, c->access->secret, to_sign)))
        return no(c, 400, "SignatureDoesNotMatch",
                  arena_printf(
                      c->arena,
                      "Specified signature is not matched with our calculation. server string to sign is:%s",
                      to_sign));
    return check_nonce(c, pairs_get(&params, "SignatureNonce"));
}

static bool authenticate(struct sim_call *c)
{
    if (is_kube(c))
        return kube_authenticate(c);
    if (is_oss(c))
        return oss_authenticate(c);
    return is_v3(c) || c->service->operations[0].path ? check_v3(c) : check_v1(c);
}

const struct sim_vendor sim_aliyun = {.cloud = "aliyun",
                                      .limit = LIMIT_ACTION,
                                      .route = route,
                                      .authenticate = authenticate,
                                      .fail = fail,
                                      .refuse = refuse};

/* ---- answers ---- */

enum { ANSWER_BYTES = 8 << 20 };

struct aliyun_answer *aliyun_begin(struct sim_call *c)
{
    struct aliyun_answer *answer = arena_make(c->arena, struct aliyun_answer);
    answer->body = buf_new(c->arena, ANSWER_BYTES);
    answer->w = json_writer_to(&answer->body);
    json_open_object(&answer->w);
    json_member_string(&answer->w, "RequestId", c->request_id);
    return answer;
}

void aliyun_end(struct sim_call *c, struct aliyun_answer *answer)
{
    json_close_object(&answer->w);
    sim_reply(c, 200, "application/json;charset=utf-8", answer->body.data);
}

char *aliyun_upper(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);
    for (char *p = copy; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return copy;
}

char *aliyun_time(struct sim_call *c, int64_t ms)
{
    return time_iso(c->arena, ms);
}

/* Tencent Cloud's API 3.0 gateway: TC3-HMAC-SHA256, X-TC headers, errors inside HTTP 200. */
#include "crypto/digest.h"
#include "sim/tencent/tencent.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CANONICAL_BYTES = 1 << 20, CLOCK_S = 300, ANSWER_BYTES = 16 << 20 };
static const char scheme[] = "TC3-HMAC-SHA256";

/* ---- the signature ---- */

static char *between(struct arena *a, const char *text, const char *begin, const char *ends)
{
    const char *from = strstr(text, begin);
    return from ? arena_copy(a, from + strlen(begin), strcspn(from + strlen(begin), ends)) : NULL;
}

bool tencent_tc3_parse(struct arena *a, const char *authorization, struct tencent_tc3 *ret)
{
    if (strncmp(authorization, scheme, sizeof scheme - 1) || authorization[sizeof scheme - 1] != ' ')
        return false;
    char *credential = between(a, authorization, " Credential=", ", ");
    char *parts[4] = {credential};
    for (size_t i = 1; i < countof(parts); i++) {
        char *slash = parts[i - 1] ? strchr(parts[i - 1], '/') : NULL;
        if (!slash)
            return false;
        *slash = 0;
        parts[i] = slash + 1;
    }
    *ret = (struct tencent_tc3){.key_id = parts[0],
                                .date = parts[1],
                                .service = parts[2],
                                .signed_headers = between(a, authorization, "SignedHeaders=", ", "),
                                .signature = between(a, authorization, "Signature=", ", ")};
    return !strcmp(parts[3], "tc3_request") && ret->signed_headers && ret->signature;
}

static char *lower_case(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

char *tencent_tc3_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers)
{
    struct buf b = buf_new(a, CANONICAL_BYTES);
    buf_printf(&b, "%s\n/\n%s\n", r->method, r->query);
    for (const char *at = signed_headers; *at;) {
        size_t size = strcspn(at, ";");
        const char *name = arena_copy(a, at, size), *value = sim_request_header(r, name);
        if (!value)
            return NULL;
        buf_printf(&b, "%s:%s\n", name, lower_case(a, value));
        at += size + (at[size] == ';');
    }
    buf_printf(&b, "\n%s\n%s", signed_headers, sha256_hex(a, r->body, r->body_size));
    return b.full ? NULL : b.data;
}

char *tencent_tc3_string_to_sign(struct arena *a, const char *timestamp, const char *date,
                                 const char *service, const char *canonical)
{
    return arena_printf(a, "%s\n%s\n%s/%s/tc3_request\n%s", scheme, timestamp, date, service,
                        sha256_hex(a, canonical, strlen(canonical)));
}

char *tencent_tc3_signature(struct arena *a, const char *secret, const char *date, const char *service,
                            const char *string_to_sign)
{
    unsigned char key[DIGEST_MAX_BYTES], next[DIGEST_MAX_BYTES];
    const char *first = arena_printf(a, "TC3%s", secret);
    size_t size = hmac_of(DIGEST_SHA256, first, strlen(first), date, strlen(date), key);
    hmac_of(DIGEST_SHA256, key, size, service, strlen(service), next);
    hmac_of(DIGEST_SHA256, next, size, "tc3_request", 11, key);
    hmac_of(DIGEST_SHA256, key, size, string_to_sign, strlen(string_to_sign), next);
    return hex_encode(a, next, size);
}

/* ---- errors ---- */

static void fail(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_reply(c, status, "application/json",
              json_format(c->arena, "{'Response':{'Error':{'Code':%s,'Message':%s},'RequestId':%s}}", code,
                          message, c->request_id));
}

static void refuse(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    switch (why) {
    case REFUSE_THROTTLED:
        sim_fail(c, 200, "RequestLimitExceeded",
                 "Your current request times exceed the limit of this interface in one second.");
        return;
    case REFUSE_INTERNAL:
        sim_fail(c, 500, "InternalError", "%s", detail ? detail : "An internal error has occurred.");
        return;
    case REFUSE_DENIED:
        sim_fail(c, 200, "AuthFailure.UnauthorizedOperation",
                 "You are not authorized to perform operation (%s:%s) on resource (%s).", c->service->code,
                 detail, c->resource);
        return;
    case REFUSE_CREDENTIAL:
        sim_fail(c, 200, "AuthFailure.SignatureFailure",
                 "The provided credentials could not be validated. %s", detail);
        return;
    case REFUSE_UNKNOWN_ACTION:
        sim_fail(c, 200, "InvalidAction", "The request action %s is invalid.", detail);
        return;
    case REFUSE_UNKNOWN_PARAMETER:
        sim_fail(c, 200, "UnknownParameter", "The parameter `%s` is not recognized.", detail);
        return;
    case REFUSE_MISSING_PARAMETER:
        sim_fail(c, 200, "MissingParameter", "The request is missing a required parameter `%s`.", detail);
        return;
    case REFUSE_BAD_PARAMETER:
        sim_fail(c, 200, "InvalidParameterValue", "The value of parameter `%s` is not valid.", detail);
        return;
    case REFUSE_BAD_REQUEST:
        sim_fail(c, 200, "InvalidParameter", "%s", detail);
        return;
    }
}

static bool no(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 200, code, "%s", message);
    return false;
}

/* ---- routing ---- */

static const struct { /* what the international models lack */
    const char *operation, *param;
} mainland_only[] = {
    {"UploadCertificate", "KeyPassword"},
    {"DescribeCertificates", "ServiceId"},
    {"UpdateDomainConfig", "AutoGuard"},
    {"UpdateDomainConfig", "GeoBlocker"},
    {"UpdateDomainConfig", "ParamFilter"},
    {"ModifySpartaProtection", "Gzip"},
    {"ModifySpartaProtection", "ProxyConnectTimeout"},
    {"ModifySpartaProtection", "UpstreamPolicy"},
    {"ModifySpartaProtection", "UpstreamRules[]"},
    {"ModifySpartaProtection", "UseCase"},
};

static bool fits_site(struct sim_call *c)
{
    if (!strstr(c->request->host, ".intl."))
        return true;
    for (size_t i = 0; i < countof(mainland_only); i++)
        if (!strcmp(c->operation->name, mainland_only[i].operation) &&
            (sim_arg(c, mainland_only[i].param) || sim_arg_count(c, mainland_only[i].param))) {
            refuse(c, REFUSE_UNKNOWN_PARAMETER, mainland_only[i].param);
            return false;
        }
    return true;
}

static bool find_operation(struct sim_call *c)
{
    const char *version = sim_request_header(c->request, "x-tc-version");
    const char *region = sim_request_header(c->request, "x-tc-region");
    c->action = sim_request_header(c->request, "x-tc-action");
    c->region = region ? region : "";
    if (!c->action || !version) {
        c->action = c->action ? c->action : "";
        return no(c, "MissingParameter", "The headers X-TC-Action and X-TC-Version are mandatory.");
    }
    if (strcmp(version, c->service->version))
        return no(c, "NoSuchVersion", "The version of this API does not exist.");
    for (size_t i = 0; i < c->service->operation_count; i++)
        if (!strcmp(c->service->operations[i].name, c->action))
            c->operation = &c->service->operations[i];
    if (!c->operation)
        refuse(c, REFUSE_UNKNOWN_ACTION, c->action);
    return c->operation != NULL;
}

static bool route(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *type = sim_request_header(r, "content-type");
    const struct json *body;
    if (strcmp(r->path, "/") || strcmp(r->method, "POST") || *r->query)
        return no(c, "UnsupportedProtocol", "Only POST requests of the path / are served here.");
    if (!type || strncasecmp(type, "application/json", 16))
        return no(c, "UnsupportedProtocol", "The Content-Type must be application/json.");
    if (!find_operation(c))
        return false;
    if (!json_parse(c->arena, r->body, r->body_size, &body, NULL) || !json_is_object(body))
        return no(c, "InvalidParameter", "The request body is not a JSON object.");
    sim_param_json(c, body, "");
    return fits_site(c);
}

/* ---- authentication ---- */

static bool find_access(struct sim_call *c, const char *key_id)
{
    const struct sim_access *access = sim_access_find(c, key_id);
    const char *token = sim_request_header(c->request, "x-tc-token");
    if (!access)
        return no(c, "AuthFailure.SecretIdNotFound", "The SecretId is not found.");
    if (access->inactive)
        return no(c, "AuthFailure.InvalidSecretId", "The SecretId is disabled.");
    if (!access->token != !token || (token && strcmp(token, access->token)) || access->expired)
        return no(c, "AuthFailure.TokenFailure", "The token is not valid.");
    c->access = access;
    return true;
}

static bool check_time(struct sim_call *c, const char *text, const char *date)
{
    char *end;
    long long s = strtoll(text, &end, 10), now_s = c->now_ms / 1000;
    if (*end || !*text)
        return no(c, "InvalidParameter", "X-TC-Timestamp is not a number of seconds.");
    if (s < now_s - CLOCK_S || s > now_s + CLOCK_S)
        return no(c, "AuthFailure.SignatureExpire",
                  "The request is expired: X-TC-Timestamp differs from the server's time by over 5 minutes.");
    return !strcmp(time_format(c->arena, s * 1000, "%Y-%m-%d"), date) ||
           no(c, "AuthFailure.SignatureFailure", "The date of the credential is not the timestamp's in UTC.");
}

static bool authenticate(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *authorization = sim_request_header(r, "authorization");
    const char *timestamp = sim_request_header(r, "x-tc-timestamp");
    struct tencent_tc3 tc3;
    if (!authorization || !timestamp)
        return no(c, "MissingParameter", "The headers Authorization and X-TC-Timestamp are mandatory.");
    if (!tencent_tc3_parse(c->arena, authorization, &tc3))
        return no(c, "AuthFailure.InvalidAuthorization", "The Authorization header is not well formed.");
    if (!find_access(c, tc3.key_id) || !check_time(c, timestamp, tc3.date))
        return false;
    const char *canonical = tencent_tc3_canonical(c->arena, r, tc3.signed_headers);
    bool both = strstr(tc3.signed_headers, "content-type") && strstr(tc3.signed_headers, "host");
    bool fine =
        canonical && both && !strcmp(tc3.service, c->service->code) &&
        !strcmp(tc3.signature, tencent_tc3_signature(c->arena, c->access->secret, tc3.date, tc3.service,
                                                     tencent_tc3_string_to_sign(c->arena, timestamp, tc3.date,
                                                                                tc3.service, canonical)));
    return fine ||
           no(c, "AuthFailure.SignatureFailure",
              "The provided credentials could not be validated. Please check your signature is correct.");
}

const struct sim_vendor sim_tencent = {.cloud = "tencent",
                                       .limit = LIMIT_ACTION,
                                       .route = route,
                                       .authenticate = authenticate,
                                       .fail = fail,
                                       .refuse = refuse};

/* ---- answers ---- */

struct tencent_answer *tencent_begin(struct sim_call *c)
{
    struct tencent_answer *answer = arena_make(c->arena, struct tencent_answer);
    answer->body = buf_new(c->arena, ANSWER_BYTES);
    answer->w = json_writer_to(&answer->body);
    json_open_object(&answer->w);
    json_key(&answer->w, "Response");
    json_open_object(&answer->w);
    return answer;
}

void tencent_end(struct sim_call *c, struct tencent_answer *answer)
{
    json_member_string(&answer->w, "RequestId", c->request_id);
    json_close_object(&answer->w);
    json_close_object(&answer->w);
    sim_reply(c, 200, "application/json", answer->body.data);
}

char *tencent_time(struct arena *a, int64_t ms)
{
    return time_format(a, ms + 8 * 3600000, "%Y-%m-%d %H:%M:%S");
}

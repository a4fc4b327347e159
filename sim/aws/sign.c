/* AWS's front door: AWS4-HMAC-SHA256, the three wire forms (query, JSON 1.1, REST-XML), and their errors. */
#include "codec/xml.h"
#include "crypto/digest.h"
#include "sim/aws/aws.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CANONICAL_BYTES = 1 << 20, PAIRS_MAX = 1024, CLOCK_MS = 5 * 60 * 1000 };
static const char scheme[] = "AWS4-HMAC-SHA256";

/* ---- the signature ---- */

static char *between(struct arena *a, const char *text, const char *begin, const char *ends)
{
    const char *from = strstr(text, begin);
    return from ? arena_copy(a, from + strlen(begin), strcspn(from + strlen(begin), ends)) : NULL;
}

bool aws_sigv4_parse(struct arena *a, const char *authorization, struct aws_sigv4 *ret)
{
    if (strncmp(authorization, scheme, sizeof scheme - 1) || authorization[sizeof scheme - 1] != ' ')
        return false;
    char *parts[5] = {between(a, authorization, " Credential=", ", ")};
    for (size_t i = 1; i < countof(parts); i++) {
        char *slash = parts[i - 1] ? strchr(parts[i - 1], '/') : NULL;
        if (!slash)
            return false;
        *slash = 0;
        parts[i] = slash + 1;
    }
    *ret = (struct aws_sigv4){.key_id = parts[0],
                              .date = parts[1],
                              .region = parts[2],
                              .service = parts[3],
                              .signed_headers = between(a, authorization, "SignedHeaders=", ", "),
                              .signature = between(a, authorization, "Signature=", ", ")};
    return !strcmp(parts[4], "aws4_request") && ret->signed_headers && ret->signature;
}

/* Runs of blanks become one. */
static char *folded(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text), *out = copy;
    for (const char *p = copy; *p; p++)
        if (*p != ' ' || (out != copy && out[-1] != ' '))
            *out++ = *p;
    *out = 0;
    return copy;
}

/* All values of one header in order, joined with commas; NULL if it was not sent. */
static const char *header_values(struct arena *a, const struct sim_request *r, const char *name)
{
    const char *joined = NULL;
    for (size_t i = 0; i < r->header_count; i++)
        if (!strcmp(r->headers[i].name, name))
            joined = joined ? arena_printf(a, "%s,%s", joined, folded(a, r->headers[i].value))
                            : folded(a, r->headers[i].value);
    return joined;
}

char *aws_sigv4_canonical(struct arena *a, const struct sim_request *r, const char *signed_headers)
{
    struct buf b = buf_new(a, CANONICAL_BYTES);
    struct pairs query = {0};
    if (!query_parse(a, r->query, strlen(r->query), false, PAIRS_MAX, &query, NULL))
        return NULL;
    pairs_sort(&query);
    buf_printf(&b, "%s\n%s\n%s\n", r->method, url_encode_path(a, r->path), query_format(a, &query));
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

char *aws_sigv4_string_to_sign(struct arena *a, const char *time, const struct aws_sigv4 *v,
                               const char *canonical)
{
    return arena_printf(a, "%s\n%s\n%s/%s/%s/aws4_request\n%s", scheme, time, v->date, v->region, v->service,
                        sha256_hex(a, canonical, strlen(canonical)));
}

char *aws_sigv4_signature(struct arena *a, const char *secret, const struct aws_sigv4 *v,
                          const char *string_to_sign)
{
    const char *steps[] = {v->date, v->region, v->service, "aws4_request", string_to_sign};
    const char *first = arena_printf(a, "AWS4%s", secret);
    unsigned char key[DIGEST_MAX_BYTES], next[DIGEST_MAX_BYTES];
    size_t size = hmac_of(DIGEST_SHA256, first, strlen(first), steps[0], strlen(steps[0]), key);
    for (size_t i = 1; i < countof(steps); i++) {
        hmac_of(DIGEST_SHA256, key, size, steps[i], strlen(steps[i]), next);
        memcpy(key, next, size);
    }
    return hex_encode(a, key, size);
}

/* ---- errors ---- */

static bool has_style(const struct sim_call *c, const char *style)
{
    return !strcmp(c->service->style, style);
}

static void fail(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    const char *text = xml_escape(c->arena, message), *type = status < 500 ? "Sender" : "Receiver";
    sim_reply_header(c, "x-amzn-RequestId", c->request_id);
    if (has_style(c, "json")) {
        sim_reply_header(c, "x-amzn-ErrorType", arena_strdup(c->arena, code));
        sim_reply(c, status, "application/x-amz-json-1.1",
                  json_format(c->arena, "{'__type':%s,'message':%s}", code, message));
    } else if (has_style(c, "ec2")) {
        sim_reply(
            c, status, "text/xml",
            arena_printf(c->arena,
                         "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"
                         "<RequestID>%s</RequestID></Response>",
                         code, text, c->request_id));
    } else {
        sim_reply(c, status, "text/xml",
                  arena_printf(
                      c->arena,
                      "<ErrorResponse%s><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error>"
                      "<RequestId>%s</RequestId></ErrorResponse>",
                      has_style(c, "xml") ? " xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"" : "",
                      type, code, text, c->request_id));
    }
}

/* One refusal in the words of each wire form. */
static void refuse_with(struct sim_call *c, unsigned status, const char *json, const char *query,
                        const char *ec2, const char *xml, const char *message)
{
    const char *code = has_style(c, "json")  ? json
                       : has_style(c, "ec2") ? ec2
                       : has_style(c, "xml") ? xml
                                             : query;
    sim_fail(c, status, code, "%s", message);
}

static void refuse(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    const char *d = detail ? detail : "";
    struct arena *a = c->arena;
    switch (why) {
    case REFUSE_THROTTLED:
        refuse_with(c, 400, "ThrottlingException", "Throttling", "RequestLimitExceeded", "Throttling",
                    "Rate exceeded");
        return;
    case REFUSE_INTERNAL:
        refuse_with(c, 500, "InternalFailure", "InternalFailure", "InternalError", "InternalError",
                    detail ? detail : "The request processing has failed because of an unknown error.");
        return;
    case REFUSE_DENIED:
        refuse_with(c, has_style(c, "json") ? 400 : 403, "AccessDeniedException", "AccessDenied",
                    "UnauthorizedOperation", "AccessDenied",
                    arena_printf(a, "User: arn:aws:iam::%s:user/%s is not authorized to perform: %s:%s",
                                 c->access->account, c->access->name, c->service->code, d));
        return;
    case REFUSE_CREDENTIAL:
        refuse_with(
            c, has_style(c, "json") ? 400 : 403, "InvalidSignatureException", "SignatureDoesNotMatch",
            "AuthFailure", "SignatureDoesNotMatch",
            arena_printf(a,
                         "The request signature we calculated does not match the signature you provided. %s",
                         d));
        return;
    case REFUSE_UNKNOWN_ACTION:
        refuse_with(c, 400, "UnknownOperationException", "InvalidAction", "InvalidAction", "InvalidAction",
                    arena_printf(a, "Could not find operation %s", d));
        return;
    case REFUSE_UNKNOWN_PARAMETER:
        refuse_with(c, 400, "SerializationException", "ValidationError", "UnknownParameter",
                    "InvalidArgument", arena_printf(a, "The parameter %s is not recognized.", d));
        return;
    case REFUSE_MISSING_PARAMETER:
        refuse_with(
            c, 400, "ValidationException", "ValidationError", "MissingParameter", "InvalidArgument",
            arena_printf(a,
                         "1 validation error detected: Value at '%s' failed to satisfy constraint: Member "
                         "must not be null",
                         d));
        return;
    case REFUSE_BAD_PARAMETER:
        refuse_with(c, 400, "ValidationException", "ValidationError", "InvalidParameterValue",
                    "InvalidArgument",
                    arena_printf(a,
                                 "1 validation error detected: Value at '%s' failed to satisfy constraint.",
                                 d));
        return;
    case REFUSE_BAD_REQUEST:
        refuse_with(c, 400, "SerializationException", "MalformedQueryString", "InvalidRequest",
                    "MalformedXML", d);
        return;
    }
}

static bool no(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    refuse(c, why, detail);
    return false;
}

/* ---- routing ---- */

static bool find_by_name(struct sim_call *c, const char *name)
{
    c->action = name;
    for (size_t i = 0; i < c->service->operation_count; i++)
        if (!strcmp(c->service->operations[i].name, name))
            c->operation = &c->service->operations[i];
    return c->operation || no(c, REFUSE_UNKNOWN_ACTION, name);
}

/* The two generations of load balancing share a host; only the version tells them apart. */
static const struct sim_service *service_of_version(const struct sim_call *c, const char *version)
{
    for (size_t i = 0; sim_services[i]; i++)
        if (!strcmp(sim_services[i]->cloud, "aws") && sim_services[i]->version &&
            !strcmp(sim_services[i]->version, version) && *c->service->hosts && *sim_services[i]->hosts &&
            !strcmp(*sim_services[i]->hosts, *c->service->hosts))
            return sim_services[i];
    return c->service;
}

static bool route_query(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *type = sim_request_header(r, "content-type");
    struct pairs form = {0};
    if (strcmp(r->method, "POST") || strcmp(r->path, "/") || *r->query || !type ||
        strncasecmp(type, "application/x-www-form-urlencoded", 33))
        return no(c, REFUSE_BAD_REQUEST, "A form posted to / is expected.");
    if (!query_parse(c->arena, r->body, r->body_size, true, PAIRS_MAX, &form, NULL))
        return no(c, REFUSE_BAD_REQUEST, "The form cannot be decoded.");
    const char *action = pairs_get(&form, "Action"), *version = pairs_get(&form, "Version");
    c->service = version ? service_of_version(c, version) : c->service;
    if (!action || !version || strcmp(version, c->service->version))
        return no(c, REFUSE_UNKNOWN_ACTION, action ? action : "");
    if (!find_by_name(c, action))
        return false;
    for (size_t i = 0; i < form.count; i++)
        sim_param_flat(c, IN_FORM, form.items[i].name, form.items[i].value, NULL);
    return true;
}

static bool route_json(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *type = sim_request_header(r, "content-type"), *target = sim_request_header(r, "x-amz-target");
    const char *dot = target ? strchr(target, '.') : NULL;
    const struct json *body;
    if (strcmp(r->method, "POST") || strcmp(r->path, "/") || !type ||
        strncasecmp(type, "application/x-amz-json-1.1", 26))
        return no(c, REFUSE_BAD_REQUEST, "JSON 1.1 posted to / is expected.");
    if (!dot || strncmp(target, "CertificateManager.", 19))
        return no(c, REFUSE_UNKNOWN_ACTION, target ? target : "");
    if (!find_by_name(c, dot + 1))
        return false;
    if (!json_parse(c->arena, r->body, r->body_size, &body, NULL) || !json_is_object(body))
        return no(c, REFUSE_BAD_REQUEST, "The body is not a JSON object.");
    sim_param_json(c, body, "");
    return true;
}

static bool route_xml(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *match = sim_request_header(r, "if-match");
    struct pairs query = {0};
    c->action = arena_printf(c->arena, "%s %s", r->method, r->path);
    for (size_t i = 0; i < c->service->operation_count && !c->operation; i++) {
        const struct sim_operation *o = &c->service->operations[i];
        if (!strcmp(o->method, r->method) && sim_path_match(c, o->path, r->path))
            c->operation = o;
    }
    if (!c->operation)
        return no(c, REFUSE_UNKNOWN_ACTION, c->action);
    if (!query_parse(c->arena, r->query, strlen(r->query), false, PAIRS_MAX, &query, NULL))
        return no(c, REFUSE_BAD_REQUEST, "The query cannot be decoded.");
    for (size_t i = 0; i < query.count; i++)
        sim_param_add(c, IN_QUERY, query.items[i].name, query.items[i].name, query.items[i].value);
    if (match && c->operation->writes)
        sim_param_add(c, IN_HEADER, "If-Match", "If-Match", match);
    if (r->body_size && c->operation->writes)
        sim_param_add(c, IN_XML, "DistributionConfig", "DistributionConfig", "");
    return true;
}

static bool route(struct sim_call *c)
{
    if (!*c->region)
        c->region = "us-east-1"; /* where global services are signed for */
    if (has_style(c, "json"))
        return route_json(c);
    return has_style(c, "xml") ? route_xml(c) : route_query(c);
}

/* ---- authentication ---- */

static bool deny(struct sim_call *c, const char *json, const char *query, const char *message)
{
    refuse_with(c,
                has_style(c, "json")  ? 400
                : has_style(c, "ec2") ? 401
                                      : 403,
                json, query, "AuthFailure", query, message);
    return false;
}

static bool deny_token(struct sim_call *c)
{
    return deny(c, "UnrecognizedClientException", "InvalidClientTokenId",
                "The security token included in the request is invalid.");
}

static bool find_access(struct sim_call *c, const char *key_id)
{
    const struct sim_access *access = sim_access_find(c, key_id);
    const char *token = sim_request_header(c->request, "x-amz-security-token");
    if (!access || access->inactive)
        return deny_token(c);
    if (!access->token != !token || (token && strcmp(token, access->token)))
        return deny_token(c);
    if (access->expired)
        return deny(c, "ExpiredTokenException", "ExpiredToken",
                    "The security token included in the request is expired");
    c->access = access;
    return true;
}

static bool mismatch(struct sim_call *c, const char *why)
{
    return deny(c, "InvalidSignatureException", "SignatureDoesNotMatch", why);
}

static bool check_time(struct sim_call *c, const char *t, const char *date)
{
    int64_t ms;
    if (strlen(t) != 16 || t[8] != 'T' || t[15] != 'Z' || strncmp(t, date, 8) || strlen(date) != 8)
        return mismatch(c, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date.");
    const char *iso =
        arena_printf(c->arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", t, t + 4, t + 6, t + 9, t + 11, t + 13);
    if (!time_parse(iso, &ms, NULL))
        return mismatch(c, "X-Amz-Date is not well formed.");
    if (ms < c->now_ms - CLOCK_MS)
        return mismatch(c, arena_printf(c->arena, "Signature expired: %s is now earlier than %s", t,
                                        time_basic(c->arena, c->now_ms - CLOCK_MS)));
    return ms <= c->now_ms + CLOCK_MS ||
           mismatch(c, arena_printf(c->arena, "Signature not yet current: %s is still later than %s", t,
                                    time_basic(c->arena, c->now_ms + CLOCK_MS)));
}

/* host and every x-amz-* that was sent. */
static bool signs_enough(struct sim_call *c, const char *signed_headers)
{
    const char *list = arena_printf(c->arena, ";%s;", signed_headers);
    for (size_t i = 0; i < c->request->header_count; i++) {
        const char *name = c->request->headers[i].name;
        bool must = !strcmp(name, "host") || !strncmp(name, "x-amz-", 6);
        if (must && !strstr(list, arena_printf(c->arena, ";%s;", name)))
            return false;
    }
    return true;
}

static const char *sign_name(const struct sim_service *s)
{
    return strncmp(s->code, "elb", 3) ? s->code : "elasticloadbalancing";
}

static bool authenticate(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *authorization = sim_request_header(r, "authorization"),
               *t = sim_request_header(r, "x-amz-date");
    const char *hash = sim_request_header(r, "x-amz-content-sha256");
    struct aws_sigv4 v;
    if (!authorization || !t)
        return deny(c, "MissingAuthenticationTokenException", "MissingAuthenticationToken",
                    "Request is missing Authentication Token");
    if (!aws_sigv4_parse(c->arena, authorization, &v))
        return deny(c, "IncompleteSignatureException", "IncompleteSignature",
                    "Authorization header is not well formed.");
    if (!find_access(c, v.key_id) || !check_time(c, t, v.date))
        return false;
    if (strcmp(v.region, c->region) || strcmp(v.service, sign_name(c->service)))
        return mismatch(c, "Credential should be scoped to a valid region and to correct service.");
    const char *canonical = aws_sigv4_canonical(c->arena, r, v.signed_headers);
    bool fine =
        canonical && signs_enough(c, v.signed_headers) &&
        (!hash || !strcmp(hash, sha256_hex(c->arena, r->body, r->body_size))) &&
        !strcmp(v.signature, aws_sigv4_signature(c->arena, c->access->secret, &v,
                                                 aws_sigv4_string_to_sign(c->arena, t, &v, canonical)));
    return fine ||
           mismatch(c, "The request signature we calculated does not match the signature you provided. Check "
                       "your AWS Secret Access Key and signing method.");
}

const struct sim_vendor sim_aws = {.cloud = "aws",
                                   .limit = LIMIT_REGION,
                                   .route = route,
                                   .authenticate = authenticate,
                                   .fail = fail,
                                   .refuse = refuse};

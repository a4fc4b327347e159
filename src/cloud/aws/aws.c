#include "cloud/aws/aws.h"

#include <string.h>

/* Query services say "Throttling", JSON ones "ThrottlingException": both forms are listed by prefix. */
static const struct vendor_error errors[] = {
    {"SignatureDoesNotMatch", ERR_CREDENTIAL, false, true},
    {"InvalidSignature*", ERR_CREDENTIAL, false, true},
    {"RequestExpired", ERR_CREDENTIAL, false, true},
    {"RequestInTheFuture", ERR_CREDENTIAL, false, true},
    {"RequestTimeTooSkewed", ERR_CREDENTIAL, false, true},
    {"AuthFailure", ERR_CREDENTIAL, false, true},
    {"InvalidClientTokenId", ERR_CREDENTIAL, false, false},
    {"UnrecognizedClient*", ERR_CREDENTIAL, false, false},
    {"InvalidAccessKeyId", ERR_CREDENTIAL, false, false},
    {"ExpiredToken*", ERR_CREDENTIAL, false, false},
    {"IncompleteSignature*", ERR_CREDENTIAL, false, false},
    {"MissingAuthenticationToken*", ERR_CREDENTIAL, false, false},
    {"AccessDenied*", ERR_PERMISSION, false, false},
    {"UnauthorizedOperation", ERR_PERMISSION, false, false},
    {"OptInRequired", ERR_PERMISSION, false, false},
    {"Throttl*", ERR_THROTTLED, true, false},
    {"RequestThrottled*", ERR_THROTTLED, true, false},
    {"TooManyRequests*", ERR_THROTTLED, true, false},
    {"RequestLimitExceeded", ERR_THROTTLED, true, false},
    {"BandwidthLimitExceeded", ERR_THROTTLED, true, false},
    {"SlowDown", ERR_THROTTLED, true, false},
    {"PriorRequestNotComplete", ERR_THROTTLED, true, false},
    {"EC2Throttled*", ERR_THROTTLED, true, false},
    {"DependencyThrottle*", ERR_THROTTLED, true, false},
    {"LimitExceeded*", ERR_QUOTA, false, false},
    {"TooMany*", ERR_QUOTA, false, false},
    {"PreconditionFailed", ERR_CONFLICT, false, false},
    {"InvalidIfMatchVersion", ERR_CONFLICT, false, false},
    {"ResourceInUse*", ERR_CONFLICT, true, false},
    {"Conflict*", ERR_CONFLICT, true, false},
    {"OperationAborted", ERR_CONFLICT, true, false},
    {"NoSuch*", ERR_NOT_FOUND, false, false},
    {"*NotFound*", ERR_NOT_FOUND, false, false},
    {"InvalidViewerCertificate", ERR_INVALID_CERTIFICATE, false, false},
    {"MalformedCertificate", ERR_INVALID_CERTIFICATE, false, false},
    {"KeyPairMismatch", ERR_INVALID_CERTIFICATE, false, false},
    {"UnsupportedCertificate", ERR_INVALID_CERTIFICATE, false, false},
    {"RequestTimeout*", ERR_VENDOR, true, false},
    {"ServiceUnavailable*", ERR_VENDOR, true, false},
    {"InternalFailure", ERR_VENDOR, true, false},
    {"InternalError*", ERR_VENDOR, true, false},
    {"InternalServer*", ERR_VENDOR, true, false},
    {"ServiceFailure", ERR_VENDOR, true, false},
};

/* "prefix#Code:url" is the code of a JSON service. */
static const char *bare_code(struct arena *a, const char *text)
{
    const char *hash = strchr(text, '#');
    const char *code = hash ? hash + 1 : text;
    return arena_copy(a, code, strcspn(code, ":"));
}

static bool refusal(struct arena *a, long status, const struct json *json, const struct xml *xml,
                    struct refusal *ret)
{
    const struct xml *error = xml ? xml_at(xml, "Error") : NULL;
    if (xml && !error)
        error = xml_at(xml, "Errors/Error"); /* EC2 */
    if (xml) {
        const struct xml *from = error ? error : xml;
        ret->code = xml_text(from, "Code", "");
        ret->message = xml_text(from, "Message", "");
        ret->request_id = xml_text(xml, "RequestId", xml_text(xml, "RequestID", ""));
    } else {
        ret->code = bare_code(a, json_text(a, json_at(json, "/__type"), ""));
        ret->message = json_text(a, json_at(json, "/message"), json_text(a, json_at(json, "/Message"), ""));
    }
    return status >= 300 || error;
}

/* China is a partition of its own: another suffix, and other hosts for what is global elsewhere. */
static const char *host(struct arena *a, const char *site, const struct call *call, const char *region)
{
    static const struct {
        const char *service, *host;
    } china[] = {
        {"cloudfront", "cloudfront.cn-northwest-1.amazonaws.com.cn"},
        {"iam", "iam.cn-north-1.amazonaws.com.cn"},
        {"sts", "sts.cn-north-1.amazonaws.com.cn"},
    };
    (void)a;
    (void)region;
    for (size_t i = 0; strcmp(site, "china") == 0 && i < countof(china); i++)
        if (strcmp(china[i].service, call->service) == 0)
            return china[i].host;
    return NULL;
}

static const char *sign_region(const char *site, const struct call *call, const char *region)
{
    bool china = strcmp(site, "china") == 0;
    if (*region)
        return region;
    if (!china)
        return "us-east-1";
    return strcmp(call->service, "cloudfront") == 0 ? "cn-northwest-1" : "cn-north-1";
}

static const struct call get_caller_identity = {
    .service = "sts",
    .operation = "GetCallerIdentity",
    .method = "POST",
    .host = "sts.us-east-1.amazonaws.com",
    .path = "/",
    .version = "2011-06-15",
    .style = CALL_AWS_QUERY,
};

static bool identify(struct job *job, struct identity *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_caller_identity, "", &answer, err, "{}"))
        return false;
    ret->account_id = xml_text(answer.xml, "GetCallerIdentityResult/Account", "");
    ret->principal = xml_text(answer.xml, "GetCallerIdentityResult/Arn", "");
    return true;
}

static const struct call *const calls[] = {&get_caller_identity, NULL};

const struct vendor aws_vendor = {
    .cloud = "aws",
    .sign = sigv4_sign,
    .errors = errors,
    .error_count = countof(errors),
    .site_china = ".cn",
    .site_international = "",
    .limits_by_region = true,
    .host = host,
    .sign_region = sign_region,
    .refusal = refusal,
    .identify = identify,
    .calls = calls,
};

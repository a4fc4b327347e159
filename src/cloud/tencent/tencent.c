#include "cloud/tencent/tencent.h"

#include <string.h>

/* Codes of signature v3, and of the products that are used; whatever is not here is judged by its HTTP status. */
static const struct vendor_error errors[] = {
    {"AuthFailure.SignatureExpire", ERR_CREDENTIAL, false, true},
    {"AuthFailure.UnauthorizedOperation", ERR_PERMISSION, false, false},
    {"AuthFailure*", ERR_CREDENTIAL, false, false},
    {"UnauthorizedOperation.OperationTooOften", ERR_THROTTLED, true, false},
    {"UnauthorizedOperation*", ERR_PERMISSION, false, false},
    {"FailedOperation.AuthError", ERR_PERMISSION, false, false},
    {"FailedOperation.CAMAuthorizedFail", ERR_PERMISSION, false, false},
    {"RequestLimitExceeded*", ERR_THROTTLED, true, false},
    {"LimitExceeded.RateLimitExceeded", ERR_THROTTLED, true, false},
    {"LimitExceeded.CdnHostOpTooOften", ERR_THROTTLED, true, false},
    {"LimitExceeded.SslCertRequestLimitExceeded", ERR_THROTTLED, true, false},
    {"LimitExceeded*", ERR_QUOTA, false, false},
    {"ResourceInUse*", ERR_CONFLICT, true, false},
    {"ResourceUnavailable*", ERR_CONFLICT, true, false},
    {"FailedOperation.ResourceInOperating", ERR_CONFLICT, true, false},
    {"FailedOperation.ResourceInCloning", ERR_CONFLICT, true, false},
    {"ResourceNotFound*", ERR_NOT_FOUND, false, false},
    {"FailedOperation.CertificateNotFound", ERR_NOT_FOUND, false, false},
    {"FailedOperation.CertificateInvalid", ERR_INVALID_CERTIFICATE, false, false},
    {"FailedOperation.InvalidCertificate*", ERR_INVALID_CERTIFICATE, false, false},
    {"InternalError*", ERR_VENDOR, true, false},
    {"FailedOperation.NetworkError", ERR_VENDOR, true, false},
    {"FailedOperation.SystemError", ERR_VENDOR, true, false},
    {"InvalidParameter*", ERR_VENDOR, false, false},
};

/* Refusals come with status 200, in Response.Error. */
static bool refusal(struct arena *a, long status, const struct json *json, const struct xml *xml,
                    struct refusal *ret)
{
    (void)xml;
    ret->request_id = json_text(a, json_at(json, "/Response/RequestId"), "");
    const struct json *error = json_at(json, "/Response/Error");
    ret->code = json_text(a, json_at(error, "/Code"), "");
    ret->message = json_text(a, json_at(error, "/Message"), "");
    return *ret->code || status >= 300;
}

static const struct call get_caller_identity = {
    .service = "sts",
    .operation = "GetCallerIdentity",
    .method = "POST",
    .host = "sts.{site}tencentcloudapi.com",
    .path = "/",
    .version = "2018-08-13",
    .style = CALL_TC3,
};

static bool identify(struct job *job, struct identity *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_caller_identity, "", &answer, err, "{}"))
        return false;
    ret->account_id = json_text(job->arena, json_at(answer.json, "/AccountId"), "");
    ret->principal = json_text(job->arena, json_at(answer.json, "/Arn"), "");
    return true;
}

static const struct call *const calls[] = {&get_caller_identity, NULL};

const struct vendor tencent_vendor = {
    .cloud = "tencent",
    .sign = tc3_sign,
    .errors = errors,
    .error_count = countof(errors),
    .site_china = "",
    .site_international = "intl.",
    .limits_by_region = true,
    .refusal = refusal,
    .identify = identify,
    .calls = calls,
};

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
    {"FailedOperation.BoundResources", ERR_CONFLICT, false, false},
    {"FailedOperation.DeleteResourceFailed", ERR_CONFLICT, false, false},
    {"FailedOperation.CertificateNotFound", ERR_NOT_FOUND, false, false},
    {"FailedOperation.CertificateExists", ERR_CONFLICT, false, false},
    {"FailedOperation.Certificate*", ERR_INVALID_CERTIFICATE, false, false},
    {"FailedOperation.InvalidCertificate*", ERR_INVALID_CERTIFICATE, false, false},
    {"FailedOperation.SslCert*", ERR_INVALID_CERTIFICATE, false, false},
    {"InvalidParameter.SslCert*", ERR_INVALID_CERTIFICATE, false, false},
    {"InvalidParameter.CdnCert*", ERR_INVALID_CERTIFICATE, false, false},
    {"InvalidParameter.MissMatchPrivateKey", ERR_INVALID_CERTIFICATE, false, false},
    {"InvalidParameter.CertificatesNumberExceeded", ERR_QUOTA, false, false},
    {"InvalidParameter.CDNStatusInvalidDomain", ERR_CONFLICT, true, false},
    {"InvalidParameter.CdnHostInvalidStatus", ERR_CONFLICT, true, false},
    {"InvalidParameter.LBIdNotFound", ERR_NOT_FOUND, false, false},
    {"InvalidParameter.ListenerIdNotFound", ERR_NOT_FOUND, false, false},
    {"InvalidParameter.LocationNotFound", ERR_NOT_FOUND, false, false},
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

static const struct call get_caller_identity = {TENCENT("sts", "2018-08-13", "GetCallerIdentity")};

static const struct call assume_role = {TENCENT("sts", "2018-08-13", "AssumeRole"),
                                        .parameters = "RoleArn RoleSessionName DurationSeconds ExternalId",
                                        .regional_header = true};

static const struct role_exchange roles = {
    .call = &assume_role,
    .region = "ap-guangzhou",
    .role = "RoleArn",
    .session_name = "RoleSessionName",
    .seconds = "DurationSeconds",
    .external_id = "ExternalId",
    .shape = {"/Credentials/TmpSecretId", "/Credentials/TmpSecretKey", "/Credentials/Token", "/Expiration"},
};

const struct call tencent_ssl_detail = {TENCENT("ssl", "2019-12-05", "DescribeCertificateDetail"),
                                        .parameters = "CertificateId", .per_second = 10};

/* With Repeatable false the same certificate answers the id it has, so that a repeat does no harm. */
static const struct call upload =
    {TENCENT("ssl", "2019-12-05", "UploadCertificate"),
     .parameters = "CertificatePublicKey CertificatePrivateKey CertificateType Alias Repeatable",
     .write = true, .repeatable = true, .per_second = 10};

static bool identify(struct job *job, struct identity *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_caller_identity, "", &answer, err, "{}"))
        return false;
    ret->account_id = json_text(job->arena, json_at(answer.json, "/AccountId"), "");
    ret->principal = json_text(job->arena, json_at(answer.json, "/Arn"), "");
    return true;
}

static bool facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    (void)region;
    return facts_shown(job, &tencent_ssl_detail, "", json_format(job->arena, "{'CertificateId':%s}", b->ref),
                       "/Alias", "/CertificatePublicKey", b, err);
}

bool tencent_upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                    struct err *err)
{
    struct answer answer;
    (void)vendor_store;
    if (!cloud_call_secret(job, &upload, "", &answer, err,
                           "{'CertificatePublicKey':%s,'CertificatePrivateKey':%s,'CertificateType':'SVR',"
                           "'Alias':%s,'Repeatable':false}",
                           m->fullchain_pem, secret_bytes(m->key), m->name))
        return false;
    const char *id = json_get(answer.json, "/CertificateId"), *same = json_get(answer.json, "/RepeatCertId");
    if (*same && job->wrote)
        *job->wrote = false;
    return upload_answered(*id ? id : same, "the certificate service", ret, err);
}

static const struct call *const calls[] = {&get_caller_identity, &assume_role, &tencent_ssl_detail,
                                           &tencent_ssl_list,    &upload,      NULL};

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
    .roles = &roles,
    .facts = facts,
    .held = tencent_held,
    .used = tencent_used,
    .discard = tencent_discard,
    .calls = calls,
    .clean_calls = tencent_clean_calls,
};

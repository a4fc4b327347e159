#include "cloud/huawei/huawei.h"

#include <string.h>

static const struct vendor_error errors[] = {
    {"APIGW.0301", ERR_CREDENTIAL, false, true}, /* signature, key or clock: the text tells */
    {"APIGW.0302", ERR_PERMISSION, false, false},
    {"APIGW.0308", ERR_THROTTLED, true, false},
    {"APIGW.0201", ERR_VENDOR, true, false},
    {"APIGW.0101", ERR_VENDOR, false, false},
    {"APIGW.0106", ERR_VENDOR, false, false},
    {"APIGW.*", ERR_VENDOR, true, false},
    {"SCM.1000", ERR_CREDENTIAL, false, false},
    {"SCM.0011", ERR_QUOTA, false, false},
    {"CDN.0105", ERR_NOT_FOUND, false, false},
    {"CDN.0170", ERR_NOT_FOUND, false, false},
    {"CDN.0106", ERR_CONFLICT, true, false},
    {"CDN.0005", ERR_QUOTA, false, false},
    {"CDN.0000", ERR_VENDOR, true, false},
    {"CDN.0001", ERR_VENDOR, true, false},
    {"CDN.00010198", ERR_PERMISSION, false, false},
    {"ELB.1003", ERR_NOT_FOUND, false, false},
    {"ELB.1011", ERR_INVALID_CERTIFICATE, false, false},
    {"ELB.1015", ERR_CONFLICT, true, false},
    {"WAF.00010001", ERR_VENDOR, true, false},
    {"WAF.00010002", ERR_CONFLICT, true, false},
    {"WAF.00011019", ERR_INVALID_CERTIFICATE, false, false},
    {"WAF.00011021", ERR_INVALID_CERTIFICATE, false, false},
};

/* Four shapes: error_code at the top, inside error, error.code with error.message, and a message alone. */
static bool refusal(struct arena *a, long status, const struct json *json, const struct xml *xml,
                    struct refusal *ret)
{
    (void)xml;
    static const char *const codes[] = {"/error_code", "/error/error_code", "/error/code", "/code"};
    static const char *const messages[] = {"/error_msg", "/error/error_msg", "/error/message", "/message"};
    for (size_t i = 0; i < countof(codes) && !*ret->code; i++)
        ret->code = json_text(a, json_at(json, codes[i]), "");
    for (size_t i = 0; i < countof(messages) && !*ret->message; i++)
        ret->message = json_text(a, json_at(json, messages[i]), "");
    ret->request_id = json_text(a, json_at(json, "/request_id"), "");
    bool error = json_at(json, "/error_code") || json_is_object(json_at(json, "/error"));
    return status >= 300 || (error && *ret->code);
}

static const struct call list_auth_domains = {
    .service = "iam",
    .operation = "KeystoneListAuthDomains",
    .method = "GET",
    .host = "iam.myhuaweicloud.com",
    .path = "/v3/auth/domains",
    .version = "",
    .style = CALL_REST_JSON,
};

static bool identify(struct job *job, struct identity *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_auth_domains, "", &answer, err, "{}"))
        return false;
    ret->account_id = json_text(job->arena, json_at(answer.json, "/domains/0/id"), "");
    ret->principal = json_text(job->arena, json_at(answer.json, "/domains/0/name"), "");
    return true;
}

static const struct call *const calls[] = {&list_auth_domains, NULL};

const struct vendor huawei_vendor = {
    .cloud = "huawei",
    .sign = huawei_sign,
    .errors = errors,
    .error_count = countof(errors),
    .site_china = "",
    .site_international = "",
    .refusal = refusal,
    .identify = identify,
    .calls = calls,
};

#include "api/cas/refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *code;
    unsigned status;
    enum err_kind kind;
    const char *message;
} codes[] = {
    {"InvalidAction.NotFound", 404, ERR_NOT_FOUND,
     "Specified api is not found, please check your url and method."},
    {"InvalidVersion", 400, ERR_INPUT, "Specified parameter Version is not valid."},
    {"InvalidAccessKeyId.NotFound", 404, ERR_PERMISSION, "Specified access key is not found."},
    {"InvalidAccessKeyId.Inactive", 400, ERR_PERMISSION, "Specified access key is disabled."},
    {"InvalidTimeStamp.Format", 400, ERR_INPUT, "Specified time stamp or date value is not well formatted."},
    {"InvalidTimeStamp.Expired", 400, ERR_INPUT, "Specified time stamp or date value is expired."},
    {"SignatureNonceUsed", 400, ERR_INPUT, "Specified signature nonce was used already."},
    {"SignatureDoesNotMatch", 400, ERR_PERMISSION,
     "Specified signature is not matched with our calculation."},
    {"InvalidSignatureMethod", 400, ERR_INPUT, "Specified signature method is not valid."},
    {"InvalidParameter.Format", 400, ERR_INPUT, "Specified parameter format is not valid."},
    {"UnsupportedHTTPMethod", 400, ERR_INPUT, "This http method is not supported."},
    {"Throttling.User", 400, ERR_THROTTLED, "Request was denied due to user flow control."},
    {"Forbidden.RAM", 403, ERR_PERMISSION,
     "User not authorized to operate on the specified resource, or this API doesn't support RAM."},
    {"NotFound", 404, ERR_NOT_FOUND, "The specified object does not exist."},
    {"NameRepeat", 400, ERR_CONFLICT, "The certificate name already exists."},
    {"KeyNotMatchCert", 400, ERR_INVALID_CERTIFICATE, "The private key does not match the certificate."},
    {"InvalidParameter.Cert", 400, ERR_INVALID_CERTIFICATE, "The certificate is not valid."},
    {"InvalidCertId.NotFound", 404, ERR_NOT_FOUND, "The specified certificate does not exist."},
    {"InvalidResourceId.NotFound", 404, ERR_NOT_FOUND, "The specified cloud resource does not exist."},
    {"InvalidContactId.NotFound", 404, ERR_NOT_FOUND, "The specified contact does not exist."},
    {"ResourceNotSupportCert", 400, ERR_CONFLICT, "The cloud resource does not take this certificate."},
    {"InvalidParameter", 400, ERR_INPUT, "A specified parameter is not valid."},
    {"InvalidOperation", 400, ERR_CONFLICT, "The state of the object does not allow this."},
    {"QuotaExceeded", 400, ERR_QUOTA, "The deployment quota does not suffice."},
    {"ServiceUnavailable", 503, ERR_NETWORK,
     "The request has failed due to a temporary failure of the server."},
    {"InternalError", 500, ERR_INTERNAL, "The request processing has failed due to some unknown error."},
};

/* What a failure that has none of these codes is called. */
static const char *const code_of_kind[] = {
    [ERR_NONE] = "InternalError",
    [ERR_INPUT] = "InvalidParameter",
    [ERR_CREDENTIAL] = "ServiceUnavailable",
    [ERR_PERMISSION] = "Forbidden.RAM",
    [ERR_THROTTLED] = "Throttling.User",
    [ERR_CONFLICT] = "InvalidOperation",
    [ERR_NOT_FOUND] = "NotFound",
    [ERR_QUOTA] = "QuotaExceeded",
    [ERR_INVALID_CERTIFICATE] = "InvalidParameter.Cert",
    [ERR_TIMEOUT] = "ServiceUnavailable",
    [ERR_NETWORK] = "ServiceUnavailable",
    [ERR_VENDOR] = "ServiceUnavailable",
    [ERR_STORE] = "ServiceUnavailable",
    [ERR_INTERNAL] = "InternalError",
};

static size_t row_of(const char *code)
{
    size_t i = 0;
    while (i < countof(codes) && strcmp(codes[i].code, code) != 0)
        i++;
    return i;
}

static bool set_code(struct err *err, const char *code)
{
    if (err)
        snprintf(err->code, sizeof err->code, "%s", code);
    return false;
}

bool cas_refuse(struct err *err, const char *code)
{
    size_t row = row_of(code);
    if (row == countof(codes))
        row = row_of("InternalError");
    err_set(err, codes[row].kind, "%s", codes[row].message);
    return set_code(err, codes[row].code);
}

bool cas_refuse_saying(struct err *err, const char *code, const char *fmt, ...)
{
    char text[sizeof err->text];
    size_t row = row_of(code);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    err_set(err, row < countof(codes) ? codes[row].kind : ERR_INPUT, "%s", text);
    return set_code(err, code);
}

bool cas_refuse_missing(struct err *err, const char *parameter)
{
    char code[sizeof err->code];
    snprintf(code, sizeof code, "Missing%s", parameter);
    return cas_refuse_saying(err, code, "%s is mandatory for this action.", parameter);
}

bool cas_refuse_invalid(struct err *err, const char *parameter)
{
    char code[sizeof err->code];
    snprintf(code, sizeof code, "Invalid%s", parameter);
    return cas_refuse_saying(err, code, "Specified parameter %s is not valid.", parameter);
}

/* Whether a code without a row names a parameter: MissingStatus, InvalidJobType. */
static bool names_parameter(const struct err *err)
{
    return err->kind == ERR_INPUT &&
           (strncmp(err->code, "Missing", 7) == 0 || strncmp(err->code, "Invalid", 7) == 0);
}

struct cas_problem cas_problem_of(const struct err *err)
{
    size_t row = row_of(err->code);
    if (row == countof(codes) && names_parameter(err))
        return (struct cas_problem){400, err->code, err->text};
    if (row == countof(codes))
        row = row_of(code_of_kind[err->kind]);
    return (struct cas_problem){codes[row].status, codes[row].code,
                                err->text[0] ? err->text : codes[row].message};
}

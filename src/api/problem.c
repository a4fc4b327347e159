#include "api/problem.h"

#include "codec/json_format.h"

static const struct {
    enum err_kind kind;
    unsigned status;
    const char *title;
} statuses[] = {
    {ERR_INPUT, 400, "The request is wrong"},
    {ERR_CREDENTIAL, 422, "The cloud refuses the access's credentials"},
    {ERR_PERMISSION, 403, "Not permitted"},
    {ERR_THROTTLED, 503, "The cloud asks to slow down"},
    {ERR_CONFLICT, 409, "In conflict with what is there"},
    {ERR_NOT_FOUND, 404, "Not found"},
    {ERR_QUOTA, 422, "A quota is used up"},
    {ERR_INVALID_CERTIFICATE, 422, "The certificate does not fit"},
    {ERR_TIMEOUT, 504, "No answer in time"},
    {ERR_NETWORK, 502, "The cloud cannot be reached"},
    {ERR_VENDOR, 502, "The cloud refused"},
    {ERR_STORE, 500, "The store failed"},
    {ERR_INTERNAL, 500, "Internal error"},
    {ERR_NONE, 500, "Internal error"},
};

static size_t row_of(enum err_kind kind)
{
    size_t i = 0;
    while (i + 1 < countof(statuses) && statuses[i].kind != kind)
        i++;
    return i;
}

unsigned problem_status(enum err_kind kind)
{
    return statuses[row_of(kind)].status;
}

char *problem_document(struct arena *a, const struct err *err)
{
    return json_format(
        a, "{'type':'about:blank','title':%s,'status':%u,'detail':%s,'kind':%s,'code':%s,'request_id':%s}",
        statuses[row_of(err->kind)].title, problem_status(err->kind), err->text, err_kind_name(err->kind),
        *err->code ? err->code : NULL, *err->request_id ? err->request_id : NULL);
}

#include "cloud/wire.h"

#include "base/redact.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 64 << 10 };

static bool fits(const char *pattern, const char *code)
{
    size_t size = strlen(pattern);
    if (size > 2 && pattern[0] == '*' && pattern[size - 1] == '*') {
        char word[96];
        snprintf(word, sizeof word, "%.*s", (int)(size - 2), pattern + 1);
        return strstr(code, word) != NULL;
    }
    if (size && pattern[size - 1] == '*')
        return strncmp(pattern, code, size - 1) == 0;
    return strcmp(pattern, code) == 0;
}

static const struct vendor_error *find_error(const struct vendor *v, const char *code)
{
    for (size_t i = 0; *code && i < v->error_count; i++)
        if (fits(v->errors[i].code, code))
            return &v->errors[i];
    return NULL;
}

/* What a status says when the code says nothing to us. */
static struct vendor_error by_status(long status)
{
    static const struct {
        long status;
        struct vendor_error meaning;
    } table[] = {
        {401, {"", ERR_CREDENTIAL, false, false}}, {403, {"", ERR_PERMISSION, false, false}},
        {404, {"", ERR_NOT_FOUND, false, false}},  {409, {"", ERR_CONFLICT, true, false}},
        {429, {"", ERR_THROTTLED, true, false}},
    };
    for (size_t i = 0; i < countof(table); i++)
        if (table[i].status == status)
            return table[i].meaning;
    return (struct vendor_error){"", ERR_VENDOR, status >= 500, false};
}

/* A code or an id is a word; anything else in it is somebody's text. */
static void copy_word(struct arena *a, char *out, size_t size, const char *text,
                      const struct secret *const *secrets, size_t secret_count)
{
    const char *clean = redact_text(a, arena_copy(a, text, strnlen(text, 256)), secrets, secret_count);
    size_t used = 0;
    for (; *clean && used + 1 < size; clean++)
        out[used++] = strchr(" \t\r\n\"<>{}", *clean) ? '_' : *clean;
    out[used] = '\0';
}

static int64_t retry_after_ms(const struct http_answer *http)
{
    const char *seconds = http_answer_header(http, "retry-after");
    const char *ms = http_answer_header(http, "x-acs-retry-after");
    long value = seconds ? strtol(seconds, NULL, 10) * 1000 : ms ? strtol(ms, NULL, 10) : 0;
    return value < 0 ? 0 : value > 120000 ? 120000 : value;
}

/* An answer in neither of the two languages comes from something in between: whether the cloud acted is unknown. */
static bool parse(struct arena *a, const struct call *call, const struct http_answer *http,
                  struct answer *ret)
{
    bool oss = call->style == CALL_OSS, wants_xml = oss || call->style == CALL_AWS_QUERY ||
                                                    call->style == CALL_AWS_EC2 ||
                                                    call->style == CALL_AWS_REST_XML;
    const char *first = http->body + strspn(http->body, " \t\r\n");
    if (!*first)
        return http->status == 204 || (oss && call->write && http->status < 300) ||
               (!wants_xml && (call->write || http->status >= 300));
    if (*first == '<' && (wants_xml || http->status >= 400))
        return xml_parse(a, http->body, http->body_size, &ret->xml, NULL);
    return (!wants_xml || http->status >= 400) &&
           json_parse(a, http->body, http->body_size, &ret->json, NULL) &&
           (json_is_object(ret->json) || json_is_array(ret->json));
}

static bool set_refusal(struct arena *a, const struct call *call, const struct http_answer *http,
                        const struct vendor_error *meaning, const struct refusal *refusal,
                        const struct secret *const *secrets, size_t secret_count, struct err *err)
{
    char code[96], id[64];
    copy_word(a, code, sizeof code, refusal->code, secrets, secret_count);
    copy_word(a, id, sizeof id, refusal->request_id, secrets, secret_count);
    const char *message = arena_copy(a, refusal->message, strnlen(refusal->message, MESSAGE_BYTES));
    message = redact_text(a, message, secrets, secret_count);
    if (*code)
        err_set(err, meaning->kind, "%s: %s (%.380s)", call->operation, code, message);
    else
        err_set(err, meaning->kind, "%s: HTTP %ld%s%.380s", call->operation, http->status,
                *message ? ", " : "", message);
    if (!err)
        return false;
    err->transient = meaning->transient;
    err->retry_after_ms = retry_after_ms(http);
    memcpy(err->code, code, sizeof code);
    memcpy(err->request_id, id, sizeof id);
    return false;
}

bool wire_judge(struct arena *a, const struct vendor *vendor, const struct call *call,
                const struct http_answer *http, const struct secret *const *secrets, size_t secret_count,
                struct answer *ret, bool *ret_clock, struct err *err)
{
    struct answer answer = {.status = http->status, .text = http->body, .size = http->body_size};
    const char *etag = http_answer_header(http, "etag");
    answer.etag = etag ? etag : "";
    *ret_clock = false;
    bool readable = parse(a, call, http, &answer);
    struct refusal refusal = {"", "", ""};
    if (!readable && http->status < 300) {
        err_set(err, ERR_VENDOR,
                "%s: an answer that is neither JSON nor XML as documented (HTTP %ld, %zu bytes)",
                call->operation, http->status, http->body_size);
        if (err)
            err->transient = true;
        return false;
    }
    bool refused = readable && vendor->refusal(a, http->status, answer.json, answer.xml, &refusal);
    if (!refused && http->status >= 200 && http->status < 300) {
        if (call->style == CALL_TC3)
            answer.json = json_at(answer.json, "/Response");
        *ret = answer;
        return true;
    }
    const struct vendor_error *known = find_error(vendor, refusal.code);
    struct vendor_error guess = by_status(http->status);
    /* A proxy's 401 or 404 is not the cloud's, and a cut answer may have been about anything. */
    if (!readable && guess.kind != ERR_THROTTLED)
        guess = (struct vendor_error){"", ERR_VENDOR, true, false};
    /* Some say "bad certificate" of one that is not there; the status is the more exact then. */
    if (known && known->kind == ERR_INVALID_CERTIFICATE && guess.kind == ERR_NOT_FOUND)
        known = NULL;
    const struct vendor_error *meaning = known ? known : &guess;
    *ret_clock = meaning->clock;
    return set_refusal(a, call, http, meaning, &refusal, secrets, secret_count, err);
}

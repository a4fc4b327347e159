#include "cloud/record.h"

#include "base/redact.h"
#include "cloud/vendor.h"
#include <string.h>

static const char begins[] = "-----BEGIN CERTIFICATE-----", ends[] = "-----END CERTIFICATE-----";

/* A PEM block as it stands in JSON or XML, with its line ends as they were. */
static char *unescaped(struct arena *a, const char *text, size_t size)
{
    static const char *const breaks[] = {"\\r", "\\n", "&#xA;", "&#xD;", "&#10;", "&#13;"};
    char *out = arena_alloc(a, size + 1), *end = out;
    for (size_t i = 0; i < size;) {
        size_t k = 0;
        while (k < countof(breaks) && strncmp(text + i, breaks[k], strlen(breaks[k])) != 0)
            k++;
        if (k < countof(breaks)) {
            *end++ = '\n';
            i += strlen(breaks[k]);
        } else if (text[i] == '\\')
            i++; /* of "\/" */
        else
            *end++ = text[i++];
    }
    *end = 0;
    return out;
}

/* The text with a fingerprint in the place of each certificate; what cannot be read is left to the redactor. */
static char *without_certificates(struct arena *a, const char *text)
{
    struct buf out = buf_new(a, strlen(text) + 1);
    const char *begin;
    while ((begin = strstr(text, begins))) {
        const char *end = strstr(begin, ends);
        struct bound b = {.slot = ""};
        if (!end)
            break;
        end += strlen(ends);
        buf_add(&out, text, (size_t)(begin - text));
        if (bound_of_pem(a, unescaped(a, begin, (size_t)(end - begin)), &b))
            buf_printf(&out, "certificate sha256:%s", b.fingerprint);
        else
            buf_add(&out, begin, (size_t)(end - begin));
        text = end;
    }
    buf_puts(&out, text);
    return out.data;
}

void record_add(struct record *r, const struct call *call, const char *region, const struct http_answer *http,
                const struct secret *const *secrets, size_t secret_count)
{
    struct recorded one = {.call = call,
                           .region = arena_strdup(r->arena, region),
                           .status = http->status,
                           .body = ""};
    if (r->count >= RECORD_ANSWERS_MAX)
        return;
    if (call->private_answer)
        one.left_out = "it may hold private keys";
    else if (http->body_size > RECORD_BODY_BYTES || r->bytes + http->body_size > RECORD_BYTES)
        one.left_out = arena_printf(r->arena, "it has %zu bytes", http->body_size);
    else {
        cleanup(arena_free_p) struct arena *hidden = arena_new_secret(64 << 20);
        one.body = redact_text(r->arena, without_certificates(hidden, http->body), secrets, secret_count);
        r->bytes += strlen(one.body);
    }
    *(struct recorded *)arena_push(r->arena, (void **)&r->answers, &r->count, &r->capacity, sizeof one) = one;
}

char *record_json(struct arena *a, const struct record *r)
{
    struct buf out = buf_new(a, 4 * RECORD_BYTES);
    struct json_writer w = json_writer_to(&out);
    json_open_array(&w);
    for (size_t i = 0; i < r->count; i++) {
        const struct recorded *one = &r->answers[i];
        const struct json *body = NULL;
        bool is_json = *one->body && json_parse(a, one->body, strlen(one->body), &body, NULL);
        json_open_object(&w);
        json_member_string(&w, "service", one->call->service);
        json_member_string(&w, "operation", one->call->operation);
        json_member_string(&w, "version", one->call->version);
        json_member_string(&w, "method", one->call->method);
        json_member_string(&w, "path", one->call->path);
        json_member_string(&w, "region", one->region);
        json_member_int(&w, "status", one->status);
        if (is_json)
            json_member_raw(&w, "body", json_dump(a, body));
        else
            json_member_string(&w, "body", one->body);
        json_member_string(&w, "left_out", one->left_out);
        json_close_object(&w);
    }
    json_close_array(&w);
    return out.full ? arena_strdup(a, "[]") : out.data;
}

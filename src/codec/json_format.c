#include "codec/json_format.h"

#include "base/utf8.h"
#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { NO_LIMIT = INT32_MAX }; /* the arena's maximum is the limit */

static void put_quoted(struct buf *b, const char *text)
{
    static const char *const short_escapes[0x20] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r",
    };
    size_t left = strlen(text);
    buf_putc(b, '"');
    while (left) {
        size_t size = utf8_size(text, left);
        unsigned char c = (unsigned char)*text;
        if (!size)
            buf_putc(b, '?');
        else if (c < 0x20 && short_escapes[c])
            buf_puts(b, short_escapes[c]);
        else if (c < 0x20)
            buf_printf(b, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            buf_printf(b, "\\%c", c);
        else
            buf_add(b, text, size);
        text += size ? size : 1;
        left -= size ? size : 1;
    }
    buf_putc(b, '"');
}

static void put_string(struct buf *b, const char *text)
{
    if (text)
        put_quoted(b, text);
    else
        buf_puts(b, "null");
}

/* Reads the next argument as the conversion at `spec` (after the percent sign) says and appends it. Returns the length
 * of the conversion.
 */
static size_t put_argument(struct buf *b, const char *spec, va_list *args)
{
    if (spec[0] == '%')
        return buf_putc(b, '%'), 1;
    if (spec[0] == 's')
        return put_string(b, va_arg(*args, const char *)), 1;
    if (spec[0] == 'p') {
        const char *json = va_arg(*args, const char *);
        return buf_puts(b, json ? json : "null"), 1;
    }
    if (spec[0] == 'd')
        return buf_printf(b, "%d", va_arg(*args, int)), 1;
    if (spec[0] == 'u')
        return buf_printf(b, "%u", va_arg(*args, unsigned)), 1;
    if (strncmp(spec, "ld", 2) == 0)
        return buf_printf(b, "%ld", va_arg(*args, long)), 2;
    if (strncmp(spec, "lu", 2) == 0)
        return buf_printf(b, "%lu", va_arg(*args, unsigned long)), 2;
    if (strncmp(spec, "zu", 2) == 0)
        return buf_printf(b, "%zu", va_arg(*args, size_t)), 2;
    if (strncmp(spec, "lld", 3) == 0)
        return buf_printf(b, "%lld", va_arg(*args, long long)), 3;
    assert(strncmp(spec, "llu", 3) == 0); /* the last one there is */
    return buf_printf(b, "%llu", va_arg(*args, unsigned long long)), 3;
}

char *json_vformat(struct arena *a, const char *template, va_list args)
{
    struct buf out = buf_new(a, NO_LIMIT);
    va_list rest;
    va_copy(rest, args);
    for (const char *p = template; *p; p++) {
        if (*p == '%')
            p += put_argument(&out, p + 1, &rest);
        else
            buf_putc(&out, *p == '\'' ? '"' : *p);
    }
    va_end(rest);
    return out.data;
}

char *json_format(struct arena *a, const char *template, ...)
{
    va_list args;
    va_start(args, template);
    char *text = json_vformat(a, template, args);
    va_end(args);
    return text;
}

const char *json_boolean(bool value)
{
    return value ? "true" : "false";
}

char *json_strings(struct arena *a, const char *const *texts, size_t count)
{
    struct buf out = buf_new(a, NO_LIMIT);
    buf_putc(&out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_putc(&out, ',');
        put_string(&out, texts[i]);
    }
    buf_putc(&out, ']');
    return out.data;
}

struct json_writer json_writer_to(struct buf *buf)
{
    return (struct json_writer){.buf = buf};
}

/* What stands before a value or a name; from now on a comma is due. */
static void begin(struct json_writer *w)
{
    assert(w->depth || !w->comma); /* a second value outside of everything */
    if (w->comma)
        buf_putc(w->buf, ',');
    w->comma = true;
}

static void open_with(struct json_writer *w, char bracket)
{
    begin(w);
    buf_putc(w->buf, bracket);
    w->depth++;
    w->comma = false;
}

static void close_with(struct json_writer *w, char bracket)
{
    assert(w->depth);
    buf_putc(w->buf, bracket);
    w->depth--;
    w->comma = true;
}

void json_open_object(struct json_writer *w)
{
    open_with(w, '{');
}

void json_close_object(struct json_writer *w)
{
    close_with(w, '}');
}

void json_open_array(struct json_writer *w)
{
    open_with(w, '[');
}

void json_close_array(struct json_writer *w)
{
    close_with(w, ']');
}

void json_key(struct json_writer *w, const char *name)
{
    assert(w->depth);
    begin(w);
    put_quoted(w->buf, name);
    buf_putc(w->buf, ':');
    w->comma = false;
}

void json_put_string(struct json_writer *w, const char *text)
{
    begin(w);
    put_string(w->buf, text);
}

void json_put_int(struct json_writer *w, int64_t value)
{
    begin(w);
    buf_printf(w->buf, "%lld", (long long)value);
}

void json_put_bool(struct json_writer *w, bool value)
{
    json_put_raw(w, json_boolean(value));
}

void json_put_null(struct json_writer *w)
{
    json_put_raw(w, "null");
}

void json_put_raw(struct json_writer *w, const char *json)
{
    begin(w);
    buf_puts(w->buf, json ? json : "null");
}

void json_member_string(struct json_writer *w, const char *name, const char *text)
{
    json_key(w, name);
    json_put_string(w, text);
}

void json_member_int(struct json_writer *w, const char *name, int64_t value)
{
    json_key(w, name);
    json_put_int(w, value);
}

void json_member_bool(struct json_writer *w, const char *name, bool value)
{
    json_key(w, name);
    json_put_bool(w, value);
}

void json_member_raw(struct json_writer *w, const char *name, const char *json)
{
    json_key(w, name);
    json_put_raw(w, json);
}

/* Whether the word is one of the list; what follows a bracket is not of the name. */
static bool is_named(const char *names, const char *word)
{
    size_t length = strlen(word);
    for (size_t size; *names; names += size + strspn(names + size, " ")) {
        size = strcspn(names, " ");
        if (strcspn(names, " [") == length && memcmp(names, word, length) == 0)
            return true;
    }
    return false;
}

static char *members_where(struct arena *a, const struct json *v, const char *names, bool named)
{
    struct buf out = buf_new(a, JSON_MAX_BYTES);
    struct json_writer w = json_writer_to(&out);
    const struct json *value;
    const char *name;
    json_open_object(&w);
    for (size_t i = 0; json_member(v, i, &name, &value); i++)
        if (is_named(names, name) == named && !json_is_null(value))
            json_member_raw(&w, name, json_dump(a, value));
    json_close_object(&w);
    return out.full ? arena_strdup(a, "{}") : out.data;
}

char *json_only(struct arena *a, const struct json *v, const char *names)
{
    return members_where(a, v, names, true);
}

char *json_without(struct arena *a, const struct json *v, const char *names)
{
    return members_where(a, v, names, false);
}

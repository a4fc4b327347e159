#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/redact.h"
#include "base/utf8.h"
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

enum { FIELD_BYTES = 300, TEXT_BYTES = 1 << 16 };

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static enum log_level threshold = LOG_INFO; /* written once by main before other threads start */

static enum log_format format = LOG_LOGFMT; /* as the above */

void log_set_format(enum log_format wanted)
{
    format = wanted;
}

void log_set_level(enum log_level level)
{
    threshold = level;
}

bool log_wants(enum log_level level)
{
    return level >= threshold;
}

bool log_level_parse(const char *name, enum log_level *ret, struct err *err)
{
    for (size_t i = 0; i < countof(level_names); i++)
        if (strcmp(name, level_names[i]) == 0) {
            *ret = (enum log_level)i;
            return true;
        }
    return err_set(err, ERR_INPUT, "\"%.20s\" is no log level: debug, info, warning or error", name);
}

/* Appends text as a JSON string that ends before the line has max bytes, never inside a character. */
static void put_quoted(struct buf *b, const char *text, size_t max)
{
    size_t left = strlen(text), size;
    buf_putc(b, '"');
    for (; left && b->size + 8 < max; text += size, left -= size) {
        size = utf8_size(text, left);
        if (!size) {
            buf_putc(b, '?');
            size = 1;
        } else if (*text == '"' || *text == '\\') {
            buf_printf(b, "\\%c", *text);
        } else if (size == 1 && ((unsigned char)*text < 0x20 || *text == 0x7F)) {
            buf_printf(b, "\\u%04x", (unsigned)(unsigned char)*text);
        } else {
            buf_add(b, text, size);
        }
    }
    buf_putc(b, '"');
}

/* Whether it can stand in logfmt as it is. */
static bool is_bare(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/+@*,");
    return size && !text[size];
}

static void put_name(struct buf *b, const char *name, size_t end)
{
    if (format == LOG_LOGFMT) {
        buf_printf(b, " %s=", name);
        return;
    }
    buf_putc(b, ',');
    put_quoted(b, name, end);
    buf_putc(b, ':');
}

/* A value of at most about max_bytes; a field that finds no room is left out. */
static void put_field(struct buf *b, const char *name, const char *value, size_t max_bytes)
{
    size_t end = size_min(b->size + strlen(name) + max_bytes, LOG_LINE_BYTES - 8);
    if (!value || !*value || b->size + strlen(name) + 32 > end)
        return;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    put_name(b, name, end);
    const char *text = redact_text(a, value, NULL, 0);
    if (format == LOG_LOGFMT && is_bare(text) && b->size + strlen(text) + 8 < end)
        buf_puts(b, text);
    else
        put_quoted(b, text, end);
}

static void put_line(enum log_level level, const struct log_ctx *ctx, const char *event,
                     const struct err *err, const char *text)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 18);
    struct buf line = buf_new(a, LOG_LINE_BYTES);
    buf_printf(&line,
               format == LOG_JSON ? "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%.64s\""
                                  : "time=%s level=%s event=%.64s",
               time_iso(a, clock_wall_ms(&clock_system)), level_names[level], event);
    for (; ctx; ctx = ctx->parent)
        put_field(&line, ctx->name, ctx->value, FIELD_BYTES);
    if (err) {
        put_field(&line, "kind", err_kind_name(err->kind), FIELD_BYTES);
        put_field(&line, "code", err->code, FIELD_BYTES);
        put_field(&line, "request_id", err->request_id, FIELD_BYTES);
    }
    put_field(&line, "text", text, LOG_LINE_BYTES);
    buf_puts(&line, format == LOG_JSON ? "}\n" : "\n");
    ssize_t ignored = write(STDERR_FILENO, line.data, line.size); /* one write: lines of threads do not mix */
    (void)ignored;
}

void log_write(enum log_level level, const struct log_ctx *ctx, const char *event, const char *fmt, ...)
{
    if (!log_wants(level))
        return;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    struct buf text = buf_new(a, TEXT_BYTES);
    va_list args;
    va_start(args, fmt);
    buf_vprintf(&text, fmt, args);
    va_end(args);
    put_line(level, ctx, event, NULL, text.data);
}

void log_err(enum log_level level, const struct log_ctx *ctx, const char *event, const struct err *err)
{
    if (log_wants(level))
        put_line(level, ctx, event, err, err->text);
}

#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/redact.h"
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static enum log_level threshold = LOG_INFO; /* written once by main before other threads start */

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

static void put_quoted(struct buf *b, const char *text)
{
    buf_putc(b, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_printf(b, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7F)
            buf_printf(b, "\\u%04x", *p);
        else
            buf_putc(b, (char)*p);
    }
    buf_putc(b, '"');
}

static void put_field(struct buf *b, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    buf_putc(b, ',');
    put_quoted(b, name);
    buf_putc(b, ':');
    put_quoted(b, value);
}

static void put_line(enum log_level level, const struct log_ctx *ctx, const char *event,
                     const struct err *err, const char *text)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 18);
    struct buf line = buf_new(a, LOG_LINE_BYTES);
    buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"",
               time_iso(a, clock_wall_ms(&clock_system)), level_names[level], event);
    for (; ctx; ctx = ctx->parent)
        put_field(&line, ctx->name, ctx->value);
    if (err) {
        put_field(&line, "kind", err_kind_name(err->kind));
        put_field(&line, "code", err->code);
        put_field(&line, "request_id", err->request_id);
    }
    size_t room = LOG_LINE_BYTES > line.size + 64 ? (LOG_LINE_BYTES - line.size - 64) / 6
                                                  : 0; /* six: every byte escaped */
    put_field(&line, "text", arena_printf(a, "%.*s", (int)room, redact_text(a, text, NULL, 0)));
    line.full = false;
    line.max = LOG_LINE_BYTES + 2;
    buf_puts(&line, "}\n");
    ssize_t ignored = write(STDERR_FILENO, line.data, line.size); /* one write: lines of threads do not mix */
    (void)ignored;
}

void log_write(enum log_level level, const struct log_ctx *ctx, const char *event, const char *fmt, ...)
{
    if (!log_wants(level))
        return;
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    struct buf text = buf_new(a, 1 << 16);
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

/* log.h - one line per event on standard error: logfmt (time=... level=info event=task.start task=12 text="..."), or JSON.
 *
 * A log context is a chain of fields: every line below a context carries its fields (request, task, deployment,
 * access), so that one line can be read alone. Contexts live on the stack of whoever made them and are only read.
 * Safe from any thread. Values are escaped; a line longer than LOG_LINE_BYTES is cut. A secret has no printable form,
 * and every line passes the redactor's pattern for private key blocks.
 * Library code returns errors and does not log them; the top of a job, a request and main do.
 */
#pragma once
#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

enum { LOG_LINE_BYTES = 4096 };

struct log_ctx {
    const struct log_ctx *parent; /* NULL: none */
    const char *name;             /* "task" */
    const char *value;
};

enum log_format { LOG_LOGFMT, LOG_JSON };

/* Default LOG_LOGFMT. Set once, by main. */
void log_set_format(enum log_format format);

/* Lines below this level are not written. Default LOG_INFO. Set once, by main. */
void log_set_level(enum log_level level);
bool log_wants(enum log_level level);

/* Reads "debug", "info", "warning" or "error". */
must_use bool log_level_parse(const char *name, enum log_level *ret, struct err *err);

/* event is a dotted constant such as "task.start"; fmt makes the line's "text" and may be "". ctx may be NULL. */
void log_write(enum log_level level, const struct log_ctx *ctx, const char *event, const char *fmt, ...)
    like_printf(4, 5);

/* One line with the err's kind, code, request id and text. */
void log_err(enum log_level level, const struct log_ctx *ctx, const char *event, const struct err *err);

#define log_debug(ctx, event, ...)                                                                           \
    (log_wants(LOG_DEBUG) ? log_write(LOG_DEBUG, (ctx), (event), __VA_ARGS__) : (void)0)
#define log_info(ctx, event, ...) log_write(LOG_INFO, (ctx), (event), __VA_ARGS__)
#define log_warn(ctx, event, ...) log_write(LOG_WARNING, (ctx), (event), __VA_ARGS__)

/* buf.h - text or bytes that grow, up to a maximum given at birth.
 *
 * A buf lives in an arena. Running into its maximum sets `full` and drops what did not fit; whoever sends or stores
 * the content checks `full` once, at the end. The content is always NUL-terminated.
 */
#pragma once
#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *data;  /* never NULL */
    size_t size; /* without the NUL */
    size_t capacity, max;
    bool full;
};

struct buf buf_new(struct arena *a, size_t max_bytes);
void buf_add(struct buf *b, const void *data, size_t size);
void buf_puts(struct buf *b, const char *text);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) like_printf(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list args) like_printf(2, 0);

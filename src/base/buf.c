#include "base/buf.h"

#include <stdio.h>
#include <string.h>

static char empty[1];

struct buf buf_new(struct arena *a, size_t max_bytes)
{
    return (struct buf){.arena = a, .data = empty, .max = max_bytes};
}

static bool reserve(struct buf *b, size_t more)
{
    if (b->full || more > b->max - b->size) {
        b->full = true;
        return false;
    }
    if (b->size + more + 1 <= b->capacity)
        return true;
    size_t want = b->capacity ? b->capacity * 2 : 256;
    while (want < b->size + more + 1)
        want *= 2;
    want = size_min(want, b->max + 1);
    char *moved = arena_alloc(b->arena, want);
    memcpy(moved, b->data, b->size);
    b->data = moved;
    b->capacity = want;
    return true;
}

void buf_add(struct buf *b, const void *data, size_t size)
{
    if (!size || !reserve(b, size))
        return;
    memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

void buf_puts(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, args);
    if (length > 0 && reserve(b, (size_t)length)) {
        vsnprintf(b->data + b->size, (size_t)length + 1, fmt, again);
        b->size += (size_t)length;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_vprintf(b, fmt, args);
    va_end(args);
}

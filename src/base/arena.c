#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ONE_MALLOC_EACH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_MALLOC_EACH 1
#endif
#endif
#ifndef ONE_MALLOC_EACH
#define ONE_MALLOC_EACH 0
#endif

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct block {
    struct block *next;
    size_t size, used; /* of data */
    _Alignas(max_align_t) char data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *);
    void *data;
};

struct arena {
    struct block *blocks; /* newest first; only the newest is filled */
    struct deferred *deferred;
    size_t used, max, next_block;
    bool secret;
};

static _Noreturn void die(const char *what, size_t size, size_t max)
{
    fprintf(stderr, "certferry: %s: %zu bytes wanted, limit %zu\n", what, size, max);
    abort();
}

static struct arena *new_arena(size_t max_bytes, bool secret)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a)
        die("out of memory", sizeof *a, max_bytes);
    a->max = max_bytes;
    a->secret = secret;
    a->next_block = FIRST_BLOCK;
    return a;
}

struct arena *arena_new(size_t max_bytes)
{
    return new_arena(max_bytes, false);
}

struct arena *arena_new_secret(size_t max_bytes)
{
    return new_arena(max_bytes, true);
}

void arena_reset(struct arena *a)
{
    while (a->deferred) {
        struct deferred *first = a->deferred;
        a->deferred = first->next;
        first->fn(first->data);
    }
    while (a->blocks) {
        struct block *block = a->blocks;
        a->blocks = block->next;
        if (a->secret)
            explicit_bzero(block->data, block->used);
        free(block);
    }
    a->used = 0;
    a->next_block = FIRST_BLOCK;
}

struct arena *arena_free(struct arena *a)
{
    if (a) {
        arena_reset(a);
        free(a);
    }
    return NULL;
}

void arena_free_p(struct arena **a)
{
    *a = arena_free(*a);
}

static struct block *add_block(struct arena *a, size_t size)
{
    struct block *block = calloc(1, sizeof *block + size);
    if (!block)
        die("out of memory", size, a->max);
    block->size = size;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > a->max - a->used)
        die("arena is full", size, a->max);
    size_t rounded = size ? (size + align - 1) / align * align : align;
    a->used += size_min(rounded, a->max - a->used);
    struct block *block = a->blocks;
    if (ONE_MALLOC_EACH) {
        block = add_block(a, size ? size : 1);
        block->used = block->size;
        return block->data;
    }
    if (!block || block->size - block->used < rounded) {
        size_t want = rounded > a->next_block ? rounded : a->next_block;
        block = add_block(a, want);
        a->next_block = size_min(a->next_block * 2, LARGEST_BLOCK);
    }
    void *data = block->data + block->used;
    block->used += rounded;
    return data;
}

void *arena_alloc_array(struct arena *a, size_t size, size_t count)
{
    size_t total;
    if (__builtin_mul_overflow(size, count, &total))
        die("array is too large", count, a->max);
    return arena_alloc(a, total);
}

char *arena_copy(struct arena *a, const void *data, size_t size)
{
    char *copy = arena_alloc(a, size + 1);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *arena_strdup(struct arena *a, const char *text)
{
    return text ? arena_copy(a, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, args);
    if (length < 0)
        die("bad format", 0, 0);
    char *text = arena_alloc(a, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, fmt, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = arena_vprintf(a, fmt, args);
    va_end(args);
    return text;
}

void *arena_push(struct arena *a, void **items, size_t *count, size_t *capacity, size_t size)
{
    if (*count == *capacity) {
        size_t more = *capacity ? *capacity * 2 : 8;
        void *moved = arena_alloc_array(a, size, more);
        if (*count)
            memcpy(moved, *items, *count * size);
        *items = moved;
        *capacity = more;
    }
    return (char *)*items + (*count)++ * size;
}

void arena_defer(struct arena *a, void (*fn)(void *data), void *data)
{
    struct deferred *entry = arena_make(a, struct deferred);
    *entry = (struct deferred){.next = a->deferred, .fn = fn, .data = data};
    a->deferred = entry;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

/* arena.h - memory belongs to a scope: a request, a job, one attempt.
 *
 * Everything allocated from an arena goes when the arena does; nobody frees. An arena has one owner thread at a
 * time and a maximum from birth; running into it, or out of memory, ends the process with a message (the deployment
 * journal makes that safe), so inputs are limited before they are copied. Allocations are zeroed.
 * A secret arena wipes every block before giving it back.
 * Under AddressSanitizer each allocation is a malloc of its own, so that an overrun is seen.
 */
#pragma once
#include "base/base.h"
#include <stdarg.h>

struct arena;

enum {
    ARENA_JOB_BYTES = 64 << 20
}; /* the default maximum: one answer of 8 MiB, parsed, and what is made of it */

/* A new empty arena of at most max_bytes. Costs nothing until used. */
struct arena *arena_new(size_t max_bytes);
struct arena *arena_new_secret(size_t max_bytes);

/* Runs the deferred functions, newest first, and gives all memory back. Accepts NULL; returns NULL. */
struct arena *arena_free(struct arena *a);
void arena_free_p(struct arena **a); /* for cleanup() */

/* Empties the arena as arena_free does, but leaves it usable. */
void arena_reset(struct arena *a);

/* Zeroed memory, aligned for any type up to max_align_t. Never NULL; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
#define arena_make(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, count) ((type *)arena_alloc_array((a), sizeof(type), (count)))
void *arena_alloc_array(struct arena *a, size_t size, size_t count);

char *arena_copy(struct arena *a, const void *data, size_t size); /* adds a NUL after the copy */
char *arena_strdup(struct arena *a, const char *text);            /* NULL gives NULL */
char *arena_printf(struct arena *a, const char *fmt, ...) like_printf(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list args) like_printf(2, 0);

/* Grows an array by doubling: makes room for one more element of `size` bytes after *count, moving *items when
 * needed, and returns the new zeroed element. *capacity is the caller's to keep and begins as 0.
 */
void *arena_push(struct arena *a, void **items, size_t *count, size_t *capacity, size_t size);

/* Runs fn(data) when the arena ends: how memory of a library ends with the scope. */
void arena_defer(struct arena *a, void (*fn)(void *data), void *data);

/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

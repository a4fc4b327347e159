/* fuzz.h - what every fuzz target is made of: one function that libFuzzer or replay.c calls, and checks that abort.
 *
 * A target that takes several texts reads them from the lines of its input, the last from all that is left.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that must hold for every input. */
#define must(condition) ((condition) ? (void)0 : abort())

/* The next line, without its end; also cut short at a NUL byte. Moves data and size behind it. */
static inline char *fuzz_line(struct arena *a, const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
    size_t line = end ? (size_t)(end - *data) : *size;
    char *text = arena_copy(a, *data, line);
    *data += line + (end != NULL);
    *size -= line + (end != NULL);
    return text;
}

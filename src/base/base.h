/* base.h - the few attributes and macros that every file uses. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_use __attribute__((warn_unused_result))
#define like_printf(f, a) __attribute__((format(printf, f, a)))
#define cleanup(fn) __attribute__((cleanup(fn)))
#define countof(array) (sizeof(array) / sizeof *(array))

/* Ownership moves visibly: returns the value and leaves NULL behind, so that a cleanup attribute has nothing to do. */
#define take(pointer)                                                                                        \
    ({                                                                                                       \
        __typeof__(pointer) taken_ = (pointer);                                                              \
        (pointer) = NULL;                                                                                    \
        taken_;                                                                                              \
    })

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline int64_t int64_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t int64_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

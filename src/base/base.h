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

static inline int int64_order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The same for qsort and bsearch. */
static inline int int64_compare(const void *left, const void *right)
{
    return int64_order(*(const int64_t *)left, *(const int64_t *)right);
}

/* The value of a hexadecimal digit of either case; -1: it is none. */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

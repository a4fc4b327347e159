/* limit.h - how often a key may call (R143): a bucket for each key and operation, as large as a second's worth. */
#pragma once
#include "base/err.h"

struct cas_limit;

struct cas_limit *cas_limit_new(void);
struct cas_limit *cas_limit_free(struct cas_limit *limit); /* accepts NULL; returns NULL */

/* Takes one; false: none is left, and *ret_wait_ms says when one will be. Any thread. */
bool cas_limit_take(struct cas_limit *limit, int64_t subject, size_t operation, unsigned per_second,
                    int64_t now_ms, int64_t *ret_wait_ms);

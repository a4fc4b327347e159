/* waves.h - how far a task goes at first: a canary, then further waves, then the rest.
 *
 * A wave is a number of resources ("20") or a share of all ("5%"). The first takes one resource of each product and
 * access before it takes second ones; what is bound already proves nothing and comes last. All slots of a resource go
 * with the same wave.
 */
#pragma once
#include "store/task.h"

enum { WAVES_MAX = 16 };

struct wave_size {
    int64_t number; /* of resources, or percent */
    bool share;
};

must_use bool wave_size_parse(const char *text, struct wave_size *ret, struct err *err);

/* The wave of each row, from 1 on, into ret; 0 for rows that are not planned. The rest is one more wave. */
void waves_assign(struct arena *a, const struct deployment_row *rows, size_t count,
                  const struct wave_size *sizes, size_t size_count, int64_t *ret);

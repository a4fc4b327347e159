/* histogram.h - how long things took: counts below fixed bounds, as Prometheus wants them. Not safe from several threads. */
#pragma once
#include "base/buf.h"

enum { HISTOGRAM_BOUNDS = 12 };

struct histogram {
    int64_t counts[HISTOGRAM_BOUNDS + 1]; /* the last is of what took longer */
    int64_t sum_ms;
};

void histogram_add(struct histogram *h, int64_t took_ms);

/* Appends the lines of one series in seconds; labels without braces, "" for none: cloud="aws",action="List". */
void histogram_put(struct buf *b, const char *name, const char *labels, const struct histogram *h);

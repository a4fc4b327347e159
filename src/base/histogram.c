#include "base/histogram.h"

static const int64_t bounds_ms[HISTOGRAM_BOUNDS] = {1,   5,   10,   25,   50,    100,
                                                    250, 500, 1000, 2500, 10000, 30000};

void histogram_add(struct histogram *h, int64_t took_ms)
{
    size_t i = 0;
    while (i < HISTOGRAM_BOUNDS && took_ms > bounds_ms[i])
        i++;
    h->counts[i]++;
    h->sum_ms += int64_max(took_ms, 0);
}

void histogram_put(struct buf *b, const char *name, const char *labels, const struct histogram *h)
{
    int64_t count = 0;
    const char *comma = *labels ? "," : "", *open = *labels ? "{" : "", *close = *labels ? "}" : "";
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        count += h->counts[i];
        buf_printf(b, "%s_bucket{%s%sle=\"%g\"} %lld\n", name, labels, comma, (double)bounds_ms[i] / 1000,
                   (long long)count);
    }
    count += h->counts[HISTOGRAM_BOUNDS];
    buf_printf(b, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", name, labels, comma, (long long)count);
    buf_printf(b, "%s_sum%s%s%s %.3f\n", name, open, labels, close, (double)h->sum_ms / 1000);
    buf_printf(b, "%s_count%s%s%s %lld\n", name, open, labels, close, (long long)count);
}

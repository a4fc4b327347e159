/* window.h - maintenance windows: "Sat,Sun 02:00-05:00", "Mon-Fri 22:00-04:00", "02:00-05:00" every day.
 *
 * Days and times are local ones of a zone. A window that ends before it begins goes on into the next day; the day it is
 * named by is that of its beginning. What clocks that are set forward or back do to a time is zone.h's.
 */
#pragma once
#include "base/zone.h"

enum { WINDOWS_MAX = 16, WINDOW_BYTES = 64 };

struct window {
    unsigned days;    /* bit 0: Sunday */
    int64_t from_min; /* of the day */
    int64_t to_min;   /* of the day it began on: up to 48 h */
};

must_use bool window_parse(const char *text, struct window *ret, struct err *err);

struct window_state {
    bool open;
    int64_t until_ms; /* where open */
    int64_t next_ms;  /* where shut: when the next one opens; 0: none does within three weeks */
};
/* count 0: always open. */
void windows_at(const struct zone *z, const struct window *windows, size_t count, int64_t now_ms,
                struct window_state *ret);

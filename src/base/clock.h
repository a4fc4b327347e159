/* clock.h - time is a parameter.
 *
 * Everything that asks for the time gets a `const struct clock *`: tests give one they move by hand, main gives the
 * system's. Wall time is int64_t milliseconds since 1970 UTC; monotonic time counts suspend too (CLOCK_BOOTTIME).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct clock {
    int64_t (*wall_ms)(const struct clock *);
    int64_t (*monotonic_ms)(const struct clock *);
};

/* The system's clocks. */
extern const struct clock clock_system;

/* A clock that stands still until moved; both readings are `now_ms`. Cast-free: pass &manual.clock. */
struct clock_manual {
    struct clock clock;
    int64_t now_ms;
};
struct clock_manual clock_manual_at(int64_t now_ms);

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock);
}

static inline int64_t clock_monotonic_ms(const struct clock *clock)
{
    return clock->monotonic_ms(clock);
}

/* Spelling and reading of times, always UTC. Formats as strftime's, without zone names. */
char *time_format(struct arena *a, int64_t ms, const char *format);
char *time_iso(struct arena *a, int64_t ms);   /* 2026-11-20T19:33:09Z */
char *time_basic(struct arena *a, int64_t ms); /* 20261120T193309Z */

/* Reads ISO 8601 as 2026-11-20T19:33[:09[.123]](Z|+08:00) or "2026-11-20"; a time without zone is refused. */
must_use bool time_parse(const char *text, int64_t *ret_ms, struct err *err);

/* Reads an HTTP date (RFC 9110, the IMF-fixdate form); false for anything else. */
must_use bool time_parse_http(const char *text, int64_t *ret_ms);

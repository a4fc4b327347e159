#include "base/clock.h"

#include <string.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall(const struct clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic(const struct clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_BOOTTIME);
}

const struct clock clock_system = {.wall_ms = system_wall, .monotonic_ms = system_monotonic};

static int64_t manual_now(const struct clock *clock)
{
    return __atomic_load_n(&((const struct clock_manual *)(const void *)clock)->now_ms, __ATOMIC_RELAXED);
}

struct clock_manual clock_manual_at(int64_t now_ms)
{
    return (struct clock_manual){.clock = {.wall_ms = manual_now, .monotonic_ms = manual_now},
                                 .now_ms = now_ms};
}

char *time_format(struct arena *a, int64_t ms, const char *format)
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[64] = "";
    gmtime_r(&t, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    strftime(text, sizeof text, format, &tm);
#pragma GCC diagnostic pop
    return arena_strdup(a, text);
}

char *time_iso(struct arena *a, int64_t ms)
{
    return time_format(a, ms, "%Y-%m-%dT%H:%M:%SZ");
}

char *time_basic(struct arena *a, int64_t ms)
{
    return time_format(a, ms, "%Y%m%dT%H%M%SZ");
}

static bool number(const char **p, int digits, int low, int high, int *ret)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        value = value * 10 + (**p - '0');
    }
    if (value < low || value > high)
        return false;
    *ret = value;
    return true;
}

static bool literal(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static int fraction_ms(const char **p)
{
    int milliseconds = 0;
    for (int scale = 100; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
        milliseconds += (**p - '0') * scale;
    return milliseconds;
}

static bool parse_zone(const char **p, int *ret_offset_min)
{
    *ret_offset_min = 0;
    if (literal(p, 'Z'))
        return true;
    int sign = **p == '+' ? 1 : **p == '-' ? -1 : 0, hours, minutes;
    if (!sign)
        return false;
    (*p)++;
    if (!number(p, 2, 0, 14, &hours))
        return false;
    (void)literal(p, ':');
    if (!number(p, 2, 0, 59, &minutes))
        return false;
    *ret_offset_min = sign * (hours * 60 + minutes);
    return true;
}

static bool parse_iso(const char *p, int64_t *ret_ms)
{
    struct tm tm = {0};
    int offset_min = 0, milliseconds = 0;
    if (!number(&p, 4, 1970, 9999, &tm.tm_year) || !literal(&p, '-') || !number(&p, 2, 1, 12, &tm.tm_mon) ||
        !literal(&p, '-') || !number(&p, 2, 1, 31, &tm.tm_mday))
        return false;
    if (*p) {
        if (!literal(&p, 'T') || !number(&p, 2, 0, 23, &tm.tm_hour) || !literal(&p, ':') ||
            !number(&p, 2, 0, 59, &tm.tm_min))
            return false;
        if (literal(&p, ':') && !number(&p, 2, 0, 59, &tm.tm_sec))
            return false;
        if (*p == '.' && p[1] >= '0' && p[1] <= '9') {
            p++;
            milliseconds = fraction_ms(&p);
        }
        if (!parse_zone(&p, &offset_min))
            return false;
    }
    if (*p)
        return false;
    int day = tm.tm_mday;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    time_t seconds = timegm(&tm);
    if (tm.tm_mday != day) /* 31 February */
        return false;
    *ret_ms = ((int64_t)seconds - (int64_t)offset_min * 60) * 1000 + milliseconds;
    return true;
}

bool time_parse(const char *text, int64_t *ret_ms, struct err *err)
{
    if (!parse_iso(text, ret_ms))
        return err_set(err, ERR_INPUT,
                       "\"%.40s\" is not a time: write 2026-11-20T19:33:00Z or with an offset such as +08:00",
                       text);
    return true;
}

static bool month_name(const char **p, int *ret_month)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (strncmp(*p, months + (size_t)i * 3, 3) == 0) {
            *p += 3;
            *ret_month = i;
            return true;
        }
    return false;
}

bool time_parse_http(const char *text, int64_t *ret_ms)
{
    struct tm tm = {0};
    const char *p = strchr(text, ',');
    if (!p || p - text != 3 || !literal(&p, ',') || !literal(&p, ' ') || !number(&p, 2, 1, 31, &tm.tm_mday) ||
        !literal(&p, ' ') || !month_name(&p, &tm.tm_mon) || !literal(&p, ' ') ||
        !number(&p, 4, 1970, 9999, &tm.tm_year) || !literal(&p, ' '))
        return false;
    if (!number(&p, 2, 0, 23, &tm.tm_hour) || !literal(&p, ':') || !number(&p, 2, 0, 59, &tm.tm_min) ||
        !literal(&p, ':') || !number(&p, 2, 0, 60, &tm.tm_sec) || strcmp(p, " GMT") != 0)
        return false;
    tm.tm_year -= 1900;
    *ret_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

#include "task/window.h"

#include <string.h>
#include <strings.h>

enum { DAY_MIN = 1440, DAYS_AHEAD = 21 };

static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

static bool day_name(const char **p, unsigned *ret)
{
    for (unsigned i = 0; i < countof(day_names); i++)
        if (strncasecmp(*p, day_names[i], 3) == 0) {
            *p += 3;
            *ret = i;
            return true;
        }
    return false;
}

/* "Mon-Fri,Sun " */
static bool days(const char **p, unsigned *ret)
{
    unsigned set = 0, from, to;
    do {
        if (!day_name(p, &from))
            return false;
        to = from;
        if (**p == '-') {
            (*p)++;
            if (!day_name(p, &to))
                return false;
        }
        for (unsigned day = from;; day = (day + 1) % 7) {
            set |= 1U << day;
            if (day == to)
                break;
        }
    } while (*(*p)++ == ',');
    (*p)--;
    *ret = set;
    return *(*p)++ == ' ';
}

static bool two_digits(const char **p, int64_t *ret)
{
    const char *at = *p;
    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
        return false;
    *ret = (at[0] - '0') * 10 + (at[1] - '0');
    *p += 2;
    return true;
}

static bool clock_time(const char **p, int64_t *ret)
{
    int64_t hour = 0, minute = 0;
    if (!two_digits(p, &hour) || *(*p)++ != ':' || !two_digits(p, &minute) || minute > 59)
        return false;
    *ret = hour * 60 + minute;
    return *ret <= DAY_MIN;
}

bool window_parse(const char *text, struct window *ret, struct err *err)
{
    struct window w = {.days = 0x7f};
    const char *p = text;
    bool every_day = *p >= '0' && *p <= '9';
    bool ok = strlen(text) <= WINDOW_BYTES && (every_day || days(&p, &w.days)) &&
              clock_time(&p, &w.from_min) && *p++ == '-' && clock_time(&p, &w.to_min) && !*p &&
              w.from_min < DAY_MIN && w.to_min != w.from_min;
    if (!ok)
        return err_set(err, ERR_INPUT,
                       "\"%.64s\" is no window: write \"Sat,Sun 02:00-05:00\", \"Mon-Fri 22:00-04:00\", or "
                       "\"02:00-05:00\" for every day",
                       text);
    if (w.to_min < w.from_min)
        w.to_min += DAY_MIN;
    *ret = w;
    return true;
}

static void look(const struct zone *z, const struct window *w, int64_t day, int64_t now_ms,
                 struct window_state *state)
{
    const int64_t minute_ms = 60000;
    int64_t begin = 0, end = 0;
    (void)zone_from_local(z, (day * DAY_MIN + w->from_min) * minute_ms, &begin);
    (void)zone_from_local(z, (day * DAY_MIN + w->to_min) * minute_ms, &end);
    if (begin <= now_ms && now_ms < end) {
        state->open = true;
        state->until_ms = int64_max(state->until_ms, end);
    } else if (begin > now_ms && begin < end && (!state->next_ms || begin < state->next_ms)) {
        state->next_ms = begin;
    }
}

void windows_at(const struct zone *z, const struct window *windows, size_t count, int64_t now_ms,
                struct window_state *ret)
{
    const int64_t day_ms = (int64_t)DAY_MIN * 60000;
    int64_t local_ms = now_ms + zone_offset_ms(z, now_ms),
            today = local_ms / day_ms - (local_ms % day_ms < 0);
    *ret = (struct window_state){.open = count == 0};
    for (int64_t day = today - 2; day <= today + DAYS_AHEAD; day++)
        for (size_t i = 0; i < count; i++)
            if (windows[i].days & 1U << (unsigned)((day % 7 + 11) % 7))
                look(z, &windows[i], day, now_ms, ret);
}

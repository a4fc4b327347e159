#include "base/zone.h"

#include "base/clock.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ZONE_FILE_BYTES = 256 << 10,
    ZONE_NAME_BYTES = 64,
    TRANSITIONS_MAX = 4096,
    TYPES_MAX = 256,
    HEADER_BYTES = 44,
    OFFSET_MAX_S = 26 * 3600,
    DAY_S = 86400
};

struct rule { /* when a change happens each year: Mm.w.d, Jn or n, and the local time of that day */
    char form;
    int month, week, day;
    int64_t time_s;
};

struct footer { /* what holds after the last change listed: a POSIX TZ text */
    bool there, has_dst;
    int64_t standard_s, dst_s;
    struct rule begin, end; /* of daylight saving time */
};

struct zone {
    const char *name;
    size_t count;
    const int64_t *times_s; /* ascending */
    const int64_t *offsets_s;
    int64_t first_s; /* before the first change */
    struct footer footer;
};

/* Days since 1970 of a date, in the proleptic Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t seconds)
{
    int64_t days = seconds / DAY_S - (seconds % DAY_S < 0);
    int64_t year = 1970 + days / 366; /* never too late for what follows */
    while (days_of(year + 1, 1, 1) <= days)
        year++;
    while (days_of(year, 1, 1) > days)
        year--;
    return year;
}

static bool leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Local seconds since 1970 at which the rule's change happens in the year. */
static int64_t rule_at(const struct rule *r, int64_t year)
{
    int64_t day = 0;
    if (r->form == 'J')
        day = days_of(year, 1, 1) + r->day - 1 + (leap(year) && r->day > 59);
    else if (r->form == 'n')
        day = days_of(year, 1, 1) + r->day;
    else {
        int64_t first = days_of(year, r->month, 1);
        int64_t next = r->month == 12 ? days_of(year + 1, 1, 1) : days_of(year, r->month + 1, 1);
        day = first + (r->day - (first % 7 + 11) % 7 + 7) % 7 + 7 * (r->week - 1);
        day -= day >= next ? 7 : 0;
    }
    return day * DAY_S + r->time_s;
}

static int64_t footer_offset(const struct footer *f, int64_t seconds)
{
    if (!f->has_dst)
        return f->standard_s;
    int64_t year = year_of(seconds + f->standard_s);
    int64_t begin = rule_at(&f->begin, year) - f->standard_s, end = rule_at(&f->end, year) - f->dst_s;
    bool dst = begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
    return dst ? f->dst_s : f->standard_s;
}

static int64_t offset_s(const struct zone *z, int64_t seconds)
{
    size_t low = 0, high = z->count; /* the first change after it */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->times_s[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->count && z->footer.there)
        return footer_offset(&z->footer, seconds);
    return low ? z->offsets_s[low - 1] : z->first_s;
}

int64_t zone_offset_ms(const struct zone *z, int64_t utc_ms)
{
    return offset_s(z, utc_ms / 1000 - (utc_ms % 1000 < 0)) * 1000;
}

const char *zone_name(const struct zone *z)
{
    return z->name;
}

enum local_time zone_from_local(const struct zone *z, int64_t local_ms, int64_t *ret_utc_ms)
{
    const int64_t day_ms = (int64_t)DAY_S * 1000;
    int64_t before = zone_offset_ms(z, local_ms - day_ms), after = zone_offset_ms(z, local_ms + day_ms);
    int64_t early = local_ms - before, late = local_ms - after;
    bool is_early = zone_offset_ms(z, early) == before, is_late = zone_offset_ms(z, late) == after;
    *ret_utc_ms = is_early || !is_late ? early : late;
    if (!is_early && !is_late)
        return LOCAL_NEVER;
    if (!is_early || !is_late || early == late)
        return LOCAL_ONCE;
    *ret_utc_ms = int64_min(early, late);
    return LOCAL_TWICE;
}

/* The POSIX TZ text, from left to right. */
static bool digits(const char **p, int64_t max, int64_t *ret)
{
    int64_t value = 0;
    const char *begin = *p;
    for (; **p >= '0' && **p <= '9' && *p - begin < 6; (*p)++)
        value = value * 10 + (**p - '0');
    *ret = value;
    return *p > begin && value <= max;
}

static bool hours(const char **p, int64_t max_hours, int64_t *ret_s)
{
    int64_t sign = **p == '-' ? -1 : 1, parts[3] = {0};
    *p += **p == '-' || **p == '+';
    if (!digits(p, max_hours, &parts[0]))
        return false;
    for (size_t i = 1; i < 3 && **p == ':'; i++) {
        (*p)++;
        if (!digits(p, 59, &parts[i]))
            return false;
    }
    *ret_s = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
}

static bool name(const char **p)
{
    const char *begin = *p;
    if (*begin == '<') {
        const char *end = strchr(begin, '>');
        *p = end ? end + 1 : begin;
        return end != NULL;
    }
    while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
        (*p)++;
    return *p - begin >= 3;
}

static bool number_within(const char **p, int64_t low, int64_t high, int *ret)
{
    int64_t value = 0;
    if (!digits(p, high, &value) || value < low)
        return false;
    *ret = (int)value;
    return true;
}

static bool rule(const char **p, struct rule *ret)
{
    *ret = (struct rule){.form = 'n', .time_s = 7200};
    if (*(*p)++ != ',')
        return false;
    if (**p == 'M') {
        ret->form = *(*p)++;
        if (!number_within(p, 1, 12, &ret->month) || *(*p)++ != '.' || !number_within(p, 1, 5, &ret->week) ||
            *(*p)++ != '.' || !number_within(p, 0, 6, &ret->day))
            return false;
    } else {
        bool julian = **p == 'J';
        *p += julian;
        ret->form = julian ? 'J' : 'n';
        if (!number_within(p, julian ? 1 : 0, 365, &ret->day))
            return false;
    }
    if (**p != '/')
        return true;
    (*p)++;
    return hours(p, 167, &ret->time_s);
}

static bool footer(const char *text, struct footer *ret)
{
    const char *p = text;
    struct footer f = {.there = true};
    if (!name(&p) || !hours(&p, 24, &f.standard_s))
        return false;
    f.standard_s = -f.standard_s; /* POSIX counts westwards */
    if (*p) {
        f.has_dst = true;
        if (!name(&p))
            return false;
        f.dst_s = f.standard_s + 3600;
        if (*p != ',') {
            if (!hours(&p, 24, &f.dst_s))
                return false;
            f.dst_s = -f.dst_s;
        }
        if (!rule(&p, &f.begin) || !rule(&p, &f.end))
            return false;
    }
    *ret = f;
    return !*p;
}

static int64_t big_endian(const unsigned char *p, size_t bytes)
{
    uint64_t value = p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return (int64_t)value;
}

struct header {
    size_t utc, standard, leaps, times, types, chars;
};

static bool read_header(const unsigned char *p, const unsigned char *end, struct header *ret)
{
    if (end - p < HEADER_BYTES || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    size_t counts[6];
    for (size_t i = 0; i < countof(counts); i++) {
        int64_t count = big_endian(p + 20 + i * 4, 4);
        if (count < 0 || count > TRANSITIONS_MAX)
            return false;
        counts[i] = (size_t)count;
    }
    *ret = (struct header){counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
    return true;
}

static size_t block_bytes(const struct header *h, size_t time_bytes)
{
    return h->times * (time_bytes + 1) + h->types * 6 + h->chars + h->leaps * (time_bytes + 4) + h->standard +
           h->utc;
}

static bool read_block(struct arena *a, const unsigned char *p, const struct header *h, struct zone *z)
{
    if (!h->types || h->types > TYPES_MAX)
        return false;
    int64_t *times = arena_array(a, int64_t, h->times + 1), *offsets = arena_array(a, int64_t, h->times + 1),
            types[TYPES_MAX];
    const unsigned char *index = p + h->times * 8, *type = index + h->times;
    for (size_t i = 0; i < h->types; i++) {
        types[i] = big_endian(type + i * 6, 4);
        if (types[i] < -OFFSET_MAX_S || types[i] > OFFSET_MAX_S)
            return false;
    }
    for (size_t i = 0; i < h->times; i++) {
        times[i] = big_endian(p + i * 8, 8);
        if (index[i] >= h->types || (i && times[i] <= times[i - 1]))
            return false;
        offsets[i] = types[index[i]];
    }
    z->count = h->times;
    z->times_s = times;
    z->offsets_s = offsets;
    z->first_s = types[0];
    return true;
}

static bool read_footer(struct arena *a, const unsigned char *p, const unsigned char *end, struct zone *z)
{
    if (p >= end || *p != '\n')
        return false;
    const unsigned char *close = memchr(p + 1, '\n', (size_t)(end - p - 1));
    if (!close)
        return false;
    const char *text = arena_copy(a, (const char *)p + 1, (size_t)(close - p - 1));
    return !*text || footer(text, &z->footer);
}

bool zone_parse(struct arena *a, const char *zone, const void *data, size_t size, const struct zone **ret,
                struct err *err)
{
    const unsigned char *p = data, *end = p + size;
    struct zone *z = arena_make(a, struct zone);
    struct header h;
    z->name = arena_strdup(a, zone);
    bool ok = read_header(p, end, &h) && (size_t)(end - p) >= HEADER_BYTES + block_bytes(&h, 4);
    if (ok) { /* what follows the old block is the same in 64 bits */
        p += HEADER_BYTES + block_bytes(&h, 4);
        ok = read_header(p, end, &h) && (size_t)(end - p) >= HEADER_BYTES + block_bytes(&h, 8) &&
             read_block(a, p + HEADER_BYTES, &h, z) &&
             read_footer(a, p + HEADER_BYTES + block_bytes(&h, 8), end, z);
    }
    if (!ok)
        return err_set(err, ERR_INPUT, "the file of time zone %.64s is damaged or too old", zone);
    *ret = z;
    return true;
}

/* Area/City: nothing that leads out of the database's folder. */
static bool name_fits(const char *zone)
{
    size_t size = strlen(zone);
    if (size > ZONE_NAME_BYTES || zone[0] == '/' || strstr(zone, "..") || strstr(zone, "//"))
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = zone[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && !strchr("/_+-", c))
            return false;
    }
    return true;
}

bool zone_load(struct arena *a, const char *zone, const struct zone **ret, struct err *err)
{
    char *data = NULL;
    size_t size = 0;
    struct err ignored = {0};
    if (!zone[0] || strcmp(zone, "UTC") == 0) {
        struct zone *utc = arena_make(a, struct zone);
        utc->name = "UTC";
        *ret = utc;
        return true;
    }
    if (!name_fits(zone))
        return err_set(err, ERR_INPUT, "\"%.64s\" is no time zone: write Area/City, such as Europe/Berlin",
                       zone);
    const char *path = arena_printf(a, "/usr/share/zoneinfo/%s", zone);
    if (access("/usr/share/zoneinfo", R_OK) != 0)
        return err_set(err, ERR_INPUT, "time zone %s: this system has no time zone database (package tzdata)",
                       zone);
    if (!file_read(a, path, ZONE_FILE_BYTES, &data, &size, &ignored))
        return err_set(err, ERR_INPUT, "there is no time zone \"%s\": write Area/City, such as Europe/Berlin",
                       zone);
    return zone_parse(a, zone, data, size, ret, err);
}

static bool known(struct arena *a, const char *zone)
{
    const struct zone *z;
    struct err ignored = {0};
    return *zone && zone_load(a, zone, &z, &ignored);
}

const char *zone_of_system(struct arena *a)
{
    static const char folder[] = "zoneinfo/";
    char target[256];
    const char *tz = getenv("TZ");
    if (tz) {
        tz += *tz == ':';
        return known(a, tz) ? arena_strdup(a, tz) : "UTC";
    }
    ssize_t size = readlink("/etc/localtime", target, sizeof target - 1);
    if (size <= 0)
        return "UTC";
    target[size] = 0;
    const char *at = strstr(target, folder);
    return at && known(a, at + sizeof folder - 1) ? arena_strdup(a, at + sizeof folder - 1) : "UTC";
}

char *zone_format(struct arena *a, const struct zone *z, int64_t utc_ms)
{
    int64_t offset_min = zone_offset_ms(z, utc_ms) / 60000,
            distance = offset_min < 0 ? -offset_min : offset_min;
    char *local = time_format(a, utc_ms + offset_min * 60000, "%Y-%m-%dT%H:%M:%S");
    if (offset_min == 0 && strcmp(z->name, "UTC") == 0)
        return arena_printf(a, "%sZ", local);
    return arena_printf(a, "%s%c%02lld:%02lld", local, offset_min < 0 ? '-' : '+', (long long)(distance / 60),
                        (long long)(distance % 60));
}

static bool parse_local(struct arena *a, const char *text, int64_t *ret_ms)
{
    size_t size = strlen(text);
    struct err ignored = {0};
    if ((size != 16 && size != 19) || (text[10] != ' ' && text[10] != 'T'))
        return false;
    char *iso = arena_printf(a, "%sZ", text);
    iso[10] = 'T';
    return time_parse(iso, ret_ms, &ignored);
}

static const char *oddity(struct arena *a, const struct zone *z, enum local_time odd, const char *text,
                          int64_t utc_ms)
{
    switch (odd) {
    case LOCAL_ONCE:
        return "";
    case LOCAL_TWICE:
        return arena_printf(a, "%s is there twice in %s, as clocks are set back: the first is meant, %s",
                            text, z->name, zone_format(a, z, utc_ms));
    case LOCAL_NEVER:
        return arena_printf(a, "%s does not exist in %s, as clocks are set forward: %s is meant", text,
                            z->name, zone_format(a, z, utc_ms));
    }
    return "";
}

bool zone_parse_time(struct arena *a, const struct zone *z, const char *text, int64_t *ret_ms,
                     const char **ret_said, struct err *err)
{
    int64_t local_ms = 0;
    struct err ignored = {0};
    *ret_said = "";
    if (parse_local(a, text, &local_ms)) {
        enum local_time odd = zone_from_local(z, local_ms, ret_ms);
        *ret_said = oddity(a, z, odd, text, *ret_ms);
        return true;
    }
    if (strchr(text, 'T') && time_parse(text, ret_ms, &ignored))
        return true;
    return err_set(
        err, ERR_INPUT,
        "\"%.40s\" is not a time: write 2026-12-05T02:00:00+01:00, or local as \"2026-12-05 02:00\"", text);
}

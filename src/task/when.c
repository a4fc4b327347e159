#include "task/when.h"

#include "codec/json.h"
#include "codec/json_format.h"
#include "task/window.h"
#include <string.h>

enum { YEARS_AHEAD_MS_DAYS = 3660, SAID_MOST = 4 };

static void say(struct texts *said, const char *text)
{
    said->items[said->count++] = text;
}

/* R68: a time in the past starts at once and says so. */
static bool start_at(struct arena *a, const struct task_when *when, const struct zone *zone, int64_t now_ms,
                     struct task_row *task, struct texts *said, struct err *err)
{
    const char *odd = "";
    int64_t at_ms = 0;
    if (!when->at[0])
        return true;
    if (!zone_parse_time(a, zone, when->at, &at_ms, &odd, err))
        return false;
    if (at_ms > now_ms + (int64_t)YEARS_AHEAD_MS_DAYS * 24 * 3600 * 1000)
        return err_set(err, ERR_INPUT, "%s is more than ten years ahead", zone_format(a, zone, at_ms));
    task->start_at_ms = at_ms;
    if (*odd)
        say(said, odd);
    if (at_ms <= now_ms)
        say(said, arena_printf(a, "%s has passed: the task starts at once", zone_format(a, zone, at_ms)));
    return true;
}

static bool windows(struct arena *a, const struct task_when *when, struct task_row *task, struct err *err)
{
    if (when->windows.count > WINDOWS_MAX)
        return err_set(err, ERR_INPUT, "a task has at most %d windows", WINDOWS_MAX);
    for (size_t i = 0; i < when->windows.count; i++) {
        struct window window;
        if (!window_parse(when->windows.items[i], &window, err))
            return false;
    }
    task->windows = json_strings(a, when->windows.items, when->windows.count);
    return true;
}

static bool waves(struct arena *a, const struct task_when *when, struct task_row *task, struct err *err)
{
    const char *all[WAVES_MAX];
    size_t count = 0;
    if (when->waves.count + 1 > WAVES_MAX)
        return err_set(err, ERR_INPUT, "a task has at most %d waves", WAVES_MAX);
    if (when->canary[0])
        all[count++] = when->canary;
    for (size_t i = 0; i < when->waves.count; i++)
        all[count++] = when->waves.items[i];
    for (size_t i = 0; i < count; i++) {
        struct wave_size size;
        if (!wave_size_parse(all[i], &size, err))
            return false;
    }
    task->waves = json_strings(a, all, count);
    return true;
}

bool when_waves(struct arena *a, const struct task_row *task, struct wave_size *ret, size_t *ret_count,
                struct err *err)
{
    const struct json *list = NULL;
    if (!json_parse(a, task->waves, strlen(task->waves), &list, err))
        return err_add(err, "the waves of task \"%s\"", task->name);
    *ret_count = size_min(json_count(list), WAVES_MAX);
    for (size_t i = 0; i < *ret_count; i++)
        if (!wave_size_parse(json_str(json_item(list, i), ""), &ret[i], err))
            return false;
    return true;
}

static bool rollback_on(const struct task_when *when, struct task_row *task, struct err *err)
{
    if (when->rollback_on[0] && strcmp(when->rollback_on, "contradicted") != 0)
        return err_set(err, ERR_INPUT,
                       "\"%.40s\" is nothing to roll back on: contradicted is the only one, or none",
                       when->rollback_on);
    task->rollback_on = when->rollback_on;
    return true;
}

bool when_apply(struct arena *a, const struct task_when *when, int64_t now_ms, struct task_row *task,
                struct texts *ret_said, struct err *err)
{
    const struct zone *zone = NULL;
    const char *name = when->time_zone[0] ? when->time_zone : zone_of_system(a);
    struct texts said = {arena_array(a, const char *, SAID_MOST), 0};
    if (!zone_load(a, name, &zone, err) || !start_at(a, when, zone, now_ms, task, &said, err) ||
        !windows(a, when, task, err) || !waves(a, when, task, err) || !rollback_on(when, task, err))
        return false;
    task->time_zone = zone_name(zone);
    *ret_said = said;
    return true;
}

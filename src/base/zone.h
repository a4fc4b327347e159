/* zone.h - local times of named zones, from the files of the system's time zone database.
 *
 * The files are read and understood here: libc knows one zone only, that of TZ, and changing TZ is unsafe where
 * threads run. Nothing is cached; a zone lives in its arena. Offsets are local time less UTC.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct zone;

/* "Europe/Berlin"; "" and "UTC" need no database. ERR_INPUT where there is no such zone. */
must_use bool zone_load(struct arena *a, const char *name, const struct zone **ret, struct err *err);

/* A zone from the bytes of its file (TZif, version 2 and later). */
must_use bool zone_parse(struct arena *a, const char *name, const void *data, size_t size,
                         const struct zone **ret, struct err *err);

/* The name of the system's zone, by TZ or /etc/localtime; "UTC" where it cannot be told. */
const char *zone_of_system(struct arena *a);

const char *zone_name(const struct zone *z);
int64_t zone_offset_ms(const struct zone *z, int64_t utc_ms);

/* What becomes of a local time: most are there once; when clocks are set back some are there twice, the first is taken;
 * when they are set forward some are never, and what is taken is as much after the change as it would have been.
 */
enum local_time { LOCAL_ONCE, LOCAL_TWICE, LOCAL_NEVER };
/* local_ms is the local time's digits read as if they were UTC. */
enum local_time zone_from_local(const struct zone *z, int64_t local_ms, int64_t *ret_utc_ms);

/* 2026-12-05 02:00 CET would need names that are ambiguous: 2026-12-05T02:00:00+01:00. */
char *zone_format(struct arena *a, const struct zone *z, int64_t utc_ms);

/* A time as people give it: RFC 3339 with Z or an offset, or a local "2026-12-05 02:00[:00]" of the zone. *ret_said is
 * what has to be told about a local time that is there twice or never; "" nothing.
 */
must_use bool zone_parse_time(struct arena *a, const struct zone *z, const char *text, int64_t *ret_ms,
                              const char **ret_said, struct err *err);

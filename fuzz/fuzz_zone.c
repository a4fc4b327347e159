/* A line with a time as people give it, then a file of the time zone database: whatever it says, offsets stay within a day
 * and a bit, a local time that is there once comes back as itself, and a time that is read can be written.
 */
#include "base/clock.h"
#include "base/zone.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    const struct zone *z = NULL;
    const char *said = NULL, *line = fuzz_line(a, &data, &size);
    struct err err = {0};
    int64_t ms = 0;
    if (size > 1 << 18 || !zone_parse(a, "Fuzz/Zone", data, size, &z, &err))
        return 0;
    if (zone_parse_time(a, z, line, &ms, &said, &err))
        must(strlen(zone_format(a, z, ms)) >= strlen("2026-12-05T02:00:00+01:00"));
    for (int64_t at_ms = -3000000000000; at_ms < 9000000000000; at_ms += 777777777777) {
        int64_t offset_ms = zone_offset_ms(z, at_ms), utc_ms = 0;
        must(offset_ms >= -27 * 3600000LL && offset_ms <= 27 * 3600000LL);
        enum local_time local = zone_from_local(z, at_ms, &utc_ms);
        must(local == LOCAL_NEVER || utc_ms + zone_offset_ms(z, utc_ms) == at_ms);
    }
    return 0;
}

/* Names and coverage: lines of text, the last one a name, the others bound domains. The answer must agree with a rule
 * written a second time here, label by label.
 */
#include "cert/coverage.h"
#include "codec/name.h"
#include "fuzz.h"

enum { NAMES_MAX = 16 };

static bool covers(const char *bound, const char *name)
{
    if (!strcmp(bound, name))
        return true;
    if (bound[0] != '*' || bound[1] != '.' || name[0] == '*' || name_is_address(name))
        return false;
    size_t label = strcspn(name, ".");
    return label > 0 && name[label] == '.' && !strcmp(name + label, bound + 1);
}

/* Normalising twice changes nothing. */
static const char *normalised(struct arena *a, const char *text)
{
    const char *once, *twice;
    struct err err = {0};
    if (!name_normalise(a, text, true, &once, &err)) {
        must(err.kind == ERR_INPUT && *err.text);
        return NULL;
    }
    must(*once && strlen(once) <= 253);
    must(name_normalise(a, once, true, &twice, &err) && strcmp(once, twice) == 0);
    must(!name_is_wildcard(once) || !name_is_address(once));
    return once;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 22);
    const char *names[NAMES_MAX];
    size_t count = 0;
    char *text = arena_copy(a, data, size);
    for (char *line; count < NAMES_MAX && (line = strsep(&text, "\n"));)
        if ((names[count] = normalised(a, line)))
            count++;
    if (!count)
        return 0;
    const char *name = names[count - 1], *by = NULL;
    bool expected = false;
    for (size_t i = 0; i + 1 < count; i++) {
        must(coverage_name(names[i], name) == covers(names[i], name));
        expected |= covers(names[i], name);
    }
    must(coverage_any(names, count - 1, name, &by) == expected);
    must(!expected || covers(by, name));
    must(coverage_name(name, name));
    must(coverage_count(names, count, names, count) == count);
    return 0;
}

#include "cert/coverage.h"

#include "codec/name.h"
#include <string.h>

bool coverage_name(const char *bound, const char *name)
{
    if (strcmp(bound, name) == 0)
        return *bound != '\0';
    if (!name_is_wildcard(bound) || name_is_wildcard(name) || name_is_address(name))
        return false;
    const char *parent = name_parent(name);
    return parent && parent != name + 1 && strcmp(parent, bound + 2) == 0;
}

bool coverage_any(const char *const *bound, size_t bound_count, const char *name, const char **ret_by)
{
    const char *by = NULL;
    for (size_t i = 0; i < bound_count; i++) {
        if (!coverage_name(bound[i], name))
            continue;
        bool exact = strcmp(bound[i], name) == 0;
        if (exact || !by)
            by = bound[i];
        if (exact)
            break;
    }
    if (by && ret_by)
        *ret_by = by;
    return by != NULL;
}

size_t coverage_count(const char *const *bound, size_t bound_count, const char *const *names,
                      size_t name_count)
{
    size_t covered = 0;
    for (size_t i = 0; i < name_count; i++)
        covered += coverage_any(bound, bound_count, names[i], NULL);
    return covered;
}

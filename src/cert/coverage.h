/* coverage.h - which names a certificate covers: the one rule, used by everything (R37-R43).
 *
 * All names are normalised (codec/name.h) before they come here.
 */
#pragma once
#include "base/base.h"

/* Exact covers exactly itself. A wildcard covers one label, never the apex, never deeper. A wildcard name is covered
 * by the same wildcard alone. An address only by itself.
 */
bool coverage_name(const char *bound, const char *name);

/* Whether any of the bound domains covers the name; ret_by (may be NULL) gets the first that does, exact before wildcard. */
bool coverage_any(const char *const *bound, size_t bound_count, const char *name, const char **ret_by);

/* How many of the names are covered. */
size_t coverage_count(const char *const *bound, size_t bound_count, const char *const *names,
                      size_t name_count);

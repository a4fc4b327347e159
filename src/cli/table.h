/* table.h - columns of text for people. Values of others are made harmless: no control characters reach a terminal. */
#pragma once
#include "cli/command.h"

struct table {
    struct arena *arena;
    const char **cells;
    size_t columns, count, capacity; /* cells, the header included */
};

struct table table_new(struct arena *a, const char *const *headers, size_t columns);
void table_add(struct table *t, const char *cell); /* row by row, left to right; NULL is "" */
/* To standard output; nothing but the header when empty. On a terminal, and where $COLUMNS is set, wide columns are cut
 * so that a line fits.
 */
void table_print(const struct table *t);

/* Text without control characters, cut to at most `characters` with an ellipsis; 0: not cut. */
const char *text_clean_cut(struct arena *a, const char *text, size_t characters);

/* "a, b, c and 4 more" of a JSON array of strings. */
const char *texts_join(struct arena *a, const struct json *list, size_t shown);

/* "2026-12-01" of an ISO time; "" for NULL. */
const char *date_of(struct arena *a, const char *iso);

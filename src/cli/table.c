#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { CELL_CHARACTERS = 60, NARROWEST = 40, NARROWEST_CELL = 16 };

struct table table_new(struct arena *a, const char *const *headers, size_t columns)
{
    struct table t = {.arena = a, .columns = columns};
    for (size_t i = 0; i < columns; i++)
        table_add(&t, headers[i]);
    return t;
}

void table_add(struct table *t, const char *cell)
{
    const char **slot = arena_push(t->arena, (void **)&t->cells, &t->count, &t->capacity, sizeof *slot);
    *slot = text_clean_cut(t->arena, cell ? cell : "", CELL_CHARACTERS);
}

static size_t characters_of(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* How many characters a line may have; SIZE_MAX where nobody looks. */
static size_t room(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    long value = columns ? strtol(columns, NULL, 10) : 0;
    if (value >= NARROWEST && value < 10000)
        return (size_t)value;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= NARROWEST)
        return size.ws_col;
    return SIZE_MAX;
}

/* The widest columns give way until the line fits, down to where an id is still whole. */
static void fit(size_t *widths, size_t columns, size_t characters)
{
    size_t line = 2 * (columns - 1);
    for (size_t i = 0; i < columns; i++)
        line += widths[i];
    for (; line > characters; line--) {
        size_t widest = 0;
        for (size_t i = 1; i < columns; i++)
            if (widths[i] > widths[widest])
                widest = i;
        if (widths[widest] <= NARROWEST_CELL)
            return;
        widths[widest]--;
    }
}

static void print_row(const struct table *t, const char *const *cells, const size_t *widths)
{
    int gap = 0; /* printed before the next cell that has something */
    for (size_t i = 0; i < t->columns; i++) {
        bool long_cell = characters_of(cells[i]) > widths[i];
        const char *cell = long_cell ? text_clean_cut(t->arena, cells[i], widths[i] - 1) : cells[i];
        size_t characters = characters_of(cell);
        if (characters) {
            printf("%*s%s", gap, "", cell);
            gap = 0;
        }
        gap += (int)(widths[i] - characters) + 2;
    }
    putchar('\n');
}

void table_print(const struct table *t)
{
    size_t *widths = arena_array(t->arena, size_t, t->columns);
    for (size_t i = 0; i < t->count; i++)
        if (characters_of(t->cells[i]) > widths[i % t->columns])
            widths[i % t->columns] = characters_of(t->cells[i]);
    fit(widths, t->columns, room());
    for (size_t i = 0; i < t->count; i += t->columns)
        print_row(t, t->cells + i, widths);
}

const char *text_clean_cut(struct arena *a, const char *text, size_t characters)
{
    char *copy = arena_strdup(a, text), *to = copy;
    size_t count = 0;
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool begins = (c & 0xC0) != 0x80;
        if (begins && characters && count == characters) {
            *to = '\0';
            return arena_printf(a, "%s\xE2\x80\xA6", copy);
        }
        count += begins;
        /* 0x80-0x9F after 0xC2 are control characters too (C1): some terminals obey them. */
        bool control = c < 0x20 || c == 0x7F || (c == 0xC2 && (unsigned char)p[1] < 0xA0);
        if (control && c == 0xC2)
            p++;
        *to++ = control ? '?' : (char)c;
    }
    *to = '\0';
    return copy;
}

const char *texts_join(struct arena *a, const struct json *list, size_t shown)
{
    struct buf out = buf_new(a, 1 << 16);
    size_t count = json_count(list);
    for (size_t i = 0; i < count && i < shown; i++)
        buf_printf(&out, "%s%s", i ? ", " : "", json_str(json_item(list, i), ""));
    if (count > shown)
        buf_printf(&out, " and %zu more", count - shown);
    return out.data;
}

const char *date_of(struct arena *a, const char *iso)
{
    return iso ? arena_printf(a, "%.10s", iso) : "";
}

#include "cli/table.h"

#include <stdio.h>
#include <string.h>

enum { CELL_CHARACTERS = 60 };

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

void table_print(const struct table *t)
{
    size_t *widths = arena_array(t->arena, size_t, t->columns);
    for (size_t i = 0; i < t->count; i++)
        if (characters_of(t->cells[i]) > widths[i % t->columns])
            widths[i % t->columns] = characters_of(t->cells[i]);
    for (size_t i = 0; i < t->count; i++) {
        bool last = i % t->columns == t->columns - 1;
        size_t pad = last ? 0 : widths[i % t->columns] - characters_of(t->cells[i]) + 2;
        printf("%s%*s%s", t->cells[i], (int)pad, "", last ? "\n" : "");
    }
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

#include "api/cas/parameter.h"

#include "api/cas/refusal.h"
#include "base/utf8.h"
#include "codec/json.h"
#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 16 }; /* ids and times lie below 2^53 */
#define NUMBER_MAX (((int64_t)1 << 53) - 1)

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct pair *)left)->name, ((const struct pair *)right)->name);
}

static bool check_names(struct arena *a, const struct pairs *all, struct err *err)
{
    struct pair *sorted = arena_array(a, struct pair, all->count);
    for (size_t i = 0; i < all->count; i++) {
        sorted[i] = all->items[i];
        if (!*sorted[i].name || strlen(sorted[i].name) > CAS_PARAMETER_NAME_BYTES)
            return cas_refuse_saying(err, "InvalidParameter",
                                     "A parameter has no name, or one that is too long.");
    }
    if (all->count)
        qsort(sorted, all->count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < all->count; i++)
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0)
            return cas_refuse_saying(err, "InvalidParameter", "A parameter is given twice.");
    return true;
}

bool cas_parameters_read(struct arena *a, const char *query, size_t query_size, const char *form,
                         size_t form_size, struct pairs *ret_query, struct pairs *ret_all, struct err *err)
{
    struct pairs asked = {0}, body = {0}, all = {0};
    if (!query_parse(a, query, query_size, true, CAS_PARAMETERS_MAX, &asked, NULL) ||
        (form && !query_parse(a, form, form_size, true, CAS_PARAMETERS_MAX, &body, NULL)))
        return cas_refuse_saying(err, "InvalidParameter",
                                 "The parameters cannot be decoded, or are more than %d.",
                                 CAS_PARAMETERS_MAX);
    for (size_t i = 0; i < asked.count; i++)
        pairs_add(a, &all, asked.items[i].name, asked.items[i].value);
    for (size_t i = 0; i < body.count; i++)
        pairs_add(a, &all, body.items[i].name, body.items[i].value);
    if (!check_names(a, &all, err))
        return false;
    *ret_query = asked;
    *ret_all = all;
    return true;
}

static bool text_fits(const char *text, size_t max, bool lines, bool blanks)
{
    size_t size = strlen(text), step = 1;
    for (size_t at = 0; at < size; at += step) {
        unsigned char c = (unsigned char)text[at];
        step = utf8_size(text + at, size - at);
        bool line = lines && (c == '\n' || c == '\r' || c == '\t');
        if (!step || c == 0x7f || (c < 0x20 && !line) || (c == ' ' && !blanks))
            return false;
    }
    return size <= max;
}

/* Digits alone, so that no sign, blank or exponent slips through. */
static bool number_of(const char *text, size_t size, int64_t *ret)
{
    int64_t value = 0;
    if (!size || size > DIGITS_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *ret = value;
    return value >= 1 && value <= NUMBER_MAX;
}

struct id_list {
    int64_t *items;
    size_t count, capacity;
};

static bool add_id(struct arena *a, struct id_list *list, const char *text, size_t size, size_t max)
{
    int64_t id;
    while (size && *text == ' ') {
        text++;
        size--;
    }
    while (size && text[size - 1] == ' ')
        size--;
    if (!number_of(text, size, &id) || list->count == max)
        return false;
    *(int64_t *)arena_push(a, (void **)&list->items, &list->count, &list->capacity, sizeof id) = id;
    return true;
}

static bool ids_of_text(struct arena *a, const char *text, size_t max, struct id_list *ret)
{
    for (;;) {
        size_t size = strcspn(text, ",");
        if (!add_id(a, ret, text, size, max))
            return false;
        if (!text[size])
            return true;
        text += size + 1;
    }
}

/* [12,"34"]: some clients make the numbers texts. */
static bool ids_of_json(struct arena *a, const char *text, size_t max, struct id_list *ret)
{
    const struct json *list;
    if (*text != '[')
        return ids_of_text(a, text, max, ret);
    if (!json_parse(a, text, strlen(text), &list, NULL))
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *id = json_text(a, json_item(list, i), "");
        if (!add_id(a, ret, id, strlen(id), max))
            return false;
    }
    return true;
}

static bool is_word(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return true;
    return false;
}

static bool value_fits(struct arena *a, const struct cas_parameter *row, const char *text)
{
    struct id_list ids = {0};
    int64_t number;
    switch (row->type) {
    case CAS_TEXT:
        return text_fits(text, row->max, false, true);
    case CAS_PEM:
        return text_fits(text, row->max, true, true);
    case CAS_SECRET:
        return text_fits(text, row->max, false, false);
    case CAS_NUMBER:
        return number_of(text, strlen(text), &number) && (!row->max || number <= (int64_t)row->max);
    case CAS_BOOL:
        return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    case CAS_WORD:
        return is_word(text, row->words);
    case CAS_IDS:
        return ids_of_text(a, text, row->max, &ids);
    case CAS_ID_LIST:
        return ids_of_json(a, text, row->max, &ids);
    }
    return false;
}

bool cas_parameters_check(struct arena *a, const struct pairs *given, const struct cas_parameter *table,
                          struct err *err)
{
    for (const struct cas_parameter *row = table; row->name; row++) {
        const char *text = cas_text(given, row->name);
        if (!text && row->required)
            return cas_refuse_missing(err, row->name);
        if (text && !value_fits(a, row, text))
            return cas_refuse_invalid(err, row->name);
    }
    return true;
}

const char *cas_given(const struct pairs *given, const char *name)
{
    return pairs_get(given, name);
}

const char *cas_text(const struct pairs *given, const char *name)
{
    const char *text = pairs_get(given, name);
    return text && *text ? text : NULL;
}

int64_t cas_number(const struct pairs *given, const char *name, int64_t fallback)
{
    const char *text = cas_text(given, name);
    int64_t number;
    return text && number_of(text, strlen(text), &number) ? number : fallback;
}

bool cas_bool(const struct pairs *given, const char *name, bool fallback)
{
    const char *text = cas_text(given, name);
    return text ? strcmp(text, "true") == 0 : fallback;
}

struct placed {
    int64_t id;
    size_t place;
};

static int by_id(const void *left, const void *right)
{
    const struct placed *l = left, *r = right;
    return l->id != r->id ? (l->id > r->id) - (l->id < r->id) : (l->place > r->place) - (l->place < r->place);
}

static int by_place(const void *left, const void *right)
{
    const struct placed *l = left, *r = right;
    return (l->place > r->place) - (l->place < r->place);
}

/* R73: what is there twice counts once. */
static size_t once(struct arena *a, int64_t *ids, size_t count)
{
    struct placed *all = arena_array(a, struct placed, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        all[i] = (struct placed){ids[i], i};
    if (count)
        qsort(all, count, sizeof *all, by_id);
    for (size_t i = 0; i < count; i++)
        if (!kept || all[kept - 1].id != all[i].id)
            all[kept++] = all[i];
    if (kept)
        qsort(all, kept, sizeof *all, by_place);
    for (size_t i = 0; i < kept; i++)
        ids[i] = all[i].id;
    return kept;
}

void cas_ids(struct arena *a, const struct pairs *given, const char *name, int64_t **ret, size_t *ret_count)
{
    struct id_list list = {0};
    const char *text = cas_text(given, name);
    bool whole = text && ids_of_json(a, text, CAS_IDS_MAX, &list);
    *ret = list.items;
    *ret_count = whole ? once(a, list.items, list.count) : 0;
}

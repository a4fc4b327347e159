#include "codec/json.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Macros of jansson; ours of these names are functions. */
#undef json_is_null
#undef json_is_number
#undef json_is_string
#undef json_is_array
#undef json_is_object

/* A struct json is jansson's json_t under a name of our own, so that nobody above includes jansson. */
static const json_t *value_of(const struct json *v)
{
    return (const json_t *)(const void *)v;
}

static const struct json *json_of(const json_t *value)
{
    return (const struct json *)(const void *)value;
}

static bool has_type(const json_t *value, json_type type)
{
    return value && json_typeof(value) == type;
}

static void free_wiped(void *memory)
{
    if (memory)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

void json_wipe_freed(void)
{
    json_set_alloc_funcs(malloc, free_wiped);
}

/* jansson's own messages quote the text, which may hold a secret. */
static const char *reason(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        return "the text ends too early";
    case json_error_end_of_input_expected:
        return "text after the value";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_duplicate_key:
        return "a name stands twice in one object";
    case json_error_numeric_overflow:
        return "a number is too large";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character in a string";
    case json_error_stack_overflow:
        return "nested too deeply";
    case json_error_out_of_memory:
        return "out of memory";
    case json_error_invalid_syntax:
    case json_error_unknown:
    case json_error_invalid_argument:
    case json_error_cannot_open_file:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return "a mistake in the syntax";
}

static void release(void *data)
{
    json_decref(data);
}

/* Why the value is refused, NULL when it is fine. jansson's own depth limit is 2,048. */
static const char *refusal(json_t *value, unsigned depth)
{
    const char *why = NULL, *name;
    json_t *item;
    size_t i;
    if (!has_type(value, JSON_ARRAY) && !has_type(value, JSON_OBJECT))
        return NULL;
    if (depth > JSON_MAX_DEPTH)
        return "nested too deeply";
    if (json_object_size(value) > JSON_MAX_MEMBERS)
        return "an object with too many members";
    json_array_foreach(value, i, item)
    {
        why = refusal(item, depth + 1);
        if (why)
            return why;
    }
    json_object_foreach(value, name, item)
    {
        why = refusal(item, depth + 1);
        if (why)
            return why;
    }
    return NULL;
}

bool json_parse(struct arena *a, const char *text, size_t size, const struct json **ret, struct err *err)
{
    if (size > JSON_MAX_BYTES)
        return err_set(err, ERR_INPUT, "JSON of %zu bytes, at most %d are read", size, JSON_MAX_BYTES);
    if (size && memchr(text, '\0', size)) /* jansson reads over a NUL byte between values */
        return err_set(err, ERR_INPUT, "bad JSON: a NUL byte");
    json_error_t error;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value)
        return err_set(err, ERR_INPUT, "line %d: bad JSON: %s", error.line > 0 ? error.line : 1,
                       reason(&error));
    arena_defer(a, release, value);
    const char *why = refusal(value, 1);
    if (why)
        return err_set(err, ERR_INPUT, "bad JSON: %s", why);
    *ret = json_of(value);
    return true;
}

/* Undoes ~0 and ~1 of one pointer token; false for another escape or a token too long to be one of ours. */
static bool unescape(const char *token, size_t size, char *ret, size_t room, size_t *ret_size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (used == room)
            return false;
        char c = token[i];
        if (c == '~') {
            if (++i == size || (token[i] != '0' && token[i] != '1'))
                return false;
            c = token[i] == '0' ? '~' : '/';
        }
        ret[used++] = c;
    }
    *ret_size = used;
    return true;
}

static const json_t *element(const json_t *array, const char *token, size_t size)
{
    size_t index = 0;
    if (!size || size > 9 || (size > 1 && token[0] == '0'))
        return NULL;
    for (size_t i = 0; i < size; i++) {
        if (token[i] < '0' || token[i] > '9')
            return NULL;
        index = index * 10 + (size_t)(token[i] - '0');
    }
    return json_array_get(array, index);
}

static const json_t *step(const json_t *value, const char *token, size_t size)
{
    char name[1024];
    size_t name_size;
    if (has_type(value, JSON_ARRAY))
        return element(value, token, size);
    if (!has_type(value, JSON_OBJECT) || !unescape(token, size, name, sizeof name, &name_size))
        return NULL;
    return json_object_getn(value, name, name_size);
}

const struct json *json_at(const struct json *v, const char *pointer)
{
    const json_t *value = value_of(v);
    while (value && *pointer) {
        if (*pointer != '/')
            return NULL;
        size_t size = strcspn(++pointer, "/");
        value = step(value, pointer, size);
        pointer += size;
    }
    return json_of(value);
}

const char *json_str(const struct json *v, const char *fallback)
{
    return json_is_string(v) ? json_string_value(value_of(v)) : fallback;
}

const char *json_get(const struct json *v, const char *pointer)
{
    return json_str(json_at(v, pointer), "");
}

bool json_is(const struct json *v, const char *pointer, const char *text)
{
    const char *found = json_str(json_at(v, pointer), NULL);
    return found && strcmp(found, text) == 0;
}

const char *json_text(struct arena *a, const struct json *v, const char *fallback)
{
    const json_t *value = value_of(v);
    if (json_is_integer(value))
        return arena_printf(a, "%lld", (long long)json_integer_value(value));
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    return json_str(v, fallback);
}

/* An optional minus, digits, nothing else, within 64 bits. */
static bool read_int(const char *text, int64_t *ret)
{
    const char *digits = text + (*text == '-');
    int64_t value = 0;
    if (!*digits)
        return false;
    for (const char *p = digits; *p; p++) {
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(value, (int64_t)10, &value))
            return false;
        int64_t digit = *text == '-' ? '0' - *p : *p - '0';
        if (__builtin_add_overflow(value, digit, &value))
            return false;
    }
    *ret = value;
    return true;
}

int64_t json_int(const struct json *v, int64_t fallback)
{
    int64_t value;
    if (json_is_integer(value_of(v)))
        return json_integer_value(value_of(v));
    return json_is_string(v) && read_int(json_str(v, ""), &value) ? value : fallback;
}

bool json_bool(const struct json *v, bool fallback)
{
    const char *text = json_str(v, "");
    if (json_is_true(value_of(v)) || strcmp(text, "true") == 0)
        return true;
    if (json_is_false(value_of(v)) || strcmp(text, "false") == 0)
        return false;
    return fallback;
}

bool json_is_null(const struct json *v)
{
    return !v || has_type(value_of(v), JSON_NULL);
}

double json_double(const struct json *v, double fallback)
{
    return json_is_number(v) ? json_number_value(value_of(v)) : fallback;
}

bool json_is_number(const struct json *v)
{
    return has_type(value_of(v), JSON_INTEGER) || has_type(value_of(v), JSON_REAL);
}

bool json_is_string(const struct json *v)
{
    return has_type(value_of(v), JSON_STRING);
}

bool json_is_array(const struct json *v)
{
    return has_type(value_of(v), JSON_ARRAY);
}

bool json_is_object(const struct json *v)
{
    return has_type(value_of(v), JSON_OBJECT);
}

size_t json_count(const struct json *v)
{
    return json_is_array(v) ? json_array_size(value_of(v)) : json_object_size(value_of(v));
}

const struct json *json_item(const struct json *v, size_t i)
{
    return json_of(json_array_get(value_of(v), i));
}

const struct json *json_find(const struct json *list, const char *pointer, const char *text)
{
    json_each (item, list) {
        char digits[32];
        const struct json *v = json_at(item, pointer);
        const char *found = json_str(v, NULL);
        if (json_is_integer(value_of(v))) {
            snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value_of(v)));
            found = digits;
        }
        if (found && strcmp(found, text) == 0)
            return item;
    }
    return NULL;
}

bool json_member(const struct json *v, size_t i, const char **ret_name, const struct json **ret_value)
{
    if (!json_is_object(v))
        return false;
    json_t *object = (json_t *)(uintptr_t)value_of(v); /* jansson's iterators take no const */
    void *at = json_object_iter(object);
    for (; at && i; i--)
        at = json_object_iter_next(object, at);
    if (!at)
        return false;
    *ret_name = json_object_iter_key(at);
    *ret_value = json_of(json_object_iter_value(at));
    return true;
}

char *json_dump(struct arena *a, const struct json *v)
{
    char *text = v ? json_dumps(value_of(v), JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    char *copy = arena_strdup(a, text ? text : "null");
    free(text);
    return copy;
}

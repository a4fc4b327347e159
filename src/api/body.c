#include "api/request.h"

#include "base/utf8.h"
#include <string.h>

enum { ID_DIGITS = 16, ENTRY_BYTES = 1024 };
static const int64_t ID_LARGEST = (1LL << 53) - 1;

static bool type_fits(const struct json *value, const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_SECRET:
        return json_is_string(value) && strlen(json_str(value, "")) <= field->max;
    case FIELD_INT:
        return !json_is_string(value) && json_int(value, -1) >= 0 &&
               json_int(value, -1) <= (int64_t)field->max;
    case FIELD_NUMBER:
        return json_is_number(value) && json_double(value, -1) >= 0 &&
               json_double(value, -1) <= (double)field->max;
    case FIELD_BOOL:
        return !json_is_string(value) && json_bool(value, false) == json_bool(value, true);
    case FIELD_TEXTS:
        if (!json_is_array(value) || json_count(value) > field->max)
            return false;
        for (size_t i = 0; i < json_count(value); i++)
            if (!json_is_string(json_item(value, i)) ||
                strlen(json_str(json_item(value, i), "")) > ENTRY_BYTES)
                return false;
        return true;
    }
    return false;
}

static const char *type_words(enum field_type type)
{
    switch (type) {
    case FIELD_TEXT:
    case FIELD_SECRET:
        return "a string";
    case FIELD_INT:
        return "a whole number";
    case FIELD_NUMBER:
        return "a number";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_TEXTS:
        return "a list of strings";
    }
    return "";
}

static bool wrong_type(const struct field *field, struct err *err)
{
    const char *words = type_words(field->type);
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_SECRET:
        return err_set(err, ERR_INPUT, "\"%s\" must be %s of at most %zu bytes", field->name, words,
                       field->max);
    case FIELD_INT:
    case FIELD_NUMBER:
        return err_set(err, ERR_INPUT, "\"%s\" must be %s from 0 to %zu", field->name, words, field->max);
    case FIELD_BOOL:
        return err_set(err, ERR_INPUT, "\"%s\" must be %s", field->name, words);
    case FIELD_TEXTS:
        return err_set(err, ERR_INPUT, "\"%s\" must be %s, at most %zu of at most %d bytes each", field->name,
                       words, field->max, ENTRY_BYTES);
    }
    return false;
}

static const struct field *field_find(const struct field *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcmp(fields->name, name) == 0)
            return fields;
    return NULL;
}

bool request_check_body(const struct json *body, const struct field *fields, struct err *err)
{
    const char *name;
    const struct json *value;
    if (!json_is_object(body))
        return err_set(err, ERR_INPUT, "the request's body must be a JSON object");
    for (size_t i = 0; json_member(body, i, &name, &value); i++) {
        const struct field *field = field_find(fields, name);
        if (!field)
            return err_set(err, ERR_INPUT, "unknown member \"%.60s\"", name);
        if (!json_is_null(value) && !type_fits(value, field))
            return wrong_type(field, err);
    }
    for (; fields->name; fields++) {
        char pointer[64] = "/";
        strncat(pointer, fields->name, sizeof pointer - 2);
        if (fields->required && json_is_null(json_at(body, pointer)))
            return err_set(err, ERR_INPUT, "\"%s\" is missing", fields->name);
    }
    return true;
}

static const struct json *body_at(const struct request *rq, const char *name)
{
    return rq->body ? json_at(rq->body, arena_printf(rq->arena, "/%s", name)) : NULL;
}

const char *request_text(const struct request *rq, const char *name)
{
    return json_str(body_at(rq, name), NULL);
}

const char **request_texts(const struct request *rq, const char *name, size_t *ret_count)
{
    const struct json *list = body_at(rq, name);
    size_t count = json_is_array(list) ? json_count(list) : 0;
    const char **texts = arena_array(rq->arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        texts[i] = json_str(json_item(list, i), "");
    *ret_count = count;
    return texts;
}

bool request_bool(const struct request *rq, const char *name, bool fallback)
{
    return json_bool(body_at(rq, name), fallback);
}

const char *request_query(const struct request *rq, const char *name)
{
    const char *value = pairs_get(&rq->exchange->query, name);
    return value && *value ? value : NULL;
}

static bool digits_parse(const char *text, int64_t *ret)
{
    int64_t value = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || p - text >= ID_DIGITS)
            return false;
        value = value * 10 + (*p - '0');
    }
    *ret = value;
    return *text;
}

bool request_id_parse(const char *text, int64_t *ret)
{
    int64_t value;
    if (!digits_parse(text, &value) || value < 1 || value > ID_LARGEST)
        return false;
    *ret = value;
    return true;
}

bool request_name_check(const char *name, struct err *err)
{
    if (strchr(name, '/'))
        return err_set(err, ERR_INPUT, "the name must not hold a slash");
    return !*name || name[strspn(name, "0123456789")] ||
           err_set(err, ERR_INPUT, "the name must not be a number: it could not be told from an id");
}

bool request_text_check(const char *what, const char *text, struct err *err)
{
    size_t size = strlen(text), step = 1;
    for (size_t at = 0; at < size; at += step) {
        step = utf8_size(text + at, size - at);
        if (!step || (unsigned char)text[at] < 0x20 || text[at] == 0x7f)
            return err_set(err, ERR_INPUT, "%s holds control characters or is not UTF-8", what);
    }
    return !size || (text[0] != ' ' && text[size - 1] != ' ') ||
           err_set(err, ERR_INPUT, "%s begins or ends with a blank", what);
}

bool request_label_check(const char *what, const char *name, struct err *err)
{
    if (!*name)
        return err_set(err, ERR_INPUT, "%s is empty", what);
    return request_text_check(what, name, err) && request_name_check(name, err);
}

static bool query_int(const struct request *rq, const char *name, int64_t low, int64_t high, int64_t *ret,
                      struct err *err)
{
    const char *text = request_query(rq, name);
    int64_t value;
    if (!text)
        return true;
    if (!digits_parse(text, &value) || value < low || value > high)
        return err_set(err, ERR_INPUT, "?%s= must be a number from %lld to %lld", name, (long long)low,
                       (long long)high);
    *ret = value;
    return true;
}

bool request_page(const struct request *rq, struct page *ret, struct err *err)
{
    int64_t before = 0, limit = 100;
    if (!query_int(rq, "before", 1, ID_LARGEST, &before, err) ||
        !query_int(rq, "limit", 1, 1000, &limit, err))
        return false;
    *ret = (struct page){.before_id = before, .limit = (size_t)limit};
    return true;
}

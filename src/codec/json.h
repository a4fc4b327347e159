/* json.h - JSON as values, over jansson: strict, limited, exact for 64-bit integers.
 *
 * A parsed document belongs to the arena and goes with it; pointers into it live as long. Refused: duplicate keys,
 * NUL in any string or name, nesting over JSON_MAX_DEPTH, objects over JSON_MAX_MEMBERS, size over the caller's limit, trailing text. Accessors
 * accept NULL (absent) and answer their fallback, so that paths need no checks in between.
 * For documents that go back to where they came from, json_slice.h works on the bytes: numbers and what we do not
 * know survive exactly.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct json;

/* From now on memory of parsed documents is wiped when it is given back: they may hold private keys. Called once, by
 * main, before any other thread starts.
 */
void json_wipe_freed(void);

enum { JSON_MAX_DEPTH = 64, JSON_MAX_BYTES = 8 << 20, JSON_MAX_MEMBERS = 4096 };

/* Text of at most JSON_MAX_BYTES. err: ERR_INPUT, "line 3: ..."; never quotes the text. */
must_use bool json_parse(struct arena *a, const char *text, size_t size, const struct json **ret,
                         struct err *err);

/* RFC 6901: "/Response/Domains/0/Https". "" is v itself. NULL if absent, or if v is NULL. */
const struct json *json_at(const struct json *v, const char *pointer);

const char *json_str(const struct json *v, const char *fallback); /* strings only */
/* Strings as they are, integers and booleans spelled out (vendors switch between 1 and "1"); else the fallback. */
const char *json_text(struct arena *a, const struct json *v, const char *fallback);
int64_t json_int(const struct json *v, int64_t fallback);  /* integers, and strings that hold one */
bool json_bool(const struct json *v, bool fallback);       /* true/false, and the strings "true"/"false" */
bool json_is_null(const struct json *v);                   /* absent or null */
double json_double(const struct json *v, double fallback); /* numbers only */
bool json_is_number(const struct json *v);
bool json_is_string(const struct json *v);
bool json_is_array(const struct json *v);
bool json_is_object(const struct json *v);

/* The string at the pointer, "" if there is none; and whether it is this one. */
const char *json_get(const struct json *v, const char *pointer);
bool json_is(const struct json *v, const char *pointer, const char *text);

size_t json_count(const struct json *v);                      /* of an array or object; 0 otherwise */
const struct json *json_item(const struct json *v, size_t i); /* of an array; NULL outside */
/* The first item of an array that has this text at the pointer; numbers count as they are written. NULL if none has. */
const struct json *json_find(const struct json *list, const char *pointer, const char *text);
/* A loop over the items of an array; break and continue do what they do elsewhere. */
#define json_each(item, items)                                                                               \
    for (struct json_walk item##_walk = {(items), 0}; item##_walk.array; item##_walk.array = NULL)           \
        for (const struct json *item; (item = json_item(item##_walk.array, item##_walk.at)); item##_walk.at++)
struct json_walk {
    const struct json *array;
    size_t at;
};
/* The i-th member of an object, in the document's order; false past the end. */
bool json_member(const struct json *v, size_t i, const char **ret_name, const struct json **ret_value);

/* The value as compact JSON text; numbers may change their spelling. */
char *json_dump(struct arena *a, const struct json *v);

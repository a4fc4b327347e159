/* pointer, value, then the text: slicing, splicing and cutting agree with what jansson makes of the same bytes. */
#include "codec/json.h"
#include "codec/json_slice.h"
#include "fuzz.h"

static const struct json *parse(struct arena *a, const char *text, size_t size)
{
    const struct json *v;
    return json_parse(a, text, size, &v, NULL) ? v : NULL;
}

/* A document may grow over our limits by what is spliced into it; any other refusal is a bug. */
static const struct json *parse_result(struct arena *a, const char *text)
{
    const struct json *v;
    struct err err;
    if (json_parse(a, text, strlen(text), &v, &err))
        return v;
    must(strstr(err.text, "nested too deeply") || strstr(err.text, "too many members"));
    return NULL;
}

static void check_slice(struct arena *a, const struct json *v, const char *text, size_t size,
                        const char *pointer)
{
    const struct json *value = json_at(v, pointer);
    char *excerpt;
    struct err err;
    bool found = json_excerpt(a, text, size, pointer, &excerpt, &err);
    if (!found) {
        must(!value);
        return;
    }
    const struct json *sliced = parse(a, excerpt, strlen(excerpt));
    must(sliced);
    if (strlen(pointer) < 1000)
        must(value && strcmp(json_dump(a, value), json_dump(a, sliced)) == 0);
}

static void check_splice(struct arena *a, const char *text, size_t size, const char *pointer,
                         const char *value)
{
    const struct json *wanted = parse(a, value, strlen(value));
    char *spliced;
    if (!wanted || !json_splice(a, text, size, pointer, value, &spliced, NULL))
        return;
    const struct json *v = parse_result(a, spliced);
    if (v && strlen(pointer) < 1000)
        must(json_at(v, pointer) && strcmp(json_dump(a, json_at(v, pointer)), json_dump(a, wanted)) == 0);
    struct slice slice;
    if (json_slice(text, size, pointer, &slice, NULL)) {
        must(memcmp(spliced, text, slice.begin) == 0);
        must(strcmp(spliced + slice.begin + strlen(value),
                    arena_copy(a, text + slice.end, size - slice.end)) == 0);
    }
}

static void check_cut(struct arena *a, const struct json *v, const char *text, size_t size, char *pointer)
{
    bool there = json_at(v, pointer) != NULL;
    char *cut, *last = strrchr(pointer, '/');
    if (!last || !json_cut(a, text, size, pointer, &cut, NULL))
        return;
    const struct json *after = parse_result(a, cut);
    must(after);
    *last = '\0'; /* from here on the parent's pointer */
    must(json_count(json_at(after, pointer)) + (there ? 1 : 0) == json_count(json_at(v, pointer)) ||
         strlen(pointer) > 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    char *pointer = fuzz_line(a, &data, &size), *value = fuzz_line(a, &data, &size);
    const char *text = arena_copy(a, data, size);
    const struct json *v;
    struct slice whole;
    struct err err;
    if (json_parse(a, text, size, &v, &err)) {
        must(json_slice(text, size, "", &whole, NULL));
        check_slice(a, v, text, size, pointer);
        check_splice(a, text, size, pointer, value);
        check_cut(a, v, text, size, pointer);
    } else if (json_slice(text, size, "", &whole,
                          NULL)) { /* what the scan takes on purpose and jansson does not */
        must(strstr(err.text, "too large") || strstr(err.text, "twice") ||
             strstr(err.text, "too many members"));
    }
    return 0;
}

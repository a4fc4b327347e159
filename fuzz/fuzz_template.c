/* Two strings: put into templates and writers they come back from the parser as they were, whatever they hold. */
#include "base/utf8.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "fuzz.h"

/* What json_format promises: '?' for each byte that is not UTF-8. */
static char *made_valid(struct arena *a, const char *text)
{
    char *out = arena_strdup(a, text);
    for (size_t size, left = strlen(text), i = 0; left; i += size, left -= size) {
        size = utf8_size(text + i, left);
        if (!size) {
            out[i] = '?';
            size = 1;
        }
    }
    return out;
}

static const struct json *parsed(struct arena *a, const char *text)
{
    const struct json *v;
    must(json_parse(a, text, strlen(text), &v, NULL));
    return v;
}

static void must_hold(const struct json *v, const char *pointer, const char *want)
{
    must(strcmp(json_str(json_at(v, pointer), "(absent)"), want) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    if (size > 1 << 16)
        return 0;
    const char *one = fuzz_line(a, &data, &size), *two = arena_copy(a, data, size);
    const char *valid_one = made_valid(a, one), *valid_two = made_valid(a, two);
    long long number = (long long)strlen(two) * INT32_MAX * (size % 2 ? -1 : 1);
    char *inner = json_format(a, "{'x':%s,'n':%lld,'b':%p}", two, number, json_boolean(size % 2));
    const struct json *v =
        parsed(a, json_format(a, "{'a':%s,'b':[%s,%zu],'c':%s,'d':%p}", one, two, size, inner, inner));
    must_hold(v, "/a", valid_one);
    must_hold(v, "/b/0", valid_two);
    must_hold(v, "/d/x", valid_two);
    must(json_count(v) == 4 && json_int(json_at(v, "/d/n"), 1) == number);
    const struct json *text = parsed(a, json_str(json_at(v, "/c"), "")); /* JSON inside a string */
    must_hold(text, "/x", valid_two);
    v = parsed(a, json_strings(a, (const char *const[]){one, two, NULL}, 3));
    must_hold(v, "/0", valid_one);
    must(json_count(v) == 3 && json_is_null(json_at(v, "/2")));
    struct buf buf = buf_new(a, 1 << 24);
    struct json_writer w = json_writer_to(&buf);
    json_open_object(&w);
    json_member_string(&w, one, two);
    json_member_raw(&w, "\x01 second name that no input line holds", inner);
    json_close_object(&w);
    const char *name;
    const struct json *value;
    must(json_member(parsed(a, buf.data), 0, &name, &value) && strcmp(name, valid_one) == 0);
    must(strcmp(json_str(value, "(absent)"), valid_two) == 0);
    return 0;
}

/* A text: whatever json_parse takes can be walked by every accessor, and is the same after json_dump. */
#include "base/buf.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "fuzz.h"

static char *pointer_to(struct arena *a, const char *name)
{
    struct buf out = buf_new(a, 1 << 20);
    buf_putc(&out, '/');
    for (; *name; name++)
        if (*name == '~' || *name == '/')
            buf_puts(&out, *name == '~' ? "~0" : "~1");
        else
            buf_putc(&out, *name);
    return out.data;
}

static void check_scalar(struct arena *a, const struct json *v)
{
    int64_t number = json_int(v, -1);
    bool truth = json_bool(v, false);
    const char *text = json_str(v, NULL);
    must(number == -1 || json_int(v, -2) == number);
    must(truth ? json_bool(v, false) : true);
    must((text != NULL) == json_is_string(v));
    if (text)
        must(strcmp(json_text(a, v, ""), text) == 0);
    if (number != -1 && !text)
        must(strcmp(json_text(a, v, ""), arena_printf(a, "%lld", (long long)number)) == 0);
}

static void walk(struct arena *a, const struct json *v, unsigned depth)
{
    const char *name;
    const struct json *value;
    must(depth <= JSON_MAX_DEPTH + 1);
    check_scalar(a, v);
    size_t count = json_count(v);
    for (size_t i = 0; json_is_array(v) && i < count; i++) {
        must(json_item(v, i) == json_at(v, arena_printf(a, "/%zu", i)));
        walk(a, json_item(v, i), depth + 1);
    }
    for (size_t i = 0; json_is_object(v) && i < count; i++) {
        must(json_member(v, i, &name, &value));
        must(strlen(name) > 1000 || json_at(v, pointer_to(a, name)) == value);
        walk(a, value, depth + 1);
    }
    must(!json_item(v, count) && !json_member(v, count, &name, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES * 4);
    const char *text = arena_copy(a, data, size);
    const struct json *v = NULL, *again = NULL;
    struct err err = {0};
    if (size > 1 << 16)
        return 0;
    if (!json_parse(a, text, size, &v, &err)) {
        must(!v && err.kind == ERR_INPUT && strstr(err.text, "bad JSON"));
        return 0;
    }
    walk(a, v, 1);
    char *dump = json_dump(a, v);
    must(json_parse(a, dump, strlen(dump), &again, &err));
    must(strcmp(json_dump(a, again), dump) == 0);
    if (json_is_string(v)) {
        char *quoted = json_format(a, "%s", json_str(v, ""));
        must(json_parse(a, quoted, strlen(quoted), &again, &err));
        must(strcmp(json_str(again, ""), json_str(v, "")) == 0);
    }
    return 0;
}

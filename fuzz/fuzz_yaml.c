/* A kubeconfig: what yaml_to_json takes is JSON in which every scalar is a string; what it refuses it does not quote. */
#include "codec/json.h"
#include "codec/yaml_json.h"
#include "fuzz.h"

static void walk(const struct json *v, unsigned depth)
{
    const char *name;
    const struct json *value;
    must(depth <= YAML_MAX_DEPTH + 1);
    must(json_is_array(v) || json_is_object(v) || json_is_string(v));
    for (size_t i = 0; json_is_array(v) && i < json_count(v); i++)
        walk(json_item(v, i), depth + 1);
    for (size_t i = 0; json_is_object(v) && i < json_count(v); i++) {
        must(json_member(v, i, &name, &value));
        walk(value, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(ARENA_JOB_BYTES * 4);
    const char *text = arena_copy(a, data, size);
    const struct json *v = NULL;
    struct err err = {0};
    char *json = NULL;
    if (size > 1 << 16)
        return 0;
    if (!yaml_to_json(a, text, size, &json, &err)) {
        must(!json && err.kind == ERR_INPUT && *err.text);
        must(strlen(text) < 16 || !strstr(err.text, text));
        return 0;
    }
    if (json_parse(a, json, strlen(json), &v, &err)) /* a name twice, or a NUL within: refused there */
        walk(v, 1);
    else
        must(err.kind == ERR_INPUT);
    return 0;
}

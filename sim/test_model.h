/* test_model.h - the vendors' models as data, operations.json, for tests of the simulator. */
#pragma once
#include "base/file.h"
#include "codec/xml.h"
#include "sim/test_help.h"

static inline const struct json *model(struct arena *a)
{
    char *text;
    size_t size;
    struct err err;
    const struct json *v;
    if (!file_read(a, OPERATIONS, 8 << 20, &text, &size, &err) || !json_parse(a, text, size, &v, &err))
        fail_msg("%s", err.text);
    return json_at(v, "/operations");
}

static inline const struct json *operation_of(const struct json *model_operations, const char *cloud,
                                              const char *service, const char *name)
{
    for (size_t i = 0; i < json_count(model_operations); i++) {
        const struct json *o = json_item(model_operations, i);
        if (!strcmp(json_str(json_at(o, "/cloud"), ""), cloud) &&
            !strcmp(json_str(json_at(o, "/service"), ""), service) &&
            !strcmp(json_str(json_at(o, "/operation"), ""), name))
            return o;
    }
    return NULL;
}

static inline bool in_response(const struct json *response, const char *pattern)
{
    for (size_t i = 0; i < json_count(response); i++)
        if (!strcmp(json_str(json_at(json_item(response, i), "/name"), ""), pattern))
            return true;
    return false;
}

static inline void check_members(struct arena *a, const struct json *response, const struct json *v,
                                 const char *pattern)
{
    const char *name;
    const struct json *member;
    for (size_t i = 0; i < json_count(v) && json_is_array(v); i++)
        check_members(a, response, json_item(v, i), pattern);
    for (size_t i = 0; json_is_object(v) && json_member(v, i, &name, &member); i++) {
        const char *dot = *pattern ? "." : "";
        const char *below =
            arena_printf(a, "%s%s%s%s", pattern, dot, name, json_is_array(member) ? "[]" : "");
        const char *list = arena_printf(a, "%s%s%s[]", pattern, dot, name);
        if (json_is_null(member) && in_response(response, list))
            continue;
        if (!in_response(response, below))
            fail_msg("the vendor's answer has no %s", below);
        check_members(a, response, member, below);
    }
}

/* The model spells lists as "Items.CNAME[]"; elements that only hold others may be unnamed there. */
static inline bool xml_in_response(const struct json *response, const char *path)
{
    size_t size = strlen(path);
    for (size_t i = 0; i < json_count(response); i++) {
        const char *name = json_str(json_at(json_item(response, i), "/name"), ""), *p = name;
        size_t at = 0;
        for (; *p && at < size; p++) {
            if (*p == '[' || *p == ']')
                continue;
            if (*p != path[at])
                break;
            at++;
        }
        if (at == size && (!*p || *p == '.' || *p == '['))
            return true;
    }
    return false;
}

static inline void check_elements(struct arena *a, const struct json *response, const struct xml *node,
                                  const char *path)
{
    for (const struct xml *e = node->child; e; e = e->next) {
        const char *below = arena_printf(a, "%s%s%s", path, *path ? "." : "", e->name);
        if (!xml_in_response(response, below))
            fail_msg("the vendor's answer has no %s", below);
        check_elements(a, response, e, below);
    }
}

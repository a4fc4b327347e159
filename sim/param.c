/* Parameters: what came on the wire in any position, by name, and the check against an operation's table. */
#include "sim/core.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 1024, PARAMS_MAX = 4096, JSON_DEPTH = 32 };

void sim_param_add(struct sim_call *c, enum sim_where where, const char *pattern, const char *wire,
                   const char *value)
{
    if (c->param_count == PARAMS_MAX)
        return;
    struct sim_param_value *p =
        arena_push(c->arena, (void **)&c->params, &c->param_count, &c->param_capacity, sizeof *c->params);
    *p = (struct sim_param_value){.pattern = pattern, .wire = wire, .value = value, .where = where};
}

static bool is_number(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!isdigit((unsigned char)text[i]))
            return false;
    return size > 0 && size < 8;
}

void sim_param_flat(struct sim_call *c, enum sim_where where, const char *wire, const char *value,
                    const char *index_word)
{
    struct buf pattern = buf_new(c->arena, NAME_BYTES);
    size_t index = 0;
    for (const char *at = wire; *at;) {
        size_t size = strcspn(at, ".");
        const char *next = at + size + (at[size] == '.');
        size_t next_size = strcspn(next, ".");
        bool word = index_word && size == strlen(index_word) && !memcmp(at, index_word, size) && at != wire &&
                    is_number(next, next_size);
        if (word) { /* the number that follows is the index */
            at = next;
            continue;
        }
        if (at != wire && is_number(at, size)) {
            buf_puts(&pattern, "[]");
            index = (size_t)strtoul(at, NULL, 10);
        } else {
            buf_printf(&pattern, "%s%.*s", at == wire ? "" : ".", (int)size, at);
        }
        at = next;
    }
    sim_param_add(c, where, pattern.data, wire, value);
    c->params[c->param_count - 1].index = index;
}

static void walk_json(struct sim_call *c, const struct json *v, const char *pattern, const char *wire,
                      size_t index, unsigned depth)
{
    if (depth > JSON_DEPTH || json_is_null(v))
        return;
    const char *dot = *pattern ? "." : "";
    if (json_is_array(v)) {
        for (size_t i = 0; i < json_count(v); i++)
            walk_json(c, json_item(v, i), arena_printf(c->arena, "%s[]", pattern),
                      arena_printf(c->arena, "%s%s%zu", wire, *wire ? "." : "", i), i, depth + 1);
        return;
    }
    if (*pattern) {
        bool object = json_is_object(v);
        sim_param_add(c, IN_JSON, pattern, wire,
                      object ? "" : json_text(c->arena, v, json_dump(c->arena, v)));
        struct sim_param_value *p = &c->params[c->param_count - 1];
        p->index = index;
        p->type = object                              ? T_OBJECT
                  : json_is_string(v)                 ? T_STRING
                  : isalpha((unsigned char)*p->value) ? T_BOOLEAN
                                                      : T_NUMBER;
    }
    const char *name;
    const struct json *member;
    for (size_t i = 0; json_member(v, i, &name, &member); i++)
        walk_json(c, member, arena_printf(c->arena, "%s%s%s", pattern, dot, name),
                  arena_printf(c->arena, "%s%s%s", wire, dot, name), index, depth + 1);
}

void sim_param_json(struct sim_call *c, const struct json *v, const char *prefix)
{
    c->json = v;
    walk_json(c, v, prefix, prefix, 0, 0);
}

bool sim_path_match(struct sim_call *c, const char *pattern, const char *path)
{
    struct sim_param_value found[8];
    size_t count = 0;
    while (*pattern && *path) {
        size_t want = strcspn(pattern, "/"), have = strcspn(path, "/");
        if (*pattern == '{') {
            char *value;
            if (!have || count == countof(found) || !url_decode(c->arena, path, have, false, &value, NULL))
                return false;
            found[count++] =
                (struct sim_param_value){.wire = arena_copy(c->arena, pattern + 1, want - 2), .value = value};
        } else if (want != have || memcmp(pattern, path, want)) {
            return false;
        }
        pattern += want;
        path += have;
        if (*pattern != *path)
            return false;
        if (*pattern) {
            pattern++;
            path++;
        }
    }
    if (*pattern || *path)
        return false;
    for (size_t i = 0; i < count; i++)
        sim_param_add(c, IN_PATH, found[i].wire, found[i].wire, found[i].value);
    return true;
}

/* ---- values ---- */

const char *sim_arg(const struct sim_call *c, const char *wire)
{
    for (size_t i = 0; i < c->param_count; i++)
        if (!strcmp(c->params[i].wire, wire))
            return c->params[i].value;
    return NULL;
}

const char *sim_arg_or(const struct sim_call *c, const char *wire, const char *fallback)
{
    const char *value = sim_arg(c, wire);
    return value ? value : fallback;
}

int64_t sim_arg_int(const struct sim_call *c, const char *wire, int64_t fallback)
{
    const char *value = sim_arg(c, wire);
    return value && *value ? strtoll(value, NULL, 10) : fallback;
}

bool sim_arg_bool(const struct sim_call *c, const char *wire, bool fallback)
{
    const char *value = sim_arg(c, wire);
    return value && *value ? !strcmp(value, "true") : fallback;
}

const char *sim_arg_item(const struct sim_call *c, const char *pattern, size_t i)
{
    /* The i-th smallest index: lists may come in any order on the wire. */
    size_t below = 0;
    for (size_t n = 0; n <= i; n++) {
        const struct sim_param_value *best = NULL;
        for (size_t p = 0; p < c->param_count; p++)
            if (!strcmp(c->params[p].pattern, pattern) && c->params[p].index >= below &&
                (!best || c->params[p].index < best->index))
                best = &c->params[p];
        if (!best || n == i)
            return best ? best->value : NULL;
        below = best->index + 1;
    }
    return NULL;
}

size_t sim_arg_count(const struct sim_call *c, const char *pattern)
{
    size_t n = 0;
    for (size_t p = 0; p < c->param_count; p++)
        n += !strcmp(c->params[p].pattern, pattern);
    return n;
}

/* ---- the check ---- */

static const struct sim_param *row_of(const struct sim_operation *o, const char *pattern)
{
    for (size_t i = 0; i < o->param_count; i++) {
        const char *name = o->params[i].name;
        size_t size = strlen(name);
        bool below = size > 2 && !strcmp(name + size - 2, ".*");
        bool stands_below = below && !strncmp(name, pattern, size - 2) &&
                            (pattern[size - 2] == '.' || pattern[size - 2] == '[');
        if (below ? stands_below : !strcmp(name, pattern))
            return &o->params[i];
    }
    return NULL;
}

static bool is_integer(const char *text)
{
    text += *text == '-';
    size_t digits = strspn(text, "0123456789");
    return digits && digits < 19 && !text[digits];
}

static bool is_decimal(const char *text)
{
    char *end;
    strtod(text, &end);
    return *text && !*end && !isspace((unsigned char)*text);
}

static bool has_type(const struct sim_param_value *p, enum sim_type type)
{
    bool json = p->where == IN_JSON;
    switch (type) {
    case T_STRING:
        return !json || p->type == T_STRING;
    case T_INTEGER:
        return is_integer(p->value) && (!json || p->type == T_NUMBER);
    case T_NUMBER:
        return is_decimal(p->value) && (!json || p->type == T_NUMBER);
    case T_BOOLEAN:
        return (!strcmp(p->value, "true") || !strcmp(p->value, "false")) && (!json || p->type == T_BOOLEAN);
    case T_OBJECT:
        return json && p->type == T_OBJECT;
    case T_JSON:
    case T_ANY:
        return true;
    }
    return false;
}

static bool in_bounds(const struct sim_param_value *p, const struct sim_param *row)
{
    if (row->values && !sim_list_has(row->values, p->value))
        return false;
    if (!row->max)
        return true;
    bool number = row->type == T_INTEGER || row->type == T_NUMBER;
    int64_t size = number ? strtoll(p->value, NULL, 10) : (int64_t)strlen(p->value);
    return size >= row->min && size <= row->max;
}

/* How much of the wire name spells the first `levels` parts of the pattern: "A[].B" with 1 level in "A.member.3.B" is
 * "A.member.3". 0 if the wire name is not of that pattern.
 */
static size_t wire_prefix(const struct sim_param_value *p, const char *parent)
{
    const char *wire = p->wire;
    for (const char *at = parent; *at;) {
        size_t part = strcspn(at, ".[");
        if (strncmp(wire, at, part))
            return 0;
        wire += part;
        at += part;
        for (; at[0] == '['; at += 2) { /* ".3", ".member.3", or at the very beginning "3" */
            wire += *wire == '.';
            if (!isdigit((unsigned char)*wire))
                wire += strcspn(wire, ".") + 1;
            wire += strspn(wire, "0123456789");
        }
        if (*at == '.' && *wire != '.')
            return 0;
        at += *at == '.';
        wire += *at && *wire == '.';
    }
    return (size_t)(wire - p->wire);
}

/* A nested required parameter is missing where its parent was sent without it. */
static bool nested_is_missing(const struct sim_call *c, const struct sim_param *row, const char *last_dot)
{
    char parent[NAME_BYTES], wanted[NAME_BYTES];
    snprintf(parent, sizeof parent, "%.*s", (int)(last_dot - row->name), row->name);
    for (size_t i = 0; i < c->param_count; i++) {
        const struct sim_param_value *p = &c->params[i];
        size_t size = strlen(parent);
        if (strncmp(p->pattern, parent, size) || (p->pattern[size] && p->pattern[size] != '.'))
            continue;
        size_t prefix = wire_prefix(p, parent);
        snprintf(wanted, sizeof wanted, "%.*s%s", (int)prefix, p->wire, last_dot);
        if (prefix && strcspn(last_dot, "[") == strlen(last_dot) && !sim_arg(c, wanted))
            return true;
    }
    return false;
}

static bool is_missing(const struct sim_call *c, const struct sim_param *row)
{
    const char *last_dot = strrchr(row->name, '.');
    if (last_dot)
        return nested_is_missing(c, row, last_dot);
    size_t size = strlen(row->name);
    for (size_t i = 0; i < c->param_count; i++)
        if (!strncmp(c->params[i].pattern, row->name, size) &&
            (!c->params[i].pattern[size] || strchr(".[", c->params[i].pattern[size])))
            return false;
    return true;
}

/* Entries of the list "X[]" of a row: distinct prefixes, which the wire keeps together or not. */
static size_t list_count(const struct sim_call *c, const char *pattern)
{
    size_t n = 0, size = strlen(pattern);
    for (size_t i = 0; i < c->param_count; i++) {
        const struct sim_param_value *p = &c->params[i];
        if (strncmp(p->pattern, pattern, size))
            continue;
        size_t prefix = wire_prefix(p, pattern);
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = !strncmp(c->params[k].pattern, pattern, size) &&
                   wire_prefix(&c->params[k], pattern) == prefix &&
                   !strncmp(c->params[k].wire, p->wire, prefix);
        n += !seen;
    }
    return n;
}

static bool refuse(struct sim_call *c, enum sim_refusal why, const char *name)
{
    c->vendor->refuse(c, why, name);
    return false;
}

bool sim_params_check(struct sim_call *c)
{
    for (size_t i = 0; i < c->param_count; i++) {
        const struct sim_param_value *p = &c->params[i];
        const struct sim_param *row = row_of(c->operation, p->pattern);
        if (!row || !(row->in & p->where))
            return refuse(c, REFUSE_UNKNOWN_PARAMETER, p->wire);
        if (row->name[strlen(row->name) - 1] != '*' && (!has_type(p, row->type) || !in_bounds(p, row)))
            return refuse(c, REFUSE_BAD_PARAMETER, p->wire);
        for (size_t k = 0; k < i && p->where != IN_QUERY; k++)
            if (c->params[k].where == p->where && !strcmp(c->params[k].wire, p->wire))
                return refuse(c, REFUSE_BAD_PARAMETER, p->wire);
    }
    for (size_t i = 0; i < c->operation->param_count; i++) {
        const struct sim_param *row = &c->operation->params[i];
        if (row->required && is_missing(c, row))
            return refuse(c, REFUSE_MISSING_PARAMETER, row->name);
        size_t count = row->count ? list_count(c, row->name) : 0;
        if (count && (count < row->count_min || count > row->count))
            return refuse(c, REFUSE_BAD_PARAMETER, row->name);
    }
    return true;
}

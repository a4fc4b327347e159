#include "codec/yaml_json.h"

#include "codec/json_format.h"
#include <string.h>
#include <yaml.h>

enum { JSON_BYTES = 8 << 20 };

struct level { /* one open mapping or sequence */
    bool mapping, at_key;
};

struct reading {
    struct buf out;
    struct json_writer w;
    struct level levels[YAML_MAX_DEPTH];
    size_t depth;
    bool done; /* the document's value is complete */
};

static bool refuse(const yaml_event_t *e, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "line %zu: %s", e->start_mark.line + 1, what);
}

static struct level *top(struct reading *r)
{
    return r->depth ? &r->levels[r->depth - 1] : NULL;
}

/* A value stands here: after it a mapping waits for a key again. */
static void value_ended(struct reading *r)
{
    struct level *l = top(r);
    if (l && l->mapping)
        l->at_key = true;
    r->done = !l;
}

static bool open_level(struct reading *r, const yaml_event_t *e, bool mapping, struct err *err)
{
    struct level *l = top(r);
    if (l && l->mapping && l->at_key)
        return refuse(e, "a key must be a plain word", err);
    if (r->depth == YAML_MAX_DEPTH)
        return refuse(e, "nested too deeply", err);
    r->levels[r->depth++] = (struct level){mapping, mapping};
    if (mapping)
        json_open_object(&r->w);
    else
        json_open_array(&r->w);
    return true;
}

static void close_level(struct reading *r)
{
    if (top(r)->mapping)
        json_close_object(&r->w);
    else
        json_close_array(&r->w);
    r->depth--;
    value_ended(r);
}

static bool scalar(struct reading *r, const yaml_event_t *e, struct err *err)
{
    const char *text = (const char *)e->data.scalar.value;
    struct level *l = top(r);
    if (strlen(text) != e->data.scalar.length)
        return refuse(e, "a value holds a NUL", err);
    if (l && l->mapping && l->at_key) {
        json_key(&r->w, text);
        l->at_key = false;
        return true;
    }
    json_put_string(&r->w, text);
    value_ended(r);
    return true;
}

static bool is_marked(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor || e->data.scalar.tag;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    case YAML_ALIAS_EVENT:
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return false;
    }
    return false;
}

static bool take_event(struct reading *r, const yaml_event_t *e, struct err *err)
{
    if (is_marked(e))
        return refuse(e, "anchors, aliases and tags are not read", err);
    switch (e->type) {
    case YAML_MAPPING_START_EVENT:
        return open_level(r, e, true, err);
    case YAML_SEQUENCE_START_EVENT:
        return open_level(r, e, false, err);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        close_level(r);
        return true;
    case YAML_SCALAR_EVENT:
        return scalar(r, e, err);
    case YAML_DOCUMENT_START_EVENT:
        return !r->done || refuse(e, "a second document", err);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT:
        return true;
    }
    return true;
}

static void drop_event(yaml_event_t *e)
{
    if (e->type == YAML_SCALAR_EVENT && e->data.scalar.value)
        explicit_bzero(e->data.scalar.value, e->data.scalar.length);
    yaml_event_delete(e);
}

static bool read_all(yaml_parser_t *p, struct reading *r, struct err *err)
{
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(p, &e))
            return err_set(err, ERR_INPUT, "line %zu: not valid YAML", p->problem_mark.line + 1);
        more = e.type != YAML_STREAM_END_EVENT;
        bool taken = take_event(r, &e, err);
        drop_event(&e);
        if (!taken)
            return false;
    }
    return r->done || err_set(err, ERR_INPUT, "an empty document");
}

bool yaml_to_json(struct arena *a, const char *text, size_t size, char **ret, struct err *err)
{
    struct reading r = {.out = buf_new(a, JSON_BYTES)};
    yaml_parser_t p;
    r.w = json_writer_to(&r.out);
    if (size > YAML_MAX_BYTES)
        return err_set(err, ERR_INPUT, "more than %d bytes", YAML_MAX_BYTES);
    if (!yaml_parser_initialize(&p))
        return err_set(err, ERR_INTERNAL, "no memory for a YAML parser");
    yaml_parser_set_input_string(&p, (const unsigned char *)text, size);
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    bool ok = read_all(&p, &r, err);
    explicit_bzero(p.buffer.start, (size_t)(p.buffer.end - p.buffer.start));
    explicit_bzero(p.raw_buffer.start, (size_t)(p.raw_buffer.end - p.raw_buffer.start));
    yaml_parser_delete(&p);
    if (!ok)
        return false;
    if (r.out.full)
        return err_set(err, ERR_INPUT, "more than %d bytes as JSON", JSON_BYTES);
    *ret = r.out.data;
    return true;
}

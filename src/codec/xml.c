#include "codec/xml.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "codec/text.h"
#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* An element that is open while expat runs. */
struct open_element {
    struct xml *node, *last_child;
    struct buf text;
    bool self_closed;
};

struct reader {
    struct arena *a, *scratch;
    XML_Parser parser;
    const char *source;
    const char *why; /* what we refuse, where expat would not */
    struct xml *root;
    size_t elements;
    unsigned depth;
    struct open_element open[XML_MAX_DEPTH];
};

static void refuse(struct reader *r, const char *why)
{
    if (!r->why) {
        r->why = why;
        XML_StopParser(r->parser, XML_FALSE);
    }
}

static const char *local_name(struct arena *a, const char *name)
{
    const char *colon = strrchr(name, ':');
    return arena_strdup(a, colon ? colon + 1 : name);
}

static void append_child(struct open_element *parent, struct xml *node)
{
    node->parent = parent->node;
    if (parent->last_child)
        parent->last_child->next = node;
    else
        parent->node->child = node;
    parent->last_child = node;
}

static void on_start(void *data, const char *name, const char **attributes)
{
    struct reader *r = data;
    (void)attributes;
    if (r->why)
        return;
    if (r->depth == XML_MAX_DEPTH)
        return refuse(r, "nested too deeply");
    if (++r->elements > XML_MAX_ELEMENTS)
        return refuse(r, "too many elements");
    struct xml *node = arena_make(r->a, struct xml);
    node->name = local_name(r->a, name);
    node->begin = (size_t)XML_GetCurrentByteIndex(r->parser);
    node->inner_begin = node->begin + (size_t)XML_GetCurrentByteCount(r->parser);
    if (r->depth)
        append_child(&r->open[r->depth - 1], node);
    else
        r->root = node;
    struct open_element *open = &r->open[r->depth++];
    char *room = open->text.data;
    size_t capacity = open->text.capacity;
    *open = (struct open_element){.node = node, .self_closed = r->source[node->inner_begin - 2] == '/'};
    open->text = buf_new(r->scratch, XML_MAX_BYTES);
    if (capacity) { /* the buffer of this depth serves every element of this depth */
        open->text.data = room;
        open->text.capacity = capacity;
    }
}

static void on_end(void *data, const char *name)
{
    struct reader *r = data;
    (void)name;
    if (r->why)
        return;
    struct open_element *open = &r->open[--r->depth];
    struct xml *node = open->node;
    node->text = open->text.size ? arena_copy(r->a, open->text.data, open->text.size) : "";
    if (open->self_closed) {
        node->inner_end = node->end = node->inner_begin;
        return;
    }
    node->inner_end = (size_t)XML_GetCurrentByteIndex(r->parser);
    node->end = node->inner_end + (size_t)XML_GetCurrentByteCount(r->parser);
}

static void on_text(void *data, const char *text, int size)
{
    struct reader *r = data;
    if (!r->why && r->depth)
        buf_add(&r->open[r->depth - 1].text, text, (size_t)size);
}

static void on_doctype(void *data, const char *name, const char *system, const char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    refuse(data, "a document type declaration is not taken");
}

static void on_declaration(void *data, const char *version, const char *encoding, int standalone)
{
    (void)version, (void)standalone;
    if (encoding && strcasecmp(encoding, "UTF-8") != 0)
        refuse(data, "an encoding other than UTF-8");
}

static void free_parser(XML_Parser *parser)
{
    XML_ParserFree(*parser);
}

static bool run(struct reader *r, const char *text, size_t size, struct err *err)
{
    cleanup(free_parser) XML_Parser parser = XML_ParserCreate("UTF-8");
    if (!parser)
        return err_set(err, ERR_INTERNAL, "out of memory for an XML parser");
    r->parser = parser;
    XML_SetUserData(parser, r);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    XML_SetXmlDeclHandler(parser, on_declaration);
    if (XML_Parse(parser, text, (int)size, XML_TRUE) == XML_STATUS_OK)
        return true;
    return err_set(err, ERR_INPUT, "line %lu: bad XML: %s", (unsigned long)XML_GetCurrentLineNumber(parser),
                   r->why ? r->why : XML_ErrorString(XML_GetErrorCode(parser)));
}

bool xml_parse(struct arena *a, const char *text, size_t size, const struct xml **ret, struct err *err)
{
    if (size > XML_MAX_BYTES)
        return err_set(err, ERR_INPUT, "XML of %zu bytes, at most %d are read", size, XML_MAX_BYTES);
    cleanup(arena_free_p) struct arena *scratch = arena_new((size_t)XML_MAX_BYTES * 8);
    struct reader *r = arena_make(scratch, struct reader);
    r->a = a;
    r->scratch = scratch;
    r->source = text;
    if (!run(r, text, size, err))
        return false;
    *ret = r->root;
    return true;
}

/* The n-th child of that name, from 1. */
static const struct xml *child_of(const struct xml *node, const char *name, size_t size, unsigned long n)
{
    for (const struct xml *child = node->child; child; child = child->next)
        if (strlen(child->name) == size && memcmp(child->name, name, size) == 0 && --n == 0)
            return child;
    return NULL;
}

/* Takes the first "name" or "name[2]" off the path. */
static void take_step(const char **path, const char **ret_name, size_t *ret_size, unsigned long *ret_n)
{
    size_t size = strcspn(*path, "/");
    const char *bracket = memchr(*path, '[', size);
    *ret_name = *path;
    *ret_size = bracket ? (size_t)(bracket - *path) : size;
    *ret_n = bracket ? strtoul(bracket + 1, NULL, 10) : 1;
    *path += size;
    *path += **path == '/';
}

const struct xml *xml_at(const struct xml *node, const char *path)
{
    while (node && *path) {
        const char *name;
        size_t size;
        unsigned long n;
        take_step(&path, &name, &size, &n);
        node = n ? child_of(node, name, size, n) : NULL;
    }
    return node;
}

const char *xml_text(const struct xml *node, const char *path, const char *fallback)
{
    const struct xml *found = xml_at(node, path);
    return found ? found->text : fallback;
}

const char *xml_get(const struct xml *node, const char *path)
{
    return node ? xml_text(node, path, "") : "";
}

bool xml_is(const struct xml *node, const char *path, const char *text)
{
    return strcmp(xml_get(node, path), text) == 0;
}

int64_t xml_int(const struct xml *node, const char *path, int64_t fallback)
{
    const char *p = xml_text(node, path, "");
    int64_t value = 0;
    p += strspn(p, " \t\r\n");
    bool negative = *p == '-';
    p += negative;
    size_t digits = strspn(p, "0123456789");
    if (!digits || p[digits + strspn(p + digits, " \t\r\n")])
        return fallback;
    for (size_t i = 0; i < digits; i++) {
        int64_t digit = negative ? '0' - p[i] : p[i] - '0';
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return fallback;
    }
    return value;
}

size_t xml_count(const struct xml *node, const char *name)
{
    size_t count = 0;
    for (const struct xml *child = node ? node->child : NULL; child; child = child->next)
        count += strcmp(child->name, name) == 0;
    return count;
}

const struct xml *xml_next(const struct xml *node)
{
    if (!node)
        return NULL;
    for (const struct xml *next = node->next; next; next = next->next)
        if (strcmp(next->name, node->name) == 0)
            return next;
    return NULL;
}

/* <x a="1"/> with something inside becomes <x a="1">...</x>. */
static char *filled(struct arena *a, const char *text, size_t size, const struct xml *node,
                    const char *element)
{
    const char *tag = text + node->begin + 1;
    int name_size = (int)strcspn(tag, " \t\r\n/>");
    size_t slash = node->end - 2;
    return text_replaced(a, text, size, slash, node->end,
                         arena_printf(a, ">%s</%.*s>", element, name_size, tag));
}

static bool is_one_element(const char *element, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    const struct xml *root;
    if (!xml_parse(a, element, strlen(element), &root, err))
        return false;
    if (root->begin != 0 || root->end != strlen(element))
        return err_set(err, ERR_INPUT, "exactly one XML element is wanted");
    return true;
}

/* Adds the element as the last child of the node that the path less its last step names. */
static bool add_element(struct arena *a, const char *text, size_t size, const struct xml *root,
                        const char *path, const char *element, char **ret, struct err *err)
{
    const char *last = strrchr(path, '/'), *name, *step = last ? last + 1 : path;
    size_t name_size;
    unsigned long n;
    const struct xml *parent = xml_at(root, last ? arena_copy(a, path, (size_t)(last - path)) : "");
    take_step(&step, &name, &name_size, &n);
    if (!parent || n == 0 || (n > 1 && !child_of(parent, name, name_size, n - 1)))
        return err_set(err, ERR_NOT_FOUND, "no place for \"%.80s\" in the document", path);
    bool self_closed = parent->inner_begin == parent->end;
    *ret = self_closed ? filled(a, text, size, parent, element)
                       : text_replaced(a, text, size, parent->inner_end, parent->inner_end, element);
    return true;
}

bool xml_splice(struct arena *a, const char *text, size_t size, const char *path, const char *element,
                char **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *scratch = arena_new(ARENA_JOB_BYTES);
    const struct xml *root;
    if (!is_one_element(element, err))
        return err_add(err, "element for %.80s", path);
    if (!xml_parse(scratch, text, size, &root, err))
        return false;
    const struct xml *node = xml_at(root, path);
    if (!node)
        return add_element(a, text, size, root, path, element, ret, err);
    *ret = text_replaced(a, text, size, node->begin, node->end, element);
    return true;
}

char *xml_excerpt(struct arena *a, const char *text, const struct xml *node)
{
    return arena_copy(a, text + node->begin, node->end - node->begin);
}

/* The text that stands for the character at p, NULL when it stands for itself, "" when XML has no place for it. */
static const char *escape_of(const char *p, size_t size)
{
    static const char *const escapes[0x80] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;", ['\r'] = "&#13;",
    };
    unsigned char c = (unsigned char)*p;
    if (size == 0)
        return "?";
    if (size == 3)
        return memcmp(p, "\xEF\xBF\xBE", 3) == 0 || memcmp(p, "\xEF\xBF\xBF", 3) == 0 ? "" : NULL;
    if (size != 1 || c == '\t' || c == '\n')
        return NULL;
    return c < 0x20 && !escapes[c] ? "" : escapes[c];
}

char *xml_escape(struct arena *a, const char *text)
{
    size_t left = strlen(text);
    struct buf out = buf_new(a, left * 6 + 1);
    while (left) {
        size_t size = utf8_size(text, left);
        const char *escape = escape_of(text, size);
        if (escape)
            buf_puts(&out, escape);
        else
            buf_add(&out, text, size);
        text += size ? size : 1;
        left -= size ? size : 1;
    }
    return out.data;
}

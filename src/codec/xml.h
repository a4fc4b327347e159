/* xml.h - XML answers as a tree with byte offsets, over expat; and splicing of one element.
 *
 * Refused: a DTD or entity declaration, nesting over XML_MAX_DEPTH, over XML_MAX_ELEMENTS, over XML_MAX_BYTES, encodings but UTF-8.
 * Namespace prefixes are kept out of names ("ns:Code" is "Code"). The tree lives in the arena.
 * Paths are local names joined by '/', from the node given, each the first such child: "Error/Code"; a child may be
 * numbered from 1: "Items/CNAME[2]". The document element is not part of a path.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { XML_MAX_DEPTH = 64, XML_MAX_BYTES = 8 << 20, XML_MAX_ELEMENTS = 1 << 17 };

struct xml {
    const char *name;              /* local name */
    const char *text;              /* all character data directly inside, entities resolved; "" if none */
    size_t begin, end;             /* of the whole element, from '<' to past '>' */
    size_t inner_begin, inner_end; /* of what is between its tags; equal for <x/> */
    const struct xml *parent, *child, *next; /* first child, next sibling; NULL if none */
};

must_use bool xml_parse(struct arena *a, const char *text, size_t size, const struct xml **ret,
                        struct err *err);

const struct xml *xml_at(const struct xml *node, const char *path); /* NULL if absent */
const char *xml_text(const struct xml *node, const char *path, const char *fallback);
/* The text at the path, "" if there is none; and whether it is this one. */
const char *xml_get(const struct xml *node, const char *path);
bool xml_is(const struct xml *node, const char *path, const char *text);
int64_t xml_int(const struct xml *node, const char *path, int64_t fallback);
size_t xml_count(const struct xml *node, const char *name); /* children of that name */
const struct xml *xml_next(const struct xml *node);         /* next sibling of the same name */

/* The document with the whole element at the path (from the document element) replaced by `element`, or, where it
 * is absent, with `element` added before the end tag of its parent. Every other byte stays.
 */
must_use bool xml_splice(struct arena *a, const char *text, size_t size, const char *path,
                         const char *element, char **ret, struct err *err);

/* The bytes of the whole element. */
char *xml_excerpt(struct arena *a, const char *text, const struct xml *node);

/* Text as character data or attribute value: & < > " ' escaped, control characters that XML forbids dropped. */
char *xml_escape(struct arena *a, const char *text);

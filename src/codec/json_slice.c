/* One pass over the whole text, so that what is found stands in a document that is JSON to its last byte. On the way to
 * the pointer's value the scan notes what replacing, adding and cutting need.
 */
#include "codec/json_slice.h"

#include "base/utf8.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "codec/text.h"
#include <string.h>

struct place {
    bool found;
    size_t begin, end;   /* of the value */
    size_t member_begin; /* of the name, or of an array's element */
    size_t before,
        after;   /* of the comma on either side; 0: none (no comma stands at the text's first byte) */
    size_t next; /* where the text after the comma that follows begins */
    bool parent; /* the object that holds, or lacks, the last name was found */
    bool parent_is_empty;  /* it has no members */
    size_t parent_content; /* where its last member ends, or past its brace */
};

struct scanner {
    const char *text;
    size_t size, at;
    const char *why; /* the first failure */
    struct place place;
};

static bool fail(struct scanner *s, const char *why)
{
    if (!s->why)
        s->why = why;
    return false;
}

/* The byte at hand, or NUL at the end; a NUL in the text fits nowhere either. */
static char peek(const struct scanner *s)
{
    return s->at < s->size ? s->text[s->at] : '\0';
}

static bool accept(struct scanner *s, char c)
{
    if (s->at >= s->size || s->text[s->at] != c)
        return false;
    s->at++;
    return true;
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->size && memchr(" \t\r\n", s->text[s->at], 4))
        s->at++;
}

/* The four digits after \u; -1 if they are not there. */
static int read_unit(const char *text, size_t left)
{
    int unit = 0;
    if (left < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* The code point of the escape at text ("\u..." and perhaps its second half), or -1. */
static int32_t read_escaped(const char *text, size_t left, size_t *ret_size)
{
    int unit = left < 2 ? -1 : read_unit(text + 2, left - 2);
    *ret_size = 6;
    if (unit < 0xD800 || unit > 0xDFFF)
        return unit;
    if (unit > 0xDBFF || left < 12 || text[6] != '\\' || text[7] != 'u')
        return -1;
    int low = read_unit(text + 8, left - 8);
    if (low < 0xDC00 || low > 0xDFFF)
        return -1;
    *ret_size = 12;
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

static bool scan_escape(struct scanner *s)
{
    size_t size = 2, left = s->size - s->at;
    if (left >= 2 && s->text[s->at + 1] == 'u') {
        int32_t c = read_escaped(s->text + s->at, left, &size);
        if (c < 0)
            return fail(s, "a bad \\u escape");
        if (c == 0)
            return fail(s, "a NUL character in a string");
    } else if (left < 2 || !s->text[s->at + 1] || !strchr("\"\\/bfnrt", s->text[s->at + 1])) {
        return fail(s, "a bad escape");
    }
    s->at += size;
    return true;
}

static bool scan_string(struct scanner *s)
{
    if (!accept(s, '"'))
        return fail(s, "a string is wanted");
    while (s->at < s->size) {
        unsigned char c = (unsigned char)s->text[s->at];
        if (c == '"')
            return accept(s, '"');
        if (c < 0x20)
            return fail(s, "a control character in a string");
        if (c == '\\') {
            if (!scan_escape(s))
                return false;
            continue;
        }
        size_t size = utf8_size(s->text + s->at, s->size - s->at);
        if (!size)
            return fail(s, "not UTF-8");
        s->at += size;
    }
    return fail(s, "a string has no end");
}

static bool scan_digits(struct scanner *s)
{
    if (peek(s) < '0' || peek(s) > '9')
        return fail(s, "a bad number");
    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return true;
}

static bool scan_number(struct scanner *s)
{
    (void)accept(s, '-');
    if (!accept(s, '0') && !scan_digits(s))
        return false;
    if (accept(s, '.') && !scan_digits(s))
        return false;
    if (accept(s, 'e') || accept(s, 'E')) {
        if (!accept(s, '+'))
            (void)accept(s, '-');
        return scan_digits(s);
    }
    return true;
}

static bool scan_word(struct scanner *s, const char *word)
{
    size_t size = strlen(word);
    if (s->size - s->at < size || memcmp(s->text + s->at, word, size) != 0)
        return fail(s, "a value is wanted");
    s->at += size;
    return true;
}

static size_t put_utf8(char *out, int32_t c)
{
    static const unsigned char leads[] = {[2] = 0xC0, [3] = 0xE0, [4] = 0xF0};
    unsigned u = (unsigned)c;
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    size_t size = u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, u >>= 6)
        out[i] = (char)(0x80 | (u & 0x3F));
    out[0] = (char)(leads[size] | u);
    return size;
}

/* One character of a scanned string's content as bytes; returns how many, and how much text it took. */
static size_t decode(const char *text, size_t left, char out[4], size_t *ret_taken)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    *ret_taken = 1;
    if (*text != '\\') {
        out[0] = *text;
        return 1;
    }
    if (text[1] == 'u')
        return put_utf8(out, read_escaped(text, left, ret_taken));
    *ret_taken = 2;
    out[0] = meanings[strchr(escapes, text[1]) - escapes];
    return 1;
}

/* Whether the name (between its quotes, scanned) is the pointer's next token, which ends at '/' or the end. */
static bool name_is(const char *name, size_t size, const char *token)
{
    char bytes[4];
    for (size_t taken; size; name += taken, size -= taken) {
        size_t count = decode(name, size, bytes, &taken);
        for (size_t i = 0; i < count; i++, token++) {
            if (*token == '\0' || *token == '/')
                return false;
            char wanted = *token;
            if (wanted == '~')
                wanted = *++token == '1' ? '/' : '~';
            if (bytes[i] != wanted)
                return false;
        }
    }
    return *token == '\0' || *token == '/';
}

static bool is_last(const char *pointer)
{
    return pointer && *pointer == '/' && !strchr(pointer + 1, '/');
}

static bool index_is(size_t index, const char *token)
{
    size_t value = 0, digits = strcspn(token, "/");
    if (!digits || digits > 9 || (digits > 1 && *token == '0'))
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (token[i] < '0' || token[i] > '9')
            return false;
        value = value * 10 + (size_t)(token[i] - '0');
    }
    return value == index;
}

struct container {
    const char *pointer; /* what is left of it from here; NULL: not on the way */
    bool object, met;    /* met: the pointer's next member was seen */
    char close;
    size_t count, comma, content; /* members so far, the comma before the next, where the last ended */
};

struct member {
    const char *pointer; /* what is left of it inside the member; NULL: not on the way */
    size_t begin;
};

static bool begin_container(struct scanner *s, struct container *c, unsigned depth)
{
    if (depth > JSON_MAX_DEPTH)
        return fail(s, "nested too deeply");
    s->at++;
    c->content = s->at;
    skip_space(s);
    return true;
}

static bool begin_member(struct scanner *s, struct container *c, struct member *ret)
{
    bool match = c->pointer && !c->object && *c->pointer == '/' && index_is(c->count, c->pointer + 1);
    ret->begin = s->at;
    if (c->object) {
        if (!scan_string(s))
            return false;
        size_t name = ret->begin + 1;
        match = c->pointer && *c->pointer == '/' && name_is(s->text + name, s->at - 1 - name, c->pointer + 1);
        skip_space(s);
        if (!accept(s, ':'))
            return fail(s, "a colon is wanted");
        skip_space(s);
    }
    if (match && c->met)
        return fail(s, "a name stands twice in one object");
    c->met = c->met || match;
    ret->pointer = match ? c->pointer + 1 + strcspn(c->pointer + 1, "/") : NULL;
    return true;
}

/* Behind a member: notes where it stood, and takes the comma or the closing bracket, which ends the container. */
static bool end_member(struct scanner *s, struct container *c, const struct member *member, bool *ret_closed)
{
    size_t before = c->comma;
    c->content = s->at;
    c->count++;
    skip_space(s);
    c->comma = s->at;
    *ret_closed = accept(s, c->close);
    if (!*ret_closed && !accept(s, ','))
        return fail(s, "a comma or a closing bracket is wanted");
    if (!*ret_closed)
        skip_space(s);
    if (member->pointer && !*member->pointer) {
        s->place.member_begin = member->begin;
        s->place.before = before;
        s->place.after = *ret_closed ? 0 : c->comma;
        s->place.next = s->at;
    }
    return true;
}

static void end_container(struct scanner *s, const struct container *c)
{
    if (!c->object || !is_last(c->pointer))
        return;
    s->place.parent = true;
    s->place.parent_is_empty = c->count == 0;
    s->place.parent_content = c->content;
}

static bool scan_scalar(struct scanner *s)
{
    switch (peek(s)) {
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        if (peek(s) == '-' || (peek(s) >= '0' && peek(s) <= '9'))
            return scan_number(s);
        return fail(s, "a value is wanted");
    }
}

static bool scan_value(struct scanner *s, const char *pointer, unsigned depth)
{
    size_t begin = s->at;
    bool object = peek(s) == '{';
    if (!object && peek(s) != '[') {
        if (!scan_scalar(s))
            return false;
    } else {
        struct container c = {.pointer = pointer, .object = object, .close = object ? '}' : ']'};
        if (!begin_container(s, &c, depth))
            return false;
        for (bool closed = accept(s, c.close); !closed;) {
            struct member member = {0};
            if (!begin_member(s, &c, &member) || !scan_value(s, member.pointer, depth + 1) ||
                !end_member(s, &c, &member, &closed))
                return false;
        }
        end_container(s, &c);
    }
    if (pointer && !*pointer) {
        s->place.found = true;
        s->place.begin = begin;
        s->place.end = s->at;
    }
    return true;
}

static bool pointer_is_valid(const char *pointer)
{
    if (*pointer && *pointer != '/')
        return false;
    for (const char *p = strchr(pointer, '~'); p; p = strchr(p + 1, '~'))
        if (p[1] != '0' && p[1] != '1')
            return false;
    for (size_t left = strlen(pointer), size; left; pointer += size, left -= size) {
        size = utf8_size(pointer, left);
        if (!size)
            return false; /* a name added by it would not be the name asked for */
    }
    return true;
}

static size_t line_of(const struct scanner *s)
{
    size_t line = 1;
    for (size_t i = 0; i < s->at && i < s->size; i++)
        line += s->text[i] == '\n';
    return line;
}

static bool find(const char *text, size_t size, const char *pointer, struct place *ret, struct err *err)
{
    struct scanner s = {.text = text, .size = size};
    if (!pointer_is_valid(pointer))
        return err_set(err, ERR_INPUT, "\"%.80s\" is no JSON pointer", pointer);
    if (size > JSON_MAX_BYTES)
        return err_set(err, ERR_INPUT, "JSON of %zu bytes, at most %d are read", size, JSON_MAX_BYTES);
    skip_space(&s);
    bool scanned = scan_value(&s, pointer, 1);
    if (scanned)
        skip_space(&s);
    if (scanned && s.at < s.size)
        scanned = fail(&s, "text after the value");
    if (!scanned)
        return err_set(err, ERR_INPUT, "line %zu: bad JSON: %s", line_of(&s), s.why);
    *ret = s.place;
    return true;
}

static bool not_found(const char *pointer, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "nothing stands at \"%.80s\"", pointer);
}

bool json_slice(const char *text, size_t size, const char *pointer, struct slice *ret, struct err *err)
{
    struct place place;
    if (!find(text, size, pointer, &place, err))
        return false;
    if (!place.found)
        return not_found(pointer, err);
    *ret = (struct slice){place.begin, place.end};
    return true;
}

/* The pointer's last token as the JSON string it means. */
static char *last_name(struct arena *a, const char *pointer)
{
    char *name = arena_strdup(a, strrchr(pointer, '/') + 1), *out = name;
    for (const char *p = name; *p; p++)
        *out++ = *p != '~' ? *p : *++p == '1' ? '/' : '~';
    *out = '\0';
    return json_format(a, "%s", name);
}

bool json_splice(struct arena *a, const char *text, size_t size, const char *pointer, const char *value,
                 char **ret, struct err *err)
{
    struct place place, whole;
    if (!find(value, strlen(value), "", &whole, err))
        return err_add(err, "value for %.80s", pointer);
    if (!find(text, size, pointer, &place, err))
        return false;
    if (!place.found && !place.parent)
        return not_found(pointer, err);
    if (place.found) {
        *ret = text_replaced(a, text, size, place.begin, place.end, value);
        return true;
    }
    char *member = arena_printf(a, "%s%s:%s", place.parent_is_empty ? "" : ",", last_name(a, pointer), value);
    *ret = text_replaced(a, text, size, place.parent_content, place.parent_content, member);
    return true;
}

bool json_cut(struct arena *a, const char *text, size_t size, const char *pointer, char **ret,
              struct err *err)
{
    struct place place;
    if (!*pointer)
        return err_set(err, ERR_INPUT, "the whole document cannot be cut out of itself");
    if (!find(text, size, pointer, &place, err))
        return false;
    size_t begin = place.before ? place.before : place.member_begin;
    size_t end = place.before || !place.after ? place.end : place.next;
    *ret = place.found ? text_replaced(a, text, size, begin, end, "") : arena_copy(a, text, size);
    return true;
}

bool json_excerpt(struct arena *a, const char *text, size_t size, const char *pointer, char **ret,
                  struct err *err)
{
    struct slice slice;
    if (!json_slice(text, size, pointer, &slice, err))
        return false;
    *ret = arena_copy(a, text + slice.begin, slice.end - slice.begin);
    return true;
}

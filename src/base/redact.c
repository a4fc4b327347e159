/* The text is looked at as it stands and through the wrappings in which vendors echo requests: percent-encoding and JSON
 * escapes, also one inside the other. Each look is a view: the unwrapped bytes, and for each where it stood in the text.
 * Whatever is found in a view is hidden in the text. Every search is linear, and the number of views is fixed.
 */
#include "base/redact.h"

#include "base/utf8.h"
#include <string.h>
#include <strings.h>

enum { SECRET_LEAST_BYTES = 8, RUN_LEAST = 120, LINE_LEAST = 60 };

static const char redacted[] = "[redacted]";

/* What is undone, first to last: p percent-encoding, j JSON escapes. */
static const char *const recipes[] = {"", "p", "pp", "j", "jj", "jp", "jpp", "jjp", "pj"};

/* Names that end like this carry a secret; case, hyphens and underscores do not count. */
static const char *const name_ends[] = {
    "signature", "token",  "privatekey", "secretkey", "secretaccesskey", "apikey",
    "secret",    "sslpri", "password",   "passwd",    "passphrase",      "authorization",
};

static const char *const names[] = {"key", "sk", "pri", "privkey", "keypem", "keycontent"};

struct view {
    const char *data;
    size_t size;
    const uint32_t *at; /* size + 1 places in the text */
};

struct needle {
    const char *bytes;
    size_t size;
    bool base64;
};

struct work {
    struct arena *scratch;
    bool *hidden; /* for each byte of the text */
    struct needle *needles;
    size_t count, capacity;
};

static void hide(struct work *w, const struct view *v, size_t begin, size_t end)
{
    memset(w->hidden + v->at[begin], 1, v->at[end] - v->at[begin]);
}

static size_t find(const struct view *v, size_t from, const char *needle, size_t size)
{
    const char *found = memmem(v->data + from, v->size - from, needle, size);
    return found ? (size_t)(found - v->data) : v->size;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Both alphabets of base64. */
static bool is_base64(char c)
{
    return is_alphanumeric(c) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_wrapped_base64(char c)
{
    return is_base64(c) || is_line_end(c);
}

/* Blocks cut short at either end count: without an end all that follows goes, without a begin what is base64 before. */
static void hide_pem(struct work *w, const struct view *v)
{
    static const char begin_mark[] = "-----BEGIN", end_mark[] = "-----END", dashes[] = "-----";
    size_t from = 0, begin = find(v, 0, begin_mark, sizeof begin_mark - 1);
    while (from < v->size) {
        size_t end = find(v, from, end_mark, sizeof end_mark - 1), first = begin;
        if (begin == v->size && end == v->size)
            return;
        if (end < begin) /* no begin: go back over what is base64 */
            for (first = end; first > from && is_wrapped_base64(v->data[first - 1]);)
                first--;
        size_t last = end < v->size ? find(v, end + sizeof end_mark - 1, dashes, sizeof dashes - 1) : v->size;
        from = size_min(last + sizeof dashes - 1, v->size);
        hide(w, v, first, from);
        if (begin < from)
            begin = find(v, from, begin_mark, sizeof begin_mark - 1);
    }
}

static void hide_needles(struct work *w, const struct view *v)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct needle *n = &w->needles[i];
        size_t begin = find(v, 0, n->bytes, n->size);
        while (begin < v->size) {
            size_t end = begin + n->size, first = begin;
            if (n->base64) { /* letters at both ends hold a part of the secret's bits */
                first -= first > 0 && is_base64(v->data[first - 1]);
                while (end < v->size && end - begin - n->size < 3 && is_base64(v->data[end]))
                    end++;
            }
            hide(w, v, first, end);
            begin = find(v, begin + n->size, n->bytes, n->size);
        }
    }
}

/* A run goes on in the next line when the line before was as long as those of wrapped base64. */
static void hide_runs(struct work *w, const struct view *v)
{
    size_t begin = 0, line = 0, letters = 0;
    for (size_t i = 0; i <= v->size; i++) {
        if (i < v->size && is_base64(v->data[i])) {
            letters++;
            line++;
            continue;
        }
        if (i < v->size && is_line_end(v->data[i]) && (line >= LINE_LEAST || (line == 0 && letters))) {
            line = 0;
            continue;
        }
        if (letters >= RUN_LEAST)
            hide(w, v, begin, i);
        begin = i + 1;
        line = letters = 0;
    }
}

/* Copies a name without hyphens and underscores, in lower case; false when it is too long to be one. */
static bool plain_name(const char *name, size_t size, char *ret, size_t room)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (name[i] == '-' || name[i] == '_')
            continue;
        if (used + 1 == room)
            return false;
        ret[used++] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    }
    ret[used] = '\0';
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t text_size = strlen(text), end_size = strlen(end);
    return text_size >= end_size && strcmp(text + text_size - end_size, end) == 0;
}

static bool name_is_secret(const char *name)
{
    for (size_t i = 0; i < countof(name_ends); i++)
        if (ends_with(name, name_ends[i]))
            return true;
    for (size_t i = 0; i < countof(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static size_t skip_blanks(const struct view *v, size_t i)
{
    while (i < v->size && (v->data[i] == ' ' || v->data[i] == '\t'))
        i++;
    return i;
}

/* Where the quoted text that begins behind `i` ends: at its quote, or at the end of all. */
static size_t quoted_end(const struct view *v, size_t i, char quote)
{
    for (; i < v->size && v->data[i] != quote; i++)
        if (v->data[i] == '\\' && i + 1 < v->size)
            i++;
    return i;
}

static size_t end_at_any(const struct view *v, size_t i, const char *ends)
{
    while (i < v->size && (v->data[i] == '\0' || !strchr(ends, v->data[i])))
        i++;
    return i;
}

/* Hides the value of the XML element whose start tag's name ends at `i`. Returns where to look on. */
static size_t hide_element(struct work *w, const struct view *v, size_t i)
{
    size_t end = end_at_any(v, i, "<");
    hide(w, v, i + 1, end);
    return end;
}

/* Hides the value that belongs to a name ending at `i`, in a query, a form, JSON or a header line. Returns where to look
 * on.
 */
static size_t hide_value(struct work *w, const struct view *v, size_t i, bool whole_line)
{
    size_t next = i + (i < v->size && (v->data[i] == '"' || v->data[i] == '\''));
    next = skip_blanks(v, next);
    if (next >= v->size || (v->data[next] != ':' && v->data[next] != '='))
        return i;
    next = skip_blanks(v, next + 1);
    if (next >= v->size || (!whole_line && (v->data[next] == '{' || v->data[next] == '[')))
        return next;
    bool quoted = v->data[next] == '"' || v->data[next] == '\'';
    size_t end = quoted ? quoted_end(v, next + 1, v->data[next])
                        : end_at_any(v, next, whole_line ? "\r\n" : "& \t\r\n\"',;<>}])");
    hide(w, v, next + quoted, end);
    return end;
}

static void hide_parameters(struct work *w, const struct view *v)
{
    char name[64];
    for (size_t i = 0; i < v->size; i++) {
        size_t begin = i;
        while (i < v->size && (is_alphanumeric(v->data[i]) || v->data[i] == '-' || v->data[i] == '_'))
            i++;
        if (i == begin || !plain_name(v->data + begin, i - begin, name, sizeof name) || !name_is_secret(name))
            continue;
        bool element = begin > 0 && i < v->size && v->data[i] == '>' && strchr("<:", v->data[begin - 1]);
        size_t end = element ? hide_element(w, v, i) : hide_value(w, v, i, ends_with(name, "authorization"));
        i = end > i ? end - 1 : i;
    }
}

/* Clouds that refuse a signature print what they signed: the whole request, over many lines. All of it goes. */
static void hide_signed_texts(struct work *w, const struct view *v)
{
    static const char *const words[] = {"StringToSign", "String-to-Sign", "CanonicalRequest",
                                        "Canonical Request", "Canonical String"};
    for (size_t k = 0; k < countof(words); k++) {
        size_t size = strlen(words[k]);
        for (size_t i = 0; i + size <= v->size; i++)
            if (strncasecmp(v->data + i, words[k], size) == 0) {
                hide(w, v, i + size, v->size);
                break;
            }
    }
}

static void inspect(struct work *w, const struct view *v)
{
    hide_pem(w, v);
    hide_needles(w, v);
    hide_runs(w, v);
    hide_parameters(w, v);
    hide_signed_texts(w, v);
}

/* The value of `count` hexadecimal digits at text, or -1. */
static int hex_value(const char *text, size_t left, size_t count)
{
    int value = 0;
    if (left < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (hex_digit(text[i]) < 0)
            return -1;
        value = value * 16 + hex_digit(text[i]);
    }
    return value;
}

/* How many bytes the wrapped character at text takes, and what it stands for; 1 and itself when nothing is wrapped. */
static size_t unwrap_percent(const char *text, size_t left, char *ret)
{
    int value = *text == '%' ? hex_value(text + 1, left - 1, 2) : -1;
    *ret = value < 0 ? *text : (char)value;
    return value < 0 ? 1 : 3;
}

static size_t unwrap_json(const char *text, size_t left, char *ret)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    *ret = *text;
    if (*text != '\\' || left < 2)
        return 1;
    const char *found = memchr(escapes, text[1], sizeof escapes - 1);
    int value = text[1] == 'u' ? hex_value(text + 2, left - 2, 4) : -1;
    if (found)
        *ret = meanings[found - escapes];
    else if (value >= 0)
        *ret = value < 0x80 ? (char)value : '?';
    return found ? 2 : value >= 0 ? 6 : 1;
}

/* The view with one wrapping undone; false when there was none. ret may be v. */
static bool unwrap(struct arena *scratch, char kind, const struct view *v, struct view *ret)
{
    char *data = arena_alloc(scratch, v->size + 1);
    uint32_t *at = arena_array(scratch, uint32_t, v->size + 1);
    size_t size = 0;
    for (size_t i = 0; i < v->size; size++) {
        at[size] = v->at[i];
        const char *text = v->data + i;
        i += kind == 'p' ? unwrap_percent(text, v->size - i, data + size)
                         : unwrap_json(text, v->size - i, data + size);
    }
    at[size] = v->at[v->size];
    bool undone = size < v->size;
    *ret = (struct view){.data = data, .size = size, .at = at};
    return undone;
}

static void inspect_through(struct work *w, const struct view *text, const char *recipe)
{
    cleanup(arena_free_p) struct arena *scratch = arena_new_secret(SIZE_MAX);
    struct view view = *text;
    for (; *recipe; recipe++)
        if (!unwrap(scratch, *recipe, &view, &view))
            return; /* a shorter recipe has seen it */
    inspect(w, &view);
}

static void add_needle(struct work *w, const char *bytes, size_t size, bool base64)
{
    void *items = w->needles;
    struct needle *added = arena_push(w->scratch, &items, &w->count, &w->capacity, sizeof *added);
    w->needles = items;
    *added = (struct needle){bytes, size, base64};
}

/* The letters of base64 that depend on nothing but the secret, when `shift` (0-2) bytes stand before it in its group. */
static void add_base64(struct work *w, const struct secret *s, size_t shift, const char *letters)
{
    const unsigned char *bytes = (const unsigned char *)secret_bytes(s);
    size_t first_bit = (6 - shift * 8 % 6) % 6, count = (secret_size(s) * 8 - first_bit) / 6;
    char *out = arena_alloc(w->scratch, count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t bit = first_bit + i * 6, byte = bit / 8;
        unsigned pair = (unsigned)bytes[byte] << 8 | (byte + 1 < secret_size(s) ? bytes[byte + 1] : 0u);
        out[i] = letters[pair >> (10 - bit % 8) & 63];
    }
    add_needle(w, out, count, true);
}

static void add_secret(struct work *w, const struct secret *s)
{
    static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (secret_size(s) < SECRET_LEAST_BYTES)
        return;
    add_needle(w, secret_bytes(s), secret_size(s), false);
    for (size_t shift = 0; shift < 3; shift++) {
        add_base64(w, s, shift, standard);
        add_base64(w, s, shift, url_safe);
    }
}

/* Bytes of the character at text that may stay; 0 for one that may not. */
static size_t printable(const char *text, size_t left)
{
    size_t size = utf8_size(text, left);
    unsigned char c = (unsigned char)text[0];
    bool control = size == 1 ? (c < 0x20 && c != '\t' && !is_line_end(text[0])) || c == 0x7F
                             : size == 2 && c == 0xC2 && (unsigned char)text[1] < 0xA0;
    return control ? 0 : size;
}

/* Writes the text with its hidden parts replaced; out may be NULL. Returns the size. */
static size_t rewrite(const char *text, size_t size, const bool *hidden, char *out)
{
    size_t written = 0, taken;
    for (size_t i = 0; i < size; i += taken) {
        const char *with = text + i;
        size_t with_size = taken = hidden[i] ? 1 : printable(text + i, size - i);
        if (hidden[i]) {
            while (i + taken < size && hidden[i + taken])
                taken++;
            with = redacted;
            with_size = sizeof redacted - 1;
        } else if (!taken || memchr(hidden + i, 1, taken)) {
            with = "?"; /* also for a character whose rest is hidden */
            with_size = taken = 1;
        }
        if (out)
            memcpy(out + written, with, with_size);
        written += with_size;
    }
    return written;
}

char *redact_text(struct arena *a, const char *text, const struct secret *const *secrets, size_t count)
{
    size_t size = strlen(text);
    if (size >= UINT32_MAX)
        return arena_strdup(a, redacted);
    cleanup(arena_free_p) struct arena *scratch = arena_new_secret(SIZE_MAX);
    struct work w = {.scratch = scratch, .hidden = arena_array(scratch, bool, size + 1)};
    uint32_t *at = arena_array(scratch, uint32_t, size + 1);
    for (size_t i = 0; i <= size; i++)
        at[i] = (uint32_t)i;
    for (size_t i = 0; i < count; i++)
        add_secret(&w, secrets[i]);
    for (size_t i = 0; i < countof(recipes); i++)
        inspect_through(&w, &(struct view){.data = text, .size = size, .at = at}, recipes[i]);
    char *out = arena_alloc(a, rewrite(text, size, w.hidden, NULL) + 1);
    rewrite(text, size, w.hidden, out);
    return out;
}

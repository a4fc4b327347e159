#include "cloud/sign.h"

#include "base/buf.h"
#include "crypto/digest.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void wire_header(struct wire *w, const char *name, const char *value)
{
    assert(w->header_count < WIRE_HEADERS_MAX);
    w->headers[w->header_count++] = (struct http_header){name, value};
}

const char *wire_header_value(const struct wire *w, const char *name)
{
    for (size_t i = 0; i < w->header_count; i++)
        if (strcasecmp(w->headers[i].name, name) == 0)
            return w->headers[i].value;
    return "";
}

/* Decoded and encoded again, so that nothing is escaped twice and everything strictly. */
static char *strict(struct arena *a, const char *text, size_t size)
{
    char *plain;
    if (!url_decode(a, text, size, false, &plain, NULL))
        plain = arena_copy(a, text, size);
    return url_encode(a, plain);
}

char *sign_query(struct arena *a, const char *query, bool bare_names)
{
    struct pairs pairs = {0};
    while (*query) {
        size_t size = strcspn(query, "&");
        size_t name = strcspn(query, "=&");
        size_t value = name < size ? name + 1 : size;
        if (size)
            pairs_add(a, &pairs, strict(a, query, name), strict(a, query + value, size - value));
        query += size + (query[size] == '&');
    }
    pairs_sort(&pairs);
    struct buf out = buf_new(a, SECRET_MAX_BYTES);
    for (size_t i = 0; i < pairs.count; i++) {
        const struct pair *p = &pairs.items[i];
        bool bare = bare_names && !*p->value;
        buf_printf(&out, "%s%s%s%s", i ? "&" : "", p->name, bare ? "" : "=", p->value);
    }
    return out.data;
}

static char *lower(struct arena *a, const char *text)
{
    char *copy = arena_strdup(a, text);
    for (char *p = copy; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    return copy;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Trimmed, and each run of blanks inside as one space. */
static char *fold(struct arena *a, const char *text)
{
    char *out = arena_alloc(a, strlen(text) + 1), *end = out;
    for (; *text; text++) {
        if (!is_blank(*text))
            *end++ = *text;
        else if (end > out && end[-1] != ' ')
            *end++ = ' ';
    }
    if (end > out && end[-1] == ' ')
        end--;
    *end = '\0';
    return out;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct pair *)left)->name, ((const struct pair *)right)->name);
}

/* The wanted headers in order, one entry a name. */
static struct pairs collect(struct arena *a, const struct wire *w, sign_wanted_fn *wanted)
{
    struct pairs all = {0};
    if (wanted("host"))
        pairs_add(a, &all, "host", w->host);
    for (size_t i = 0; i < w->header_count; i++) {
        char *name = lower(a, w->headers[i].name), *value = fold(a, w->headers[i].value);
        if (!wanted(name))
            continue;
        struct pair *same = NULL;
        for (size_t j = 0; j < all.count; j++)
            if (strcmp(all.items[j].name, name) == 0)
                same = &all.items[j];
        if (same)
            same->value = arena_printf(a, "%s,%s", same->value, value);
        else
            pairs_add(a, &all, name, value);
    }
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, by_name);
    return all;
}

char *sign_headers(struct arena *a, const struct wire *w, sign_wanted_fn *wanted)
{
    struct pairs all = collect(a, w, wanted);
    struct buf out = buf_new(a, SECRET_MAX_BYTES);
    for (size_t i = 0; i < all.count; i++)
        buf_printf(&out, "%s:%s\n", all.items[i].name, all.items[i].value);
    return out.data;
}

char *sign_header_names(struct arena *a, const struct wire *w, sign_wanted_fn *wanted)
{
    struct pairs all = collect(a, w, wanted);
    struct buf out = buf_new(a, SECRET_MAX_BYTES);
    for (size_t i = 0; i < all.count; i++)
        buf_printf(&out, "%s%s", i ? ";" : "", all.items[i].name);
    return out.data;
}

char *sign_chain(struct arena *a, const char *prefix, const struct secret *secret, const char *const *parts,
                 size_t count)
{
    size_t prefix_size = strlen(prefix), key_size = prefix_size + secret_size(secret);
    unsigned char *key = arena_alloc(a, key_size + 1), mac[DIGEST_MAX_BYTES];
    memcpy(key, prefix, prefix_size);
    memcpy(key + prefix_size, secret_bytes(secret), secret_size(secret));
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        const void *with = i ? mac : key;
        unsigned char next[DIGEST_MAX_BYTES];
        size = hmac_of(DIGEST_SHA256, with, i ? size : key_size, parts[i], strlen(parts[i]), next);
        memcpy(mac, next, size);
    }
    explicit_bzero(key, key_size);
    return hex_encode(a, mac, size);
}

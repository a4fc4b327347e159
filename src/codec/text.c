#include "codec/text.h"

#include <string.h>

char *text_replaced(struct arena *a, const char *text, size_t size, size_t begin, size_t end,
                    const char *with)
{
    size_t with_size = strlen(with);
    char *out = arena_alloc(a, size - (end - begin) + with_size + 1);
    memcpy(out, text, begin);
    memcpy(out + begin, with, with_size);
    memcpy(out + begin + with_size, text + end, size - end);
    return out;
}

char *hex_encode(struct arena *a, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    char *out = arena_alloc(a, size * 2 + 1);
    for (size_t i = 0; i < size; i++) {
        out[i * 2] = digits[bytes[i] >> 4];
        out[i * 2 + 1] = digits[bytes[i] & 15];
    }
    return out;
}

bool hex_decode(struct arena *a, const char *text, unsigned char **ret, size_t *ret_size, struct err *err)
{
    size_t size = strlen(text);
    if (size % 2)
        return err_set(err, ERR_INPUT, "hexadecimal text of odd length");
    unsigned char *out = arena_alloc(a, size / 2 + 1);
    for (size_t i = 0; i < size; i += 2) {
        int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return err_set(err, ERR_INPUT, "not hexadecimal at character %zu", i + 1);
        out[i / 2] = (unsigned char)(high * 16 + low);
    }
    *ret = out;
    *ret_size = size / 2;
    return true;
}

char *base64_encode(struct arena *a, const void *data, size_t size)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = data;
    char *out = arena_alloc(a, (size + 2) / 3 * 4 + 1), *o = out;
    for (size_t i = 0; i < size; i += 3, o += 4) {
        size_t left = size - i;
        unsigned b1 = left > 1 ? p[i + 1] : 0, b2 = left > 2 ? p[i + 2] : 0;
        unsigned bits = (unsigned)p[i] << 16 | b1 << 8 | b2;
        o[0] = letters[bits >> 18];
        o[1] = letters[bits >> 12 & 63];
        o[2] = letters[bits >> 6 & 63];
        o[3] = letters[bits & 63];
        if (left < 3)
            o[3] = '=';
        if (left < 2)
            o[2] = '=';
    }
    return out;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Strict also about the bits that no byte uses: one spelling for one value. */
bool base64_decode(struct arena *a, const char *text, size_t text_size, unsigned char **ret, size_t *ret_size,
                   struct err *err)
{
    size_t letters = text_size, size = 0;
    unsigned bits = 0;
    while (letters && text_size - letters < 2 && text[letters - 1] == '=')
        letters--;
    if (text_size % 4 || letters % 4 == 1)
        return err_set(err, ERR_INPUT, "base64 of a wrong length");
    unsigned char *out = arena_alloc(a, letters / 4 * 3 + 4);
    for (size_t i = 0; i < letters; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return err_set(err, ERR_INPUT, "not base64 at character %zu", i + 1);
        bits = bits << 6 | (unsigned)digit;
        if (i % 4)
            out[size++] = (unsigned char)(bits >> (6 - i % 4 * 2));
    }
    size_t spare = letters % 4 == 2 ? 4 : letters % 4 == 3 ? 2 : 0;
    if (bits & ((1u << spare) - 1))
        return err_set(err, ERR_INPUT, "base64 with stray bits at its end");
    *ret = out;
    *ret_size = size;
    return true;
}

static char *percent_encode(struct arena *a, const char *text, char kept)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, strlen(text) * 3 + 1), *o = out;
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || strchr("-_.~", c) || (kept && *p == kept)) {
            *o++ = *p;
            continue;
        }
        *o++ = '%';
        *o++ = digits[c >> 4];
        *o++ = digits[c & 15];
    }
    return out;
}

char *url_encode(struct arena *a, const char *text)
{
    return percent_encode(a, text, '\0');
}

char *url_encode_path(struct arena *a, const char *path)
{
    return percent_encode(a, path, '/');
}

bool url_decode(struct arena *a, const char *text, size_t size, bool plus_is_space, char **ret,
                struct err *err)
{
    char *out = arena_alloc(a, size + 1), *o = out;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '%') {
            if (!text[i])
                return err_set(err, ERR_INPUT, "a NUL at character %zu", i + 1);
            *o++ = text[i] == '+' && plus_is_space ? ' ' : text[i];
            continue;
        }
        int high = size - i > 2 ? hex_digit(text[i + 1]) : -1;
        int low = size - i > 2 ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return err_set(err, ERR_INPUT, "a broken percent escape at character %zu", i + 1);
        if (high + low == 0)
            return err_set(err, ERR_INPUT, "%%00 at character %zu", i + 1);
        *o++ = (char)(high * 16 + low);
        i += 2;
    }
    *ret = out;
    return true;
}

void pairs_add(struct arena *a, struct pairs *pairs, const char *name, const char *value)
{
    void *items = pairs->items;
    struct pair *added = arena_push(a, &items, &pairs->count, &pairs->capacity, sizeof *added);
    pairs->items = items;
    *added = (struct pair){name, value};
}

const char *pairs_get(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->items[i].name, name) == 0)
            return pairs->items[i].value;
    return NULL;
}

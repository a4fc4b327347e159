#include "codec/text.h"

#include "base/buf.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX_BYTES = 253, URL_MAX_BYTES = 1 << 16 };

/* Nothing of the URL is quoted in errors: it may carry a signature. */
static bool characters_are_plain(const char *text, struct err *err)
{
    size_t size = strlen(text);
    if (size > URL_MAX_BYTES)
        return err_set(err, ERR_INPUT, "a URL of %zu bytes, at most %d are taken", size, URL_MAX_BYTES);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c >= 0x7F || c == '\\')
            return err_set(err, ERR_INPUT,
                           "a URL cannot hold what stands at character %zu: percent-encode it", i + 1);
        if (c == '#')
            return err_set(err, ERR_INPUT, "a URL with a fragment ('#') is not taken");
    }
    return true;
}

static char *lower(struct arena *a, const char *text, size_t size)
{
    char *out = arena_copy(a, text, size);
    for (char *p = out; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    return out;
}

static bool host_is_valid(const char *host, bool bracketed)
{
    unsigned char bytes[16];
    size_t size = strlen(host);
    if (bracketed)
        return inet_pton(AF_INET6, host, bytes) == 1;
    return size && size <= HOST_MAX_BYTES &&
           strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") == size && host[0] != '.' &&
           !strstr(host, "..");
}

static bool port_parse(const char *text, unsigned *ret, struct err *err)
{
    size_t digits = strspn(text, "0123456789");
    unsigned long port = digits && digits <= 5 && !text[digits] ? strtoul(text, NULL, 10) : 0;
    if (port < 1 || port > 65535)
        return err_set(err, ERR_INPUT, "a port is a number from 1 to 65535");
    *ret = (unsigned)port;
    return true;
}

/* Reads host and, where there is one, port; *ret_port stays 0 without. */
static bool authority_parse(struct arena *a, const char *text, const char **ret_host, unsigned *ret_port,
                            struct err *err)
{
    bool bracketed = *text == '[';
    const char *begin = text + bracketed;
    size_t size = strcspn(begin, bracketed ? "]" : ":");
    const char *rest = begin + size;
    if (bracketed && *rest++ != ']')
        return err_set(err, ERR_INPUT, "a host begins with '[' and has no ']'");
    const char *host = lower(a, begin, size);
    if (!host_is_valid(host, bracketed))
        return err_set(err, ERR_INPUT, "\"%.80s\" is no host name or address", host);
    if (*rest && *rest != ':')
        return err_set(err, ERR_INPUT, "after the host a colon and a port are wanted");
    if (strchr(rest + (*rest == ':'), ':'))
        return err_set(err, ERR_INPUT, "an IPv6 address stands in brackets: [::1]:443");
    unsigned port = 0;
    if (*rest && !port_parse(rest + 1, &port, err))
        return false;
    *ret_host = host;
    *ret_port = port;
    return true;
}

bool url_parse(struct arena *a, const char *text, struct url *ret, struct err *err)
{
    if (!characters_are_plain(text, err))
        return false;
    bool secure = strncasecmp(text, "https://", 8) == 0;
    if (!secure && strncasecmp(text, "http://", 7) != 0)
        return err_set(err, ERR_INPUT, "a URL begins with http:// or https://");
    struct url url = {.scheme = secure ? "https" : "http"};
    const char *begin = text + (secure ? 8 : 7);
    size_t size = strcspn(begin, "/?");
    const char *rest = begin + size, *authority = arena_copy(a, begin, size);
    if (strchr(authority, '@'))
        return err_set(err, ERR_INPUT, "a URL with a user name or password ('@') is not taken");
    if (!authority_parse(a, authority, &url.host, &url.port, err))
        return false;
    url.explicit_port = url.port != 0;
    if (!url.port)
        url.port = secure ? 443 : 80;
    size_t path = strcspn(rest, "?");
    url.path = path ? arena_copy(a, rest, path) : "/";
    url.query = rest[path] ? arena_strdup(a, rest + path + 1) : "";
    *ret = url;
    return true;
}

bool host_port_parse(struct arena *a, const char *text, unsigned default_port, const char **ret_host,
                     unsigned *ret_port, struct err *err)
{
    const char *host;
    unsigned port;
    if (strlen(text) > HOST_MAX_BYTES + 6)
        return err_set(err, ERR_INPUT, "a host name of more than %d bytes", HOST_MAX_BYTES);
    if (!authority_parse(a, text, &host, &port, err))
        return false;
    if (!port && !default_port)
        return err_set(err, ERR_INPUT, "\"%.80s\" lacks a port: write %.80s:443", text, text);
    *ret_host = host;
    *ret_port = port ? port : default_port;
    return true;
}

static int compare_pairs(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->value, b->value);
}

void pairs_sort(struct pairs *pairs)
{
    if (pairs->count)
        qsort(pairs->items, pairs->count, sizeof *pairs->items, compare_pairs);
}

char *query_format(struct arena *a, const struct pairs *pairs)
{
    struct buf out = buf_new(a, INT32_MAX);
    for (size_t i = 0; i < pairs->count; i++) {
        if (i)
            buf_putc(&out, '&');
        buf_puts(&out, url_encode(a, pairs->items[i].name));
        buf_putc(&out, '=');
        buf_puts(&out, url_encode(a, pairs->items[i].value));
    }
    return out.data;
}

static bool add_parsed(struct arena *a, const char *text, size_t size, bool plus_is_space,
                       struct pairs *pairs, struct err *err)
{
    const char *equals = memchr(text, '=', size);
    size_t name_size = equals ? (size_t)(equals - text) : size;
    char *name = NULL, *value = arena_strdup(a, "");
    if (!url_decode(a, text, name_size, plus_is_space, &name, err))
        return false;
    if (equals && !url_decode(a, equals + 1, size - name_size - 1, plus_is_space, &value, err))
        return false;
    pairs_add(a, pairs, name, value);
    return true;
}

bool query_parse(struct arena *a, const char *query, size_t size, bool plus_is_space, size_t max_pairs,
                 struct pairs *ret, struct err *err)
{
    struct pairs pairs = {0};
    while (size) {
        const char *ampersand = memchr(query, '&', size);
        size_t part = ampersand ? (size_t)(ampersand - query) : size;
        if (part && pairs.count == max_pairs)
            return err_set(err, ERR_INPUT, "more than %zu parameters", max_pairs);
        if (part && !add_parsed(a, query, part, plus_is_space, &pairs, err))
            return err_add(err, "parameter %zu", pairs.count + 1);
        part += ampersand != NULL;
        query += part;
        size -= part;
    }
    *ret = pairs;
    return true;
}

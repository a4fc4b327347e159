#include "net/http_target.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { COUNT_DIGITS = 18 }; /* more is no body of anybody's */

const char *http_header_get(const struct http_exchange *x, const char *lower_case_name)
{
    for (size_t i = 0; i < x->header_count; i++)
        if (strcmp(x->headers[i].name, lower_case_name) == 0)
            return x->headers[i].value;
    return NULL;
}

static size_t header_repeats(const struct http_exchange *x, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < x->header_count; i++)
        count += strcmp(x->headers[i].name, name) == 0;
    return count;
}

/* "Transfer-Encoding : chunked" is one header to some and another to others (RFC 9112, 5.1). */
static bool is_token(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("!#$%&'*+-.^_`|~", *c))
            return false;
    return *name;
}

static bool is_count(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits && digits <= COUNT_DIGITS && !text[digits];
}

const char *http_framing_fault(const struct http_exchange *x, const char *version)
{
    const char *coding = http_header_get(x, "transfer-encoding"),
               *length = http_header_get(x, "content-length");
    for (size_t i = 0; i < x->header_count; i++)
        if (!is_token(x->headers[i].name))
            return "The request has a header whose name holds a blank or a sign.";
    if (header_repeats(x, "host") > 1)
        return "The request has more than one Host header.";
    if (header_repeats(x, "content-length") > 1)
        return "The request has more than one Content-Length header.";
    if (header_repeats(x, "transfer-encoding") > 1)
        return "The request has more than one Transfer-Encoding header.";
    if (length && !is_count(length))
        return "The request has a Content-Length that is no number.";
    if (coding && length)
        return "The request has both Content-Length and Transfer-Encoding.";
    if (coding && (strcasecmp(coding, "chunked") != 0 || strcmp(version, "HTTP/1.1") != 0))
        return "The request has a Transfer-Encoding other than chunked in HTTP/1.1.";
    if (!http_header_get(x, "host") && strcmp(version, "HTTP/1.1") == 0)
        return "The request has no Host header.";
    return NULL;
}

/* An absolute target's authority takes the place of the Host header (RFC 9112, 3.2.2). Returns the target's path on. */
static const char *split_authority(struct http_exchange *x)
{
    const char *target = x->target;
    size_t skip = strncasecmp(target, "http://", 7) == 0    ? 7
                  : strncasecmp(target, "https://", 8) == 0 ? 8
                                                            : 0;
    if (!skip)
        return target;
    size_t size = strcspn(target + skip, "/?");
    for (size_t i = 0; i < x->header_count; i++)
        if (strcmp(x->headers[i].name, "host") == 0)
            x->headers[i].value = arena_copy(x->arena, target + skip, size);
    const char *rest = target + skip + size;
    return *rest == '/' ? rest : arena_printf(x->arena, "/%s", rest);
}

/* NULL, and path and query filled in, or what is wrong. The raw target is judged, not what libmicrohttpd made of it:
 * that decodes %2F and ends at %00.
 */
const char *http_target_parse(struct http_exchange *x)
{
    struct err err;
    char *path;
    const char *target = split_authority(x);
    for (const char *c = target; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || *c == '#')
            return "The target holds a character that must be percent-encoded.";
    size_t size = strcspn(target, "?");
    if (*target != '/' && !(strcmp(target, "*") == 0 && strcmp(x->method, "OPTIONS") == 0))
        return "The target does not begin with a slash.";
    for (size_t i = 0; i + 2 < size; i++)
        if (target[i] == '%' &&
            (strncmp(target + i, "%00", 3) == 0 || strncasecmp(target + i, "%2F", 3) == 0))
            return "The path holds %00 or %2F.";
    if (!url_decode(x->arena, target, size, false, &path, &err))
        return "The path holds a broken percent escape.";
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return "The path holds a control character.";
    const char *query = target[size] ? target + size + 1 : "";
    if (!query_parse(x->arena, query, strlen(query), true, HTTP_QUERY_PAIRS, &x->query, &err))
        return "The query cannot be decoded, or has too many parameters.";
    x->path = path;
    return NULL;
}

#include "sim/http.h"

#include "codec/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEADERS_MAX = 128, CHUNK_LINE_BYTES = 256 };

const char *sim_status_text(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < countof(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Status";
}

const char *sim_request_header(const struct sim_request *r, const char *lower_case_name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (!strcmp(r->headers[i].name, lower_case_name))
            return r->headers[i].value;
    return NULL;
}

/* ---- bytes ---- */

/* More bytes into the buffer; false at the end, on an error, or when nobody spoke for the descriptor's timeout. */
static bool fill(struct sim_stream *s)
{
    if (s->begin == s->end)
        s->begin = s->end = 0;
    if (s->fd < 0 || s->end == SIM_STREAM_BYTES)
        return false;
    char *to = s->buffer + s->end;
    size_t room = SIM_STREAM_BYTES - s->end;
    if (s->tls) {
        size_t n = 0;
        enum tls_want want = tls_read(s->tls, to, room, &n, NULL);
        s->end += n;
        return want == TLS_DONE && n > 0;
    }
    ssize_t n;
    do
        n = recv(s->fd, to, room, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        s->end += (size_t)n;
    return n > 0;
}

bool sim_stream_write(struct sim_stream *s, const void *data, size_t size)
{
    const char *at = data;
    while (size) {
        size_t done = 0;
        if (s->tls) {
            if (tls_write(s->tls, at, size, &done, NULL) != TLS_DONE || !done)
                return false;
        } else {
            ssize_t n = send(s->fd, at, size, MSG_NOSIGNAL);
            if (n < 0 && errno != EINTR)
                return false;
            done = n < 0 ? 0 : (size_t)n;
        }
        at += done;
        size -= done;
    }
    return true;
}

enum line { LINE_READ, LINE_END, LINE_BAD, LINE_LONG };

/* One line up to CR LF, without it. A bare CR or LF, or a control character but a tab, is bad. */
static enum line read_line(struct sim_stream *s, struct buf *line)
{
    bool any = false;
    for (;;) {
        if (s->begin == s->end && !fill(s))
            return any ? LINE_BAD : LINE_END;
        any = true;
        size_t size = s->end - s->begin;
        const char *from = s->buffer + s->begin;
        const char *newline = memchr(from, '\n', size);
        size_t part = newline ? (size_t)(newline - from) : size;
        buf_add(line, from, part);
        s->begin += part + (newline ? 1 : 0);
        if (line->full)
            return LINE_LONG;
        if (newline)
            break;
    }
    if (!line->size || line->data[line->size - 1] != '\r')
        return LINE_BAD;
    line->data[--line->size] = 0;
    for (size_t i = 0; i < line->size; i++)
        if (((unsigned char)line->data[i] < 0x20 && line->data[i] != '\t') || line->data[i] == 0x7f)
            return LINE_BAD;
    return LINE_READ;
}

static bool read_bytes(struct sim_stream *s, struct buf *to, size_t size)
{
    while (size) {
        if (s->begin == s->end && !fill(s))
            return false;
        size_t part = size_min(size, s->end - s->begin);
        buf_add(to, s->buffer + s->begin, part);
        s->begin += part;
        size -= part;
    }
    return !to->full;
}

/* ---- request line and headers ---- */

static char *lower(struct arena *a, const char *text, size_t size)
{
    char *copy = arena_copy(a, text, size);
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static bool is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("!#$%&'*+-.^_`|~", text[i]))
            return false;
    return size > 0;
}

static bool parse_target(struct arena *a, struct sim_request *r)
{
    if (!strcmp(r->method, "CONNECT")) {
        r->host = lower(a, r->target, strlen(r->target));
        return true;
    }
    const char *at = r->target;
    const char *scheme =
        strncasecmp(at, "http://", 7) && strncasecmp(at, "https://", 8) ? NULL : strstr(at, "://");
    if (scheme) {
        const char *host = scheme + 3;
        size_t size = strcspn(host, "/?");
        if (!size || memchr(host, '@', size))
            return false;
        r->host = lower(a, host, size);
        at = host + size;
    } else if (*at != '/') {
        return false;
    }
    const char *question = strchr(at, '?');
    size_t path_size = question ? (size_t)(question - at) : strlen(at);
    r->path = path_size ? arena_copy(a, at, path_size) : "/";
    r->query = question ? arena_strdup(a, question + 1) : "";
    return true;
}

static bool parse_request_line(struct arena *a, const char *line, struct sim_request *r)
{
    size_t method = strcspn(line, " ");
    const char *target = line + method + 1;
    if (!is_token(line, method) || line[method] != ' ')
        return false;
    size_t size = strcspn(target, " ");
    if (!size || size > SIM_TARGET_BYTES || strcmp(target + size, " HTTP/1.1") ||
        memchr(target, '\t', size) || memchr(target, '#', size))
        return false;
    r->method = arena_copy(a, line, method);
    r->target = arena_copy(a, target, size);
    return parse_target(a, r);
}

static bool parse_header(struct arena *a, const char *line, struct sim_header *ret)
{
    const char *colon = strchr(line, ':');
    if (!colon || !is_token(line, (size_t)(colon - line)))
        return false;
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t size = strlen(value);
    while (size && strchr(" \t", value[size - 1]))
        size--;
    *ret = (struct sim_header){lower(a, line, (size_t)(colon - line)), arena_copy(a, value, size)};
    return true;
}

static bool read_headers(struct sim_stream *s, struct arena *a, struct sim_request *r, unsigned *ret_status)
{
    struct sim_header *headers = arena_array(a, struct sim_header, HEADERS_MAX);
    for (size_t bytes = 0;;) {
        struct buf line = buf_new(a, SIM_HEADER_BYTES);
        enum line got = read_line(s, &line);
        bytes += line.size;
        if (got == LINE_READ && !line.size)
            break;
        *ret_status =
            got == LINE_LONG || bytes > SIM_HEADER_BYTES || r->header_count == HEADERS_MAX ? 431 : 400;
        if (got != LINE_READ || *ret_status == 431 || !parse_header(a, line.data, &headers[r->header_count]))
            return false;
        r->header_count++;
    }
    r->headers = headers;
    return true;
}

/* ---- framing ---- */

static size_t count_headers(const struct sim_request *r, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < r->header_count; i++)
        n += !strcmp(r->headers[i].name, name);
    return n;
}

static bool parse_size(const char *text, int base, size_t *ret)
{
    char *end;
    if (!isxdigit((unsigned char)*text))
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, base);
    *ret = (size_t)value;
    return !errno && (!*end || (base == 16 && *end == ';'));
}

static bool read_chunks(struct sim_stream *s, struct arena *a, struct buf *body)
{
    for (;;) {
        struct buf line = buf_new(a, CHUNK_LINE_BYTES), end = buf_new(a, CHUNK_LINE_BYTES);
        size_t size;
        if (read_line(s, &line) != LINE_READ || !parse_size(line.data, 16, &size) || size > SIM_BODY_BYTES)
            return false;
        if (!read_bytes(s, body, size) || read_line(s, &end) != LINE_READ || end.size)
            return false; /* trailers are not taken */
        if (!size)
            return true;
    }
}

static bool read_body(struct sim_stream *s, struct arena *a, struct sim_request *r, unsigned *ret_status)
{
    const char *length = sim_request_header(r, "content-length");
    const char *coding = sim_request_header(r, "transfer-encoding");
    const char *expect = sim_request_header(r, "expect");
    struct buf body = buf_new(a, SIM_BODY_BYTES + 1);
    size_t size = 0;
    *ret_status = 400;
    if ((length && coding) || count_headers(r, "content-length") > 1 ||
        count_headers(r, "transfer-encoding") > 1)
        return false;
    if (coding && strcasecmp(coding, "chunked"))
        return false;
    if (length && !parse_size(length, 10, &size))
        return false;
    if (size > SIM_BODY_BYTES) {
        *ret_status = 413;
        return false;
    }
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (expect && !strcasecmp(expect, "100-continue") && !sim_stream_write(s, go_on, sizeof go_on - 1))
        return false;
    if (coding ? !read_chunks(s, a, &body) : !read_bytes(s, &body, size))
        return false;
    r->body = body.data;
    r->body_size = body.size;
    return true;
}

static bool wants_close(const struct sim_request *r)
{
    const char *connection = sim_request_header(r, "connection");
    return connection && !strcasecmp(connection, "close");
}

bool sim_request_read(struct sim_stream *s, struct arena *a, struct sim_request *ret, unsigned *ret_status)
{
    struct sim_request r = {.body = "", .query = "", .path = "/", .client = arena_strdup(a, s->client)};
    struct buf line = buf_new(a, SIM_TARGET_BYTES + 64);
    enum line got = read_line(s, &line);
    *ret_status = got == LINE_END ? 0 : got == LINE_LONG ? 414 : 400;
    if (got != LINE_READ || !parse_request_line(a, line.data, &r) || !read_headers(s, a, &r, ret_status))
        return false;
    *ret_status = 400;
    const char *host = sim_request_header(&r, "host");
    if (count_headers(&r, "host") != 1 || !read_body(s, a, &r, ret_status))
        return false;
    if (!r.host)
        r.host = lower(a, host, strlen(host));
    r.keep_alive = !wants_close(&r);
    *ret_status = 200;
    *ret = r;
    return true;
}

bool sim_request_parse(struct arena *a, const char *text, size_t size, struct sim_request *ret,
                       unsigned *ret_status)
{
    *ret_status = 413;
    if (size > SIM_STREAM_BYTES)
        return false;
    struct sim_stream s = {.fd = -1, .buffer = arena_copy(a, text, size), .end = size};
    return sim_request_read(&s, a, ret, ret_status);
}

/* A request's head: a line with the method, a line with the target as sent, lines with headers. What passes was decoded exactly
 * once, holds nothing that a path may not hold, and means at most one route, whose placeholders are whole segments.
 * Cookies, hosts and origins mean what they say.
 */
#include "api/authority.h"
#include "api/v1_session.h"
#include "codec/text.h"
#include "fuzz.h"
#include "net/http_target.h"

enum { HEADERS_MAX = 16 };

static size_t count_of(const struct http_exchange *x, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < x->header_count; i++)
        count += strcmp(x->headers[i].name, name) == 0;
    return count;
}

static void check_framing(struct http_exchange *x)
{
    if (http_framing_fault(x, "HTTP/1.1"))
        return;
    must(count_of(x, "host") == 1 && count_of(x, "content-length") <= 1);
    must(!http_header_get(x, "transfer-encoding") || !http_header_get(x, "content-length"));
}

static void check_path(const struct http_exchange *x)
{
    must(*x->path == '/' || (strcmp(x->path, "*") == 0 && strcmp(x->method, "OPTIONS") == 0));
    for (const char *c = x->path; *c; c++)
        must((unsigned char)*c >= ' ' && *c != 0x7f);
    must(x->query.count <= HTTP_QUERY_PAIRS);
}

/* No more slashes than were sent: none came out of an escape. */
static void check_slashes(const struct http_exchange *x, const char *sent)
{
    size_t before = 0, after = 0;
    for (const char *c = sent; *c && *c != '?'; c++)
        before += *c == '/';
    for (const char *c = x->path; *c; c++)
        after += *c == '/';
    must(after <= before + 1); /* "http://host" has a path of its own */
}

static void check_route(struct arena *a, const struct http_exchange *x)
{
    const char *args[ROUTE_ARGS] = {NULL};
    bool known = false;
    const struct route *route = route_find(a, x->method, x->path, args, &known);
    must(known == (*route_methods(a, x->path) != '\0') && (known || !route));
    if (!route)
        return;
    must(strcmp(route->method, x->method) == 0);
    size_t wanted = 0;
    for (const char *c = route->path; *c; c++)
        wanted += *c == '{';
    for (size_t i = 0; i < wanted; i++)
        must(args[i] && *args[i] && !strchr(args[i], '/'));
}

/* A session's cookie is a whole value of a Cookie header, under the one name that is right for how the request came. */
static void check_cookie(struct http_exchange *x, bool secure)
{
    x->secure = secure;
    const char *cookie = session_cookie(x->arena, x);
    bool there = !cookie;
    for (size_t i = 0; cookie && i < x->header_count; i++)
        there |= strcmp(x->headers[i].name, "cookie") == 0 && strstr(x->headers[i].value, cookie);
    must(there && (!cookie || (*cookie && !strchr(cookie, ';'))));
}

/* Whoever is taken for ours over TCP asks by an address, localhost or a listed name, and from no foreign page. */
static void check_ours(struct http_exchange *x)
{
    struct api api = {.parts = {.hosts = "ferry.example.com,  other.example"}};
    struct request rq = {.api = &api, .arena = x->arena, .exchange = x};
    unsigned status = 0;
    struct err err;
    const char *host = http_header_get(x, "host"), *origin = http_header_get(x, "origin");
    x->peer_uid = -1;
    if (request_is_ours(&rq, &status, &err))
        must(host && (!origin || strcasestr(origin, host)) && !strcasestr(host, "evil"));
    else
        must(status == 421 || status == 403);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct http_header headers[HEADERS_MAX];
    struct http_exchange x = {.arena = a, .headers = headers};
    if (size > HTTP_TARGET_BYTES)
        return 0;
    x.method = fuzz_line(a, &data, &size);
    x.target = fuzz_line(a, &data, &size);
    const char *sent = arena_strdup(a, x.target);
    while (size && x.header_count < HEADERS_MAX) {
        char *name = fuzz_line(a, &data, &size), *colon = strchr(name, ':');
        if (colon)
            *colon = '\0';
        headers[x.header_count++] = (struct http_header){name, colon ? colon + 1 : ""};
    }
    check_cookie(&x, false);
    check_cookie(&x, true);
    check_ours(&x);
    check_framing(&x);
    if (http_target_parse(&x))
        return 0;
    check_path(&x);
    check_slashes(&x, sent);
    check_route(a, &x);
    return 0;
}

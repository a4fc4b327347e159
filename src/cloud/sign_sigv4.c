#include "cloud/sign.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include <string.h>

static bool wanted(const char *name)
{
    static const char *const never[] = {"authorization",     "connection", "expect",
                                        "keep-alive",        "te",         "trailer",
                                        "transfer-encoding", "upgrade",    "user-agent",
                                        "x-amzn-trace-id"};
    for (size_t i = 0; i < countof(never); i++)
        if (strcmp(name, never[i]) == 0)
            return false;
    return strncmp(name, "proxy-", 6) != 0;
}

/* Empty segments and "." go, ".." takes the one before it along, a trailing slash stays. */
static const char *normalise(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) + 2);
    size_t size = 0;
    bool slash_last = true;
    while (*path) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        slash_last = path[length] == '/' || length == 0;
        if (length == 2 && strncmp(path, "..", 2) == 0) {
            while (size && out[--size] != '/')
                continue;
        } else if (length && !(length == 1 && *path == '.')) {
            out[size++] = '/';
            memcpy(out + size, path, length);
            size += length;
        }
        path += length;
    }
    if (slash_last || !size)
        out[size++] = '/';
    out[size] = '\0';
    return out;
}

/* The path goes out escaped once and is signed escaped twice. */
char *sigv4_canonical(struct arena *a, const struct wire *w, bool normalise_path)
{
    const char *path = normalise_path ? normalise(a, w->path) : *w->path ? w->path : "/";
    return arena_printf(a, "%s\n%s\n%s\n%s\n%s\n%s", w->method, url_encode_path(a, path),
                        sign_query(a, w->query, false), sign_headers(a, w, wanted),
                        sign_header_names(a, w, wanted), sha256_hex(a, w->body, w->body_size));
}

static char *scope_of(struct arena *a, const char *date, const char *region, const char *service)
{
    return arena_printf(a, "%.8s/%s/%s/aws4_request", date, region, service);
}

char *sigv4_string_to_sign(struct arena *a, const char *canonical, const char *date, const char *region,
                           const char *service)
{
    return arena_printf(a, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope_of(a, date, region, service),
                        sha256_hex(a, canonical, strlen(canonical)));
}

char *sigv4_authorization(struct arena *a, const struct wire *w, const struct credentials *c,
                          const char *date, const char *region, const char *service, const char *to_sign)
{
    const char *parts[] = {arena_printf(a, "%.8s", date), region, service, "aws4_request", to_sign};
    return arena_printf(a, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", c->key_id,
                        scope_of(a, date, region, service), sign_header_names(a, w, wanted),
                        sign_chain(a, "AWS4", c->secret, parts, countof(parts)));
}

void sigv4_sign(struct arena *a, struct wire *w, const struct credentials *c, const struct sign_scope *scope)
{
    const char *date = time_basic(a, scope->now_ms);
    wire_header(w, "X-Amz-Date", date);
    if (c->session_token)
        wire_header(w, "X-Amz-Security-Token", secret_bytes(c->session_token));
    char *to_sign = sigv4_string_to_sign(a, sigv4_canonical(a, w, true), date, scope->region, scope->service);
    wire_header(w, "Authorization",
                sigv4_authorization(a, w, c, date, scope->region, scope->service, to_sign));
}

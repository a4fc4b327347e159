#include "cloud/sign.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include <string.h>

static bool wanted(const char *name)
{
    return strcmp(name, "content-type") == 0 || strcmp(name, "host") == 0 || strncmp(name, "x-", 2) == 0;
}

/* Signed with every segment escaped strictly and a slash at the end, however it was sent. */
static char *canonical_path(struct arena *a, const char *path)
{
    char *plain;
    if (!url_decode(a, path, strlen(path), false, &plain, NULL))
        plain = arena_strdup(a, path);
    size_t size = strlen(plain);
    return arena_printf(a, "%s%s", url_encode_path(a, plain), size && plain[size - 1] == '/' ? "" : "/");
}

char *huawei_canonical(struct arena *a, const struct wire *w)
{
    return arena_printf(a, "%s\n%s\n%s\n%s\n%s\n%s", w->method, canonical_path(a, w->path),
                        sign_query(a, w->query, false), sign_headers(a, w, wanted),
                        sign_header_names(a, w, wanted), sha256_hex(a, w->body, w->body_size));
}

char *huawei_string_to_sign(struct arena *a, const char *canonical, const char *date)
{
    return arena_printf(a, "SDK-HMAC-SHA256\n%s\n%s", date, sha256_hex(a, canonical, strlen(canonical)));
}

char *huawei_authorization(struct arena *a, const struct wire *w, const struct credentials *c,
                           const char *to_sign)
{
    return arena_printf(a, "SDK-HMAC-SHA256 Access=%s, SignedHeaders=%s, Signature=%s", c->key_id,
                        sign_header_names(a, w, wanted),
                        hmac_sha256_hex(a, secret_bytes(c->secret), secret_size(c->secret), to_sign));
}

void huawei_sign(struct arena *a, struct wire *w, const struct credentials *c, const struct sign_scope *scope)
{
    const char *date = time_basic(a, scope->now_ms);
    wire_header(w, "X-Sdk-Date", date);
    if (c->session_token)
        wire_header(w, "X-Security-Token", secret_bytes(c->session_token));
    char *to_sign = huawei_string_to_sign(a, huawei_canonical(a, w), date);
    wire_header(w, "Authorization", huawei_authorization(a, w, c, to_sign));
}

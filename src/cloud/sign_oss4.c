#include "cloud/sign.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include <string.h>

static bool wanted(const char *name)
{
    return strcmp(name, "content-type") == 0 || strcmp(name, "content-md5") == 0 ||
           strncmp(name, "x-oss-", 6) == 0;
}

static char *scope_of(struct arena *a, const char *date, const char *region)
{
    return arena_printf(a, "%.8s/%s/oss/aliyun_v4_request", date, region);
}

/* The bucket belongs to the path also where it is part of the host. No additional headers: their line is empty. */
char *oss4_canonical(struct arena *a, const struct wire *w, const char *bucket)
{
    const char *prefix = bucket && *bucket ? arena_printf(a, "/%s", url_encode(a, bucket)) : "";
    return arena_printf(a, "%s\n%s%s\n%s\n%s\n\nUNSIGNED-PAYLOAD", w->method, prefix,
                        *w->path ? w->path : "/", sign_query(a, w->query, true), sign_headers(a, w, wanted));
}

char *oss4_string_to_sign(struct arena *a, const char *canonical, const char *date, const char *region)
{
    return arena_printf(a, "OSS4-HMAC-SHA256\n%s\n%s\n%s", date, scope_of(a, date, region),
                        sha256_hex(a, canonical, strlen(canonical)));
}

char *oss4_authorization(struct arena *a, const struct credentials *c, const char *date, const char *region,
                         const char *to_sign)
{
    const char *parts[] = {arena_printf(a, "%.8s", date), region, "oss", "aliyun_v4_request", to_sign};
    return arena_printf(a, "OSS4-HMAC-SHA256 Credential=%s/%s,Signature=%s", c->key_id,
                        scope_of(a, date, region),
                        sign_chain(a, "aliyun_v4", c->secret, parts, countof(parts)));
}

void oss4_sign(struct arena *a, struct wire *w, const struct credentials *c, const struct sign_scope *scope)
{
    const char *date = time_basic(a, scope->now_ms);
    wire_header(w, "x-oss-date", date);
    wire_header(w, "x-oss-content-sha256", "UNSIGNED-PAYLOAD");
    if (c->session_token)
        wire_header(w, "x-oss-security-token", secret_bytes(c->session_token));
    char *to_sign = oss4_string_to_sign(a, oss4_canonical(a, w, scope->bucket), date, scope->region);
    wire_header(w, "Authorization", oss4_authorization(a, c, date, scope->region, to_sign));
}

#include "cloud/sign.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include <string.h>

static bool wanted(const char *name)
{
    return strcmp(name, "content-type") == 0 || strcmp(name, "host") == 0;
}

/* The day is UTC's, wherever the account is. */
static char *day_of(struct arena *a, int64_t timestamp_s)
{
    return time_format(a, timestamp_s * 1000, "%Y-%m-%d");
}

/* The query is signed as sent: neither sorted nor escaped again. */
char *tc3_canonical(struct arena *a, const struct wire *w)
{
    return arena_printf(a, "%s\n%s\n%s\n%s\n%s\n%s", w->method, w->path, w->query, sign_headers(a, w, wanted),
                        sign_header_names(a, w, wanted), sha256_hex(a, w->body, w->body_size));
}

char *tc3_string_to_sign(struct arena *a, const char *canonical, const char *service, int64_t timestamp_s)
{
    return arena_printf(a, "TC3-HMAC-SHA256\n%lld\n%s/%s/tc3_request\n%s", (long long)timestamp_s,
                        day_of(a, timestamp_s), service, sha256_hex(a, canonical, strlen(canonical)));
}

char *tc3_authorization(struct arena *a, const struct credentials *c, const char *service,
                        int64_t timestamp_s, const char *to_sign)
{
    const char *day = day_of(a, timestamp_s);
    const char *parts[] = {day, service, "tc3_request", to_sign};
    return arena_printf(a,
                        "TC3-HMAC-SHA256 Credential=%s/%s/%s/tc3_request, SignedHeaders=content-type;host, "
                        "Signature=%s",
                        c->key_id, day, service, sign_chain(a, "TC3", c->secret, parts, countof(parts)));
}

void tc3_sign(struct arena *a, struct wire *w, const struct credentials *c, const struct sign_scope *scope)
{
    int64_t timestamp_s = scope->now_ms / 1000;
    wire_header(w, "X-TC-Action", scope->action);
    wire_header(w, "X-TC-Version", scope->version);
    wire_header(w, "X-TC-Timestamp", arena_printf(a, "%lld", (long long)timestamp_s));
    if (*scope->region)
        wire_header(w, "X-TC-Region", scope->region);
    if (c->session_token)
        wire_header(w, "X-TC-Token", secret_bytes(c->session_token));
    char *to_sign = tc3_string_to_sign(a, tc3_canonical(a, w), scope->service, timestamp_s);
    wire_header(w, "Authorization", tc3_authorization(a, c, scope->service, timestamp_s, to_sign));
}

#include "cloud/sign.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include <string.h>

static bool wanted(const char *name)
{
    return strcmp(name, "host") == 0 || strcmp(name, "content-type") == 0 || strncmp(name, "x-acs-", 6) == 0;
}

char *acs3_canonical(struct arena *a, const struct wire *w)
{
    return arena_printf(a, "%s\n%s\n%s\n%s\n%s\n%s", w->method, *w->path ? w->path : "/",
                        sign_query(a, w->query, false), sign_headers(a, w, wanted),
                        sign_header_names(a, w, wanted), sha256_hex(a, w->body, w->body_size));
}

char *acs3_string_to_sign(struct arena *a, const char *canonical)
{
    return arena_printf(a, "ACS3-HMAC-SHA256\n%s", sha256_hex(a, canonical, strlen(canonical)));
}

char *acs3_authorization(struct arena *a, const struct wire *w, const struct credentials *c,
                         const char *to_sign)
{
    return arena_printf(a, "ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%s", c->key_id,
                        sign_header_names(a, w, wanted),
                        hmac_sha256_hex(a, secret_bytes(c->secret), secret_size(c->secret), to_sign));
}

void acs3_sign(struct arena *a, struct wire *w, const struct credentials *c, const struct sign_scope *scope)
{
    wire_header(w, "x-acs-action", scope->action);
    wire_header(w, "x-acs-version", scope->version);
    wire_header(w, "x-acs-date", time_iso(a, scope->now_ms));
    wire_header(w, "x-acs-signature-nonce", scope->nonce);
    wire_header(w, "x-acs-content-sha256", sha256_hex(a, w->body, w->body_size));
    if (c->session_token) {
        wire_header(w, "x-acs-accesskey-id", c->key_id);
        wire_header(w, "x-acs-security-token", secret_bytes(c->session_token));
    }
    wire_header(w, "accept", "application/json");
    char *to_sign = acs3_string_to_sign(a, acs3_canonical(a, w));
    wire_header(w, "Authorization", acs3_authorization(a, w, c, to_sign));
}

#include "cloud/sign.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include <string.h>

char *rpc_v1_canonical(struct arena *a, const struct pairs *parameters)
{
    struct pairs sorted = {0};
    for (size_t i = 0; i < parameters->count; i++)
        pairs_add(a, &sorted, parameters->items[i].name, parameters->items[i].value);
    pairs_sort(&sorted);
    return query_format(a, &sorted);
}

char *rpc_v1_string_to_sign(struct arena *a, const char *method, const char *canonical)
{
    return arena_printf(a, "%s&%%2F&%s", method, url_encode(a, canonical));
}

char *rpc_v1_signature(struct arena *a, const struct secret *secret, const char *to_sign)
{
    unsigned char mac[DIGEST_MAX_BYTES];
    char *key = arena_printf(a, "%s&", secret_bytes(secret));
    size_t size = hmac_of(DIGEST_SHA1, key, strlen(key), to_sign, strlen(to_sign), mac);
    explicit_bzero(key, strlen(key));
    return base64_encode(a, mac, size);
}

void rpc_v1_sign(struct arena *a, const char *method, struct pairs *parameters, const struct credentials *c,
                 const struct sign_scope *scope)
{
    pairs_add(a, parameters, "Action", scope->action);
    pairs_add(a, parameters, "Version", scope->version);
    pairs_add(a, parameters, "Format", "JSON");
    pairs_add(a, parameters, "AccessKeyId", c->key_id);
    pairs_add(a, parameters, "SignatureMethod", "HMAC-SHA1");
    pairs_add(a, parameters, "SignatureVersion", "1.0");
    pairs_add(a, parameters, "SignatureNonce", scope->nonce);
    pairs_add(a, parameters, "Timestamp", time_iso(a, scope->now_ms));
    if (c->session_token)
        pairs_add(a, parameters, "SecurityToken", secret_bytes(c->session_token));
    char *to_sign = rpc_v1_string_to_sign(a, method, rpc_v1_canonical(a, parameters));
    pairs_add(a, parameters, "Signature", rpc_v1_signature(a, c->secret, to_sign));
}

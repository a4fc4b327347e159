/* signature.h - who sent a request, proved: ACS3-HMAC-SHA256 in headers, or the older RPC signature (HMAC-SHA1) in the
 * parameters.
 *
 * Pure functions, made without the signers of cloud/sign.h, so that a mistake of theirs cannot hide here. The order is the
 * caller's: read, date, secret by key id, signature, and only then the nonce, so that nobody but a key's holder fills
 * the table of nonces. Values in the claim are borrowed from the request or live in the arena.
 */
#pragma once
#include "base/secret.h"
#include "codec/text.h"
#include "net/gate.h"

enum {
    CAS_WINDOW_MS = 15 * 60 * 1000, /* how far a request's date may lie from ours, either way */
    CAS_NONCE_BYTES = 128,
    CAS_KEY_ID_BYTES = 128
};

/* One request as it came. */
struct cas_raw {
    const char *method;
    const char *path;                  /* as written: "/" */
    const struct http_header *headers; /* names lower case */
    size_t header_count;
    const struct pairs *query, *all; /* decoded; all: with the form's */
    const char *body;
    size_t body_size;
};

struct cas_claim {
    bool acs3; /* else RPC V1 */
    const char *action, *version;
    const char *key_id, *nonce;
    int64_t date_ms;
    const char *signature;
    const char *to_sign;
};

/* Whether the request claims anything: without it, it is no call of this API. */
bool cas_names_action(const struct cas_raw *raw);

must_use bool cas_claim_read(struct arena *a, const struct cas_raw *raw, struct cas_claim *ret,
                             struct err *err);
/* R140: at most CAS_WINDOW_MS away. */
must_use bool cas_claim_check_date(const struct cas_claim *claim, int64_t now_ms, struct err *err);
must_use bool cas_claim_check_signature(struct arena *a, const struct cas_claim *claim,
                                        const struct secret *secret, struct err *err);

/* sign.h - request signatures of the clouds, each in named stages: canonical request, string to sign, header.
 *
 * Everything here is a pure function: the time and the nonce are parameters, nothing is sent or kept. What is made
 * may hold a private key (RPC V1 signs the parameters themselves), so callers use a secret arena.
 */
#pragma once
#include "base/secret.h"
#include "codec/text.h"
#include "net/gate.h"

enum { WIRE_HEADERS_MAX = 24 };

/* One request as it goes out. `host` is sent and signed as the Host header; `headers` holds the others. */
struct wire {
    const char *method, *host;
    const char *path, *query; /* as sent: escaped, without '?'; "" if no query */
    struct http_header headers[WIRE_HEADERS_MAX];
    size_t header_count;
    const char *body;
    size_t body_size;
};

void wire_header(struct wire *w, const char *name, const char *value); /* strings are borrowed */
const char *wire_header_value(const struct wire *w, const char *name); /* case-insensitive; "" if absent */

struct credentials {
    const char *key_id;
    const struct secret *secret;
    const struct secret *session_token; /* NULL if none */
};

/* What a signature is bound to, besides the request. */
struct sign_scope {
    const char *service, *region; /* as the signature spells them; "" where unused */
    const char *action, *version; /* Alibaba and Tencent name them in headers */
    const char *bucket;           /* OSS: "/bucket/" before the object; NULL elsewhere */
    int64_t now_ms;               /* the cloud's time, as far as we know it */
    const char *nonce;            /* Alibaba: new for every attempt */
};

/* Adds the headers a signature needs, and the signature. */
typedef void sign_fn(struct arena *a, struct wire *w, const struct credentials *c,
                     const struct sign_scope *scope);

/* Alibaba ACS3-HMAC-SHA256: signs host, content-type and every x-acs-* header. */
sign_fn acs3_sign;
char *acs3_canonical(struct arena *a, const struct wire *w);
char *acs3_string_to_sign(struct arena *a, const char *canonical);
char *acs3_authorization(struct arena *a, const struct wire *w, const struct credentials *c,
                         const char *to_sign);

/* Alibaba RPC V1 (HMAC-SHA1): signs the parameters. Adds the common ones and Signature to `parameters`, which then
 * are the whole form body (query_format).
 */
void rpc_v1_sign(struct arena *a, const char *method, struct pairs *parameters, const struct credentials *c,
                 const struct sign_scope *scope);
char *rpc_v1_canonical(struct arena *a, const struct pairs *parameters);
char *rpc_v1_string_to_sign(struct arena *a, const char *method, const char *canonical);
char *rpc_v1_signature(struct arena *a, const struct secret *secret, const char *to_sign);

/* Alibaba OSS4-HMAC-SHA256: signs content-type, content-md5 and x-oss-*; the payload stays unsigned. */
sign_fn oss4_sign;
char *oss4_canonical(struct arena *a, const struct wire *w, const char *bucket);
char *oss4_string_to_sign(struct arena *a, const char *canonical, const char *date, const char *region);
char *oss4_authorization(struct arena *a, const struct credentials *c, const char *date, const char *region,
                         const char *to_sign);

/* Tencent TC3-HMAC-SHA256: signs content-type and host. */
sign_fn tc3_sign;
char *tc3_canonical(struct arena *a, const struct wire *w);
char *tc3_string_to_sign(struct arena *a, const char *canonical, const char *service, int64_t timestamp_s);
char *tc3_authorization(struct arena *a, const struct credentials *c, const char *service,
                        int64_t timestamp_s, const char *to_sign);

/* AWS4-HMAC-SHA256 in headers: signs host and every header present. */
sign_fn sigv4_sign;
char *sigv4_canonical(struct arena *a, const struct wire *w, bool normalise_path);
char *sigv4_string_to_sign(struct arena *a, const char *canonical, const char *date, const char *region,
                           const char *service);
char *sigv4_authorization(struct arena *a, const struct wire *w, const struct credentials *c,
                          const char *date, const char *region, const char *service, const char *to_sign);

/* Huawei SDK-HMAC-SHA256: signs content-type, host and x-* headers. */
sign_fn huawei_sign;
char *huawei_canonical(struct arena *a, const struct wire *w);
char *huawei_string_to_sign(struct arena *a, const char *canonical, const char *date);
char *huawei_authorization(struct arena *a, const struct wire *w, const struct credentials *c,
                           const char *to_sign);

/* ---- what the signers share ---- */

/* The query sorted by encoded name, then value, both escaped strictly; names without value as "name=", or bare. */
char *sign_query(struct arena *a, const char *query, bool bare_names);

/* "name:value\n" of the headers that `wanted` accepts, lower-case, sorted, blanks folded, repeated ones joined with a
 * comma; and their names joined with ';'. Host is among those offered.
 */
typedef bool sign_wanted_fn(const char *lower_case_name);
char *sign_headers(struct arena *a, const struct wire *w, sign_wanted_fn *wanted);
char *sign_header_names(struct arena *a, const struct wire *w, sign_wanted_fn *wanted);

/* A chain of HMAC-SHA256: hex of HMAC(...HMAC(HMAC(prefix + secret, parts[0]), parts[1])..., last part). */
char *sign_chain(struct arena *a, const char *prefix, const struct secret *secret, const char *const *parts,
                 size_t count);

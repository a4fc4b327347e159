#include "api/cas/signature.h"

#include "api/cas/refusal.h"
#include "base/buf.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include <assert.h>
#include <string.h>
#include <strings.h>

enum { SIGNED_HEADERS_MAX = 64, CANONICAL_BYTES = 64 << 20 };

#define ACS3 "ACS3-HMAC-SHA256"

/* A header that is there once; NULL otherwise: of two it cannot be told which one was signed. */
static const char *header_of(const struct cas_raw *raw, const char *name, size_t length)
{
    const char *found = NULL;
    for (size_t i = 0; i < raw->header_count; i++) {
        const char *other = raw->headers[i].name;
        if (strncmp(other, name, length) != 0 || other[length])
            continue;
        if (found)
            return NULL;
        found = raw->headers[i].value;
    }
    return found;
}

static const char *header(const struct cas_raw *raw, const char *name)
{
    return header_of(raw, name, strlen(name));
}

static bool is_acs3(const struct cas_raw *raw)
{
    const char *authorization = header(raw, "authorization");
    return authorization && strncasecmp(authorization, "ACS", 3) == 0;
}

bool cas_names_action(const struct cas_raw *raw)
{
    return header(raw, "x-acs-action") || pairs_get(raw->all, "Action");
}

/* YYYY-MM-DDThh:mm:ssZ and nothing else. */
static bool read_date(const char *text, int64_t *ret_ms, struct err *err)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    if (!text)
        return cas_refuse_missing(err, "Timestamp");
    bool fits = strlen(text) == sizeof form - 1;
    for (size_t i = 0; fits && form[i]; i++)
        fits = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
    if (!fits || !time_parse(text, ret_ms, NULL))
        return cas_refuse(err, "InvalidTimeStamp.Format");
    return true;
}

/* Visible characters alone: they go into a table and into look-ups. */
static bool read_word(const char *what, const char *text, size_t max, struct err *err)
{
    if (!text || !*text)
        return cas_refuse_missing(err, what);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return cas_refuse_invalid(err, what);
    return strlen(text) <= max || cas_refuse_invalid(err, what);
}

static bool read_common(const char *date, struct cas_claim *claim, struct err *err)
{
    return read_word("AccessKeyId", claim->key_id, CAS_KEY_ID_BYTES, err) &&
           read_word("Signature", claim->signature, CAS_NONCE_BYTES, err) &&
           read_word("SignatureNonce", claim->nonce, CAS_NONCE_BYTES, err) &&
           read_date(date, &claim->date_ms, err) &&
           read_word("Version", claim->version, CAS_NONCE_BYTES, err) &&
           read_word("Action", claim->action, CAS_NONCE_BYTES, err);
}

/* ---- ACS3 ---- */

/* Credential=..., SignedHeaders=..., Signature=..., each once. */
static bool read_authorization(struct arena *a, const char *text, struct cas_claim *claim,
                               const char **ret_names, struct err *err)
{
    const struct {
        const char *name;
        const char **to;
    } parts[] = {{"Credential=", &claim->key_id},
                 {"SignedHeaders=", ret_names},
                 {"Signature=", &claim->signature}};
    if (strncmp(text, ACS3 " ", strlen(ACS3 " ")) != 0)
        return cas_refuse(err, "InvalidSignatureMethod");
    text += strlen(ACS3 " ");
    for (size_t seen = 0; *text; seen++) {
        text += strspn(text, " ");
        size_t size = strcspn(text, ","), i = 0;
        while (i < countof(parts) && strncmp(text, parts[i].name, strlen(parts[i].name)) != 0)
            i++;
        if (i == countof(parts) || *parts[i].to || seen == countof(parts))
            return cas_refuse(err, "SignatureDoesNotMatch");
        size_t name = strlen(parts[i].name);
        *parts[i].to = arena_copy(a, text + name, size - name);
        text += size + (text[size] == ',');
    }
    return *ret_names || cas_refuse_missing(err, "SignedHeaders");
}

static bool is_signed(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; *at; at += strcspn(at, ";"), at += *at == ';')
        if (strcspn(at, ";") == length && strncmp(at, name, length) == 0)
            return true;
    return false;
}

/* What says what is to be done must be signed: Host and every x-acs-* header. */
static bool all_signed(const struct cas_raw *raw, const char *names)
{
    for (size_t i = 0; i < raw->header_count; i++) {
        const char *name = raw->headers[i].name;
        if ((strncmp(name, "x-acs-", 6) == 0 || strcmp(name, "host") == 0) && !is_signed(names, name))
            return false;
    }
    return header(raw, "host") != NULL;
}

static void add_header(struct buf *b, const char *name, size_t length, const char *value)
{
    value += strspn(value, " \t");
    size_t size = strlen(value);
    while (size && (value[size - 1] == ' ' || value[size - 1] == '\t'))
        size--;
    buf_add(b, name, length);
    buf_putc(b, ':');
    buf_add(b, value, size);
    buf_putc(b, '\n');
}

static bool canonical_headers(const struct cas_raw *raw, const char *names, struct buf *b)
{
    size_t count = 0;
    for (const char *at = names; *at; count++) {
        size_t length = strcspn(at, ";");
        const char *value = length ? header_of(raw, at, length) : NULL;
        if (!value || count == SIGNED_HEADERS_MAX)
            return false;
        add_header(b, at, length, value);
        at += length + (at[length] == ';');
    }
    return true;
}

/* Sorted and encoded anew: on the wire some characters stand bare that are signed escaped. */
static char *canonical_pairs(struct arena *a, const struct pairs *given, const char *without)
{
    struct pairs sorted = {0};
    for (size_t i = 0; i < given->count; i++)
        if (!without || strcmp(given->items[i].name, without) != 0)
            pairs_add(a, &sorted, given->items[i].name, given->items[i].value);
    pairs_sort(&sorted);
    return query_format(a, &sorted);
}

static bool read_acs3(struct arena *a, const struct cas_raw *raw, struct cas_claim *claim, struct err *err)
{
    const char *names = NULL, *digest = header(raw, "x-acs-content-sha256");
    struct buf b = buf_new(a, CANONICAL_BYTES);
    claim->acs3 = true;
    claim->action = header(raw, "x-acs-action");
    claim->version = header(raw, "x-acs-version");
    claim->nonce = header(raw, "x-acs-signature-nonce");
    if (!read_authorization(a, header(raw, "authorization"), claim, &names, err) ||
        !read_common(header(raw, "x-acs-date"), claim, err))
        return false;
    assert(names); /* what was read names them */
    const char *body_digest = sha256_hex(a, raw->body, raw->body_size);
    if (!digest)
        return cas_refuse_missing(err, "ContentSha256");
    if (strcmp(digest, body_digest) != 0 || !all_signed(raw, names))
        return cas_refuse(err, "SignatureDoesNotMatch");
    buf_printf(&b, "%s\n%s\n%s\n", raw->method, raw->path, canonical_pairs(a, raw->query, NULL));
    if (!canonical_headers(raw, names, &b))
        return cas_refuse(err, "SignatureDoesNotMatch");
    buf_printf(&b, "\n%s\n%s", names, body_digest);
    if (b.full)
        return cas_refuse(err, "SignatureDoesNotMatch");
    claim->to_sign = arena_printf(a, ACS3 "\n%s", sha256_hex(a, b.data, b.size));
    return true;
}

/* ---- RPC V1 ---- */

static bool read_rpc(struct arena *a, const struct cas_raw *raw, struct cas_claim *claim, struct err *err)
{
    const char *format = pairs_get(raw->all, "Format"), *method = pairs_get(raw->all, "SignatureMethod"),
               *version = pairs_get(raw->all, "SignatureVersion");
    claim->action = pairs_get(raw->all, "Action");
    claim->version = pairs_get(raw->all, "Version");
    claim->key_id = pairs_get(raw->all, "AccessKeyId");
    claim->nonce = pairs_get(raw->all, "SignatureNonce");
    claim->signature = pairs_get(raw->all, "Signature");
    if (!read_common(pairs_get(raw->all, "Timestamp"), claim, err))
        return false;
    if (!method || strcmp(method, "HMAC-SHA1") != 0)
        return cas_refuse(err, "InvalidSignatureMethod");
    if (!version || strcmp(version, "1.0") != 0)
        return cas_refuse_invalid(err, "SignatureVersion");
    if (format && strcasecmp(format, "JSON") != 0)
        return cas_refuse(err, "InvalidParameter.Format");
    claim->to_sign =
        arena_printf(a, "%s&%%2F&%s", raw->method, url_encode(a, canonical_pairs(a, raw->all, "Signature")));
    return true;
}

/* Keys here are no temporary ones, and have no token beside them. */
static bool refuse_tokens(const struct cas_raw *raw, struct err *err)
{
    const char *type = pairs_get(raw->all, "SignatureType");
    if (header(raw, "x-acs-security-token") || pairs_get(raw->all, "SecurityToken"))
        return cas_refuse_invalid(err, "SecurityToken");
    return !header(raw, "x-acs-bearer-token") && (!type || !*type) ? true
                                                                   : cas_refuse_invalid(err, "SignatureType");
}

bool cas_claim_read(struct arena *a, const struct cas_raw *raw, struct cas_claim *ret, struct err *err)
{
    struct cas_claim claim = {0};
    if (!refuse_tokens(raw, err) ||
        !(is_acs3(raw) ? read_acs3(a, raw, &claim, err) : read_rpc(a, raw, &claim, err)))
        return false;
    *ret = claim;
    return true;
}

bool cas_claim_check_date(const struct cas_claim *claim, int64_t now_ms, struct err *err)
{
    int64_t away_ms = claim->date_ms > now_ms ? claim->date_ms - now_ms : now_ms - claim->date_ms;
    return away_ms <= CAS_WINDOW_MS || cas_refuse(err, "InvalidTimeStamp.Expired");
}

static char *rpc_signature(struct arena *a, const struct secret *secret, const char *to_sign)
{
    unsigned char mac[DIGEST_MAX_BYTES];
    char *key = arena_printf(a, "%s&", secret_bytes(secret));
    size_t size = hmac_of(DIGEST_SHA1, key, strlen(key), to_sign, strlen(to_sign), mac);
    explicit_bzero(key, strlen(key));
    return base64_encode(a, mac, size);
}

/* In a time that does not tell where they differ. */
static bool same(const char *left, const char *right)
{
    unsigned char differs = 0;
    size_t size = strlen(left);
    if (strlen(right) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        differs |= (unsigned char)left[i] ^ (unsigned char)right[i];
    return differs == 0;
}

bool cas_claim_check_signature(struct arena *a, const struct cas_claim *claim, const struct secret *secret,
                               struct err *err)
{
    const char *expected = claim->acs3
                               ? hmac_sha256_hex(a, secret_bytes(secret), secret_size(secret), claim->to_sign)
                               : rpc_signature(a, secret, claim->to_sign);
    return same(expected, claim->signature) || cas_refuse(err, "SignatureDoesNotMatch");
}

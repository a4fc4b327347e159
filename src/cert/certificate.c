#include "cert/certificate.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include <string.h>

static const int64_t day_ms = INT64_C(86400000);

static const char *const status_names[] = {
    [CERTIFICATE_ISSUED] = "issued",   [CERTIFICATE_WILL_EXPIRE] = "about_to_expire",
    [CERTIFICATE_EXPIRED] = "expired", [CERTIFICATE_NOT_YET_VALID] = "not_yet_valid",
    [CERTIFICATE_REVOKED] = "revoked",
};

/* Where Chinese characters and their punctuation stand in Unicode (R26). */
static const struct {
    uint32_t first, last;
} chinese[] = {
    {0x2e80, 0x2fdf},                                                         /* radicals */
    {0x2ff0, 0x303f},                                                         /* composition, punctuation */
    {0x3100, 0x312f},                                                         /* bopomofo */
    {0x31a0, 0x31ef},                                                         /* bopomofo, strokes */
    {0x3400, 0x4dbf},   {0x4e00, 0x9fff}, {0xf900, 0xfaff}, {0xff00, 0xffef}, /* full-width forms */
    {0x20000, 0x3ffff},
};

const char *certificate_status_name(enum certificate_status status)
{
    return (size_t)status < countof(status_names) ? status_names[status] : "";
}

enum certificate_status certificate_status_at(int64_t not_before_ms, int64_t not_after_ms, bool revoked,
                                              int64_t now_ms)
{
    int64_t lifetime_ms = not_after_ms - not_before_ms;
    if (revoked)
        return CERTIFICATE_REVOKED;
    if (now_ms > not_after_ms)
        return CERTIFICATE_EXPIRED;
    if (now_ms < not_before_ms)
        return CERTIFICATE_NOT_YET_VALID;
    if (not_after_ms - now_ms < int64_min(30 * day_ms, lifetime_ms / 3))
        return CERTIFICATE_WILL_EXPIRE;
    return CERTIFICATE_ISSUED;
}

/* The character of well-formed UTF-8 in `size` bytes. */
static uint32_t character_of(const char *text, size_t size)
{
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = (unsigned char)text[0] & lead_bits[size];
    for (size_t i = 1; i < size; i++)
        character = character << 6 | ((unsigned char)text[i] & 0x3f);
    return character;
}

static bool is_chinese(uint32_t character)
{
    for (size_t i = 0; i < countof(chinese); i++)
        if (character >= chinese[i].first && character <= chinese[i].last)
            return true;
    return false;
}

bool certificate_name_check(const char *name, struct err *err)
{
    size_t count = 0, size = strlen(name), step;
    for (size_t at = 0; at < size && count <= CERTIFICATE_NAME_CHARACTERS; at += step) {
        step = utf8_size(name + at, size - at);
        if (!step)
            return err_set(err, ERR_INPUT, "the name is not UTF-8");
        uint32_t character = character_of(name + at, step);
        if (character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
            character == 0x2029)
            return err_set(err, ERR_INPUT, "the name holds a control character");
        if (is_chinese(character))
            return err_set(err, ERR_INPUT,
                           "the name holds Chinese characters, which the deployment does not take");
        count++;
    }
    if (!count || count > CERTIFICATE_NAME_CHARACTERS)
        return err_set(err, ERR_INPUT, "a certificate's name has 1 to %d characters",
                       CERTIFICATE_NAME_CHARACTERS);
    if (name[0] == ' ' || name[size - 1] == ' ')
        return err_set(err, ERR_INPUT, "the name begins or ends with a blank");
    return true;
}

char *certificate_name_suggest(struct arena *a, const struct certificate *cert)
{
    const char *domain = cert->domains[0];
    bool wildcard = strncmp(domain, "*.", 2) == 0;
    char *name = arena_printf(a, "%s%s", wildcard ? "wildcard" : "", domain + wildcard);
    if (strlen(name) > CERTIFICATE_NAME_CHARACTERS)
        name[CERTIFICATE_NAME_CHARACTERS] = '\0';
    return name;
}

char *certificate_leaf_pem(struct arena *a, const struct certificate *cert)
{
    return x509_pem(a, &cert->leaf);
}

char *certificate_chain_pem(struct arena *a, const struct certificate *cert)
{
    struct buf out = buf_new(a, 4 * (size_t)CERTIFICATE_FILE_BYTES);
    for (size_t i = 0; i < cert->chain_count; i++)
        buf_puts(&out, x509_pem(a, &cert->chain[i]));
    return out.data;
}

char *certificate_fullchain_pem(struct arena *a, const struct certificate *cert)
{
    return arena_printf(a, "%s%s", certificate_leaf_pem(a, cert), certificate_chain_pem(a, cert));
}

bool certificate_pkcs12(struct arena *a, const struct certificate *cert, const char *name,
                        const struct secret *password, unsigned char **ret, size_t *ret_size, struct err *err)
{
    struct x509 *all = arena_array(a, struct x509, cert->chain_count + 1);
    all[0] = cert->leaf;
    for (size_t i = 0; i < cert->chain_count; i++)
        all[i + 1] = cert->chain[i];
    return pkcs12_make(a, name, all, cert->chain_count + 1, cert->key, password, ret, ret_size, err);
}

const char *certificate_fingerprint(struct arena *a, const struct certificate *cert)
{
    if (!cert->sm2_encryption)
        return arena_strdup(a, cert->leaf.sha256);
    struct buf both = buf_new(a, 4 * (size_t)CERTIFICATE_FILE_BYTES);
    buf_add(&both, cert->leaf.der, cert->leaf.der_size);
    buf_add(&both, cert->sm2_encryption->der, cert->sm2_encryption->der_size);
    return sha256_hex(a, both.data, both.size);
}

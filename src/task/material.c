#include "task/material.h"

#include "codec/json.h"
#include <string.h>

enum key_type material_key_type(const char *name)
{
    static const enum key_type types[] = {KEY_RSA, KEY_ECDSA, KEY_SM2, KEY_ED25519};
    for (size_t i = 0; i < countof(types); i++)
        if (strcmp(key_type_name(types[i]), name) == 0)
            return types[i];
    return KEY_OTHER;
}

static const char *curve_of(enum key_type type, int64_t bits)
{
    if (type == KEY_SM2)
        return "SM2";
    if (type != KEY_ECDSA)
        return "";
    return bits == 521 ? "P-521" : bits == 384 ? "P-384" : "P-256";
}

static const char **domains_of(struct arena *a, const char *text, size_t *ret_count)
{
    const struct json *list = NULL;
    *ret_count = 0;
    if (!json_parse(a, text, strlen(text), &list, NULL))
        return NULL;
    *ret_count = json_count(list);
    const char **domains = arena_array(a, const char *, *ret_count);
    for (size_t i = 0; i < *ret_count; i++)
        domains[i] = json_str(json_item(list, i), "");
    return domains;
}

struct material material_of(struct arena *a, const struct certificate_row *row, const struct secret *key,
                            const struct secret *sm2_encryption_key)
{
    size_t count = 0;
    const char **domains = domains_of(a, row->domains, &count);
    enum key_type type = material_key_type(row->key_type);
    return (struct material){.name = arena_printf(a, "certferry-%.16s", row->fingerprint),
                             .fingerprint = row->fingerprint,
                             .serial = row->serial,
                             .leaf_pem = row->leaf_pem,
                             .chain_pem = row->chain_pem,
                             .fullchain_pem = arena_printf(a, "%s%s", row->leaf_pem, row->chain_pem),
                             .key = key,
                             .sm2_encryption_pem = row->sm2_encryption_pem,
                             .sm2_encryption_key = sm2_encryption_key,
                             .domains = domains,
                             .domain_count = count,
                             .key_type = type,
                             .key_bits = (unsigned)row->key_bits,
                             .curve = curve_of(type, row->key_bits),
                             .sm2 = type == KEY_SM2,
                             .chain_complete = row->chain_complete,
                             .not_before_ms = row->not_before_ms,
                             .not_after_ms = row->not_after_ms};
}

#include "cloud/material.h"

#include "cloud/session.h"
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

struct own { /* one of our certificates being loaded */
    struct arena *arena;
    const char *fingerprint;
    struct certificate_row row;
    struct secret *key, *encryption_key;
};

static bool load_own(struct db *db, void *context, struct err *err)
{
    struct own *own = context;
    return store_certificate_by_fingerprint(db, own->arena, own->fingerprint, NULL, &own->row, err) &&
           store_certificate_key(db, own->arena, own->row.id, &own->key, &own->encryption_key, err) &&
           (own->key || /* one found in a cloud: it cannot be brought anywhere */
            err_set(err, ERR_NOT_FOUND, "the private key of %s is not here", own->row.name));
}

bool session_material(struct job *job, const char *fingerprint, struct material *ret, struct err *err)
{
    struct own own = {.arena = job->arena, .fingerprint = fingerprint};
    if (!job->session->cloud->store) /* fuzzing */
        return err_set(err, ERR_NOT_FOUND, "there are no certificates of our own");
    if (!store_read(job->session->cloud->store, load_own, &own, err))
        return false;
    *ret = material_of(job->arena, &own.row, own.key, own.encryption_key);
    return true;
}

bool session_can_bring(struct job *job, const char *fingerprint, const char *lost, const char **ret,
                       struct err *err)
{
    struct material m;
    *ret = NULL;
    if (session_material(job, fingerprint, &m, err))
        return true;
    *ret = lost;
    return err->kind == ERR_NOT_FOUND;
}

bool bind_material(struct job *job, const struct bind *w, const char *fingerprint, struct material *ret,
                   struct err *err)
{
    if (w->material && strcmp(w->material->fingerprint, fingerprint) == 0) {
        *ret = *w->material;
        return true;
    }
    return session_material(job, fingerprint, ret, err) ||
           err_add(err, "the previous certificate of %s", w->resource->title);
}

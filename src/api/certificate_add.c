#include "api/certificate_add.h"

#include "inventory/held.h"

struct adding {
    struct arena *a;
    const struct certificate *cert;
    struct certificate_row row, existing;
    const char *name;
    bool already;
};

/* The name given, or the suggested one with a number behind it. */
static bool pick_name(struct db *db, struct adding *ad, struct err *err)
{
    ad->row.name = ad->name;
    return ad->name ||
           certificate_free_name(db, ad->a, certificate_name_suggest(ad->a, ad->cert), &ad->row.name, err);
}

/* What is there already stays as it is, but for a chain that was incomplete and comes complete now. */
static bool complete_chain(struct db *db, struct adding *ad, struct err *err)
{
    struct certificate_row *row = &ad->row;
    if (ad->existing.chain_complete || !row->chain_complete)
        return true;
    row->id = ad->existing.id;
    return store_certificate_set_chain(db, row, err) &&
           store_certificate_load(db, ad->a, row->id, &ad->existing, err);
}

/* Until now only a vendor's certificate service had it. */
static bool bring_key(struct db *db, struct adding *ad, struct err *err)
{
    ad->row.id = ad->existing.id;
    return store_certificate_complete(db, &ad->row, ad->cert->key, err) &&
           store_certificate_load(db, ad->a, ad->row.id, &ad->existing, err);
}

static bool add(struct db *db, void *context, struct err *err)
{
    struct adding *ad = context;
    struct err missing;
    if (store_certificate_by_fingerprint(db, ad->a, ad->row.fingerprint, ad->row.owner, &ad->existing,
                                         &missing)) {
        ad->already = true;
        return ad->existing.has_key ? complete_chain(db, ad, err) : bring_key(db, ad, err);
    }
    if (missing.kind != ERR_NOT_FOUND) {
        *err = missing;
        return false;
    }
    if (!pick_name(db, ad, err))
        return false;
    if (!store_certificate_add(db, &ad->row, ad->cert->key, ad->cert->sm2_encryption_key, err))
        return false;
    return store_certificate_load(db, ad->a, ad->row.id, &ad->existing, err);
}

bool certificate_add(struct store *store, struct arena *a, const struct certificate *cert, const char *owner,
                     const char *name, struct certificate_row *ret, bool *ret_already, struct err *err)
{
    struct adding ad = {.a = a, .cert = cert, .row = certificate_row_of(a, cert), .name = name};
    ad.row.id = store_new_id(store);
    ad.row.owner = owner;
    if (!store_write(store, add, &ad, err))
        return false;
    *ret = ad.existing;
    *ret_already = ad.already;
    return true;
}

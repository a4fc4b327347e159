#include "inventory/held.h"

#include "cloud/vendor.h"
#include "codec/json_format.h"
#include "codec/text.h"
#include <string.h>

enum { CERTIFICATE_BYTES = 8 << 20, PATIENCE_MS = 60000, SHA256_DIGITS = 64, NAMES_MAX = 999 };

struct certificate_row certificate_row_of(struct arena *a, const struct certificate *cert)
{
    struct buf roots = buf_new(a, 1 << 20);
    for (size_t i = 0; i < cert->root_count; i++)
        buf_puts(&roots, x509_pem(a, &cert->roots[i]));
    return (struct certificate_row){
        .owner = "",
        .kind = "uploaded",
        .fingerprint = certificate_fingerprint(a, cert),
        .serial = cert->leaf.serial,
        .issuer = cert->leaf.issuer,
        .common_name = cert->leaf.common_name,
        .domains = json_strings(a, cert->domains, cert->domain_count),
        .key_type = key_type_name(cert->leaf.key_type),
        .key_bits = cert->leaf.key_bits,
        .not_before_ms = cert->leaf.not_before_ms,
        .not_after_ms = cert->leaf.not_after_ms,
        .chain_complete = cert->chain_complete,
        .warnings = json_strings(a, cert->warnings, cert->warning_count),
        .leaf_pem = certificate_leaf_pem(a, cert),
        .chain_pem = certificate_chain_pem(a, cert),
        .roots_pem = roots.data,
        .sm2_encryption_pem = cert->sm2_encryption ? x509_pem(a, cert->sm2_encryption) : "",
        .has_key = cert->key != NULL,
    };
}

bool certificate_free_name(struct db *db, struct arena *a, const char *base, const char **ret,
                           struct err *err)
{
    const char *name = base;
    for (int n = 2; n <= NAMES_MAX + 1; n++) {
        struct certificate_row other;
        struct err missing = {0};
        if (!store_certificate_find(db, a, name, &other, &missing) && missing.kind == ERR_NOT_FOUND) {
            *ret = name;
            return true;
        }
        if (missing.kind != ERR_NONE &&
            missing.kind != ERR_INPUT) { /* several have the name: as bad as one */
            if (err)
                *err = missing;
            return false;
        }
        name = arena_printf(a, "%.*s-%d", CERTIFICATE_NAME_CHARACTERS - 5, base, n);
    }
    return err_set(err, ERR_INPUT, "give the certificate a name: too many are called %s", base);
}

struct run {
    struct cloud *cloud;
    struct store *store;
    const struct clock *clock;
    const struct held_options *options;
    struct job *job;
    held_progress_fn *progress;
    void *context;
    const char *owner; /* the access's: whose account it is, whose certificates they are */
    struct held_summary summary;
};

struct keeping { /* one certificate on its way into the store */
    struct run *run;
    struct arena *a;
    const struct held_certificate *held;
    struct certificate_row row, existing;
    const struct secret *key;
    bool added, has_key;
};

/* What the service tells of a certificate whose PEM it does not show. */
static bool row_of_facts(struct keeping *k, struct err *err)
{
    const struct held_certificate *h = k->held;
    const char *colon = strchr(h->vendor_store, ':');
    struct bound b = {
        .slot = "", .ref = h->ref, .name = "", .fingerprint = "", .serial = "", .key_type = "", .issuer = ""};
    struct job inner = *k->run->job;
    inner.arena = k->a;
    if (!session_facts(&inner, colon ? colon + 1 : "", &b, err))
        return false;
    if (!b.name_count)
        return err_set(err, ERR_NOT_FOUND, "the certificate service does not show the names of %s", h->ref);
    bool digest = strlen(b.fingerprint) == SHA256_DIGITS;
    k->row = (struct certificate_row){
        .owner = "",
        .fingerprint = digest ? b.fingerprint : arena_printf(k->a, "%s/%s", h->vendor_store, h->ref),
        .serial = b.serial,
        .issuer = b.issuer,
        .common_name = b.names[0],
        .domains = json_strings(k->a, b.names, b.name_count),
        .key_type = b.key_type,
        .not_after_ms = b.not_after_ms,
        .chain_complete = true,
        .warnings = "[]",
        .leaf_pem = "",
        .chain_pem = "",
        .roots_pem = "",
        .sm2_encryption_pem = "",
    };
    return true;
}

static bool row_of_pem(struct keeping *k, struct err *err)
{
    const char *key = k->held->key ? secret_bytes(k->held->key) : NULL;
    struct certificate_input input = {.cert_pem = k->held->pem,
                                      .cert_size = strlen(k->held->pem),
                                      .key_pem = key,
                                      .key_size = key ? strlen(key) : 0,
                                      .keyless = !key};
    struct certificate cert;
    if (!certificate_import(k->a, &input, k->run->clock, &cert, err))
        return false;
    k->row = certificate_row_of(k->a, &cert);
    k->key = cert.key;
    return true;
}

/* The vendor's name where it can be ours, else a domain. */
static const char *base_name(struct keeping *k)
{
    struct err refused;
    if (certificate_name_check(k->held->name, &refused))
        return arena_strdup(k->a, k->held->name);
    return strncmp(k->row.common_name, "*.", 2) == 0
               ? arena_printf(k->a, "wildcard.%.50s", k->row.common_name + 2)
               : arena_printf(k->a, "%.58s", k->row.common_name);
}

static bool add(struct db *db, struct keeping *k, struct err *err)
{
    k->added = true;
    k->row.id = store_new_id(k->run->store);
    k->row.kind = k->held->official ? "official" : "uploaded";
    k->existing = k->row;
    return certificate_free_name(db, k->a, base_name(k), &k->row.name, err) &&
           store_certificate_add(db, &k->row, k->key, NULL, err);
}

static bool keep(struct db *db, void *context, struct err *err)
{
    struct keeping *k = context;
    struct err missing = {0};
    k->row.owner = k->run->owner;
    if (store_certificate_by_fingerprint(db, k->a, k->row.fingerprint, k->row.owner, &k->existing,
                                         &missing)) {
        k->row.id = k->existing.id;
        k->has_key = k->existing.has_key || k->key;
        if (!k->existing.has_key && *k->row.leaf_pem && (k->key || !*k->existing.leaf_pem) &&
            !store_certificate_complete(db, &k->row, k->key, err))
            return false;
    } else if (missing.kind != ERR_NOT_FOUND) {
        if (err)
            *err = missing;
        return false;
    } else {
        k->has_key = k->key != NULL;
        if (!add(db, k, err))
            return false;
    }
    struct copy_row copy = {.id = store_new_id(k->run->store),
                            .access_id = k->run->options->access_id,
                            .certificate_id = k->row.id,
                            .vendor_store = k->held->vendor_store,
                            .ref = k->held->ref,
                            .name = k->held->name,
                            .created_ms = clock_wall_ms(k->run->clock)};
    return store_copy_note(db, &copy, err);
}

/* A failure of the house ends the walk; one of a certificate is told. */
static bool each(void *context, const struct held_certificate *held, struct err *err)
{
    struct run *run = context;
    cleanup(arena_free_p) struct arena *a = arena_new_secret(CERTIFICATE_BYTES);
    struct keeping k = {.run = run, .a = a, .held = held};
    struct err failure = {0};
    run->summary.found++;
    bool ok = (*held->pem ? row_of_pem(&k, &failure) : row_of_facts(&k, &failure)) &&
              store_write(run->store, keep, &k, &failure);
    if (!ok && failure.kind != ERR_INPUT && failure.kind != ERR_NOT_FOUND && failure.kind != ERR_CONFLICT) {
        if (err)
            *err = failure;
        return err_add(err, "certificate %s", held->ref);
    }
    run->summary.added += ok && k.added;
    run->summary.keys += ok && k.key && (k.added || !k.existing.has_key);
    run->summary.failed += !ok;
    struct held_outcome outcome = {.vendor_store = held->vendor_store,
                                   .ref = held->ref,
                                   .name = held->name,
                                   .added = k.added,
                                   .has_key = k.has_key,
                                   .error = ok ? NULL : failure.text};
    run->progress(run->context, &outcome);
    return true;
}

bool inventory_held(struct cloud *cloud, struct store *store, const struct clock *clock,
                    const struct held_options *options, held_progress_fn *progress, void *context,
                    struct held_summary *ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct session *session;
    struct access_row row;
    if (!cloud_session(cloud, options->access_id, &session, err) || !session_row(session, a, &row, err))
        return false;
    const struct vendor *vendor = vendor_find(row.cloud);
    struct log_ctx log = {NULL, "job", "held"};
    struct job job = {.arena = a,
                      .session = session,
                      .log = &log,
                      .patience_ms = PATIENCE_MS,
                      .stop = options->stop};
    struct run run = {cloud, store, clock, options, &job, progress, context, row.owner, {0}};
    bool ok = vendor->held(&job, options->with_key, each, &run, err);
    *ret = run.summary;
    return ok;
}

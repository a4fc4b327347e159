#include "cloud/vendor.h"

#include <string.h>

const char *store_place(const char *vendor_store)
{
    const char *colon = strchr(vendor_store, ':');
    return colon ? colon + 1 : "";
}

bool upload_in_doubt(bool ok, struct err *err)
{
    if (err && !ok) {
        err->kind = ERR_VENDOR;
        err->transient = true;
        err->unsent = false;
    }
    return ok;
}

bool upload_answered(const char *ref, const char *where, const char **ret, struct err *err)
{
    if (!*ref)
        return upload_in_doubt(err_set(err, ERR_VENDOR, "%s answered no id of the certificate that it took",
                                       where),
                               err);
    *ret = ref;
    return true;
}

bool upload_has_key(const struct material *m, struct err *err)
{
    return m->key ||
           err_set(err, ERR_INVALID_CERTIFICATE,
                   "the private key of %s is not in certferry: fetch it with cert sync --with-key", m->name);
}

bool upload_is_ours(struct job *job, const char *region, const char *ref, const char *where,
                    const struct material *m, struct err *err)
{
    struct bound b = {.slot = "", .ref = ref, .name = "", .fingerprint = ""};
    return session_facts(job, region, &b, err) &&
           (!*b.fingerprint || strcmp(b.fingerprint, m->fingerprint) == 0 ||
            err_set(err, ERR_CONFLICT,
                    "%s has another certificate under the name %s: delete it in the console", where,
                    *b.name ? b.name : m->name));
}

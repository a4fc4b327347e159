#include "cloud/vendor.h"

#include "cloud/session.h"
#include <stdarg.h>
#include <string.h>

enum { LISTING_BYTES = 512 << 20, SHA256_DIGITS = 64 };

void stored_keep(struct job *job, struct stored *c, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = arena_vprintf(job->arena, fmt, args);
    va_end(args);
    if (!c->kept)
        c->kept = text;
}

void stored_doubt(struct job *job, struct stored *c, const struct err *why)
{
    stored_keep(job, c, "it could not be found out whether something uses it: %s", why->text);
}

bool facts_unlisted(struct err *err, const char *where, const char *ref)
{
    static const char code[] = "NotListed";
    (void)err_set(err, ERR_NOT_FOUND, "%s has no certificate %s", where, ref);
    if (err)
        memcpy(err->code, code, sizeof code);
    return false;
}

bool stored_is_there(struct job *job, const char *region, struct stored *c)
{
    struct bound b = {
        .slot = "", .ref = c->ref, .name = "", .fingerprint = "", .serial = "", .key_type = "", .issuer = ""};
    struct err why = {0};
    if (!job->session->vendor->facts(job, region, &b, &why)) {
        c->gone = why.kind == ERR_NOT_FOUND && *why.code; /* without a code it is we who could not read it */
        if (!c->gone)
            stored_doubt(job, c, &why);
        return false;
    }
    if (strlen(b.fingerprint) == SHA256_DIGITS && strcmp(b.fingerprint, c->fingerprint) != 0)
        stored_keep(job, c, "another certificate lies under its id by now");
    return !c->kept;
}

struct search {
    struct job *job;
    struct stored *copies;
    size_t count;
    bool same;
};

static bool mark(void *context, const struct resource *r, struct err *err)
{
    const struct search *s = context;
    (void)err;
    for (size_t i = 0; i < r->bound_count; i++)
        for (size_t k = 0; k < s->count; k++) {
            const struct bound *b = &r->bound[i];
            struct stored *c = &s->copies[k];
            if (strcmp(b->ref, c->ref) == 0 || (s->same && strcmp(b->fingerprint, c->fingerprint) == 0))
                stored_keep(s->job, c, "%s %s holds it", r->product, r->title);
        }
    return true;
}

static bool list(struct search *s, const struct product *product, const char *region, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(LISTING_BYTES);
    struct job inner = *s->job;
    inner.arena = a;
    inner.product = product;
    return product_discover(&inner, region, mark, s, err) ||
           err_add(err, "%s%s%s", product->code, *region ? " in " : "", region);
}

void stored_list_users(struct job *job, const char *const *codes, const char *const *regions,
                       size_t region_count, bool same, struct stored *copies, size_t count)
{
    static const char *const nowhere[] = {""};
    struct search s = {job, copies, count, same};
    for (; count && *codes; codes++) {
        const struct product *product = product_find(*codes);
        bool global = product && product->global;
        size_t places = global ? 1 : region_count;
        for (size_t i = 0; product && i < places; i++) {
            struct err why = {0};
            if (list(&s, product, global ? nowhere[0] : regions[i], &why))
                continue;
            for (size_t k = 0; k < count; k++)
                stored_doubt(job, &copies[k], &why);
            return;
        }
    }
}

const char *stored_in(const struct stored *c, const char *service)
{
    size_t size = strlen(service);
    if (strncmp(c->vendor_store, service, size) != 0)
        return NULL;
    return c->vendor_store[size] == ':' ? c->vendor_store + size + 1 : c->vendor_store[size] ? NULL : "";
}

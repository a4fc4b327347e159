#include "task/causes.h"

#include "cert/coverage.h"
#include "codec/json.h"
#include <stdio.h>
#include <string.h>

enum { TOLD_MOST = 3, ASKED_MOST = 50 };

/* What the store knows of the name and of the leaf that was served. */
struct known {
    struct turn *t;
    const char *name;
    const struct x509 *leaf;
    struct resource *others; /* of that name, this one left out */
    size_t other_count;
    struct certificate_row served;
    bool have_served;
};

static bool read_known(struct db *db, void *context, struct err *err)
{
    struct known *k = context;
    struct arena *a = k->t->a;
    const struct resource_filter filter = {.name = k->name};
    struct resource *all = NULL;
    size_t count = 0;
    struct err missing = {0};
    if (k->name &&
        !store_resource_list(db, a, &filter, &(struct page){.limit = ASKED_MOST}, &all, &count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (all[i].id != k->t->row.resource_id && !all[i].alias_of[0])
            all[k->other_count++] = all[i];
    k->others = all;
    k->have_served = store_certificate_by_fingerprint(db, a, k->leaf->sha256, k->t->certificate.owner,
                                                      &k->served, &missing);
    return true;
}

static const char *covered(const struct known *k)
{
    struct arena *a = k->t->a;
    const struct json *list = NULL;
    const char *domains = k->t->certificate.domains, *by = NULL;
    if (!k->name)
        return "it was asked without a name, which any certificate answers";
    if (!json_parse(a, domains, strlen(domains), &list, NULL))
        return "not known";
    for (size_t i = 0; i < json_count(list) && !by; i++)
        if (coverage_name(json_str(json_item(list, i), ""), k->name))
            by = json_str(json_item(list, i), "");
    return by ? arena_printf(a, "no, %s covers %s", by, k->name)
              : arena_printf(a, "yes, no domain of the certificate covers %s", k->name);
}

static bool holds_ours(const struct known *k, const struct resource *r)
{
    for (size_t i = 0; i < r->bound_count; i++)
        if (r->bound[i].fingerprint[0] && strcmp(r->bound[i].fingerprint, k->t->certificate.fingerprint) == 0)
            return true;
    return false;
}

/* The others of this name that are of the same product, or of another one, and do not hold ours. */
static const char *others(const struct known *k, bool same_product)
{
    struct arena *a = k->t->a;
    const char *told = "";
    size_t count = 0, with_ours = 0;
    for (size_t i = 0; i < k->other_count; i++) {
        const struct resource *r = &k->others[i];
        if ((strcmp(r->product, k->t->row.product) == 0) != same_product)
            continue;
        if (holds_ours(k, r)) {
            with_ours++;
            continue;
        }
        if (count++ < TOLD_MOST)
            told = arena_printf(a, "%s%s%s %s%s", told, *told ? ", " : "", r->product, r->title,
                                r->https ? "" : " (HTTPS off)");
    }
    if (count > TOLD_MOST)
        told = arena_printf(a, "%s and %zu more", told, count - TOLD_MOST);
    if (count)
        return arena_printf(a, "the inventory knows %s for this name, without this certificate", told);
    if (with_ours)
        return arena_printf(a,
                            "the inventory knows %zu more for this name, and this certificate is bound there",
                            with_ours);
    return k->name ? "the inventory knows none for this name" : "not known, as no name was asked for";
}

static const char *elsewhere(const struct known *k)
{
    const struct resource *r = &k->t->resource;
    return arena_printf(k->t->a, "%s; what was asked is the resource's own entry point %s:%u",
                        others(k, false), r->host, r->port);
}

/* What else stands on the resource itself, at other slots. */
static const char *beside(const struct known *k)
{
    const struct resource *r = &k->t->resource;
    const char *told = "";
    size_t count = 0;
    for (size_t i = 0; i < r->bound_count; i++) {
        const struct bound *b = &r->bound[i];
        if (strcmp(b->slot, k->t->row.slot) != 0 && count++ < TOLD_MOST)
            told = arena_printf(k->t->a, "%s%s%s at %s", told, *told ? ", " : "",
                                b->name[0] ? b->name : b->ref, b->slot);
    }
    return count ? arena_printf(k->t->a, "; the resource itself holds %zu more (%s)", count, told) : "";
}

static bool was_replaced(const struct known *k)
{
    struct bound *old = NULL;
    size_t count = 0;
    if (!bound_from_json(k->t->a, k->t->row.old, &old, &count, NULL))
        return false;
    for (size_t i = 0; i < count; i++)
        if ((old[i].fingerprint[0] && strcmp(old[i].fingerprint, k->leaf->sha256) == 0) ||
            (!old[i].fingerprint[0] && old[i].serial[0] && strcmp(old[i].serial, k->leaf->serial) == 0))
            return true;
    return false;
}

static const char *file(const struct known *k)
{
    struct arena *a = k->t->a;
    const char *until = time_format(a, k->leaf->not_after_ms, "%Y-%m-%d");
    const char *ours = time_format(a, k->t->certificate.not_after_ms, "%Y-%m-%d");
    const char *what = was_replaced(k)  ? "is the one that was replaced"
                       : k->have_served ? arena_printf(a, "is \"%s\" of this store", k->served.name)
                                        : "is not known here";
    return arena_printf(a, "what is served %s and ends on %s; what was deployed is \"%s\" and ends on %s",
                        what, until, k->t->certificate.name, ours);
}

const char *causes_known(struct turn *t, const char *name, const struct x509 *leaf)
{
    struct known k = {.t = t, .name = name, .leaf = leaf};
    struct err err = {0};
    if (t->back || !turn_certificate(t, &err) || !store_read(t->e->store, read_known, &k, &err))
        return NULL;
    const char *look =
        name ? arena_printf(t->a, "`certferry verify %s` looks at what the name itself leads to; ", name)
             : "";
    return arena_printf(t->a,
                        "possible causes: "
                        "(1) the domain is not covered: %s; "
                        "(2) another service stands in front (CDN, load balancer, WAF) without it: %s; "
                        "(3) not every server of the domain has it: %s%s; "
                        "(4) the certificate file is outdated: %s. "
                        "%smend what applies, then `certferry task retry` or `certferry task rollback`",
                        covered(&k), elsewhere(&k), others(&k, true), beside(&k), file(&k), look);
}

#include "task/slots.h"

#include "cert/coverage.h"
#include <string.h>

enum { SERIAL_DIGITS_MIN = 8, DAY_MS = 86400000 };

bool resource_has_domains(const struct resource *r)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (r->names[i].evidence == EVIDENCE_DOMAIN)
            return true;
    return false;
}

/* Vendors that give no fingerprint give the serial number; short ones are not unique enough to go by. */
bool bound_is_certificate(const struct bound *b, const struct certificate_row *row)
{
    if (b->fingerprint[0])
        return strcmp(b->fingerprint, row->fingerprint) == 0;
    if (strlen(b->serial) < SERIAL_DIGITS_MIN || strcmp(b->serial, row->serial) != 0)
        return false;
    int64_t apart = b->not_after_ms - row->not_after_ms;
    return b->not_after_ms == 0 || (apart <= DAY_MS && apart >= -DAY_MS);
}

static struct slot *add_slot(struct arena *a, struct slots *slots)
{
    void *items = slots->items;
    struct slot *slot = arena_push(a, &items, &slots->count, &slots->capacity, sizeof *slot);
    slots->items = items;
    return slot;
}

static const char **names_with(struct arena *a, const struct resource *r, enum evidence evidence,
                               size_t *ret_count)
{
    const char **names = arena_array(a, const char *, r->name_count);
    *ret_count = 0;
    for (size_t i = 0; i < r->name_count; i++)
        if (r->names[i].evidence == evidence)
            names[(*ret_count)++] = r->names[i].name;
    return names;
}

static const struct bound *bound_at(struct arena *a, const struct resource *r, const char *slot,
                                    size_t *ret_count)
{
    struct bound *found = arena_array(a, struct bound, r->bound_count);
    *ret_count = 0;
    for (size_t i = 0; i < r->bound_count; i++)
        if (strcmp(r->bound[i].slot, slot) == 0)
            found[(*ret_count)++] = r->bound[i];
    return found;
}

static void add_domains(struct arena *a, const struct resource *r, struct slots *slots)
{
    struct slot *slot = add_slot(a, slots);
    *slot = (struct slot){.slot = "default",
                          .evidence = EVIDENCE_DOMAIN,
                          .own_domains = true,
                          .all = r->must_cover_all,
                          .first = !r->https};
    slot->names = names_with(a, r, EVIDENCE_DOMAIN, &slot->name_count);
    slot->old = bound_at(a, r, "default", &slot->old_count);
}

/* SM certificates stand beside the others. What stands there is known where it came from here. */
static void add_sm(struct arena *a, const struct resource *r, struct slots *slots)
{
    struct slot *slot = add_slot(a, slots);
    *slot = (struct slot){.slot = "sm",
                          .evidence = EVIDENCE_DOMAIN,
                          .own_domains = true,
                          .all = r->must_cover_all};
    slot->names = names_with(a, r, EVIDENCE_DOMAIN, &slot->name_count);
    slot->old = bound_at(a, r, "sm", &slot->old_count);
}

static void add_named(struct arena *a, const struct bound *b, struct slots *slots)
{
    const char **names = arena_array(a, const char *, 1);
    names[0] = b->slot;
    *add_slot(a, slots) = (struct slot){.slot = b->slot,
                                        .names = names,
                                        .name_count = 1,
                                        .evidence = EVIDENCE_RULE,
                                        .own_domains = true,
                                        .old = b,
                                        .old_count = 1};
}

/* A default or an SNI entry: the certificate bound there says which names it serves. */
static void add_bound(struct arena *a, const struct bound *b, struct slots *slots)
{
    if (b->name_count == 0) {
        slots->unknown =
            arena_printf(a, "the names of the certificate bound at %s (%s) are not known", b->slot,
                         b->name[0]  ? b->name
                         : b->ref[0] ? b->ref
                                     : "no id");
        return;
    }
    *add_slot(a, slots) = (struct slot){.slot = b->slot,
                                        .names = b->names,
                                        .name_count = b->name_count,
                                        .evidence = EVIDENCE_CERTIFICATE,
                                        .same_key_type = strcmp(b->slot, "sni") == 0,
                                        .old = b,
                                        .old_count = 1};
}

static bool covered_by_bound(const struct resource *r, const char *name)
{
    for (size_t i = 0; i < r->bound_count; i++)
        if (coverage_any(r->bound[i].names, r->bound[i].name_count, name, NULL))
            return true;
    return false;
}

/* A rule's host that nothing bound covers gets an entry of its own; where bound names are unknown nobody can say. */
static void add_rules(struct arena *a, const struct product *product, const struct resource *r,
                      struct slots *slots)
{
    if (!product->sni || product->sni_closed || slots->unknown)
        return;
    size_t count = 0;
    const char **hosts = names_with(a, r, EVIDENCE_RULE, &count);
    for (size_t i = 0; i < count; i++)
        if (!covered_by_bound(r, hosts[i]))
            *add_slot(a, slots) = (struct slot){.slot = "sni",
                                                .names = &hosts[i],
                                                .name_count = 1,
                                                .evidence = EVIDENCE_RULE,
                                                .addition = true};
}

struct slots slots_of(struct arena *a, const struct product *product, const struct resource *r,
                      bool named_by_hand)
{
    struct slots slots = {0};
    bool domains = resource_has_domains(r);
    if (domains && (r->https || (product->first_deployment && named_by_hand)))
        add_domains(a, r, &slots);
    if (domains && product->sm_slot && r->https)
        add_sm(a, r, &slots);
    for (size_t i = 0; i < r->bound_count && r->https; i++) {
        const struct bound *b = &r->bound[i];
        bool is_default = strcmp(b->slot, "default") == 0;
        bool is_sni = strcmp(b->slot, "sni") == 0;
        if (strcmp(b->slot, "sm") == 0)
            continue;
        if (!is_default && !is_sni)
            add_named(a, b, &slots);
        else if (is_sni || !domains)
            add_bound(a, b, &slots);
    }
    if (!domains && r->https)
        add_rules(a, product, r, &slots);
    return slots;
}

/* What visitors of the slot would miss: of a listener, every name of the old certificate; of a resource's own
 * domains, those that the old certificate serves (all of them where its names are unknown).
 */
static bool would_lose(const struct slot *slot, const char *name)
{
    if (!slot->own_domains)
        return true;
    for (size_t i = 0; i < slot->old_count; i++)
        if (slot->old[i].name_count == 0 ||
            coverage_any(slot->old[i].names, slot->old[i].name_count, name, NULL))
            return true;
    return false;
}

static bool key_type_equals(const struct slot *slot, const struct plan_certificate *cert)
{
    if (slot->old_count == 0)
        return true;
    for (size_t i = 0; i < slot->old_count; i++)
        if (!slot->old[i].key_type[0] || strcmp(slot->old[i].key_type, cert->row.key_type) == 0)
            return true;
    return false;
}

struct fitness slot_fitness(struct arena *a, const struct slot *slot, const struct plan_certificate *cert)
{
    struct fitness f = {.same_key_type = key_type_equals(slot, cert)};
    f.lost = arena_array(a, const char *, slot->name_count);
    for (size_t i = 0; i < slot->name_count; i++) {
        const char *by = NULL;
        if (coverage_any(cert->domains, cert->domain_count, slot->names[i], &by)) {
            f.covered++;
            f.exact += strcmp(by, slot->names[i]) == 0;
        } else if (would_lose(slot, slot->names[i])) {
            f.lost[f.lost_count++] = slot->names[i];
        }
    }
    if (f.covered == 0 || (slot->all && f.covered < slot->name_count))
        return f;
    if (slot->same_key_type && !f.same_key_type) {
        f.wrong_key_type = true;
        return f;
    }
    f.fit = f.lost_count == 0 ? FIT_FULL : FIT_PARTIAL;
    return f;
}

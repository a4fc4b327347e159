/* Which certificate a slot gets. Candidates are found by name, so that a slot is compared with those that cover it and
 * with no other: a thousand certificates cost no more than one.
 */
#include "cert/coverage.h"
#include "task/plan_private.h"
#include <stdlib.h>
#include <string.h>

static void index_domains(struct planning *p)
{
    size_t count = 0;
    for (size_t i = 0; i < p->candidate_count; i++)
        count += p->candidates[i].cert->domain_count;
    p->certificates = index_new(p->a, count);
    for (size_t i = 0; i < p->candidate_count; i++)
        for (size_t j = 0; j < p->candidates[i].cert->domain_count; j++)
            index_add(p->a, &p->certificates, p->candidates[i].cert->domains[j], i);
}

static bool is_sm(const struct plan_certificate *cert)
{
    return strcmp(cert->row.key_type, "sm2") == 0;
}

static void add_candidate(struct planning *p, const struct plan_certificate *cert)
{
    p->candidates[p->candidate_count++] = (struct candidate){.cert = cert};
    p->some_sm |= is_sm(cert);
    p->some_other |= !is_sm(cert);
}

void plan_choose_candidates(struct planning *p)
{
    struct index seen = index_new(p->a, p->in->certificate_count);
    p->candidates = arena_array(p->a, struct candidate, p->in->certificate_count);
    for (size_t i = 0; i < p->in->certificate_count; i++) {
        const struct plan_certificate *cert = &p->in->certificates[i];
        const char *id = arena_printf(p->a, "%lld", (long long)cert->row.id);
        struct err err = {0};
        if (index_first(&seen, id))
            continue;
        index_add(p->a, &seen, id, i);
        if (plan_certificate_check(&cert->row, p->in->selection->allow_expiring, p->in->now_ms, &err))
            add_candidate(p, cert);
        else
            plan_add_note(p, "certificate", cert->row.id, NULL, cert->row.name, arena_strdup(p->a, err.text));
    }
    index_domains(p);
}

/* A product that keeps SM certificates beside the others takes each kind in its own slot. */
static bool belongs(const struct product *product, const struct slot *slot,
                    const struct plan_certificate *cert)
{
    return !product->sm_slot || is_sm(cert) == (strcmp(slot->slot, "sm") == 0);
}

bool plan_concerns(const struct planning *p, const struct product *product, const struct slot *slot)
{
    if (!product->sm_slot)
        return true;
    return strcmp(slot->slot, "sm") == 0 ? p->some_sm : p->some_other;
}

/* NULL when the product takes the certificate, by what is declared of it. */
static const char *declared_refusal(struct arena *a, const struct product *product, const struct resource *r,
                                    const struct plan_certificate *cert)
{
    const struct certificate_row *row = &cert->row;
    bool held = row->has_key;
    for (size_t i = 0; i < cert->held_count; i++)
        held |= cert->held[i] == r->access_id;
    if (!held)
        return arena_printf(
            a,
            "%s has no private key here and lies in another account: it can be deployed where it "
            "lies, or elsewhere once its key was imported",
            row->name);
    if (!row->has_key && !product->upload)
        return arena_printf(a, "%s wants the private key itself, and that of %s is not here", product->title,
                            row->name);
    if (strcmp(row->key_type, "sm2") == 0 && !product->takes_sm2)
        return arena_printf(a, "%s takes no SM2 certificate (%s)", product->title, row->name);
    if (product->needs_chain && !row->chain_complete)
        return arena_printf(a, "%s demands a complete chain: import %s again with its intermediates",
                            product->title, row->name);
    return NULL;
}

/* What owners (R98) and the product say; the slots of a resource share the answer. */
static const char *refusal(struct planning *p, const struct product *product, const struct resource *r,
                           struct candidate *c)
{
    if (c->resource_id == r->id)
        return c->refusal;
    c->resource_id = r->id;
    c->place = (struct plan_place){.store = ""};
    c->refusal = charge_refusal(p->a, p->in->book, &c->cert->row, r->access_id);
    if (!c->refusal)
        c->refusal = declared_refusal(p->a, product, r, c->cert);
    if (!c->refusal && p->in->place)
        p->in->place(p->in->context, product, r, c->cert, &c->place, &c->refusal);
    return c->refusal;
}

/* Above 0 when x is better for the slot than y, and why: fits better, then more names exactly, then valid longer, then
 * the key type bound there.
 */
static int compare(const struct fitness *x, const struct certificate_row *xc, const struct fitness *y,
                   const struct certificate_row *yc, const char **ret_why)
{
    const struct {
        int64_t x, y;
        const char *why;
    } tests[] = {
        {(int64_t)x->fit, (int64_t)y->fit, "it covers every name"},
        {(int64_t)x->covered, (int64_t)y->covered, "it covers more names"},
        {(int64_t)x->exact, (int64_t)y->exact, "it names them exactly"},
        {xc->not_after_ms, yc->not_after_ms, "it is valid longer"},
        {x->same_key_type, y->same_key_type, "it has the key type bound there"},
    };
    for (size_t i = 0; i < countof(tests); i++) {
        *ret_why = tests[i].why;
        if (tests[i].x != tests[i].y)
            return tests[i].x > tests[i].y ? 1 : -1;
    }
    *ret_why = "it comes first";
    return 0;
}

struct choosing {
    struct planning *p;
    const struct product *product;
    const struct resource *r;
    const struct slot *slot;
    struct fitness best;
    struct choice choice;
};

/* Why a certificate that covers some of the names does not fit. */
static const char *misfit(const struct choosing *ch, const struct fitness *f,
                          const struct certificate_row *row)
{
    if (f->wrong_key_type)
        return arena_printf(ch->p->a,
                            "an SNI entry for %s holds a certificate of another key type than %s (%s)",
                            ch->slot->names[0], row->name, row->key_type);
    if (f->covered && ch->slot->all)
        return arena_printf(ch->p->a,
                            "%s covers %zu of %zu names, and %s wants all of them: have it reissued",
                            row->name, f->covered, ch->slot->name_count, ch->product->title);
    return NULL;
}

static void consider(struct choosing *ch, size_t i)
{
    struct planning *p = ch->p;
    struct candidate *candidate = &p->candidates[i];
    const struct certificate_row *row = &candidate->cert->row;
    if (!belongs(ch->product, ch->slot, candidate->cert))
        return;
    struct fitness f = slot_fitness(p->a, ch->slot, candidate->cert);
    const char *objection =
        f.fit == FIT_NONE ? misfit(ch, &f, row) : refusal(p, ch->product, ch->r, candidate);
    if (objection)
        ch->choice.objection = objection;
    if (objection || f.fit == FIT_NONE)
        return;
    candidate->fits_somewhere = true;
    const char *why = "";
    const struct certificate_row *before = &p->candidates[ch->choice.candidate].cert->row;
    bool first = ch->choice.fit == FIT_NONE;
    bool wins = first || compare(&f, row, &ch->best, before, &why) > 0;
    if (!first)
        ch->choice.chosen =
            arena_printf(p->a, "; chosen before %s: %s", wins ? before->name : row->name, why);
    if (!wins)
        return;
    ch->best = f;
    ch->choice.candidate = i;
    ch->choice.fit = f.fit;
}

struct found {
    size_t *items;
    size_t count, capacity;
};

static void find(struct planning *p, const char *name, struct found *found)
{
    for (const struct index_entry *e = index_first(&p->certificates, name); e; e = index_next(e)) {
        struct candidate *c = &p->candidates[e->value];
        if (c->considered == p->slots_seen)
            continue;
        c->considered = p->slots_seen;
        void *items = found->items;
        *(size_t *)arena_push(p->a, &items, &found->count, &found->capacity, sizeof(size_t)) = e->value;
        found->items = items;
    }
}

static int compare_positions(const void *left, const void *right)
{
    size_t l = *(const size_t *)left, r = *(const size_t *)right;
    return (l > r) - (l < r);
}

struct choice plan_choose(struct planning *p, const struct product *product, const struct resource *r,
                          const struct slot *slot)
{
    struct choosing ch = {.p = p, .product = product, .r = r, .slot = slot, .choice.chosen = ""};
    struct found found = {0};
    char buf[300];
    p->slots_seen++;
    for (size_t i = 0; i < slot->name_count; i++) {
        const char *wildcard = index_wildcard(slot->names[i], buf, sizeof buf);
        find(p, slot->names[i], &found);
        if (wildcard)
            find(p, wildcard, &found);
    }
    if (found.count)
        qsort(found.items, found.count, sizeof(size_t), compare_positions); /* the order they were given in */
    for (size_t i = 0; i < found.count; i++)
        consider(&ch, found.items[i]);
    return ch.choice;
}

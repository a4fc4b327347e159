#include "task/plan.h"

#include "cert/coverage.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "codec/name.h"
#include "task/plan_row.h"
#include "task/slots.h"
#include <stdlib.h>
#include <string.h>

/* A certificate that may be deployed, and what became of it. */
struct candidate {
    const struct plan_certificate *cert;
    bool fits_somewhere; /* it covers a slot, though another may have been chosen */
    size_t rows;
};

/* Slots of one resource that get the same certificate in one deployment. */
struct group {
    const char *slot;
    size_t candidate;
    enum fit fit;
    const struct slot **slots;
    size_t count, capacity;
    const char *chosen; /* why this certificate before others; "" when there was no choice */
};

struct planning {
    struct arena *a;
    const struct plan_input *in;
    struct texts domain, exclude; /* normalised where they are names */
    struct candidate *candidates;
    size_t candidate_count;
    struct plan *plan;
    size_t row_capacity, note_capacity;
    size_t left_out;
};

bool plan_certificate_check(const struct certificate_row *row, bool allow_expiring, int64_t now_ms,
                            struct err *err)
{
    switch (certificate_status_at(row->not_before_ms, row->not_after_ms, row->revoked, now_ms)) {
    case CERTIFICATE_ISSUED:
        return true;
    case CERTIFICATE_WILL_EXPIRE:
        return allow_expiring ||
               err_set(err, ERR_INVALID_CERTIFICATE,
                       "certificate %s is about to expire: renew it first, or allow it with --allow-expiring",
                       row->name);
    case CERTIFICATE_EXPIRED:
        return err_set(err, ERR_INVALID_CERTIFICATE, "certificate %s has expired: renew it first", row->name);
    case CERTIFICATE_NOT_YET_VALID:
        return err_set(err, ERR_INVALID_CERTIFICATE,
                       "certificate %s is not valid yet: deploy it once its time has come", row->name);
    case CERTIFICATE_REVOKED:
        return err_set(err, ERR_INVALID_CERTIFICATE, "certificate %s is revoked: have a new one issued",
                       row->name);
    }
    return err_set(err, ERR_INTERNAL, "certificate %s has no status", row->name);
}

static void add_note(struct planning *p, const char *kind, int64_t certificate_id, const struct resource *r,
                     const char *title, const char *text)
{
    void *notes = p->plan->notes;
    struct plan_note *note =
        arena_push(p->a, &notes, &p->plan->note_count, &p->note_capacity, sizeof(struct plan_note));
    p->plan->notes = notes;
    *note = (struct plan_note){.kind = kind,
                               .certificate_id = certificate_id,
                               .resource_id = r ? r->id : 0,
                               .title = title,
                               .text = text};
}

static void leave_out(struct planning *p, const struct resource *r, const char *text)
{
    p->left_out++;
    add_note(p, "left_out", 0, r, r->title, text);
}

/* Certificates in the order given, each once (R73); those that may not be deployed are told. */
static void choose_candidates(struct planning *p)
{
    p->candidates = arena_array(p->a, struct candidate, p->in->certificate_count);
    for (size_t i = 0; i < p->in->certificate_count; i++) {
        const struct plan_certificate *cert = &p->in->certificates[i];
        bool seen = false;
        for (size_t j = 0; j < i; j++)
            seen |= p->in->certificates[j].row.id == cert->row.id;
        if (seen)
            continue;
        struct err err = {0};
        if (plan_certificate_check(&cert->row, p->in->selection->allow_expiring, p->in->now_ms, &err))
            p->candidates[p->candidate_count++] = (struct candidate){.cert = cert};
        else
            add_note(p, "certificate", cert->row.id, NULL, cert->row.name, arena_strdup(p->a, err.text));
    }
}

static bool resource_is(struct arena *a, const struct resource *r, const char *text)
{
    return strcmp(text, r->vendor_id) == 0 || strcmp(text, r->title) == 0 ||
           strcmp(text, arena_printf(a, "%lld", (long long)r->id)) == 0;
}

static bool resource_in(struct arena *a, const struct resource *r, const struct texts *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (resource_is(a, r, list->items[i]))
            return true;
    return false;
}

/* "aliyun/cdn" is itself; "aliyun" every product of that cloud. */
static bool product_in(const char *code, const struct texts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t size = strlen(list->items[i]);
        if (strncmp(code, list->items[i], size) == 0 && (code[size] == '\0' || code[size] == '/'))
            return true;
    }
    return list->count == 0;
}

static bool wanted(struct planning *p, const struct resource *r)
{
    const struct selection *s = p->in->selection;
    bool access = p->in->access_count == 0;
    for (size_t i = 0; i < p->in->access_count; i++)
        access |= p->in->access_ids[i] == r->access_id;
    return access && !r->missing && product_in(r->product, &s->product) &&
           (s->region.count == 0 || texts_have(&s->region, r->region)) &&
           (s->resource.count == 0 || resource_in(p->a, r, &s->resource)) &&
           !resource_in(p->a, r, &s->exclude);
}

static const char *original_of(const struct resource *r)
{
    return r->alias_of[0] ? r->alias_of : r->vendor_id;
}

/* Sights of one resource next to each other, the one to keep first: no alias, then as listed. */
static int compare_sights(const void *left, const void *right)
{
    const struct resource *x = *(const struct resource *const *)left,
                          *y = *(const struct resource *const *)right;
    int tests[] = {(x->access_id > y->access_id) - (x->access_id < y->access_id),
                   strcmp(original_of(x), original_of(y)),
                   strcmp(x->product, y->product),
                   strcmp(x->region, y->region),
                   (x->alias_of[0] != '\0') - (y->alias_of[0] != '\0'),
                   (x > y) - (x < y)};
    for (size_t i = 0; i < countof(tests); i++)
        if (tests[i] != 0)
            return tests[i];
    return 0;
}

/* The same resource listed twice counts once (R73); so does the same listener seen under two names. One flag each: seen
 * before.
 */
static const bool *find_repeated(struct arena *a, const struct plan_input *in)
{
    bool *repeated = arena_array(a, bool, in->resource_count);
    const struct resource **sights = arena_array(a, const struct resource *, in->resource_count);
    for (size_t i = 0; i < in->resource_count; i++)
        sights[i] = &in->resources[i];
    if (in->resource_count)
        qsort(sights, in->resource_count, sizeof(struct resource *), compare_sights);
    for (size_t i = 1; i < in->resource_count; i++) {
        const struct resource *x = sights[i - 1], *y = sights[i];
        repeated[y - in->resources] =
            x->access_id == y->access_id && strcmp(original_of(x), original_of(y)) == 0 &&
            strcmp(x->product, y->product) == 0 && strcmp(x->region, y->region) == 0;
    }
    return repeated;
}

/* Why nothing can be deployed on this resource whatever the certificate; NULL if something may be. */
static const char *unfit_reason(struct planning *p, const struct product *product, const struct resource *r)
{
    bool by_hand = resource_in(p->a, r, &p->in->selection->resource);
    if (!product)
        return arena_printf(p->a, "product %s is not supported by this version", r->product);
    if (r->managed_by[0] && !texts_have(&p->in->selection->accept, "managed"))
        return arena_printf(
            p->a,
            "managed by %s, which would undo a change made here: change it there, or here all "
            "the same with --accept managed",
            r->managed_by);
    if (r->unfit[0])
        return arena_printf(p->a, "cannot be deployed to: %s", r->unfit);
    if (!r->https && !product->first_deployment)
        return arena_printf(
            p->a, "HTTPS is off: enable HTTPS first, with a first certificate, in the console of %s",
            product->title);
    if (!r->https && !by_hand)
        return "HTTPS is off: name the resource with --resource to switch HTTPS on with this certificate";
    if (r->https && !product->first_deployment && r->bound_count == 0)
        return arena_printf(p->a, "no certificate is bound yet: set the first one in the console of %s",
                            product->title);
    return NULL;
}

static bool name_selected(const struct texts *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0 || coverage_name(list->items[i], name))
            return true;
    return false;
}

static bool slot_replaces(const struct planning *p, const struct slot *slot)
{
    const char *wanted_old = p->in->selection->replaces;
    const char *fingerprint = p->in->replaces_fingerprint;
    if (!wanted_old[0])
        return true;
    for (size_t i = 0; i < slot->old_count; i++) {
        const struct bound *b = &slot->old[i];
        if (strcmp(b->ref, wanted_old) == 0 || strcmp(b->fingerprint, wanted_old) == 0 ||
            strcmp(b->serial, wanted_old) == 0 || (fingerprint && strcmp(b->fingerprint, fingerprint) == 0))
            return true;
    }
    return false;
}

static bool slot_wanted(const struct planning *p, const struct slot *slot)
{
    bool domain = p->domain.count == 0;
    for (size_t i = 0; i < slot->name_count; i++) {
        domain |= name_selected(&p->domain, slot->names[i]);
        if (name_selected(&p->exclude, slot->names[i]))
            return false;
    }
    return domain && slot_replaces(p, slot);
}

/* NULL when the product takes the certificate. */
static const char *refusal(struct arena *a, const struct product *product, const struct resource *r,
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

struct choice {
    size_t candidate;
    enum fit fit;
    const char *chosen;    /* "chosen before old-one: it is valid longer"; "" */
    const char *objection; /* why a certificate that covers the names was not taken; NULL */
};

static bool is_sm(const struct plan_certificate *cert)
{
    return strcmp(cert->row.key_type, "sm2") == 0;
}

/* A product that keeps SM certificates beside the others takes each kind in its own slot. */
static bool belongs(const struct product *product, const struct slot *slot,
                    const struct plan_certificate *cert)
{
    return !product->sm_slot || is_sm(cert) == (strcmp(slot->slot, "sm") == 0);
}

/* A slot that none of the certificates belongs into is not talked about. */
static bool concerns(const struct planning *p, const struct product *product, const struct slot *slot)
{
    for (size_t i = 0; i < p->candidate_count; i++)
        if (belongs(product, slot, p->candidates[i].cert))
            return true;
    return false;
}

static struct choice choose(struct planning *p, const struct product *product, const struct resource *r,
                            const struct slot *slot)
{
    struct choice c = {.chosen = ""};
    struct fitness best = {0};
    for (size_t i = 0; i < p->candidate_count; i++) {
        const struct certificate_row *row = &p->candidates[i].cert->row;
        if (!belongs(product, slot, p->candidates[i].cert))
            continue;
        struct fitness f = slot_fitness(p->a, slot, p->candidates[i].cert);
        if (f.wrong_key_type)
            c.objection =
                arena_printf(p->a, "an SNI entry for %s holds a certificate of another key type than %s (%s)",
                             slot->names[0], row->name, row->key_type);
        if (f.fit == FIT_NONE && f.covered && slot->all)
            c.objection =
                arena_printf(p->a, "%s covers %zu of %zu names, and %s wants all of them: have it reissued",
                             row->name, f.covered, slot->name_count, product->title);
        const char *refused = f.fit == FIT_NONE ? NULL : refusal(p->a, product, r, p->candidates[i].cert);
        if (refused)
            c.objection = refused;
        if (refused || f.fit == FIT_NONE)
            continue;
        p->candidates[i].fits_somewhere = true;
        const char *why = "";
        const struct certificate_row *before = &p->candidates[c.candidate].cert->row;
        bool first = c.fit == FIT_NONE;
        bool wins = first || compare(&f, row, &best, before, &why) > 0;
        if (!first)
            c.chosen = arena_printf(p->a, "; chosen before %s: %s", wins ? before->name : row->name, why);
        if (!wins)
            continue;
        best = f;
        c.candidate = i;
        c.fit = f.fit;
    }
    return c;
}

static bool accepted(const struct planning *p, const char *word)
{
    return texts_have(&p->in->selection->accept, word);
}

/* Entries that lose names wait in a deployment of their own, so that they hold back nothing else. */
static enum fit fit_of_group(const struct planning *p, enum fit fit)
{
    return accepted(p, "partial") && accepted(p, "lose-names") ? FIT_FULL : fit;
}

static void join(struct planning *p, struct group **groups, size_t *count, size_t *capacity,
                 const struct slot *slot, const struct choice *c)
{
    struct group *group = NULL;
    for (size_t i = 0; i < *count && !group; i++)
        if (strcmp((*groups)[i].slot, slot->slot) == 0 && (*groups)[i].candidate == c->candidate &&
            (*groups)[i].fit == fit_of_group(p, c->fit) && strcmp(slot->slot, "sni") == 0)
            group = &(*groups)[i];
    if (!group) {
        void *items = *groups;
        group = arena_push(p->a, &items, count, capacity, sizeof *group);
        *groups = items;
        *group = (struct group){.slot = slot->slot,
                                .candidate = c->candidate,
                                .fit = fit_of_group(p, c->fit),
                                .chosen = c->chosen};
    }
    void *slots = group->slots;
    *(const struct slot **)arena_push(p->a, &slots, &group->count, &group->capacity, sizeof(struct slot *)) =
        slot;
    group->slots = slots;
}

static void add_row(struct planning *p, const struct product *product, const struct resource *r,
                    const struct group *group)
{
    struct candidate *candidate = &p->candidates[group->candidate];
    void *rows = p->plan->rows;
    struct deployment_row *row =
        arena_push(p->a, &rows, &p->plan->count, &p->row_capacity, sizeof(struct deployment_row));
    p->plan->rows = rows;
    candidate->rows++;
    *row = plan_row_make(p->a, p->in, product, r, candidate->cert, group->slots, group->count, group->chosen);
}

/* A set with a limit of the resource's own (of what was bought), which also says what is left. The product's usual limit can
 * be raised: what reaches that is held, see plan_row.c.
 */
static bool no_room(struct arena *a, const struct resource *r, int64_t *ret_most)
{
    const struct json *extra = NULL;
    *ret_most = 0;
    if (!strstr(r->extra, "sni_room") || !json_parse(a, r->extra, strlen(r->extra), &extra, NULL))
        return false;
    *ret_most = json_int(json_at(extra, "/sni_max"), 0);
    return json_int(json_at(extra, "/sni_room"), 1) <= 0;
}

/* An addition joins the deployment that brings the same certificate anyway; a full set takes no addition. */
static bool set_is_full(struct arena *a, const struct resource *r, const struct group *group,
                        int64_t *ret_most)
{
    bool only_adds = true;
    for (size_t i = 0; i < group->count; i++)
        only_adds = only_adds && group->slots[i]->addition;
    return only_adds && no_room(a, r, ret_most);
}

static void plan_slots(struct planning *p, const struct product *product, const struct resource *r,
                       const struct slots *slots)
{
    struct group *groups = NULL;
    size_t count = 0, capacity = 0, rows = 0, skipped = 0;
    const char *objection = slots->unknown;
    for (size_t i = 0; i < slots->count; i++) {
        if (!concerns(p, product, &slots->items[i]))
            continue;
        if (!slot_wanted(p, &slots->items[i])) {
            skipped++;
            continue;
        }
        struct choice c = choose(p, product, r, &slots->items[i]);
        if (c.fit != FIT_NONE)
            join(p, &groups, &count, &capacity, &slots->items[i], &c);
        else if (c.objection)
            objection = c.objection;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t most;
        if (set_is_full(p->a, r, &groups[i], &most)) {
            objection = arena_printf(p->a, "its set of SNI certificates is full (%lld)", (long long)most);
            continue;
        }
        add_row(p, product, r, &groups[i]);
        rows++;
    }
    if (objection)
        leave_out(p, r, objection);
    else if (rows == 0 && skipped == 0)
        leave_out(p, r, "none of the certificates covers what it serves: have one reissued with these names");
}

static void plan_resource(struct planning *p, const struct resource *r)
{
    const struct product *product = p->in->find_product(r->product);
    const char *reason = unfit_reason(p, product, r);
    if (reason) {
        leave_out(p, r, reason);
        return;
    }
    struct slots slots = slots_of(p->a, product, r, resource_in(p->a, r, &p->in->selection->resource));
    plan_slots(p, product, r, &slots);
}

/* R88: a certificate that goes nowhere is told, with what to do. */
static void note_unmatched(struct planning *p)
{
    for (size_t i = 0; i < p->candidate_count; i++) {
        const struct candidate *c = &p->candidates[i];
        if (c->rows > 0)
            continue;
        const char *text = c->fits_somewhere
                               ? "matches 0 slots of its own: every slot it covers is better served by "
                                 "another certificate of the task"
                               : arena_printf(p->a,
                                              "matches 0 resources (%zu looked at, %zu left out): "
                                              "synchronise the resources, widen the "
                                              "selection, or choose a certificate that covers their names",
                                              p->in->resource_count, p->left_out);
        add_note(p, "unmatched", c->cert->row.id, NULL, c->cert->row.name, text);
    }
}

/* R31, R32: a name asked for that no certificate covers. */
static void note_uncovered(struct planning *p)
{
    for (size_t i = 0; i < p->domain.count; i++) {
        bool covered = p->candidate_count == 0;
        for (size_t j = 0; j < p->candidate_count; j++)
            covered |= coverage_any(p->candidates[j].cert->domains, p->candidates[j].cert->domain_count,
                                    p->domain.items[i], NULL);
        if (!covered)
            add_note(p, "uncovered", 0, NULL, p->domain.items[i],
                     "no chosen certificate covers this name: have it appended and reissued, or choose "
                     "another one");
    }
}

static void note_not_found(struct planning *p)
{
    const struct texts *list = &p->in->selection->resource;
    for (size_t i = 0; i < list->count; i++) {
        bool found = false;
        for (size_t j = 0; j < p->in->resource_count && !found; j++)
            found = !p->in->resources[j].missing && resource_is(p->a, &p->in->resources[j], list->items[i]);
        if (!found)
            add_note(p, "not_found", 0, NULL, list->items[i],
                     "no such resource is known: synchronise, or check whether its product is supported");
    }
}

static bool writes(const struct deployment_row *row)
{
    return !row->already_bound && row->state != DEPLOYMENT_HELD;
}

/* Once for each access and product. */
static void note_first_contact(struct planning *p)
{
    for (size_t i = 0; i < p->plan->count; i++) {
        const struct deployment_row *row = &p->plan->rows[i];
        bool known = !writes(row) ||
                     first_contact_made(p->in->contacts, p->in->contact_count, row->access_id, row->product);
        for (size_t j = 0; j < i && !known; j++)
            known = writes(&p->plan->rows[j]) && p->plan->rows[j].access_id == row->access_id &&
                    strcmp(p->plan->rows[j].product, row->product) == 0;
        if (!known)
            add_note(p, "first_contact", 0, NULL, row->product,
                     "never tried on this access: one resource goes first, and the rest once that one "
                     "succeeded");
    }
}

/* People write names as they like; what is no name stays as it is (an id or a title). */
static struct texts normalised(struct arena *a, const struct texts *list)
{
    const char **items = arena_array(a, const char *, list->count);
    for (size_t i = 0; i < list->count; i++) {
        if (!name_normalise(a, list->items[i], true, &items[i], NULL))
            items[i] = list->items[i];
    }
    return (struct texts){items, list->count};
}

void plan_compute(struct arena *a, const struct plan_input *input, struct plan *ret)
{
    *ret = (struct plan){0};
    struct planning p = {.a = a,
                         .in = input,
                         .plan = ret,
                         .domain = normalised(a, &input->selection->domain),
                         .exclude = normalised(a, &input->selection->exclude)};
    choose_candidates(&p);
    const bool *repeated = find_repeated(a, input);
    for (size_t i = 0; i < input->resource_count && p.candidate_count > 0; i++)
        if (!repeated[i] && wanted(&p, &input->resources[i]))
            plan_resource(&p, &input->resources[i]);
    note_unmatched(&p);
    note_first_contact(&p);
    note_uncovered(&p);
    note_not_found(&p);
}

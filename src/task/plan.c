#include "task/plan.h"

#include "cert/coverage.h"
#include "codec/json.h"
#include "codec/name.h"
#include "task/plan_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slots of one resource that get the same certificate in one deployment. */
struct group {
    const char *slot;
    size_t candidate;
    enum fit fit;
    const struct slot **slots;
    size_t count, capacity;
    const char *chosen; /* why this certificate before others; "" when there was no choice */
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

void plan_add_note(struct planning *p, const char *kind, int64_t certificate_id, const struct resource *r,
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
    plan_add_note(p, "left_out", 0, r, r->title, text);
}

bool plan_resource_in(const struct index *list, const struct resource *r)
{
    char id[24];
    if (list->count == 0)
        return false;
    snprintf(id, sizeof id, "%lld", (long long)r->id);
    return index_first(list, r->vendor_id) || index_first(list, r->title) || index_first(list, id);
}

/* What the user asked for by name: an empty set of filters matches everything, a name is a wish. */
static bool by_hand_of(const struct planning *p, const struct resource *r)
{
    return plan_resource_in(&p->resources, r) || plan_resource_in(&p->added, r);
}

bool plan_product_in(const char *code, const struct texts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t size = strlen(list->items[i]);
        if (strncmp(code, list->items[i], size) == 0 && (code[size] == '\0' || code[size] == '/'))
            return true;
    }
    return list->count == 0;
}

/* An added resource passes every filter but the exclusion. */
static bool wanted(struct planning *p, const struct resource *r)
{
    const struct selection *s = p->in->selection;
    if (r->missing || plan_resource_in(&p->excluded, r))
        return false;
    return plan_resource_in(&p->added, r) ||
           (plan_asks_access(p->in, r->access_id) && plan_product_in(r->product, &s->product) &&
            (s->region.count == 0 || texts_have(&s->region, r->region)) &&
            (s->resource.count == 0 || plan_resource_in(&p->resources, r)));
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
    int tests[] = {int64_order(x->access_id, y->access_id),
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
    bool by_hand = by_hand_of(p, r);
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
        return "HTTPS is off: name the resource with --add to switch HTTPS on with this certificate";
    if (r->https && !product->first_deployment && r->bound_count == 0)
        return arena_printf(p->a, "no certificate is bound yet: set the first one in the console of %s",
                            product->title);
    return NULL;
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

/* A row is left out by a name it serves, or as RESOURCE/SLOT. */
static bool slot_wanted(const struct planning *p, const struct resource *r, const struct slot *slot)
{
    bool added = plan_resource_in(&p->added, r), domain = p->domain.count == 0 || added;
    const char *row =
        p->in->selection->exclude.count ? arena_printf(p->a, "%lld/%s", (long long)r->id, slot->slot) : NULL;
    if (row && index_first(&p->excluded, row))
        return false;
    for (size_t i = 0; i < slot->name_count; i++) {
        domain |= index_covering(&p->domains, slot->names[i]) != NULL;
        if (index_covering(&p->excluded_names, slot->names[i]))
            return false;
    }
    return domain && slot_replaces(p, slot);
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

/* Whether this deployment brings the certificate into its store: the first that needs it there, unless a copy is known. */
static bool brings_copy(struct planning *p, const struct resource *r, const struct candidate *c)
{
    const char *key = plan_copy_key(p->a, r->access_id, c->cert->row.id, c->place.store);
    if (!c->place.known || !*c->place.store || index_first(&p->copies, key))
        return false;
    index_add(p->a, &p->copies, key, 0);
    return true;
}

/* before: entries that earlier rows add to the resource's set. */
static void add_row(struct planning *p, const struct product *product, const struct resource *r,
                    const struct group *group, size_t before)
{
    struct candidate *candidate = &p->candidates[group->candidate];
    void *rows = p->plan->rows;
    struct deployment_row *row =
        arena_push(p->a, &rows, &p->plan->count, &p->row_capacity, sizeof(struct deployment_row));
    p->plan->rows = rows;
    candidate->rows++;
    struct plan_choice choice = {candidate->cert, group->slots, group->count, group->chosen, before};
    *row = plan_row_make(p->a, p->in, product, r, &choice);
    if (!row->already_bound)
        row->copied_to = candidate->place.known && !*candidate->place.store ? "-" : candidate->place.store;
    bool brings = !row->already_bound && brings_copy(p, r, candidate);
    row->calls = plan_row_calls(p->a, product, row, brings);
}

/* The limit of a set that is the resource's own (of what was bought), which also says what is left. The product's usual limit
 * can be raised: what reaches that is held, see plan_row.c.
 */
struct set_room {
    int64_t most, free; /* most -1: none of its own */
};

static struct set_room set_room_of(struct arena *a, const struct resource *r)
{
    const struct json *extra = NULL;
    if (!strstr(r->extra, "sni_room") || !json_parse(a, r->extra, strlen(r->extra), &extra, NULL))
        return (struct set_room){-1, -1};
    return (struct set_room){json_int(json_at(extra, "/sni_max"), 0),
                             json_int(json_at(extra, "/sni_room"), 1)};
}

/* An addition joins the deployment that brings the same certificate anyway; a full set takes no addition. */
static bool only_adds(const struct group *group)
{
    bool adds = strcmp(group->slot, "sni") == 0;
    for (size_t i = 0; i < group->count; i++)
        adds = adds && group->slots[i]->addition;
    return adds;
}

/* The rows of one resource; returns their number. What finds no room in its set is an objection. */
static size_t add_rows(struct planning *p, const struct product *product, const struct resource *r,
                       const struct group *groups, size_t count, const char **objection)
{
    struct set_room room = set_room_of(p->a, r);
    size_t rows = 0, added = 0;
    for (size_t i = 0; i < count; i++) {
        bool adds = only_adds(&groups[i]);
        if (adds && room.most >= 0 && (int64_t)added >= room.free) {
            *objection =
                arena_printf(p->a, "its set of SNI certificates is full (%lld)", (long long)room.most);
            continue;
        }
        add_row(p, product, r, &groups[i], added);
        added += adds;
        rows++;
    }
    if (added && room.most >= 0)
        plan_add_note(p, "room", 0, r, r->title,
                      arena_printf(p->a, "this plan adds %zu certificate%s; %lld of %lld places are free",
                                   added, added == 1 ? "" : "s", (long long)room.free, (long long)room.most));
    return rows;
}

/* Names that visitors ask for there and no certificate of the task covers; of what the certificates do not concern, only
 * where the user asked for the resource.
 */
static void tell_names(struct planning *p, const struct resource *r, const struct slot *slot)
{
    size_t covered = 0;
    for (size_t i = 0; i < slot->name_count; i++)
        covered += index_covering(&p->certificates, slot->names[i]) != NULL;
    if (covered < slot->name_count && (covered > 0 || by_hand_of(p, r)))
        plan_note_names(p, r, slot);
}

struct groups {
    struct group *items;
    size_t count, capacity, skipped;
    const char *objection;
};

static struct groups group_slots(struct planning *p, const struct product *product, const struct resource *r,
                                 const struct slots *slots)
{
    struct groups g = {.objection = slots->unknown};
    for (size_t i = 0; i < slots->count; i++) {
        const struct slot *slot = &slots->items[i];
        if (!plan_concerns(p, product, slot))
            continue;
        if (!slot_wanted(p, r, slot)) {
            g.skipped++;
            continue;
        }
        struct choice c = plan_choose(p, product, r, slot);
        if (c.fit != FIT_NONE)
            join(p, &g.items, &g.count, &g.capacity, slot, &c);
        else if (c.objection)
            g.objection = c.objection;
        tell_names(p, r, slot);
    }
    return g;
}

static void plan_slots(struct planning *p, const struct product *product, const struct resource *r,
                       const struct slots *slots)
{
    struct groups g = group_slots(p, product, r, slots);
    size_t rows = add_rows(p, product, r, g.items, g.count, &g.objection);
    if (g.objection)
        leave_out(p, r, g.objection);
    else if (rows == 0 && g.skipped == 0)
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
    struct slots slots = slots_of(p->a, product, r, by_hand_of(p, r));
    plan_slots(p, product, r, &slots);
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

static struct index index_of(struct arena *a, const struct texts *list)
{
    struct index x = index_new(a, list->count);
    for (size_t i = 0; i < list->count; i++)
        index_add(a, &x, list->items[i], i);
    return x;
}

char *plan_copy_key(struct arena *a, int64_t access_id, int64_t certificate_id, const char *vendor_store)
{
    return arena_printf(a, "%lld %lld %s", (long long)access_id, (long long)certificate_id, vendor_store);
}

static void index_selection(struct planning *p)
{
    const struct selection *s = p->in->selection;
    struct texts names = normalised(p->a, &s->exclude);
    p->domain = normalised(p->a, &s->domain);
    p->domains = index_of(p->a, &p->domain);
    p->excluded_names = index_of(p->a, &names);
    p->excluded = index_of(p->a, &s->exclude);
    p->resources = index_of(p->a, &s->resource);
    p->added = index_of(p->a, &s->add);
    p->uncovered = index_new(p->a, 64);
    p->copies = index_new(p->a, p->in->copy_count + p->in->certificate_count);
    for (size_t i = 0; i < p->in->copy_count; i++)
        index_add(p->a, &p->copies,
                  plan_copy_key(p->a, p->in->copies[i].access_id, p->in->copies[i].certificate_id,
                                p->in->copies[i].vendor_store),
                  i);
}

void plan_compute(struct arena *a, const struct plan_input *input, struct plan *ret)
{
    *ret = (struct plan){0};
    struct planning p = {.a = a, .in = input, .plan = ret};
    index_selection(&p);
    plan_choose_candidates(&p);
    const bool *repeated = find_repeated(a, input);
    for (size_t i = 0; i < input->resource_count && p.candidate_count > 0; i++) {
        if (repeated[i] || !wanted(&p, &input->resources[i]))
            continue;
        p.looked_at++;
        plan_resource(&p, &input->resources[i]);
    }
    plan_rooms(&p);
    plan_note_all(&p);
}

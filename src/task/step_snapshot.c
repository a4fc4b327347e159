/* Looks before anything is changed: is the certificate still fit, does the slot still hold what was planned. */
#include "codec/json.h"
#include "task/charge.h"
#include "task/engine_private.h"
#include "task/plan.h"
#include "task/plan_row.h"
#include <string.h>

static const char *entry_label(const struct bound *b)
{
    return !b                  ? "nothing"
           : b->name[0]        ? b->name
           : b->ref[0]         ? b->ref
           : b->fingerprint[0] ? b->fingerprint
                               : "a certificate";
}

/* By the vendor's id where both are known, else by fingerprint; what has neither counts as the same. */
static bool same_entry(const struct bound *x, const struct bound *y)
{
    if (x->ref[0] && y->ref[0])
        return strcmp(x->ref, y->ref) == 0;
    if (x->fingerprint[0] && y->fingerprint[0])
        return strcmp(x->fingerprint, y->fingerprint) == 0;
    return true;
}

struct copies {
    struct turn *t;
    const char *vendor_store, *fingerprint;
    struct copy_row copy;
    bool have_copy;
};

static bool read_copy(struct db *db, void *context, struct err *err)
{
    struct copies *c = context;
    struct err missing = {0};
    c->have_copy =
        c->vendor_store && store_copy_find(db, c->t->a, c->t->row.access_id, c->t->row.certificate_id,
                                           c->vendor_store, &c->copy, &missing);
    if (c->have_copy || !c->vendor_store || missing.kind == ERR_NOT_FOUND)
        return true;
    *err = missing;
    return false;
}

static bool is_ours(const struct copies *c, const struct bound *b)
{
    if (b->fingerprint[0])
        return strcmp(b->fingerprint, c->fingerprint) == 0;
    return c->have_copy && b->ref[0] && strcmp(b->ref, c->copy.ref) == 0;
}

/* A set needs no entry of ours where the default is ours: it serves the same names. */
static bool holds_ours(const struct copies *c, const struct binding *now)
{
    bool set = strcmp(c->t->row.slot, "sni") == 0;
    for (size_t i = 0; i < now->bound_count; i++) {
        const char *slot = now->bound[i].slot;
        bool counts = strcmp(slot, c->t->row.slot) == 0 || (set && strcmp(slot, "default") == 0);
        if (counts && is_ours(c, &now->bound[i]))
            return true;
    }
    return false;
}

/* Every planned entry must still be there; a default that was empty must be empty still. Fills conflict otherwise. */
static bool as_planned(struct turn *t, const struct binding *now, const struct bound *old, size_t old_count,
                       struct err *conflict)
{
    const char *slot = t->row.slot;
    const struct bound *found = binding_slot(now, slot);
    bool set = strcmp(slot, "sni") == 0;
    if (old_count == 0 && found && !set)
        return err_set(conflict, ERR_CONFLICT,
                       "%s held nothing when planned, %s was to come there, and %s stands there now: "
                       "nothing was changed; make a new plan",
                       slot, t->certificate.name ? t->certificate.name : "ours", entry_label(found));
    for (size_t i = 0; i < old_count; i++) {
        bool there = false;
        for (size_t j = 0; j < now->bound_count; j++)
            there |= strcmp(now->bound[j].slot, slot) == 0 && same_entry(&now->bound[j], &old[i]);
        if (!there)
            return err_set(conflict, ERR_CONFLICT,
                           "%s held %s when planned, %s was to replace it, and found is %s: nothing was "
                           "changed; make a new plan",
                           slot, entry_label(&old[i]), t->certificate.name ? t->certificate.name : "ours",
                           set ? "that it is gone from the set" : entry_label(found));
    }
    return true;
}

/* A plan that switches HTTPS on says so among its warnings; one of an older version is known by holding nothing. */
static bool planned_with_https(const struct turn *t, size_t old_count)
{
    const struct json *warnings = NULL;
    if (json_parse(t->a, t->row.warnings, strlen(t->row.warnings), &warnings, NULL) &&
        json_find(warnings, "/kind", PLAN_WARNS_HTTPS_OFF))
        return false;
    return old_count > 0 || t->resource.https || !t->product->first_deployment;
}

static bool serves_name(const struct resource *r, const char *name)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (strcmp(r->names[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < r->bound_count; i++)
        for (size_t j = 0; j < r->bound[i].name_count; j++)
            if (strcmp(r->bound[i].names[j], name) == 0)
                return true;
    return false;
}

/* The first planned name; NULL while the resource serves any of them, or where none were known. */
static const char *name_that_is_gone(const struct turn *t)
{
    const struct json *names = NULL;
    if (!json_parse(t->a, t->row.names, strlen(t->row.names), &names, NULL))
        return NULL;
    for (size_t i = 0; i < json_count(names); i++)
        if (serves_name(&t->resource, json_str(json_item(names, i), "")))
            return NULL;
    return json_count(names) ? json_str(json_item(names, 0), "") : NULL;
}

/* What else mattered to the plan: HTTPS as the cloud shows it now, the rest as a synchronisation since then found it. */
static bool still_fits(struct turn *t, const struct binding *now, size_t old_count, struct err *conflict)
{
    const char *ours = t->certificate.name, *gone = name_that_is_gone(t);
    const struct resource *r = &t->resource;
    if (!now->https && planned_with_https(t, old_count))
        return err_set(
            conflict, ERR_CONFLICT,
            "HTTPS was on when planned, %s was to come to %s, and found is that HTTPS is off: nothing was "
            "changed; make a new plan",
            ours, t->row.slot);
    if (gone)
        return err_set(
            conflict, ERR_CONFLICT,
            "%s served %s when planned, %s was to come there, and found is that it serves that name no "
            "more: nothing was changed; make a new plan",
            t->row.title, gone, ours);
    if (r->managed_by[0] && !strstr(t->row.holds, "\"managed\""))
        return err_set(
            conflict, ERR_CONFLICT,
            "nobody managed %s when planned, %s was to come there, and found is that %s manages it: nothing "
            "was changed; make a new plan",
            t->row.title, ours, r->managed_by);
    if (r->unfit[0])
        return err_set(
            conflict, ERR_CONFLICT,
            "%s could be deployed to when planned, %s was to come there, and found is: %s; nothing was "
            "changed; make a new plan",
            t->row.title, ours, r->unfit);
    return true;
}

static bool certificate_fit(struct turn *t, const struct material *m, struct err *err)
{
    /* That it is about to expire was judged when the task was submitted. */
    struct certificate_row row = {.name = m->name,
                                  .not_before_ms = m->not_before_ms,
                                  .not_after_ms = m->not_after_ms};
    return plan_certificate_check(&row, true, turn_now(t), err);
}

/* The part of the goal that is known before the upload: what is to go. Of the default that is what stands there (perhaps
 * without an id); of a set, the planned entries.
 */
static const char *goal_so_far(struct turn *t, const struct copies *c, const struct binding *now,
                               const struct bound *old, size_t old_count)
{
    const char **remove = arena_array(t->a, const char *, old_count + 1);
    struct change goal = {.slot = t->row.slot, .remove = remove};
    const struct bound *held = binding_slot(now, t->row.slot);
    if (strcmp(t->row.slot, "sni") != 0) {
        if (held)
            remove[goal.remove_count++] = held->ref;
        return change_to_json(t->a, &goal);
    }
    for (size_t i = 0; i < now->bound_count; i++) {
        const struct bound *b = &now->bound[i];
        bool planned = false;
        for (size_t j = 0; j < old_count; j++)
            planned |= same_entry(b, &old[j]);
        if (strcmp(b->slot, "sni") == 0 && planned && !is_ours(c, b) && goal.remove_count <= old_count)
            remove[goal.remove_count++] = b->ref;
    }
    return change_to_json(t->a, &goal);
}

static enum outcome go_on(struct turn *t, const struct copies *c, const struct binding *now)
{
    struct bound *old = NULL;
    size_t old_count = 0;
    if (!bound_from_json(t->a, t->row.old, &old, &old_count, &t->err))
        return OUTCOME_FAILED;
    size_t to_replace = 0;
    for (size_t i = 0; i < old_count; i++)
        for (size_t j = 0; j < now->bound_count; j++)
            to_replace += strcmp(now->bound[j].slot, t->row.slot) == 0 &&
                          same_entry(&now->bound[j], &old[i]) && !is_ours(c, &now->bound[j]);
    if (holds_ours(c, now) && to_replace == 0) {
        t->row.already_bound = true;
        return turn_succeed(t, "", "");
    }
    struct err conflict = {0};
    if (!still_fits(t, now, old_count, &conflict) || !as_planned(t, now, old, old_count, &conflict))
        return turn_fail(t, &conflict);
    const char *vendor_store = c->vendor_store ? c->vendor_store : "";
    if (strcmp(t->row.vendor_store, vendor_store) != 0)
        t->row.write_started_ms = 0; /* else an upload of an earlier try may still show */
    t->row.vendor_store = vendor_store;
    t->row.new_ref = c->have_copy ? c->copy.ref : "";
    t->row.goal = goal_so_far(t, c, now, old, old_count);
    t->row.already_bound = false;
    t->row.writes = 0;
    t->seen = *now;
    t->seen_ms = turn_now(t);
    t->owed.before = binding_to_json(t->secrets, now);
    return turn_next(t, STEP_UPLOAD);
}

struct crossing { /* perhaps from one owner to another */
    struct turn *t;
    const char *refusal;
};

static bool read_sharing(struct db *db, void *context, struct err *err)
{
    struct crossing *s = context;
    return charge_refusal_now(db, s->t->a, &s->t->certificate, &s->t->access, &s->refusal, err);
}

/* R98: whoever was one entity when the task was submitted may be two by now. */
static bool may_go_there(struct turn *t, struct err *err)
{
    struct crossing s = {.t = t};
    if (!store_read(t->e->store, read_sharing, &s, err))
        return false;
    if (!s.refusal)
        return true;
    t->advice = "mend what the message names, then `certferry task retry`";
    return err_set(err, ERR_PERMISSION, "%s", s.refusal);
}

struct relying {
    struct turn *t;
    struct deployment_row *rows;
    size_t count;
};

static bool read_relying(struct db *db, void *context, struct err *err)
{
    struct relying *r = context;
    return store_deployment_relying(db, r->t->a, r->t->row.resource_id, r->t->row.certificate_id, &r->rows,
                                    &r->count, err);
}

/* Our certificate must not leave the listener while names of SNI entries that went rely on it. */
static bool nothing_relies(struct turn *t, const struct binding *now, const char *ref, struct err *err)
{
    struct relying r = {.t = t};
    bool by_default = strcmp(t->row.slot, "default") == 0, in_set = strcmp(t->row.slot, "sni") == 0;
    if (!ref || (!by_default && !in_set) || binding_holds(now, by_default ? "sni" : "default", ref))
        return true;
    if (!store_read(t->e->store, read_relying, &r, err))
        return false;
    return !r.count ||
           err_set(err, ERR_CONFLICT,
                   "deployment %lld put the same certificate in place of SNI entries of this listener, "
                   "which rely on it: roll that back first",
                   (long long)r.rows[0].id);
}

/* The way back: only what is ours is undone. A write of the way there may show yet: to judge before would leave it there. */
static enum outcome go_back(struct turn *t, const struct binding *now)
{
    struct change ours;
    if (turn_may_still_show(t))
        return turn_poll(t, t->product->poll_ms);
    t->row.write_started_ms = 0;
    if (!change_from_json(t->a, t->row.goal, &ours, &t->err))
        return OUTCOME_FAILED;
    struct change reverse = change_reverse(t->a, &ours);
    if (change_progress(now, &reverse) == CHANGE_DONE)
        return turn_next(t, STEP_BIND); /* somebody undid it: settled as it is */
    const char *ref = ours.add_count ? ours.add[0] : NULL;
    const struct bound *found = binding_slot(now, t->row.slot);
    bool set_without_ours =
        !ref && strcmp(t->row.slot, "sni") == 0; /* the default is ours: entries went, none came */
    struct err conflict = {0};
    if (!nothing_relies(t, now, ref, &conflict))
        return turn_fail(t, &conflict);
    if (set_without_ours || (ref && binding_holds(now, t->row.slot, ref)))
        return turn_next(t, STEP_BIND);
    (void)err_set(&conflict, ERR_CONFLICT,
                  "the slot no longer holds what this deployment put there (%s), but %s: nothing was changed",
                  ref ? ref : "nothing", entry_label(found));
    return turn_fail(t, &conflict);
}

enum outcome step_snapshot(struct turn *t)
{
    struct binding now;
    struct material m;
    const char *vendor_store = NULL;
    if (!t->back &&
        (!turn_material(t, &m, &t->err) || !certificate_fit(t, &m, &t->err) || !may_go_there(t, &t->err)))
        return OUTCOME_FAILED;
    if (!turn_read(t, &now))
        return OUTCOME_FAILED;
    if (!now.ready && turn_waited_ms(t) < t->product->settle_ms)
        return turn_poll(t, t->product->poll_ms);
    if (!now.ready) {
        (void)err_set(&t->err, ERR_TIMEOUT, "%s has been busy with another change for %lld s", t->row.title,
                      (long long)t->product->settle_ms / 1000);
        return turn_fail(t, &t->err);
    }
    if (t->back)
        return go_back(t, &now);
    if (!product_store_for(&t->job, &t->resource, &m, &vendor_store, &t->err))
        return OUTCOME_FAILED;
    struct copies c = {.t = t, .vendor_store = vendor_store, .fingerprint = m.fingerprint};
    if (!store_read(t->e->store, read_copy, &c, &t->err))
        return OUTCOME_FAILED;
    return go_on(t, &c, &now);
}

/* Brings the certificate into the vendor's certificate store, once per (certificate, access, store), and fixes the goal. */
#include "task/engine_private.h"
#include <string.h>

char *upload_key(struct arena *a, const struct deployment_row *row)
{
    return arena_printf(a, "upload %lld %lld %s", (long long)row->access_id, (long long)row->certificate_id,
                        row->vendor_store);
}

struct saved {
    struct turn *t;
    const char *before;
    struct copy_row copy;
    bool have_copy;
};

static bool read_saved(struct db *db, void *context, struct err *err)
{
    struct saved *s = context;
    const struct deployment_row *row = &s->t->row;
    struct err missing = {0};
    s->have_copy = store_copy_find(db, s->t->a, row->access_id, row->certificate_id, row->vendor_store,
                                   &s->copy, &missing);
    if (!s->have_copy && missing.kind != ERR_NOT_FOUND) {
        *err = missing;
        return false;
    }
    return store_deployment_before(db, s->t->a, row->id, &s->before, err);
}

static void remove_ref(struct change *change, const char *ref, const char *ours)
{
    if (ref[0] && strcmp(ref, ours) != 0)
        change->remove[change->remove_count++] = ref;
}

/* What the slot held at the snapshot: of the default, what is there; of a set, those entries that were planned. */
static bool goal_of(struct turn *t, const char *before_json, struct change *ret, struct err *err)
{
    struct binding before;
    struct bound *old = NULL;
    size_t old_count = 0;
    if (!binding_from_json(t->a, before_json, &before, err) ||
        !bound_from_json(t->a, t->row.old, &old, &old_count, err))
        return false;
    const char **add = arena_array(t->a, const char *, 1);
    add[0] = t->row.new_ref;
    *ret = (struct change){.slot = t->row.slot,
                           .add = add,
                           .add_count = 1,
                           .remove = arena_array(t->a, const char *, old_count + 1)};
    const struct bound *held = slot_entry(before.bound, before.bound_count, t->row.slot, NULL);
    if (strcmp(t->row.slot, "sni") != 0) {
        if (held)
            remove_ref(ret, held->ref, t->row.new_ref);
        return true;
    }
    for (size_t i = 0; i < old_count; i++)
        if (slot_entry(before.bound, before.bound_count, "sni", old[i].ref))
            remove_ref(ret, old[i].ref, t->row.new_ref);
    return true;
}

static enum outcome go_bind(struct turn *t, const struct saved *s, const struct copy_row *copy)
{
    struct change goal;
    if (!goal_of(t, s->before, &goal, &t->err))
        return OUTCOME_FAILED;
    t->row.goal = change_to_json(t->a, &goal);
    t->row.write_started_ms = 0;
    t->row.writes = 0;
    enum outcome outcome = turn_next(t, STEP_BIND, &(struct commit){.copy = copy});
    if (outcome == OUTCOME_ON)
        engine_key_drop(t->e, t->item, upload_key(t->a, &t->row));
    return outcome;
}

/* Surely nothing was written: the next try need not wait until a lost write would have shown. */
static bool surely_nothing(const struct err *err)
{
    return err->unsent || err->kind == ERR_THROTTLED || err->kind == ERR_CONFLICT ||
           (!err->transient && err->kind != ERR_NETWORK && err->kind != ERR_TIMEOUT);
}

static enum outcome upload(struct turn *t, const struct saved *s)
{
    struct material m;
    enum outcome outcome = OUTCOME_ON;
    const char *ref = NULL;
    if (!turn_material(t, &m, &t->err))
        return OUTCOME_FAILED;
    t->row.write_started_ms = turn_now(t);
    if (!turn_commit(t, NULL, &outcome))
        return outcome;
    if (!t->product->upload(&t->job, t->row.vendor_store, &m, &ref, &t->err)) {
        if (surely_nothing(&t->err))
            t->row.write_started_ms = 0;
        (void)err_add(&t->err, "upload to %s", t->row.vendor_store);
        return OUTCOME_FAILED;
    }
    t->row.new_ref = ref;
    struct copy_row copy = {.id = store_new_id(t->e->store),
                            .access_id = t->row.access_id,
                            .certificate_id = t->row.certificate_id,
                            .vendor_store = t->row.vendor_store,
                            .ref = ref,
                            .name = m.name,
                            .created_ms = turn_now(t)};
    return go_bind(t, s, &copy);
}

enum outcome step_upload(struct turn *t)
{
    struct saved s = {.t = t};
    char *key = upload_key(t->a, &t->row);
    if (t->row.vendor_store[0] && !engine_key_take(t->e, t->item, key))
        return OUTCOME_KEY;
    if (!store_read(t->e->store, read_saved, &s, &t->err))
        return OUTCOME_FAILED;
    if (!t->row.vendor_store[0]) {
        struct material m;
        if (!turn_material(t, &m, &t->err))
            return OUTCOME_FAILED;
        t->row.new_ref =
            m.fingerprint; /* the product takes the PEM itself: ours is known by its fingerprint */
        return go_bind(t, &s, NULL);
    }
    if (s.have_copy) {
        t->row.new_ref = s.copy.ref;
        return go_bind(t, &s, NULL);
    }
    int64_t shows_at = t->row.write_started_ms ? t->row.write_started_ms + t->product->consistency_ms : 0;
    if (turn_now(t) < shows_at) {
        t->again_at_ms = shows_at;
        return OUTCOME_LATER;
    }
    return upload(t, &s);
}

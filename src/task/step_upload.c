/* Brings the certificate into the vendor's certificate store, once per (certificate, access, store), and fixes the goal.
 *
 * A copy that we know of is trusted for COPY_TRUSTED_MS; then the adapter looks for it again, since somebody may have
 * deleted it in the cloud, and brings it anew where it is gone.
 */
#include "store/room.h"
#include "task/engine_private.h"
#include <string.h>

char *upload_key(struct arena *a, const struct deployment_row *row)
{
    return arena_printf(a, "upload %lld %lld %s", (long long)row->access_id, (long long)row->certificate_id,
                        row->vendor_store);
}

enum { COPY_TRUSTED_MS = 600000 };

struct copy_found {
    struct turn *t;
    struct copy_row copy;
    bool found;
    bool keyless; /* we could not bring it anew */
};

static bool read_copy(struct db *db, void *context, struct err *err)
{
    struct copy_found *c = context;
    const struct deployment_row *row = &c->t->row;
    struct err missing = {0};
    c->found = store_copy_find(db, c->t->a, row->access_id, row->certificate_id, row->vendor_store, &c->copy,
                               &missing);
    if (c->found)
        c->found = c->keyless || turn_now(c->t) - c->copy.created_ms < COPY_TRUSTED_MS;
    if (c->found || missing.kind == ERR_NONE || missing.kind == ERR_NOT_FOUND)
        return true;
    *err = missing;
    return false;
}

/* A set needs no entry of ours where it holds one already, which is then not this deployment's to take away, nor where
 * the listener's default is ours: clouds refuse the second place.
 */
static bool is_there_already(struct turn *t, const char *ref, bool *ret, struct err *err)
{
    struct binding before;
    *ret = false;
    if (strcmp(t->row.slot, "sni") != 0)
        return true;
    if (!turn_before(t, &before, err))
        return false;
    *ret = binding_holds(&before, "default", ref) || binding_holds(&before, "sni", ref);
    return true;
}

/* Completes the goal: now it is known how the vendor calls ours. From here on it is fixed. */
static enum outcome go_bind(struct turn *t, const char *ref, const struct copy_row *copy)
{
    struct change goal;
    size_t kept = 0;
    const char *add[] = {ref};
    bool there = false;
    if (!is_there_already(t, ref, &there, &t->err))
        return OUTCOME_FAILED;
    if (!change_from_json(t->a, t->row.goal, &goal, &t->err))
        return OUTCOME_FAILED;
    for (size_t i = 0; i < goal.remove_count; i++)
        if (strcmp(goal.remove[i], ref) != 0)
            goal.remove[kept++] = goal.remove[i];
    goal.remove_count = kept;
    goal.add = add;
    goal.add_count = there ? 0 : 1;
    t->row.new_ref = ref;
    t->row.goal = change_to_json(t->a, &goal);
    t->row.write_started_ms = 0;
    t->owed.copy = copy;
    enum outcome outcome = turn_next(t, STEP_BIND);
    if (copy && !turn_commit(t, &outcome)) /* at once: others wait for the copy */
        return outcome;
    if (outcome == OUTCOME_ON && t->item->upload)
        engine_upload_drop(t->e, t->item);
    return outcome;
}

static bool note_full(struct db *db, void *context, struct err *err)
{
    const struct deployment_row *row = context;
    return store_room_full(db, row->access_id, row->vendor_store, err);
}

/* For the next plan, where the vendor does not tell how much it takes. */
static void learn_that_it_is_full(struct turn *t)
{
    struct err lost = {0};
    if (!store_write(t->e->store, note_full, &t->row, &lost))
        log_err(LOG_WARNING, &t->log[1], "deployment.full", &lost);
}

static enum outcome upload(struct turn *t)
{
    struct material m;
    enum outcome outcome = OUTCOME_ON;
    const char *ref = NULL;
    bool wrote = false;
    if (!turn_material(t, &m, &t->err))
        return OUTCOME_FAILED;
    t->row.write_started_ms = turn_now(t);
    if (!turn_commit(t, &outcome))
        return outcome;
    t->job.wrote = &wrote; /* one found again after a lost answer is not taken for ours: clean-up leaves it */
    bool done = t->product->upload(&t->job, t->row.vendor_store, &m, &ref, &t->err);
    t->job.wrote = NULL;
    if (!done) {
        if (turn_surely_nothing(&t->err))
            t->row.write_started_ms = 0;
        if (t->err.kind == ERR_QUOTA && !wrote)
            learn_that_it_is_full(t);
        (void)err_add(&t->err, "upload to %s", t->row.vendor_store);
        return OUTCOME_FAILED;
    }
    struct copy_row copy = {.id = store_new_id(t->e->store),
                            .access_id = t->row.access_id,
                            .certificate_id = t->row.certificate_id,
                            .vendor_store = t->row.vendor_store,
                            .ref = ref,
                            .name = m.name,
                            .created_ms = turn_now(t),
                            .brought = wrote};
    return go_bind(t, ref, &copy);
}

enum outcome step_upload(struct turn *t)
{
    struct copy_found c = {.t = t};
    struct material m;
    enum outcome outcome = OUTCOME_KEY;
    if (!first_contact_pass(t, &outcome))
        return outcome;
    if (!turn_material(t, &m, &t->err))
        return OUTCOME_FAILED;
    c.keyless = !m.key;
    if (!t->row.vendor_store[0] &&
        !c.keyless) /* the product takes the PEM itself: ours is known by its fingerprint */
        return go_bind(t, m.fingerprint, NULL);
    /* Looked for before the key is taken, too: who waited for it would queue up behind each other's journal write. */
    if (!store_read(t->e->store, read_copy, &c, &t->err))
        return OUTCOME_FAILED;
    if (!c.found && c.keyless) {
        (void)err_set(
            &t->err, ERR_INVALID_CERTIFICATE,
            "the certificate has no private key here, and %s%s has no copy of it: import its key, or deploy "
            "where it lies",
            *t->row.vendor_store ? "the certificate store " : "this product", t->row.vendor_store);
        return turn_fail(t, &t->err);
    }
    if (!c.found && !engine_upload_take(t->e, t->item, upload_key(t->a, &t->row)))
        return OUTCOME_KEY;
    if (!c.found && !store_read(t->e->store, read_copy, &c, &t->err))
        return OUTCOME_FAILED;
    if (c.found)
        return go_bind(t, c.copy.ref, NULL);
    int64_t shows_at = t->row.write_started_ms ? t->row.write_started_ms + t->product->consistency_ms : 0;
    if (turn_now(t) < shows_at) {
        t->again_at_ms = shows_at;
        return OUTCOME_LATER;
    }
    return upload(t);
}

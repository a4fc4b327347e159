/* First contact: until a write to a product was seen to work on an access, one deployment at a time goes beyond its
 * snapshot. The first that succeeds after a write says so in the store, together with its own end; from then on nobody
 * waits. One that fails lets the next one try: one resource's failure never stops another, but it stays one at a time.
 */
#include "task/engine_private.h"
#include <string.h>

char *first_contact_key(struct arena *a, const struct deployment_row *row)
{
    return arena_printf(a, "contact %lld %s", (long long)row->access_id, row->product);
}

struct contact {
    struct turn *t;
    bool made;
};

static bool read_contact(struct db *db, void *context, struct err *err)
{
    struct contact *c = context;
    const struct deployment_row *row = &c->t->row;
    struct first_contact_row *rows;
    size_t count;
    if (!store_first_contact_list(db, c->t->a, row->access_id, &rows, &count, err))
        return false;
    c->made = first_contact_made(rows, count, row->access_id, row->product);
    return true;
}

bool first_contact_pass(struct turn *t, enum outcome *ret)
{
    struct contact c = {.t = t};
    *ret = OUTCOME_FAILED;
    if (!store_read(t->e->store, read_contact, &c, &t->err))
        return false;
    if (c.made) {
        if (t->item->contact)
            engine_contact_drop(t->e, t->item);
        return true;
    }
    *ret = OUTCOME_KEY;
    return engine_contact_take(t->e, t->item, first_contact_key(t->a, &t->row));
}

bool first_contact_is_made(const struct turn *t)
{
    return t->row.state == DEPLOYMENT_SUCCESS && t->item->contact && t->row.writes > 0;
}

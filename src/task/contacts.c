#include "task/contacts.h"

#include "store/contact.h"
#include <stdlib.h>

struct resolving {
    struct arena *a;
    struct selection *selection;
};

static bool resolve(struct db *db, void *context, struct err *err)
{
    struct resolving *r = context;
    struct texts *contacts = &r->selection->contacts, ids = {0};
    ids.items = arena_array(r->a, const char *, contacts->count);
    for (size_t i = 0; i < contacts->count; i++) {
        struct contact_row row;
        if (!store_contact_find(db, r->a, contacts->items[i], &row, err))
            return false;
        const char *id = arena_printf(r->a, "%lld", (long long)row.id);
        if (!texts_have(&ids, id))
            ids.items[ids.count++] = id;
    }
    *contacts = ids;
    return true;
}

bool contacts_resolve(const struct task_context *c, struct arena *a, const struct selection *selection,
                      struct selection *ret, struct err *err)
{
    struct selection resolved = *selection;
    struct resolving r = {a, &resolved};
    if (selection->contacts.count > CONTACTS_OF_TASK)
        return err_set(err, ERR_INPUT, "a task has at most %d contacts", CONTACTS_OF_TASK);
    if (selection->contacts.count && !store_read(c->store, resolve, &r, err))
        return false;
    *ret = resolved;
    return true;
}

bool contacts_keep(struct db *db, struct arena *a, int64_t task_id, const struct selection *selection,
                   struct err *err)
{
    size_t count = selection->contacts.count;
    int64_t *ids = arena_array(a, int64_t, count);
    for (size_t i = 0; i < count; i++) {
        struct contact_row row;
        ids[i] = strtoll(selection->contacts.items[i], NULL, 10);
        if (!store_contact_load(db, a, ids[i], &row, err))
            return false;
    }
    return store_task_contacts_set(db, task_id, ids, count, err);
}

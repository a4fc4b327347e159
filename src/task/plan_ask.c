#include "task/plan_ask.h"

#include "task/plan_load.h"
#include <stdio.h>
#include <string.h>

enum { PATIENCE_MS = 10000 };

void plan_asking_of_seen(struct plan_asking *asking, const struct deployment_row *seen, size_t count)
{
    asking->seen = seen;
    asking->seen_resources = index_new(asking->a, count);
    atomic_store(&asking->stop, true);
    for (size_t i = 0; i < count; i++)
        index_add(asking->a, &asking->seen_resources,
                  arena_printf(asking->a, "%lld", (long long)seen[i].resource_id), i);
}

static const struct index_entry *seen_of(const struct plan_asking *asking, const struct resource *r)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)r->id);
    return index_first(&asking->seen_resources, id);
}

static bool is_refusal(enum err_kind kind)
{
    return kind == ERR_INVALID_CERTIFICATE || kind == ERR_QUOTA || kind == ERR_INPUT;
}

static void be_silent(struct plan_asking *asking, const struct resource *r, const char *reason)
{
    asking->silent_access = r->access_id;
    asking->silent_reason = reason;
}

void plan_ask_place(void *context, const struct product *product, const struct resource *r,
                    const struct plan_certificate *cert, struct plan_place *ret, const char **ret_refusal)
{
    struct plan_asking *asking = context;
    struct err err = {0};
    atomic_bool stop = true;
    bool quiet = asking->seen || asking->silent_access == r->access_id;
    struct job job = {.arena = asking->a,
                      .product = product,
                      .log = &asking->log,
                      .patience_ms = PATIENCE_MS,
                      .stop = quiet ? &stop : NULL};
    const char *vendor_store = NULL;
    if (!asking->c->cloud)
        return;
    if (cloud_session(asking->c->cloud, r->access_id, &job.session, &err) &&
        product_store_for(&job, r, &cert->material, &vendor_store, &err)) {
        *ret = (struct plan_place){vendor_store ? arena_strdup(asking->a, vendor_store) : "", true};
        return;
    }
    if (is_refusal(err.kind))
        *ret_refusal = arena_printf(asking->a, "%s cannot be deployed there: %s", cert->row.name, err.text);
    else if (asking->seen && !seen_of(asking, r))
        *ret_refusal =
            "it was not in the plan that was seen"; /* perhaps refused by what a cloud answered then */
    else if (!asking->seen)
        be_silent(asking, r,
                  arena_printf(asking->a,
                               "could not be found out whether the old certificate can be put back: %s",
                               err.text));
}

/* What the plan that was seen said of this entry. */
static const char *seen_undo(const struct plan_asking *asking, const struct resource *r,
                             const struct bound *old)
{
    const struct deployment_row *found = NULL;
    for (const struct index_entry *e = seen_of(asking, r); e; e = index_next(e)) {
        const struct deployment_row *row = &asking->seen[e->value];
        if (strcmp(row->slot, old->slot) != 0)
            continue;
        if (!found || (old->ref[0] && strstr(row->old, old->ref)))
            found = row;
    }
    return found && found->undo[0] ? found->undo : NULL;
}

void plan_ask_undo(void *context, const struct product *product, const struct resource *r,
                   const struct bound *old, const char **ret_reason)
{
    struct plan_asking *asking = context;
    struct err err = {0};
    struct job job = {.arena = asking->a,
                      .product = product,
                      .log = &asking->log,
                      .patience_ms = PATIENCE_MS};
    if (asking->seen) {
        *ret_reason = seen_undo(asking, r, old);
        return;
    }
    if (!product_asks_for_old_key(product) || !asking->c->cloud) {
        *ret_reason =
            old->ref[0] ? NULL : "the old certificate has no id at the vendor, and its key is not ours";
        return;
    }
    if (asking->silent_access == r->access_id) {
        *ret_reason = asking->silent_reason;
        return;
    }
    if (cloud_session(asking->c->cloud, r->access_id, &job.session, &err) &&
        product_old_key(&job, r, old, ret_reason, &err))
        return;
    *ret_reason =
        arena_printf(asking->a, "could not be found out whether the old certificate can be put back: %s",
                     err.text);
    if (err.kind != ERR_NOT_FOUND)
        be_silent(asking, r, *ret_reason);
}

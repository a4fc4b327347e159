#include "cloud/product.h"

#include "codec/json.h"
#include "codec/json_format.h"
#include <string.h>

char *change_to_json(struct arena *a, const struct change *change)
{
    return json_format(a, "{'slot':%s,'add':%p,'remove':%p}", change->slot,
                       json_strings(a, change->add, change->add_count),
                       json_strings(a, change->remove, change->remove_count));
}

static const char **texts_of(struct arena *a, const struct json *list, size_t *ret_count)
{
    const char **texts = arena_array(a, const char *, json_count(list) + 1);
    for (size_t i = 0; i < json_count(list); i++)
        texts[i] = json_str(json_item(list, i), "");
    *ret_count = json_count(list);
    return texts;
}

bool change_from_json(struct arena *a, const char *json, struct change *ret, struct err *err)
{
    const struct json *v;
    if (!json_parse(a, json, strlen(json), &v, err))
        return err_add(err, "a saved change");
    struct change change = {.slot = json_str(json_at(v, "/slot"), "")};
    change.add = texts_of(a, json_at(v, "/add"), &change.add_count);
    change.remove = texts_of(a, json_at(v, "/remove"), &change.remove_count);
    if (!*change.slot)
        return err_set(err, ERR_STORE, "a saved change names no slot");
    *ret = change;
    return true;
}

struct change change_reverse(struct arena *a, const struct change *change)
{
    (void)a;
    return (struct change){.slot = change->slot,
                           .add = change->remove,
                           .add_count = change->remove_count,
                           .remove = change->add,
                           .remove_count = change->add_count};
}

bool binding_holds(const struct binding *now, const char *slot, const char *ref)
{
    for (size_t i = 0; i < now->bound_count; i++)
        if (strcmp(now->bound[i].slot, slot) == 0 && strcmp(now->bound[i].ref, ref) == 0)
            return true;
    return false;
}

const struct bound *binding_slot(const struct binding *now, const char *slot)
{
    for (size_t i = 0; i < now->bound_count; i++)
        if (strcmp(now->bound[i].slot, slot) == 0)
            return &now->bound[i];
    return NULL;
}

static enum change_progress set_progress(const struct binding *now, const struct change *change)
{
    for (size_t i = 0; i < change->add_count; i++)
        if (!binding_holds(now, change->slot, change->add[i]))
            return CHANGE_OPEN;
    for (size_t i = 0; i < change->remove_count; i++)
        if (binding_holds(now, change->slot, change->remove[i]))
            return CHANGE_OPEN;
    return CHANGE_DONE;
}

/* One place holds one certificate or none. */
enum change_progress change_progress(const struct binding *now, const struct change *change)
{
    if (strcmp(change->slot, "sni") == 0)
        return set_progress(now, change);
    const struct bound *held = binding_slot(now, change->slot);
    const char *ref = held ? held->ref : NULL;
    const char *goal = change->add_count ? change->add[0] : NULL;
    const char *old = change->remove_count ? change->remove[0] : NULL;
    bool same_goal = goal ? ref && strcmp(ref, goal) == 0 : !ref;
    bool same_old = old ? ref && strcmp(ref, old) == 0 : !ref;
    return same_goal ? CHANGE_DONE : same_old ? CHANGE_OPEN : CHANGE_FOREIGN;
}

char *binding_to_json(struct arena *a, const struct binding *binding)
{
    const char *vault = binding->vault ? json_format(a, ",'vault':%s", secret_bytes(binding->vault)) : "";
    return json_format(a, "{'https':%p,'ready':%p,'failed':%s,'etag':%s,'bound':%p,'settings':%p%p}",
                       json_boolean(binding->https), json_boolean(binding->ready), binding->failed,
                       binding->etag ? binding->etag : "",
                       bound_to_json(a, binding->bound, binding->bound_count),
                       binding->settings ? binding->settings : "{}", vault);
}

bool binding_from_json(struct arena *a, const char *json, struct binding *ret, struct err *err)
{
    const struct json *v;
    if (!json_parse(a, json, strlen(json), &v, err))
        return err_add(err, "a saved binding");
    struct binding b = {
        .https = json_bool(json_at(v, "/https"), false),
        .ready = json_bool(json_at(v, "/ready"), false),
        .failed = json_str(json_at(v, "/failed"), NULL),
        .etag = json_str(json_at(v, "/etag"), ""),
        .settings = json_is_object(json_at(v, "/settings")) ? json_dump(a, json_at(v, "/settings")) : "{}",
    };
    const char *vault = json_str(json_at(v, "/vault"), NULL);
    if (vault && strlen(vault) > SECRET_MAX_BYTES)
        return err_set(err, ERR_STORE, "a saved binding is too large");
    if (vault)
        b.vault = secret_in(a, secret_new(vault, strlen(vault)));
    const struct json *bound = json_at(v, "/bound");
    const char *list = json_is_array(bound) ? json_dump(a, bound) : "[]";
    if (!bound_from_json(a, list, &b.bound, &b.bound_count, err))
        return err_add(err, "a saved binding");
    *ret = b;
    return true;
}

bool refs_hold(const char *const *refs, size_t count, const char *ref)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(refs[i], ref) == 0)
            return true;
    return false;
}

const char **set_after(struct arena *a, const struct binding *now, const struct change *change,
                       size_t *ret_count)
{
    size_t count = 0, place = SIZE_MAX;
    const char **refs = arena_array(a, const char *, now->bound_count + change->add_count + 1);
    for (size_t i = 0; i < now->bound_count; i++) {
        const struct bound *b = &now->bound[i];
        if (strcmp(b->slot, "sni") != 0 || refs_hold(refs, count, b->ref))
            continue;
        bool goes = refs_hold(change->remove, change->remove_count, b->ref);
        if (goes && place == SIZE_MAX)
            place = count;
        if (!goes && !refs_hold(change->add, change->add_count, b->ref))
            refs[count++] = b->ref;
    }
    place = place == SIZE_MAX ? count : place;
    memmove(refs + place + change->add_count, refs + place, (count - place) * sizeof *refs);
    for (size_t i = 0; i < change->add_count; i++)
        refs[place + i] = change->add[i];
    *ret_count = count + change->add_count;
    return refs;
}

#include "cloud/call.h"

#include "cloud/session.h"
#include "codec/name.h"
#include <string.h>

/* Room for one more where the count says that it is full: arrays grow by doubling, from four. */
static void *grown(struct arena *a, void *items, size_t count, size_t size)
{
    if (count && (count < 4 || count & (count - 1)))
        return items;
    size_t room = count < 4 ? 4 : count * 2;
    char *larger = arena_alloc_array(a, size, room);
    if (count)
        memcpy(larger, items, count * size);
    return larger;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

void bound_complete(struct bound *bound, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bound *b = &bound[i];
        const char **texts[] = {&b->slot,   &b->ref,      &b->name,  &b->fingerprint,
                                &b->serial, &b->key_type, &b->issuer};
        for (size_t k = 0; k < countof(texts); k++)
            *texts[k] = or_empty(*texts[k]);
    }
}

static struct bound *add_entry(struct arena *a, struct binding *b, const char *slot)
{
    b->bound = grown(a, b->bound, b->bound_count, sizeof *b->bound);
    struct bound *made = &b->bound[b->bound_count++];
    *made = (struct bound){.slot = arena_strdup(a, slot)};
    bound_complete(made, 1);
    return made;
}

struct bound *binding_add(struct arena *a, struct binding *b, const char *slot, const char *ref)
{
    if (!*ref)
        return NULL;
    struct bound *made = add_entry(a, b, slot);
    made->ref = arena_strdup(a, ref);
    return made;
}

struct bound *binding_add_pem(struct job *job, struct binding *b, const char *slot, const char *prefix,
                              const char *pem, const char *name)
{
    struct arena *a = job->arena;
    struct bound *made = add_entry(a, b, slot);
    bool known = session_bound_of_pem(job, pem, made);
    made->name = arena_strdup(a, name);
    made->ref = known ? arena_printf(a, "%s%s", prefix, made->fingerprint)
                      : arena_printf(a, "%s%s", *prefix ? prefix : "name:", name);
    return made;
}

bool binding_look_up(struct job *job, const char *region, struct binding *b, struct err *err)
{
    for (size_t i = 0; i < b->bound_count; i++)
        if (!session_facts(job, region, &b->bound[i], err))
            return false;
    return true;
}

/* The name is normalised. */
static void add_name(struct arena *a, struct resource *r, const char *name, enum evidence evidence)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (strcmp(r->names[i].name, name) == 0)
            return;
    r->names = grown(a, r->names, r->name_count, sizeof *r->names);
    r->names[r->name_count++] = (struct resource_name){name, evidence};
}

bool resource_of_domain(struct arena *a, struct resource *r, const char *domain)
{
    const char *name, *written = *domain == '.' ? arena_printf(a, "*%s", domain) : domain;
    if (!name_normalise(a, written, true, &name, NULL))
        return false;
    r->title = name;
    add_name(a, r, name, EVIDENCE_DOMAIN);
    return true;
}

void resource_add_name(struct arena *a, struct resource *r, const char *name, enum evidence evidence)
{
    const char *normal;
    if (name_normalise(a, name, true, &normal, NULL))
        add_name(a, r, normal, evidence);
}

void resource_add_held(struct arena *a, struct resource *r, const struct binding *b, const char *slot)
{
    for (size_t i = 0; i < b->bound_count; i++)
        for (size_t k = 0; k < b->bound[i].name_count; k++)
            if (!slot || strcmp(b->bound[i].slot, slot) == 0)
                add_name(a, r, b->bound[i].names[k], EVIDENCE_CERTIFICATE);
}

void resource_add_slots(struct arena *a, struct resource *r, const struct binding *b)
{
    for (size_t i = 0; i < b->bound_count; i++)
        if (strcmp(b->bound[i].slot, "default") != 0)
            resource_add_name(a, r, b->bound[i].slot, EVIDENCE_RULE);
}

void links_add(struct arena *keep, struct links *l, const char *from, const char *to)
{
    l->items = grown(keep, l->items, l->count, sizeof *l->items);
    l->items[l->count++] = (struct link){arena_strdup(keep, from), arena_strdup(keep, to)};
}

bool links_add_first(struct arena *keep, struct links *l, const char *from, const char *to)
{
    bool first = !links_to(l, from);
    if (first)
        links_add(keep, l, from, to);
    return first;
}

const char *links_next(const struct links *l, const char *from, size_t *at)
{
    while (*at < l->count) {
        const struct link *link = &l->items[(*at)++];
        if (strcmp(link->from, from) == 0)
            return link->to;
    }
    return NULL;
}

const char *links_to(const struct links *l, const char *from)
{
    size_t at = 0;
    return links_next(l, from, &at);
}

void balancers_add(struct arena *keep, struct balancers *l, const struct balancer *b)
{
    struct balancer kept = *b;
    const char **texts[] = {&kept.id, &kept.name, &kept.host, &kept.reach, &kept.managed_by, &kept.unfit};
    for (size_t i = 0; i < countof(texts); i++)
        *texts[i] = arena_strdup(keep, or_empty(*texts[i]));
    l->items = grown(keep, l->items, l->count, sizeof *l->items);
    l->items[l->count++] = kept;
}

struct balancer balancers_find(const struct balancers *l, const char *id)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->items[i].id, id) == 0)
            return l->items[i];
    return (struct balancer){id, "", "", "unknown", "", ""};
}

struct resource resource_of_listener(struct job *job, const struct balancer *of, const char *vendor_id,
                                     const char *protocol, int64_t port)
{
    enum { HTTPS_PORT = 443, PORT_MAX = 65535 };
    struct arena *a = job->arena;
    const char *name = *or_empty(of->name) ? of->name : of->id;
    if (port < 1 || port > PORT_MAX)
        port = HTTPS_PORT;
    return (struct resource){.vendor_id = vendor_id,
                             .title = arena_printf(a, "%s %s:%d", name, protocol, (int)port),
                             .host = of->host,
                             .port = (unsigned)port,
                             .quic = strcmp(protocol, "QUIC") == 0,
                             .reach = of->reach,
                             .lock = arena_printf(a, "%s:%s", job->product->name, of->id),
                             .managed_by = of->managed_by,
                             .unfit = of->unfit};
}

bool resource_emit(struct job *job, const struct survey *to, struct resource *r, const struct binding *b,
                   struct err *err)
{
    const struct product *p = job->product;
    const char **texts[] = {&r->vendor_id, &r->host, &r->alias_of, &r->managed_by, &r->unfit};
    for (size_t i = 0; i < countof(texts); i++)
        *texts[i] = or_empty(*texts[i]);
    r->product = p->code;
    r->region = to->region;
    r->title = r->title ? r->title : r->vendor_id;
    r->port = r->port ? r->port : 443;
    r->reach = r->reach ? r->reach : "unknown";
    r->extra = r->extra ? r->extra : "{}";
    if (!r->lock)
        r->lock = *to->region ? arena_printf(job->arena, "%s:%s:%s", p->name, to->region, r->vendor_id)
                              : arena_printf(job->arena, "%s:%s", p->name, r->vendor_id);
    r->https = b->https;
    r->bound = b->bound;
    r->bound_count = b->bound_count;
    bound_complete(r->bound, r->bound_count);
    return to->each(to->context, r, err);
}

const char *resource_extra(struct arena *a, const struct resource *r, const char *pointer,
                           const char *fallback)
{
    const struct json *extra;
    bool known = json_parse(a, r->extra, strlen(r->extra), &extra, NULL);
    return known ? json_text(a, json_at(extra, pointer), fallback) : fallback;
}

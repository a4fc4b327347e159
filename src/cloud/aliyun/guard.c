#include "cloud/aliyun/guard.h"

#include "codec/name.h"
#include <string.h>

bool guard_sites(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    static const char *const sites[] = {"cn-hangzhou", "ap-southeast-1"};
    const char **own;
    size_t own_count;
    session_regions(job, &own, &own_count);
    *ret = arena_array(job->arena, const char *, countof(sites));
    *ret_count = 0;
    for (size_t s = 0; s < countof(sites); s++) {
        bool wanted = !own_count;
        for (size_t i = 0; i < own_count; i++) {
            bool mainland = strncmp(own[i], "cn-", 3) == 0 && strcmp(own[i], "cn-hongkong") != 0;
            wanted |= mainland == (s == 0);
        }
        if (wanted)
            (*ret)[(*ret_count)++] = sites[s];
    }
    (void)err;
    return true;
}

static unsigned port_of(const struct json *ports)
{
    for (size_t i = 0; i < json_count(ports); i++)
        if (json_int(json_item(ports, i), 0) == 443)
            return 443;
    int64_t first = json_int(json_item(ports, 0), 443);
    return first > 0 && first < 65536 ? (unsigned)first : 443;
}

bool guard_emit(struct job *job, const char *region, const struct guard_domain *d, resource_fn *each,
                void *context, struct err *err)
{
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    if (!name_normalise(job->arena, d->domain, true, &name.name, NULL))
        return true;
    struct resource r = {
        .product = job->product->code,
        .region = region,
        .vendor_id = d->domain,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .https = d->binding.https,
        .bound = d->binding.bound,
        .bound_count = d->binding.bound_count,
        .host = d->host,
        .port = port_of(d->ports),
        .reach = *d->host ? "public" : "unknown",
        .lock = arena_printf(job->arena, "%s:%s:%s", job->product->name, region, d->domain),
        .alias_of = "",
        .managed_by = "",
        .unfit = d->unfit,
        .extra = d->extra,
    };
    return each(context, &r, err);
}

bool guard_bind(struct job *job, struct binding *b, const char *ref, const char *name, struct err *err)
{
    b->bound = arena_make(job->arena, struct bound);
    *b->bound = (struct bound){.slot = "default", .ref = ref, .name = name};
    b->bound->fingerprint = b->bound->serial = b->bound->key_type = b->bound->issuer = "";
    b->bound_count = 1;
    return session_facts(job, "", b->bound, err);
}

#include "cloud/aliyun/guard.h"

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

bool guard_emit(struct job *job, const struct survey *to, const struct guard_domain *d, struct err *err)
{
    struct resource r = {.vendor_id = d->domain,
                         .host = d->host,
                         .port = port_of(d->ports),
                         .reach = *d->host ? "public" : "unknown",
                         .unfit = d->unfit,
                         .extra = d->extra};
    return !resource_of_domain(job->arena, &r, d->domain) || resource_emit(job, to, &r, &d->binding, err);
}

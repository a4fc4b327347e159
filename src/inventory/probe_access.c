#include "inventory/probe_access.h"

enum { PATIENCE_MS = 20000 };

struct first {
    struct job *job;
    struct arena *keep; /* job->arena is a page's while resources come */
    const char *id;
    bool seen;
};

/* Reads the first resource; then the walk has seen enough. */
static bool read_first(void *context, const struct resource *r, struct err *err)
{
    struct first *f = context;
    struct binding binding;
    f->id = arena_strdup(f->keep, r->vendor_id);
    if (!product_read(f->job, r, &binding, err))
        return false;
    f->seen = true;
    return err_set(err, ERR_NONE, "enough");
}

bool inventory_probe(struct cloud *cloud, struct arena *a, int64_t access_id, const struct product *product,
                     struct record *record, struct access_probe *ret, struct err *err)
{
    struct log_ctx log = {NULL, "job", "probe"};
    struct job job = {.arena = a,
                      .product = product,
                      .log = &log,
                      .patience_ms = PATIENCE_MS,
                      .record = record};
    struct first first = {.job = &job, .keep = a, .id = ""};
    const char **regions, *region = "";
    size_t count;
    struct err why = {0};
    if (!cloud_session(cloud, access_id, &job.session, err))
        return false;
    if (product->regions && !product->regions(&job, &regions, &count, err))
        return err_add(err, "regions of %s", product->title);
    if (product->regions)
        region = count ? regions[0] : "";
    if (!(product->regions && !count) && !product_discover(&job, region, read_first, &first, &why) &&
        !first.seen) {
        if (err)
            *err = why;
        return err_add(err, "%s", product->code);
    }
    *ret = (struct access_probe){region, first.id};
    return true;
}

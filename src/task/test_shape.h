/* Changes the one resource of a test after it was made. */
#pragma once
#include "store/resource.h"
#include "store/test_support.h"

struct shaping {
    struct yard *y;
    void (*shape)(struct resource *r);
};

static inline bool shape_resource(struct db *db, void *context, struct err *err)
{
    struct shaping *s = context;
    struct resource *found = NULL;
    size_t count = 0;
    if (!store_resource_list(db, s->y->a, &(struct resource_filter){0}, &(struct page){.limit = 1}, &found,
                             &count, err))
        return false;
    s->shape(&found[0]);
    return store_resource_put(db, s->y->s, &found[0], err);
}

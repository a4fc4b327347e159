#include "cloud/product.h"

#include "cloud/session.h"
#include <string.h>

#define PRODUCT(symbol) extern const struct product symbol;
#include "cloud/products.def"
#undef PRODUCT

const struct product *const products[] = {
#define PRODUCT(symbol) &symbol,
#include "cloud/products.def"
#undef PRODUCT
    NULL,
};

const struct product *product_find(const char *code)
{
    for (size_t i = 0; products[i]; i++)
        if (strcmp(products[i]->code, code) == 0)
            return products[i];
    return NULL;
}

/* Where to go with what is no product here; the first row that fits counts. Cloud servers are a task of their own, other
 * products of the four clouds are served by their own consoles, and the rest by whoever wants to add it.
 */
static const struct {
    const char *code; /* "aliyun/ecs", or a cloud: all else of it */
    const char *where;
} elsewhere[] = {
    {"aliyun/ecs", "put the certificate on the server itself, or a load balancer or CDN in front of it"},
    {"aliyun/swas", "put the certificate on the server itself, or a load balancer or CDN in front of it"},
    {"tencent/cvm", "put the certificate on the server itself, or a load balancer or CDN in front of it"},
    {"tencent/lighthouse",
     "put the certificate on the server itself, or a load balancer or CDN in front of it"},
    {"aws/ec2", "put the certificate on the server itself, or a load balancer or CDN in front of it"},
    {"aws/lightsail", "put the certificate on the server itself, or a load balancer or CDN in front of it"},
    {"huawei/ecs", "put the certificate on the server itself, or a load balancer or CDN in front of it"},
    {"aliyun", "set its certificate in that product's own console at Alibaba Cloud"},
    {"tencent", "set its certificate in that product's own console at Tencent Cloud"},
    {"aws", "set its certificate in that product's own console at AWS"},
    {"huawei", "set its certificate in that product's own console at Huawei Cloud"},
};

static bool code_fits(const char *pattern, const char *code)
{
    size_t size = strlen(pattern);
    return strncmp(pattern, code, size) == 0 && (!code[size] || code[size] == '/');
}

bool product_refuse(const char *code, struct err *err)
{
    const char *where =
        "certferry serves aliyun, tencent, aws and huawei; docs/add-a-product.md says how one is added";
    for (size_t i = countof(elsewhere); i > 0; i--) /* the exact ones stand before the clouds, and win */
        if (code_fits(elsewhere[i - 1].code, code))
            where = elsewhere[i - 1].where;
    return err_set(err, ERR_INPUT,
                   "product %.60s is not supported: %s (`certferry product list` tells what is)", code,
                   where);
}

bool product_discover(struct job *job, const char *region, resource_fn *each, void *context, struct err *err)
{
    struct survey to = {region, each, context};
    return job->product->discover(job, &to, err);
}

bool product_read(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct binding now = {.ready = true, .etag = "", .settings = "{}"};
    if (!job->product->read(job, r, &now, err))
        return false;
    bound_complete(now.bound, now.bound_count);
    *ret = now;
    return true;
}

/* "cas:{region}" with the resource's. */
static const char *store_name(struct arena *a, const char *pattern, const char *region)
{
    const char *place = strstr(pattern, "{region}");
    return place ? arena_printf(a, "%.*s%s%s", (int)(place - pattern), pattern, region, place + 8) : pattern;
}

bool product_store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                       struct err *err)
{
    const struct product *p = job->product;
    if (m->sm2 && !p->takes_sm2 && p->no_sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "%s", p->no_sm2);
    if (m->sm2 && !p->takes_sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "%s takes no SM2 certificates", p->title);
    if (p->store_for)
        return p->store_for(job, r, m, ret, err);
    *ret = store_name(job->arena, p->vendor_store, r->region);
    return true;
}

static bool is_one_way(const struct product *p, const char *ref)
{
    return p->one_way && strncmp(ref, p->one_way, strlen(p->one_way)) == 0;
}

static bool write_once(struct job *job, const struct bind *w, struct err *err)
{
    const struct product *p = job->product;
    if (!w->change->add_count && p->no_removal && strcmp(w->change->slot, "default") == 0)
        return err_set(err, ERR_INPUT, "%s", p->no_removal);
    for (size_t i = 0; i < w->change->add_count; i++)
        if (is_one_way(p, w->change->add[i]))
            return err_set(err, ERR_INPUT, "%s", p->one_way_why);
    return p->bind(job, w, err);
}

bool product_bind(struct job *job, const struct resource *r, const struct binding *now,
                  const struct change *change, const struct material *m, struct err *err)
{
    return write_once(job, &(struct bind){.resource = r, .now = now, .change = change, .material = m}, err);
}

bool product_restore(struct job *job, const struct resource *r, const struct binding *now,
                     const struct binding *before, const struct change *ours, struct err *err)
{
    struct change back = change_reverse(job->arena, ours);
    return write_once(job, &(struct bind){.resource = r, .now = now, .change = &back, .before = before}, err);
}

bool product_asks_for_old_key(const struct product *p)
{
    return p->old_key || p->lost_key || p->one_way;
}

/* The digest in a reference to what was uploaded to the product itself, or what stands where it cannot be read; NULL for all
 * other references.
 */
static const char *own_digest(const struct product *p, const char *ref)
{
    enum { SHA256_DIGITS = 64 };
    size_t prefix = p->own_prefix ? strlen(p->own_prefix) : 0;
    if (prefix)
        return strncmp(ref, p->own_prefix, prefix) == 0 ? ref + prefix : NULL;
    bool digest = strlen(ref) == SHA256_DIGITS && strspn(ref, "0123456789abcdef") == SHA256_DIGITS;
    return digest || strncmp(ref, "name:", 5) == 0 ? ref : NULL;
}

bool product_old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                     struct err *err)
{
    const struct product *p = job->product;
    const char *digest = own_digest(p, old->ref);
    *ret = NULL;
    if (is_one_way(p, old->ref)) {
        *ret = p->one_way_why;
        return true;
    }
    if (p->old_key)
        return p->old_key(job, r, old, ret, err);
    if (p->lost_key && digest)
        return session_can_bring(job, digest, p->lost_key, ret, err);
    if (!*old->ref)
        *ret = p->no_removal ? p->no_removal
               : p->lost_key ? NULL
                             : "the old certificate has no id at the vendor, and its key is not ours";
    return true;
}

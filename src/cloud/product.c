#include "cloud/product.h"

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

void resource_add_name(struct arena *a, struct resource *r, size_t *capacity, const char *name,
                       enum evidence evidence)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (strcmp(r->names[i].name, name) == 0)
            return;
    *(struct resource_name *)arena_push(a, (void **)&r->names, &r->name_count, capacity, sizeof *r->names) =
        (struct resource_name){name, evidence};
}

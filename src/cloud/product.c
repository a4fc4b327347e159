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

void resource_add_name(struct arena *a, struct resource *r, size_t *capacity, const char *name,
                       enum evidence evidence)
{
    for (size_t i = 0; i < r->name_count; i++)
        if (strcmp(r->names[i].name, name) == 0)
            return;
    *(struct resource_name *)arena_push(a, (void **)&r->names, &r->name_count, capacity, sizeof *r->names) =
        (struct resource_name){name, evidence};
}

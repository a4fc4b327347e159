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

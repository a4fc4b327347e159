/* v1_product.h - /api/v1/products: what can be served, and where it was never tried. */
#pragma once
#include "api/request.h"

route_fn v1_product_list;

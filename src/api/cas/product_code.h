/* product_code.h - the vendor's names of clouds and products, and ours. */
#pragma once
#include "base/base.h"

const char *cas_cloud_of(const char *vendor_name); /* "Tencent" -> "tencent", in any case; NULL unknown */
const char *cas_cloud_name(const char *cloud);     /* "tencent" -> "Tencent" */
const char *
cas_product_of(const char *vendor_code); /* "TencentCLB" -> "tencent/clb", in any case; NULL unknown */
const char *cas_product_code(const char *product); /* "aliyun/alb" -> "ALB" */
bool cas_product_listens(const char *product);     /* a listener: it has an instance and a port */

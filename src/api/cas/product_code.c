#include "api/cas/product_code.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *vendor, *ours;
} clouds[] = {{"aliyun", "aliyun"}, {"Tencent", "tencent"}, {"Huawei", "huawei"}, {"Aws", "aws"}};

/* Codes that the vendor documents come first; ACK, APIG, EAS, HuaweiELB and HuaweiWAF follow its pattern. */
static const struct {
    const char *vendor, *ours;
    bool listens;
} products[] = {
    {"ALB", "aliyun/alb", true},          {"NLB", "aliyun/nlb", true},
    {"SLB", "aliyun/clb", true},          {"GA", "aliyun/ga", true},
    {"CDN", "aliyun/cdn", false},         {"DCDN", "aliyun/dcdn", false},
    {"ESA", "aliyun/esa", false},         {"OSS", "aliyun/oss", false},
    {"WAF", "aliyun/waf", false},         {"DDOS", "aliyun/ddos", false},
    {"FC", "aliyun/fc", false},           {"APIGateway", "aliyun/apigateway", false},
    {"MSE", "aliyun/mse", false},         {"SAE", "aliyun/sae", false},
    {"TencentCDN", "tencent/cdn", false}, {"TencentCLB", "tencent/clb", true},
    {"TencentWAF", "tencent/waf", false}, {"AwsCloudFront", "aws/cloudfront", false},
    {"AwsALB", "aws/alb", true},          {"AwsNLB", "aws/nlb", true},
    {"AwsCLB", "aws/clb", true},          {"HuaweiCDN", "huawei/cdn", false},
    {"HuaweiELB", "huawei/elb", true},    {"HuaweiWAF", "huawei/waf", false},
    {"APIG", "aliyun/apig", false},       {"ACK", "aliyun/ack", false},
    {"EAS", "aliyun/eas", false},
};

const char *cas_cloud_of(const char *vendor_name)
{
    for (size_t i = 0; i < countof(clouds); i++)
        if (strcasecmp(clouds[i].vendor, vendor_name) == 0)
            return clouds[i].ours;
    return NULL;
}

const char *cas_cloud_name(const char *cloud)
{
    for (size_t i = 0; i < countof(clouds); i++)
        if (strcmp(clouds[i].ours, cloud) == 0)
            return clouds[i].vendor;
    return cloud;
}

const char *cas_product_of(const char *vendor_code)
{
    for (size_t i = 0; i < countof(products); i++)
        if (strcasecmp(products[i].vendor, vendor_code) == 0)
            return products[i].ours;
    return NULL;
}

const char *cas_product_code(const char *product)
{
    for (size_t i = 0; i < countof(products); i++)
        if (strcmp(products[i].ours, product) == 0)
            return products[i].vendor;
    return product;
}

bool cas_product_listens(const char *product)
{
    for (size_t i = 0; i < countof(products); i++)
        if (strcmp(products[i].ours, product) == 0)
            return products[i].listens;
    return false;
}

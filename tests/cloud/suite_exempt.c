#include "cloud/suite.h"

/* What cannot be tried, and the line of the vendor's documentation that says why. Only what no declared fact of the
 * product tells (global, sni, first_deployment, store_for, declared calls) stands here.
 */
static const struct {
    const char *product, *name, *why;
} exemptions[] = {
    {"aliyun/cdn", "mutual TLS", "client certificates are not a setting of CDN domains"},
    {"aliyun/dcdn", "mutual TLS", "client certificates are not a setting of DCDN domains"},
    {"aliyun/esa", "mutual TLS",
     "a certificate of an ESA site has names and dates, and no client CA beside it"},
    {"aliyun/oss", "mutual TLS", "a domain of a bucket has a certificate and nothing beside it"},
    {"aliyun/fc", "mutual TLS",
     "a custom domain has certificate, TLS versions and ciphers, and no client CA"},
    {"aliyun/waf", "mutual TLS", "neither Listen nor Redirect of a WAF domain has a client CA"},
    {"aliyun/ddos", "mutual TLS", "a website rule of Anti-DDoS Proxy has no client CA"},
    {"aliyun/ddos", "restore without the old key",
     "certificates of domains are bound by a reference that stays"},
    {"aliyun/ga", "mutual TLS", "a listener of Global Accelerator has no client CA"},
    {"aliyun/apigateway", "mutual TLS",
     "domains with a client CA are left alone: a change would want it again, and no answer shows it"},
    {"aliyun/eas", "mutual TLS", "a custom domain of a gateway has a certificate and no client CA"},
    {"aliyun/sae", "mutual TLS", "a route's parameters name no client CA"},
    {"tencent/waf", "mutual TLS", "no client CA is among the settings of WAF's domains"},
    {"aws/nlb", "mutual TLS", "listeners of Network Load Balancers take no MutualAuthentication"},
    {"aws/clb", "mutual TLS", "a listener of a Classic Load Balancer has one certificate and no client CA"},
    {"aws/cloudfront", "mutual TLS", "a viewer certificate asks for none: distributions have no client CA"},
    {"huawei/waf", "mutual TLS", "no client CA is among the settings of WAF's websites"},
};

const char *suite_exempt(const char *product, const char *name)
{
    for (size_t i = 0; i < countof(exemptions); i++)
        if (strcmp(exemptions[i].product, product) == 0 && strcmp(exemptions[i].name, name) == 0)
            return exemptions[i].why;
    return NULL;
}

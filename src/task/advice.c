#include "task/advice.h"

#include "store/quota.h"
#include <string.h>

/* The first row that fits wins: more exact ones come first. NULL fits everything; a product may be a cloud's prefix. */
static const struct {
    const char *product;
    enum err_kind kind;
    const char *code;
    const char *advice;
} rows[] = {
    {NULL, ERR_VENDOR, "contradicted",
     "look whether the domain is covered, whether another service stands in front (CDN, load balancer, WAF), "
     "whether "
     "every server has it, and whether the certificate file is the new one; then retry or roll back"},
    {NULL, ERR_CREDENTIAL, NULL,
     "check the AccessKey in the cloud's console, replace it with `certferry access update`, run `certferry "
     "access "
     "check`, then `certferry task retry`"},
    {"tencent/cdn", ERR_PERMISSION, NULL,
     "grant the sub-user QcloudSSLFullAccess and QcloudCDNFullAccess, then `certferry task retry`"},
    {"tencent", ERR_PERMISSION, NULL,
     "grant the sub-user QcloudSSLFullAccess and read and write permission for the product, then `certferry "
     "task retry`"},
    {"aliyun", ERR_PERMISSION, NULL,
     "grant the RAM user AliyunYundunCertFullAccess and full access to the product, then `certferry task "
     "retry`"},
    {"aws", ERR_PERMISSION, NULL,
     "allow the IAM user acm:ImportCertificate, acm:ListCertificates, acm:DescribeCertificate and the "
     "product's read and "
     "modify actions, then `certferry task retry`"},
    {"huawei", ERR_PERMISSION, NULL,
     "grant the IAM user administrator rights for the product in this project, then `certferry task retry`"},
    {NULL, ERR_PERMISSION, NULL, "grant the key what the message names, then `certferry task retry`"},
    {NULL, ERR_THROTTLED, NULL,
     "the cloud limits this account's calls: retry later, or lower the rate with `certferry access update "
     "--calls-per-second`"},
    {NULL, ERR_CONFLICT, NULL,
     "somebody else changed the resource: run `certferry resource sync` and make a new plan"},
    {NULL, ERR_NOT_FOUND, NULL,
     "the resource, or what it refers to, is gone: run `certferry resource sync` and make a new plan"},
    {NULL, ERR_QUOTA, QUOTA_ERR_CODE,
     "grant a package with `certferry quota grant`, then `certferry task retry`; `certferry quota show` "
     "tells "
     "what is left"},
    {NULL, ERR_QUOTA, NULL,
     "the cloud account has reached a limit: delete unused certificates there, or have the limit raised, "
     "then retry"},
    {"aws", ERR_INVALID_CERTIFICATE, NULL,
     "import the certificate with its complete chain, issued by a CA that AWS trusts; RSA 2048 and P-256 are "
     "taken everywhere"},
    {NULL, ERR_INVALID_CERTIFICATE, NULL,
     "choose another certificate: this one is not, or no longer, accepted; check its dates, chain and key"},
    {NULL, ERR_TIMEOUT, NULL,
     "look at the resource in the cloud's console; when it is ready, `certferry task retry`"},
    {NULL, ERR_NETWORK, NULL,
     "check this machine's way to the cloud (DNS, firewall, --proxy), then `certferry task retry`"},
    {NULL, ERR_VENDOR, NULL,
     "read the cloud's message; `certferry task retry` tries again, the request id helps the cloud's "
     "support"},
    {NULL, ERR_INPUT, NULL, "mend what the message names, then make a new plan"},
    {NULL, ERR_STORE, NULL, "check the disk under --data, then `certferry task resume`"},
    {NULL, ERR_INTERNAL, NULL, "this is certferry's own mistake: please report it with the message"},
};

static bool product_fits(const char *pattern, const char *product)
{
    if (!pattern)
        return true;
    size_t size = strlen(pattern);
    return strncmp(product, pattern, size) == 0 && (product[size] == '\0' || product[size] == '/');
}

const char *advice_for(const char *product, enum err_kind kind, const char *code)
{
    for (size_t i = 0; i < countof(rows); i++)
        if (rows[i].kind == kind && product_fits(rows[i].product, product) &&
            (!rows[i].code || strcmp(rows[i].code, code) == 0))
            return rows[i].advice;
    return "";
}

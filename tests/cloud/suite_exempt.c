#include "cloud/suite_exempt.h"

#include <string.h>

/* The sheets' word for what several products share. */
#define ALIYUN_GLOBAL(product)                                                                               \
    {                                                                                                        \
        product, "regions with one failing", NULL, "alibaba.md",                                             \
            "| GA, CDN, DCDN, WAF, DDoS, ESA, STS | no regions"                                              \
    }
#define ONE_CERTIFICATE(product, sheet, line)                                                                \
    {                                                                                                        \
        product, "SNI without loss", NULL, sheet, line                                                       \
    }
#define NONE_BEFORE(product, sheet, line)                                                                    \
    {                                                                                                        \
        product, "restore of none before", NULL, sheet, line                                                 \
    }
#define CDN_ALONE_BEGINS(product)                                                                            \
    NONE_BEFORE(product, "alibaba.md", "this is the product where an initial deployment is allowed")
#define REFERENCE_STAYS(product, sheet, line)                                                                \
    {                                                                                                        \
        product, "restore without the old key", NULL, sheet, line                                            \
    }

const struct exemption exemptions[] = {
    {"aliyun/cdn", "mutual TLS", "client certificates are not a setting of CDN domains", "alibaba.md",
     "`SetCdnDomainSSLCertificate` POST Q CertId, CertName, CertRegion, CertType, DomainName, SSLPri"},
    {"aliyun/dcdn", "mutual TLS", "client certificates are not a setting of DCDN domains", "alibaba.md",
     "`SetDcdnDomainSSLCertificate` POST Q CertId, CertName, CertRegion, CertType, DomainName, SSLPri"},
    {"aliyun/esa", "mutual TLS",
     "a certificate of an ESA site has names and dates, and no client CA beside it", "alibaba.md",
     "`SetCertificate` POST Q KeyServerId **B** CasId, Certificate, Id, Name, PrivateKey, Region, SiteId, "
     "Type"},
    {"aliyun/oss", "mutual TLS", "a domain of a bucket has a certificate and nothing beside it", "alibaba.md",
     "<BucketCnameConfiguration><Cname><Domain>d</Domain><CertificateConfiguration>"},
    {"aliyun/fc", "mutual TLS", "a custom domain has certificate, TLS versions and ciphers, and no client CA",
     "alibaba.md", "**B** certConfig, protocol, routeConfig, tlsConfig, wafConfig"},
    {"aliyun/waf", "mutual TLS", "neither Listen nor Redirect of a WAF domain has a client CA", "alibaba.md",
     "`ModifyDomain` POST Q AccessType, Domain, DomainId, InstanceId, Listen (json), Redirect (json)"},
    {"aliyun/ddos", "mutual TLS", "a website rule of Anti-DDoS Proxy has no client CA", "alibaba.md",
     "`AssociateWebCert` POST **B** Cert, CertId, CertIdentifier, CertName, CertRegion, Domain, Key"},
    {"aliyun/ga", "mutual TLS", "a listener of Global Accelerator has no client CA", "alibaba.md",
     "`UpdateListener` POST Q BackendPorts, Certificates, ClientAffinity, ClientToken"},
    {"aliyun/apigateway", "mutual TLS",
     "domains with a client CA are left alone: a change would want it again, and no answer shows it",
     "alibaba.md", "the CA body is not readable through DescribeDomain"},
    {"aliyun/eas", "mutual TLS", "a custom domain of a gateway has a certificate and no client CA",
     "alibaba.md", "`AttachGatewayDomain` PUT `/api/v2/gateways/{ClusterId}/{GatewayId}/domain/attach`"},
    {"aliyun/sae", "mutual TLS", "a route's parameters name no client CA", "alibaba.md",
     "`UpdateIngress` PUT `/pop/v1/sam/ingress/Ingress` Q CertId, CertIds"},
    {"tencent/waf", "mutual TLS", "no client CA is among the settings of WAF's domains", "tencent.md",
     "`CertType` 0 none / 1 own PEM / 2 SSL-service id"},
    {"aws/nlb", "mutual TLS", "listeners of Network Load Balancers take no MutualAuthentication", "aws.md",
     "everything not sent stays (protocol, policy, actions, port"},
    {"aws/clb", "mutual TLS", "a listener of a Classic Load Balancer has one certificate and no client CA",
     "aws.md", "no rules, no SNI: one certificate per listener"},
    {"huawei/waf", "mutual TLS", "no client CA is among the settings of WAF's websites", "huawei.md",
     "Server-side mTLS is not in these models"},

    ALIYUN_GLOBAL("aliyun/cdn"),
    ALIYUN_GLOBAL("aliyun/dcdn"),
    ALIYUN_GLOBAL("aliyun/esa"),
    ALIYUN_GLOBAL("aliyun/ga"),
    {"tencent/cdn", "regions with one failing", NULL, "tencent.md",
     "Endpoint `cdn.tencentcloudapi.com`, 2018-06-06, global"},
    {"aws/cloudfront", "regions with one failing", NULL, "aws.md", "cloudfront.amazonaws.com (global;"},
    {"huawei/cdn", "regions with one failing", NULL, "huawei.md", "Host `cdn.myhuaweicloud.com`, global"},

    ONE_CERTIFICATE("aliyun/cdn", "alibaba.md", "`SetCdnDomainSSLCertificate` POST Q CertId, CertName"),
    ONE_CERTIFICATE("aliyun/dcdn", "alibaba.md", "`SetDcdnDomainSSLCertificate` POST Q CertId, CertName"),
    ONE_CERTIFICATE("aliyun/oss", "alibaba.md",
                    "<BucketCnameConfiguration><Cname><Domain>d</Domain><CertificateConfiguration>"),
    ONE_CERTIFICATE("aliyun/waf", "alibaba.md", "`ModifyDomain` POST Q AccessType, Domain, DomainId"),
    ONE_CERTIFICATE("aliyun/ddos", "alibaba.md", "`AssociateWebCert` POST **B** Cert, CertId"),
    ONE_CERTIFICATE("aliyun/fc", "alibaba.md", "**B** certConfig, protocol, routeConfig, tlsConfig"),
    ONE_CERTIFICATE("aliyun/apigateway", "alibaba.md",
                    "SetDomainCertificate: `GroupId, DomainName, CertificateName, CertificateBody"),
    ONE_CERTIFICATE("aliyun/apig", "alibaba.md", "`UpdateDomain` PUT `/v1/domains/{domainId}`"),
    ONE_CERTIFICATE("aliyun/mse", "alibaba.md",
                    "`UpdateSSLCert` POST Q CertIdentifier, DomainId, GatewayUniqueId"),
    ONE_CERTIFICATE("aliyun/eas", "alibaba.md", "`AttachGatewayDomain` PUT"),
    ONE_CERTIFICATE("tencent/cdn", "tencent.md", "`Value` is JSON text with the fixed key `update`"),
    ONE_CERTIFICATE("tencent/waf", "tencent.md", "`CertType` 0 none / 1 own PEM / 2 SSL-service id"),
    ONE_CERTIFICATE("aws/cloudfront", "aws.md",
                    "IAMCertificateId instead of ACMCertificateArn (one, not both)"),
    ONE_CERTIFICATE("aws/clb", "aws.md", "no rules, no SNI: one certificate per listener"),
    ONE_CERTIFICATE("huawei/cdn", "huawei.md", "By PEM: `certificate_source:0, certificate_name"),
    ONE_CERTIFICATE("huawei/waf", "huawei.md", "One certificate per host; no SNI list, no multi-certificate"),

    CDN_ALONE_BEGINS("aliyun/oss"),
    CDN_ALONE_BEGINS("aliyun/clb"),
    CDN_ALONE_BEGINS("aliyun/waf"),
    NONE_BEFORE("aliyun/ddos", "alibaba.md",
                "Nothing bound before \u2192 no documented unbind operation found (UNCONFIRMED)"),
    CDN_ALONE_BEGINS("aliyun/ga"),
    CDN_ALONE_BEGINS("aliyun/fc"),
    CDN_ALONE_BEGINS("aliyun/apigateway"),
    CDN_ALONE_BEGINS("aliyun/apig"),
    CDN_ALONE_BEGINS("aliyun/mse"),
    CDN_ALONE_BEGINS("aliyun/eas"),
    NONE_BEFORE("tencent/cdn", "tencent.md", "Rollback = the same call with the old CertId"),
    NONE_BEFORE("tencent/clb", "tencent.md", "Rollback = same call with the old object"),
    NONE_BEFORE("tencent/waf", "tencent.md",
                "CertType 0 \u2192 cannot simply go back (listener ports), treat as first-time deployment"),
    NONE_BEFORE("aws/cloudfront", "aws.md",
                "such a \"previous state\" (legacy distributions) is not restorable: warn at preview"),
    NONE_BEFORE("aws/clb", "aws.md", "Save the old SSLCertificateId; undo = the same call with it"),
    NONE_BEFORE("huawei/waf", "huawei.md", "Old id \"\" (HTTP host) \u2192 cannot revert by this call"),

    REFERENCE_STAYS("aliyun/alb", "alibaba.md",
                    "| ALB | CertIdentifier | ListListenerCertificates | job (ListAsynJobs) | yes (ids) |"),
    REFERENCE_STAYS(
        "aliyun/nlb", "alibaba.md",
        "| NLB | CertIdentifier | ListListenerCertificates | job (GetJobStatus/ListAsynJobs) | yes |"),
    REFERENCE_STAYS("aliyun/clb", "alibaba.md", "| no | yes (ids stay in the CLB store) |"),
    REFERENCE_STAYS(
        "aliyun/waf", "alibaba.md",
        "| WAF 3.0 | CertIdentifier | DescribeDomainDetail.Listen.CertId | domain Status | yes |"),
    REFERENCE_STAYS("aliyun/ddos", "alibaba.md",
                    "| DDoS | CertIdentifier / CertId / PEM | DescribeCerts.DomainRelated | no | yes;"),
    REFERENCE_STAYS(
        "aliyun/ga", "alibaba.md",
        "| GA | CertIdentifier (cn-hangzhou) | ListListenerCertificates | listener State | yes |"),
    REFERENCE_STAYS("aliyun/apig", "alibaba.md",
                    "| APIG | certIdentifier | GET domain | no poll documented | yes |"),
    REFERENCE_STAYS("aliyun/mse", "alibaba.md",
                    "| MSE | CertIdentifier | ListGatewayDomain | domain Status | yes |"),
    REFERENCE_STAYS(
        "aliyun/sae", "alibaba.md",
        "| SAE clb / alb | CLB id / CertIdentifier list | DescribeIngress | verify by reading | yes |"),
    REFERENCE_STAYS("aliyun/ack", "alibaba.md",
                    "| ACK Secret | PEM in Secret | Secret | controller | yes (key readable) |"),
    REFERENCE_STAYS("aliyun/eas", "alibaba.md", "| PAI-EAS | numeric CAS id | ListGatewayDomains |"),
    REFERENCE_STAYS("tencent/clb", "tencent.md",
                    "listener.Certificate | ModifyListener | DescribeTaskStatus | same with old object |"),
    REFERENCE_STAYS("aws/alb", "aws.md", "Undo in this order: ModifyListener back to the old default"),
    REFERENCE_STAYS("aws/nlb", "aws.md", "Undo in this order: ModifyListener back to the old default"),
    REFERENCE_STAYS("huawei/elb", "huawei.md", "Rollback = one PUT with the saved default + list"),
    REFERENCE_STAYS("huawei/waf", "huawei.md", "Rollback: apply-to-hosts with the old certificate id"),
};
const size_t exemption_count = countof(exemptions);

const struct exemption *suite_exemption(const char *product, const char *name)
{
    for (size_t i = 0; i < countof(exemptions); i++)
        if (strcmp(exemptions[i].product, product) == 0 && strcmp(exemptions[i].name, name) == 0)
            return &exemptions[i];
    return NULL;
}

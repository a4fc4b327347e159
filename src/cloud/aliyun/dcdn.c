/* Alibaba Cloud DCDN (2018-01-15): CDN under other names. What surprises about both stands in acceleration.h; the certificate
 * of a domain is told in SSLProtocol and SSLPub, the list of domains says SSLProtocol too.
 */
#include "cloud/aliyun/acceleration.h"

#define DCDN(...) ALIYUN_CALL("dcdn", "2018-01-15", "dcdn.aliyuncs.com", __VA_ARGS__)

static const struct call list_domains =
    DCDN(CALL_RPC_QUERY, "DescribeDcdnUserDomains", "DomainName DomainSearchType", .per_second = 80,
         ALIYUN_PAGES("/Domains/PageData", 200));
static const struct call get_certificate =
    DCDN(CALL_RPC_QUERY, "DescribeDcdnDomainCertificateInfo", "DomainName");
static const struct call set_certificate =
    DCDN(CALL_RPC_QUERY, "SetDcdnDomainSSLCertificate",
         "DomainName SSLProtocol CertType CertName CertId CertRegion", .write = true, .per_second = 30);
static const struct call set_own_key =
    DCDN(CALL_RPC_V1, "SetDcdnDomainSSLCertificate", "DomainName SSLProtocol CertType CertName SSLPub SSLPri",
         .write = true, .per_second = 30);
static const struct call set_sm =
    DCDN(CALL_RPC_QUERY, "SetDcdnDomainSMCertificate", "DomainName CertIdentifier SSLProtocol", .write = true,
         .per_second = 30);
static const struct call get_sm = DCDN(CALL_RPC_QUERY, "DescribeDcdnSMCertificateDetail", "CertIdentifier");

const struct acceleration aliyun_dcdn_acceleration = {
    .word = "DCDN",
    .list_domains = &list_domains,
    .get_certificate = &get_certificate,
    .set_certificate = &set_certificate,
    .set_own_key = &set_own_key,
    .set_sm = &set_sm,
    .get_sm = &get_sm,
    .list_https = "/SSLProtocol",
    .info_https = "/SSLProtocol",
    .info_pem = "/SSLPub",
};

const struct product aliyun_dcdn = {
    PRODUCT_CODE("aliyun", "dcdn"),
    .title = "Alibaba Cloud DCDN",
    .global = true,
    .takes_sm2 = true,
    .sm_slot = true,
    .first_deployment = true,
    .read_calls = 2,
    .consistency_ms = 30000,
    .settle_ms = 900000,
    .poll_ms = 2000,
    .propagation_ms = 600000,
    .calls = CALLS(&list_domains, &get_certificate, &set_certificate, &set_own_key, &set_sm, &get_sm),
    .discover = acceleration_discover,
    .read = acceleration_read,
    .store_for = acceleration_store_for,
    .upload = aliyun_upload,
    .bind = acceleration_bind,
    .old_key = acceleration_old_key,
};

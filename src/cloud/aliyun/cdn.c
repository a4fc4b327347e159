/* Alibaba Cloud CDN (2018-05-10). What surprises about it stands in acceleration.h. */
#include "cloud/aliyun/acceleration.h"

#define CDN(...) ALIYUN_CALL("cdn", "2018-05-10", "cdn.aliyuncs.com", __VA_ARGS__)

static const struct call list_domains =
    CDN(CALL_RPC_QUERY, "DescribeUserDomains", "DomainName DomainSearchType", .per_second = 100,
        ALIYUN_PAGES("/Domains/PageData", 200));
static const struct call get_certificate =
    CDN(CALL_RPC_QUERY, "DescribeDomainCertificateInfo", "DomainName", .per_second = 100);
static const struct call set_certificate =
    CDN(CALL_RPC_QUERY, "SetCdnDomainSSLCertificate",
        "DomainName SSLProtocol CertType CertName CertId CertRegion", .write = true, .per_second = 30);
static const struct call set_own_key =
    CDN(CALL_RPC_V1, "SetCdnDomainSSLCertificate", "DomainName SSLProtocol CertType CertName SSLPub SSLPri",
        .write = true, .per_second = 30);
static const struct call set_sm =
    CDN(CALL_RPC_QUERY, "SetCdnDomainSMCertificate", "DomainName CertIdentifier SSLProtocol", .write = true,
        .per_second = 30);
static const struct call get_sm = CDN(CALL_RPC_QUERY, "DescribeCdnSMCertificateDetail", "CertIdentifier");

const struct acceleration aliyun_cdn_acceleration = {
    .word = "CDN",
    .list_domains = &list_domains,
    .get_certificate = &get_certificate,
    .set_certificate = &set_certificate,
    .set_own_key = &set_own_key,
    .set_sm = &set_sm,
    .get_sm = &get_sm,
    .list_https = "/SslProtocol",
    .info_https = "/ServerCertificateStatus",
    .info_pem = "/ServerCertificate",
};

const struct product aliyun_cdn = {
    PRODUCT_CODE("aliyun", "cdn"),
    .title = "Alibaba Cloud CDN",
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

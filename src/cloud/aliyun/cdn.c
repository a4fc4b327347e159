/* Alibaba Cloud CDN (2018-05-10). What surprises about it stands in acceleration.h. */
#include "cloud/aliyun/acceleration.h"

static const struct call list_domains = {
    ALIYUN_RPC("cdn", "2018-05-10", "DescribeUserDomains"),
    .host = "cdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "PageNumber PageSize DomainName DomainSearchType",
    .per_second = 100,
    .page = {.items = "/Domains/PageData",
             .total = "/TotalCount",
             .position = "PageNumber",
             .size = "PageSize",
             .size_value = 200,
             .style = PAGE_NUMBER},
};

static const struct call get_certificate = {
    ALIYUN_RPC("cdn", "2018-05-10", "DescribeDomainCertificateInfo"),
    .host = "cdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "DomainName",
    .per_second = 100,
};

static const struct call set_certificate = {
    ALIYUN_RPC("cdn", "2018-05-10", "SetCdnDomainSSLCertificate"),
    .host = "cdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "DomainName SSLProtocol CertType CertName CertId CertRegion",
    .write = true,
    .per_second = 30,
};

static const struct call set_own_key = {
    ALIYUN_RPC("cdn", "2018-05-10", "SetCdnDomainSSLCertificate"),
    .host = "cdn.aliyuncs.com",
    .style = CALL_RPC_V1,
    .parameters = "DomainName SSLProtocol CertType CertName SSLPub SSLPri",
    .write = true,
    .per_second = 30,
};

static const struct call set_sm = {
    ALIYUN_RPC("cdn", "2018-05-10", "SetCdnDomainSMCertificate"),
    .host = "cdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "DomainName CertIdentifier SSLProtocol",
    .write = true,
    .per_second = 30,
};

static const struct call get_sm = {
    ALIYUN_RPC("cdn", "2018-05-10", "DescribeCdnSMCertificateDetail"),
    .host = "cdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "CertIdentifier",
};

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

static const struct call *const calls[] = {&list_domains, &get_certificate, &set_certificate,
                                           &set_own_key,  &set_sm,          &get_sm,
                                           NULL};

const struct product aliyun_cdn = {
    .cloud = "aliyun",
    .name = "cdn",
    .code = "aliyun/cdn",
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
    .calls = calls,
    .discover = acceleration_discover,
    .read = acceleration_read,
    .store_for = acceleration_store_for,
    .upload = aliyun_upload,
    .bind = acceleration_bind,
    .old_key = acceleration_old_key,
};

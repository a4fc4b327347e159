/* Alibaba Cloud DCDN (2018-01-15): CDN under other names. What surprises about both stands in acceleration.h; the certificate
 * of a domain is told in SSLProtocol and SSLPub, the list of domains says SSLProtocol too.
 */
#include "cloud/aliyun/acceleration.h"

static const struct call list_domains = {
    ALIYUN_RPC("dcdn", "2018-01-15", "DescribeDcdnUserDomains"),
    .host = "dcdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "PageNumber PageSize DomainName DomainSearchType",
    .per_second = 80,
    .page = {.items = "/Domains/PageData",
             .total = "/TotalCount",
             .position = "PageNumber",
             .size = "PageSize",
             .size_value = 200,
             .style = PAGE_NUMBER},
};

static const struct call get_certificate = {
    ALIYUN_RPC("dcdn", "2018-01-15", "DescribeDcdnDomainCertificateInfo"),
    .host = "dcdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "DomainName",
};

static const struct call set_certificate = {
    ALIYUN_RPC("dcdn", "2018-01-15", "SetDcdnDomainSSLCertificate"),
    .host = "dcdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "DomainName SSLProtocol CertType CertName CertId CertRegion",
    .write = true,
    .per_second = 30,
};

static const struct call set_own_key = {
    ALIYUN_RPC("dcdn", "2018-01-15", "SetDcdnDomainSSLCertificate"),
    .host = "dcdn.aliyuncs.com",
    .style = CALL_RPC_V1,
    .parameters = "DomainName SSLProtocol CertType CertName SSLPub SSLPri",
    .write = true,
    .per_second = 30,
};

static const struct call set_sm = {
    ALIYUN_RPC("dcdn", "2018-01-15", "SetDcdnDomainSMCertificate"),
    .host = "dcdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "DomainName CertIdentifier SSLProtocol",
    .write = true,
    .per_second = 30,
};

static const struct call get_sm = {
    ALIYUN_RPC("dcdn", "2018-01-15", "DescribeDcdnSMCertificateDetail"),
    .host = "dcdn.aliyuncs.com",
    .style = CALL_RPC_QUERY,
    .parameters = "CertIdentifier",
};

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

static const struct call *const calls[] = {&list_domains, &get_certificate, &set_certificate,
                                           &set_own_key,  &set_sm,          &get_sm,
                                           NULL};

const struct product aliyun_dcdn = {
    .cloud = "aliyun",
    .name = "dcdn",
    .code = "aliyun/dcdn",
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
    .calls = calls,
    .discover = acceleration_discover,
    .read = acceleration_read,
    .store_for = acceleration_store_for,
    .upload = aliyun_upload,
    .bind = acceleration_bind,
    .old_key = acceleration_old_key,
};

/* CDN 2018-05-10: its operations and parameters. What they do stands in cdn_share.c. */
#include "sim/aliyun/cdn.h"

static const struct sim_param list_params[] = {
    {"CdnType", IN_QUERY, T_STRING, .values = "web download video"},
    {"ChangeEndTime", IN_QUERY, T_STRING},
    {"ChangeStartTime", IN_QUERY, T_STRING},
    {"CheckDomainShow", IN_QUERY, T_BOOLEAN},
    {"Coverage", IN_QUERY, T_STRING, .values = "domestic global overseas"},
    {"DomainName", IN_QUERY, T_STRING},
    {"DomainSearchType", IN_QUERY, T_STRING, .values = "fuzzy_match pre_match suf_match full_match"},
    {"DomainStatus", IN_QUERY, T_STRING,
     .values = "online offline configuring configure_failed checking check_failed stopping deleting"},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 500},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"SecurityToken", IN_QUERY, T_STRING},
    {"Source", IN_QUERY, T_STRING},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static const struct sim_param info_params[] = {
    {"DomainName", IN_QUERY, T_STRING, .required = true},
};

static const struct sim_param domain_params[] = {
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static const struct sim_param configs_params[] = {
    {"ConfigId", IN_QUERY, T_STRING},      {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"FunctionNames", IN_QUERY, T_STRING}, {"OwnerId", IN_QUERY, T_INTEGER},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static const struct sim_param set_params[] = {
    {"CertId", IN_QUERY, T_INTEGER},
    {"CertName", IN_QUERY, T_STRING},
    {"CertRegion", IN_QUERY, T_STRING},
    {"CertType", IN_QUERY, T_STRING, .values = "cas upload"},
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"SSLPri", IN_QUERY, T_STRING},
    {"SSLProtocol", IN_QUERY, T_STRING, .required = true, .values = "on off"},
    {"SSLPub", IN_QUERY, T_STRING},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static const struct sim_param set_sm_params[] = {
    {"CertIdentifier", IN_QUERY, T_STRING, .required = true},
    {"DomainName", IN_QUERY, T_STRING, .required = true},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"SSLProtocol", IN_QUERY, T_STRING, .required = true, .values = "on off"},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static const struct sim_param sm_detail_params[] = {
    {"CertIdentifier", IN_QUERY, T_STRING, .required = true},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"SecurityToken", IN_QUERY, T_STRING},
};

static const struct sim_operation operations[] = {
    {.name = "DescribeUserDomains", SIM_PARAMS(list_params), .run = aliyun_cdn_user_domains},
    {.name = "DescribeDomainCertificateInfo",
     .resource = "DomainName",
     SIM_PARAMS(info_params),
     .run = aliyun_cdn_certificate_info},
    {.name = "DescribeCdnDomainDetail",
     .resource = "DomainName",
     SIM_PARAMS(domain_params),
     .run = aliyun_cdn_domain_detail},
    {.name = "DescribeCdnDomainConfigs",
     .resource = "DomainName",
     SIM_PARAMS(configs_params),
     .run = aliyun_cdn_domain_configs},
    {.name = "SetCdnDomainSSLCertificate",
     .writes = true,
     .resource = "DomainName",
     SIM_PARAMS(set_params),
     .run = aliyun_cdn_set_certificate},
    {.name = "SetCdnDomainSMCertificate",
     .writes = true,
     .resource = "DomainName",
     SIM_PARAMS(set_sm_params),
     .run = aliyun_cdn_set_sm},
    {.name = "DescribeCdnSMCertificateList",
     .resource = "DomainName",
     SIM_PARAMS(domain_params),
     .run = aliyun_cdn_sm_list},
    {.name = "DescribeCdnSMCertificateDetail",
     .resource = "CertIdentifier",
     SIM_PARAMS(sm_detail_params),
     .run = aliyun_cdn_sm_detail},
};

static void generate(struct sim_seeding *s, size_t n)
{
    aliyun_cdn_seed(s, "cdn", n);
}

static const char *const hosts[] = {"cdn.aliyuncs.com", "cdn.ap-southeast-1.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_cdn = {.cloud = "aliyun",
                                           .code = "cdn",
                                           .version = "2018-05-10",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = "cdn.domain",
                                           .generate = generate,
                                           .entry = aliyun_cdn_entry,
                                           .choose = aliyun_cdn_choose};

/* DCDN 2018-01-15: CDN under other names. What its operations do stands in cdn_share.c. */
#include "sim/aliyun/cdn.h"

static const struct sim_param list_params[] = {
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
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
    {"WebSiteType", IN_QUERY, T_STRING},
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
    {.name = "DescribeDcdnUserDomains", SIM_PARAMS(list_params), .run = aliyun_cdn_user_domains},
    {.name = "DescribeDcdnDomainCertificateInfo",
     .resource = "DomainName",
     SIM_PARAMS(info_params),
     .run = aliyun_cdn_certificate_info},
    {.name = "DescribeDcdnDomainDetail",
     .resource = "DomainName",
     SIM_PARAMS(domain_params),
     .run = aliyun_cdn_domain_detail},
    {.name = "DescribeDcdnDomainConfigs",
     .resource = "DomainName",
     SIM_PARAMS(configs_params),
     .run = aliyun_cdn_domain_configs},
    {.name = "SetDcdnDomainSSLCertificate",
     .writes = true,
     .resource = "DomainName",
     SIM_PARAMS(set_params),
     .run = aliyun_cdn_set_certificate},
    {.name = "SetDcdnDomainSMCertificate",
     .writes = true,
     .resource = "DomainName",
     SIM_PARAMS(set_sm_params),
     .run = aliyun_cdn_set_sm},
    {.name = "DescribeDcdnSMCertificateList",
     .resource = "DomainName",
     SIM_PARAMS(domain_params),
     .run = aliyun_cdn_sm_list},
    {.name = "DescribeDcdnSMCertificateDetail",
     .resource = "CertIdentifier",
     SIM_PARAMS(sm_detail_params),
     .run = aliyun_cdn_sm_detail},
};

static void generate(struct sim_seeding *s, size_t n)
{
    aliyun_cdn_seed(s, "dcdn", n);
}

static const char *const hosts[] = {"dcdn.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_dcdn = {.cloud = "aliyun",
                                            .code = "dcdn",
                                            .version = "2018-01-15",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .resource_kind = "dcdn.domain",
                                            .generate = generate,
                                            .entry = aliyun_cdn_entry,
                                            .choose = aliyun_cdn_choose};

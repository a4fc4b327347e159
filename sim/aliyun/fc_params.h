/* fc_params.h - what Function Compute takes for custom domains, in its two versions. */
#pragma once
#include "sim/aliyun/aliyun.h"

static const struct sim_param fc3_list_custom_domains_params[] = {
    {"limit", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"nextToken", IN_QUERY, T_STRING},
    {"prefix", IN_QUERY, T_STRING},
};

static const struct sim_param fc3_get_custom_domain_params[] = {
    {"domainName", IN_PATH, T_STRING, .required = true},
};

static const struct sim_param fc3_update_custom_domain_params[] = {
    {"domainName", IN_PATH, T_STRING, .required = true},
    {"authConfig", IN_JSON, T_OBJECT},
    {"authConfig.authInfo", IN_JSON, T_STRING},
    {"authConfig.authType", IN_JSON, T_STRING},
    {"certConfig", IN_JSON, T_OBJECT},
    {"certConfig.certName", IN_JSON, T_STRING, .required = true},
    {"certConfig.certificate", IN_JSON, T_STRING, .required = true},
    {"certConfig.privateKey", IN_JSON, T_STRING, .required = true},
    {"corsConfig", IN_JSON, T_OBJECT},
    {"corsConfig.allowCredentials", IN_JSON, T_BOOLEAN},
    {"corsConfig.allowHeaders[]", IN_JSON, T_STRING},
    {"corsConfig.allowMethods[]", IN_JSON, T_STRING},
    {"corsConfig.allowOrigins[]", IN_JSON, T_STRING},
    {"corsConfig.exposeHeaders[]", IN_JSON, T_STRING},
    {"corsConfig.maxAge", IN_JSON, T_NUMBER},
    {"protocol", IN_JSON, T_STRING, .values = "HTTP HTTPS HTTP,HTTPS"},
    {"routeConfig", IN_JSON, T_OBJECT},
    {"routeConfig.routes[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].functionName", IN_JSON, T_STRING, .required = true},
    {"routeConfig.routes[].methods[]", IN_JSON, T_STRING},
    {"routeConfig.routes[].path", IN_JSON, T_STRING, .required = true},
    {"routeConfig.routes[].qualifier", IN_JSON, T_STRING},
    {"routeConfig.routes[].rewriteConfig", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.equalRules[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.equalRules[].match", IN_JSON, T_STRING, .required = true},
    {"routeConfig.routes[].rewriteConfig.equalRules[].replacement", IN_JSON, T_STRING, .required = true},
    {"routeConfig.routes[].rewriteConfig.regexRules[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.regexRules[].match", IN_JSON, T_STRING, .required = true},
    {"routeConfig.routes[].rewriteConfig.regexRules[].replacement", IN_JSON, T_STRING, .required = true},
    {"routeConfig.routes[].rewriteConfig.wildcardRules[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.wildcardRules[].match", IN_JSON, T_STRING, .required = true},
    {"routeConfig.routes[].rewriteConfig.wildcardRules[].replacement", IN_JSON, T_STRING, .required = true},
    {"tlsConfig", IN_JSON, T_OBJECT},
    {"tlsConfig.cipherSuites[]", IN_JSON, T_STRING, .required = true},
    {"tlsConfig.maxVersion", IN_JSON, T_STRING},
    {"tlsConfig.minVersion", IN_JSON, T_STRING, .required = true},
    {"wafConfig", IN_JSON, T_OBJECT},
    {"wafConfig.enableWAF", IN_JSON, T_BOOLEAN},
};

static const struct sim_param fc3_describe_regions_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING, .values = "zh-CN en-US ja"},
};

static const struct sim_param fc2_list_custom_domains_params[] = {
    {"limit", IN_QUERY, T_INTEGER, .min = 1, .max = 100},
    {"nextToken", IN_QUERY, T_STRING},
    {"prefix", IN_QUERY, T_STRING},
    {"startKey", IN_QUERY, T_STRING},
    {"X-Fc-Account-Id", IN_HEADER, T_STRING},
    {"X-Fc-Date", IN_HEADER, T_STRING},
    {"X-Fc-Trace-Id", IN_HEADER, T_STRING},
};

static const struct sim_param fc2_get_custom_domain_params[] = {
    {"domainName", IN_PATH, T_STRING, .required = true},
    {"X-Fc-Account-Id", IN_HEADER, T_STRING},
    {"X-Fc-Date", IN_HEADER, T_STRING},
    {"X-Fc-Trace-Id", IN_HEADER, T_STRING},
};

static const struct sim_param fc2_update_custom_domain_params[] = {
    {"domainName", IN_PATH, T_STRING, .required = true},
    {"certConfig", IN_JSON, T_OBJECT},
    {"certConfig.certName", IN_JSON, T_STRING},
    {"certConfig.certificate", IN_JSON, T_STRING},
    {"certConfig.privateKey", IN_JSON, T_STRING},
    {"protocol", IN_JSON, T_STRING, .values = "HTTP HTTPS HTTP,HTTPS"},
    {"routeConfig", IN_JSON, T_OBJECT},
    {"routeConfig.routes[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].functionName", IN_JSON, T_STRING},
    {"routeConfig.routes[].methods[]", IN_JSON, T_STRING},
    {"routeConfig.routes[].path", IN_JSON, T_STRING},
    {"routeConfig.routes[].qualifier", IN_JSON, T_STRING},
    {"routeConfig.routes[].rewriteConfig", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.equalRules[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.equalRules[].match", IN_JSON, T_STRING},
    {"routeConfig.routes[].rewriteConfig.equalRules[].replacement", IN_JSON, T_STRING},
    {"routeConfig.routes[].rewriteConfig.regexRules[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.regexRules[].match", IN_JSON, T_STRING},
    {"routeConfig.routes[].rewriteConfig.regexRules[].replacement", IN_JSON, T_STRING},
    {"routeConfig.routes[].rewriteConfig.wildcardRules[]", IN_JSON, T_OBJECT},
    {"routeConfig.routes[].rewriteConfig.wildcardRules[].match", IN_JSON, T_STRING},
    {"routeConfig.routes[].rewriteConfig.wildcardRules[].replacement", IN_JSON, T_STRING},
    {"routeConfig.routes[].serviceName", IN_JSON, T_STRING},
    {"tlsConfig", IN_JSON, T_OBJECT},
    {"tlsConfig.cipherSuites[]", IN_JSON, T_STRING},
    {"tlsConfig.maxVersion", IN_JSON, T_STRING},
    {"tlsConfig.minVersion", IN_JSON, T_STRING},
    {"wafConfig", IN_JSON, T_OBJECT},
    {"wafConfig.enableWAF", IN_JSON, T_BOOLEAN},
    {"X-Fc-Account-Id", IN_HEADER, T_STRING},
    {"X-Fc-Date", IN_HEADER, T_STRING},
    {"X-Fc-Trace-Id", IN_HEADER, T_STRING},
};

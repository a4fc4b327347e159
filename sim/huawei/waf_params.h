/* waf_params.h - the parameters of the simulated WAF's operations, for waf.c alone. */
#pragma once
#include "sim/sim.h"

static const struct sim_param list_composite_hosts_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
    {"page", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"pagesize", IN_QUERY, T_INTEGER, .min = -1, .max = 100},
    {"hostname", IN_QUERY, T_STRING},
    {"policyname", IN_QUERY, T_STRING},
    {"protect_status", IN_QUERY, T_INTEGER, .values = "-1 0 1"},
    {"waf_type", IN_QUERY, T_STRING, .values = "cloud premium"},
    {"is_https", IN_QUERY, T_BOOLEAN},
};

static const struct sim_param show_host_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"instance_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
};

static const struct sim_param show_premium_host_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"host_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
};

static const struct sim_param list_certificates_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
    {"page", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"pagesize", IN_QUERY, T_INTEGER, .min = -1, .max = 100},
    {"name", IN_QUERY, T_STRING},
    {"host", IN_QUERY, T_BOOLEAN},
    {"exp_status", IN_QUERY, T_INTEGER, .values = "0 1 2"},
    {"query_scm", IN_QUERY, T_BOOLEAN},
};

static const struct sim_param show_certificate_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"certificate_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
};

static const struct sim_param create_certificate_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
    {"verify_cert_key", IN_QUERY, T_BOOLEAN},
    {"name", IN_JSON, T_STRING, .required = true, .min = 1, .max = 256},
    {"content", IN_JSON, T_STRING, .required = true},
    {"key", IN_JSON, T_STRING, .required = true},
};

static const struct sim_param delete_certificate_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"certificate_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
};

static const struct sim_param apply_certificate_to_host_params[] = {
    {"project_id", IN_PATH, T_STRING, .required = true},
    {"certificate_id", IN_PATH, T_STRING, .required = true},
    {"enterprise_project_id", IN_QUERY, T_STRING},
    {"cloud_host_ids[]", IN_JSON, T_STRING},
    {"premium_host_ids[]", IN_JSON, T_STRING},
};

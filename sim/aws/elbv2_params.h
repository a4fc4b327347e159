/* elbv2_params.h - the parameters of the simulated ELBv2's operations, for elbv2.c alone. */
#pragma once
#include "sim/sim.h"

static const struct sim_param describe_load_balancers_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeLoadBalancers"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"LoadBalancerArns.member[]", IN_FORM, T_STRING},
    {"Names.member[]", IN_FORM, T_STRING},
    {"Marker", IN_FORM, T_STRING},
    {"PageSize", IN_FORM, T_INTEGER, .min = 1, .max = 400},
};

static const struct sim_param describe_listeners_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeListeners"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"LoadBalancerArn", IN_FORM, T_STRING},
    {"ListenerArns.member[]", IN_FORM, T_STRING},
    {"Marker", IN_FORM, T_STRING},
    {"PageSize", IN_FORM, T_INTEGER, .min = 1, .max = 400},
};

static const struct sim_param describe_listener_certificates_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeListenerCertificates"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"ListenerArn", IN_FORM, T_STRING, .required = true},
    {"Marker", IN_FORM, T_STRING},
    {"PageSize", IN_FORM, T_INTEGER, .min = 1, .max = 400},
};

static const struct sim_param describe_rules_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeRules"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"ListenerArn", IN_FORM, T_STRING},
    {"RuleArns.member[]", IN_FORM, T_STRING},
    {"Marker", IN_FORM, T_STRING},
    {"PageSize", IN_FORM, T_INTEGER, .min = 1, .max = 400},
};

static const struct sim_param describe_tags_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeTags"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"ResourceArns.member[]", IN_FORM, T_STRING, .required = true},
};

static const struct sim_param modify_listener_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "ModifyListener"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"ListenerArn", IN_FORM, T_STRING, .required = true},
    {"Port", IN_FORM, T_INTEGER, .min = 1, .max = 65535},
    {"Protocol", IN_FORM, T_STRING, .values = "HTTP HTTPS TCP TLS UDP TCP_UDP GENEVE QUIC TCP_QUIC"},
    {"SslPolicy", IN_FORM, T_STRING},
    {"Certificates.member[]", IN_FORM, T_OBJECT},
    {"Certificates.member[].CertificateArn", IN_FORM, T_STRING},
    {"Certificates.member[].IsDefault", IN_FORM, T_BOOLEAN},
    {"DefaultActions.*", IN_FORM, T_ANY},
    {"AlpnPolicy.*", IN_FORM, T_ANY},
    {"MutualAuthentication", IN_FORM, T_OBJECT},
    {"MutualAuthentication.*", IN_FORM, T_ANY},
};

static const struct sim_param add_listener_certificates_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "AddListenerCertificates"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"ListenerArn", IN_FORM, T_STRING, .required = true},
    {"Certificates.member[]", IN_FORM, T_OBJECT, .required = true},
    {"Certificates.member[].CertificateArn", IN_FORM, T_STRING},
    {"Certificates.member[].IsDefault", IN_FORM, T_BOOLEAN},
};

static const struct sim_param remove_listener_certificates_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "RemoveListenerCertificates"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2015-12-01"},
    {"ListenerArn", IN_FORM, T_STRING, .required = true},
    {"Certificates.member[]", IN_FORM, T_OBJECT, .required = true},
    {"Certificates.member[].CertificateArn", IN_FORM, T_STRING},
    {"Certificates.member[].IsDefault", IN_FORM, T_BOOLEAN},
};

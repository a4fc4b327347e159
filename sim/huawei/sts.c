/* STS: the keys of an agency. */
#include "sim/huawei/huawei.h"

static void assume_agency(struct sim_call *c)
{
    struct arena *a = c->arena;
    const char *urn = sim_arg(c, "agency_urn"), *session = sim_arg(c, "agency_session_name");
    struct sim_grant g;
    if (!sim_assume(c, urn, sim_arg_or(c, "external_id", ""), sim_arg_int(c, "duration_seconds", 3600), &g)) {
        sim_fail(c, 403, "PAP5.0011", "You are not allowed to assume the agency.");
        return;
    }
    huawei_reply(c, 200,
                 json_format(a,
                             "{'assumed_agency':{'urn':%s,'id':%s},'credentials':{'access_key_id':%s,"
                             "'secret_access_key':%s,'security_token':%s,'expiration':%s}}",
                             arena_printf(a, "sts::%s:assumed-agency:certferry/%s", c->access->account,
                                          session),
                             arena_printf(a, "%s:%s", sim_hex_id(a, urn, 32), session), g.key_id, g.secret,
                             g.token, time_iso(a, g.expires_ms)));
}

static const struct sim_param assume_agency_params[] = {
    {"agency_urn", IN_JSON, T_STRING, .required = true},
    {"agency_session_name", IN_JSON, T_STRING, .required = true, .min = 2, .max = 64},
    {"duration_seconds", IN_JSON, T_INTEGER, .min = 900, .max = 43200},
    {"external_id", IN_JSON, T_STRING, .min = 2, .max = 1224},
    {"X-Security-Token", IN_HEADER, T_STRING},
    {"policy", IN_JSON, T_STRING},
    {"policy_ids[]", IN_JSON, T_STRING},
    {"serial_number", IN_JSON, T_STRING},
    {"token_code", IN_JSON, T_STRING},
    {"tags[]", IN_JSON, T_OBJECT},
    {"tags[].key", IN_JSON, T_STRING, .required = true},
    {"tags[].value", IN_JSON, T_STRING, .required = true},
    {"transitive_tag_keys[]", IN_JSON, T_STRING},
    {"source_identity", IN_JSON, T_STRING},
};

static const struct sim_operation operations[] = {
    {.name = "AssumeAgency",
     .method = "POST",
     .path = "/v5/agencies/assume",
     SIM_PARAMS(assume_agency_params),
     .run = assume_agency},
};

static const char *const hosts[] = {"sts.{region}.myhuaweicloud.com", NULL};

const struct sim_service sim_huawei_sts = {.cloud = "huawei",
                                           .code = "sts",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations)};

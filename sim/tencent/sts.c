/* STS: who the key belongs to. */
#include "sim/tencent/tencent.h"

static void get_caller_identity(struct sim_call *c)
{
    char *user = arena_printf(c->arena, "2%.11s", sim_hex_id(c->arena, c->key_id, 11));
    for (char *p = user; *p; p++)
        *p = (char)(*p >= 'a' ? '0' + (*p - 'a') : *p);
    struct tencent_answer *answer = tencent_begin(c);
    json_member_string(&answer->w, "Type", c->access->role ? "CAMRole" : "CAMUser");
    json_member_string(&answer->w, "AccountId", c->access->account);
    json_member_string(&answer->w, "UserId", user);
    json_member_string(&answer->w, "PrincipalId", user);
    json_member_string(&answer->w, "Arn",
                       c->access->role
                           ? arena_printf(c->arena, "qcs::sts:%s:assumed-role/%s", c->access->account, user)
                           : arena_printf(c->arena, "qcs::cam:%s:uin/%s", c->access->account, user));
    tencent_end(c, answer);
}

static void assume_role(struct sim_call *c)
{
    struct sim_grant g;
    if (!sim_assume(c, sim_arg(c, "RoleArn"), sim_arg_or(c, "ExternalId", ""),
                    sim_arg_int(c, "DurationSeconds", 7200), &g)) {
        sim_fail(c, 200, "UnauthorizedOperation", "You are not authorized to take this role.");
        return;
    }
    struct tencent_answer *answer = tencent_begin(c);
    json_member_raw(&answer->w, "Credentials",
                    json_format(c->arena, "{'Token':%s,'TmpSecretId':%s,'TmpSecretKey':%s}", g.token,
                                g.key_id, g.secret));
    json_member_int(&answer->w, "ExpiredTime", g.expires_ms / 1000);
    json_member_string(&answer->w, "Expiration", time_iso(c->arena, g.expires_ms));
    tencent_end(c, answer);
}

static const struct sim_param assume_role_params[] = {
    {"RoleArn", IN_JSON, T_STRING, .required = true},
    {"RoleSessionName", IN_JSON, T_STRING, .required = true, .min = 2, .max = 128},
    {"DurationSeconds", IN_JSON, T_INTEGER, .min = 1, .max = 43200},
    {"Policy", IN_JSON, T_STRING},
    {"ExternalId", IN_JSON, T_STRING, .min = 2, .max = 128},
    {"SourceIdentity", IN_JSON, T_STRING},
    {"Tags[]", IN_JSON, T_OBJECT},
    {"Tags[].Key", IN_JSON, T_STRING, .required = true},
    {"Tags[].Value", IN_JSON, T_STRING, .required = true},
    {"SerialNumber", IN_JSON, T_STRING},
    {"TokenCode", IN_JSON, T_STRING},
};

static const struct sim_operation operations[] = {
    {.name = "GetCallerIdentity", .run = get_caller_identity},
    {.name = "AssumeRole", SIM_PARAMS(assume_role_params), .run = assume_role},
};

static const char *const hosts[] = {"sts.tencentcloudapi.com", "sts.intl.tencentcloudapi.com",
                                    "sts.{region}.tencentcloudapi.com", NULL};

const struct sim_service sim_tencent_sts = {.cloud = "tencent",
                                            .code = "sts",
                                            .version = "2018-08-13",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations)};

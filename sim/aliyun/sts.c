/* STS: who the key belongs to. */
#include "sim/aliyun/aliyun.h"

static void get_caller_identity(struct sim_call *c)
{
    char *user = arena_printf(c->arena, "2%.17s", sim_hex_id(c->arena, c->key_id, 17));
    for (char *p = user; *p; p++)
        *p = (char)(*p >= 'a' ? '0' + (*p - 'a') : *p);
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "AccountId", c->access->account);
    json_member_string(&answer->w, "IdentityType", c->access->role ? "AssumedRoleUser" : "RAMUser");
    json_member_string(&answer->w, "Arn",
                       c->access->role ? arena_printf(c->arena, "acs:ram::%s:assumed-role/%s/certferry",
                                                      c->access->account, c->access->role)
                                       : arena_printf(c->arena, "acs:ram::%s:user/%s", c->access->account,
                                                      c->access->name));
    json_member_string(&answer->w, "PrincipalId", user);
    json_member_string(&answer->w, "UserId", user);
    aliyun_end(c, answer);
}

static void assume_role(struct sim_call *c)
{
    const char *role = sim_arg(c, "RoleArn"), *session = sim_arg(c, "RoleSessionName");
    struct sim_grant g;
    if (!sim_assume(c, role, sim_arg_or(c, "ExternalId", ""), sim_arg_int(c, "DurationSeconds", 3600), &g)) {
        sim_fail(c, 403, "NoPermission",
                 "You are not authorized to do this action. You should be authorized by RAM.");
        return;
    }
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_raw(&answer->w, "AssumedRoleUser",
                    json_format(c->arena, "{'Arn':%s,'AssumedRoleId':%s}",
                                arena_printf(c->arena, "acs:ram::%s:role/certferry/%s", c->access->account,
                                             session),
                                arena_printf(c->arena, "390000000000000000:%s", session)));
    json_member_raw(&answer->w, "Credentials",
                    json_format(c->arena,
                                "{'AccessKeyId':%s,'AccessKeySecret':%s,'SecurityToken':%s,'Expiration':%s}",
                                g.key_id, g.secret, g.token, aliyun_time(c, g.expires_ms)));
    aliyun_end(c, answer);
}

static const struct sim_param assume_role_params[] = {
    {"RoleArn", IN_QUERY | IN_FORM, T_STRING, .required = true},
    {"RoleSessionName", IN_QUERY | IN_FORM, T_STRING, .required = true, .min = 2, .max = 64},
    {"DurationSeconds", IN_QUERY | IN_FORM, T_INTEGER, .min = 900, .max = 43200},
    {"ExternalId", IN_QUERY | IN_FORM, T_STRING, .min = 2, .max = 1224},
    {"Policy", IN_QUERY | IN_FORM, T_STRING, .min = 1, .max = 2048},
    {"SourceIdentity", IN_QUERY | IN_FORM, T_STRING},
};

static const struct sim_operation operations[] = {
    {.name = "GetCallerIdentity", .run = get_caller_identity},
    {.name = "AssumeRole", SIM_PARAMS(assume_role_params), .run = assume_role},
};

static const char *const hosts[] = {"sts.aliyuncs.com", "sts.{region}.aliyuncs.com",
                                    "sts-vpc.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_sts = {.cloud = "aliyun",
                                           .code = "sts",
                                           .version = "2015-04-01",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations)};

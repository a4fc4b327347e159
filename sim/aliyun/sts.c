/* STS: who the key belongs to. */
#include "sim/aliyun/aliyun.h"

static void get_caller_identity(struct sim_call *c)
{
    char *user = arena_printf(c->arena, "2%.17s", sim_hex_id(c->arena, c->key_id, 17));
    for (char *p = user; *p; p++)
        *p = (char)(*p >= 'a' ? '0' + (*p - 'a') : *p);
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "AccountId", c->access->account);
    json_member_string(&answer->w, "IdentityType", "RAMUser");
    json_member_string(&answer->w, "Arn",
                       arena_printf(c->arena, "acs:ram::%s:user/%s", c->access->account, c->access->name));
    json_member_string(&answer->w, "PrincipalId", user);
    json_member_string(&answer->w, "UserId", user);
    aliyun_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "GetCallerIdentity", .run = get_caller_identity},
};

static const char *const hosts[] = {"sts.aliyuncs.com", "sts.{region}.aliyuncs.com",
                                    "sts-vpc.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_sts = {.cloud = "aliyun",
                                           .code = "sts",
                                           .version = "2015-04-01",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations)};

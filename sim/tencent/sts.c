/* STS: who the key belongs to. */
#include "sim/tencent/tencent.h"

static void get_caller_identity(struct sim_call *c)
{
    char *user = arena_printf(c->arena, "2%.11s", sim_hex_id(c->arena, c->key_id, 11));
    for (char *p = user; *p; p++)
        *p = (char)(*p >= 'a' ? '0' + (*p - 'a') : *p);
    struct tencent_answer *answer = tencent_begin(c);
    json_member_string(&answer->w, "Type", "CAMUser");
    json_member_string(&answer->w, "AccountId", c->access->account);
    json_member_string(&answer->w, "UserId", user);
    json_member_string(&answer->w, "PrincipalId", user);
    json_member_string(&answer->w, "Arn",
                       arena_printf(c->arena, "qcs::cam:%s:uin/%s", c->access->account, user));
    tencent_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "GetCallerIdentity", .run = get_caller_identity},
};

static const char *const hosts[] = {"sts.tencentcloudapi.com", "sts.intl.tencentcloudapi.com",
                                    "sts.{region}.tencentcloudapi.com", NULL};

const struct sim_service sim_tencent_sts = {.cloud = "tencent",
                                            .code = "sts",
                                            .version = "2018-08-13",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations)};

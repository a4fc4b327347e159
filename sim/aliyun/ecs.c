/* ECS: only the list of regions. */
#include "sim/aliyun/aliyun.h"

static const struct sim_param describe_regions_params[] = {
    {"AcceptLanguage", IN_QUERY, T_STRING},
    {"InstanceChargeType", IN_QUERY, T_STRING, .values = "PrePaid PostPaid SpotWithPriceLimit SpotAsPriceGo"},
    {"OwnerAccount", IN_QUERY, T_STRING},
    {"OwnerId", IN_QUERY, T_INTEGER},
    {"ResourceOwnerAccount", IN_QUERY, T_STRING},
    {"ResourceOwnerId", IN_QUERY, T_INTEGER},
    {"ResourceType", IN_QUERY, T_STRING, .values = "instance disk reservedinstance scu"},
};

static void describe_regions(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Regions");
    json_open_object(&answer->w);
    json_key(&answer->w, "Region");
    json_open_array(&answer->w);
    for (size_t i = 0; i < countof(aliyun_regions); i++) {
        json_open_object(&answer->w);
        json_member_string(&answer->w, "RegionId", aliyun_regions[i]);
        json_member_string(&answer->w, "LocalName", aliyun_regions[i]);
        json_member_string(&answer->w, "RegionEndpoint",
                           arena_printf(c->arena, "ecs.%s.aliyuncs.com", aliyun_regions[i]));
        json_member_string(&answer->w, "Status", "available");
        json_close_object(&answer->w);
    }
    json_close_array(&answer->w);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", SIM_PARAMS(describe_regions_params), .run = describe_regions},
};

static const char *const hosts[] = {"ecs.aliyuncs.com", "ecs.{region}.aliyuncs.com",
                                    "ecs-{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_ecs = {.cloud = "aliyun",
                                           .code = "ecs",
                                           .version = "2014-05-26",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations)};

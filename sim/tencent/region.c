/* The list of a product's regions. */
#include "sim/tencent/tencent.h"

#include <string.h>

static const struct sim_param describe_regions_params[] = {
    {"Product", IN_JSON, T_STRING, .required = true},
    {"Scene", IN_JSON, T_INTEGER},
};

const char *const tencent_regions[3] = {"ap-guangzhou", "ap-shanghai", "ap-seoul"};

static const struct {
    const char *region, *name;
} regions[] = {
    {"ap-guangzhou", "South China (Guangzhou)"},
    {"ap-shanghai", "East China (Shanghai)"},
    {"ap-seoul", "Northeast Asia (Seoul)"},
};

bool tencent_is_region(struct sim_call *c, const char *const *list, size_t count)
{
    if (!*c->region)
        sim_fail(c, 200, "MissingParameter", "The request is missing the required parameter `Region`.");
    for (size_t i = 0; i < count; i++)
        if (!strcmp(list[i], c->region))
            return true;
    if (*c->region)
        sim_fail(c, 200, "UnsupportedRegion", "The region %s is not supported.", c->region);
    return false;
}

static void describe_regions(struct sim_call *c)
{
    if (strcmp(sim_arg(c, "Product"), "clb")) {
        sim_fail(c, 200, "InvalidParameter", "The product is not supported.");
        return;
    }
    struct tencent_answer *answer = tencent_begin(c);
    json_member_int(&answer->w, "TotalCount", (int64_t)countof(regions));
    json_key(&answer->w, "RegionSet");
    json_open_array(&answer->w);
    for (size_t i = 0; i < countof(regions); i++)
        json_put_raw(&answer->w,
                     json_format(c->arena, "{'Region':%s,'RegionName':%s,'RegionState':'AVAILABLE'}",
                                 regions[i].region, regions[i].name));
    json_close_array(&answer->w);
    tencent_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", SIM_PARAMS(describe_regions_params), .run = describe_regions},
};

static const char *const hosts[] = {"region.tencentcloudapi.com", "region.intl.tencentcloudapi.com",
                                    "region.{region}.tencentcloudapi.com", NULL};

const struct sim_service sim_tencent_region = {.cloud = "tencent",
                                               .code = "region",
                                               .version = "2022-06-27",
                                               .hosts = hosts,
                                               .operations = operations,
                                               .operation_count = countof(operations)};

/* EC2: only the list of regions. */
#include "sim/aws/aws.h"

static const struct sim_param describe_regions_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeRegions"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2016-11-15"},
    {"RegionName[]", IN_FORM, T_STRING},
    {"AllRegions", IN_FORM, T_BOOLEAN},
    {"DryRun", IN_FORM, T_BOOLEAN},
    {"Filter[]", IN_FORM, T_OBJECT},
    {"Filter[].Name", IN_FORM, T_STRING},
    {"Filter[].Value[]", IN_FORM, T_STRING},
};

static void describe_regions(struct sim_call *c)
{
    struct aws_xml *x = aws_begin(c);
    aws_open(x, "regionInfo");
    for (size_t i = 0; i < countof(aws_regions); i++) {
        if (!aws_is_asked(c, "RegionName[]", aws_regions[i]))
            continue;
        aws_open(x, "item");
        aws_text(x, "regionName", aws_regions[i]);
        aws_text(x, "regionEndpoint", arena_printf(c->arena, "ec2.%s.amazonaws.com", aws_regions[i]));
        aws_text(x, "optInStatus", "opt-in-not-required");
        aws_close(x, "item");
    }
    aws_close(x, "regionInfo");
    aws_end(c, x);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeRegions", SIM_PARAMS(describe_regions_params), .run = describe_regions},
};

static const char *const hosts[] = {"ec2.{region}.amazonaws.com", "ec2.amazonaws.com", NULL};

const struct sim_service sim_aws_ec2 = {.cloud = "aws",
                                        .code = "ec2",
                                        .version = "2016-11-15",
                                        .hosts = hosts,
                                        .style = "ec2",
                                        .operations = operations,
                                        .operation_count = countof(operations)};

/* STS: who the key belongs to. */
#include "sim/aws/aws.h"

static const struct sim_param params[] = {
    {"Action", IN_FORM, T_STRING, .required = true},
    {"Version", IN_FORM, T_STRING, .required = true},
};

static void get_caller_identity(struct sim_call *c)
{
    struct aws_xml *x = aws_begin(c);
    aws_text(x, "Arn",
             arena_printf(c->arena, "arn:aws:iam::%s:user/%s", c->access->account, c->access->name));
    aws_text(x, "UserId", arena_printf(c->arena, "AIDA%s", sim_hex_id(c->arena, c->key_id, 17)));
    aws_text(x, "Account", c->access->account);
    aws_end(c, x);
}

static const struct sim_operation operations[] = {
    {.name = "GetCallerIdentity", SIM_PARAMS(params), .run = get_caller_identity},
};

static const char *const hosts[] = {"sts.amazonaws.com", "sts.{region}.amazonaws.com", NULL};

const struct sim_service sim_aws_sts = {.cloud = "aws",
                                        .code = "sts",
                                        .version = "2011-06-15",
                                        .hosts = hosts,
                                        .style = "query",
                                        .operations = operations,
                                        .operation_count = countof(operations)};

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
             c->access->role
                 ? arena_printf(c->arena, "arn:aws:sts::%s:assumed-role/%s/certferry", c->access->account,
                                c->access->role)
                 : arena_printf(c->arena, "arn:aws:iam::%s:user/%s", c->access->account, c->access->name));
    aws_text(x, "UserId", arena_printf(c->arena, "AIDA%s", sim_hex_id(c->arena, c->key_id, 17)));
    aws_text(x, "Account", c->access->account);
    aws_end(c, x);
}

static void assume_role(struct sim_call *c)
{
    struct arena *a = c->arena;
    const char *session = sim_arg(c, "RoleSessionName");
    struct sim_grant g;
    if (!sim_assume(c, sim_arg(c, "RoleArn"), sim_arg_or(c, "ExternalId", ""),
                    sim_arg_int(c, "DurationSeconds", 3600), &g)) {
        sim_fail(c, 403, "AccessDenied", "User is not authorized to perform: sts:AssumeRole on resource: %s",
                 sim_arg(c, "RoleArn"));
        return;
    }
    struct aws_xml *x = aws_begin(c);
    aws_open(x, "AssumedRoleUser");
    aws_text(x, "AssumedRoleId", arena_printf(a, "AROA%s:%s", sim_hex_id(a, "certferry", 17), session));
    aws_text(x, "Arn",
             arena_printf(a, "arn:aws:sts::%s:assumed-role/certferry/%s", c->access->account, session));
    aws_close(x, "AssumedRoleUser");
    aws_open(x, "Credentials");
    aws_text(x, "AccessKeyId", g.key_id);
    aws_text(x, "SecretAccessKey", g.secret);
    aws_text(x, "SessionToken", g.token);
    aws_text(x, "Expiration", time_iso(a, g.expires_ms));
    aws_close(x, "Credentials");
    aws_end(c, x);
}

static const struct sim_param assume_role_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true},
    {"Version", IN_FORM, T_STRING, .required = true},
    {"RoleArn", IN_FORM, T_STRING, .required = true, .min = 20, .max = 2048},
    {"RoleSessionName", IN_FORM, T_STRING, .required = true, .min = 2, .max = 64},
    {"DurationSeconds", IN_FORM, T_INTEGER, .min = 900, .max = 43200},
    {"ExternalId", IN_FORM, T_STRING, .min = 2, .max = 1224},
    {"Policy", IN_FORM, T_STRING},
    {"PolicyArns.member[]", IN_FORM, T_OBJECT},
    {"PolicyArns.member[].arn", IN_FORM, T_STRING, .min = 20, .max = 2048},
    {"SourceIdentity", IN_FORM, T_STRING, .min = 2, .max = 64},
    {"Tags.member[]", IN_FORM, T_OBJECT, .count = 50},
    {"Tags.member[].Key", IN_FORM, T_STRING, .required = true, .min = 1, .max = 128, .count = 50},
    {"Tags.member[].Value", IN_FORM, T_STRING, .required = true, .max = 256, .count = 50},
    {"TransitiveTagKeys.member[]", IN_FORM, T_STRING, .min = 1, .max = 128, .count = 50},
    {"SerialNumber", IN_FORM, T_STRING, .min = 9, .max = 256},
    {"TokenCode", IN_FORM, T_STRING, .min = 6, .max = 6},
    {"ProvidedContexts.member[]", IN_FORM, T_OBJECT, .count = 5},
    {"ProvidedContexts.member[].ProviderArn", IN_FORM, T_STRING, .min = 20, .max = 2048, .count = 5},
    {"ProvidedContexts.member[].ContextAssertion", IN_FORM, T_STRING, .min = 4, .max = 2048, .count = 5},
};

static const struct sim_operation operations[] = {
    {.name = "AssumeRole", SIM_PARAMS(assume_role_params), .run = assume_role},
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

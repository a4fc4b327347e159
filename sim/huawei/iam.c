/* IAM: the account behind a key, and its projects, one per region. */
#include "sim/huawei/huawei.h"

#include <string.h>

static const char *link_of(struct sim_call *c)
{
    return arena_printf(c->arena, "https://%s%s", c->request->host, c->request->path);
}

static void list_domains(struct sim_call *c)
{
    huawei_reply(
        c, 200,
        json_format(c->arena,
                    "{'domains':[{'id':%s,'name':%s,'enabled':true,'description':'','links':{'self':%s}}"
                    "],'links':{'self':%s}}",
                    c->access->account, c->access->name, link_of(c), link_of(c)));
}

static bool fits(struct sim_call *c, const char *arg, const char *value)
{
    return !strcmp(sim_arg_or(c, arg, value), value);
}

static void put_projects(struct sim_call *c, size_t from, size_t size)
{
    struct buf b = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&b);
    size_t seen = 0;
    json_open_object(&w);
    json_key(&w, "projects");
    json_open_array(&w);
    for (size_t i = 0; i < countof(huawei_regions); i++) {
        const char *account = c->access->account;
        if (!fits(c, "name", huawei_regions[i]) || !fits(c, "domain_id", account) ||
            !fits(c, "parent_id", account) || !fits(c, "enabled", "true") || !fits(c, "is_domain", "false"))
            continue;
        if (seen >= from && seen - from < size)
            json_put_raw(&w, json_format(c->arena,
                                         "{'id':%s,'name':%s,'domain_id':%s,'parent_id':%s,'enabled':true,"
                                         "'is_domain':false,'description':'','links':{'self':%s}}",
                                         huawei_project(c->arena, account, huawei_regions[i]),
                                         huawei_regions[i], account, account, link_of(c)));
        seen++;
    }
    json_close_array(&w);
    json_member_raw(&w, "links", json_format(c->arena, "{'self':%s}", link_of(c)));
    json_close_object(&w);
    huawei_reply(c, 200, b.data);
}

static void list_projects(struct sim_call *c)
{
    int64_t page = sim_arg_int(c, "page", 1), size = sim_arg_int(c, "per_page", 5000);
    if (!sim_arg(c, "page") != !sim_arg(c, "per_page")) {
        sim_fail(c, 400, "Bad Request", "page and per_page go together.");
        return;
    }
    put_projects(c, (size_t)((page - 1) * size), (size_t)size);
}

static void list_auth_projects(struct sim_call *c)
{
    put_projects(c, 0, 5000);
}

static const struct sim_param keystone_list_projects_params[] = {
    {"domain_id", IN_QUERY, T_STRING},
    {"name", IN_QUERY, T_STRING},
    {"parent_id", IN_QUERY, T_STRING},
    {"enabled", IN_QUERY, T_BOOLEAN},
    {"is_domain", IN_QUERY, T_BOOLEAN},
    {"page", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"per_page", IN_QUERY, T_INTEGER, .min = 1, .max = 5000},
};

static const struct sim_operation operations[] = {
    {.name = "KeystoneListAuthDomains", .method = "GET", .path = "/v3/auth/domains", .run = list_domains},
    {.name = "KeystoneListProjects",
     .method = "GET",
     .path = "/v3/projects",
     SIM_PARAMS(keystone_list_projects_params),
     .run = list_projects},
    {.name = "KeystoneListAuthProjects",
     .method = "GET",
     .path = "/v3/auth/projects",
     .run = list_auth_projects},
};

static const char *const hosts[] = {"iam.myhuaweicloud.com", "iam.{region}.myhuaweicloud.com", NULL};

const struct sim_service sim_huawei_iam = {.cloud = "huawei",
                                           .code = "iam",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations)};

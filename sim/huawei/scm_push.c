/* What SCM tells of copies elsewhere: pushes make one per product and region, once; CDN is where ids themselves are bound.
 * A push is an object "@scm.push": certificate, service, region, time.
 */
#include "sim/huawei/elb.h"
#include "sim/huawei/scm.h"

#include <string.h>
#include <strings.h>

enum { RECORDS = 10, TEXT_BYTES = 1 << 20 };

static const char push_kind[] = "@scm.push";

/* "WAF" for "waf"; NULL for what certificates cannot be pushed to. */
static const char *service_named(const char *name)
{
    static const char *const services[] = {"CDN", "WAF", "ELB"};
    for (size_t i = 0; i < countof(services); i++)
        if (!strcasecmp(services[i], name))
            return services[i];
    return NULL;
}

static bool is_region(const char *name)
{
    for (size_t i = 0; i < countof(huawei_regions); i++)
        if (!strcmp(huawei_regions[i], name))
            return true;
    return false;
}

static const char *copy_there(struct sim_call *c, const struct sim_object *cert, const char *service,
                              const char *region)
{
    const char *id = sim_hex_id(c->arena, arena_printf(c->arena, "push %lld", (long long)sim_serial(c)), 32);
    const char *now = time_iso(c->arena, c->now_ms), *chain = sim_get(c, cert, "Cert"),
               *key = sim_get(c, cert, "Key"), *name = sim_get(c, cert, "name");
    if (!strcmp(service, "ELB"))
        SIM_CREATE(c, elb_cert_kind, region, id, {"name", name}, {"type", "server"},
                   {"domain", sim_cert_names(c->arena, cert->cert, ",")}, {"source", "scm"},
                   {"scm_certificate_id", cert->id}, {"enterprise_project_id", "0"}, {"created_at", now},
                   {"updated_at", now}, {"Cert", chain}, {"Key", key});
    if (!strcmp(service, "WAF"))
        SIM_CREATE(c, huawei_waf_cert_kind, region, id, {"name", name}, {"enterprise_project_id", "0"},
                   {"timestamp", arena_printf(c->arena, "%lld", (long long)c->now_ms)}, {"Cert", chain},
                   {"Key", key});
    return id;
}

/* The id over there, "" and *ret_message where it could not be done. */
static const char *push_one(struct sim_call *c, const struct sim_object *cert, const char *service,
                            const char *region, const char **ret_message)
{
    bool global = !strcmp(service, "CDN");
    const char *place = global ? "" : region;
    const char *record = arena_printf(c->arena, "%s/%s/%s", cert->id, service, place);
    *ret_message = "success";
    if (!global && !is_region(region))
        *ret_message = "Invalid region id.";
    else if (sim_find(c, push_kind, "", record))
        *ret_message = "The certificate has been pushed to the service.";
    if (strcmp(*ret_message, "success"))
        return "";
    SIM_CREATE(c, push_kind, "", record, {"certificate", cert->id}, {"service", service}, {"region", place},
               {"time", arena_printf(c->arena, "%lld", (long long)c->now_ms)});
    return copy_there(c, cert, service, place);
}

/* The certificate and the service of a push; NULL after refusing. */
static const struct sim_object *may_push(struct sim_call *c, const char **ret_service)
{
    const struct sim_object *o = scm_wanted(c);
    if (!o)
        return NULL;
    *ret_service = service_named(sim_arg(c, "target_service"));
    if (!*ret_service)
        sim_fail(c, 400, "SCM.0030", "Certificates cannot be pushed to this service.");
    else if (!scm_usable(c, o->id))
        sim_fail(c, 400, "SCM.0010", "This operation is not allowed by the certificate status.");
    else
        return o;
    return NULL;
}

void scm_push(struct sim_call *c)
{
    const char *service, *message;
    const struct sim_object *o = may_push(c, &service);
    if (!o)
        return;
    if (*push_one(c, o, service, sim_arg(c, "target_project"), &message))
        huawei_reply(c, 204, "");
    else
        sim_fail(c, 400, "SCM.0028", "Push cert error: %s", message);
}

void scm_batch_push(struct sim_call *c)
{
    const char *service, *message, *region;
    const struct sim_object *o = may_push(c, &service);
    if (!o)
        return;
    struct buf b = buf_new(c->arena, TEXT_BYTES);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    json_key(&w, "results");
    json_open_array(&w);
    for (size_t i = 0; (region = sim_arg_item(c, "target_projects[]", i)); i++) {
        const char *id = push_one(c, o, service, region, &message);
        json_put_raw(&w, json_format(c->arena, "{'project_name':%s,'cert_id':%s,'message':%s}", region, id,
                                     message));
    }
    json_close_array(&w);
    json_close_object(&w);
    huawei_reply(c, 200, b.data);
}

void scm_push_history(struct sim_call *c)
{
    struct buf b = buf_new(c->arena, TEXT_BYTES);
    struct json_writer w = json_writer_to(&b);
    const char *lines[RECORDS];
    size_t count = 0;
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, push_kind, "", &cursor));) {
        const char *region = sim_get(c, o, "region"), *service = sim_get(c, o, "service");
        if (!strcmp(sim_get(c, o, "certificate"), sim_arg(c, "cert_id")))
            lines[count++ % RECORDS] =
                json_format(c->arena, "{'push_time':%s,'push_remote_project':%s,'push_service':%s}",
                            sim_get(c, o, "time"), *region ? region : NULL, service);
    }
    json_open_object(&w);
    json_key(&w, "push_history_list");
    json_open_array(&w);
    for (size_t i = 0; i < count && i < RECORDS; i++) /* newest first */
        json_put_raw(&w, lines[(count - 1 - i) % RECORDS]);
    json_close_array(&w);
    json_close_object(&w);
    huawei_reply(c, 200, b.data);
}

/* ---- where a certificate is in use ---- */

static char *cdn_resources(struct sim_call *c, const char *id, int64_t *count)
{
    struct buf b = buf_new(c->arena, TEXT_BYTES);
    struct json_writer w = json_writer_to(&b);
    const struct sim_object *o;
    *count = 0;
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, huawei_cdn_kind, "", &cursor));) {
        if (strcmp(sim_get(c, o, "server.scm_certificate_id"), id) &&
            strcmp(sim_get(c, o, "server_sm.scm_certificate_id"), id))
            continue;
        json_put_raw(&w, json_format(c->arena, "{'resource_id':%s,'resource_name':%s}", sim_get(c, o, "id"),
                                     o->id));
        (*count)++;
    }
    json_close_array(&w);
    return b.data;
}

void scm_deployed_resources(struct sim_call *c)
{
    struct buf b = buf_new(c->arena, 4 * TEXT_BYTES);
    struct json_writer w = json_writer_to(&b);
    const char *id;
    bool asked = false;
    for (size_t i = 0; (id = sim_arg_item(c, "service_names[]", i)); i++)
        asked = asked || sim_list_has("ALL CDN", id);
    json_open_object(&w);
    json_key(&w, "results");
    json_open_array(&w);
    for (size_t i = 0; (id = sim_arg_item(c, "certificate_ids[]", i)); i++) {
        int64_t count;
        const char *resources = cdn_resources(c, id, &count);
        json_put_raw(&w,
                     json_format(c->arena, "{'certificate_id':%s,'total_num':%lld,'deployed_resources':%p}",
                                 id, (long long)(asked ? count : 0),
                                 !asked || !count
                                     ? "[]"
                                     : json_format(c->arena,
                                                   "[{'service':'CDN','resource_num':%lld,"
                                                   "'resource_location':'global','region_resources':[{"
                                                   "'region_id':'global','is_error':false,'resources':%p}]}]",
                                                   (long long)count, resources)));
    }
    json_close_array(&w);
    json_close_object(&w);
    huawei_reply(c, 200, b.data);
}

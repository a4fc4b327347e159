/* Alibaba Cloud's path-based (ROA) services: the operation is found by method and path and named once more in the header
 * x-acs-action; parameters stand in path and query, in a JSON body or in a form. Only ACS3 signs them.
 */
#include "sim/aliyun/aliyun.h"

#include <string.h>
#include <strings.h>

enum { PAIRS_MAX = 1024 };

static bool no(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_fail(c, status, code, "%s", message);
    return false;
}

bool aliyun_rest_operation(struct sim_call *c)
{
    for (size_t i = 0; i < c->service->operation_count && !c->operation; i++) {
        const struct sim_operation *o = &c->service->operations[i];
        if (!strcmp(o->method, c->request->method) && sim_path_match(c, o->path, c->request->path))
            c->operation = o;
    }
    return c->operation != NULL;
}

bool aliyun_rest_query(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    struct pairs query = {0};
    if (!query_parse(c->arena, r->query, strlen(r->query), true, PAIRS_MAX, &query, NULL))
        return false;
    for (size_t i = 0; i < query.count; i++) {
        if (pairs_get(&query, query.items[i].name) != query.items[i].value)
            return false; /* given twice */
        sim_param_flat(c, IN_QUERY, query.items[i].name, query.items[i].value, NULL);
    }
    return true;
}

static bool read_body(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *type = sim_request_header(r, "content-type");
    struct pairs form = {0};
    const struct json *v;
    if (!r->body_size)
        return true;
    if (type && !strncasecmp(type, "application/json", 16)) {
        if (!json_parse(c->arena, r->body, r->body_size, &v, NULL))
            return no(c, 400, "InvalidParameter", "The body is not valid JSON.");
        sim_param_json(c, v, "");
        return true;
    }
    if (!type || strncasecmp(type, "application/x-www-form-urlencoded", 33) ||
        !query_parse(c->arena, r->body, r->body_size, true, PAIRS_MAX, &form, NULL))
        return no(c, 400, "InvalidParameter", "The body is neither JSON nor a form.");
    for (size_t i = 0; i < form.count; i++)
        sim_param_flat(c, IN_FORM, form.items[i].name, form.items[i].value, NULL);
    return true;
}

bool aliyun_roa_route(struct sim_call *c)
{
    const char *action = sim_request_header(c->request, "x-acs-action");
    const char *version = sim_request_header(c->request, "x-acs-version");
    c->action = action ? action : "";
    if (!action || !version)
        return no(c, 400, version ? "MissingParameter" : "MissingVersion",
                  "x-acs-action and x-acs-version are mandatory.");
    if (!aliyun_rest_operation(c) || strcmp(action, c->operation->name)) {
        c->vendor->refuse(c, REFUSE_UNKNOWN_ACTION, action);
        return false;
    }
    if (strcmp(version, c->service->version))
        return no(c, 400, "InvalidVersion", "Specified parameter Version is not valid.");
    if (!aliyun_rest_query(c))
        return no(c, 400, "InvalidParameter", "The query cannot be decoded, or repeats a parameter.");
    return read_body(c);
}

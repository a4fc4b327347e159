#include "sim/huawei/elb.h"

#include <string.h>

const char elb_lb_kind[] = "elb.loadbalancer", elb_policy_kind[] = "elb.l7policy",
           elb_rule_kind[] = "elb.l7rule";

/* "a=1 b=2" -> [{"key":"a","value":"1"},...] */
static char *tags_json(struct sim_call *c, const char *tags)
{
    struct buf b = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&b);
    const char *tag;
    json_open_array(&w);
    for (size_t i = 0; (tag = sim_list_item(c->arena, tags, i)); i++) {
        size_t size = strcspn(tag, "=");
        json_put_raw(&w, json_format(c->arena, "{'key':%s,'value':%s}", arena_copy(c->arena, tag, size),
                                     tag + size + (tag[size] == '=')));
    }
    json_close_array(&w);
    return b.data;
}

static char *listener_ids(struct sim_call *c, const struct sim_object *lb)
{
    struct buf b = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&b);
    const struct sim_object *o;
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, elb_listener_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "loadbalancer_id"), lb->id))
            json_put_raw(&w, json_format(c->arena, "{'id':%s}", o->id));
    json_close_array(&w);
    return b.data;
}

bool elb_is_busy(struct sim_call *c, const char *load_balancer)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, elb_listener_kind, c->region, &cursor));)
        if (sim_settling(c, o) && !strcmp(sim_get(c, o, "loadbalancer_id"), load_balancer))
            return true;
    return false;
}

static char *load_balancer_json(struct sim_call *c, const struct sim_object *o)
{
    const char *eip = sim_get(c, o, "eip"), *id = sim_hex_id(c->arena, eip, 32);
    return json_format(
        c->arena,
        "{'id':%s,'name':%s,'description':'','provisioning_status':%s,'operating_status':'ONLINE',"
        "'admin_state_up':true,'provider':'vlb','project_id':%s,'vip_address':%s,'guaranteed':%p,'vpc_id':%s,"
        "'publicips':%p,'eips':%p,'global_eips':[],'listeners':%p,'tags':%p,'created_at':%s,'updated_at':%s,"
        "'protection_status':'nonProtection','enterprise_project_id':'0'}",
        o->id, sim_get(c, o, "name"), elb_is_busy(c, o->id) ? "PENDING_UPDATE" : "ACTIVE",
        huawei_project(c->arena, c->access->account, c->region), sim_get(c, o, "vip_address"),
        sim_get(c, o, "guaranteed"), sim_hex_id(c->arena, "vpc", 32),
        *eip ? json_format(c->arena, "[{'publicip_id':%s,'publicip_address':%s,'ip_version':4}]", id, eip)
             : "[]",
        *eip ? json_format(c->arena, "[{'eip_id':%s,'eip_address':%s,'ip_version':4}]", id, eip) : "[]",
        listener_ids(c, o), tags_json(c, sim_get(c, o, "tags")), sim_get(c, o, "created_at"),
        sim_get(c, o, "created_at"));
}

void elb_list_load_balancers(struct sim_call *c)
{
    struct elb_page p;
    const struct sim_object *o;
    if (!elb_page_open(c, &p, elb_lb_kind, "loadbalancers"))
        return;
    for (size_t cursor = 0; (o = elb_page_next(c, &p, elb_lb_kind, &cursor));)
        json_put_raw(&p.w, load_balancer_json(c, o));
    elb_page_close(c, &p);
}

void elb_show_load_balancer(struct sim_call *c)
{
    const struct sim_object *o = sim_find(c, elb_lb_kind, c->region, sim_arg(c, "loadbalancer_id"));
    if (!o)
        sim_fail(c, 404, "ELB.1003", "Load balancer %s could not be found.", sim_arg(c, "loadbalancer_id"));
    else
        huawei_reply(c, 200,
                     json_format(c->arena, "{'loadbalancer':%p,'request_id':%s}", load_balancer_json(c, o),
                                 c->request_id));
}

static char *rule_ids(struct sim_call *c, const struct sim_object *policy)
{
    struct buf b = buf_new(c->arena, 1 << 16);
    struct json_writer w = json_writer_to(&b);
    const struct sim_object *o;
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, elb_rule_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "l7policy_id"), policy->id))
            json_put_raw(&w, json_format(c->arena, "{'id':%s}", o->id));
    json_close_array(&w);
    return b.data;
}

void elb_list_policies(struct sim_call *c)
{
    struct elb_page p;
    const struct sim_object *o;
    if (!elb_page_open(c, &p, elb_policy_kind, "l7policies"))
        return;
    for (size_t cursor = 0; (o = elb_page_next(c, &p, elb_policy_kind, &cursor));)
        json_put_raw(&p.w,
                     json_format(c->arena,
                                 "{'id':%s,'name':%s,'listener_id':%s,'action':%s,'admin_state_up':true,"
                                 "'provisioning_status':'ACTIVE','project_id':%s,'rules':%p}",
                                 o->id, sim_get(c, o, "name"), sim_get(c, o, "listener_id"),
                                 sim_get(c, o, "action"),
                                 huawei_project(c->arena, c->access->account, c->region), rule_ids(c, o)));
    elb_page_close(c, &p);
}

void elb_list_rules(struct sim_call *c)
{
    struct elb_page p;
    const struct sim_object *o;
    if (!elb_page_open(c, &p, elb_rule_kind, "rules"))
        return;
    for (size_t cursor = 0; (o = elb_page_next(c, &p, elb_rule_kind, &cursor));)
        json_put_raw(
            &p.w,
            json_format(c->arena,
                        "{'id':%s,'type':%s,'compare_type':%s,'value':%s,'key':null,'conditions':[{'key':'',"
                        "'value':%s}],'invert':false,'admin_state_up':true,'provisioning_status':'ACTIVE',"
                        "'project_id':%s}",
                        o->id, sim_get(c, o, "type"), sim_get(c, o, "compare_type"), sim_get(c, o, "value"),
                        sim_get(c, o, "value"), huawei_project(c->arena, c->access->account, c->region)));
    elb_page_close(c, &p);
}

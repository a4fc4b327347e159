#include "sim/tencent/clb.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 20 };

const char clb_lb_kind[] = "clb.loadbalancer", clb_listener_kind[] = "clb.listener";

static bool id_is_asked(struct sim_call *c, const char *pattern, const char *id)
{
    const char *item;
    for (size_t i = 0; (item = sim_arg_item(c, pattern, i)); i++)
        if (!strcmp(item, id))
            return true;
    return !sim_arg_count(c, pattern);
}

static void put_number(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                       const char *name)
{
    json_member_int(w, name, strtoll(sim_get(c, o, name), NULL, 10));
}

static void put_load_balancer(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    static const char *const texts[] = {"LoadBalancerName", "LoadBalancerType", "LoadBalancerDomain", "VpcId",
                                        "CreateTime"};
    json_open_object(w);
    json_member_string(w, "LoadBalancerId", o->id);
    for (size_t i = 0; i < countof(texts); i++)
        json_member_string(w, texts[i], sim_get(c, o, texts[i]));
    put_number(c, w, o, "Forward");
    json_member_raw(w, "LoadBalancerVips", "[]");
    json_member_int(w, "Status", 1);
    json_member_int(w, "Isolation", 0);
    json_member_int(w, "ProjectId", 0);
    json_member_raw(w, "Tags", "[]");
    json_close_object(w);
}

void clb_describe_load_balancers(struct sim_call *c)
{
    int64_t from = sim_arg_int(c, "Offset", 0), size = sim_arg_int(c, "Limit", PAGE_SIZE), total = 0;
    if (!tencent_is_region(c, tencent_regions, countof(tencent_regions)))
        return;
    struct tencent_answer *answer = tencent_begin(c);
    json_key(&answer->w, "LoadBalancerSet");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, clb_lb_kind, c->region, &cursor));) {
        if (!id_is_asked(c, "LoadBalancerIds[]", o->id) ||
            strcmp(sim_arg_or(c, "Forward", sim_get(c, o, "Forward")), sim_get(c, o, "Forward")))
            continue;
        if (total >= from && total < from + size)
            put_load_balancer(c, &answer->w, o);
        total++;
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "TotalCount", total);
    tencent_end(c, answer);
}

/* ---- listeners ---- */

static const char *at(struct sim_call *c, const struct sim_fields *f, const char *place, const char *name)
{
    return sim_field(f, arena_printf(c->arena, "%s.%s", place, name));
}

static const char *or_null(const char *text)
{
    return *text ? text : NULL;
}

static char *certificate_json(struct sim_call *c, const struct sim_fields *f, const char *place)
{
    const char *more = at(c, f, place, "ExtCertIds"), *items[16];
    size_t n = 0;
    if (!*at(c, f, place, "CertId"))
        return NULL;
    while (n < countof(items) && (items[n] = sim_list_item(c->arena, more, n)))
        n++;
    return json_format(c->arena,
                       "{'SSLMode':%s,'SSLVerifyClient':%s,'CertId':%s,'CertCaId':%s,'ExtCertIds':%p}",
                       at(c, f, place, "SSLMode"), or_null(at(c, f, place, "SSLVerifyClient")),
                       at(c, f, place, "CertId"), or_null(at(c, f, place, "CertCaId")),
                       n ? json_strings(c->arena, items, n) : NULL);
}

static void put_rules(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                      const struct sim_fields *f)
{
    const char *id, *list = sim_field(f, "Rules");
    bool sni = !strcmp(sim_field(f, "SniSwitch"), "1");
    json_key(w, "Rules");
    json_open_array(w);
    for (size_t i = 0; (id = sim_list_item(c->arena, list, i)); i++) {
        const char *domain = at(c, f, id, "Domain"), *http2 = at(c, f, domain, "Http2");
        json_put_raw(w, json_format(c->arena,
                                    "{'LocationId':%s,'ListenerId':%s,'Domain':%s,'Domains':[%s],'Url':%s,"
                                    "'DefaultServer':%p,'Http2':%p,'Certificate':%p}",
                                    id, sim_get(c, o, "ListenerId"), domain, domain, at(c, f, id, "Url"),
                                    json_boolean(i == 0), json_boolean(strcmp(http2, "false") != 0),
                                    sni ? certificate_json(c, f, domain) : NULL));
    }
    json_close_array(w);
}

static void put_listener(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct sim_fields *f = state_shown(c->state, o);
    static const char *const numbers[] = {"Port", "SniSwitch", "KeepaliveEnable", "SessionExpireTime"};
    json_open_object(w);
    json_member_string(w, "ListenerId", sim_get(c, o, "ListenerId"));
    json_member_string(w, "ListenerName", sim_field(f, "ListenerName"));
    json_member_string(w, "Protocol", sim_field(f, "Protocol"));
    for (size_t i = 0; i < countof(numbers); i++)
        json_member_int(w, numbers[i], strtoll(sim_field(f, numbers[i]), NULL, 10));
    json_member_string(w, "Scheduler", sim_field(f, "Scheduler"));
    json_member_raw(w, "Certificate", certificate_json(c, f, "Certificate"));
    if (*sim_field(f, "Rules"))
        put_rules(c, w, o, f);
    else
        json_member_raw(w, "Rules", NULL);
    json_close_object(w);
}

static struct sim_object *wanted_lb(struct sim_call *c, const char *forward)
{
    const char *id = sim_arg(c, "LoadBalancerId");
    if (!tencent_is_region(c, tencent_regions, countof(tencent_regions)))
        return NULL;
    struct sim_object *lb = sim_find(c, clb_lb_kind, c->region, id);
    if (lb && strcmp(sim_get(c, lb, "Forward"), forward))
        sim_fail(c, 200, "UnsupportedOperation", "The load balancer %s is of the other generation.", id);
    else if (lb)
        return lb;
    else
        sim_fail(c, 200, "InvalidParameter.LBIdNotFound", "The load balancer %s does not exist.", id);
    return NULL;
}

void clb_describe_listeners(struct sim_call *c)
{
    const struct sim_object *lb = wanted_lb(c, "1"), *o;
    int64_t total = 0;
    if (!lb)
        return;
    struct tencent_answer *answer = tencent_begin(c);
    json_key(&answer->w, "Listeners");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, clb_listener_kind, c->region, &cursor));) {
        if (strcmp(sim_get(c, o, "LoadBalancerId"), lb->id) ||
            !id_is_asked(c, "ListenerIds[]", sim_get(c, o, "ListenerId")) ||
            strcmp(sim_arg_or(c, "Protocol", sim_get(c, o, "Protocol")), sim_get(c, o, "Protocol")) ||
            strcmp(sim_arg_or(c, "Port", sim_get(c, o, "Port")), sim_get(c, o, "Port")))
            continue;
        put_listener(c, &answer->w, o);
        total++;
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "TotalCount", total);
    tencent_end(c, answer);
}

void clb_describe_classic(struct sim_call *c)
{
    const struct sim_object *lb = wanted_lb(c, "0"), *o;
    if (!lb)
        return;
    struct tencent_answer *answer = tencent_begin(c);
    json_key(&answer->w, "Listeners");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (o = sim_next(c, clb_listener_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "LoadBalancerId"), lb->id))
            json_put_raw(
                &answer->w,
                json_format(c->arena,
                            "{'ListenerId':%s,'ListenerPort':%p,'Protocol':%s,'SSLMode':%s,'CertId':%s,"
                            "'CertCaId':null,'Status':1}",
                            sim_get(c, o, "ListenerId"), sim_get(c, o, "Port"), sim_get(c, o, "Protocol"),
                            sim_get(c, o, "Certificate.SSLMode"), sim_get(c, o, "Certificate.CertId")));
    json_close_array(&answer->w);
    tencent_end(c, answer);
}

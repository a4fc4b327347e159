#include "sim/huawei/elb.h"

#include <stdlib.h>
#include <string.h>

enum { LISTENERS_PER_LB = 5 };
static const int64_t day_ms = 86400000;

bool elb_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const char *lb_id = sim_field(o->now, "loadbalancer_id");
    const struct sim_object *lb = state_find(s, "huawei", o->account, elb_lb_kind, o->scope, lb_id);
    if (!lb || !*sim_field(o->now, "default_tls_container_ref"))
        return false;
    const char *eip = sim_field(lb->now, "eip"), *vip = sim_field(lb->now, "vip_address");
    *ret = (struct sim_entry){.product = "elb",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, *eip ? eip : vip),
                              .port = (unsigned)strtoul(sim_field(o->now, "protocol_port"), NULL, 10)};
    return true;
}

static const struct sim_object *cert_of(struct sim_state *s, const struct sim_object *o, const char *id)
{
    return state_find_ever(s, "huawei", o->account, elb_cert_kind, o->scope, id);
}

const struct sim_object *elb_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name)
{
    const char *list = sim_field(view, "sni_container_refs"), *id;
    struct arena *a = arena_new(1 << 16);
    const struct sim_object *found = NULL;
    for (size_t i = 0; *server_name && !found && (id = sim_list_item(a, list, i)); i++) {
        const struct sim_object *cert = cert_of(s, o, id);
        if (cert && cert->cert && sim_cert_covers(cert->cert, server_name))
            found = cert;
    }
    arena_free(a);
    return found ? found : cert_of(s, o, sim_field(view, "default_tls_container_ref"));
}

/* ---- seeding ---- */

static char *uuid(struct sim_seeding *s, const char *what, size_t n)
{
    const char *hex = sim_hex_id(s->arena, arena_printf(s->arena, "%s %s %zu", what, s->account, n), 32);
    return arena_printf(s->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static const char *seed_cert(struct sim_seeding *s, const char *region, const char *name)
{
    const char *chain, *key, *at = time_iso(s->arena, s->now_ms - 80 * day_ms);
    const char *id = sim_hex_id(s->arena, arena_printf(s->arena, "old elb %s", name), 32);
    sim_seed_cert(s, name, &chain, &key);
    SIM_SEED(s, elb_cert_kind, region, id, {"name", arena_printf(s->arena, "old-%.8s", id)},
             {"type", "server"}, {"domain", name}, {"enterprise_project_id", "0"}, {"created_at", at},
             {"updated_at", at}, {"Cert", chain}, {"Key", key});
    return id;
}

static void seed_lb(struct sim_seeding *s, size_t n, const char *region, const char *lb)
{
    const char *tags =
        sim_seed_is_owned(n) ? "kubernetes.io/cluster-id=c5d1e2f3a4 kubernetes.io/ingress=shop" : "";
    bool internal = n % 4 == 3;
    SIM_SEED(s, elb_lb_kind, region, lb, {"name", arena_printf(s->arena, "web-%zu", n)},
             {"vip_address", arena_printf(s->arena, "10.0.%zu.%zu", n / 250, n % 250 + 1)},
             {"eip", internal ? "" : arena_printf(s->arena, "198.18.%zu.%zu", n / 250, n % 250 + 1)},
             {"guaranteed", n % 3 == 2 ? "false" : "true"}, {"tags", tags},
             {"created_at", time_iso(s->arena, s->now_ms - 100 * day_ms)});
    SIM_SEED(s, elb_listener_kind, region, uuid(s, "plain", n), {"name", "plain"}, {"loadbalancer_id", lb},
             {"protocol", "HTTP"}, {"protocol_port", "80"}, {"enterprise_project_id", "0"});
}

static void seed_rules(struct sim_seeding *s, size_t n, const char *region, const char *listener,
                       const char *names)
{
    const char *policy = uuid(s, "policy", n), *name;
    SIM_SEED(s, elb_policy_kind, region, policy, {"listener_id", listener}, {"action", "REDIRECT_TO_POOL"},
             {"name", arena_printf(s->arena, "policy-%zu", n)});
    for (size_t i = 0; (name = sim_list_item(s->arena, names, i)); i++)
        SIM_SEED(s, elb_rule_kind, region, uuid(s, name, n), {"l7policy_id", policy}, {"type", "HOST_NAME"},
                 {"compare_type", "EQUAL_TO"}, {"value", name});
}

void elb_generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_LB;
    const char *region = huawei_regions[number % countof(huawei_regions)], *lb = uuid(s, "lb", number);
    const char *names = sim_seed_names(s, n), *second = sim_list_item(s->arena, names, 1);
    const char *listener = uuid(s, "listener", n), *protocol = number % 3 == 2 ? "TERMINATED_HTTPS" : "HTTPS";
    seed_lb(s, number, region, lb);
    const char *cert = seed_cert(s, region, sim_list_item(s->arena, names, 0));
    SIM_SEED(s, elb_listener_kind, region, listener, {"name", arena_printf(s->arena, "listener-%zu", n)},
             {"loadbalancer_id", lb}, {"protocol", protocol}, {"@names", names},
             {"protocol_port",
              n % LISTENERS_PER_LB ? arena_printf(s->arena, "%zu", 8442 + n % LISTENERS_PER_LB) : "443"},
             {"default_tls_container_ref", cert},
             {"client_ca_tls_container_ref", n % 10 == 4 ? uuid(s, "ca", number) : ""},
             {"sni_container_refs", second ? seed_cert(s, region, second) : ""},
             {"sni_match_algo", "wildcard"}, {"http2_enable", "true"}, {"tls_ciphers_policy", "tls-1-2"},
             {"enterprise_project_id", "0"}, {"protection_status", "nonProtection"});
    if (n % 2 == 0)
        seed_rules(s, n, region, listener, names);
}

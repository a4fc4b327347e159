#include "sim/aliyun/slb.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LISTENERS_PER_LB = 5, FIRST_PORT = 8442 };

const char slb_lb_kind[] = "slb.loadbalancer", slb_listener_kind[] = "slb.listener";

char *slb_part(struct arena *a, const char *extension, size_t n)
{
    for (; n; n--)
        extension += strcspn(extension, ",") + 1;
    return arena_copy(a, extension, strcspn(extension, ","));
}

bool slb_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *lb =
        state_find(s, "aliyun", o->account, slb_lb_kind, o->scope, sim_field(o->now, "LoadBalancerId"));
    if (!lb || strcmp(sim_field(o->now, "ListenerProtocol"), "https"))
        return false;
    *ret = (struct sim_entry){.product = "clb",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(lb->now, "Address")),
                              .port = (unsigned)strtoul(sim_field(o->now, "ListenerPort"), NULL, 10)};
    return true;
}

/* An extension of exactly this name, or one for the names one label below "*.". */
const struct sim_object *slb_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name)
{
    struct arena *a = arena_new(1 << 16);
    const char *list = sim_field(view, "Extensions"), *x, *found = sim_field(view, "ServerCertificateId");
    const char *above = server_name + strcspn(server_name, ".");
    bool exact = false;
    for (size_t i = 0; *server_name && !exact && (x = sim_list_item(a, list, i)); i++) {
        const char *domain = slb_part(a, x, 1);
        exact = !strcasecmp(domain, server_name);
        if (exact || (*domain == '*' && !strcasecmp(domain + 1, above)))
            found = slb_part(a, x, 2);
    }
    const struct sim_object *cert = state_find_ever(s, "aliyun", o->account, slb_cert_kind, o->scope, found);
    arena_free(a);
    return cert;
}

static void generate_lb(struct sim_seeding *s, size_t n, const char *region, const char *lb)
{
    bool owned = n % 5 == 4, intranet = n % 4 == 3;
    SIM_SEED(s, slb_lb_kind, region, lb, {"LoadBalancerName", arena_printf(s->arena, "classic-%zu", n)},
             {"Address",
              arena_printf(s->arena, intranet ? "192.168.%zu.%zu" : "47.98.%zu.%zu", n / 250, n % 250 + 1)},
             {"AddressType", intranet ? "intranet" : "internet"}, {"LoadBalancerSpec", "slb.s2.small"},
             {"Tags", owned ? "ack.aliyun.com=c5d1e2f3a4 kubernetes.do.not.delete=a1b2c3" : "team=web"});
    SIM_SEED(s, slb_listener_kind, region, arena_printf(s->arena, "%s/80", lb), {"LoadBalancerId", lb},
             {"ListenerProtocol", "http"}, {"ListenerPort", "80"});
}

/* "api-r0002.example.com", "api.shop.example" */
static const char *beside(struct sim_seeding *s, const char *name)
{
    return *name == '*' ? arena_printf(s->arena, "api%s", name + 1) : arena_printf(s->arena, "api-%s", name);
}

static const char *extension(struct sim_seeding *s, const char *region, size_t n, const char *domain)
{
    return arena_printf(s->arena, "de-%s,%s,%s",
                        sim_hex_id(s->arena, arena_printf(s->arena, "de %zu", n), 12), domain,
                        slb_seed_cert(s, region, domain));
}

void slb_generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_LB,
           port = n % LISTENERS_PER_LB ? FIRST_PORT + n % LISTENERS_PER_LB : 443;
    const char *region = aliyun_regions[number % countof(aliyun_regions)];
    const char *lb =
        arena_printf(s->arena, "lb-%s", sim_hex_id(s->arena, arena_printf(s->arena, "clb %zu", number), 17));
    const char *names = sim_seed_names(s, n), *first = sim_list_item(s->arena, names, 0);
    const char *second = sim_list_item(s->arena, names, 1);
    const char *extended = second ? second : n % LISTENERS_PER_LB == 2 ? beside(s, first) : NULL;
    generate_lb(s, number, region, lb);
    SIM_SEED(s, slb_listener_kind, region, arena_printf(s->arena, "%s/%zu", lb, port), {"LoadBalancerId", lb},
             {"ListenerProtocol", "https"}, {"ListenerPort", arena_printf(s->arena, "%zu", port)},
             {"Description", arena_printf(s->arena, "https-%zu", n)},
             {"TLSCipherPolicy", "tls_cipher_policy_1_2"}, {"EnableHttp2", "on"}, {"Gzip", "on"},
             {"StickySession", "off"}, {"HealthCheck", "off"}, {"XForwardedFor", "on"}, {"IdleTimeout", "15"},
             {"RequestTimeout", "60"}, {"@names", names},
             {"CACertificateId", n % 4 == 2 ? "139a00604ad-cn-east-hangzhou-01" : ""},
             {"RuleDomains", n % 2 ? "" : first}, {"ServerCertificateId", slb_seed_cert(s, region, first)},
             {"Extensions", extended ? extension(s, region, n, extended) : ""});
}

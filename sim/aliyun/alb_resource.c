#include "sim/aliyun/alb.h"

#include <stdlib.h>
#include <string.h>

enum { LISTENERS_PER_LB = 5 };

const char alb_lb_kind[] = "alb.loadbalancer", alb_listener_kind[] = "alb.listener",
           alb_rule_kind[] = "alb.rule";

static void generate_lb(struct sim_seeding *s, size_t n, const char *region, const char *lb)
{
    const char *tags =
        sim_seed_is_owned(n) ? "ack.aliyun.com=c5d1e2f3a4 ingress.k8s.alibaba/albconfig=default/shop" : "";
    SIM_SEED(s, alb_lb_kind, region, lb, {"LoadBalancerName", arena_printf(s->arena, "web-%zu", n)},
             {"DNSName", arena_printf(s->arena, "%s.%s.alb.aliyuncsslb.com", lb, region)},
             {"AddressType", n % 4 == 3 ? "Intranet" : "Internet"}, {"VpcId", "vpc-bp1aevy8sofi8mh1qc5cm"},
             {"LoadBalancerEdition", n % 3 == 0 ? "Basic" : "Standard"}, {"Tags", tags});
    const char *plain = sim_hex_id(s->arena, arena_printf(s->arena, "http %s", lb), 18);
    SIM_SEED(s, alb_listener_kind, region, arena_printf(s->arena, "lsn-%s", plain), {"LoadBalancerId", lb},
             {"ListenerProtocol", "HTTP"}, {"ListenerPort", "80"}, {"ServerGroupId", "sgp-plain"});
}

void alb_generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_LB;
    const char *region = aliyun_regions[number % countof(aliyun_regions)];
    const char *site = strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
    const char *lb =
        arena_printf(s->arena, "alb-%s", sim_hex_id(s->arena, arena_printf(s->arena, "lb %zu", number), 18));
    const char *id =
        arena_printf(s->arena, "lsn-%s", sim_hex_id(s->arena, arena_printf(s->arena, "ls %zu", n), 18));
    const char *names = sim_seed_names(s, n), *second = sim_list_item(s->arena, names, 1);
    generate_lb(s, number, region, lb);
    const char *cert = aliyun_seed_cas(s, site, sim_list_item(s->arena, names, 0));
    const char *more = second ? arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, second), site) : "";
    SIM_SEED(s, alb_listener_kind, region, id, {"LoadBalancerId", lb}, {"ListenerProtocol", "HTTPS"},
             {"ListenerPort",
              n % LISTENERS_PER_LB ? arena_printf(s->arena, "%zu", 8442 + n % LISTENERS_PER_LB) : "443"},
             {"ListenerDescription", arena_printf(s->arena, "listener-%zu", n)}, {"GzipEnabled", "true"},
             {"Http2Enabled", "true"}, {"IdleTimeout", "15"}, {"RequestTimeout", "60"},
             {"CaEnabled", n % 10 == 4 ? "true" : "false"}, {"SecurityPolicyId", "tls_cipher_policy_1_2"},
             {"ServerGroupId", "sgp-web"}, {"@names", names},
             {"Certificates", arena_printf(s->arena, "%s-%s", cert, site)}, {"AdditionalCertificates", more});
    if (n % 2 == 0)
        SIM_SEED(s, alb_rule_kind, region, arena_printf(s->arena, "rule-%s", id + 4), {"ListenerId", id},
                 {"LoadBalancerId", lb}, {"RuleName", arena_printf(s->arena, "rule-%zu", n)},
                 {"Priority", "1"}, {"Hosts", names});
}

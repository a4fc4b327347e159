#include "sim/aws/elbv2.h"

#include <stdlib.h>
#include <string.h>

enum { LISTENERS_PER_LB = 5 };

bool elbv2_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const char *lb_arn = sim_field(o->now, "LoadBalancerArn");
    const struct sim_object *lb = state_find(s, "aws", o->account, elbv2_lb_kind, o->scope, lb_arn);
    if (!lb || !*sim_field(o->now, "DefaultCertificate"))
        return false;
    *ret = (struct sim_entry){.product = "alb",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(lb->now, "DNSName")),
                              .port = (unsigned)strtoul(sim_field(o->now, "Port"), NULL, 10)};
    return true;
}

/* Among several that fit ECDSA goes before RSA, then the larger key, then the longer validity. */
static bool is_better(const struct sim_object *cert, const struct sim_object *than)
{
    const struct x509 *x = sim_leaf(cert->cert), *y = than ? sim_leaf(than->cert) : NULL;
    if (!y || x->key_type != y->key_type)
        return !y || x->key_type == KEY_ECDSA;
    return x->key_bits != y->key_bits ? x->key_bits > y->key_bits : x->not_after_ms > y->not_after_ms;
}

const struct sim_object *elbv2_choose(struct sim_state *s, const struct sim_object *o,
                                      const struct sim_fields *view, const char *server_name)
{
    const char *list = sim_field(view, "Certificates"), *arn;
    struct arena *a = arena_new(1 << 16);
    const struct sim_object *best = NULL;
    for (size_t i = 0; *server_name && (arn = sim_list_item(a, list, i)); i++) {
        const struct sim_object *cert = aws_cert_ever(s, o->account, arn);
        if (cert && cert->cert && sim_cert_covers(cert->cert, server_name) && is_better(cert, best))
            best = cert;
    }
    arena_free(a);
    return best ? best : aws_cert_ever(s, o->account, sim_field(view, "DefaultCertificate"));
}

static const char *seed_lb(struct sim_seeding *s, size_t n, const char *region)
{
    const char *hex = sim_hex_id(s->arena, arena_printf(s->arena, "aws lb %zu", n), 16);
    const char *name = arena_printf(s->arena, "web-%zu", n);
    const char *arn = arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:loadbalancer/app/%s/%s",
                                   region, s->account, name, hex);
    bool internal = n % 4 == 3;
    const char *tags =
        sim_seed_is_owned(n) ? "elbv2.k8s.aws/cluster=shop ingress.k8s.aws/stack=default/shop" : "";
    SIM_SEED(s, elbv2_lb_kind, region, arn, {"LoadBalancerName", name}, {"VpcId", "vpc-0a1b2c3d4e5f60718"},
             {"Scheme", internal ? "internal" : "internet-facing"}, {"tags", tags},
             {"CreatedTime", time_iso(s->arena, s->now_ms - 100 * 86400000LL)},
             {"DNSName", arena_printf(s->arena, "%s%s-%zu.%s.elb.amazonaws.com", internal ? "internal-" : "",
                                      name, 1000000000 + n, region)});
    SIM_SEED(s, elbv2_listener_kind, region,
             arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:listener/app/%s/%s/%s", region,
                          s->account, name, hex,
                          sim_hex_id(s->arena, arena_printf(s->arena, "aws plain %zu", n), 16)),
             {"LoadBalancerArn", arn}, {"Protocol", "HTTP"}, {"Port", "80"});
    return arn;
}

void elbv2_generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_LB;
    const char *region = aws_regions[number % countof(aws_regions)], *lb = seed_lb(s, number, region);
    const char *names = sim_seed_names(s, n), *second = sim_list_item(s->arena, names, 1);
    const char *tail = strstr(lb, "/app/"),
               *hex = sim_hex_id(s->arena, arena_printf(s->arena, "aws ls %zu", n), 16);
    const char *listener = arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:listener%s/%s", region,
                                        s->account, tail, hex);
    SIM_SEED(s, elbv2_listener_kind, region, listener, {"LoadBalancerArn", lb}, {"Protocol", "HTTPS"},
             {"Port",
              n % LISTENERS_PER_LB ? arena_printf(s->arena, "%zu", 8442 + n % LISTENERS_PER_LB) : "443"},
             {"SslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06"}, {"@names", names},
             {"DefaultCertificate", aws_seed_acm(s, region, sim_list_item(s->arena, names, 0))},
             {"Certificates", second ? aws_seed_acm(s, region, second) : ""});
    if (n % 2 == 0)
        SIM_SEED(s, elbv2_rule_kind, region,
                 arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:listener-rule%s/%s/%s", region,
                              s->account, tail, hex,
                              sim_hex_id(s->arena, arena_printf(s->arena, "aws rule %zu", n), 16)),
                 {"ListenerArn", listener}, {"Priority", "10"}, {"Hosts", names});
}

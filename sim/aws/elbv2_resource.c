#include "sim/aws/elbv2.h"

#include <stdlib.h>
#include <string.h>

enum { LISTENERS_PER_LB = 5 };

static const struct kind { /* the two types of load balancers, as resources */
    const char *product, *type, *arn, *name, *protocol, *policy, *tags;
} application = {"alb",
                 "application",
                 "app",
                 "web",
                 "HTTPS",
                 "ELBSecurityPolicy-TLS13-1-2-2021-06",
                 "elbv2.k8s.aws/cluster=shop ingress.k8s.aws/stack=default/shop"},
  network = {"nlb",
             "network",
             "net",
             "gate",
             "TLS",
             "ELBSecurityPolicy-TLS13-1-2-2021-06",
             "team=shop aws:cloudformation:stack-name=shop-edge"};

bool elbv2_is_network(const struct sim_object *listener)
{
    return !strcmp(sim_field(listener->now, "Protocol"), network.protocol);
}

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, const struct kind *kind,
                  struct sim_entry *ret)
{
    const char *lb_arn = sim_field(o->now, "LoadBalancerArn");
    const struct sim_object *lb = state_find(s, "aws", o->account, elbv2_lb_kind, o->scope, lb_arn);
    if (!lb || strcmp(sim_field(lb->now, "Type"), kind->type) || !*sim_field(o->now, "DefaultCertificate"))
        return false;
    *ret = (struct sim_entry){.product = kind->product,
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(lb->now, "DNSName")),
                              .port = (unsigned)strtoul(sim_field(o->now, "Port"), NULL, 10)};
    return true;
}

bool elbv2_application_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                             struct sim_entry *ret)
{
    return entry(a, s, o, &application, ret);
}

bool elbv2_network_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                         struct sim_entry *ret)
{
    return entry(a, s, o, &network, ret);
}

/* Among several that fit the larger key goes first, then the longer validity; an Application Load Balancer takes ECDSA before
 * RSA whatever their sizes.
 */
static bool is_better(const struct sim_object *cert, const struct sim_object *than, bool ecdsa_first)
{
    const struct x509 *x = sim_leaf(cert->cert), *y = than ? sim_leaf(than->cert) : NULL;
    if (!y || (ecdsa_first && x->key_type != y->key_type))
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
        if (cert && cert->cert && sim_cert_covers(cert->cert, server_name) &&
            is_better(cert, best, !elbv2_is_network(o)))
            best = cert;
    }
    arena_free(a);
    return best ? best : aws_cert_ever(s, o->account, sim_field(view, "DefaultCertificate"));
}

static const char *dns_name(struct sim_seeding *s, const struct kind *kind, const char *name, const char *hex,
                            size_t n, const char *region, bool internal)
{
    if (kind == &network)
        return arena_printf(s->arena, "%s-%s.elb.%s.amazonaws.com", name, hex, region);
    return arena_printf(s->arena, "%s%s-%zu.%s.elb.amazonaws.com", internal ? "internal-" : "", name,
                        1000000000 + n, region);
}

static const char *seed_lb(struct sim_seeding *s, size_t n, const char *region, const struct kind *kind)
{
    bool app = kind == &application, internal = n % 4 == 3;
    const char *hex = sim_hex_id(s->arena, arena_printf(s->arena, "aws %s %zu", app ? "lb" : "net", n), 16);
    const char *name = arena_printf(s->arena, "%s-%zu", kind->name, n);
    const char *arn = arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:loadbalancer/%s/%s/%s",
                                   region, s->account, kind->arn, name, hex);
    SIM_SEED(s, elbv2_lb_kind, region, arn, {"LoadBalancerName", name}, {"VpcId", "vpc-0a1b2c3d4e5f60718"},
             {"Type", kind->type}, {"Scheme", internal ? "internal" : "internet-facing"},
             {"tags", sim_seed_is_owned(n) ? kind->tags : ""},
             {"CreatedTime", time_iso(s->arena, s->now_ms - 100 * 86400000LL)},
             {"DNSName", dns_name(s, kind, name, hex, n, region, internal)});
    SIM_SEED(s, elbv2_listener_kind, region,
             arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:listener/%s/%s/%s/%s", region,
                          s->account, kind->arn, name, hex,
                          sim_hex_id(s->arena,
                                     arena_printf(s->arena, "aws %s %zu", app ? "plain" : "netplain", n),
                                     16)),
             {"LoadBalancerArn", arn}, {"Protocol", app ? "HTTP" : "TCP"}, {"Port", "80"});
    return arn;
}

static void generate(struct sim_seeding *s, size_t n, const struct kind *kind)
{
    size_t number = n / LISTENERS_PER_LB;
    bool app = kind == &application, mutual = app && n % 10 == 4;
    const char *region = aws_regions[number % countof(aws_regions)], *lb = seed_lb(s, number, region, kind);
    const char *names = sim_seed_names(s, n), *second = sim_list_item(s->arena, names, 1);
    const char *tail = strstr(lb, arena_printf(s->arena, "/%s/", kind->arn));
    const char *hex = sim_hex_id(s->arena, arena_printf(s->arena, "aws %s %zu", app ? "ls" : "netls", n), 16);
    const char *listener = arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:listener%s/%s", region,
                                        s->account, tail, hex);
    SIM_SEED(s, elbv2_listener_kind, region, listener, {"LoadBalancerArn", lb}, {"Protocol", kind->protocol},
             {"Port",
              n % LISTENERS_PER_LB ? arena_printf(s->arena, "%zu", 8442 + n % LISTENERS_PER_LB) : "443"},
             {"SslPolicy", kind->policy}, {"@names", names},
             {"AlpnPolicy.member.1", !app && n % 2 ? "HTTP2Preferred" : ""},
             {"MutualAuthentication.Mode", mutual ? "verify" : ""},
             {"MutualAuthentication.TrustStoreArn",
              mutual ? arena_printf(s->arena,
                                    "arn:aws:elasticloadbalancing:%s:%s:truststore/partners/0123456789abcdef",
                                    region, s->account)
                     : ""},
             {"MutualAuthentication.IgnoreClientCertificateExpiry", mutual ? "false" : ""},
             {"DefaultCertificate", aws_seed_acm(s, region, sim_list_item(s->arena, names, 0))},
             {"Certificates", second ? aws_seed_acm(s, region, second) : ""});
    if (app && n % 2 == 0)
        SIM_SEED(s, elbv2_rule_kind, region,
                 arena_printf(s->arena, "arn:aws:elasticloadbalancing:%s:%s:listener-rule%s/%s/%s", region,
                              s->account, tail, hex,
                              sim_hex_id(s->arena, arena_printf(s->arena, "aws rule %zu", n), 16)),
                 {"ListenerArn", listener}, {"Priority", "10"}, {"Hosts", names});
}

void elbv2_generate_application(struct sim_seeding *s, size_t n)
{
    generate(s, n, &application);
}

void elbv2_generate_network(struct sim_seeding *s, size_t n)
{
    generate(s, n, &network);
}

/* Classic load balancers. A listener is known by its load balancer's name and its port, and has one certificate: an ARN of
 * ACM, where that is an RSA key of at most 2048 bits, or of IAM. IAM deletes what is bound here, and the listener then tells
 * "Invalid-Certificate".
 */
#include "sim/aws/aws.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 400, LISTENERS_PER_LB = 2 };

static const char lb_kind[] = "elb.loadbalancer", listener_kind[] = "elb.listener";

static const struct sim_param describe_load_balancers_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeLoadBalancers"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2012-06-01"},
    {"LoadBalancerNames.member[]", IN_FORM, T_STRING},
    {"Marker", IN_FORM, T_STRING},
    {"PageSize", IN_FORM, T_INTEGER, .min = 1, .max = 400},
};

static const struct sim_param describe_tags_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "DescribeTags"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2012-06-01"},
    {"LoadBalancerNames.member[]", IN_FORM, T_STRING, .required = true, .count_min = 1, .count = 20},
};

static const struct sim_param set_certificate_params[] = {
    {"Action", IN_FORM, T_STRING, .required = true, .values = "SetLoadBalancerListenerSSLCertificate"},
    {"Version", IN_FORM, T_STRING, .required = true, .values = "2012-06-01"},
    {"LoadBalancerName", IN_FORM, T_STRING, .required = true},
    {"LoadBalancerPort", IN_FORM, T_INTEGER, .required = true},
    {"SSLCertificateId", IN_FORM, T_STRING, .required = true},
};

const char *aws_classic_users(struct sim_call *c, const char *arn)
{
    const char *list = "";
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, listener_kind, NULL, &cursor));) {
        const char *user = arena_printf(c->arena, "arn:aws:elasticloadbalancing:%s:%s:loadbalancer/%s",
                                        o->scope, c->access->account, sim_get(c, o, "LoadBalancerName"));
        bool uses = !strcmp(sim_get(c, o, "SSLCertificateId"), arn) ||
                    !strcmp(sim_field(state_served(c->state, o), "SSLCertificateId"), arn);
        if (uses && !sim_list_has(list, user))
            list = sim_list_add(c->arena, list, user);
    }
    return list;
}

/* False after refusing a name that is not there. */
static bool all_exist(struct sim_call *c)
{
    const char *name;
    for (size_t i = 0; (name = sim_arg_item(c, "LoadBalancerNames.member[]", i)); i++)
        if (!sim_find(c, lb_kind, c->region, name)) {
            sim_fail(c, 400, "LoadBalancerNotFound", "There is no ACTIVE Load Balancer named '%s'", name);
            return false;
        }
    return true;
}

static const char *shown_certificate(struct sim_call *c, const struct sim_object *o)
{
    const char *arn = sim_show(c, o, "SSLCertificateId");
    const struct sim_object *cert = aws_cert_ever(c->state, c->access->account, arn);
    return cert && cert->gone ? "Invalid-Certificate" : arn;
}

static void put_listener(struct sim_call *c, struct aws_xml *x, const struct sim_object *o)
{
    static const char *const names[] = {"Protocol", "LoadBalancerPort", "InstanceProtocol", "InstancePort"};
    const char *policy;
    aws_open(x, "member");
    aws_open(x, "PolicyNames");
    for (size_t i = 0; (policy = sim_list_item(c->arena, sim_get(c, o, "PolicyNames"), i)); i++)
        aws_text(x, "member", policy);
    aws_close(x, "PolicyNames");
    aws_open(x, "Listener");
    for (size_t i = 0; i < countof(names); i++)
        aws_text(x, names[i], sim_get(c, o, names[i]));
    if (*sim_get(c, o, "SSLCertificateId"))
        aws_text(x, "SSLCertificateId", shown_certificate(c, o));
    aws_close(x, "Listener");
    aws_close(x, "member");
}

static void put_load_balancer(struct sim_call *c, struct aws_xml *x, const struct sim_object *lb)
{
    const struct sim_object *o;
    aws_open(x, "member");
    aws_text(x, "LoadBalancerName", lb->id);
    aws_text(x, "DNSName", sim_get(c, lb, "DNSName"));
    aws_text(x, "CanonicalHostedZoneNameID", "Z35SXDOTRQ7X7K");
    aws_open(x, "ListenerDescriptions");
    for (size_t cursor = 0; (o = sim_next(c, listener_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "LoadBalancerName"), lb->id))
            put_listener(c, x, o);
    aws_close(x, "ListenerDescriptions");
    aws_text(x, "VPCId", "vpc-0a1b2c3d4e5f60718");
    aws_text(x, "CreatedTime", sim_get(c, lb, "CreatedTime"));
    aws_text(x, "Scheme", sim_get(c, lb, "Scheme"));
    aws_close(x, "member");
}

static void describe_load_balancers(struct sim_call *c)
{
    struct aws_page p;
    if (!all_exist(c) || !aws_page_open(c, &p, "PageSize", PAGE_SIZE))
        return;
    struct aws_xml *x = aws_begin(c);
    const struct sim_object *o;
    aws_open(x, "LoadBalancerDescriptions");
    for (size_t cursor = 0; (o = sim_next(c, lb_kind, c->region, &cursor));)
        if (aws_is_asked(c, "LoadBalancerNames.member[]", o->id) && aws_page_holds(&p))
            put_load_balancer(c, x, o);
    aws_close(x, "LoadBalancerDescriptions");
    const char *next = aws_page_next(c, &p);
    if (next)
        aws_text(x, "NextMarker", next);
    aws_end(c, x);
}

static void describe_tags(struct sim_call *c)
{
    const char *name, *tag;
    if (!all_exist(c))
        return;
    struct aws_xml *x = aws_begin(c);
    aws_open(x, "TagDescriptions");
    for (size_t i = 0; (name = sim_arg_item(c, "LoadBalancerNames.member[]", i)); i++) {
        const struct sim_object *lb = sim_find(c, lb_kind, c->region, name);
        aws_open(x, "member");
        aws_text(x, "LoadBalancerName", name);
        aws_open(x, "Tags");
        for (size_t k = 0; (tag = sim_list_item(c->arena, sim_get(c, lb, "tags"), k)); k++) {
            size_t size = strcspn(tag, "=");
            aws_open(x, "member");
            aws_text(x, "Key", arena_copy(c->arena, tag, size));
            aws_text(x, "Value", tag + size + (tag[size] == '='));
            aws_close(x, "member");
        }
        aws_close(x, "Tags");
        aws_close(x, "member");
    }
    aws_close(x, "TagDescriptions");
    aws_end(c, x);
}

/* From ACM it takes what every classic load balancer could ever use; the others it does not find there. */
static bool is_usable(struct sim_call *c, const char *arn)
{
    const struct sim_object *cert = aws_cert_ready(c, arn);
    const struct x509 *leaf = cert ? sim_leaf(cert->cert) : NULL;
    bool acm = !strncmp(arn, "arn:aws:acm:", 12);
    if (leaf && (!acm || (leaf->key_type == KEY_RSA && leaf->key_bits <= 2048)))
        return true;
    sim_fail(c, 400, "CertificateNotFound", "Server Certificate not found for the key: %s", arn);
    return false;
}

static void set_certificate(struct sim_call *c)
{
    const char *name = sim_arg(c, "LoadBalancerName"), *port = sim_arg(c, "LoadBalancerPort");
    const char *arn = sim_arg(c, "SSLCertificateId");
    struct sim_object *o = sim_find(c, listener_kind, c->region, arena_printf(c->arena, "%s/%s", name, port));
    if (!sim_find(c, lb_kind, c->region, name))
        sim_fail(c, 400, "LoadBalancerNotFound", "There is no ACTIVE Load Balancer named '%s'", name);
    else if (!o)
        sim_fail(c, 400, "ListenerNotFound", "LoadBalancer does not have a listener on port %s", port);
    else if (!sim_list_has("HTTPS SSL", sim_get(c, o, "Protocol")))
        sim_fail(c, 400, "UnsupportedProtocol", "The listener's protocol takes no certificate");
    else if (is_usable(c, arn)) {
        SIM_CHANGE(c, o, SETTLE_READS, {"SSLCertificateId", arn});
        aws_end(c, aws_begin(c));
    }
}

static const struct sim_operation operations[] = {
    {.name = "DescribeLoadBalancers",
     SIM_PARAMS(describe_load_balancers_params),
     .run = describe_load_balancers},
    {.name = "DescribeTags", SIM_PARAMS(describe_tags_params), .run = describe_tags},
    {.name = "SetLoadBalancerListenerSSLCertificate",
     .writes = true,
     .resource = "LoadBalancerName LoadBalancerPort",
     SIM_PARAMS(set_certificate_params),
     .run = set_certificate},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *lb =
        state_find(s, "aws", o->account, lb_kind, o->scope, sim_field(o->now, "LoadBalancerName"));
    if (!lb || !*sim_field(o->now, "SSLCertificateId") || !*sim_field(o->now, "@names"))
        return false;
    *ret = (struct sim_entry){.product = "clb",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(lb->now, "DNSName")),
                              .port = (unsigned)strtoul(sim_field(o->now, "LoadBalancerPort"), NULL, 10)};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return aws_cert_ever(s, o->account, sim_field(view, "SSLCertificateId"));
}

static void seed_lb(struct sim_seeding *s, const char *name, const char *region, bool internal, bool owned)
{
    SIM_SEED(s, lb_kind, region, name, {"Scheme", internal ? "internal" : "internet-facing"},
             {"tags",
              owned ? "kubernetes.io/cluster/shop=owned kubernetes.io/service-name=default/shop" : ""},
             {"CreatedTime", time_iso(s->arena, s->now_ms - 900 * 86400000LL)},
             {"DNSName", arena_printf(s->arena, "%s%s-%s.%s.elb.amazonaws.com", internal ? "internal-" : "",
                                      name, sim_hex_id(s->arena, name, 8), region)});
    SIM_SEED(s, listener_kind, region, arena_printf(s->arena, "%s/80", name), {"LoadBalancerName", name},
             {"LoadBalancerPort", "80"}, {"Protocol", "HTTP"}, {"InstanceProtocol", "HTTP"},
             {"InstancePort", "8080"});
}

/* One whose certificate IAM lost. */
static void seed_lost(struct sim_seeding *s, const char *region)
{
    seed_lb(s, "classic-lost", region, false, false);
    SIM_SEED(s, listener_kind, region, "classic-lost/443", {"LoadBalancerName", "classic-lost"},
             {"LoadBalancerPort", "443"}, {"Protocol", "HTTPS"}, {"InstanceProtocol", "HTTP"},
             {"InstancePort", "8080"}, {"PolicyNames", "ELBSecurityPolicy-2016-08"},
             {"SSLCertificateId", "Invalid-Certificate"});
}

/* The certificates stand in IAM, as EC keys must. */
static void generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_LB;
    const char *region = aws_regions[number % countof(aws_regions)], *names = sim_seed_names(s, n);
    const char *name = arena_printf(s->arena, "classic-%zu", number);
    const char *port = n % LISTENERS_PER_LB ? "8443" : "443";
    bool plain = n % LISTENERS_PER_LB;
    if (n == 2)
        seed_lost(s, region);
    seed_lb(s, name, region, number % 4 == 3, sim_seed_is_owned(number * LISTENERS_PER_LB));
    SIM_SEED(s, listener_kind, region, arena_printf(s->arena, "%s/%s", name, port),
             {"LoadBalancerName", name}, {"LoadBalancerPort", port}, {"Protocol", plain ? "SSL" : "HTTPS"},
             {"InstanceProtocol", plain ? "TCP" : "HTTP"}, {"InstancePort", "8080"}, {"@names", names},
             {"PolicyNames", "ELBSecurityPolicy-2016-08 my-SSLNegotiationPolicy"},
             {"SSLCertificateId", aws_seed_iam(s, names)});
}

static const char *const hosts[] = {"elasticloadbalancing.{region}.amazonaws.com", NULL};

const struct sim_service sim_aws_elb = {.cloud = "aws",
                                        .code = "elb",
                                        .version = "2012-06-01",
                                        .hosts = hosts,
                                        .style = "query",
                                        .operations = operations,
                                        .operation_count = countof(operations),
                                        .resource_kind = listener_kind,
                                        .generate = generate,
                                        .entry = entry,
                                        .choose = choose};

#include "sim/aws/elbv2.h"

#include <string.h>

enum { PAGE_SIZE = 400 };

const char elbv2_lb_kind[] = "elbv2.loadbalancer", elbv2_rule_kind[] = "elbv2.rule";

static void end_page(struct sim_call *c, struct aws_xml *x, const struct aws_page *p)
{
    const char *next = aws_page_next(c, p);
    if (next)
        aws_text(x, "NextMarker", next);
    aws_end(c, x);
}

/* False after refusing an ARN or name that was asked for and is not there. */
static bool all_exist(struct sim_call *c, const char *pattern, const char *kind, const char *code)
{
    const char *arn;
    for (size_t i = 0; (arn = sim_arg_item(c, pattern, i)); i++)
        if (!sim_find(c, kind, c->region, arn)) {
            sim_fail(c, 400, code, "One or more of %s were not found.", pattern);
            return false;
        }
    return true;
}

static void put_load_balancer(struct sim_call *c, struct aws_xml *x, const struct sim_object *o)
{
    aws_open(x, "member");
    aws_text(x, "LoadBalancerArn", o->id);
    aws_text(x, "DNSName", sim_get(c, o, "DNSName"));
    aws_text(x, "CanonicalHostedZoneId", "Z35SXDOTRQ7X7K");
    aws_text(x, "CreatedTime", sim_get(c, o, "CreatedTime"));
    aws_text(x, "LoadBalancerName", sim_get(c, o, "LoadBalancerName"));
    aws_text(x, "Scheme", sim_get(c, o, "Scheme"));
    aws_text(x, "VpcId", sim_get(c, o, "VpcId"));
    buf_puts(&x->body, "<State><Code>active</Code></State>");
    aws_text(x, "Type", sim_get(c, o, "Type"));
    aws_text(x, "IpAddressType", "ipv4");
    aws_close(x, "member");
}

void elbv2_describe_load_balancers(struct sim_call *c)
{
    struct aws_page p;
    if (!aws_page_open(c, &p, "PageSize", PAGE_SIZE) ||
        !all_exist(c, "LoadBalancerArns.member[]", elbv2_lb_kind, "LoadBalancerNotFound"))
        return;
    struct aws_xml *x = aws_begin(c);
    const struct sim_object *o;
    aws_open(x, "LoadBalancers");
    for (size_t cursor = 0; (o = sim_next(c, elbv2_lb_kind, c->region, &cursor));)
        if (aws_is_asked(c, "LoadBalancerArns.member[]", o->id) &&
            aws_is_asked(c, "Names.member[]", sim_get(c, o, "LoadBalancerName")) && aws_page_holds(&p))
            put_load_balancer(c, x, o);
    aws_close(x, "LoadBalancers");
    end_page(c, x, &p);
}

static void put_neighbours(struct aws_xml *x, const struct sim_fields *view)
{
    static const char *const mutual[] = {"Mode", "TrustStoreArn", "IgnoreClientCertificateExpiry"};
    const char *alpn = sim_field(view, "AlpnPolicy.member.1");
    if (*alpn) {
        aws_open(x, "AlpnPolicy");
        aws_text(x, "member", alpn);
        aws_close(x, "AlpnPolicy");
    }
    if (!*sim_field(view, "MutualAuthentication.Mode"))
        return;
    aws_open(x, "MutualAuthentication");
    for (size_t i = 0; i < countof(mutual); i++) {
        const char *value = sim_field(view, arena_printf(x->arena, "MutualAuthentication.%s", mutual[i]));
        if (*value)
            aws_text(x, mutual[i], value);
    }
    aws_close(x, "MutualAuthentication");
}

void elbv2_put_listener(struct sim_call *c, struct aws_xml *x, const struct sim_object *o,
                        const struct sim_fields *view)
{
    const char *cert = sim_field(view, "DefaultCertificate");
    aws_open(x, "member");
    aws_text(x, "ListenerArn", o->id);
    aws_text(x, "LoadBalancerArn", sim_get(c, o, "LoadBalancerArn"));
    aws_text(x, "Port", sim_field(view, "Port"));
    aws_text(x, "Protocol", sim_field(view, "Protocol"));
    if (*cert) {
        buf_puts(&x->body, "<Certificates><member>");
        aws_text(x, "CertificateArn", cert);
        buf_puts(&x->body, "</member></Certificates>");
        aws_text(x, "SslPolicy", sim_field(view, "SslPolicy"));
    }
    buf_puts(&x->body, "<DefaultActions><member><Type>forward</Type></member></DefaultActions>");
    put_neighbours(x, view);
    aws_close(x, "member");
}

void elbv2_describe_listeners(struct sim_call *c)
{
    const char *lb = sim_arg(c, "LoadBalancerArn");
    struct aws_page p;
    if (!lb && !sim_arg_count(c, "ListenerArns.member[]")) {
        sim_fail(c, 400, "ValidationError", "You must specify either listener ARNs or a load balancer ARN");
        return;
    }
    if (lb && !sim_find(c, elbv2_lb_kind, c->region, lb)) {
        sim_fail(c, 400, "LoadBalancerNotFound", "Load balancer '%s' not found", lb);
        return;
    }
    if (!aws_page_open(c, &p, "PageSize", PAGE_SIZE) ||
        !all_exist(c, "ListenerArns.member[]", elbv2_listener_kind, "ListenerNotFound"))
        return;
    struct aws_xml *x = aws_begin(c);
    const struct sim_object *o;
    aws_open(x, "Listeners");
    for (size_t cursor = 0; (o = sim_next(c, elbv2_listener_kind, c->region, &cursor));)
        if ((!lb || !strcmp(lb, sim_get(c, o, "LoadBalancerArn"))) &&
            aws_is_asked(c, "ListenerArns.member[]", o->id) && aws_page_holds(&p))
            elbv2_put_listener(c, x, o, state_shown(c->state, o));
    aws_close(x, "Listeners");
    end_page(c, x, &p);
}

static void put_certificate(struct aws_xml *x, const char *arn, bool is_default)
{
    aws_open(x, "member");
    aws_text(x, "CertificateArn", arn);
    aws_text(x, "IsDefault", is_default ? "true" : "false");
    aws_close(x, "member");
}

/* The default comes first; where it is in the SNI list too, it comes twice. */
void elbv2_describe_listener_certificates(struct sim_call *c)
{
    const struct sim_object *o = elbv2_listener(c);
    const char *arn;
    struct aws_page p;
    if (!o || !aws_page_open(c, &p, "PageSize", PAGE_SIZE))
        return;
    struct aws_xml *x = aws_begin(c);
    const char *first = sim_show(c, o, "DefaultCertificate"), *list = sim_show(c, o, "Certificates");
    aws_open(x, "Certificates");
    if (*first && aws_page_holds(&p))
        put_certificate(x, first, true);
    for (size_t i = 0; (arn = sim_list_item(c->arena, list, i)); i++)
        if (aws_page_holds(&p))
            put_certificate(x, arn, false);
    aws_close(x, "Certificates");
    end_page(c, x, &p);
}

/* The name of a listener's last rule, which every listener has: "listener-rule" in place of "listener", and an id. */
static char *default_rule(struct arena *a, const char *listener)
{
    const char *kind = strstr(listener, ":listener/") + strlen(":listener");
    return arena_printf(a, "%.*s-rule%s/%s", (int)(kind - listener), listener, kind,
                        sim_hex_id(a, arena_printf(a, "default rule %s", listener), 16));
}

static void put_rule(struct sim_call *c, struct aws_xml *x, const char *arn, const char *priority,
                     const char *hosts)
{
    const char *host;
    bool is_default = !strcmp(priority, "default");
    aws_open(x, "member");
    aws_text(x, "RuleArn", arn);
    aws_text(x, "Priority", priority);
    aws_open(x, "Conditions");
    if (*hosts) {
        struct buf values = buf_new(c->arena, 1 << 16);
        for (size_t i = 0; (host = sim_list_item(c->arena, hosts, i)); i++)
            buf_printf(&values, "<member>%s</member>", host);
        buf_printf(
            &x->body,
            "<member><Field>host-header</Field><Values>%s</Values><HostHeaderConfig><Values>%s</Values>"
            "</HostHeaderConfig></member>",
            values.data, values.data);
    }
    aws_close(x, "Conditions");
    buf_puts(&x->body, "<Actions><member><Type>forward</Type></member></Actions>");
    aws_text(x, "IsDefault", is_default ? "true" : "false");
    aws_close(x, "member");
}

void elbv2_describe_rules(struct sim_call *c)
{
    const char *arn = sim_arg(c, "ListenerArn");
    const struct sim_object *listener = arn ? elbv2_listener(c) : NULL, *o;
    struct aws_page p;
    if (!arn && !sim_arg_count(c, "RuleArns.member[]")) {
        sim_fail(c, 400, "ValidationError", "You must specify either listener rule ARNs or a listener ARN");
        return;
    }
    if ((arn && !listener) || !aws_page_open(c, &p, "PageSize", PAGE_SIZE) ||
        !all_exist(c, "RuleArns.member[]", elbv2_rule_kind, "RuleNotFound"))
        return;
    struct aws_xml *x = aws_begin(c);
    aws_open(x, "Rules");
    for (size_t cursor = 0; (o = sim_next(c, elbv2_rule_kind, c->region, &cursor));)
        if ((!arn || !strcmp(arn, sim_get(c, o, "ListenerArn"))) &&
            aws_is_asked(c, "RuleArns.member[]", o->id) && aws_page_holds(&p))
            put_rule(c, x, o->id, sim_get(c, o, "Priority"), sim_get(c, o, "Hosts"));
    if (listener && aws_page_holds(&p))
        put_rule(c, x, default_rule(c->arena, listener->id), "default", "");
    aws_close(x, "Rules");
    end_page(c, x, &p);
}

static void put_tags(struct sim_call *c, struct aws_xml *x, const char *arn, const char *tags)
{
    const char *tag;
    aws_open(x, "member");
    aws_text(x, "ResourceArn", arn);
    aws_open(x, "Tags");
    for (size_t i = 0; (tag = sim_list_item(c->arena, tags, i)); i++) {
        size_t size = strcspn(tag, "=");
        aws_open(x, "member");
        aws_text(x, "Key", arena_copy(c->arena, tag, size));
        aws_text(x, "Value", tag + size + (tag[size] == '='));
        aws_close(x, "member");
    }
    aws_close(x, "Tags");
    aws_close(x, "member");
}

void elbv2_describe_tags(struct sim_call *c)
{
    size_t count = sim_arg_count(c, "ResourceArns.member[]");
    if (!count || count > 20) {
        c->vendor->refuse(c, count ? REFUSE_BAD_PARAMETER : REFUSE_MISSING_PARAMETER, "resourceArns");
        return;
    }
    struct aws_xml *x = aws_begin(c);
    aws_open(x, "TagDescriptions");
    for (size_t i = 0; i < count; i++) {
        const char *arn = sim_arg_item(c, "ResourceArns.member[]", i);
        const struct sim_object *lb = sim_find(c, elbv2_lb_kind, c->region, arn);
        const struct sim_object *listener = sim_find(c, elbv2_listener_kind, c->region, arn);
        if (!lb && !listener) {
            sim_fail(c, 400, strstr(arn, ":listener/") ? "ListenerNotFound" : "LoadBalancerNotFound",
                     "'%s' not found", arn);
            return;
        }
        put_tags(c, x, arn, lb ? sim_get(c, lb, "tags") : "");
    }
    aws_close(x, "TagDescriptions");
    aws_end(c, x);
}

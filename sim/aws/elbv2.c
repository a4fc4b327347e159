/* ELBv2, Application and Network Load Balancers: listeners and their certificates. A change is accepted at once; reads show it a little later, edges after that.
 * The default certificate is ModifyListener's, the others are added and removed one by one.
 */
#include "sim/aws/elbv2.h"
#include "sim/aws/elbv2_params.h"

#include <string.h>

enum { CERTIFICATES_MAX = 25, CHANGES_MAX = 64 };

const char elbv2_listener_kind[] = "elbv2.listener";

struct sim_object *elbv2_listener(struct sim_call *c)
{
    const char *arn = sim_arg(c, "ListenerArn");
    struct sim_object *o = sim_find(c, elbv2_listener_kind, c->region, arn);
    if (!o && (strncmp(arn, "arn:aws:elasticloadbalancing:", 29) || !strstr(arn, ":listener/")))
        sim_fail(c, 400, "ValidationError", "'%s' is not a valid listener ARN", arn);
    else if (!o)
        sim_fail(c, 400, "ListenerNotFound", "One or more listeners not found");
    return o;
}

const char *aws_elb_users(struct sim_call *c, const char *arn)
{
    const char *list = "";
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, elbv2_listener_kind, NULL, &cursor));) {
        const struct sim_fields *served = state_served(c->state, o);
        bool uses = !strcmp(sim_get(c, o, "DefaultCertificate"), arn) ||
                    !strcmp(sim_field(served, "DefaultCertificate"), arn) ||
                    sim_list_has(sim_get(c, o, "Certificates"), arn) ||
                    sim_list_has(sim_field(served, "Certificates"), arn);
        if (uses && !sim_list_has(list, sim_get(c, o, "LoadBalancerArn")))
            list = sim_list_add(c->arena, list, sim_get(c, o, "LoadBalancerArn"));
    }
    return list;
}

static bool is_tls(struct sim_call *c, const struct sim_object *o)
{
    return sim_list_has("HTTPS TLS", sim_get(c, o, "Protocol"));
}

/* The one certificate sent; NULL after refusing none, several, IsDefault, or a listener without TLS. */
static const char *one_certificate(struct sim_call *c, const struct sim_object *o)
{
    size_t count = sim_arg_count(c, "Certificates.member[].CertificateArn");
    if (!count)
        c->vendor->refuse(c, REFUSE_MISSING_PARAMETER, "certificates");
    else if (sim_arg_count(c, "Certificates.member[].IsDefault"))
        sim_fail(c, 400, "ValidationError", "IsDefault cannot be specified for a certificate");
    else if (count > 1)
        sim_fail(c, 400, "TooManyCertificates", "Only one certificate can be specified");
    else if (!is_tls(c, o))
        sim_fail(c, 400, "UnsupportedProtocol", "A certificate cannot be specified for this protocol");
    else
        return sim_arg_item(c, "Certificates.member[].CertificateArn", 0);
    return NULL;
}

/* What a Network Load Balancer cannot use; Application Load Balancers take all that ACM does. */
static bool is_supported(struct sim_call *c, const struct sim_object *o, const char *arn)
{
    const struct sim_object *cert = aws_cert_ready(c, arn);
    const struct x509 *leaf = sim_leaf(cert->cert);
    if (!elbv2_is_network(o) || leaf->key_type != KEY_RSA || leaf->key_bits <= 3072)
        return true;
    sim_fail(c, 400, "UnsupportedCertificate",
             "The certificate '%s' must have a fully-qualified domain name, a supported signature, and a "
             "supported key size.",
             arn);
    return false;
}

static bool is_known(struct sim_call *c, const struct sim_object *o, const char *arn)
{
    if (strncmp(arn, "arn:aws:", 8))
        sim_fail(c, 400, "ValidationError", "Certificate ARN '%s' is not valid", arn);
    else if (!aws_cert_ready(c, arn))
        sim_fail(c, 400, "CertificateNotFound", "Certificate '%s' not found", arn);
    else
        return is_supported(c, o, arn);
    return false;
}

/* ---- ModifyListener ---- */

/* What is not about certificates; kept under the name sent. */
static size_t other_changes(struct sim_call *c, struct sim_field *changes)
{
    size_t n = 0;
    for (size_t i = 0; i < c->param_count && n < CHANGES_MAX - 1; i++) {
        const char *name = c->params[i].wire;
        bool other = strcmp(name, "Action") && strcmp(name, "Version") && strcmp(name, "ListenerArn") &&
                     strncmp(name, "Certificates.", 13);
        if (other)
            changes[n++] = (struct sim_field){name, c->params[i].value};
    }
    return n;
}

static void modify_listener(struct sim_call *c)
{
    struct sim_object *o = elbv2_listener(c);
    struct sim_field changes[CHANGES_MAX];
    if (!o)
        return;
    if (sim_arg(c, "SslPolicy") && strncmp(sim_arg(c, "SslPolicy"), "ELBSecurityPolicy-", 18)) {
        sim_fail(c, 400, "SSLPolicyNotFound", "SSL policy '%s' not found", sim_arg(c, "SslPolicy"));
        return;
    }
    size_t n = other_changes(c, changes);
    if (sim_arg_count(c, "Certificates.member[].CertificateArn") ||
        sim_arg_count(c, "Certificates.member[].IsDefault")) {
        const char *arn = one_certificate(c, o);
        if (!arn || !is_known(c, o, arn))
            return;
        changes[n++] = (struct sim_field){"DefaultCertificate", arn};
    }
    sim_change(c, o, SETTLE_READS, changes, n);
    struct aws_xml *x = aws_begin(c);
    aws_open(x, "Listeners");
    elbv2_put_listener(c, x, o, o->now);
    aws_close(x, "Listeners");
    aws_end(c, x);
}

/* ---- AddListenerCertificates, RemoveListenerCertificates ---- */

static void add_certificates(struct sim_call *c)
{
    struct sim_object *o = elbv2_listener(c);
    const char *arn = o ? one_certificate(c, o) : NULL;
    if (!arn || !is_known(c, o, arn))
        return;
    const char *list = sim_get(c, o, "Certificates");
    if (!sim_list_has(list, arn) && sim_list_count(list) >= CERTIFICATES_MAX) {
        sim_fail(c, 400, "TooManyCertificates", "The maximum number of certificates has been reached");
        return;
    }
    if (!sim_list_has(list, arn))
        SIM_CHANGE(c, o, SETTLE_READS, {"Certificates", sim_list_add(c->arena, list, arn)});
    struct aws_xml *x = aws_begin(c);
    buf_puts(&x->body, "<Certificates><member>");
    aws_text(x, "CertificateArn", arn);
    aws_text(x, "IsDefault", "false");
    buf_puts(&x->body, "</member></Certificates>");
    aws_end(c, x);
}

static void remove_certificates(struct sim_call *c)
{
    struct sim_object *o = elbv2_listener(c);
    const char *arn = o ? one_certificate(c, o) : NULL;
    if (!arn)
        return;
    if (!strcmp(sim_get(c, o, "DefaultCertificate"), arn)) {
        sim_fail(c, 400, "OperationNotPermitted", "Default certificate cannot be removed");
        return;
    }
    SIM_CHANGE(c, o, SETTLE_READS,
               {"Certificates", sim_list_remove(c->arena, sim_get(c, o, "Certificates"), arn)});
    aws_reply_empty(c);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeLoadBalancers",
     SIM_PARAMS(describe_load_balancers_params),
     .run = elbv2_describe_load_balancers},
    {.name = "DescribeListeners", SIM_PARAMS(describe_listeners_params), .run = elbv2_describe_listeners},
    {.name = "DescribeListenerCertificates",
     .resource = "ListenerArn",
     SIM_PARAMS(describe_listener_certificates_params),
     .run = elbv2_describe_listener_certificates},
    {.name = "DescribeRules",
     .resource = "ListenerArn",
     SIM_PARAMS(describe_rules_params),
     .run = elbv2_describe_rules},
    {.name = "DescribeTags", SIM_PARAMS(describe_tags_params), .run = elbv2_describe_tags},
    {.name = "ModifyListener",
     .writes = true,
     .resource = "ListenerArn",
     SIM_PARAMS(modify_listener_params),
     .run = modify_listener},
    {.name = "AddListenerCertificates",
     .writes = true,
     .resource = "ListenerArn",
     SIM_PARAMS(add_listener_certificates_params),
     .run = add_certificates},
    {.name = "RemoveListenerCertificates",
     .writes = true,
     .resource = "ListenerArn",
     SIM_PARAMS(remove_listener_certificates_params),
     .run = remove_certificates},
};

static const char *const hosts[] = {"elasticloadbalancing.{region}.amazonaws.com", NULL};

const struct sim_service sim_aws_elbv2 = {.cloud = "aws",
                                          .code = "elbv2",
                                          .version = "2015-12-01",
                                          .hosts = hosts,
                                          .style = "query",
                                          .operations = operations,
                                          .operation_count = countof(operations),
                                          .resource_kind = elbv2_listener_kind,
                                          .generate = elbv2_generate_application,
                                          .entry = elbv2_application_entry,
                                          .choose = elbv2_choose};

/* The other type's resources; their calls come to the one service above. */
static const char *const no_hosts[] = {NULL};

const struct sim_service sim_aws_nlb = {.cloud = "aws",
                                        .code = "nlb",
                                        .hosts = no_hosts,
                                        .resource_kind = elbv2_listener_kind,
                                        .generate = elbv2_generate_network,
                                        .entry = elbv2_network_entry,
                                        .choose = elbv2_choose};

/* What CloudFront demands of a configuration before it takes it. */
#include "sim/aws/cloudfront.h"

#include <string.h>
#include <strings.h>

static const char no_certificate[] = "The specified SSL certificate doesn't exist, isn't in us-east-1 "
                                     "region, isn't valid, or doesn't include a valid "
                                     "certificate chain.";
static const char not_covered[] = "The certificate that is attached to your distribution doesn't cover the "
                                  "alternate domain name (CNAME) that "
                                  "you're trying to add.";

static bool bad(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_fail(c, status, code, "%s", message);
    return false;
}

static bool elements_are_known(struct sim_call *c, const struct xml *parent, const char *const *known,
                               size_t count)
{
    for (const struct xml *e = parent->child; e; e = e->next) {
        bool found = false;
        for (size_t i = 0; i < count; i++)
            found = found || !strcmp(known[i], e->name);
        if (!found || xml_count(parent, e->name) > 1)
            return bad(c, 400, "MalformedXML",
                       arena_printf(c->arena, "The element %s is not expected here.", e->name));
    }
    return true;
}

static bool shape_is_fine(struct sim_call *c, const struct xml *config)
{
    static const char *const known[] = {"CallerReference",   "Aliases",
                                        "DefaultRootObject", "Origins",
                                        "OriginGroups",      "DefaultCacheBehavior",
                                        "CacheBehaviors",    "CustomErrorResponses",
                                        "Comment",           "Logging",
                                        "PriceClass",        "Enabled",
                                        "ViewerCertificate", "Restrictions",
                                        "WebACLId",          "HttpVersion",
                                        "IsIPV6Enabled",     "ContinuousDeploymentPolicyId",
                                        "Staging",           "AnycastIpListId",
                                        "TenantConfig",      "ConnectionMode",
                                        "ViewerMtlsConfig",  "ConnectionFunctionAssociation",
                                        "CacheTagConfig"};
    static const char *const required[] = {"CallerReference", "Origins", "DefaultCacheBehavior", "Comment",
                                           "Enabled"};
    static const char *const certificate[] =
        {"CloudFrontDefaultCertificate", "IAMCertificateId", "ACMCertificateArn", "SSLSupportMethod",
         "MinimumProtocolVersion",       "Certificate",      "CertificateSource"};
    const struct xml *viewer = xml_at(config, "ViewerCertificate");
    if (strcmp(config->name, "DistributionConfig"))
        return bad(c, 400, "MalformedXML", "The document element is not DistributionConfig.");
    for (size_t i = 0; i < countof(required); i++)
        if (!xml_at(config, required[i]))
            return bad(c, 400, "MalformedXML",
                       arena_printf(c->arena, "The element %s is missing.", required[i]));
    return elements_are_known(c, config, known, countof(known)) &&
           (!viewer || elements_are_known(c, viewer, certificate, countof(certificate)));
}

/* Every Quantity is the number of its Items. */
static bool quantities_are_fine(struct sim_call *c, const struct xml *node)
{
    const struct xml *items = xml_at(node, "Items");
    size_t count = 0;
    for (const struct xml *e = items ? items->child : NULL; e; e = e->next)
        count++;
    if (xml_at(node, "Quantity") && xml_int(node, "Quantity", -1) != (int64_t)count)
        return bad(c, 400, "InconsistentQuantities",
                   arena_printf(c->arena, "The value of Quantity in %s does not match Items.", node->name));
    for (const struct xml *e = node->child; e; e = e->next)
        if (!quantities_are_fine(c, e))
            return false;
    return true;
}

static const struct xml *first_alias(const struct xml *config)
{
    return xml_at(config, "Aliases/Items/CNAME");
}

static bool aliases_are_free(struct sim_call *c, const struct sim_object *o, const struct xml *config)
{
    const struct sim_object *other;
    for (const struct xml *e = first_alias(config); e; e = xml_next(e))
        for (size_t cursor = 0; (other = sim_next(c, cloudfront_kind, "", &cursor));)
            if (other != o && strcasestr(sim_get(c, other, "Aliases"),
                                         arena_printf(c->arena, "<CNAME>%s</CNAME>", e->text)))
                return bad(c, 409, "CNAMEAlreadyExists",
                           "One or more of the CNAMEs you provided are already associated with a different "
                           "resource.");
    return true;
}

const char *cloudfront_certificate(const struct xml *config)
{
    const char *arn = xml_text(config, "ViewerCertificate/ACMCertificateArn", "");
    return *arn ? arn : xml_text(config, "ViewerCertificate/IAMCertificateId", "");
}

static bool settings_are_fine(struct sim_call *c, const struct xml *viewer)
{
    static const char versions[] =
        "SSLv3 TLSv1 TLSv1_2016 TLSv1.1_2016 TLSv1.2_2018 TLSv1.2_2019 TLSv1.2_2021 "
        "TLSv1.2_2025 TLSv1.3_2025";
    const char *method = xml_text(viewer, "SSLSupportMethod", "");
    if (!sim_list_has(versions, xml_text(viewer, "MinimumProtocolVersion", "TLSv1")))
        return bad(c, 400, "InvalidMinimumProtocolVersion", "The minimum protocol version is not valid.");
    return sim_list_has("sni-only vip static-ip", method) ||
           bad(c, 400, "InvalidViewerCertificate",
               "The SSLSupportMethod of a custom certificate is missing or not valid.");
}

/* The certificate object behind it, if CloudFront would read it. */
static const struct sim_object *readable(struct sim_call *c, const struct xml *viewer)
{
    const char *arn = xml_text(viewer, "ACMCertificateArn", ""),
               *id = xml_text(viewer, "IAMCertificateId", "");
    const struct sim_object *iam = *id ? aws_iam_by_id(c->state, c->access->account, id) : NULL;
    if (*id)
        return iam && !strncmp(sim_get(c, iam, "Path"), "/cloudfront", 11) &&
                       !strcmp(sim_show(c, iam, "@ready"), "1")
                   ? iam
                   : NULL;
    return aws_cert_ready(c, arn);
}

static bool certificate_is_fine(struct sim_call *c, const struct xml *config, const struct xml *viewer)
{
    const struct sim_object *o = readable(c, viewer);
    struct sim_cert *cert = NULL;
    if (!settings_are_fine(c, viewer))
        return false;
    if (!o || sim_check_cert(c, sim_get(c, o, "Cert"), NULL,
                             CHECK_ORDER | CHECK_COMPLETE | CHECK_TIME | CHECK_TRUST, &cert) != CERT_FINE)
        return bad(c, 400, "InvalidViewerCertificate", no_certificate);
    const struct x509 *leaf = sim_leaf(cert);
    bool fine = leaf->key_type == KEY_RSA ? leaf->key_bits <= 4096 : !strcmp(leaf->curve, "P-256"),
         covers = true;
    for (const struct xml *e = first_alias(config); e; e = xml_next(e))
        covers = covers && sim_cert_covers(cert, e->text);
    sim_cert_free(cert);
    if (!fine || !covers)
        return bad(c, 400, "InvalidViewerCertificate", fine ? not_covered : no_certificate);
    return true;
}

bool cloudfront_check(struct sim_call *c, const struct sim_object *o, const struct xml *config)
{
    const struct xml *viewer = xml_at(config, "ViewerCertificate");
    if (!shape_is_fine(c, config) || !quantities_are_fine(c, config) || !aliases_are_free(c, o, config))
        return false;
    const struct xml *before;
    const char *old = sim_get(c, o, "CallerReference");
    if (!xml_parse(c->arena, old, strlen(old), &before, NULL) ||
        strcmp(before->text, xml_text(config, "CallerReference", "")))
        return bad(c, 400, "IllegalUpdate", "The update contains modifications that are not allowed.");
    if (*xml_text(config, "ViewerCertificate/ACMCertificateArn", "") &&
        *xml_text(config, "ViewerCertificate/IAMCertificateId", ""))
        return bad(c, 400, "InvalidViewerCertificate", "Only one certificate can be specified.");
    if (viewer && *cloudfront_certificate(config))
        return certificate_is_fine(c, config, viewer);
    return !first_alias(config) || bad(c, 400, "InvalidViewerCertificate", not_covered);
}

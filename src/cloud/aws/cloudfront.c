/* AWS CloudFront (2020-05-31).
 *
 * A distribution's configuration is one XML document, read with an ETag and written as a whole: only ViewerCertificate
 * is replaced in its text, and a write that somebody else's overtook is refused (412) and begun anew by reading. The
 * certificate must cover every alias, stand in ACM of us-east-1 and come with its whole chain. Without a certificate
 * of its own a distribution serves that of cloudfront.net, and cannot go back to it while it has aliases.
 */
#include "cloud/aws/aws.h"

#include "codec/name.h"
#include <string.h>

#define CLOUDFRONT(name, verb, where, ...)                                                                   \
    {                                                                                                        \
        .service = "cloudfront", .version = "2020-05-31", .operation = (name), .method = (verb),             \
        .host = "cloudfront.amazonaws.com", .path = "/2020-05-31/distribution" where,                        \
        .style = CALL_AWS_REST_XML, __VA_ARGS__                                                              \
    }

#define OWN_NAME "cloudfront" /* the ref of cloudfront.net's certificate */
#define NO_WAY_BACK "a distribution with aliases cannot go back to the certificate of cloudfront.net"

static const struct call list_distributions = CLOUDFRONT("ListDistributions", "GET", "",
                                                         .page = {.items = "Items/DistributionSummary",
                                                                  .next = "NextMarker",
                                                                  .position = "Marker",
                                                                  .size = "MaxItems",
                                                                  .size_value = 100,
                                                                  .size_as_text = true,
                                                                  .style = PAGE_MARKER});
static const struct call get_distribution = CLOUDFRONT("GetDistribution", "GET", "/{Id}", .write = false);
static const struct call get_config =
    CLOUDFRONT("GetDistributionConfig", "GET", "/{Id}/config", .write = false);
static const struct call set_config =
    CLOUDFRONT("UpdateDistribution", "PUT", "/{Id}/config", .write = true, .per_second = 1);

static bool binding_of(struct job *job, const struct xml *viewer, struct binding *b, struct err *err)
{
    struct arena *a = job->arena;
    const char *arn = xml_get(viewer, "ACMCertificateArn"), *id = xml_get(viewer, "IAMCertificateId");
    b->https = true;
    if (*arn || *id) {
        binding_add(a, b, "default", *arn ? arn : arena_printf(a, "iam:%s", id));
        return binding_look_up(job, "us-east-1", b, err);
    }
    binding_add(a, b, "default", OWN_NAME)->name = "the certificate of cloudfront.net";
    return true;
}

static bool emit_distribution(struct job *job, const struct survey *to, const struct xml *node,
                              struct err *err)
{
    struct arena *a = job->arena;
    const char *id = xml_get(node, "Id"), *host = xml_get(node, "DomainName"), *name;
    struct binding b = {0};
    struct resource r = {.vendor_id = id, .must_cover_all = true, .host = host, .reach = "public"};
    for (const struct xml *alias = xml_at(node, "Aliases/Items/CNAME"); alias; alias = xml_next(alias))
        if (name_normalise(a, alias->text, false, &name, NULL))
            resource_add_name(a, &r, name, EVIDENCE_DOMAIN);
    r.unfit = xml_is(node, "ConnectionMode", "tenant-only") ? "its domains belong to tenants: not supported"
              : xml_is(node, "Staging", "true")             ? "a staging distribution"
              : !r.name_count                               ? "no aliases: only its name at cloudfront.net"
                                                            : "";
    r.title = arena_printf(a, "%s %s%s", id, r.name_count ? r.names[0].name : host,
                           xml_is(node, "Enabled", "false") ? " (disabled)" : "");
    if (!binding_of(job, xml_at(node, "ViewerCertificate"), &b, err))
        return err_add(err, "distribution %s", id);
    return resource_emit(job, to, &r, &b, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_distributions, to->region, "{}");
    for (const struct xml *v; (v = pages_next_xml(&p));)
        if (!emit_distribution(job, to, v, err))
            return false;
    return pages_end(&p, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer state, config;
    if (!cloud_call(job, &get_distribution, "", &state, err, "{'Id':%s}", r->vendor_id) ||
        !cloud_call(job, &get_config, "", &config, err, "{'Id':%s}", r->vendor_id))
        return false;
    const struct xml *viewer = xml_at(config.xml, "ViewerCertificate");
    now->ready = !xml_is(state.xml, "Status", "InProgress");
    now->etag = config.etag;
    now->settings =
        json_format(job->arena, "{'support':%s,'minimum_protocol':%s,'mtls_mode':%s,'mtls_trust_store':%s}",
                    xml_get(viewer, "SSLSupportMethod"), xml_get(viewer, "MinimumProtocolVersion"),
                    xml_get(config.xml, "ViewerMtlsConfig/Mode"),
                    xml_get(config.xml, "ViewerMtlsConfig/TrustStoreConfig/TrustStoreId"));
    now->document = config.text;
    return binding_of(job, viewer, now, err);
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)r;
    if (m->key_type == KEY_ECDSA && m->key_bits > 256)
        return err_set(err, ERR_INVALID_CERTIFICATE, "CloudFront takes ECDSA keys on P-256 only");
    if (strcmp(session_site(job), "china") == 0)
        return aws_iam_store(job, "/cloudfront/certferry/", m, ret, err);
    return aws_store(job, "us-east-1", m, ret, err);
}

static bool room(struct job *job, const char *region, room_fn *each, void *context, struct err *err)
{
    (void)region;
    return strcmp(session_site(job), "china") == 0 ? aws_iam_room(job, each, context, err)
                                                   : aws_acm_room(job, "us-east-1", each, context, err);
}

/* The element for another certificate: how it is served stays as it was, and so does what we do not know. */
static bool element_for(struct arena *a, const char *document, const char *ref, char **ret, struct err *err)
{
    static const char *const replaced[] = {"CloudFrontDefaultCertificate", "ACMCertificateArn",
                                           "IAMCertificateId", "Certificate", "CertificateSource"};
    static const char *const added[][2] = {{"SSLSupportMethod", "sni-only"},
                                           {"MinimumProtocolVersion", "TLSv1.2_2021"}};
    bool iam = strncmp(ref, "iam:", 4) == 0;
    const char *tag = iam ? "IAMCertificateId" : "ACMCertificateArn";
    struct buf out = buf_new(a, 16 << 10);
    const struct xml *config;
    if (!xml_parse(a, document, strlen(document), &config, err))
        return err_add(err, "the distribution's configuration");
    const struct xml *old = xml_at(config, "ViewerCertificate");
    /* What is read beside cloudfront.net's certificate (vip, TLSv1) was chosen by nobody. */
    bool keep = old && !xml_is(old, "CloudFrontDefaultCertificate", "true");
    buf_printf(&out,
               "<ViewerCertificate><CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate>"
               "<%s>%s</%s>",
               tag, xml_escape(a, iam ? ref + 4 : ref), tag);
    for (const struct xml *child = keep ? old->child : NULL; child; child = child->next) {
        bool goes = false;
        for (size_t i = 0; i < countof(replaced); i++)
            goes |= strcmp(child->name, replaced[i]) == 0;
        if (!goes)
            buf_puts(&out, xml_excerpt(a, document, child));
    }
    for (size_t i = 0; i < countof(added); i++)
        if (!keep || !*xml_text(old, added[i][0], ""))
            buf_printf(&out, "<%s>%s</%s>", added[i][0], added[i][1], added[i][0]);
    buf_puts(&out, "</ViewerCertificate>");
    *ret = out.data;
    return !out.full || err_set(err, ERR_VENDOR, "the distribution's ViewerCertificate is too large");
}

bool cloudfront_splice(struct arena *a, const char *document, const char *ref, char **ret, struct err *err)
{
    char *element = NULL;
    return element_for(a, document, ref, &element, err) &&
           xml_splice(a, document, strlen(document), "ViewerCertificate", element, ret, err);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    char *document;
    if (!cloudfront_splice(job->arena, w->now->document, w->change->add[0], &document, err))
        return false;
    if (cloud_put_document(job, &set_config, "", document, w->now->etag, NULL, err, "{'Id':%s}",
                           w->resource->vendor_id))
        return true;
    if (strcmp(err->code, "PreconditionFailed") == 0)
        err->transient = true; /* reading again brings the new ETag */
    bool unknown = strcmp(err->code, "InvalidViewerCertificate") == 0 && strstr(err->text, "doesn't exist");
    return unknown && aws_not_yet_known(w->material, err);
}

const struct product aws_cloudfront = {
    PRODUCT_CODE("aws", "cloudfront"),
    .title = "AWS CloudFront",
    .global = true,
    .needs_chain = true,
    .read_calls = 2,
    .no_removal = NO_WAY_BACK,
    .one_way = OWN_NAME,
    .one_way_why = NO_WAY_BACK,
    .consistency_ms = 30000,
    .settle_ms = 5400000,
    .poll_ms = 15000,
    .propagation_ms = 600000,
    .calls = CALLS(&list_distributions, &get_distribution, &get_config, &set_config),
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .room = room,
    .upload = aws_upload,
    .bind = bind_certificate,
};

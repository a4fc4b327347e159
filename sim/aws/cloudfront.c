/* CloudFront: whole configurations under an ETag. A change is InProgress while it spreads; another one is taken meanwhile. */
#include "sim/aws/cloudfront.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 100, ANSWER_BYTES = 16 << 20, FIELDS_MAX = 64 };

const char cloudfront_kind[] = "cloudfront.distribution";
static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *cloudfront_canonical(struct arena *a, const struct xml *node)
{
    struct buf b = buf_new(a, ANSWER_BYTES);
    size_t count = 0, n = 0;
    for (const struct xml *e = node->child; e; e = e->next)
        count++;
    const char **children = arena_array(a, const char *, count + 1);
    for (const struct xml *e = node->child; e; e = e->next)
        children[n++] = cloudfront_canonical(a, e);
    qsort(children, n, sizeof *children, compare_texts);
    buf_printf(&b, "<%s>%s", node->name, n ? "" : xml_escape(a, node->text));
    for (size_t i = 0; i < n; i++)
        buf_puts(&b, children[i]);
    buf_printf(&b, "</%s>", node->name);
    return b.data;
}

const char *aws_cloudfront_users(struct sim_call *c, const char *arn_or_id)
{
    const char *list = "";
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, cloudfront_kind, "", &cursor));)
        if (!strcmp(sim_get(c, o, "@cert"), arn_or_id) ||
            !strcmp(sim_field(state_served(c->state, o), "@cert"), arn_or_id))
            list = sim_list_add(c->arena, list,
                                arena_printf(c->arena, "arn:aws:cloudfront::%s:distribution/%s", o->account,
                                             o->id));
    return list;
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, cloudfront_kind, "", sim_arg(c, "Id"));
    if (!o)
        sim_fail(c, 404, "NoSuchDistribution", "The specified distribution does not exist.");
    return o;
}

static void reply(struct sim_call *c, const struct sim_object *o, const char *body)
{
    if (o)
        sim_reply_header(c, "ETag", arena_strdup(c->arena, sim_get(c, o, "@etag")));
    sim_reply_header(c, "x-amzn-RequestId", c->request_id);
    sim_reply(c, 200, "text/xml", body);
}

static void put_head(struct sim_call *c, struct aws_xml *x, const struct sim_object *o)
{
    aws_text(x, "Id", o->id);
    aws_text(x, "ARN", arena_printf(c->arena, "arn:aws:cloudfront::%s:distribution/%s", o->account, o->id));
    aws_text(x, "Status", sim_settling(c, o) ? "InProgress" : "Deployed");
    aws_text(x, "LastModifiedTime", sim_get(c, o, "@modified"));
    aws_text(x, "DomainName", sim_get(c, o, "@domain"));
}

/* ---- ListDistributions ---- */

static const struct sim_param list_params[] = {
    {"Marker", IN_QUERY, T_STRING},
    {"MaxItems", IN_QUERY, T_STRING},
};

static void put_summary(struct sim_call *c, struct aws_xml *x, const struct sim_object *o)
{
    static const char *const elements[] = {"Aliases",
                                           "Origins",
                                           "DefaultCacheBehavior",
                                           "CacheBehaviors",
                                           "CustomErrorResponses",
                                           "Comment",
                                           "PriceClass",
                                           "Enabled",
                                           "ViewerCertificate",
                                           "Restrictions",
                                           "WebACLId",
                                           "HttpVersion",
                                           "IsIPV6Enabled",
                                           "Staging",
                                           "ViewerMtlsConfig"};
    aws_open(x, "DistributionSummary");
    put_head(c, x, o);
    aws_text(x, "ETag", sim_get(c, o, "@etag"));
    for (size_t i = 0; i < countof(elements); i++)
        buf_puts(&x->body, sim_get(c, o, elements[i]));
    aws_close(x, "DistributionSummary");
}

static void list(struct sim_call *c)
{
    const char *marker = sim_arg_or(c, "Marker", ""), *last = "";
    int64_t asked = sim_arg_int(c, "MaxItems", PAGE_SIZE);
    size_t size = asked > 0 && asked < PAGE_SIZE ? (size_t)asked : PAGE_SIZE, count = 0;
    bool begun = !*marker, more = false;
    struct aws_xml items = {c->arena, buf_new(c->arena, ANSWER_BYTES)},
                   x = {c->arena, buf_new(c->arena, ANSWER_BYTES)};
    if (asked <= 0 || (!begun && !sim_find(c, cloudfront_kind, "", marker))) {
        sim_fail(c, 400, "InvalidArgument", "The Marker or MaxItems is not valid.");
        return;
    }
    const struct sim_object *o;
    for (size_t cursor = 0; !more && (o = sim_next(c, cloudfront_kind, "", &cursor));) {
        bool before = !begun;
        begun = begun || !strcmp(o->id, marker);
        more = !before && count == size;
        if (before || more)
            continue;
        put_summary(c, &items, o);
        last = o->id;
        count++;
    }
    buf_printf(&x.body, "%s<DistributionList xmlns=\"" CLOUDFRONT_NAMESPACE "\">", declaration);
    aws_text(&x, "Marker", marker);
    if (more)
        aws_text(&x, "NextMarker", last);
    buf_printf(&x.body, "<MaxItems>%zu</MaxItems><IsTruncated>%s</IsTruncated><Quantity>%zu</Quantity>", size,
               json_boolean(more), count);
    if (count)
        buf_printf(&x.body, "<Items>%s</Items>", items.body.data);
    aws_close(&x, "DistributionList");
    reply(c, NULL, x.body.data);
}

/* ---- one distribution ---- */

static const struct sim_param one_params[] = {
    {"Id", IN_PATH, T_STRING, .required = true},
};

static void reply_distribution(struct sim_call *c, const struct sim_object *o)
{
    struct aws_xml x = {c->arena, buf_new(c->arena, ANSWER_BYTES)};
    buf_printf(&x.body, "%s<Distribution xmlns=\"" CLOUDFRONT_NAMESPACE "\">", declaration);
    put_head(c, &x, o);
    buf_puts(&x.body, "<InProgressInvalidationBatches>0</InProgressInvalidationBatches>");
    buf_puts(&x.body,
             "<ActiveTrustedSigners><Enabled>false</Enabled><Quantity>0</Quantity></ActiveTrustedSigners>");
    buf_puts(&x.body, sim_get(c, o, "@config"));
    aws_close(&x, "Distribution");
    reply(c, o, x.body.data);
}

static void get(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        reply_distribution(c, o);
}

static void get_config(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        reply(c, o, arena_printf(c->arena, "%s%s", declaration, sim_get(c, o, "@config")));
}

/* ---- UpdateDistribution ---- */

static const struct sim_param update_params[] = {
    {"Id", IN_PATH, T_STRING, .required = true},
    {"If-Match", IN_HEADER, T_STRING},
    {"DistributionConfig", IN_XML, T_ANY, .required = true},
    {"DistributionConfig.*", IN_XML, T_ANY},
};

/* A field per element; those that the new configuration lacks are removed. */
static size_t element_changes(struct sim_call *c, const struct sim_object *o, const struct xml *config,
                              struct sim_field *changes)
{
    size_t n = 0;
    for (const struct xml *e = config->child; e && n < FIELDS_MAX / 2; e = e->next)
        changes[n++] = (struct sim_field){e->name, cloudfront_canonical(c->arena, e)};
    for (size_t i = 0; i < o->now->count && n < FIELDS_MAX - 4; i++)
        if (*o->now->items[i].name != '@' && !xml_at(config, o->now->items[i].name))
            changes[n++] = (struct sim_field){o->now->items[i].name, NULL};
    return n;
}

/* The ViewerCertificate as the vendor shows it: what a client need not send follows from the certificate. */
static char *completed_viewer(struct sim_call *c, const struct xml *viewer)
{
    static const char *const derived[] = {"CloudFrontDefaultCertificate", "Certificate", "CertificateSource"};
    const char *arn = xml_text(viewer, "ACMCertificateArn", ""),
               *id = *arn ? arn : xml_text(viewer, "IAMCertificateId", "");
    struct buf b = buf_new(c->arena, ANSWER_BYTES);
    buf_puts(&b, "<ViewerCertificate><CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate>");
    for (const struct xml *e = viewer->child; e; e = e->next) {
        bool sent = true;
        for (size_t i = 0; i < countof(derived); i++)
            sent = sent && strcmp(derived[i], e->name);
        if (sent)
            buf_puts(&b, xml_excerpt(c->arena, c->request->body, e));
    }
    buf_printf(&b,
               "<Certificate>%s</Certificate><CertificateSource>%s</CertificateSource></ViewerCertificate>",
               xml_escape(c->arena, id), *arn ? "acm" : "iam");
    return b.data;
}

/* The configuration to keep; NULL after refusing what cannot be put together. */
static char *completed(struct sim_call *c, const struct xml *config)
{
    char *text = xml_excerpt(c->arena, c->request->body, config);
    if (!*cloudfront_certificate(config))
        return text;
    char *viewer = completed_viewer(c, xml_at(config, "ViewerCertificate"));
    if (xml_splice(c->arena, text, strlen(text), "ViewerCertificate", viewer, &text, NULL))
        return text;
    sim_fail(c, 400, "MalformedXML", "The ViewerCertificate is not well formed.");
    return NULL;
}

static void apply(struct sim_call *c, struct sim_object *o, const struct xml *sent)
{
    struct sim_field changes[FIELDS_MAX];
    const struct xml *config;
    const char *text = completed(c, sent);
    if (!text || !xml_parse(c->arena, text, strlen(text), &config, NULL))
        return;
    size_t n = element_changes(c, o, config, changes);
    const char *etag =
        sim_hex_id(c->arena, arena_printf(c->arena, "%s %lld", o->id, (long long)sim_serial(c)), 13);
    changes[n++] = (struct sim_field){"@config", text};
    changes[n++] = (struct sim_field){"@etag", arena_printf(c->arena, "E%s", etag)};
    changes[n++] = (struct sim_field){"@cert", cloudfront_certificate(config)};
    changes[n++] = (struct sim_field){"@modified", time_iso(c->arena, c->now_ms)};
    sim_change(c, o, SETTLE_EDGE, changes, n);
    reply_distribution(c, o);
}

static void update(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const char *match = sim_arg_or(c, "If-Match", "");
    const struct xml *config;
    if (!o)
        return;
    if (!*match)
        sim_fail(c, 400, "InvalidIfMatchVersion",
                 "The If-Match version is missing or not valid for the resource.");
    else if (strcmp(match, sim_get(c, o, "@etag")))
        sim_fail(c, 412, "PreconditionFailed",
                 "The request failed because it didn't meet the preconditions.");
    else if (!xml_parse(c->arena, c->request->body, c->request->body_size, &config, NULL))
        sim_fail(c, 400, "MalformedXML", "The XML document is not well formed.");
    else if (cloudfront_check(c, o, config))
        apply(c, o, config);
}

#define VERSION "/2020-05-31"

static const struct sim_operation operations[] = {
    {.name = "ListDistributions",
     .method = "GET",
     .path = VERSION "/distribution",
     SIM_PARAMS(list_params),
     .run = list},
    {.name = "GetDistribution",
     .method = "GET",
     .path = VERSION "/distribution/{Id}",
     .resource = "Id",
     SIM_PARAMS(one_params),
     .run = get},
    {.name = "GetDistributionConfig",
     .method = "GET",
     .path = VERSION "/distribution/{Id}/config",
     .resource = "Id",
     SIM_PARAMS(one_params),
     .run = get_config},
    {.name = "UpdateDistribution",
     .method = "PUT",
     .path = VERSION "/distribution/{Id}/config",
     .writes = true,
     .resource = "Id",
     SIM_PARAMS(update_params),
     .run = update},
};

static const char *const hosts[] = {"cloudfront.amazonaws.com", NULL};

const struct sim_service sim_aws_cloudfront = {.cloud = "aws",
                                               .code = "cloudfront",
                                               .hosts = hosts,
                                               .style = "xml",
                                               .operations = operations,
                                               .operation_count = countof(operations),
                                               .resource_kind = cloudfront_kind,
                                               .generate = cloudfront_generate,
                                               .entry = cloudfront_entry,
                                               .choose = cloudfront_choose};

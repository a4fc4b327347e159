/* Alibaba Cloud OSS: own domains (CNAMEs) of buckets.
 *
 * An XML service with a signature of its own; every bucket is asked at its own region's endpoint, while any endpoint lists
 * all of them. Writing names the certificate that is replaced (PreviousCertId), so that a change somebody else made meanwhile is
 * refused instead of undone. OSS reads certificates of the certificate service with the rights of whoever calls. One
 * uploaded to OSS directly has an id too, but nothing says that it can be bound again by it: its reference begins
 * with "upload:".
 */
#include "cloud/aliyun/aliyun.h"

#include <string.h>

#define OSS(name, verb, where, takes, ...)                                                                   \
    {                                                                                                        \
        .service = "oss", .version = "", .operation = (name), .method = (verb), .path = "/",                 \
        .host = (where), .style = CALL_OSS, .parameters = (takes), __VA_ARGS__                               \
    }
#define OF_BUCKET "{bucket}.oss-{region}.aliyuncs.com"

static const struct call list_buckets =
    OSS("ListBuckets", "GET", "oss-{region}.aliyuncs.com", NULL,
        PAGES_BY_MARKER("Buckets/Bucket", "NextMarker", "marker", "max-keys", 200));
static const struct call list_cnames = OSS("ListCname", "GET", OF_BUCKET, "cname", .write = false);
static const struct call put_cname = OSS("PutCname", "POST", OF_BUCKET, "cname comp", .write = true);

/* ---- buckets ---- */

/* "cn-hangzhou"; older answers have it as "oss-cn-hangzhou" alone. */
static const char *region_of(const struct xml *bucket)
{
    const char *location = xml_get(bucket, "Location");
    return xml_text(bucket, "Region", strncmp(location, "oss-", 4) == 0 ? location + 4 : location);
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    const char *home = strcmp(session_site(job), "china") == 0 ? "cn-hangzhou" : "ap-southeast-1";
    struct arena *keep = job->arena;
    struct links seen = {0};
    session_regions(job, ret, ret_count);
    if (*ret_count)
        return true;
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_buckets, home, "{}");
    for (const struct xml *bucket; (bucket = pages_next_xml(&p));)
        if (*region_of(bucket))
            (void)links_add_first(keep, &seen, region_of(bucket), "");
    *ret = arena_array(keep, const char *, seen.count + 1);
    for (size_t i = 0; i < seen.count; i++)
        (*ret)[(*ret_count)++] = seen.items[i].from;
    return pages_end(&p, err) || err_add(err, "regions of buckets");
}

/* ---- what a domain holds ---- */

#define UPLOADED "upload:"

static bool binding_of(struct job *job, const char *region, const struct xml *cname, struct binding *b,
                       struct err *err)
{
    const char *id = xml_get(cname, "Certificate/CertId");
    bool stored = strcmp(xml_text(cname, "Certificate/Type", "CAS"), "CAS") == 0;
    if (!*id)
        return true;
    struct bound *held =
        binding_add(job->arena, b, "default", stored ? id : arena_printf(job->arena, UPLOADED "%s", id));
    b->https = true;
    if (!time_parse_http(xml_get(cname, "Certificate/ValidEndDate"), &held->not_after_ms))
        held->not_after_ms = 0;
    return !stored || binding_look_up(job, region, b, err);
}

static bool emit_domain(struct job *job, const struct survey *to, const char *bucket, const struct xml *cname,
                        struct err *err)
{
    struct arena *a = job->arena;
    const char *domain = xml_get(cname, "Domain");
    struct binding b = {0};
    struct resource r = {
        .vendor_id = domain,
        .host = arena_printf(a, "%s.oss-%s.aliyuncs.com", bucket, to->region),
        .reach = "public",
        .lock = arena_printf(a, "oss:%s", bucket),
        .unfit = strcmp(xml_text(cname, "Status", "Enabled"), "Enabled") == 0 ? "" : "the domain is disabled",
        .extra = json_format(a, "{'bucket':%s}", bucket),
    };
    if (!resource_of_domain(a, &r, domain))
        return true;
    return (binding_of(job, to->region, cname, &b, err) || err_add(err, "%s", domain)) &&
           resource_emit(job, to, &r, &b, err);
}

static bool emit_bucket(struct job *job, const struct survey *to, const char *bucket, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_cnames, to->region, &answer, err, "{'bucket':%s,'cname':''}", bucket))
        return err_add(err, "bucket %s", bucket);
    for (const struct xml *cname = xml_at(answer.xml, "Cname"); cname; cname = xml_next(cname))
        if (!emit_domain(job, to, bucket, cname, err))
            return false;
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_buckets, to->region, "{}");
    for (const struct xml *v; (v = pages_next_xml(&p));)
        if (strcmp(region_of(v), to->region) == 0 && !emit_bucket(job, to, xml_get(v, "Name"), err))
            return false;
    return pages_end(&p, err);
}

/* ---- read, bind ---- */

static bool bucket_of(struct job *job, const struct resource *r, const char **ret, struct err *err)
{
    *ret = resource_extra(job->arena, r, "/bucket", "");
    return **ret || err_set(err, ERR_INPUT, "%s: its bucket is not known: synchronise it again", r->title);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    const char *bucket;
    struct answer answer;
    if (!bucket_of(job, r, &bucket, err) ||
        !cloud_call(job, &list_cnames, r->region, &answer, err, "{'bucket':%s,'cname':''}", bucket))
        return false;
    const struct xml *cname = xml_at(answer.xml, "Cname");
    while (cname && !xml_is(cname, "Domain", r->vendor_id))
        cname = xml_next(cname);
    return cname ? binding_of(job, r->region, cname, now, err)
                 : err_set(err, ERR_NOT_FOUND, "bucket %s has no domain %s", bucket, r->title);
}

/* With the certificate that was read as a lock; there is none to name only where nothing is bound. */
static const char *certificate_document(struct arena *a, const struct resource *r, const struct binding *now,
                                        const struct change *change)
{
    const struct bound *held = binding_slot(now, "default");
    bool uploaded = held && strncmp(held->ref, UPLOADED, strlen(UPLOADED)) == 0;
    const char *id = !held ? "" : uploaded ? held->ref + strlen(UPLOADED) : held->ref;
    const char *what =
        !change->add_count ? "<DeleteCertificate>true</DeleteCertificate>"
        : held             ? arena_printf(a, "<CertId>%s</CertId><PreviousCertId>%s</PreviousCertId>",
                                          xml_escape(a, change->add[0]), xml_escape(a, id))
               : arena_printf(a, "<CertId>%s</CertId><Force>true</Force>", xml_escape(a, change->add[0]));
    return arena_printf(
        a,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><BucketCnameConfiguration><Cname><Domain>%s"
        "</Domain><CertificateConfiguration>%s</CertificateConfiguration></Cname>"
        "</BucketCnameConfiguration>",
        xml_escape(a, r->vendor_id), what);
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const char *bucket;
    return bucket_of(job, w->resource, &bucket, err) &&
           cloud_put_document(job, &put_cname, w->resource->region,
                              certificate_document(job->arena, w->resource, w->now, w->change), NULL, NULL,
                              err, "{'bucket':%s,'cname':'','comp':'add'}", bucket);
}

const struct product aliyun_oss = {
    PRODUCT_CODE("aliyun", "oss"),
    .title = "Alibaba Cloud OSS",
    .one_way = UPLOADED,
    .one_way_why = "it was uploaded to OSS directly, which does not give its key back",
    .consistency_ms = 10000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_buckets, &list_cnames, &put_cname),
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = aliyun_ref_store,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

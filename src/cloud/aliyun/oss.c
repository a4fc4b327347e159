/* Alibaba Cloud OSS: own domains (CNAMEs) of buckets.
 *
 * An XML service with a signature of its own; every bucket is asked at its own region's endpoint, while any endpoint lists
 * all of them. Writing names the certificate that is replaced (PreviousCertId), so that a change somebody else made meanwhile is
 * refused instead of undone. OSS reads certificates of the certificate service with the rights of whoever calls. One
 * uploaded to OSS directly has an id too, but nothing says that it can be bound again by it: its reference begins
 * with "upload:".
 */
#include "cloud/aliyun/aliyun.h"

#include "codec/name.h"
#include <string.h>

#define OSS(name, verb, where)                                                                               \
    .service = "oss", .version = "", .operation = (name), .method = (verb), .path = "/", .host = (where),    \
    .style = CALL_OSS

static const struct call list_buckets = {
    OSS("ListBuckets", "GET", "oss-{region}.aliyuncs.com"),
    .parameters = "marker max-keys",
    .page = {.items = "Buckets/Bucket",
             .next = "NextMarker",
             .position = "marker",
             .size = "max-keys",
             .size_value = 200,
             .style = PAGE_MARKER},
};

static const struct call list_cnames = {
    OSS("ListCname", "GET", "{bucket}.oss-{region}.aliyuncs.com"),
    .parameters = "cname",
};

static const struct call put_cname = {
    OSS("PutCname", "POST", "{bucket}.oss-{region}.aliyuncs.com"),
    .parameters = "cname comp",
    .write = true,
};

/* ---- buckets ---- */

/* "cn-hangzhou"; older answers have it as "oss-cn-hangzhou" alone. */
static const char *region_of(const struct xml *bucket)
{
    const char *location = xml_get(bucket, "Location");
    return xml_text(bucket, "Region", strncmp(location, "oss-", 4) == 0 ? location + 4 : location);
}

struct regions {
    struct arena *arena;
    const char **items;
    size_t count, capacity;
};

static bool add_region(struct job *job, void *context, const struct json *item, const struct xml *node,
                       struct err *err)
{
    struct regions *r = context;
    const char *region = region_of(node);
    (void)job;
    (void)item;
    (void)err;
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->items[i], region) == 0)
            return true;
    if (*region)
        *(const char **)arena_push(r->arena, (void **)&r->items, &r->count, &r->capacity, sizeof *r->items) =
            arena_strdup(r->arena, region);
    return true;
}

static bool regions(struct job *job, const char ***ret, size_t *ret_count, struct err *err)
{
    const char *home = strcmp(session_site(job), "china") == 0 ? "cn-hangzhou" : "ap-southeast-1";
    struct regions found = {.arena = job->arena};
    session_regions(job, ret, ret_count);
    if (*ret_count)
        return true;
    if (!cloud_each(job, &list_buckets, home, add_region, &found, err, "{}"))
        return err_add(err, "regions of buckets");
    *ret = found.items;
    *ret_count = found.count;
    return true;
}

/* ---- what a domain holds ---- */

static const char *plain_name(struct arena *a, const char *domain)
{
    const char *name;
    return name_normalise(a, domain, true, &name, NULL) ? name : NULL;
}

static const char upload_prefix[] = "upload:";

static const char *id_of(const char *ref)
{
    size_t size = sizeof upload_prefix - 1;
    return strncmp(ref, upload_prefix, size) == 0 ? ref + size : ref;
}

static bool bound_of(struct job *job, const struct xml *cname, const char *region, struct bound *b,
                     size_t *ret_count, struct err *err)
{
    const char *id = xml_get(cname, "Certificate/CertId");
    bool stored = strcmp(xml_text(cname, "Certificate/Type", "CAS"), "CAS") == 0;
    *b = (struct bound){.slot = "default",
                        .ref = stored ? id : arena_printf(job->arena, "%s%s", upload_prefix, id)};
    b->name = b->fingerprint = b->serial = b->key_type = b->issuer = "";
    *ret_count = *id != '\0';
    if (!*id)
        return true;
    if (!time_parse_http(xml_get(cname, "Certificate/ValidEndDate"), &b->not_after_ms))
        b->not_after_ms = 0;
    return !stored || session_facts(job, region, b, err);
}

struct emit {
    const char *region;
    resource_fn *each;
    void *context;
};

static bool emit_domain(struct job *job, const struct emit *emit, const char *bucket, const struct xml *cname,
                        struct err *err)
{
    struct arena *a = job->arena;
    const char *domain = xml_get(cname, "Domain");
    bool enabled = strcmp(xml_text(cname, "Status", "Enabled"), "Enabled") == 0;
    struct resource_name name = {.name = plain_name(a, domain), .evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    if (!name.name)
        return true;
    struct resource r = {
        .product = "aliyun/oss",
        .region = emit->region,
        .vendor_id = domain,
        .title = name.name,
        .names = &name,
        .name_count = 1,
        .bound = &bound,
        .host = arena_printf(a, "%s.oss-%s.aliyuncs.com", bucket, emit->region),
        .port = 443,
        .reach = "public",
        .lock = arena_printf(a, "oss:%s", bucket),
        .alias_of = "",
        .managed_by = "",
        .unfit = enabled ? "" : "the domain is disabled",
        .extra = json_format(a, "{'bucket':%s}", bucket),
    };
    if (!bound_of(job, cname, emit->region, &bound, &r.bound_count, err))
        return err_add(err, "%s", domain);
    r.https = r.bound_count > 0;
    return emit->each(emit->context, &r, err);
}

static bool emit_bucket(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    const struct emit *emit = context;
    const char *bucket = xml_get(node, "Name");
    struct answer answer;
    (void)item;
    if (strcmp(region_of(node), emit->region) != 0)
        return true;
    if (!cloud_call(job, &list_cnames, emit->region, &answer, err, "{'bucket':%s,'cname':''}", bucket))
        return err_add(err, "bucket %s", bucket);
    for (const struct xml *cname = xml_at(answer.xml, "Cname"); cname; cname = xml_next(cname))
        if (!emit_domain(job, emit, bucket, cname, err))
            return false;
    return true;
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct emit emit = {region, each, context};
    return cloud_each(job, &list_buckets, region, emit_bucket, &emit, err, "{}");
}

/* ---- read, bind ---- */

static bool bucket_of(struct job *job, const struct resource *r, const char **ret, struct err *err)
{
    const struct json *extra;
    if (!json_parse(job->arena, r->extra, strlen(r->extra), &extra, err))
        return false;
    *ret = json_get(extra, "/bucket");
    return **ret || err_set(err, ERR_INPUT, "%s: its bucket is not known: synchronise it again", r->title);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    const char *bucket;
    struct answer answer;
    if (!bucket_of(job, r, &bucket, err) ||
        !cloud_call(job, &list_cnames, r->region, &answer, err, "{'bucket':%s,'cname':''}", bucket))
        return false;
    const struct xml *cname = xml_at(answer.xml, "Cname");
    while (cname && strcmp(xml_get(cname, "Domain"), r->vendor_id) != 0)
        cname = xml_next(cname);
    if (!cname)
        return err_set(err, ERR_NOT_FOUND, "bucket %s has no domain %s", bucket, r->title);
    struct binding b = {.ready = true,
                        .etag = "",
                        .bound = arena_make(job->arena, struct bound),
                        .settings = "{}"};
    if (!bound_of(job, cname, r->region, b.bound, &b.bound_count, err))
        return false;
    b.https = b.bound_count > 0;
    *ret = b;
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "OSS takes no SM2 certificates");
    *ret = aliyun_store(job, r->region);
    return true;
}

/* With the certificate that was read as a lock; there is none to name only where nothing is bound. */
static const char *certificate_document(struct arena *a, const struct resource *r, const struct binding *now,
                                        const struct change *change)
{
    const struct bound *held = binding_slot(now, "default");
    const char *what =
        !change->add_count ? "<DeleteCertificate>true</DeleteCertificate>"
        : held
            ? arena_printf(a, "<CertId>%s</CertId><PreviousCertId>%s</PreviousCertId>",
                           xml_escape(a, id_of(change->add[0])), xml_escape(a, id_of(held->ref)))
            : arena_printf(a, "<CertId>%s</CertId><Force>true</Force>", xml_escape(a, id_of(change->add[0])));
    return arena_printf(
        a,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><BucketCnameConfiguration><Cname><Domain>%s"
        "</Domain><CertificateConfiguration>%s</CertificateConfiguration></Cname>"
        "</BucketCnameConfiguration>",
        xml_escape(a, r->vendor_id), what);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    const char *bucket;
    struct answer answer;
    (void)m;
    return bucket_of(job, r, &bucket, err) &&
           cloud_put_document(job, &put_cname, r->region, certificate_document(job->arena, r, now, change),
                              NULL, &answer, err, "{'bucket':%s,'cname':'','comp':'add'}", bucket);
}

static bool old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                    struct err *err)
{
    (void)job;
    (void)r;
    (void)err;
    *ret = id_of(old->ref) == old->ref ? NULL
                                       : "it was uploaded to OSS directly, which does not give its key back";
    return true;
}

const struct product aliyun_oss = {
    PRODUCT_CODE("aliyun", "oss"),
    .title = "Alibaba Cloud OSS",
    .consistency_ms = 10000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_buckets, &list_cnames, &put_cname),
    .regions = regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_upload,
    .bind = write_change,
    .old_key = old_key,
};

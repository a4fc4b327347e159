/* OSS: buckets of several regions and their own domains. Every endpoint lists all buckets; a bucket is asked at its own
 * region's. A domain's certificate is replaced by naming the one that is there (PreviousCertId), or by force.
 */
#include "codec/xml.h"
#include "sim/aliyun/aliyun.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_BYTES = 4 << 20, PAGE_SIZE = 100 };

static const char kind[] = "oss.cname", bucket_kind[] = "oss.bucket", own_kind[] = "@oss.certificate";

#define CONFIGURATION "BucketCnameConfiguration.Cname.CertificateConfiguration"

/* ---- answers ---- */

static struct buf begin(struct sim_call *c, const char *root)
{
    struct buf b = buf_new(c->arena, ANSWER_BYTES);
    buf_printf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s>", root);
    return b;
}

static void put(struct sim_call *c, struct buf *b, const char *name, const char *text)
{
    buf_printf(b, "<%s>%s</%s>", name, xml_escape(c->arena, text), name);
}

static void end(struct sim_call *c, struct buf *b, const char *root)
{
    buf_printf(b, "</%s>\n", root);
    sim_reply(c, 200, "application/xml", b->data);
}

/* ---- ListBuckets ---- */

static const struct sim_param buckets_params[] = {
    {"marker", IN_QUERY, T_STRING},
    {"max-keys", IN_QUERY, T_INTEGER, .min = 1, .max = 1000},
    {"prefix", IN_QUERY, T_STRING},
    {"tag-key", IN_QUERY, T_STRING},
    {"tag-value", IN_QUERY, T_STRING},
    {"tagging", IN_QUERY, T_STRING},
    {"x-oss-resource-group-id", IN_HEADER, T_STRING},
};

static void put_bucket(struct sim_call *c, struct buf *b, const struct sim_object *o)
{
    const char *region = sim_get(c, o, "Region");
    buf_puts(b, "<Bucket>");
    put(c, b, "Name", o->id);
    put(c, b, "Location", arena_printf(c->arena, "oss-%s", region));
    put(c, b, "Region", region);
    put(c, b, "CreationDate", sim_get(c, o, "CreationDate"));
    put(c, b, "StorageClass", "Standard");
    put(c, b, "ExtranetEndpoint", arena_printf(c->arena, "oss-%s.aliyuncs.com", region));
    put(c, b, "IntranetEndpoint", arena_printf(c->arena, "oss-%s-internal.aliyuncs.com", region));
    buf_puts(b, "</Bucket>");
}

static void list_buckets(struct sim_call *c)
{
    const char *marker = sim_arg_or(c, "marker", ""), *prefix = sim_arg_or(c, "prefix", ""), *last = "";
    int64_t size = sim_arg_int(c, "max-keys", PAGE_SIZE), count = 0;
    bool more = false;
    const struct sim_object *o;
    struct buf b = begin(c, "ListAllMyBucketsResult");
    buf_puts(&b, "<Owner>");
    put(c, &b, "ID", c->access->account);
    put(c, &b, "DisplayName", c->access->account);
    buf_puts(&b, "</Owner><Buckets>");
    for (size_t cursor = 0; (o = sim_next(c, bucket_kind, "", &cursor));) { /* made in order of their names */
        if (strcmp(o->id, marker) <= 0 || strncmp(o->id, prefix, strlen(prefix)))
            continue;
        more = count == size;
        if (more)
            break;
        put_bucket(c, &b, o);
        last = o->id;
        count++;
    }
    buf_puts(&b, "</Buckets>");
    put(c, &b, "Prefix", prefix);
    put(c, &b, "Marker", marker);
    put(c, &b, "MaxKeys", arena_printf(c->arena, "%lld", (long long)size));
    put(c, &b, "IsTruncated", more ? "true" : "false");
    if (more)
        put(c, &b, "NextMarker", last);
    end(c, &b, "ListAllMyBucketsResult");
}

/* ---- ListCname ---- */

static const struct sim_param cnames_params[] = {
    {"cname", IN_QUERY, T_STRING, .required = true},
};

static const struct sim_object *wanted(struct sim_call *c)
{
    const struct sim_object *o = sim_find(c, bucket_kind, "", oss_bucket(c));
    if (!o)
        sim_fail(c, 404, "NoSuchBucket", "The specified bucket does not exist.");
    else if (strcmp(sim_get(c, o, "Region"), c->region))
        sim_fail(c, 403, "AccessDenied",
                 "The bucket you are attempting to access must be addressed using the specified endpoint.");
    else
        return o;
    return NULL;
}

static const struct sim_object *bound(struct sim_state *s, const struct sim_object *o,
                                      const struct sim_fields *fields)
{
    const char *id = sim_field(fields, "CertId");
    return strcmp(sim_field(fields, "CertType"), "Upload")
               ? aliyun_cas_by_identifier(s, o->account, id)
               : state_find_ever(s, "aliyun", o->account, own_kind, "", id);
}

static char *http_date(struct sim_call *c, int64_t ms)
{
    return time_format(c->arena, ms, "%a, %d %b %Y %H:%M:%S GMT");
}

static char *with_colons(struct sim_call *c, const char *hex)
{
    struct buf b = buf_new(c->arena, 256);
    for (size_t i = 0; hex[i]; i++)
        buf_printf(&b, "%s%c", i && i % 2 == 0 ? ":" : "", hex[i]);
    return b.data;
}

static void put_certificate(struct sim_call *c, struct buf *b, const struct sim_object *o)
{
    const struct sim_object *cert = bound(c->state, o, o->now);
    if (!cert || !cert->cert)
        return;
    const struct x509 *leaf = sim_leaf(cert->cert);
    buf_puts(b, "<Certificate>");
    put(c, b, "Type", sim_get(c, o, "CertType"));
    put(c, b, "CertId", sim_get(c, o, "CertId"));
    put(c, b, "Status", "Enabled");
    put(c, b, "CreationDate", http_date(c, leaf->not_before_ms));
    put(c, b, "Fingerprint", with_colons(c, aliyun_upper(c->arena, leaf->sha1)));
    put(c, b, "ValidStartDate", http_date(c, leaf->not_before_ms));
    put(c, b, "ValidEndDate", http_date(c, leaf->not_after_ms));
    buf_puts(b, "</Certificate>");
}

static void list_cnames(struct sim_call *c)
{
    const struct sim_object *bucket = wanted(c), *o;
    if (!bucket)
        return;
    struct buf b = begin(c, "ListCnameResult");
    put(c, &b, "Bucket", bucket->id);
    put(c, &b, "Owner", c->access->account);
    for (size_t cursor = 0; (o = sim_next(c, kind, bucket->id, &cursor));) {
        buf_puts(&b, "<Cname>");
        put(c, &b, "Domain", o->id);
        put(c, &b, "LastModified", sim_get(c, o, "LastModified"));
        put(c, &b, "Status", sim_get(c, o, "Status"));
        put_certificate(c, &b, o);
        buf_puts(&b, "</Cname>");
    }
    end(c, &b, "ListCnameResult");
}

/* ---- PutCname ---- */

static const struct sim_param put_params[] = {
    {"BucketCnameConfiguration", IN_XML, T_ANY, .required = true},
    {"BucketCnameConfiguration.Cname", IN_XML, T_ANY, .required = true},
    {"BucketCnameConfiguration.Cname.Domain", IN_XML, T_STRING, .required = true, .min = 1, .max = 255},
    {CONFIGURATION, IN_XML, T_ANY},
    {CONFIGURATION ".CertId", IN_XML, T_STRING},
    {CONFIGURATION ".Certificate", IN_XML, T_STRING},
    {CONFIGURATION ".DeleteCertificate", IN_XML, T_BOOLEAN},
    {CONFIGURATION ".Force", IN_XML, T_BOOLEAN},
    {CONFIGURATION ".PreviousCertId", IN_XML, T_STRING},
    {CONFIGURATION ".PrivateKey", IN_XML, T_STRING},
    {"Content-MD5", IN_HEADER, T_STRING, .required = true},
    {"cname", IN_QUERY, T_STRING, .required = true},
    {"comp", IN_QUERY, T_STRING, .required = true, .values = "add"},
};

static void answer_empty(struct sim_call *c)
{
    sim_reply(c, 200, "application/xml", "");
}

static void bind_certificate(struct sim_call *c, struct sim_object *o, const char *type, const char *id)
{
    SIM_CHANGE(c, o, SETTLE_EDGE, {"CertType", type}, {"CertId", id});
    answer_empty(c);
}

/* Without force, what is bound has to be named. */
static bool may_replace(struct sim_call *c, const struct sim_object *o)
{
    const char *held = sim_get(c, o, "CertId");
    if (sim_arg_bool(c, CONFIGURATION ".Force", false) || !*held ||
        !strcmp(held, sim_arg_or(c, CONFIGURATION ".PreviousCertId", "")))
        return true;
    sim_fail(c, 409, "PreviousCertIdNotMatch", "The certificate bound now is not the one named.");
    return false;
}

static void bind_text(struct sim_call *c, struct sim_object *o)
{
    const char *chain = sim_arg_or(c, CONFIGURATION ".Certificate", ""),
               *key = sim_arg_or(c, CONFIGURATION ".PrivateKey", "");
    struct sim_cert *parsed = NULL;
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE) {
        sim_fail(c, 400, "InvalidArgument", "The certificate and the private key do not fit.");
        return;
    }
    const char *id = arena_printf(c->arena, "%lld-cn-hangzhou", (long long)(6000000 + sim_serial(c)));
    SIM_CREATE(c, own_kind, "", id, {"Cert", chain}, {"Key", key});
    bind_certificate(c, o, "Upload", id);
}

static void bind_id(struct sim_call *c, struct sim_object *o, const char *id)
{
    const struct sim_object *cert = aliyun_cas_by_identifier(c->state, c->access->account, id);
    if (!cert || cert->gone || !cert->cert)
        sim_fail(c, 400, "CertificateInvalidCasId", "The certificate %s cannot be read.", id);
    else
        bind_certificate(c, o, "CAS", id);
}

static void put_cname(struct sim_call *c)
{
    const struct sim_object *bucket = wanted(c);
    const char *domain = sim_arg(c, "BucketCnameConfiguration.Cname.Domain");
    struct sim_object *o = bucket ? sim_find(c, kind, bucket->id, domain) : NULL;
    bool away = sim_arg_bool(c, CONFIGURATION ".DeleteCertificate", false);
    const char *id = sim_arg(c, CONFIGURATION ".CertId");
    if (!bucket)
        return;
    if (!o)
        sim_fail(c, 403, "NeedVerifyDomainOwnership", "The ownership of %s has to be verified.", domain);
    else if (away && sim_arg_bool(c, CONFIGURATION ".Force", false))
        sim_fail(c, 400, "MalformedXML", "Force and DeleteCertificate exclude each other.");
    else if (away)
        bind_certificate(c, o, NULL, NULL);
    else if (!sim_arg(c, CONFIGURATION))
        answer_empty(c);
    else if (may_replace(c, o) && id)
        bind_id(c, o, id);
    else if (!c->answer.status)
        bind_text(c, o);
}

static const struct sim_operation operations[] = {
    {.name = "ListBuckets", SIM_PARAMS(buckets_params), .run = list_buckets},
    {.name = "ListCname", SIM_PARAMS(cnames_params), .run = list_cnames},
    {.name = "PutCname",
     .writes = true,
     .resource = "BucketCnameConfiguration.Cname.Domain",
     SIM_PARAMS(put_params),
     .run = put_cname},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *bucket = state_find(s, "aliyun", o->account, bucket_kind, "", o->scope);
    if (!bucket)
        return false;
    *ret = (struct sim_entry){.product = "oss",
                              .id = o->id,
                              .domain = o->id,
                              .port = 443,
                              .host = arena_printf(a, "%s.oss-%s.aliyuncs.com", o->scope,
                                                   sim_field(bucket->now, "Region"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return bound(s, o, view);
}

/* Brought to OSS itself, which the certificate store knows nothing of. */
static const char *seed_upload(struct sim_seeding *s, const char *names)
{
    const char *id = arena_printf(s->arena, "%llu-cn-hangzhou", 6000000 + (unsigned long long)s->number),
               *chain, *key;
    sim_seed_cert(s, names, &chain, &key);
    SIM_SEED(s, own_kind, "", id, {"Cert", chain}, {"Key", key});
    return id;
}

/* A bucket with one domain, or with two; one of the three regions is abroad, and its certificates are in the store there. One
 * in ten is disabled, with a certificate of its own.
 */
static void generate(struct sim_seeding *s, size_t n)
{
    const char *names = sim_seed_names(s, n), *name, *region = aliyun_regions[n % countof(aliyun_regions)];
    const char *bucket = arena_printf(s->arena, "bucket-%06llu", (unsigned long long)s->number);
    const char *site = strncmp(region, "cn-", 3) ? "ap-southeast-1" : "cn-hangzhou";
    const char *since = time_iso(s->arena, s->now_ms - 100 * 86400000LL);
    SIM_SEED(s, bucket_kind, "", bucket, {"Region", region}, {"CreationDate", since});
    for (size_t i = 0; (name = sim_list_item(s->arena, names, i)); i++) {
        bool own = n % 10 == 8;
        const char *id = own ? seed_upload(s, name)
                         : sim_seed_has_https(n)
                             ? arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, name), site)
                             : NULL;
        SIM_SEED(s, kind, bucket, name, {"Status", own ? "Disabled" : "Enabled"}, {"LastModified", since},
                 {"CertType", own  ? "Upload"
                              : id ? "CAS"
                                   : ""},
                 {"CertId", id ? id : ""});
    }
}

static const char *const hosts[] = {"oss-{region}.aliyuncs.com", "{bucket}.oss-{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_oss = {.cloud = "aliyun",
                                           .code = "oss",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .style = "oss",
                                           .resource_kind = kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

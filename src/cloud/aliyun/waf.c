/* Alibaba Cloud WAF in CNAME mode: instances of version 3.0 (API 2021-10-01) and 2.0 (2019-09-10), at each of two sites.
 *
 * 3.0: ModifyDomainCert changes the certificate; whether it keeps TLS settings that it is not told is not known, so it is
 * told all of them as read. Where the cloud does not know that call, ModifyDomain sets the whole domain and resets what
 * is left out: both documents go back as read, but for the certificate and the back ends, which an answer spells as
 * objects and a request as texts. While a change spreads, Status is not 1 and another one is refused.
 * 2.0: certificates are numbers of the site's store; which of them is bound, DescribeCertificates tells.
 */
#include "cloud/aliyun/guard.h"

#include "codec/json_slice.h"
#include <string.h>

#define WAF3(name)                                                                                           \
    ALIYUN_RPC("waf3", "2021-10-01", name), .host = "wafopenapi.{region}.aliyuncs.com",                      \
                                            .style = CALL_RPC_QUERY
#define WAF2(name)                                                                                           \
    ALIYUN_RPC("waf2", "2019-09-10", name), .host = "wafopenapi.{region}.aliyuncs.com",                      \
                                            .style = CALL_RPC_QUERY

static const struct call get_instance = {WAF3("DescribeInstance"), .parameters = "RegionId"};
static const struct call list_domains = {WAF3("DescribeDomains"),
                                         .parameters = "InstanceId RegionId PageNumber PageSize",
                                         .page = {.items = "/Domains",
                                                  .total = "/TotalCount",
                                                  .position = "PageNumber",
                                                  .size = "PageSize",
                                                  .size_value = 10,
                                                  .style = PAGE_NUMBER}};
static const struct call get_domain = {WAF3("DescribeDomainDetail"),
                                       .parameters = "InstanceId RegionId Domain"};
static const struct call set_certificate =
    {WAF3("ModifyDomainCert"),
     .parameters = "InstanceId RegionId Domain CertId TLSVersion EnableTLSv3 CipherSuite CustomCiphers[]",
     .write = true};
static const struct call set_domain = {WAF3("ModifyDomain"),
                                       .parameters = "InstanceId RegionId Domain Listen Redirect",
                                       .write = true};
static const struct call get_instance_2 = {WAF2("DescribeInstanceInfo")};
static const struct call list_domains_2 = {WAF2("DescribeDomainNames"), .parameters = "InstanceId",
                                           .page = {.items = "/DomainNames"}};
static const struct call get_domain_2 = {WAF2("DescribeDomain"), .parameters = "InstanceId Domain"};
static const struct call list_certificates_2 = {WAF2("DescribeCertificates"),
                                                .parameters = "InstanceId Domain"};
static const struct call set_certificate_2 = {WAF2("CreateCertificateByCertificateId"),
                                              .parameters = "InstanceId Domain CertificateId", .write = true};

struct place { /* where a domain is configured */
    const char *region, *instance;
    bool version_2;
};

static struct place place_of(struct job *job, const struct resource *r)
{
    const struct json *extra = NULL;
    if (!json_parse(job->arena, r->extra, strlen(r->extra), &extra, NULL))
        extra = NULL;
    return (struct place){.region = r->region,
                          .instance = json_str(json_at(extra, "/instance"), ""),
                          .version_2 = strcmp(json_str(json_at(extra, "/version"), ""), "2.0") == 0};
}

/* The slot's entry; WAF itself names what the certificate store no longer knows. */
static bool keep_bound(struct job *job, struct binding *b, const char *ref, const struct json *sans,
                       struct err *err)
{
    if (!guard_bind(job, b, ref, "", err))
        return false;
    for (size_t i = 0, known = b->bound->name_count; !known && i < json_count(sans); i++)
        aliyun_names(job->arena, json_str(json_item(sans, i), ""), &b->bound->names, &b->bound->name_count);
    return true;
}

static char *extra_of(struct arena *a, const struct place *p)
{
    return json_format(a, "{'instance':%s,'version':%s}", p->instance, p->version_2 ? "2.0" : "3.0");
}

static bool read_3(struct job *job, const struct place *p, const char *domain, struct guard_domain *ret,
                   struct err *err)
{
    struct answer answer;
    char *listen, *redirect;
    if (!cloud_call(job, &get_domain, p->region, &answer, err, "{'InstanceId':%s,'RegionId':%s,'Domain':%s}",
                    p->instance, p->region, domain))
        return false;
    const struct json *v = answer.json, *ports = json_at(v, "/Listen/HttpsPorts");
    if (strcmp(json_str(json_at(v, "/Domain"), ""), domain) != 0)
        return err_set(err, ERR_NOT_FOUND, "WAF has no domain %s", domain);
    if (!json_excerpt(job->arena, answer.text, answer.size, "/Listen", &listen, err) ||
        !json_cut(job->arena, listen, strlen(listen), "/CertId", &listen, err) ||
        !json_excerpt(job->arena, answer.text, answer.size, "/Redirect", &redirect, err))
        return err_set(err, ERR_VENDOR, "WAF answered without the settings of %s", domain);
    int64_t status = json_int(json_at(v, "/Status"), 1);
    const char *ref = json_str(json_at(v, "/Listen/CertId"), "");
    *ret = (struct guard_domain){
        .domain = domain,
        .host = json_str(json_at(v, "/Cname"), ""),
        .ports = ports,
        .extra = extra_of(job->arena, p),
        .unfit = status == 4 ? "the domain is being released" : "",
        .binding = {.https = json_count(ports) > 0,
                    .ready = status == 1,
                    .etag = "",
                    .settings = json_format(job->arena, "{'listen':%p,'redirect':%p}", listen, redirect),
                    .document = answer.text},
    };
    return !ret->binding.https || !*ref ||
           keep_bound(job, &ret->binding, ref, json_at(v, "/CertDetail/Sans"), err);
}

static bool read_2(struct job *job, const struct place *p, const char *domain, struct guard_domain *ret,
                   struct err *err)
{
    struct answer answer, certificates;
    if (!cloud_call(job, &get_domain_2, p->region, &answer, err, "{'InstanceId':%s,'Domain':%s}", p->instance,
                    domain))
        return false;
    const struct json *v = json_at(answer.json, "/Domain"), *ports = json_at(v, "/HttpsPort");
    if (!json_is_object(v))
        return err_set(err, ERR_NOT_FOUND, "WAF has no domain %s", domain);
    bool native = strcmp(json_str(json_at(v, "/AccessType"), ""), "waf-cloud-native") == 0;
    *ret = (struct guard_domain){
        .domain = domain,
        .host = json_str(json_at(v, "/Cname"), ""),
        .ports = ports,
        .extra = extra_of(job->arena, p),
        .unfit = native
                     ? "it is protected in transparent mode: its certificate is bound at the product behind"
                     : "",
        .binding = {.https = json_count(ports) > 0,
                    .ready = true,
                    .etag = "",
                    .settings = json_dump(job->arena, v)},
    };
    if (!ret->binding.https || native)
        return true;
    if (!cloud_call(job, &list_certificates_2, p->region, &certificates, err, "{'InstanceId':%s,'Domain':%s}",
                    p->instance, domain))
        return false;
    const struct json *list = json_at(certificates.json, "/Certificates");
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *c = json_item(list, i);
        const char *id = json_text(job->arena, json_at(c, "/CertificateId"), "");
        if (json_bool(json_at(c, "/IsUsing"), false) && *id)
            return keep_bound(job, &ret->binding, arena_printf(job->arena, "%s-%s", id, p->region),
                              json_at(c, "/Sans"), err);
    }
    return true;
}

struct emit {
    const struct place *place;
    resource_fn *each;
    void *context;
};

static bool emit_domain(struct job *job, void *context, const struct json *item, const struct xml *node,
                        struct err *err)
{
    const struct emit *emit = context;
    const struct place *p = emit->place;
    const char *domain = json_str(p->version_2 ? item : json_at(item, "/Domain"), "");
    struct guard_domain found;
    (void)node;
    if (!(p->version_2 ? read_2 : read_3)(job, p, domain, &found, err))
        return aliyun_is_gone(err) || err_add(err, "%s", domain);
    return guard_emit(job, p->region, &found, emit->each, emit->context, err);
}

/* An account that has 3.0 may be refused whatever it asks of 2.0. */
static bool is_refused(const struct err *err)
{
    return !err->transient &&
           (err->kind == ERR_PERMISSION || err->kind == ERR_NOT_FOUND || err->kind == ERR_VENDOR);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct answer answer;
    if (!cloud_call(job, &get_instance, region, &answer, err, "{'RegionId':%s}", region))
        return false;
    struct place p = {region, json_str(json_at(answer.json, "/InstanceId"), ""), false};
    struct emit emit = {&p, each, context};
    bool has_3 = *p.instance;
    if (has_3 && !cloud_each(job, &list_domains, region, emit_domain, &emit, err,
                             "{'InstanceId':%s,'RegionId':%s}", p.instance, region))
        return false;
    if (!cloud_call(job, &get_instance_2, region, &answer, err, "{}"))
        return has_3 && is_refused(err);
    p = (struct place){region, json_str(json_at(answer.json, "/InstanceInfo/InstanceId"), ""), true};
    return !*p.instance ||
           cloud_each(job, &list_domains_2, region, emit_domain, &emit, err, "{'InstanceId':%s}", p.instance);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct place p = place_of(job, r);
    struct guard_domain found;
    if (!(p.version_2 ? read_2 : read_3)(job, &p, r->vendor_id, &found, err))
        return false;
    *ret = found.binding;
    return true;
}

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "certferry binds no SM2 certificates to WAF");
    *ret = arena_printf(job->arena, "cas:%s", r->region);
    return true;
}

/* The document's member as it stands there; NULL, which is not sent, where it is absent. */
static const char *as_read(struct arena *a, const char *document, const char *pointer)
{
    char *text;
    return json_excerpt(a, document, strlen(document), pointer, &text, NULL) ? text : NULL;
}

/* Back ends of an answer, [{"Backend":..}], as a request wants them. */
static bool plain_backends(struct arena *a, char **redirect, const char *pointer, struct err *err)
{
    const struct json *v;
    if (!json_parse(a, *redirect, strlen(*redirect), &v, err))
        return false;
    const struct json *list = json_at(v, pointer);
    const char **texts = arena_array(a, const char *, json_count(list) + 1);
    if (!json_is_array(list))
        return true;
    for (size_t i = 0; i < json_count(list); i++)
        texts[i] = json_str(json_at(json_item(list, i), "/Backend"), json_str(json_item(list, i), ""));
    return json_splice(a, *redirect, strlen(*redirect), pointer, json_strings(a, texts, json_count(list)),
                       redirect, err);
}

static bool put_whole(struct job *job, const struct place *p, const char *domain, const char *document,
                      const char *ref, struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    char *listen, *redirect;
    bool made = json_excerpt(a, document, strlen(document), "/Listen", &listen, err) &&
                json_splice(a, listen, strlen(listen), "/CertId", json_format(a, "%s", ref), &listen, err) &&
                json_excerpt(a, document, strlen(document), "/Redirect", &redirect, err) &&
                json_cut(a, redirect, strlen(redirect), "/BackendList", &redirect, err) &&
                json_cut(a, redirect, strlen(redirect), "/BackUpBackendList", &redirect, err) &&
                plain_backends(a, &redirect, "/Backends", err) &&
                plain_backends(a, &redirect, "/BackupBackends", err);
    return made && cloud_call(job, &set_domain, p->region, &answer, err,
                              "{'InstanceId':%s,'RegionId':%s,'Domain':%s,'Listen':%s,'Redirect':%s}",
                              p->instance, p->region, domain, listen, redirect);
}

static bool write_3(struct job *job, const struct place *p, const char *domain, const char *document,
                    const char *ref, struct err *err)
{
    static const char old_way[] = "waf:ModifyDomain";
    struct arena *a = job->arena;
    struct answer answer;
    if (session_get(job, old_way))
        return put_whole(job, p, domain, document, ref, err);
    if (cloud_call(job, &set_certificate, p->region, &answer, err,
                   "{'InstanceId':%s,'RegionId':%s,'Domain':%s,'CertId':%s,'TLSVersion':%p,'EnableTLSv3':%p,"
                   "'CipherSuite':%p,'CustomCiphers':%p}",
                   p->instance, p->region, domain, ref, as_read(a, document, "/Listen/TLSVersion"),
                   as_read(a, document, "/Listen/EnableTLSv3"), as_read(a, document, "/Listen/CipherSuite"),
                   as_read(a, document, "/Listen/CustomCiphers")))
        return true;
    if (strcmp(err->code, "InvalidAction.NotFound") != 0 && strcmp(err->code, "InvalidApi.NotFound") != 0)
        return false;
    session_put(job, old_way, "1");
    return put_whole(job, p, domain, document, ref, err);
}

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct place p = place_of(job, r);
    struct answer answer;
    const char *id, *region;
    (void)m;
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "WAF can replace the certificate of a domain, not remove it");
    if (!p.version_2)
        return write_3(job, &p, r->vendor_id, now->document ? now->document : "{}", change->add[0], err);
    if (!aliyun_ref_parse(job->arena, change->add[0], &id, &region) || strcmp(region, r->region) != 0)
        return err_set(err, ERR_INPUT, "%s is no certificate of the certificate service's site %s",
                       change->add[0], r->region);
    return cloud_call(job, &set_certificate_2, p.region, &answer, err,
                      "{'InstanceId':%s,'Domain':%s,'CertificateId':%p}", p.instance, r->vendor_id, id);
}

static const struct call *const calls[] = {&get_instance,      &list_domains, &get_domain,
                                           &set_certificate,   &set_domain,   &get_instance_2,
                                           &list_domains_2,    &get_domain_2, &list_certificates_2,
                                           &set_certificate_2, NULL};

const struct product aliyun_waf = {
    .cloud = "aliyun",
    .name = "waf",
    .code = "aliyun/waf",
    .title = "Alibaba Cloud WAF",
    .consistency_ms = 30000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = calls,
    .regions = guard_sites,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .upload = aliyun_upload,
    .bind = write_change,
};

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

#define WAF(service, api, ...)                                                                               \
    ALIYUN_CALL(service, api, "wafopenapi.{region}.aliyuncs.com", CALL_RPC_QUERY, __VA_ARGS__)
#define WAF3(...) WAF("waf3", "2021-10-01", __VA_ARGS__)
#define WAF2(...) WAF("waf2", "2019-09-10", __VA_ARGS__)

static const struct call get_instance = WAF3("DescribeInstance", "RegionId");
static const struct call list_domains =
    WAF3("DescribeDomains", "InstanceId RegionId", ALIYUN_PAGES("/Domains", 10));
static const struct call get_domain = WAF3("DescribeDomainDetail", "InstanceId RegionId Domain");
static const struct call set_certificate =
    WAF3("ModifyDomainCert",
         "InstanceId RegionId Domain CertId TLSVersion EnableTLSv3 CipherSuite CustomCiphers[]",
         .write = true);
static const struct call set_domain =
    WAF3("ModifyDomain", "InstanceId RegionId Domain Listen Redirect", .write = true);
static const struct call get_instance_2 = WAF2("DescribeInstanceInfo", NULL);
static const struct call list_domains_2 =
    WAF2("DescribeDomainNames", "InstanceId", .page = {.items = "/DomainNames"});
static const struct call get_domain_2 = WAF2("DescribeDomain", "InstanceId Domain");
static const struct call list_certificates_2 = WAF2("DescribeCertificates", "InstanceId Domain");
static const struct call set_certificate_2 =
    WAF2("CreateCertificateByCertificateId", "InstanceId Domain CertificateId", .write = true);

struct place { /* where a domain is configured */
    const char *region, *instance;
    bool version_2;
};

static struct place place_of(struct job *job, const struct resource *r)
{
    return (struct place){.region = r->region,
                          .instance = resource_extra(job->arena, r, "/instance", ""),
                          .version_2 = strcmp(resource_extra(job->arena, r, "/version", ""), "2.0") == 0};
}

/* The slot's entry; WAF itself names what the certificate store no longer knows. */
static bool keep_bound(struct job *job, struct binding *b, const char *ref, const struct json *sans,
                       struct err *err)
{
    struct bound *held = binding_add(job->arena, b, "default", ref);
    if (!held || !binding_look_up(job, "", b, err))
        return !held;
    if (!held->name_count)
        json_each (name, sans)
            aliyun_names(job->arena, json_str(name, ""), &held->names, &held->name_count);
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
    if (strcmp(json_get(v, "/Domain"), domain) != 0)
        return err_set(err, ERR_NOT_FOUND, "WAF has no domain %s", domain);
    if (!json_excerpt(job->arena, answer.text, answer.size, "/Listen", &listen, err) ||
        !json_cut(job->arena, listen, strlen(listen), "/CertId", &listen, err) ||
        !json_excerpt(job->arena, answer.text, answer.size, "/Redirect", &redirect, err))
        return err_set(err, ERR_VENDOR, "WAF answered without the settings of %s", domain);
    int64_t status = json_int(json_at(v, "/Status"), 1);
    const char *ref = json_get(v, "/Listen/CertId");
    *ret = (struct guard_domain){
        .domain = domain,
        .host = json_get(v, "/Cname"),
        .ports = ports,
        .extra = extra_of(job->arena, p),
        .unfit = status == 4 ? "the domain is being released" : "",
        .binding = {.https = json_count(ports) > 0,
                    .ready = status == 1,
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
    bool native = json_is(v, "/AccessType", "waf-cloud-native");
    *ret = (struct guard_domain){
        .domain = domain,
        .host = json_get(v, "/Cname"),
        .ports = ports,
        .extra = extra_of(job->arena, p),
        .unfit = native
                     ? "it is protected in transparent mode: its certificate is bound at the product behind"
                     : "",
        .binding = {.https = json_count(ports) > 0, .ready = true, .settings = json_dump(job->arena, v)},
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

static bool emit_domains(struct job *job, const struct survey *to, const struct place *place, struct err *err)
{
    cleanup(pages_close) struct pages p =
        place->version_2 ? cloud_pages(job, &list_domains_2, to->region, "{'InstanceId':%s}", place->instance)
                         : cloud_pages(job, &list_domains, to->region, "{'InstanceId':%s,'RegionId':%s}",
                                       place->instance, to->region);
    for (const struct json *item; (item = pages_next(&p));) {
        const char *domain = json_str(item, json_get(item, "/Domain"));
        struct guard_domain found;
        if (!(place->version_2 ? read_2 : read_3)(job, place, domain, &found, err)) {
            if (aliyun_is_gone(err))
                continue;
            return err_add(err, "%s", domain);
        }
        if (!guard_emit(job, to, &found, err))
            return false;
    }
    return pages_end(&p, err);
}

/* An account that has 3.0 may be refused whatever it asks of 2.0. */
static bool is_refused(const struct err *err)
{
    return !err->transient &&
           (err->kind == ERR_PERMISSION || err->kind == ERR_NOT_FOUND || err->kind == ERR_VENDOR);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &get_instance, to->region, &answer, err, "{'RegionId':%s}", to->region))
        return false;
    struct place p = {to->region, json_get(answer.json, "/InstanceId"), false};
    bool has_3 = *p.instance;
    if (has_3 && !emit_domains(job, to, &p, err))
        return false;
    if (!cloud_call(job, &get_instance_2, to->region, &answer, err, "{}"))
        return has_3 && is_refused(err);
    p = (struct place){to->region, json_get(answer.json, "/InstanceInfo/InstanceId"), true};
    return !*p.instance || emit_domains(job, to, &p, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct place p = place_of(job, r);
    struct guard_domain found;
    if (!(p.version_2 ? read_2 : read_3)(job, &p, r->vendor_id, &found, err))
        return false;
    *now = found.binding;
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
    char *listen, *redirect;
    bool made = json_excerpt(a, document, strlen(document), "/Listen", &listen, err) &&
                json_splice(a, listen, strlen(listen), "/CertId", json_format(a, "%s", ref), &listen, err) &&
                json_excerpt(a, document, strlen(document), "/Redirect", &redirect, err) &&
                json_cut(a, redirect, strlen(redirect), "/BackendList", &redirect, err) &&
                json_cut(a, redirect, strlen(redirect), "/BackUpBackendList", &redirect, err) &&
                plain_backends(a, &redirect, "/Backends", err) &&
                plain_backends(a, &redirect, "/BackupBackends", err);
    return made && cloud_call(job, &set_domain, p->region, NULL, err,
                              "{'InstanceId':%s,'RegionId':%s,'Domain':%s,'Listen':%s,'Redirect':%s}",
                              p->instance, p->region, domain, listen, redirect);
}

static bool write_3(struct job *job, const struct place *p, const char *domain, const char *document,
                    const char *ref, struct err *err)
{
    static const char old_way[] = "waf:ModifyDomain";
    struct arena *a = job->arena;
    if (session_get(job, old_way))
        return put_whole(job, p, domain, document, ref, err);
    if (cloud_call(job, &set_certificate, p->region, NULL, err,
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

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const char *id, *region, *ref = w->change->add[0];
    struct place p = place_of(job, r);
    if (!p.version_2)
        return write_3(job, &p, r->vendor_id, w->now->document ? w->now->document : "{}", ref, err);
    if (!aliyun_ref_parse(job->arena, ref, &id, &region) || strcmp(region, r->region) != 0)
        return err_set(err, ERR_INPUT, "%s is no certificate of the certificate service's site %s", ref,
                       r->region);
    return cloud_call(job, &set_certificate_2, p.region, NULL, err,
                      "{'InstanceId':%s,'Domain':%s,'CertificateId':%p}", p.instance, r->vendor_id, id);
}

const struct product aliyun_waf = {
    PRODUCT_CODE("aliyun", "waf"),
    .title = "Alibaba Cloud WAF",
    .vendor_store = "cas:{region}",
    .no_sm2 = "certferry binds no SM2 certificates to WAF",
    .no_removal = "WAF can replace the certificate of a domain, not remove it",
    .consistency_ms = 30000,
    .settle_ms = 300000,
    .poll_ms = 2000,
    .propagation_ms = 300000,
    .calls = CALLS(&get_instance, &list_domains, &get_domain, &set_certificate, &set_domain, &get_instance_2,
                   &list_domains_2, &get_domain_2, &list_certificates_2, &set_certificate_2),
    .regions = guard_sites,
    .discover = discover,
    .read = read_binding,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

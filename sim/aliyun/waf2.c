/* WAF 2.0 on the hosts of WAF 3.0, told apart by its version. A certificate is a number of the site's certificate
 * store; which of those that cover a domain is bound, DescribeCertificates tells. A change is accepted at once and read
 * a while later. Domains in transparent mode ("waf-cloud-native") have no entry point of their own.
 */
#include "sim/aliyun/page.h"

#include <string.h>

static const char kind[] = "waf2.domain", instance_kind[] = "waf2.instance";

/* No parameter is required by the model, and yet nothing works without. */
static const struct sim_param params[] = {
    {"Domain", IN_QUERY, T_STRING},
    {"InstanceId", IN_QUERY, T_STRING},
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
};

static const struct sim_param instance_params[] = {
    {"InstanceId", IN_QUERY, T_STRING},
    {"RegionId", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
};

static struct sim_object *instance(struct sim_call *c)
{
    const char *id = sim_arg(c, "InstanceId");
    struct sim_object *o = id ? sim_find(c, instance_kind, c->region, id) : NULL;
    if (!id)
        c->vendor->refuse(c, REFUSE_MISSING_PARAMETER, "InstanceId");
    else if (strcmp(sim_arg_or(c, "RegionId", c->region), c->region))
        sim_fail(c, 400, "InvalidRegionId", "The region is not served here.");
    else if (!o)
        sim_fail(c, 400, "InstanceNotExist", "The instance does not exist.");
    return c->code ? NULL : o;
}

static struct sim_object *wanted(struct sim_call *c)
{
    if (!instance(c))
        return NULL;
    const char *domain = sim_arg(c, "Domain");
    struct sim_object *o = domain ? sim_find(c, kind, c->region, domain) : NULL;
    if (!domain)
        c->vendor->refuse(c, REFUSE_MISSING_PARAMETER, "Domain");
    else if (!o)
        sim_fail(c, 400, "DomainNotExist", "The domain name does not exist.");
    return o;
}

static void describe_instance(struct sim_call *c)
{
    size_t cursor = 0;
    const struct sim_object *o = sim_next(c, instance_kind, c->region, &cursor);
    struct aliyun_answer *answer = aliyun_begin(c);
    if (o)
        json_member_raw(&answer->w, "InstanceInfo",
                        json_format(c->arena,
                                    "{'InstanceId':%s,'PayType':1,'Region':%s,'RemainDay':120,'Status':1,"
                                    "'SubscriptionType':'Subscription','Version':'version_3'}",
                                    o->id, strcmp(c->region, "cn-hangzhou") ? "cn-intl" : "cn"));
    aliyun_end(c, answer);
}

static void domain_names(struct sim_call *c)
{
    if (!instance(c))
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "DomainNames");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, c->region, &cursor));)
        json_put_string(&answer->w, o->id);
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

static void describe_domain(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_raw(
        &answer->w, "Domain",
        json_format(c->arena,
                    "{'Cname':%s,'AccessType':%s,'HttpPort':[80],'HttpsPort':%p,'Http2Port':%p,"
                    "'HttpsRedirect':%p,'HttpToUserIp':0,'LoadBalancing':1,'SourceIps':['192.0.2.10'],"
                    "'SniStatus':1,'SniHost':'origin.example.com','ReadTime':120,'WriteTime':120,"
                    "'ConnectionTime':5,'Keepalive':true,'Retry':true,'ClusterType':0,'IsAccessProduct':0,"
                    "'Version':30,'ResourceGroupId':'rg-acfmv3s4eaqayaq'}",
                    sim_get(c, o, "Cname"), sim_get(c, o, "AccessType"), sim_get(c, o, "HttpsPort"),
                    sim_get(c, o, "Http2Port"), sim_get(c, o, "HttpsRedirect")));
    aliyun_end(c, answer);
}

static void put_certificate(struct sim_call *c, struct json_writer *w, const struct sim_object *cert,
                            bool is_used)
{
    const struct x509 *leaf = sim_leaf(cert->cert);
    const char *names[16];
    size_t n = 0;
    for (; n < countof(names) && n < leaf->name_count; n++)
        names[n] = leaf->names[n];
    json_put_raw(w, json_format(c->arena,
                                "{'CertificateId':%p,'CertificateName':%s,'CommonName':%s,'Sans':%p,"
                                "'EndTime':%lld,'IsUsing':%p}",
                                cert->id, sim_get(c, cert, "Name"), n ? names[0] : leaf->common_name,
                                json_strings(c->arena, names, n), (long long)leaf->not_after_ms,
                                json_boolean(is_used)));
}

/* Those of the store that cover the domain, and the bound one even if it is in the store no more. */
static void certificates(struct sim_call *c)
{
    const struct sim_object *o = wanted(c), *cert;
    if (!o)
        return;
    const char *bound = sim_show(c, o, "CertificateId");
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Certificates");
    json_open_array(&answer->w);
    for (size_t cursor = 0; (cert = sim_next(c, "cas.certificate", c->region, &cursor));)
        if (cert->cert && (!strcmp(cert->id, bound) || sim_cert_covers(cert->cert, o->id)))
            put_certificate(c, &answer->w, cert, !strcmp(cert->id, bound));
    cert =
        *bound ? state_find_ever(c->state, "aliyun", o->account, "cas.certificate", c->region, bound) : NULL;
    if (cert && cert->gone && cert->cert)
        put_certificate(c, &answer->w, cert, true);
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

static const struct sim_param bind_params[] = {
    {"CertificateId", IN_QUERY, T_INTEGER},  {"Domain", IN_QUERY, T_STRING},
    {"InstanceId", IN_QUERY, T_STRING},      {"RegionId", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
};

static void bind_certificate(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const char *id = sim_arg(c, "CertificateId");
    if (!o)
        return;
    const struct sim_object *cert = id ? aliyun_cas_find(c, c->region, id) : NULL;
    if (!id)
        c->vendor->refuse(c, REFUSE_MISSING_PARAMETER, "CertificateId");
    else if (!cert)
        sim_fail(c, 400, "CertificateNotExist", "The certificate does not exist.");
    else if (!strcmp(sim_get(c, o, "HttpsPort"), "[]"))
        sim_fail(c, 400, "HttpsNotEnabled", "The domain does not listen for HTTPS.");
    else if (!cert->cert || !sim_cert_covers(cert->cert, o->id))
        sim_fail(c, 400, "CertificateNotMatch", "The certificate does not cover the domain.");
    if (c->code)
        return;
    SIM_CHANGE(c, o, SETTLE_READS, {"CertificateId", id});
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_raw(&answer->w, "CertificateId", id);
    aliyun_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeInstanceInfo", SIM_PARAMS(instance_params), .run = describe_instance},
    {.name = "DescribeDomainNames", SIM_PARAMS(instance_params), .run = domain_names},
    {.name = "DescribeDomain", .resource = "Domain", SIM_PARAMS(params), .run = describe_domain},
    {.name = "DescribeCertificates", .resource = "Domain", SIM_PARAMS(params), .run = certificates},
    {.name = "CreateCertificateByCertificateId",
     .writes = true,
     .resource = "Domain",
     SIM_PARAMS(bind_params),
     .run = bind_certificate},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "waf",
                              .id = o->id,
                              .domain = o->id,
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "Cname"))};
    return *ret->host != 0;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    const char *id = sim_field(view, "CertificateId");
    (void)server_name;
    return *id ? state_find_ever(s, "aliyun", o->account, "cas.certificate", o->scope, id) : NULL;
}

static void generate(struct sim_seeding *s, size_t n)
{
    const char *site = n % 4 == 3 ? "cn-hangzhou" : "ap-southeast-1";
    const char *domain = sim_list_item(s->arena, sim_seed_names(s, n), 0);
    const char *digits = sim_hex_id(s->arena, arena_printf(s->arena, "waf2 %s %s", site, domain), 24);
    bool on = sim_seed_has_https(n), native = n % 10 == 8;
    SIM_SEED(s, instance_kind, site,
             arena_printf(s->arena, "waf-cn-%s",
                          sim_hex_id(s->arena, arena_printf(s->arena, "waf2 %s", site), 11)),
             {"Status", "1"});
    SIM_SEED(s, kind, site, domain,
             {"Cname", native ? "" : arena_printf(s->arena, "%s.yundunwaf5.com", digits)},
             {"AccessType", native ? "waf-cloud-native" : "waf-cloud-dns"},
             {"HttpsPort", on ? "[443]" : "[]"}, {"Http2Port", on ? "[443]" : "[]"},
             {"HttpsRedirect", on ? "1" : "0"},
             {"CertificateId", on ? aliyun_seed_cas(s, site, domain) : ""});
}

static const char *const hosts[] = {"wafopenapi.{region}.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_waf2 = {.cloud = "aliyun",
                                            .code = "waf2",
                                            .version = "2019-09-10",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .resource_kind = kind,
                                            .generate = generate,
                                            .entry = entry,
                                            .choose = choose};

/* ESA. Certificates belong to a site and are chosen for each host by their names; no record names one. An entry of type "cas" is
 * replaced in place by its Id, counts towards the plan's quota even when it has expired, and stands once only. Some
 * operations are asked with GET, and with nothing else. What a site holds are its fields "cert.<Id>", each a list: type,
 * site of the certificate store, number, name, time.
 */
#include "sim/aliyun/esa.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PAGE_SIZE = 500 };

static bool find_entry(struct arena *a, const struct sim_fields *fields, const char *id,
                       struct esa_entry *ret)
{
    for (size_t cursor = 0; esa_next_entry(a, fields, &cursor, ret);)
        if (!strcmp(ret->id, id))
            return true;
    return false;
}

/* ---- what most operations begin with ---- */

bool esa_method_is(struct sim_call *c, const char *method)
{
    if (!strcmp(c->request->method, method))
        return true;
    sim_fail(c, 400, "UnsupportedHTTPMethod", "This http method is not supported.");
    return false;
}

struct sim_object *esa_wanted_site(struct sim_call *c, const char *method)
{
    if (!esa_method_is(c, method))
        return NULL;
    struct sim_object *o = sim_find(c, ESA_SITE, "", sim_arg_or(c, "SiteId", ""));
    if (!o)
        sim_fail(c, 404, "SiteNotFound", "The site %s does not exist.", sim_arg_or(c, "SiteId", ""));
    return o;
}

struct esa_page esa_page_of(struct sim_call *c)
{
    return (struct esa_page){sim_arg_int(c, "PageNumber", 1), sim_arg_int(c, "PageSize", PAGE_SIZE), 0};
}

bool esa_on_page(struct esa_page *p)
{
    int64_t i = p->seen++;
    return i >= (p->number - 1) * p->size && i < p->number * p->size;
}

void esa_end_page(struct sim_call *c, const struct esa_page *p, struct aliyun_answer *answer)
{
    json_close_array(&answer->w);
    json_member_int(&answer->w, "TotalCount", p->seen);
    json_member_int(&answer->w, "PageNumber", p->number);
    json_member_int(&answer->w, "PageSize", p->size);
    aliyun_end(c, answer);
}

struct aliyun_answer *esa_begin_list(struct sim_call *c, const char *list)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, list);
    json_open_array(&answer->w);
    return answer;
}

bool esa_name_fits(const char *name, const char *text, const char *how)
{
    size_t size = strlen(name), wanted = strlen(text);
    if (!strcmp(how, "fuzzy"))
        return strstr(name, text) != NULL;
    return wanted <= size && (!strcmp(how, "exact")    ? !strcmp(name, text)
                              : !strcmp(how, "prefix") ? !strncmp(name, text, wanted)
                                                       : !strcmp(name + size - wanted, text));
}

/* ---- ListSites ---- */

static const struct sim_param sites_params[] = {
    {"AccessType", IN_QUERY, T_STRING, .values = "NS CNAME"},
    {"Coverage", IN_QUERY, T_STRING, .values = "domestic global overseas"},
    {"OnlyEnterprise", IN_QUERY, T_BOOLEAN},
    {"OrderBy", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 500},
    {"PlanSubscribeType", IN_QUERY, T_STRING},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"SiteName", IN_QUERY, T_STRING},
    {"SiteSearchType", IN_QUERY, T_STRING, .values = "prefix suffix exact fuzzy"},
    {"Status", IN_QUERY, T_STRING, .values = "pending active offline moved"},
    {"TagFilter", IN_QUERY, T_STRING},
    {"TagFilter[]", IN_QUERY, T_OBJECT},
    {"TagFilter[].Key", IN_QUERY, T_STRING},
    {"TagFilter[].Value", IN_QUERY, T_STRING},
};

static bool site_fits(struct sim_call *c, const struct sim_object *o)
{
    return esa_name_fits(sim_get(c, o, "SiteName"), sim_arg_or(c, "SiteName", ""),
                         sim_arg_or(c, "SiteSearchType", "fuzzy")) &&
           aliyun_arg_fits(c, "Status", sim_get(c, o, "Status")) &&
           aliyun_arg_fits(c, "AccessType", sim_get(c, o, "AccessType"));
}

static void put_site(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    static const char *const names[] = {"SiteName",     "Status",     "AccessType",
                                        "InstanceId",   "PlanName",   "Coverage",
                                        "PlanSpecName", "CreateTime", "ResourceGroupId"};
    json_open_object(w);
    json_member_int(w, "SiteId", strtoll(o->id, NULL, 10));
    for (size_t i = 0; i < countof(names); i++)
        json_member_string(w, names[i], sim_get(c, o, names[i]));
    json_close_object(w);
}

static void list_sites(struct sim_call *c)
{
    struct esa_page page = esa_page_of(c);
    const struct sim_object *o;
    if (!esa_method_is(c, "GET"))
        return;
    struct aliyun_answer *answer = esa_begin_list(c, "Sites");
    for (size_t cursor = 0; (o = sim_next(c, ESA_SITE, "", &cursor));)
        if (site_fits(c, o) && esa_on_page(&page))
            put_site(c, &answer->w, o);
    esa_end_page(c, &page, answer);
}

/* ---- ListRecords ---- */

static const struct sim_param records_params[] = {
    {"BizName", IN_QUERY, T_STRING},
    {"CustomPort", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 500},
    {"Proxied", IN_QUERY, T_BOOLEAN},
    {"RecordMatchType", IN_QUERY, T_STRING},
    {"RecordName", IN_QUERY, T_STRING},
    {"SiteId", IN_QUERY, T_INTEGER, .required = true},
    {"SourceType", IN_QUERY, T_STRING},
    {"Type", IN_QUERY, T_STRING},
};

static void list_records(struct sim_call *c)
{
    const struct sim_object *site = esa_wanted_site(c, "GET"), *o;
    struct esa_page page = esa_page_of(c);
    if (!site)
        return;
    struct aliyun_answer *answer = esa_begin_list(c, "Records");
    for (size_t cursor = 0; (o = sim_next(c, ESA_RECORD, site->id, &cursor));) {
        bool proxied = !strcmp(sim_get(c, o, "Proxied"), "true");
        if ((sim_arg(c, "Proxied") && sim_arg_bool(c, "Proxied", false) != proxied) ||
            !aliyun_arg_fits(c, "RecordName", o->id) || !esa_on_page(&page))
            continue;
        struct json_writer *w = &answer->w;
        json_open_object(w);
        json_member_string(w, "RecordName", o->id);
        json_member_string(w, "RecordType", sim_get(c, o, "RecordType"));
        json_member_bool(w, "Proxied", proxied);
        json_member_string(w, "RecordCname", sim_get(c, o, "RecordCname"));
        json_member_int(w, "RecordId", strtoll(sim_get(c, o, "RecordId"), NULL, 10));
        json_member_int(w, "SiteId", strtoll(site->id, NULL, 10));
        json_member_string(w, "SiteName", sim_get(c, site, "SiteName"));
        json_close_object(w);
    }
    esa_end_page(c, &page, answer);
}

/* ---- certificates ---- */

static const struct sim_param certificates_params[] = {
    {"Keyword", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 500},
    {"SiteId", IN_QUERY, T_INTEGER, .required = true},
    {"ValidOnly", IN_QUERY, T_BOOLEAN},
};

static const char *issuer_of(struct sim_call *c, const struct x509 *leaf)
{
    const char *cn = strstr(leaf->issuer, "CN=");
    return cn ? arena_copy(c->arena, cn + 3, strcspn(cn + 3, ",")) : "";
}

static void put_entry(struct sim_call *c, struct json_writer *w, const struct esa_entry *e,
                      const struct sim_object *cert)
{
    const struct x509 *leaf = sim_leaf(cert->cert);
    json_open_object(w);
    json_member_string(w, "Id", e->id);
    json_member_string(w, "Name", e->name);
    json_member_string(w, "Type", e->type);
    if (!strcmp(e->type, "cas")) {
        json_member_string(w, "CasId", e->number);
        json_member_string(w, "Region", e->site);
    }
    json_member_string(w, "CommonName", leaf->common_name);
    json_member_string(w, "SAN", sim_cert_names(c->arena, cert->cert, ","));
    json_member_string(w, "Status", leaf->not_after_ms < c->now_ms ? "Expired" : "OK");
    json_member_string(w, "Issuer", issuer_of(c, leaf));
    json_member_string(w, "IssuerCN", issuer_of(c, leaf));
    json_member_string(w, "SerialNumber", leaf->serial);
    json_member_string(w, "FingerprintSha256", leaf->sha256);
    json_member_string(w, "PubAlg", leaf->key_type == KEY_RSA ? "RSA" : "ECDSA");
    json_member_string(w, "NotBefore", aliyun_time(c, leaf->not_before_ms));
    json_member_string(w, "NotAfter", aliyun_time(c, leaf->not_after_ms));
    json_member_string(w, "CreateTime", e->time);
    json_close_object(w);
}

static void put_site_names(struct sim_call *c, struct json_writer *w, const struct sim_object *site)
{
    json_member_int(w, "SiteId", strtoll(site->id, NULL, 10));
    json_member_string(w, "SiteName", sim_get(c, site, "SiteName"));
}

static void list_certificates(struct sim_call *c)
{
    const struct sim_object *site = esa_wanted_site(c, "POST");
    struct esa_page page = esa_page_of(c);
    struct esa_entry e;
    if (!site)
        return;
    struct aliyun_answer *answer = esa_begin_list(c, "Result");
    for (size_t cursor = 0; esa_next_entry(c->arena, site->now, &cursor, &e);) {
        const struct sim_object *cert = esa_content(c->state, site, &e);
        if (!cert || !cert->cert || !strstr(e.name, sim_arg_or(c, "Keyword", "")) ||
            (sim_arg_bool(c, "ValidOnly", false) && sim_leaf(cert->cert)->not_after_ms < c->now_ms))
            continue;
        if (esa_on_page(&page))
            put_entry(c, &answer->w, &e, cert);
    }
    json_close_array(&answer->w);
    put_site_names(c, &answer->w, site);
    json_member_int(&answer->w, "TotalCount", page.seen);
    json_member_int(&answer->w, "PageNumber", page.number);
    json_member_int(&answer->w, "PageSize", page.size);
    aliyun_end(c, answer);
}

static const struct sim_param certificate_params[] = {
    {"Id", IN_QUERY, T_STRING, .required = true},
    {"SiteId", IN_QUERY, T_INTEGER, .required = true},
};

static bool wanted_entry(struct sim_call *c, const struct sim_object *site, const char *id,
                         struct esa_entry *ret)
{
    if (find_entry(c->arena, site->now, id, ret))
        return true;
    sim_fail(c, 404, "Certificate.NotFound", "The certificate %s does not exist on this site.", id);
    return false;
}

static void get_certificate(struct sim_call *c)
{
    const struct sim_object *site = esa_wanted_site(c, "POST");
    struct esa_entry e;
    if (!site || !wanted_entry(c, site, sim_arg(c, "Id"), &e))
        return;
    const struct sim_object *cert = esa_content(c->state, site, &e);
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "Status", "OK");
    put_site_names(c, &answer->w, site);
    json_member_string(&answer->w, "Certificate", cert->cert->chain_pem);
    json_key(&answer->w, "Result");
    put_entry(c, &answer->w, &e, cert);
    aliyun_end(c, answer);
}

static const struct sim_param by_record_params[] = {
    {"Detail", IN_QUERY, T_BOOLEAN},
    {"RecordName", IN_QUERY, T_STRING, .required = true},
    {"SiteId", IN_QUERY, T_INTEGER, .required = true},
    {"ValidOnly", IN_QUERY, T_BOOLEAN},
};

static void put_record(struct sim_call *c, struct json_writer *w, const struct sim_object *site,
                       const char *name)
{
    int64_t count = 0;
    struct esa_entry e;
    json_open_object(w);
    json_member_string(w, "RecordName", name);
    json_key(w, "Certificates");
    json_open_array(w);
    for (size_t cursor = 0; esa_next_entry(c->arena, site->now, &cursor, &e);) {
        const struct sim_object *cert = esa_content(c->state, site, &e);
        if (!cert || !cert->cert || !sim_cert_covers(cert->cert, name))
            continue;
        count++;
        if (sim_arg_bool(c, "Detail", false))
            put_entry(c, w, &e, cert);
    }
    json_close_array(w);
    json_member_int(w, "Count", count);
    json_member_string(w, "Status", !count ? "none" : sim_settling(c, site) ? "applying" : "configured");
    json_close_object(w);
}

static void by_record(struct sim_call *c)
{
    const struct sim_object *site = esa_wanted_site(c, "POST");
    if (!site)
        return;
    int64_t count = 0;
    struct aliyun_answer *answer = esa_begin_list(c, "Result");
    for (const char *p = sim_arg(c, "RecordName"); *p; count++) {
        size_t size = strcspn(p, ",");
        put_record(c, &answer->w, site, arena_copy(c->arena, p, size));
        p += size + (p[size] == ',');
    }
    json_close_array(&answer->w);
    put_site_names(c, &answer->w, site);
    json_member_int(&answer->w, "TotalCount", count);
    aliyun_end(c, answer);
}

/* ---- quota ---- */

static const struct sim_param quota_params[] = {
    {"InstanceId", IN_QUERY, T_STRING},
    {"QuotaNames", IN_QUERY, T_STRING, .required = true},
    {"SiteId", IN_QUERY, T_INTEGER},
};

static int64_t used(struct sim_call *c, const struct sim_object *site)
{
    int64_t count = 0;
    struct esa_entry e;
    for (size_t cursor = 0; esa_next_entry(c->arena, site->now, &cursor, &e);)
        count += strcmp(e.type, "free") != 0;
    return count;
}

static void quotas(struct sim_call *c)
{
    const struct sim_object *site = esa_wanted_site(c, "GET");
    if (!site)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    struct json_writer *w = &answer->w;
    json_member_string(w, "InstanceId", sim_get(c, site, "InstanceId"));
    json_member_string(w, "Status", "online");
    json_key(w, "Quotas");
    json_open_array(w);
    if (strstr(sim_arg(c, "QuotaNames"), "customHttpCert")) {
        json_open_object(w);
        json_member_string(w, "QuotaName", "customHttpCert");
        json_member_string(w, "QuotaValue", sim_get(c, site, "@quota"));
        json_member_string(w, "Usage", arena_printf(c->arena, "%lld", (long long)used(c, site)));
        json_close_object(w);
    }
    json_close_array(w);
    aliyun_end(c, answer);
}

/* ---- SetCertificate, DeleteCertificate ---- */

static const struct sim_param set_params[] = {
    {"CasId", IN_FORM, T_INTEGER},
    {"Certificate", IN_FORM, T_STRING},
    {"Id", IN_FORM, T_STRING},
    {"KeyServerId", IN_QUERY, T_STRING},
    {"Name", IN_FORM, T_STRING},
    {"PrivateKey", IN_FORM, T_STRING},
    {"Region", IN_FORM, T_STRING, .values = "cn-hangzhou ap-southeast-1"},
    {"SecurityToken", IN_QUERY, T_STRING},
    {"SiteId", IN_FORM, T_INTEGER, .required = true},
    {"Type", IN_FORM, T_STRING, .required = true, .values = "cas upload free keyless"},
};

static bool is_double(struct sim_call *c, const struct sim_object *site, const struct esa_entry *mine)
{
    struct esa_entry e;
    for (size_t cursor = 0; esa_next_entry(c->arena, site->now, &cursor, &e);)
        if (!strcmp(e.type, "cas") && !strcmp(e.site, mine->site) && !strcmp(e.number, mine->number))
            return true;
    return false;
}

const struct sim_object *esa_stored(struct sim_call *c, const char *site, const char *number)
{
    if (!number) {
        sim_fail(c, 400, "MissingCasId", "CasId is mandatory for this action.");
        return NULL;
    }
    const struct sim_object *cert = aliyun_cas_find(c, site, number);
    if (cert && cert->cert)
        return cert;
    sim_fail(c, 404, "Certificate.NotFound", "The certificate %s does not exist in %s.", number, site);
    return NULL;
}

static bool from_store(struct sim_call *c, const struct sim_object *site, struct esa_entry *e)
{
    e->site = sim_arg_or(c, "Region", "cn-hangzhou");
    e->number = sim_arg(c, "CasId");
    const struct sim_object *cert = esa_stored(c, e->site, e->number);
    if (!cert)
        return false;
    if (is_double(c, site, e)) {
        sim_fail(c, 400, "Certificate.Duplicated", "The certificate is on this site already.");
        return false;
    }
    e->name = arena_strdup(c->arena, sim_arg_or(c, "Name", sim_get(c, cert, "Name")));
    return true;
}

const char *esa_keep(struct sim_call *c, const char *chain, const char *key)
{
    struct sim_cert *parsed = NULL;
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE) {
        sim_fail(c, 400, "InvalidCertificate", "The certificate or its key is not valid.");
        return NULL;
    }
    const char *number = arena_printf(c->arena, "%lld", (long long)sim_serial(c));
    SIM_CREATE(c, ESA_OWN, "", number, {"Cert", chain}, {"Key", key});
    return number;
}

static bool from_text(struct sim_call *c, struct esa_entry *e)
{
    e->name = sim_arg_or(c, "Name", "");
    if (!*e->name) {
        sim_fail(c, 400, "MissingName", "The certificate has no name.");
        return false;
    }
    e->number = esa_keep(c, sim_arg_or(c, "Certificate", ""), sim_arg_or(c, "PrivateKey", ""));
    return e->number != NULL;
}

static void set_certificate(struct sim_call *c)
{
    struct sim_object *site = esa_wanted_site(c, "POST");
    const char *id = sim_arg_or(c, "Id", ""), *type = sim_arg(c, "Type");
    struct esa_entry old, e = {.id = id, .type = type, .site = ""};
    if (!site || (*id && !wanted_entry(c, site, id, &old)))
        return;
    bool cas = !strcmp(type, "cas");
    if ((!cas && strcmp(type, "upload")) || (*id && !strcmp(old.type, "free"))) {
        sim_fail(c, 400, "InvalidParameter", "This type of certificate cannot be set here.");
        return;
    }
    if (!*id && used(c, site) >= strtoll(sim_get(c, site, "@quota"), NULL, 10)) {
        sim_fail(c, 400, "CertQuotaCheckFailed", "The quota of custom certificates is exhausted.");
        return;
    }
    if (!(cas ? from_store(c, site, &e) : from_text(c, &e)))
        return;
    e.time = aliyun_time(c, c->now_ms);
    e.id = *id ? id : sim_hex_id(c->arena, arena_printf(c->arena, "esa %lld", (long long)sim_serial(c)), 32);
    SIM_CHANGE(c, site, SETTLE_EDGE, {arena_printf(c->arena, "cert.%s", e.id), esa_entry_text(c->arena, &e)});
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "Id", e.id);
    aliyun_end(c, answer);
}

static void delete_certificate(struct sim_call *c)
{
    struct sim_object *site = esa_wanted_site(c, "GET");
    struct esa_entry e;
    if (!site || !wanted_entry(c, site, sim_arg(c, "Id"), &e))
        return;
    SIM_CHANGE(c, site, SETTLE_EDGE, {arena_printf(c->arena, "cert.%s", e.id), NULL});
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "Id", e.id);
    put_site_names(c, &answer->w, site);
    aliyun_end(c, answer);
}

static const struct sim_operation operations[] = {
    {.name = "ListSites", SIM_PARAMS(sites_params), .run = list_sites},
    {.name = "ListRecords", .resource = "SiteId", SIM_PARAMS(records_params), .run = list_records},
    {.name = "ListCertificates",
     .resource = "SiteId",
     SIM_PARAMS(certificates_params),
     .run = list_certificates},
    {.name = "GetCertificate", .resource = "SiteId", SIM_PARAMS(certificate_params), .run = get_certificate},
    {.name = "ListCertificatesByRecord",
     .resource = "SiteId",
     SIM_PARAMS(by_record_params),
     .run = by_record},
    {.name = "ListInstanceQuotasWithUsage", .resource = "SiteId", SIM_PARAMS(quota_params), .run = quotas},
    {.name = "SetCertificate",
     .writes = true,
     .resource = "SiteId",
     SIM_PARAMS(set_params),
     .run = set_certificate},
    {.name = "DeleteCertificate",
     .writes = true,
     .resource = "SiteId",
     SIM_PARAMS(certificate_params),
     .run = delete_certificate},
    {.name = "ListCustomHostnames",
     .resource = "SiteId",
     SIM_PARAMS(esa_list_hosts_params),
     .run = esa_list_hosts},
    {.name = "GetCustomHostname",
     .resource = "HostnameId",
     SIM_PARAMS(esa_get_host_params),
     .run = esa_get_host},
    {.name = "UpdateCustomHostname",
     .writes = true,
     .resource = "HostnameId",
     SIM_PARAMS(esa_set_host_params),
     .run = esa_set_host},
};

static const char *const hosts[] = {"esa.cn-hangzhou.aliyuncs.com", "esa.ap-southeast-1.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_esa = {.cloud = "aliyun",
                                           .code = "esa",
                                           .version = "2024-09-10",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = ESA_SITE,
                                           .generate = esa_generate,
                                           .entry = esa_edge,
                                           .choose = esa_choose};

/* WAF v1, in regions: websites behind the cloud's own engines ("cloud") and behind dedicated ones ("premium"), and one
 * store of certificates per region and enterprise project. A listing shows the certificates that websites use or those
 * that none uses, never both. Names are unique, the store is as large as the quota says (an object "@waf.quota"), and a
 * certificate shows its key, as careless vendors do.
 *
 * Host: hostname, waf_type, certificateid, mode, front_protocol, enterprise_project_id, and settings. Certificate: name,
 * enterprise_project_id, timestamp, Cert, Key.
 */
#include "sim/huawei/huawei.h"
#include "sim/huawei/waf_params.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_BYTES = 16 << 20, PAGE_SIZE = 10, HOSTS_MAX = 64, QUOTA = 100000 };
static const int64_t day_ms = 86400000;
static const int64_t month_ms = 30 * 86400000LL;

const char huawei_waf_cert_kind[] = "waf.certificate";
static const char host_kind[] = "waf.host", quota_kind[] = "@waf.quota";
static const char other_project[] = "3f1c0a52-7b6d-4e19-9c55-0d2b8f6a7e41";

static const char *project_asked(const struct sim_call *c)
{
    return sim_arg_or(c, "enterprise_project_id", "0");
}

static bool in_project(struct sim_call *c, const struct sim_object *o)
{
    const char *asked = project_asked(c);
    return (!c->operation->writes && !strcmp(asked, "all_granted_eps")) ||
           !strcmp(asked, sim_get(c, o, "enterprise_project_id"));
}

/* What is not there, or is another enterprise project's. */
static struct sim_object *wanted(struct sim_call *c, const char *kind, const char *arg)
{
    struct sim_object *o = sim_find(c, kind, c->region, sim_arg(c, arg));
    if (o && in_project(c, o))
        return o;
    sim_fail(c, 404, "WAF.00014002", "Resource not found.");
    return NULL;
}

/* ---- pages ---- */

struct page {
    struct buf body;
    struct json_writer w;
    int64_t from, size, total;
};

static void page_open(struct sim_call *c, struct page *p)
{
    int64_t size = sim_arg_int(c, "pagesize", PAGE_SIZE);
    *p = (struct page){.size = size < 0 ? INT32_MAX : size, .body = buf_new(c->arena, LIST_BYTES)};
    p->from = (sim_arg_int(c, "page", 1) - 1) * p->size;
    p->w = json_writer_to(&p->body);
    json_open_object(&p->w);
    json_key(&p->w, "items");
    json_open_array(&p->w);
}

/* Whether the next item of the listing stands on this page. */
static bool page_takes(struct page *p)
{
    int64_t place = p->total++;
    return place >= p->from && place - p->from < p->size;
}

static void page_close(struct sim_call *c, struct page *p)
{
    json_close_array(&p->w);
    json_member_int(&p->w, "total", p->total);
    json_close_object(&p->w);
    huawei_reply(c, 200, p->body.data);
}

/* ---- hosts ---- */

static char *servers(struct sim_call *c, const struct sim_object *o)
{
    bool premium = !strcmp(sim_get(c, o, "waf_type"), "premium");
    return json_format(
        c->arena,
        "[{'front_protocol':%s,'back_protocol':'HTTP','weight':1,'address':'192.0.2.10','port':80,"
        "'type':'ipv4'%p}]",
        sim_get(c, o, "front_protocol"), premium ? ",\"vpc_id\":\"vpc-1\"" : "");
}

static bool is_https(struct sim_call *c, const struct sim_object *o)
{
    return !strcmp(sim_get(c, o, "front_protocol"), "HTTPS");
}

static bool host_is_listed(struct sim_call *c, const struct sim_object *o)
{
    const char *type = sim_arg_or(c, "waf_type", sim_get(c, o, "waf_type"));
    return in_project(c, o) && strstr(sim_get(c, o, "hostname"), sim_arg_or(c, "hostname", "")) &&
           !strcmp(type, sim_get(c, o, "waf_type")) &&
           sim_arg_bool(c, "is_https", is_https(c, o)) == is_https(c, o);
}

static void list_hosts(struct sim_call *c)
{
    struct page p;
    const struct sim_object *o;
    int64_t premium = 0;
    page_open(c, &p);
    for (size_t cursor = 0; (o = sim_next(c, host_kind, c->region, &cursor));) {
        if (!host_is_listed(c, o))
            continue;
        premium += !strcmp(sim_get(c, o, "waf_type"), "premium");
        if (page_takes(&p))
            json_put_raw(
                &p.w,
                json_format(c->arena,
                            "{'id':%s,'hostid':%s,'hostname':%s,'policyid':'policy-1','protect_status':1,"
                            "'access_status':1,'proxy':false,'timestamp':%lld,'waf_type':%s,"
                            "'web_tag':'','region':%s,'server':%p,'enterprise_project_id':%s}",
                            o->id, o->id, sim_get(c, o, "hostname"), (long long)(c->now_ms - day_ms),
                            sim_get(c, o, "waf_type"), c->region, servers(c, o),
                            sim_get(c, o, "enterprise_project_id")));
    }
    json_close_array(&p.w);
    json_member_int(&p.w, "total", p.total);
    json_member_int(&p.w, "cloud_total", p.total - premium);
    json_member_int(&p.w, "premium_total", premium);
    json_close_object(&p.w);
    huawei_reply(c, 200, p.body.data);
}

static const struct sim_object *cert_of(struct sim_state *s, const struct sim_object *o, const char *id)
{
    return *id ? state_find_ever(s, "huawei", o->account, huawei_waf_cert_kind, o->scope, id) : NULL;
}

static void show_one(struct sim_call *c, const struct sim_object *o, const char *more)
{
    const char *id = sim_get(c, o, "certificateid");
    const struct sim_object *cert = cert_of(c->state, o, id);
    huawei_reply(
        c, 200,
        json_format(c->arena,
                    "{'id':%s,'hostname':%s,'policyid':'policy-1','domainid':%s,'projectid':%s,"
                    "'enterprise_project_id':%s,'protocol':%s,'server':%p,'proxy':false,'protect_status':1,"
                    "'access_status':1,'locked':0,'timestamp':%lld,'certificateid':%s,'certificatename':%s,"
                    "'tls':%s,'cipher':%s,'web_tag':'','description':'',"
                    "'flag':{'pci_3ds':'false','pci_dss':'false','cname':'new','is_dual_az':'false','ipv6':"
                    "'false'}%p}",
                    o->id, sim_get(c, o, "hostname"), o->account,
                    huawei_project(c->arena, o->account, c->region), sim_get(c, o, "enterprise_project_id"),
                    sim_get(c, o, "front_protocol"), servers(c, o), (long long)(c->now_ms - day_ms), id,
                    cert ? sim_get(c, cert, "name") : "", sim_get(c, o, "tls"), sim_get(c, o, "cipher"),
                    more));
}

static void show_host(struct sim_call *c)
{
    const struct sim_object *o = wanted(c, host_kind, "instance_id");
    const char *http2 = o ? sim_get(c, o, "http2_enable") : "";
    if (o)
        show_one(c, o, json_format(c->arena, ",'http2_enable':%p", http2));
}

static void show_premium_host(struct sim_call *c)
{
    const struct sim_object *o = wanted(c, host_kind, "host_id");
    if (!o)
        return;
    const char *listener = sim_get(c, o, "listener_id");
    show_one(c, o,
             *listener ? json_format(c->arena,
                                     ",'mode':'elb-shared','loadbalancer_id':'lb-1','listener_id':%s,"
                                     "'protocol_port':443",
                                     listener)
                       : ",\"mode\":\"\"");
}

/* ---- certificates ---- */

static char *bound_hosts(struct sim_call *c, const struct sim_object *cert, size_t *count)
{
    struct buf b = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&b);
    const struct sim_object *o;
    *count = 0;
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, host_kind, c->region, &cursor));) {
        if (strcmp(sim_get(c, o, "certificateid"), cert->id))
            continue;
        json_put_raw(&w, json_format(c->arena, "{'id':%s,'hostname':%s,'waf_type':%s,'mode':%s}", o->id,
                                     sim_get(c, o, "hostname"), sim_get(c, o, "waf_type"),
                                     sim_get(c, o, "mode")));
        (*count)++;
    }
    json_close_array(&w);
    return b.data;
}

static char *cert_json(struct sim_call *c, const struct sim_object *o, const char *more)
{
    int64_t end_ms = sim_leaf(o->cert)->not_after_ms;
    size_t count;
    return json_format(
        c->arena, "{'id':%s,'name':%s,'expire_time':%lld,'exp_status':%d,'timestamp':%p,'bind_host':%p%p}",
        o->id, sim_get(c, o, "name"), (long long)end_ms,
        end_ms < c->now_ms              ? 1
        : end_ms < c->now_ms + month_ms ? 2
                                        : 0,
        sim_get(c, o, "timestamp"), bound_hosts(c, o, &count), more);
}

static void list_certificates(struct sim_call *c)
{
    struct page p;
    const struct sim_object *o;
    bool bound = sim_arg_bool(c, "host", false);
    page_open(c, &p);
    for (size_t cursor = 0; (o = sim_next(c, huawei_waf_cert_kind, c->region, &cursor));) {
        size_t count;
        (void)bound_hosts(c, o, &count);
        if (in_project(c, o) && o->cert && bound == (count > 0) &&
            strstr(sim_get(c, o, "name"), sim_arg_or(c, "name", "")) && page_takes(&p))
            json_put_raw(&p.w, cert_json(c, o, ""));
    }
    page_close(c, &p);
}

static void show_certificate(struct sim_call *c)
{
    const struct sim_object *o = wanted(c, huawei_waf_cert_kind, "certificate_id");
    if (o)
        huawei_reply(c, 200,
                     cert_json(c, o,
                               json_format(c->arena, ",'content':%s,'key':%s", sim_get(c, o, "Cert"),
                                           sim_get(c, o, "Key"))));
}

/* The name is free and there is room. */
static bool may_create(struct sim_call *c)
{
    const char *name = sim_arg(c, "name");
    const struct sim_object *quota = sim_find(c, quota_kind, c->region, "certificates"), *o;
    int64_t most = quota ? strtoll(sim_get(c, quota, "n"), NULL, 10) : QUOTA, count = 0;
    for (size_t cursor = 0; (o = sim_next(c, huawei_waf_cert_kind, c->region, &cursor)); count++)
        if (!strcmp(sim_get(c, o, "name"), name)) {
            sim_fail(c, 400, "WAF.00011016", "The name exists already.");
            return false;
        }
    if (count >= most)
        sim_fail(c, 400, "WAF.00014003", "Insufficient quota of certificates.");
    return count < most;
}

static void create_certificate(struct sim_call *c)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const char *name = sim_arg(c, "name"), *project = project_asked(c);
    struct sim_cert *parsed = NULL;
    if (strspn(name, allowed) != strlen(name)) {
        sim_fail(c, 400, "WAF.00011005", "Illegal name.");
        return;
    }
    enum sim_cert_fault fault =
        sim_check_cert(c, sim_arg(c, "content"), sim_arg(c, "key"), CHECK_ORDER | CHECK_TIME, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE) {
        bool expired = fault == CERT_EXPIRED;
        sim_fail(c, 400, expired ? "WAF.00011021" : "WAF.00011019", "The certificate %s.",
                 expired ? "has expired" : "or its key is illegal");
        return;
    }
    if (!may_create(c))
        return;
    const char *id = sim_hex_id(c->arena, arena_printf(c->arena, "waf %lld", (long long)sim_serial(c)), 32);
    const struct sim_object *o =
        SIM_CREATE(c, huawei_waf_cert_kind, c->region, id, {"name", name}, {"enterprise_project_id", project},
                   {"timestamp", arena_printf(c->arena, "%lld", (long long)c->now_ms)},
                   {"Cert", sim_arg(c, "content")}, {"Key", sim_arg(c, "key")});
    c->resource = id;
    huawei_reply(c, 200, cert_json(c, o, ""));
}

static void delete_certificate(struct sim_call *c)
{
    struct sim_object *o = wanted(c, huawei_waf_cert_kind, "certificate_id");
    size_t count = 0;
    if (!o)
        return;
    (void)bound_hosts(c, o, &count);
    if (count) {
        sim_fail(c, 400, "WAF.00011001", "The certificate is in use.");
        return;
    }
    const char *gone = json_format(c->arena, "{'id':%s,'name':%s}", o->id, sim_get(c, o, "name"));
    sim_delete(c, o);
    huawei_reply(c, 200, gone);
}

/* The host of this id if the certificate may go there; NULL after refusing. */
static struct sim_object *takes(struct sim_call *c, const struct sim_object *cert, const char *id,
                                const char *type)
{
    struct sim_object *o = sim_find(c, host_kind, c->region, id);
    const char *project = sim_get(c, cert, "enterprise_project_id");
    if (!o)
        sim_fail(c, 404, "WAF.00014002", "Resource not found.");
    else if (strcmp(sim_get(c, o, "waf_type"), type) ||
             strcmp(sim_get(c, o, "enterprise_project_id"), project))
        sim_fail(c, 400, "WAF.00011001", "Bad request: %s is no %s host of this enterprise project.", id,
                 type);
    else if (!is_https(c, o))
        sim_fail(c, 400, "WAF.00011001", "Bad request: %s is not served over HTTPS.", id);
    else
        return o;
    return NULL;
}

static void apply_to_hosts(struct sim_call *c)
{
    static const char *const lists[][2] = {{"cloud_host_ids[]", "cloud"}, {"premium_host_ids[]", "premium"}};
    const struct sim_object *cert = wanted(c, huawei_waf_cert_kind, "certificate_id");
    struct sim_object *hosts[HOSTS_MAX];
    size_t n = 0;
    const char *id;
    if (!cert)
        return;
    for (size_t l = 0; l < countof(lists); l++)
        for (size_t i = 0; n < HOSTS_MAX && (id = sim_arg_item(c, lists[l][0], i)); i++)
            if (!(hosts[n++] = takes(c, cert, id, lists[l][1])))
                return;
    if (!n) {
        c->vendor->refuse(c, REFUSE_MISSING_PARAMETER, "cloud_host_ids");
        return;
    }
    struct buf b = buf_new(c->arena, 1 << 20);
    struct json_writer w = json_writer_to(&b);
    json_open_array(&w);
    for (size_t i = 0; i < n; i++) {
        SIM_CHANGE(c, hosts[i], SETTLE_EDGE, {"certificateid", cert->id});
        json_put_raw(&w, json_format(c->arena, "{'id':%s,'hostname':%s,'waf_type':%s}", hosts[i]->id,
                                     sim_get(c, hosts[i], "hostname"), sim_get(c, hosts[i], "waf_type")));
    }
    json_close_array(&w);
    huawei_reply(c, 200,
                 json_format(c->arena, "{'id':%s,'name':%s,'timestamp':%p,'expire_time':%lld,'bind_host':%p}",
                             cert->id, sim_get(c, cert, "name"), sim_get(c, cert, "timestamp"),
                             (long long)sim_leaf(cert->cert)->not_after_ms, b.data));
}

#define PROJECT "/v1/{project_id}"

static const struct sim_operation operations[] = {
    {.name = "ListCompositeHosts",
     .method = "GET",
     .path = PROJECT "/composite-waf/host",
     SIM_PARAMS(list_composite_hosts_params),
     .run = list_hosts},
    {.name = "ShowHost",
     .method = "GET",
     .path = PROJECT "/waf/instance/{instance_id}",
     .resource = "instance_id",
     SIM_PARAMS(show_host_params),
     .run = show_host},
    {.name = "ShowPremiumHost",
     .method = "GET",
     .path = PROJECT "/premium-waf/host/{host_id}",
     .resource = "host_id",
     SIM_PARAMS(show_premium_host_params),
     .run = show_premium_host},
    {.name = "ListCertificates",
     .method = "GET",
     .path = PROJECT "/waf/certificate",
     SIM_PARAMS(list_certificates_params),
     .run = list_certificates},
    {.name = "ShowCertificate",
     .method = "GET",
     .path = PROJECT "/waf/certificate/{certificate_id}",
     .resource = "certificate_id",
     SIM_PARAMS(show_certificate_params),
     .run = show_certificate},
    {.name = "CreateCertificate",
     .method = "POST",
     .path = PROJECT "/waf/certificate",
     .writes = true,
     .resource = "name",
     SIM_PARAMS(create_certificate_params),
     .run = create_certificate},
    {.name = "DeleteCertificate",
     .method = "DELETE",
     .path = PROJECT "/waf/certificate/{certificate_id}",
     .writes = true,
     .resource = "certificate_id",
     SIM_PARAMS(delete_certificate_params),
     .run = delete_certificate},
    {.name = "ApplyCertificateToHost",
     .method = "POST",
     .path = PROJECT "/waf/certificate/{certificate_id}/apply-to-hosts",
     .writes = true,
     .resource = "cloud_host_ids.0 premium_host_ids.0",
     SIM_PARAMS(apply_certificate_to_host_params),
     .run = apply_to_hosts},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const char *host = sim_field(o->now, "hostname");
    (void)s;
    if (strcmp(sim_field(o->now, "front_protocol"), "HTTPS") || *sim_field(o->now, "listener_id"))
        return false; /* plain, or TLS ends at a load balancer */
    *ret = (struct sim_entry){.product = "waf",
                              .id = o->id,
                              .domain = arena_copy(a, host, strcspn(host, ":")),
                              .port = 443,
                              .host = arena_printf(a, "%.16s.vip1.huaweicloudwaf.com", o->id)};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return cert_of(s, o, sim_field(view, "certificateid"));
}

static const char *seed_cert(struct sim_seeding *s, const char *region, const char *project, const char *name)
{
    const char *chain, *key;
    const char *id = sim_hex_id(s->arena, arena_printf(s->arena, "old waf %s", name), 32);
    sim_seed_cert(s, name, &chain, &key);
    SIM_SEED(s, huawei_waf_cert_kind, region, id, {"name", arena_printf(s->arena, "old-%.8s", id)},
             {"enterprise_project_id", project},
             {"timestamp", arena_printf(s->arena, "%lld", (long long)(s->now_ms - 80 * day_ms))},
             {"Cert", chain}, {"Key", key});
    return id;
}

static void generate(struct sim_seeding *s, size_t n)
{
    struct arena *a = s->arena;
    const char *region = huawei_regions[n % 3], *project = n % 5 == 2 ? other_project : "0";
    const char *name = sim_list_item(a, sim_seed_names(s, n), 0);
    bool on = sim_seed_has_https(n), premium = n % 4 == 1, shared = premium && n % 16 == 5;
    SIM_SEED(s, host_kind, region, sim_hex_id(a, arena_printf(a, "waf host %zu %s", n, name), 32),
             {"hostname", n % 7 == 4 ? arena_printf(a, "%s:8443", name) : name},
             {"waf_type", premium ? "premium" : "cloud"}, {"mode", shared ? "elb-shared" : ""},
             {"listener_id", shared ? "listener-1" : ""}, {"front_protocol", on ? "HTTPS" : "HTTP"},
             {"certificateid", on && !shared && n % 16 != 12 ? seed_cert(s, region, project, name) : ""},
             {"enterprise_project_id", project}, {"tls", on ? "TLS v1.2" : "TLS v1.0"},
             {"cipher", on ? "cipher_2" : "cipher_default"}, {"http2_enable", on ? "true" : "false"});
}

static const char *const hosts[] = {"waf.{region}.myhuaweicloud.com", "waf.cn-north-9.myhuaweicloud.cn",
                                    NULL};

const struct sim_service sim_huawei_waf = {.cloud = "huawei",
                                           .code = "waf",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = host_kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

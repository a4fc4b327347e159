/* Alibaba Cloud Anti-DDoS Proxy (DDoSCoo, 2020-01-01), website rules at two sites.
 *
 * Only a rule with the protocol https takes a certificate; DescribeCerts lists all that would fit the domain and marks
 * the bound one. No call takes a certificate away again, and none binds an SM2 certificate, though rules show one.
 * Changes are in force at once.
 */
#include "cloud/aliyun/guard.h"

#include "codec/json_slice.h"
#include <string.h>

#define DDOS(name) ALIYUN_RPC("ddoscoo", "2020-01-01", name), .host = "ddoscoo.{region}.aliyuncs.com"

static const struct call list_rules = {
    DDOS("DescribeWebRules"),
    .style = CALL_RPC_QUERY,
    .parameters = "Domain QueryDomainPattern PageNumber PageSize",
    .per_second = 50,
    .page = {.items = "/WebRules",
             .total = "/TotalCount",
             .position = "PageNumber",
             .size = "PageSize",
             .size_value = 10,
             .style = PAGE_NUMBER},
};
static const struct call list_certificates = {DDOS("DescribeCerts"), .style = CALL_RPC_QUERY,
                                              .parameters = "Domain"};
static const struct call associate = {DDOS("AssociateWebCert"), .style = CALL_RPC_FORM,
                                      .parameters = "Domain CertIdentifier", .write = true};

/* The ports of the protocol https; NULL where the rule has none. */
static const struct json *https_ports(const struct json *rule)
{
    const struct json *types = json_at(rule, "/ProxyTypes");
    for (size_t i = 0; i < json_count(types); i++)
        if (strcmp(json_str(json_at(json_item(types, i), "/ProxyType"), ""), "https") == 0)
            return json_at(json_item(types, i), "/ProxyPorts");
    return NULL;
}

/* The rule but for what follows from its certificate. */
static bool settings_of(struct arena *a, const struct json *rule, const char **ret, struct err *err)
{
    static const char *const members[] = {"/CertName", "/UserCertName", "/CertRegion", "/CertExpireTime"};
    char *text = json_dump(a, rule);
    for (size_t i = 0; i < countof(members); i++)
        if (!json_cut(a, text, strlen(text), members[i], &text, err))
            return false;
    *ret = text;
    return true;
}

/* Of those marked, the one that the rule names; else the first. */
static const struct json *bound_of(const struct json *list, const struct json *rule)
{
    const char *names[] = {json_str(json_at(rule, "/UserCertName"), ""),
                           json_str(json_at(rule, "/CertName"), "")};
    const struct json *first = NULL;
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *c = json_item(list, i);
        if (!json_bool(json_at(c, "/DomainRelated"), false))
            continue;
        const char *name = json_str(json_at(c, "/Name"), "");
        if (*name && (strcmp(name, names[0]) == 0 || strcmp(name, names[1]) == 0))
            return c;
        first = first ? first : c;
    }
    return first;
}

static bool take_rule(struct job *job, const char *region, const struct json *rule, struct binding *ret,
                      struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    struct binding b = {.https = https_ports(rule) != NULL, .ready = true, .etag = ""};
    if (!settings_of(a, rule, &b.settings, err))
        return false;
    if (b.https && !cloud_call(job, &list_certificates, region, &answer, err, "{'Domain':%s}",
                               json_str(json_at(rule, "/Domain"), "")))
        return false;
    const struct json *c = b.https ? bound_of(json_at(answer.json, "/Certs"), rule) : NULL;
    const char *id = json_text(a, json_at(c, "/Id"), "");
    const char *site = json_str(json_at(rule, "/CertRegion"), region);
    const char *ref = json_str(json_at(c, "/CertIdentifier"), *id ? arena_printf(a, "%s-%s", id, site) : "");
    if (c && !guard_bind(job, &b, ref, json_str(json_at(c, "/Name"), ""), err))
        return false;
    *ret = b;
    return true;
}

struct emit {
    const char *region;
    resource_fn *each;
    void *context;
};

static bool emit_rule(struct job *job, void *context, const struct json *item, const struct xml *node,
                      struct err *err)
{
    const struct emit *emit = context;
    struct guard_domain d = {.domain = json_str(json_at(item, "/Domain"), ""),
                             .host = json_str(json_at(item, "/Cname"), ""),
                             .unfit = "",
                             .extra = "{}",
                             .ports = https_ports(item)};
    (void)node;
    if (!take_rule(job, emit->region, item, &d.binding, err))
        return aliyun_is_gone(err) || err_add(err, "%s", d.domain);
    return guard_emit(job, emit->region, &d, emit->each, emit->context, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct emit emit = {region, each, context};
    return cloud_each(job, &list_rules, region, emit_rule, &emit, err, "{}");
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, &list_rules, r->region, &answer, err,
                    "{'Domain':%s,'QueryDomainPattern':'exact','PageNumber':1,'PageSize':10}", r->vendor_id))
        return false;
    const struct json *list = json_at(answer.json, "/WebRules");
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(json_str(json_at(json_item(list, i), "/Domain"), ""), r->vendor_id) == 0)
            return take_rule(job, r->region, json_item(list, i), ret, err);
    return err_set(err, ERR_NOT_FOUND, "Anti-DDoS Proxy has no domain %s", r->vendor_id);
}

static const char no_way_back[] =
    "the API of Anti-DDoS Proxy offers no way to take a certificate away from a domain";

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct answer answer;
    (void)now;
    (void)m;
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "%s", no_way_back);
    return cloud_call(job, &associate, r->region, &answer, err, "{'Domain':%s,'CertIdentifier':%s}",
                      r->vendor_id, change->add[0]);
}

static bool old_key(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                    struct err *err)
{
    (void)job;
    (void)r;
    (void)err;
    *ret = *old->ref ? NULL : no_way_back;
    return true;
}

static const struct call *const calls[] = {&list_rules, &list_certificates, &associate, NULL};

const struct product aliyun_ddos = {
    .cloud = "aliyun",
    .name = "ddos",
    .code = "aliyun/ddos",
    .title = "Alibaba Cloud Anti-DDoS Proxy",
    .no_sm2 = "the API of Anti-DDoS Proxy offers no way to bind an SM2 certificate: its console does",
    .consistency_ms = 15000,
    .settle_ms = 60000,
    .poll_ms = 1000,
    .propagation_ms = 300000,
    .calls = calls,
    .regions = guard_sites,
    .discover = discover,
    .read = read_binding,
    .vendor_store = "cas:{region}",
    .upload = aliyun_upload,
    .bind = write_change,
    .old_key = old_key,
};

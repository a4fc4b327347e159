/* Alibaba Cloud Anti-DDoS Proxy (DDoSCoo, 2020-01-01), website rules at two sites.
 *
 * Only a rule with the protocol https takes a certificate; DescribeCerts lists all that would fit the domain and marks
 * the bound one. No call takes a certificate away again, and none binds an SM2 certificate, though rules show one.
 * Changes are in force at once.
 */
#include "cloud/aliyun/guard.h"

#include <string.h>

#define DDOS(...) ALIYUN_CALL("ddoscoo", "2020-01-01", "ddoscoo.{region}.aliyuncs.com", __VA_ARGS__)

static const struct call list_rules = DDOS(CALL_RPC_QUERY, "DescribeWebRules", "Domain QueryDomainPattern",
                                           .per_second = 50, ALIYUN_PAGES("/WebRules", 10));
static const struct call list_certificates = DDOS(CALL_RPC_QUERY, "DescribeCerts", "Domain");
static const struct call associate =
    DDOS(CALL_RPC_FORM, "AssociateWebCert", "Domain CertIdentifier", .write = true);

/* Of the certificates marked as the domain's, the one that the rule names; else the first. */
static const struct json *held_by(const struct json *list, const struct json *rule)
{
    const struct json *first = NULL;
    json_each (c, list) {
        const char *name = json_get(c, "/Name");
        if (!json_bool(json_at(c, "/DomainRelated"), false))
            continue;
        if (*name && (json_is(rule, "/UserCertName", name) || json_is(rule, "/CertName", name)))
            return c;
        first = first ? first : c;
    }
    return first;
}

static bool take_rule(struct job *job, const char *region, const struct json *rule, struct guard_domain *ret,
                      struct err *err)
{
    struct arena *a = job->arena;
    struct answer answer;
    const struct json *https = json_find(json_at(rule, "/ProxyTypes"), "/ProxyType", "https");
    *ret = (struct guard_domain){
        .domain = json_get(rule, "/Domain"),
        .host = json_get(rule, "/Cname"),
        .ports = json_at(https, "/ProxyPorts"),
        .binding = {.https = json_at(https, "/ProxyPorts") != NULL,
                    .ready = true,
                    .settings = json_without(a, rule, "CertName UserCertName CertRegion CertExpireTime")},
    };
    if (!ret->binding.https)
        return true;
    if (!cloud_call(job, &list_certificates, region, &answer, err, "{'Domain':%s}", ret->domain))
        return false;
    const struct json *c = held_by(json_at(answer.json, "/Certs"), rule);
    const char *id = json_text(a, json_at(c, "/Id"), "");
    const char *made =
        *id ? arena_printf(a, "%s-%s", id, json_str(json_at(rule, "/CertRegion"), region)) : "";
    struct bound *held =
        binding_add(a, &ret->binding, "default", json_str(json_at(c, "/CertIdentifier"), made));
    if (held)
        held->name = json_get(c, "/Name");
    return binding_look_up(job, "", &ret->binding, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &list_rules, to->region, "{}");
    for (const struct json *rule; (rule = pages_next(&p));) {
        struct guard_domain d;
        if (!take_rule(job, to->region, rule, &d, err)) {
            if (aliyun_is_gone(err))
                continue;
            return err_add(err, "%s", json_get(rule, "/Domain"));
        }
        if (!guard_emit(job, to, &d, err))
            return false;
    }
    return pages_end(&p, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct answer answer;
    struct guard_domain d;
    if (!cloud_call(job, &list_rules, r->region, &answer, err,
                    "{'Domain':%s,'QueryDomainPattern':'exact','PageNumber':1,'PageSize':10}", r->vendor_id))
        return false;
    const struct json *rule = json_find(json_at(answer.json, "/WebRules"), "/Domain", r->vendor_id);
    if (!rule)
        return err_set(err, ERR_NOT_FOUND, "Anti-DDoS Proxy has no domain %s", r->vendor_id);
    if (!take_rule(job, r->region, rule, &d, err))
        return false;
    *now = d.binding;
    return true;
}

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    return cloud_call(job, &associate, w->resource->region, NULL, err, "{'Domain':%s,'CertIdentifier':%s}",
                      w->resource->vendor_id, w->change->add[0]);
}

const struct product aliyun_ddos = {
    PRODUCT_CODE("aliyun", "ddos"),
    .title = "Alibaba Cloud Anti-DDoS Proxy",
    .vendor_store = "cas:{region}",
    .no_sm2 = "the API of Anti-DDoS Proxy offers no way to bind an SM2 certificate: its console does",
    .no_removal = "the API of Anti-DDoS Proxy offers no way to take a certificate away from a domain",
    .consistency_ms = 15000,
    .settle_ms = 60000,
    .poll_ms = 1000,
    .propagation_ms = 300000,
    .calls = CALLS(&list_rules, &list_certificates, &associate),
    .regions = guard_sites,
    .discover = discover,
    .read = read_binding,
    .upload = aliyun_upload,
    .bind = bind_certificate,
};

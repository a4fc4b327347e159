/* ESA's custom hostnames (SaaS Manager, 2024-09-10): names of a site's customers, each with a certificate of its own.
 *
 * The list does not say which certificate a hostname has, so that each is asked for; the answer may hold its private key.
 * Neither says which site of the certificate service a CasId is of: it is the one that knows the number, as the certificate that
 * is shown, where one is. What an update does to a record that it does not name is documented nowhere: it is sent as it was
 * read. Hostnames whose free certificate ESA itself renews are left alone, as are those with HTTPS off.
 */
#include "cloud/aliyun/esa.h"

#include <string.h>
#include <strings.h>

const struct call esa_list_hosts =
    ESA("POST", CALL_RPC_QUERY, "ListCustomHostnames", "SiteId", ALIYUN_PAGES("/Hostnames", 100));
const struct call esa_get_host =
    ESA("POST", CALL_RPC_QUERY, "GetCustomHostname", "HostnameId", .private_answer = true);
const struct call esa_set_host = ESA("POST", CALL_RPC_QUERY, "UpdateCustomHostname",
                                     "HostnameId RecordId SslFlag CertType CasId CasRegion", .write = true);
const struct call esa_set_host_key =
    ESA("POST", CALL_RPC_V1, "UpdateCustomHostname",
        "HostnameId RecordId SslFlag CertType Certificate PrivateKey", .write = true);

struct host {
    const char *name, *record, *unfit;
    struct binding binding;
};

bool esa_is_host(const struct resource *r)
{
    return strchr(r->vendor_id, '/') != NULL;
}

static const char *id_of(const struct resource *r)
{
    return strchr(r->vendor_id, '/') + 1;
}

/* By the number at one of the certificate service's sites, the access's own before the other. `shown` is what the certificate
 * says that came with it, if one did.
 */
static bool add_stored(struct job *job, struct binding *b, const char *id, const struct bound *shown,
                       struct err *err)
{
    const char *own = strchr(aliyun_store(job, ""), ':') + 1;
    const char *sites[] = {own, strcmp(own, "cn-hangzhou") == 0 ? "ap-southeast-1" : "cn-hangzhou"};
    struct bound *held = binding_add(job->arena, b, "default", arena_printf(job->arena, "%s-%s", id, own));
    struct bound plain = *held;
    for (size_t i = 0; i < countof(sites); i++) {
        struct bound found = plain;
        found.ref = arena_printf(job->arena, "%s-%s", id, sites[i]);
        if (!session_facts(job, "", &found, err))
            return false;
        bool known = *found.fingerprint || found.name_count;
        if (known && (!shown || !*found.fingerprint || strcmp(found.fingerprint, shown->fingerprint) == 0)) {
            *held = found;
            return true;
        }
    }
    if (shown) { /* the certificate service has lost it, the hostname keeps it */
        *held = *shown;
        held->slot = plain.slot;
        held->ref = plain.ref;
    }
    return true;
}

static bool add_certificate(struct job *job, struct binding *b, const char *hostname_id, const struct json *v,
                            struct err *err)
{
    struct arena *a = job->arena;
    const char *pem = json_get(v, "/Certificate"), *cas = json_text(a, json_at(v, "/CasId"), "");
    struct binding spare = {0};
    if (json_is(v, "/CertType", "upload")) {
        (void)binding_add_pem(job, b, "default", "pem:", pem,
                              json_text(a, json_at(v, "/CertId"), hostname_id));
        return true;
    }
    if (!json_is(v, "/CertType", "cas") || !*cas || cas[strspn(cas, "0123456789")])
        return true;
    struct bound *shown = binding_add(a, &spare, "default", cas);
    return add_stored(job, b, cas, session_bound_of_pem(job, pem, shown) ? shown : NULL, err);
}

static const char *unfit(struct arena *a, const struct json *v)
{
    if (!json_is(v, "/Status", "active"))
        return arena_printf(a, "the custom hostname is %s", json_get(v, "/Status"));
    return json_is(v, "/CertType", "free") ? "its certificate is a free one of ESA's own, which renews itself"
                                           : "";
}

static bool read_host(struct job *job, const char *id, struct host *ret, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    struct arena *a = job->arena;
    struct answer answer;
    if (!cloud_call(&hidden, &esa_get_host, "", &answer, err, "{'HostnameId':%s}", id))
        return false;
    const struct json *v = json_at(answer.json, "/CustomHostnameModel");
    if (strcmp(json_text(hidden.arena, json_at(v, "/HostnameId"), ""), id) != 0)
        return err_set(err, ERR_NOT_FOUND, "ESA has no custom hostname %s", id);
    *ret = (struct host){
        .name = arena_strdup(a, json_get(v, "/Hostname")),
        .record = arena_strdup(a, json_get(v, "/RecordName")),
        .unfit = unfit(a, v),
        .binding = {.https = json_is(v, "/SslFlag", "on"),
                    .ready = strcasecmp(json_get(v, "/CertStatus"), "applying") != 0,
                    .etag = "",
                    .settings = json_only(a, v, "Hostname RecordId RecordName SiteId SslFlag Status"),
                    .document = arena_strdup(a, json_text(a, json_at(v, "/RecordId"), ""))},
    };
    return !ret->binding.https || add_certificate(job, &ret->binding, id, v, err);
}

static bool emit_host(struct job *job, const struct survey *to, const char *site, const char *id,
                      struct err *err)
{
    struct host h;
    if (!read_host(job, id, &h, err))
        return err->kind == ERR_NOT_FOUND || err_add(err, "custom hostname %s", id); /* deleted meanwhile */
    struct resource r = {.vendor_id = arena_printf(job->arena, "%s/%s", site, id),
                         .host = *h.record        ? h.record
                                 : *h.name == '*' ? ""
                                                  : h.name,
                         .reach = "public",
                         .unfit = h.unfit};
    return !resource_of_domain(job->arena, &r, h.name) || resource_emit(job, to, &r, &h.binding, err);
}

bool esa_discover_hosts(struct job *job, const struct survey *to, const char *site, struct err *err)
{
    cleanup(pages_close) struct pages p = cloud_pages(job, &esa_list_hosts, "", "{'SiteId':%s}", site);
    for (const struct json *v; (v = pages_next(&p));) {
        const char *id = json_text(job->arena, json_at(v, "/HostnameId"), "");
        if (*id && !emit_host(job, to, site, id, err))
            return false;
    }
    /* What ESA says of a plan without them is not documented: nothing, or a refusal that is neither ours nor passes. */
    return pages_end(&p, err) || (err->kind == ERR_VENDOR && !err->transient) || err->kind == ERR_NOT_FOUND;
}

bool esa_read_host(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct host h;
    if (!read_host(job, id_of(r), &h, err))
        return err_add(err, "custom hostname %s", r->title);
    *now = h.binding;
    return true;
}

bool esa_bind_host(struct job *job, const struct bind *w, struct err *err)
{
    const char *ref = w->change->add[0], *cas, *region, *id = id_of(w->resource);
    const char *record = w->now->document && *w->now->document ? w->now->document : NULL;
    struct material m;
    if (aliyun_ref_parse(job->arena, ref, &cas, &region))
        return cloud_call(
            job, &esa_set_host, "", NULL, err,
            "{'HostnameId':%s,'RecordId':%s,'SslFlag':'on','CertType':'cas','CasId':%s,'CasRegion':%s}", id,
            record, cas, region);
    if (strncmp(ref, "pem:", 4) != 0)
        return err_set(err, ERR_INPUT, "%s is no certificate that ESA takes", ref);
    if (!session_material(job, ref + 4, &m, err))
        return err_add(err, "the previous certificate of %s", w->resource->title);
    return cloud_call_secret(
        job, &esa_set_host_key, "", NULL, err,
        "{'HostnameId':%s,'RecordId':%s,'SslFlag':'on','CertType':'upload','Certificate':%s,'PrivateKey':%s}",
        id, record, m.fullchain_pem, secret_bytes(m.key));
}

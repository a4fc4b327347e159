/* Huawei Cloud WAF, cloud and dedicated mode.
 *
 * A website holds one certificate, from a store per region and enterprise project; one call hands a certificate to a
 * website and touches nothing else. The store is small (as many as websites may be protected) and lists what is used and
 * what is not apart. A website that was given a certificate never goes back to none. Where a website is attached to a
 * load balancer ("elb-shared") TLS ends there, not here. The API names no entry point: the website's own name is asked,
 * and what answers there may be something else.
 */
#include "cloud/huawei/huawei.h"

#include "codec/name.h"
#include <stdlib.h>
#include <string.h>

#define WAF(name, verb, where, takes, ...)                                                                   \
    {                                                                                                        \
        HUAWEI_WAF(name, verb, where), .parameters = "enterprise_project_id" takes, __VA_ARGS__              \
    }
#define PAGES PAGES_BY_NUMBER("/items", "/total", "page", "pagesize", 100)
#define EVERYTHING "all_granted_eps" /* reads of all enterprise projects */

static const struct call list_hosts = WAF("ListCompositeHosts", "GET", "composite-waf/host", "", PAGES);
static const struct call show_host = WAF("ShowHost", "GET", "waf/instance/{instance_id}", "");
static const struct call show_premium_host = WAF("ShowPremiumHost", "GET", "premium-waf/host/{host_id}", "");
static const struct call list_certificates =
    WAF("ListCertificates", "GET", "waf/certificate", " name host", PAGES);
static const struct call show_certificate =
    WAF("ShowCertificate", "GET", "waf/certificate/{certificate_id}", "");
static const struct call create_certificate =
    WAF("CreateCertificate", "POST", "waf/certificate", " body.name body.content body.key", .write = true);
static const struct call apply_to_hosts =
    WAF("ApplyCertificateToHost", "POST", "waf/certificate/{certificate_id}/apply-to-hosts",
        " body.cloud_host_ids[] body.premium_host_ids[]", .write = true);

/* ---- what a certificate is ---- */

bool huawei_waf_facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    const char *arguments =
        json_format(job->arena, "{'certificate_id':%s,'enterprise_project_id':'" EVERYTHING "'}", b->ref);
    return facts_shown(job, &show_certificate, region, arguments, "/name", "/content", b, err);
}

bool huawei_waf_user(struct job *job, const char *region, const char *id, const char **ret, struct err *err)
{
    cleanup(job_close) struct job hidden = job_hidden(job);
    struct answer answer;
    if (!cloud_call(&hidden, &show_certificate, region, &answer, err,
                    "{'certificate_id':%s,'enterprise_project_id':'" EVERYTHING "'}", id))
        return false;
    const struct json *hosts = json_at(answer.json, "/bind_host");
    *ret = !json_is_array(hosts) ? "WAF did not say which websites hold it"
           : json_count(hosts)
               ? arena_printf(job->arena, "website %s of WAF holds it", json_get(hosts, "/0/hostname"))
               : "";
    return true;
}

/* ---- websites ---- */

struct place { /* what else it takes to name a website: a resource's extra */
    bool premium;
    const char *project;
};

static struct place place_of(struct job *job, const struct resource *r)
{
    return (struct place){.premium = strcmp(resource_extra(job->arena, r, "/type", ""), "premium") == 0,
                          .project = resource_extra(job->arena, r, "/project", "0")};
}

static bool read_host(struct job *job, const char *region, const char *id, const struct place *at,
                      const struct json **ret, struct err *err)
{
    struct answer answer;
    if (!cloud_call(job, at->premium ? &show_premium_host : &show_host, region, &answer, err,
                    "{%p:%s,'enterprise_project_id':%s}", at->premium ? "\"host_id\"" : "\"instance_id\"", id,
                    at->project))
        return false;
    *ret = answer.json;
    return true;
}

static bool serves_https(const struct json *host)
{
    return json_find(json_at(host, "/server"), "/front_protocol", "HTTPS") != NULL;
}

static bool hold(struct job *job, const char *region, const char *id, const char *name, struct binding *b,
                 struct err *err)
{
    struct bound *held = binding_add(job->arena, b, "default", id);
    if (held)
        held->name = name;
    return binding_look_up(job, region, b, err);
}

struct listing {                /* one region, while it is listed */
    struct links holds, called; /* a website its certificate, and a certificate its name */
};

/* What the website holds: from the listing of certificates, else, and for dedicated mode, from its own details. */
static bool complete(struct job *job, const struct survey *to, const struct listing *l, struct resource *r,
                     const struct place *at, struct binding *b, struct err *err)
{
    const char *id = links_to(&l->holds, r->vendor_id);
    const struct json *host = NULL;
    if ((at->premium || !id) && !read_host(job, to->region, r->vendor_id, at, &host, err))
        return false;
    if (json_is(host, "/mode", "elb-shared")) {
        r->unfit =
            arena_printf(job->arena, "TLS ends at listener %s of load balancer %s: deploy to huawei/elb",
                         json_get(host, "/listener_id"), json_get(host, "/loadbalancer_id"));
        return true;
    }
    return id ? hold(job, to->region, id, links_to(&l->called, id), b, err)
              : hold(job, to->region, json_get(host, "/certificateid"), json_get(host, "/certificatename"), b,
                     err);
}

/* "www.example.com:8443" is how a website on another port is written. */
static bool emit_host(struct job *job, const struct survey *to, const struct listing *l,
                      const struct json *item, struct err *err)
{
    struct arena *a = job->arena;
    const char *written = json_get(item, "/hostname"), *port = strchr(written, ':');
    struct place at = {.premium = json_is(item, "/waf_type", "premium"),
                       .project = json_str(json_at(item, "/enterprise_project_id"), "0")};
    struct binding b = {.https = serves_https(item)};
    struct resource r = {
        .vendor_id = json_get(item, "/id"),
        .port = port ? (unsigned)strtoul(port + 1, NULL, 10) & 0xffff : 0,
        .lock = arena_printf(a, "waf:%s", json_get(item, "/id")),
        .extra = json_format(a, "{'type':%s,'project':%s}", at.premium ? "premium" : "cloud", at.project),
    };
    if (!resource_of_domain(a, &r, arena_copy(a, written, strcspn(written, ":"))))
        return true;
    r.host = name_is_wildcard(r.title) ? "" : r.title;
    r.title = written;
    return (!b.https || complete(job, to, l, &r, &at, &b, err) || err_add(err, "%s", written)) &&
           resource_emit(job, to, &r, &b, err);
}

static bool keep_uses(struct job *job, const char *region, struct listing *l, struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_certificates, region,
                    "{'host':true,'enterprise_project_id':'" EVERYTHING "'}");
    for (const struct json *item; (item = pages_next(&p));) {
        const char *id = json_get(item, "/id");
        links_add(keep, &l->called, id, json_get(item, "/name"));
        json_each (host, json_at(item, "/bind_host"))
            links_add(keep, &l->holds, json_get(host, "/id"), id);
    }
    return pages_end(&p, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    struct listing l = {0};
    if (!keep_uses(job, to->region, &l, err))
        return false;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_hosts, to->region, "{'enterprise_project_id':'" EVERYTHING "'}");
    for (const struct json *item; (item = pages_next(&p));)
        if (!emit_host(job, to, &l, item, err))
            return false;
    return pages_end(&p, err);
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *now, struct err *err)
{
    struct place at = place_of(job, r);
    const struct json *host = NULL;
    if (!read_host(job, r->region, r->vendor_id, &at, &host, err))
        return false;
    now->https = serves_https(host);
    now->settings = json_without(job->arena, host, "certificateid certificatename timestamp access_progress");
    return hold(job, r->region, json_get(host, "/certificateid"), json_get(host, "/certificatename"), now,
                err);
}

/* ---- the store of a region and enterprise project: "waf:REGION:PROJECT" ---- */

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    (void)m, (void)err;
    *ret = arena_printf(job->arena, "waf:%s:%s", r->region, place_of(job, r).project);
    return true;
}

bool huawei_waf_place(struct arena *a, const char *vendor_store, const char **ret_region,
                      const char **ret_project)
{
    const char *place = store_place(vendor_store), *colon = strchr(place, ':');
    if (strncmp(vendor_store, "waf:", 4) != 0 || !colon)
        return false;
    *ret_region = arena_copy(a, place, (size_t)(colon - place));
    *ret_project = colon + 1;
    return true;
}

/* Ids and names of the certificates that a website uses, or that none uses; of that name, or (NULL) of any. */
static bool list_stored(struct job *job, const char *region, const char *project, const char *name, bool used,
                        struct links *ret, struct err *err)
{
    struct arena *keep = job->arena;
    cleanup(pages_close) struct pages p =
        cloud_pages(job, &list_certificates, region, "{'host':%p,'name':%s,'enterprise_project_id':%s}",
                    json_boolean(used), name, project);
    for (const struct json *item; (item = pages_next(&p));)
        if (!name || json_is(item, "/name", name))
            (void)links_add_first(keep, ret, json_get(item, "/id"), json_get(item, "/name"));
    return pages_end(&p, err);
}

/* As many as websites may be protected, which no call tells. */
static bool room(struct job *job, const char *region, room_fn *each, void *context, struct err *err)
{
    struct links held = {0};
    if (!*region)
        return true;
    if (!list_stored(job, region, EVERYTHING, NULL, true, &held, err) ||
        !list_stored(job, region, EVERYTHING, NULL, false, &held, err))
        return false;
    struct store_room room = {.vendor_store = arena_printf(job->arena, "waf:%s", region),
                              .used = (int64_t)held.count,
                              .most = -1,
                              .lately = -1,
                              .lately_most = -1};
    return each(context, &room, err);
}

/* The vendor names no code for a full store. */
static bool create(struct job *job, const char *region, const char *project, const char *name,
                   const struct material *m, const char **ret, struct err *err)
{
    struct answer answer;
    if (cloud_call_secret(job, &create_certificate, region, &answer, err,
                          "{'enterprise_project_id':%s,'body':{'name':%s,'content':%s,'key':%s}}", project,
                          name, m->fullchain_pem, secret_bytes(m->key)))
        return upload_answered(json_get(answer.json, "/id"), "WAF", ret, err);
    if (err->kind != ERR_VENDOR || err->transient || !strcasestr(err->text, "quota"))
        return false;
    err->kind = ERR_QUOTA;
    return err_add(err,
                   "WAF's certificate store in %s is full, and nothing was changed: delete certificates "
                   "there that no website uses, or raise the quota of domains",
                   region);
}

/* Used certificates and unused ones are listed apart. */
static bool upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                   struct err *err)
{
    struct arena *a = job->arena;
    const char *region, *project;
    struct links same = {0};
    if (!huawei_waf_place(a, vendor_store, &region, &project))
        return err_set(err, ERR_INTERNAL, "%s is no certificate store of WAF", vendor_store);
    bool by_default = strcmp(project, "0") == 0;
    const char *name = by_default ? m->name : arena_printf(a, "%s-%.8s", m->name, project);
    if (!list_stored(job, region, project, name, true, &same, err) ||
        (!same.count && !list_stored(job, region, project, name, false, &same, err)))
        return false;
    if (!same.count)
        return upload_has_key(m, err) && create(job, region, project, name, m, ret, err);
    if (!upload_is_ours(job, region, same.items[0].from, "WAF", m, err))
        return false;
    *ret = same.items[0].from;
    return true;
}

/* ---- writing ---- */

static bool bind_certificate(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    struct place at = place_of(job, r);
    struct answer answer;
    if (!cloud_call(job, &apply_to_hosts, r->region, &answer, err,
                    "{'certificate_id':%s,'enterprise_project_id':%s,'body':{%p:[%s]}}", w->change->add[0],
                    at.project, at.premium ? "\"premium_host_ids\"" : "\"cloud_host_ids\"", r->vendor_id))
        return false;
    return json_find(json_at(answer.json, "/bind_host"), "/id", r->vendor_id) ||
           upload_in_doubt(err_set(err, ERR_VENDOR, "WAF did not say that %s took the certificate", r->title),
                           err);
}

const struct product huawei_waf = {
    PRODUCT_CODE("huawei", "waf"),
    .title = "Huawei Cloud WAF",
    .no_sm2 = "WAF's API takes no SM2 certificates",
    .no_removal = "WAF offers no way to take the certificate of a website away again",
    .consistency_ms = 15000,
    .settle_ms = 120000,
    .poll_ms = 1000,
    .propagation_ms = 120000,
    .calls = CALLS(&list_hosts, &show_host, &show_premium_host, &list_certificates, &show_certificate,
                   &create_certificate, &apply_to_hosts),
    .regions = huawei_regions,
    .discover = discover,
    .read = read_binding,
    .store_for = store_for,
    .room = room,
    .upload = upload,
    .bind = bind_certificate,
};

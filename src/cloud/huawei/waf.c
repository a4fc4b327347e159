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

#define PAGES                                                                                                \
    .page = {.items = "/items",                                                                              \
             .total = "/total",                                                                              \
             .position = "page",                                                                             \
             .size = "pagesize",                                                                             \
             .size_value = 100,                                                                              \
             .style = PAGE_NUMBER}

static const struct call list_hosts = {HUAWEI_WAF("ListCompositeHosts", "GET", "composite-waf/host"),
                                       .parameters = "page pagesize enterprise_project_id", PAGES};
static const struct call show_host = {HUAWEI_WAF("ShowHost", "GET", "waf/instance/{instance_id}"),
                                      .parameters = "enterprise_project_id"};
static const struct call show_premium_host = {HUAWEI_WAF("ShowPremiumHost", "GET",
                                                         "premium-waf/host/{host_id}"),
                                              .parameters = "enterprise_project_id"};
static const struct call list_certificates = {HUAWEI_WAF("ListCertificates", "GET", "waf/certificate"),
                                              .parameters = "page pagesize name host enterprise_project_id",
                                              PAGES};
static const struct call show_certificate = {HUAWEI_WAF("ShowCertificate", "GET",
                                                        "waf/certificate/{certificate_id}"),
                                             .parameters = "enterprise_project_id"};
static const struct call create_certificate = {HUAWEI_WAF("CreateCertificate", "POST", "waf/certificate"),
                                               .parameters = "enterprise_project_id body.name body.content "
                                                             "body.key",
                                               .write = true};
static const struct call apply_to_hosts =
    {HUAWEI_WAF("ApplyCertificateToHost", "POST", "waf/certificate/{certificate_id}/apply-to-hosts"),
     .parameters = "enterprise_project_id body.cloud_host_ids[] body.premium_host_ids[]", .write = true};

static const char everything[] = "all_granted_eps"; /* reads of all enterprise projects */

/* ---- what a certificate is ---- */

/* The answer may hold the key: it is read into memory that is wiped. */
bool huawei_waf_facts(struct job *job, const char *region, struct bound *b, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct job inner = *job;
    struct answer answer;
    inner.arena = hidden;
    if (!cloud_call(&inner, &show_certificate, region, &answer, err,
                    "{'certificate_id':%s,'enterprise_project_id':%s}", b->ref, everything))
        return false;
    b->name = arena_strdup(job->arena, json_get(answer.json, "/name"));
    return bound_of_pem(job->arena, json_get(answer.json, "/content"), b) ||
           err_set(err, ERR_NOT_FOUND, "WAF does not show certificate %s", b->ref);
}

bool huawei_waf_user(struct job *job, const char *region, const char *id, const char **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(ARENA_JOB_BYTES);
    struct job inner = *job;
    struct answer answer;
    inner.arena = hidden;
    if (!cloud_call(&inner, &show_certificate, region, &answer, err,
                    "{'certificate_id':%s,'enterprise_project_id':%s}", id, everything))
        return false;
    const struct json *hosts = json_at(answer.json, "/bind_host");
    *ret = !json_is_array(hosts) ? "WAF did not say which websites hold it"
           : json_count(hosts)   ? arena_printf(job->arena, "website %s of WAF holds it",
                                                json_get(json_item(hosts, 0), "/hostname"))
                                 : "";
    return true;
}

static bool make_bound(struct job *job, const char *region, const char *id, const char *name, struct bound *b,
                       struct err *err)
{
    *b = (struct bound){.slot = "default", .ref = id, .name = name};
    b->fingerprint = b->serial = b->key_type = b->issuer = "";
    return session_facts(job, region, b, err);
}

/* ---- hosts ---- */

static bool read_host(struct job *job, const char *region, const char *id, bool premium, const char *project,
                      const struct json **ret, struct err *err)
{
    struct answer answer;
    bool ok = premium ? cloud_call(job, &show_premium_host, region, &answer, err,
                                   "{'host_id':%s,'enterprise_project_id':%s}", id, project)
                      : cloud_call(job, &show_host, region, &answer, err,
                                   "{'instance_id':%s,'enterprise_project_id':%s}", id, project);
    if (ok)
        *ret = answer.json;
    return ok;
}

struct use { /* a website and the certificate it holds */
    const char *host, *certificate, *name;
};

struct listing { /* one region, while it is listed */
    struct arena *keep;
    const char *region;
    struct use *uses;
    size_t use_count, use_capacity;
    resource_fn *each;
    void *context;
};

static bool keep_uses(struct job *job, void *context, const struct json *item, const struct xml *node,
                      struct err *err)
{
    struct listing *l = context;
    const struct json *hosts = json_at(item, "/bind_host");
    (void)job;
    (void)node;
    (void)err;
    for (size_t i = 0; i < json_count(hosts); i++)
        *(struct use *)arena_push(l->keep, (void **)&l->uses, &l->use_count, &l->use_capacity,
                                  sizeof(struct use)) =
            (struct use){arena_strdup(l->keep, json_get(json_item(hosts, i), "/id")),
                         arena_strdup(l->keep, json_get(item, "/id")),
                         arena_strdup(l->keep, json_get(item, "/name"))};
    return true;
}

static const struct use *use_of(const struct listing *l, const char *host)
{
    for (size_t i = 0; i < l->use_count; i++)
        if (strcmp(l->uses[i].host, host) == 0)
            return &l->uses[i];
    return NULL;
}

static bool serves_https(const struct json *host)
{
    const struct json *servers = json_at(host, "/server");
    for (size_t i = 0; i < json_count(servers); i++)
        if (strcmp(json_get(json_item(servers, i), "/front_protocol"), "HTTPS") == 0)
            return true;
    return false;
}

/* What the website holds: from the listing of certificates, else, and for dedicated mode, from its own details. */
static bool complete(struct job *job, const struct listing *l, struct resource *r, bool premium,
                     const char *project, struct bound *b, struct err *err)
{
    const struct use *use = use_of(l, r->vendor_id);
    const char *id = use ? use->certificate : "", *name = use ? use->name : "";
    const struct json *host = NULL;
    if ((premium || !use) && !read_host(job, l->region, r->vendor_id, premium, project, &host, err))
        return false;
    if (json_is(host, "/mode", "elb-shared")) {
        r->unfit =
            arena_printf(job->arena, "TLS ends at listener %s of load balancer %s: deploy to huawei/elb",
                         json_get(host, "/listener_id"), json_get(host, "/loadbalancer_id"));
        return true;
    }
    if (!use) {
        id = json_get(host, "/certificateid");
        name = json_get(host, "/certificatename");
    }
    r->bound_count = *id != 0;
    return !*id || make_bound(job, l->region, id, name, b, err);
}

static bool emit_host(struct job *job, void *context, const struct json *item, const struct xml *node,
                      struct err *err)
{
    const struct listing *l = context;
    struct arena *a = job->arena;
    const char *id = json_get(item, "/id"), *written = json_get(item, "/hostname");
    const char *type = json_get(item, "/waf_type"),
               *project = json_str(json_at(item, "/enterprise_project_id"), "0");
    bool premium = strcmp(type, "premium") == 0;
    size_t size = strcspn(written, ":");
    struct resource_name name = {.evidence = EVIDENCE_DOMAIN};
    struct bound bound;
    (void)node;
    if (!name_normalise(a, arena_copy(a, written, size), true, &name.name, NULL))
        return true; /* nothing that a certificate could cover */
    struct resource r = {
        .product = "huawei/waf",
        .region = l->region,
        .vendor_id = id,
        .title = written,
        .names = &name,
        .name_count = 1,
        .https = serves_https(item),
        .bound = &bound,
        .host = name_is_wildcard(name.name) ? "" : name.name,
        .port = written[size] ? (unsigned)strtoul(written + size + 1, NULL, 10) & 0xffff : 443,
        .reach = "unknown",
        .lock = arena_printf(a, "waf:%s", id),
        .alias_of = "",
        .managed_by = "",
        .unfit = "",
        .extra = json_format(a, "{'type':%s,'project':%s}", premium ? "premium" : "cloud", project),
    };
    if (r.https && !complete(job, l, &r, premium, project, &bound, err))
        return err_add(err, "%s", written);
    return l->each(l->context, &r, err);
}

static bool discover(struct job *job, const struct survey *to, struct err *err)
{
    const char *region = to->region;
    resource_fn *each = to->each;
    void *context = to->context;
    struct listing l = {.keep = job->arena, .region = region, .each = each, .context = context};
    return cloud_each(job, &list_certificates, region, keep_uses, &l, err,
                      "{'host':true,'enterprise_project_id':%s}", everything) &&
           cloud_each(job, &list_hosts, region, emit_host, &l, err, "{'enterprise_project_id':%s}",
                      everything);
}

struct place { /* what a resource's extra says */
    bool premium;
    const char *project;
};

static struct place place_of(struct job *job, const struct resource *r)
{
    const struct json *extra = NULL;
    if (!json_parse(job->arena, r->extra, strlen(r->extra), &extra, NULL))
        extra = NULL;
    return (struct place){.premium = json_is(extra, "/type", "premium"),
                          .project = json_str(json_at(extra, "/project"), "0")};
}

static const char *settings_of(struct arena *a, const struct json *host)
{
    static const char *const others[] = {"certificateid", "certificatename", "timestamp", "access_progress"};
    struct buf out = buf_new(a, 1 << 20);
    struct json_writer w = json_writer_to(&out);
    const struct json *value;
    const char *name;
    json_open_object(&w);
    for (size_t i = 0; json_member(host, i, &name, &value); i++) {
        bool other = json_is_null(value);
        for (size_t k = 0; k < countof(others); k++)
            other = other || strcmp(name, others[k]) == 0;
        if (!other)
            json_member_raw(&w, name, json_dump(a, value));
    }
    json_close_object(&w);
    return out.full ? "{}" : out.data;
}

static bool read_binding(struct job *job, const struct resource *r, struct binding *ret, struct err *err)
{
    struct place place = place_of(job, r);
    const struct json *host = NULL;
    if (!read_host(job, r->region, r->vendor_id, place.premium, place.project, &host, err))
        return false;
    const char *id = json_get(host, "/certificateid");
    struct binding b = {.https = serves_https(host),
                        .ready = true,
                        .etag = "",
                        .bound = arena_make(job->arena, struct bound),
                        .bound_count = *id != 0,
                        .settings = settings_of(job->arena, host)};
    if (*id && !make_bound(job, r->region, id, json_get(host, "/certificatename"), b.bound, err))
        return false;
    *ret = b;
    return true;
}

/* ---- the store of a region and enterprise project: "waf:REGION:PROJECT" ---- */

static bool store_for(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err)
{
    if (m->sm2)
        return err_set(err, ERR_INVALID_CERTIFICATE, "WAF's API takes no SM2 certificates");
    *ret = arena_printf(job->arena, "waf:%s:%s", r->region, place_of(job, r).project);
    return true;
}

struct search {
    struct arena *keep;
    const char *name;
    const char *id; /* "" until found */
    size_t count;
};

static bool look(struct job *job, void *context, const struct json *item, const struct xml *node,
                 struct err *err)
{
    struct search *s = context;
    (void)job;
    (void)node;
    (void)err;
    s->count++;
    if (strcmp(json_get(item, "/name"), s->name) == 0)
        s->id = arena_strdup(s->keep, json_get(item, "/id"));
    return true;
}

/* Used certificates and unused ones are listed apart. */
static bool find(struct job *job, const char *region, const char *project, struct search *s, struct err *err)
{
    return cloud_each(job, &list_certificates, region, look, s, err,
                      "{'host':true,'name':%s,'enterprise_project_id':%s}", s->name, project) &&
           (*s->id || cloud_each(job, &list_certificates, region, look, s, err,
                                 "{'host':false,'name':%s,'enterprise_project_id':%s}", s->name, project));
}

struct held {
    struct arena *keep;
    const char **ids;
    size_t count, capacity;
};

static bool take_id(struct job *job, void *context, const struct json *item, const struct xml *node,
                    struct err *err)
{
    struct held *held = context;
    (void)job, (void)node, (void)err;
    for (size_t i = 0; i < held->count; i++)
        if (strcmp(held->ids[i], json_get(item, "/id")) == 0)
            return true;
    *(const char **)arena_push(held->keep, (void **)&held->ids, &held->count, &held->capacity,
                               sizeof *held->ids) = arena_strdup(held->keep, json_get(item, "/id"));
    return true;
}

/* As many as websites may be protected, which no call tells. */
static bool room(struct job *job, const char *region, room_fn *each, void *context, struct err *err)
{
    struct held held = {.keep = job->arena};
    if (!*region)
        return true;
    if (!cloud_each(job, &list_certificates, region, take_id, &held, err,
                    "{'host':true,'enterprise_project_id':%s}", everything) ||
        !cloud_each(job, &list_certificates, region, take_id, &held, err,
                    "{'host':false,'enterprise_project_id':%s}", everything))
        return false;
    struct store_room room = {.vendor_store = arena_printf(job->arena, "waf:%s", region),
                              .used = (int64_t)held.count,
                              .most = -1,
                              .lately = -1,
                              .lately_most = -1};
    return each(context, &room, err);
}

/* The same name with other content would be somebody else's work. */
static bool same_certificate(struct job *job, const char *region, const char *id, const struct material *m,
                             struct err *err)
{
    struct bound b = {.slot = "default", .ref = id, .name = "", .fingerprint = ""};
    return session_facts(job, region, &b, err) &&
           (!*b.fingerprint || strcmp(b.fingerprint, m->fingerprint) == 0 ||
            err_set(err, ERR_CONFLICT,
                    "WAF's certificate %s was replaced by another one: delete it in the console", b.name));
}

/* The vendor names no code for a full store. */
static bool full_store(const struct err *why)
{
    return why->kind == ERR_VENDOR && !why->transient && strcasestr(why->text, "quota");
}

static bool create(struct job *job, const char *region, const char *project, const char *name,
                   const struct material *m, const char **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(4 << 20);
    struct answer answer;
    struct err why = {0};
    const char *arguments =
        json_format(hidden, "{'enterprise_project_id':%s,'body':{'name':%s,'content':%s,'key':%s}}", project,
                    name, m->fullchain_pem, secret_bytes(m->key));
    if (cloud_call_secret(job, &create_certificate, region, &answer, &why, "%p", arguments)) {
        *ret = json_get(answer.json, "/id");
        return **ret || upload_in_doubt(err_set(err, ERR_VENDOR, "WAF answered no certificate id"), err);
    }
    bool full = full_store(&why);
    if (full)
        why.kind = ERR_QUOTA;
    if (err)
        *err = why;
    return !full ? false
                 : err_add(
                       err,
                       "WAF's certificate store in %s is full, and nothing was changed: delete certificates "
                       "there that no website uses, or raise the quota of domains",
                       region);
}

static bool upload(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                   struct err *err)
{
    struct arena *a = job->arena;
    const char *colon = strchr(vendor_store, ':'), *second = colon ? strchr(colon + 1, ':') : NULL;
    if (!second)
        return err_set(err, ERR_INTERNAL, "%s is no certificate store of WAF", vendor_store);
    const char *region = arena_copy(a, colon + 1, (size_t)(second - colon - 1)), *project = second + 1;
    bool by_default = strcmp(project, "0") == 0;
    const char *name = by_default ? m->name : arena_printf(a, "%s-%.8s", m->name, project);
    struct search s = {.keep = a, .name = name, .id = ""};
    if (!find(job, region, project, &s, err))
        return false;
    if (!*s.id)
        return huawei_has_key(m, err) && create(job, region, project, name, m, ret, err);
    if (!same_certificate(job, region, s.id, m, err))
        return false;
    *ret = s.id;
    return true;
}

/* ---- writing ---- */

static bool write_change(struct job *job, const struct bind *w, struct err *err)
{
    const struct resource *r = w->resource;
    const struct binding *now = w->now;
    const struct change *change = w->change;
    const struct material *m = w->material;
    (void)now, (void)m, (void)r;
    struct place place = place_of(job, r);
    struct answer answer;
    (void)now;
    (void)m;
    if (!change->add_count)
        return err_set(err, ERR_INPUT, "WAF offers no way to take the certificate of %s away again",
                       r->title);
    if (!cloud_call(job, &apply_to_hosts, r->region, &answer, err,
                    "{'certificate_id':%s,'enterprise_project_id':%s,'body':{%p:[%s]}}", change->add[0],
                    place.project, place.premium ? "\"premium_host_ids\"" : "\"cloud_host_ids\"",
                    r->vendor_id))
        return false;
    const struct json *hosts = json_at(answer.json, "/bind_host");
    for (size_t i = 0; i < json_count(hosts); i++)
        if (strcmp(json_get(json_item(hosts, i), "/id"), r->vendor_id) == 0)
            return true;
    return upload_in_doubt(err_set(err, ERR_VENDOR, "WAF did not say that %s took the certificate", r->title),
                           err);
}

const struct product huawei_waf = {
    PRODUCT_CODE("huawei", "waf"),
    .title = "Huawei Cloud WAF",
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
    .bind = write_change,
};

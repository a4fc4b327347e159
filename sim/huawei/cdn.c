/* CDN. A change of a domain's configuration is shown at once, while it spreads the domain is "configuring" and takes no
 * other (CDN.0106, in an answer with the status 200). A block that is not sent stays as it is; of the block "https" all
 * that is left out falls back to its default. Every call names an enterprise project, as sub-users have to.
 *
 * Fields: what the listing shows; a block each as JSON text ("hsts"); https.http2_status and its like; and for the two
 * certificates a domain may hold, "server." and "server_sm.": source, scm_certificate_id, certificate_name, @own (the
 * number of one that was sent along with its key).
 */
#include "sim/huawei/cdn_params.h"
#include "sim/huawei/scm.h"

#include <string.h>

enum { LIST_BYTES = 16 << 20, CHANGES_MAX = 64, PAGE_SIZE = 30 };
static const int64_t day_ms = 86400000;

const char huawei_cdn_kind[] = "cdn.domain";
static const char own_kind[] = "@cdn.certificate", delegation_kind[] = "@cdn.delegation";
static const char *const cert_types[] = {"server", "server_sm"};
static const char other_project[] = "3f1c0a52-7b6d-4e19-9c55-0d2b8f6a7e41";

/* Settings beside the certificate, within the block https. */
static const struct {
    const char *name, *fallback, *values;
} https_settings[] = {
    {"http2_status", "off", "on off"},
    {"tls_version", "TLSv1.1,TLSv1.2", NULL},
    {"ocsp_stapling_status", "off", "on off"},
};

/* Blocks that are kept as they were sent. */
static const char *const blocks[] = {"force_redirect",   "hsts", "client_cert",          "quic",
                                     "origin_protocol",  "sni",  "http_response_header", "cache_rules",
                                     "https_tls_version"};

static const char *field_of(struct sim_call *c, const char *type, const char *name)
{
    return arena_printf(c->arena, "%s.%s", type, name);
}

static const char *status_of(struct sim_call *c, const struct sim_object *o)
{
    return sim_settling(c, o) ? "configuring" : sim_get(c, o, "domain_status");
}

static bool https_is_on(struct sim_call *c, const struct sim_object *o)
{
    return !strcmp(sim_get(c, o, "https_status"), "on");
}

/* Reads may ask for all projects, writes name the domain's own. */
static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, huawei_cdn_kind, "", sim_arg(c, "domain_name"));
    const char *project = sim_arg_or(c, "enterprise_project_id", "");
    bool all = !strcmp(project, "all") && !c->operation->writes;
    if (!o)
        sim_fail(c, 400, "CDN.0170", "The domain name does not exist.");
    else if (!all && strcmp(project, sim_get(c, o, "enterprise_project_id")))
        sim_fail(c, 403, "CDN.00010182", "The domain belongs to another enterprise project.");
    else
        return o;
    return NULL;
}

/* ---- lists ---- */

static bool fits(struct sim_call *c, const char *arg, const char *value)
{
    const char *wanted_value = sim_arg(c, arg);
    return !wanted_value || !strcmp(wanted_value, value);
}

static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    const char *project = sim_arg(c, "enterprise_project_id"), *name = sim_arg_or(c, "domain_name", "");
    bool exact = sim_arg_bool(c, "exact_match", false);
    return (!strcmp(project, "all") || !strcmp(project, sim_get(c, o, "enterprise_project_id"))) &&
           (exact ? !*name || !strcmp(o->id, name) : strstr(o->id, name) != NULL) &&
           fits(c, "domain_status", status_of(c, o)) &&
           fits(c, "business_type", sim_get(c, o, "business_type")) &&
           fits(c, "service_area", sim_get(c, o, "service_area"));
}

static char *brief(struct sim_call *c, const struct sim_object *o)
{
    const char *origin = sim_get(c, o, "origin_protocol");
    const char *locked = sim_get(c, o, "locked");
    return json_format(
        c->arena,
        "{'id':%s,'domain_name':%s,'business_type':%s,'domain_status':%s,'cname':%s,'sources':[{'domain_id':%"
        "s,"
        "'ip_or_domain':'192.0.2.10','origin_type':'ipaddr','active_standby':1,'enable_obs_web_hosting':0}],"
        "'https_status':%p,'create_time':%lld,'modify_time':%lld,'disabled':0,'locked':%p,'range_status':'"
        "off',"
        "'follow_status':'off','origin_status':'off','service_area':%s,'auto_refresh_preheat':0,"
        "'enterprise_project_id':%s,'banned_reason':null,'locked_reason':%s}",
        sim_get(c, o, "id"), o->id, sim_get(c, o, "business_type"), status_of(c, o), sim_get(c, o, "cname"),
        sim_get(c, o, "id"),
        !https_is_on(c, o)         ? "0"
        : strstr(origin, "follow") ? "1"
                                   : "2",
        (long long)(c->now_ms - 100 * day_ms), (long long)(c->now_ms - 80 * day_ms), *locked ? "1" : "0",
        sim_get(c, o, "service_area"), sim_get(c, o, "enterprise_project_id"), *locked ? locked : NULL);
}

static void list(struct sim_call *c)
{
    int64_t size = sim_arg_int(c, "page_size", PAGE_SIZE), total = 0;
    int64_t from = (sim_arg_int(c, "page_number", 1) - 1) * size;
    struct buf b = buf_new(c->arena, LIST_BYTES);
    struct json_writer w = json_writer_to(&b);
    const struct sim_object *o;
    if (!sim_arg(c, "enterprise_project_id")) {
        sim_fail(c, 403, "CDN.00010182", "The enterprise project is missing.");
        return;
    }
    json_open_object(&w);
    json_key(&w, "domains");
    json_open_array(&w);
    for (size_t cursor = 0; (o = sim_next(c, huawei_cdn_kind, "", &cursor));) {
        if (!is_listed(c, o))
            continue;
        if (total >= from && total < from + size)
            json_put_raw(&w, brief(c, o));
        total++;
    }
    json_close_array(&w);
    json_member_int(&w, "total", total);
    json_close_object(&w);
    huawei_reply(c, 200, b.data);
}

static void show_detail(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        huawei_reply(
            c, 200,
            json_format(
                c->arena,
                "{'domain':{'id':%s,'domain_name':%s,'business_type':%s,'domain_status':%s,'cname':%s,"
                "'https_status':%p,'create_time':%lld,'disabled':0,'locked':%p,'service_area':%s}}",
                sim_get(c, o, "id"), o->id, sim_get(c, o, "business_type"), status_of(c, o),
                sim_get(c, o, "cname"), https_is_on(c, o) ? "1" : "0", (long long)(c->now_ms - 100 * day_ms),
                *sim_get(c, o, "locked") ? "1" : "0", sim_get(c, o, "service_area")));
}

/* ---- the configuration ---- */

static const struct sim_object *cert_of(struct sim_state *s, const struct sim_object *o,
                                        const struct sim_fields *view, const char *type)
{
    bool sm = !strcmp(type, "server_sm");
    const char *own = sim_field(view, sm ? "server_sm.@own" : "server.@own");
    const char *id = sim_field(view, sm ? "server_sm.scm_certificate_id" : "server.scm_certificate_id");
    if (*own)
        return state_find_ever(s, "huawei", o->account, own_kind, "", own);
    return *id ? state_find_ever(s, "huawei", o->account, scm_cert_kind, "", id) : NULL;
}

/* The members that tell of one certificate. The text is formatted anew, so that it is not what was sent. */
static char *cert_members(struct sim_call *c, const struct sim_object *o, const char *type)
{
    const struct sim_object *cert = cert_of(c->state, o, o->now, type);
    if (!cert || !cert->cert)
        return NULL;
    const char *source = sim_get(c, o, field_of(c, type, "source"));
    const char *id = sim_get(c, o, field_of(c, type, "scm_certificate_id"));
    const char *enc = sim_get(c, cert, "EncCert");
    return json_format(
        c->arena,
        "'certificate_type':%s,'certificate_source':%p,'scm_certificate_id':%s,"
        "'certificate_name':%s,'certificate_value':%s,'enc_certificate_value':%s,'expire_time':%"
        "lld",
        type, source, *id ? id : NULL, sim_get(c, o, field_of(c, type, "certificate_name")),
        arena_printf(c->arena, "%s\n\n", sim_get(c, cert, "Cert")), *enc ? enc : NULL,
        (long long)sim_leaf(cert->cert)->not_after_ms);
}

static char *https_json(struct sim_call *c, const struct sim_object *o)
{
    const char *server = cert_members(c, o, "server"), *sm = cert_members(c, o, "server_sm");
    struct buf b = buf_new(c->arena, 1 << 20);
    buf_puts(&b, json_format(c->arena, "{'https_status':%s", sim_get(c, o, "https_status")));
    if (server || sm)
        buf_printf(&b, ",%s", server ? server : sm);
    if (server && sm)
        buf_printf(&b, ",\"certificates\":[{%s},{%s}]", server, sm);
    for (size_t i = 0; i < countof(https_settings); i++)
        buf_puts(&b, json_format(c->arena, ",%p:%s", arena_printf(c->arena, "\"%s\"", https_settings[i].name),
                                 sim_get(c, o, https_settings[i].name)));
    buf_puts(&b, "}");
    return b.data;
}

static void show_config(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    struct buf b = buf_new(c->arena, LIST_BYTES);
    struct json_writer w = json_writer_to(&b);
    if (!o)
        return;
    json_open_object(&w);
    json_key(&w, "configs");
    json_open_object(&w);
    json_member_string(&w, "business_type", sim_get(c, o, "business_type"));
    json_member_string(&w, "service_area", sim_get(c, o, "service_area"));
    json_member_raw(&w, "https", https_json(c, o));
    for (size_t i = 0; i < countof(blocks); i++)
        if (*sim_get(c, o, blocks[i]))
            json_member_raw(&w, blocks[i], sim_get(c, o, blocks[i]));
    json_close_object(&w);
    json_close_object(&w);
    huawei_reply(c, 200, b.data);
}

/* ---- changes ---- */

struct changes {
    struct sim_field items[CHANGES_MAX];
    size_t count;
};

static void put(struct changes *changes, const char *name, const char *value)
{
    if (changes->count < CHANGES_MAX)
        changes->items[changes->count++] = (struct sim_field){name, value};
}

static bool bad(struct sim_call *c, const char *what)
{
    c->vendor->refuse(c, REFUSE_BAD_PARAMETER, what);
    return false;
}

static void put_cert(struct sim_call *c, struct changes *changes, const char *type, const char *source,
                     const char *id, const char *name, const char *own)
{
    put(changes, field_of(c, type, "source"), source);
    put(changes, field_of(c, type, "scm_certificate_id"), id);
    put(changes, field_of(c, type, "certificate_name"), name);
    put(changes, field_of(c, type, "@own"), own);
}

static bool take_scm(struct sim_call *c, const struct json *v, const char *type, const char *name,
                     struct changes *changes)
{
    const char *id = json_str(json_at(v, "/scm_certificate_id"), "");
    const struct sim_object *delegation = sim_find(c, delegation_kind, "", "scm");
    if (delegation && !strcmp(sim_get(c, delegation, "status"), "off")) {
        sim_fail(c, 403, "CDN.00010198", "CDN has no permission to read certificates of SCM.");
        return false;
    }
    if (!scm_usable(c, id))
        return bad(c, "configs.https.scm_certificate_id");
    put_cert(c, changes, type, "2", id, name, "");
    return true;
}

static bool take_own(struct sim_call *c, const struct json *v, const char *type, const char *name,
                     struct changes *changes)
{
    const char *chain = json_str(json_at(v, "/certificate_value"), ""),
               *key = json_str(json_at(v, "/private_key"), ""),
               *enc = json_str(json_at(v, "/enc_certificate_value"), ""),
               *enc_key = json_str(json_at(v, "/enc_private_key"), "");
    struct sim_cert *parsed = NULL;
    bool sm = !strcmp(type, "server_sm");
    if (sm != (*enc && *enc_key))
        return bad(c, "configs.https.enc_certificate_value");
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    bool right_type = fault == CERT_FINE && (sim_leaf(parsed)->key_type == KEY_SM2) == sm;
    sim_cert_free(parsed);
    if (!right_type)
        return bad(c, "configs.https.certificate_value");
    const char *id = arena_printf(c->arena, "%lld", (long long)sim_serial(c));
    SIM_CREATE(c, own_kind, "", id, {"Cert", chain}, {"Key", key}, {"EncCert", enc}, {"EncKey", enc_key});
    put_cert(c, changes, type, "0", "", name, id);
    return true;
}

static bool take_cert(struct sim_call *c, const struct json *v, struct changes *changes)
{
    const char *type = json_str(json_at(v, "/certificate_type"), "server"),
               *name = json_str(json_at(v, "/certificate_name"), "");
    int64_t source = json_int(json_at(v, "/certificate_source"), 0);
    if (strcmp(type, "server") && strcmp(type, "server_sm"))
        return bad(c, "configs.https.certificate_type");
    if (strlen(name) < 3 || strlen(name) > 64)
        return bad(c, "configs.https.certificate_name");
    for (size_t i = 0; i < changes->count; i++)
        if (!strcmp(changes->items[i].name, field_of(c, type, "certificate_name")))
            return bad(c, "configs.https.certificates");
    if (source != 0 && source != 2)
        return bad(c, "configs.https.certificate_source");
    return source == 2 ? take_scm(c, v, type, name, changes) : take_own(c, v, type, name, changes);
}

/* The outer certificate does not count where a list is sent. */
static bool take_certs(struct sim_call *c, const struct json *https, struct changes *changes)
{
    const struct json *several = json_at(https, "/certificates");
    if (!json_count(several) && !take_cert(c, https, changes))
        return false;
    for (size_t i = 0; i < json_count(several); i++)
        if (!take_cert(c, json_item(several, i), changes))
            return false;
    for (size_t i = 0; i < countof(cert_types); i++) {
        bool sent = false;
        for (size_t k = 0; k < changes->count; k++)
            sent = sent || !strcmp(changes->items[k].name, field_of(c, cert_types[i], "source"));
        if (!sent)
            put_cert(c, changes, cert_types[i], NULL, NULL, NULL, NULL);
    }
    return true;
}

static bool take_https(struct sim_call *c, const struct json *https, struct changes *changes)
{
    const char *status = json_str(json_at(https, "/https_status"), "");
    if (strcmp(status, "on") && strcmp(status, "off"))
        return bad(c, "configs.https.https_status");
    if (!strcmp(status, "on") && !take_certs(c, https, changes))
        return false;
    for (size_t i = 0; i < countof(cert_types) && !strcmp(status, "off"); i++)
        put_cert(c, changes, cert_types[i], NULL, NULL, NULL, NULL);
    put(changes, "https_status", status);
    for (size_t i = 0; i < countof(https_settings); i++) {
        const char *value = json_str(json_at(https, arena_printf(c->arena, "/%s", https_settings[i].name)),
                                     https_settings[i].fallback);
        if (https_settings[i].values && !sim_list_has(https_settings[i].values, value))
            return bad(c, https_settings[i].name);
        put(changes, https_settings[i].name, value);
    }
    return true;
}

static bool take_block(struct sim_call *c, const char *name, const struct json *v, struct changes *changes)
{
    if (!strcmp(name, "https"))
        return take_https(c, v, changes);
    if (!strcmp(name, "business_type") || !strcmp(name, "service_area")) {
        put(changes, name, json_str(v, ""));
        return true;
    }
    for (size_t i = 0; i < countof(blocks); i++)
        if (!strcmp(blocks[i], name)) {
            put(changes, name, json_dump(c->arena, v));
            return true;
        }
    c->vendor->refuse(c, REFUSE_UNKNOWN_PARAMETER, arena_printf(c->arena, "configs.%s", name));
    return false;
}

static void update_config(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const struct json *configs = json_at(c->json, "/configs"), *value;
    struct changes *changes = arena_make(c->arena, struct changes);
    const char *name;
    if (!o)
        return;
    if (strcmp(status_of(c, o), "online") || *sim_get(c, o, "locked")) {
        sim_fail(c, 200, "CDN.0106", "The domain status does not allow this operation.");
        return;
    }
    if (!json_count(configs)) {
        (void)bad(c, "configs");
        return;
    }
    for (size_t i = 0; json_member(configs, i, &name, &value); i++)
        if (!take_block(c, name, value, changes))
            return;
    sim_change(c, o, SETTLE_EDGE, changes->items, changes->count);
    huawei_reply(c, 200, "");
}

static const struct sim_operation operations[] = {
    {.name = "ListDomains",
     .method = "GET",
     .path = "/v1.0/cdn/domains",
     SIM_PARAMS(list_domains_params),
     .run = list},
    {.name = "ShowDomainDetailByName",
     .method = "GET",
     .path = "/v1.0/cdn/configuration/domains/{domain_name}",
     .resource = "domain_name",
     SIM_PARAMS(show_domain_params),
     .run = show_detail},
    {.name = "ShowDomainFullConfig",
     .method = "GET",
     .path = "/v1.1/cdn/configuration/domains/{domain_name}/configs",
     .resource = "domain_name",
     SIM_PARAMS(show_config_params),
     .run = show_config},
    {.name = "UpdateDomainFullConfig",
     .method = "PUT",
     .path = "/v1.1/cdn/configuration/domains/{domain_name}/configs",
     .writes = true,
     .resource = "domain_name",
     SIM_PARAMS(update_config_params),
     .run = update_config},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "cdn",
                              .id = o->id,
                              .domain = o->id,
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "cname"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return strcmp(sim_field(view, "https_status"), "on") ? NULL : cert_of(s, o, view, "server");
}

static void generate(struct sim_seeding *s, size_t n)
{
    struct arena *a = s->arena;
    const char *domain = sim_list_item(a, sim_seed_names(s, n), 0);
    const char *bare = domain + (*domain == '*' ? 2 : 0), *hex = sim_hex_id(a, domain, 32);
    bool on = sim_seed_has_https(n);
    const char *id = on ? scm_seed_cert(s, domain) : "";
    SIM_SEED(s, huawei_cdn_kind, "", domain, {"id", hex},
             {"domain_status", n % 16 == 14 ? "offline" : "online"},
             {"business_type", n % 5 == 2 ? "download" : "web"},
             {"cname", arena_printf(a, "%s.%.8s.cdnhwc1.com", bare, hex)},
             {"service_area", n % 12 == 4 ? "outside_mainland_china" : "mainland_china"},
             {"enterprise_project_id", n % 4 == 2 ? other_project : "0"},
             {"locked", n % 16 == 11 ? "overdue" : ""}, {"https_status", on ? "on" : "off"},
             {"http2_status", on ? "on" : "off"}, {"tls_version", on ? "TLSv1.2,TLSv1.3" : "TLSv1.1,TLSv1.2"},
             {"ocsp_stapling_status", on && n % 2 ? "on" : "off"}, {"server.source", on ? "2" : ""},
             {"server.scm_certificate_id", id}, {"server.certificate_name", on ? "old" : ""},
             {"force_redirect", "{\"status\":\"on\",\"type\":\"https\",\"redirect_code\":301}"},
             {"hsts", "{\"status\":\"on\",\"max_age\":15552000,\"include_subdomains\":\"off\"}"},
             {"client_cert", n % 10 == 4
                                 ? "{\"status\":\"on\",\"trusted_cert\":\"-----BEGIN "
                                   "CERTIFICATE-----\\nQ0E=\\n-----END CERTIFICATE-----\\n\",\"hosts\":"
                                   "\"partner.example\"}"
                                 : "{\"status\":\"off\",\"trusted_cert\":\"\",\"hosts\":\"\"}"},
             {"quic", "{\"status\":\"on\"}"}, {"origin_protocol", n % 3 ? "\"follow\"" : "\"http\""});
}

static const char *const hosts[] = {"cdn.myhuaweicloud.com", "cdn.myhuaweicloud.eu", NULL};

const struct sim_service sim_huawei_cdn = {.cloud = "huawei",
                                           .code = "cdn",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = huawei_cdn_kind,
                                           .generate = generate,
                                           .entry = entry,
                                           .choose = choose};

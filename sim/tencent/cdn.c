/* CDN. A change is accepted at once, then the domain is "processing" and its certificate "deploying" while it spreads, and
 * another change is refused (ResourceInUse.CdnOpInProgress). ModifyDomainConfig changes one path; UpdateDomainConfig
 * replaces every object that it names, and what such an object leaves out falls back to its default.
 */
#include "sim/tencent/cdn.h"

#include <string.h>
#include <strings.h>

enum { CHANGES_MAX = 64 };
static const int64_t day_ms = 86400000;

/* What the API can set of the objects that it also shows; a field of the state each. TlsVersion is a list. */
static const struct setting {
    const char *path, *fallback, *values; /* values NULL: any text */
    enum sim_type type;
} settings[] = {
    {"Https.Switch", "off", "on off", T_STRING},
    {"Https.Http2", "off", "on off", T_STRING},
    {"Https.OcspStapling", "off", "on off", T_STRING},
    {"Https.VerifyClient", "off", "on off", T_STRING},
    {"Https.Spdy", "off", "on off", T_STRING},
    {"Https.CertInfo.CertId", "", NULL, T_STRING},
    {"Https.CertInfo.Message", "", NULL, T_STRING},
    {"Https.ClientCertInfo.Certificate", "", NULL, T_STRING},
    {"Https.ClientCertInfo.CertName", "", NULL, T_STRING},
    {"Https.Hsts.Switch", "", "on off", T_STRING},
    {"Https.Hsts.MaxAge", "", NULL, T_INTEGER},
    {"Https.Hsts.IncludeSubDomains", "", "on off", T_STRING},
    {"Https.TlsVersion", "", NULL, T_ANY},
    {"ForceRedirect.Switch", "off", "on off", T_STRING},
    {"ForceRedirect.RedirectType", "http", "http https", T_STRING},
    {"ForceRedirect.RedirectStatusCode", "302", NULL, T_INTEGER},
    {"ForceRedirect.CarryHeaders", "off", "on off", T_STRING},
    {"HttpsBilling.Switch", "on", "on off", T_STRING},
};
static const char *const shown_objects[] = {"Https", "ForceRedirect", "HttpsBilling"};

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, cdn_kind, "", sim_arg(c, "Domain"));
    if (!o)
        sim_fail(c, 200, "ResourceNotFound.CdnHostNotExists", "The domain does not exist.");
    return o;
}

static const struct sim_param describe_domains_params[] = {
    {"Offset", IN_JSON, T_INTEGER},
    {"Limit", IN_JSON, T_INTEGER, .min = 0, .max = 1000},
    {"Filters[]", IN_JSON, T_OBJECT},
    {"Filters[].Name", IN_JSON, T_STRING, .required = true},
    {"Filters[].Value[]", IN_JSON, T_STRING, .required = true},
    {"Filters[].Fuzzy", IN_JSON, T_BOOLEAN},
};

static const struct sim_param describe_domains_config_params[] = {
    {"Offset", IN_JSON, T_INTEGER},
    {"Limit", IN_JSON, T_INTEGER, .min = 0, .max = 100},
    {"Filters[]", IN_JSON, T_OBJECT},
    {"Filters[].Name", IN_JSON, T_STRING, .required = true},
    {"Filters[].Value[]", IN_JSON, T_STRING, .required = true},
    {"Filters[].Fuzzy", IN_JSON, T_BOOLEAN},
    {"Sort", IN_JSON, T_OBJECT},
    {"Sort.Key", IN_JSON, T_STRING, .values = "createTime certExpireTime"},
    {"Sort.Sequence", IN_JSON, T_STRING, .values = "asc desc"},
};

/* ---- changes ---- */

struct changes { /* towards one state_change */
    struct sim_field items[CHANGES_MAX];
    size_t count;
};

static void put_change(struct changes *changes, const char *name, const char *value)
{
    if (changes->count < CHANGES_MAX)
        changes->items[changes->count++] = (struct sim_field){name, value};
}

static bool bad(struct sim_call *c, const char *what)
{
    sim_fail(c, 200, "InvalidParameter.CdnParamError", "%s is not valid.", what);
    return false;
}

/* The text of a setting as the state keeps it; NULL for a value of the wrong kind. */
static const char *setting_text(struct sim_call *c, const struct setting *s, const struct json *v)
{
    const char *text = json_text(c->arena, v, NULL);
    if (s->type == T_ANY) {
        text = "";
        for (size_t i = 0; i < json_count(v); i++)
            text = sim_list_add(c->arena, text, json_str(json_item(v, i), "?"));
        return json_is_array(v) ? text : NULL;
    }
    if (!text || json_is_string(v) != (s->type == T_STRING))
        return NULL;
    return !s->values || sim_list_has(s->values, text) ? text : NULL;
}

/* Whether `path` ("Https.CertInfo") is an object above one of the settings or fields that only inform. */
static bool is_known(const char *path)
{
    static const char *const passive[] = {"Https.CertInfo.CertName",
                                          "Https.CertInfo.ExpireTime",
                                          "Https.CertInfo.DeployTime",
                                          "Https.CertInfo.From",
                                          "Https.CertInfo.Certificate",
                                          "Https.CertInfo.PrivateKey",
                                          "Https.ClientCertInfo.ExpireTime",
                                          "Https.ClientCertInfo.DeployTime"};
    size_t size = strlen(path);
    for (size_t i = 0; i < countof(settings); i++)
        if (!strncmp(settings[i].path, path, size) && strchr(".", settings[i].path[size]))
            return true;
    for (size_t i = 0; i < countof(passive); i++)
        if (!strcmp(passive[i], path))
            return true;
    return false;
}

/* Refuses members that the vendor's model lacks; SslStatus is output only. */
static bool members_are_known(struct sim_call *c, const char *path, const struct json *v)
{
    const char *name;
    const struct json *member;
    for (size_t i = 0; json_is_object(v) && json_member(v, i, &name, &member); i++) {
        const char *below = arena_printf(c->arena, "%s.%s", path, name);
        if (!is_known(below)) {
            sim_fail(c, 200, "UnknownParameter", "The parameter `%s` is not recognized.", below);
            return false;
        }
        if (!members_are_known(c, below, member))
            return false;
    }
    return true;
}

/* Replaces a whole object: what it leaves out takes its default. */
static bool replace_object(struct sim_call *c, const char *path, const struct json *v,
                           struct changes *changes)
{
    size_t size = strlen(path);
    if (!json_is_object(v))
        return bad(c, path);
    if (!members_are_known(c, path, v))
        return false;
    for (size_t i = 0; i < countof(settings); i++) {
        if (strncmp(settings[i].path, path, size) || settings[i].path[size] != '.')
            continue;
        char *pointer = arena_strdup(c->arena, settings[i].path + size);
        for (char *p = pointer; *p; p++)
            *p = (char)(*p == '.' ? '/' : *p);
        const struct json *member = json_at(v, pointer);
        const char *text =
            json_is_null(member) ? settings[i].fallback : setting_text(c, &settings[i], member);
        if (!text)
            return bad(c, settings[i].path);
        put_change(changes, settings[i].path, text);
    }
    return true;
}

/* A certificate sent along with its key, kept under a number of its own. */
static bool take_own(struct sim_call *c, const struct json *info, struct changes *changes)
{
    const char *chain = json_str(json_at(info, "/Certificate"), ""),
               *key = json_str(json_at(info, "/PrivateKey"), "");
    struct sim_cert *parsed = NULL;
    if (!*chain && !*key) {
        put_change(changes, "@OwnCert", "");
        return true;
    }
    enum sim_cert_fault fault = sim_check_cert(c, chain, key, CHECK_ORDER, &parsed);
    sim_cert_free(parsed);
    if (fault != CERT_FINE) {
        sim_fail(c, 200,
                 fault == CERT_MISMATCH || fault == CERT_BAD_KEY ? "InvalidParameter.SslCertMatchError"
                 : fault == CERT_OUT_OF_ORDER                    ? "InvalidParameter.SslCertChainError"
                                                                 : "InvalidParameter.SslCertParseError",
                 "The certificate or its key is not valid.");
        return false;
    }
    const char *id = arena_printf(c->arena, "%lld", (long long)sim_serial(c));
    SIM_CREATE(c, cdn_own_cert_kind, "", id, {"Cert", chain}, {"Key", key});
    put_change(changes, "@OwnCert", id);
    return true;
}

static const char *after(struct sim_call *c, const struct sim_object *o, const struct changes *changes,
                         const char *name)
{
    for (size_t i = changes->count; i--;)
        if (!strcmp(changes->items[i].name, name))
            return changes->items[i].value;
    return sim_get(c, o, name);
}

/* What must hold of the domain after the changes. */
static bool certificate_is_there(struct sim_call *c, struct sim_object *o, const struct changes *changes)
{
    const char *id = after(c, o, changes, "Https.CertInfo.CertId");
    bool own = *after(c, o, changes, "@OwnCert");
    if (*id && !sim_find(c, tencent_cert_kind, "", id)) {
        sim_fail(c, 200, "FailedOperation.SslCertNotFound", "The certificate %s does not exist.", id);
        return false;
    }
    if (!strcmp(after(c, o, changes, "Https.Switch"), "on") && !*id && !own) {
        sim_fail(c, 200, "InvalidParameter.CdnCertInfoNotFound", "The certificate information is missing.");
        return false;
    }
    if (!strcmp(after(c, o, changes, "Https.VerifyClient"), "on") &&
        !*after(c, o, changes, "Https.ClientCertInfo.Certificate"))
        return bad(c, "Https.ClientCertInfo");
    return true;
}

static bool may_change(struct sim_call *c, const struct sim_object *o)
{
    if (sim_settling(c, o))
        sim_fail(c, 200, "ResourceInUse.CdnOpInProgress", "The domain is being configured.");
    else if (strcmp(sim_get(c, o, "Status"), "online"))
        sim_fail(c, 200, "InvalidParameter.CdnHostInvalidStatus",
                 "The status of the domain does not allow it.");
    else
        return true;
    return false;
}

static void commit(struct sim_call *c, struct sim_object *o, struct changes *changes)
{
    if (!certificate_is_there(c, o, changes))
        return;
    sim_change(c, o, SETTLE_READS, changes->items, changes->count);
    if (c->wrote)
        SIM_CHANGE(c, o, SETTLE_READS, {"@DeployTime", tencent_time(c->arena, c->now_ms)});
    tencent_end(c, tencent_begin(c));
}

/* ---- ModifyDomainConfig ---- */

static const struct sim_param modify_domain_config_params[] = {
    {"Domain", IN_JSON, T_STRING, .required = true},
    {"Route", IN_JSON, T_STRING, .required = true},
    {"Value", IN_JSON, T_STRING, .required = true},
};

static void modify_domain_config(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const char *route = sim_arg(c, "Route"), *value = sim_arg(c, "Value");
    const struct json *v;
    struct changes *changes = arena_make(c->arena, struct changes);
    if (!o || !may_change(c, o))
        return;
    if (!json_parse(c->arena, value, strlen(value), &v, NULL) || json_is_null(json_at(v, "/update"))) {
        bad(c, "Value");
        return;
    }
    const struct json *update = json_at(v, "/update");
    for (size_t i = 0; i < countof(settings); i++) {
        if (strcmp(settings[i].path, route))
            continue;
        const char *text = setting_text(c, &settings[i], update);
        if (!text) {
            bad(c, "Value");
            return;
        }
        put_change(changes, settings[i].path, text);
        if (!strcmp(route, "Https.CertInfo.CertId"))
            put_change(changes, "@OwnCert", "");
    }
    if (!changes->count && !is_known(route)) {
        bad(c, "Route");
        return;
    }
    if (!changes->count && !replace_object(c, route, update, changes))
        return;
    if (!strcmp(route, "Https") && !take_own(c, json_at(update, "/CertInfo"), changes))
        return;
    commit(c, o, changes);
}

/* ---- UpdateDomainConfig ---- */

static const struct sim_param update_domain_config_params[] = {
    {"Domain", IN_JSON, T_STRING, .required = true},
    {"ProjectId", IN_JSON, T_INTEGER},
    {"Origin", IN_JSON, T_OBJECT},
    {"Origin.*", IN_JSON, T_ANY},
    {"IpFilter", IN_JSON, T_OBJECT},
    {"IpFilter.*", IN_JSON, T_ANY},
    {"IpFreqLimit", IN_JSON, T_OBJECT},
    {"IpFreqLimit.*", IN_JSON, T_ANY},
    {"StatusCodeCache", IN_JSON, T_OBJECT},
    {"StatusCodeCache.*", IN_JSON, T_ANY},
    {"Compression", IN_JSON, T_OBJECT},
    {"Compression.*", IN_JSON, T_ANY},
    {"BandwidthAlert", IN_JSON, T_OBJECT},
    {"BandwidthAlert.*", IN_JSON, T_ANY},
    {"RangeOriginPull", IN_JSON, T_OBJECT},
    {"RangeOriginPull.*", IN_JSON, T_ANY},
    {"FollowRedirect", IN_JSON, T_OBJECT},
    {"FollowRedirect.*", IN_JSON, T_ANY},
    {"ErrorPage", IN_JSON, T_OBJECT},
    {"ErrorPage.*", IN_JSON, T_ANY},
    {"RequestHeader", IN_JSON, T_OBJECT},
    {"RequestHeader.*", IN_JSON, T_ANY},
    {"ResponseHeader", IN_JSON, T_OBJECT},
    {"ResponseHeader.*", IN_JSON, T_ANY},
    {"DownstreamCapping", IN_JSON, T_OBJECT},
    {"DownstreamCapping.*", IN_JSON, T_ANY},
    {"CacheKey", IN_JSON, T_OBJECT},
    {"CacheKey.*", IN_JSON, T_ANY},
    {"ResponseHeaderCache", IN_JSON, T_OBJECT},
    {"ResponseHeaderCache.*", IN_JSON, T_ANY},
    {"VideoSeek", IN_JSON, T_OBJECT},
    {"VideoSeek.*", IN_JSON, T_ANY},
    {"Cache", IN_JSON, T_OBJECT},
    {"Cache.*", IN_JSON, T_ANY},
    {"OriginPullOptimization", IN_JSON, T_OBJECT},
    {"OriginPullOptimization.*", IN_JSON, T_ANY},
    {"Https", IN_JSON, T_OBJECT},
    {"Https.*", IN_JSON, T_ANY},
    {"Authentication", IN_JSON, T_OBJECT},
    {"Authentication.*", IN_JSON, T_ANY},
    {"Seo", IN_JSON, T_OBJECT},
    {"Seo.*", IN_JSON, T_ANY},
    {"ForceRedirect", IN_JSON, T_OBJECT},
    {"ForceRedirect.*", IN_JSON, T_ANY},
    {"Referer", IN_JSON, T_OBJECT},
    {"Referer.*", IN_JSON, T_ANY},
    {"MaxAge", IN_JSON, T_OBJECT},
    {"MaxAge.*", IN_JSON, T_ANY},
    {"SpecificConfig", IN_JSON, T_OBJECT},
    {"SpecificConfig.*", IN_JSON, T_ANY},
    {"ServiceType", IN_JSON, T_STRING},
    {"Area", IN_JSON, T_STRING},
    {"OriginPullTimeout", IN_JSON, T_OBJECT},
    {"OriginPullTimeout.*", IN_JSON, T_ANY},
    {"AwsPrivateAccess", IN_JSON, T_OBJECT},
    {"AwsPrivateAccess.*", IN_JSON, T_ANY},
    {"UserAgentFilter", IN_JSON, T_OBJECT},
    {"UserAgentFilter.*", IN_JSON, T_ANY},
    {"AccessControl", IN_JSON, T_OBJECT},
    {"AccessControl.*", IN_JSON, T_ANY},
    {"UrlRedirect", IN_JSON, T_OBJECT},
    {"UrlRedirect.*", IN_JSON, T_ANY},
    {"AccessPort[]", IN_JSON, T_INTEGER},
    {"AdvancedAuthentication", IN_JSON, T_OBJECT},
    {"AdvancedAuthentication.*", IN_JSON, T_ANY},
    {"OriginAuthentication", IN_JSON, T_OBJECT},
    {"OriginAuthentication.*", IN_JSON, T_ANY},
    {"Ipv6Access", IN_JSON, T_OBJECT},
    {"Ipv6Access.*", IN_JSON, T_ANY},
    {"OfflineCache", IN_JSON, T_OBJECT},
    {"OfflineCache.*", IN_JSON, T_ANY},
    {"OriginCombine", IN_JSON, T_OBJECT},
    {"OriginCombine.*", IN_JSON, T_ANY},
    {"PostMaxSize", IN_JSON, T_OBJECT},
    {"PostMaxSize.*", IN_JSON, T_ANY},
    {"Quic", IN_JSON, T_OBJECT},
    {"Quic.*", IN_JSON, T_ANY},
    {"OssPrivateAccess", IN_JSON, T_OBJECT},
    {"OssPrivateAccess.*", IN_JSON, T_ANY},
    {"WebSocket", IN_JSON, T_OBJECT},
    {"WebSocket.*", IN_JSON, T_ANY},
    {"RemoteAuthentication", IN_JSON, T_OBJECT},
    {"RemoteAuthentication.*", IN_JSON, T_ANY},
    {"ShareCname", IN_JSON, T_OBJECT},
    {"ShareCname.*", IN_JSON, T_ANY},
    {"HwPrivateAccess", IN_JSON, T_OBJECT},
    {"HwPrivateAccess.*", IN_JSON, T_ANY},
    {"QnPrivateAccess", IN_JSON, T_OBJECT},
    {"QnPrivateAccess.*", IN_JSON, T_ANY},
    {"OthersPrivateAccess", IN_JSON, T_OBJECT},
    {"OthersPrivateAccess.*", IN_JSON, T_ANY},
    {"HttpsBilling", IN_JSON, T_OBJECT},
    {"HttpsBilling.*", IN_JSON, T_ANY},
    {"ParamFilter", IN_JSON, T_OBJECT},
    {"ParamFilter.*", IN_JSON, T_ANY},
    {"AutoGuard", IN_JSON, T_OBJECT},
    {"AutoGuard.*", IN_JSON, T_ANY},
    {"GeoBlocker", IN_JSON, T_OBJECT},
    {"GeoBlocker.*", IN_JSON, T_ANY},
};

/* The objects named in the call that the simulator shows nowhere are kept as they came. */
static bool keep_unshown(struct sim_call *c, struct changes *changes)
{
    const char *name;
    const struct json *member;
    for (size_t i = 0; json_member(c->json, i, &name, &member); i++) {
        bool shown = !strcmp(name, "Domain");
        for (size_t k = 0; k < countof(shown_objects); k++)
            shown = shown || !strcmp(name, shown_objects[k]);
        if (!shown && !json_is_null(member))
            put_change(changes, name, json_text(c->arena, member, json_dump(c->arena, member)));
    }
    return true;
}

static void update_domain_config(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    struct changes *changes = arena_make(c->arena, struct changes);
    if (!o || !may_change(c, o) || !keep_unshown(c, changes))
        return;
    for (size_t i = 0; i < countof(shown_objects); i++) {
        const struct json *v = json_at(c->json, arena_printf(c->arena, "/%s", shown_objects[i]));
        if (!json_is_null(v) && !replace_object(c, shown_objects[i], v, changes))
            return;
    }
    const struct json *https = json_at(c->json, "/Https");
    if (!json_is_null(https) && !take_own(c, json_at(https, "/CertInfo"), changes))
        return;
    commit(c, o, changes);
}

static const struct sim_operation operations[] = {
    {.name = "DescribeDomains", SIM_PARAMS(describe_domains_params), .run = cdn_describe_domains},
    {.name = "DescribeDomainsConfig",
     SIM_PARAMS(describe_domains_config_params),
     .run = cdn_describe_domains_config},
    {.name = "ModifyDomainConfig",
     .writes = true,
     .resource = "Domain",
     SIM_PARAMS(modify_domain_config_params),
     .run = modify_domain_config},
    {.name = "UpdateDomainConfig",
     .writes = true,
     .resource = "Domain",
     SIM_PARAMS(update_domain_config_params),
     .run = update_domain_config},
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "cdn",
                              .id = o->id,
                              .domain = o->id,
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "Cname"))};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    (void)server_name;
    return cdn_bound(s, o, view);
}

static void generate(struct sim_seeding *s, size_t n)
{
    const char *domain = sim_list_item(s->arena, sim_seed_names(s, n), 0);
    const char *bare = domain + (*domain == '*' ? 2 : 0);
    bool on = sim_seed_has_https(n), mutual = n % 10 == 4;
    SIM_SEED(s, cdn_kind, "", domain, {"Status", "online"}, {"@product", n % 10 == 2 ? "ecdn" : "cdn"},
             {"ServiceType", n % 5 == 2 ? "download" : "web"},
             {"ResourceId", arena_printf(s->arena, "cdn-%s", sim_hex_id(s->arena, domain, 8))},
             {"Cname", arena_printf(s->arena, "%s.cdn.dnsv1.com", bare)},
             {"Area", n % 12 == 4 ? "overseas" : "mainland"}, {"ProjectId", "0"},
             {"CreateTime", tencent_time(s->arena, s->now_ms - 100 * day_ms)},
             {"Https.Switch", on ? "on" : "off"}, {"Https.Http2", on ? "on" : "off"},
             {"Https.OcspStapling", on && n % 2 ? "on" : "off"}, {"Https.Spdy", "off"},
             {"Https.VerifyClient", on && mutual ? "on" : "off"},
             {"Https.ClientCertInfo.Certificate",
              on && mutual ? "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==" : ""},
             {"Https.ClientCertInfo.CertName", on && mutual ? "partners" : ""},
             {"Https.Hsts.Switch", on ? "on" : ""}, {"Https.Hsts.MaxAge", on ? "15552000" : ""},
             {"Https.Hsts.IncludeSubDomains", on ? "off" : ""},
             {"Https.TlsVersion", on ? "TLSv1.2 TLSv1.3" : ""},
             {"Https.CertInfo.CertId", on ? tencent_seed_cert(s, domain) : ""},
             {"Https.CertInfo.Message", ""}, {"ForceRedirect.Switch", "on"},
             {"ForceRedirect.RedirectType", "https"}, {"ForceRedirect.RedirectStatusCode", "301"},
             {"ForceRedirect.CarryHeaders", "off"}, {"HttpsBilling.Switch", "on"},
             {"@DeployTime", tencent_time(s->arena, s->now_ms - 80 * day_ms)});
}

static const char *const hosts[] = {"cdn.tencentcloudapi.com", "cdn.intl.tencentcloudapi.com",
                                    "cdn.{region}.tencentcloudapi.com", NULL};

const struct sim_service sim_tencent_cdn = {.cloud = "tencent",
                                            .code = "cdn",
                                            .version = "2018-06-06",
                                            .hosts = hosts,
                                            .operations = operations,
                                            .operation_count = countof(operations),
                                            .resource_kind = cdn_kind,
                                            .generate = generate,
                                            .entry = entry,
                                            .choose = choose};

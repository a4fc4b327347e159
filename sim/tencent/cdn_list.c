#include "sim/tencent/cdn.h"

#include <string.h>

enum { PAGE_SIZE = 100 };
static const int64_t day_ms = 86400000;

const char cdn_kind[] = "cdn.domain", cdn_own_cert_kind[] = "@cdn.certificate";

static const char *status_of(struct sim_call *c, const struct sim_object *o)
{
    return sim_settling(c, o) ? "processing" : sim_get(c, o, "Status");
}

/* The certificate that these fields bind; NULL with HTTPS off. */
const struct sim_object *cdn_bound(struct sim_state *s, const struct sim_object *o,
                                   const struct sim_fields *fields)
{
    const char *id = sim_field(fields, "Https.CertInfo.CertId"), *own = sim_field(fields, "@OwnCert");
    if (strcmp(sim_field(fields, "Https.Switch"), "on"))
        return NULL;
    if (*own)
        return state_find_ever(s, "tencent", o->account, cdn_own_cert_kind, "", own);
    return state_find_ever(s, "tencent", o->account, tencent_cert_kind, "", id);
}

/* ---- filters ---- */

static bool text_fits(const char *value, const char *wanted, bool fuzzy)
{
    return fuzzy ? strstr(value, wanted) != NULL : !strcmp(value, wanted);
}

static const char *filter_value(struct sim_call *c, const struct sim_object *o, const char *name)
{
    if (!strcmp(name, "domain"))
        return o->id;
    if (!strcmp(name, "resourceId"))
        return sim_get(c, o, "ResourceId");
    if (!strcmp(name, "status"))
        return status_of(c, o);
    if (!strcmp(name, "serviceType"))
        return sim_get(c, o, "ServiceType");
    if (!strcmp(name, "projectId"))
        return sim_get(c, o, "ProjectId");
    if (!strcmp(name, "https"))
        return sim_settling(c, o) ? "processing" : sim_get(c, o, "Https.Switch");
    if (!strcmp(name, "origin"))
        return "192.0.2.10";
    if (!strcmp(name, "originPullProtocol"))
        return "http";
    return strstr(" domainType fullUrlCache tagKey ", arena_printf(c->arena, " %s ", name)) ? "" : NULL;
}

/* False after refusing a filter that the vendor does not know. */
static bool filters_are_fine(struct sim_call *c)
{
    const struct json *filters = json_at(c->json, "/Filters"), *f;
    static const struct sim_fields none = {0};
    const struct sim_object nobody = {.id = "", .now = &none};
    for (size_t i = 0; (f = json_item(filters, i)); i++) {
        const char *name = json_str(json_at(f, "/Name"), "");
        bool fuzzy = json_bool(json_at(f, "/Fuzzy"), false);
        size_t values = json_count(json_at(f, "/Value"));
        bool may_be_fuzzy = !strcmp(name, "domain") || !strcmp(name, "origin");
        if (!filter_value(c, &nobody, name) || !values || values > (fuzzy ? 1 : 5) ||
            (fuzzy && !may_be_fuzzy)) {
            sim_fail(c, 200, "InvalidParameter.CdnParamError", "The filter `%s` is not valid.", name);
            return false;
        }
    }
    return true;
}

static bool is_listed(struct sim_call *c, const struct sim_object *o)
{
    const struct json *filters = json_at(c->json, "/Filters"), *f, *v;
    for (size_t i = 0; (f = json_item(filters, i)); i++) {
        const char *value = filter_value(c, o, json_str(json_at(f, "/Name"), ""));
        bool fits = false;
        for (size_t k = 0; (v = json_item(json_at(f, "/Value"), k)); k++)
            fits = fits || text_fits(value, json_str(v, ""), json_bool(json_at(f, "/Fuzzy"), false));
        if (!fits)
            return false;
    }
    return true;
}

/* ---- what lists show ---- */

static void put_common(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_member_string(w, "ResourceId", sim_get(c, o, "ResourceId"));
    json_member_int(w, "AppId", 1250000000);
    json_member_string(w, "Domain", o->id);
    json_member_string(w, "Cname", sim_get(c, o, "Cname"));
    json_member_string(w, "Status", status_of(c, o));
    json_member_int(w, "ProjectId", 0);
    json_member_string(w, "ServiceType", sim_get(c, o, "ServiceType"));
    json_member_string(w, "CreateTime", sim_get(c, o, "CreateTime"));
    json_member_string(w, "UpdateTime", sim_get(c, o, "CreateTime"));
    json_member_raw(w, "Origin",
                    "{\"Origins\":[\"192.0.2.10\"],\"OriginType\":\"ip\",\"OriginPullProtocol\":\"http\"}");
    json_member_string(w, "Disable", "normal");
    json_member_string(w, "Area", sim_get(c, o, "Area"));
    json_member_string(w, "Readonly", "normal");
    json_member_string(w, "ParentHost", "");
}

static char *cert_info(struct sim_call *c, const struct sim_object *o, const struct sim_fields *shown)
{
    const struct sim_object *cert = cdn_bound(c->state, o, shown);
    const char *id = sim_field(shown, "Https.CertInfo.CertId");
    if (!cert && !*id)
        return NULL;
    return json_format(c->arena,
                       "{'CertId':%s,'CertName':%s,'Certificate':%s,'PrivateKey':null,'ExpireTime':%s,"
                       "'DeployTime':%s,'Message':%s,'From':'upload'}",
                       id, cert ? sim_field(cert->now, "Alias") : "",
                       *id || !cert ? NULL : sim_field(cert->now, "Cert"),
                       cert && cert->cert ? tencent_time(c->arena, sim_leaf(cert->cert)->not_after_ms) : "",
                       sim_field(shown, "@DeployTime"), sim_field(shown, "Https.CertInfo.Message"));
}

static char *client_cert_info(struct sim_call *c, const struct sim_fields *shown)
{
    if (!*sim_field(shown, "Https.ClientCertInfo.Certificate"))
        return NULL;
    return json_format(c->arena, "{'Certificate':%s,'CertName':%s,'ExpireTime':%s,'DeployTime':%s}",
                       sim_field(shown, "Https.ClientCertInfo.Certificate"),
                       sim_field(shown, "Https.ClientCertInfo.CertName"),
                       tencent_time(c->arena, c->now_ms - c->now_ms % day_ms + 300 * day_ms),
                       tencent_time(c->arena, c->now_ms - c->now_ms % day_ms - 80 * day_ms));
}

static char *tls_versions(struct sim_call *c, const struct sim_fields *shown)
{
    const char *list = sim_field(shown, "Https.TlsVersion"), *items[8];
    size_t n = 0;
    while (n < countof(items) && (items[n] = sim_list_item(c->arena, list, n)))
        n++;
    return n ? json_strings(c->arena, items, n) : NULL;
}

static char *hsts(struct sim_call *c, const struct sim_fields *shown)
{
    const char *age = sim_field(shown, "Https.Hsts.MaxAge");
    if (!*sim_field(shown, "Https.Hsts.Switch"))
        return NULL;
    return json_format(c->arena, "{'Switch':%s,'MaxAge':%p,'IncludeSubDomains':%s}",
                       sim_field(shown, "Https.Hsts.Switch"), *age ? age : "0",
                       sim_field(shown, "Https.Hsts.IncludeSubDomains"));
}

static const char *ssl_status(struct sim_call *c, const struct sim_object *o, const struct sim_fields *shown)
{
    if (strcmp(sim_field(shown, "Https.Switch"), "on"))
        return "closed";
    return sim_settling(c, o) ? "deploying" : "deployed";
}

static void put_config(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const struct sim_fields *f = state_shown(c->state, o);
    json_open_object(w);
    put_common(c, w, o);
    json_member_raw(
        w, "Https",
        json_format(c->arena,
                    "{'Switch':%s,'Http2':%s,'OcspStapling':%s,'VerifyClient':%s,'Spdy':%s,'SslStatus':%s,"
                    "'CertInfo':%p,'ClientCertInfo':%p,'Hsts':%p,'TlsVersion':%p}",
                    sim_field(f, "Https.Switch"), sim_field(f, "Https.Http2"),
                    sim_field(f, "Https.OcspStapling"), sim_field(f, "Https.VerifyClient"),
                    sim_field(f, "Https.Spdy"), ssl_status(c, o, f), cert_info(c, o, f),
                    client_cert_info(c, f), hsts(c, f), tls_versions(c, f)));
    json_member_raw(w, "ForceRedirect",
                    json_format(c->arena,
                                "{'Switch':%s,'RedirectType':%s,'RedirectStatusCode':%p,'CarryHeaders':%s}",
                                sim_field(f, "ForceRedirect.Switch"),
                                sim_field(f, "ForceRedirect.RedirectType"),
                                sim_field(f, "ForceRedirect.RedirectStatusCode"),
                                sim_field(f, "ForceRedirect.CarryHeaders")));
    json_member_raw(w, "HttpsBilling",
                    json_format(c->arena, "{'Switch':%s}", sim_field(f, "HttpsBilling.Switch")));
    json_member_raw(w, "SpecificConfig", NULL);
    json_close_object(w);
}

static void put_brief(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_open_object(w);
    put_common(c, w, o);
    json_member_string(w, "Product", sim_get(c, o, "@product"));
    json_close_object(w);
}

static void list_with(struct sim_call *c,
                      void (*put)(struct sim_call *, struct json_writer *, const struct sim_object *))
{
    int64_t from = sim_arg_int(c, "Offset", 0), size = sim_arg_int(c, "Limit", PAGE_SIZE), total = 0;
    if (!filters_are_fine(c))
        return;
    struct tencent_answer *answer = tencent_begin(c);
    json_key(&answer->w, "Domains");
    json_open_array(&answer->w);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, cdn_kind, "", &cursor));) {
        if (!is_listed(c, o))
            continue;
        if (total >= from && total < from + size)
            put(c, &answer->w, o);
        total++;
    }
    json_close_array(&answer->w);
    json_member_int(&answer->w, "TotalNumber", total);
    tencent_end(c, answer);
}

void cdn_describe_domains(struct sim_call *c)
{
    list_with(c, put_brief);
}

void cdn_describe_domains_config(struct sim_call *c)
{
    list_with(c, put_config);
}

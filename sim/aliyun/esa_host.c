/* ESA's custom hostnames: names of a site's customers, each with a certificate of its own beside those of the site. An edge is
 * reached through the site's record and told apart by the name asked for. An update that does not name the record loses it,
 * which is documented neither way. The certificate is shown with some, as no document says when it is; the key of one given as
 * text always.
 */
#include "sim/aliyun/esa.h"

#include <stdlib.h>
#include <string.h>

const struct sim_param esa_list_hosts_params[] = {
    {"Hostname", IN_QUERY, T_STRING},
    {"NameMatchType", IN_QUERY, T_STRING, .values = "prefix suffix exact fuzzy"},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = 500},
    {"RecordId", IN_QUERY, T_INTEGER},
    {"SiteId", IN_QUERY, T_INTEGER, .required = true},
    {"Status", IN_QUERY, T_STRING, .values = "pending active conflicted offline"},
};

const struct sim_param esa_get_host_params[] = {{"HostnameId", IN_QUERY, T_INTEGER, .required = true}};

const struct sim_param esa_set_host_params[] = {
    {"CasId", IN_QUERY, T_INTEGER},
    {"CasRegion", IN_QUERY, T_STRING},
    {"CertType", IN_QUERY, T_STRING, .values = "free upload cas"},
    {"Certificate", IN_QUERY, T_STRING},
    {"HostnameId", IN_QUERY, T_INTEGER, .required = true},
    {"PrivateKey", IN_QUERY, T_STRING},
    {"RecordId", IN_QUERY, T_INTEGER},
    {"SslFlag", IN_QUERY, T_STRING, .values = "on off"},
};

/* What it serves; NULL where HTTPS is off. */
static const struct sim_object *content(struct sim_state *s, const struct sim_object *o,
                                        const struct sim_fields *view)
{
    const char *type = sim_field(view, "CertType");
    bool cas = !strcmp(type, "cas");
    struct esa_entry e = {.type = type,
                          .site = sim_field(view, "CasRegion"),
                          .number = sim_field(view, cas ? "CasId" : "CertId")};
    return strcmp(sim_field(view, "SslFlag"), "on") ? NULL : esa_content(s, o, &e);
}

static const struct sim_object *site_of(struct sim_call *c, const struct sim_object *o)
{
    return sim_find(c, ESA_SITE, "", o->scope);
}

/* ---- answers ---- */

static const struct sim_object *record_of(struct sim_call *c, const struct sim_object *o)
{
    const struct sim_object *record;
    for (size_t cursor = 0; (record = sim_next(c, ESA_RECORD, o->scope, &cursor));)
        if (*sim_get(c, o, "RecordId") && !strcmp(sim_get(c, record, "RecordId"), sim_get(c, o, "RecordId")))
            return record;
    return NULL;
}

static const char *status_of(struct sim_call *c, const struct sim_object *o, const struct sim_object *cert)
{
    return !cert                                            ? ""
           : sim_settling(c, o)                             ? "applying"
           : sim_leaf(cert->cert)->not_after_ms < c->now_ms ? "Expired"
                                                            : "OK";
}

static void put_host(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    static const char *const names[] = {"Hostname", "Status",     "SslFlag",
                                        "CertType", "CreateTime", "UpdateTime"};
    const struct sim_object *cert = content(c->state, o, o->now), *record = record_of(c, o);
    json_member_int(w, "HostnameId", strtoll(o->id, NULL, 10));
    for (size_t i = 0; i < countof(names); i++)
        json_member_string(w, names[i], sim_get(c, o, names[i]));
    json_member_string(w, "CertStatus", status_of(c, o, cert));
    if (cert)
        json_member_string(w, "CertNotAfter", aliyun_time(c, sim_leaf(cert->cert)->not_after_ms));
    if (record) {
        json_member_int(w, "RecordId", strtoll(sim_get(c, record, "RecordId"), NULL, 10));
        json_member_string(w, "RecordName", record->id);
    }
    json_member_int(w, "SiteId", strtoll(o->scope, NULL, 10));
    json_member_string(w, "SiteName", sim_get(c, site_of(c, o), "SiteName"));
}

void esa_list_hosts(struct sim_call *c)
{
    const struct sim_object *site = esa_wanted_site(c, "POST"), *o;
    struct esa_page page = esa_page_of(c);
    if (!site)
        return;
    struct aliyun_answer *answer = esa_begin_list(c, "Hostnames");
    for (size_t cursor = 0; (o = sim_next(c, ESA_HOST, site->id, &cursor));) {
        if (!esa_name_fits(sim_get(c, o, "Hostname"), sim_arg_or(c, "Hostname", ""),
                           sim_arg_or(c, "NameMatchType", "exact")) &&
            *sim_arg_or(c, "Hostname", ""))
            continue;
        if (!aliyun_arg_fits(c, "Status", sim_get(c, o, "Status")) ||
            !aliyun_arg_fits(c, "RecordId", sim_get(c, o, "RecordId")) || !esa_on_page(&page))
            continue;
        json_open_object(&answer->w);
        put_host(c, &answer->w, o);
        json_close_object(&answer->w);
    }
    esa_end_page(c, &page, answer);
}

static struct sim_object *wanted(struct sim_call *c)
{
    const char *id = sim_arg_or(c, "HostnameId", "");
    struct sim_object *o = sim_find(c, ESA_HOST, NULL, id);
    if (o)
        c->resource = arena_printf(c->arena, "%s/%s", o->scope, o->id);
    else
        sim_fail(c, 404, "HostnameNotFound", "The custom hostname %s does not exist.", id);
    return o;
}

static void put_certificate(struct sim_call *c, struct json_writer *w, const struct sim_object *o,
                            const struct sim_object *cert)
{
    bool cas = !strcmp(sim_get(c, o, "CertType"), "cas");
    if (cas)
        json_member_int(w, "CasId", strtoll(sim_get(c, o, "CasId"), NULL, 10));
    else
        json_member_string(w, "CertId", sim_get(c, o, "CertId"));
    if (!strcmp(sim_get(c, o, "@shown"), "1"))
        json_member_string(w, "Certificate", cert->cert->chain_pem);
    if (!strcmp(sim_get(c, o, "CertType"), "upload"))
        json_member_string(w, "PrivateKey", sim_get(c, cert, "Key"));
}

void esa_get_host(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    const struct sim_object *cert = content(c->state, o, o->now);
    json_key(&answer->w, "CustomHostnameModel");
    json_open_object(&answer->w);
    put_host(c, &answer->w, o);
    if (cert)
        put_certificate(c, &answer->w, o, cert);
    json_close_object(&answer->w);
    aliyun_end(c, answer);
}

/* ---- UpdateCustomHostname ---- */

/* The certificate that the call brings, as fields; false after a refusal. */
static bool take_certificate(struct sim_call *c, const char *type, struct sim_field fields[3])
{
    const char *site = "", *number = "", *own = "";
    if (!strcmp(type, "cas")) {
        site = sim_arg_or(c, "CasRegion", "cn-hangzhou");
        number = sim_arg(c, "CasId");
        if (!esa_stored(c, site, number))
            return false;
    } else if (!strcmp(type, "upload")) {
        own = esa_keep(c, sim_arg_or(c, "Certificate", ""), sim_arg_or(c, "PrivateKey", ""));
        if (!own)
            return false;
    } else {
        sim_fail(c, 400, "InvalidParameter", "This type of certificate cannot be set here.");
        return false;
    }
    fields[0] = (struct sim_field){"CasId", number};
    fields[1] = (struct sim_field){"CasRegion", site};
    fields[2] = (struct sim_field){"CertId", own};
    return true;
}

void esa_set_host(struct sim_call *c)
{
    struct sim_object *o = esa_method_is(c, "POST") ? wanted(c) : NULL;
    const char *type = sim_arg(c, "CertType"), *record = sim_arg_or(c, "RecordId", "");
    struct sim_field fields[7] = {{"RecordId", record}};
    size_t n = 1;
    if (!o)
        return;
    if (sim_arg(c, "SslFlag"))
        fields[n++] = (struct sim_field){"SslFlag", sim_arg(c, "SslFlag")};
    if (type) {
        if (!take_certificate(c, type, fields + n))
            return;
        n += 3;
        fields[n++] = (struct sim_field){"CertType", type};
    }
    sim_change(c, o, SETTLE_EDGE, fields, n);
    aliyun_end(c, aliyun_begin(c));
}

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    (void)s;
    *ret = (struct sim_entry){.product = "esa",
                              .id = arena_printf(a, "%s/%s", o->scope, o->id),
                              .domain = arena_strdup(a, sim_field(o->now, "Hostname")),
                              .port = 443,
                              .host = arena_strdup(a, sim_field(o->now, "@cname"))};
    return true;
}

/* What the record's other visitors get is the site's. */
static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    if (!strcmp(server_name, sim_field(view, "Hostname")))
        return content(s, o, view);
    const struct sim_object *site = state_find(s, o->cloud, o->account, ESA_SITE, "", o->scope);
    return site ? esa_choose(s, site, state_served(s, site), server_name) : NULL;
}

struct seed {
    const char *type, *site; /* type "": HTTPS is off */
    const char *shown;       /* "1": with its certificate */
};

static void seed_host(struct sim_seeding *s, const char *site, const char *record, const char *cname,
                      size_t i, const struct seed *seed)
{
    const char *id = arena_printf(s->arena, "%llu", 2600000000ull + (unsigned long long)s->number * 10 + i);
    const char *name =
        arena_printf(s->arena, "shop%zu.customer%04llu.example", i, (unsigned long long)s->number);
    const char *at = time_iso(s->arena, s->now_ms - 50 * 86400000LL), *chain, *key;
    const char *cas = "", *own = "";
    if (!strcmp(seed->type, "cas")) {
        cas = aliyun_seed_cas(s, seed->site, name);
    } else if (*seed->type) {
        own = arena_printf(s->arena, "%s1", id);
        sim_seed_cert(s, name, &chain, &key);
        SIM_SEED(s, ESA_OWN, "", own, {"Cert", chain}, {"Key", key});
    }
    SIM_SEED(s, ESA_HOST, site, id, {"Hostname", name}, {"Status", "active"},
             {"SslFlag", *seed->type ? "on" : "off"}, {"CertType", seed->type}, {"CasId", cas},
             {"CasRegion", seed->site}, {"CertId", own}, {"RecordId", record}, {"CreateTime", at},
             {"UpdateTime", at}, {"@cname", cname}, {"@shown", seed->shown});
}

void esa_generate_hosts(struct sim_seeding *s, const char *site, const char *record, const char *cname,
                        size_t n)
{
    static const struct seed seeds[][2] = {
        {{"cas", "cn-hangzhou", ""}, {"upload", "", "1"}},
        {{"cas", "ap-southeast-1", ""}, {"", "", ""}},
        {{"cas", "cn-hangzhou", "1"}, {"free", "", ""}},
        {{"upload", "", ""}, {"cas", "ap-southeast-1", "1"}},
    };
    for (size_t i = 0; i < 2; i++)
        seed_host(s, site, record, cname, i, &seeds[n % countof(seeds)][i]);
}

static const char *const no_hosts[] = {NULL};

/* Edges alone: what is asked of hostnames is asked of ESA. */
const struct sim_service sim_aliyun_esa_hosts = {.cloud = "aliyun",
                                                 .code = "esa-hosts",
                                                 .hosts = no_hosts,
                                                 .resource_kind = ESA_HOST,
                                                 .entry = entry,
                                                 .choose = choose};

/* Global Accelerator, one host for the whole world, RegionId always cn-hangzhou. A listener has a default certificate and
 * additional ones, each for one domain that is named with it. A change makes the listener "updating" and its
 * accelerator "configuring"; meanwhile the same listener answers NotActive.Listener, its neighbours
 * StateError.Accelerator. Only certificates of the store's mainland site are known here.
 */
#include "sim/aliyun/page.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 10, PAGE_MAX = 50, PER_CALL = 10, LISTENERS_PER_ACCELERATOR = 3 };

static const char kind[] = "ga.listener", accelerator_kind[] = "ga.accelerator", site[] = "cn-hangzhou";

#define REGION                                                                                               \
    {                                                                                                        \
        "RegionId", IN_QUERY, T_STRING, .required = true, .values = "cn-hangzhou"                            \
    }

/* ---- additional certificates: a list of "domain=id" ---- */

static char *entry_of(struct arena *a, const char *list, const char *domain)
{
    size_t size = strlen(domain);
    char *item;
    for (size_t i = 0; (item = sim_list_item(a, list, i)); i++)
        if (!strncmp(item, domain, size) && item[size] == '=')
            return item;
    return NULL;
}

static const char *id_of(const char *item)
{
    const char *equals = item ? strchr(item, '=') : NULL;
    return equals ? equals + 1 : "";
}

/* ---- accelerators ---- */

static const struct sim_param accelerators_params[] = {
    REGION,
    {"AcceleratorId", IN_QUERY, T_STRING},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = PAGE_MAX},
    {"ResourceGroupId", IN_QUERY, T_STRING},
    {"State", IN_QUERY, T_STRING,
     .values = "init active configuring binding unbinding deleting finacialLocked"},
    {"Tag[]", IN_QUERY, T_OBJECT},
    {"Tag[].Key", IN_QUERY, T_STRING},
    {"Tag[].Value", IN_QUERY, T_STRING},
};

static const char *state_of(struct sim_call *c, const struct sim_object *accelerator)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, "", &cursor));)
        if (!strcmp(sim_get(c, o, "AcceleratorId"), accelerator->id) && sim_settling(c, o))
            return "configuring";
    return sim_get(c, accelerator, "State");
}

static void put_accelerator(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    json_member_string(w, "AcceleratorId", o->id);
    json_member_string(w, "Name", sim_get(c, o, "Name"));
    json_member_string(w, "State", state_of(c, o));
    json_member_string(w, "DnsName", sim_get(c, o, "DnsName"));
    json_member_string(w, "RegionId", site);
    json_member_string(w, "InstanceChargeType", "POSTPAY");
    json_member_bool(w, "ServiceManaged", *sim_get(c, o, "ServiceId") != 0);
    json_member_string(w, "ServiceId", sim_get(c, o, "ServiceId"));
}

static void list_accelerators(struct sim_call *c)
{
    struct aliyun_page p;
    aliyun_numbered_open(c, &p, "Accelerators", PAGE_SIZE);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, accelerator_kind, "", &cursor));) {
        if (!aliyun_arg_fits(c, "AcceleratorId", o->id) || !aliyun_arg_fits(c, "State", state_of(c, o)) ||
            sim_arg(c, "Tag.1.Key") || !aliyun_page_holds(&p))
            continue;
        json_open_object(&p.answer->w);
        put_accelerator(c, &p.answer->w, o);
        json_member_string(&p.answer->w, "Type", "Standard");
        json_close_object(&p.answer->w);
    }
    aliyun_numbered_close(c, &p);
}

static const struct sim_param accelerator_params[] = {
    REGION,
    {"AcceleratorId", IN_QUERY, T_STRING, .required = true},
};

static const struct sim_object *wanted_accelerator(struct sim_call *c)
{
    const struct sim_object *o = sim_find(c, accelerator_kind, "", sim_arg(c, "AcceleratorId"));
    if (!o)
        sim_fail(c, 400, "NotExist.Accelerator", "The accelerated instance does not exist.");
    return o;
}

static void describe_accelerator(struct sim_call *c)
{
    const struct sim_object *o = wanted_accelerator(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    put_accelerator(c, &answer->w, o);
    aliyun_end(c, answer);
}

/* ---- listeners ---- */

static const struct sim_param listeners_params[] = {
    REGION,
    {"AcceleratorId", IN_QUERY, T_STRING, .required = true},
    {"PageNumber", IN_QUERY, T_INTEGER, .min = 1, .max = 100000},
    {"PageSize", IN_QUERY, T_INTEGER, .min = 1, .max = PAGE_MAX},
    {"Protocol", IN_QUERY, T_STRING, .values = "tcp udp http https"},
};

static const char *const texts[] = {"AcceleratorId",  "Protocol",        "Name", "Description", "HttpVersion",
                                    "ClientAffinity", "SecurityPolicyId"};
static const char *const headers[] = {"XForwardedForGaApEnabled", "XForwardedForGaIdEnabled",
                                      "XForwardedForPortEnabled", "XForwardedForProtoEnabled",
                                      "XRealIpEnabled"};

static void put_listener(struct sim_call *c, struct json_writer *w, const struct sim_object *o)
{
    const char *port = sim_get(c, o, "Port"), *id = sim_get(c, o, "Certificates");
    json_member_string(w, "ListenerId", o->id);
    json_member_string(w, "State", sim_settling(c, o) ? "updating" : "active");
    json_member_string(w, "Type", "Standard");
    for (size_t i = 0; i < countof(texts); i++)
        json_member_string(w, texts[i], sim_get(c, o, texts[i]));
    json_member_raw(w, "IdleTimeout", sim_get(c, o, "IdleTimeout"));
    json_member_raw(w, "RequestTimeout", sim_get(c, o, "RequestTimeout"));
    json_member_bool(w, "ProxyProtocol", false);
    json_member_raw(w, "PortRanges", json_format(c->arena, "[{'FromPort':%p,'ToPort':%p}]", port, port));
    json_member_raw(w, "Certificates", *id ? json_format(c->arena, "[{'Id':%s,'Type':'Server'}]", id) : "[]");
    json_key(w, "XForwardedForConfig");
    json_open_object(w);
    for (size_t i = 0; i < countof(headers); i++)
        json_member_bool(w, headers[i],
                         !strcmp(sim_get(c, o, arena_printf(c->arena, "XForwardedForConfig.%s", headers[i])),
                                 "true"));
    json_close_object(w);
    const struct sim_object *parent = sim_find(c, accelerator_kind, "", sim_get(c, o, "AcceleratorId"));
    json_member_bool(w, "ServiceManaged", parent && *sim_get(c, parent, "ServiceId"));
    json_member_string(w, "ServiceId", parent ? sim_get(c, parent, "ServiceId") : "");
}

static void list_listeners(struct sim_call *c)
{
    struct aliyun_page p;
    if (!wanted_accelerator(c))
        return;
    aliyun_numbered_open(c, &p, "Listeners", PAGE_SIZE);
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind, "", &cursor));) {
        if (strcmp(sim_get(c, o, "AcceleratorId"), sim_arg(c, "AcceleratorId")) ||
            !aliyun_arg_fits(c, "Protocol", sim_get(c, o, "Protocol")) || !aliyun_page_holds(&p))
            continue;
        json_open_object(&p.answer->w);
        put_listener(c, &p.answer->w, o);
        json_close_object(&p.answer->w);
    }
    aliyun_numbered_close(c, &p);
}

static const struct sim_param listener_params[] = {
    REGION,
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
};

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, kind, "", sim_arg(c, "ListenerId"));
    const char *accelerator = sim_arg(c, "AcceleratorId");
    if (o && (!accelerator || !strcmp(accelerator, sim_get(c, o, "AcceleratorId"))))
        return o;
    sim_fail(c, 400, "NotExist.Listener", "The listener does not exist.");
    return NULL;
}

static void describe_listener(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (!o)
        return;
    struct aliyun_answer *answer = aliyun_begin(c);
    put_listener(c, &answer->w, o);
    aliyun_end(c, answer);
}

/* ---- ListListenerCertificates ---- */

static const struct sim_param certificates_params[] = {
    REGION,
    {"AcceleratorId", IN_QUERY, T_STRING, .required = true},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
    {"MaxResults", IN_QUERY, T_INTEGER, .min = 1, .max = PAGE_MAX},
    {"NextToken", IN_QUERY, T_STRING},
    {"Role", IN_QUERY, T_STRING, .values = "default additional"},
};

static void list_certificates(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    struct aliyun_page p;
    if (!o || !aliyun_page_open(c, &p, "Certificates"))
        return;
    const char *role = sim_arg_or(c, "Role", "default additional"), *id = sim_get(c, o, "Certificates");
    const struct sim_fields *before = sim_settling(c, o) ? o->before : o->now;
    const char *old = sim_field(before, "Additional"), *item;
    if (sim_list_has(role, "default") && *id && aliyun_page_holds(&p))
        json_put_raw(&p.answer->w,
                     json_format(c->arena, "{'CertificateId':%s,'IsDefault':true,'State':%s}", id,
                                 strcmp(sim_field(before, "Certificates"), id) ? "updating" : "active"));
    for (size_t i = 0; (item = sim_list_item(c->arena, sim_get(c, o, "Additional"), i)); i++)
        if (sim_list_has(role, "additional") && aliyun_page_holds(&p))
            json_put_raw(&p.answer->w,
                         json_format(c->arena,
                                     "{'CertificateId':%s,'Domain':%s,'IsDefault':false,'State':%s}",
                                     id_of(item), arena_copy(c->arena, item, strcspn(item, "=")),
                                     sim_list_has(old, item) ? "active" : "updating"));
    aliyun_page_close(c, &p);
}

/* ---- changes ---- */

/* The listener when it may be changed now; NULL after a refusal. */
static struct sim_object *changeable(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const struct sim_object *parent =
        o ? sim_find(c, accelerator_kind, "", sim_get(c, o, "AcceleratorId")) : NULL;
    if (!o)
        return NULL;
    if (sim_settling(c, o))
        sim_fail(c, 400, "NotActive.Listener", "The state of the listener is not active.");
    else if (!parent || strcmp(state_of(c, parent), "active"))
        sim_fail(c, 400, "StateError.Accelerator", "The state of the accelerated instance is invalid.");
    else if (strcmp(sim_get(c, o, "Protocol"), "https"))
        sim_fail(c, 400, "ProtocolNotSupport.Listener", "The listener has no certificates.");
    else
        return o;
    return NULL;
}

static bool certificate_exists(struct sim_call *c, const char *id)
{
    const struct sim_object *cert = aliyun_cas_by_identifier(c->state, c->access->account, id);
    if (cert && !cert->gone && cert->cert && !strcmp(cert->scope, site))
        return true;
    sim_fail(c, 400, "NotExist.Certificate", "The certificate %s does not exist.", id);
    return false;
}

/* Whether the certificate may be bound for this domain. */
static bool is_certificate_for(struct sim_call *c, const char *id, const char *domain)
{
    if (!certificate_exists(c, id))
        return false;
    if (sim_cert_covers(aliyun_cas_by_identifier(c->state, c->access->account, id)->cert, domain))
        return true;
    sim_fail(c, 400, "DomainNotMatch.Certificate", "The certificate %s is not for %s.", id, domain);
    return false;
}

static void reply_listener(struct sim_call *c)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "ListenerId", sim_arg(c, "ListenerId"));
    aliyun_end(c, answer);
}

static const struct sim_param update_params[] = {
    {"BackendPorts[]", IN_QUERY, T_OBJECT},
    {"BackendPorts[].FromPort", IN_QUERY, T_INTEGER},
    {"BackendPorts[].ToPort", IN_QUERY, T_INTEGER},
    {"Certificates[]", IN_QUERY, T_OBJECT, .count_min = 1, .count = 1},
    {"Certificates[].Id", IN_QUERY, T_STRING},
    {"ClientAffinity", IN_QUERY, T_STRING, .values = "NONE SOURCE_IP"},
    {"ClientToken", IN_QUERY, T_STRING},
    {"Description", IN_QUERY, T_STRING, .min = 1, .max = 200},
    {"HttpVersion", IN_QUERY, T_STRING, .values = "http3 http2 http1.1"},
    {"IdleTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 900},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
    {"Name", IN_QUERY, T_STRING, .min = 1, .max = 128},
    {"PortRanges[]", IN_QUERY, T_OBJECT},
    {"PortRanges[].FromPort", IN_QUERY, T_INTEGER, .required = true, .min = 1, .max = 65499},
    {"PortRanges[].ToPort", IN_QUERY, T_INTEGER, .required = true, .min = 1, .max = 65499},
    {"Protocol", IN_QUERY, T_STRING, .values = "tcp udp http https"},
    {"ProxyProtocol", IN_QUERY, T_STRING, .values = "true false"},
    {"RegionId", IN_QUERY, T_STRING, .values = "cn-hangzhou"},
    {"RequestTimeout", IN_QUERY, T_INTEGER, .min = 1, .max = 180},
    {"SecurityPolicyId", IN_QUERY, T_STRING},
    {"XForwardedForConfig.*", IN_QUERY, T_ANY},
};

static void update_listener(struct sim_call *c)
{
    static const char *const plain[] = {"ClientAffinity", "Description",    "HttpVersion",     "IdleTimeout",
                                        "Name",           "RequestTimeout", "SecurityPolicyId"};
    struct sim_object *o = changeable(c);
    const char *id = sim_arg(c, "Certificates.1.Id");
    struct sim_field fields[1 + countof(plain) + countof(headers)];
    size_t n = 0;
    if (!o || (id && !certificate_exists(c, id)))
        return;
    if (id)
        fields[n++] = (struct sim_field){"Certificates", id};
    for (size_t i = 0; i < countof(plain); i++)
        if (sim_arg(c, plain[i]))
            fields[n++] = (struct sim_field){plain[i], sim_arg(c, plain[i])};
    for (size_t i = 0; i < countof(headers); i++) {
        const char *name = arena_printf(c->arena, "XForwardedForConfig.%s", headers[i]);
        if (sim_arg(c, name))
            fields[n++] = (struct sim_field){name, sim_arg(c, name)};
    }
    sim_change(c, o, SETTLE_EDGE, fields, n);
    aliyun_end(c, aliyun_begin(c));
}

static const struct sim_param replace_params[] = {
    REGION,
    {"AcceleratorId", IN_QUERY, T_STRING, .required = true},
    {"CertificateId", IN_QUERY, T_STRING, .required = true},
    {"ClientToken", IN_QUERY, T_STRING},
    {"Domain", IN_QUERY, T_STRING, .required = true},
    {"DryRun", IN_QUERY, T_BOOLEAN},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
};

static void replace(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    const char *domain = sim_arg(c, "Domain"), *id = sim_arg(c, "CertificateId");
    const char *list = o ? sim_get(c, o, "Additional") : "", *old = entry_of(c->arena, list, domain);
    if (!o)
        return;
    if (!old)
        sim_fail(c, 400, "NotExist.AdditionalCertificate", "No certificate is bound for %s.", domain);
    else if (is_certificate_for(c, id, domain) && !sim_arg_bool(c, "DryRun", false))
        SIM_CHANGE(c, o, SETTLE_EDGE,
                   {"Additional", sim_list_add(c->arena, sim_list_remove(c->arena, list, old),
                                               arena_printf(c->arena, "%s=%s", domain, id))});
    if (!c->code)
        reply_listener(c);
}

static const struct sim_param associate_params[] = {
    REGION,
    {"AcceleratorId", IN_QUERY, T_STRING, .required = true},
    {"Certificates[]", IN_QUERY, T_OBJECT, .required = true, .count_min = 1, .count = PER_CALL},
    {"Certificates[].Domain", IN_QUERY, T_STRING, .required = true},
    {"Certificates[].Id", IN_QUERY, T_STRING, .required = true},
    {"ClientToken", IN_QUERY, T_STRING},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
};

static void associate(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    const char *list = o ? sim_get(c, o, "Additional") : "", *domain, *id;
    if (!o)
        return;
    for (size_t i = 0; (domain = sim_arg_item(c, "Certificates[].Domain", i)) &&
                       (id = sim_arg_item(c, "Certificates[].Id", i));
         i++) {
        if (entry_of(c->arena, list, domain)) {
            sim_fail(c, 400, "Exist.AdditionalCertificate", "A certificate is bound for %s.", domain);
            return;
        }
        if (!is_certificate_for(c, id, domain))
            return;
        list = sim_list_add(c->arena, list, arena_printf(c->arena, "%s=%s", domain, id));
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"Additional", list});
    reply_listener(c);
}

static const struct sim_param dissociate_params[] = {
    REGION,
    {"AcceleratorId", IN_QUERY, T_STRING, .required = true},
    {"ClientToken", IN_QUERY, T_STRING},
    {"Domains[]", IN_QUERY, T_STRING, .required = true, .count_min = 1, .count = PER_CALL},
    {"ListenerId", IN_QUERY, T_STRING, .required = true},
};

static void dissociate(struct sim_call *c)
{
    struct sim_object *o = changeable(c);
    const char *list = o ? sim_get(c, o, "Additional") : "", *domain;
    for (size_t i = 0; o && (domain = sim_arg_item(c, "Domains[]", i)); i++) {
        const char *old = entry_of(c->arena, list, domain);
        if (!old) {
            sim_fail(c, 400, "NotExist.AdditionalCertificate", "No certificate is bound for %s.", domain);
            return;
        }
        list = sim_list_remove(c->arena, list, old);
    }
    if (!o)
        return;
    SIM_CHANGE(c, o, SETTLE_EDGE, {"Additional", list});
    aliyun_end(c, aliyun_begin(c));
}

#define READS(operation, where, table, function)                                                             \
    {                                                                                                        \
        .name = (operation), .resource = (where), SIM_PARAMS(table), .run = (function)                       \
    }
#define WRITES(operation, table, function)                                                                   \
    {                                                                                                        \
        .name = (operation), .writes = true, .resource = "ListenerId", SIM_PARAMS(table), .run = (function)  \
    }

static const struct sim_operation operations[] = {
    READS("ListAccelerators", NULL, accelerators_params, list_accelerators),
    READS("DescribeAccelerator", "AcceleratorId", accelerator_params, describe_accelerator),
    READS("ListListeners", "AcceleratorId", listeners_params, list_listeners),
    READS("DescribeListener", "ListenerId", listener_params, describe_listener),
    READS("ListListenerCertificates", "ListenerId", certificates_params, list_certificates),
    WRITES("UpdateListener", update_params, update_listener),
    WRITES("UpdateAdditionalCertificateWithListener", replace_params, replace),
    WRITES("AssociateAdditionalCertificatesWithListener", associate_params, associate),
    WRITES("DissociateAdditionalCertificatesFromListener", dissociate_params, dissociate),
};

/* ---- resources ---- */

static bool entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *parent =
        state_find(s, "aliyun", o->account, accelerator_kind, "", sim_field(o->now, "AcceleratorId"));
    if (!parent || strcmp(sim_field(o->now, "Protocol"), "https"))
        return false;
    *ret = (struct sim_entry){.product = "ga",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(parent->now, "DnsName")),
                              .port = (unsigned)strtoul(sim_field(o->now, "Port"), NULL, 10)};
    return true;
}

static const struct sim_object *choose(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name)
{
    struct arena *a = arena_new(1 << 16);
    const char *list = sim_field(view, "Additional"), *rest = strchr(server_name, '.');
    const char *item = *server_name ? entry_of(a, list, server_name) : NULL;
    if (!item && rest)
        item = entry_of(a, list, arena_printf(a, "*%s", rest));
    const char *id = item ? id_of(item) : sim_field(view, "Certificates");
    const struct sim_object *found = aliyun_cas_by_identifier(s, o->account, id);
    arena_free(a);
    return found;
}

static const char *seed_cert(struct sim_seeding *s, const char *name)
{
    return arena_printf(s->arena, "%s-%s", aliyun_seed_cas(s, site, name), site);
}

static void generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_ACCELERATOR, place = n % LISTENERS_PER_ACCELERATOR;
    const char *names = sim_seed_names(s, n), *first = sim_list_item(s->arena, names, 0),
               *second = sim_list_item(s->arena, names, 1);
    const char *accelerator =
        arena_printf(s->arena, "ga-bp1%s",
                     sim_hex_id(s->arena, arena_printf(s->arena, "ga %zu", number), 17));
    SIM_SEED(s, accelerator_kind, "", accelerator, {"Name", arena_printf(s->arena, "world-%zu", number)},
             {"State", "active"}, {"DnsName", arena_printf(s->arena, "%s.aliyunga0019.com", accelerator)},
             {"ServiceId", number % 5 == 2 ? "1234567" : ""});
    SIM_SEED(s, kind, "", arena_printf(s->arena, "lsr-plain%s", accelerator + 6),
             {"AcceleratorId", accelerator}, {"Protocol", "http"}, {"Port", "80"}, {"Name", "plain"},
             {"IdleTimeout", "15"}, {"RequestTimeout", "60"});
    SIM_SEED(s, kind, "",
             arena_printf(s->arena, "lsr-bp1%s",
                          sim_hex_id(s->arena, arena_printf(s->arena, "lsr %zu", n), 16)),
             {"AcceleratorId", accelerator}, {"Protocol", "https"},
             {"Port", place ? arena_printf(s->arena, "%zu", 8442 + place) : "443"},
             {"Name", arena_printf(s->arena, "listener-%zu", n)}, {"Description", n % 2 ? "" : "shop front"},
             {"HttpVersion", n % 3 ? "http2" : "http3"}, {"ClientAffinity", "SOURCE_IP"},
             {"SecurityPolicyId", "tls_cipher_policy_1_2_strict"}, {"IdleTimeout", "30"},
             {"RequestTimeout", "90"}, {"XForwardedForConfig.XForwardedForGaApEnabled", "false"},
             {"XForwardedForConfig.XForwardedForGaIdEnabled", "false"},
             {"XForwardedForConfig.XForwardedForPortEnabled", "false"},
             {"XForwardedForConfig.XForwardedForProtoEnabled", "true"},
             {"XForwardedForConfig.XRealIpEnabled", "true"}, {"@names", names},
             {"Certificates", seed_cert(s, first)},
             {"Additional", second ? arena_printf(s->arena, "%s=%s", second, seed_cert(s, second)) : ""});
}

static const char *const hosts[] = {"ga.cn-hangzhou.aliyuncs.com", NULL};

const struct sim_service sim_aliyun_ga = {.cloud = "aliyun",
                                          .code = "ga",
                                          .version = "2019-11-20",
                                          .hosts = hosts,
                                          .operations = operations,
                                          .operation_count = countof(operations),
                                          .resource_kind = kind,
                                          .generate = generate,
                                          .entry = entry,
                                          .choose = choose};

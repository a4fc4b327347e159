/* ELB v3: listeners. An update answers at once, edges follow; until then the load balancer takes no other change. Fields
 * left out keep their value, sni_container_refs replaces the whole set, and a listener that terminates TLS must be told
 * its default certificate every time.
 */
#include "sim/huawei/elb.h"
#include "sim/huawei/elb_params.h"

#include <string.h>
#include <strings.h>

enum { CHANGES_MAX = 64, SNI_CERTS_MAX = 50, SNI_NAMES_MAX = 200 };

const char elb_listener_kind[] = "elb.listener";

static bool is_tls(const char *protocol)
{
    return sim_list_has("HTTPS TERMINATED_HTTPS TLS QUIC", protocol);
}

static const char *text_or_null(const char *text)
{
    return *text ? text : NULL;
}

static char *refs_json(struct sim_call *c, const char *list)
{
    const char *items[SNI_CERTS_MAX];
    size_t n = 0;
    while (n < countof(items) && (items[n] = sim_list_item(c->arena, list, n)))
        n++;
    return json_strings(c->arena, items, n);
}

static char *as_json(struct sim_call *c, const struct sim_object *o)
{
    const char *http2 = sim_get(c, o, "http2_enable");
    return json_format(
        c->arena,
        "{'id':%s,'name':%s,'description':%s,'protocol':%s,'protocol_port':%p,'default_tls_container_ref':%s,"
        "'client_ca_tls_container_ref':%s,'sni_container_refs':%p,'sni_match_algo':%s,'http2_enable':%p,"
        "'tls_ciphers_policy':%s,'loadbalancers':[{'id':%s}],'admin_state_up':true,'project_id':%s,"
        "'protection_status':'nonProtection','enterprise_project_id':%s}",
        o->id, sim_get(c, o, "name"), sim_get(c, o, "description"), sim_get(c, o, "protocol"),
        sim_get(c, o, "protocol_port"), text_or_null(sim_get(c, o, "default_tls_container_ref")),
        text_or_null(sim_get(c, o, "client_ca_tls_container_ref")),
        refs_json(c, sim_get(c, o, "sni_container_refs")), text_or_null(sim_get(c, o, "sni_match_algo")),
        *http2 ? http2 : "false", text_or_null(sim_get(c, o, "tls_ciphers_policy")),
        sim_get(c, o, "loadbalancer_id"), huawei_project(c->arena, c->access->account, c->region),
        sim_get(c, o, "enterprise_project_id"));
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, elb_listener_kind, c->region, sim_arg(c, "listener_id"));
    if (!o)
        sim_fail(c, 404, "ELB.1005", "Listener %s could not be found.", sim_arg(c, "listener_id"));
    return o;
}

static void list(struct sim_call *c)
{
    struct elb_page p;
    const struct sim_object *o;
    if (!elb_page_open(c, &p, elb_listener_kind, "listeners"))
        return;
    for (size_t cursor = 0; (o = elb_page_next(c, &p, elb_listener_kind, &cursor));)
        json_put_raw(&p.w, as_json(c, o));
    elb_page_close(c, &p);
}

static void reply_one(struct sim_call *c, const struct sim_object *o)
{
    huawei_reply(c, 200,
                 json_format(c->arena, "{'listener':%p,'request_id':%s}", as_json(c, o), c->request_id));
}

static void show(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        reply_one(c, o);
}

/* ---- update ---- */

static bool bad(struct sim_call *c, const char *message)
{
    sim_fail(c, 400, "ELB.1001", "%s", message);
    return false;
}

static const struct sim_object *server_cert(struct sim_call *c, const char *id, const char *type)
{
    const struct sim_object *cert = sim_find(c, elb_cert_kind, c->region, id);
    if (!cert || !cert->cert || strcmp(sim_get(c, cert, "type"), type)) {
        sim_fail(c, 404, "ELB.1011", "Certificate %s could not be found.", id);
        return NULL;
    }
    return cert;
}

struct sni_name {
    const char *name;
    enum key_type key_type;
};

/* Adds the names of one certificate; false after refusing one that is there with the same kind of key. */
static bool add_names(struct sim_call *c, const struct sim_object *cert, struct sni_name *names,
                      size_t *count)
{
    enum key_type type = sim_leaf(cert->cert)->key_type;
    for (const char *at = sim_get(c, cert, "domain"); *at;) {
        size_t size = strcspn(at, ",");
        const char *name = arena_copy(c->arena, at, size);
        for (size_t i = 0; i < *count; i++)
            if (!strcasecmp(names[i].name, name) && names[i].key_type == type)
                return bad(c, arena_printf(c->arena, "The domain %s of the SNI certificates is duplicated.",
                                           name));
        if (*count == SNI_NAMES_MAX)
            return bad(c, "The SNI certificates have too many domains.");
        names[(*count)++] = (struct sni_name){name, type};
        at += size + (at[size] == ',');
    }
    return true;
}

static bool sni_is_fine(struct sim_call *c, const struct json *refs)
{
    struct sni_name names[SNI_NAMES_MAX];
    size_t count = 0;
    if (!json_is_array(refs) || json_count(refs) > SNI_CERTS_MAX)
        return bad(c, "Invalid parameter sni_container_refs.");
    for (size_t i = 0; i < json_count(refs); i++) {
        const struct sim_object *cert = server_cert(c, json_str(json_item(refs, i), ""), "server");
        if (!cert)
            return false;
        if (!*sim_get(c, cert, "domain"))
            return bad(c, "A certificate without domain cannot be used for SNI.");
        if (!add_names(c, cert, names, &count))
            return false;
    }
    return true;
}

static bool refs_are_fine(struct sim_call *c, const struct sim_object *o, const struct json *listener)
{
    const struct json *refs = json_at(listener, "/sni_container_refs");
    const char *id = json_str(json_at(listener, "/default_tls_container_ref"), NULL);
    const char *ca = json_str(json_at(listener, "/client_ca_tls_container_ref"), "");
    bool tls = is_tls(sim_get(c, o, "protocol"));
    if (tls && (!id || !*id))
        return bad(c, "Invalid parameter default_tls_container_ref: required.");
    if (!tls && (id || *ca || json_count(refs)))
        return bad(c, "A listener of this protocol takes no certificate.");
    if (tls && !server_cert(c, id, "server"))
        return false;
    if (*ca && !server_cert(c, ca, "client"))
        return false;
    return json_is_null(refs) || sni_is_fine(c, refs);
}

static const char *field_text(struct sim_call *c, const struct json *v)
{
    const char *text = "";
    if (!json_is_array(v))
        return json_is_null(v) ? "" : json_text(c->arena, v, json_dump(c->arena, v));
    for (size_t i = 0; i < json_count(v); i++)
        text = sim_list_add(c->arena, text, json_str(json_item(v, i), ""));
    return text;
}

static void update(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    const struct json *listener = json_at(c->json, "/listener"), *value;
    struct sim_field changes[CHANGES_MAX];
    size_t n = 0;
    if (!o || !refs_are_fine(c, o, listener))
        return;
    if (elb_is_busy(c, sim_get(c, o, "loadbalancer_id"))) {
        sim_fail(c, 409, "ELB.1015", "Load balancer %s is being changed and cannot be modified now.",
                 sim_get(c, o, "loadbalancer_id"));
        return;
    }
    for (; n < CHANGES_MAX && json_member(listener, n, &changes[n].name, &value); n++)
        changes[n].value = field_text(c, value);
    sim_change(c, o, SETTLE_EDGE, changes, n);
    reply_one(c, o);
}

#define PROJECT "/v3/{project_id}/elb"

static const struct sim_operation operations[] = {
    {.name = "ListLoadBalancers",
     .method = "GET",
     .path = PROJECT "/loadbalancers",
     SIM_PARAMS(list_load_balancers_params),
     .run = elb_list_load_balancers},
    {.name = "ShowLoadBalancer",
     .method = "GET",
     .path = PROJECT "/loadbalancers/{loadbalancer_id}",
     .resource = "loadbalancer_id",
     SIM_PARAMS(show_load_balancer_params),
     .run = elb_show_load_balancer},
    {.name = "ListListeners",
     .method = "GET",
     .path = PROJECT "/listeners",
     SIM_PARAMS(list_listeners_params),
     .run = list},
    {.name = "ShowListener",
     .method = "GET",
     .path = PROJECT "/listeners/{listener_id}",
     .resource = "listener_id",
     SIM_PARAMS(show_listener_params),
     .run = show},
    {.name = "UpdateListener",
     .method = "PUT",
     .path = PROJECT "/listeners/{listener_id}",
     .writes = true,
     .resource = "listener_id",
     SIM_PARAMS(update_listener_params),
     .run = update},
    {.name = "ListCertificates",
     .method = "GET",
     .path = PROJECT "/certificates",
     SIM_PARAMS(list_certificates_params),
     .run = elb_list_certificates},
    {.name = "ShowCertificate",
     .method = "GET",
     .path = PROJECT "/certificates/{certificate_id}",
     .resource = "certificate_id",
     SIM_PARAMS(one_certificate_params),
     .run = elb_show_certificate},
    {.name = "CreateCertificate",
     .method = "POST",
     .path = PROJECT "/certificates",
     .writes = true,
     .resource = "certificate.name",
     SIM_PARAMS(create_certificate_params),
     .run = elb_create_certificate},
    {.name = "UpdateCertificate",
     .method = "PUT",
     .path = PROJECT "/certificates/{certificate_id}",
     .writes = true,
     .resource = "certificate_id",
     SIM_PARAMS(update_certificate_params),
     .run = elb_update_certificate},
    {.name = "DeleteCertificate",
     .method = "DELETE",
     .path = PROJECT "/certificates/{certificate_id}",
     .writes = true,
     .resource = "certificate_id",
     SIM_PARAMS(one_certificate_params),
     .run = elb_delete_certificate},
    {.name = "ListL7Policies",
     .method = "GET",
     .path = PROJECT "/l7policies",
     SIM_PARAMS(list_l7_policies_params),
     .run = elb_list_policies},
    {.name = "ListAllL7Rules",
     .method = "GET",
     .path = PROJECT "/l7policies/rules",
     SIM_PARAMS(list_all_l7_rules_params),
     .run = elb_list_rules},
};

static const char *const hosts[] = {"elb.{region}.myhuaweicloud.com", NULL};

const struct sim_service sim_huawei_elb = {.cloud = "huawei",
                                           .code = "elb",
                                           .hosts = hosts,
                                           .operations = operations,
                                           .operation_count = countof(operations),
                                           .resource_kind = elb_listener_kind,
                                           .generate = elb_generate,
                                           .entry = elb_entry,
                                           .choose = elb_choose};

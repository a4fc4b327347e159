/* ELB's certificate store: nothing is unique, `domain` is what SNI goes by, and an update changes every listener. */
#include "sim/huawei/elb.h"

#include <string.h>

enum { NAMES_MAX = 100, DOMAIN_BYTES = 10000, CHAIN_MAX = 11 };

const char elb_cert_kind[] = "elb.certificate";

static char *as_json(struct sim_call *c, const struct sim_object *o)
{
    const struct x509 *leaf = sim_leaf(o->cert);
    bool has_key = *sim_get(c, o, "Key");
    return json_format(
        c->arena,
        "{'id':%s,'name':%s,'description':%s,'type':%s,'domain':%s,'certificate':%s,'private_key':%s,"
        "'admin_state_up':true,'project_id':%s,'created_at':%s,'updated_at':%s,'expire_time':%s,"
        "'common_name':%s,'subject_alternative_names':%p,'fingerprint':%s,'source':%s,'scm_certificate_id':%"
        "s,"
        "'protection_status':'nonProtection','enterprise_project_id':%s}",
        o->id, sim_get(c, o, "name"), sim_get(c, o, "description"), sim_get(c, o, "type"),
        sim_get(c, o, "domain"), sim_get(c, o, "Cert"), has_key ? "*****" : NULL,
        huawei_project(c->arena, c->access->account, c->region), sim_get(c, o, "created_at"),
        sim_get(c, o, "updated_at"), time_iso(c->arena, leaf->not_after_ms), leaf->common_name,
        json_strings(c->arena, leaf->names, leaf->name_count), leaf->sha1, sim_get(c, o, "source"),
        sim_get(c, o, "scm_certificate_id"), sim_get(c, o, "enterprise_project_id"));
}

static void reply_one(struct sim_call *c, unsigned status, const struct sim_object *o)
{
    huawei_reply(c, status,
                 json_format(c->arena, "{'certificate':%p,'request_id':%s}", as_json(c, o), c->request_id));
}

static struct sim_object *wanted(struct sim_call *c)
{
    struct sim_object *o = sim_find(c, elb_cert_kind, c->region, sim_arg(c, "certificate_id"));
    if (!o || !o->cert)
        sim_fail(c, 404, "ELB.1011", "Certificate %s could not be found.", sim_arg(c, "certificate_id"));
    return o && o->cert ? o : NULL;
}

void elb_list_certificates(struct sim_call *c)
{
    struct elb_page p;
    const struct sim_object *o;
    if (!elb_page_open(c, &p, elb_cert_kind, "certificates"))
        return;
    for (size_t cursor = 0; (o = elb_page_next(c, &p, elb_cert_kind, &cursor));)
        if (o->cert)
            json_put_raw(&p.w, as_json(c, o));
    elb_page_close(c, &p);
}

void elb_show_certificate(struct sim_call *c)
{
    const struct sim_object *o = wanted(c);
    if (o)
        reply_one(c, 200, o);
}

static bool bad(struct sim_call *c, const char *code, const char *message)
{
    sim_fail(c, 400, code, "%s", message);
    return false;
}

/* The PEM and the key, and what may stand beside them. */
static bool is_fine(struct sim_call *c, const char *type, const char *chain, const char *key,
                    const char *domain)
{
    struct sim_cert *cert = NULL;
    size_t names = 1;
    for (const char *p = domain; *p; p++)
        names += *p == ',';
    if (names > NAMES_MAX || strlen(domain) > DOMAIN_BYTES)
        return bad(c, "ELB.1001", "Invalid parameter domain: too many names.");
    if (!strcmp(type, "server") && !key)
        return bad(c, "ELB.1011", "Invalid certificate: the private key is missing.");
    enum sim_cert_fault fault = sim_check_cert(c, chain ? chain : "", key, CHECK_ORDER, &cert);
    bool too_long = fault == CERT_FINE && cert->count > CHAIN_MAX;
    sim_cert_free(cert);
    return (fault == CERT_FINE && !too_long) ||
           bad(c, "ELB.1011",
               fault == CERT_MISMATCH ? "Invalid certificate: the private key does not match."
                                      : "Invalid certificate or private key.");
}

static bool project_is_fine(struct sim_call *c)
{
    const char *project = sim_arg(c, "certificate.enterprise_project_id");
    return !project || (*project && strcmp(project, "0")) ||
           bad(c, "ELB.1001", "Invalid parameter enterprise_project_id: value not allowed.");
}

void elb_create_certificate(struct sim_call *c)
{
    const char *type = sim_arg_or(c, "certificate.type", "server"),
               *domain = sim_arg_or(c, "certificate.domain", "");
    const char *chain = sim_arg(c, "certificate.certificate"), *key = sim_arg(c, "certificate.private_key");
    if (!project_is_fine(c) || !is_fine(c, type, chain, key, domain))
        return;
    const char *id = sim_hex_id(c->arena, arena_printf(c->arena, "cert %lld", (long long)sim_serial(c)), 32);
    const char *now = time_iso(c->arena, c->now_ms);
    const struct sim_object *o =
        SIM_CREATE(c, elb_cert_kind, c->region, id, {"name", sim_arg_or(c, "certificate.name", "")},
                   {"description", sim_arg_or(c, "certificate.description", "")}, {"type", type},
                   {"domain", domain}, {"source", sim_arg_or(c, "certificate.source", "")},
                   {"scm_certificate_id", sim_arg_or(c, "certificate.scm_certificate_id", "")},
                   {"enterprise_project_id", sim_arg_or(c, "certificate.enterprise_project_id", "0")},
                   {"created_at", now}, {"updated_at", now}, {"Cert", chain}, {"Key", key ? key : ""});
    c->resource = id;
    reply_one(c, 201, o);
}

void elb_update_certificate(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    const char *chain = sim_arg_or(c, "certificate.certificate", sim_get(c, o, "Cert"));
    const char *key = sim_arg_or(c, "certificate.private_key", sim_get(c, o, "Key"));
    const char *domain = sim_arg_or(c, "certificate.domain", sim_get(c, o, "domain"));
    if (!is_fine(c, sim_get(c, o, "type"), chain, *key ? key : NULL, domain))
        return;
    SIM_CHANGE(c, o, SETTLE_AT_ONCE, {"name", sim_arg_or(c, "certificate.name", sim_get(c, o, "name"))},
               {"description", sim_arg_or(c, "certificate.description", sim_get(c, o, "description"))},
               {"domain", domain}, {"Cert", chain}, {"Key", key},
               {"updated_at", time_iso(c->arena, c->now_ms)});
    reply_one(c, 200, o);
}

static bool is_used(struct sim_call *c, const char *id)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, elb_listener_kind, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "default_tls_container_ref"), id) ||
            !strcmp(sim_get(c, o, "client_ca_tls_container_ref"), id) ||
            sim_list_has(sim_get(c, o, "sni_container_refs"), id))
            return true;
    return false;
}

void elb_delete_certificate(struct sim_call *c)
{
    struct sim_object *o = wanted(c);
    if (!o)
        return;
    if (is_used(c, o->id)) {
        sim_fail(c, 409, "ELB.1005", "Certificate %s is in use by a listener.", o->id);
        return;
    }
    sim_delete(c, o);
    huawei_reply(c, 204, "");
}

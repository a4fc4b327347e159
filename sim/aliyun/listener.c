#include "sim/aliyun/listener.h"

#include <stdlib.h>
#include <string.h>

void listener_regions(struct sim_call *c, const char *before, const char *after)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_key(&answer->w, "Regions");
    json_open_array(&answer->w);
    for (size_t i = 0; i < countof(aliyun_regions); i++)
        json_put_raw(&answer->w,
                     json_format(c->arena, "{'RegionId':%s,'RegionEndpoint':%s,'LocalName':%s}",
                                 aliyun_regions[i],
                                 arena_printf(c->arena, "%s%s%s", before, aliyun_regions[i], after),
                                 aliyun_regions[i]));
    json_close_array(&answer->w);
    aliyun_end(c, answer);
}

void listener_put_tags(struct sim_call *c, struct json_writer *w, const char *tags, const char *key_name,
                       const char *value_name)
{
    const char *tag;
    json_open_array(w);
    for (size_t i = 0; (tag = sim_list_item(c->arena, tags, i)); i++) {
        const char *equals = strchr(tag, '=');
        json_open_object(w);
        json_member_string(w, key_name, arena_copy(c->arena, tag, (size_t)(equals - tag)));
        json_member_string(w, value_name, equals + 1);
        json_close_object(w);
    }
    json_close_array(w);
}

bool listener_has_tags(struct sim_call *c, const struct sim_object *o)
{
    const char *key;
    for (size_t i = 0; (key = sim_arg_item(c, "Tag[].Key", i)); i++) {
        const char *value = sim_arg_item(c, "Tag[].Value", i);
        if (!sim_list_has(sim_get(c, o, "Tags"), arena_printf(c->arena, "%s=%s", key, value ? value : "")))
            return false;
    }
    return true;
}

/* ---- certificates ---- */

struct sim_object *listener_wanted(struct sim_call *c, const struct listener_kind *kind)
{
    struct sim_object *o = sim_find(c, kind->objects, c->region, sim_arg(c, "ListenerId"));
    if (!o)
        sim_fail(c, 404, kind->not_found, "The specified resource of listener is not found.");
    return o;
}

static void put_certificate(struct sim_call *c, struct aliyun_page *p, const char *id, bool is_default,
                            const char *status)
{
    if (!aliyun_is_asked(c, "CertificateIds[]", id) || !aliyun_page_holds(p))
        return;
    json_put_raw(&p->answer->w,
                 json_format(c->arena,
                             "{'CertificateId':%s,'CertificateType':'Server','IsDefault':%p,'Status':%s}", id,
                             json_boolean(is_default), status));
}

void listener_list_certificates(struct sim_call *c, const struct listener_kind *kind)
{
    const struct sim_object *o = listener_wanted(c, kind);
    struct aliyun_page p;
    if (!o || !aliyun_page_open(c, &p, "Certificates"))
        return;
    bool server = !strcmp(sim_arg_or(c, kind->type, "Server"), "Server"), settling = sim_settling(c, o);
    const char *now = sim_get(c, o, "AdditionalCertificates"), *id;
    const char *before = settling ? sim_field(o->before, "AdditionalCertificates") : now;
    const char *first = sim_get(c, o, "Certificates");
    if (server && *first)
        put_certificate(c, &p, first, true,
                        settling && strcmp(sim_field(o->before, "Certificates"), first) ? "Associating"
                                                                                        : "Associated");
    for (size_t i = 0; server && (id = sim_list_item(c->arena, now, i)); i++)
        put_certificate(c, &p, id, false, sim_list_has(before, id) ? "Associated" : "Associating");
    for (size_t i = 0; server && (id = sim_list_item(c->arena, before, i)); i++)
        if (!sim_list_has(now, id))
            put_certificate(c, &p, id, false, "Diassociating");
    aliyun_page_close(c, &p);
}

/* ---- changes ---- */

/* What a client token stands for: the action and every parameter but itself. */
static const char *request_digest(struct sim_call *c)
{
    struct pairs all = {0};
    for (size_t i = 0; i < c->param_count; i++)
        if (strcmp(c->params[i].wire, "ClientToken"))
            pairs_add(c->arena, &all, c->params[i].wire, c->params[i].value);
    pairs_sort(&all);
    return sim_hex_id(c->arena,
                      arena_printf(c->arena, "%s?%s", c->operation->name, query_format(c->arena, &all)), 64);
}

static void reply_job(struct sim_call *c, const char *job)
{
    struct aliyun_answer *answer = aliyun_begin(c);
    json_member_string(&answer->w, "JobId", job);
    aliyun_end(c, answer);
}

/* True when the token was used: the first answer is given again, or the vendor's refusal. */
static bool is_repeated(struct sim_call *c, const struct listener_kind *kind)
{
    const char *token = sim_arg(c, "ClientToken");
    const struct sim_object *o = token ? sim_find(c, kind->tokens, c->region, token) : NULL;
    if (!o)
        return false;
    if (strcmp(sim_get(c, o, "digest"), request_digest(c))) {
        sim_fail(c, 400, "IdempotentParameterMismatch", "The client token was used with other parameters.");
        return true;
    }
    const struct sim_object *job = sim_find(c, kind->jobs, c->region, sim_get(c, o, "job"));
    if (job && sim_settling(c, job))
        sim_fail(c, 400, "IdempotenceProcessing",
                 "The previous idempotent request is still being processed.");
    else
        reply_job(c, sim_get(c, o, "job"));
    return true;
}

static bool lb_is_busy(struct sim_call *c, const struct listener_kind *kind,
                       const struct sim_object *listener)
{
    const struct sim_object *o;
    for (size_t cursor = 0; (o = sim_next(c, kind->objects, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "LoadBalancerId"), sim_get(c, listener, "LoadBalancerId")) &&
            sim_settling(c, o))
            return true;
    return false;
}

struct sim_object *listener_changeable(struct sim_call *c, const struct listener_kind *kind)
{
    struct sim_object *o = is_repeated(c, kind) ? NULL : listener_wanted(c, kind);
    if (!o)
        return NULL;
    if (sim_settling(c, o))
        sim_fail(c, 400, kind->busy_code, "The status of listener [%s] is incorrect.", o->id);
    else if (lb_is_busy(c, kind, o))
        sim_fail(c, 400, kind->busy_other_code, "The status of loadbalancer [%s] is incorrect.",
                 sim_get(c, o, "LoadBalancerId"));
    else if ((sim_arg_count(c, kind->first) || sim_arg_count(c, kind->more)) &&
             !sim_list_has(kind->protocols, sim_get(c, o, "ListenerProtocol")))
        sim_fail(c, 400, "OperationDenied.ListenerProtocolNotSupport", "The listener has no certificates.");
    else if (sim_arg_bool(c, "DryRun", false))
        sim_fail(c, 400, "DryRunOperation",
                 "The request would have succeeded, but the DryRun parameter is set.");
    else
        return o;
    return NULL;
}

void listener_finish(struct sim_call *c, const struct listener_kind *kind, const struct sim_object *o)
{
    const char *id =
        arena_printf(c->arena, "%s-%lld", sim_hex_id(c->arena, c->request_id, 8), (long long)sim_serial(c));
    struct sim_object *job =
        SIM_CREATE(c, kind->jobs, c->region, id, {"ApiName", c->operation->name}, {"ResourceId", o->id},
                   {"created", arena_printf(c->arena, "%lld", (long long)c->now_ms)});
    if (c->wrote)
        SIM_CHANGE(c, job, SETTLE_EDGE, {"started", "1"});
    if (sim_arg(c, "ClientToken"))
        SIM_CREATE(c, kind->tokens, c->region, sim_arg(c, "ClientToken"), {"digest", request_digest(c)},
                   {"job", id});
    reply_job(c, id);
}

static bool cert_exists(struct sim_call *c, const struct listener_kind *kind, const char *id)
{
    const struct sim_object *cert = aliyun_cas_by_identifier(c->state, c->access->account, id);
    if (cert && !cert->gone)
        return true;
    sim_fail(c, 404, kind->cert_not_found, "The specified resource %s is not found.", id);
    return false;
}

void listener_update(struct sim_call *c, const struct listener_kind *kind, const char *plain)
{
    struct sim_object *o = listener_changeable(c, kind);
    const char *cert = sim_arg_item(c, kind->first, 0), *name;
    struct sim_field fields[32];
    size_t n = 0;
    if (!o || (cert && !cert_exists(c, kind, cert)))
        return;
    if (cert && sim_list_has(sim_get(c, o, "AdditionalCertificates"), cert)) {
        sim_fail(c, 400, "ResourceAlreadyAssociated.Certificate",
                 "The certificate is an additional one already.");
        return;
    }
    if (cert)
        fields[n++] = (struct sim_field){"Certificates", cert};
    for (size_t i = 0; n < countof(fields) && (name = sim_list_item(c->arena, plain, i)); i++)
        if (sim_arg(c, name))
            fields[n++] = (struct sim_field){name, sim_arg(c, name)};
    sim_change(c, o, SETTLE_EDGE, fields, n);
    listener_finish(c, kind, o);
}

/* Further certificates on all listeners of the load balancer: as many more would be too many for its quota. */
static bool too_many(struct sim_call *c, const struct listener_kind *kind, const struct sim_object *listener,
                     size_t more)
{
    const char *id = sim_get(c, listener, "LoadBalancerId");
    const struct sim_object *lb = sim_find(c, kind->balancers, c->region, id), *o;
    if (!lb || !kind->more_max)
        return false;
    for (size_t cursor = 0; (o = sim_next(c, kind->objects, c->region, &cursor));)
        if (!strcmp(sim_get(c, o, "LoadBalancerId"), id))
            more += sim_list_count(sim_get(c, o, "AdditionalCertificates"));
    return more > kind->more_max(c, lb);
}

void listener_associate(struct sim_call *c, const struct listener_kind *kind)
{
    struct sim_object *o = listener_changeable(c, kind);
    if (!o)
        return;
    const char *list = sim_get(c, o, "AdditionalCertificates"), *old = list, *id;
    for (size_t i = 0; (id = sim_arg_item(c, kind->more, i)); i++) {
        if (!cert_exists(c, kind, id))
            return;
        if (!strcmp(sim_get(c, o, "Certificates"), id)) {
            sim_fail(c, 400, "ResourceAlreadyAssociated.Certificate",
                     "The certificate %s is the default one.", id);
            return;
        }
        list = sim_list_add(c->arena, list, id);
    }
    if (too_many(c, kind, o, sim_list_count(list) - sim_list_count(old))) {
        sim_fail(c, 400, "QuotaExceeded.AdditionalCertificates",
                 "The quota of additional certificates is exceeded.");
        return;
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"AdditionalCertificates", list});
    listener_finish(c, kind, o);
}

void listener_dissociate(struct sim_call *c, const struct listener_kind *kind)
{
    struct sim_object *o = listener_changeable(c, kind);
    if (!o)
        return;
    const char *list = sim_get(c, o, "AdditionalCertificates"), *id;
    for (size_t i = 0; (id = sim_arg_item(c, kind->more, i)); i++) {
        if (!sim_list_has(list, id)) {
            sim_fail(c, 400, "ResourceNotAssociated.Certificate", "The certificate %s is not associated.",
                     id);
            return;
        }
        list = sim_list_remove(c->arena, list, id);
    }
    SIM_CHANGE(c, o, SETTLE_EDGE, {"AdditionalCertificates", list});
    listener_finish(c, kind, o);
}

/* ---- edges ---- */

bool listener_entry(struct arena *a, struct sim_state *s, const struct sim_object *o,
                    const struct listener_kind *kind, struct sim_entry *ret)
{
    const char *protocol = sim_field(o->now, "ListenerProtocol"),
               *lb_id = sim_field(o->now, "LoadBalancerId");
    const struct sim_object *lb = state_find(s, "aliyun", o->account, kind->balancers, o->scope, lb_id);
    if (!lb || !sim_list_has(kind->protocols, protocol) || !strcmp(protocol, "QUIC"))
        return false;
    *ret = (struct sim_entry){.product = kind->product,
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(lb->now, "DNSName")),
                              .port = (unsigned)strtoul(sim_field(o->now, "ListenerPort"), NULL, 10)};
    return true;
}

const struct sim_object *listener_choose(struct sim_state *s, const struct sim_object *o,
                                         const struct sim_fields *view, const char *server_name)
{
    const char *list = sim_field(view, "AdditionalCertificates");
    struct arena *a = arena_new(1 << 16);
    const struct sim_object *found = NULL;
    const char *id;
    for (size_t i = 0; *server_name && !found && (id = sim_list_item(a, list, i)); i++) {
        const struct sim_object *cert = aliyun_cas_by_identifier(s, o->account, id);
        if (cert && cert->cert && sim_cert_covers(cert->cert, server_name))
            found = cert;
    }
    arena_free(a);
    return found ? found : aliyun_cas_by_identifier(s, o->account, sim_field(view, "Certificates"));
}

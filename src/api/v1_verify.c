#include "api/request.h"
#include "api/v1_resource.h"
#include "cert/coverage.h"
#include "codec/name.h"
#include "codec/text.h"
#include "net/probe.h"
#include "store/certificate.h"
#include <string.h>

const struct field verify_fields[] = {
    {"name", FIELD_TEXT, true, 260},     /* NAME or NAME:PORT */
    {"connect", FIELD_TEXT, false, 260}, /* ADDR:PORT to ask instead of what the name resolves to */
    {"gateway", FIELD_TEXT, false, 1024, OBJECT_NONE, RIGHT_GOVERN},
    {NULL, FIELD_TEXT, false, 0},
};

struct stored {
    struct request *rq;
    const char *fingerprint;
    struct certificate_row row;
    bool known;
};

static bool find_stored(struct db *db, void *context, struct err *err)
{
    struct stored *stored = context;
    struct err missing;
    const struct caller *caller = &stored->rq->caller;
    stored->known =
        store_certificate_by_fingerprint(db, stored->rq->arena, stored->fingerprint,
                                         caller->any_owner ? NULL : caller->owner, &stored->row, &missing);
    if (!stored->known && missing.kind != ERR_NOT_FOUND) {
        *err = missing;
        return false;
    }
    return true;
}

/* The certificate's names in our form; those that are no domain names cover nothing. */
static const char **bound_domains(struct arena *a, const struct x509 *leaf, size_t *ret_count)
{
    const char **names = arena_array(a, const char *, leaf->name_count);
    struct err ignored;
    *ret_count = 0;
    for (size_t i = 0; i < leaf->name_count; i++)
        if (name_normalise(a, leaf->names[i], true, &names[*ret_count], &ignored))
            (*ret_count)++;
    return names;
}

/* Who is on this machine reaches it anyway. For others it would be a way in: no loopback, and no gateway of their choice. */
static bool is_near(const struct request *rq)
{
    return rq->caller.kind == CALLER_LOCAL;
}

static bool look(struct request *rq, const char *name, unsigned port, struct probe_result *ret,
                 struct err *err)
{
    struct probe_target target = {.host = name,
                                  .port = port,
                                  .server_name = name_is_address(name) ? NULL : name,
                                  .signature = KEY_OTHER,
                                  .gateway = request_text(rq, "gateway"),
                                  .addresses = {.allow_loopback = is_near(rq), .allow_private = true}};
    if (target.gateway && !is_near(rq))
        return err_set(err, ERR_PERMISSION, "a gateway may be named on the machine of certferry itself only");
    const char *connect = request_text(rq, "connect");
    if (connect && !host_port_parse(rq->arena, connect, 443, &target.host, &target.port, err))
        return err_add(err, "connect");
    return probe(rq->arena, rq->api->parts.clock, &target, ret, err);
}

bool v1_verify(struct request *rq, struct reply *reply, struct err *err)
{
    const char *host, *name;
    unsigned port;
    struct probe_result seen;
    size_t count;
    if (!host_port_parse(rq->arena, request_text(rq, "name"), 443, &host, &port, err) ||
        !name_normalise(rq->arena, host, true, &name, err) || !look(rq, name, port, &seen, err))
        return err_add(err, "%.260s", request_text(rq, "name"));
    const struct x509 *leaf = &seen.chain[0];
    const char **domains = bound_domains(rq->arena, leaf, &count);
    int64_t now = clock_wall_ms(rq->api->parts.clock);
    struct stored stored = {.rq = rq, .fingerprint = leaf->sha256};
    if (!store_read(rq->api->parts.store, find_stored, &stored, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    json_member_string(&w, "name", name);
    json_member_string(&w, "address", seen.address);
    json_member_string(&w, "tls", seen.version);
    json_member_bool(&w, "covers_name", coverage_any(domains, count, name, NULL));
    json_member_bool(&w, "expired", leaf->not_after_ms <= now || leaf->not_before_ms > now);
    json_member_int(&w, "chain_length", (int64_t)seen.count);
    json_member_string(&w, "subject", leaf->subject);
    json_member_string(&w, "issuer", leaf->issuer);
    json_member_raw(&w, "domains", json_strings(rq->arena, domains, count));
    json_member_string(&w, "not_before", time_iso(rq->arena, leaf->not_before_ms));
    json_member_string(&w, "not_after", time_iso(rq->arena, leaf->not_after_ms));
    json_member_string(&w, "serial", leaf->serial);
    json_member_string(&w, "fingerprint", leaf->sha256);
    json_member_raw(&w, "certificate",
                    stored.known ? json_format(rq->arena, "{'id':%lld,'name':%s}", (long long)stored.row.id,
                                               stored.row.name)
                                 : NULL);
    json_close_object(&w);
    return true;
}

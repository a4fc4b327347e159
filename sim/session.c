/* Keys that end: of roles, and of the role of the instance that asks its metadata service. */
#include "codec/json_format.h"
#include "crypto/digest.h"
#include "sim/core.h"

#include <stdlib.h>
#include <string.h>

enum { MACHINE_SECONDS = 6 * 60 * 60, TOKEN_SECONDS_MAX = 21600 };

/* How the vendors' temporary key ids begin. */
static const char *key_prefix(const char *cloud)
{
    return !strcmp(cloud, "aliyun")    ? "STS.N"
           : !strcmp(cloud, "tencent") ? "AKIDtmp"
           : !strcmp(cloud, "aws")     ? "ASIA"
                                       : "HST3";
}

static struct sim_grant make_session(struct sim_call *c, const char *cloud, const char *account,
                                     const char *role, int64_t seconds)
{
    struct arena *a = c->arena;
    const char *unique = random_hex(a, 16);
    if (c->sim->session_seconds)
        seconds = c->sim->session_seconds;
    struct sim_grant grant = {
        .key_id = arena_printf(a, "%s%s", key_prefix(cloud), sim_hex_id(a, unique, 16)),
        .secret = sim_hex_id(a, arena_printf(a, "secret %s", unique), 40),
        .token = sim_hex_id(a, arena_printf(a, "token %s", unique), 128),
        .expires_ms = c->now_ms + seconds * 1000,
    };
    const struct sim_field fields[] = {
        {"secret", grant.secret},
        {"token", grant.token},
        {"role", role},
        {"expires_ms", arena_printf(a, "%lld", (long long)grant.expires_ms)},
    };
    state_create(c->state, cloud, account, "@session", "", grant.key_id, fields, countof(fields));
    return grant;
}

bool sim_assume(struct sim_call *c, const char *role, const char *external_id, int64_t seconds,
                struct sim_grant *ret)
{
    const struct sim_object *o = sim_find(c, "@role", NULL, role);
    if (!o || strcmp(sim_get(c, o, "external_id"), external_id) != 0)
        return false;
    *ret = make_session(c, c->vendor->cloud, c->access->account, sim_get(c, o, "name"), seconds);
    return true;
}

/* What differs between the two services. */
static const struct metadata {
    const char *cloud, *host, *ttl_header, *token_header, *roles;
} services[] = {
    {"aws", "169.254.169.254", "x-aws-ec2-metadata-token-ttl-seconds", "x-aws-ec2-metadata-token",
     "/latest/meta-data/iam/security-credentials/"},
    {"aliyun", "100.100.100.200", "x-aliyun-ecs-metadata-token-ttl-seconds", "x-aliyun-ecs-metadata-token",
     "/latest/meta-data/ram/security-credentials/"},
};

static const struct metadata *service_of(const char *host)
{
    for (size_t i = 0; i < countof(services); i++)
        if (!strcmp(services[i].host, host))
            return &services[i];
    return NULL;
}

static const char *proof_of(struct sim_call *c, const struct metadata *m)
{
    return sim_hex_id(c->arena, arena_printf(c->arena, "metadata %s", m->cloud), 40);
}

static const char *keys_document(struct sim_call *c, const struct metadata *m, const struct sim_grant *g)
{
    const char *now = time_iso(c->arena, c->now_ms), *end = time_iso(c->arena, g->expires_ms);
    if (!strcmp(m->cloud, "aws"))
        return json_format(c->arena,
                           "{'Code':'Success','LastUpdated':%s,'Type':'AWS-HMAC','AccessKeyId':%s,"
                           "'SecretAccessKey':%s,'Token':%s,'Expiration':%s}",
                           now, g->key_id, g->secret, g->token, end);
    return json_format(c->arena,
                       "{'LastUpdated':%s,'AccessKeyId':%s,'AccessKeySecret':%s,'SecurityToken':%s,"
                       "'Expiration':%s,'Code':'Success'}",
                       now, g->key_id, g->secret, g->token, end);
}

static void put_keys(struct sim_call *c, const struct metadata *m)
{
    size_t cursor = 0;
    struct err err;
    struct sim_grant g = {0};
    sim_state_lock(c->state);
    const struct sim_object *role = state_next(c->state, m->cloud, NULL, "@role", NULL, &cursor);
    if (role)
        g = make_session(c, m->cloud, role->account, sim_field(role->now, "name"), MACHINE_SECONDS);
    bool kept = sim_state_flush(c->state, &err);
    sim_state_unlock(c->state);
    if (role && kept)
        sim_reply(c, 200, "application/json", keys_document(c, m, &g));
    else
        sim_reply(c, 404, "text/plain", "");
}

bool sim_machine(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const struct metadata *m = service_of(r->host);
    if (!m)
        return false;
    const char *ttl = sim_request_header(r, m->ttl_header), *proof = sim_request_header(r, m->token_header);
    const char *role = strncmp(r->path, m->roles, strlen(m->roles)) ? NULL : r->path + strlen(m->roles);
    if (!strcmp(r->method, "PUT") && !strcmp(r->path, "/latest/api/token")) {
        bool good = ttl && strtol(ttl, NULL, 10) >= 1 && strtol(ttl, NULL, 10) <= TOKEN_SECONDS_MAX;
        sim_reply(c, good ? 200 : 400, "text/plain", good ? proof_of(c, m) : "");
    } else if (!proof || strcmp(proof, proof_of(c, m)) != 0)
        sim_reply(c, 401, "text/plain", "");
    else if (strcmp(r->method, "GET") != 0 || !role || (*role && strcmp(role, "certferry") != 0))
        sim_reply(c, 404, "text/plain", "");
    else if (*role)
        put_keys(c, m);
    else
        sim_reply(c, 200, "text/plain", "certferry");
    return true;
}

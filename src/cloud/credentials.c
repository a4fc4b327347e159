/* Keys that are not stored: of a role, of the machine we run on, of a command. See session.h. */
#include "cloud/session.h"

#include "base/buf.h"
#include "base/clock.h"
#include "net/address.h"
#include <string.h>

enum {
    DOCUMENT_BYTES = 64 << 10,
    MACHINE_MS = 3000,
    ASSUME_PATIENCE_MS = 5000,
    UNSAID_MS = 60 * 60 * 1000, /* how long keys are used that do not say when they end */
    UNSAID_RENEW_MS = 15 * 60 * 1000,
    RENEW_AGAIN_MS = 30 * 1000,
    ROLE_SECONDS = 3600,
    FRESH_MS = 60 * 1000,
    AGAIN_MS = 200,
};

/* Keys that end by themselves. */
struct grant {
    const char *key_id;
    const struct secret *secret, *session_token; /* the arena's; the token NULL where there is none */
    int64_t expires_ms;                          /* wall clock, the cloud's; 0: not said */
};

static const char *part(const struct answer *answer, const char *where)
{
    return answer->xml ? xml_text(answer->xml, where, "") : json_str(json_at(answer->json, where), "");
}

static bool grant_of(struct arena *a, const struct answer *answer, const struct grant_shape *shape,
                     struct grant *ret, struct err *err)
{
    const char *key_id = part(answer, shape->key_id), *secret = part(answer, shape->secret),
               *token = part(answer, shape->session_token), *expires = part(answer, shape->expires);
    struct grant grant = {.key_id = arena_strdup(a, key_id)};
    if (!*key_id || !*secret)
        return err_set(err, ERR_VENDOR, "the answer holds no %s", *key_id ? "secret" : "key id");
    if (*expires && !time_parse(expires, &grant.expires_ms, err))
        return err_add(err, "the end of the keys");
    grant.secret = secret_in(a, secret_new(secret, strlen(secret)));
    if (*token)
        grant.session_token = secret_in(a, secret_new(token, strlen(token)));
    *ret = grant;
    return true;
}

static bool grant_of_text(struct arena *a, const char *text, size_t size, const struct grant_shape *shape,
                          struct grant *ret, struct err *err)
{
    struct answer answer = {0};
    return json_parse(a, text, size, &answer.json, err) && grant_of(a, &answer, shape, ret, err);
}

/* One request to the metadata service. It is asked at its own address, or where the access's gateway stands for it. */
static bool ask_machine(struct arena *a, struct session *s, const struct access_row *row, const char *method,
                        const char *path, struct http_header header, const char **ret, struct err *err)
{
    const struct machine *m = s->vendor->machine;
    bool gateway = *row->gateway != '\0';
    size_t length = strlen(row->gateway);
    while (length && row->gateway[length - 1] == '/')
        length--;
    struct http_header headers[] = {{"Host", m->host}, header};
    struct http_request request = {
        .method = method,
        .url = gateway ? arena_printf(a, "%.*s%s", (int)length, row->gateway, path)
                       : arena_printf(a, "http://%s%s", m->host, path),
        .headers = headers,
        .header_count = countof(headers),
        .ca_file = *row->ca_file ? row->ca_file : NULL,
        .connect_ms = MACHINE_MS,
        .total_ms = MACHINE_MS,
        .max_answer = DOCUMENT_BYTES,
        .addresses = {.allow_loopback = gateway, .allow_private = gateway, .allow_metadata = !gateway},
    };
    struct http_answer answer;
    if (!gate_send(s->cloud->gate, a, &request, &answer, err))
        return err_add(err, "the metadata service of this machine");
    if (answer.status != 200)
        return err_set(err, answer.status == 404 ? ERR_CREDENTIAL : ERR_NETWORK,
                       "the metadata service of this machine answers %ld: has the instance a role?",
                       answer.status);
    *ret = answer.body;
    return true;
}

static bool machine_grant(struct arena *a, struct session *s, const struct access_row *row, struct grant *ret,
                          struct err *err)
{
    const struct machine *m = s->vendor->machine;
    const char *token, *role, *text;
    if (!m)
        return err_set(err, ERR_INPUT, "keys of the machine are known for aliyun and aws only");
    if (!ask_machine(a, s, row, "PUT", "/latest/api/token", (struct http_header){m->ttl_header, "300"},
                     &token, err))
        return false;
    struct http_header proof = {m->token_header, arena_copy(a, token, strcspn(token, "\r\n"))};
    if (!ask_machine(a, s, row, "GET", m->path, proof, &role, err))
        return false;
    role = arena_copy(a, role, strcspn(role, "\r\n"));
    if (!*role || strpbrk(role, "/?# ") || strlen(role) > 128)
        return err_set(err, ERR_CREDENTIAL, "the metadata service of this machine names no role");
    return ask_machine(a, s, row, "GET", arena_printf(a, "%s%s", m->path, role), proof, &text, err) &&
           grant_of_text(a, text, strlen(text), &m->shape, ret, err);
}

/* The command prints the secret of the access's key id, or a document as credential helpers print it. */
static bool command_grant(struct arena *a, const struct access_row *row, struct grant *ret, struct err *err)
{
    static const struct grant_shape shape = {"/AccessKeyId", "/SecretAccessKey", "/SessionToken",
                                             "/Expiration"};
    cleanup(secret_free_p) struct secret *printed = NULL;
    if (!command_secret(row->secret_command, &printed, err))
        return false;
    const char *text = secret_bytes(printed);
    if (text[strspn(text, " \r\n\t")] == '{')
        return grant_of_text(a, text, secret_size(printed), &shape, ret, err) ||
               err_add(err, "what the secret command prints");
    size_t size = strcspn(text, "\r\n");
    if (!size || text[size + strspn(text + size, "\r\n")])
        return err_set(err, ERR_CREDENTIAL, "the secret command prints %s, not one line",
                       size ? "several lines" : "nothing");
    *ret = (struct grant){.key_id = row->key_id, .secret = secret_in(a, secret_new(text, size))};
    return true;
}

static bool keys_of_grant(const struct access_row *row, const struct grant *grant, struct keys **ret,
                          struct err *err)
{
    struct keys *keys;
    if (!keys_make(row, grant->secret, grant->session_token, &keys, err))
        return false;
    keys->key_id = arena_strdup(keys->arena, grant->key_id);
    *ret = keys;
    return true;
}

/* The row the keys were fetched for is no longer the access's: nothing was sent for the caller. */
static bool changed_meanwhile(struct err *err)
{
    err_set(err, ERR_THROTTLED, "the access was changed while its keys were fetched");
    if (err) {
        err->unsent = err->transient = true;
        err->retry_after_ms = AGAIN_MS;
    }
    return false;
}

/* What a call with the keys before says is nobody's any more: the next one is the first again. The lock is held. */
static void replace(struct session *s, struct keys **place, struct keys *keys)
{
    keys_unref(*place);
    *place = keys;
    s->probing = false;
    pthread_cond_broadcast(&s->changed);
}

/* The key pair itself, where it is not stored; takes its place in the session, unless the access was changed meanwhile. */
static bool renew_own(struct arena *a, struct session *s, const struct access_row *row, unsigned version,
                      struct grant *grant, struct err *err)
{
    struct keys *keys;
    if (strcmp(row->key_source, "stored") == 0)
        return true;
    bool machine = strcmp(row->key_source, "machine") == 0;
    if (!(machine ? machine_grant(a, s, row, grant, err) : command_grant(a, row, grant, err)) ||
        !keys_of_grant(row, grant, &keys, err))
        return false;
    pthread_mutex_lock(&s->lock);
    bool current = s->version == version;
    if (current)
        replace(s, &s->own_keys, keys);
    else
        keys_unref(keys);
    pthread_mutex_unlock(&s->lock);
    return current || changed_meanwhile(err);
}

/* Exchanges the key pair for the role's keys, for an hour. */
static bool assume(struct job *job, const struct access_row *row, struct grant *ret, struct err *err)
{
    struct arena *a = job->arena;
    const struct role_exchange *x = job->session->vendor->roles;
    const char **regions;
    size_t count;
    struct answer answer;
    struct buf b = buf_new(a, DOCUMENT_BYTES);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    json_member_string(&w, x->role, row->role);
    json_member_string(&w, x->session_name, "certferry");
    json_member_int(&w, x->seconds, ROLE_SECONDS);
    if (*row->external_id)
        json_member_string(&w, x->external_id, row->external_id);
    json_close_object(&w);
    session_regions(job, &regions, &count);
    const char *region = count && *x->region ? regions[0] : x->region;
    return (cloud_call_secret(job, x->call, region, &answer, err, "%p",
                              x->in_body ? json_format(a, "{'body':%p}", b.data) : b.data) &&
            grant_of(a, &answer, &x->shape, ret, err)) ||
           err_add(err, "take the role %s", row->role);
}

static bool renew(struct job *job, const struct access_row *row, unsigned version, struct keys **ret,
                  int64_t *ret_expires_ms, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(ARENA_JOB_BYTES);
    struct session *s = job->session;
    struct grant grant = {0};
    struct job inner = *job;
    inner.arena = a;
    inner.own_keys = true;
    inner.record = NULL; /* the answer holds keys */
    inner.patience_ms = int64_max(job->patience_ms, ASSUME_PATIENCE_MS);
    if (!renew_own(a, s, row, version, &grant, err))
        return false;
    if (*row->role && !assume(&inner, row, &grant, err))
        return false;
    *ret_expires_ms = grant.expires_ms;
    return keys_of_grant(row, &grant, ret, err);
}

/* Puts the keys in their place, and says until when; the lock is held. */
static void install(struct session *s, struct keys *keys, int64_t expires_ms)
{
    int64_t now_ms = clock_monotonic_ms(s->cloud->clock);
    int64_t left_ms = expires_ms - (clock_wall_ms(s->cloud->clock) + s->skew_ms);
    replace(s, &s->keys, keys);
    s->fetched_ms = now_ms;
    s->expires_ms = now_ms + (expires_ms ? left_ms : UNSAID_MS);
    s->renew_ms = !expires_ms                    ? now_ms + UNSAID_RENEW_MS
                  : left_ms > 2 * GRANT_RENEW_MS ? s->expires_ms - GRANT_RENEW_MS
                                                 : now_ms + left_ms / 2;
}

/* Whether the caller is the one to fetch; the lock is held. */
static bool my_turn(struct session *s, int64_t patience_ms, bool *ret_mine, struct err *err)
{
    struct timespec until = after_ms(patience_ms);
    for (;;) {
        int64_t now_ms = clock_monotonic_ms(s->cloud->clock);
        *ret_mine = now_ms >= s->renew_ms && !s->renewing;
        if (*ret_mine || now_ms < s->expires_ms)
            return true;
        if (pthread_cond_timedwait(&s->changed, &s->lock, &until) != 0 && s->renewing) {
            err_set(err, ERR_THROTTLED, "the access's keys are still being fetched");
            if (err) {
                err->unsent = err->transient = true;
                err->retry_after_ms = AGAIN_MS;
            }
            return false;
        }
    }
}

static bool fetch(struct job *job, unsigned version, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 20);
    struct session *s = job->session;
    struct access_row row;
    struct keys *keys = NULL;
    int64_t expires_ms = 0;
    struct err failure = {0};
    if (!session_row(s, a, &row, err))
        return false;
    bool ok = renew(job, &row, version, &keys, &expires_ms, &failure);
    pthread_mutex_lock(&s->lock);
    int64_t now_ms = clock_monotonic_ms(s->cloud->clock);
    s->renewing = false;
    if (ok && s->version != version) {
        keys_unref(keys);
        ok = changed_meanwhile(&failure);
    } else if (ok)
        install(s, keys, expires_ms);
    else if (s->version == version) /* not after their end: who waits then has to have a turn */
        s->renew_ms = s->expires_ms > now_ms ? int64_min(now_ms + RENEW_AGAIN_MS, s->expires_ms) : 0;
    bool usable = s->expires_ms > now_ms;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (!ok && usable)
        log_err(LOG_WARNING, job->log, "access.renew", &failure);
    else if (!ok && err)
        *err = failure;
    return ok || usable;
}

bool session_credentials(struct job *job, struct err *err)
{
    struct session *s = job->session;
    bool mine = false;
    pthread_mutex_lock(&s->lock);
    bool plain = job->own_keys || s->renew_ms == INT64_MAX || (s->suspended && !job->check);
    bool ok = plain || my_turn(s, job->patience_ms, &mine, err);
    if (mine)
        s->renewing = true;
    unsigned version = s->version;
    pthread_mutex_unlock(&s->lock);
    return ok && (!mine || fetch(job, version, err));
}

bool session_discard(struct session *s, const struct keys *keys)
{
    pthread_mutex_lock(&s->lock);
    int64_t now_ms = clock_monotonic_ms(s->cloud->clock);
    bool replaced = s->own_keys && keys != s->keys && keys != s->own_keys;
    bool old = s->own_keys && keys == s->keys && keys != s->own_keys && now_ms - s->fetched_ms > FRESH_MS;
    if (old)
        s->expires_ms = s->renew_ms = 0;
    pthread_mutex_unlock(&s->lock);
    return old || replaced;
}

#include "cloud/cloud.h"

#include "cloud/session.h"
#include "codec/json.h"
#include "codec/text.h"
#include "net/address.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_BYTES = 1 << 20, CHECK_PATIENCE_MS = 15000 };

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool cloud_open(struct store *store, struct gate *gate, const struct clock *clock, struct cloud **ret,
                struct err *err)
{
    struct cloud *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(err, ERR_INTERNAL, "out of memory");
    *c = (struct cloud){.store = store, .gate = gate, .clock = clock};
    pthread_mutex_init(&c->lock, NULL);
    make_condition(&c->parsed);
    *ret = c;
    return true;
}

static void drop_keys(struct session *s)
{
    keys_unref(s->keys);
    if (s->own_keys)
        keys_unref(s->own_keys);
    s->keys = s->own_keys = NULL;
}

/* The session's stored keys; those of a role come when the first call needs them. */
static void set_keys(struct session *s, struct keys *keys)
{
    bool plain = strcmp(keys->row.key_source, "stored") == 0 && !*keys->row.role;
    s->keys = keys;
    s->expires_ms = s->renew_ms = plain ? INT64_MAX : 0;
    if (plain)
        return;
    s->own_keys = keys;
    keys->refs++;
}

static struct session *session_free(struct session *s)
{
    session_forget(s);
    drop_keys(s);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

static void session_free_p(struct session **s)
{
    if (*s)
        *s = session_free(*s);
}

struct cloud *cloud_close(struct cloud *c)
{
    while (c && c->sessions) {
        struct session *s = c->sessions;
        c->sessions = s->next;
        session_free(s);
    }
    if (c) {
        tallies_free(c);
        pthread_cond_destroy(&c->parsed);
        pthread_mutex_destroy(&c->lock);
        free(c);
    }
    return NULL;
}

static struct access_row copy_row(struct arena *a, const struct access_row *row)
{
    struct access_row copy = *row;
    const char **texts[] = {&copy.owner,      &copy.name,           &copy.cloud,   &copy.key_id,
                            &copy.site,       &copy.regions,        &copy.gateway, &copy.ca_file,
                            &copy.proxy,      &copy.account_id,     &copy.state,   &copy.state_text,
                            &copy.key_source, &copy.secret_command, &copy.role,    &copy.external_id};
    for (size_t i = 0; i < countof(texts); i++)
        *texts[i] = *texts[i] ? arena_strdup(a, *texts[i]) : "";
    return copy;
}

bool cloud_gateway_check(struct arena *a, const struct access_row *row, struct err *err)
{
    struct url url;
    if (!*row->gateway)
        return true;
    if (*row->proxy)
        return err_set(err, ERR_INPUT, "give a gateway or a proxy, not both");
    if (!url_parse(a, row->gateway, &url, err))
        return err_add(err, "gateway");
    if (strcmp(url.scheme, "http") == 0 && !address_host_is_loopback(url.host))
        return err_set(err, ERR_INPUT, "gateway %s: plain http is allowed to this machine only; use https",
                       row->gateway);
    if (*url.query || strcmp(url.path, "/") != 0)
        return err_set(err, ERR_INPUT, "gateway %s: only scheme, host and port, no path", row->gateway);
    return true;
}

bool keys_make(const struct access_row *row, const struct secret *secret, const struct secret *session_token,
               struct keys **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(KEYS_BYTES);
    struct access_row copy = copy_row(a, row);
    if (!cloud_gateway_check(a, &copy, err))
        return err_add(err, "access %s", row->name);
    struct keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return err_set(err, ERR_INTERNAL, "out of memory");
    bool ours = *copy.gateway || *copy.proxy; /* the user named where to: it may be near */
    *keys = (struct keys){.refs = 1,
                          .arena = take(a),
                          .row = copy,
                          .key_id = copy.key_id,
                          .secret = secret_copy(secret),
                          .session_token = secret_copy(session_token),
                          .addresses = {.allow_loopback = ours, .allow_private = ours}};
    *ret = keys;
    return true;
}

struct load {
    struct arena *arena;
    int64_t id;
    struct access_row row;
    struct secret *secret, *session_token;
};

static bool load_access(struct db *db, void *context, struct err *err)
{
    struct load *load = context;
    return store_access_load(db, load->arena, load->id, &load->row, err) &&
           store_access_secret(db, load->arena, load->id, &load->secret, &load->session_token, err);
}

static bool load_keys(struct cloud *c, int64_t access_id, struct keys **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(KEYS_BYTES);
    struct load load = {.arena = a, .id = access_id};
    return store_read(c->store, load_access, &load, err) &&
           keys_make(&load.row, load.secret, load.session_token, ret, err);
}

static bool make_session(struct cloud *c, int64_t access_id, struct keys *keys, struct session **ret,
                         struct err *err)
{
    const struct vendor *vendor = vendor_find(keys->row.cloud);
    struct session *s = vendor ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        err_set(err, ERR_INPUT, "there is no cloud \"%.40s\"", keys->row.cloud);
        keys_unref(keys);
        return false;
    }
    *s = (struct session){.cloud = c, .access_id = access_id, .vendor = vendor};
    set_keys(s, keys);
    pthread_mutex_init(&s->lock, NULL);
    make_condition(&s->changed);
    s->skew_ms = keys->row.clock_skew_ms;
    s->suspended = strcmp(keys->row.state, "suspended") == 0;
    strncpy(s->reason, keys->row.state_text, sizeof s->reason - 1);
    *ret = s;
    return true;
}

static struct session *find_session(struct cloud *c, int64_t access_id)
{
    for (struct session *s = c->sessions; s; s = s->next)
        if (s->access_id == access_id)
            return s;
    return NULL;
}

bool cloud_session(struct cloud *c, int64_t access_id, struct session **ret, struct err *err)
{
    pthread_mutex_lock(&c->lock);
    struct session *found = find_session(c, access_id);
    pthread_mutex_unlock(&c->lock);
    if (found) {
        *ret = found;
        return true;
    }
    struct keys *keys;
    cleanup(session_free_p) struct session *made = NULL;
    if (!load_keys(c, access_id, &keys, err) || !make_session(c, access_id, keys, &made, err))
        return err_add(err, "access %lld", (long long)access_id);
    pthread_mutex_lock(&c->lock);
    found = find_session(c, access_id); /* another thread may have been quicker */
    if (!found) {
        made->next = c->sessions;
        c->sessions = made;
        found = take(made);
    }
    pthread_mutex_unlock(&c->lock);
    *ret = found;
    return true;
}

void cloud_session_refresh(struct cloud *c, int64_t access_id)
{
    pthread_mutex_lock(&c->lock);
    struct session *s = find_session(c, access_id);
    pthread_mutex_unlock(&c->lock);
    struct keys *keys;
    struct err err;
    if (!s)
        return;
    bool loaded = load_keys(c, access_id, &keys, &err);
    pthread_mutex_lock(&s->lock);
    s->proven = s->probing = false;
    s->version++;
    s->suspended = !loaded; /* what cannot be loaded cannot be used either */
    if (loaded) {
        drop_keys(s);
        set_keys(s, keys);
        session_forget(s);
    } else
        memcpy(s->reason, err.text, sizeof s->reason);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

bool session_row(struct session *s, struct arena *a, struct access_row *ret, struct err *err)
{
    (void)err;
    pthread_mutex_lock(&s->lock);
    *ret = copy_row(a, &s->keys->row);
    pthread_mutex_unlock(&s->lock);
    return true;
}

bool session_suspended(struct session *s, struct arena *a, const char **ret_reason)
{
    pthread_mutex_lock(&s->lock);
    bool suspended = s->suspended;
    if (suspended)
        *ret_reason = arena_strdup(a, s->reason);
    pthread_mutex_unlock(&s->lock);
    return suspended;
}

static bool identify(struct session *s, struct arena *a, const atomic_bool *stop, struct identity *ret,
                     struct err *err)
{
    struct job job = {.arena = a,
                      .session = s,
                      .patience_ms = CHECK_PATIENCE_MS,
                      .check = true,
                      .stop = stop};
    if (!s->vendor->identify(&job, ret, err))
        return err_add(err, "check the access");
    if (!*ret->account_id)
        return err_set(err, ERR_VENDOR, "check the access: the answer names no account");
    return true;
}

static bool same_account(const struct access_row *row, const struct identity *who, struct err *err)
{
    return !*row->account_id || strcmp(row->account_id, who->account_id) == 0 ||
           err_set(err, ERR_CONFLICT, "the key belongs to account %s, the access to %s", who->account_id,
                   row->account_id);
}

bool cloud_check_until(struct session *s, struct arena *a, const atomic_bool *stop, struct identity *ret,
                       struct err *err)
{
    struct identity who;
    if (!identify(s, a, stop, &who, err))
        return false;
    struct access_row row;
    if (!session_row(s, a, &row, err))
        return false;
    if (!same_account(&row, &who, err) || !session_store_state(s, "normal", "", who.account_id, err))
        return false;
    pthread_mutex_lock(&s->lock);
    s->suspended = false;
    s->proven = true;
    if (strcmp(s->keys->row.account_id, who.account_id) != 0)
        s->keys->row.account_id = arena_strdup(s->keys->arena, who.account_id);
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    *ret = who;
    return true;
}

bool cloud_check(struct session *s, struct arena *a, struct identity *ret, struct err *err)
{
    return cloud_check_until(s, a, NULL, ret, err);
}

bool cloud_check_row(struct cloud *c, struct arena *a, const struct access_row *row,
                     const struct secret *secret, const struct secret *session_token, struct identity *ret,
                     struct err *err)
{
    struct keys *keys;
    cleanup(session_free_p) struct session *s = NULL;
    return keys_make(row, secret, session_token, &keys, err) && make_session(c, 0, keys, &s, err) &&
           identify(s, a, NULL, ret, err) && same_account(row, ret, err);
}

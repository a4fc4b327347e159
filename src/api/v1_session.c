#include "api/v1_session.h"

#include "api/trail.h"
#include "api/view.h"
#include "base/log.h"
#include "identity/attempt.h"
#include "identity/password.h"
#include "identity/second_factor.h"
#include "identity/session.h"
#include "identity/setup.h"
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 63, HIDDEN_BYTES = 1 << 14 };
#define COOKIE "certferry_session"
#define SECURE_COOKIE "__Host-" COOKIE /* browsers take it over TLS alone, from this host, for all of it */

const struct field setup_fields[] = {
    {"token", FIELD_SECRET, true, 128},
    {"user", FIELD_TEXT, true, NAME_BYTES},
    {"password", FIELD_SECRET, true, 1024},
    {NULL, FIELD_TEXT, false, 0},
};

const struct field session_begin_fields[] = {
    {"user", FIELD_TEXT, true, NAME_BYTES},
    {"password", FIELD_SECRET, true, 1024},
    {"code", FIELD_SECRET, false, 64}, /* of the second factor, or one from paper */
    {NULL, FIELD_TEXT, false, 0},
};

const struct field session_totp_fields[] = {
    {"password", FIELD_SECRET, true, 1024},
    {NULL, FIELD_TEXT, false, 0},
};

const struct field session_totp_confirm_fields[] = {
    {"code", FIELD_SECRET, true, 64},
    {NULL, FIELD_TEXT, false, 0},
};

const struct field session_totp_remove_fields[] = {
    {"password", FIELD_SECRET, true, 1024},
    {"code", FIELD_SECRET, true, 64},
    {NULL, FIELD_TEXT, false, 0},
};

const struct field session_password_fields[] = {
    {"password", FIELD_SECRET, true, 1024},
    {"new_password", FIELD_SECRET, true, 1024},
    {NULL, FIELD_TEXT, false, 0},
};

struct entry {
    struct request *rq;
    int64_t now_ms, wait_ms;
    const char *name, *source, *password_hash;
    bool known;
    struct user_row user;
    struct session_row session;
    struct secret *cookie, *shared; /* the second factor's, as people type it */
    const char *codes[RECOVERY_CODES];
    bool code_missing, code_wrong;
};

static struct entry entry_of(struct request *rq)
{
    return (struct entry){.rq = rq,
                          .now_ms = clock_wall_ms(rq->api->parts.clock),
                          .source = rq->exchange->peer,
                          .name = request_text(rq, "user")};
}

const char *session_cookie(struct arena *a, const struct http_exchange *x)
{
    const char *name = x->secure ? SECURE_COOKIE "=" : COOKIE "=";
    size_t size = strlen(name);
    for (size_t i = 0; i < x->header_count; i++) {
        if (strcmp(x->headers[i].name, "cookie") != 0)
            continue;
        for (const char *p = x->headers[i].value; *p;) {
            p += strspn(p, "; ");
            size_t length = strcspn(p, ";");
            if (length > size && strncmp(p, name, size) == 0)
                return arena_copy(a, p + size, length - size);
            p += length;
        }
    }
    return NULL;
}

/* value NULL: takes it away. */
static void set_cookie(struct request *rq, struct reply *reply, const char *value)
{
    bool secure = rq->exchange->secure;
    reply->headers[reply->header_count++] =
        (struct http_header){"Set-Cookie",
                             arena_printf(rq->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
                                          secure ? SECURE_COOKIE : COOKIE, value ? value : "",
                                          value ? SESSION_LONGEST_MS / 1000 : 0, secure ? "; Secure" : "")};
}

static struct secret *body_secret(struct request *rq, const char *member)
{
    const char *text = request_text(rq, member);
    return secret_in(rq->arena, secret_new(text, strlen(text)));
}

struct who {
    struct request *rq;
    struct role_row *roles;
    size_t count;
};

static bool load_roles(struct db *db, void *context, struct err *err)
{
    struct who *who = context;
    return store_roles_of(db, who->rq->arena, who->rq->caller.subject_id, &who->roles, &who->count, err);
}

/* Who the caller is; with its cookie also the value that its changes have to send along. */
static bool put_caller(struct request *rq, struct reply *reply, const char *cookie, struct err *err)
{
    static const struct role_row all = {EVERYWHERE, ROLE_ADMIN, ""};
    const struct caller *caller = &rq->caller;
    struct who who = {.rq = rq};
    if (!store_read(rq->api->parts.store, load_roles, &who, err))
        return false;
    struct json_writer w = json_writer_to(&reply->body);
    json_open_object(&w);
    json_member_string(&w, "kind", caller_kind_name(caller->kind));
    json_member_string(&w, "name", *caller->name ? caller->name : NULL);
    if (caller->kind == CALLER_LOCAL)
        view_roles_member(&w, &all, 1);
    else
        view_roles_member(&w, who.roles, who.count);
    json_member_bool(&w, "export", caller->may_export);
    json_member_bool(&w, "must_change_password", caller->must_change);
    json_member_string(&w, "csrf", cookie ? session_csrf(rq->arena, cookie) : NULL);
    json_close_object(&w);
    return true;
}

static bool refuse(struct reply *reply, unsigned status, struct err *err, const char *text)
{
    reply->refusal = status;
    return err_set(err, ERR_PERMISSION, "%s", text);
}

/* The attempt counts before the password is looked at, and the user is not told from nobody. */
static bool begin_attempt(struct db *db, void *context, struct err *err)
{
    struct entry *e = context;
    struct err missing = {0};
    if (!attempt_begin(db, e->rq->arena, e->name, e->source, e->now_ms, &e->wait_ms, err))
        return false;
    e->known = store_user_named(db, e->rq->arena, e->name, &e->user, &missing) && !e->user.disabled;
    return missing.kind == ERR_NONE || missing.kind == ERR_NOT_FOUND ||
           err_set(err, missing.kind, "%s", missing.text);
}

static bool try_password(struct entry *e, struct reply *reply, struct err *err)
{
    struct request *rq = e->rq;
    if (!store_write(rq->api->parts.store, begin_attempt, e, err))
        return false;
    if (e->wait_ms) {
        log_warn(NULL, "login.locked", "too many failures from %s", e->source);
        reply->headers[reply->header_count++] =
            (struct http_header){"Retry-After",
                                 arena_printf(rq->arena, "%lld", (long long)(e->wait_ms + 999) / 1000)};
        return refuse(reply, 429, err, "too many failed attempts: wait before the next one");
    }
    if (password_desk_fits(rq->api->passwords, e->known ? e->user.password : NULL,
                           body_secret(rq, "password")))
        return true;
    log_warn(NULL, "login.failed", "from %s", e->source);
    return refuse(reply, 401, err, "user or password is wrong");
}

static bool make_session(struct db *db, struct entry *e, struct err *err)
{
    struct arena *a = e->rq->arena;
    e->user.last_login_ms = e->now_ms;
    return store_user_update(db, &e->user, err) &&
           session_begin(db, a, &e->user, store_new_id(e->rq->api->parts.store), e->source, e->now_ms,
                         &e->cookie, err) &&
           session_find(db, a, secret_bytes(e->cookie), e->now_ms, &e->session, &e->rq->caller, err);
}

/* The user as it is now: it may have been disabled, or given another password, while this one was checked. */
static bool load_now(struct db *db, struct entry *e, struct err *err)
{
    struct user_row now;
    if (!store_user_load(db, e->rq->arena, e->user.id, &now, err))
        return false;
    if (now.disabled || strcmp(now.password, e->user.password) != 0)
        return err_set(err, ERR_CONFLICT, "the user was changed meanwhile: log in again");
    e->user = now;
    return true;
}

/* A code counts once: what it uses up is written with what it lets in. */
static bool use_code(struct db *db, struct entry *e, struct err *err)
{
    const char *code = request_text(e->rq, "code");
    bool fits = false;
    if (!e->user.has_totp)
        return true;
    e->code_missing = !code || !*code;
    if (!e->code_missing && !second_factor_use(db, e->rq->arena, &e->user, code, e->now_ms, &fits, err))
        return false;
    e->code_wrong = !e->code_missing && !fits;
    return fits || err_set(err, ERR_PERMISSION,
                           e->code_missing ? "the code of the second factor is missing"
                                           : "the code is wrong, or was used already");
}

/* A failure of `use_code` is 401, and stays a failed attempt. */
static bool write_entry(struct entry *e, struct reply *reply, store_fn *fn, struct err *err)
{
    if (request_write(e->rq, fn, e, err))
        return true;
    if (e->code_missing || e->code_wrong)
        reply->refusal = 401;
    if (e->code_missing)
        (void)snprintf(err->code, sizeof err->code, "second_factor");
    return false;
}

static bool enter(struct db *db, void *context, struct err *err)
{
    struct entry *e = context;
    if (!load_now(db, e, err) || !use_code(db, e, err))
        return false;
    return attempt_end(db, e->rq->arena, e->name, e->source, err) && make_session(db, e, err);
}

bool v1_session_begin(struct request *rq, struct reply *reply, struct err *err)
{
    struct entry e = entry_of(rq);
    if (!try_password(&e, reply, err) || !write_entry(&e, reply, enter, err))
        return false;
    log_info(NULL, "login", "user %lld from %s", (long long)e.user.id, e.source);
    reply->status = 201;
    set_cookie(rq, reply, secret_bytes(e.cookie));
    return put_caller(rq, reply, secret_bytes(e.cookie), err);
}

bool v1_session_show(struct request *rq, struct reply *reply, struct err *err)
{
    bool session = rq->caller.kind == CALLER_SESSION;
    return put_caller(rq, reply, session ? session_cookie(rq->arena, rq->exchange) : NULL, err);
}

static bool only_sessions(struct request *rq, struct err *err)
{
    return rq->caller.kind == CALLER_SESSION || err_set(err, ERR_CONFLICT, "this is for users who logged in");
}

static bool leave(struct db *db, void *context, struct err *err)
{
    struct request *rq = context;
    return store_session_delete(db, rq->session_id, err);
}

bool v1_session_end(struct request *rq, struct reply *reply, struct err *err)
{
    if (!only_sessions(rq, err) || !request_write(rq, leave, rq, err))
        return false;
    set_cookie(rq, reply, NULL);
    buf_puts(&reply->body, "{}");
    return true;
}

static bool hash_new(struct entry *e, const char *member, struct err *err)
{
    struct request *rq = e->rq;
    struct secret *password = body_secret(rq, member);
    return password_check(e->name, password, err) &&
           password_desk_hash(rq->api->passwords, rq->arena, password, &e->password_hash, err);
}

/* Whoever else was logged in as this user is so no longer. */
static bool change_password(struct db *db, void *context, struct err *err)
{
    struct entry *e = context;
    struct user_row now;
    if (!store_user_load(db, e->rq->arena, e->user.id, &now, err))
        return false;
    if (strcmp(now.password, e->user.password) != 0)
        return err_set(err, ERR_CONFLICT, "the password was changed meanwhile");
    now.password = e->password_hash;
    now.must_change = false;
    e->rq->caller.must_change = false;
    return attempt_end(db, e->rq->arena, e->name, e->source, err) && store_user_update(db, &now, err) &&
           store_sessions_end(db, now.id, e->rq->session_id, err);
}

bool v1_session_password(struct request *rq, struct reply *reply, struct err *err)
{
    struct entry e = entry_of(rq);
    e.name = rq->caller.name;
    if (!only_sessions(rq, err) || !try_password(&e, reply, err))
        return false;
    if (strcmp(request_text(rq, "password"), request_text(rq, "new_password")) == 0)
        return err_set(err, ERR_INPUT, "the new password is the old one");
    if (!hash_new(&e, "new_password", err) || !request_write(rq, change_password, &e, err))
        return false;
    return put_caller(rq, reply, session_cookie(rq->arena, rq->exchange), err);
}

static bool begin_totp(struct db *db, void *context, struct err *err)
{
    struct entry *e = context;
    return load_now(db, e, err) && attempt_end(db, e->rq->arena, e->name, e->source, err) &&
           second_factor_begin(db, e->rq->arena, &e->user, &e->shared, err);
}

bool v1_session_totp(struct request *rq, struct reply *reply, struct err *err)
{
    struct entry e = entry_of(rq);
    e.name = rq->caller.name;
    if (!only_sessions(rq, err) || !try_password(&e, reply, err) || !write_entry(&e, reply, begin_totp, err))
        return false;
    const char *name = url_encode(rq->arena, e.name), *secret = secret_bytes(e.shared);
    buf_puts(&reply->body,
             json_format(rq->arena, "{'secret':%s,'uri':%s}", secret,
                         arena_printf(rq->arena, "otpauth://totp/certferry:%s?secret=%s&issuer=certferry",
                                      name, secret)));
    reply->status = 201;
    return true;
}

static bool confirm_totp(struct db *db, void *context, struct err *err)
{
    struct entry *e = context;
    return store_user_load(db, e->rq->arena, e->rq->caller.subject_id, &e->user, err) &&
           second_factor_confirm(db, e->rq->arena, &e->user, request_text(e->rq, "code"), e->now_ms, e->codes,
                                 err) &&
           store_user_update(db, &e->user, err);
}

/* The codes for the paper: shown now and never again. */
bool v1_session_totp_confirm(struct request *rq, struct reply *reply, struct err *err)
{
    struct entry e = entry_of(rq);
    if (!only_sessions(rq, err) || !request_write(rq, confirm_totp, &e, err))
        return false;
    buf_puts(&reply->body,
             json_format(rq->arena, "{'recovery':%p}", json_strings(rq->arena, e.codes, countof(e.codes))));
    return true;
}

static bool remove_totp(struct db *db, void *context, struct err *err)
{
    struct entry *e = context;
    return load_now(db, e, err) && use_code(db, e, err) &&
           attempt_end(db, e->rq->arena, e->name, e->source, err) && second_factor_end(db, &e->user, err) &&
           store_user_update(db, &e->user, err);
}

bool v1_session_totp_remove(struct request *rq, struct reply *reply, struct err *err)
{
    struct entry e = entry_of(rq);
    e.name = rq->caller.name;
    if (!only_sessions(rq, err) || !try_password(&e, reply, err) || !write_entry(&e, reply, remove_totp, err))
        return false;
    return put_caller(rq, reply, session_cookie(rq->arena, rq->exchange), err);
}

static bool add_first(struct db *db, void *context, struct err *err)
{
    struct entry *e = context;
    const struct role_row admin = {.group_id = EVERYWHERE, .role = ROLE_ADMIN};
    int64_t users;
    if (!store_user_count(db, &users, err))
        return false;
    if (users)
        return err_set(err, ERR_PERMISSION, "this is not the setup token, or the setup is done");
    e->user = (struct user_row){.id = store_new_id(e->rq->api->parts.store),
                                .owner = "",
                                .name = e->name,
                                .password = e->password_hash,
                                .any_owner = true,
                                .may_export = true,
                                .recovery = "[]"};
    e->rq->made_id = e->user.id;
    return store_user_add(db, &e->user, err) && store_roles_set(db, e->user.id, &admin, 1, err) &&
           store_user_load(db, e->rq->arena, e->user.id, &e->user, err) && make_session(db, e, err);
}

bool v1_setup(struct request *rq, struct reply *reply, struct err *err)
{
    const char *directory = rq->api->parts.directory;
    struct entry e = entry_of(rq);
    struct err left;
    if (!directory)
        return refuse(reply, 403, err, "this certferry runs for one command: set it up with certferry serve");
    if (!setup_check(directory, request_text(rq, "token"), err) ||
        !request_label_check("the user's name", e.name, err) || !hash_new(&e, "password", err) ||
        !request_write(rq, add_first, &e, err))
        return false;
    if (!setup_end(directory, &left)) /* of no use any more: there is a user */
        log_err(LOG_WARNING, NULL, "setup.token", &left);
    log_info(NULL, "setup", "user %lld is the first admin", (long long)e.user.id);
    reply->status = 201;
    set_cookie(rq, reply, secret_bytes(e.cookie));
    return put_caller(rq, reply, secret_bytes(e.cookie), err);
}

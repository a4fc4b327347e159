#include "api/authority.h"

#include "api/v1_session.h"
#include "base/log.h"
#include "codec/name.h"
#include "identity/api_key.h"
#include "identity/session.h"
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PORT_DIGITS = 5 };

struct finding {
    struct request *rq;
    const char *text; /* of the token, or the cookie */
    struct api_key_row key;
    struct session_row session;
};

static int64_t now_of(const struct request *rq)
{
    return clock_wall_ms(rq->api->parts.clock);
}

static bool find_token(struct db *db, void *context, struct err *err)
{
    struct finding *f = context;
    return token_find(db, f->rq->arena, f->text, now_of(f->rq), &f->key, &f->rq->caller, err);
}

/* The word of a bearer token; NULL where the header is none. */
static const char *bearer_token(const char *header)
{
    static const char scheme[] = "Bearer ";
    if (!header || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return NULL;
    return header + sizeof scheme - 1 + strspn(header + sizeof scheme - 1, " ");
}

static bool find_session(struct db *db, void *context, struct err *err)
{
    struct finding *f = context;
    return session_find(db, f->rq->arena, f->text, now_of(f->rq), &f->session, &f->rq->caller, err);
}

/* Looks somebody up; what is not there is 401, in these words. */
static bool look_up(struct finding *f, store_fn *find, const char *absent, unsigned *ret_status,
                    struct err *err)
{
    struct err found = {0};
    if (store_read(f->rq->api->parts.store, find, f, &found))
        return true;
    bool unknown = found.kind == ERR_NOT_FOUND;
    *ret_status = unknown ? 401 : problem_status(found.kind);
    return err_set(err, unknown ? ERR_PERMISSION : found.kind, "%s", unknown ? absent : found.text);
}

static bool by_token(struct request *rq, const char *token, unsigned *ret_status, struct err *err)
{
    struct finding f = {.rq = rq, .text = token};
    if (!look_up(&f, find_token, "this bearer token is unknown, or has ended", ret_status, err))
        return false;
    rq->use_due = api_key_use_due(&f.key, now_of(rq));
    return true;
}

/* A browser sends the cookie along wherever a page makes it ask: what changes something has to show that the page is ours. */
static bool by_cookie(struct request *rq, const char *cookie, unsigned *ret_status, struct err *err)
{
    struct finding f = {.rq = rq, .text = cookie};
    bool reads = strcmp(rq->exchange->method, "GET") == 0 || strcmp(rq->exchange->method, "HEAD") == 0;
    if (!look_up(&f, find_session, "the session is over: log in", ret_status, err))
        return false;
    rq->session_id = f.session.id;
    rq->use_due = now_of(rq) - f.session.seen_ms >= SESSION_SEEN_MS;
    *ret_status = 403;
    return reads || session_csrf_fits(rq->arena, cookie, http_header_get(rq->exchange, "x-csrf-token")) ||
           err_set(err, ERR_PERMISSION, "X-CSRF-Token is missing or wrong: GET /api/v1/session tells it");
}

/* The host of "host", "host:port" or "[v6]:port", in lower case; "" where what follows is no port. */
static const char *host_of(struct arena *a, const char *header)
{
    bool v6 = *header == '[';
    size_t size = v6 ? strcspn(header, "]") : strcspn(header, ":");
    const char *rest = header + size + (v6 && header[size]);
    char *host = arena_copy(a, header + v6, size - v6);
    size_t digits = *rest == ':' ? strspn(rest + 1, "0123456789") : 0;
    if (*rest && (*rest != ':' || digits > PORT_DIGITS || rest[1 + digits]))
        return "";
    for (char *p = host; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
    return host;
}

static bool among(const char *host, const char *list)
{
    size_t size = strlen(host);
    for (const char *p = list; p && *p;) {
        p += strspn(p, ", ");
        size_t length = strcspn(p, ", ");
        if (size > 0 && length == size && strncasecmp(p, host, size) == 0)
            return true;
        p += length;
    }
    return false;
}

bool request_is_ours(const struct request *rq, unsigned *ret_status, struct err *err)
{
    const struct http_exchange *x = rq->exchange;
    const char *given = http_header_get(x, "host"), *header = given ? given : "",
               *origin = http_header_get(x, "origin");
    if (x->peer_uid >= 0)
        return true;
    const char *host = host_of(rq->arena, header);
    *ret_status = 421;
    if (!name_is_address(host) && strcmp(host, "localhost") != 0 && !among(host, rq->api->parts.hosts))
        return err_set(err, ERR_PERMISSION,
                       "the name \"%.100s\" is none of ours: the setting \"hosts\" lists those that are",
                       host);
    *ret_status = 403;
    const char *from = origin ? strstr(origin, "://") : NULL;
    return !origin || (from && strcasecmp(from + 3, header) == 0) ||
           err_set(err, ERR_PERMISSION, "a page of %.100s asks: only pages of ours may", origin);
}

bool authenticate(struct request *rq, unsigned *ret_status, struct err *err)
{
    const struct http_exchange *x = rq->exchange;
    const char *header = http_header_get(x, "authorization"), *token = bearer_token(header),
               *cookie = session_cookie(rq->arena, x);
    if (token)
        return by_token(rq, token, ret_status, err);
    if (cookie)
        return by_cookie(rq, cookie, ret_status, err);
    if (x->peer_uid == 0 || (x->peer_uid >= 0 && x->peer_uid == (int64_t)geteuid())) {
        rq->caller = caller_local();
        return true;
    }
    *ret_status = x->peer_uid >= 0 ? 403 : 401;
    if (x->peer_uid >= 0)
        return err_set(err, ERR_PERMISSION,
                       "only the user that runs certferry may use this socket without a bearer token");
    return err_set(err, ERR_PERMISSION,
                   header ? "only bearer tokens are known here: Authorization: Bearer TOKEN"
                          : "say who you are: log in, or send a bearer token (certferry token create)");
}

static bool note_use(struct db *db, void *context, struct err *err)
{
    const struct request *rq = context;
    return rq->session_id ? store_session_seen(db, rq->session_id, now_of(rq), err)
                          : store_api_key_used(db, rq->caller.subject_id, now_of(rq), err);
}

/* A use that cannot be noted, as the disk is full, is no reason to refuse what only reads. */
void authenticated_note(struct request *rq)
{
    struct err err;
    if (rq->use_due && !store_write(rq->api->parts.store, note_use, rq, &err))
        log_err(LOG_WARNING, NULL, "caller.use", &err);
}

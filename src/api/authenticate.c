#include "api/authority.h"

#include "base/log.h"
#include "identity/api_key.h"
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct finding {
    struct request *rq;
    const char *token;
    struct api_key_row row;
};

static int64_t now_of(const struct request *rq)
{
    return clock_wall_ms(rq->api->parts.clock);
}

static bool find_token(struct db *db, void *context, struct err *err)
{
    struct finding *f = context;
    return token_find(db, f->rq->arena, f->token, now_of(f->rq), &f->row, &f->rq->caller, err);
}

/* The word of a bearer token; NULL where the header is none. */
static const char *bearer_token(const char *header)
{
    static const char scheme[] = "Bearer ";
    if (!header || strncasecmp(header, scheme, sizeof scheme - 1) != 0)
        return NULL;
    return header + sizeof scheme - 1 + strspn(header + sizeof scheme - 1, " ");
}

static bool by_token(struct request *rq, const char *token, unsigned *ret_status, struct err *err)
{
    struct finding *f = arena_make(rq->arena, struct finding);
    struct err found = {0};
    *f = (struct finding){.rq = rq, .token = token};
    if (store_read(rq->api->parts.store, find_token, f, &found)) {
        if (api_key_use_due(&f->row, now_of(rq)))
            rq->used_key_id = f->row.id;
        return true;
    }
    *ret_status = found.kind == ERR_NOT_FOUND ? 401 : problem_status(found.kind);
    return found.kind == ERR_NOT_FOUND
               ? err_set(err, ERR_PERMISSION, "this bearer token is unknown, or has ended")
               : err_set(err, found.kind, "%s", found.text);
}

bool authenticate(struct request *rq, unsigned *ret_status, struct err *err)
{
    const struct http_exchange *x = rq->exchange;
    const char *header = http_header_get(x, "authorization"), *token = bearer_token(header);
    if (token)
        return by_token(rq, token, ret_status, err);
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
                          : "say who you are: send a bearer token (certferry token create)");
}

static bool note_use(struct db *db, void *context, struct err *err)
{
    const struct request *rq = context;
    return store_api_key_used(db, rq->used_key_id, now_of(rq), err);
}

/* A use that cannot be noted, as the disk is full, is no reason to refuse what only reads. */
void authenticated_note(struct request *rq)
{
    struct err err;
    if (rq->used_key_id && !store_write(rq->api->parts.store, note_use, rq, &err))
        log_err(LOG_WARNING, NULL, "key.use", &err);
}

/* authority.h - who asks, and whether that one may: asked of every request, in one place, by tables.
 *
 * A route says which right it takes (request.h: enum right) and the fields of its body which objects they name. What a
 * caller may not look at is answered in the same words as what is not there.
 */
#pragma once
#include "api/request.h"

/* What a right takes. Public for the test that walks all routes. */
struct right_rule {
    const char *name; /* for the refusal: "deploying", "seeing" ... */
    enum role role;
    bool everywhere; /* the role has to be held everywhere */
    bool house;      /* and not be kept to one owner's objects */
    bool key_export; /* besides the role */
};
extern const struct right_rule right_rules[RIGHT_COUNT];

/* Whether the request was meant for us, and not brought here by somebody else's page: over TCP a Host that is an address,
 * localhost or one of ours, and no foreign Origin. *ret_status is 421 or 403.
 */
must_use bool request_is_ours(const struct request *rq, unsigned *ret_status, struct err *err);

/* Fills rq->caller from a bearer token, else a session's cookie, else the socket's other end. On failure *ret_status is
 * 401 or 403.
 */
must_use bool authenticate(struct request *rq, unsigned *ret_status, struct err *err);

/* Notes that a key was used, where that is due. Waits for the disk: not on the loop. */
void authenticated_note(struct request *rq);

/* Whether the caller may make this request; its path and body are known. ERR_PERMISSION, or ERR_NOT_FOUND for what is
 * out of its sight. What a path named by its name, it names by its id afterwards.
 */
must_use bool authorise(struct request *rq, const struct route *route, struct err *err);

/* The kind of object that a placeholder of a path stands for: "{task}". False: no such placeholder is known. */
must_use bool placeholder_kind(const char *placeholder, enum object_kind *ret);

/* For lists: whether a row is in the caller's sight. */
must_use bool request_sees_access(struct request *rq, struct db *db, const struct access_row *row, bool *ret,
                                  struct err *err);
must_use bool request_sees_access_id(struct request *rq, struct db *db, int64_t access_id, bool *ret,
                                     struct err *err);
must_use bool request_sees_task(struct request *rq, struct db *db, const struct task_row *row, bool *ret,
                                struct err *err);

/* request.h - one request inside the API: its parts, checked; and the ways to answer. */
#pragma once
#include "api/api.h"
#include "api/problem.h"
#include "cloud/product.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "identity/caller.h"
#include <stdatomic.h>

struct api {
    struct api_parts parts;
    struct pool *readers, *jobs;
    struct password_desk *passwords;
    struct watchers *watchers;
    struct cas *cas;
    atomic_size_t active; /* requests taken and not yet answered */
    atomic_bool stopping; /* what runs long ends early */
};

enum { ROUTE_ARGS = 2 };

struct route;

struct request {
    struct api *api;
    struct arena *arena;
    struct http_exchange *exchange;
    struct caller caller;
    int64_t session_id; /* of who logged in; 0: none */
    const struct route *route;
    const char *id;               /* of the request: in the audit, and in the answer's header X-Request-Id */
    int64_t made_id;              /* of the object that it made; 0: none */
    bool recorded;                /* in the audit already */
    bool use_due;                 /* of its key or session: to be noted */
    const char *args[ROUTE_ARGS]; /* the {placeholders} of the route, decoded */
    const struct json
        *body; /* an object, checked against the route's fields; NULL where the route has none */
};

/* A handler fills reply (JSON, status 200 by default) and returns true, or returns false with err, or sets
 * `taken` when it answers by itself, now or later (streams).
 */
struct reply {
    unsigned status;
    struct buf body;
    const char *content_type;
    bool taken;
    struct http_header headers[3];
    size_t header_count;
    unsigned refusal; /* the status of a failure that is none of its kind's; 0: the kind's */
};

typedef bool route_fn(struct request *request, struct reply *reply, struct err *err);

/* What a text of a request names: a placeholder of a path, a member of a body, or a parameter of a query. */
enum object_kind {
    OBJECT_NONE, /* nothing that one caller sees and another does not */
    OBJECT_CERTIFICATE,
    OBJECT_ACCESS,
    OBJECT_RESOURCE,       /* by id, the vendor's id or title */
    OBJECT_RESOURCE_BY_ID, /* where a name could come to mean another one later */
    OBJECT_TASK,
    OBJECT_PUSH
};

/* What a route takes of its caller, or a member of a body besides; authority.c has the table. */
enum right {
    RIGHT_UNDECIDED, /* refused to all: a route needs a decision */
    RIGHT_ANYBODY,   /* taken before anybody is asked who that is */
    RIGHT_SELF,      /* whoever it is, about itself */
    RIGHT_VIEW,      /* these four: on each object that the request names */
    RIGHT_OPERATE,
    RIGHT_APPROVE,
    RIGHT_ADMINISTER,
    RIGHT_OPERATE_ALL, /* these: everywhere */
    RIGHT_ADMINISTER_ALL,
    RIGHT_OVERSEE, /* these: everywhere, and over all owners */
    RIGHT_GOVERN,
    RIGHT_EXPORT, /* private keys leave */
    RIGHT_COUNT
};

enum field_type { FIELD_TEXT, FIELD_SECRET, FIELD_INT, FIELD_NUMBER, FIELD_BOOL, FIELD_TEXTS };

struct field { /* one member of a request's body */
    const char *name;
    enum field_type type;
    bool required;
    size_t max; /* bytes of a text, entries of a list, largest number */
    enum object_kind names;
    enum right right; /* what the member takes besides, unless RIGHT_UNDECIDED */
    bool hidden;      /* its texts may be secrets, as those of a FIELD_SECRET are */
};

enum route_thread { ON_LOOP, ON_READER, ON_JOB };

struct route {
    const char *method, *path; /* "/api/v1/tasks/{task}/submit" */
    route_fn *handler;
    enum route_thread thread;
    const struct field *fields; /* ends with a NULL name; NULL: no body */
    enum right right;
};

extern const struct route routes[];
extern const size_t route_count;

/* The route of method and path, its {placeholders} in args (ROUTE_ARGS of them); NULL with *ret_path_known where only
 * other methods are served there.
 */
const struct route *route_find(struct arena *a, const char *method, const char *path, const char **args,
                               bool *ret_path_known);
const char *route_methods(struct arena *a, const char *path); /* "GET, POST"; "" where nothing is served */

/* Body against fields: an object, known names, right types, required ones there, limits kept. */
must_use bool request_check_body(const struct json *body, const struct field *fields, struct err *err);

/* Accessors for checked bodies. */
const char *request_text(const struct request *rq, const char *name); /* NULL if absent */
const char **request_texts(const struct request *rq, const char *name, size_t *ret_count);
bool request_bool(const struct request *rq, const char *name, bool fallback);

/* Query parameters. */
const char *request_query(const struct request *rq, const char *name);                   /* NULL if absent */
must_use bool request_page(const struct request *rq, struct page *ret, struct err *err); /* ?before=&limit= */

/* An id of ours as text: digits only, from 1 below 2^53. */
must_use bool request_id_parse(const char *text, int64_t *ret);

/* A name stands in paths and beside ids: it must be told from both. Empty passes. */
must_use bool request_name_check(const char *name, struct err *err);

/* UTF-8 without control characters, and no blank at either end. Empty passes. */
must_use bool request_text_check(const char *what, const char *text, struct err *err);

/* Both of them, and not empty: what things are called. */
must_use bool request_label_check(const char *what, const char *name, struct err *err);

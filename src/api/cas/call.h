/* call.h - one call of the API that is compatible with Alibaba Cloud's certificate service, and what handlers share.
 *
 * The vendor's words and product codes appear in this folder alone. Handlers map onto the verbs of task, store and inventory:
 * there is no second engine. An account of the vendor's is an owner here, and the owner's first Alibaba access is its "own
 * account". Nothing asks a cloud while a caller waits: the SDK waits three seconds (R135).
 */
#pragma once
#include "api/cas/operation.h"
#include "api/cas/refusal.h"
#include "api/request.h"
#include "api/trail.h"
#include "store/numbered.h"
#include "task/task.h"

struct cas_call {
    struct api *api;
    struct arena *arena;
    struct http_exchange *exchange;
    const struct cas_operation *operation;
    const char *action, *request_id;
    struct pairs given; /* checked against the operation's parameters */
    struct caller caller;
    const char *owner; /* the caller's: all that is seen and made here */
    int64_t now_ms;
    struct viewed before; /* the object, for the audit */
    int64_t made_id;      /* of what the call made; 0: nothing */
    bool exported;        /* a private key is in the answer */
    bool recorded;        /* in the audit already */
    struct json_writer w; /* the answer, an object that begins with RequestId */
};

/* ---- reading and writing ---- */

must_use bool cas_read(struct cas_call *call, store_fn *fn, void *context, struct err *err);
/* With the audit's row in the same write. */
must_use bool cas_write(struct cas_call *call, store_fn *fn, void *context, struct err *err);
struct task_context cas_task_context(const struct cas_call *call);

/* Rows of the caller's owner by id; what belongs to others does not exist. The code is refused where there is none. */
must_use bool cas_own_certificate(struct db *db, const struct cas_call *call, int64_t id, const char *code,
                                  struct certificate_row *ret, struct err *err);
must_use bool cas_own_contact(struct db *db, const struct cas_call *call, int64_t id, const char *code,
                              struct contact_row *ret, struct err *err);
must_use bool cas_own_access(struct db *db, const struct cas_call *call, int64_t id, struct access_row *ret,
                             struct err *err);
must_use bool cas_own_task(struct db *db, const struct cas_call *call, int64_t id, struct task_row *ret,
                           struct err *err);
must_use bool cas_own_resource(struct db *db, const struct cas_call *call, int64_t id, const char *code,
                               struct resource *ret, struct access_row *ret_access, struct err *err);

/* ---- pages ---- */

struct cas_page {
    struct numbered at;
    int64_t number, size;
    bool asked; /* either was given */
};
must_use bool cas_page(struct cas_call *call, int64_t default_size, struct cas_page *ret, struct err *err);
/* CurrentPage, ShowSize, and the total under the operation's name for it. */
void cas_put_page(struct cas_call *call, const struct cas_page *page, const char *total_name, int64_t total);

/* Rows of CurrentPage and ShowSize in every table of parameters that pages. */
#define CAS_PAGE_PARAMETERS                                                                                  \
    {"CurrentPage", CAS_NUMBER, false, 0, NULL},                                                             \
    {                                                                                                        \
        "ShowSize", CAS_NUMBER, false, 1000, NULL                                                            \
    }
#define CAS_PARAMETERS_END                                                                                   \
    {                                                                                                        \
        NULL, CAS_TEXT, false, 0, NULL                                                                       \
    }

/* ---- members of answers ---- */

void cas_put_text(struct cas_call *call, const char *name, const char *text); /* left out where "" */
void cas_put_number(struct cas_call *call, const char *name, int64_t number);
void cas_put_bool(struct cas_call *call, const char *name, bool value);
void cas_put_time(struct cas_call *call, const char *name,
                  int64_t ms);            /* milliseconds as text; left out where 0 */
void cas_put_user(struct cas_call *call); /* UserId */

/* "prefix" and the id in base 36: text ids as the vendor forms them. */
const char *cas_text_id(struct arena *a, const char *prefix, int64_t id);
/* A JSON array of texts as "a,b", at most `most` of them. */
const char *cas_joined(struct arena *a, const char *json, size_t most);
const char *cas_day(struct arena *a, int64_t ms);                    /* 2026-11-20 */
const char *cas_upper(struct arena *a, const char *text);            /* of hex */
const char *cas_algorithm(const char *key_type);                     /* RSA, ECC, SM2 */
const char *cas_certificate_type(const struct certificate_row *row); /* upload, buy */

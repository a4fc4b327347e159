/* sim.h - the simulated clouds: what a product is made of, and what its code is given for one call.
 *
 * A vendor is one `struct sim_vendor` (routing, signatures, shapes of its errors), a service one `struct
 * sim_service`: tables of its operations and their parameters, and a function per operation. To add a product: one
 * file, one line in products.def.
 *
 * The way of a call (call.c): host -> vendor and service; vendor->route finds the operation and the parameters;
 * faults that act before; vendor->authenticate; limits; parameters against the tables; denied?; run() under the
 * state's lock; state flushed, log line written; faults that act after; the answer goes out.
 *
 * run() is straight-line code: it looks at objects, changes them (state.h) and writes an answer; it never sleeps,
 * locks, or logs. Everything it refuses goes through sim_fail(), in the vendor's own code and words.
 */
#pragma once
#include "base/buf.h"
#include "base/clock.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "codec/text.h"
#include "sim/cert.h"
#include "sim/http.h"
#include "sim/state.h"

struct sim_call;

/* ---- tables ---- */

enum sim_where { IN_QUERY = 1, IN_FORM = 2, IN_HEADER = 4, IN_PATH = 8, IN_JSON = 16, IN_XML = 32 };
enum sim_type { T_STRING, T_INTEGER, T_NUMBER, T_BOOLEAN, T_OBJECT, T_JSON, T_ANY };

/* A parameter by its name in pattern form: lists are "[]" ("Certificates[].CertificateId"), whatever the wire says.
 * T_ANY with a name that ends in ".*" accepts anything below. `required` of a nested one: when its parent is sent.
 */
struct sim_param {
    const char *name;
    unsigned in; /* or-ed enum sim_where */
    enum sim_type type;
    bool required;
    int64_t min, max;        /* value of a number, length of a string; max 0: no bounds */
    const char *values;      /* "on off": what a string may be; NULL: anything */
    size_t count_min, count; /* of a list "X[]": how many entries; count 0: no bound */
};

struct sim_operation {
    const char *name;
    const char *method, *path; /* REST only, "/v3/{project_id}/elb/listeners/{listener_id}"; else NULL */
    bool writes;               /* what is not a write is a read: for the log and for AWS's limits */
    const char *
        resource; /* the parameter that names what it is about, for the log, denials and faults; several ("A B")
                             make an id "a/b" */
    const struct sim_param *params;
    size_t param_count;
    void (*run)(struct sim_call *c);
};
#define SIM_PARAMS(table) .params = (table), .param_count = countof(table)

struct sim_entry {       /* where an object serves TLS, as the vendor's API tells it */
    const char *product; /* "alb" */
    const char *id, *domain;
    const char *host; /* CNAME, DNS name or address */
    unsigned port;
};

struct sim_seeding;
struct sim_service {
    const char *cloud, *code; /* "aliyun", "cdn" */
    const char *version;      /* "2018-05-10"; NULL where requests carry none */
    const char *const *hosts; /* NULL-ended, "alb.{region}.aliyuncs.com" */
    const struct sim_operation *operations;
    size_t operation_count;
    const char *style; /* for the vendor's own use: "query", "ec2", "json", "xml"; NULL */
    unsigned port;     /* of its hosts; 0: 443 */
    /* The CA that signs the certificate of such a host, by what {region} stands for, where it is not the simulator's
     * own; then visitors are asked for a certificate, too (sim_request.client). NULL: the simulator's.
     */
    const struct sim_object *(*authority)(struct sim_state *s, const char *region);

    /* Only where the service has resources that serve TLS; else all NULL. */
    const char *resource_kind; /* "cdn.domain" */
    /* Makes the n-th resource of this product (and what it hangs on), see seed.h. */
    void (*generate)(struct sim_seeding *s, size_t n);
    /* False: it has no entry point (HTTPS not possible). Text lives in the arena. */
    bool (*entry)(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret);
    /* The certificate object that `o`, whose fields served now are `view`, presents for this SNI name ("" without
     * SNI); NULL aborts the handshake.
     */
    const struct sim_object *(*choose)(struct sim_state *s, const struct sim_object *o,
                                       const struct sim_fields *view, const char *server_name);
};

enum sim_refusal { /* what the core asks a vendor to say in its own words */
                   REFUSE_THROTTLED,
                   REFUSE_INTERNAL, /* 500, code that clients retry */
                   REFUSE_DENIED,
                   REFUSE_CREDENTIAL,
                   REFUSE_UNKNOWN_ACTION,
                   REFUSE_UNKNOWN_PARAMETER,
                   REFUSE_MISSING_PARAMETER,
                   REFUSE_BAD_PARAMETER,
                   REFUSE_BAD_REQUEST,
};

enum sim_limit {               /* what one bucket of --calls-per-second holds */
                 LIMIT_ACTION, /* access, service and action */
                 LIMIT_ACCESS,
                 LIMIT_REGION, /* access, region, and read or write */
};

struct sim_vendor {
    const char *cloud;
    enum sim_limit limit;
    /* Sets service (several may share a host), operation, region and parameters (sim_param_*), or calls sim_fail and
     * returns false.
     */
    bool (*route)(struct sim_call *c);
    /* The vendor's signature over the raw request; sets c->access with sim_access_find, or fails. */
    bool (*authenticate)(struct sim_call *c);
    /* The vendor's error body around code and message, into c->answer, status as given. */
    void (*fail)(struct sim_call *c, unsigned status, const char *code, const char *message);
    /* Calls sim_fail with the vendor's code for this; detail is the parameter's or action's name, or a message. */
    void (*refuse)(struct sim_call *c, enum sim_refusal why, const char *detail);
};

extern const struct sim_vendor *const sim_vendors[];   /* NULL-ended */
extern const struct sim_service *const sim_services[]; /* NULL-ended, from products.def */

/* ---- one call ---- */

struct sim_access {
    const char *cloud, *account, *name;
    const char *key_id, *secret;
    const char *token; /* a session token that every call must carry; NULL: none */
    bool inactive;     /* refused as the vendor refuses a disabled key */
    bool expired;      /* a role's key past its end */
    const char *role;  /* whose key it is, "certferry"; NULL: a user's */
};

struct sim_answer {
    unsigned status;
    const char *content_type;
    struct buf body;
    struct sim_header headers[8];
    size_t header_count;
};

struct sim_param_value { /* one parameter as sent */
    const char *pattern; /* "Certificates[].CertificateId" */
    const char *wire;    /* "Certificates.1.CertificateId" */
    const char *value;   /* text of it; for JSON scalars spelled out, objects "" */
    enum sim_where where;
    enum sim_type type; /* of JSON values; T_STRING elsewhere */
    size_t index;       /* of the last list on the way, from 0 */
};

struct sim_call {
    struct sim *sim;
    struct sim_state *state;
    struct arena *arena; /* of this call */
    const struct sim_request *request;
    const struct sim_vendor *vendor;
    const struct sim_service *service;
    const struct sim_operation *operation;
    const struct sim_access *access;
    const char *action; /* as asked for, also when unknown; "" */
    const char *region; /* from the host or a header; "" where there is none */
    const char *request_id;
    int64_t now_ms; /* the server's idea of the time */

    struct sim_param_value *params;
    size_t param_count, param_capacity;
    const struct json *json; /* the body of JSON services */

    struct sim_answer answer;
    const char *code;        /* the vendor's code of a refusal; NULL: accepted */
    const char *resource;    /* what it is about: the named parameter, or what run() says; "" */
    const char *key_id;      /* as sent, also when refused; "" */
    const char *changed[64]; /* for the log */
    size_t changed_count;
    bool wrote;
};

/* Parameters: added by route(). Flat ones (query, form, header, path) give their wire name; the pattern is made by
 * sim_param_flat: index_word NULL: "A.1.B" -> "A[].B"; "member": "A.member.1.B" -> "A.member[].B".
 */
void sim_param_add(struct sim_call *c, enum sim_where where, const char *pattern, const char *wire,
                   const char *value);
void sim_param_flat(struct sim_call *c, enum sim_where where, const char *wire, const char *value,
                    const char *index_word);
/* Every scalar and container of a JSON body, also with a "prefix." before each name. Sets c->json. */
void sim_param_json(struct sim_call *c, const struct json *v, const char *prefix);
/* Matches a REST path ("{name}" takes one segment, decoded) and adds its names as IN_PATH. */
bool sim_path_match(struct sim_call *c, const char *pattern, const char *path);

/* Values by wire name ("Certificates.1.CertificateId") or, for JSON, by pattern with numbers as sent. */
const char *sim_arg(const struct sim_call *c, const char *wire); /* NULL if absent */
const char *sim_arg_or(const struct sim_call *c, const char *wire, const char *fallback);
int64_t sim_arg_int(const struct sim_call *c, const char *wire, int64_t fallback);
bool sim_arg_bool(const struct sim_call *c, const char *wire, bool fallback);
/* The i-th value sent for a pattern with one list, in the order of their indices: sim_arg_item(c, "Tag[].Key", 0). */
const char *sim_arg_item(const struct sim_call *c, const char *pattern, size_t i); /* NULL past the end */
size_t sim_arg_count(const struct sim_call *c, const char *pattern);

/* Objects of the call's own account (state.h). scope NULL: any. */
struct sim_object *sim_find(struct sim_call *c, const char *kind, const char *scope, const char *id);
struct sim_object *sim_next(struct sim_call *c, const char *kind, const char *scope, size_t *cursor);
const char *sim_get(struct sim_call *c, const struct sim_object *o, const char *name); /* as accepted; "" */
const char *sim_show(struct sim_call *c, const struct sim_object *o,
                     const char *name); /* as a read shows it */
bool sim_settling(struct sim_call *c, const struct sim_object *o);
/* These write the change into the call's log line: field names, "created" or "deleted". */
struct sim_object *sim_create(struct sim_call *c, const char *kind, const char *scope, const char *id,
                              const struct sim_field *fields, size_t count);
void sim_change(struct sim_call *c, struct sim_object *o, enum sim_settle settle,
                const struct sim_field *fields, size_t count);
void sim_delete(struct sim_call *c, struct sim_object *o);
#define SIM_CHANGE(c, o, settle, ...)                                                                        \
    sim_change((c), (o), (settle), (const struct sim_field[]){__VA_ARGS__},                                  \
               countof(((const struct sim_field[]){__VA_ARGS__})))
#define SIM_CREATE(c, kind, scope, id, ...)                                                                  \
    sim_create((c), (kind), (scope), (id), (const struct sim_field[]){__VA_ARGS__},                          \
               countof(((const struct sim_field[]){__VA_ARGS__})))
/* Adds a name to the log line's fields by hand, for documents kept whole in an '@' field. */
void sim_changed(struct sim_call *c, const char *field);

/* A number for new ids: never given twice, also across restarts with --state. Random-looking hex from a name. */
int64_t sim_serial(struct sim_call *c);
char *sim_hex_id(struct arena *a, const char *name, size_t digits); /* the same for the same name */

/* For services that tell what uses a certificate (users.c): the next object of the account, certificates apart, that holds one
 * of these words in a field.
 */
bool sim_next_user(struct sim_call *c, const char *const *words, size_t count, size_t *cursor,
                   const struct sim_object **ret);
/* Whether calls in that region are denied (--deny-region): nothing there can be told. */
bool sim_region_is_denied(const struct sim_call *c, const char *region);

/* Answers. sim_fail also sets c->code; the first answer wins. */
void sim_reply(struct sim_call *c, unsigned status, const char *content_type, const char *body);
void sim_reply_header(struct sim_call *c, const char *name, const char *value);
void sim_fail(struct sim_call *c, unsigned status, const char *code, const char *fmt, ...) like_printf(4, 5);

/* For authenticate(): the access of this vendor with that key id; NULL if none. */
const struct sim_access *sim_access_find(struct sim_call *c, const char *key_id);
/* The keys of a role, made for a while. */
struct sim_grant {
    const char *key_id, *secret, *token;
    int64_t expires_ms;
};
/* For the operation that exchanges a key pair for the keys of a role. False where there is no such role, or the external id
 * is not the one it asks for.
 */
must_use bool sim_assume(struct sim_call *c, const char *role, const char *external_id, int64_t seconds,
                         struct sim_grant *ret);

/* False when this (key id, nonce) was seen within the last 30 minutes. */
must_use bool sim_nonce_is_new(struct sim_call *c, const char *key_id, const char *nonce);

/* Certificates sent to a vendor, checked against --trust where CHECK_TRUST. */
enum sim_cert_fault sim_check_cert(struct sim_call *c, const char *chain_pem, const char *key_pem,
                                   unsigned checks, struct sim_cert **ret);

/* Paging by opaque token: *ret_from is the index to begin at; false for a token that we did not give out. */
must_use bool sim_page_token_read(const char *token, size_t *ret_from);
char *sim_page_token(struct arena *a, size_t next);

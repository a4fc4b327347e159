/* vendor.h - what a vendor's folder gives to the floor: hosts, signature, shape and meaning of its errors, identity.
 *
 * Calls are declared in adapters (call.h); what is the same for all of a vendor's calls stands here, once.
 */
#pragma once
#include "cloud/call.h"
#include "cloud/sign.h"

/* What one of the vendor's codes means. The first row that fits counts. */
struct vendor_error {
    const char *code; /* "A.B", "A.*" (prefix), "*Throttling*" (anywhere) */
    enum err_kind kind;
    bool transient; /* the same call may work later; with ERR_CONFLICT: busy, surely nothing happened */
    bool clock;     /* may mean that our clock is off */
};

struct refusal { /* as found in an answer; "" where absent */
    const char *code, *message, *request_id;
};

/* Where an answer has the parts of keys that end by themselves: JSON pointers, or paths of an XML answer. `expires` is
 * ISO 8601.
 */
struct grant_shape {
    const char *key_id, *secret, *session_token, *expires;
};

/* How a key pair is exchanged for the keys of a role: the call, and what it names its arguments. */
struct role_exchange {
    const struct call *call;
    const char *region; /* asked where the access names none; "" for a global host */
    const char *role, *session_name, *seconds, *external_id;
    bool in_body; /* they are members of 'body' */
    struct grant_shape shape;
};

/* How an instance of the cloud asks its metadata service for the keys of its own role: a token first (a plain read through
 * somebody's forwarding service gets none), then the role's name, then its keys.
 */
struct machine {
    const char *host; /* "169.254.169.254" */
    const char *ttl_header, *token_header,
        *path; /* of the token, asked at /latest/api/token; path: of the roles */
    struct grant_shape shape;
};

/* A certificate in the vendor's certificate service. */
struct held_certificate {
    const char *vendor_store, *ref; /* as products name them */
    const char *name;               /* the vendor's; "" */
    bool official;                  /* bought or issued there, not uploaded */
    const char *pem;                /* leaf first; "" where the service does not show it without the key */
    const struct secret *key;       /* PEM; NULL unless asked for and given */
};
/* Called for each; its strings need not outlive the call. False stops the walk with err. */
typedef bool held_fn(void *context, const struct held_certificate *held, struct err *err);

/* A certificate in the vendor's certificate service that may be deleted there. */
struct stored {
    const char *vendor_store, *ref; /* as products name them */
    const char *fingerprint;        /* of ours: what lies there has to be the same */
    const char *kept; /* why it stays: what uses it, or what could not be found out; NULL: nothing uses it */
    bool gone;        /* it is not there any more */
};

/* What a vendor's certificate service can be told to copy to another of its services, for good. */
struct push_product {
    const char *code;    /* "huawei/elb" */
    const char *service; /* as the vendor calls it */
    bool global;         /* has no regions */
    const char *next;    /* what is to be done there afterwards, and what to know of it */
};

enum push_outcome { PUSH_NO_ANSWER, PUSH_DONE, PUSH_REFUSED };

struct push {           /* one region's */
    const char *region; /* "" for a global product */
    enum push_outcome outcome;
    const char *ref;  /* the copy's id over there; "" */
    const char *text; /* why it was refused, redacted; "" */
    bool recorded;    /* the vendor's own records show it */
};

struct pusher {
    const char *vendor_store;            /* where the certificate has to lie: "scm" */
    const struct push_product *products; /* ends with a NULL code */
    unsigned regions_max;
    /* Whether the certificate lies there and its status allows a push. ERR_NOT_FOUND: it is gone;
     * ERR_INVALID_CERTIFICATE: the status, in a sentence.
     */
    bool (*ready)(struct job *job, const char *ref, struct err *err);
    /* Finds it there or brings it: at most one write, as product.upload. */
    bool (*bring)(struct job *job, const struct material *m, const char **ret, struct err *err);
    /* Sets `recorded`. ret_complete: what is not shown was not pushed, as the records go back far enough. */
    bool (*records)(struct job *job, const char *ref, const struct push_product *product, struct push *pushes,
                    size_t count, bool *ret_complete, struct err *err);
    /* One call for all; sets outcome, ref and text of each. False: nothing was done, or where err leaves a doubt,
     * nobody knows.
     */
    bool (*send)(struct job *job, const char *ref, const struct push_product *product, struct push *pushes,
                 size_t count, struct err *err);
};

struct vendor {
    const char *cloud; /* "aliyun" */
    sign_fn *sign;
    const struct vendor_error *errors;
    size_t error_count;
    const char *site_china, *site_international; /* what {site} in a host becomes */
    bool limits_by_region;                       /* each region counts calls for itself */

    /* The host where it does not follow the pattern (exceptions of a region, China's AWS); NULL: the pattern. */
    const char *(*host)(struct arena *a, const char *site, const struct call *call, const char *region);

    /* The region a signature names; NULL: the call's own. */
    const char *(*sign_region)(const char *site, const struct call *call, const char *region);

    /* Headers, and arguments for the path, that depend on the account and not on the adapter (Huawei's project). May
     * make calls of its own, which it keeps in the session (session_put). NULL: nothing.
     */
    bool (*prepare)(struct job *job, const struct call *call, const char *region, struct pairs *path,
                    struct wire *w, struct err *err);

    /* Whether the answer is a refusal, and which. Exactly one of json and xml may be given; both may be NULL. */
    bool (*refusal)(struct arena *a, long status, const struct json *json, const struct xml *xml,
                    struct refusal *ret);

    /* Who the access is. */
    bool (*identify)(struct job *job, struct identity *ret, struct err *err);

    const struct role_exchange *roles; /* NULL: none */
    const struct machine *machine;     /* NULL: none */

    /* Fills names, fingerprint, serial, dates and key type of what b->ref names; NULL where certificates cannot be
     * looked up. Called once per ref and session.
     */
    bool (*facts)(struct job *job, const char *region, struct bound *b, struct err *err);

    /* Every certificate that the account's certificate service holds and that may be deployed, of all its sites and regions. */
    bool (*held)(struct job *job, bool with_key, held_fn *each, void *context, struct err *err);

    /* Finds out of each whether anything uses it, by the vendor's own word, and sets kept or gone. Whatever cannot be
     * found out is a reason to keep.
     */
    void (*used)(struct job *job, struct stored *copies, size_t count);
    /* Deletes one that nothing uses; the vendor may know better and refuse. ERR_NOT_FOUND where it is gone. */
    bool (*discard)(struct job *job, const struct stored *copy, struct err *err);

    const struct pusher *pusher; /* NULL: it has nothing of the kind */

    const struct call *const *calls;       /* those of the vendor's folder beside its products', NULL-ended */
    const struct call *const *clean_calls; /* those of used and discard alone, which no deployment makes */
};

extern const struct vendor *const vendors[]; /* NULL-ended */
const struct vendor *vendor_find(const char *cloud);

/* What adapters ask about the access they work for. All strings are copied to job->arena. */
const char *session_site(struct job *job);    /* "china" or "international" */
const char *session_account(struct job *job); /* "" before the first check */
/* Regions that the access is limited to; count 0: all. */
void session_regions(struct job *job, const char ***ret, size_t *ret_count);

/* Small facts kept while the session lives (a project's id by region). Gone when the access's key changes. */
const char *session_get(struct job *job, const char *key); /* NULL if absent */
void session_put(struct job *job, const char *key, const char *value);
/* The same for what must not be seen (a cluster's client key), kept for lasts_ms at most; value NULL: no longer. The copy
 * given back is job->arena's.
 */
const struct secret *session_get_secret(struct job *job, const char *key); /* NULL if absent or too old */
void session_put_secret(struct job *job, const char *key, const struct secret *value, int64_t lasts_ms);

/* Completes a bound entry from the session's cache of certificates, or asks the vendor once. What cannot be found out
 * stays unknown; only a failure of the access itself (credential, network, throttled) is an error.
 */
must_use bool session_facts(struct job *job, const char *region, struct bound *b, struct err *err);

/* The same from the certificate itself, where the cloud hands it out: the first block of the PEM text. False, and b as
 * it was, where that is no certificate.
 */
bool bound_of_pem(struct arena *a, const char *pem, struct bound *b);
/* The SHA-1 of that certificate, which some clouds tell them by: 40 digits, lower case. */
must_use bool sha1_of_pem(struct arena *a, const char *pem, const char **ret);
/* The same for what is read again and again: texts seen lately are not parsed another time. */
bool session_bound_of_pem(struct job *job, const char *pem, struct bound *b);

/* For vendor.facts where one call shows a certificate's name and PEM, at these pointers, and perhaps its private key: the answer
 * is read into memory that is wiped. ERR_NOT_FOUND where it shows no certificate.
 */
must_use bool facts_shown(struct job *job, const struct call *call, const char *region, const char *arguments,
                          const char *name, const char *pem, struct bound *b, struct err *err);
/* An SM2 pair is known by the digest of both its certificates, as everywhere in certferry; NULL where one cannot be read. */
const char *pair_fingerprint(struct arena *a, const char *signing_pem, const char *encryption_pem);

/* For product.old_key: whether our own store holds the certificate with its key, so that it can be brought again; *ret is
 * NULL or `lost`.
 */
must_use bool session_can_bring(struct job *job, const char *fingerprint, const char *lost, const char **ret,
                                struct err *err);

/* For vendor.used. Keeps it, unless there is a reason already; the text is job->arena's. */
void stored_keep(struct job *job, struct stored *c, const char *fmt, ...) like_printf(3, 4);
/* Keeps it because of a failure, which is no answer. */
void stored_doubt(struct job *job, struct stored *c, const struct err *why);
/* For vendor.facts, where a list that was read to its end does not have it: as good as the vendor's word. Always false. */
bool facts_unlisted(struct err *err, const char *where, const char *ref);
/* Whether it is still there and still ours, by vendor.facts; else sets gone or kept. */
bool stored_is_there(struct job *job, const char *region, struct stored *c);
/* Where the vendor does not tell: keeps those that a resource of these products (codes, NULL-ended) holds in these regions. What
 * cannot be listed is doubt for all. Global products need no regions. same: those too whose certificate one holds under
 * another reference.
 */
void stored_list_users(struct job *job, const char *const *codes, const char *const *regions,
                       size_t region_count, bool same, struct stored *copies, size_t count);
/* The part of a store's name behind its first colon: "us-east-1" of "acm:us-east-1"; NULL where the first part is another. */
const char *stored_in(const struct stored *c, const char *service);

/* ---- for product.upload ---- */

/* The part of a store's name behind its first colon: "us-east-1" of "acm:us-east-1"; "" if it has none. */
const char *store_place(const char *vendor_store);
/* Refuses what has no private key with us: it can be used in its own certificate service, and brought nowhere. */
must_use bool upload_has_key(const struct material *m, struct err *err);
/* Whether what that store has under the name of ours is ours: the same name with other content is somebody else's work, and
 * ERR_CONFLICT. What the vendor does not show is taken for ours.
 */
must_use bool upload_is_ours(struct job *job, const char *region, const char *ref, const char *where,
                             const struct material *m, struct err *err);
/* What a store answered to the certificate that it was brought: the reference, or, where that is empty, doubt. */
must_use bool upload_answered(const char *ref, const char *where, const char **ret, struct err *err);
/* An upload that failed after the certificate may have been brought: says so in err, whatever the failure was, so that it
 * is looked for before it is brought again. Returns ok.
 */
bool upload_in_doubt(bool ok, struct err *err);

/* One of our own certificates as material, by fingerprint. ERR_NOT_FOUND where we do not hold it. The key is the
 * arena's.
 */
must_use bool session_material(struct job *job, const char *fingerprint, struct material *ret,
                               struct err *err);
/* For product.bind where it takes certificate and key themselves: the one of that fingerprint, which is w's material, or
 * (in a rollback) one of our own.
 */
must_use bool bind_material(struct job *job, const struct bind *w, const char *fingerprint,
                            struct material *ret, struct err *err);

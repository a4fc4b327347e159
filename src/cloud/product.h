/* product.h - what the rest of certferry asks of one cloud product.
 *
 * A product is one file in cloud/<vendor>/ ending in a `const struct product`, plus one line in products.def. Its
 * functions run on worker threads and block in cloud calls (call.h); they keep nothing in static variables, allocate
 * from job->arena, and leave retry, pacing, deadlines, journal, compare and read-back to others.
 */
#pragma once
#include "base/log.h"
#include "cert/certificate.h"
#include "cloud/cloud.h"
#include "store/resource.h"
#include <stdatomic.h>

struct product;
struct call;
struct record;

/* Where calls go instead of to the cloud's own host, and as whom: a cluster's API server, which knows no signatures but
 * the certificate of a kubeconfig. It is reached through the access's proxy or, by CONNECT, its gateway.
 */
struct endpoint {
    const char *address; /* "198.51.100.7:6443" */
    const char *ca_pem, *client_pem;
    const struct secret *client_key;
};

struct job { /* one piece of work on one access */
    struct arena *arena;
    struct session *session;
    const struct product *product;
    const struct log_ctx *log;
    int64_t
        patience_ms; /* how long one call may wait for the limiter and for repeats: 1000 in the engine, more in a synchronisation */
    unsigned page_most;        /* listings ask for at most so many items at once; 0: as declared */
    int64_t pause_ms;          /* set by bind: ask again not before this many ms; 0: at once */
    const struct bound *known; /* certificates as the inventory has them, which are not parsed again */
    size_t known_count;
    const atomic_bool *stop; /* NULL: none. Once true, no further call is made: ERR_TIMEOUT */
    bool check;              /* asks a suspended access all the same; cloud_check alone sets it */
    bool
        own_keys; /* asks with the access's key pair, not with those of its role; credentials.c alone sets it */
    const struct endpoint *endpoint; /* NULL: the cloud itself */
    bool *
        wrote; /* NULL, or set once a call that changes something was accepted: an upload that only found leaves it */
    struct record *record; /* NULL, or where the answers of reads are kept (cloud/record.h) */
};

/* The present binding of one resource. */
struct binding {
    bool https;
    bool ready;         /* false while the cloud is still rolling out a change */
    const char *failed; /* the cloud says the last change failed, in its words; NULL if not */
    const char *etag;   /* proof that we change what we read; "" where the API has none */
    struct bound *bound;
    size_t bound_count;
    const char *settings; /* JSON object: the settings beside the certificate that a change could harm */
    const char *document; /* the vendor's document as read, for splicing; NULL where unused */
    const struct secret *vault; /* what else it takes to put this back: an old private key; NULL: nothing */
};

/* A change of one slot: the goal in the journal. For slot "default" (and "sm", and rule domains) add holds at most one ref and
 * remove at most one; no add means: switch off what was off before. For "sni" add our ref, remove those it replaces.
 * The reverse of a change is the same struct with add and remove exchanged.
 */
struct change {
    const char *slot;
    const char **add;
    size_t add_count;
    const char **remove;
    size_t remove_count;
};

char *change_to_json(struct arena *a, const struct change *change);
must_use bool change_from_json(struct arena *a, const char *json, struct change *ret, struct err *err);
struct change change_reverse(struct arena *a, const struct change *change);

enum change_progress {
    CHANGE_DONE,    /* all added, all removed */
    CHANGE_OPEN,    /* something is left to do, and what is there is what we expect */
    CHANGE_FOREIGN, /* somebody else's certificate stands where ours or the old one should */
};
/* How far the binding is on the way. "sni": FOREIGN never (entries of others are left alone). */
enum change_progress change_progress(const struct binding *now, const struct change *change);

/* Whether the slot holds the ref; the first entry of the slot, NULL if it holds nothing. */
bool binding_holds(const struct binding *now, const char *slot, const char *ref);
const struct bound *binding_slot(const struct binding *now, const char *slot);
bool refs_hold(const char *const *refs, size_t count, const char *ref);
/* The set ("sni") as it shall be, for clouds that take it whole: ours where the first of those that go was, the others in
 * their order, each once.
 */
const char **set_after(struct arena *a, const struct binding *now, const struct change *change,
                       size_t *ret_count);

/* Without document. With a vault the text holds it: then, and for reading it, `a` is an arena that is wiped. */
char *binding_to_json(struct arena *a, const struct binding *binding);
must_use bool binding_from_json(struct arena *a, const char *json, struct binding *ret, struct err *err);

/* What goes to the cloud. In id-based products bind sees only refs; PEM-based ones get this. */
struct material {
    const char *name; /* unique and found again: "certferry-<first 16 of the fingerprint>" */
    const char *fingerprint, *serial;
    const char *leaf_pem, *chain_pem, *fullchain_pem;
    const struct secret *key;                /* PKCS#8 PEM */
    const char *sm2_encryption_pem;          /* the other half of an SM2 pair; NULL or "" if none */
    const struct secret *sm2_encryption_key; /* PKCS#8 PEM; NULL if none */
    const char *const *domains;
    size_t domain_count;
    enum key_type key_type;
    unsigned key_bits;
    const char *curve;
    bool sm2, chain_complete;
    int64_t not_before_ms, not_after_ms;
};

/* ---- what bindings and resources are made with: texts that are not set are NULL until then, "" afterwards ---- */

/* A further entry, its texts copied; an empty ref adds none and gives NULL. */
struct bound *binding_add(struct arena *a, struct binding *b, const char *slot, const char *ref);
/* One known by its text: named by the digest of the certificate behind `prefix` ("pem:", ""), or, where that cannot be read,
 * by its name there.
 */
struct bound *binding_add_pem(struct job *job, struct binding *b, const char *slot, const char *prefix,
                              const char *pem, const char *name);
/* Completes every entry: session_facts. */
must_use bool binding_look_up(struct job *job, const char *region, struct binding *b, struct err *err);

/* Called for each resource found; its strings need not outlive the call. False stops the walk with err. */
typedef bool resource_fn(void *context, const struct resource *r, struct err *err);

struct
    survey { /* one region that is being listed ("" for global products), and who gets what is found there */
    const char *region;
    resource_fn *each;
    void *context;
};

/* Makes r that domain: its title and its only name. False for what is no name that a certificate could cover. A dot in front
 * (".example.com") is what some clouds write for "*.".
 */
must_use bool resource_of_domain(struct arena *a, struct resource *r, const char *domain);
/* Adds a name, unless it has it already (then the first evidence stays) or it is none. */
void resource_add_name(struct arena *a, struct resource *r, const char *name, enum evidence evidence);
/* Adds the names of the certificates bound in that slot; NULL: in all. */
void resource_add_held(struct arena *a, struct resource *r, const struct binding *b, const char *slot);
/* Adds the domains whose own slots they are. */
void resource_add_slots(struct arena *a, struct resource *r, const struct binding *b);
/* Hands over what was found, with the binding it has. Unless they are set: product and region are those of job and survey,
 * https, title, port and lock follow from the binding, the id, 443, and product, region and id; it is of unknown reach.
 */
must_use bool resource_emit(struct job *job, const struct survey *to, struct resource *r,
                            const struct binding *b, struct err *err);
/* ---- what one listing leaves for another, which is read after it: copied, as a page goes with its items ---- */

struct link { /* a rule and the listener it is of, a website and its certificate */
    const char *from, *to;
};
struct links {
    struct link *items;
    size_t count;
};
void links_add(struct arena *keep, struct links *l, const char *from, const char *to);
/* The same, unless there is one from there: then false. */
bool links_add_first(struct arena *keep, struct links *l, const char *from, const char *to);
/* Where the first one from there leads; NULL where there is none. And one after the other, from *at (0 at first) on. */
const char *links_to(const struct links *l, const char *from);
const char *links_next(const struct links *l, const char *from, size_t *at);

/* What a listener has of its load balancer, or a domain of its gateway; texts that are not set are "". */
struct balancer {
    const char *id, *name, *host, *reach, *managed_by, *unfit;
};
struct balancers {
    struct balancer *items;
    size_t count;
};
void balancers_add(struct arena *keep, struct balancers *l, const struct balancer *b);
/* One with that id alone, of unknown reach, where it is not among them. */
struct balancer balancers_find(const struct balancers *l, const char *id);
/* A listener as the resource that it is: called "NAME PROTOCOL:PORT", and locked with all others of its load balancer. */
struct resource resource_of_listener(struct job *job, const struct balancer *of, const char *vendor_id,
                                     const char *protocol, int64_t port);

/* A text or number that discover left in a resource's `extra`; the fallback if it is not there. */
const char *resource_extra(struct arena *a, const struct resource *r, const char *pointer,
                           const char *fallback);

struct bind { /* one write, as bind is asked for */
    const struct resource *resource;
    const struct binding *now;       /* as just read */
    const struct change *change;     /* change_progress says OPEN */
    const struct material *material; /* NULL when only refs are needed (a rollback by id) */
    const struct binding *before;    /* what a rollback leads back to; NULL: this is none */
};

#define PRODUCT_CODE(vendor, kind) .cloud = vendor, .name = kind, .code = vendor "/" kind

/* How much a certificate store takes and holds, as its vendor counts. */
struct store_room {
    const char *
        vendor_store; /* as store_for names it, or the part of that before a colon: all below it share the room */
    int64_t used, most;          /* certificates; most -1: the vendor does not tell */
    int64_t lately, lately_most; /* brought within 365 days; -1: not counted */
};
/* Called for each store; its strings need not outlive the call. False stops with err. */
typedef bool room_fn(void *context, const struct store_room *room, struct err *err);

struct product {
    const char *cloud, *name, *code; /* "aliyun", "cdn", "aliyun/cdn": PRODUCT_CODE */
    const char *title;               /* "Alibaba Cloud CDN" */
    bool global;                     /* no regions: discover is called once with region "" */
    bool sni;                        /* has a set of further certificates: slot "sni" */
    bool sni_closed; /* and takes none beyond those in it: one comes in place of another of its algorithm */
    bool takes_sm2;
    bool sm_slot;          /* SM2 certificates stand beside the others, in the slot "sm" */
    bool sm_told;          /* and listings tell which is there (resource.sm_told); else none does */
    bool needs_chain;      /* refuses an incomplete chain */
    bool first_deployment; /* may switch HTTPS on (R8) */
    unsigned
        sni_max; /* certificates in the set by default, without the default one, where one comes before the old one
                         goes; 0: not published, or the set changes in one write */
    const char *vendor_store; /* where certificates are brought, "cas:{region}"; NULL: store_for tells */
    const char *no_sm2; /* why SM2 certificates are refused, where there is more to say than that they are */
    const char *no_removal; /* why the slot "default" cannot be emptied; NULL: it can */
    const char *
        lost_key; /* why what was uploaded to the product itself comes back from our own store only; NULL: there is
                                  none such */
    const char *
        own_prefix; /* how a reference to that begins, before its digest: "pem:"; NULL: it is the digest alone */
    const char
        *one_way; /* how references begin that no call binds again, "upload:"; NULL: there are none such */
    const char *one_way_why;
    unsigned read_calls;    /* calls that one read takes; 0: one */
    unsigned set_writes;    /* calls that put one certificate of the set in place of another; 0: one */
    int64_t consistency_ms; /* a write that happened is seen by read after this at the latest */
    int64_t settle_ms;      /* bound for a change to become ready */
    int64_t poll_ms;        /* how often to look meanwhile, at most */
    int64_t propagation_ms; /* bound for the entry point to serve it after ready */
    const struct call *const
        *calls; /* every call it makes, NULL-ended (cloud/call.h): for the test of declarations */

    /* Regions this product is to be listed in, for this access (its own list, else from the cloud). NULL for global. */
    bool (*regions)(struct job *job, const char ***ret, size_t *ret_count, struct err *err);

    const struct call
        *lists_regions; /* what `regions` asks, its page.items the list; NULL where it asks otherwise */

    /* Emits every resource of one region, paging to the end, each with names, slots and what they hold (names and dates
     * of bound certificates looked up and cached per session), entry point, owner. err is not NULL here and below.
     */
    bool (*discover)(struct job *job, const struct survey *to, struct err *err);

    /* The binding now; it begins as ready, and empty. ERR_NOT_FOUND when the resource is gone. */
    bool (*read)(struct job *job, const struct resource *r, struct binding *now, struct err *err);

    /* Which certificate store takes this certificate for this resource: "cas:cn-hangzhou". NULL in *ret: none, bind
     * gets the PEM. ERR_INVALID_CERTIFICATE with the reason when the product refuses type or size. SM2 certificates come
     * here only where the product takes them. NULL member: always vendor_store.
     */
    bool (*store_for)(struct job *job, const struct resource *r, const struct material *m, const char **ret,
                      struct err *err);

    /* Finds our certificate in that store, or brings it there: at most one write, looked up first by name and
     * fingerprint, so that it can be repeated after a lost answer. *ret is the ref that bind and read use.
     */
    bool (*upload)(struct job *job, const char *vendor_store, const struct material *m, const char **ret,
                   struct err *err);

    /* How much the stores take that certificates for this region's resources go into, for the plan; with region "" those
     * of the whole account. Asked during a synchronisation, and once where products share the function. NULL: no limit is
     * published.
     */
    bool (*room)(struct job *job, const char *region, room_fn *each, void *context, struct err *err);

    /* One write towards the change. Make before break. What no_removal and one_way forbid does not come here. */
    bool (*bind)(struct job *job, const struct bind *w, struct err *err);

    /* Whether what the slot holds now can be put back later: *ret NULL yes, else why not. NULL member: as one_way, lost_key
     * and no_removal tell, else yes when every ref is known.
     */
    bool (*old_key)(struct job *job, const struct resource *r, const struct bound *old, const char **ret,
                    struct err *err);
};

/* The functions above as others call them, of job->product: what is declared is applied before, and what was left out set
 * after. product_restore undoes ours with one write; before: what the resource held then.
 */
must_use bool product_discover(struct job *job, const char *region, resource_fn *each, void *context,
                               struct err *err);
must_use bool product_read(struct job *job, const struct resource *r, struct binding *ret, struct err *err);
must_use bool product_store_for(struct job *job, const struct resource *r, const struct material *m,
                                const char **ret, struct err *err);
must_use bool product_bind(struct job *job, const struct resource *r, const struct binding *now,
                           const struct change *change, const struct material *m, struct err *err);
must_use bool product_restore(struct job *job, const struct resource *r, const struct binding *now,
                              const struct binding *before, const struct change *ours, struct err *err);
must_use bool product_old_key(struct job *job, const struct resource *r, const struct bound *old,
                              const char **ret, struct err *err);
/* Whether product_old_key has to ask a cloud or our store. */
bool product_asks_for_old_key(const struct product *p);

/* All products, in the order of products.def; NULL-terminated. */
extern const struct product *const products[];
const struct product *product_find(const char *code); /* NULL if unknown */
/* Refuses what is not in the list, with the place to go to instead: ERR_INPUT. Always false. */
bool product_refuse(const char *code, struct err *err);

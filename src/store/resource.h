/* store/resource.h - the inventory: what serves TLS in the connected accounts, as last synchronised.
 *
 * The same structs are what product adapters emit (cloud/product.h).
 */
#pragma once
#include "store/store.h"

/* Where a name of a resource comes from, strongest first. */
enum evidence {
    EVIDENCE_DOMAIN,
    EVIDENCE_RULE,
    EVIDENCE_DNS,
    EVIDENCE_TAG,
    EVIDENCE_CERTIFICATE,
    EVIDENCE_HAND
};
const char *evidence_name(enum evidence evidence); /* "domain", "rule", "dns", "tag", "certificate", "hand" */

struct resource_name {
    const char *name; /* normalised */
    enum evidence evidence;
};

/* What one slot holds. Several entries may share the slot "sni": together they are that slot. */
struct bound {
    const char *slot; /* "default", "sni", "sm", or a rule's domain */
    const char *ref;  /* how the vendor names the certificate, opaque; "" where it has none (PEM only) */
    const char *name; /* the vendor's name of it; "" unknown */
    const char *fingerprint; /* sha256 hex of the leaf; "" unknown */
    const char *serial;      /* lower-case hex without leading zeros; "" unknown */
    const char **names;      /* bound domains of that certificate, normalised; none where unknown */
    size_t name_count;
    int64_t not_after_ms; /* 0 unknown */
    const char *key_type; /* "rsa", "ecdsa", "sm2"; "" unknown */
    const char *issuer;   /* "" unknown */
};

struct resource {
    int64_t id, version, access_id;
    const char *owner;
    const char *product;   /* "aliyun/cdn" */
    const char *region;    /* "" for global products */
    const char *vendor_id; /* unique within access, product, region */
    const char *title;     /* what people call it */
    struct resource_name *names;
    size_t name_count;
    bool must_cover_all; /* a certificate has to cover all names (aws/cloudfront), else any is enough */
    bool https;          /* switched on */
    struct bound *bound;
    size_t bound_count;
    const char *host; /* entry point; "" unknown */
    unsigned port;
    bool quic;              /* served over QUIC: cannot be probed */
    const char *reach;      /* "public", "private", "unknown" */
    const char *lock;       /* what the vendor serialises, unique within the access: "alb:alb-123" */
    const char *alias_of;   /* vendor_id of the same thing seen twice; "" if none */
    bool sm_told;           /* bound says what stands at "sm", also where that is nothing; not kept */
    const char *managed_by; /* "" or the owner: "ack:c123" */
    const char *unfit;      /* "" or why nothing can be deployed here: "offline", "no aliases" */
    const char *
        extra; /* JSON for its adapter; for the plan: sni_max and sni_room, of a set with a limit of its own */
    bool missing; /* no longer listed */
    int64_t generation, synced_ms;
};

/* What a list asks for; NULL or 0 fields do not filter. */
struct resource_filter {
    int64_t access_id;
    const char *product, *region;
    const char *text;       /* substring of title, vendor id or a name */
    const char *name;       /* has exactly this name, or is covered by/covers it as a wildcard would */
    int64_t certificate_id; /* holds a copy of this certificate (by fingerprint) */
    bool include_missing;
    const char *accesses; /* ",12,17,": of these alone; NULL or "": of all */
};

/* Inserts or replaces by (access, product, region, vendor_id), keeping id; rewrites its names; clears `missing`. What
 * stood at the slot "sm" stays where r says nothing of it: no listing tells it.
 */
must_use bool store_resource_put(struct db *db, struct store *s, const struct resource *r, struct err *err);
/* Marks what (access, product, region) had before this generation as missing; missing ones are no longer found by
 * name, only by text.
 */
must_use bool store_resource_retire(struct db *db, int64_t access_id, const char *product, const char *region,
                                    int64_t generation, struct err *err);
must_use bool store_resource_load(struct db *db, struct arena *a, int64_t id, struct resource *ret,
                                  struct err *err);
must_use bool store_resource_list(struct db *db, struct arena *a, const struct resource_filter *filter,
                                  const struct page *page, struct resource **ret, size_t *ret_count,
                                  struct err *err);
/* Those whose vendor id or title is this text, missing ones too; 1,000 at most. */
must_use bool store_resource_called(struct db *db, struct arena *a, const char *text, struct resource **ret,
                                    size_t *ret_count, struct err *err);
/* Ids of resources that have a name which one of these bound domains covers: two index look-ups per domain, each
 * id once, ascending. Missing ones are left out.
 */
must_use bool store_resource_matching(struct db *db, struct arena *a, const char *const *domains,
                                      size_t domain_count, int64_t **ret_ids, size_t *ret_count,
                                      struct err *err);
/* Replaces what the slots hold, after a deployment changed it. */
must_use bool store_resource_set_bound(struct db *db, int64_t id, const struct bound *bound, size_t count,
                                       struct err *err);

/* JSON of bound entries and back, as resources and journals keep them. */
char *bound_to_json(struct arena *a, const struct bound *bound, size_t count);
must_use bool bound_from_json(struct arena *a, const char *json, struct bound **ret, size_t *ret_count,
                              struct err *err);

/* One synchronisation of (access, product, region): for "synchronised 3 min ago, region x failed". */
struct sync_row {
    int64_t access_id;
    const char *product, *region;
    int64_t generation, started_ms, finished_ms; /* finished 0: running or died */
    int64_t resources;
    const char *error_kind, *error_text; /* "" if fine */
};
must_use bool store_sync_put(struct db *db, const struct sync_row *row, struct err *err);
must_use bool store_sync_list(struct db *db, struct arena *a, int64_t access_id, struct sync_row **ret,
                              size_t *ret_count, struct err *err); /* access_id 0: all */

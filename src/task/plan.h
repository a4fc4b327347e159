/* plan.h - which certificate goes onto which slot of which resource, why, and what would be lost.
 *
 * plan_compute is a pure function of what it is given; plan_load gathers that from the store. One row per slot:
 *   - a resource with domains of its own (EVIDENCE_DOMAIN) has the slot "default", serving those domains;
 *   - a listener's "default" serves the names of the certificate bound there; its "sni" entries that one new
 *     certificate replaces are one row; a rule's host that no bound certificate covers is an addition to "sni";
 *   - a slot named like a domain serves that domain.
 * A row whose hold words are not all accepted is HELD and never starts. A slot that holds the certificate already
 * stays in the plan as already_bound. What is left out is told in a note.
 */
#pragma once
#include "cloud/product.h"
#include "store/access.h"
#include "store/certificate.h"
#include "store/room.h"
#include "store/task.h"
#include "task/charge.h"
#include "task/selection.h"

struct plan_certificate {
    struct certificate_row row;
    const char **domains; /* row.domains, parsed */
    size_t domain_count;
    struct material material; /* for the products to look at; its keys cannot be read */
    const int64_t *held;      /* accesses in whose account a copy lies; asked where the key is not here */
    size_t held_count;
};

/* Where a deployment copies the key to. */
struct plan_place {
    const char
        *store; /* a certificate store as product.store_for names it; "": the resource itself, when known */
    bool known;
};

/* Which place takes this certificate for this resource; *ret_refusal is a sentence where the product refuses its type or
 * size, else left alone. Asked once for each resource and certificate that covers it.
 */
typedef void plan_place_fn(void *context, const struct product *product, const struct resource *r,
                           const struct plan_certificate *cert, struct plan_place *ret,
                           const char **ret_refusal);

/* Whether what the slot holds can be put back: *ret_reason NULL if so. Asked for rows that would write. */
typedef void plan_undo_fn(void *context, const struct product *product, const struct resource *r,
                          const struct bound *old, const char **ret_reason);

struct plan_input {
    const struct plan_certificate *certificates;
    size_t certificate_count;
    const struct resource *resources; /* those with a matching name, and those named in the selection */
    size_t resource_count;
    const struct selection *selection;
    const int64_t *access_ids; /* selection.access, resolved; count 0: any */
    size_t access_count;
    const char *replaces_fingerprint; /* when selection.replaces is one of our certificates; else NULL */
    const struct product *(*find_product)(const char *code);
    const struct first_contact_row *contacts; /* products that were tried, by access */
    size_t contact_count;
    const struct copy_row *copies; /* of these certificates, that lie in the clouds already */
    size_t copy_count;
    const struct room_row *rooms; /* how much certificate stores take, as far as is known */
    size_t room_count;
    const struct access_row *accesses; /* all that are connected */
    size_t access_row_count;
    const struct sync_row *syncs; /* by access and product */
    size_t sync_count;
    const struct charge_book *book; /* who owns what; NULL: all is one owner's */
    plan_place_fn *place;           /* NULL: places are not known, and nothing is refused by them */
    plan_undo_fn *undo;             /* NULL: can be undone where every ref is known */
    void *context;                  /* of both */
    int64_t now_ms;
};

struct plan_note {
    /* "certificate", "expiring", "unmatched", "no_match", "left_out", "uncovered", "not_found", "first_contact",
     * "filing", "synchronising", "not_synchronised", "room"
     */
    const char *kind;
    int64_t certificate_id, resource_id; /* 0: none */
    const char *title;                   /* of the resource, certificate or certificate store; "" none */
    const char *text;                    /* a sentence that says what to do */
};

struct plan {
    struct deployment_row *rows; /* id, task_id and owner are the caller's to fill */
    size_t count;
    struct plan_note *notes;
    size_t note_count;
};

/* Linear in certificates, names and resources, but for the sorting of resources. */
void plan_compute(struct arena *a, const struct plan_input *input, struct plan *ret);

/* R24-R27: whether the certificate may be deployed now. ERR_INVALID_CERTIFICATE in one sentence. */
must_use bool plan_certificate_check(const struct certificate_row *row, bool allow_expiring, int64_t now_ms,
                                     struct err *err);

/* "aliyun/cdn" is itself; "aliyun" every product of that cloud; an empty list names all. */
bool plan_product_in(const char *code, const struct texts *list);
/* Whether the selection asks for the access: by name, or for all. */
bool plan_asks_access(const struct plan_input *in, int64_t id);

char *plan_notes_json(struct arena *a, const struct plan_note *notes, size_t count);
must_use bool plan_notes_from_json(struct arena *a, const char *json, struct plan_note **ret,
                                   size_t *ret_count, struct err *err);

/* plan_private.h - what the files of plan_compute share. */
#pragma once
#include "task/index.h"
#include "task/plan_row.h"

/* A certificate that may be deployed, and what became of it. */
struct candidate {
    const struct plan_certificate *cert;
    bool fits_somewhere; /* it covers a slot, though another may have been chosen */
    size_t rows;
    /* What was found out for the resource `resource_id`, which its slots share: */
    int64_t resource_id;
    struct plan_place place;
    const char *refusal;
    size_t considered; /* for the slot of this number */
};

struct planning {
    struct arena *a;
    const struct plan_input *in;
    struct texts domain;                     /* normalised where they are names */
    struct index domains, excluded_names;    /* the same, and selection.exclude */
    struct index resources, added, excluded; /* what people call resources: ids, vendor ids, titles */
    struct index certificates;               /* bound domains of the candidates */
    struct index copies;                     /* "access certificate store", those of this plan too */
    struct candidate *candidates;
    size_t candidate_count;
    bool some_sm, some_other; /* of the candidates */
    size_t slots_seen;
    struct plan *plan;
    size_t row_capacity, note_capacity;
    size_t left_out, looked_at;
    struct index uncovered; /* names told already */
    size_t uncovered_count;
};

void plan_add_note(struct planning *p, const char *kind, int64_t certificate_id, const struct resource *r,
                   const char *title, const char *text);

char *plan_copy_key(struct arena *a, int64_t access_id, int64_t certificate_id, const char *vendor_store);

/* Whether the list names this resource: by our id, the vendor's, or its title. */
bool plan_resource_in(const struct index *list, const struct resource *r);

/* Certificates in the order given, each once (R73); those that may not be deployed are told. */
void plan_choose_candidates(struct planning *p);

struct choice {
    size_t candidate;
    enum fit fit;          /* FIT_NONE: none */
    const char *chosen;    /* "; chosen before old-one: it is valid longer"; "" */
    const char *objection; /* why a certificate that covers the names was not taken; NULL */
};

/* The best certificate for the slot: exact before wildcard, then valid longest, then the key type bound there. */
struct choice plan_choose(struct planning *p, const struct product *product, const struct resource *r,
                          const struct slot *slot);

/* A slot that none of the certificates belongs into is not talked about. */
bool plan_concerns(const struct planning *p, const struct product *product, const struct slot *slot);

/* R31, R32: names of a slot that no certificate of the task covers. */
void plan_note_names(struct planning *p, const struct resource *r, const struct slot *slot);

/* Whether the vendors' certificate stores have room for what the plan brings there, as far as is known: by what they told at
 * the last synchronisation, and what came and went since. Rows whose certificate finds none are held ("full"), and of each
 * store a note tells what is brought and what is free.
 */
void plan_rooms(struct planning *p);

/* What is said of the plan as a whole, once the rows are there. */
void plan_note_all(struct planning *p);

/* slots.h - the slots of one resource as the plan sees them, and how well a certificate fits one. Pure functions. */
#pragma once
#include "task/plan.h"

/* What one certificate would serve. A listener's "sni" entries are one of these each; the plan joins those that get
 * the same certificate.
 */
struct slot {
    const char *slot;
    const char **names; /* what has to be covered */
    size_t name_count;
    enum evidence evidence; /* of the names */
    bool own_domains;       /* the names are the resource's own, not the bound certificate's */
    bool all;               /* every name or nothing */
    bool same_key_type;     /* only a certificate of the key type bound there replaces it */
    bool addition;          /* nothing is replaced */
    bool first;             /* switches HTTPS on */
    const struct bound *old;
    size_t old_count;
};

struct slots {
    struct slot *items;
    size_t count, capacity;
    const char *unknown; /* a sentence when a bound certificate's names are not known; else NULL */
};

/* Slots that may be considered; named_by_hand: the user asked for this very resource. */
struct slots slots_of(struct arena *a, const struct product *product, const struct resource *r,
                      bool named_by_hand);

enum fit { FIT_NONE, FIT_PARTIAL, FIT_FULL };

struct fitness {
    enum fit fit;
    bool wrong_key_type; /* the names fit, the key type does not */
    size_t covered, exact;
    const char **lost; /* names the old certificate serves and the new one does not */
    size_t lost_count;
    bool same_key_type;
};

struct fitness slot_fitness(struct arena *a, const struct slot *slot, const struct plan_certificate *cert);

/* Whether the bound entry is this very certificate: by fingerprint, else by serial number and end. */
bool bound_is_certificate(const struct bound *b, const struct certificate_row *row);

/* True for resources that have domains of their own; others are listeners. */
bool resource_has_domains(const struct resource *r);

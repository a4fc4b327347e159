/* index.h - texts to numbers, found by hash: what keeps the plan linear. Texts are borrowed. */
#pragma once
#include "base/arena.h"

struct index_entry {
    const char *text;
    size_t value;
    struct index_entry *next; /* in its bucket: entries of other texts stand between */
};

struct index {
    struct index_entry **buckets;
    size_t count; /* of buckets, a power of two; 0: empty, nothing is found */
};

/* Room for about so many; more only make it slower. */
struct index index_new(struct arena *a, size_t expected);
void index_add(struct arena *a, struct index *x, const char *text, size_t value);

/* The entry added last under this text, then the one before it; NULL at the end. */
const struct index_entry *index_first(const struct index *x, const char *text);
const struct index_entry *index_next(const struct index_entry *entry);

/* An entry whose text covers the name as a certificate's bound domain would, or is the same text; NULL if none. */
const struct index_entry *index_covering(const struct index *x, const char *name);
/* "*.example.com" for www.example.com, written into buf; NULL where no wildcard covers the name. */
const char *index_wildcard(const char *name, char *buf, size_t size);

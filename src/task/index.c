#include "task/index.h"

#include "cert/coverage.h"
#include <stdio.h>
#include <string.h>

struct index index_new(struct arena *a, size_t expected)
{
    struct index x = {.count = 16};
    while (x.count < expected * 2)
        x.count *= 2;
    x.buckets = arena_array(a, struct index_entry *, x.count);
    return x;
}

static size_t bucket_of(const struct index *x, const char *text)
{
    uint64_t hash = 1469598103934665603u;
    for (const char *p = text; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 1099511628211u;
    return (hash ^ hash >> 32) & (x->count - 1);
}

void index_add(struct arena *a, struct index *x, const char *text, size_t value)
{
    struct index_entry **head = &x->buckets[bucket_of(x, text)];
    struct index_entry *entry = arena_make(a, struct index_entry);
    *entry = (struct index_entry){text, value, *head};
    *head = entry;
}

static const struct index_entry *same(const struct index_entry *entry, const char *text)
{
    while (entry && strcmp(entry->text, text) != 0)
        entry = entry->next;
    return entry;
}

const struct index_entry *index_first(const struct index *x, const char *text)
{
    return x->count ? same(x->buckets[bucket_of(x, text)], text) : NULL;
}

const struct index_entry *index_next(const struct index_entry *entry)
{
    return same(entry->next, entry->text);
}

const char *index_wildcard(const char *name, char *buf, size_t size)
{
    const char *parent = strchr(name, '.');
    if (!parent || *name == '*' || (size_t)snprintf(buf, size, "*%s", parent) >= size)
        return NULL;
    return coverage_name(buf, name) ? buf : NULL;
}

const struct index_entry *index_covering(const struct index *x, const char *name)
{
    char buf[300];
    const struct index_entry *exact = index_first(x, name);
    const char *wildcard = exact ? NULL : index_wildcard(name, buf, sizeof buf);
    return wildcard ? index_first(x, wildcard) : exact;
}

#include "task/keys.h"

#include <stdlib.h>
#include <string.h>

static struct key **find(struct keys *keys, const char *name)
{
    uint64_t hash = 1469598103934665603u;
    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 1099511628211u;
    struct key **at = &keys->buckets[hash % KEY_BUCKETS];
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

struct key *key_ref(struct keys *keys, const char *name)
{
    struct key **at = find(keys, name);
    if (!*at) {
        *at = calloc(1, sizeof **at);
        char *copy = strdup(name);
        if (!*at || !copy)
            abort(); /* as the arena does; the journal makes it safe */
        (*at)->name = copy;
    }
    (*at)->users++;
    return *at;
}

struct key *key_unref(struct keys *keys, struct key *key, const void *user)
{
    if (!key)
        return NULL;
    key_release(key, user);
    if (--key->users > 0)
        return NULL;
    struct key **at = find(keys, key->name);
    *at = key->next;
    free(key->name);
    free(key);
    return NULL;
}

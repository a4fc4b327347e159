/* keys.h - what only one deployment may hold at a time: a lock of the vendor's, an upload.
 *
 * Keys are found by name once and kept by pointer, since every choice of the next item asks whether they are free. All
 * functions run under the engine's mutex.
 */
#pragma once
#include "base/base.h"

enum { KEY_BUCKETS = 4096 };

struct key {
    char *name;
    const void *holder; /* NULL: free */
    size_t users;       /* who keeps a pointer */
    struct key *next;   /* in its bucket */
};

struct keys {
    struct key *buckets[KEY_BUCKETS];
};

/* The key of that name, made at first use; key_unref gives it back. */
struct key *key_ref(struct keys *keys, const char *name);
/* Lets go of it, and frees it if the user holds it. Accepts NULL; returns NULL. */
struct key *key_unref(struct keys *keys, struct key *key, const void *user);

static inline bool key_free_for(const struct key *key, const void *user)
{
    return !key || !key->holder || key->holder == user;
}

/* Holds the key; false while another does. */
static inline bool key_take(struct key *key, const void *user)
{
    if (!key_free_for(key, user))
        return false;
    key->holder = user;
    return true;
}

static inline void key_release(struct key *key, const void *user)
{
    if (key && key->holder == user)
        key->holder = NULL;
}

/* selection.h - what a task was asked to do: which certificates, onto what, and what the user accepts.
 *
 * It travels as JSON (the task's `selection` column, the API's request):
 *   {"certificates":["12"],"access":[],"product":[],"region":[],"resource":[],"domain":[],"exclude":[],
 *    "add":[],"replaces":"","accept":[],"contacts":[],"allow_expiring":false,"verify":true}
 * Every member but "certificates" may be absent. Empty lists do not filter.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { SELECTION_LIST_MAX = 10000, SELECTION_TEXT_BYTES = 512 };

struct texts {
    const char **items;
    size_t count;
};

struct selection {
    struct texts certificates; /* ids or unique names */
    struct texts access;       /* ids or unique names */
    struct texts product;      /* "aliyun/cdn", or a cloud: "aliyun" */
    struct texts region;
    struct texts resource; /* our ids, vendor ids or titles */
    struct texts domain;   /* slots that serve such a name; a wildcard takes the names it covers */
    struct texts exclude;  /* resources as above, or names: a slot serving one is left out; or "ID/SLOT" */
    struct texts add;      /* resources as above, besides those that the filters match */
    const char *
        replaces; /* only slots that hold this: our certificate's id or name, a vendor's ref, or a fingerprint; "" any */
    struct texts accept;   /* hold words, see HOLD_WORDS */
    struct texts contacts; /* who hears of it: ids once the task is stored */
    bool allow_expiring;   /* certificates about to expire too */
    bool verify;           /* ask the entry points afterwards */
};

/* The words of architecture: "lose-names", "no-rollback", "shorter", "partial", "expired", and "managed", "full"; NULL-terminated. */
extern const char *const hold_words[];

/* ERR_INPUT names the member that is wrong: unknown members, types, sizes, unknown accept words, no certificate. */
must_use bool selection_from_json(struct arena *a, const char *json, size_t size, struct selection *ret,
                                  struct err *err);
char *selection_to_json(struct arena *a, const struct selection *s);

/* The checks of selection_from_json, for a selection made by hand. */
must_use bool selection_check(const struct selection *s, struct err *err);

bool texts_have(const struct texts *list, const char *text);

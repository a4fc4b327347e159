/* err.h - failure is a `bool` plus a `struct err *` value as last parameter.
 *
 * A function that fails fills err once and returns false; its callers add context, outermost first, and
 * return false too: "deploy x: read y: HTTP 403". An error is returned or logged, never both.
 * err_set, err_add and err_kind_of_name take no ownership. err may be NULL where the caller does not care.
 */
#pragma once
#include "base/base.h"

/* What the caller can do about a failure; never where it happened. */
enum err_kind {
    ERR_NONE,
    ERR_INPUT,      /* the user must change something */
    ERR_CREDENTIAL, /* refused: stop using this access */
    ERR_PERMISSION, /* the key may not: the text names what to grant */
    ERR_THROTTLED,  /* the same call may work later */
    ERR_CONFLICT,   /* someone else changed it, or it is busy: read again, then decide */
    ERR_NOT_FOUND,
    ERR_QUOTA,
    ERR_INVALID_CERTIFICATE,
    ERR_TIMEOUT, /* no answer in time: unknown whether the other side acted */
    ERR_NETWORK, /* unknown whether the other side acted */
    ERR_VENDOR,  /* the cloud said no, or is broken */
    ERR_STORE,
    ERR_INTERNAL, /* our own mistake */
};

enum { ERR_KIND_COUNT = ERR_INTERNAL + 1 };

struct err {
    enum err_kind kind;
    bool transient;         /* the same request may succeed when repeated */
    bool unsent;            /* surely nothing reached the other side */
    int64_t retry_after_ms; /* what the other side asked for; 0: nothing */
    char code[96];          /* the cloud's own code, verbatim */
    char request_id[64];    /* the cloud's */
    char text[512]; /* for people, outermost context first; cut when longer, never past a UTF-8 character */
};

/* Fills err, clearing all of it first, and returns false. `%m` works as in syslog. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) like_printf(3, 4);

/* Puts "fmt: " before err's text, leaves the rest, and returns false. */
bool err_add(struct err *err, const char *fmt, ...) like_printf(2, 3);

/* The kind's word as architecture, API and database spell it: "not_found". Never NULL. */
const char *err_kind_name(enum err_kind kind);

/* The kind of such a word; ERR_INTERNAL for an unknown one, ERR_NONE for "" and NULL. */
enum err_kind err_kind_of_name(const char *name);

#ifdef __clang_analyzer__
/* Without this the analyzer thinks that a failed function may have returned true, its outputs unset. */
#define err_set(...) (err_set(__VA_ARGS__) && false)
#define err_add(...) (err_add(__VA_ARGS__) && false)
#endif

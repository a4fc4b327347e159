/* cert.h - certificates as the simulated vendors read them. A coverage rule of its own, on purpose. */
#pragma once
#include "base/clock.h"
#include "crypto/x509.h"

struct sim_cert {
    struct arena *arena;
    const char *chain_pem; /* leaf first */
    struct secret *key;    /* NULL: none was given */
    struct x509 *chain;
    size_t count;
};

/* Parses a chain and, unless NULL, its key, into an arena of its own. err names what is wrong, never key bytes. */
must_use bool sim_cert_new(const char *chain_pem, const char *key_pem, struct sim_cert **ret,
                           struct err *err);
struct sim_cert *sim_cert_free(struct sim_cert *c);
static inline const struct x509 *sim_leaf(const struct sim_cert *c)
{
    return &c->chain[0];
}

/* RFC 6125 as vendors apply it: DNS names of the leaf (the CN only without any), case-insensitive, a wildcard for
 * exactly one leftmost label. A name that is itself "*.x" needs the same wildcard.
 */
bool sim_cert_covers(const struct sim_cert *c, const char *name);

enum sim_cert_fault {
    CERT_FINE,
    CERT_UNREADABLE,   /* no certificate in the PEM */
    CERT_BAD_KEY,      /* no key in the PEM */
    CERT_MISMATCH,     /* the key is another's */
    CERT_OUT_OF_ORDER, /* the chain's members do not sign each other in order */
    CERT_INCOMPLETE,   /* a leaf that is not self-issued stands alone */
    CERT_EXPIRED,
    CERT_NOT_YET_VALID,
    CERT_UNTRUSTED, /* the chain leads to nothing in --trust */
};
enum { /* what a vendor looks at, or-ed together; PEM, key and match always */
       CHECK_ORDER = 1,
       CHECK_COMPLETE = 2,
       CHECK_TIME = 4,
       CHECK_TRUST = 8, /* only when the simulator was given --trust */
};

struct sim_trust;
must_use bool sim_trust_load(const char *path, struct sim_trust **ret, struct err *err);
struct sim_trust *sim_trust_free(struct sim_trust *t);

/* Parses and checks; *ret is set with CERT_FINE only. trust NULL: CHECK_TRUST is not looked at. */
enum sim_cert_fault sim_cert_check(const char *chain_pem, const char *key_pem, unsigned checks,
                                   const struct sim_trust *trust, int64_t now_ms, struct sim_cert **ret);

/* PEM of the leaf alone, and of what follows it ("" if nothing). */
char *sim_cert_leaf_pem(struct arena *a, const struct sim_cert *c);
char *sim_cert_rest_pem(struct arena *a, const struct sim_cert *c);
char *sim_cert_names(struct arena *a, const struct sim_cert *c, const char *separator);

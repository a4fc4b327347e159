/* probe.h - what an entry point serves over TLS: connect, handshake with SNI, read the chain, close.
 *
 * It verifies nothing and sends no request. Blocking, any thread, bounded by timeout_ms in all.
 */
#pragma once
#include "base/clock.h"
#include "crypto/tls.h"
#include "net/address.h"

#include <stdatomic.h>

struct probe_target {
    const char *host; /* name or address of the entry point */
    unsigned port;
    const char *server_name; /* SNI; NULL: none */
    enum key_type signature; /* offer only algorithms of this type; KEY_OTHER: all */
    const char
        *gateway; /* "http://127.0.0.1:9000": reach host:port by HTTP CONNECT through it; NULL: directly */
    int64_t timeout_ms;            /* 0: 10 s */
    const atomic_bool *stop;       /* once true, the answer is not waited for: ERR_TIMEOUT; NULL: none */
    struct address_rule addresses; /* of host; of a gateway only what is always forbidden is refused */
};

struct probe_result {
    struct x509 *chain; /* leaf first */
    size_t count;
    const char *address; /* the address that answered */
    const char *version; /* "TLSv1.3" */
};

/* Every address of host is tried in turn until one shows a chain; each gets its share of the time that is left. err (of
 * the last one): ERR_NETWORK with "refused", "no address", "unreachable", what the TLS layer says (an alert's name,
 * "closed the connection") or the gateway's status; ERR_TIMEOUT; ERR_INPUT for a bad gateway or an address the rule
 * forbids. Through a gateway, address is the host as given.
 */
must_use bool probe(struct arena *a, const struct clock *clock, const struct probe_target *target,
                    struct probe_result *ret, struct err *err);

/* probe.h - what an entry point serves over TLS: connect, handshake with SNI, read the chain, close.
 *
 * It verifies nothing and sends no request. Blocking, any thread, bounded by timeout_ms in all.
 */
#pragma once
#include "base/clock.h"
#include "crypto/tls.h"
#include "net/gate.h"

struct probe_target {
    const char *host; /* name or address of the entry point */
    unsigned port;
    const char *server_name; /* SNI; NULL: none */
    enum key_type signature; /* offer only algorithms of this type; KEY_OTHER: all */
    const char
        *gateway; /* "http://127.0.0.1:9000": reach host:port by HTTP CONNECT through it; NULL: directly */
    int64_t timeout_ms; /* 0: 10 s */
    struct address_rule addresses;
};

struct probe_result {
    struct x509 *chain; /* leaf first */
    size_t count;
    const char *address; /* the address that answered */
    const char *version; /* "TLSv1.3" */
};

/* Every address of host is tried in turn until one answers. err: ERR_NETWORK with "refused", "no address",
 * "unreachable", "closed during the handshake", a TLS alert's name; or ERR_TIMEOUT.
 */
must_use bool probe(struct arena *a, const struct clock *clock, const struct probe_target *target,
                    struct probe_result *ret, struct err *err);

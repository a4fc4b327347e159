/* resolve.h - addresses of a name, with a deadline that the system's resolver does not know. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include <sys/socket.h>

enum { RESOLVE_ADDRESSES = 16 };

struct resolved {
    struct sockaddr_storage addresses[RESOLVE_ADDRESSES];
    socklen_t sizes[RESOLVE_ADDRESSES];
    size_t count;
};

/* Stream addresses in the system's order, the first RESOLVE_ADDRESSES. A name is asked for on a thread of its own, left
 * behind when timeout_ms has passed. err: ERR_NETWORK "no address", ERR_TIMEOUT.
 */
must_use bool resolve(const char *host, unsigned port, int64_t timeout_ms, struct resolved *ret,
                      struct err *err);

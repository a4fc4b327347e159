/* manager.h - the service manager (systemd) that started us, spoken to by its own protocol: what it hands over, and what it
 * wants to hear. Without one nothing happens.
 */
#pragma once
#include "base/arena.h"
#include "net/http_server.h"

/* The sockets of a .socket unit (LISTEN_FDS), as listeners; none unless they are meant for this process. */
struct http_listen *manager_sockets(struct arena *a, size_t *ret_count);

/* "READY=1", "STOPPING=1", "WATCHDOG=1" ... in one datagram to $NOTIFY_SOCKET. */
void manager_notify(const char *text);

/* How often it wants to hear WATCHDOG=1 lest it kills us: half of its patience; 0: never. */
int64_t manager_watchdog_ms(void);

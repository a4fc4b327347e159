/* surface.h - where the service answers over TCP, beside the Unix socket: the listeners, their TLS, and its renewal. */
#pragma once
#include "cli/settings.h"
#include "net/http_server.h"
#include "store/store.h"

struct surface;

/* Refuses what contradicts itself, and what would be reachable from elsewhere without TLS. Opens nothing. */
must_use bool surface_check(const struct settings *settings, struct err *err);

/* Listens as the settings say, which were checked, or on the sockets that the service manager hands over. Before the loop
 * runs.
 */
must_use bool surface_open(struct loop *loop, struct store *store, const struct settings *settings,
                           http_handler_fn *handler, void *context, struct surface **ret, struct err *err);

/* Presents the certificate that is there now, if it is another one, from the next connection on; what cannot be used is
 * logged, and the one before stays. `always`: also if nothing seems to have changed. Not on the loop thread.
 */
void surface_refresh(struct surface *s, bool always);

/* "https://127.0.0.1:8640", one after another; "" if none. */
const char *surface_text(const struct surface *s);

struct surface *surface_close(struct surface *s); /* after the loop ended; accepts NULL */

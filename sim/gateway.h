/* gateway.h - the one port through which everything comes, and the threads behind it.
 *
 * A connection begins with an HTTP request: CONNECT to an API host leads into TLS with a certificate of the simulator's CA
 * and HTTP inside; CONNECT to an entry point leads to that resource's edge; anything else is a call, dispatched on the
 * host of its absolute target or of its Host header. One accepting thread, one thread per connection, 1,024 at most:
 * the rest wait to be accepted.
 */
#pragma once
#include "sim/edge.h"

struct sim_gateway;

/* listen: "127.0.0.1:0". The CA is the state's, made when absent. */
must_use bool sim_gateway_open(struct sim *sim, struct sim_edges *edges, const char *listen,
                               struct sim_gateway **ret, struct err *err);
const char *sim_gateway_url(const struct sim_gateway *g); /* "http://127.0.0.1:40123" */
const char *sim_gateway_ca_pem(const struct sim_gateway *g);

/* Accepts until the process ends. */
must_use bool sim_gateway_start(struct sim_gateway *g, struct err *err);

/* Waits until the last connection has ended; new ones are still taken. */
void sim_gateway_drain(struct sim_gateway *g);
